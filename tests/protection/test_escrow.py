"""Escrow: enough custodians open it, fewer do not."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from hypothesis import given, settings, strategies as st

from bankcif import LocalKeyProvider
from bankcif.errors import InputError, KeyFileError
from bankcif.protection import SUITES, Suite
from bankcif.protection.escrow import open_escrow, seal_escrow

WORDS = {name: f"the passphrase of {name}" for name in ("zhao", "qian", "sun")}


@pytest.fixture(scope="module")
def escrow() -> bytes:
    return seal_escrow(b"canary-content", WORDS, needed=2)


def test_any_two_of_three_open_it_and_no_one_alone(escrow: bytes) -> None:
    for group in (*combinations(WORDS, 2), tuple(WORDS)):
        assert open_escrow(escrow, {name: WORDS[name] for name in group}) == b"canary-content"
    for name, words in WORDS.items():
        with pytest.raises(KeyFileError, match="2 custodians"):
            open_escrow(escrow, {name: words})
    assert b"canary" not in escrow


def test_a_wrong_passphrase_opens_nothing(escrow: bytes) -> None:
    with pytest.raises(KeyFileError, match="passphrase is wrong") as caught:
        open_escrow(escrow, {"zhao": WORDS["zhao"], "qian": WORDS["sun"]})
    assert WORDS["zhao"] not in str(caught.value)
    with pytest.raises(KeyFileError, match="qian, sun, zhao"):
        open_escrow(escrow, {"zhao": WORDS["zhao"], "li": WORDS["qian"]})


def test_one_of_three_may_have_forgotten(escrow: bytes) -> None:
    assert open_escrow(escrow, {**WORDS, "sun": "no longer known"}) == b"canary-content"


def test_a_passphrase_is_the_same_however_it_was_typed() -> None:
    composed, apart = "caf\u00e9 au lait, twice", "cafe\u0301 au lait, twice"
    sealed = seal_escrow(b"content", {"a": composed, "b": "another passphrase"}, needed=2)
    assert open_escrow(sealed, {"a": apart, "b": "another passphrase"}) == b"content"
    with pytest.raises(InputError):
        seal_escrow(b"content", {"a": composed, "b": apart}, needed=2)  # one passphrase for two


def test_what_was_sealed_before_passphrases_were_normalized_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    apart = "cafe\u0301 au lait, twice"
    with monkeypatch.context() as before:
        before.setattr("bankcif.protection.escrow._as_typed", lambda words: words.encode())
        sealed = seal_escrow(b"content", {"a": apart, "b": "another passphrase"}, needed=2)
    assert open_escrow(sealed, {"a": apart, "b": "another passphrase"}) == b"content"
    with pytest.raises(KeyFileError, match="passphrase is wrong"):
        open_escrow(sealed, {"a": apart + "x", "b": "another passphrase"})


def test_half_a_surrogate_pair_is_refused_without_being_told() -> None:
    with pytest.raises(InputError) as caught:
        seal_escrow(b"content", {"a": "secret passphrase\ud800", "b": "another passphrase"}, needed=2)
    assert caught.value.__context__ is None
    sealed = seal_escrow(b"content", {"a": "a passphrase of a", "b": "another passphrase"}, needed=2)
    with pytest.raises(KeyFileError) as told:
        open_escrow(sealed, {"a": "secret passphrase\ud800", "b": "another passphrase"})
    assert told.value.__context__ is None


@pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES)
def test_a_key_file_comes_back_whole(suite: Suite, tmp_path: Path) -> None:
    keys = LocalKeyProvider.generate(suite=suite)
    back = LocalKeyProvider.from_escrow(keys.escrow(WORDS, needed=3), WORDS)
    assert back.fingerprint == keys.fingerprint
    (wrapped,) = keys.wrap([(b"k" * 32, b"")])
    assert back.unwrap([(wrapped, b"")], kek_id=keys.kek_id) == [b"k" * 32]
    back.write(tmp_path / "keys.json")
    assert LocalKeyProvider.from_file(tmp_path / "keys.json").fingerprint == keys.fingerprint


def test_passphrases_are_stretched_as_the_file_says(escrow: bytes) -> None:
    # RFC 9106, second recommended option; a weaker cost would open files of today no more.
    salts = json.loads(escrow)["salts"]
    assert sorted(salts) == sorted(WORDS)
    assert len(set(salts.values())) == 3
    derived = Argon2id(salt=b"s" * 16, length=32, iterations=3, lanes=4, memory_cost=65536).derive(b"x")
    from bankcif.protection.escrow import _stretched

    assert _stretched(b"x", b"s" * 16) == derived


@pytest.mark.parametrize(
    ("passphrases", "needed", "words"),
    [
        ({"a": "x" * 12}, 1, "two to 9"),
        (WORDS, 1, "at least two"),
        (WORDS, 4, "at least two"),
        ({str(n): f"passphrase number {n}" for n in range(10)}, 2, "two to 9"),
        ({**WORDS, "sun": "short"}, 2, "12 characters"),
        ({**WORDS, "sun": WORDS["zhao"]}, 2, "of their own"),
        ({**WORDS, "": "another passphrase"}, 2, "name"),
    ],
)
def test_an_escrow_that_keeps_nothing_is_refused(passphrases: dict[str, str], needed: int, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        seal_escrow(b"", passphrases, needed=needed)
    assert not any(one and one in str(caught.value) for one in passphrases.values())


@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_a_changed_file_opens_nothing(escrow: bytes, data: st.DataObject) -> None:
    table = json.loads(escrow)
    part = data.draw(st.sampled_from(["sealed", "salt", "wrapped", "needed", "custodians"]))
    if part == "sealed":
        table["sealed"] = "AAAA" + table["sealed"][4:]
    elif part == "salt":
        table["salts"]["zhao"] = table["salts"]["qian"]
    elif part == "wrapped":
        for share in table["shares"]:
            share["wrapped"] = share["wrapped"][:-8] + "AAAAAAA="
    elif part == "needed":
        table["needed"] = 3
    else:
        table["shares"][0]["custodians"] = table["shares"][1]["custodians"]
        table["shares"] = table["shares"][:1]
    with pytest.raises(KeyFileError):
        open_escrow(json.dumps(table).encode(), {"zhao": WORDS["zhao"], "qian": WORDS["qian"]})


@given(
    st.binary(max_size=200)
    | st.sampled_from([b"[]", b"{}", b'{"format":1}', b'{"suite":"DES","needed":2}', b"[" * 5000])
)
def test_what_is_no_escrow_is_refused(content: bytes) -> None:
    with pytest.raises(KeyFileError, match="no escrow file"):
        open_escrow(content, WORDS)
