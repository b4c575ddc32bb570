"""One rule, the same set: in Python, in each store, and on whole columns, for generated schemas, customers and rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import make_url
from tests.engines.test_spark import SPARK
from tests.rules.worlds import METADATA, TODAY, World, in_columns, in_python, in_store, worlds
from tests.storage.servers import NAMES, Server

from bankcif.errors import InputError
from bankcif.rules import Collection, Kind, RuleField, Schema, days, lower, parse
from bankcif.rules.columns import holding


@pytest.fixture(scope="module")
def sqlite() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    METADATA.create_all(engine)
    with engine.connect() as connection:
        yield connection


@given(world=worlds())
def test_sqlite_gives_the_same_set_as_python(sqlite: Connection, world: World) -> None:
    assert in_store(world, sqlite) == in_python(world)
    sqlite.rollback()


@pytest.mark.server
@pytest.mark.parametrize("name", NAMES)
def test_each_server_gives_the_same_set_as_python(name: str, request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue(name)
    with server.database() as url:
        driver = {"postgresql": "postgresql+psycopg", "mariadb": "mariadb+pymysql"}[name]
        engine = create_engine(make_url(url).set(drivername=driver))
        METADATA.create_all(engine)
        with engine.connect() as connection:
            connection.commit()

            @settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
            @given(world=worlds())
            def same(world: World) -> None:
                connection.rollback()
                assert in_store(world, connection) == in_python(world)

            same()
            same.hypothesis.inner_test(large_numbers())
            same.hypothesis.inner_test(nothing_there())
            connection.rollback()
        engine.dispose()


def large_numbers() -> World:
    """Counts and days beside numbers of more than 32 bits, for which some databases take what is bound beside them."""
    rows = Collection("c0", [RuleField("i0", Kind.INTEGER)])
    texts = (
        "count(c0) * 1000000000 > 2500000000", "count(c0) in (3000000000, 1)", "not count(c0) in (3000000000, 1)", "distinct(c0.i0) < $n",
        "distinct(c0.i0) in (4000000000)", "count(c0) + 4000000000 = 4000000001", "today - f0 in (2, 3000000000)",
        "not today - f0 in (2, -3000000000)",
    )  # fmt: skip
    blank = {"tag:vip": False, "tag:dormant": False}
    return World(
        Schema([RuleField("f0", Kind.DATE)], [rows]),
        [{**blank, "f0": days(TODAY) - size, "c0": [{"i0": n} for n in range(size)]} for size in range(4)],
        {f"rule{n}": parse(text) for n, text in enumerate(texts)}, {"x": None, "n": 2**40, "day": None},
    )  # fmt: skip


def test_large_numbers_are_the_same_in_every_engine_at_hand(sqlite: Connection) -> None:
    world = large_numbers()
    assert in_store(world, sqlite) == in_python(world)
    assert [in_python(world)[f"rule{n}"] for n in (0, 6, 7)] == [[3], [2], [0, 1, 3]]
    sqlite.rollback()


def nothing_there() -> World:
    """What is gathered over no rows, over rows of other customers' kinds, and over rows that miss the value."""
    texts = (
        "sum(c0.i0) = 0", "count(c0) = 0", "min(c0.i0) = 0", "not min(c0.i0) = 0", "sum(c0.i0 where i0 > 9) = 0", "max(c0.i0 where i0 > 9) = 0",
        "distinct(c0.i0) = 0", "exists(c0 where i0 > 9)", "not exists(c0 where i0 > 9)",
    )  # fmt: skip
    blank = {"tag:vip": False, "tag:dormant": False}
    return World(
        Schema([], [Collection("c0", [RuleField("i0", Kind.INTEGER, most=100)])]), [{**blank, "c0": rows} for rows in ([], [{"i0": None}], [{"i0": 5}], [{"i0": 0}])],
        {f"rule{n}": parse(text) for n, text in enumerate(texts)}, {"x": None, "n": 0, "day": None},
    )  # fmt: skip


def test_of_nothing_a_sum_is_nought_and_a_least_value_is_not_known(sqlite: Connection) -> None:
    world = nothing_there()
    told = [[0, 1, 3], [0], [3], [2], [0, 1, 2, 3], [], [0, 1], [], [0, 1, 2, 3]]
    assert in_python(world) == {f"rule{n}": which for n, which in enumerate(told)}
    assert in_store(world, sqlite) == in_python(world)
    sqlite.rollback()
    assert in_columns(world, polars, lambda frame: frame.to_dict(as_series=False)) == in_python(world)
    assert on_duckdb(world) == in_python(world)


