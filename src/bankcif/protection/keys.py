"""
Data keys: one for every source record, in a key store of its own, wrapped by a key-encryption key.

Keys are made in blocks and written to the key store before the data transaction that uses them: an unused key is
harmless, a used one that was not written would be a lost customer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from threading import Lock
from typing import NoReturn, Protocol

import attrs

from .._canonical import encode
from .._clock import IdSource
from ..errors import KeyMissingError
from .providers import KeyProvider
from .suites import KEY_ID_BYTES

__all__ = ["DataKey", "DataKeys", "KeyStore", "WrappedKey"]

_KEY_BYTES = 32


@attrs.frozen(kw_only=True)
class WrappedKey:
    """A row of the key store."""

    key_id: bytes
    kek_id: str
    wrapped: bytes = attrs.field(repr=False)


class KeyStore(Protocol):
    """
    Where wrapped data keys rest: a database of its own, never the data database nor its backup.

    Every call is its own transaction, durable when it returns.
    """

    def identity(self) -> str:
        """Id of the store that this key store belongs to; empty if it was never bound."""

    def bind(self, store_id: str) -> None:
        """Binds the key store to a store, once. Raises `WrongKeyError` if it belongs to another."""

    def write(self, keys: Collection[WrappedKey]) -> None:
        """Adds *keys*."""

    def read(self, key_ids: Collection[bytes]) -> Mapping[bytes, WrappedKey]:
        """The keys that are there; a missing id is simply absent."""

    def destroy(self, key_ids: Collection[bytes]) -> None:
        """Removes keys for good; what they sealed can never be opened again."""

    def all_ids(self) -> Iterable[bytes]:
        """Ids of all keys, for checks."""

    def close(self) -> None:
        """Lets go of the database."""


class DataKey:
    """A data key in clear, in memory only; refuses copying and pickling and shows nothing."""

    __slots__ = ("id", "secret")

    def __init__(self, key_id: bytes, secret: bytes) -> None:
        self.id = key_id
        self.secret = secret

    def __repr__(self) -> str:
        return f"DataKey({self.id.hex()[:8]}…)"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("keys can not be pickled or copied")


class DataKeys:
    """
    Makes and opens data keys.

    Args:
        tenant: Bound into every wrapped key.
        store: The key store.
        provider: The key provider.
        ids: Source of key bytes and key ids.
        block: How many keys are made at a time; unused ones stay in the key store and do no harm.
    """

    def __init__(self, *, tenant: str, store: KeyStore, provider: KeyProvider, ids: IdSource, block: int = 64) -> None:
        self._tenant = tenant
        self._store = store
        self._provider = provider
        self._ids = ids
        self._block = block
        self._ready: list[DataKey] = []
        self._lock = Lock()

    def take(self, count: int) -> list[DataKey]:
        """*count* fresh keys, already durable in the key store."""
        with self._lock:
            if len(self._ready) < count:
                self._ready += self._make(max(count - len(self._ready), self._block))
            taken, self._ready = self._ready[:count], self._ready[count:]
        return taken

    def get(self, key_ids: Iterable[bytes]) -> dict[bytes, DataKey]:
        """
        The keys with these ids, opened.

        Raises:
            KeyMissingError: One is not in the key store.
            WrongKeyError: One does not open under this provider.
            KeyServiceError: The provider's service does not answer, or refuses.
        """
        wanted = set(key_ids)
        found = self._store.read(wanted)
        if len(found) < len(wanted):
            raise KeyMissingError(
                f"{len(wanted) - len(found)} data key(s) are not in the key store: it is older than the data, or they "
                f"were destroyed",
                rule="key_missing",
            )
        by_kek: dict[str, list[WrappedKey]] = {}
        for row in found.values():
            by_kek.setdefault(row.kek_id, []).append(row)
        return {key.id: key for kek_id, rows in by_kek.items() for key in self._unwrapped(rows, kek_id)}

    def destroy(self, key_ids: Iterable[bytes]) -> None:
        """Destroys keys for good: what they sealed can not be opened any more."""
        self._store.destroy(set(key_ids))

    def _make(self, count: int) -> list[DataKey]:
        kek_id = self._provider.kek_id
        drawn = self._ids.draw(count * (KEY_ID_BYTES + _KEY_BYTES))
        step = KEY_ID_BYTES + _KEY_BYTES
        made = [
            DataKey(drawn[at : at + KEY_ID_BYTES], drawn[at + KEY_ID_BYTES : at + step])
            for at in range(0, count * step, step)
        ]
        self._store.write(self._wrapped(made, kek_id))
        return made

    def _wrapped(self, keys: Sequence[DataKey], kek_id: str) -> list[WrappedKey]:
        wrapped = self._provider.wrap([(key.secret, self._associated(key.id, kek_id)) for key in keys])
        return [
            WrappedKey(key_id=key.id, kek_id=kek_id, wrapped=one) for key, one in zip(keys, wrapped, strict=True)
        ]  # fmt: skip

    def _unwrapped(self, rows: Sequence[WrappedKey], kek_id: str) -> list[DataKey]:
        bound = [(row.wrapped, self._associated(row.key_id, kek_id)) for row in rows]
        secrets = self._provider.unwrap(bound, kek_id=kek_id)
        return [DataKey(row.key_id, secret) for row, secret in zip(rows, secrets, strict=True)]

    def _associated(self, key_id: bytes, kek_id: str) -> bytes:
        return encode("bankcif/v1/data-key", self._tenant, key_id, kek_id)
