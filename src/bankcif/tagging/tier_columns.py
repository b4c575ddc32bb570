"""Where many customers stand on ladders, on whole columns: the same as `bankcif.tagging.ladder` says of each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from .._extras import need
from ..rules import Schema, days
from ..rules.columns import KEY, opened, rows_of
from .ladder import LATE_MONTHS, column_of
from .tier import MOST_MINOR, Month, TierScale

__all__ = ["with_tiers"]

_MONTH, _AVERAGE, _CURRENCY = "month", "average", "average_currency"
_LAST, _BACK, _SPAN, _PLACE, _WATCHED = "0last", "0back", "0span", "0place", "0watched"
_DAYS = 30.436875
"""Of a month, on average."""


def with_tiers(
    ladders: Mapping[str, TierScale], schema: Schema, frame: Any, *, key: str, today: date, collections: Mapping[str, Any] | None
) -> Any:  # fmt: skip
    """
    *frame* with a column ``tier:GROUP`` for each of *ladders*: the tier of the customer, missing of whom no balance is known.

    Args:
        ladders: By their groups.
        schema: Types of the columns of *collections*.
        frame, key, collections: As in `bankcif.rules.columns.holding`; the rows of ``balances`` are read.
        today: The day on which it is asked.

    Raises:
        InputError: Columns are missing, or of other types.

    Cost: two passes over the rows of each ladder, and over all customers some comparisons for each month that it remembers.
    """
    nw = need("narwhals", extra="bulk")
    base = opened(nw, frame, "the frame of customers", key, (), schema)
    needed = (_MONTH, _AVERAGE, _CURRENCY)
    rows = rows_of(nw, collections, "balances", base, key, needed, schema.collections["balances"])
    now, average = Month.of(today), nw.col(_AVERAGE)
    edge = days(now.minus(1 + LATE_MONTHS).first)
    counted = rows.filter(nw.col(_MONTH) < days(now.first), ~average.is_null())
    found = nw.from_native(frame)
    for group, scale in ladders.items():
        own = (
            nw.when(nw.col(_CURRENCY) == scale.currency)
            .then(average.clip(-MOST_MINOR, MOST_MINOR))
            .otherwise(nw.lit(0, nw.Int64))
        )
        tiers = _replayed(nw, scale, _by_month(nw, scale.memory, counted.with_columns(own.alias(_AVERAGE)), edge))
        tiers = tiers.select(nw.col(KEY).alias(key), _named(nw, scale).alias(column_of(group)))
        found = found.join(tiers, on=key, how="left")
    return found


def _by_month(nw: Any, months: int, rows: Any, edge: int) -> Any:
    """
    Of each customer the sums of their last months, from their own last one back, and how many days lie between their first and last. Their last one
    is *edge*, the first day of the last month that is not late any more, where nothing is known since.
    """
    month, back = nw.col(_MONTH), nw.col(_BACK)
    late = nw.lit(edge, nw.Int64)
    bounds = rows.group_by(KEY).agg(month.max().alias(_LAST), month.min().alias(_SPAN))
    last = nw.when(nw.col(_LAST) < late).then(late).otherwise(nw.col(_LAST))
    bounds = bounds.with_columns(last.alias(_LAST), (last - nw.col(_SPAN)).alias(_SPAN))
    dated = rows.join(bounds, on=KEY, how="inner").with_columns((nw.col(_LAST) - month).alias(_BACK))
    sums = [
        nw.when((back >= _days_back(n)) & (back < _days_back(n + 1))).then(nw.col(_AVERAGE)).alias(f"0month{n}") for n in range(months)
    ]  # fmt: skip
    summed = [nw.col(f"0month{n}").sum().fill_null(0).cast(nw.Int64).alias(f"0month{n}") for n in range(months)]
    return dated.select(nw.col(KEY), nw.col(_SPAN), *sums).group_by(KEY).agg(nw.col(_SPAN).max(), *summed)


def _days_back(months: int) -> int:
    """A number of days between the first days of months that are so many months apart, and of those that are one less."""
    return round(_DAYS * (months - 0.5)) if months else 0


def _replayed(nw: Any, scale: TierScale, months: Any) -> Any:
    """`TierScale.replay`, a month at a time over all customers: the place of each on the ladder, and how many months they are on watch."""

    def number(value: int) -> Any:
        return nw.lit(value, nw.Int64)

    place, watched = nw.col(_PLACE), nw.col(_WATCHED)
    grace = number(scale.tiers[0].grace_months)
    for at, tier in enumerate(scale.tiers[1:], start=1):
        grace = nw.when(place == at).then(number(tier.grace_months)).otherwise(grace)
    found = months.with_columns(nw.lit(None, nw.Int64).alias(_PLACE), number(0).alias(_WATCHED))
    for n in reversed(range(scale.memory)):
        reached = number(0)
        for at, tier in enumerate(scale.tiers[1:], start=1):
            reached = nw.when(nw.col(f"0month{n}") >= tier.floor.minor).then(number(at)).otherwise(reached)
        watch = (place > reached) & (watched + 1 < grace)
        known = nw.col(_SPAN) >= _days_back(n)
        found = found.with_columns(
            nw.when(known & ~watch.fill_null(False)).then(reached).otherwise(place).alias(_PLACE),
            nw.when(known & watch).then(watched + 1).otherwise(number(0)).alias(_WATCHED),
        )
    return found


def _named(nw: Any, scale: TierScale) -> Any:
    found = nw.lit(None, nw.String)
    for at, tier in enumerate(scale.tiers):
        found = nw.when(nw.col(_PLACE) == at).then(nw.lit(tier.name)).otherwise(found)
    return found
