"""
Cipher suites and the wire format of sealed bytes.

| bytes | content |
|---|---|
| 0–1 | magic ``BC`` |
| 2 | version of this format: 1 |
| 3 | suite: 1 = AES-256-GCM |
| 4–19 | data key's id |
| 20–31 | nonce, random |
| 32– | ciphertext, with the tag of 16 bytes at its end |

Source: NIST SP 800-38D (GCM); a data key seals few messages, far below the bound of 2^32 for random nonces.
"""

from __future__ import annotations

from typing import Protocol

import attrs
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .._clock import IdSource
from ..errors import SealError

__all__ = ["KEY_ID_BYTES", "Aes256Gcm", "Suite", "key_id_of"]

KEY_ID_BYTES = 16
_MAGIC = b"BC"
_VERSION = 1
_NONCE_BYTES = 12
_TAG_BYTES = 16
_HEADER_BYTES = 4 + KEY_ID_BYTES


class Suite(Protocol):
    """Seals and opens under one key; the associated data is never optional."""

    @property
    def number(self) -> int:
        """The suite's byte in the wire format."""

    def seal(self, key: bytes, key_id: bytes, plaintext: bytes, associated: bytes, ids: IdSource) -> bytes:
        """Sealed bytes in the wire format."""

    def open(self, key: bytes, sealed: bytes, associated: bytes) -> bytes:
        """The plaintext. Raises `SealError` for anything that was not sealed so, and releases nothing of it."""


@attrs.frozen
class Aes256Gcm:
    """AES-256-GCM, the default suite."""

    number: int = 1

    def seal(self, key: bytes, key_id: bytes, plaintext: bytes, associated: bytes, ids: IdSource) -> bytes:
        nonce = ids.draw(_NONCE_BYTES)
        header = _MAGIC + bytes((_VERSION, self.number)) + key_id
        return header + nonce + AESGCM(key).encrypt(nonce, plaintext, header + associated)

    def open(self, key: bytes, sealed: bytes, associated: bytes) -> bytes:
        if len(sealed) < _HEADER_BYTES + _NONCE_BYTES + _TAG_BYTES:
            raise SealError("sealed bytes are too short", rule="length")
        header = sealed[:_HEADER_BYTES]
        if header[:3] != _MAGIC + bytes((_VERSION,)) or header[3] != self.number:
            raise SealError("sealed bytes are of another format or suite than this store's", rule="format")
        nonce = sealed[_HEADER_BYTES : _HEADER_BYTES + _NONCE_BYTES]
        try:
            return AESGCM(key).decrypt(nonce, sealed[_HEADER_BYTES + _NONCE_BYTES :], header + associated)
        except InvalidTag:
            pass
        raise SealError("sealed bytes do not open here: they were changed, moved, or sealed under another key")


def key_id_of(sealed: bytes) -> bytes:
    """The id of the data key that *sealed* names. Raises `SealError` if it is too short to name one."""
    if len(sealed) < _HEADER_BYTES:
        raise SealError("sealed bytes are too short", rule="length")
    return sealed[4:_HEADER_BYTES]
