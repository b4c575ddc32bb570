"""A key store in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from heapq import nsmallest

from ..errors import WrongKeyError
from ..protection import WrappedKey

__all__ = ["MemoryKeyStore"]


class MemoryKeyStore:
    """A key store in memory, for tests: with it, every customer is lost when the process ends."""

    def __init__(self) -> None:
        self._keys: dict[bytes, WrappedKey] = {}
        self._store_id = ""

    def identity(self) -> str:
        return self._store_id

    def bind(self, store_id: str) -> None:
        if self._store_id not in ("", store_id):
            raise WrongKeyError("this key store belongs to another store", rule="key_store")
        self._store_id = store_id

    def write(self, keys: Collection[WrappedKey], *, replace: bool = False) -> None:
        self._keys.update({key.key_id: key for key in keys if not replace or key.key_id in self._keys})

    def read(self, key_ids: Collection[bytes]) -> Mapping[bytes, WrappedKey]:
        return {key_id: self._keys[key_id] for key_id in key_ids if key_id in self._keys}

    def destroy(self, key_ids: Collection[bytes]) -> None:
        for key_id in key_ids:
            self._keys.pop(key_id, None)

    def page(self, after: bytes = b"", *, limit: int, not_under: str = "") -> Sequence[WrappedKey]:
        found = (at for at, key in self._keys.items() if at > after and key.kek_id != not_under)
        return [self._keys[at] for at in nsmallest(limit, found)]

    def close(self) -> None:
        """Nothing to let go of."""
