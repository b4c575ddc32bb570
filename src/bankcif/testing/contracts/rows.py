"""Rows for the tests of stores."""

from __future__ import annotations

from typing import Any

import attrs

from ...approval import Approval, Operation, propose
from ...context import Actor
from ...party import CifNo
from ...storage.rows import (
    IndexRow,
    LinkRow,
    PartyRow,
    SourceRow,
    TaskRow,
)

__all__ = ["A", "B", "C", "approval", "index", "link", "party", "source", "task"]

A, B, C = (CifNo(f"C000000000000000{one}") for one in "ABC")


def party(cif_no: CifNo = A, version: int = 1, **more: Any) -> PartyRow:
    """A row of a party, for tests."""
    row = PartyRow(
        cif_no=cif_no, kind="individual", life_cycle="active", review_state="none", roles="customer", branch="b",
        manager=None, merged_into=None, anchor_source="s", anchor_source_key="k", anchor_record_no=0,
        anchor_key_id=b"k" * 16, version=version, digest=b"d" * 32, created_at=1, updated_at=version,
    )  # fmt: skip
    return row._replace(**more)


def source(key: str = "k", record_no: int = 0, **more: object) -> SourceRow:
    """A row of a source record, for tests."""
    row = SourceRow(
        source="s", source_key=key, record_no=record_no, channel="c", received_at=1, business_time=None, actor="t",
        person="t", key_id=b"k" * 16, sealed=b"\x00sealed\xff", content_tag=bytes([record_no]) * 16,
    )  # fmt: skip
    return attrs.evolve(row, **more)  # type: ignore[arg-type]


def link(key: str = "k", number: int = 0, cif_no: CifNo = A, **more: object) -> LinkRow:
    """A link of the crosswalk, for tests."""
    row = LinkRow(
        source="s", source_key=key, number=number, home=cif_no, cif_no=cif_no, reason="new", weight_millibits=None,
        actor="t", since=number + 1,
    )  # fmt: skip
    return attrs.evolve(row, **more)  # type: ignore[arg-type]


def index(tag: bytes, key: str = "k", name: str = "phone") -> IndexRow:
    """A row of the blind index, for tests."""
    return IndexRow(
        index_name=name, index_version=1, tag=tag, source="s", source_key=key, record_no=0, cif_no=A, check=b"0000"
    )


def task(number: str, weight: int = 1) -> TaskRow:
    """A task, for tests."""
    return TaskRow(
        id=number, task="possible_match", cif_no=A, other=B, weight_millibits=weight, detail=b"{}", state="open",
        opened_at=1,
    )  # fmt: skip


def approval(number: str = "p1") -> Approval:
    """A proposal, for tests."""
    return propose(
        id=number, operation=Operation.MERGE, subjects=(A, B), detail={"reason": "r"}, base={A: "1", B: "1"},
        maker=Actor(id="t"), expires_at=10,
    )  # fmt: skip
