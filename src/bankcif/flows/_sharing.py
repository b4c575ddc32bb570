"""
Who stands under a key: found by its tag, opened, and looked at.

A cut tag is some four customers' or more, most of whom do not have the value. The check value beside it rules those out, and
nobody counts as found before a record of theirs has been opened and really bears the value, whatever the tag's length.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from operator import attrgetter

import attrs

from ..matching import BlockingKey, blocking_keys
from ..party import CifNo
from ..storage import UnitOfWork
from ..storage.rows import IndexRow
from ._records import Record, open_records
from .desk import Desk, Tagging

__all__ = ["Sharing", "sharing"]

_ROWS_A_PARTY = 20
_FIELDS = {"identifier": "identifiers", "phone": "phone", "email": "email", "holding": "holdings"}
"""What the values of an index come from, where it is one field."""


@attrs.frozen(kw_only=True, repr=False)
class Sharing:
    """
    What was found under some keys.

    Attributes:
        bearers: Of each key, the parties with a record that bears its value, and one such record of each.
        named: Of each key, the parties whom its tag and check values name.
        opened: All records that were opened, by place.
        capped: Keys that more parties bear than are looked at, or under whose tag there are more rows than are read; they
            have no bearers here.
    """

    bearers: Mapping[BlockingKey, Mapping[CifNo, Record]]
    named: Mapping[BlockingKey, frozenset[CifNo]]
    opened: Mapping[tuple[str, str, int], Record]
    capped: frozenset[BlockingKey]


def sharing(
    desk: Desk, unit: UnitOfWork, tagging: Tagging, tags: Mapping[BlockingKey, bytes], *, most: int,
    each: Sequence[Collection[BlockingKey]] = (),
) -> Sharing:  # fmt: skip
    """
    The parties that share each key of *tags*, which gives the tag it is searched by.

    Args:
        desk, unit, tagging: Where, and by which tags.
        tags: Keys with their tags.
        most: Parties that are looked at for one key; a key with more is not looked into, unless it is that of a number that
            identifies one party.
        each: Where several things are asked together, the keys of each: only parties that are named under a key of all of them are looked at.

    Cost: a look-up of all tags, a keyed hash for each row under one of them, and an opening for each record that has the value,
    the last two of a source key.
    """
    hits, full = _hits(unit, tagging, tags, most)
    if len(each) > 1:
        named_by = [{row.cif_no for key in keys for row in hits.get(key, ())} for keys in each]
        asked = set[CifNo].intersection(*named_by)
        hits = {key: [row for row in rows if row.cif_no in asked] for key, rows in hits.items()}
    capped = frozenset(
        key
        for key in full | hits.keys()
        if key.index != "identifier"
        and (key in full or len({row.cif_no for row in hits[key]}) > most or len(hits[key]) > 2 * most)
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
            if record is not None and bears(tagging, record, key):
                bearers.setdefault(key, {}).setdefault(row.cif_no, record)
    named = {key: frozenset(row.cif_no for row in rows) for key, rows in hits.items()}
    return Sharing(bearers=bearers, named=named, opened=opened, capped=capped)


def bears(tagging: Tagging, record: Record, key: BlockingKey) -> bool:
    """Whether *record* has the value of *key*."""
    field = _FIELDS.get(key.index)
    features = record.features if field is None else record.features_from(field)
    return key in blocking_keys(features) or key in tagging.search_keys(features)


def _hits(
    unit: UnitOfWork, tagging: Tagging, tags: Mapping[BlockingKey, bytes], most: int
) -> tuple[dict[BlockingKey, list[IndexRow]], set[BlockingKey]]:
    """
    The rows of those who have each key, and the keys of whose tag not all rows were read: there are more than *_ROWS_A_PARTY* for
    each of *most* parties. Of a source key the last two rows, since the same customer delivered again is found as well by them.
    """
    whole = {tag for key, tag in tags.items() if key.index == "identifier"}
    some = {(key.index, tag) for key, tag in tags.items() if key.index != "identifier"}
    numbers: dict[tuple[str, bytes], list[IndexRow]] = {}
    for row in unit.indexes.find(whole) if whole else ():
        if row.index_name == "identifier":
            numbers.setdefault(("identifier", row.tag), []).append(row)
    found = {**numbers, **(unit.indexes.find_some(some, _ROWS_A_PARTY * most) if some else {})}
    hits, full = {}, set()
    for key, tag in tags.items():
        under = found.get((key.index, tag), ())
        bearing: dict[tuple[str, str], list[IndexRow]] = {}
        for row in tagging.bearing(under, key):
            bearing.setdefault((row.source, row.source_key), []).append(row)
        if bearing:
            hits[key] = [one for some in bearing.values() for one in sorted(some, key=attrgetter("record_no"))[-2:]]
        if len(under) == _ROWS_A_PARTY * most:
            full.add(key)
    return hits, full


def _some(key: BlockingKey, rows: Collection[IndexRow], most: int) -> Collection[IndexRow]:
    """Of the records under a number that identifies, one of each party, and no more than *most*."""
    if key.index != "identifier" or len(rows) <= most:
        return rows
    return list({row.cif_no: row for row in rows}.values())[:most]
