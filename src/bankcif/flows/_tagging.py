"""The tags under which records are found, as one unit of work makes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from .._canonical import encode, encode_each
from ..matching import BlockingKey, Features, search_keys
from ..party import CifNo
from ..protection import SEVERAL, Tagger
from ..storage.rows import IndexRow

__all__ = ["Tagging"]


@attrs.frozen(repr=False)
class Tagging:
    """
    The taggers of one unit of work.

    Attributes:
        written: Every one whose tags are written; the first is searched.
    """

    written: tuple[Tagger, ...]

    def search_keys(self, record: Features) -> list[BlockingKey]:
        """The keys under which a customer is searched, and not compared, as far as the store has indexes for it."""
        return search_keys(record, self.written[0].indexes)

    def kept_keys(self, record: Features) -> list[BlockingKey]:
        """As `search_keys`, and those for which it is getting indexes."""
        return search_keys(record, {index for tagger in self.written for index in tagger.indexes})

    def tag(self, key: BlockingKey) -> bytes:
        """The tag under which *key* is searched."""
        return self.written[0].search(key.index, *key.value)

    def rows(
        self, keys: Iterable[tuple[BlockingKey, bytes | None]], place: tuple[str, str, int], cif_no: CifNo
    ) -> list[IndexRow]:
        """
        The rows under which the record at *place* is found by *keys*, in every version that is written and has an index for them; a key may be given with the
        tag by which it is searched.
        """
        source, source_key, record_no = place
        where = [encode(*place)]
        found: dict[tuple[object, ...], IndexRow] = {}
        for key, searched in keys:
            for n, tagger in enumerate(self.written):
                if key.index not in tagger.indexes:
                    continue
                tag = tagger.search(key.index, *key.value) if n or searched is None else searched
                row = IndexRow(
                    index_name=key.index, index_version=tagger.version, tag=tag, source=source, source_key=source_key,
                    record_no=record_no, cif_no=cif_no, check=tagger.checks(key.index, key.value, where)[0],
                )  # fmt: skip
                known = found.get(row.key, row)
                found[row.key] = row if known.check == row.check else row._replace(check=SEVERAL)
        return list(found.values())

    def bearing(self, rows: Sequence[IndexRow], key: BlockingKey) -> list[IndexRow]:
        """Those of *rows*, found by the tag of *key*, whose record has its value; a stranger passes once in four billion."""
        checks = self.written[0].checks(key.index, key.value, encode_each([row.place for row in rows]))
        return [row for row, check in zip(rows, checks, strict=True) if row.check in (check, SEVERAL)]

    def claims(self, index: str, value: tuple[str, ...]) -> list[tuple[int, bytes]]:
        """Version and full tag by which writers of *value* meet, in all that is written."""
        return [(tagger.version, tagger.claim(index, *value)) for tagger in self.written]
