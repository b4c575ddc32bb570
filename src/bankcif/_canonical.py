"""
The one byte form for digests and associated data, and the one JSON form for sealed payloads.

`encode` is injective: two different sequences of parts never give the same bytes, so a ciphertext
that was sealed for one place can not pass for another.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

__all__ = ["dumps", "encode", "encode_each", "loads", "sha256"]

Part = str | bytes | int | None
# Heads of short texts and bytes, by length, and small numbers whole: most parts are such, and a registration has a hundred.
_TEXT, _BYTES = ([kind + size.to_bytes(4, "big") for size in range(256)] for kind in (b"s", b"b"))
_NUMBER = [b"i" + len(written := b"%d" % number).to_bytes(4, "big") + written for number in range(256)]


def encode(*parts: Part) -> bytes:
    """
    Length-prefixed bytes of *parts*, in order.

    Each part is one type byte (``s`` text in UTF-8, ``b`` bytes, ``i`` decimal integer, ``n`` nothing),
    four bytes of big-endian length, and its content.
    """
    out = b""
    for part in parts:
        if type(part) is str:
            content = part.encode()
            out += (_TEXT[len(content)] if len(content) < 256 else _head(b"s", content)) + content
        elif type(part) is int and 0 <= part < 256:
            out += _NUMBER[part]
        elif isinstance(part, bytes):
            out += (_BYTES[len(part)] if len(part) < 256 else _head(b"b", part)) + part
        elif part is None:
            out += b"n\0\0\0\0"
        else:  # an enum's member, or a larger number
            content = part.encode() if isinstance(part, str) else b"%d" % part
            out += _head(b"s" if isinstance(part, str) else b"i", content) + content
    return out


def _head(kind: bytes, content: bytes) -> bytes:
    return kind + len(content).to_bytes(4, "big")


def encode_each(triples: Iterable[tuple[str, str, int]]) -> list[bytes]:
    """`encode` of each of many records' places: a source, a source key and a number; at a third of the cost, since sources and numbers are few."""
    heads: dict[str, bytes] = {}
    tails: dict[int, bytes] = {}
    found = []
    for source, key, number in triples:
        head, tail = heads.get(source), tails.get(number)
        if head is None:
            head = heads[source] = encode(source)
        if tail is None:
            tail = tails[number] = encode(number)
        content = key.encode()
        found.append(head + (_TEXT[len(content)] + content if len(content) < 256 else encode(key)) + tail)
    return found


_ENCODER = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False, check_circular=False
)

_DECODER = json.JSONDecoder()


def dumps(value: object) -> bytes:
    """Canonical JSON of *value* in UTF-8: sorted keys, no spaces, no NaN; equal values give equal bytes."""
    return _ENCODER.encode(value).encode()


def loads(data: bytes) -> Any:
    """The reverse of `dumps`."""
    text = data.decode()
    value, end = _DECODER.raw_decode(text)
    if end < len(text):
        raise ValueError("something stands behind the value")
    return value


def sha256(*parts: Part) -> bytes:
    """SHA-256 over the canonical encoding of *parts*; 32 bytes."""
    return hashlib.sha256(encode(*parts)).digest()
