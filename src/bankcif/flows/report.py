"""
Reporting: authorize -> read what the policy shows -> count -> leave out who are too few -> audit -> figures.

A report reads what the grants for reports show, as an extract reads what those for extracts do, and nothing of a customer leaves: counts and sums alone, of at least so many as the
policy asks for. A field that the policy does not show is no dimension of a report; of whom it is not shown, it is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import attrs

from .._canonical import dumps
from ..access import Action
from ..analytics import Report, ReportSpec, Snapshot, movement, need_movement, tabulate
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..errors import BankCIFError, InputError
from .desk import Desk, authorize, over_cap, record, refuse, spend, told
from .extract import columns_of

__all__ = ["report", "report_movement"]


def report(desk: Desk, spec: ReportSpec, *, as_of: date | None, actor: Actor, purpose: Purpose) -> Report:
    """
    The figures of *spec* over the customers whom *actor*'s grants for reports are about.

    Args:
        as_of: The day at whose end it is of; today if None.

    Raises:
        NotFoundOrNotAllowedError: The policy does not let *actor* make reports, or does not show a field that the report asks for.
        InputError: A field is shown in part alone where a rule reads it, nobody is counted, or the day is to come.
        AccessError: Fewer are counted than may be told of, or *actor* has made as many reports in this hour as they may.
        MissingExtraError: The extra ``bulk`` is not installed.

    Cost: that of the extract of its columns, and of counting some seconds a million customers.
    """
    return _made(desk, spec, "report", lambda taken, k: tabulate(taken(as_of), spec, k=k), actor, purpose)


def report_movement(
    desk: Desk, spec: ReportSpec, since: date, until: date | None, *, actor: Actor, purpose: Purpose
) -> Report:
    """
    How customers moved along the one dimension of *spec* from the end of one day to that of another, today if None.

    Raises:
        As `report`; `InputError` too where the report is none of customers along one dimension.
    """
    need_movement(spec)
    return _made(
        desk, spec, "report_movement", lambda taken, k: movement(taken(since), taken(until), spec, k=k), actor, purpose
    )  # fmt: skip


_Counted = Callable[[Callable[[date | None], Snapshot], int], Report]


def _made(desk: Desk, spec: ReportSpec, what: str, count: _Counted, actor: Actor, purpose: Purpose) -> Report:
    authorize(desk, actor, Action.REPORT, what, purpose)
    fields = tuple(spec.asked.columns()) or ("kind",)
    k = desk.policy.least_k(actor, Action.REPORT, purpose)
    if (
        spec.inputs.others and max(k, spec.k) > 1
    ):  # k customers may be related to one other, of whom a figure then tells
        raise InputError(
            "a report tells of the other ones of relations only where of one customer may be told", path="$.where", rule="k_anonymity"
        )  # fmt: skip
    grants: set[str] = set()

    def taken(day: date | None) -> Snapshot:
        found, by, _ = columns_of(desk, fields, as_of=day, action=Action.REPORT, actor=actor, purpose=purpose)
        if found.withheld and len(found):
            raise refuse(desk, actor, what, purpose, fields=found.withheld, rule="report_fields")
        if not len(found):
            raise InputError(
                "nobody is counted: no customer is there, or none whom the policy lets reports be made of", path="$.as_of", rule="nothing_counted"
            )  # fmt: skip
        grants.update(by)
        return found

    refused: BankCIFError | None = None
    try:
        found = count(taken, k)
    except BankCIFError as error:
        refused = error
    if refused is not None:
        _counts(desk, what, actor, purpose)  # whatever its reason, a refusal tells something, too
        if refused.rule == "k_anonymity":
            refuse(desk, actor, what, purpose, fields=fields, rule="k_anonymity")
            raise told(refused)
        raise refused
    # What the rules of a report name may be a value, so that the log knows them by a keyed digest alone.
    digest = desk.digester.digest("report", dumps(attrs.asdict(spec))).hex()[:16]
    rule = f"{spec.name},{digest},as_of:{found.as_of},k:{found.k},withheld:{found.withheld},{','.join(sorted(grants))}"
    entry = AuditEntry.by(
        actor, what, desk.now(), purpose=purpose, count=found.customers, fields=fields, rule=rule[:2_000]
    )  # fmt: skip
    _counts(desk, what, actor, purpose, entry)
    return found


def _counts(desk: Desk, what: str, actor: Actor, purpose: Purpose, *entries: AuditEntry) -> None:
    """Counts a report among those of the hour, with what the log is to tell of it, and refuses one too many."""
    with desk.unit_of_work() as unit:
        within = spend(desk, unit, actor, Action.REPORT, 1)
        if within:
            record(desk, unit, entries)
            unit.commit()
    if not within:
        raise over_cap(desk, actor, Action.REPORT, what, purpose)
