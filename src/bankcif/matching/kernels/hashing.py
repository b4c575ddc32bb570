"""Hashes of bytes: of plain characters the same as `text_hash` makes of a text."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...identifiers import Texts
from ..lanes import BASE, mix
from .compiling import compiled, inlined

__all__ = ["finished", "hash_of", "hashes_of"]

_U: Any = np.uint64
_BASE = _U(BASE)


@inlined
def finished(running: Any) -> Any:
    """A running hash as a hash: mixed, and never 0, as `text_hash` has it."""
    mixed = mix(running)
    return mixed if mixed != _U(0) else _U(1)


@compiled
def hash_of(data: Any, start: int, stop: int) -> Any:
    """The hash of some bytes."""
    found = _U(0)
    for at in range(start, stop):
        found = found * _BASE + mix(_U(data[at]))
    return finished(found)


@compiled
def _fill(data: Any, offsets: Any, out: Any) -> None:
    for row in range(len(out)):
        out[row] = hash_of(data, offsets[row], offsets[row + 1])


def hashes_of(texts: Texts) -> NDArray[np.uint64]:
    """A hash of the bytes of each text."""
    out = np.empty(len(texts), np.uint64)
    sealed = texts.sealed()
    _fill(sealed.data, sealed.offsets, out)
    return out
