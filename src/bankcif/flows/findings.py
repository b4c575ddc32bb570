"""
Findings of data quality: listed to who is to put them right, given to somebody, accepted for a time, told to be none, tested again, and told by staff.

A finding ends when its test passes, and not because somebody says so. What persons may say is that it is accepted as it is until a day, or that
it is none; the latter lapses once the value is another.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date

import attrs

from ..access import Action, FieldDecision, row_known, to_lowered
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..errors import FourEyesError, InputError
from ..party import CATALOGUE, CifNo, PartyKind
from ..quality import COUNTED, LIVE, REPORTED, Finding, Severity, State, need_acceptance, quality_schema, reported_of
from ..rules import And, compiled, needs
from ..storage import Order, UnitOfWork
from ..storage.quality_rows import FindingRow
from ..storage.rows import FactRow, PartyRow
from ._counted import counted_over_file
from ._decided import Asked, with_party
from ._findings import FindingView, about_of, field_of, is_known, keep_said, kind_of, live_of, on, speak, view_of
from ._quality import assess, examined, ground_of_finding, sheet_of
from ._reasons import need_reason, reasons_of
from ._relations import granted_to, open_life_cycles, record_of, standing_of
from .desk import Desk, authorize, over_cap, record, spend

__all__ = ["FindingView", "accept", "assign", "close", "dismiss", "findings", "findings_of", "report"]

_AT_ONCE = 200
_MOST = 500
_OPERATOR_MOST = 64
_ORDER = {Severity.HIGH: 0, Severity.MEDIUM: 1, Severity.LOW: 2}


def findings(
    desk: Desk, *, rule: str = "", kind: Finding | None = None, assignee: str = "", states: Collection[State] = (State.OPEN,),
    limit: int = 100, actor: Actor, purpose: Purpose,
) -> tuple[FindingView, ...]:  # fmt: skip
    """
    What is to be put right of the customers on whom *actor* may work: the graver first, and of these the first due.

    Args:
        rule, kind, assignee, states: Only such.
        limit: How many at most, 1 to 500.

    Raises:
        InputError: A limit out of its range.
        NotFoundOrNotAllowedError: The policy does not let *actor* work on findings.
        AccessError: *actor* has seen as many customers in this hour as the policy allows.

    Cost: looks at the findings of every customer on whom *actor* may work.
    """
    authorize(desk, actor, Action.FINDINGS, "findings", purpose)
    if not 1 <= limit <= _MOST:
        raise InputError(f"a list has 1 to {_MOST} findings", path="$.limit", rule="limit")

    def is_asked(row: FindingRow) -> bool:
        return (
            State(row.state) in states and rule in ("", row.rule) and assignee in ("", row.assignee)
            and (kind is None or kind_of(desk, row) is kind)
        )  # fmt: skip

    found: list[FindingView] = []
    rules: set[str] = set()
    with desk.unit_of_work() as unit:
        for rows, granted in _mine(desk, unit, actor, purpose, is_asked):
            found += [view_of(desk, row, "") for row in rows]
            rules |= {one.decision.rule for one in granted.values()}
        found = sorted(found, key=lambda one: (_ORDER[one.severity], one.due, one.cif_no, one.rule))[:limit]
        subjects = tuple(dict.fromkeys(one.cif_no for one in found))
        within = spend(desk, unit, actor, Action.VIEW, len(subjects))
        if within:
            entry = AuditEntry.by(
                actor,
                "findings",
                desk.now(),
                purpose=purpose,
                subjects=subjects,
                count=len(subjects),
                rule=",".join(sorted(rules)),
            )
            record(desk, unit, [entry])
            unit.commit()
    if not within:
        raise over_cap(desk, actor, Action.VIEW, "findings", purpose)
    return tuple(found)


def findings_of(desk: Desk, unit: UnitOfWork, row: PartyRow, shown: Collection[str]) -> tuple[FindingView, ...]:
    """The findings of a customer that have not ended, of the fields in *shown*, with why somebody said what they did."""
    rows = [
        one for one in unit.findings.of([row.cif_no])
        if State(one.state) in LIVE and field_of(desk, one.rule) in shown and is_known(desk, one.rule)
    ]  # fmt: skip
    words = reasons_of(desk, unit, [about_of(one) for one in rows if one.actor])
    return tuple(view_of(desk, one, words.get(about_of(one), "")) for one in rows)


def assign(desk: Desk, cif_no: CifNo, rule: str, to: str, *, actor: Actor, purpose: Purpose) -> None:
    """
    Gives a finding to an operator, or to nobody if *to* is empty.

    Raises:
        InputError: No such finding is open.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* work on it.
    """
    if len(to) > _OPERATOR_MOST or (to and not to.replace(".", "").replace("_", "").replace("-", "").isalnum()):
        raise InputError("a finding is given to an operator by id, or to nobody", path="$.to", rule="operator")
    speak(
        desk,
        cif_no,
        rule,
        "assign_finding",
        lambda row: attrs.evolve(row, assignee=to or None),
        reason="",
        actor=actor,
        purpose=purpose,
    )


def accept(desk: Desk, cif_no: CifNo, rule: str, until: date, *, reason: str, actor: Actor, purpose: Purpose) -> None:
    """
    Accepts a finding as it is, to a day at most a year ahead; behind it, it is open again.

    Raises:
        InputError: No such finding is open, or the day is out of its range.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* work on it.
    """
    need_acceptance(until, desk.today())

    def said(row: FindingRow) -> FindingRow:
        return attrs.evolve(row, state=State.ACCEPTED.value, until=until.toordinal(), actor=actor.id)

    speak(desk, cif_no, rule, "accept_finding", said, reason=reason, actor=actor, purpose=purpose)


def dismiss(desk: Desk, cif_no: CifNo, rule: str, *, reason: str, actor: Actor, purpose: Purpose) -> None:
    """
    Says that a finding is none: the value is right, whatever the rule says. Once the value is another, it is asked anew.

    Raises:
        InputError: No such finding is open.
        FourEyesError: *actor* is who reported it, or brought the value.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* work on it.
    """

    def said(row: FindingRow) -> FindingRow:
        if not {actor.id, actor.person}.isdisjoint((row.staff, row.actor if row.rule.startswith(REPORTED) else None)):
            raise FourEyesError("another person says whether what you brought or reported is right", rule="four_eyes")
        return attrs.evolve(row, state=State.FALSE_POSITIVE.value, until=None, actor=actor.id)

    speak(desk, cif_no, rule, "dismiss_finding", said, reason=reason, actor=actor, purpose=purpose)


def close(desk: Desk, cif_no: CifNo, rule: str, *, actor: Actor, purpose: Purpose) -> None:
    """
    Ends a finding that was put right: the customer is tested again, by this rule and all others.

    Raises:
        InputError: No such finding is there, or its test still does not pass.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* work on it.

    Cost: of what is counted over the whole file, that is counted anew.
    """
    over_file = rule in desk.quality.rules and _is_counted(desk, rule)
    if over_file:  # else whoever may not, and of whom nothing is open, would have the whole file counted
        on(desk, cif_no, rule, "close_finding", lambda unit, row: live_of(unit, row, rule) is not None, actor, purpose)
    counted = counted_over_file(desk) if over_file else None

    def work(unit: UnitOfWork, row: PartyRow) -> bool:
        locked = unit.parties.lock([row.cif_no])[row.cif_no]
        live_of(unit, locked, rule)
        before = unit.sheets.get([row.cif_no]).get(row.cif_no)
        # Else what was counted of them when the rules were asked last, by whatever book; of whom they were never asked, the next run counts.
        kept = {} if before is None else sheet_of(before).counted
        known = kept if counted is None else counted.get(row.cif_no, {})
        assess(desk, unit, [locked], {row.cif_no: known}, desk.now())
        if any(one.rule == rule and State(one.state) in LIVE for one in unit.findings.of([row.cif_no])):
            raise InputError(
                "it is not right yet: the test does not pass", path="$.rule", rule="finding", cif_no=row.cif_no
            )
        entry = AuditEntry.by(
            actor, "close_finding", desk.now(), purpose=purpose, subjects=(row.cif_no,), count=1, fields=(field_of(desk, rule),),
            rule=rule,
        )  # fmt: skip
        record(desk, unit, [entry])
        return True

    on(desk, cif_no, rule, "close_finding", work, actor, purpose)


def report(desk: Desk, cif_no: CifNo, field: str, *, reason: str, actor: Actor, purpose: Purpose) -> str:
    """
    Tells that a value is wrong; whoever may see the field may say so. It is a finding until the value is another, or somebody confirms it.

    Returns:
        The finding's rule.

    Raises:
        InputError: There is no such field, or it was reported already.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not show *actor* this field of them.
    """
    need_reason(reason)
    rule = reported_of(field)

    def work(unit: UnitOfWork, row: PartyRow) -> str:
        row = unit.parties.lock([row.cif_no])[row.cif_no]
        known = [one for one in unit.findings.of([row.cif_no]) if one.rule == rule]
        if any(State(one.state) in LIVE for one in known):
            raise InputError("this was reported already", path="$.field", rule="finding", cif_no=row.cif_no)
        one = examined(desk, unit, [row], {})[row.cif_no]
        channel, staff = one.told_by.get(field, one.founded_by)
        fresh = FindingRow(
            cif_no=row.cif_no, rule=rule, number=len(known), state=State.OPEN.value, opened_at=desk.now(),
            ground=ground_of_finding(desk, one, rule), branch=row.branch, manager=row.manager, channel=channel or None,
            staff=staff or None, actor=actor.id, said=1,
        )  # fmt: skip
        unit.findings.add([fresh])
        keep_said(desk, unit, fresh, "report_finding", reason, actor, purpose)
        return rule

    if field not in CATALOGUE[PartyKind.INDIVIDUAL] and field not in CATALOGUE[PartyKind.ORGANIZATION]:
        raise InputError("there is no such field", path="$.field", rule="finding")
    asked = Asked(Action.VIEW, "report_finding", (field,), actor, purpose)
    return with_party(desk, cif_no, asked, lambda granted: field in granted, work)


def _mine(
    desk: Desk, unit: UnitOfWork, actor: Actor, purpose: Purpose, is_asked: Callable[[FindingRow], bool]
) -> Iterator[tuple[list[FindingRow], Mapping[str, FieldDecision]]]:
    """The findings of the customers on whom *actor* may work, customer by customer."""
    ticketed, broken = standing_of(desk, unit, actor, Action.FINDINGS)
    mine = desk.policy.visible(actor, Action.FINDINGS, purpose, ticketed=ticketed, broken=broken)
    rule = to_lowered(And((mine, open_life_cycles(purpose))))
    parameters, last = row_known(rule, actor, desk.today()), None
    holds = compiled(rule)
    while page := unit.search.page(rule, parameters, Order(), last, _AT_ONCE, rule.reads):
        last = (page[-1][0].cif_no, page[-1][0].cif_no)
        parties: dict[CifNo, tuple[PartyRow, FactRow | None]] = {
            row.cif_no: (row, facts) for row, facts in page if holds(record_of(row, facts), parameters)
        }
        found: dict[CifNo, list[FindingRow]] = {}
        for one in unit.findings.of(list(parties)) if parties else ():
            if is_asked(one) and is_known(desk, one.rule):
                found.setdefault(one.cif_no, []).append(one)
        for cif_no, rows in found.items():
            row, facts = parties[cif_no]
            granted = granted_to(desk, unit, actor, Action.FINDINGS, purpose, row, facts=facts, broken=broken)
            shown = [one for one in rows if field_of(desk, one.rule) in granted]
            if shown:
                yield shown, granted


def _is_counted(desk: Desk, rule: str) -> bool:
    """Whether a rule reads what is counted over the whole file."""
    one = desk.quality.rules[rule]
    parts = [part for part in (one.applies, one.checkable, one.passes) if part is not None]
    return any(not needs(part, quality_schema()).fields.isdisjoint(COUNTED) for part in parts)
