"""
Loading a channel's file: read -> map -> standardize -> validate -> register, batch by batch.

Each batch is one transaction: good rows are registered, bad ones are held with their reasons. Stopped at any point,
the same file can be loaded again: rows that came in before are recognized.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TypeVar

import attrs

from .._canonical import dumps
from .._clock import to_micros
from ..access import Action
from ..audit import AuditEntry
from ..context import Actor, Effect, Purpose
from ..errors import ConfigurationError
from ..intake import Channel, RawRow, child_target, file_digest, map_row, read_rows
from ..merging import Terms
from ..party import CifNo, Fault, SourceKey
from ..protection import DataKey, Place
from ..storage import UnitOfWork
from ..storage.rows import StagedRow
from ._records import Arrival, tokenized
from .desk import Desk, need_purpose, record, refuse
from .register import Outcome, Registered, register

__all__ = ["HeldRow", "LoadReport", "LoadedRow", "load"]

T = TypeVar("T")
_BATCH = 500
_HELD_DAYS = 90


@attrs.frozen
class HeldRow:
    """A row that was held back: its line and every fault, never a value."""

    line: int
    faults: tuple[Fault, ...]


@attrs.frozen
class LoadedRow:
    """A row that came in: its line, source key, party, and what became of it."""

    line: int
    source_key: str = attrs.field(repr=False)
    cif_no: CifNo
    outcome: Outcome


@attrs.frozen(kw_only=True)
class LoadReport:
    """
    What became of a file.

    Attributes:
        file, channel: Which file, by which channel.
        rows: How many rows were read.
        outcomes: Rows by outcome.
        held: Rows that were held back.
        warnings: Warnings by rule.
        waiting: Rows that may be a stored customer, for a person to decide.
        proposals: Differing values of protected fields that wait for approval.
    """

    file: str
    channel: str
    rows: int
    outcomes: Counter[Outcome]
    held: tuple[HeldRow, ...]
    warnings: Counter[str]
    waiting: int
    proposals: int


def load(
    desk: Desk,
    path: Path,
    channel: Channel,
    *,
    actor: Actor,
    purpose: Purpose = Purpose.OPERATIONS,
    progress: Callable[[int], None] | None = None,
    each: Callable[[LoadedRow], None] | None = None,
) -> LoadReport:
    """
    Loads *path* as *channel* declares it.

    Args:
        desk: Collaborators.
        path: The file.
        channel: Its mapping.
        actor: On whose behalf.
        purpose: What for.
        progress: Called with the number of rows after every batch.
        each: Called with every row that came in, after its batch is committed.

    Raises:
        NotFoundOrNotAllowedError: The policy does not let *actor* load.
        ConfigurationError: The mapping names a scheme that is not in use.
        FileError: The file as a whole cannot be read as declared.
    """
    need_purpose(desk, actor, "load", purpose)
    if desk.policy.allows(actor, Action.LOAD, purpose).effect is Effect.DENY:
        raise refuse(desk, actor, "load", purpose)
    _check_schemes(desk, channel)
    for kind in {channel.kind} if channel.kind else set(channel.kinds.values()):
        desk.standards.of(kind, channel.requires, channel.name)
    batch_tag = desk.tagger.digest("file", file_digest(path))
    report = LoadReport(
        file=path.name, channel=channel.name, rows=0, outcomes=Counter(), held=(), warnings=Counter(),
        waiting=0, proposals=0,
    )  # fmt: skip
    for rows in _batched(read_rows(path, channel), _BATCH):
        report = _load_batch(desk, rows, channel, batch_tag, report, actor, each)
        if progress is not None:
            progress(report.rows)
    return report


def _check_schemes(desk: Desk, channel: Channel) -> None:
    for column in channel.columns.values():
        head, _, rest = column.to.partition(".")
        named = set(column.schemes.values())
        group, _ = child_target(rest)
        if head == "identifiers" and group:
            named.add(group)
        for scheme in sorted(named):
            if not scheme.startswith("bank.") and scheme not in desk.schemes:
                raise ConfigurationError(
                    f"the mapping of channel {channel.name}, column {column.name}, names the scheme {scheme!r}, which is "
                    f"not in use; `bankcif check --list` prints those that are",
                    rule="unknown_scheme",
                )


def _batched(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    source = iter(rows)
    while batch := list(islice(source, size)):
        yield batch


def _load_batch(
    desk: Desk,
    rows: Sequence[RawRow],
    channel: Channel,
    batch_tag: bytes,
    report: LoadReport,
    actor: Actor,
    each: Callable[[LoadedRow], None] | None,
) -> LoadReport:
    arrivals: list[tuple[int, Arrival]] = []
    held: list[tuple[RawRow, tuple[Fault, ...]]] = []
    warnings = Counter(report.warnings)
    for row in rows:
        arrival, faults = _take_in(desk, row, channel, batch_tag)
        warnings.update(fault.rule for fault in faults if fault.severity == "warning")
        if arrival is None:
            held.append((row, tuple(fault for fault in faults if fault.severity == "error")))
        else:
            arrivals.append((row.line, arrival))
    key = desk.data_keys.take(1)[0]
    by_line = {row.line: row for row in rows}
    kept: list[tuple[RawRow, tuple[Fault, ...]]] = []

    def also(unit: UnitOfWork, done: Sequence[Registered]) -> None:
        mistaken = [
            (by_line[line], (Fault("$", one.rule),))
            for (line, _), one in zip(arrivals, done, strict=True)
            if one.outcome is Outcome.REFUSED
        ]
        kept[:] = sorted([*held, *mistaken], key=lambda pair: pair[0].line)
        unit.work.stage([_staged(desk, row, faults, channel, batch_tag, key, actor) for row, faults in kept])
        entry = AuditEntry(
            at=desk.now(), actor=actor.id, action="load", purpose=Purpose.OPERATIONS.value, channel=channel.name,
            count=len(rows), rule=f"held:{len(kept)}",
        )  # fmt: skip
        record(desk, unit, [entry])

    done = register(desk, [arrival for _, arrival in arrivals], actor=actor, also=also)
    for (line, arrival), one in zip(arrivals, done, strict=True):
        if each is not None and one.outcome is not Outcome.REFUSED:
            each(LoadedRow(line, arrival.origin.key, one.cif_no, one.outcome))
    return attrs.evolve(
        report,
        rows=report.rows + len(rows),
        outcomes=report.outcomes + Counter(one.outcome for one in done if one.outcome is not Outcome.REFUSED),
        held=(*report.held, *(HeldRow(row.line, faults) for row, faults in kept)),
        warnings=warnings,
        waiting=report.waiting + sum(one.task_id is not None for one in done),
        proposals=report.proposals + sum(len(one.proposed) for one in done),
    )


def _take_in(desk: Desk, row: RawRow, channel: Channel, batch_tag: bytes) -> tuple[Arrival | None, tuple[Fault, ...]]:
    """A row as an arrival, or None, with everything found about it."""
    if row.values is None:
        # A column's name is the mapping's own word, so it may be told.
        return None, (Fault(f"$.{row.column}" if row.column else "$", row.rule),)
    mapped = map_row(row.values, channel, desk.zone)
    form = desk.standardizer.standardize(mapped.kind, mapped.values, found=mapped.faults)
    form = desk.standards.of(mapped.kind, channel.requires, channel.name).check(form, today=desk.today())
    if form.refused:
        return None, form.faults
    arrival = Arrival(
        origin=SourceKey(channel.source, mapped.source_key),
        channel=channel.name,
        form=tokenized(desk, form),
        terms=Terms(trust=channel.trust, trust_by_field=channel.trust_by_field, may_change=channel.may_change),
        business_time=None if mapped.business_time is None else to_micros(mapped.business_time),
        delivery=desk.tagger.digest("delivery", batch_tag + row.line.to_bytes(8, "big")),
    )
    return arrival, form.faults


def _staged(
    desk: Desk,
    row: RawRow,
    faults: tuple[Fault, ...],
    channel: Channel,
    batch_tag: bytes,
    key: DataKey,
    actor: Actor,
) -> StagedRow:
    now = desk.now()
    place = Place(table="staged_row", owner=(batch_tag, row.line), group="staged-row")
    return StagedRow(
        batch=batch_tag, line=row.line, channel=channel.name, key_id=key.id,
        sealed=desk.sealer.seal({"format": 1, "raw": row.raw.hex()}, key, place),
        faults=dumps([[fault.path, fault.rule, fault.severity] for fault in faults]), actor=actor.id, staged_at=now,
        expires_at=now + _HELD_DAYS * 86_400 * 1_000_000,
    )  # fmt: skip
