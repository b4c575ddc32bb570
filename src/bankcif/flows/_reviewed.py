"""Where a customer's review stands, from their golden record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from .._canonical import dumps
from .._clock import from_micros, local_date
from ..party import CATALOGUE, PartyKind
from ..upkeep import FlagState, Standing, standing_of_reviews
from .desk import Desk

__all__ = ["basis_of", "reviewed"]

_BESIDE = ("aml_class",)
_FLAGS = "flags"


def basis_of(desk: Desk, kind: PartyKind, values: Mapping[str, Any]) -> dict[str, str]:
    """A keyed digest of each value that a review rests on: the elements of due diligence, the risk class, and the risk flags that stand."""
    names = [field.name for field in CATALOGUE[kind].values() if field.due_diligence] + list(_BESIDE)
    rests = {name: values.get(name) for name in names} | {_FLAGS: _confirmed(values)}
    return {name: desk.digester.digest("review", dumps([name, value])).hex()[:32] for name, value in rests.items()}


def _confirmed(values: Mapping[str, Any]) -> list[str]:
    return sorted(one["id"] for one in values.get(_FLAGS, ()) if one["state"] == FlagState.CONFIRMED)


def reviewed(desk: Desk, kind: PartyKind, values: Mapping[str, Any], created_at: int) -> Standing:
    """Where the review of a customer stands today; *created_at* is when they came into the file, in microseconds."""
    since = values.get("customer_since")
    begins = local_date(from_micros(created_at), desk.zone) if since is None else date.fromisoformat(since)
    rows = values.get("reviews", ())
    flagged = bool(_confirmed(values))
    basis = basis_of(desk, kind, values) if rows or flagged else {}
    # Whoever was never reviewed had no flag when they came.
    blank = {_FLAGS: basis_of(desk, kind, {})[_FLAGS]} if basis else {}
    return standing_of_reviews(
        rows, risk=values.get("aml_class") or "", since=begins, basis=basis, blank=blank, today=desk.today(), plan=desk.reviews
    )  # fmt: skip
