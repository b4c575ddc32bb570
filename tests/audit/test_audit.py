"""The log finds a changed, dropped or re-ordered entry."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given, strategies as st

from bankcif.audit import (
    AuditEntry,
    AuditReport,
    AuditRow,
    Checkpoint,
    CheckpointRow,
    Head,
    NoteSigner,
    Outcome,
    chain,
    origin_of,
    text_of,
    verify,
)
from bankcif.audit.tree import Frontier, leaf_hash

ENTRY = AuditEntry(
    at=1, actor="t", action="view", purpose="service", outcome=Outcome.REFUSED, subjects=("C1",), fields=("phone",),
    rule="r", count=3, channel="c", terms={"phone": "ab"}, digests={"C1": "cd"},
)  # fmt: skip


def log(count: int, stream: str = "s0") -> tuple[list[AuditRow], Head]:
    entries = [AuditEntry(at=n, actor="t", action="view", subjects=(f"C{n}",), sealed=bytes([n])) for n in range(count)]
    return chain("t", stream, Head(), entries)


def report(
    rows: list[AuditRow], heads: dict[str, Head], tenant: str = "t", checkpoints: list[CheckpointRow] | None = None
) -> AuditReport:
    """The verdict on *rows*, as a store would give them: by stream and number, wherever they stand in the list."""

    def read(stream: str, after: int, upto: int) -> list[AuditRow]:
        return [row for row in rows if row.stream == stream and after < row.number <= upto]

    ends = {row.stream: max(r.number for r in rows if r.stream == row.stream) for row in rows}
    return verify(tenant, read, heads, ends=ends, checkpoints=checkpoints or [], key=SIGNER.key)


def damage(rows: list[AuditRow], head: Head) -> list[str]:
    return [one.what for one in report(rows, {"s0": head}).damage]


SIGNER = NoteSigner(origin_of("ab"), b"s" * 32)


def vouched(rows: list[AuditRow], sizes: list[int]) -> list[CheckpointRow]:
    """Checkpoints over the first *sizes* of the rows of one stream."""
    made, tree, before = [], Frontier(), 0
    for size in sizes:
        tree = tree.grown(leaf_hash(row.hash) for row in rows[before:size])
        said = Checkpoint(
            origin=SIGNER.key.name, size=size, root=tree.root, after=before, at=size, streams={"s0": size}
        )
        made.append(CheckpointRow.of(said, tree, SIGNER.sign(said.text)))
        before = size
    return made


def test_an_intact_log_is_intact() -> None:
    rows, head = log(5)
    found = report(rows, {"s0": head}, checkpoints=vouched(rows, [2, 3]))
    assert found.intact
    assert (found.entries, found.streams) == (5, {"s0": 5})
    assert (found.checkpoints, found.signed, found.signed_at) == (2, 3, 3)
    assert report([], {}).intact


@given(st.integers(0, 4), st.sampled_from(["body", "sealed", "hash", "at_body"]))
def test_a_changed_entry_is_found(at: int, what: str) -> None:
    rows, head = log(5)
    changed = {
        "body": {"body": rows[at].body.replace(b'"t"', b'"u"')},
        "sealed": {"sealed": b"other"},
        "hash": {"hash": b"h" * 32},
        "at_body": {"body": AuditEntry(at=99, actor="t", action="view").body()},
    }[what]
    rows[at] = attrs.evolve(rows[at], **changed)  # type: ignore[arg-type]
    assert damage(rows, head)


@given(st.integers(0, 4))
def test_a_dropped_entry_is_found_the_last_one_too(at: int) -> None:
    rows, head = log(5)
    del rows[at]
    assert damage(rows, head)


@given(st.permutations(range(5)))
def test_re_ordered_entries_are_found(order: list[int]) -> None:
    rows, head = log(5)
    assert bool(damage([rows[n] for n in order], head)) == (order != sorted(order))


def test_renumbered_entries_are_found() -> None:
    rows, head = log(3)
    swapped = [rows[0], attrs.evolve(rows[2], number=2), attrs.evolve(rows[1], number=3)]
    assert damage(swapped, head)


def test_a_whole_stream_that_is_gone_or_new_is_found() -> None:
    rows, head = log(3)
    assert [one.what for one in report([], {"s0": head}).damage] == ["missing at the end"]
    assert [one.what for one in report(rows, {}).damage] == ["a stream without a head"]


def test_another_tenant_s_log_does_not_verify() -> None:
    rows, head = log(3)
    assert not report(rows, {"s0": head}, "u").intact


def test_an_entry_listed_under_another_actor_or_instant_is_found() -> None:
    """Reports select by these; whoever changes them hides what he did."""
    rows, head = log(3)
    for changed in (attrs.evolve(rows[1], actor="somebody else"), attrs.evolve(rows[1], at=77)):
        assert damage([rows[0], changed, rows[2]], head) == ["listed under another instant or actor than it tells"]


def test_entries_that_were_all_made_anew_are_found_by_the_checkpoint() -> None:
    rows, _ = log(6)
    signed = vouched(rows, [2, 4])
    forged = [AuditEntry(at=n, actor="t", action="view", subjects=("C9",)) for n in range(6)]
    again, end = chain("t", "s0", Head(), forged)
    assert report(again, {"s0": end}).intact  # a chain that is whole in itself
    found = report(again, {"s0": end}, checkpoints=signed)
    assert [(one.stream, one.number) for one in found.damage] == [("checkpoints", 2), ("checkpoints", 4)]
    assert all("does not vouch" in one.what for one in found.damage)
    last = [*rows[:4], *chain("t", "s0", Head(4, rows[3].hash), forged[4:])[0]]
    assert report(last, {"s0": Head(6, last[-1].hash)}, checkpoints=signed).intact  # behind the last: the window


def test_a_log_cut_below_its_checkpoint_is_found() -> None:
    rows, _ = log(6)
    signed = vouched(rows, [2, 4])
    found = report(rows[:3], {"s0": Head(3, rows[2].hash)}, checkpoints=signed)
    assert [one.stream for one in found.damage] == ["checkpoints"]


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("unsigned", "not signed"), ("other key", "not signed"), ("size", "kept as another"), ("at", "kept as another"),
        ("pieces", "kept with another tree"), ("dropped", "which is missing"), ("other log", "kept as another"),
        ("pieces cut", "not as it was kept"),
    ],
)  # fmt: skip
def test_a_checkpoint_that_was_tampered_with_is_found(what: str, told: str) -> None:
    rows, head = log(6)
    first, second = vouched(rows, [2, 4])
    text = text_of(second.note)
    other = Checkpoint.read(text)
    changed = {
        "unsigned": lambda: [first, attrs.evolve(second, note=second.note.replace("\n4\n", "\n5\n"))],
        "other key": lambda: [first, attrs.evolve(second, note=NoteSigner(SIGNER.key.name, b"o" * 32).sign(text))],
        "size": lambda: [first, attrs.evolve(second, size=5, pieces=second.pieces + b"p" * 32)],
        "at": lambda: [first, attrs.evolve(second, at=9)],
        "pieces": lambda: [first, attrs.evolve(second, pieces=b"p" * 32)],
        "pieces cut": lambda: [first, attrs.evolve(second, pieces=b"p" * 31)],
        "dropped": lambda: [second],
        "other log": lambda: [first, attrs.evolve(second, note=SIGNER.sign(attrs.evolve(other, origin="o").text))],
    }[what]()
    found = report(rows, {"s0": head}, checkpoints=changed)
    assert any(told in one.what for one in found.damage), found.damage


def test_damage_is_told_by_its_place() -> None:
    rows, head = log(5)

    def told(rows: list[AuditRow], heads: dict[str, Head]) -> list[tuple[str, int, str]]:
        return [(one.stream, one.number, one.what) for one in report(rows, heads).damage]

    listed = "listed under another instant or actor than it tells"
    assert told([*rows[:2], attrs.evolve(rows[2], sealed=b"x"), *rows[3:]], {"s0": head}) == [("s0", 3, "changed")]
    assert told([*rows[:2], *rows[3:]], {"s0": head}) == [("s0", 3, "missing or out of order")]
    assert told([*rows[:2], attrs.evolve(rows[2], at=9), *rows[3:]], {"s0": head}) == [("s0", 3, listed)]
    assert told(rows[:3], {"s0": head}) == [("s0", 4, "missing at the end")]
    assert told(rows, {"s0": Head(4, rows[3].hash)}) == [("s0", 5, "not where the stream's head stands")]
    assert told(rows, {}) == [("s0", 1, "a stream without a head")]
    assert told([], {"s0": Head(1, bytes(32))}) == [("s0", 1, "missing at the end")]
    other, _ = log(2, "s1")
    assert told([*rows, *other], {"s0": head}) == [("s1", 1, "a stream without a head")]


@pytest.mark.parametrize("body", [b"[]", b"1", b"{", b"\xff"])
def test_an_entry_that_is_none_is_found_and_shown_to_nobody(body: bytes) -> None:
    rows, _ = log(3)
    bad = attrs.evolve(rows[1], body=body)
    bad = attrs.evolve(bad, hash=bad.chained("t", rows[0].hash))
    shown: list[int] = []
    found = verify(
        "t", lambda *_: [rows[0], bad], {"s0": Head(2, bad.hash)}, visit=lambda row, said: shown.append(row.number)
    )
    assert [(one.number, one.what) for one in found.damage] == [
        (2, "listed under another instant or actor than it tells")
    ]
    assert shown == [1]


def test_a_log_goes_on_behind_a_checkpoint_that_does_not_vouch() -> None:
    rows, _ = log(9)
    signed = vouched(rows, [2, 4, 6, 8])
    forged, _ = chain("t", "s0", Head(2, rows[1].hash), [AuditEntry(at=9, actor="x", action="view")] * 2)
    found = report([*rows[:2], *forged, *rows[4:]], {"s0": Head(9, rows[8].hash)}, checkpoints=signed)
    assert [(one.stream, one.number) for one in found.damage] == [("checkpoints", 4), ("s0", 5)]
    assert (found.checkpoints, found.signed, found.signed_at) == (4, 8, 8)


def test_every_stretch_that_was_changed_is_told_by_its_checkpoint() -> None:
    rows, _ = log(9)
    signed = vouched(rows, [2, 4, 6, 8])
    for n in (2, 6):
        rows[n] = attrs.evolve(rows[n], hash=b"h" * 32)
    told = {
        one.number
        for one in report(rows, {"s0": Head(9, rows[8].hash)}, checkpoints=signed).damage
        if one.stream == "checkpoints"
    }
    assert told == {4, 8}


def test_where_the_kept_tree_is_lost_the_next_whole_one_is_where_it_goes_on() -> None:
    rows, _ = log(9)
    first, second, third, fourth = vouched(rows, [2, 4, 6, 8])
    rows[2] = attrs.evolve(rows[2], hash=b"h" * 32)
    bent = attrs.evolve(second, pieces=b"p" * 32)
    found = report(rows, {"s0": Head(9, rows[8].hash)}, checkpoints=[first, bent, third, fourth])
    assert [(one.number, one.what[:10]) for one in found.damage if one.stream == "checkpoints"] == [
        (4, "kept with "), (4, "does not v"),
    ]  # fmt: skip


def test_without_the_key_no_checkpoint_is_believed() -> None:
    rows, head = log(3)
    found = verify("t", lambda *_: rows, {"s0": head}, checkpoints=vouched(rows, [2]), key=None)
    assert [(one.stream, one.number, one.what) for one in found.damage] == [
        ("checkpoints", 2, "not signed by the log's key, or not as it was kept")
    ]


def test_one_damage_is_told_once() -> None:
    rows, head = log(50)
    rows[10] = attrs.evolve(rows[10], body=b"{}")
    assert damage(rows, head) == ["changed"]


def test_an_entry_survives_storing() -> None:
    assert AuditEntry.of_body(ENTRY.body()) == ENTRY
    assert AuditEntry.of_body(AuditEntry(at=1, actor="t", action="x").body()) == AuditEntry(at=1, actor="t", action="x")


@pytest.mark.parametrize("name", ["value", "phone_value", "plaintext"])
def test_an_entry_has_no_room_for_values(name: str) -> None:
    with pytest.raises(TypeError):
        AuditEntry(at=1, actor="t", action="view", **{name: "x"})  # type: ignore[arg-type]
