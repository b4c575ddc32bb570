"""
Who stands under a key: found by its tag, opened, and looked at.

A cut tag is some four customers' or more, most of whom do not have the value; so nobody counts as found before a record of
theirs has been opened and really bears it, whatever the tag's length.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import attrs

from ..matching import BlockingKey, blocking_keys, may_bear
from ..party import CifNo
from ..storage import UnitOfWork
from ..storage.rows import IndexRow
from ._records import Record, open_records
from .desk import Desk

__all__ = ["Sharing", "sharing"]

_ROWS_A_PARTY = 20


@attrs.frozen(kw_only=True, repr=False)
class Sharing:
    """
    What was found under some keys.

    Attributes:
        bearers: Of each key, the parties with a record that bears its value, and one such record of each.
        named: Of each key, the parties whom its tag names, strangers among them.
        opened: All records that were opened, by place.
        capped: Keys whose tag names more parties than are looked at; they have no bearers here.
    """

    bearers: Mapping[BlockingKey, Mapping[CifNo, Record]]
    named: Mapping[BlockingKey, frozenset[CifNo]]
    opened: Mapping[tuple[str, str, int], Record]
    capped: frozenset[BlockingKey]


def sharing(desk: Desk, unit: UnitOfWork, tags: Mapping[BlockingKey, bytes], *, most: int) -> Sharing:
    """
    The parties that share each key of *tags*, which gives the tag it is searched by.

    Args:
        desk, unit: Where.
        tags: Keys with their tags.
        most: Parties under one tag that are looked at; a tag with more is not looked into, unless it is that of a number that
            identifies one party.

    Cost: a look-up of all tags, and of each record under one of them, the last two of a source key.
    """
    hits = _hits(unit, tags, most)
    capped = frozenset(
        key
        for key, rows in hits.items()
        if key.index != "identifier" and (len({row.cif_no for row in rows}) > most or len(rows) > 2 * most)
    )
    wanted = {
        row.place: row.cif_no for key, rows in hits.items() if key not in capped for row in _some(key, rows, most)
    }
    found = [(wanted[row.place], row) for row in unit.sources.at(wanted) if row.restricted_at is None]
    opened = {record.statement.place: record for record in open_records(desk, found)}
    bearers: dict[BlockingKey, dict[CifNo, Record]] = {}
    for key, rows in hits.items():
        for row in rows if key not in capped else ():
            record = opened.get(row.place)
            if record is not None and bears(record, key):
                bearers.setdefault(key, {}).setdefault(row.cif_no, record)
    named = {key: frozenset(row.cif_no for row in rows) for key, rows in hits.items()}
    return Sharing(bearers=bearers, named=named, opened=opened, capped=capped)


def bears(record: Record, key: BlockingKey) -> bool:
    """Whether *record* has the value of *key*; names are taken apart only of records whose other values let it."""
    return may_bear(record.statement.values, key) and key in blocking_keys(record.features)


def _hits(unit: UnitOfWork, tags: Mapping[BlockingKey, bytes], most: int) -> dict[BlockingKey, list[IndexRow]]:
    """
    The rows of each key; of a source key the last two, since the same customer delivered again is found as well by them. Of a tag
    with more rows than *_ROWS_A_PARTY* for each of *most* parties not all are read.
    """
    found: dict[tuple[str, bytes], dict[tuple[str, str], list[IndexRow]]] = {}
    for index in {key.index for key in tags}:
        wanted = {tag for key, tag in tags.items() if key.index == index}
        limit = None if index == "identifier" else _ROWS_A_PARTY * most
        for row in unit.indexes.find(wanted, limit, index):
            found.setdefault((index, row.tag), {}).setdefault((row.source, row.source_key), []).append(row)
    return {
        key: [
            row for rows in found[key.index, tag].values() for row in sorted(rows, key=lambda row: row.record_no)[-2:]
        ]
        for key, tag in tags.items()
        if (key.index, tag) in found
    }


def _some(key: BlockingKey, rows: Collection[IndexRow], most: int) -> Collection[IndexRow]:
    """Of the records under a number that identifies, one of each party, and no more than *most*."""
    if key.index != "identifier" or len(rows) <= most:
        return rows
    return list({row.cif_no: row for row in rows}.values())[:most]
