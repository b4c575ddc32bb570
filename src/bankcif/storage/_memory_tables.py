"""The tables of a store in memory, with a log to take changes back by."""

from __future__ import annotations

from bisect import bisect_right
from collections import UserDict
from collections.abc import Callable, Collection, ItemsView, Iterable, Iterator, Mapping, ValuesView
from itertools import islice
from typing import Any, Generic, TypeVar

import attrs

from ..approval import Approval
from ..audit import AuditRow, CheckpointRow, Head
from ..errors import ConflictError
from ..party import CifNo
from .model_rows import ModelRow
from .portrait_rows import CatalogueRow, PortraitRow
from .quality_rows import FigureRow, FindingRow, SheetRow
from .rows import (
    ChallengeRow,
    ClaimRow,
    CredentialRow,
    FactRow,
    FeedRow,
    GoldenRow,
    IndexRow,
    LinkRow,
    NotAMatchRow,
    OutboxRow,
    PartyRow,
    PolicyRow,
    ReasonRow,
    ReviewRow,
    RotationRow,
    SourceRow,
    StagedRow,
    StoreRow,
    TaskRow,
)

__all__ = ["Data", "Held", "Store"]

K = TypeVar("K")
R = TypeVar("R")


class _Rows(UserDict[K, R]):
    """Rows by key, which knows their groups and the order of their keys."""

    def __init__(self, of: Callable[[K, R], Collection[object]]) -> None:
        self._of = of
        self._groups: dict[object, dict[K, R]] = {}
        self._order: list[Any] | None = None
        super().__init__()

    def __setitem__(self, key: K, row: R) -> None:
        if key in self.data:
            self._leave(key)
        else:
            self._order = None
        self.data[key] = row
        for name in self._of(key, row):
            self._groups.setdefault(name, {})[key] = row

    def __delitem__(self, key: K) -> None:
        self._leave(key)
        del self.data[key]
        self._order = None

    def _leave(self, key: K) -> None:
        for name in self._of(key, self.data[key]):
            del self._groups[name][key]

    def values(self) -> ValuesView[R]:
        return self.data.values()  # the dict's own view: what a mapping inherits looks every key up again

    def items(self) -> ItemsView[K, R]:
        return self.data.items()

    def group(self, name: object) -> Mapping[K, R]:
        """The rows of a group."""
        return self._groups.get(name, {})

    def groups(self, names: Iterable[object]) -> Mapping[K, R]:
        """The rows of any of the groups."""
        return {key: row for name in names for key, row in self.group(name).items()}

    def some(self, keys: Iterable[K]) -> Mapping[K, R]:
        """The rows with these keys, of those that are there."""
        return {key: self.data[key] for key in keys if key in self.data}

    def behind(self, key: K) -> Iterator[tuple[K, R]]:
        """The rows whose keys come behind *key*, in their order."""
        if self._order is None:
            keys: Iterable[Any] = self.data
            self._order = sorted(keys)
        order = self._order
        return ((order[at], self.data[order[at]]) for at in range(bisect_right(order, key), len(order)))

    def page(self, key: K, limit: int) -> list[R]:
        """At most *limit* of the rows whose keys come behind *key*, in their order."""
        return [row for _, row in islice(self.behind(key), limit)]


class _Table(Generic[K, R]):
    """
    A mapping that can take back what was done to it since the last commit.

    Args:
        undo: Steps that take it back.
        of: Into which groups a row belongs; they are read without going through all rows.
    """

    def __init__(
        self, undo: list[Callable[[], object]], of: Callable[[K, R], Collection[object]] = lambda key, row: ()
    ) -> None:
        self.rows = _Rows(of)
        self.group, self.groups, self.some = self.rows.group, self.rows.groups, self.rows.some
        self.behind, self.page = self.rows.behind, self.rows.page
        self._undo = undo

    def put(self, key: K, row: R) -> None:
        if key in self.rows:
            before = self.rows[key]
            self._undo.append(lambda: self.rows.__setitem__(key, before))
        else:
            self._undo.append(lambda: self.rows.pop(key, None))
        self.rows[key] = row

    def add(self, key: K, row: R) -> None:
        if key in self.rows:
            raise ConflictError("a row with this key exists", rule="conflict")
        self.put(key, row)

    def drop(self, key: K) -> None:
        if key in self.rows:
            before = self.rows.pop(key)
            self._undo.append(lambda: self.rows.__setitem__(key, before))


