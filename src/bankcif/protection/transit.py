"""
A key provider over a transit secrets engine, as Vault and OpenBao have it: keys never leave the key service.

Two keys are asked for there: one that encrypts (an AEAD type, such as ``aes256-gcm96``), whose versions are the
key-encryption keys, and one for HMAC, whose versions are the versions of the index roots. The rights needed are
``read`` on ``keys/KEY``, ``update`` on ``encrypt/KEY``, ``decrypt/KEY`` and ``hmac/INDEX_KEY``.

Source: HTTP API of the transit secrets engine, HashiCorp Vault documentation.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn
from urllib.parse import quote, urlsplit

from .._extras import need
from ..errors import ConfigurationError, KeyServiceError, WrongKeyError
from .providers import Bound

__all__ = ["TransitKeyProvider"]

_PROBE = bytes(32)
_ROOT_LABEL = b"bankcif/v1/index-root"
_ROOT_BYTES = 32
_MOST_ANSWER = 16 * 1024 * 1024
_LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})


class TransitKeyProvider:
    """
    Wraps data keys by a transit engine over HTTPS.

    The newest version of the key at the time of opening wraps what is written from then on; a process that shall use a
    newer one opens anew. Index roots are asked for once and stay in memory, since tags are made from them; data keys are
    unwrapped for every use, one request for all that a call needs, so that the service's own log sees them.

    Args:
        url: Base address, such as ``https://vault.bank.example:8200``. Plain ``http`` only to this machine itself.
        token: The token, or a function that gives the present one.
        key: Name of the encrypting key.
        index_key: Name of the HMAC key.
        mount: Where the engine is mounted.
        timeout: Seconds for one attempt.
        retries: How often an attempt is made anew after a failed connection or a status of 429, 502, 503 or 504.
        ca_file: Certificates of the bank's own authority, in PEM; those of the system if None.

    Raises:
        ConfigurationError: The address is not one that keys may be sent to.
        MissingExtraError: urllib3 is not installed.
        KeyServiceError: The service does not answer, or refuses.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | Callable[[], str],
        key: str = "bankcif",
        index_key: str = "bankcif-index",
        mount: str = "transit",
        timeout: float = 5.0,
        retries: int = 2,
        ca_file: str | None = None,
    ) -> None:
        urllib3 = need("urllib3", extra="vault")
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
            raise ConfigurationError(
                "the key service must be reached over https (http only on this machine): keys would pass in clear",
                rule="tls",
            )
        self._failure = urllib3.exceptions.HTTPError
        # The service may be asked twice: encrypting and decrypting change nothing there.
        again = urllib3.Retry(
            total=retries, backoff_factor=0.1, status_forcelist=(429, 502, 503, 504), allowed_methods=None,
            redirect=0, raise_on_status=False, respect_retry_after_header=False,
        )  # fmt: skip
        self._http = urllib3.PoolManager(timeout=timeout, retries=again, cert_reqs="CERT_REQUIRED", ca_certs=ca_file)
        self._base = f"{url.rstrip('/')}/v1/{quote(mount.strip('/'))}"
        self._token = token if callable(token) else lambda: token
        self._key, self._index_key = key, index_key
        self._name = f"{mount.strip('/')}/{key}"
        latest = self._ask("GET", f"keys/{quote(key, safe='')}").get("latest_version")
        if not isinstance(latest, int):
            raise KeyServiceError("the key service's answer about its key is none of a transit engine", rule="answer")
        self._version = latest
        self._roots: dict[int, bytes] = {}
        self._probe()

    @property
    def kek_id(self) -> str:
        return f"{self._name}:v{self._version}"

    def wrap(self, keys: Sequence[Bound]) -> list[bytes]:
        if not keys:
            return []
        batch = [
            {"plaintext": _encoded(key), "associated_data": _encoded(associated), "key_version": self._version}
            for key, associated in keys
        ]
        results = self._batch("encrypt", batch)
        # Vault's own form stands for itself, "vault:v3:" and base 64; it is kept as it is.
        wrapped = [_text(result, "ciphertext").encode() for result in results]
        if not all(one.startswith(f"vault:v{self._version}:".encode()) for one in wrapped):
            raise KeyServiceError(
                "the key service did not wrap every key, under the version it was told", rule="answer"
            )
        # A key that nobody can open again is a customer lost: it is opened once before anything is sealed under it.
        places = [associated for _, associated in keys]
        opened: list[bytes] = []
        try:
            opened = self.unwrap(list(zip(wrapped, places, strict=True)), kek_id=self.kek_id)
        except WrongKeyError:
            pass
        if opened != [key for key, _ in keys]:
            raise KeyServiceError("the key service opens what it wrapped as something else", rule="answer")
        return wrapped

    def unwrap(self, wrapped: Sequence[Bound], *, kek_id: str) -> list[bytes]:
        name, _, version = kek_id.rpartition(":v")
        if name != self._name or not version.isdecimal():
            raise WrongKeyError(
                f"the key service is asked for {self._name}, but the key {kek_id} is needed; name the engine and key "
                f"under which this store was written",
                rule="kek_unknown",
            )
        if not wrapped:
            return []
        batch = [
            {"ciphertext": ciphertext.decode("ascii", "replace"), "associated_data": _encoded(associated)}
            for ciphertext, associated in wrapped
        ]
        keys = [_decoded(_text(result, "plaintext")) for result in self._batch("decrypt", batch, status=400)]
        opened = [key for key in keys if key]
        if len(opened) < len(wrapped):
            raise WrongKeyError(
                "a data key does not open in the key service; the key store was changed or belongs to another store",
                rule="unwrap",
            )
        return opened

    def index_root(self, version: int) -> bytes:
        root = self._roots.get(version)
        if root is None:
            answer = self._ask(
                "POST", f"hmac/{quote(self._index_key, safe='')}/sha2-256",
                {"input": _encoded(_ROOT_LABEL), "key_version": version}, status=400,
            )  # fmt: skip
            made, prefix = _text(answer, "hmac"), f"vault:v{version}:"
            root = _decoded(made.removeprefix(prefix)) if made.startswith(prefix) else b""
            if len(root) != _ROOT_BYTES:
                raise WrongKeyError(f"the key service has no index key of version {version}", rule="index_root")
            self._roots[version] = root
        return root

    def _probe(self) -> None:
        """Makes sure that the service binds associated data, on which it rests that keys cannot change places."""
        probe = {"plaintext": _encoded(_PROBE), "associated_data": _encoded(b"one"), "key_version": self._version}
        (made,) = self._batch("encrypt", [probe])
        asked = {"ciphertext": _text(made, "ciphertext"), "associated_data": _encoded(b"other")}
        (opened,) = self._batch("decrypt", [asked], status=400)
        if _text(opened, "plaintext"):
            raise KeyServiceError(
                "the key service does not bind associated data; it takes a transit engine that does (Vault 1.14 or newer, and a "
                "key of type aes256-gcm96)",
                rule="associated_data",
            )

    def close(self) -> None:
        """Lets go of the connections."""
        self._http.clear()

    def _batch(self, action: str, batch: list[dict[str, Any]], *, status: int = 200) -> list[Any]:
        answer = self._ask("POST", f"{action}/{quote(self._key, safe='')}", {"batch_input": batch}, status=status)
        results = answer.get("batch_results")
        if isinstance(results, list) and len(results) == len(batch):
            return results
        if status != 200 and results is None:
            return [{}] * len(batch)  # the whole batch was refused
        raise KeyServiceError("the key service did not answer for every key of a batch", rule="answer")

    def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, status: int = 200
    ) -> Mapping[str, Any]:
        """
        The ``data`` of the answer; empty if it has *status*, which the caller understands, and none.

        What goes wrong is told without the words of an exception or an answer, which can hold a key.
        """
        problem, rule = "", "answer"
        data: Any = None
        try:
            response = self._http.request(
                method, f"{self._base}/{path}", headers={"X-Vault-Token": self._token(), "X-Vault-Request": "true"},
                body=None if body is None else json.dumps(body), preload_content=False,
            )  # fmt: skip
            content = response.read(_MOST_ANSWER + 1)
            response.release_conn()
            if response.status in (401, 403):
                problem, rule = "refuses; check its token and the token's rights", "refused"
            elif response.status not in (200, status):
                problem, rule = f"answers with status {response.status}; see its own log", "status"
            elif len(content) <= _MOST_ANSWER:
                data = json.loads(content).get("data") or {}
        except (self._failure, OSError):
            problem, rule = "does not answer; check its address, the network and its certificate", "unreachable"
        except (ValueError, AttributeError):
            pass
        if problem or not isinstance(data, Mapping):
            problem = problem or "gives an answer that is none of a transit engine"
            raise KeyServiceError(f"the key service {problem}", rule=rule)
        return data

    def __repr__(self) -> str:
        return f"TransitKeyProvider({self.kek_id})"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("keys can not be pickled or copied")


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return b""


def _text(result: Any, name: str) -> str:
    found = result.get(name) if isinstance(result, Mapping) else None
    return found if isinstance(found, str) else ""
