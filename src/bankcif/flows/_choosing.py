"""Choosing customers by a rule over plain facts: only by what whoever asks is shown of each as it is."""

from __future__ import annotations

from collections.abc import Sequence

from ..access import Action, row_known, to_lowered
from ..context import Actor, Purpose, Sink
from ..errors import InputError
from ..rules import TRUE, Expression, Lowered, comes_from, compiled, needs, parse
from ..storage import UnitOfWork
from ..storage.rows import PartyRow
from ._relations import record_of
from .desk import Desk, refuse

__all__ = ["among", "chosen", "fields_of", "where_term"]

_FREE = frozenset({"kind"})
"""What a view tells in any case."""


def chosen(
    desk: Desk, actor: Actor, action: Action, purpose: Purpose, where: str, what: str, sink: Sink = Sink.DISPLAY
) -> Expression:
    """The rule of what is asked for: one over what is masked would tell what the mask hides."""
    if not where:
        return TRUE
    tree = parse(where)
    to_lowered(tree, joined=True)
    if "cif_no" in needs(tree).fields:  # else numbers are guessed by their beginnings, and nobody is named in the log
        raise InputError("a rule does not ask for numbers; look at a customer by theirs", rule="where")
    for name in sorted(fields_of(where) - _FREE):
        if not desk.policy.shown_in_clear(actor, action, purpose, name, sink):
            raise refuse(desk, actor, what, purpose, fields=(name,), rule="where")
    return tree


def among(desk: Desk, unit: UnitOfWork, rows: Sequence[PartyRow], rule: Lowered, actor: Actor) -> list[PartyRow]:
    """Those of the rows that were found for whom the rule holds, by the plain facts that stand beside them."""
    if rule.tree == TRUE:
        return list(rows)
    holds, known = compiled(rule), row_known(rule, actor, desk.today())
    facts = unit.copies.facts([row.cif_no for row in rows])
    return [row for row in rows if holds(record_of(row, facts.get(row.cif_no)), known)]


def fields_of(where: str) -> set[str]:
    """The fields of the catalogue that a rule reads."""
    return {comes_from(name) for name in needs(parse(where)).fields} if where else set()


def where_term(desk: Desk, where: str) -> dict[str, str]:
    """What the log keeps of a rule: whether two were the same, and not what they say."""
    return {"where": desk.digester.digest("where", where.encode()).hex()} if where else {}