@attrs.frozen
class Held:
    """A stream's head, who writes the stream, and until when."""

    head: Head = attrs.field(factory=Head)
    holder: bytes | None = None
    until: int = 0


class Data:
    """All tables, and the log of how to take changes back."""

    def __init__(self) -> None:
        self.undo: list[Callable[[], object]] = []
        self.parties: _Table[CifNo, PartyRow] = _Table(self.undo)
        self.golden: _Table[tuple[CifNo, str, int], GoldenRow] = _Table(self.undo, lambda key, row: key[:1])
        self.facts: _Table[CifNo, FactRow] = _Table(self.undo)
        self.sources: _Table[tuple[str, str, int], SourceRow] = _Table(self.undo, lambda key, row: (key[:2],))
        self.links: _Table[tuple[str, str, int], LinkRow] = _Table(self.undo, lambda key, row: (row.origin, row.cif_no))
        self.not_matches: _Table[tuple[CifNo, CifNo], NotAMatchRow] = _Table(self.undo, lambda key, row: key)
        self.claims: _Table[tuple[str, bytes], ClaimRow] = _Table(self.undo)
        self.indexes: _Table[tuple[bytes, str, str, int, str, int], IndexRow] = _Table(
            self.undo, lambda key, row: key[:1]
        )
        self.tasks: _Table[str, TaskRow] = _Table(self.undo, lambda key, row: {row.cif_no, row.other})
        self.reviews: _Table[tuple[str, int], ReviewRow] = _Table(self.undo, lambda key, row: key[:1])
        self.approvals: _Table[str, Approval] = _Table(self.undo, lambda key, row: set(row.subjects))
        self.staged: _Table[tuple[bytes, int], StagedRow] = _Table(self.undo)
        self.audit: _Table[tuple[str, int], AuditRow] = _Table(self.undo)
        self.heads: _Table[str, Held] = _Table(self.undo)
        self.checkpoints: _Table[int, CheckpointRow] = _Table(self.undo)
        self.cursors: _Table[tuple[str, str], int] = _Table(self.undo)
        self.subjects: _Table[tuple[str, int, str], None] = _Table(self.undo)
        self.outbox: _Table[tuple[str, int, CifNo], OutboxRow] = _Table(self.undo)
        self.feeds: _Table[str, FeedRow] = _Table(self.undo)
        self.feed_days: _Table[tuple[str, bytes, CifNo], None] = _Table(self.undo)
        self.rotations: _Table[str, RotationRow] = _Table(self.undo)
        self.policies: _Table[bytes, PolicyRow] = _Table(self.undo)
        self.catalogues: _Table[str, CatalogueRow] = _Table(self.undo)
        self.models: _Table[str, ModelRow] = _Table(self.undo)
        self.portraits: _Table[CifNo, PortraitRow] = _Table(self.undo, lambda key, row: (row.due,))
        self.sheets: _Table[CifNo, SheetRow] = _Table(self.undo, lambda key, row: (row.due,))
        self.findings: _Table[tuple[CifNo, str, int], FindingRow] = _Table(self.undo, lambda key, row: key[:1])
        self.figures: _Table[tuple[int, str, str, str], FigureRow] = _Table(self.undo)
        self.credentials: _Table[tuple[str, str, str], CredentialRow] = _Table(self.undo)
        self.challenges: _Table[bytes, ChallengeRow] = _Table(self.undo)
        self.usage: _Table[tuple[str, str, int], int] = _Table(self.undo)
        self.reasons: _Table[str, ReasonRow] = _Table(self.undo, lambda key, row: (row.cif_no,))
        self.retired: _Table[tuple[bytes, bytes], None] = _Table(self.undo)
        self.store: _Table[str, StoreRow] = _Table(self.undo)


class Store:
    """A small store over the tables."""

    def __init__(self, data: Data) -> None:
        self._data = data
