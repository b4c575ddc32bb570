"""
Counting a report over a snapshot: its figures by cell, with sums over each dimension, and nothing told of fewer than k customers.

Every figure has its numerator and denominator. Cells that are not told are hidden with others from which they would follow (`bankcif.analytics.suppression`), measure by measure; of a share
both who does and who does not stand behind it are looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import combinations
from typing import Any

import attrs

from .._extras import need
from ..errors import AccessError, InputError
from ..rules import Kind, RuleField, lower, lower_term
from ..rules.columns import holding
from .disclosure import not_told, sides_of
from .report import ReportSpec
from .report_figures import Amount, Report
from .report_parts import ABSENT, OTHERS, TAKEN, By, Dimension, Measure, MeasureKind, wrong
from .snapshot import KEY, Snapshot
from .suppression import Place

__all__ = ["ABSENT", "OTHERS", "movement", "need_movement", "tabulate"]

_ROW = "0row"
_MOST_LEVELS, _MOST_CELLS = 1_000, 50_000
_PARTS = {By.MONTH: "%Y-%m", By.YEAR: "%Y", By.SEASON: "%m"}
_NEEDS_SHOWN = {By.MONTH: ("exact", "month"), By.QUARTER: ("exact", "month"), By.SEASON: ("exact", "month"), By.YEAR: ("exact", "month", "year")}  # fmt: skip


def tabulate(snapshot: Snapshot, spec: ReportSpec, *, k: int = 1) -> Report:
    """
    Counts *spec* over *snapshot*, which has its columns (`ReportSpec.columns`).

    Args:
        k: Of fewer customers nothing is told; the greater of this and of the report's own holds.

    Raises:
        InputError: A column is missing, or not shown as it is where a rule reads it; nobody is counted; there are too many levels.
        AccessError: Fewer than k are counted.

    Cost: a million customers with two dimensions take some seconds; memory grows with the rows of the snapshot.
    """
    frame, everybody = _prepared(snapshot, spec)
    return _counted(spec, frame, everybody, max(k, spec.k), as_of=snapshot.as_of)


def movement(before: Snapshot, after: Snapshot, spec: ReportSpec, *, k: int = 1) -> Report:
    """
    How customers moved along the one dimension of *spec* from one day to another: from the level of the first day to that of the second, `ABSENT` where they were not
    counted. Both snapshots are of one purpose, so that a customer has one key in both.

    Raises:
        InputError: As `tabulate`; the report is not of customers along one dimension, or the days do not follow each other.
        AccessError: As `tabulate`.
    """
    need_movement(spec)
    if before.purpose != after.purpose or before.as_of >= after.as_of:
        raise InputError("a movement is from a day to a later one, for one purpose", path="$.since", rule="period")
    pl = need("polars", extra="bulk")
    (one,) = spec.dimensions
    frames = [_prepared(snapshot, spec)[0] for snapshot in (before, after)]
    along = tuple(
        attrs.evolve(one, name=name, top=0, zh=f"{one.label('zh')} {day}", en=f"{one.label('en')} {day}")
        for name, day in (("since", before.as_of), ("until", after.as_of))
    )
    both = frames[0].join(frames[1], on=KEY, how="full", coalesce=True, suffix=":to")
    columns = (pl.col(one.column), pl.col(f"{one.column}:to"))
    frame = both.select(
        KEY, *(column.fill_null(ABSENT).alias(side.column) for column, side in zip(columns, along, strict=True))
    )
    wide = attrs.evolve(spec, dimensions=along, measures=_of_customers(spec))
    return _counted(wide, frame, frame.height, max(k, spec.k), as_of=after.as_of, since=before.as_of)


def need_movement(spec: ReportSpec) -> None:
    """Raises `InputError` where no movement comes of *spec*: it is of customers along one dimension, and counts them."""
    if spec.over or len(spec.dimensions) != 1 or not _of_customers(spec):
        raise wrong(spec.name, "a movement is of customers along one dimension, and counts them")


def _of_customers(spec: ReportSpec) -> tuple[Measure, ...]:
    return tuple(one for one in spec.measures if one.kind is MeasureKind.CUSTOMERS)


def _prepared(snapshot: Snapshot, spec: ReportSpec) -> tuple[Any, int]:
    """
    The customers, or the rows, that are counted, with a level of each dimension and what each measure adds up; and how many customers there are, with rows or
    without.
    """
    pl = need("polars", extra="bulk")
    _need_columns(snapshot, spec)
    frames = {name: pl.from_arrow(snapshot.resting(name)) for name in snapshot.rows}
    asking = _Asking(pl, spec, snapshot.as_of, frames)
    customers = asking.told(pl.from_arrow(snapshot.resting()), KEY, of_rows=False)
    if not spec.over:
        return _levelled(pl, customers, spec), customers.height
    rows = frames[spec.over].with_row_index(_ROW)
    told = asking.told(rows, _ROW, of_rows=True).join(rows.select(_ROW, KEY), on=_ROW, how="inner")
    return _levelled(pl, told.join(customers, on=KEY, how="inner"), spec), customers.height


def _need_columns(snapshot: Snapshot, spec: ReportSpec) -> None:
    snapshot.need(spec.inputs)
    for one in spec.dimensions:
        if one.name in spec.asked.plain:
            place, name, _ = spec.asked.plain[one.name]
            column = snapshot.columns.get(f"{spec.over}.{name}" if place else name)
            if column is None:
                raise InputError(f"report {spec.name}: {name} is not shown", path=f"$.{one.name}", rule="snapshot")
            if column.shown not in _NEEDS_SHOWN.get(one.by, (column.shown,)):
                raise InputError(
                    f"report {spec.name}: {name} is shown by {column.shown} alone",
                    path=f"$.{one.name}",
                    rule="snapshot",
                )


@attrs.frozen
class _Asking:
    """What a report asks, of the frames of a day."""

    pl: Any
    spec: ReportSpec
    today: date
    rows: Mapping[str, Any]

    def told(self, frame: Any, key: str, *, of_rows: bool) -> Any:
        """The customers, or rows, that are counted, with what rules and terms come to, and the values that become levels; amounts of other currencies are left out."""
        asked, place, pl = self.spec.asked, int(of_rows), self.pl
        schema = asked.schemas[place]
        rules = {name: lower(one, schema) for name, one in asked.rules[place].items()}
        terms = {name: lower_term(one, schema) for name, one in asked.terms[place].items()}
        told = frame.select(key)
        if rules or terms:
            told = holding(
                rules, schema, frame, key=key, today=self.today, collections={} if of_rows else self.rows, terms=terms
            )
        only = "0rows" if of_rows else "0where"
        if only in rules:
            told = told.filter(only)
        for one in self.spec.dimensions:
            where, name, _ = asked.plain.get(one.name, (-1, "", None))
            if where == place:
                found = self._sets(one, name) if one.by is By.SET else frame.select(key, pl.col(name).alias(one.column))
                told = told.join(found, on=key, how="left")
        for measure in self.spec.measures:
            if f"{measure.column}:currency" in rules:
                told = told.with_columns(
                    pl.when(f"{measure.column}:currency").then(measure.column).alias(measure.column)
                )
        return told

    def _sets(self, one: Dimension, name: str) -> Any:
        """Of each customer all different values of a field of their rows."""
        collection, _, field = name.partition(".")
        rows = self.rows[collection].with_row_index(_ROW)
        if one.name in self.spec.asked.sets:
            schema, rule = self.spec.asked.sets[one.name]
            told = holding({"0where": lower(rule, schema)}, schema, rows, key=_ROW, today=self.today)
            rows = rows.join(told.filter("0where"), on=_ROW, how="semi")
        together = self.pl.col(field).unique().sort().str.join("+").alias(one.column)
        return rows.drop_nulls(field).group_by(KEY).agg(together)


def _levelled(pl: Any, frame: Any, spec: ReportSpec) -> Any:
    """With a text for each dimension."""
    columns = []
    for one in spec.dimensions:
        levels = one.levels()
        if levels:
            found = pl.lit("")
            for number, (level, _) in reversed([*enumerate(levels)]):
                found = pl.when(pl.col(f"{one.column}:{number}")).then(pl.lit(level)).otherwise(found)
        else:
            found = _value(pl, one, spec.asked.plain[one.name][2])
        columns.append(found.alias(one.column))
    return frame.with_columns(*columns)


def _value(pl: Any, one: Dimension, field: RuleField) -> Any:
    column = pl.col(one.column)
    if one.by in (By.VALUE, By.SET):
        text = column.cast(pl.String).fill_null("")
        meant = [level for level in TAKEN if level]  # a value that is written like a level that means something
        return pl.when(text.is_in(meant)).then(pl.format("'{}'", text)).otherwise(text)
    assert field.kind is Kind.DATE, "only days have months"
    day = column.cast(pl.Int32).cast(pl.Date)
    if one.by is By.QUARTER:
        return pl.format("{}Q{}", day.dt.year(), day.dt.quarter()).fill_null("")
    return day.dt.strftime(_PARTS[one.by]).fill_null("")


def _counted(spec: ReportSpec, frame: Any, everybody: int, k: int, *, as_of: date, since: date | None = None) -> Report:
    pl = need("polars", extra="bulk")
    customers = frame[KEY].n_unique() if frame.height else 0
    if (
        customers < k and k > 1
    ):  # nobody is no other answer than few: rules could be chosen so that it tells of somebody
        raise AccessError(
            f"report {spec.name}: fewer than {k} customers are counted; look at its period and at where", rule="k_anonymity"
        )  # fmt: skip
    if not customers:
        what = f"rows of {spec.over}" if spec.over else "customers"
        raise InputError(
            f"report {spec.name}: no {what} are counted; look at its period and at where", path="$.where", rule="nothing_counted"
        )  # fmt: skip
    frame, levels = _named(pl, frame, spec)
    places: dict[Place, Mapping[str, Any]] = {}
    names = [one.column for one in spec.dimensions]
    for size in range(len(names) + 1):
        for some in combinations(names, size):
            for row in _grouped(pl, frame, some, spec).iter_rows(named=True):
                places[tuple(row.get(name) for name in names)] = row
    if len(places) > _MOST_CELLS:
        raise InputError(
            f"report {spec.name}: {len(places):,} cells are more than {_MOST_CELLS:,}; take fewer dimensions or bands",
            path="$.dimensions",
            rule="too_large",
        )
    whole = (None,) * len(names)
    gone = not_told(spec, places, everybody, k)
    cells: dict[Place, dict[str, Amount | None]] = {
        place: {
            one.name: None if place in gone else _amount(one, row, places[whole], everybody) for one in spec.measures
        }
        for place, row in places.items()
    }
    return Report(
        spec=spec, as_of=as_of, since=since, customers=customers, k=k, levels=levels, cells=cells, units=dict(spec.asked.units)
    )  # fmt: skip


def _named(pl: Any, frame: Any, spec: ReportSpec) -> tuple[Any, dict[str, tuple[str, ...]]]:
    """The frame with no more levels than a dimension has, and these in their order."""
    levels: dict[str, tuple[str, ...]] = {}
    for one in spec.dimensions:
        sizes = (
            frame.group_by(one.column).agg(pl.len().alias("0many")).sort("0many", one.column, descending=[True, False])
        )
        found = [level for level in sizes[one.column] if level]
        if one.top and len(found) > one.top:
            frame = frame.with_columns(
                pl.when(pl.col(one.column).is_in([*found[: one.top], ""]))
                .then(one.column)
                .otherwise(pl.lit(OTHERS))
                .alias(one.column)
            )
            found = [*found[: one.top], OTHERS]
        if len(found) > _MOST_LEVELS:
            raise InputError(
                f"report {spec.name}: {one.name} has {len(found):,} levels; say of how many of them: top",
                path=f"$.{one.name}",
                rule="too_large",
            )
        declared = [level for level, _ in one.levels()]
        if declared or one.by not in (By.VALUE, By.SET):
            there = set(found)
            found = [level for level in (declared or sorted(there - {OTHERS})) if level in there]
            found += [OTHERS] if OTHERS in there else []
        levels[one.name] = (*found, *([""] if "" in set(sizes[one.column]) else []))
    return frame, levels


def _grouped(pl: Any, frame: Any, names: Sequence[str], spec: ReportSpec) -> Any:
    """A row for each combination of levels, with what the measures are made of, and how many customers stand behind each side of them."""
    many = pl.col(KEY).n_unique() if spec.over else pl.len()
    found = [many.alias("0customers"), pl.len().alias("0rows")]
    for one in spec.measures:
        column = pl.col(one.column)
        if one.kind is MeasureKind.SHARE:
            found.append(column.sum().alias(f"{one.column}:sum"))
        elif one.of:
            # A sum of 64 bits each may be of more.
            total = column.cast(pl.Int128).sum().alias(f"{one.column}:sum")
            found += [
                total,
                column.count().alias(f"{one.column}:known"),
                _people(pl, spec, (column != 0).fill_null(False)).alias(f"{one.column}:for"),
            ]
    for name, which in sides_of(pl, spec).items():
        found.append(_people(pl, spec, which).alias(name))
    return frame.group_by(*names).agg(*found) if names else frame.select(*found)


def _people(pl: Any, spec: ReportSpec, which: Any) -> Any:
    """How many customers stand behind *which*."""
    return pl.col(KEY).filter(which).n_unique() if spec.over else which.sum()


def _amount(measure: Measure, row: Mapping[str, Any], whole: Mapping[str, Any], everybody: int) -> Amount:
    kind = measure.kind
    if kind is MeasureKind.CUSTOMERS:
        return Amount(row["0customers"], everybody)
    if kind is MeasureKind.ROWS:
        return Amount(row["0rows"], whole["0rows"])
    if kind is MeasureKind.SHARE:
        return Amount(row[f"{measure.column}:sum"], row["0rows"])
    total = int(row[f"{measure.column}:sum"]) if measure.of else row["0rows"]
    return Amount(total, row["0customers"] if kind is MeasureKind.EACH else row[f"{measure.column}:known"])
