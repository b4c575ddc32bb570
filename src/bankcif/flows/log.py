"""
The writer of the log: appends entries in the unit of what they tell of, and when enough have come, makes a checkpoint
and brings it to the witnesses, behind the unit and in one of its own.

An operation never waits for a checkpoint of another process and never fails for one: what a checkpoint vouches for is
already in the chain. How far the witnesses have seen the log is what `bankcif audit verify` prints.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence

import attrs

from .._clock import Clock, to_micros
from ..audit import (
    AuditEntry,
    AuditSink,
    Checkpoint,
    CheckpointRow,
    NoteSigner,
    Witness,
    chain,
    intervals,
    opened,
    text_of,
)
from ..audit.tree import EMPTY, Frontier, Growth, leaf_hash
from ..errors import AuditError, BankCIFError, WitnessError
from ..storage import Repository, UnitOfWork
from .forward import Forwarder

__all__ = ["Delivery", "LogPlan", "LogWriter", "leaves_between"]

_LOGGER = logging.getLogger("bankcif.audit")
_PAGE = 1000
_MICROS = 1_000_000
SILENT = frozenset({"witness_silent", "witness_refused"})
"""Rules by which a witness says nothing of the log: it does not answer, or not on this log."""


@attrs.frozen(kw_only=True)
class LogPlan:
    """
    How often the log is vouched for.

    Attributes:
        entries, seconds: A checkpoint is made when a process has written so many entries since its last one, or wrote
            the first of them so long ago and writes another; and when it closes.
        lease_seconds: After which silence another process may go on with this one's stream.
        pause_seconds: How long a witness that did not answer is left alone.
        forward_seconds: How long entries are gathered before sinks get them.
    """

    entries: int = 1000
    seconds: int = 60
    lease_seconds: int = 60
    pause_seconds: int = 300
    forward_seconds: float = 1.0


@attrs.frozen(kw_only=True)
class Delivery:
    """
    What became of bringing the last checkpoint to a witness.

    Attributes:
        witness: Its name.
        size: Over how many entries the checkpoint is that it holds now; -1 where that is not known.
        before: Over how many the one was that it had held; -1 where that is not known.
        rule, problem: Why it did not take the checkpoint; empty if it did.
    """

    witness: str
    size: int
    before: int
    rule: str = ""
    problem: str = ""

    @property
    def taken(self) -> bool:
        """Whether the witness holds the last checkpoint."""
        return not self.rule


class LogWriter:
    """
    Writes the log of one process, to a stream of its own.

    Args:
        repository: The store.
        tenant: Bound into every entry.
        signer: Signs checkpoints; its name is the log's.
        holder: Sixteen random bytes that tell this process from others.
        clock: Time.
        plan: How often the log is vouched for.
        witnesses: Who remembers checkpoints.
        sinks: Who gets the entries.
    """

    def __init__(
        self,
        *,
        repository: Repository,
        tenant: str,
        signer: NoteSigner,
        holder: bytes,
        clock: Clock,
        plan: LogPlan,
        witnesses: Sequence[Witness] = (),
        sinks: Sequence[AuditSink] = (),
    ) -> None:
        self._repository, self._tenant, self.signer = repository, tenant, signer
        self._holder, self._clock, self._plan = holder, clock, plan
        self.witnesses = tuple(witnesses)
        self.forwarder = Forwarder(repository, tenant, sinks, every=plan.forward_seconds)
        self._seen: dict[str, int] = {}
        self._paused: dict[str, int] = {}
        self._since, self._first_at = 0, 0
        self._stream = ""
        self._busy = threading.Lock()

    def append(self, unit: UnitOfWork, entries: Sequence[AuditEntry]) -> None:
        """Appends *entries* in *unit*, to the stream that this process has leased."""
        now = self._now()
        until = now + self._plan.lease_seconds * _MICROS
        lease = unit.audit.lease(self._holder, now, until, self._stream)
        self._stream = lease.stream
        rows, head = chain(self._tenant, lease.stream, lease.head, entries)
        subjects = [
            (row.stream, row.number, cif_no)
            for row, entry in zip(rows, entries, strict=True)
            for cif_no in sorted(set(entry.subjects))
        ]
        unit.audit.append(rows, subjects, head, until)
        self._first_at = self._first_at if self._since else now
        self._since += len(rows)

    def settle(self) -> None:
        """
        Makes a checkpoint and brings it to the witnesses, if one is due; called behind a unit.

        It never raises: the unit before it is committed, and its caller must not think otherwise.
        """
        if self._since:
            self.forwarder.wake()
        due = self._since >= self._plan.entries or (
            self._since > 0 and self._now() - self._first_at >= self._plan.seconds * _MICROS
        )
        if not due or not self._busy.acquire(blocking=False):
            return
        try:
            self._vouch()
        finally:
            self._busy.release()

    def _vouch(self) -> None:
        try:
            self.checkpoint()
            self.deliver(patient=False)
        except BankCIFError as error:
            _LOGGER.warning("no checkpoint of the audit log was made (%s); the next is tried as usual", error.code)

    def checkpoint(self) -> Checkpoint | None:
        """
        Signs what the log has become since the last checkpoint; None if nothing came.

        Raises:
            AuditError: The last checkpoint is not what was signed, or entries behind it are missing.
            ConflictError: Another process made one at the same moment.
        """
        since, self._since = self._since, 0
        try:
            return self._signed()
        except BankCIFError:
            self._since += since  # what was not vouched for is still due
            raise

    def _signed(self) -> Checkpoint | None:
        with self._repository.unit_of_work() as unit:
            last, tree = self.last(unit)
            heads = {stream: head.number for stream, head in unit.trail.heads().items() if head.number}
            if sum(heads.values()) == last.size:
                return None
            tree = tree.grown(_leaves(unit, last.streams, heads))
            made = Checkpoint(
                origin=last.origin, size=tree.size, root=tree.root, after=last.size, at=self._now(), streams=heads
            )
            if tree.size != sum(heads.values()):
                raise AuditError("entries of the log are missing; run  bankcif audit verify", rule="missing")
            unit.audit.add_checkpoint(CheckpointRow.of(made, tree, self.signer.sign(made.text)))
            unit.commit()
        return made

    def last(self, unit: UnitOfWork) -> tuple[Checkpoint, Frontier]:
        """
        The last checkpoint and its tree; of a log without one, that of an empty tree.

        Raises:
            AuditError: It is not what was signed.
        """
        row = unit.audit.last_checkpoint()
        if row is None:
            return Checkpoint(origin=self.signer.key.name, size=0, root=EMPTY, after=0, at=0, streams={}), Frontier()
        checkpoint, tree = Checkpoint.read(opened(row.note, [self.signer.key])), row.tree
        if tree.size != checkpoint.size or tree.root != checkpoint.root:
            raise AuditError("the last checkpoint is not what was signed; run  bankcif audit verify", rule="checkpoint")
        return checkpoint, tree

    def greet(self) -> None:
        """
        Shows the witnesses, when a store is opened, that its log grew since they last saw it.

        Raises:
            AuditError: One of them has seen another log, or more of this one than there is.
        """
        with self._repository.unit_of_work() as unit:
            signed = unit.audit.last_checkpoint() is not None
        if self.witnesses and not signed:
            self.checkpoint()
        wrong = [one for one in self.deliver() if one.rule not in ("", *SILENT)]
        if wrong:
            raise AuditError(
                f"the witness {wrong[0].witness} has seen another log: {wrong[0].problem}; run  bankcif audit verify , and if "
                f"the store was restored on purpose, begin with a new witness",
                rule=wrong[0].rule,
            )

    def deliver(self, *, patient: bool = True) -> list[Delivery]:
        """
        Brings the last checkpoint to every witness; one that did not answer of late is left alone, unless *patient*.
        """
        found: list[Delivery] = []
        for witness in self.witnesses:
            if not patient and self._now() < self._paused.get(witness.name, 0):
                continue
            row = self._last_row()
            if row is None:
                break
            done = self._bring(witness, row)
            # As long as the log, looked at anew, has what the witness has, another process was faster and nothing was cut.
            while done.rule == "truncated" and (later := self._last_row()) is not None and later.size >= done.size:
                done = self._bring(witness, later)
            self._paused[witness.name] = 0 if done.taken else self._now() + self._plan.pause_seconds * _MICROS
            if not done.taken:
                _LOGGER.warning("the witness %s has not taken a checkpoint (%s)", witness.name, done.rule)
            found.append(done)
        return found

    def _last_row(self) -> CheckpointRow | None:
        with self._repository.unit_of_work() as unit:
            return unit.audit.last_checkpoint()

    def _bring(self, witness: Witness, row: CheckpointRow) -> Delivery:
        held, known = self._seen.get(witness.name, 0), -1
        refused = self._offer(witness, row, held)
        # Whenever it says anew how far it is, the log can be proved to have grown since; other processes bring it on meanwhile.
        while refused is not None and refused.rule == "witness_conflict" and known < refused.size <= row.size:
            held = known = refused.size
            refused = self._offer(witness, row, held)
        if refused is None:
            self._seen[witness.name] = row.size
            return Delivery(witness=witness.name, size=row.size, before=held)
        if refused.rule == "witness_conflict" and refused.size > row.size:
            problem = f"the witness has seen {refused.size} entries signed, and the log has {row.size}"
            return Delivery(
                witness=witness.name, size=refused.size, before=refused.size, rule="truncated", problem=problem
            )
        return Delivery(
            witness=witness.name, size=refused.size, before=refused.size, rule=refused.rule, problem=str(refused)
        )

    def _offer(self, witness: Witness, row: CheckpointRow, held: int) -> WitnessError | None:
        try:
            witness.add(row.note, held, self.growth(held, row))
        except WitnessError as error:
            return error
        except Exception as error:
            # A witness is the bank's or a stranger's code: what it stumbles over is not the operation's fault.
            _LOGGER.warning("the witness %s failed with %s", witness.name, type(error).__name__)
            return WitnessError(f"the witness {witness.name} failed", rule="witness_silent")
        return None

    def growth(self, old: int, row: CheckpointRow) -> list[bytes]:
        """
        The proof that the log of checkpoint *row* is a growth of its first *old* entries.

        Raises:
            WitnessError: No checkpoint was ever signed over that many entries.
        """
        if old in (0, row.size):
            return []
        with self._repository.unit_of_work() as unit:
            found = unit.trail.checkpoints(old - 1, 1)
            if not found or found[0].size != old:
                raise WitnessError(
                    f"the witness holds a checkpoint over {old} entries, and the log has none over as many",
                    rule="witness_split", size=old,
                )  # fmt: skip
            return Growth(found[0].tree, list(leaves_between(unit, found[0], row))).consistency()

    def close(self) -> None:
        """Makes the last checkpoint, brings it to the witnesses, gives the stream back, and lets the sinks have the rest."""
        if self._since:
            self._vouch()
        with self._repository.unit_of_work() as unit:
            unit.audit.release(self._holder)
            unit.commit()
        self.forwarder.close()

    def _now(self) -> int:
        return to_micros(self._clock.now())


def leaves_between(unit: UnitOfWork, old: CheckpointRow, new: CheckpointRow) -> Iterator[bytes]:
    """The hashes of the leaves that the checkpoints behind *old* appended, up to *new*."""
    before = Checkpoint.read(text_of(old.note)).streams if old.size else {}
    size = old.size
    while size < new.size:
        found = unit.trail.checkpoints(size, 1)
        if not found:
            return
        after = Checkpoint.read(text_of(found[0].note)).streams
        yield from _leaves(unit, before, after)
        before, size = after, found[0].size


def _leaves(unit: UnitOfWork, before: Mapping[str, int], after: Mapping[str, int]) -> Iterator[bytes]:
    for stream, first, last in intervals(before, after):
        number = first
        while number < last:
            rows = unit.trail.entries(stream, number, last, _PAGE)
            if not rows:
                break
            yield from (leaf_hash(row.hash) for row in rows)
            number = rows[-1].number
