"""
Signed notes: a text and who signed it, in the form that logs and witnesses exchange.

    <text, ending in a newline>
    <an empty line>
    — <name of the key> <base64 of: 4 bytes key id, signature>

A signature line of an unknown key is passed over; one of a known key must hold.

Source: C2SP signed-note v1.0.0 (type 0x01, Ed25519) and tlog-cosignature v1 (type 0x04, timestamped); RFC 8032 (2017).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping
from typing import NoReturn

import attrs
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ..errors import AuditError

__all__ = ["COSIGNATURE", "SIGNATURE", "NoteKey", "NoteSigner", "opened", "signatures_in"]

SIGNATURE = 1
"""Kind of a key that signs the text."""
COSIGNATURE = 4
"""Kind of a key that signs the text and when it was seen."""

_DASH = "\N{EM DASH} "
_MOST_CHARACTERS = 100_000
_MOST_LINES = 64
_PUBLIC, _SIGNATURE, _TIME, _ID = 32, 64, 8, 4


@attrs.frozen
class NoteKey:
    """
    A key that verifies notes.

    Attributes:
        name: Name of the signer; without spaces and plus signs.
        public: Ed25519 public key of 32 bytes.
        kind: `SIGNATURE` or `COSIGNATURE`.
    """

    name: str
    public: bytes
    kind: int = SIGNATURE

    def __attrs_post_init__(self) -> None:
        if not _is_name(self.name) or len(self.public) != _PUBLIC or self.kind not in (SIGNATURE, COSIGNATURE):
            raise AuditError("a key for notes has a name without spaces and plus signs and 32 bytes", rule="note_key")

    @property
    def id(self) -> bytes:
        """The first four bytes of a hash over name, kind and key."""
        return hashlib.sha256(b"%s\n%c%s" % (self.name.encode(), self.kind, self.public)).digest()[:_ID]

    def __str__(self) -> str:
        """The form in which keys are handed on: ``name+id+base64``."""
        return f"{self.name}+{self.id.hex()}+{_base64(bytes([self.kind]) + self.public)}"

    @classmethod
    def read(cls, text: str) -> NoteKey:
        """
        The key in *text*, which is of the form that `str` gives.

        Raises:
            AuditError: It is of another form, or its id is not the key's.
        """
        name, _, rest = text.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        material = _bytes_of(encoded) if text.isascii() or not rest else None
        if material and len(material) == 1 + _PUBLIC and material[0] in (SIGNATURE, COSIGNATURE) and _is_name(name):
            found = cls(name, material[1:], material[0])
            if found.id.hex() == key_id:
                return found
        raise AuditError("a key for notes is written  name+id+base64, as its owner shows it", rule="note_key")

    def vouches(self, text: str, signature: bytes) -> bool:
        """Whether *signature* is this key's over *text*."""
        message = text.encode()
        if self.kind == COSIGNATURE:
            seen = int.from_bytes(signature[:_TIME], "big")
            message, signature = b"cosignature/v1\ntime %d\n%s" % (seen, message), signature[_TIME:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


class NoteSigner:
    """
    Signs notes; holds a private key, so it refuses copying and pickling.

    Args:
        name: Name of the signer.
        seed: The private key, 32 bytes.
        kind: `SIGNATURE` or `COSIGNATURE`.
    """

    def __init__(self, name: str, seed: bytes, kind: int = SIGNATURE) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.key = NoteKey(name, self._private.public_key().public_bytes_raw(), kind)

    def line(self, text: str, *, seconds: int = 0) -> str:
        """The signature line under *text*; *seconds* since 1970 is when it was seen, for a cosignature."""
        if self.key.kind == COSIGNATURE:
            stamp = b"cosignature/v1\ntime %d\n%s" % (seconds, text.encode())
            signature = seconds.to_bytes(_TIME, "big") + self._private.sign(stamp)
        else:
            signature = self._private.sign(text.encode())
        return f"{_DASH}{self.key.name} {_base64(self.key.id + signature)}\n"

    def sign(self, text: str) -> str:
        """
        *text* as a signed note.

        Raises:
            AuditError: It does not end in a newline, or holds a control character.
        """
        if not text.endswith("\n") or _has_controls(text):
            raise AuditError("a note's text ends in a newline and has no other control characters", rule="note")
        return f"{text}\n{self.line(text)}"

    def __repr__(self) -> str:
        return f"NoteSigner({self.key})"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("keys can not be pickled or copied")


def opened(note: str, keys: Iterable[NoteKey]) -> str:
    """
    The text of *note*, if one of *keys* signed it.

    Raises:
        AuditError: It is no signed note, a signature of a known key does not hold, or no known key signed.
    """
    text, lines = _parts(note)
    known = {(key.name, key.id): key for key in keys}
    vouched = False
    for name, key_id, signature in lines:
        key = known.get((name, key_id))
        if key is not None and not key.vouches(text, signature):
            raise AuditError(f"the signature of {name} does not hold", rule="note_signature")
        vouched = vouched or key is not None
    if not vouched:
        raise AuditError("no known key signed this note", rule="note_signature")
    return text


def signatures_in(note: str, keys: Iterable[NoteKey]) -> Mapping[str, int]:
    """Of each of *keys* that cosigned *note*: its name, and when it did, in seconds since 1970 (0 if it does not say)."""
    text, lines = _parts(note)
    known = {(key.name, key.id): key for key in keys}
    found = {}
    for name, key_id, signature in lines:
        key = known.get((name, key_id))
        if key is not None and key.vouches(text, signature):
            found[name] = int.from_bytes(signature[:_TIME], "big") if key.kind == COSIGNATURE else 0
    return found


def _parts(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """The text of *note*, and name, key id and signature of each of its lines."""
    at = note.rfind("\n\n")
    lines = note[at + 2 :].split("\n") if at >= 0 else []
    found = []
    if (
        len(note) <= _MOST_CHARACTERS
        and _encodes(note)
        and not _has_controls(note)
        and 1 < len(lines) <= _MOST_LINES
        and not lines[-1]
    ):
        for line in lines[:-1]:
            name, _, encoded = line.removeprefix(_DASH).partition(" ")
            signature = _bytes_of(encoded)
            if not line.startswith(_DASH) or not _is_name(name) or signature is None or len(signature) <= _ID:
                break
            found.append((name, signature[:_ID], signature[_ID:]))
        else:
            return note[: at + 1], found
    raise AuditError("this is no signed note", rule="note")


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(one.isspace() for one in name) and name.isprintable()


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair
        return False
    return True


def _has_controls(text: str) -> bool:
    return any(one < " " and one != "\n" for one in text)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _bytes_of(encoded: str) -> bytes | None:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
