"""
Loading a channel's file: read -> map -> standardize -> validate -> register, batch by batch.

Each batch is one transaction: good rows are registered, bad ones are held with their reasons. Stopped at any point,
the same file can be loaded again: rows that came in before are recognized.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import attrs

from .. import audit
from .._canonical import dumps
from .._clock import to_micros
from ..access import Action
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..errors import BankCIFError, ConfigurationError
from ..intake import Channel, RawRow, file_digest, given_row, map_row, read_batches, read_rows
from ..merging import Decay, Terms
from ..party import TWO_PERSONS, CifNo, Fault, SourceKey
from ..protection import DataKey, Place
from ..storage import UnitOfWork
from ..storage.rows import StagedRow
from ._allowed import check_allowed
from ._records import Arrival, counted, tokenized
from .desk import Desk, record
from .register import Outcome, Registered, register

__all__ = [
    "HeldRow",
    "LoadReport",
    "LoadedRow",
    "load",
    "load_batches",
    "receive",
    "staged_place",
    "take_in",
]

T = TypeVar("T")
_BATCH = 500
_HELD_DAYS = 90
_LONGEST_KEY = 128
_MOST_TOLD = 1000


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
        held: Rows that were held back; the first thousand.
        held_count: How many there were.
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
    held_count: int = 0


def load(
    desk: Desk,
    path: Path,
    channel: Channel,
    *,
    actor: Actor,
    purpose: Purpose = Purpose.OPERATIONS,
    progress: Callable[[int], None] | None = None,
    each: Callable[[LoadedRow], None] | None = None,
    each_held: Callable[[HeldRow], None] | None = None,
    part: tuple[int, int] = (0, 1),
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
        each_held: Called with every row that was held, likewise.
        part: Number and count of the parts of the file, of which only this one is loaded: others take the others. All rows of one
            source key are of one part.

    Raises:
        NotFoundOrNotAllowedError: The policy does not let *actor* load.
        AccessError: The agreement with the source has ended, or does not cover the purpose; audited.
        ConfigurationError: The mapping names a scheme that is not in use.
        FileError: The file as a whole cannot be read as declared.
    """
    check_allowed(desk, channel, actor, purpose, Action.LOAD)
    batch = _Batch(desk, channel, desk.digester.digest("file", file_digest(path)), actor, purpose, each, each_held)
    rows = (row for row in read_rows(path, channel) if part[1] == 1 or _part_of(row, channel, part[1]) == part[0])
    return _receive(batch, rows, path.name, progress)


def _part_of(row: RawRow, channel: Channel, parts: int) -> int:
    """The part that *row* is of: by its source key, or, where it cannot be taken apart, by its line."""
    if row.values is None:
        return row.line % parts
    return zlib.crc32(row.values.get(channel.key, "").strip().encode()) % parts


def load_batches(
    desk: Desk,
    batches: Iterable[Any],
    channel: Channel,
    *,
    key: str,
    actor: Actor,
    purpose: Purpose = Purpose.OPERATIONS,
    progress: Callable[[int], None] | None = None,
    each: Callable[[LoadedRow], None] | None = None,
    each_held: Callable[[HeldRow], None] | None = None,
) -> LoadReport:
    """
    Loads Arrow tables or record batches, or Polars data frames, in the channel's columns, as they come; what is wrong is held, as in
    a file.

    Args:
        key: The sender's idempotency key of all batches together. Loaded again under it, a row that stands where it stood and says
            what it said changes nothing, and is not held twice.

    Raises:
        InputError: One of *batches* is something else, or lacks a column of the mapping; what came before it was taken in.
        NotFoundOrNotAllowedError: The policy does not let *actor* load.
        AccessError: The agreement with the source has ended, or does not cover the purpose; audited.
        ConfigurationError: The mapping names a scheme that is not in use, or the key is none.
    """
    batch = _keyed(desk, channel, key, actor, purpose, each, each_held)
    return _receive(batch, read_batches(batches, channel), "", progress)


