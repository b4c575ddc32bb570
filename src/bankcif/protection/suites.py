"""
Cipher suites and the wire format of sealed bytes.

| bytes | content |
|---|---|
| 0–1 | magic ``BC`` |
| 2 | version of this format: 1 |
| 3 | suite: 1 = AES-256-GCM with HMAC-SHA-256, 2 = SM4-GCM with HMAC-SM3 |
| 4–19 | data key's id |
| 20–31 | nonce, random |
| 32– | ciphertext, with the tag of 16 bytes at its end |

Source: NIST SP 800-38D (GCM), GB/T 32907-2016 (SM4), GB/T 32905-2016 (SM3), RFC 8998 (SM4-GCM), RFC 2104 (HMAC), RFC
5869 (HKDF); a data key seals few messages, far below the bound of 2^32 for random nonces.
"""

from __future__ import annotations

import hmac
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar, Protocol

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.hmac import HMAC

from .._clock import IdSource
from ..errors import ConfigurationError, SealError

__all__ = [
    "KEY_ID_BYTES",
    "NONCE_BYTES",
    "SUITES",
    "Aes256Gcm",
    "Cipher",
    "Mac",
    "Sm4Gcm",
    "Suite",
    "key_id_of",
    "suite_of",
]

Mac = Callable[[bytes], bytes]
"""A keyed hash under one key: message to 32 bytes."""

KEY_ID_BYTES = 16
NONCE_BYTES = 12
_MAGIC = b"BC"
_VERSION = 1
_TAG_BYTES = 16
_HEADER_BYTES = 4 + KEY_ID_BYTES


