"""
Rules as statements of a database, beside SQL that somebody wrote by hand for the same questions: customers of the starter catalogue's kind in SQLite,
indexed by customer, with three rows each of holdings, dealings and interactions.

    python bench/store_rules.py [CUSTOMERS]   200,000 if nothing is said
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import polars as pl
from sqlalchemy import Column, Connection, Index, Integer, MetaData, Table, Text, create_engine, func, insert, select

from bankcif.rules import Kind, lower, opened_schema, parse
from bankcif.rules.sql import Rows, condition
from rules import NOW, TODAY, frames

__all__ = ["store_rules"]

SIXTY = (TODAY.replace(year=TODAY.year - 60) - date(1970, 1, 1)).days
QUARTER = (TODAY.replace(month=TODAY.month - 3) - date(1970, 1, 1)).days
QUESTIONS: Mapping[str, tuple[str, str]] = {
    "a number and a text": (
        "aum >= CNY 1000000 and aml_class = 'high'",
        "select count(*) from customers where aum >= 100000000 and aum_currency = 'CNY' and aml_class = 'high'",
    ),
    "one of many, or missing": (
        "occupation in ('1', '3', '5', '7') and (tax_residence is missing or not watch_flag = 'Y')",
        "select count(*) from customers where occupation in ('1', '3', '5', '7') and (tax_residence is null or watch_flag <> 'Y')",
    ),
    "a day that moves": (
        "age >= 60 and investment_grade_until < today + 30 days",
        f"select count(*) from customers where birth_date <= {SIXTY} and investment_grade_until < {NOW + 30}",
    ),
    "two amounts": (
        "liabilities > assets",
        "select count(*) from customers where liabilities > assets and liabilities_currency = assets_currency",
    ),
    "whether there is a row": (
        "count(holdings where product in ('fund', 'gold') and status = 'open') >= 1",
        "select count(*) from customers c where exists (select 1 from holdings h where h.id = c.id and product in ('fund', 'gold') "
        "and status = 'open')",
    ),
    "a sum of rows": (
        "sum(holdings.balance where balance_currency = 'CNY' and status = 'open') >= CNY 300000",
        "select count(*) from (select id from holdings where balance_currency = 'CNY' and status = 'open' group by id "
        "having sum(balance) >= 30000000)",
    ),
    "a sum of a window": (
        "sum(transactions.count where channel = 'app' within 3 months) >= 20",
        f"select count(*) from (select id from transactions where channel = 'app' and month > {QUARTER} and month <= {NOW} group by id "
        "having sum(count) >= 20)",
    ),
    "how many kinds": (
        "distinct(holdings.product where status = 'open') >= 3",
        "select count(*) from (select id from holdings where status = 'open' group by id having count(distinct product) >= 3)",
    ),
}


def store_rules(customers: int = 200_000, rounds: int = 5) -> dict[str, Any]:
    """Measures, prints and returns the ratios."""
    schema, ratios = opened_schema(), {}
    own, rows = frames(customers)
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        tables = {"customers": filled(connection, "customers", schema, own)}
        for name in ("holdings", "transactions", "interactions"):
            tables[name] = filled(connection, name, schema.collections[name], rows[name])
        connection.exec_driver_sql("analyze")
        mine = tables["customers"]
        collections = {
            name: Rows(dict(table.c), table.c.id == mine.c.id) for name, table in tables.items() if name != "customers"
        }
        for what, (rule, by_hand) in QUESTIONS.items():
            lowered = lower(parse(rule), schema)
            asked = select(func.count()).select_from(mine).where(condition(lowered, dict(mine.c), collections))
            bound = {f"rule_{name}": value for name, value in lowered.known(TODAY).items()}

            def ours(asked: Any = asked, bound: Any = bound) -> Any:
                return connection.execute(asked, bound).scalar()

            def hand(by_hand: str = by_hand) -> Any:
                return connection.exec_driver_sql(by_hand).scalar()

            assert ours() == hand(), f"{what}: {ours()} are not {hand()}"
            pairs = [(timed(ours), timed(hand)) for _ in range(rounds)]
            found = sorted(one / other for one, other in pairs)
            took = [statistics.median(each) for each in zip(*pairs, strict=True)]
            ratios[what] = statistics.median(found)
            print(
                f"{what}: {rule}\n    {took[0] * 1e3:.1f} ms; by hand {took[1] * 1e3:.1f} ms; ratio {ratios[what]:.2f} "
                f"({found[0]:.2f} to {found[-1]:.2f}), {ours():,} of {customers:,}"
            )
    return ratios


def filled(connection: Connection, name: str, fields: Any, frame: pl.DataFrame) -> Table:
    """A table of *frame*, whose key is an index."""
    types = {Kind.TEXT: Text}
    columns = [
        Column(one, types.get(field.kind, Integer)) for one, field in fields.items() if field.kind is not Kind.AGE
    ]
    key = Column("id", Integer, primary_key=name == "customers")
    table = Table(name, MetaData(), key, *columns)
    if name != "customers":
        Index(f"{name}_id", key)
    table.metadata.create_all(connection)
    connection.execute(insert(table), frame.rename({"key": "id"}).to_dicts())
    connection.commit()
    return table


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    store_rules(*map(int, sys.argv[1:]))
