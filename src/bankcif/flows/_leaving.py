"""Of whom an export is, and what of each may go: by the policy, by what they consented to, by whom a campaign addresses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from ..access import Action, FieldDecision, row_known, to_lowered
from ..context import Actor, Sink
from ..party import CifNo, ConsentUse
from ..rules import And, Expression, In, compiled, parse
from ..storage import Order, UnitOfWork
from ..storage.rows import FactRow, PartyRow
from ..tagging import ADDRESSED, NOT_THERE, UNCONSENTED
from ._choosing import fields_of
from ._consented import allowed_fields, consented, rests_on_consent, spoken_of
from ._export import HOME, ExportSpec
from ._relations import granted_by_policy, open_life_cycles, record_of, standing_of
from .audiences import drawn_by, held_for, need_names, who_are_there
from .desk import Desk
from .say import tag_is_granted

__all__ = ["decided", "population"]

_PAGE = 500


def population(
    desk: Desk, unit: UnitOfWork, spec: ExportSpec, actor: Actor
) -> Iterator[Sequence[tuple[PartyRow, FactRow]]]:
    """The customers, a page at a time: those of the rule, asked again of each."""
    ticketed, broken = standing_of(desk, unit, actor, Action.EXPORT)
    parts: list[Expression] = [
        desk.policy.visible(actor, Action.EXPORT, spec.purpose, sink=Sink.EXPORT, ticketed=ticketed, broken=broken),
        open_life_cycles(spec.purpose),
    ]
    if spec.where:
        parts.append(parse(spec.where))
    named = None if spec.cif_nos is None else sorted(set(spec.cif_nos))
    batches = [None] if named is None else [named[at : at + _PAGE] for at in range(0, len(named), _PAGE)]
    for batch in batches:
        mine = parts if batch is None else [*parts, *_named(batch)]
        rule = to_lowered(And(tuple(mine)))
        known = row_known(rule, actor, desk.today())
        holds, last = compiled(rule), None
        while rows := unit.search.page(rule, known, Order(), last, _PAGE):
            yield [(row, facts) for row, facts in rows if holds(record_of(row, facts), known)]
            last = (rows[-1][0].cif_no, rows[-1][0].cif_no)


def _named(cif_nos: Sequence[str]) -> list[Expression]:
    return [In("cif_no", tuple(cif_nos))]


def decided(
    desk: Desk, unit: UnitOfWork, spec: ExportSpec, page: Sequence[tuple[PartyRow, FactRow]], actor: Actor,
    ended: Counter[str] | None = None,
) -> dict[CifNo, Mapping[str, FieldDecision]]:  # fmt: skip
    """What may go of each customer of *page* of whom something may; of an audience, of whom is addressed. *ended* counts where each ended."""
    _, broken = standing_of(desk, unit, actor, Action.EXPORT)
    found = {
        row.cif_no: granted_by_policy(
            desk, unit, actor, Action.EXPORT, spec.purpose, row, sink=Sink.EXPORT, facts=facts, broken=broken
        )
        for row, facts in page
    }
    # Of whom nothing of it may go whatever they consented to, nobody learns whether they did.
    mine = {cif_no: said for cif_no, said in found.items() if not said.keys().isdisjoint(spec.fields)}
    allowed = _consented(desk, unit, spec, [row for row, _ in page if row.cif_no in mine], mine)
    plan = spec.audience
    if plan is None:
        return allowed
    catalogue = need_names(desk, plan.names)
    # Of whom a tag may not be told it is not told by who is in the list.
    seen = {no for no, said in mine.items() if all(tag_is_granted(catalogue, said, name) for name in plan.names)}
    agreed = {no for no, said in allowed.items() if all(tag_is_granted(catalogue, said, name) for name in plan.names)}
    chosen = [row for row, _ in page if row.cif_no in seen]
    held = held_for(desk, unit, chosen, {row.cif_no: facts for row, facts in page}, plan)
    draw = partial(drawn_by, desk)
    there = who_are_there(chosen)
    steps = {
        cif_no: plan.step(has, cif_no, draw, there=cif_no in there, agreed=cif_no in agreed)
        for cif_no, has in held.items()
    }
    if ended is not None:
        ended.update(steps.values())
        ended[NOT_THERE] += 0  # a step, though nobody ends there
        if rests_on_consent(desk, Action.EXPORT, spec.purpose):
            ended[UNCONSENTED] += 0
    return {cif_no: allowed[cif_no] for cif_no, step in steps.items() if step == ADDRESSED}


def _consented(
    desk: Desk, unit: UnitOfWork, spec: ExportSpec, rows: Sequence[PartyRow], granted: Mapping[CifNo, Mapping[str, FieldDecision]]
) -> dict[CifNo, Mapping[str, FieldDecision]]:  # fmt: skip
    """
    What of *granted* may go where the purpose rests on consent: to a recipient outside, what was consented to by their name. Who did not
    consent to what the rule of the export reads is left out whole.
    """
    if not rests_on_consent(desk, Action.EXPORT, spec.purpose):
        return dict(granted)
    to = spec.recipient
    abroad = None if to.country == HOME else to.country
    channel = None if spec.audience is None else spec.audience.channel or None
    use = ConsentUse(
        purpose=spec.purpose.value,
        channel=channel,
        recipient=None if to.inside else to.name,
        country=None if to.inside else abroad,
    )
    spoken, today = spoken_of(desk, unit, rows), desk.today()
    by = fields_of(spec.where)
    found = {
        row.cif_no: consented(granted[row.cif_no], spoken[row.cif_no], use, today)
        for row in rows
        if by <= allowed_fields(spoken[row.cif_no], use, today, by)
    }
    return {cif_no: said for cif_no, said in found.items() if not said.keys().isdisjoint(spec.fields)}