TYPES = {int: pl.Int64, str: pl.String, bool: pl.Boolean}


def polars(columns: dict[str, list[Any]], types: Mapping[str, type]) -> pl.DataFrame:
    return pl.DataFrame(columns, schema={name: TYPES[one] for name, one in types.items()})


@given(world=worlds())
def test_polars_gives_the_same_set_as_python(world: World) -> None:
    assert in_columns(world, polars, lambda frame: frame.to_dict(as_series=False)) == in_python(world)


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(world=worlds())
def test_duckdb_gives_the_same_set_as_python(world: World) -> None:
    assert on_duckdb(world) == in_python(world)


def on_duckdb(world: World) -> dict[str, list[int]]:
    with duckdb.connect() as database:

        def framed(columns: dict[str, list[Any]], types: Mapping[str, type]) -> Any:
            return database.from_arrow(polars(columns, types).to_arrow())

        return in_columns(world, framed, lambda frame: frame.pl().to_dict(as_series=False))


CUSTOMERS = {"key": [1, 2, 3], "name": ["a", "b", None], "since": [1, None, 3], "tag:vip": [True, False, False]}
ROWS = {"key": [1, 1, 2, 9], "on": [1, 2, None, 1]}
SCHEMA = Schema(
    [RuleField("name", Kind.TEXT), RuleField("since", Kind.DATE), RuleField("other", Kind.INTEGER)],
    [Collection("dealings", [RuleField("on", Kind.DATE)], date="on")], tags=frozenset({"vip"}),
)  # fmt: skip


def asked(text: str, customers: Any = None, rows: Any = None) -> Any:
    frame = pl.DataFrame(CUSTOMERS) if customers is None else customers
    collections = {"dealings": pl.DataFrame(ROWS) if rows is None else rows}
    rules = {"它": lower(parse(text), SCHEMA)}
    return holding(rules, SCHEMA, frame, key="key", today=TODAY, collections=collections)


def test_frames_come_out_as_they_went_in() -> None:
    found = asked("count(dealings) >= 2 or name = 'b'")
    assert found.sort("key").to_dict(as_series=False) == {"key": [1, 2, 3], "它": [True, True, False]}
    lazy = asked("tag('vip') or max(dealings.on) is missing", pl.LazyFrame(CUSTOMERS), pl.LazyFrame(ROWS))
    assert isinstance(lazy, pl.LazyFrame)
    assert lazy.sort("key").collect().to_dict(as_series=False) == {"key": [1, 2, 3], "它": [True, True, True]}


def test_narrow_numbers_do_not_overflow() -> None:
    narrow = pl.DataFrame({**CUSTOMERS, "since": pl.Series([120, None, 3], dtype=pl.Int8)})
    assert asked("since + 100 > 1970-05-01", narrow)["它"].to_list() == [True, False, False]


def test_many_rows_times_a_large_number_are_what_they_are() -> None:
    rows = pl.DataFrame({"key": [1] * 3000 + [2], "on": [*range(3000), 5]})
    for text, wanted in {
        "count(dealings) * 1000000 > 2500000000": [True, False, False],
        "distinct(dealings.on) * 1000000 + 1 > 2500000000": [True, False, False],
        "(today + 2147483647) - max(dealings.on) > 5": [True, True, False],
    }.items():  # fmt: skip
        assert asked(text, rows=rows).sort("key")["它"].to_list() == wanted
        with duckdb.connect() as database:
            there = [database.from_arrow(frame.to_arrow()) for frame in (pl.DataFrame(CUSTOMERS), rows)]
            assert asked(text, *there).pl().sort("key")["它"].to_list() == wanted


def test_a_key_may_be_a_field_too() -> None:
    schema = Schema([RuleField("cif_no", Kind.TEXT)], [Collection("rows", [RuleField("day", Kind.DATE)], date="day")])
    rules = {"r": lower(parse("cif_no starts with 'C' and last(rows.day) = 1970-01-03"), schema)}
    rows = pl.DataFrame({"cif_no": ["C1", "C1"], "day": [1, 2]})
    found = holding(
        rules, schema, pl.DataFrame({"cif_no": ["C1", "D1"]}), key="cif_no", today=TODAY, collections={"rows": rows}
    )
    assert found.sort("cif_no").rows() == [("C1", True), ("D1", False)]
    with pytest.raises(InputError, match="called as the column"):
        holding({"cif_no": rules["r"]}, schema, pl.DataFrame({"cif_no": ["C1"]}), key="cif_no", today=TODAY)
    with pytest.raises(InputError, match="the key of customers is String, and that of the rows of rows is Int64"):
        holding(
            rules,
            schema,
            pl.DataFrame({"cif_no": ["C1"]}),
            key="cif_no",
            today=TODAY,
            collections={"rows": rows.with_columns(cif_no=1).cast({"cif_no": pl.Int64})},
        )


