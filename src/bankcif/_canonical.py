"""
The one byte form for digests and associated data, and the one JSON form for sealed payloads.

`encode` is injective: two different sequences of parts never give the same bytes, so a ciphertext
that was sealed for one place can not pass for another.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

__all__ = ["dumps", "encode", "loads", "sha256"]

Part = str | bytes | int | None


def encode(*parts: Part) -> bytes:
    """
    Length-prefixed bytes of *parts*, in order.

    Each part is one type byte (``s`` text in UTF-8, ``b`` bytes, ``i`` decimal integer, ``n`` nothing),
    four bytes of big-endian length, and its content.
    """
    out = bytearray()
    for part in parts:
        if part is None:
            kind, content = b"n", b""
        elif isinstance(part, bytes):
            kind, content = b"b", part
        elif isinstance(part, int):
            kind, content = b"i", b"%d" % part
        else:
            kind, content = b"s", part.encode()
        out += kind
        out += len(content).to_bytes(4, "big")
        out += content
    return bytes(out)


_ENCODER = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False, check_circular=False
)


def dumps(value: object) -> bytes:
    """Canonical JSON of *value* in UTF-8: sorted keys, no spaces, no NaN; equal values give equal bytes."""
    return _ENCODER.encode(value).encode()


def loads(data: bytes) -> Any:
    """The reverse of `dumps`."""
    return json.loads(data)


def sha256(*parts: Part) -> bytes:
    """SHA-256 over the canonical encoding of *parts*; 32 bytes."""
    return hashlib.sha256(encode(*parts)).digest()
