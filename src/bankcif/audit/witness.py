"""
Witnesses: whoever remembers a checkpoint where the log's own operators can not change it.

A witness takes a checkpoint only if it is shown that the log grew since the one it holds. So a log that was cut, or
rolled back, or shown to two witnesses in two forms, no longer finds a witness that takes its checkpoints.

Source: C2SP tlog-witness (the order of checks, and the answer that tells the size held).
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Protocol

from ..errors import AuditError, WitnessError
from .checkpoint import Checkpoint
from .note import NoteKey, opened
from .tree import is_consistent

__all__ = ["FileWitness", "Witness", "accept", "text_of"]

_TAIL = 1 << 16


class Witness(Protocol):
    """Remembers checkpoints elsewhere."""

    @property
    def name(self) -> str:
        """What to call it in reports: a path, or an address without secrets."""

    def add(self, note: str, old: int, proof: Sequence[bytes]) -> str:
        """
        Takes the checkpoint *note*.

        Args:
            note: A signed checkpoint.
            old: Over how many entries the checkpoint is that this witness is thought to hold; 0 if none.
            proof: That the log only grew since then.

        Returns:
            Signature lines by which the witness vouches for it; empty if it signs nothing.

        Raises:
            WitnessError: It holds another (``witness_conflict``, with the size of what it holds), the log is not a
                growth of what it holds (``witness_split``), it does not want this log (``witness_refused``), or it does not
                answer (``witness_silent``).
        """

    def kept(self, origin: str) -> Sequence[str]:
        """The checkpoints of a log that it can show, oldest first; none if it shows nothing."""


def accept(held: str | None, note: str, old: int, proof: Sequence[bytes], keys: Collection[NoteKey]) -> bool:
    """
    Whether a witness that holds *held* has to keep *note*: False if it holds it already.

    Raises:
        WitnessError: It must not take it; see `Witness.add`.
    """
    try:
        new = Checkpoint.read(opened(note, keys) if keys else text_of(note))
    except AuditError:
        new = None
    if new is None:
        raise WitnessError("the checkpoint is none, or not signed by a key this witness knows", rule="witness_refused")
    known = None if held is None else Checkpoint.read(text_of(held))
    size = known.size if known else 0
    if old != size:
        raise WitnessError(f"this witness holds a checkpoint over {size} entries", rule="witness_conflict", size=size)
    if known is not None and not is_consistent(known.size, new.size, proof, known.root, new.root):
        raise WitnessError(
            f"the log is not a growth of the {size} entries that this witness has seen", rule="witness_split", size=size
        )
    return known is None or new.size > known.size


def text_of(note: str) -> str:
    """The text of a note, whoever signed it."""
    return note[: note.rfind("\n\n") + 1]


class FileWitness:
    """
    A file that is only ever appended to; put it where the database's operators can not write, best on a medium that
    refuses changes. One JSON object a line: ``origin``, ``note``.

    Args:
        path: The file; made with the first checkpoint.
        keys: Keys of the logs it takes checkpoints of; any log's if empty.
    """

    def __init__(self, path: str | Path, *, keys: Collection[NoteKey] = ()) -> None:
        self._path = Path(path)
        self._keys = tuple(keys)

    @property
    def name(self) -> str:
        return str(self._path)

    def add(self, note: str, old: int, proof: Sequence[bytes]) -> str:
        problem = ""
        try:
            with self._path.open("a+b") as file:
                _lock(file.fileno())  # checking and appending are one step
                origin = text_of(note).partition("\n")[0]
                last = _last(file.fileno(), origin)
                if last is None:
                    self._need_notes(self._path.read_bytes().splitlines())
                if accept(last, note, old, proof, self._keys):
                    line = json.dumps({"origin": origin, "note": note}, ensure_ascii=False)
                    file.seek(0, os.SEEK_END)
                    # A line that a crash cut short stays behind, and is passed over when the file is read.
                    file.write((("\n" if _is_torn(file.fileno()) else "") + line + "\n").encode())
                    file.flush()
                    os.fsync(file.fileno())
        except OSError as error:
            problem = type(error).__name__
        if problem:
            raise WitnessError(f"the witness {self._path} cannot be written ({problem})", rule="witness_silent")
        return ""

    def kept(self, origin: str) -> Sequence[str]:
        if not self._path.exists():
            return []
        lines = self._path.read_bytes().splitlines()
        self._need_notes(lines)
        return [note for line in lines if (note := _note(line, origin)) is not None]

    def _need_notes(self, lines: Sequence[bytes]) -> None:
        """Raises `WitnessError` for a file of which no line is a note of some log; an empty one has not begun, and a first line may be cut short."""
        if lines and not any(map(_is_whole, lines)) and not (len(lines) == 1 and lines[0].startswith(b'{"origin"')):
            raise WitnessError(
                f"the witness {self._path} holds no checkpoints; it is damaged, or another file", rule="witness_silent"
            )


def _lock(file: int) -> None:
    """Holds other processes off until the file is closed; where the system has no such lock, one process writes."""
    try:
        import fcntl
    except ImportError:
        return
    fcntl.flock(file, fcntl.LOCK_EX)


def _last(file: int, origin: str) -> str | None:
    """The last note of *origin* in the file: looked for in its tail first, since that is where it stands."""
    size = os.fstat(file).st_size
    for begin in dict.fromkeys((max(0, size - _TAIL), 0)):
        lines = os.pread(file, size - begin, begin).splitlines()
        for line in reversed(lines if not begin else lines[1:]):
            note = _note(line, origin)
            if note is not None:
                return note
    return None


def _is_torn(file: int) -> bool:
    size = os.fstat(file).st_size
    return size > 0 and os.pread(file, 1, size - 1) != b"\n"


def _is_whole(line: bytes) -> bool:
    """Whether *line* is a note of some log."""
    try:
        entry = json.loads(line)
    except ValueError:
        return False
    return isinstance(entry, dict) and _note(line, str(entry.get("origin"))) is not None


def _note(line: bytes, origin: str) -> str | None:
    """The note in *line*, if it is one of *origin*."""
    try:
        entry = json.loads(line)
        note = str(entry["note"]) if entry["origin"] == origin else None
        if note is not None:
            Checkpoint.read(text_of(note))
    except (ValueError, KeyError, TypeError, AuditError):
        return None
    return note
