"""Made-up customers as rules see them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
from hypothesis import strategies as st

from bankcif.rules import Kind, Schema, opened_record, opened_schema

TODAY = date(2026, 11, 27)
near = st.integers(-800, 40).map(lambda n: (TODAY + timedelta(days=n)).isoformat())
born = st.dates(date(1940, 1, 1), TODAY).map(date.isoformat) | st.integers(0, 30).map(
    lambda n: (TODAY - timedelta(days=18 * 365 + n)).isoformat()
)
months = st.integers(0, 14).map(lambda n: (TODAY - timedelta(days=30 * n)).isoformat()[:7])


def money(*amounts: int) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda minor, currency: {"minor": minor, "currency": currency},
        st.sampled_from([100 * one for one in amounts]), st.sampled_from(["CNY", "CNY", "CNY", "USD"]),
    )  # fmt: skip


def one_of(*values: str) -> st.SearchStrategy[str]:
    return st.sampled_from(values)


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


holdings = some(
    product=one_of("current", "time_deposit", "fund", "wealth", "insurance", "credit_card", "mortgage"), status=one_of("open", "closed"),
    opened_on=near, closed_on=near, balance=money(0, 100_000, 300_000),
)  # fmt: skip
transactions = some(
    period=months | one_of("2026", "?"), channel=one_of("counter", "app", "third_party", "atm"), type=one_of("salary", "cash", "transfer"),
    count=st.integers(0, 70), total=money(0, 500),
)  # fmt: skip
balances = st.fixed_dictionaries(
    {"month": months | st.just("?"), "average": money(0, 49_999, 50_000, 500_000, 6_000_000)}, optional={"book": one_of("a", "b")}
)  # fmt: skip
interactions = some(
    channel=one_of("app", "phone"), type=one_of("campaign", "complaint", "service"), on=near, outcome=one_of("accepted", "declined"),
    due=near, campaign=one_of("a", "b"),
)  # fmt: skip
values = some(
    birth_date=born, customer_since=near | one_of("2010-01-01"), aum=money(0, 49_999, 50_000, 500_000, 6_000_000), assets=money(0, 100),
    liabilities=money(0, 100, 200), aml_class=one_of("low", "medium", "high"), investment_grade=one_of("C1", "C3", "C5"),
    investment_grade_until=near, watch_flag=one_of("Y", "N"), occupation=one_of("1", "8", "N"), nationality=one_of("CN", "US"),
    income_band=one_of("A", "D"), bounces=st.integers(0, 5), last_reached_on=near, preferred_channel=one_of("app", "none"),
    phone=one_of("+8615412345678"), identifiers=st.just([{"scheme": "cn.resident_id"}]), founded_on=near,
    holdings=st.lists(holdings, max_size=4), transactions=st.lists(transactions, max_size=5), interactions=st.lists(interactions, max_size=4),
    balances=st.lists(balances, max_size=8),
)  # fmt: skip
customers = st.builds(
    lambda said, kind: opened_record({"kind": kind, "cif_no": "C1", "branch": "B"}, said),
    values,
    one_of("individual", "organization"),
)
TYPES = {Kind.TEXT: pl.String, Kind.BOOLEAN: pl.Boolean}


def frames(records: list[dict[str, Any]], schema: Schema | None = None) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """Records as columns; their key is their place."""
    schema = opened_schema() if schema is None else schema

    def frame(of: Any, rows: list[tuple[int, dict[str, Any]]]) -> pl.DataFrame:
        types = {name: TYPES.get(field.kind, pl.Int64) for name, field in of.items() if field.kind is not Kind.AGE}
        columns = {name: [row[name] for _, row in rows] for name in types}
        return pl.DataFrame({"key": [n for n, _ in rows], **columns}, schema={"key": pl.Int64, **types})

    own = frame(schema, list(enumerate(records)))
    rows = {
        name: frame(of, [(n, row) for n, one in enumerate(records) for row in one[name]])
        for name, of in schema.collections.items()
    }
    return own, rows
