"""The small stores of customers on an SQL database: parties, copies, source records, crosswalk, claims, indexes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import zip_longest
from operator import attrgetter
from typing import Any

from ..errors import ConflictError
from ..party import FACT_COLUMNS, CifNo, DataGroup, SourceKey
from ._sql_session import Store
from ._statements import (
    CLAIM,
    FACT,
    GOLDEN,
    GROUPS_ASKED,
    INDEX,
    LINK,
    NOT_A_MATCH,
    PARTY,
    SOURCE,
)
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

_CHUNK = 500
_NAME, _TAG = INDEX.names.index("index_name"), INDEX.names.index("tag")
_FEW = 50


class Parties(Store):
    def add(self, rows: Collection[PartyRow]) -> None:
        self._s.add(PARTY, rows)

    def get(self, cif_nos: Collection[CifNo]) -> Mapping[CifNo, PartyRow]:
        found = map(PARTY.row, self._s.select_in("parties", set(cif_nos)))
        return {row.cif_no: row for row in found}

    def lock(self, cif_nos: Collection[CifNo]) -> Mapping[CifNo, PartyRow]:
        found = map(PARTY.row, self._s.select_in("parties_locked", sorted(set(cif_nos))))
        return {row.cif_no: row for row in found}

    def update(self, rows: Collection[PartyRow]) -> None:
        for row in sorted(rows, key=attrgetter("cif_no")):
            where = {"b_tenant": self._s.tenant, "b_cif_no": row.cif_no, "b_version": row.version - 1}
            params = PARTY.params(self._s.tenant, row)
            del params["tenant"]
            if self._s.change("party_update", [{**params, **where}]) != 1:
                raise ConflictError("the party was changed meanwhile", rule="version", cif_no=row.cif_no)

    def page(self, after: str, limit: int) -> Sequence[PartyRow]:
        return [PARTY.row(values) for values in self._s.select("parties_page", after=after, most=limit)]


class Copies(Store):
    def put_golden(self, rows: Collection[GoldenRow]) -> None:
        # A group's first version has none before it to end.
        later = [row for row in rows if row.version > 1]
        self._s.change(
            "golden_end",
            [
                {"b_tenant": self._s.tenant, "b_cif_no": r.cif_no, "b_group": r.data_group, "at": r.recorded_at}
                for r in later
            ],
        )
        self._s.add(GOLDEN, rows)

    def end_golden(self, cif_nos: Collection[CifNo], at: int) -> None:
        self._s.change(
            "golden_end_all", [{"b_tenant": self._s.tenant, "b_cif_no": cif_no, "at": at} for cif_no in cif_nos]
        )

    def golden(self, cif_nos: Collection[CifNo], groups: Collection[DataGroup] | None = None) -> Sequence[GoldenRow]:
        if groups is None:
            return [GOLDEN.row(values) for values in self._s.select_in("golden", set(cif_nos))]
        asked = dict(zip_longest(GROUPS_ASKED, sorted({one.value for one in groups}), fillvalue=""))
        return [GOLDEN.row(values) for values in self._s.select_in("golden_some", set(cif_nos), **asked)]

    def history(self, cif_nos: Collection[CifNo]) -> Sequence[GoldenRow]:
        return [GOLDEN.row(values) for values in self._s.select_in("golden_history", sorted(set(cif_nos)))]

    def reseal(self, rows: Collection[GoldenRow]) -> None:
        self._s.change(
            "golden_reseal",
            [
                {
                    "b_tenant": self._s.tenant, "b_cif_no": row.cif_no, "b_group": row.data_group,
                    "b_version": row.version, "key_id": row.key_id, "sealed": row.sealed,
                }
                for row in rows
            ],
        )  # fmt: skip

    def put_facts(self, rows: Collection[FactRow]) -> None:
        self._s.put(FACT, rows)

    def facts(self, cif_nos: Collection[CifNo]) -> Mapping[CifNo, FactRow]:
        return {
            values[0]: FactRow(cif_no=values[0], values=dict(zip(FACT_COLUMNS, values[1:], strict=True)))
            for values in self._s.select_in("facts", set(cif_nos))
        }


class Sources(Store):
    def add(self, rows: Collection[SourceRow]) -> None:
        self._s.add(SOURCE, rows)

    def marks(self, source: str, source_keys: Collection[str]) -> Sequence[Mark]:
        found = self._s.select_in("marks", sorted(set(source_keys)), source=source)
        return [Mark(source_key=r[0], record_no=r[1], content_tag=r[2], delivery_tag=r[3]) for r in found]

    def of_parties(self, cif_nos: Collection[CifNo]) -> Sequence[tuple[CifNo, SourceRow]]:
        found = [(values[0], SOURCE.row(values[1:])) for values in self._s.select_in("records", set(cif_nos))]
        return sorted(found, key=lambda pair: (pair[0], pair[1].place))

    def places(self, cif_nos: Collection[CifNo]) -> Sequence[tuple[CifNo, tuple[str, str, int]]]:
        found = self._s.select_in("record_places", set(cif_nos))
        return sorted((cif_no, (source, key, number)) for cif_no, source, key, number in found)

    def at(self, places: Collection[tuple[str, str, int]]) -> Sequence[SourceRow]:
        wanted: dict[tuple[str, int], set[str]] = {}
        for source, source_key, record_no in places:
            wanted.setdefault((source, record_no), set()).add(source_key)
        found: list[Any] = []
        for (source, record_no), keys in wanted.items():
            found += self._s.select_in("records_at", keys, source=source, record_no=record_no)
        return sorted(map(SOURCE.row, found), key=attrgetter("place"))

    def reseal(self, rows: Mapping[bytes, SourceRow]) -> None:
        for key_id, row in rows.items():
            change = {
                "b_tenant": self._s.tenant, "b_source": row.source, "b_source_key": row.source_key,
                "b_record_no": row.record_no, "b_key_id": key_id, "key_id": row.key_id, "sealed": row.sealed,
            }  # fmt: skip
            if self._s.change("record_reseal", [change]) != 1:
                raise ConflictError("the record was sealed anew meanwhile", rule="conflict")

    def count(self) -> int:
        return int(self._s.select("count")[0][0])

    def page(self, after: tuple[str, str, int], limit: int) -> Sequence[SourceRow]:
        source, source_key, record_no = after
        found = self._s.select("records_page", source=source, source_key=source_key, record_no=record_no, most=limit)
        return [SOURCE.row(values) for values in found]


class Crosswalk(Store):
    def add(self, rows: Collection[LinkRow]) -> None:
        for row in rows:
            if row.number:
                where = {
                    "b_tenant": self._s.tenant, "b_source": row.source, "b_source_key": row.source_key,
                    "b_number": row.number - 1, "at": row.since,
                }  # fmt: skip
                if self._s.change("link_end", [where]) != 1:
                    raise ConflictError("the link was changed meanwhile", rule="conflict")
        self._s.add(LINK, rows)

    def current(self, keys: Collection[SourceKey]) -> Mapping[SourceKey, LinkRow]:
        found: dict[SourceKey, LinkRow] = {}
        for source in {key.source for key in keys}:
            names = sorted({key.key for key in keys if key.source == source})
            rows = map(LINK.row, self._s.select_in("links", names, source=source))
            found.update({row.origin: row for row in rows})
        return found

    def of_parties(self, cif_nos: Collection[CifNo]) -> Sequence[LinkRow]:
        return [LINK.row(values) for values in self._s.select_in("links_of", set(cif_nos))]

    def history(self, key: SourceKey) -> Sequence[LinkRow]:
        return [LINK.row(values) for values in self._s.select("link_history", source=key.source, source_key=key.key)]

    def all_current(self) -> Iterator[LinkRow]:
        return map(LINK.row, self._s.select("links_all"))

    def put_not_a_match(self, row: NotAMatchRow) -> None:
        self._s.add_new(NOT_A_MATCH, [row])
        params = NOT_A_MATCH.params(self._s.tenant, row)
        del params["tenant"]
        where = {"b_tenant": self._s.tenant, "b_low": row.low, "b_high": row.high}
        self._s.change("not_a_match_renew", [{**params, **where}])

    def end_not_matches(self, cif_nos: Collection[CifNo], at: int) -> None:
        for name in ("not_low_end", "not_high_end"):
            self._s.change(name, [{"b_tenant": self._s.tenant, "b_cif_no": one, "at": at} for one in sorted(cif_nos)])

    def not_matches(self, cif_nos: Collection[CifNo]) -> Sequence[NotAMatchRow]:
        wanted = set(cif_nos)
        rows = {*self._s.select_in("not_low", wanted), *self._s.select_in("not_high", wanted)}
        return sorted(map(NOT_A_MATCH.row, rows), key=lambda row: (row.low, row.high))


class Claims(Store):
    def claim(self, rows: Collection[ClaimRow]) -> Mapping[tuple[str, bytes], CifNo]:
        self._s.add_new(CLAIM, sorted(rows, key=attrgetter("index_name", "tag")))  # two writers meet in one order
        found: dict[tuple[str, bytes], CifNo] = {}
        for name in {row.index_name for row in rows}:
            tags = {row.tag for row in rows if row.index_name == name}
            found.update({(r[0], r[1]): r[2] for r in self._s.select_in("claims", tags, index_name=name)})
        return found

    def drop_version(self, version: int, limit: int) -> int:
        over = self._s.select("claims_of_version", version=version, most=limit)
        self._s.change("claim_forget", [{"b_tenant": self._s.tenant, "b_index": r[0], "b_tag": r[1]} for r in over])
        return len(over)

    def release(self, tags: Collection[tuple[str, bytes]], holder: CifNo) -> None:
        for index, tag in tags:
            where = {"b_tenant": self._s.tenant, "b_index": index, "b_tag": tag, "b_cif_no": holder}
            self._s.change("claim_drop", [where])


class Indexes(Store):
    def meet(self, tags: Collection[bytes]) -> None:
        self._s.database.meet(self._s, tags)

    def meet_all(self) -> None:
        self._s.database.meet_all(self._s)

    def add(self, rows: Collection[IndexRow]) -> None:
        self._s.add_new(INDEX, rows)

    def drop_version(self, version: int, after: bytes, limit: int) -> tuple[int, bytes | None]:
        ends = self._s.select("tag_behind", after=after, skipped=limit - 1)
        last = bytes(ends[0][0]) if ends else None
        where = {"b_tenant": self._s.tenant, "b_after": after, "b_version": version}
        if last is None:
            return self._s.change("tags_drop_rest", [where]), None
        return self._s.change("tags_drop", [{**where, "b_last": last}]), last

    def _keyed(self, *key: Any) -> dict[str, Any]:
        names = ("b_tag", "b_source", "b_source_key", "b_record_no", "b_index", "b_version")
        return {"b_tenant": self._s.tenant, **dict(zip(names, key, strict=True))}

    def find(self, tags: Collection[bytes]) -> Sequence[IndexRow]:
        return [INDEX.row(values) for values in self._s.select_in("index", set(tags))]

    def find_some(
        self, keys: Collection[tuple[str, bytes]], most: int
    ) -> Mapping[tuple[str, bytes], Sequence[IndexRow]]:
        found: dict[tuple[str, bytes], list[IndexRow]] = {key: [] for key in keys}
        asked: dict[bytes, list[str]] = {}
        for name, tag in found:
            asked.setdefault(tag, []).append(name)
        tags = sorted(asked)
        for at in range(0, len(tags), _CHUNK):
            some = tags[at : at + _CHUNK]
            limit = most * sum(len(asked[tag]) for tag in some)
            rows = self._s.select("index_some", some, most=limit)
            if len(rows) == limit:  # some key may have been cut short by another's rows
                rows = [
                    row
                    for tag in some
                    for name in sorted(asked[tag])
                    for row in self._s.select("index_of", [tag], index_name=name, most=most)
                ]
            for values in rows:  # those of other indexes, whose tags may be equal, are not made into rows first
                under = found.get((values[_NAME], values[_TAG]))
                if under is not None and len(under) < most:
                    under.append(IndexRow._make(values))
        return {key: rows for key, rows in found.items() if rows}

    def at(self, keys: Collection[IndexKey]) -> Sequence[IndexRow]:
        wanted, under = set(keys), self.find_some({(key[4], key[0]) for key in keys}, _FEW)
        # Whom many share is not read through for a few of them.
        many = {key for key, rows in under.items() if len(rows) == _FEW}
        found = [row for key, rows in under.items() if key not in many for row in rows]
        for key in wanted:
            if (key[4], key[0]) in many:
                found += map(INDEX.row, self._s.select("tag_at", **self._asked(key)))
        return [row for row in found if row.key in wanted]

    def _asked(self, key: IndexKey) -> dict[str, Any]:
        return dict(zip(("tag", "source", "source_key", "record_no", "index_name", "index_version"), key, strict=True))

    def page(self, after: IndexKey, limit: int) -> Sequence[IndexRow]:
        return [INDEX.row(values) for values in self._s.select("tags_page", **self._asked(after), most=limit)]

    def count(self, version: int) -> int:
        return int(self._s.select("tags_count", version=version)[0][0])

    def remove(self, rows: Collection[IndexRow]) -> None:
        self._s.change("tag_drop", [self._keyed(*row.key) for row in rows])

    def move(self, rows: Collection[IndexRow], cif_no: CifNo) -> None:
        self._s.change("index_move", [{**self._keyed(*row.key), "to_cif": cif_no} for row in rows])
