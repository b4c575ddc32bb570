"""Arbitrary text and bytes: no exception but ours, no value in a message, work that grows as the input does."""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
from collections.abc import Callable
from pathlib import Path
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

import bankcif
from bankcif.testing import strategies
from bankcif.testing.targets import byte_targets, refused, text_targets

TEXTS = text_targets()
SHARED = [
    "浙江省", "杭州市", "街道", "村", "路", "号", "幢", "-", "单元", "室", "公司", "有限", "(", ")", "·", "<", "先生", "分行", "十",
    "1", "19", "990307", "X", "A", "P<CHN", "<<", "+86", "138", "@", ".cn", "/", "#", "转", "\u3000", "９", "\ue863", "\u202e",
    "{", "}", '"', "=", "[", "]", "\n", ",", "\x00", "😀", "無", "null", "99991231",
]  # fmt: skip
mixed = st.lists(st.sampled_from(SHARED), max_size=30).map("".join)
anything = mixed | strategies.texts | st.text(max_size=300)
TOML = [
    b"name = ", b'"c"', b"\n", b"[columns]", b"[[standard]]", b"key", b"format", b'"csv"', b"kind", b"[", b"]", b"= 1", b"{}",
    b"occasion", b"required", b"version", b"[[grant]]", b"roles", b"actions", b"codes", b"scheme", b"en", b"zh", b"agreement",
]  # fmt: skip
FILES = [
    b"id,name,idno,day\n",
    b"1,",
    "张伟".encode("gb18030"),
    "张伟".encode(),
    b'"',
    b"\r\n",
    b'{"id": "\\ud800", "name": "\\udc00"}\n',
    b'{"id": "1"}',
    b"\xff",
    b"PK\x03\x04",
]
content = st.lists(st.sampled_from([*TOML, *FILES]), max_size=30).map(b"".join) | st.binary(max_size=300)


@pytest.mark.parametrize("name", sorted(TEXTS))
@settings(max_examples=40)
@given(text=anything)
def test_any_text(name: str, text: str) -> None:
    error = refused(lambda: TEXTS[name](text))
    if error is not None:
        assert error.__cause__ is None
        assert error.__context__ is None
        if len(text) >= 8:
            assert text not in str(error)
            assert text not in repr(error).removeprefix(type(error).__name__)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return byte_targets(tmp_path_factory.mktemp("files"))


@pytest.mark.parametrize("name", sorted(byte_targets(Path())))
@settings(max_examples=60)
@given(given_bytes=content)
def test_any_bytes(files: dict[str, Callable[[bytes], object]], name: str, given_bytes: bytes) -> None:
    error = refused(lambda: files[name](given_bytes))
    if error is not None:
        assert error.__context__ is None


def steps(call: Callable[[], object]) -> int:
    """How many lines of Python *call* runs."""
    count = 0

    def tracer(frame: Any, event: str, arg: Any) -> Any:
        nonlocal count
        count += event == "line"
        return tracer

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        refused(call)
    finally:
        sys.settrace(before)
    return count


PIECES = [
    "1",
    "十",
    "号",
    "村",
    "1B1",
    "-1",
    "A座",
    "公司",
    "(",
    "张",
    "<",
    "·",
    "@a.",
    "ab ",
    "路与",
    "弄1",
    "分公司",
    "1-2-3,",
]


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_twice_the_input_is_at_most_twice_the_work(name: str) -> None:
    target = TEXTS[name]
    for piece in PIECES:
        short, long = (piece * 400)[:400], (piece * 800)[:800]
        refused(lambda text=short: target(text))  # tables load on first use
        once, twice = steps(lambda text=short: target(text)), steps(lambda text=long: target(text))
        assert twice <= 2.2 * once + 60, piece


def patterns() -> dict[str, re.Pattern[str]]:
    """Every compiled pattern that a module of the library keeps."""
    found = {}
    for info in pkgutil.walk_packages(bankcif.__path__, "bankcif."):
        if not info.name.endswith("__main__"):
            module = importlib.import_module(info.name)
            found |= {f"{info.name}.{k}": v for k, v in vars(module).items() if isinstance(v, re.Pattern)}
    return found


def endless(parsed: Any, inside: bool = False) -> bool:
    """Whether a repeat without an end stands within another, by which a text can take exponential time."""
    for operator, argument in parsed:
        repeats = operator in (parser.MAX_REPEAT, parser.MIN_REPEAT) and argument[1] is parser.MAXREPEAT
        if inside and repeats:
            return True
        parts = argument if isinstance(argument, tuple | list) else [argument]
        for part in parts:
            several = part if isinstance(part, list) else [part]
            if any(isinstance(one, parser.SubPattern) and endless(one, inside or repeats) for one in several):
                return True
    return False


def test_no_pattern_repeats_a_repeat_without_end() -> None:
    # Steps of Python do not show what happens within a pattern.
    assert endless(parser.parse(r"x(?:a+b?)*"))
    assert endless(parser.parse(r"(?:(?:a|b+))+?"))
    assert not endless(parser.parse(r"(?:a{1,3}b)*c+"))
    kept = patterns()
    assert len(kept) > 40
    assert [name for name, pattern in kept.items() if endless(parser.parse(pattern.pattern))] == []
