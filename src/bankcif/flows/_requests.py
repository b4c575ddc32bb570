"""Requests about a customer's data as they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import attrs

from ..party import CifNo
from ..upkeep import RequestKind, RequestState
from .desk import Desk

__all__ = ["ENDS", "RequestView", "request_view"]

ENDS = frozenset({RequestState.DONE, RequestState.REFUSED, RequestState.WITHDRAWN})
"""Where a request is closed."""


@attrs.frozen(kw_only=True)
class RequestView:
    """
    A request.

    Attributes:
        cif_no, id: Of whom, and by what it is known.
        kind, asked_by: What is asked, and who asks.
        received, due: When it came, and until when it is to be answered.
        state: Where it stands; `late` if it is open behind its term.
        ground: Why it was refused; empty if it was not.
        closed: On which day.
        opened_by, decided_by, evidence: Who took it down and who decided it, by operator id; how who asks was recognized.
    """

    cif_no: CifNo
    id: str
    kind: RequestKind
    asked_by: str
    received: date
    due: date
    state: RequestState
    late: bool
    ground: str
    closed: date | None
    opened_by: str
    decided_by: str
    evidence: str


def request_view(desk: Desk, cif_no: CifNo, one: Mapping[str, Any]) -> RequestView:
    """A request, from the row that it rests as."""
    closed, due, state = one.get("closed"), date.fromisoformat(one["due"]), RequestState(one["state"])
    return RequestView(
        cif_no=cif_no, id=one["id"], kind=RequestKind(one["kind"]), asked_by=one["asked_by"], received=date.fromisoformat(one["received"]),
        due=due, state=state, late=state not in ENDS and desk.today() > due, ground=one.get("ground", ""),
        closed=None if closed is None else date.fromisoformat(closed), opened_by=one["opened_by"], decided_by=one.get("decided_by", ""),
        evidence=one.get("evidence", ""),
    )  # fmt: skip
