"""
Asking the quality rules of the whole file: count over the file -> look at who changed or is due -> keep outcomes and findings -> keep the day's figures.

What is kept of who did not change stands; so a run costs what has changed, and comes to the same as one that asks everybody anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import partial

import attrs

from ..access import Action
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..errors import InputError
from ..party import CifNo, DataGroup
from ..quality import SCOPES, Dimension, Figure, RuleBook, State, quality_schema
from ..rules import needs
from ..storage import UnitOfWork
from ..storage.portrait_rows import IDLE
from ..storage.quality_rows import FigureRow, FindingRow, SheetRow
from ._counted import counted_over_file
from ._figures import Counts
from ._pages import pages
from ._portrait import day_tag
from ._quality import Counted, assess, sheet_of
from .desk import Desk, authorize, note, record, refuse, retried

__all__ = ["Run", "UnitFigures", "figures", "run"]

_AT_ONCE = 200
_MOST_DAYS = 3660
_NONE = bytes(32)
_MOST_SPAN = 3700


@attrs.frozen(kw_only=True)
class Run:
    """
    What a run came to.

    Attributes:
        day: Of which its figures are.
        customers: How many there are of whom rules ask something or nothing.
        looked_at: Of how many they were asked.
        opened, ended: How many findings came, and how many came to their end.
        figures: By rule, of the whole file.
    """

    day: date
    customers: int
    looked_at: int
    opened: int
    ended: int
    figures: Mapping[str, Figure]


@attrs.frozen(kw_only=True)
class UnitFigures:
    """
    The figures of a unit on a day.

    Attributes:
        day, unit: When, and whose; the unit is empty of the whole bank, and of what nobody is responsible for.
        rules: By rule.
        dimensions: By dimension: its rules together.
    """

    day: date
    unit: str
    rules: Mapping[str, Figure]
    dimensions: Mapping[Dimension, Figure]


def run(
    desk: Desk, *, actor: Actor, purpose: Purpose, whole: bool = False, progress: Callable[[int], None] | None = None
) -> Run:
    """
    Asks the quality rules of all whom a change, the calendar, another book or others' data may have made others, and keeps the figures of the
    day. Run every night; run again after an interruption, or twice on a day, it goes on.

    Args:
        desk: Collaborators.
        actor, purpose: On whose behalf, what for.
        whole: Whether everybody is asked anew; it finds more only where somebody changed the database.
        progress: Told how many were looked at so far.

    Raises:
        NotFoundOrNotAllowedError: The policy does not let *actor* ask the rules.

    Cost: opens names, numbers and contacts of all customers, to count who shares them, and all records of those it looks at; a few hundred of these
    are one transaction.
    """
    authorize(desk, actor, Action.EXAMINE, "examine", purpose)
    counted = counted_over_file(desk)
    looked = opened = ended = 0
    for numbers in _to_look_at(desk, counted, whole=whole):
        at, came, over = retried(partial(_assessed, desk, numbers, counted, actor, purpose))
        looked, opened, ended = looked + at, opened + came, ended + over
        if progress is not None:
            progress(looked)
    ended += _without_customer(desk)
    today = desk.today()
    customers, rows = _figures_of(desk, today)
    with desk.unit_of_work() as unit:
        unit.figures.put(today.toordinal(), rows)
        unit.commit()
    note(desk, actor, "examine", purpose=purpose, count=looked, rule=f"book:{desk.quality.version}")
    figures = {row.rule: _figure(row) for row in rows if row.scope == "all"}
    return Run(day=today, customers=customers, looked_at=looked, opened=opened, ended=ended, figures=figures)


def figures(
    desk: Desk, scope: str, *, since: date | None = None, until: date | None = None, actor: Actor, purpose: Purpose
) -> tuple[UnitFigures, ...]:
    """
    The figures that were kept, by day and unit.

    Args:
        scope: ``all`` for the bank, ``branch``, ``manager``, ``channel`` or ``staff``; what a branch or a manager answers for are their customers, and
            what a channel or a member of staff answers for are the values that they brought.
        since, until: First and last day; of the last run that there was if both are None.

    Raises:
        InputError: There is no such scope, or the days are too many or the wrong way round.
        NotFoundOrNotAllowedError: The policy does not let *actor* make reports of the whole file.
    """
    authorize(desk, actor, Action.REPORT, "quality_figures", purpose)
    if not desk.policy.is_whole(actor, Action.REPORT, purpose):
        raise refuse(desk, actor, "quality_figures", purpose, rule="whole_file")
    rows = kept_figures(desk, scope, since, until)
    note(desk, actor, "quality_figures", purpose=purpose, count=len(rows), rule=f"scope:{scope}")
    return by_unit(desk.quality, rows)


def kept_figures(desk: Desk, scope: str, since: date | None, until: date | None) -> Sequence[FigureRow]:
    """The rows of `figures`."""
    if scope not in SCOPES:
        raise InputError(f"figures are of {', '.join(SCOPES)}", path="$.scope", rule="quality")
    last = desk.today() if until is None else until
    first = last - timedelta(_MOST_SPAN) if since is None else since
    if first > last or (last - first).days > _MOST_SPAN:
        raise InputError(
            "figures are of ten years at most, from an earlier day to a later", path="$.since", rule="quality"
        )
    with desk.repository.snapshot() as unit:
        if since is not None or until is not None:
            return unit.figures.between(first.toordinal(), last.toordinal(), scope)
        day = unit.figures.latest(last.toordinal(), scope)
        return [] if day is None or day < first.toordinal() else unit.figures.between(day, day, scope)


def by_unit(book: RuleBook, rows: Sequence[FigureRow]) -> tuple[UnitFigures, ...]:
    """Rows of figures by day and unit; a rule that the book has no more is in no dimension."""
    found: dict[tuple[int, str], dict[str, Figure]] = defaultdict(dict)
    for row in rows:
        found[row.day, row.unit][row.rule] = _figure(row)
    return tuple(
        UnitFigures(day=date.fromordinal(day), unit=unit, rules=rules, dimensions=book.by_dimension(rules))
        for (day, unit), rules in found.items()
    )


def _figure(row: FigureRow) -> Figure:
    return Figure(row.passed, row.failed, row.not_applicable, row.not_checked)


def _to_look_at(desk: Desk, counted: Mapping[CifNo, Counted], *, whole: bool) -> Iterator[Sequence[CifNo]]:
    """Customers of whom something else may come out than is kept, a page at a time; some of them twice."""
    against = _NONE if whole else desk.quality.digest
    today = desk.today()
    days = [day_tag(desk, today - timedelta(back)) for back in range(_MOST_DAYS)]

    def behind(unit: UnitOfWork, after: str) -> Sequence[CifNo]:
        return unit.sheets.behind(against, after, _AT_ONCE)

    def due(unit: UnitOfWork, after: str) -> Sequence[CifNo]:
        return unit.sheets.due(days, after, _AT_ONCE)

    def beside(unit: UnitOfWork, after: str) -> Sequence[CifNo]:
        return unit.portraits.with_group(DataGroup.RELATION, after, _AT_ONCE)

    # What is said of a relation changes with the other one, too.
    reads_others = _reads_relations(desk.quality)
    for read in (behind, due, *([beside] if reads_others else [])):
        yield from pages(desk, read, "", lambda cif_no: cif_no, _AT_ONCE)
    for found in _live(desk):  # what was accepted to a day that lies behind
        lapsed = {row.cif_no for row in found if row.until is not None and row.until < today.toordinal()}
        if lapsed:
            yield sorted(lapsed)
    for rows in _sheets(desk):
        others = [row.cif_no for row in rows if sheet_of(row).counted != counted.get(row.cif_no, {})]
        if others:
            yield others


def _reads_relations(book: RuleBook) -> bool:
    parts = [
        part for rule in book.rules.values() for part in (rule.applies, rule.checkable, rule.passes) if part is not None
    ]
    return any(row.partition(".")[0] == "relationships" for part in parts for row in needs(part, quality_schema()).rows)


def _sheets(desk: Desk) -> Iterator[Sequence[SheetRow]]:
    for rows in pages(
        desk, lambda unit, after: unit.sheets.page(after, _AT_ONCE), "", lambda row: row.cif_no, _AT_ONCE
    ):
        yield [row for row in rows if row.book == desk.quality.digest]


def _assessed(
    desk: Desk, numbers: Sequence[CifNo], counted: Mapping[CifNo, Counted], actor: Actor, purpose: Purpose
) -> tuple[int, int, int]:
    """How many customers were looked at, and how many findings came and ended; only the customers whose did leave an entry."""
    with desk.unit_of_work() as unit:
        rows = [row for row in unit.parties.lock(numbers).values() if row.life_cycle not in IDLE]
        changed = assess(desk, unit, rows, counted, desk.now())
        if changed:
            entry = AuditEntry.by(
                actor, "findings_changed", desk.now(), purpose=purpose, subjects=tuple(sorted(changed)), count=len(changed),
                rule=f"book:{desk.quality.version}",
            )  # fmt: skip
            record(desk, unit, [entry])
        unit.commit()
    return len(rows), sum(came for came, _ in changed.values()), sum(over for _, over in changed.values())


def _live(desk: Desk) -> Iterator[Sequence[FindingRow]]:
    def read(unit: UnitOfWork, after: tuple[str, str, int]) -> Sequence[FindingRow]:
        return unit.findings.page(after, _AT_ONCE, live=True)

    return pages(desk, read, ("", "", 0), lambda row: (row.cif_no, row.rule, row.number), _AT_ONCE)


def _without_customer(desk: Desk) -> int:
    """Ends the findings of who is a customer of their own no more, since they were merged or restricted; how many there were."""
    ended = 0
    for rows in _live(desk):
        with desk.unit_of_work() as unit:
            parties = unit.parties.get({row.cif_no for row in rows}) if rows else {}
            gone = [row for row in rows if row.cif_no not in parties or parties[row.cif_no].life_cycle in IDLE]
            for row in gone:
                unit.findings.change(
                    attrs.evolve(row, state=State.GONE.value, closed_at=desk.now(), until=None, version=row.version + 1)
                )
            unit.commit()
        ended += len(gone)
    return ended


def _figures_of(desk: Desk, today: date) -> tuple[int, list[FigureRow]]:
    """How many customers there are, and the figures of all units today."""
    counts, customers = Counts(desk.quality), 0
    for rows in _sheets(desk):
        with desk.repository.unit_of_work() as unit:
            parties = unit.parties.get([row.cif_no for row in rows]) if rows else {}
        customers += len(rows)
        counts.add([(parties[row.cif_no], sheet_of(row)) for row in rows])
    return customers, counts.rows(today)
