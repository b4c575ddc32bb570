"""
Key providers: who holds the key-encryption keys and the index root keys.

`LocalKeyProvider` keeps them in a file, for development and for banks whose operating system guards files well
enough. Losing that file loses every customer: `docs/how-to/key-ceremony.md`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, Protocol

from cryptography.exceptions import InvalidTag

from .._canonical import encode
from .._clock import IdSource, SystemIds
from .._files import write_new
from ..errors import KeyFileError, WrongKeyError
from .escrow import open_escrow, seal_escrow
from .suites import NONCE_BYTES, SUITES, Aes256Gcm, Suite

__all__ = ["Bound", "KeyProvider", "LocalKeyProvider"]

_ROOT_BYTES = 32


Bound = tuple[bytes, bytes]
"""A key, in clear or wrapped, and the associated data that it is bound to."""


class KeyProvider(Protocol):
    """
    Wraps data keys and gives index root keys; the bank's HSM or key service behind one shape.

    Keys come in batches, since a key service is asked over the network.
    """

    @property
    def kek_id(self) -> str:
        """Id of the key-encryption key that wraps new data keys; at most 128 characters, another for each such key."""

    def wrap(self, keys: Sequence[Bound]) -> list[bytes]:
        """
        Each of *keys* wrapped under the key-encryption key `kek_id` and bound to its associated data, in their order.

        Raises:
            KeyServiceError: The key service does not answer, or refuses.
        """

    def unwrap(self, wrapped: Sequence[Bound], *, kek_id: str) -> list[bytes]:
        """
        The reverse of `wrap`.

        Raises:
            WrongKeyError: *kek_id* is not known here, or one does not open under it with its associated data.
            KeyServiceError: The key service does not answer, or refuses.
        """

    def index_root(self, version: int) -> bytes:
        """
        Root key (32 bytes) of all blind indexes of *version*.

        Raises:
            WrongKeyError: There is none of this version.
        """


class LocalKeyProvider:
    """
    Keys in a JSON file that only its owner can read.

    The file holds ``format`` (1), ``suite`` (AES-256-GCM if it is not there), ``active`` (a key-encryption key's id),
    ``keks``, each of the suite's length, and ``index_roots``, each of 32 bytes, all in base 64. Objects refuse copying
    and pickling and show no key.
    """

    def __init__(
        self,
        keks: Mapping[str, bytes],
        active: str,
        index_roots: Mapping[int, bytes],
        suite: Suite | None = None,
        ids: IdSource | None = None,
    ) -> None:
        self._ids = ids or SystemIds()
        self._suite = suite or Aes256Gcm()
        self._keks = dict(keks)
        self._ciphers = {kek_id: self._suite.cipher(key) for kek_id, key in keks.items()}
        self._active = active
        self._index_roots = dict(index_roots)

    @classmethod
    def generate(cls, ids: IdSource | None = None, *, suite: Suite | None = None) -> LocalKeyProvider:
        """Fresh keys, held in memory until `write` puts them into a file; data keys are wrapped by *suite*."""
        ids, suite = ids or SystemIds(), suite or Aes256Gcm()
        kek_id = "kek-" + ids.draw(6).hex()
        return cls({kek_id: ids.draw(suite.key_bytes)}, kek_id, {1: ids.draw(_ROOT_BYTES)}, suite, ids)

    @classmethod
    def from_file(cls, path: str | Path) -> LocalKeyProvider:
        """
        Reads a key file.

        Raises:
            KeyFileError: It is missing, not a file, readable by others than its owner, or malformed.
        """
        path = Path(path)
        content: bytes | None = None
        reason = ""
        try:
            with path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
                    reason = f"can be read by others; run  chmod 600 {path}"
                else:
                    content = file.read(1 << 20)
        except FileNotFoundError:
            reason = "does not exist; make one with  bankcif init"
        except OSError:
            reason = "cannot be read; check that it is a file of yours"
        if content is None:
            raise KeyFileError(f"the key file {path} {reason}", path=str(path), rule="key_file")
        found = _parse(content)
        if found is None:
            raise KeyFileError(
                f"the key file {path} is malformed; restore it from its backup",
                path=str(path),
                rule="key_file",
            )
        return cls(*found)

    def renewed(self) -> LocalKeyProvider:
        """
        These keys, a new key-encryption key, which wraps from now on, and an index root of the next version, which is used
        once the store is rotated to it.
        """
        kek_id = "kek-" + self._ids.draw(6).hex()
        keks = {**self._keks, kek_id: self._ids.draw(self._suite.key_bytes)}
        roots = {**self._index_roots, max(self._index_roots) + 1: self._ids.draw(_ROOT_BYTES)}
        return LocalKeyProvider(keks, kek_id, roots, self._suite, self._ids)

    def reduced(self) -> LocalKeyProvider:
        """
        These keys without the key-encryption keys that wrap no more; for when nothing is wrapped under them. Index roots
        all stay: digests of contents are under the first.
        """
        return LocalKeyProvider(
            {self._active: self._keks[self._active]}, self._active, self._index_roots, self._suite, self._ids
        )

    def write(self, path: str | Path) -> None:
        """
        Writes the keys to a new file that only its owner can read.

        Raises:
            KeyFileError: The file exists already (a key file is never overwritten), or cannot be written.
        """
        path = Path(path)
        reason = ""
        try:
            write_new(path, self._content())
        except FileExistsError:
            reason = "exists already and is not overwritten; name another, or go on with this one"
        except OSError:
            reason = "cannot be written; check the folder"
        if reason:
            raise KeyFileError(f"the key file {path} {reason}", path=str(path), rule="key_file")

    def escrow(self, passphrases: Mapping[str, str], *, needed: int) -> bytes:
        """The key file, sealed so that *needed* of the custodians together can open it; see `seal_escrow`."""
        return seal_escrow(self._content(), passphrases, needed=needed, suite=self._suite, ids=self._ids)

    @classmethod
    def from_escrow(cls, escrow: bytes, passphrases: Mapping[str, str]) -> LocalKeyProvider:
        """
        The keys in an escrow file, by its custodians' passphrases; see `open_escrow`.

        Raises:
            KeyFileError: It does not open.
        """
        found = _parse(open_escrow(escrow, passphrases))
        if found is None:
            raise KeyFileError("what the escrow holds is no key file", rule="escrow")
        return cls(*found)

    def _content(self) -> bytes:
        table = {
            "format": 1,
            "suite": self._suite.name,
            "active": self._active,
            "keks": {kek_id: base64.b64encode(key).decode() for kek_id, key in self._keks.items()},
            "index_roots": {str(v): base64.b64encode(key).decode() for v, key in self._index_roots.items()},
        }
        return json.dumps(table, indent=2).encode() + b"\n"

    @property
    def kek_id(self) -> str:
        return self._active

    @property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that tell two key files apart and say nothing of the keys."""
        parts = [part for kek_id, key in sorted(self._keks.items()) for part in (kek_id, key)]
        parts += [part for version, key in sorted(self._index_roots.items()) for part in (str(version), key)]
        return hashlib.sha256(encode("bankcif/v1/fingerprint", *parts)).hexdigest()[:12]

    def wrap(self, keys: Sequence[Bound]) -> list[bytes]:
        cipher, drawn = self._ciphers[self._active], self._ids.draw(NONCE_BYTES * len(keys))
        nonces = [drawn[at : at + NONCE_BYTES] for at in range(0, len(drawn), NONCE_BYTES)]
        return [nonce + cipher.encrypt(nonce, *key) for nonce, key in zip(nonces, keys, strict=True)]

    def unwrap(self, wrapped: Sequence[Bound], *, kek_id: str) -> list[bytes]:
        cipher = self._ciphers.get(kek_id)
        if cipher is None:
            raise WrongKeyError(
                f"the key file does not hold the key {kek_id}, under which this store was written; use its own key file",
                rule="kek_unknown",
            )
        try:
            return [cipher.decrypt(key[:NONCE_BYTES], key[NONCE_BYTES:], associated) for key, associated in wrapped]
        except (InvalidTag, ValueError):
            pass
        raise WrongKeyError(
            "a data key does not open under this key file; the key store was changed or belongs to another store",
            rule="unwrap",
        )

    def index_root(self, version: int) -> bytes:
        root = self._index_roots.get(version)
        if root is None:
            raise WrongKeyError(f"the key file holds no index key of version {version}", rule="index_root")
        return root

    def __repr__(self) -> str:
        return f"LocalKeyProvider({self._active}, fingerprint {self.fingerprint})"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("keys can not be pickled or copied")


def _parse(content: bytes) -> tuple[dict[str, bytes], str, dict[int, bytes], Suite] | None:
    try:
        table: Any = json.loads(content)
        suite = SUITES[table.get("suite", Aes256Gcm.name)]
        keks = {str(k): base64.b64decode(v, validate=True) for k, v in table["keks"].items()}
        roots = {int(k): base64.b64decode(v, validate=True) for k, v in table["index_roots"].items()}
        active = str(table["active"])
        good = table["format"] == 1 and active in keks and roots
        good = good and all(len(key) == suite.key_bytes for key in keks.values())
        good = good and all(len(root) == _ROOT_BYTES for root in roots.values())
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        return None
    return (keks, active, roots, suite) if good else None
