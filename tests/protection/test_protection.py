"""Sealing, keys, blind indexes: published vectors, known answers, and what must not open."""

from __future__ import annotations

import copy
import json
import os
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import attrs
import pytest
from hypothesis import given, strategies as st

from bankcif import LocalKeyProvider
from bankcif._canonical import dumps, encode, encode_each, loads
from bankcif._clock import SystemClock, SystemIds
from bankcif.errors import KeyFileError, KeyMissingError, SealError, WrongKeyError
from bankcif.party import PartyKind
from bankcif.protection import (
    SUITES,
    Aes256Gcm,
    DataKey,
    DataKeys,
    IndexPlan,
    Place,
    Sealer,
    Suite,
    Tagger,
    key_id_of,
)  # fmt: skip
from bankcif.storage import MemoryKeyStore

KEY = DataKey(b"i" * 16, b"k" * 32)
PLAN = IndexPlan(bits={"identifier": 128, "phone": 17, "i": 17})
PLACE = Place(table="golden_group", owner=("C1",), group="identity", version=3)


class Fixed:
    """An id source that gives the bytes it was told."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def draw(self, count: int) -> bytes:
        assert count == len(self._data)
        return self._data


suites = pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES)


@suites
def test_the_wire_format_is_what_it_was(suite: Suite) -> None:
    # Known answers, frozen: bytes sealed and tagged by any release open and match with every later one.
    frozen = json.loads((Path(__file__).parent / "known_answers.json").read_text(encoding="utf-8"))
    assert encode("a", b"b", 3, None).hex() == frozen["canonical"]
    known = frozen[suite.name]
    sealer = Sealer(suite=suite, tenant="t", ids=Fixed(b"n" * 12))
    assert sealer.seal({"name": "张伟"}, KEY, PLACE).hex() == known["sealed"]
    assert sealer.open(bytes.fromhex(known["sealed"]), KEY, PLACE) == {"name": "张伟"}
    provider = LocalKeyProvider({"kek-1": b"w" * suite.key_bytes}, "kek-1", {1: b"r" * 32}, suite)
    tagger = Tagger(provider=provider, tenant="t", plan=PLAN, suite=suite)
    assert tagger.claim("identifier", "cn.resident_id", "11010519491231002X").hex() == known["claim"]
    assert tagger.search("identifier", "cn.resident_id", "11010519491231002X").hex() == known["full"]
    assert tagger.search("phone", "+8613800138001").hex() == known["search"]
    assert tagger.digest("content", b"x").hex() == known["digest"]
    places = [("core", "K-1", 0), ("core", "K-1", 1)]
    assert [one.hex() for one in tagger.checks("phone", ["+8613800138001"], [encode(*one) for one in places])] == known[
        "checks"
    ]
    assert provider.unwrap([(bytes.fromhex(known["wrapped"]), b"associated")], kek_id="kek-1") == [b"k" * 32]


@suites
def test_sealed_bytes_name_format_suite_and_key(suite: Suite) -> None:
    sealed = Sealer(suite=suite, tenant="t", ids=SystemIds()).seal({}, KEY, PLACE)
    assert sealed[:4] == b"BC\x01" + bytes((suite.number,))
    assert key_id_of(sealed) == KEY.id


@suites
@pytest.mark.parametrize(
    "place",
    [
        PLACE._replace(table="source_record"),
        PLACE._replace(owner=("C2",)),
        PLACE._replace(owner=("C1", "x")),
        PLACE._replace(group="contact"),
        PLACE._replace(version=2),
    ],
)
def test_moved_bytes_do_not_open(suite: Suite, place: Place) -> None:
    sealer = Sealer(suite=suite, tenant="t", ids=SystemIds())
    with pytest.raises(SealError):
        sealer.open(sealer.seal({"a": 1}, KEY, PLACE), KEY, place)


@suites
def test_nor_for_another_tenant_or_key(suite: Suite) -> None:
    sealed = Sealer(suite=suite, tenant="t", ids=SystemIds()).seal({"a": 1}, KEY, PLACE)
    with pytest.raises(SealError):
        Sealer(suite=suite, tenant="u", ids=SystemIds()).open(sealed, KEY, PLACE)
    with pytest.raises(SealError):
        Sealer(suite=suite, tenant="t", ids=SystemIds()).open(sealed, DataKey(KEY.id, b"x" * 32), PLACE)


@suites
@given(data=st.data())
def test_one_changed_bit_is_found(suite: Suite, data: st.DataObject) -> None:
    sealer = Sealer(suite=suite, tenant="t", ids=SystemIds())
    sealed = bytearray(sealer.seal({"a": "secret-canary"}, KEY, PLACE))
    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(SealError) as caught:
        sealer.open(bytes(sealed), KEY, PLACE)
    assert "canary" not in str(caught.value)
    for cut in (0, 3, 20, 35):
        with pytest.raises(SealError):
            sealer.open(bytes(sealed[:cut]), KEY, PLACE)


parts = st.lists(st.text(max_size=5) | st.binary(max_size=5) | st.integers() | st.none(), max_size=4)


@given(parts, parts)
def test_the_canonical_encoding_is_injective(
    one: list[str | bytes | int | None], other: list[str | bytes | int | None]
) -> None:
    same = len(one) == len(other) and all(type(a) is type(b) and a == b for a, b in zip(one, other, strict=False))
    assert (encode(*one) == encode(*other)) == same


_SIZES = st.sampled_from((0, 1, 127, 255, 256, 257))


@given(
    st.lists(
        st.text(max_size=5) | st.binary(max_size=5) | st.none() | st.integers() | st.sampled_from((-1, 0, 255, 256, 2**64))
        | st.sampled_from(PartyKind) | _SIZES.map(lambda size: "x" * size) | _SIZES.map(lambda size: b"x" * size),
        max_size=4,
    )
)  # fmt: skip
def test_each_part_is_a_letter_a_length_and_its_content(written: list[str | bytes | int | None]) -> None:
    def plain(part: str | bytes | int | None) -> bytes:
        letter = b"n" if part is None else b"s" if isinstance(part, str) else b"b" if isinstance(part, bytes) else b"i"
        content = (
            b"" if part is None
            else part.encode() if isinstance(part, str)
            else part if isinstance(part, bytes)
            else str(part).encode()
        )  # fmt: skip
        return letter + len(content).to_bytes(4, "big") + content

    assert encode(*written) == b"".join(map(plain, written))


@given(
    st.lists(
        st.tuples(
            st.text(max_size=3) | st.just("é" * 200), st.text(max_size=5) | st.just("客" * 100), st.integers(-1, 300)
        )
    )
)
def test_many_places_are_encoded_as_each_is(places: list[tuple[str, str, int]]) -> None:
    assert encode_each(places) == [encode(*one) for one in places]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), inner, max_size=3)
    ),
)


@given(json_values)
def test_canonical_json_round_trips(value: object) -> None:
    assert loads(dumps(value)) == value
    assert dumps(loads(dumps(value))) == dumps(value)
    with pytest.raises(ValueError, match="behind"):
        loads(dumps(value) + b" 1")


def test_keys_are_in_the_key_store_before_they_are_used(keys: LocalKeyProvider) -> None:
    store = MemoryKeyStore()
    data_keys = DataKeys(tenant="t", store=store, provider=keys, ids=SystemIds(), clock=SystemClock(), block=4)
    taken = data_keys.take(3) + data_keys.take(3)
    assert len({key.id for key in taken}) == 6
    opened = DataKeys(tenant="t", store=store, provider=keys, ids=SystemIds(), clock=SystemClock()).get(
        key.id for key in taken
    )
    assert {key.id: key.secret for key in taken} == {key_id: key.secret for key_id, key in opened.items()}


def test_a_destroyed_key_and_one_of_another_tenant_do_not_open(keys: LocalKeyProvider) -> None:
    store = MemoryKeyStore()
    key = DataKeys(tenant="t", store=store, provider=keys, ids=SystemIds(), clock=SystemClock()).take(1)[0]
    with pytest.raises(WrongKeyError):
        DataKeys(tenant="u", store=store, provider=keys, ids=SystemIds(), clock=SystemClock()).get([key.id])
    store.destroy([key.id])
    with pytest.raises(KeyMissingError):
        DataKeys(tenant="t", store=store, provider=keys, ids=SystemIds(), clock=SystemClock()).get([key.id])


def test_tags_are_apart_by_tenant_index_version_and_root(keys: LocalKeyProvider) -> None:
    def tag(provider: LocalKeyProvider, tenant: str, index: str) -> bytes:
        return Tagger(provider=provider, tenant=tenant, plan=PLAN, suite=Aes256Gcm()).claim(index, "x")

    class SameRoot:
        def index_root(self, version: int) -> bytes:
            return b"r" * 32

    def of_version(version: int) -> bytes:
        plan = attrs.evolve(PLAN, version=version)
        provider: Any = SameRoot()
        return Tagger(provider=provider, tenant="t", plan=plan, suite=Aes256Gcm()).claim("i", "x")

    assert of_version(1) != of_version(2)
    made = [tag(keys, "t", "i"), tag(keys, "u", "i"), tag(keys, "t", "j"), tag(LocalKeyProvider.generate(), "t", "i")]
    assert len(set(made)) == 4


def test_a_key_file_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    LocalKeyProvider.generate().write(path)
    assert path.stat().st_mode & 0o777 == 0o600
    LocalKeyProvider.from_file(path)
    for mode in (0o644, 0o640, 0o604):
        path.chmod(mode)
        with pytest.raises(KeyFileError, match="chmod 600"):
            LocalKeyProvider.from_file(path)


def test_a_key_file_that_could_not_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a key file, taken for a whole one, would lose everything sealed under it."""
    path = tmp_path / "keys.json"
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", mock.Mock(side_effect=OSError))
        with pytest.raises(KeyFileError, match="cannot be written"):
            LocalKeyProvider.generate().write(path)
    assert list(tmp_path.iterdir()) == []
    LocalKeyProvider.generate().write(path)
    assert [one.name for one in tmp_path.iterdir()] == ["keys.json"]


