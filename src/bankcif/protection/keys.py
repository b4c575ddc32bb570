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
from .._clock import Clock, IdSource, to_micros
from ..errors import KeyMissingError
from .providers import KeyProvider
from .suites import KEY_ID_BYTES

__all__ = ["DataKey", "DataKeys", "KeyStore", "WrappedKey"]

_KEY_BYTES = 32
_PAGE = 1000
_MOST_AHEAD = 256


@attrs.frozen(kw_only=True)
class WrappedKey:
    """
    A row of the key store.

    Attributes:
        key_id: The data key's id.
        kek_id: Under which key-encryption key it is wrapped.
        made_at: When the data key was made, in microseconds since 1970, UTC; wrapping it anew does not change that.
    """

    key_id: bytes
    kek_id: str
    wrapped: bytes = attrs.field(repr=False)
    made_at: int


class KeyStore(Protocol):
    """
    Where wrapped data keys rest: a database of its own, never the data database nor its backup.

    Every call is its own transaction, durable when it returns.
    """

    def identity(self) -> str:
        """Id of the store that this key store belongs to; empty if it was never bound."""

    def bind(self, store_id: str) -> None:
        """Binds the key store to a store, once. Raises `WrongKeyError` if it belongs to another."""

    def write(self, keys: Collection[WrappedKey], *, replace: bool = False) -> None:
        """
        Adds *keys*; or, to *replace*, puts them in the place of those with the same ids that are there still: a key that
        was destroyed meanwhile does not come back.
        """

    def read(self, key_ids: Collection[bytes]) -> Mapping[bytes, WrappedKey]:
        """The keys that are there; a missing id is simply absent."""

    def destroy(self, key_ids: Collection[bytes]) -> None:
        """Removes keys for good; what they sealed can never be opened again."""

    def page(self, after: bytes = b"", *, limit: int, not_under: str = "") -> Sequence[WrappedKey]:
        """Up to *limit* keys whose ids come behind *after*, by id; only those that are not wrapped under *not_under*."""

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
        clock: Says when a key was made.
        block: How many keys are made at a time, at first; the double each time, up to 256. Unused ones stay in the key store
            and do no harm.
    """

    def __init__(
        self, *, tenant: str, store: KeyStore, provider: KeyProvider, ids: IdSource, clock: Clock, block: int = 64
    ) -> None:
        self._tenant = tenant
        self._store = store
        self._provider = provider
        self._ids = ids
        self._clock = clock
        self._block = block
        self._ready: list[DataKey] = []
        self._lock = Lock()

    def take(self, count: int) -> list[DataKey]:
        """*count* fresh keys, already durable in the key store."""
        with self._lock:
            if len(self._ready) < count:
                self._ready += self._make(max(count - len(self._ready), self._block))
                self._block = min(2 * self._block, max(self._block, _MOST_AHEAD))  # who takes many waits seldom
            taken, self._ready = self._ready[:count], self._ready[count:]
        return taken

    def discard_ready(self) -> None:
        """Lets go of keys that were made ahead and not taken, so that the next are new."""
        with self._lock:
            unused, self._ready = self._ready, []
        self.destroy(key.id for key in unused)

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
        return {key.id: key for key in self._opened(found.values())}

    def made_before(self, key_ids: Iterable[bytes], instant: int) -> set[bytes]:
        """Those of *key_ids* that were made before *instant*."""
        return {key_id for key_id, row in self._store.read(set(key_ids)).items() if row.made_at < instant}

    def destroy(self, key_ids: Iterable[bytes]) -> None:
        """Destroys keys for good: what they sealed can not be opened any more."""
        self._store.destroy(set(key_ids))

    def check_all(self) -> int:
        """Opens every key of the key store; returns how many there are. Raises `WrongKeyError` if one does not open."""
        count, after = 0, b""
        while rows := self._store.page(after, limit=_PAGE):
            self._opened(rows)
            count, after = count + len(rows), rows[-1].key_id
        return count

    @property
    def kek_id(self) -> str:
        """Id of the key-encryption key that wraps new keys."""
        return self._provider.kek_id

    def rewrap(self, after: bytes, limit: int) -> list[bytes]:
        """
        Wraps up to *limit* keys that stand under another key-encryption key anew, under the present one.

        Returns:
            Their ids, all behind *after* and in order; none if every key behind it stands under the present one.
        """
        rows = self._store.page(after, limit=limit, not_under=self._provider.kek_id)
        made_at = {row.key_id: row.made_at for row in rows}
        opened = self._opened(rows)
        self._store.write(self._wrapped([(key, made_at[key.id]) for key in opened]), replace=True)
        return list(made_at)

    def open_for_nobody(self, wrapped: bytes, associated: bytes, *, kek_id: str) -> None:
        """As much work as `get` takes for one key: a read of the key store, and a question to the provider."""
        self._store.read({bytes(KEY_ID_BYTES)})
        self._provider.unwrap([(wrapped, associated)], kek_id=kek_id)

    def rewrapped(self, wrapped: bytes, associated: bytes, *, kek_id: str) -> bytes:
        """What was wrapped under *kek_id*, wrapped anew under the present key-encryption key."""
        opened = self._provider.unwrap([(wrapped, associated)], kek_id=kek_id)
        return self._provider.wrap([(opened[0], associated)])[0]

    def _make(self, count: int) -> list[DataKey]:
        drawn = self._ids.draw(count * (KEY_ID_BYTES + _KEY_BYTES))
        step = KEY_ID_BYTES + _KEY_BYTES
        made = [
            DataKey(drawn[at : at + KEY_ID_BYTES], drawn[at + KEY_ID_BYTES : at + step])
            for at in range(0, count * step, step)
        ]
        now = to_micros(self._clock.now())
        self._store.write(self._wrapped([(key, now) for key in made]))
        return made

    def _wrapped(self, keys: Sequence[tuple[DataKey, int]]) -> list[WrappedKey]:
        """Each of *keys*, which were made at these instants, under the present key-encryption key."""
        kek_id = self._provider.kek_id
        wrapped = self._provider.wrap([(key.secret, self._associated(key.id, kek_id)) for key, _ in keys])
        return [
            WrappedKey(key_id=key.id, kek_id=kek_id, wrapped=one, made_at=made_at)
            for one, (key, made_at) in zip(wrapped, keys, strict=True)
        ]

    def _opened(self, rows: Iterable[WrappedKey]) -> list[DataKey]:
        by_kek: dict[str, list[WrappedKey]] = {}
        for row in rows:
            by_kek.setdefault(row.kek_id, []).append(row)
        opened = []
        for kek_id, wrapped in by_kek.items():
            bound = [(row.wrapped, self._associated(row.key_id, kek_id)) for row in wrapped]
            secrets = self._provider.unwrap(bound, kek_id=kek_id)
            opened += [DataKey(row.key_id, secret) for row, secret in zip(wrapped, secrets, strict=True)]
        return opened

    def _associated(self, key_id: bytes, kek_id: str) -> bytes:
        return encode("bankcif/v1/data-key", self._tenant, key_id, kek_id)
