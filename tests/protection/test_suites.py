"""Cipher suites: published vectors, one law for both, and a file that is sealed by each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cryptography_vectors
import pytest
from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from hypothesis import given, strategies as st
from tests.conftest import NOW, keys_fit
from tests.flows.test_register import register

from bankcif import CIF, Actor, LocalKeyProvider, Purpose
from bankcif._clock import FixedClock, SystemIds
from bankcif.errors import ConfigurationError, SealError, StoreOpenError
from bankcif.party import ReferenceTables
from bankcif.protection import SUITES, Aes256Gcm, Sm4Gcm, Suite, suite_of
from bankcif.protection.suites import Cipher, key_id_of

suites = pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES)


def vectors(name: str, last: str) -> Iterator[dict[str, str]]:
    """Each vector of a file of cryptography_vectors, up to its line *last*, with the lengths its section gives."""
    section: dict[str, str] = {}
    found: dict[str, str] = {}
    with cryptography_vectors.open_vector_file(name, "r") as file:
        for line in file:
            left, equals, right = line.strip().partition("=")
            if not equals or left.startswith("#"):
                continue
            if left.startswith("["):
                section[left.strip("[ ")] = right.strip("] ")
                continue
            found[left.strip().upper()] = right.strip()
            if left.strip().upper() == last:
                yield section | found
                found = {}


def agrees(suite: Suite, v: dict[str, str]) -> None:
    key, nonce, text, aad, sealed = (bytes.fromhex(v[name]) for name in ("KEY", "IV", "PLAINTEXT", "AAD", "CIPHERTEXT"))
    sealed += bytes.fromhex(v["TAG"])
    assert suite.cipher(key).encrypt(nonce, text, aad) == sealed
    assert suite.cipher(key).decrypt(nonce, sealed, aad) == text


def test_aes_agrees_with_nist_s_vectors() -> None:
    # NIST CAVP, those with the lengths that the wire format uses.
    found = [
        v | {"PLAINTEXT": v["PT"], "CIPHERTEXT": v["CT"]}
        for v in vectors("ciphers/AES/GCM/gcmEncryptExtIV256.rsp", "TAG")
        if v["IVlen"] == "96" and v["Taglen"] == "128"
    ]
    assert len(found) > 300
    for v in found:
        agrees(Aes256Gcm(), v)


def test_sm4_agrees_with_rfc_8998() -> None:
    (v, *_) = vectors("ciphers/SM4/rfc8998.txt", "CIPHERTEXT")
    agrees(Sm4Gcm(), v)


def test_sm3_agrees_with_the_standard_s_examples() -> None:
    found = list(vectors("hashes/SM3/oscca.txt", "MD"))
    assert len(found) > 4
    for v in found:
        digest = hashes.Hash(hashes.SM3())
        digest.update(bytes.fromhex(v["MSG"])[: int(v["LEN"]) // 8])
        assert digest.finalize().hex() == v["MD"]


def sm3(message: bytes) -> bytes:
    digest = hashes.Hash(hashes.SM3())
    digest.update(message)
    return digest.finalize()


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_hmac_sm3_is_rfc_2104_over_sm3(key: bytes, message: bytes) -> None:
    block = (sm3(key) if len(key) > 64 else key).ljust(64, b"\0")
    inner = sm3(bytes(byte ^ 0x36 for byte in block) + message)
    assert Sm4Gcm().mac(key, message) == sm3(bytes(byte ^ 0x5C for byte in block) + inner)


def test_derived_keys_are_hkdf_s() -> None:
    # RFC 5869: the first 32 bytes of what a longer output would be.
    found = list(vectors("KDF/rfc-5869-HKDF-SHA256.txt", "OKM"))
    assert len(found) > 2
    for v in found:
        prk, info = bytes.fromhex(v["PRK"]), bytes.fromhex(v.get("INFO", ""))
        assert Aes256Gcm().derive(prk, info).hex() == v["OKM"][:64]
    for length in (16, 32):
        expanded = HKDFExpand(hashes.SM3(), length, b"info").derive(b"k" * 32)
        assert Sm4Gcm().derive(b"k" * 32, b"info")[:length] == expanded


@suites
def test_a_suite_answers_its_probe(suite: Suite) -> None:
    suite.probe()
    assert suite_of(suite.name.lower()) is suite_of(suite.number) is SUITES[suite.name]


@suites
@given(data=st.data())
def test_what_is_not_whole_releases_nothing(suite: Suite, data: st.DataObject) -> None:
    key = data.draw(st.binary(min_size=suite.key_bytes, max_size=suite.key_bytes))
    text, associated = data.draw(st.binary(max_size=60)), data.draw(st.binary(max_size=20))
    cipher = suite.cipher(key)
    sealed = bytearray(cipher.encrypt(b"n" * 12, text, associated))
    assert cipher.decrypt(b"n" * 12, bytes(sealed), associated) == text
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    for changed in (bytes(sealed), bytes(sealed[:-1]), b"", bytes(sealed[:8])):
        with pytest.raises(InvalidTag):
            cipher.decrypt(b"n" * 12, changed, associated)


@pytest.mark.parametrize("length", [0, 8, 11, 13, 16])
def test_sm4_takes_nonces_of_twelve_bytes_only(length: int) -> None:
    cipher = Sm4Gcm().cipher(bytes(16))
    for call in (cipher.encrypt, cipher.decrypt):
        with pytest.raises(ValueError, match="nonce"):
            call(bytes(length), bytes(32), b"")


def test_bytes_of_one_suite_do_not_open_by_the_other() -> None:
    sealed = Aes256Gcm().seal(b"k" * 32, b"i" * 16, b"text", b"", SystemIds())
    with pytest.raises(SealError) as caught:
        Sm4Gcm().open(b"k" * 32, sealed, b"")
    assert caught.value.rule == "format"


@suites
def test_sealed_bytes_are_laid_out_as_the_table_says(suite: Suite) -> None:
    sealed = suite.seal(b"k" * 32, b"i" * 16, b"text", b"place", SystemIds())
    assert sealed[:20] == b"BC" + bytes((1, suite.number)) + b"i" * 16
    assert len(sealed) == 32 + len(b"text") + 16
    opened = suite.cipher(b"k" * suite.key_bytes).decrypt(sealed[20:32], sealed[32:], sealed[:20] + b"place")
    assert opened == suite.open(b"k" * 32, sealed, b"place") == b"text"
    assert key_id_of(sealed) == key_id_of(sealed[:20]) == b"i" * 16


@suites
def test_what_does_not_open_is_refused_by_its_rule(suite: Suite) -> None:
    empty = suite.seal(b"k" * 32, b"i" * 16, b"", b"place", SystemIds())
    assert len(empty) == 48
    assert suite.open(b"k" * 32, empty, b"place") == b""

    def refused(sealed: bytes, associated: bytes = b"place", key: bytes = b"k" * 32) -> tuple[str, str]:
        with pytest.raises(SealError) as caught:
            suite.open(key, sealed, associated)
        assert caught.value.__cause__ is caught.value.__context__ is None
        return caught.value.rule, str(caught.value)

    other = "sealed bytes are of another format or suite than this store's"
    moved = "sealed bytes do not open here: they were changed, moved, or sealed under another key"
    assert refused(empty[:47]) == refused(b"") == ("length", "sealed bytes are too short")
    for at in range(4):
        assert refused(empty[:at] + bytes((empty[at] ^ 1,)) + empty[at + 1 :]) == ("format", other)
    for at in range(4, 48):
        assert refused(empty[:at] + bytes((empty[at] ^ 1,)) + empty[at + 1 :])[1] == moved
    assert refused(empty, b"elsewhere")[1] == refused(empty, key=b"l" * 32)[1] == refused(empty + b"x")[1] == moved
    with pytest.raises(SealError, match=r"^sealed bytes are too short") as caught:
        key_id_of(empty[:19])
    assert caught.value.rule == "length"


def test_an_unknown_suite_is_named() -> None:
    with pytest.raises(ConfigurationError, match="AES-256-GCM, SM4-GCM"):
        suite_of("DES")
    with pytest.raises(ConfigurationError, match=r"^there is no cipher suite of that name; there are ") as caught:
        suite_of(3)
    assert caught.value.rule == "suite"


class _Absent(Sm4Gcm):
    def cipher(self, key: bytes) -> Cipher:
        raise UnsupportedAlgorithm("no SM4 here")

    def _answers(self) -> bool:
        return bool(self.cipher(b""))


class _Wrong(Aes256Gcm):
    def mac(self, key: bytes, message: bytes) -> bytes:
        return bytes(32)


@pytest.mark.parametrize("suite", [_Absent(), _Wrong()])
def test_a_build_that_computes_it_wrong_is_found_at_the_start(suite: Suite) -> None:
    with pytest.raises(ConfigurationError, match="does not compute") as caught:
        suite.probe()
    assert caught.value.rule == "suite"


def test_each_part_of_the_chinese_suite_is_probed(monkeypatch: pytest.MonkeyPatch) -> None:
    from bankcif.protection import suites as module

    right = module._Sm4GcmCipher.encrypt

    class Half(Sm4Gcm):
        def mac(self, key: bytes, message: bytes) -> bytes:
            return bytes(16)

    with pytest.raises(ConfigurationError):
        Half().probe()
    with monkeypatch.context() as patch:
        patch.setattr(module._Sm4GcmCipher, "encrypt", lambda *args: right(*args)[:-1] + b"x")
        with pytest.raises(ConfigurationError):
            Sm4Gcm().probe()
    with monkeypatch.context() as patch:
        patch.setattr(hashes, "Hash", lambda _: _OtherDigest())
        with pytest.raises(ConfigurationError):
            Sm4Gcm().probe()
    Sm4Gcm().probe()


class _OtherDigest:
    def update(self, data: bytes) -> None: ...

    def finalize(self) -> bytes:
        return bytes(32)


@suites
def test_a_file_is_founded_filled_and_read_under_each_suite(
    suite: Suite, tables: ReferenceTables, steward: Actor, tmp_path: Path
) -> None:
    url, keys = f"sqlite:///{tmp_path / 'cif.db'}", LocalKeyProvider.generate(suite=suite)
    keys.write(tmp_path / "keys.json")
    with CIF.open(url, tenant="t", keys=keys, suite=suite.name, tables=tables, clock=FixedClock(NOW)) as cif:
        cif_no = register(cif, steward, "1", name="欧阳测试", phone="15400008000", identifiers=None).cif_no
    read = LocalKeyProvider.from_file(tmp_path / "keys.json")
    with CIF.open(url, tenant="t", keys=read, tables=tables, clock=FixedClock(NOW)) as cif:
        (view,) = cif.customers.find(phone="15400008000", actor=steward, purpose=Purpose.SERVICE)
        assert view.cif_no == cif_no
        assert cif.customers.reveal(cif_no, ["name"], actor=steward, purpose=Purpose.SERVICE) == {"name": "欧阳测试"}
        assert cif.audit.verify(actor=steward).intact
        assert keys_fit(cif) > 0
    stored = (tmp_path / "cif.db").read_bytes() + (tmp_path / "cif-keys.db").read_bytes()
    assert b"BC\x01" + bytes((suite.number,)) in stored
    assert "欧阳测试".encode() not in stored
    other = next(name for name in SUITES if name != suite.name)
    with pytest.raises(StoreOpenError, match="keeps its suite"):
        CIF.open(url, tenant="t", keys=keys, suite=other)


@pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES.keys())
@given(key=st.binary(max_size=200), messages=st.lists(st.binary(max_size=300), max_size=4))
def test_a_key_that_was_hashed_once_gives_what_it_gives_each_time(
    suite: Suite, key: bytes, messages: list[bytes]
) -> None:
    mac = suite.keyed(key)
    assert [mac(message) for message in messages] == [suite.mac(key, message) for message in messages]