def test_a_key_file_is_written_where_there_are_no_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", mock.Mock(side_effect=PermissionError))
    path = tmp_path / "keys.json"
    LocalKeyProvider.generate().write(path)
    assert path.stat().st_mode & 0o077 == 0
    LocalKeyProvider.from_file(path)
    assert [one.name for one in tmp_path.iterdir()] == ["keys.json"]


def test_a_wrapped_key_opens_in_no_other_s_place(keys: LocalKeyProvider) -> None:
    """Threat 3: two rows of the key store that change places, or say they are under another key-encryption key."""
    store = MemoryKeyStore()
    made = DataKeys(tenant="t", store=store, provider=keys, ids=SystemIds(), clock=SystemClock())
    one, other = made.take(2)
    rows = dict(store.read([one.id, other.id]))
    store.write(
        [
            attrs.evolve(rows[one.id], wrapped=rows[other.id].wrapped),
            attrs.evolve(rows[other.id], wrapped=rows[one.id].wrapped),
        ],
        replace=True,
    )
    fresh = DataKeys(tenant="t", store=store, provider=keys, ids=SystemIds(), clock=SystemClock())
    for key in (one, other):
        with pytest.raises(WrongKeyError):
            fresh.get([key.id])


def test_what_a_key_is_wrapped_with_names_tenant_key_and_key_encryption_key() -> None:
    """Source: D1; the provider is shown all three, and binds them."""

    class Seen:
        kek_id = "kek-1"

        def __init__(self) -> None:
            self.associated: list[bytes] = []

        def wrap(self, keys: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
            self.associated += [associated for _, associated in keys]
            return [b"w" for _ in keys]

    def seen(tenant: str, kek_id: str, seed: int) -> bytes:
        provider: Any = Seen()
        provider.kek_id = kek_id
        ids: Any = mock.Mock(draw=lambda count: bytes([seed]) * count)
        DataKeys(tenant=tenant, store=MemoryKeyStore(), provider=provider, ids=ids, clock=SystemClock(), block=1).take(
            1
        )
        return bytes(provider.associated[0])

    assert seen("t", "kek-1", 1) == seen("t", "kek-1", 1)
    assert len({seen("t", "kek-1", 1), seen("u", "kek-1", 1), seen("t", "kek-2", 1), seen("t", "kek-1", 2)}) == 4


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    LocalKeyProvider.generate().write(path)
    before = path.read_bytes()
    with pytest.raises(KeyFileError, match="not overwritten"):
        LocalKeyProvider.generate().write(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[]", '{"format": 2}', '{"format":1,"active":"a","keks":{"a":"AA=="},"index_roots":{"1":"AA=="}}'],
)
def test_a_malformed_key_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content, encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match="malformed"):
        LocalKeyProvider.from_file(path)


def test_a_missing_key_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="does not exist"):
        LocalKeyProvider.from_file(tmp_path / "none.json")


def test_key_objects_show_nothing_and_do_not_leave(tmp_path: Path, keys: LocalKeyProvider) -> None:
    tagger = Tagger(provider=keys, tenant="t", plan=PLAN, suite=Aes256Gcm())
    secret = os.urandom(32)
    for held in (keys, tagger, DataKey(b"i" * 16, secret)):
        assert secret.hex() not in repr(held)
        for leave in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError):
                leave(held)
