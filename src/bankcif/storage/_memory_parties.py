"""The small stores of customers in memory: parties, copies, source records, crosswalk, claims, indexes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from operator import attrgetter

import attrs

from ..errors import ConflictError
from ..party import CifNo, DataGroup, SourceKey
from ._memory_tables import Store
from .portrait_rows import PORTRAIT
from .rows import (
    ClaimRow,
    FactRow,
    GoldenRow,
    IndexKey,
    IndexRow,
    LinkRow,
    Mark,
    NotAMatchRow,
    PartyRow,
    SourceRow,
)

__all__ = ["Claims", "Copies", "Crosswalk", "Indexes", "Parties", "Sources"]


class Parties(Store):
    def add(self, rows: Collection[PartyRow]) -> None:
        for row in rows:
            self._data.parties.add(row.cif_no, row)

    def get(self, cif_nos: Collection[CifNo]) -> Mapping[CifNo, PartyRow]:
        return {c: self._data.parties.rows[c] for c in cif_nos if c in self._data.parties.rows}

    def lock(self, cif_nos: Collection[CifNo]) -> Mapping[CifNo, PartyRow]:
        return self.get(cif_nos)  # units take turns

    def update(self, rows: Collection[PartyRow]) -> None:
        for row in rows:
            before = self._data.parties.rows.get(row.cif_no)
            if before is None or before.version != row.version - 1:
                raise ConflictError("the party was changed meanwhile", rule="version", cif_no=row.cif_no)
            self._data.parties.put(row.cif_no, row)

    def page(self, after: str, limit: int) -> Sequence[PartyRow]:
        return self._data.parties.page(CifNo(after), limit)


class Copies(Store):
    def put_golden(self, rows: Collection[GoldenRow]) -> None:
        for row in rows:
            for key, old in list(self._data.golden.group(row.cif_no).items()):
                if key[1] == row.data_group and old.superseded_at is None:
                    self._data.golden.put(key, old._replace(superseded_at=row.recorded_at))
            self._data.golden.add((row.cif_no, row.data_group, row.version), row)

    def end_golden(self, cif_nos: Collection[CifNo], at: int) -> None:
        for key, row in self._golden(cif_nos):
            if row.superseded_at is None:
                self._data.golden.put(key, row._replace(superseded_at=at))

    def golden(self, cif_nos: Collection[CifNo], groups: Collection[DataGroup] | None = None) -> Sequence[GoldenRow]:
        return [
            row
            for _, row in self._golden(cif_nos)
            if row.superseded_at is None and row.data_group != PORTRAIT and (groups is None or row.data_group in groups)
        ]

    def history(self, cif_nos: Collection[CifNo]) -> Sequence[GoldenRow]:
        return [row for _, row in self._golden(cif_nos)]

    def _golden(self, cif_nos: Collection[CifNo]) -> list[tuple[tuple[CifNo, str, int], GoldenRow]]:
        return sorted(item for cif_no in set(cif_nos) for item in self._data.golden.group(cif_no).items())

    def reseal(self, rows: Collection[GoldenRow]) -> None:
        for row in rows:
            key = (row.cif_no, row.data_group, row.version)
            self._data.golden.put(key, self._data.golden.rows[key]._replace(key_id=row.key_id, sealed=row.sealed))

    def put_facts(self, rows: Collection[FactRow]) -> None:
        for row in rows:
            self._data.facts.put(row.cif_no, row)

    def facts(self, cif_nos: Collection[CifNo]) -> Mapping[CifNo, FactRow]:
        return self._data.facts.some(cif_nos)


class Sources(Store):
    def add(self, rows: Collection[SourceRow]) -> None:
        for row in rows:
            self._data.sources.add(row.place, row)

    def marks(self, source: str, source_keys: Collection[str]) -> Sequence[Mark]:
        found = [row for key in set(source_keys) for row in self._data.sources.group((source, key)).values()]
        return [
            Mark(
                source_key=r.source_key, record_no=r.record_no, content_tag=r.content_tag, delivery_tag=r.delivery_tag
            )
            for r in sorted(found, key=lambda row: row.place)
        ]  # fmt: skip

    def of_parties(self, cif_nos: Collection[CifNo]) -> Sequence[tuple[CifNo, SourceRow]]:
        found = [
            (link.cif_no, row)
            for cif_no in set(cif_nos)
            for link in self._data.links.group(cif_no).values()
            if link.until is None
            for row in self._data.sources.group((link.source, link.source_key)).values()
        ]
        return sorted(found, key=lambda pair: (pair[0], pair[1].place))

    def places(self, cif_nos: Collection[CifNo]) -> Sequence[tuple[CifNo, tuple[str, str, int]]]:
        return [(cif_no, row.place) for cif_no, row in self.of_parties(cif_nos)]

    def at(self, places: Collection[tuple[str, str, int]]) -> Sequence[SourceRow]:
        return [self._data.sources.rows[p] for p in sorted(set(places)) if p in self._data.sources.rows]

    def reseal(self, rows: Mapping[bytes, SourceRow]) -> None:
        for key_id, row in rows.items():
            before = self._data.sources.rows[row.place]
            if before.key_id != key_id:
                raise ConflictError("the record was sealed anew meanwhile", rule="conflict")
            self._data.sources.put(row.place, attrs.evolve(before, key_id=row.key_id, sealed=row.sealed))

    def count(self) -> int:
        return len(self._data.sources.rows)

    def page(self, after: tuple[str, str, int], limit: int) -> Sequence[SourceRow]:
        return [row for _, row in islice(self._data.sources.behind(after), limit)]


class Crosswalk(Store):
    def add(self, rows: Collection[LinkRow]) -> None:
        for row in rows:
            if row.number:
                before = self._data.links.rows.get((row.source, row.source_key, row.number - 1))
                if before is None or before.until is not None:
                    raise ConflictError("the link was changed meanwhile", rule="conflict")
                key = (row.source, row.source_key, row.number - 1)
                self._data.links.put(key, attrs.evolve(before, until=row.since))
            self._data.links.add((row.source, row.source_key, row.number), row)

    def current(self, keys: Collection[SourceKey]) -> Mapping[SourceKey, LinkRow]:
        return {link.origin: link for link in self._links(set(keys))}

    def of_parties(self, cif_nos: Collection[CifNo]) -> Sequence[LinkRow]:
        return sorted(self._links(set(cif_nos)), key=lambda link: (link.source, link.source_key))

    def _links(self, groups: Collection[object]) -> Iterator[LinkRow]:
        return (row for name in groups for row in self._data.links.group(name).values() if row.until is None)

    def history(self, key: SourceKey) -> Sequence[LinkRow]:
        return sorted(self._data.links.group(key).values(), key=lambda link: link.number)

    def all_current(self) -> Iterator[LinkRow]:
        found = [link for link in self._data.links.rows.values() if link.until is None]
        return iter(sorted(found, key=lambda link: (link.source, link.source_key)))

    def put_not_a_match(self, row: NotAMatchRow) -> None:
        known = self._data.not_matches.rows.get((row.low, row.high))
        if known is None or known.until is not None:
            self._data.not_matches.put((row.low, row.high), row)

    def end_not_matches(self, cif_nos: Collection[CifNo], at: int) -> None:
        for pair, row in self._data.not_matches.groups(cif_nos).items():
            if row.until is None:
                self._data.not_matches.put(pair, attrs.evolve(row, until=at))

    def not_matches(self, cif_nos: Collection[CifNo]) -> Sequence[NotAMatchRow]:
        found = self._data.not_matches.groups(cif_nos).values()
        return sorted(found, key=lambda row: (row.low, row.high))


class Claims(Store):
    def claim(self, rows: Collection[ClaimRow]) -> Mapping[tuple[str, bytes], CifNo]:
        for row in rows:
            if (row.index_name, row.tag) not in self._data.claims.rows:
                self._data.claims.add((row.index_name, row.tag), row)
        return {(row.index_name, row.tag): self._data.claims.rows[row.index_name, row.tag].cif_no for row in rows}

    def drop_version(self, version: int, limit: int) -> int:
        over = [key for key, row in self._data.claims.rows.items() if row.index_version == version][:limit]
        for key in over:
            self._data.claims.drop(key)
        return len(over)

    def release(self, tags: Collection[tuple[str, bytes]], holder: CifNo) -> None:
        for tag in tags:
            if tag in self._data.claims.rows and self._data.claims.rows[tag].cif_no == holder:
                self._data.claims.drop(tag)


class Indexes(Store):
    def meet(self, tags: Collection[bytes]) -> None:
        """Units take turns."""

    def meet_all(self) -> None:
        """Units take turns."""

    def add(self, rows: Collection[IndexRow]) -> None:
        for row in rows:
            if row.key not in self._data.indexes.rows:
                self._data.indexes.add(row.key, row)

    def drop_version(self, version: int, after: bytes, limit: int) -> tuple[int, bytes | None]:
        behind = sorted(key[0] for key in self._data.indexes.rows if key[0] > after)
        last = behind[limit - 1] if len(behind) >= limit else None
        over = [
            key
            for key, row in self._data.indexes.rows.items()
            if row.index_version == version and key[0] > after and (last is None or key[0] <= last)
        ]
        for key in over:
            self._data.indexes.drop(key)
        return len(over), last

    def find(self, tags: Collection[bytes]) -> Sequence[IndexRow]:
        found = [row for tag in set(tags) for row in self._data.indexes.group(tag).values()]
        return sorted(found, key=attrgetter("key"))

    def find_some(
        self, keys: Collection[tuple[str, bytes]], most: int
    ) -> Mapping[tuple[str, bytes], Sequence[IndexRow]]:
        found: dict[tuple[str, bytes], list[IndexRow]] = {key: [] for key in keys}
        for row in self.find({tag for _, tag in found}):
            under = found.get((row.index_name, row.tag))
            if under is not None:
                under.append(row)
        return {key: rows[:most] for key, rows in found.items() if rows}

    def at(self, keys: Collection[IndexKey]) -> Sequence[IndexRow]:
        return [self._data.indexes.rows[key] for key in keys if key in self._data.indexes.rows]

    def page(self, after: IndexKey, limit: int) -> Sequence[IndexRow]:
        return [row for _, row in islice(self._data.indexes.behind(after), limit)]

    def count(self, version: int) -> int:
        return sum(row.index_version == version for row in self._data.indexes.rows.values())

    def remove(self, rows: Collection[IndexRow]) -> None:
        for row in rows:
            self._data.indexes.drop(row.key)

    def move(self, rows: Collection[IndexRow], cif_no: CifNo) -> None:
        for row in rows:
            known = self._data.indexes.rows[row.key]
            self._data.indexes.put(row.key, known._replace(cif_no=cif_no))