def test_a_list_of_values_may_be_long(sqlite: Connection) -> None:
    schema = Schema([RuleField("n", Kind.INTEGER)])
    values = ", ".join(map(str, range(1500)))
    world = World(
        schema,
        [{"n": None}, {"n": 7}, {"n": 1500}],
        {"in": parse(f"n in ({values})"), "not": parse(f"not n in ({values})")},
        {},
    )
    world = World(
        schema,
        [{**one, "tag:vip": False, "tag:dormant": False} for one in world.records],
        world.rules,
        {"x": None, "n": None, "day": None},
    )
    assert in_python(world) == {"in": [1], "not": [2]}
    assert (
        in_store(world, sqlite)
        == in_columns(world, polars, lambda frame: frame.to_dict(as_series=False))
        == in_python(world)
    )
    sqlite.rollback()


@pytest.mark.parametrize(
    ("text", "customers", "rows", "said"),
    [
        ("other = 1", None, None, "frame of customers has no column other"),
        ("name = 'a'", {"name": ["a"]}, None, "frame of customers has no column key"),
        ("name = 'a'", {"key": [1], "name": [b"a"]}, None, "column name is Binary; a text is given as text"),
        ("since = today", {"key": [1], "since": [TODAY]}, None, "since is Date; a date is given as whole numbers"),
        ("since = today", {"key": [1], "since": [1.5]}, None, "since is Float64"),
        ("since = today", {"key": [1], "since": [None]}, None, "no type that is known"),
        ("since = today", {"key": [1], "since": pl.Series([1], dtype=pl.Int128)}, None, "since is Int128"),
        ("since = today", {"key": [1], "since": pl.Series([1], dtype=pl.UInt64)}, None, "with a sign"),
        ("tag('vip')", {"key": [1], "tag:vip": [1]}, None, "is Int64; a boolean is given as true or false"),
        ("tag('vip')", {"key": [1]}, None, "no column tag:vip"),
        ("count(dealings) > 1", None, {"on": [1]}, "rows of dealings has no column key"),
        ("max(dealings.on) = today", None, {"key": [1]}, "no column on"),
    ],
)
def test_a_snapshot_with_a_wrong_schema_is_refused(text: str, customers: Any, rows: Any, said: str) -> None:
    made = [None if one is None else pl.DataFrame(one) for one in (customers, rows)]
    with pytest.raises(InputError, match=said):
        asked(text, *made)


def test_rows_that_are_not_given_are_asked_for() -> None:
    rules = {"a": lower(parse("count(dealings) > 1"), SCHEMA)}
    with pytest.raises(InputError, match="gather over dealings, of which no rows were given"):
        holding(rules, SCHEMA, pl.DataFrame(CUSTOMERS), key="key", today=TODAY)


FIXED = {
    "name = 'a' or since is missing", "not name in ('a', 'b')", "since + 2 > 1970-01-04", "count(dealings) >= 1", "tag('vip') and name > ''",
    "min(dealings.on) < max(dealings.on)", "distinct(dealings.on) = 2", "last(dealings.on) = 1970-01-03", "name contains 'b'",
    "count(dealings where on > 1970-01-02 within 3 months) = 0", "since between today - 60 years and today", "days_since(since) > 10",
    "name starts with 'a' or name ends with 'b'", "count(dealings) + count(dealings where on = 1970-01-02) > 2", "not tag('vip')",
}  # fmt: skip


@pytest.mark.spark
def test_spark_gives_the_same_sets_in_one_query() -> None:
    rules = {f"r{n}": lower(parse(text), SCHEMA) for n, text in enumerate(sorted(FIXED))}
    frames = pl.DataFrame(CUSTOMERS), pl.DataFrame(ROWS)
    wanted = holding(rules, SCHEMA, frames[0], key="key", today=TODAY, collections={"dealings": frames[1]})
    spark = SPARK.session()
    customers, rows = (spark.createDataFrame(frame.to_arrow()) for frame in frames)
    found = holding(rules, SCHEMA, customers, key="key", today=TODAY, collections={"dealings": rows})
    assert sorted(map(tuple, found.collect())) == sorted(wanted.rows())
