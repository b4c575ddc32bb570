"""Vouching for the log: checkpoints on request, and the proof that one entry stands in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..access import Action
from ..audit import Checkpoint, CheckpointRow, EntryProof, Head, intervals, text_of
from ..audit.tree import Frontier, Growth
from ..context import Actor, Purpose
from ..errors import InputError
from ..storage import UnitOfWork
from .desk import Desk, authorize, note
from .log import Delivery, leaves_between

__all__ = ["checkpoint", "checkpoints_of", "forward", "proof_of", "prove"]

_PAGE = 1000


def checkpoint(desk: Desk, *, actor: Actor, purpose: Purpose) -> tuple[Checkpoint | None, list[Delivery]]:
    """
    Signs what the log has become, and brings the last checkpoint to every witness; to be run from a scheduler.

    Returns:
        The checkpoint, and what became of it at each witness.

    Raises:
        AuditError: The last checkpoint is not what was signed, or entries behind it are missing.
        NotFoundOrNotAllowedError: The policy does not let *actor* audit.
    """
    authorize(desk, actor, Action.AUDIT, "checkpoint", purpose)
    note(desk, actor, "checkpoint", purpose=purpose)
    return desk.log.checkpoint(), desk.log.deliver()


def forward(desk: Desk, *, actor: Actor, purpose: Purpose) -> Mapping[str, int]:
    """
    Brings every sink what it has not got yet; to be run from a scheduler, beside what running processes bring by themselves.

    Returns:
        How many entries each sink got, by its name; -1 where it failed.

    Raises:
        NotFoundOrNotAllowedError: The policy does not let *actor* audit.
    """
    authorize(desk, actor, Action.AUDIT, "forward", purpose)
    note(desk, actor, "forward", purpose=purpose)
    return desk.log.forwarder.forward()


def prove(desk: Desk, stream: str, number: int, *, actor: Actor, purpose: Purpose) -> EntryProof:
    """
    The proof that entry *number* of *stream* stands in the log, under the first checkpoint that covers it.

    Raises:
        InputError: There is no such entry, or no checkpoint covers it yet.
        NotFoundOrNotAllowedError: The policy does not let *actor* audit.

    Cost: reads the checkpoints before it, and what that one appended.
    """
    authorize(desk, actor, Action.AUDIT, "prove", purpose)
    note(desk, actor, "prove", purpose=purpose, rule=f"{stream[:32]}:{number}")
    return proof_of(desk, stream, number)


def proof_of(desk: Desk, stream: str, number: int) -> EntryProof:
    """
    As `prove`, for a flow that has told the log why.

    Raises:
        InputError: There is no such entry, or no checkpoint covers it yet.
    """
    with desk.repository.unit_of_work() as unit:
        found = [] if number < 1 else unit.trail.entries(stream, max(number - 2, 0), number, 2)
    if not found or found[-1].number != number:
        raise InputError("the log has no such entry", rule="entry")
    with desk.repository.unit_of_work() as unit:
        before, covering = _around(unit, stream, number)
        if covering is None:
            raise InputError(
                "no checkpoint covers this entry yet; run  bankcif audit checkpoint  first", rule="unsigned"
            )
        leaves = list(leaves_between(unit, before, covering))
    index = before.size + _offset(_streams(before), _streams(covering), stream, number)
    return EntryProof(
        tenant=desk.tenant, stream=stream, number=number, previous=Head().hash if number == 1 else found[0].hash,
        body=found[-1].body, sealed=found[-1].sealed, index=index,
        path=tuple(Growth(before.tree, leaves).inclusion(index)), note=covering.note,
    )  # fmt: skip


def checkpoints_of(unit: UnitOfWork) -> Iterator[CheckpointRow]:
    """Every checkpoint, by size."""
    size = 0
    while page := unit.trail.checkpoints(size, _PAGE):
        yield from page
        size = page[-1].size


def _around(unit: UnitOfWork, stream: str, number: int) -> tuple[CheckpointRow, CheckpointRow | None]:
    """The last checkpoint that does not cover the entry (an empty one, if there is none), and the first that does."""
    before = CheckpointRow.of(Checkpoint(origin="", size=0, root=b"", after=0, at=0, streams={}), Frontier(), "")
    for row in checkpoints_of(unit):
        if _streams(row).get(stream, 0) >= number:
            return before, row
        before = row
    return before, None


def _streams(row: CheckpointRow) -> Mapping[str, int]:
    return Checkpoint.read(text_of(row.note)).streams if row.size else {}


def _offset(before: Mapping[str, int], after: Mapping[str, int], stream: str, number: int) -> int:
    """How many leaves of a checkpoint stand before the entry's."""
    leaves = 0
    for name, first, last in intervals(before, after):
        if name == stream:
            return leaves + number - first - 1
        leaves += last - first
    raise AssertionError("the checkpoint covers the entry")  # pragma: no cover