def receive(
    desk: Desk,
    rows: Iterable[Mapping[str, str]],
    channel: Channel,
    *,
    key: str,
    actor: Actor,
    purpose: Purpose = Purpose.OPERATIONS,
    each: Callable[[LoadedRow], None] | None = None,
    each_held: Callable[[HeldRow], None] | None = None,
) -> LoadReport:
    """
    Takes in *rows* that came over an interface, in the channel's own columns; what is wrong is held, as in a file.

    Args:
        key: The sender's idempotency key of the batch. Sent again under it, a row that stands where it stood and says
            what it said changes nothing, and is not held twice.

    Raises:
        NotFoundOrNotAllowedError: The policy does not let *actor* load.
        AccessError: The agreement with the source has ended, or does not cover the purpose; audited.
        ConfigurationError: The mapping names a scheme that is not in use, or the key is none.
    """
    given = (given_row(number, row, channel) for number, row in enumerate(rows, start=1))
    return _receive(_keyed(desk, channel, key, actor, purpose, each, each_held), given, "", None)


def _keyed(
    desk: Desk,
    channel: Channel,
    key: str,
    actor: Actor,
    purpose: Purpose,
    each: Callable[[LoadedRow], None] | None,
    each_held: Callable[[HeldRow], None] | None,
) -> _Batch:
    """What comes under the sender's own key, if *actor* may bring it."""
    if not key or len(key) > _LONGEST_KEY or not key.isprintable():
        raise ConfigurationError("an idempotency key is 1 to 128 printable characters", rule="idempotency_key")
    check_allowed(desk, channel, actor, purpose, Action.LOAD)
    tag = desk.digester.digest("batch", dumps([channel.name, key]))
    return _Batch(desk, channel, tag, actor, purpose, each, each_held, True)


