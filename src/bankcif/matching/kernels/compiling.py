"""How functions are compiled, and what those that both Python and the compiler know mean in machine code."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ..._extras import need
from .. import _levels, features, lanes, names
from ..lanes import BASE, Edit

__all__ = ["AT_ONCE", "compiled", "inlined", "place_in", "shared", "touch"]

AT_ONCE = 256  # pairs whose records lie in the cache of a processor together

_F = TypeVar("_F", bound=Callable[..., Any])
_numba = need("numba", extra="columns")
_extending = need("numba.extending", extra="columns")

_U: Any = np.uint64
_FIRST, _SECOND = _U(lanes.FIRST), _U(lanes.SECOND)
_ONE = _U(1)
_ALIKE = np.array(sorted(names.alike_pairs()), np.uint64)


def _folder() -> str:
    """
    Where compiled functions are kept: beside the package, or in the user's cache; empty where neither can be written.

    The folder is called by what it was compiled from. The compiler looks at the file of the function alone, not at what the
    function calls, so that another version of the library would run what an older one compiled.
    """
    package = Path(__file__).parents[1]
    sources = [path.read_bytes() for path in sorted(package.rglob("*.py"))]
    name = f"kernels-{hashlib.sha256(b''.join([*sources, _ALIKE.tobytes()])).hexdigest()[:16]}"
    for beside in (True, False):
        try:
            folder = (package / "__pycache__" if beside else Path.home() / ".cache" / "bankcif") / name
            folder.mkdir(parents=True, exist_ok=True)
        except (OSError, RuntimeError):  # it can not be written; the user has no home
            continue
        if os.access(folder, os.W_OK):
            return str(folder)
    return ""


_FOLDER = _folder()


def compiled(function: _F) -> _F:
    """*function* compiled at its first call; it runs beside other threads."""
    config, before = _numba.config, _numba.config.CACHE_DIR
    config.CACHE_DIR = _FOLDER or before
    try:
        found: _F = _numba.njit(cache=bool(config.CACHE_DIR), nogil=True)(function)
    finally:
        config.CACHE_DIR = before
    return found


def inlined(function: _F) -> _F:
    """*function* compiled into those that call it: a call for each pair would cost more than what it does."""
    found: _F = _numba.njit(nogil=True, forceinline=True)(function)
    return found


def shared(*functions: Callable[..., Any]) -> None:
    """Lets compiled functions call *functions*, which are compiled as they stand."""
    for function in functions:
        _extending.register_jitable(function)


def _stands_for(function: Callable[..., Any]) -> Callable[[_F], _F]:
    """In compiled code the decorated function stands for *function*, which computes the same with whole numbers of Python."""

    def given(machine: _F) -> _F:
        # The compiler asks what to take for which types of arguments; here it is the same for all.
        _extending.overload(function, strict=False)(lambda *types: machine)
        return machine

    return given


@compiled
def place_in(value: Any, numbers: Any) -> int:
    """Where *value* stands among *numbers*, which are ascending; -1 if it does not."""
    low, high = 0, len(numbers)
    while low < high:
        middle = (low + high) // 2
        if numbers[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low if low < len(numbers) and numbers[low] == value else -1


@compiled
def touch(lanes: Any, left: Any, right: Any, start: int, stop: int) -> Any:
    """
    Reads a number of every part of each record, so that all come into the processor's cache at once.

    One after another, each would be waited for.
    """
    found = _U(0)
    for at in range(start, stop):
        for lane in range(0, lanes.shape[1], 8):
            found ^= lanes[left[at], lane] ^ lanes[right[at], lane]
    return found


@_stands_for(lanes.mix)
def _mix(value: Any) -> Any:
    value = (value ^ (value >> _U(30))) * _FIRST
    value = (value ^ (value >> _U(27))) * _SECOND
    return value ^ (value >> _U(31))


@_stands_for(features.mixed_id)
def _mixed_id(value: Any) -> Any:
    found = lanes.mix(value + _U(BASE))
    return found if found != _U(0) else _ONE


@_stands_for(lanes.ones)
def _ones(value: Any) -> Any:
    value -= (value >> _ONE) & _U(0x5555555555555555)
    value = (value & _U(0x3333333333333333)) + ((value >> _U(2)) & _U(0x3333333333333333))
    value = (value + (value >> _U(4))) & _U(0x0F0F0F0F0F0F0F0F)
    return np.int64((value * _U(0x0101010101010101)) >> _U(56))


@_stands_for(lanes.edit)
def _edit(left: Any, right: Any, bits: Any) -> Any:
    differing = left ^ right
    if differing == _U(0):
        return Edit.NONE
    size = _U(bits)
    code = (_ONE << size) - _ONE
    lowest = differing & (~differing + _ONE)
    place = _U(lanes.ones(lowest - _ONE)) // size * size
    here, there = (left >> place) & code, (right >> place) & code
    rest = differing & ~(code << place)
    if rest == _U(0):
        if here != _U(0) and there != _U(0):
            return Edit.SUBSTITUTION
    elif here != _U(0) and there != _U(0) and (rest >> (place + size)) & ~code == _U(0):
        following = place + size
        if here == (right >> following) & code and there == (left >> following) & code:
            return Edit.TRANSPOSITION
    below = (_ONE << place) - _ONE
    if (left & below) | ((left >> size) & ~below) == right or (right & below) | ((right >> size) & ~below) == left:
        return Edit.INDEL
    return Edit.MORE


@_stands_for(names.is_look_alike)
def _is_look_alike(one: Any, other: Any) -> Any:
    differing = one ^ other
    lowest = differing & (~differing + _ONE)
    place = _U(lanes.ones(lowest - _ONE)) // _U(16) * _U(16)
    a, b = (one >> place) & _U(0xFFFF), (other >> place) & _U(0xFFFF)
    pair = min(a, b) << _U(16) | max(a, b)
    return place_in(pair, _ALIKE) >= 0


shared(_levels.agree, _levels.among, _levels.in_common, _levels.overlap)
