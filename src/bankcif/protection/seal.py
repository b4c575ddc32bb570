"""
Sealing payloads to their place.

The associated data names format, tenant, table, owner, group, key and version, in the canonical encoding, so that
sealed bytes open only where they were put.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .._canonical import Part, dumps, encode, loads
from .._clock import IdSource
from .keys import DataKey
from .suites import Suite

__all__ = ["Place", "Sealer"]


class Place(NamedTuple):
    """
    Where sealed bytes belong; a tuple, since each of many openings has one.

    Attributes:
        table: The table's name.
        owner: Its owner: (source, source key, record id) of a source record, (cif_no,) of a golden group.
        group: Data group, or the payload's name; also chooses the derived key.
        version: Group version; 0 where there is none.
    """

    table: str
    owner: tuple[Part, ...]
    group: str
    version: int = 0


class Sealer:
    """Seals JSON payloads with one suite for one tenant."""

    def __init__(self, *, suite: Suite, tenant: str, ids: IdSource) -> None:
        self._suite = suite
        # Parts are self-delimiting, so the constant ones can be encoded once.
        self._prefix = encode("bankcif/v1/sealed", tenant)
        self._ids = ids

    def seal(self, payload: object, key: DataKey, place: Place) -> bytes:
        """Canonical JSON of *payload*, sealed to *place* under a key derived for its group."""
        return self._suite.seal(
            self._group_key(key, place.group), key.id, dumps(payload), self._associated(key, place), self._ids
        )

    def open(self, sealed: bytes, key: DataKey, place: Place) -> Any:
        """The payload. Raises `SealError` unless it was sealed to *place* under *key*."""
        return loads(self._suite.open(self._group_key(key, place.group), sealed, self._associated(key, place)))

    def _associated(self, key: DataKey, place: Place) -> bytes:
        return self._prefix + encode(
            place.table, len(place.owner), *place.owner, place.group, key.id, place.version
        )  # fmt: skip

    def _group_key(self, key: DataKey, group: str) -> bytes:
        return self._suite.derive(key.secret, b"bankcif/v1/group/" + group.encode())
