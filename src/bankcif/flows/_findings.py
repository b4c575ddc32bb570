"""What every step of a finding has in common: who may take it, what is kept of it, and how it is shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import attrs

from .._clock import from_micros, local_date
from ..access import Action
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..errors import InputError
from ..party import CATALOGUE, CifNo, PartyKind
from ..quality import LIVE, REPORTED, Dimension, Finding, Severity, State
from ..storage import UnitOfWork
from ..storage.quality_rows import FindingRow
from ..storage.rows import PartyRow
from ._decided import Asked, with_party
from ._reasons import keep_reason, need_reason
from .desk import Desk, record

__all__ = [
    "FindingView",
    "about_of",
    "field_of",
    "is_known",
    "keep_said",
    "kind_of",
    "live_of",
    "on",
    "speak",
    "view_of",
]

REPORTED_DAYS = 30
"""Within how many days what staff report is to be put right."""


@attrs.frozen(kw_only=True)
class FindingView:
    """
    A finding.

    Attributes:
        cif_no, rule, number: By which it is known.
        kind, dimension, severity: What is wrong; None of the dimension where staff told.
        zh, en: What would be right.
        hint_zh, hint_en: What to do.
        field: What is to be put right.
        state: Where it stands.
        since, due: When it was found, and until when it is to be put right.
        until: The last day for which it is accepted.
        assignee: Who works on it; empty if nobody does.
        branch, manager: Who answered for the customer when it was found; empty if nobody did.
        channel, staff: By what channel and by whom the value came.
        by, reason: Who said something of it last, and why.
        appeal: ``asked``, ``granted`` or ``refused``, where somebody asked that it is not to count in scorecards.
    """

    cif_no: CifNo
    rule: str
    number: int
    kind: Finding
    dimension: Dimension | None
    severity: Severity
    zh: str
    en: str
    hint_zh: str
    hint_en: str
    field: str
    state: State
    since: date
    due: date
    until: date | None
    assignee: str
    branch: str
    manager: str
    channel: str
    staff: str
    by: str
    reason: str = attrs.field(repr=False)
    appeal: str


def on(
    desk: Desk, cif_no: CifNo, rule: str, what: str, work: Callable[[UnitOfWork, PartyRow], bool], actor: Actor, purpose: Purpose
) -> None:  # fmt: skip
    """Does *work* on a customer whose findings of this field *actor* may work on."""
    if not is_known(desk, rule):
        raise InputError("there is no such rule", path="$.rule", rule="finding")
    field = field_of(desk, rule)
    asked = Asked(Action.FINDINGS, what, (field,), actor, purpose)
    with_party(desk, cif_no, asked, lambda granted: field in granted, work)


def speak(
    desk: Desk, cif_no: CifNo, rule: str, what: str, said: Callable[[FindingRow], FindingRow], *, ended: bool = False, reason: str, actor: Actor,
    purpose: Purpose,
) -> None:  # fmt: skip
    """Keeps what *said* makes of a finding, with the words of who says it; of the last one that there was if *ended*, though it has come to its end."""
    if what != "assign_finding":
        need_reason(reason)

    def work(unit: UnitOfWork, row: PartyRow) -> bool:
        locked = unit.parties.lock([row.cif_no])[row.cif_no]
        before = last_of(unit, locked, rule) if ended else live_of(unit, locked, rule)
        after = attrs.evolve(said(before), version=before.version + 1)
        if reason:
            after = attrs.evolve(after, actor=_spoken_by(after, actor), said=after.version)
        unit.findings.change(after)
        keep_said(desk, unit, after, what, reason, actor, purpose)
        return True

    on(desk, cif_no, rule, what, work, actor, purpose)


def _spoken_by(row: FindingRow, actor: Actor) -> str:
    """Who stands beside a finding: who spoke last, but of what staff reported who reported it, while nobody decided."""
    return row.actor if row.rule.startswith(REPORTED) and row.state == State.OPEN else actor.id


def keep_said(
    desk: Desk, unit: UnitOfWork, row: FindingRow, what: str, reason: str, actor: Actor, purpose: Purpose
) -> None:
    if reason:
        keep_reason(desk, unit, about_of(row), reason, row.cif_no)
    entry = AuditEntry.by(
        actor,
        what,
        desk.now(),
        purpose=purpose,
        subjects=(row.cif_no,),
        count=1,
        fields=(field_of(desk, row.rule),),
        rule=row.rule,
    )
    record(desk, unit, [entry])


def live_of(unit: UnitOfWork, row: PartyRow, rule: str) -> FindingRow:
    found = [one for one in unit.findings.of([row.cif_no]) if one.rule == rule and State(one.state) in LIVE]
    if not found:
        raise InputError("no such finding is open", path="$.rule", rule="finding", cif_no=row.cif_no)
    return found[0]


def last_of(unit: UnitOfWork, row: PartyRow, rule: str) -> FindingRow:
    found = [one for one in unit.findings.of([row.cif_no]) if one.rule == rule]
    if not found:
        raise InputError("no such finding was there", path="$.rule", rule="finding", cif_no=row.cif_no)
    return max(found, key=lambda one: one.number)


def about_of(row: FindingRow) -> str:
    """Under what the last words on a finding are kept; those before stay under theirs."""
    return f"finding:{row.cif_no}:{row.rule}:{row.number}:{row.said}"


def is_known(desk: Desk, rule: str) -> bool:
    return rule.startswith(REPORTED) or rule in desk.quality.rules


def field_of(desk: Desk, rule: str) -> str:
    return rule.removeprefix(REPORTED) if rule.startswith(REPORTED) else desk.quality.rules[rule].field


def kind_of(desk: Desk, row: FindingRow) -> Finding | None:
    if row.rule.startswith(REPORTED):
        return Finding.REPORTED
    return desk.quality.rules[row.rule].finding if row.rule in desk.quality.rules else None


def view_of(desk: Desk, row: FindingRow, reason: str) -> FindingView:
    """A finding as it is shown; the rule is known."""
    since = local_date(from_micros(row.opened_at), desk.zone)
    field = field_of(desk, row.rule)
    if row.rule.startswith(REPORTED):
        label = next(CATALOGUE[kind][field] for kind in PartyKind if field in CATALOGUE[kind])
        zh, en = f"一线反馈{label.zh}有误", f"Staff told that this is wrong: {label.en}"
        kind, dimension, severity, hints, days = (
            Finding.REPORTED,
            None,
            Severity.MEDIUM,
            ("核实后更正或确认", "Correct the value, or confirm it"),
            REPORTED_DAYS,
        )
    else:
        rule = desk.quality.rules[row.rule]
        zh, en, kind, dimension, severity = rule.zh, rule.en, rule.finding, rule.dimension, rule.severity
        hints, days = (rule.hint_zh, rule.hint_en), rule.fix_days
    return FindingView(
        cif_no=row.cif_no, rule=row.rule, number=row.number, kind=kind, dimension=dimension, severity=severity, zh=zh, en=en,
        hint_zh=hints[0], hint_en=hints[1], field=field, state=State(row.state), since=since, due=since + timedelta(days),
        until=None if row.until is None else date.fromordinal(row.until), assignee=row.assignee or "", branch=row.branch or "",
        manager=row.manager or "", channel=row.channel or "", staff=row.staff or "", by=row.actor, reason=reason, appeal=row.appeal,
    )  # fmt: skip
