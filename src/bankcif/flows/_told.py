"""What the entries of the log say of other tables, taken in one after another while it is verified."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..audit import AuditRow, Head, said_by
from ..storage import UnitOfWork

__all__ = ["Sum", "Told"]

_MOST_PASSED = 1_000_000


class Told:
    """
    What the entries say, as far as it is compared with other tables.

    Entries come checkpoint by checkpoint, and below each stream by stream, so what two processes wrote in turn comes in another
    order. What each row stood at is kept as long as such a disorder may last, beside where it was left last.
    """

    def __init__(self, *, streams: int) -> None:
        self._in_order = streams < 2
        self.stamps: dict[str, tuple[int, str]] = {}
        self.marks: dict[str, tuple[int, str]] = {}
        self.twice: dict[str, int] = {}
        self._passed: dict[tuple[str, int], str] = {}
        self._stream = ""
        self.subjects = Sum()
        self.policy = (0, "")
        self.catalogue = (0, "")
        self.models: dict[str, tuple[int, str]] = {}

    def see(self, row: AuditRow, said: Mapping[str, Any]) -> None:
        if row.stream < self._stream or len(self._passed) > _MOST_PASSED:
            self._passed.clear()  # the entries below the next checkpoint: none is older than these
        self._stream = row.stream
        for cif_no in set(map(str, said.get("subjects", ()))):
            self.subjects.add((cif_no, row.stream, row.number))
        self.take(said)

    def take(self, said: Mapping[str, Any]) -> None:
        """Takes in what an entry says; one that is not as this library writes them is told by the chain and the tree."""
        try:
            self.note(said)
        except (ValueError, TypeError, AttributeError):
            pass

    def note(self, said: Mapping[str, Any]) -> None:
        """Keeps where each customer, each other row of which the log tells, and policy, catalogue and models in force were left last."""
        came = (said.get("at", 0), said.get("rule", "").rpartition(":")[2])
        if said.get("action") == "policy_in_force" and came[0] >= self.policy[0]:
            self.policy = came
        if said.get("action") == "catalogue_in_force" and came[0] >= self.catalogue[0]:
            self.catalogue = came
        if said.get("action") == "model_in_force":
            name = said["rule"].partition(":")[0]
            self.models[name] = max(came, self.models.get(name, came))
        for name, known in (("digests", self.stamps), ("marks", self.marks)):
            for key, stamp in said.get(name, {}).items():
                version, _, digest = stamp.partition(":")
                now, last = (int(version), digest), known.get(key)
                before = self._passed.get((key, now[0]), digest)
                if before != digest or (last is not None and last[0] == now[0] and last != now):
                    self.twice[key] = now[0]
                if not self._in_order:
                    self._passed[key, now[0]] = digest
                    if last is not None and last[0] != now[0]:
                        self._passed[key, last[0]] = last[1]
                if last is None or now[0] >= last[0]:
                    known[key] = now

    def read_on(self, unit: UnitOfWork, heads: Mapping[str, Head]) -> None:
        """Takes in what was written since the verification began: in the unit that then looks at rows again."""
        for stream, head in unit.trail.heads().items():
            number = heads.get(stream, Head()).number
            for entry in unit.trail.entries(stream, number, head.number, head.number - number):
                self.take(said_by(entry.body) or {})


class Sum:
    """A set of rows as two numbers: equal sets have equal ones, and others, but for a chance in 2**64, not."""

    def __init__(self) -> None:
        self.count = self.sum = 0

    def add(self, row: tuple[str, str, int]) -> None:
        self.count += 1
        self.sum = (self.sum + hash(row)) & 0xFFFFFFFFFFFFFFFF
