"""Analyzing the file as a whole: counts only, no customer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date

import attrs

from ..access import Action
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..party import CATALOGUE, CifNo, LifeCycle, PartyKind
from ._golden import golden_place
from .desk import Desk, authorize, record

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
    Counts parties, filled fields and sources. Opens every golden record, a thousand at a time; linear in the file.

    Raises:
        NotFoundOrNotAllowedError: The policy does not let *actor* make reports.
    """
    authorize(desk, actor, Action.REPORT, "summarize", purpose)
    with desk.unit_of_work() as unit:
        sources: dict[CifNo, set[str]] = {}
        for link in unit.crosswalk.all_current():
            known = sources.setdefault(link.cif_no, set())
            if not link.source.startswith(_OURS):
                known.add(link.source)
        parties: Counter[PartyKind] = Counter()
        filled: dict[PartyKind, Counter[str]] = {kind: Counter() for kind in PartyKind}
        cif_nos = sorted(sources)
        for at in range(0, len(cif_nos), _CHUNK):
            rows = unit.parties.get(cif_nos[at : at + _CHUNK])
            kinds = {c: PartyKind(row.kind) for c, row in rows.items() if row.life_cycle != LifeCycle.RESTRICTED}
            parties.update(kinds.values())
            groups = unit.copies.golden(kinds)
            keys = desk.data_keys.get({group.key_id for group in groups})
            for group in groups:
                place = golden_place(group.cif_no, group.data_group, group.version)
                opened = desk.sealer.open(group.sealed, keys[group.key_id], place)
                filled[kinds[group.cif_no]].update(opened["values"].keys())
        open_tasks = len(unit.work.tasks(state="open"))
        proposals = len(unit.work.approvals(state="proposed"))
        entry = AuditEntry.by(
            actor, "summarize", desk.now(), purpose=purpose, count=len(cif_nos)
        )  # fmt: skip
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
        NotFoundOrNotAllowedError: The policy does not let *actor* make reports.
    """
    authorize(desk, actor, Action.REPORT, "fault_counts", purpose)
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
