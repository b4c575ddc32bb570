"""What a checkpoint says, and what is none."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given, strategies as st

from bankcif.audit.checkpoint import Checkpoint, CheckpointRow, origin_of
from bankcif.audit.tree import Frontier, leaf_hash
from bankcif.errors import AuditError

TREE = Frontier().grown(leaf_hash(b"%d" % n) for n in range(7))
CHECKPOINT = Checkpoint(
    origin=origin_of("ab12"), size=7, root=TREE.root, after=3, at=1_764_000_000_000_001, streams={"s0": 5, "s10": 2}
)
TEXT = CHECKPOINT.text


def test_a_checkpoint_is_written_line_by_line() -> None:
    lines = TEXT.split("\n")
    assert lines[:2] == ["bankcif/ab12", "7"]
    assert lines[3:] == ["after 3", "time 2025-11-24T16:00:00.000001Z", "stream s0 5", "stream s10 2", ""]


@given(
    st.dictionaries(st.from_regex("s[0-9]{1,3}", fullmatch=True), st.integers(0, 2**40), max_size=5),
    st.integers(0, 2**52),
    st.binary(min_size=32, max_size=32),
    st.integers(0, 2**40),
)
def test_what_is_written_is_read(streams: dict[str, int], at: int, root: bytes, after: int) -> None:
    one = Checkpoint(origin="o/1", size=sum(streams.values()), root=root, after=after, at=at, streams=streams)
    assert Checkpoint.read(one.text) == one


@pytest.mark.parametrize(
    "text",
    [
        "", "x\n", TEXT[:-1], TEXT + "\n", TEXT + "more\n", TEXT.replace("\n7\n", "\n07\n"), TEXT.replace("\n7\n", "\n8\n"),
        TEXT.replace("stream s0 5\nstream s10 2", "stream s10 2\nstream s0 5"),
        TEXT.replace("stream s0 5", "stream s0 5\nstream s0 5"), TEXT.replace("time 2025-11", "time 2025-13"),
        TEXT.replace("after 3\n", ""), TEXT.replace("after 3", "after -3"), TEXT.replace("=\n", "\n"),
        TEXT.replace("\n7\n", "\n٧\n"), "a" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(AuditError):
        Checkpoint.read(text)


@given(st.text(max_size=300))
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(AuditError):
        Checkpoint.read(text)


def test_a_row_gives_its_tree_back() -> None:
    row = CheckpointRow.of(CHECKPOINT, TREE, "note")
    assert row.tree == TREE
    for bent in (row.pieces[:-1], row.pieces + b"x", row.pieces[32:]):
        with pytest.raises(AuditError):
            _ = attrs.evolve(row, pieces=bent).tree
