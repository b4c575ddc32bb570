"""
What another system is told of a customer, and who takes it: the changes of a feed, and a file of CloudEvents made of them.

A change carries the customer as they are, not what was done to them. So a consumer that keeps the latest change of each key has a copy, and what comes
twice does no harm. Parts of a feed have turns, each greater than that of the one before: a consumer that may be reached by two processes at once keeps the
turn of the last part that it has, and takes none of a lesser.

Source: CloudEvents 1.0.2, JSON event format; its extension Sequence.
"""

from __future__ import annotations

import enum
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import attrs

from .._clock import from_micros
from ..errors import DeliveryError

__all__ = ["Change", "ChangeKind", "CloudEventsFile", "Consumer", "cloud_event"]


class ChangeKind(enum.StrEnum):
    """What a change tells."""

    BEGUN = "begun"
    """The whole file comes, a customer at a time: whatever the consumer has is to be dropped."""
    CURRENT = "current"
    """A customer as they are now, for this consumer."""
    GONE = "gone"
    """A customer of whom this consumer may know nothing, or nothing any more: what it has of them is to be deleted."""
    WHOLE = "whole"
    """The whole file has come; what follows is what changed since it began."""


@attrs.frozen(kw_only=True)
class Change:
    """
    What a consumer is told.

    Attributes:
        id: Of the change in its feed; that of no other change. When it comes again on the same day it is the same.
        turn: Of the part of the feed that it came with.
        kind: What it is.
        key: The customer: the CIF number in the house, outside a pseudonym. Empty of what is about the whole file, as all that follows.
        version: Of the customer's values and records. The calendar, and what others decide, turn what may be told of one version.
        at: When they changed; microseconds since 1970, UTC.
        fields: Which of the feed's fields may be others since they were last told, as far as the consumer sees them.
        values: What the consumer may have of them, by field, in stored form; a field without a value is missing.
        into: Of a customer who was merged, the key of who they are now; in the house, and if something of them may go.
    """

    id: str
    turn: int
    kind: ChangeKind
    key: str = ""
    version: int = 0
    at: int = 0
    fields: tuple[str, ...] = ()
    values: Mapping[str, Any] = attrs.field(factory=dict, repr=False)
    into: str = ""


class Consumer(Protocol):
    """Takes changes to where another system has its copy."""

    def take(self, changes: Sequence[Change]) -> None:
        """
        Takes *changes*, in their order, and has them for good when it returns. Whatever it raises, they come again, and so they may after a crash.

        Raises:
            DeliveryError: It could not.
        """


def cloud_event(change: Change, *, feed: str, tenant: str) -> str:
    """A change as a CloudEvent, in JSON without a newline; *feed* and *tenant* make its source."""
    event: dict[str, Any] = {
        "specversion": "1.0", "id": change.id, "sequence": f"{change.turn:020}", "source": f"/bankcif/{quote(tenant, safe='')}/feeds/{quote(feed, safe='')}",
        "type": f"bankcif.customer.{change.kind}" if change.key else f"bankcif.feed.{change.kind}",
    }  # fmt: skip
    if not change.key:
        return json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    data: dict[str, Any] = {"version": change.version}
    if change.kind is ChangeKind.CURRENT:
        data |= {"fields": list(change.fields), "values": dict(change.values)}
    if change.into:
        data["into"] = change.into
    at = from_micros(change.at).isoformat(timespec="microseconds").replace("+00:00", "Z")
    event |= {"subject": change.key, "time": at, "datacontenttype": "application/json", "data": data}
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))


class CloudEventsFile:
    """
    Appends CloudEvents to a file that a shipper of the bank's reads, one a line. A line that is none is what a crash left; it comes again whole.

    Args:
        path: The file; made with the first change, readable by its owner alone.
        feed, tenant: Make the events' source.
    """

    def __init__(self, path: str | Path, *, feed: str, tenant: str) -> None:
        self._path, self._feed, self._tenant = Path(path), feed, tenant

    def take(self, changes: Sequence[Change]) -> None:
        """Appends *changes*, and has them on the disk when it returns."""
        lines = [cloud_event(change, feed=self._feed, tenant=self._tenant) for change in changes]
        problem = ""
        try:
            file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            with open(file, "r+b") as out:  # noqa: PTH123 (a descriptor, not a path)
                end = out.seek(0, os.SEEK_END)
                torn = end > 0 and os.pread(file, 1, end - 1) != b"\n"
                out.write(b"\n" * torn + "".join(line + "\n" for line in lines).encode())
                out.flush()
                os.fsync(out.fileno())
        except OSError as error:
            problem = type(error).__name__
        if problem:
            raise DeliveryError(f"{self._path} cannot be written ({problem})", rule="consumer")