def _batched(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """*rows* in batches; those that came before something wrong are a batch, too."""
    batch: list[T] = []
    problem: BankCIFError | None = None
    try:
        for row in rows:
            batch.append(row)
            if len(batch) == size:
                yield batch
                batch = []
    except BankCIFError as error:
        problem = error
    if batch:
        yield batch
    if problem is not None:
        raise problem


@attrs.define(repr=False)
class _Batch:
    """
    What came at once: a file, or the rows of one call.

    Attributes:
        tag: Keyed digest of the file, or of the batch's own key.
        by_content: Whether a row is known again by what it says too, since the key does not tell.
    """

    desk: Desk
    channel: Channel
    tag: bytes
    actor: Actor
    purpose: Purpose
    each: Callable[[LoadedRow], None] | None
    each_held: Callable[[HeldRow], None] | None
    by_content: bool = False

    def delivery(self, row: RawRow) -> bytes:
        """Keyed digest of where, and perhaps of what, a row was in its batch."""
        place = self.tag + row.line.to_bytes(8, "big")
        return self.desk.digester.digest("delivery", place + (row.raw if self.by_content else b""))


def _receive(batch: _Batch, rows: Iterable[RawRow], name: str, progress: Callable[[int], None] | None) -> LoadReport:
    report = LoadReport(
        file=name, channel=batch.channel.name, rows=0, outcomes=Counter(), held=(), warnings=Counter(), waiting=0,
        proposals=0,
    )  # fmt: skip
    for number, some in enumerate(_batched(rows, _BATCH), start=1):
        report = _receive_some(batch, some, report)
        if number & (number - 1) == 0:  # the first, and whenever as many came again
            batch.desk.repository.look_again()
        if progress is not None:
            progress(report.rows)
    return report


def _receive_some(batch: _Batch, rows: Sequence[RawRow], report: LoadReport) -> LoadReport:
    desk, channel, actor = batch.desk, batch.channel, batch.actor
    arrivals: list[tuple[int, Arrival]] = []
    held: list[tuple[RawRow, tuple[Fault, ...]]] = []
    warnings: Counter[str] = Counter()
    beyond: Counter[str] = Counter()
    for row in rows:
        arrival, faults = take_in(desk, row, channel, batch.delivery(row))
        if faults:
            warnings.update(fault.rule for fault in faults if fault.severity == "warning")
            beyond.update({fault.path.removeprefix("$.") for fault in faults if fault.rule == "field_not_allowed"})
        if arrival is None:
            held.append((row, tuple(fault for fault in faults if fault.severity == "error")))
        else:
            arrivals.append((row.line, arrival))
    by_line = {row.line: row for row in rows}
    kept: list[tuple[RawRow, tuple[Fault, ...]]] = []

    def also(unit: UnitOfWork, done: Sequence[Registered]) -> None:
        mistaken = [
            (by_line[line], (Fault("$", one.rule),))
            for (line, _), one in zip(arrivals, done, strict=True)
            if one.outcome is Outcome.REFUSED
        ]
        kept[:] = sorted([*held, *mistaken], key=lambda pair: pair[0].line)
        known = unit.staging.lines(batch.tag, [row.line for row, _ in kept])
        new = [(row, faults) for row, faults in kept if row.line not in known]
        keys = desk.data_keys.take(len(new)) if new else []
        unit.staging.add([_staged(batch, row, faults, key) for (row, faults), key in zip(new, keys, strict=True)])
        entry = AuditEntry.by(
            actor, "load", desk.now(), purpose=batch.purpose, channel=channel.name,
            count=len(rows), rule=f"held:{len(kept)}", faults=counted(one for _, faults in kept for one in faults),
        )  # fmt: skip
        entries = [entry]
        if beyond:
            # What the agreement does not cover never came in; that it was sent is in the log.
            entries.append(
                attrs.evolve(
                    entry, outcome=audit.Outcome.REFUSED, fields=tuple(sorted(beyond)), rule="field_not_allowed",
                    count=max(beyond.values()), faults={},
                )
            )  # fmt: skip
        record(desk, unit, entries)

    done = register(desk, [arrival for _, arrival in arrivals], actor=actor, also=also)
    for (line, arrival), one in zip(arrivals, done, strict=True):
        if batch.each is not None and one.outcome is not Outcome.REFUSED:
            batch.each(LoadedRow(line, arrival.origin.key, one.cif_no, one.outcome))
    told = [HeldRow(row.line, faults) for row, faults in kept]
    if batch.each_held is not None:
        for row_told in told:
            batch.each_held(row_told)
    return attrs.evolve(
        report,
        rows=report.rows + len(rows),
        outcomes=report.outcomes + Counter(one.outcome for one in done if one.outcome is not Outcome.REFUSED),
        held=(*report.held, *told[: _MOST_TOLD - len(report.held)]),
        held_count=report.held_count + len(told),
        warnings=report.warnings + warnings,
        waiting=report.waiting + sum(one.task_id is not None for one in done),
        proposals=report.proposals + sum(len(one.proposed) for one in done),
    )


def take_in(desk: Desk, row: RawRow, channel: Channel, delivery: bytes) -> tuple[Arrival | None, tuple[Fault, ...]]:
    """A row as an arrival, or None, with everything found about it."""
    if row.values is None:
        # A column's name is the mapping's own word, so it may be told.
        return None, (Fault(f"$.{row.column}" if row.column else "$", row.rule),)
    mapped = map_row(row.values, channel, desk.zone)
    form = desk.standardizer.standardize(mapped.kind, mapped.values, found=mapped.faults)
    capture = desk.standards.of(mapped.kind, channel.requires, channel.name)
    form = capture.check(form, today=desk.today())
    if capture.consents:  # no row of a file brings a consent
        form = attrs.evolve(form, faults=(*form.faults, Fault("$.consents", "consent_needed")))
    if form.refused:
        return None, form.faults
    arrival = Arrival(
        origin=SourceKey(channel.source, mapped.source_key),
        channel=channel.name,
        form=tokenized(desk, form),
        terms=Terms(
            trust=channel.trust,
            trust_by_field=channel.trust_by_field,
            may_change=channel.may_change - TWO_PERSONS,
            decay={name: Decay(days=days, least=least) for name, (days, least) in channel.decay.items()},
        ),
        business_time=None if mapped.business_time is None else to_micros(mapped.business_time),
        delivery=delivery,
    )
    return arrival, form.faults


def staged_place(batch: bytes, line: int) -> Place:
    """Where a held row belongs."""
    return Place(table="staged_row", owner=(batch, line), group="staged-row")


def _staged(batch: _Batch, row: RawRow, faults: tuple[Fault, ...], key: DataKey) -> StagedRow:
    now = batch.desk.now()
    payload = {
        "format": 1, "raw": row.raw.hex(), "values": row.values, "delivery": batch.delivery(row).hex(),
        "encoding": batch.channel.encoding if batch.channel.format in ("csv", "jsonl", "fixed") else "utf-8",
    }  # fmt: skip
    return StagedRow(
        batch=batch.tag, line=row.line, channel=batch.channel.name, key_id=key.id,
        sealed=batch.desk.sealer.seal(payload, key, staged_place(batch.tag, row.line)),
        faults=dumps([[fault.path, fault.rule, fault.severity] for fault in faults]), actor=batch.actor.id,
        staged_at=now, expires_at=now + _HELD_DAYS * 86_400 * 1_000_000,
    )  # fmt: skip
