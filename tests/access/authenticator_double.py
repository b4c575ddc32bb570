"""A passkey on a device that exists in memory only: it makes keys and signs as W3C Web Authentication says a device does."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

ORIGIN, RP_ID = "https://cif.bank.example", "bank.example"
_PRESENT, _VERIFIED, _ELIGIBLE, _BACKED_UP, _ATTESTED = 1, 4, 8, 16, 64


def _b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


class Device:
    """
    A device with one key.

    Attributes:
        verifies: Whether it recognizes its owner before it signs.
        synced: Whether its key may leave it.
        count: How often it signed; 0 stays 0 on devices that do not count.
        origin: Whose page the browser says it is on.
        framed: Whether that page stands in a frame of another.
    """

    def __init__(
        self, *, verifies: bool = True, synced: bool = False, counts: bool = True, origin: str = ORIGIN
    ) -> None:
        self._private = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = os.urandom(32)
        self.verifies, self.synced, self.counts, self.origin = verifies, synced, counts, origin
        self.count = 0
        self.framed = False

    def _flags(self, more: int = 0) -> int:
        return _PRESENT | (_VERIFIED if self.verifies else 0) | (_ELIGIBLE | _BACKED_UP if self.synced else 0) | more

    def _data(self, flags: int, rp_id: str, attested: bytes = b"") -> bytes:
        self.count += 1 if self.counts else 0
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big") + attested

    def _client(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": self.framed}
        return json.dumps(said).encode()

    def make(self, options: str) -> dict[str, Any]:
        """What the browser answers to ``navigator.credentials.create``."""
        asked = json.loads(options)
        numbers = self._private.public_key().public_numbers()
        key = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
        attested = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + key
        data = self._data(self._flags(_ATTESTED), asked["rp"]["id"], attested)
        return self._answer(
            {
                "clientDataJSON": _b64(self._client("webauthn.create", asked["challenge"])),
                "attestationObject": _b64(cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})),
            }
        )

    def sign(self, options: str, *, rp_id: str = "") -> dict[str, Any]:
        """What the browser answers to ``navigator.credentials.get``."""
        asked = json.loads(options)
        client = self._client("webauthn.get", asked["challenge"])
        data = self._data(self._flags(), rp_id or asked["rpId"])
        signature = self._private.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(
            {"clientDataJSON": _b64(client), "authenticatorData": _b64(data), "signature": _b64(signature)}
        )

    def _answer(self, response: dict[str, str]) -> dict[str, Any]:
        name = _b64(self.credential_id)
        return {"id": name, "rawId": name, "type": "public-key", "response": response, "clientExtensionResults": {}}
