"""What every key store and every key provider must do."""

from __future__ import annotations

import copy
import pickle

import attrs
import pytest

from ...errors import WrongKeyError
from ...protection import KeyProvider, KeyStore, WrappedKey

__all__ = ["KeyProviderContract", "KeyStoreContract"]


def _keys(count: int) -> list[WrappedKey]:
    return [WrappedKey(key_id=bytes([n]) * 16, kek_id="k", wrapped=bytes([n]), made_at=n) for n in range(count)]


class KeyStoreContract:
    """What every key store must do. The fixture ``key_store`` gives an empty one."""

    @pytest.fixture
    def key_store(self) -> KeyStore:
        raise NotImplementedError

    def test_keys_are_written_read_and_destroyed(self, key_store: KeyStore) -> None:
        keys = _keys(3)
        key_store.write(keys)
        assert key_store.read([k.key_id for k in keys]) == {k.key_id: k for k in keys}
        key_store.destroy([keys[1].key_id])
        assert set(key_store.read([k.key_id for k in keys])) == {keys[0].key_id, keys[2].key_id}
        assert list(key_store.page(limit=9)) == [keys[0], keys[2]]

    def test_keys_are_paged_by_id_and_by_what_they_are_not_wrapped_under(self, key_store: KeyStore) -> None:
        keys = _keys(5)
        key_store.write([attrs.evolve(key, kek_id="old" if n % 2 else "new") for n, key in enumerate(keys)])
        found = [key.key_id for key in key_store.page(limit=2)]
        assert found == [keys[0].key_id, keys[1].key_id]
        assert [key.key_id for key in key_store.page(found[-1], limit=9)] == [key.key_id for key in keys[2:]]
        old = key_store.page(keys[1].key_id, limit=9, not_under="new")
        assert [key.key_id for key in old] == [keys[3].key_id]

    def test_a_destroyed_key_does_not_come_back(self, key_store: KeyStore) -> None:
        one, other = _keys(2)
        key_store.write([one, other])
        key_store.destroy([other.key_id])
        again = [attrs.evolve(key, kek_id="new", wrapped=b"again") for key in (one, other)]
        key_store.write(again, replace=True)
        assert key_store.read([one.key_id, other.key_id]) == {one.key_id: again[0]}

    def test_it_belongs_to_one_store(self, key_store: KeyStore) -> None:
        assert key_store.identity() == ""
        key_store.bind("one")
        key_store.bind("one")
        assert key_store.identity() == "one"
        with pytest.raises(WrongKeyError):
            key_store.bind("two")


class KeyProviderContract:
    """What every key provider must do. The fixture ``provider`` gives one with an index root of version 1."""

    @pytest.fixture
    def provider(self) -> KeyProvider:
        raise NotImplementedError

    def test_a_wrapped_key_opens_only_where_it_was_bound(self, provider: KeyProvider) -> None:
        (wrapped,) = provider.wrap([(b"k" * 32, b"here")])
        assert b"k" * 32 not in wrapped
        assert provider.unwrap([(wrapped, b"here")], kek_id=provider.kek_id) == [b"k" * 32]
        for damaged, where, kek in (
            (wrapped, b"there", provider.kek_id),
            (wrapped[:-1], b"here", provider.kek_id),
            (wrapped, b"here", "another"),
            (b"", b"here", provider.kek_id),
        ):
            with pytest.raises(WrongKeyError):
                provider.unwrap([(damaged, where)], kek_id=kek)

    def test_a_batch_keeps_its_order_and_one_that_does_not_open_fails_it(self, provider: KeyProvider) -> None:
        keys = [(bytes([n]) * 32, b"place %d" % n) for n in range(70)]
        wrapped = provider.wrap(keys)
        bound = [(one, associated) for one, (_, associated) in zip(wrapped, keys, strict=True)]
        assert provider.unwrap(bound, kek_id=provider.kek_id) == [key for key, _ in keys]
        assert (provider.wrap([]), provider.unwrap([], kek_id=provider.kek_id)) == ([], [])
        bound[3], bound[4] = (bound[4][0], bound[3][1]), (bound[3][0], bound[4][1])
        with pytest.raises(WrongKeyError):
            provider.unwrap(bound, kek_id=provider.kek_id)

    def test_its_key_has_a_stable_name(self, provider: KeyProvider) -> None:
        assert provider.kek_id == provider.kek_id
        assert 0 < len(provider.kek_id) <= 128

    def test_no_key_leaves_it_otherwise(self, provider: KeyProvider) -> None:
        for leave in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError):
                leave(provider)

    def test_wrapping_twice_gives_different_bytes(self, provider: KeyProvider) -> None:
        one, other = provider.wrap([(b"k" * 32, b"")] * 2)
        assert one != other

    def test_index_roots_are_stable_and_versioned(self, provider: KeyProvider) -> None:
        assert provider.index_root(1) == provider.index_root(1)
        assert len(provider.index_root(1)) == 32
        with pytest.raises(WrongKeyError):
            provider.index_root(999)
