"""
Checkpoints: signed heads of the one tree over all entries.

A checkpoint appends to the tree what every stream has got since the checkpoint before, stream by stream in the order
of their names, and signs what the tree has become. Its text is a C2SP checkpoint with extension lines, which say what
a reader of the log can check for himself:

    bankcif/<id of the store>
    <how many entries>
    <root hash, base64>
    after <how many entries the checkpoint before had>
    time <instant, UTC, with microseconds>
    stream <name> <number of its last entry>          one line for each stream, by name

Source: C2SP tlog-checkpoint v1.0.0; RFC 6962 (2013), clause 3.5 (signed tree heads).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime

import attrs

from .._clock import from_micros, to_micros
from ..errors import AuditError
from .tree import Frontier

__all__ = ["Checkpoint", "CheckpointRow", "origin_of"]

_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
_NUMBER = r"(0|[1-9][0-9]{0,18})"
_LINES = re.compile(
    rf"(?P<origin>[^\n]+)\n(?P<size>{_NUMBER})\n(?P<root>[A-Za-z0-9+/]{{43}}=)\nafter (?P<after>{_NUMBER})\n"
    rf"time (?P<time>[0-9TZ:.-]{{27}})\n(?P<streams>(stream [a-z0-9]{{1,32}} {_NUMBER}\n)*)",
    re.ASCII,
)
_HASH = 32


def origin_of(store_id: str) -> str:
    """The name of a store's log, which is also the name of the key that signs its checkpoints."""
    return f"bankcif/{store_id}"


@attrs.frozen(kw_only=True)
class Checkpoint:
    """
    What a checkpoint says.

    Attributes:
        origin: Which log.
        size: How many entries the tree has.
        root: Its hash, 32 bytes.
        after: Size of the checkpoint before; 0 of the first.
        at: When it was made; microseconds since 1970, UTC.
        streams: The number of each stream's last entry in the tree.
    """

    origin: str
    size: int
    root: bytes
    after: int
    at: int
    streams: Mapping[str, int]

    @property
    def text(self) -> str:
        """The lines that are signed."""
        lines = [
            self.origin, str(self.size), base64.b64encode(self.root).decode(), f"after {self.after}",
            f"time {from_micros(self.at).strftime(_TIME)}",
            *(f"stream {name} {number}" for name, number in sorted(self.streams.items())),
        ]  # fmt: skip
        return "\n".join(lines) + "\n"

    @classmethod
    def read(cls, text: str) -> Checkpoint:
        """
        What *text* says.

        Raises:
            AuditError: It is no checkpoint of this form.
        """
        found = _LINES.fullmatch(text)
        if found is not None:
            streams = {
                name: int(number) for _, name, number in (line.split(" ") for line in found["streams"].splitlines())
            }
            try:
                at = to_micros(datetime.strptime(found["time"], _TIME).replace(tzinfo=UTC))
                checkpoint = cls(
                    origin=found["origin"], size=int(found["size"]), root=base64.b64decode(found["root"]),
                    after=int(found["after"]), at=at, streams=streams,
                )  # fmt: skip
            except ValueError:
                checkpoint = None
            # Written again it must be the same: two texts never mean one checkpoint.
            if checkpoint is not None and checkpoint.text == text and sum(streams.values()) == checkpoint.size:
                return checkpoint
        raise AuditError("this is no checkpoint of a log of this library", rule="checkpoint")


@attrs.frozen
class CheckpointRow:
    """
    A checkpoint as it rests.

    Attributes:
        size: How many entries it vouches for.
        at: When it was made; stands in the note too.
        pieces: The tree's frontier, its hashes one behind the other; from it the next one grows. Not trusted: its root
            must be the note's.
        note: The signed note.
    """

    size: int
    at: int
    pieces: bytes
    note: str

    @classmethod
    def of(cls, checkpoint: Checkpoint, tree: Frontier, note: str) -> CheckpointRow:
        """The row of *checkpoint* over *tree*, signed as *note*."""
        return cls(size=checkpoint.size, at=checkpoint.at, pieces=b"".join(tree.pieces), note=note)

    @property
    def tree(self) -> Frontier:
        """
        The frontier.

        Raises:
            AuditError: The pieces are not as many as the size asks for.
        """
        pieces = tuple(self.pieces[at : at + _HASH] for at in range(0, len(self.pieces), _HASH))
        return Frontier(self.size, pieces)
