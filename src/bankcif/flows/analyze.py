"""Analyzing the file as a whole: counts only, no customer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import attrs

from ..access import Action, row_known, to_lowered
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..party import CATALOGUE, CifNo, LifeCycle, PartyKind
from ..rules import And, In, compiled
from ..storage import Order, UnitOfWork
from ..storage.rows import PartyRow
from ._opened import golden_place
from ._relations import record_of, standing_of
from .desk import Desk, authorize, record, refuse

__all__ = ["FaultCount", "FieldCount", "Summary", "fault_counts", "summarize"]

_CHUNK = 1000
# Sources of the library's own records: approvals and verifications.
_OURS = "bankcif."


@attrs.frozen
class FieldCount:
    """How many parties have a field filled, of how many that could."""

    field: str
    filled: int
    applicable: int


@attrs.frozen
class FaultCount:
    """How often one rule of intake was broken by one operator in one channel; an error held or refused what came."""

    severity: str
    rule: str
    channel: str
    actor: str
    count: int


@attrs.frozen(kw_only=True)
class Summary:
    """
    The file in numbers.

    Attributes:
        parties: Parties by kind, retired ones left out.
        completeness: For each kind, how often each field is filled.
        sources_per_party: Number of sources to number of parties.
        open_tasks: Possible matches that wait.
        proposals: Proposals that wait.
    """

    parties: Mapping[PartyKind, int]
    completeness: Mapping[PartyKind, tuple[FieldCount, ...]]
    sources_per_party: Mapping[int, int]
    open_tasks: int
    proposals: int


def summarize(desk: Desk, *, actor: Actor, purpose: Purpose) -> Summary:
    """
    Counts the parties that *actor*'s grants for reports are about, their filled fields and sources, and what waits about them. Opens
    every golden record, a thousand at a time; linear in the file.

    Raises:
        NotFoundOrNotAllowedError: The policy does not let *actor* make reports.
    """
    authorize(desk, actor, Action.REPORT, "summarize", purpose)
    with desk.unit_of_work() as unit:
        mine: set[CifNo] = set()
        parties: Counter[PartyKind] = Counter()
        filled: dict[PartyKind, Counter[str]] = {kind: Counter() for kind in PartyKind}
        for rows in _counted(desk, unit, actor, purpose):
            mine.update(row.cif_no for row in rows)
            kinds = {row.cif_no: PartyKind(row.kind) for row in rows if row.life_cycle != LifeCycle.RESTRICTED}
            parties.update(kinds.values())
            groups = unit.copies.golden(kinds)
            keys = desk.data_keys.get({group.key_id for group in groups})
            for group in groups:
                place = golden_place(group.cif_no, group.data_group, group.version)
                opened = desk.sealer.open(group.sealed, keys[group.key_id], place)
                filled[kinds[group.cif_no]].update(opened["values"].keys())
        sources: dict[CifNo, set[str]] = {cif_no: set() for cif_no in mine}
        for link in unit.crosswalk.all_current():
            if link.cif_no in mine and not link.source.startswith(_OURS):
                sources[link.cif_no].add(link.source)
        open_tasks = sum({task.cif_no, task.other} <= mine for task in unit.work.tasks(state="open"))
        waiting = unit.work.approvals(states=["proposed"])
        proposals = sum(bool(one.subjects) and set(one.subjects) <= mine for one in waiting)
        entry = AuditEntry.by(actor, "summarize", desk.now(), purpose=purpose, count=len(mine))
        record(desk, unit, [entry])
        unit.commit()
    return Summary(
        parties=dict(parties),
        completeness={
            kind: tuple(FieldCount(name, filled[kind][name], parties[kind]) for name in CATALOGUE[kind])
            for kind in PartyKind
        },
        sources_per_party=dict(sorted(Counter(len(found) for found in sources.values()).items())),
        open_tasks=open_tasks,
        proposals=proposals,
    )


def _counted(desk: Desk, unit: UnitOfWork, actor: Actor, purpose: Purpose) -> Iterator[Sequence[PartyRow]]:
    """The parties that are counted in a report of *actor*, a page at a time: those of the rule, asked again of each."""
    ticketed, broken = standing_of(desk, unit, actor, Action.REPORT)
    mine = desk.policy.visible(actor, Action.REPORT, purpose, ticketed=ticketed, broken=broken)
    there = In("life_cycle", (LifeCycle.MERGED.value, LifeCycle.ERASED.value), negated=True)
    rule = to_lowered(And((mine, there)))
    known = row_known(rule, actor, desk.today())
    holds, last = compiled(rule), None
    while rows := unit.search.page(rule, known, Order(), last, _CHUNK, rule.reads):
        yield [row for row, facts in rows if holds(record_of(row, facts), known)]
        last = (rows[-1][0].cif_no, rows[-1][0].cif_no)


def fault_counts(
    desk: Desk, *, actor: Actor, purpose: Purpose, since: date | None = None, until: date | None = None
) -> list[FaultCount]:
    """
    Errors and warnings of intake by rule, channel and operator, most frequent first, errors before warnings: what came
    by files, over interfaces and as forms, refused ones among them.

    Args:
        desk: Collaborators.
        actor: On whose behalf.
        purpose: What for.
        since, until: First and last day, in the bank's zone; open if None.

    Raises:
        NotFoundOrNotAllowedError: The policy does not let *actor* make reports of the whole file.
    """
    authorize(desk, actor, Action.REPORT, "fault_counts", purpose)
    if not desk.policy.is_whole(actor, Action.REPORT, purpose):
        raise refuse(desk, actor, "fault_counts", purpose, rule="whole_file")  # faults are of rows, not of customers
    found: Counter[tuple[str, str, str, str]] = Counter()
    with desk.unit_of_work() as unit:
        for row in unit.trail.between(*desk.span(since, until)):
            if b'"faults":' not in row.body:
                continue
            entry = AuditEntry.of_body(row.body)
            for name, count in entry.faults.items():
                severity, _, rule = name.partition(":")
                found[severity, rule, entry.channel, entry.actor] += count
        told = AuditEntry.by(
            actor, "fault_counts", desk.now(), purpose=purpose, count=len(found)
        )  # fmt: skip
        record(desk, unit, [told])
        unit.commit()
    ordered = sorted(found.items(), key=lambda pair: (pair[0][0], -pair[1], pair[0]))
    return [FaultCount(*key, count) for key, count in ordered]
