"""The log finds a changed, dropped or re-ordered entry."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given, strategies as st

from bankcif.audit import AuditEntry, AuditRow, Head, Outcome, chain, verify

ENTRY = AuditEntry(
    at=1, actor="t", action="view", purpose="service", outcome=Outcome.REFUSED, subjects=("C1",), fields=("phone",),
    rule="r", count=3, channel="c", terms={"phone": "ab"}, digests={"C1": "cd"},
)  # fmt: skip


def log(count: int, stream: str = "s0") -> tuple[list[AuditRow], Head, list[tuple[str, int, str]]]:
    entries = [AuditEntry(at=n, actor="t", action="view", subjects=(f"C{n}",), sealed=bytes([n])) for n in range(count)]
    rows, head = chain("t", stream, Head(), entries)
    return rows, head, [(row.stream, row.number, f"C{row.number - 1}") for row in rows]


def damage(rows: list[AuditRow], head: Head, subjects: list[tuple[str, int, str]] | None = None) -> list[str]:
    return [one.what for one in verify("t", rows, {"s0": head}, subjects).damage]


def test_an_intact_log_is_intact() -> None:
    rows, head, subjects = log(5)
    report = verify("t", rows, {"s0": head}, subjects)
    assert report.intact
    assert (report.entries, report.streams) == (5, {"s0": 5})
    assert verify("t", [], {}, []).intact


@given(st.integers(0, 4), st.sampled_from(["body", "sealed", "hash", "at_body"]))
def test_a_changed_entry_is_found(at: int, what: str) -> None:
    rows, head, _ = log(5)
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
    rows, head, _ = log(5)
    del rows[at]
    assert damage(rows, head)


@given(st.permutations(range(5)))
def test_re_ordered_entries_are_found(order: list[int]) -> None:
    rows, head, _ = log(5)
    assert bool(damage([rows[n] for n in order], head)) == (order != sorted(order))


def test_renumbered_entries_are_found() -> None:
    rows, head, _ = log(3)
    swapped = [rows[0], attrs.evolve(rows[2], number=2), attrs.evolve(rows[1], number=3)]
    assert damage(swapped, head)


def test_a_whole_stream_that_is_gone_or_new_is_found() -> None:
    rows, head, _ = log(3)
    assert [one.what for one in verify("t", [], {"s0": head}).damage] == ["missing at the end"]
    assert [one.what for one in verify("t", rows, {}).damage] == ["a stream without a head"]


def test_another_tenant_s_log_does_not_verify() -> None:
    rows, head, _ = log(3)
    assert not verify("u", rows, {"s0": head}).intact


def test_a_changed_look_up_is_found() -> None:
    rows, head, subjects = log(3)
    assert damage(rows, head, subjects[1:]) == ["a customer is missing in the look-up"]
    assert damage(rows, head, [*subjects, ("s0", 1, "C9")]) == ["the look-up names a customer too many"]


def test_one_damage_is_told_once() -> None:
    rows, head, _ = log(50)
    rows[10] = attrs.evolve(rows[10], body=b"{}")
    assert damage(rows, head) == ["changed"]


def test_an_entry_survives_storing() -> None:
    assert AuditEntry.of_body(ENTRY.body()) == ENTRY
    assert AuditEntry.of_body(AuditEntry(at=1, actor="t", action="x").body()) == AuditEntry(at=1, actor="t", action="x")


@pytest.mark.parametrize("name", ["value", "phone_value", "plaintext"])
def test_an_entry_has_no_room_for_values(name: str) -> None:
    with pytest.raises(TypeError):
        AuditEntry(at=1, actor="t", action="view", **{name: "x"})  # type: ignore[arg-type]
