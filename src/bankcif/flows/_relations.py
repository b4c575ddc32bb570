"""How somebody stands to a customer, and whether there is one to stand to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ..access import Action, FieldDecision, row_parameters
from ..approval import Approval, ApprovalState, Operation
from ..context import Actor, Purpose, Relation, Sink
from ..party import FACT_COLUMNS, CifNo, ConsentUse, LifeCycle, PartyKind
from ..rules import Expression, In
from ..storage import UnitOfWork
from ..storage.rows import FactRow, PartyRow
from ._consented import allowed_fields, consented, rests_on_consent, spoken_of
from ._opened import born_of, open_golden
from ._proposals import is_kept
from .desk import Desk

__all__ = [
    "by_ticket",
    "current",
    "found_by",
    "granted_by_policy",
    "granted_to",
    "is_closed",
    "is_seen",
    "open_life_cycles",
    "record_of",
    "relations_to",
    "resolved",
    "standing_of",
    "unrestricted",
    "year_of_birth",
]

_NO_FACTS: Mapping[str, None] = dict.fromkeys(FACT_COLUMNS)


def relations_to(
    desk: Desk, unit: UnitOfWork, actor: Actor, row: PartyRow, broken: Collection[str] | None = None
) -> frozenset[Relation]:
    """How *actor* stands to a customer, in every way; *broken* is what `standing_of` says, for who asks of many."""
    found = {Relation.ANY}
    if row.manager is not None and row.manager == actor.id:
        found.add(Relation.PORTFOLIO)
    if row.branch is not None and row.branch == actor.branch:
        found.add(Relation.BRANCH)
    if _ticket_for(desk, actor, row):
        found.add(Relation.TICKET)
    if row.cif_no in broken if broken is not None else _is_broken(desk, unit, actor, row):
        found.add(Relation.BREAK_GLASS)
    return frozenset(found)


def granted_to(
    desk: Desk,
    unit: UnitOfWork,
    actor: Actor,
    action: Action,
    purpose: Purpose,
    row: PartyRow,
    *,
    sink: Sink = Sink.DISPLAY,
    facts: FactRow | None = None,
    broken: Collection[str] | None = None,
) -> Mapping[str, FieldDecision]:
    """
    What of a party *actor* may see, by field; none of a party of whom nothing may be seen. For a purpose that rests on consent, what they consented to.

    Args:
        facts: The party's facts where they are known; they are read if a row rule asks for them.
        broken: Before whom they broke the glass, as `standing_of` says, where that is known.
    """
    decided = granted_by_policy(desk, unit, actor, action, purpose, row, sink=sink, facts=facts, broken=broken)
    if not decided or not rests_on_consent(desk, action, purpose):
        return decided
    said = spoken_of(desk, unit, [row])[row.cif_no]
    return consented(decided, said, ConsentUse(purpose=purpose.value), desk.today(), looks=action is Action.VIEW)


def found_by(
    desk: Desk, unit: UnitOfWork, row: PartyRow, purpose: Purpose, fields: Collection[str], action: Action = Action.FIND
) -> bool:
    """Whether a customer may be found by these fields for a purpose: where it rests on consent, by those that they let be used for it."""
    if not rests_on_consent(desk, action, purpose):
        return True
    said = spoken_of(desk, unit, [row])[row.cif_no]
    return set(fields) <= allowed_fields(said, ConsentUse(purpose=purpose.value), desk.today(), fields)


def granted_by_policy(
    desk: Desk, unit: UnitOfWork, actor: Actor, action: Action, purpose: Purpose, row: PartyRow, *, sink: Sink = Sink.DISPLAY,
    facts: FactRow | None = None, broken: Collection[str] | None = None,
) -> Mapping[str, FieldDecision]:  # fmt: skip
    """As `granted_to`, whatever they consented to."""
    relations = relations_to(desk, unit, actor, row, broken)
    if not desk.policy.has_row_rules:
        return desk.policy.granted(actor, action, purpose, relations, sink)
    found = facts or unit.copies.facts([row.cif_no]).get(row.cif_no)
    known = row_parameters(actor, desk.today())
    return desk.policy.granted(actor, action, purpose, relations, sink, record_of(row, found), known)


def year_of_birth(desk: Desk, unit: UnitOfWork, row: PartyRow, actor: Actor, purpose: Purpose) -> str:
    """
    The year in which a party was born or founded, of four digits; empty where it is not known, or not for *actor* to see. What is refused by it tells who
    may see the day nothing new, and the year alone, so that nobody finds the day by trying.
    """
    granted = granted_to(desk, unit, actor, Action.VIEW, purpose, row)
    person = PartyKind(row.kind) is PartyKind.INDIVIDUAL
    if ("birth_date" if person else "founded_on") not in granted:
        return ""
    values = open_golden(desk, unit, row)
    return str((born_of(PartyKind(row.kind), values) if person else values.get("founded_on")) or "")[:4]


def is_seen(desk: Desk, unit: UnitOfWork, actor: Actor, row: PartyRow) -> bool:
    """
    Whether *actor* may look at or find this party for some purpose, whatever they consented to: others do not learn that there is one.
    """
    relations = relations_to(desk, unit, actor, row)
    record, known = None, None
    if desk.policy.has_row_rules:
        record, known = (
            record_of(row, unit.copies.facts([row.cif_no]).get(row.cif_no)),
            row_parameters(actor, desk.today()),
        )
    return any(
        desk.policy.granted(actor, action, purpose, relations, Sink.DISPLAY, record, known)
        for action in (Action.VIEW, Action.FIND)
        for purpose in Purpose
        if not (is_closed(row, purpose) or rests_on_consent(desk, action, purpose))
    )


def record_of(row: PartyRow, facts: FactRow | None) -> dict[str, Any]:
    """A party as row rules see it; None where nothing is known."""
    known = _NO_FACTS if facts is None else {**_NO_FACTS, **facts.values}
    return {
        **known, "cif_no": row.cif_no, "life_cycle": row.life_cycle, "review_state": row.review_state, "branch": row.branch,
        "manager": row.manager,
    }  # fmt: skip


def open_life_cycles(purpose: Purpose) -> Expression:
    """The customers of whom something may be seen for *purpose*: neither merged nor erased, nor restricted but for the law."""
    gone = [LifeCycle.MERGED.value, LifeCycle.ERASED.value]
    if purpose not in (Purpose.COMPLIANCE, Purpose.AUDIT):
        gone.append(LifeCycle.RESTRICTED.value)
    return In("life_cycle", tuple(gone), negated=True)


def standing_of(desk: Desk, unit: UnitOfWork, actor: Actor, action: Action) -> tuple[Collection[str], Collection[str]]:
    """The customers of *actor*'s tickets that hold, and those before whom they broke the glass, where that lets them do *action*."""
    now = desk.clock.now()
    broken: set[str] = set()
    if Relation.BREAK_GLASS in desk.policy.relations_for(actor, [action]):
        broken = {
            one.subjects[0]
            for one in unit.work.approvals(maker=(actor.id, Operation.BREAK_GLASS.value))
            if _lasts(one, actor, desk.now()) and is_kept(desk, one)
        }
    return {one.cif_no for one in actor.tickets if now < one.expires_at}, broken


