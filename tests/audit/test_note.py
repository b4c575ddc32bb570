"""Signed notes: published examples, the round trip, and what is refused."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given, strategies as st

from bankcif.audit.note import COSIGNATURE, NoteKey, NoteSigner, opened, signatures_in
from bankcif.errors import AuditError

# The worked example that the Go implementation of notes is documented with (golang.org/x/mod/sumdb/note): a secret key
# made for it, its public key, and the note it gives.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
)  # fmt: skip
GO_NOTE = (
    GO_TEXT
    + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
# The example of the C2SP specification of notes; its key is one that anybody can name, of the Elixir package's page.
FOO_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
FOO_NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)


def signer(name: str = "bank.example/log", seed: bytes = b"s" * 32, kind: int = 1) -> NoteSigner:
    return NoteSigner(name, seed, kind)


@pytest.mark.parametrize(("note", "key"), [(GO_NOTE, GO_KEY), (FOO_NOTE, FOO_KEY)])
def test_published_notes_open_with_their_keys(note: str, key: str) -> None:
    read = NoteKey.read(key)
    assert str(read) == key
    assert opened(note, [read]) == note[: note.rindex("\n\n") + 1]


@given(
    st.text(st.characters(min_codepoint=32, blacklist_categories=["Cs"]), max_size=40),
    st.binary(min_size=32, max_size=32),
)
def test_what_was_signed_opens_and_nothing_else_does(text: str, seed: bytes) -> None:
    made = signer(seed=seed)
    note = made.sign(text + "\n")
    assert opened(note, [made.key]) == text + "\n"
    with pytest.raises(AuditError):
        opened("x" + note, [made.key])
    with pytest.raises(AuditError):
        opened(note, [signer(seed=b"o" * 32).key])


def test_a_text_may_have_empty_lines() -> None:
    made = signer()
    assert opened(made.sign("a\n\n\nb\n"), [made.key]) == "a\n\n\nb\n"


def test_the_same_text_gives_the_same_note() -> None:
    assert signer().sign("a\n") == signer().sign("a\n")  # Ed25519 draws no chance


def test_a_signature_of_an_unknown_key_is_passed_over_and_one_of_a_known_key_must_hold() -> None:
    mine, other = signer(), signer("other", b"o" * 32)
    note = mine.sign("a\n")
    assert opened(note + other.line("a\n"), [mine.key]) == "a\n"
    with pytest.raises(AuditError, match="does not hold"):
        opened(note + other.line("b\n"), [mine.key, other.key])
    with pytest.raises(AuditError, match="no known key"):
        opened(note, [other.key])


def test_a_cosignature_says_when_it_was_made() -> None:
    mine, witness = signer(), signer("w", b"w" * 32, COSIGNATURE)
    note = mine.sign("a\n") + witness.line("a\n", seconds=1_679_315_147)
    assert opened(note, [mine.key, witness.key]) == "a\n"
    assert signatures_in(note, [witness.key, signer("v", b"v" * 32, COSIGNATURE).key]) == {"w": 1_679_315_147}
    moved = mine.sign("a\n") + witness.line("a\n", seconds=1).replace("w ", "w ", 1)
    assert signatures_in(moved, [witness.key]) == {"w": 1}
    # The instant is signed too.
    line = witness.line("a\n", seconds=5)
    assert signatures_in(mine.sign("b\n") + line, [witness.key]) == {}


def test_kinds_of_one_key_have_two_ids() -> None:
    assert signer().key.id != signer(kind=COSIGNATURE).key.id


@pytest.mark.parametrize(
    "note",
    [
        "", "a", "a\n", "a\n\n", "a\n\n— n\n", "a\n\n— n !!!!\n", "a\n\n— n AAAA\n", "a\n\n- n AAAAAAAA\n",
        "a\n\n— n AAAAAAAA", "a\n\n— a+b AAAAAAAA\n", "a\n\n—  AAAAAAAA\n", "\n\n— n AAAAAAAA\n", "a\r\n\n— n AAAAAAAA\n",
        "a\n\n" + "— n AAAAAAAA\n" * 100, "a" * 200_000 + "\n\n— n AAAAAAAA\n",
    ],
)  # fmt: skip
def test_what_is_no_note_is_refused(note: str) -> None:
    with pytest.raises(AuditError):
        opened(note, [signer().key])


@pytest.mark.parametrize(
    "text",
    [
        "", "n", "n+1", "n+00000000+AAAA", FOO_KEY.replace("530d903a", "530d903b"), FOO_KEY.replace("foo", "fop"),
        FOO_KEY[:-4], FOO_KEY + "AAAA", "+" + FOO_KEY, FOO_KEY.replace("+A", "+C", 1),
    ],
)  # fmt: skip
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(AuditError, match="name\\+id\\+base64"):
        NoteKey.read(text)


@pytest.mark.parametrize("text", ["", "no newline", "tab\t\n", "null\0\n"])
def test_what_cannot_stand_in_a_note_is_not_signed(text: str) -> None:
    with pytest.raises(AuditError):
        signer().sign(text)


@pytest.mark.parametrize(("name", "public"), [("a b", b"p" * 32), ("a+b", b"p" * 32), ("", b"p" * 32), ("a", b"p")])
def test_a_key_has_a_name_and_32_bytes(name: str, public: bytes) -> None:
    with pytest.raises(AuditError):
        NoteKey(name, public)


def test_a_signer_neither_copies_nor_shows_its_key() -> None:
    made = signer()
    assert "735373" not in repr(made)
    for way in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError):
            way(made)


@given(st.text(max_size=200))
def test_any_text_is_a_note_or_refused(text: str) -> None:
    with pytest.raises(AuditError):
        opened(text, [signer().key])
