"""Where a customer's review stands, from their golden record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from .._canonical import dumps
from .._clock import from_micros, local_date
from ..party import CATALOGUE, PartyKind
from ..upkeep import Standing, standing_of_reviews
from .desk import Desk

__all__ = ["basis_of", "reviewed"]

_BESIDE = ("aml_class",)


def basis_of(desk: Desk, kind: PartyKind, values: Mapping[str, Any]) -> dict[str, str]:
    """A keyed digest of each value that a review rests on: the elements of due diligence, and the risk class."""
    names = [field.name for field in CATALOGUE[kind].values() if field.due_diligence] + list(_BESIDE)
    return {name: desk.digester.digest("review", dumps([name, values.get(name)])).hex()[:32] for name in names}


def reviewed(desk: Desk, kind: PartyKind, values: Mapping[str, Any], created_at: int) -> Standing:
    """Where the review of a customer stands today; *created_at* is when they came into the file, in microseconds."""
    since = values.get("customer_since")
    begins = local_date(from_micros(created_at), desk.zone) if since is None else date.fromisoformat(since)
    rows = values.get("reviews", ())
    basis = basis_of(desk, kind, values) if rows else {}
    return standing_of_reviews(
        rows, risk=values.get("aml_class") or "", since=begins, basis=basis, today=desk.today(), plan=desk.reviews
    )
