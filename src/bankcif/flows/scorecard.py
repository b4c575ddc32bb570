"""
Scorecards: what branches, managers, channels and staff answered for when it happened, and appeals against it.

The figures of a day are kept as they were, and a finding keeps who answered for it when it was found; so a customer who is handed over takes no
score with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

import attrs

from .._clock import from_micros, local_date
from ..access import Action
from ..context import Actor, Purpose
from ..errors import FourEyesError, InputError
from ..party import CifNo
from ..quality import Answered, Departments, Dimension, Figure, Score, State, scores
from ..storage import UnitOfWork
from ..storage.quality_rows import FigureRow, FindingRow
from ._findings import REPORTED_DAYS, speak
from ._pages import PAGE, pages
from .desk import Desk, authorize, note, refuse
from .examine import by_unit, kept_figures

__all__ = ["Ageing", "ageing", "appeal", "decide_appeal", "scorecard"]

_BANDS = (7, 30, 90, 365)


@attrs.frozen(kw_only=True)
class Ageing:
    """
    How long findings have waited.

    Attributes:
        bands: By the most days that they have, None for more than all bounds, how many of each kind of rule are open.
    """

    bands: dict[int | None, dict[str, int]]


def scorecard(
    desk: Desk, scope: str, first: date, last: date, *, dimension: Dimension | None = None, least: int = 30,
    departments: Departments | None = None, actor: Actor, purpose: Purpose,
) -> tuple[Score, ...]:  # fmt: skip
    """
    How units of a kind did from one day to another.

    Args:
        scope: As in `bankcif.flows.examine.figures`; of what the bank answers for as a whole there is no scorecard.
        first, last: The days; the figures are those of the first and the last run between them.
        dimension: Of this alone; of all together if None.
        least: Of how many customers a rate is told, at least.
        departments: By which units of the scope are told together, each by where it belonged on the day of the figures, or when a finding was
            found; what belongs nowhere under an empty name.

    Raises:
        InputError: There is no such scope, or the days are the wrong way round.
        NotFoundOrNotAllowedError: The policy does not let *actor* make reports of the whole file.

    Cost: goes through all findings that there ever were.
    """
    authorize(desk, actor, Action.REPORT, "scorecard", purpose)
    if not desk.policy.is_whole(actor, Action.REPORT, purpose):
        raise refuse(desk, actor, "scorecard", purpose, rule="whole_file")
    if scope == "all":
        raise InputError("a scorecard tells units apart", path="$.scope", rule="quality")
    rows = kept_figures(desk, scope, first, last)
    days = sorted({row.day for row in rows})
    before = _of_day(desk, rows, days[0], dimension, departments) if len(days) > 1 else {}
    after = _of_day(desk, rows, days[-1], dimension, departments) if days else {}
    answered = (
        _answered(desk, row, scope, departments)
        for row in _findings(desk)
        if first <= _day(desk, row.opened_at) <= last and _is_of(desk, row, dimension)
    )
    found = scores(before, after, answered, today=last, least=least)
    note(desk, actor, "scorecard", purpose=purpose, count=len(found), rule=f"scope:{scope}")
    return found


def ageing(desk: Desk, *, actor: Actor, purpose: Purpose) -> Ageing:
    """
    How long findings that are open have waited, by rule.

    Raises:
        NotFoundOrNotAllowedError: The policy does not let *actor* make reports of the whole file.
    """
    authorize(desk, actor, Action.REPORT, "ageing", purpose)
    if not desk.policy.is_whole(actor, Action.REPORT, purpose):
        raise refuse(desk, actor, "ageing", purpose, rule="whole_file")
    today, found = desk.today(), Ageing(bands={bound: {} for bound in (*_BANDS, None)})
    for row in _findings(desk, live=True):
        if row.state == State.OPEN:
            age = (today - _day(desk, row.opened_at)).days
            band = found.bands[next((bound for bound in _BANDS if age <= bound), None)]
            band[row.rule] = band.get(row.rule, 0) + 1
    note(desk, actor, "ageing", purpose=purpose)
    return found


def appeal(desk: Desk, cif_no: CifNo, rule: str, *, reason: str, actor: Actor, purpose: Purpose) -> None:
    """
    Asks that a finding, the last of its rule, is not to count in scorecards; who answers for it may ask, of one that was put right late too.

    Raises:
        InputError: No such finding is there, somebody asked already, or *actor* does not answer for it.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* work on it.
    """

    def said(row: FindingRow) -> FindingRow:
        if row.appeal:
            raise InputError("somebody asked already", path="$.rule", rule="finding", cif_no=row.cif_no)
        if actor.id not in (row.staff, row.manager) and (not actor.branch or actor.branch != row.branch):
            raise InputError("who answers for a finding may ask", path="$.rule", rule="finding", cif_no=row.cif_no)
        return attrs.evolve(row, appeal="asked", appealed_by=actor.id)

    speak(desk, cif_no, rule, "appeal_finding", said, ended=True, reason=reason, actor=actor, purpose=purpose)


def decide_appeal(
    desk: Desk, cif_no: CifNo, rule: str, *, grant: bool, reason: str, actor: Actor, purpose: Purpose
) -> None:
    """
    Decides whether a finding counts in scorecards; not who asked, nor who answers for it.

    Raises:
        InputError: Nobody asked.
        FourEyesError: *actor* is one of them.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* work on it.
    """

    def said(row: FindingRow) -> FindingRow:
        if row.appeal != "asked":
            raise InputError("nobody asked that it is not to count", path="$.rule", rule="finding", cif_no=row.cif_no)
        if not {actor.id, actor.person}.isdisjoint((row.appealed_by, row.staff, row.manager)) or (
            actor.branch and actor.branch == row.branch
        ):
            raise FourEyesError("who asked, or answers for it, does not decide", rule="four_eyes")
        return attrs.evolve(row, appeal="granted" if grant else "refused")

    speak(desk, cif_no, rule, "decide_appeal", said, ended=True, reason=reason, actor=actor, purpose=purpose)


def _of_day(
    desk: Desk, rows: Sequence[FigureRow], day: int, dimension: Dimension | None, departments: Departments | None
) -> dict[str, list[Figure]]:
    """The figures of the rules of each unit on a day, of one dimension or of all."""
    of = {name for name, rule in desk.quality.rules.items() if dimension in (None, rule.dimension)}
    found: Mapping[str, Mapping[str, Figure]] = {
        one.unit: one.rules for one in by_unit(desk.quality, [row for row in rows if row.day == day])
    }
    if departments is not None:
        found = departments.figures(found.items(), date.fromordinal(day))
    return {unit: [figure for name, figure in rules.items() if name in of] for unit, rules in found.items()}


def _findings(desk: Desk, *, live: bool = False) -> Iterator[FindingRow]:
    def read(unit: UnitOfWork, after: tuple[str, str, int]) -> Sequence[FindingRow]:
        return unit.findings.page(after, PAGE, live=live)

    for page in pages(desk, read, ("", "", 0), lambda row: (row.cif_no, row.rule, row.number)):
        yield from page


def _day(desk: Desk, at: int) -> date:
    return local_date(from_micros(at), desk.zone)


def _is_of(desk: Desk, row: FindingRow, dimension: Dimension | None) -> bool:
    known = desk.quality.rules.get(row.rule)
    return dimension is None or (known is not None and known.dimension is dimension)


def _answered(desk: Desk, row: FindingRow, scope: str, departments: Departments | None) -> Answered:
    known, since = desk.quality.rules.get(row.rule), _day(desk, row.opened_at)
    ended = None if row.closed_at is None else _day(desk, row.closed_at)
    days = REPORTED_DAYS if known is None else known.fix_days
    unit = getattr(row, scope) or ""
    return Answered(
        unit=unit if departments is None else departments.of(unit, since), since=since, due=since + timedelta(days), ended=ended,
        fixed=ended if row.state == State.FIXED else None,
        excluded=row.state == State.FALSE_POSITIVE or row.appeal == "granted",
    )  # fmt: skip
