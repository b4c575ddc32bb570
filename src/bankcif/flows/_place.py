"""How far a feed is: in each stream of the log, and, as long as it brings the whole file, behind which customer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta

import attrs

from ..errors import StorageError
from ..party import CifNo
from ..storage import UnitOfWork
from ..storage.rows import OutboxRow

__all__ = ["Place"]

_BEGIN = (0, "")


@attrs.frozen(kw_only=True)
class Place:
    """
    Up to where the consumer of a feed has what changed.

    Attributes:
        streams: The last change that it has of each stream: the number of the entry of the log, and the customer.
        copied: Behind which customer the whole file goes on; None once all of it went.
        ground: Digest of what the policy says of the feed; the whole goes anew when it says something else.
        begun: At which turn the whole began.
        turned: The day, and the customer on it, up to whom the consumer has what the calendar alone turned.
    """

    streams: Mapping[str, tuple[int, str]]
    copied: str | None
    ground: str
    begun: int
    turned: tuple[str, str]

    @classmethod
    def beginning(cls, unit: UnitOfWork, ground: str, turn: int, today: date) -> Place:
        """Before the first customer. What changes from now on comes behind the whole."""
        # Behind all that an entry has: whoever begins to copy after this sees what it says.
        ends = {stream: (head.number + 1, "") for stream, head in unit.trail.heads().items()}
        return cls(streams=ends, copied="", ground=ground, begun=turn, turned=(today.isoformat(), ""))

    @classmethod
    def read(cls, text: str) -> Place:
        """The place that was written as *text*. Raises `StorageError` if it is none."""
        try:
            said = json.loads(text)
            streams = {str(stream): (int(number), str(cif_no)) for stream, (number, cif_no) in said["streams"].items()}
            return cls(
                streams=streams, copied=said["copied"], ground=str(said["ground"]), begun=int(said["begun"]),
                turned=(date.fromisoformat(said["turned"][0]).isoformat(), str(said["turned"][1])),
            )  # fmt: skip
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            pass
        raise StorageError("how far the feed is cannot be read; begin it anew", rule="feed_place")

    @property
    def text(self) -> str:
        """To be kept."""
        return json.dumps(attrs.asdict(self), separators=(",", ":"), sort_keys=True)

    def first_behind(self, unit: UnitOfWork) -> OutboxRow | None:
        """The oldest change that its consumer has not got; None if there is none."""
        waiting = [rows[0][1] for stream in unit.trail.heads() if (rows := self._of(unit, stream, 1))]
        return min(waiting, key=lambda row: row.at, default=None)

    def behind(self, unit: UnitOfWork, most: int) -> tuple[list[OutboxRow], Place]:
        """Up to *most* changes that its consumer has not got, and where it is then."""
        found: list[OutboxRow] = []
        streams = dict(self.streams)
        for stream in sorted(unit.trail.heads()):
            rows = self._of(unit, stream, most - len(found)) if len(found) < most else ()
            if rows:
                found += [row for _, row in rows]
                streams[stream] = (rows[-1][0], rows[-1][1].cif_no)
        return found, attrs.evolve(self, streams=streams)

    def turning(
        self, unit: UnitOfWork, feed: str, tag: Callable[[date], bytes], today: date, most: int
    ) -> tuple[list[CifNo], Place]:
        """Up to *most* customers of whom the calendar turned until *today* what may be said of them, and where it is then."""
        found: list[CifNo] = []
        day, after = date.fromisoformat(self.turned[0]), self.turned[1]
        while day <= today and len(found) < most:
            room = most - len(found)
            some = unit.feeds.on(feed, tag(day), after, room)
            found += some
            day, after = (day, some[-1]) if len(some) == room else (day + timedelta(days=1), "")
        return found, attrs.evolve(self, turned=(day.isoformat(), after))

    def days_until(self, later: Place) -> Iterator[date]:
        """The days that are over at a *later* place, and were not at this one."""
        day, end = (date.fromisoformat(one.turned[0]) for one in (self, later))
        while day < end:
            yield day
            day += timedelta(days=1)

    def whole(self, unit: UnitOfWork, most: int) -> tuple[list[CifNo], Place]:
        """Up to *most* of the customers who were not copied yet, and where it is then."""
        assert self.copied is not None
        rows = unit.parties.page(self.copied, most)
        copied = rows[-1].cif_no if len(rows) == most else None
        return [row.cif_no for row in rows], attrs.evolve(self, copied=copied)

    def passed(self) -> Iterator[tuple[str, int]]:
        """Up to which entry of each stream nothing is needed any more."""
        for stream, (number, _) in self.streams.items():
            yield stream, number - 1  # of the last one it may have a part

    def _of(self, unit: UnitOfWork, stream: str, most: int) -> list[tuple[int, OutboxRow]]:
        return [*unit.outbox.after(stream, self.streams.get(stream, _BEGIN), most)]
