"""Choosing customers by a rule over plain facts: only by what whoever asks is shown of each as it is."""

from __future__ import annotations

from ..access import Action, to_lowered
from ..context import Actor, Purpose, Sink
from ..errors import InputError
from ..rules import TRUE, Expression, comes_from, needs, parse
from .desk import Desk, refuse

__all__ = ["chosen", "fields_of", "where_term"]

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


def fields_of(where: str) -> set[str]:
    """The fields of the catalogue that a rule reads."""
    return {comes_from(name) for name in needs(parse(where)).fields} if where else set()


def where_term(desk: Desk, where: str) -> dict[str, str]:
    """What the log keeps of a rule: whether two were the same, and not what they say."""
    return {"where": desk.digester.digest("where", where.encode()).hex()} if where else {}
