"""Reports: a table counted by hand, the same numbers as SQL, what follows from what is told, and what is refused."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

from bankcif.analytics import (
    ABSENT,
    KEY,
    OTHERS,
    Amount,
    Column,
    Dimension,
    Measure,
    ReportBook,
    ReportSpec,
    Snapshot,
    movement,
    starter_reports,
    tabulate,
)
from bankcif.analytics.suppression import Place, hidden
from bankcif.errors import AccessError, ConfigurationError, InputError, RuleError
from bankcif.rules import Kind, opened_schema

TODAY = date(2026, 11, 24)
CUSTOMERS = {"customers": "customers"}
_TYPES = {Kind.TEXT: pa.string(), Kind.BOOLEAN: pa.bool_(), Kind.DATE: pa.date32()}


def snapshot(customers: list[dict[str, Any]], *, as_of: date = TODAY, **rows: list[dict[str, Any]]) -> Snapshot:
    """A snapshot of these customers and rows, each with its key."""
    schema = opened_schema()
    columns: dict[str, Column] = {}

    def table(said: list[dict[str, Any]], fields: Any, head: str) -> Any:
        names = sorted({name for one in said for name in one if name != KEY})
        made = {KEY: pa.array([one[KEY] for one in said], pa.string())}
        for name in names:
            kind = fields[name].kind if name in fields else Kind.BOOLEAN
            columns[head + name] = Column(kind)
            made[name] = pa.array([one.get(name) for one in said], _TYPES.get(kind, pa.int64()))
        return pa.table(made)

    own = table(customers, schema, "")
    tables = {name: table(said, schema.collections[name].fields, f"{name}.") for name, said in rows.items()}
    return Snapshot(customers=own, rows=tables, columns=columns, as_of=as_of, purpose="analytics", k=1)


def spec(*dimensions: Dimension, measures: Any = None, **more: Any) -> ReportSpec:
    return ReportSpec(**{"name": "r", "k": 1, "dimensions": dimensions, "measures": measures or [Measure(name="customers")], **more})  # fmt: skip


SEX, BRANCH = Dimension(name="sex", of="sex"), Dimension(name="branch", of="branch")
SIX = [
    {KEY: "a", "sex": "1", "branch": "b1", "aum": 100_00, "aum_currency": "CNY", "birth_date": date(1990, 11, 24)},
    {KEY: "b", "sex": "1", "branch": "b1", "aum": 300_00, "aum_currency": "CNY", "birth_date": date(1990, 11, 25)},
    {KEY: "c", "sex": "2", "branch": "b1", "aum": 900_00, "aum_currency": "USD", "birth_date": date(2010, 1, 1)},
    {KEY: "d", "sex": "2", "branch": "b2", "aum": None, "aum_currency": None, "birth_date": None},
    {KEY: "e", "sex": "2", "branch": "b2", "aum": 50_00, "aum_currency": "CNY", "birth_date": date(1950, 1, 1)},
    {KEY: "f", "sex": None, "branch": "b2", "aum": 10_00, "aum_currency": "CNY", "birth_date": date(1960, 6, 6)},
]
HOLDINGS = [
    {KEY: "a", "product": "card", "status": "open", "balance": 5_00, "balance_currency": "CNY", "opened_on": date(2026, 1, 5)},
    {KEY: "a", "product": "card", "status": "open", "balance": 6_00, "balance_currency": "CNY", "opened_on": date(2026, 2, 5)},
    {KEY: "a", "product": "fund", "status": "open", "balance": 7_00, "balance_currency": "USD", "opened_on": date(2025, 2, 5)},
    {KEY: "c", "product": "fund", "status": "closed", "balance": 9_00, "balance_currency": "CNY", "opened_on": None},
    {KEY: "e", "product": "card", "status": "open", "balance": None, "balance_currency": None, "opened_on": date(2026, 1, 31)},
]  # fmt: skip


def told(report: Any, measure: str = "customers", *, sums: bool = False) -> dict[Any, Any]:
    return {place: figures[measure] and (figures[measure].numerator, figures[measure].denominator) for place, figures in report.rows(sums=sums)}  # fmt: skip


def test_a_table_counted_by_hand() -> None:
    found = tabulate(snapshot(SIX), spec(SEX, BRANCH))
    assert told(found, sums=True) == {
        ("2", "b1"): (1, 6), ("2", "b2"): (2, 6), ("2", None): (3, 6), ("1", "b1"): (2, 6), ("1", None): (2, 6),
        ("", "b2"): (1, 6), ("", None): (1, 6), (None, "b1"): (3, 6), (None, "b2"): (3, 6), (None, None): (6, 6),
    }  # fmt: skip
    assert found.levels == {"sex": ("2", "1", ""), "branch": ("b1", "b2")}, "the largest first, who has none last"
    assert found.figure("customers", sex="1") == Amount(2, 6)
    assert found.figure("customers", sex="1", branch="b2") == Amount(0, 0), "nobody stands there"
    assert (found.customers, found.withheld, found.as_of) == (6, 0, TODAY)
    assert repr(found) == "Report(r, as of 2026-11-24, 6 customers, 10 cells, 0 figures not told)"


def test_ages_and_amounts_in_bands_by_hand() -> None:
    age = Dimension(name="age", of="age", bands=[18, 36, 60])
    assert told(tabulate(snapshot(SIX), spec(age))) == {
        ("<18",): (1, 6), ("18–35",): (1, 6), ("36–59",): (1, 6), ("60+",): (2, 6), ("",): (1, 6),
    }, "who is 36 today is 36"  # fmt: skip
    aum = Dimension(name="aum", of="aum", bands=[50, 100], currency="CNY")
    assert told(tabulate(snapshot(SIX), spec(aum))) == {
        ("<50",): (1, 6), ("50–<100",): (1, 6), ("100+",): (2, 6), ("",): (2, 6),
    }, "another currency is no band"  # fmt: skip


def test_measures_by_hand() -> None:
    measures = [
        Measure(name="total", kind="sum", of="aum", currency="CNY"),
        Measure(name="mean", kind="mean", of="aum", currency="CNY"),
        Measure(name="grown", kind="share", of="age >= 18"),
        Measure(name="held", kind="each", of="count(holdings where status = 'open')"),
    ]
    found = tabulate(snapshot(SIX, holdings=HOLDINGS), spec(BRANCH, measures=measures))
    assert told(found, "total") == {("b1",): (400_00, 2), ("b2",): (60_00, 2)}
    mean = found.figure("mean", branch="b1")
    assert mean is not None
    assert mean.rate == 200_00
    assert told(found, "grown", sums=True) == {("b1",): (2, 3), ("b2",): (2, 3), (None,): (4, 6)}
    assert told(found, "held") == {("b1",): (3, 3), ("b2",): (1, 3)}
    assert found.units["total"].kind is Kind.MONEY


def test_rows_by_hand() -> None:
    measures = [
        Measure(name="customers"), Measure(name="held", kind="rows"), Measure(name="each", kind="each"),
        Measure(name="balance", kind="sum", of="balance", currency="CNY"), Measure(name="recent", kind="share", of="opened_on >= today - 300 days"),
    ]  # fmt: skip
    asked = spec(Dimension(name="product", of="product"), over="holdings", rows="status = 'open'", measures=measures)
    found = tabulate(snapshot(SIX, holdings=HOLDINGS), asked)
    assert told(found, "customers", sums=True) == {("card",): (2, 6), ("fund",): (1, 6), (None,): (2, 6)}, (
        "of all, who hold nothing among them"
    )
    assert told(found, "held", sums=True) == {("card",): (3, 4), ("fund",): (1, 4), (None,): (4, 4)}
    assert told(found, "each") == {("card",): (3, 2), ("fund",): (1, 1)}
    assert told(found, "balance") == {("card",): (11_00, 2), ("fund",): (0, 0)}, "dollars are no yuan"
    assert told(found, "recent") == {("card",): (2, 3), ("fund",): (0, 1)}
    by_sex = tabulate(snapshot(SIX, holdings=HOLDINGS), spec(SEX, over="holdings", where="branch = 'b1'"))
    assert told(by_sex) == {("1",): (1, 3), ("2",): (1, 3)}


def test_times_and_sets_by_hand() -> None:
    data = snapshot(SIX, holdings=HOLDINGS)
    for by, levels in {
        "month": ("2025-02", "2026-01", "2026-02", ""), "quarter": ("2025Q1", "2026Q1", ""), "year": ("2025", "2026", ""), "season": ("01", "02", ""),
    }.items():  # fmt: skip
        found = tabulate(data, spec(Dimension(name="time", of="opened_on", by=by), over="holdings"))
        assert found.levels == {"time": levels}, by
    together = Dimension(name="together", of="holdings.product", by="set")
    assert told(tabulate(data, spec(together))) == {("card+fund",): (1, 6), ("card",): (1, 6), ("fund",): (1, 6), ("",): (3, 6)}  # fmt: skip
    open_ones = Dimension(name="together", of="holdings.product", by="set", where="status = 'open'")
    assert told(tabulate(data, spec(open_ones))) == {("card+fund",): (1, 6), ("card",): (1, 6), ("",): (4, 6)}


def test_the_largest_levels_and_the_others() -> None:
    rows = [{KEY: str(n), "branch": f"b{n % 10 if n % 10 < 3 else n}"} for n in range(40)]
    found = tabulate(snapshot(rows), spec(Dimension(name="branch", of="branch", top=3)))
    assert told(found) == {("b0",): (4, 40), ("b1",): (4, 40), ("b2",): (4, 40), (OTHERS,): (28, 40)}


def test_rules_tell_levels_in_their_order() -> None:
    groups = {"grown": "age >= 18", "known": "birth_date is not missing"}
    found = tabulate(snapshot(SIX), spec(Dimension(name="group", rules=groups)))
    assert told(found) == {("grown",): (4, 6), ("known",): (1, 6), ("",): (1, 6)}, "the first that holds"
    tagged = [{KEY: "a", "tag:vip": True}, {KEY: "b", "tag:vip": False}]
    found = tabulate(snapshot(tagged), spec(Dimension(name="vip", rules={"vip": "tag('vip')"})))
    assert told(found) == {("vip",): (1, 2), ("",): (1, 2)}


# The same numbers as SQL says of the same data

_customers = st.lists(
    st.fixed_dictionaries(
        {
            "sex": st.sampled_from(["1", "2", None]), "home_branch": st.sampled_from(["x", "y", "z"]),
            "aum": st.one_of(st.none(), st.integers(-(10**15), 10**15)), "aum_currency": st.sampled_from(["CNY", "USD"]),
            "birth_date": st.one_of(st.none(), st.dates(date(1930, 1, 1), date(2020, 1, 1))),
        }
    ),
    min_size=1,
    max_size=30,
)  # fmt: skip
_rows = st.lists(
    st.fixed_dictionaries(
        {
            "owner": st.integers(0, 29), "product": st.sampled_from(["card", "fund", "loan"]), "status": st.sampled_from(["open", "closed"]),
            "balance": st.one_of(st.none(), st.integers(0, 10**15)), "balance_currency": st.sampled_from(["CNY", "USD"]),
            "opened_on": st.one_of(st.none(), st.dates(date(2024, 1, 1), TODAY)),
        }
    ),
    max_size=40,
)  # fmt: skip
_OF_CUSTOMERS = {
    "sex": (SEX, "coalesce(sex, '')"),
    "home": (Dimension(name="home", of="home_branch"), "home_branch"),
    "born": (Dimension(name="born", of="birth_date", by="year"), "coalesce(strftime(birth_date, '%Y'), '')"),
    "age": (
        Dimension(name="age", of="age", bands=[18, 65]),
        "case when birth_date is null then '' when birth_date > date '2008-11-24' then '<18' when birth_date > date '1961-11-24' then '18–64' else '65+' end",
    ),
    "rich": (Dimension(name="rich", rules={"rich": "aum >= CNY 1000"}), "case when aum >= 100000 and aum_currency = 'CNY' then 'rich' else '' end"),
}  # fmt: skip
_OF_ROWS = {
    **_OF_CUSTOMERS,
    "product": (Dimension(name="product", of="product"), "product"),
    "month": (Dimension(name="month", of="opened_on", by="month"), "coalesce(strftime(opened_on, '%Y-%m'), '')"),
}
_CNY = "case when {0}_currency = 'CNY' then {0} end"


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_same_numbers_as_sql_of_customers(data: Any) -> None:
    said = [{KEY: str(n), **one} for n, one in enumerate(data.draw(_customers))]
    names = data.draw(st.lists(st.sampled_from(sorted(_OF_CUSTOMERS)), unique=True, max_size=3))
    measures = [Measure(name="customers"), Measure(name="sum", kind="sum", of="aum", currency="CNY"), Measure(name="old", kind="share", of="age >= 65")]  # fmt: skip
    found = tabulate(snapshot(said), spec(*(_OF_CUSTOMERS[name][0] for name in names), measures=measures))
    aum = _CNY.format("aum")
    figures = f"count(*), sum({aum})::hugeint, count({aum}), count(*) filter (birth_date <= date '1961-11-24')"
    wanted = _cube(snapshot(said), "customers", [_OF_CUSTOMERS[name][1] for name in names], figures)
    assert {place: _all(figures) for place, figures in found.cells.items()} == {
        place: ((many, len(said)), (total or 0, known), (old, many))
        for place, (many, total, known, old) in wanted.items()
    }


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_same_numbers_as_sql_of_rows(data: Any) -> None:
    said = [{KEY: str(n), **one} for n, one in enumerate(data.draw(_customers))]
    rows = [{KEY: str(one.pop("owner") % len(said)), **one} for one in data.draw(_rows)]
    names = data.draw(st.lists(st.sampled_from(sorted(_OF_ROWS)), unique=True, max_size=3))
    measures = [
        Measure(name="customers"),
        Measure(name="rows", kind="rows"),
        Measure(name="sum", kind="sum", of="balance", currency="CNY"),
    ]
    asked = spec(
        *(_OF_ROWS[name][0] for name in names),
        over="holdings",
        where="sex = '1'",
        rows="status = 'open'",
        measures=measures,
    )
    mine = [one for one in said if one["sex"] == "1"]
    there = [one for one in rows if one["status"] == "open" and said[int(one[KEY])]["sex"] == "1"]
    whole = snapshot(said, holdings=rows or HOLDINGS[:0]) if rows else None
    if not there:
        return
    assert whole is not None
    found = tabulate(whole, asked)
    balance = _CNY.format("balance")
    figures = f"count(distinct key), count(*), sum({balance})::hugeint, count({balance})"
    wanted = _cube(
        whole,
        "holdings join customers using (key) where sex = '1' and status = 'open'",
        [_OF_ROWS[name][1] for name in names],
        figures,
    )
    assert {place: _all(figures) for place, figures in found.cells.items()} == {
        place: ((who, len(mine)), (many, len(there)), (total or 0, known))
        for place, (who, many, total, known) in wanted.items()
    }


def _all(figures: Any) -> tuple[Any, ...]:
    return tuple((one.numerator, one.denominator) for one in figures.values())


def _cube(data: Snapshot, source: str, levels: list[str], figures: str) -> dict[Place, tuple[Any, ...]]:
    """What DuckDB says: all sums over each of *levels*, None where it is summed over."""
    database = duckdb.connect()
    database.register("customers", data.customers)
    for name, table in data.rows.items():
        database.register(name, table)
    names = [f"level{n}" for n in range(len(levels))]
    inner = ", ".join(["*", *(f"{level} as {name}" for level, name in zip(levels, names, strict=True))])
    grouping = f"group by cube ({', '.join(names)})" if names else ""
    marks = "".join(f"grouping({name}), " for name in names)
    rows = database.sql(
        f"select {''.join(f'{name}, ' for name in names)}{marks}{figures} from (select {inner} from {source}) {grouping}"
    ).fetchall()
    size = len(names)
    return {tuple(None if row[size + n] else row[n] for n in range(size)): row[2 * size :] for row in rows}


# What is not told

_cells = st.integers(1, 3).flatmap(
    lambda size: st.dictionaries(
        st.tuples(*[st.sampled_from("abcd")] * size), st.sampled_from([1, 2, 3, 4, 5, 7, 12, 40]), min_size=1, max_size=30
    )
)  # fmt: skip


def cube(cells: dict[Place, int]) -> dict[Place, int]:
    found: dict[Place, int] = {}
    for place, many in cells.items():
        for over in product((False, True), repeat=len(place)):
            key = tuple(None if gone else level for gone, level in zip(over, place, strict=True))
            found[key] = found.get(key, 0) + many
    return found


@settings(max_examples=200, deadline=None)
@given(_cells, st.sampled_from([2, 5, 10]))
def test_nothing_that_is_hidden_follows_from_what_is_told(cells: dict[Place, int], k: int) -> None:
    """Beside the counts that are told, others that are no smaller than one could stand, and differ in every hidden cell."""
    counts = cube(cells)
    gone = hidden(counts, k)
    assert {place for place, many in counts.items() if many < k} <= gone <= counts.keys()
    unknown = sorted(gone, key=str)
    at = {place: n for n, place in enumerate(unknown)}
    equations = []
    for total in counts:
        for axis in range(len(total)):
            if total[axis] is None:
                line = [
                    place
                    for place in counts
                    if place[axis] is not None and (*place[:axis], None, *place[axis + 1 :]) == total
                ]
                row = np.zeros(len(unknown))
                for place, sign in (*((place, 1) for place in line), (total, -1)):
                    if place in at:
                        row[at[place]] += sign
                equations.append(row)
    if unknown and equations:
        _, sizes, turned = np.linalg.svd(np.array(equations))
        free = turned[int((sizes > 1e-9).sum()) :]
        assert all(np.abs(free[:, at[place]]).max(initial=0) > 1e-9 for place in unknown)


def test_a_second_cell_is_hidden_with_a_small_one() -> None:
    counts = cube({("a",): 2, ("b",): 9, ("c",): 30})
    assert hidden(counts, 5) == {("a",), ("b",)}
    assert hidden(counts, 1) == frozenset()
    assert hidden(cube({("a",): 9, ("b",): 30}), 5) == frozenset()
    assert hidden(cube({("a",): 1, ("b",): 1, ("c",): 30}), 5) == {("a",), ("b",), ("c",)}, "two together are too few"
    assert hidden(cube({("a",): 2, ("b",): 1}), 5) == {("a",), ("b",), (None,)}


def test_who_stands_behind_several_cells_is_hidden_with_many() -> None:
    several = {("card",): 4, ("fund",): 3, ("loan",): 30, ("safe",): 40, (None,): 50}
    assert hidden(several, 5) == {("card",), ("fund",)}
    assert hidden(several, 5, apart=False) == {("card",), ("fund",), ("loan",)}, "three may be the same three"


def test_figures_of_few_are_not_told() -> None:
    people = [{KEY: str(n), "sex": "1" if n < 3 else "2", "branch": "x" if n % 2 else "y"} for n in range(40)]
    found = tabulate(snapshot(people), spec(SEX, k=5))
    assert told(found, sums=True) == {("2",): None, ("1",): None, (None,): (40, 40)}
    assert found.withheld == 2
    male = Measure(name="male", kind="share", of="sex = '1'")
    found = tabulate(snapshot(people), spec(BRANCH, k=2, measures=[Measure(name="customers"), male]))
    assert told(found, "customers", sums=True) == {("x",): None, ("y",): None, (None,): (40, 40)}, (
        "with all measures, or with none"
    )
    assert told(found, "male", sums=True) == {("x",): None, ("y",): None, (None,): (3, 40)}, "one of the twenty is male"
    stricter = tabulate(snapshot(people), spec(BRANCH), k=30)
    assert told(stricter, sums=True) == {("x",): None, ("y",): None, (None,): (40, 40)}


def people(many: int, **columns: Any) -> list[dict[str, Any]]:
    """So many customers, with a value of each column by their number."""
    return [{KEY: f"{n:03}", **{name: of(n) for name, of in columns.items()}} for n in range(many)]


def test_a_sum_that_one_adds_to_is_not_told() -> None:
    data = snapshot(
        people(40, branch=lambda _: "x", aum=lambda n: 98_765_432 if n == 3 else None, aum_currency=lambda _: "CNY"),
        holdings=[{KEY: "007", "product": "rare", "status": "open", "balance": 123_456_789, "balance_currency": "CNY", "opened_on": None}],
    )  # fmt: skip
    rare = "sum(holdings.balance where product = 'rare' and balance_currency = 'CNY')"
    for kind, of in (
        ("sum", rare),
        ("mean", rare),
        ("each", rare),
        ("sum", "count(holdings where product = 'rare')"),
        ("sum", "aum"),
        ("each", "aum"),
    ):
        one = Measure(name="m", kind=kind, of=of, currency="CNY" if of in (rare, "aum") else "")
        found = tabulate(data, spec(BRANCH, measures=[one], k=10))
        assert set(told(found, "m", sums=True).values()) == {None}, (kind, of)


def test_hidden_cells_that_each_have_one_are_not_given_away_by_their_sum() -> None:
    counts = cube({("big",): 30, **{(f"b{n}",): 1 for n in range(5)}})
    assert hidden(counts, 5) >= {("big",), *((f"b{n}",) for n in range(5))}


def test_a_cell_is_told_with_all_measures_or_with_none() -> None:
    data = snapshot(
        people(
            40,
            sex=lambda n: "12"[n % 2],
            branch=lambda n: "abc"[n % 3],
            aum=lambda n: n * 100 if n < 33 else None,
            aum_currency=lambda _: "CNY",
        )
    )
    shares = [
        Measure(name=name, kind="share", of=rule)
        for name, rule in (("s", "sex = '1'"), ("t", "sex = '1' and branch != 'a'"), ("u", "aum > CNY 9"))
    ]
    found = tabulate(
        data,
        spec(
            BRANCH,
            k=5,
            measures=[Measure(name="customers"), *shares, Measure(name="aum", kind="sum", of="aum", currency="CNY")],
        ),
    )
    for figures in found.cells.values():
        assert len({one is None for one in figures.values()}) == 1


def test_two_shares_that_differ_by_one_are_not_told() -> None:
    data = snapshot(people(40, sex=lambda n: "12"[n % 2], branch=lambda n: "t" if n == 0 else "x"))
    shares = [
        Measure(name="s", kind="share", of="sex = '1'"),
        Measure(name="t", kind="share", of="sex = '1' and branch != 't'"),
    ]
    assert told(tabulate(data, spec(k=10, measures=shares[:1])), "s", sums=True) == {(): (20, 40)}
    assert told(tabulate(data, spec(k=10, measures=shares)), "s", sums=True) == {(): None}


def test_who_holds_nothing_of_it_is_as_many() -> None:
    rows = [{KEY: f"{n:03}", "product": "card", "status": "open"} for n in range(39)]
    found = tabulate(
        snapshot(people(40, sex=lambda _: "1"), holdings=rows),
        spec(Dimension(name="product", of="product"), over="holdings", k=10),
    )
    assert set(told(found, sums=True).values()) == {None}, "one of forty has no card"


def test_names_of_fields_and_of_columns_are_names_of_measures_and_dimensions() -> None:
    data = snapshot(SIX, holdings=HOLDINGS)
    sex = Measure(name="sex", kind="share", of="sex = '1'")
    assert told(tabulate(data, spec(measures=[sex])), "sex", sums=True) == {(): (2, 6)}
    measures = [Measure(name="status", kind="share", of="product = 'card'"), Measure(name="rows", kind="rows")]
    found = tabulate(
        data, spec(Dimension(name="key", of="product"), over="holdings", rows="status = 'open'", measures=measures)
    )
    assert told(found, "rows") == {("card",): (3, 4), ("fund",): (1, 4)}
    assert told(found, "status") == {("card",): (3, 3), ("fund",): (0, 1)}
    found = tabulate(data, spec(Dimension(name="measure", of="sex"), Dimension(name="figures", of="branch")))
    assert found.figure("customers", measure="1", figures="b1") == Amount(2, 6)


def test_values_that_are_written_like_levels_are_values() -> None:
    data = snapshot([{KEY: str(n), "branch": value} for n, value in enumerate(("-", "*", "", None, "x"))])
    assert told(tabulate(data, spec(BRANCH))) == {("'*'",): (1, 5), ("'-'",): (1, 5), ("x",): (1, 5), ("",): (2, 5)}
    for rules in ({"-": "true"}, {"*": "true"}, {"": "true"}, [("a", "true"), ("a", "true")]):
        with pytest.raises(InputError):
            Dimension(name="d", rules=rules)  # type: ignore[arg-type]


def test_the_largest_of_bands_and_rules() -> None:
    data = snapshot(people(30, birth_date=lambda n: date(1950 + n, 1, 1)))
    age = Dimension(name="age", of="age", bands=[50, 60, 70], top=2)
    assert told(tabulate(data, spec(age))) == {("50–59",): (10, 30), ("60–69",): (10, 30), (OTHERS,): (10, 30)}
    ruled = Dimension(name="d", rules={"old": "age >= 60", "middle": "age >= 50", "young": "true"}, top=1)
    assert tabulate(data, spec(ruled)).levels == {"d": ("old", OTHERS)}


# Movement


def test_movement_by_hand() -> None:
    before = snapshot(
        [{KEY: key, "branch": branch} for key, branch in (("a", "x"), ("b", "x"), ("c", "y"))], as_of=date(2026, 1, 1)
    )
    after = snapshot([{KEY: key, "branch": branch} for key, branch in (("a", "y"), ("b", "x"), ("d", "y"))])
    found = movement(before, after, spec(BRANCH))
    assert told(found) == {("x", "x"): (1, 4), ("x", "y"): (1, 4), ("y", ABSENT): (1, 4), (ABSENT, "y"): (1, 4)}
    assert (found.since, found.as_of, found.customers) == (date(2026, 1, 1), TODAY, 4)
    mixed = spec(BRANCH, measures=[Measure(name="customers"), Measure(name="old", kind="share", of="age > 60")])
    bare = [
        snapshot([{**row, "birth_date": None} for row in one.customers.to_pylist()], as_of=one.as_of)
        for one in (before, after)
    ]
    assert told(movement(*bare, mixed)) == told(found), "the customers alone"
    assert [one.label("en") for one in found.spec.dimensions] == ["Home branch 2026-01-01", "Home branch 2026-11-24"]
    for one, other, asked in (
        (after, before, spec(BRANCH)), (before, after, spec(BRANCH, SEX)),
        (before, after, spec(BRANCH, measures=[Measure(name="old", kind="share", of="age > 60")])),
    ):  # fmt: skip
        with pytest.raises(InputError):
            movement(one, other, asked)


# What is refused


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"dimensions": [Dimension(name="a", of="aum")]}, "give bands"),
        ({"dimensions": [Dimension(name="a", of="nothing")]}, "no field"),
        ({"dimensions": [Dimension(name="a", of="sex", by="month")]}, "no day"),
        ({"dimensions": [Dimension(name="a", of="holdings.balance", by="set")]}, "a set is of a text"),
        ({"dimensions": [SEX, SEX]}, "each another"),
        ({"dimensions": [Dimension(name=f"d{n}", of="sex") for n in range(4)]}, "at most 3"),
        ({"measures": [Measure(name="m", kind="sum", of="aum")]}, "several currencies"),
        ({"measures": [Measure(name="m", kind="sum", of="count(holdings)", currency="CNY")]}, "no currency"),
        ({"measures": [Measure(name="m", kind="sum", of="sex")]}, "not added up"),
        ({"measures": [Measure(name="m", kind="rows")]}, "over which collection"),
        ({"measures": [Measure(name="m", kind="each")]}, "say over which"),
        ({"rows": "status = 'open'"}, "over which collection"),
        ({"over": "nothing"}, "no rows of nothing"),
        ({"k": 0}, "above zero"),
    ],
)  # fmt: skip
def test_a_report_that_does_not_go_together_is_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        spec(**{"measures": [Measure(name="customers")], **change})
    assert caught.value.path
    assert caught.value.rule


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"where": "aum >= 5"}, "aum"),
        ({"where": "nothing = 1"}, "nothing"),
        ({"where": "sex = "}, "r: "),
        ({"measures": [Measure(name="m", kind="sum", of="age")]}, "age"),
        ({"measures": [Measure(name="m", kind="sum", of="aum = CNY 5 or aum")]}, "m"),
        ({"measures": [Measure(name="m", kind="share", of="holdings.balance > CNY 5")]}, "holdings"),
        ({"dimensions": [Dimension(name="d", rules={"x": "branch > 3"})]}, "d"),
    ],
)
def test_a_rule_that_does_not_fit_is_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises((RuleError, InputError), match=says):
        tabulate(snapshot(SIX, holdings=HOLDINGS), spec(**{"measures": [Measure(name="customers")], **change}))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Measure(name="m", kind="median"), lambda: Dimension(name="d", of="opened_on", by="week"), lambda: Measure(name=5), lambda: Dimension(name="d", of=5),
        lambda: Dimension(name="d", of="age", bands=5), lambda: Dimension(name="d", of="sex", top="5"), lambda: Dimension(name="d", of="sex", top=True),
        lambda: Dimension(name="d", rules={"a": 5}), lambda: Dimension(name="d", rules={"a": ["x"]}), lambda: Dimension(name="d", of="sex", labels={"1": 5}),
        lambda: Dimension(name="d", of="sex", labels={"1": "男m"}), lambda: Dimension(name="d", of="holdings.product", by="set", where=5), lambda: spec(where=5),
        lambda: spec(measures=[{"name": "m"}]), lambda: ReportSpec(name="r", dimensions=None, measures=[Measure(name="m")]), lambda: ReportSpec(name=5, measures=[Measure(name="m")]),
        lambda: spec(measures=[Measure(name=f"s{n}", kind="share", of="true") for n in range(6)]),
    ],
)  # fmt: skip
def test_other_types_are_refused_in_our_words(make: Any) -> None:
    with pytest.raises(InputError):
        make()


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "d"}, {"name": "d", "of": "sex", "rules": {"a": "true"}}, {"name": "d", "of": "age", "bands": [3, 2]}, {"name": "d", "of": "age", "bands": [1.5]},
        {"name": "d", "of": "sex", "top": 500}, {"name": "d", "of": "aum", "bands": [1], "currency": "yuan"}, {"name": "d", "of": "age", "bands": [1], "by": "month"},
        {"name": "d", "of": "sex", "where": "true"},
    ],
)  # fmt: skip
def test_a_dimension_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        Dimension(**wrong)


def test_nobody_and_too_few_are_refused() -> None:
    with pytest.raises(InputError, match="no customers are counted") as caught:
        tabulate(snapshot(SIX), spec(SEX, where="branch = 'nowhere'"))
    assert caught.value.rule == "nothing_counted"
    with pytest.raises(InputError, match="no rows of holdings"):
        tabulate(snapshot(SIX, holdings=HOLDINGS), spec(SEX, over="holdings", rows="opened_on > today"))
    with pytest.raises(AccessError, match="fewer than 5 customers") as refused:
        tabulate(snapshot(SIX), spec(SEX, where="branch = 'b1'", k=5))
    assert refused.value.rule == "k_anonymity"


def test_a_column_that_is_missing_or_shown_in_part_is_refused() -> None:
    data = snapshot([{name: value for name, value in one.items() if name != "sex"} for one in SIX])
    with pytest.raises(InputError, match="sex is not shown"):
        tabulate(data, spec(SEX))
    with pytest.raises(InputError, match="has no sex"):
        tabulate(data, spec(BRANCH, where="sex = '1'"))
    data.columns["birth_date"] = Column(Kind.DATE, "year")  # type: ignore[index]
    with pytest.raises(InputError, match="only in part"):
        tabulate(data, spec(Dimension(name="age", of="age", bands=[18])))
    with pytest.raises(InputError, match="shown by year alone"):
        tabulate(data, spec(Dimension(name="born", of="birth_date", by="month")))
    assert tabulate(data, spec(Dimension(name="born", of="birth_date", by="year"))).levels["born"][0] == "1950"


def test_too_many_levels_are_refused() -> None:
    data = snapshot([{KEY: str(n), "branch": f"b{n}"} for n in range(1_500)])
    with pytest.raises(InputError, match="1,500 levels"):
        tabulate(data, spec(BRANCH))


# Files of reports


def test_a_file_of_reports(tmp_path: Path) -> None:
    file = tmp_path / "reports.toml"
    file.write_text(
        """
        version = "2026.1"
        [report.funds]
        en = "Funds"
        over = "holdings"
        rows = "product = 'fund'"
        k = 1
        [[report.funds.dimension]]
        name = "age"
        of = "age"
        bands = [30]
        [[report.funds.measure]]
        name = "balance"
        kind = "sum"
        of = "balance"
        currency = "CNY"
        """,
        encoding="utf-8",
    )
    book = ReportBook.read(file)
    found = tabulate(snapshot(SIX, holdings=HOLDINGS), book["funds"])
    assert told(found, "balance") == {("<30",): (9_00, 1), ("30+",): (0, 0)}
    with pytest.raises(InputError, match="there are funds"):
        book["nothing"]


@pytest.mark.parametrize(
    "text",
    [
        "[report.r]\n[[report.r.dimension]]\nname = 'd'\n[report.r.dimension.rules]\na = 5\n[[report.r.measure]]\nname = 'm'", "version = 1", "more = 1", "report = 3", "[report.r]\nnothing = 1", "[report.r]\ndimension = 3", "[report.r]\n[[report.r.measure]]\nname = 'm'\nkind = 'what'",
        "[report.r]\n[[report.r.measure]]\nkind = 'rows'", "[report.r]\n[[report.r.dimension]]\nname = 'd'\nof = 'sex'\nbands = 'x'",
        "[report.r]\n[[report.r.measure]]\nname = 3", "[report.r]\nwhere = 3\n[[report.r.measure]]\nname = 'm'", "[report.R]\n[[report.R.measure]]\nname = 'm'",
    ],
)  # fmt: skip
def test_a_file_that_holds_something_else_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "reports.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises((ConfigurationError, InputError)):
        ReportBook.read(file)


def starter_world() -> Snapshot:
    """Two hundred customers with everything that the reports of the library count."""
    days = [TODAY - timedelta(days=30 * n) for n in range(30)]
    customers = [
        {
            KEY: str(n), "sex": "12"[n % 2], "kind": "individual", "branch": f"b{n % 3}", "prefecture": "3301", "birth_date": date(1950 + n % 50, 1, 1), "aum": n * 10**5,
            "aum_currency": "CNY", "customer_since": date(2010 + n % 15, 2, 1), "preferred_channel": "app", "life_cycle": "active",
            **{f"tag:tier_{name}": n % 4 == at for at, name in enumerate(("private", "wealth", "affluent", "mass"))},
        }
        for n in range(200)
    ]  # fmt: skip
    rows: dict[str, list[dict[str, Any]]] = {
        "holdings": [{KEY: str(n % 200), "product": f"p{n % 4}", "status": "open", "balance": n, "balance_currency": "CNY", "opened_on": None} for n in range(500)],
        "transactions": [{KEY: str(n % 200), "channel": "app", "type": "pay", "month": days[n % 30], "hour": n % 25 if n % 25 < 24 else None, "count": 3, "total": n, "total_currency": "CNY"} for n in range(900)],
        "interactions": [{KEY: str(n % 200), "channel": "branch", "type": "complaint", "campaign": "spring", "outcome": "accepted", "on": days[n % 30]} for n in range(300)],
    }  # fmt: skip
    return snapshot(customers, **rows)


def test_the_starter_reports_are_whole() -> None:
    book = starter_reports()
    assert {one.family for one in book.reports.values()} == {
        "structure",
        "holding",
        "behaviour",
        "interaction",
        "value",
        "campaign",
    }
    assert len(book.reports) >= 22
    for one in book.reports.values():
        assert one.zh
        assert one.en
        assert one.k >= 5
        assert all(part.label("zh") != part.name for part in one.parts), one.name
    data = starter_world()
    for one in book.reports.values():
        assert tabulate(data, one).customers >= 100, one.name


def test_transactions_are_counted_by_the_hour_of_the_day() -> None:
    data = starter_world()
    ends = {6: "<6", 9: "6–8", 12: "9–11", 14: "12–13", 17: "14–16", 20: "17–19", 24: "20+"}
    counted: Counter[str] = Counter()
    for row in data.rows["transactions"].to_pylist():
        if row["month"] > date(2025, 10, 24):
            counted[
                next(name for end, name in ends.items() if row["hour"] < end) if row["hour"] is not None else ""
            ] += row["count"]
    found = tabulate(data, starter_reports()["transactions_by_hour"])
    assert found.levels["hour"] == (*ends.values(), "")
    assert {place[0]: figures["times"].numerator for place, figures in found.rows() if figures["times"]} == counted
