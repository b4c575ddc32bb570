"""Made-up schemas, customers with their rows, and rules over them; and each engine's answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import attrs
from hypothesis import strategies as st
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    MetaData,
    String,
    Table,
    and_,
    delete,
    insert,
    select,
)
from sqlalchemy.dialects import mysql, postgresql

from bankcif.party import Money
from bankcif.rules import (
    FALSE,
    TRUE,
    Aggregate,
    And,
    Arithmetic,
    Between,
    Collection,
    Compare,
    Elapsed,
    Expression,
    Field,
    Function,
    Holds,
    In,
    Kind,
    Lowered,
    Missing,
    Not,
    Operator,
    Or,
    Parameter,
    RelativeDay,
    RuleField,
    Schema,
    Sign,
    Span,
    TextMatch,
    TextPart,
    Unit,
    compiled,
    days,
    lower,
)
from bankcif.rules.columns import holding
from bankcif.rules.sql import Rows, condition

TODAY = date(2024, 2, 29)
PARAMETERS = {"x": Kind.TEXT, "n": Kind.INTEGER, "day": Kind.DATE}
TAGS = ("dormant", "vip")
EDGE = 2**63

texts = (
    st.sampled_from(["a", "ab", "张"])
    | st.sampled_from(["", "a", "A", "ab", "b%", "_", "'", '"', "张", "张伟", "à", "a ", "ß", "\U00020bb7"])
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=3)
)
small = st.integers(-2, 2)
wide = small | small | st.sampled_from([-EDGE, EDGE - 1])
near = st.sampled_from([
    TODAY, TODAY - timedelta(days=1), TODAY + timedelta(days=1), date(2024, 1, 30), date(2023, 2, 28), date(2008, 2, 29),
    date(2008, 3, 1), date(2006, 2, 28),
]) | st.dates(TODAY - timedelta(days=60), TODAY + timedelta(days=10))  # fmt: skip
whole_days = near | near | st.sampled_from([date.min, date.max])
operators = st.sampled_from(list(Operator))
spans = st.builds(Span, st.integers(1, 40), st.sampled_from(list(Unit)))
relative = st.builds(RelativeDay, st.sampled_from([0, -1, 1, -30, -18, 12]), st.sampled_from(list(Unit)))


@st.composite
def fields(draw: st.DrawFn, prefix: str, *, least: int = 1) -> list[RuleField]:
    """Up to five fields of any kinds; one of text at least where there is money of several currencies."""
    kinds = st.sampled_from([Kind.TEXT, Kind.INTEGER, Kind.DECIMAL, Kind.MONEY, Kind.DATE, Kind.INSTANT, Kind.BOOLEAN])
    found = [RuleField(f"{prefix}cur", Kind.TEXT)]
    for n, kind in enumerate(draw(st.lists(kinds, min_size=least, max_size=4))):
        more: dict[str, Any] = {}
        if kind is Kind.MONEY:
            more = draw(st.sampled_from([{"currency": "CNY"}, {"currency": "JPY"}, {"currency_field": f"{prefix}cur"}]))
        elif kind is Kind.DECIMAL:
            more = {"digits": draw(st.integers(0, 4)), "most": 10**9}
        elif kind is Kind.INTEGER:
            more = {"most": draw(st.sampled_from([None, 10**9]))}
        found.append(RuleField(f"{prefix}{n}", kind, **more))
    return found


@st.composite
def schemas(draw: st.DrawFn) -> Schema:
    own = draw(fields("f"))
    births = [one.name for one in own if one.kind is Kind.DATE]
    if births:
        own.append(RuleField("age", Kind.AGE, born=births[0]))
    rows = []
    for n in range(draw(st.integers(1, 2))):
        of_row = [*draw(fields("r")), RuleField("on", Kind.DATE)]
        rows.append(Collection(f"c{n}", of_row, date="on"))
    return Schema(own, rows, tags=frozenset(TAGS))


def rested(field: RuleField) -> st.SearchStrategy[Any]:
    """Values of a field as they rest."""
    if field.name.endswith("cur"):
        return st.sampled_from(["CNY", "USD"]) | texts
    if field.kind is Kind.TEXT:
        return texts
    if field.kind is Kind.BOOLEAN:
        return st.booleans()
    if field.kind is Kind.DATE:
        return whole_days.map(days)
    if field.kind is Kind.INSTANT:
        return st.sampled_from([0, 1, -1, 1_700_000_000_000_000])
    most = field.most
    return wide if most is None else small | small | st.sampled_from([-most, most])


@st.composite
def records(draw: st.DrawFn, schema: Schema) -> list[dict[str, Any]]:
    def row(of: Mapping[str, RuleField]) -> st.SearchStrategy[dict[str, Any]]:
        return st.fixed_dictionaries({
            name: st.one_of(st.none(), *[rested(field)] * 4) for name, field in of.items() if field.kind is not Kind.AGE
        })  # fmt: skip

    flags = st.fixed_dictionaries({f"tag:{name}": st.booleans() for name in TAGS})
    one = st.builds(
        lambda own, said, rows: {**own, **said, **rows},
        row(schema), flags,
        st.fixed_dictionaries({name: st.lists(row(of), min_size=1, max_size=4) for name, of in schema.collections.items()}),
    )  # fmt: skip
    return draw(st.lists(one, min_size=3, max_size=7))


def values(field: RuleField) -> st.SearchStrategy[Any]:
    """Values as rules say them."""
    number = small | small | st.integers(-500, 500)
    currency = field.currency or "CNY"
    return {
        Kind.TEXT: texts | texts | texts | st.just(Parameter("x")), Kind.INTEGER: wide | wide | st.just(Parameter("n")),
        Kind.DECIMAL: number.map(lambda n: Decimal(n).scaleb(-field.digits)),
        Kind.MONEY: number.map(lambda n: Money.of_minor(n, currency)),
        Kind.DATE: whole_days | relative | st.just(Parameter("day")), Kind.BOOLEAN: st.booleans(),
        Kind.INSTANT: st.sampled_from([0, 1, 1_700_000_000_000_000]).map(
            lambda micros: datetime.fromtimestamp(0, UTC) + timedelta(microseconds=micros)
        ),
        Kind.AGE: st.sampled_from([0, 1, 16, 18]),
    }[field.kind]  # fmt: skip


@st.composite
def reckoned(draw: st.DrawFn, of: Mapping[str, RuleField]) -> tuple[Any, RuleField] | None:
    """A sum, difference or multiple, with its type."""
    known = [one for one in of.values() if not one.currency_field]
    numbers = [one for one in known if one.kind in (Kind.INTEGER, Kind.DECIMAL, Kind.MONEY) and one.most]
    dates = [one for one in known if one.kind is Kind.DATE]
    made: list[Any] = []
    for one in numbers:
        fit = st.sampled_from([other for other in numbers if other.unit == one.unit])
        plain = {Kind.INTEGER: st.integers(-3, 3)}.get(one.kind, values(one))
        sum_ = st.sampled_from([Sign.PLUS, Sign.MINUS])
        right = fit.map(lambda other: Field(other.name)) | plain
        made.append(st.builds(Arithmetic, st.just(one.name), sum_, right).map(lambda term, one=one: (term, one)))
        times = st.builds(Arithmetic, st.just(one.name), st.just(Sign.TIMES), st.integers(-3, 3))
        made.append(times.map(lambda term, one=one: (term, one)))
    for one in dates:
        moved = st.builds(Arithmetic, st.just(one.name), st.sampled_from([Sign.PLUS, Sign.MINUS]), st.integers(-40, 40))
        made.append(moved.map(lambda term: (term, RuleField("d", Kind.DATE))))
        between = st.builds(Arithmetic, st.just(RelativeDay()) | near, st.just(Sign.MINUS), st.just(Field(one.name)))
        made.append(between.map(lambda term: (term, RuleField("i", Kind.INTEGER))))
        made.append(st.just((Elapsed(one.name), RuleField("i", Kind.INTEGER, most=1))))
    return draw(st.one_of(made)) if made else None


@st.composite
def aggregates(draw: st.DrawFn, schema: Schema) -> tuple[Any, RuleField]:
    rows = draw(st.sampled_from(sorted(schema.collections.values(), key=lambda one: one.name)))
    function = draw(st.sampled_from(list(Function)))
    where = draw(st.none() | rules_over(rows, nested=True))
    within = draw(st.none() | spans)
    if function is Function.COUNT:
        count: Any = Aggregate(function, rows.name, "", where, within)
        times = draw(st.sampled_from([None, 10**9, -(2**31), 2]))
        return count if times is None else Arithmetic(count, Sign.TIMES, times), RuleField("n", Kind.INTEGER)
    numbers = (Kind.INTEGER, Kind.DECIMAL, Kind.MONEY)
    fit = [
        one for one in rows.values()
        if (function is not Function.SUM or (one.kind in numbers and one.most))
        and not (function in (Function.MIN, Function.MAX) and one.kind in (Kind.TEXT, Kind.BOOLEAN))
    ]  # fmt: skip
    if not fit:
        return Aggregate(Function.COUNT, rows.name, "", where, within), RuleField("n", Kind.INTEGER)
    field = draw(st.sampled_from(fit))
    if field.currency_field and function is not Function.DISTINCT:
        one_currency = Compare(field.currency_field, Operator.EQUAL, "CNY")
        where = one_currency if where is None else And((one_currency, where))
    type_ = RuleField("n", Kind.INTEGER) if function is Function.DISTINCT else field
    if type_.currency_field:
        type_ = attrs.evolve(type_, currency="CNY", currency_field="")
    term: Any = Aggregate(function, rows.name, field.name, where, within)
    if function is Function.DISTINCT and draw(st.booleans()):
        term = Arithmetic(term, Sign.TIMES, draw(st.sampled_from([-(10**12), 10**9, 3])))
    return term, type_


@st.composite
def leaf(draw: st.DrawFn, of: Mapping[str, RuleField], nested: bool) -> Expression:
    kind = draw(st.sampled_from(["field", "field", "reckoned", "gathered", "gathered", "tag", "fields"]))
    if kind == "tag" and not nested:
        return Holds("tag", draw(st.sampled_from(TAGS)))
    if kind == "gathered" and not nested and isinstance(of, Schema) and of.collections:
        term, field = draw(aggregates(of))
    elif kind == "reckoned" and (found := draw(reckoned(of))) is not None:
        term, field = found
    else:
        field = draw(st.sampled_from(sorted(of.values(), key=lambda one: one.name)))
        term = field.name
    if kind == "fields" and field.kind is not Kind.AGE:
        same = [
            one
            for one in of.values()
            if one.unit == field.unit or (one.kind is field.kind is Kind.MONEY and "" in (one.currency, field.currency))
        ]
        operator = draw(operators.filter(lambda one: field.kind is not Kind.BOOLEAN or one in ("=", "!=")))
        return Compare(term, operator, Field(draw(st.sampled_from(same)).name))
    value = values(field)
    if isinstance(term, Elapsed):
        value = st.integers(-40, 40)
    if field.kind is Kind.BOOLEAN:
        return draw(st.builds(Compare, st.just(term), st.sampled_from([Operator.EQUAL, Operator.NOT_EQUAL]), value))
    made: list[st.SearchStrategy[Expression]] = [
        st.builds(Compare, st.just(term), operators, value),
        st.builds(In, st.just(term), st.lists(value, min_size=1, max_size=3).map(tuple), st.booleans()),
        st.builds(Between, st.just(term), value, value),
    ]
    if field.kind is not Kind.AGE:
        made.append(st.builds(Missing, st.just(term), st.booleans()))
    if field.kind is Kind.TEXT:
        made.append(st.builds(TextMatch, st.just(term), st.sampled_from(list(TextPart)), value, st.booleans()))
    return draw(st.one_of(made))


def rules_over(of: Mapping[str, RuleField], *, nested: bool = False) -> st.SearchStrategy[Expression]:
    return st.recursive(
        st.one_of(*[leaf(of, nested)] * 15, st.sampled_from([TRUE, FALSE])),
        lambda inner: st.one_of(
            st.builds(Not, inner),
            st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
            st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        ),
        max_leaves=3 if nested else 8,
    )


@attrs.frozen
class World:
    """A schema, customers, rules over them, and the values of parameters."""

    schema: Schema
    records: list[dict[str, Any]]
    rules: dict[str, Expression]
    known: dict[str, Any]

    def lowered(self) -> dict[str, Lowered]:
        return {name: lower(rule, self.schema, PARAMETERS) for name, rule in self.rules.items()}


known = st.fixed_dictionaries({"x": st.none() | texts, "n": st.none() | wide, "day": st.none() | near.map(days)})


@st.composite
def worlds(draw: st.DrawFn, most_rules: int = 3) -> World:
    schema = draw(schemas())
    found = draw(st.lists(rules_over(schema), min_size=1, max_size=most_rules))
    rules = {f"rule{n}": rule for n, rule in enumerate(found)}
    return World(schema, draw(records(schema)), rules, draw(known))


Answer = dict[str, list[int]]
"""By rule, the customers of whom it holds, by their place."""


def in_python(world: World) -> Answer:
    found = {}
    for name, rule in world.lowered().items():
        holds, asked = compiled(rule), rule.known(TODAY, world.known)
        found[name] = [n for n, record in enumerate(world.records) if holds(record, asked)]
    return found


text_type = String(255).with_variant(postgresql.TEXT(collation="C"), "postgresql")
text_type = text_type.with_variant(
    mysql.VARCHAR(255, charset="utf8mb4", collation="utf8mb4_nopad_bin"), "mysql", "mariadb"
)
METADATA = MetaData()


def _table(name: str) -> Table:
    return Table(
        name, METADATA, Column("id", BigInteger), *(Column(f"t{n}", text_type) for n in range(6)),
        *(Column(f"i{n}", BigInteger) for n in range(6)), *(Column(f"b{n}", Boolean) for n in range(7)),
    )  # fmt: skip


CUSTOMERS, ROWS = _table("rules_customers"), {f"c{n}": _table(f"rules_c{n}") for n in range(2)}


def placed(of: Mapping[str, RuleField], table: Table, flags: tuple[str, ...] = ()) -> dict[str, Any]:
    """Each field in a column of its type."""
    free = {"t": 0, "i": 0, "b": 0}
    found = {}
    types = [
        (name, {Kind.TEXT: "t", Kind.BOOLEAN: "b"}.get(one.kind, "i"))
        for name, one in of.items()
        if one.kind is not Kind.AGE
    ]
    for name, type_ in [*types, *((flag, "b") for flag in flags)]:
        found[name] = table.c[f"{type_}{free[type_]}"]
        free[type_] += 1
    return found


def in_store(world: World, connection: Connection) -> Answer:
    """Over tables that are there already."""
    own = placed(world.schema, CUSTOMERS, tuple(f"tag:{name}" for name in TAGS))
    rows = {name: placed(of, ROWS[name]) for name, of in world.schema.collections.items()}
    for table in (CUSTOMERS, *ROWS.values()):
        connection.execute(delete(table))
    for n, record in enumerate(world.records):
        connection.execute(insert(CUSTOMERS), [{"id": n, **{own[k].name: record[k] for k in own}}])
        for name, columns in rows.items():
            for row in record[name]:
                connection.execute(insert(ROWS[name]), [{"id": n, **{columns[k].name: row[k] for k in columns}}])
    collections = {name: Rows(columns, ROWS[name].c.id == CUSTOMERS.c.id) for name, columns in rows.items()}
    found = {}
    for name, rule in world.lowered().items():
        asked = select(CUSTOMERS.c.id).where(and_(condition(rule, own, collections))).order_by(CUSTOMERS.c.id)
        bound = {f"rule_{name}": value for name, value in rule.known(TODAY, world.known).items()}
        found[name] = list(connection.execute(asked, bound).scalars())
    return found


def in_columns(
    world: World,
    framed: Callable[[dict[str, list[Any]], Mapping[str, type]], Any],
    read: Callable[[Any], dict[str, list[Any]]],
) -> Answer:
    """*framed* makes an engine's frame of columns; *read* gives its columns."""

    def frame(of: Mapping[str, RuleField], found: list[tuple[int, dict[str, Any]]], flags: tuple[str, ...] = ()) -> Any:
        types = {
            name: {Kind.TEXT: str, Kind.BOOLEAN: bool}.get(one.kind, int)
            for name, one in of.items()
            if one.kind is not Kind.AGE
        }
        types |= dict.fromkeys(flags, bool)
        columns = {"key": [n for n, _ in found], **{name: [row[name] for _, row in found] for name in types}}
        return framed(columns, {"key": int, **types})

    customers = frame(world.schema, list(enumerate(world.records)), tuple(f"tag:{name}" for name in TAGS))
    collections = {
        name: frame(of, [(n, row) for n, record in enumerate(world.records) for row in record[name]])
        for name, of in world.schema.collections.items()
    }
    found = read(holding(
        world.lowered(), world.schema, customers, key="key", today=TODAY, collections=collections, parameters=world.known
    ))  # fmt: skip
    return {
        name: sorted(key for key, holds in zip(found["key"], found[name], strict=True) if holds) for name in world.rules
    }