def _ticket_for(desk: Desk, actor: Actor, row: PartyRow) -> str:
    """Id of a ticket of *actor* that names this customer and holds still; empty if there is none."""
    if not actor.tickets:
        return ""
    now = desk.clock.now()
    return next((one.id for one in actor.tickets if one.cif_no == row.cif_no and now < one.expires_at), "")


def by_ticket(desk: Desk, actor: Actor, row: PartyRow) -> set[str]:
    """What the log adds to the rules that decided, where the actor holds a ticket on the customer."""
    ticket = _ticket_for(desk, actor, row)
    return {f"ticket:{ticket}"} if ticket else set()


def is_closed(row: PartyRow, purpose: Purpose) -> bool:
    """Whether nothing of the party may be seen for *purpose*: it is erased, or restricted and the law does not ask."""
    if row.life_cycle == LifeCycle.RESTRICTED:
        return purpose not in (Purpose.COMPLIANCE, Purpose.AUDIT)
    return row.life_cycle == LifeCycle.ERASED


def current(unit: UnitOfWork, cif_no: CifNo, purpose: Purpose | None = None) -> PartyRow | None:
    """The party that *cif_no* stands for today; None too where it is closed to *purpose*, if one is given."""
    row = unit.parties.get([cif_no]).get(cif_no)
    while row is not None and row.merged_into is not None:
        row = unit.parties.get([row.merged_into]).get(row.merged_into)
    return None if row is None or (purpose is not None and is_closed(row, purpose)) else row


def resolved(unit: UnitOfWork, cif_nos: Iterable[CifNo]) -> dict[CifNo, PartyRow]:
    """The party that each number stands for today; none of one that is erased, or that there never was."""
    asked = set(cif_nos)
    known = dict(unit.parties.get(asked)) if asked else {}
    while missing := {row.merged_into for row in known.values() if row.merged_into is not None} - known.keys():
        known |= unit.parties.get(missing)
    found = {}
    for one in asked & known.keys():
        row = known[one]
        while row.merged_into is not None:
            row = known[row.merged_into]
        if row.life_cycle != LifeCycle.ERASED:
            found[one] = row
    return found


def unrestricted(parties: Mapping[CifNo, PartyRow]) -> dict[CifNo, PartyRow]:
    """Those of *parties* who may be used beside others: of who is restricted nothing is, not even that somebody is related to them."""
    return {number: row for number, row in parties.items() if row.life_cycle != LifeCycle.RESTRICTED}


def _is_broken(desk: Desk, unit: UnitOfWork, actor: Actor, row: PartyRow) -> bool:
    """Whether *actor* broke the glass before this customer, it lasts, and nobody said that it was not justified."""
    if Relation.BREAK_GLASS not in desk.policy.relations_for(actor, Action):
        return False
    now = desk.now()
    return any(_lasts(one, actor, now) and is_kept(desk, one) for one in unit.work.approvals(cif_no=row.cif_no))


def _lasts(one: Approval, actor: Actor, now: int) -> bool:
    """Whether *one* is a glass that *actor* broke, which is open still."""
    return (
        one.operation is Operation.BREAK_GLASS
        and one.maker == actor.id
        and one.state in (ApprovalState.PROPOSED, ApprovalState.EXECUTED)
        and one.bound() == one.digest
        and now < int(one.detail["until"])
    )