class Cipher(Protocol):
    """Authenticated encryption under one key, in the shape of the AEAD classes of ``cryptography``."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        """Ciphertext and, behind it, the tag."""

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        """The plaintext. Raises `InvalidTag` before anything of it is released."""


class Suite(ABC):
    """
    A cipher and a keyed hash that belong together; a store is sealed and indexed by one.

    Attributes:
        number: The suite's byte in the wire format.
        name: As it is asked for.
        key_bytes: Length of the cipher's keys.
        hash: What its HMAC is made of.
    """

    number: ClassVar[int]
    name: ClassVar[str]
    key_bytes: ClassVar[int]
    hash: ClassVar[hashes.HashAlgorithm]

    @abstractmethod
    def cipher(self, key: bytes) -> Cipher:
        """The cipher under *key*, of `key_bytes` bytes."""

    @abstractmethod
    def mac(self, key: bytes, message: bytes) -> bytes:
        """HMAC of *message*, 32 bytes."""

    def keyed(self, key: bytes) -> Mac:
        """`mac` under one key for many messages, each at a third of the cost: what hashes the key is done once."""
        started = HMAC(key, self.hash)

        def mac(message: bytes) -> bytes:
            running = started.copy()
            running.update(message)
            return running.finalize()

        return mac

    @abstractmethod
    def _answers(self) -> bool:
        """Whether cipher and hash give what a published vector says."""

    def derive(self, key: bytes, info: bytes) -> bytes:
        """
        32 bytes for the use *info* of a uniform *key*.

        HKDF-Expand of RFC 5869; up to the hash's length it is one HMAC. A shorter key is the beginning of it, as there.
        """
        return self.mac(key, info + b"\x01")

    def probe(self) -> None:
        """Raises `ConfigurationError` unless the installed ``cryptography`` computes this suite right."""
        try:
            good = self._answers()
        except UnsupportedAlgorithm:
            good = False
        if not good:
            raise ConfigurationError(
                f"the installed cryptography package does not compute {self.name}; install its wheel from PyPI, whose "
                f"OpenSSL has it, or found the store with another suite",
                rule="suite",
            )

    def seal(self, key: bytes, key_id: bytes, plaintext: bytes, associated: bytes, ids: IdSource) -> bytes:
        """Sealed bytes in the wire format; the first `key_bytes` of *key* are used."""
        nonce = ids.draw(NONCE_BYTES)
        header = _MAGIC + bytes((_VERSION, self.number)) + key_id
        return header + nonce + self.cipher(key[: self.key_bytes]).encrypt(nonce, plaintext, header + associated)

    def open(self, key: bytes, sealed: bytes, associated: bytes) -> bytes:
        """The plaintext. Raises `SealError` for anything that was not sealed so, and releases nothing of it."""
        if len(sealed) < _HEADER_BYTES + NONCE_BYTES + _TAG_BYTES:
            raise SealError("sealed bytes are too short", rule="length")
        header = sealed[:_HEADER_BYTES]
        if header[:3] != _MAGIC + bytes((_VERSION,)) or header[3] != self.number:
            raise SealError("sealed bytes are of another format or suite than this store's", rule="format")
        nonce, ciphertext = sealed[_HEADER_BYTES : _HEADER_BYTES + NONCE_BYTES], sealed[_HEADER_BYTES + NONCE_BYTES :]
        try:
            return self.cipher(key[: self.key_bytes]).decrypt(nonce, ciphertext, header + associated)
        except InvalidTag:
            pass
        raise SealError("sealed bytes do not open here: they were changed, moved, or sealed under another key")


class Aes256Gcm(Suite):
    """AES-256-GCM with HMAC-SHA-256, the default."""

    number = 1
    name = "AES-256-GCM"
    key_bytes = 32
    hash = hashes.SHA256()

    def cipher(self, key: bytes) -> Cipher:
        return AESGCM(key)

    def mac(self, key: bytes, message: bytes) -> bytes:
        return hmac.digest(key, message, "sha256")

    def _answers(self) -> bool:
        # Source: the GCM specification of McGrew and Viega, test case 14; RFC 4231, test case 2.
        sealed = AESGCM(bytes(32)).encrypt(bytes(12), bytes(16), b"")
        tag = self.mac(b"Jefe", b"what do ya want for nothing?")
        return (
            sealed.hex() == "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"
            and tag.hex() == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        )


class Sm4Gcm(Suite):
    """SM4-GCM with HMAC-SM3: the suite of the Chinese commercial algorithms (国密)."""

    number = 2
    name = "SM4-GCM"
    key_bytes = 16
    hash = hashes.SM3()

    def cipher(self, key: bytes) -> Cipher:
        return _Sm4GcmCipher(key)

    def mac(self, key: bytes, message: bytes) -> bytes:
        running = HMAC(key, self.hash)
        running.update(message)
        return running.finalize()

    def _answers(self) -> bool:
        # Source: RFC 8998, appendix A.1; GB/T 32905-2016, example 1, for the hash within the HMAC.
        sealed = _Sm4GcmCipher(bytes.fromhex("0123456789abcdeffedcba9876543210")).encrypt(
            bytes.fromhex("00001234567800000000abcd"),
            b"".join(bytes((byte,)) * 8 for byte in bytes.fromhex("aabbccddeeffeeaa")),
            bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
        )
        digest = hashes.Hash(hashes.SM3())
        digest.update(b"abc")
        return (
            sealed[-_TAG_BYTES:].hex() == "83de3541e4c2b58177e065a9bf7b62ec"
            and digest.finalize().hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
            and len(self.mac(b"k", b"")) == 32
        )


class _Sm4GcmCipher:
    """SM4-GCM in the shape of an AEAD class, since the library has only the streaming form of it."""

    def __init__(self, key: bytes) -> None:
        self._algorithm = SM4(key)

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        running = BlockCipher(self._algorithm, modes.GCM(_twelve(nonce))).encryptor()
        running.authenticate_additional_data(associated_data)
        return running.update(data) + running.finalize() + running.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        if len(data) < _TAG_BYTES:
            raise InvalidTag
        mode = modes.GCM(_twelve(nonce), data[-_TAG_BYTES:])
        running = BlockCipher(self._algorithm, mode).decryptor()
        running.authenticate_additional_data(associated_data)
        # What `update` gives is not authenticated yet; it stays here until `finalize` has seen the tag.
        unverified = running.update(data[:-_TAG_BYTES])
        return unverified + running.finalize()


def _twelve(nonce: bytes) -> bytes:
    if len(nonce) != NONCE_BYTES:
        raise ValueError("a nonce has twelve bytes")
    return nonce


SUITES: Mapping[str, Suite] = {suite.name: suite for suite in (Aes256Gcm(), Sm4Gcm())}
"""Every suite, by its name."""


def suite_of(name_or_number: str | int) -> Suite:
    """
    The suite of a name (in any case) or of its number in the wire format.

    Raises:
        ConfigurationError: There is none such.
    """
    for suite in SUITES.values():
        if name_or_number == suite.number or str(name_or_number).upper() == suite.name:
            return suite
    raise ConfigurationError(f"there is no cipher suite of that name; there are {', '.join(SUITES)}", rule="suite")


def key_id_of(sealed: bytes) -> bytes:
    """The id of the data key that *sealed* names. Raises `SealError` if it is too short to name one."""
    if len(sealed) < _HEADER_BYTES:
        raise SealError("sealed bytes are too short", rule="length")
    return sealed[4:_HEADER_BYTES]
