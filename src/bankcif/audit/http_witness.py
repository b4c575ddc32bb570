"""
A witness over HTTP, as C2SP tlog-witness has it: one of the bank's audit department, or of the regulator.

Source: C2SP tlog-witness, call ``add-checkpoint``; its cosignatures, tlog-cosignature v1.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Sequence
from urllib.parse import urlsplit

from .._extras import need
from ..errors import AuditError, ConfigurationError, WitnessError
from .note import COSIGNATURE, NoteKey, signatures_in

__all__ = ["HttpWitness"]

_LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})
_MOST_ANSWER = 100_000
_OK, _CONFLICT, _UNPROCESSABLE = 200, 409, 422


class HttpWitness:
    """
    Sends checkpoints to a witness.

    Args:
        url: The witness's submission prefix. Plain ``http`` only to this machine itself.
        keys: The witness's keys; an answer that none of them signed counts as none.
        timeout: Seconds for one attempt; there is one, since the next checkpoint brings the next.
        ca_file: Certificates of the bank's own authority, in PEM; those of the system if None.

    Raises:
        ConfigurationError: The address is not one to trust, or there is no key.
        MissingExtraError: urllib3 is not installed.
    """

    def __init__(
        self, url: str, *, keys: Collection[NoteKey], timeout: float = 3.0, ca_file: str | None = None
    ) -> None:
        urllib3 = need("urllib3", extra="witness")
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
            raise ConfigurationError("a witness must be reached over https (http only on this machine)", rule="tls")
        self._keys = tuple(keys)
        if not any(key.kind == COSIGNATURE for key in self._keys):
            raise ConfigurationError("name the key that the witness signs with: its answer is taken for nothing else",
                                     rule="witness_key")  # fmt: skip
        self._failure = urllib3.exceptions.HTTPError
        self._http = urllib3.PoolManager(
            timeout=timeout, retries=False, cert_reqs="CERT_REQUIRED", ca_certs=ca_file, headers={}
        )
        self._url = url.rstrip("/")
        self.name = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"

    def add(self, note: str, old: int, proof: Sequence[bytes]) -> str:
        lines = [f"old {old}", *(base64.b64encode(one).decode() for one in proof), "", note]
        status, answer, problem = 0, "", ""
        try:
            response = self._http.request(
                "POST", f"{self._url}/add-checkpoint", body="\n".join(lines).encode(), redirect=False,
                preload_content=False,
            )  # fmt: skip
            status, answer = response.status, response.read(_MOST_ANSWER).decode("utf-8", "replace")
            response.release_conn()
        except self._failure as error:
            problem = type(error).__name__
        if problem:
            raise WitnessError(f"the witness {self.name} does not answer ({problem})", rule="witness_silent")
        if status == _CONFLICT:
            size = answer.strip()
            held = int(size) if size.isascii() and size.isdecimal() and len(size) < 20 else -1
            # The same size as it was told: then it is the root that differs.
            rule = "witness_split" if held == old else "witness_conflict" if held >= 0 else "witness_refused"
            raise WitnessError(f"the witness {self.name} holds another checkpoint", rule=rule, size=held)
        if status == _UNPROCESSABLE:
            raise WitnessError(
                f"the log is not a growth of what the witness {self.name} has seen", rule="witness_split", size=old
            )
        if status != _OK:
            raise WitnessError(
                f"the witness {self.name} refused the checkpoint with status {status}", rule="witness_refused"
            )
        return self._vouched(note, answer)

    def kept(self, origin: str) -> Sequence[str]:
        return []

    def _vouched(self, note: str, answer: str) -> str:
        signed = {}
        try:
            signed = dict(signatures_in(note + answer, [key for key in self._keys if key.kind == COSIGNATURE]))
        except AuditError:
            pass
        if not signed or "\n\n" in answer:
            raise WitnessError(f"the witness {self.name} did not sign with its key", rule="witness_refused")
        return "".join(
            line for line in answer.splitlines(keepends=True) if line.partition(" ")[2].partition(" ")[0] in signed
        )
