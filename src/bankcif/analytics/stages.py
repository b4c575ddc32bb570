"""
Where customers stand between coming and going: a stage by how long they have been there, how lately and how much they did; how many go from one stage to another; and how many of those
who came together are still there.

A stage follows from figures of one day alone, so that it can be told again of any day whose figures are kept. What stands in no stage there is none.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from .._text import Language
from ..errors import FitError, InputError
from ._html import html_table
from .histories import named, since_1970

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Cohorts", "Stage", "StagePlan", "Transitions"]

_MOST_STEPS, _MOST_MONTHS = 1_000, 1_200


class Stage(enum.StrEnum):
    """The stages, in the order in which they are asked: the first that holds is a customer's."""

    LOST = "lost"
    DORMANT = "dormant"
    NEW = "new"
    GROWING = "growing"
    DECLINING = "declining"
    MATURE = "mature"

    def label(self, language: Language) -> str:
        """What it is called."""
        return _LABELS[self][0 if language == "zh" else 1]


_LABELS = {
    Stage.LOST: ("流失", "lost"), Stage.DORMANT: ("休眠", "dormant"), Stage.NEW: ("新客户", "new"), Stage.GROWING: ("成长", "growing"),
    Stage.DECLINING: ("衰退", "declining"), Stage.MATURE: ("成熟", "mature"),
}  # fmt: skip
_STAGES = tuple(Stage)


@attrs.frozen(kw_only=True)
class StagePlan:
    """
    When a customer is in which stage.

    Attributes:
        lost_days: Who did nothing for more days is lost.
        lost_alive: Who is alive with less probability is lost, where that is known.
        dormant_days: Who did nothing for more days is dormant.
        new_days: Who came fewer days ago is new.
        change: By which share what they did in the later half of a period must exceed the earlier half to be growing, or fall short of it to be declining.

    Raises:
        InputError: Bounds that do not follow each other, or shares that are none.
    """

    lost_days: int = 365
    lost_alive: float = 0.1
    dormant_days: int = 180
    new_days: int = 180
    change: float = 0.25

    def __attrs_post_init__(self) -> None:
        days = (self.lost_days, self.dormant_days, self.new_days)
        if not all(type(one) is int for one in days) or not 0 < self.dormant_days < self.lost_days or self.new_days < 1:
            raise InputError(
                "somebody is dormant after some days, and lost after more", path="$.lost_days", rule="stages"
            )
        if not (0 <= self.lost_alive <= 1 and 0 < self.change < 1):
            raise InputError("a share is from 0 to 1", path="$.change", rule="share")

    def stages(
        self, *, tenure: ArrayLike, quiet: ArrayLike, earlier: ArrayLike, later: ArrayLike, alive: ArrayLike | None = None
    ) -> NDArray[np.str_]:  # fmt: skip
        """
        The stage of each customer.

        Args:
            tenure: For how many days they have been customers.
            quiet: For how many days they have done nothing; of who never did anything, as long as their tenure.
            earlier, later: What they did in the two halves of a period up to today: transactions, or amounts. Zero or more.
            alive: How probable it is that they are still customers, as `BetaGeometric.alive` tells.

        Raises:
            InputError: Columns of different lengths, or of something else than numbers of zero or more.
        """
        given = {"tenure": tenure, "quiet": quiet, "earlier": earlier, "later": later}
        columns = {name: _numbers(name, one) for name, one in given.items()}
        sure = np.ones_like(columns["quiet"]) if alive is None else _numbers("alive", alive)
        if len({*map(len, columns.values()), len(sure)}) > 1:
            raise InputError("figures are columns of one length", path="$.quiet", rule="figures")
        quiet_, earlier_, later_ = columns["quiet"], columns["earlier"], columns["later"]
        # Asked in this order; growth is compared as products, so that nothing of nothing is no growth.
        asked = [
            (quiet_ > self.lost_days) | (sure < self.lost_alive), quiet_ > self.dormant_days, columns["tenure"] < self.new_days,
            (later_ >= earlier_ * (1 + self.change)) & (later_ > 0), (later_ <= earlier_ * (1 - self.change)) & (earlier_ > 0),
        ]  # fmt: skip
        place = np.select(asked, range(len(asked)), default=len(asked))
        return np.asarray(np.array([one.value for one in _STAGES])[place])

    def stage(self, *, tenure: int, quiet: int, earlier: float, later: float, alive: float | None = None) -> Stage:
        """As `stages`, of one customer."""
        found = self.stages(
            tenure=[tenure], quiet=[quiet], earlier=[earlier], later=[later], alive=None if alive is None else [alive]
        )
        return Stage(str(found[0]))


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Transitions:
    """
    How many went from one state to another between two days.

    Attributes:
        states: In their order.
        counts: From the state of the row to that of the column.
        came, left: Of each state, who was there on the second day alone, and on the first alone.
    """

    states: tuple[str, ...]
    counts: NDArray[np.int64]
    came: NDArray[np.int64]
    left: NDArray[np.int64]

    def __repr__(self) -> str:
        return f"Transitions({len(self.states)} states, {int(self.counts.sum()):,} customers on both days)"

    def _repr_html_(self) -> str:
        """The shares, from the row to the column, for notebooks."""
        rows = [(name, *map(float, row)) for name, row in zip(self.states, self.shares, strict=True)]
        return html_table(repr(self), ("from", *self.states), rows)

    @classmethod
    def between(
        cls, before: Mapping[Any, str], after: Mapping[Any, str], states: Sequence[str] = tuple(one.value for one in _STAGES)
    ) -> Transitions:  # fmt: skip
        """
        What follows from the states of customers, by key, on two days.

        Raises:
            InputError: A state is none of *states*, or nobody was there on both days.
        """
        names = tuple(map(str, states))
        place = {name: at for at, name in enumerate(names)}
        if unknown := {*before.values(), *after.values()} - place.keys():
            raise InputError(
                f"there is no state {sorted(map(str, unknown))[0]}; there are {', '.join(names)}",
                path="$.states",
                rule="state",
            )
        counts = np.zeros((len(names), len(names)), dtype=np.int64)
        came, left = (np.zeros(len(names), dtype=np.int64) for _ in range(2))
        for key, state in before.items():
            if key in after:
                counts[place[state], place[after[key]]] += 1
            else:
                left[place[state]] += 1
        for key, state in after.items():
            came[place[state]] += key not in before
        if not counts.sum():
            raise InputError("nobody was there on both days", path="$.after", rule="nothing_counted")
        return cls(states=names, counts=counts, came=came, left=left)

    @property
    def shares(self) -> NDArray[np.float64]:
        """Of those in the state of the row, which share went to that of the column; all nought in a row of nobody."""
        rows = self.counts.sum(axis=1, keepdims=True)
        return np.asarray(np.divide(self.counts, rows, out=np.zeros(self.counts.shape), where=rows > 0))

    def ahead(self, steps: int = 1) -> NDArray[np.float64]:
        """
        Where those who were there on the second day would be after as many more such times, if people went on as they did: a share of each state.

        Raises:
            InputError: Not 1 to 1,000 steps.
            FitError: Somebody came to a state in which nobody was at first, so that nothing tells where they go.
        """
        if not 1 <= steps <= _MOST_STEPS:
            raise InputError(f"1 to {_MOST_STEPS:,} steps", path="$.steps", rule="steps")
        now = self.counts.sum(axis=0) + self.came
        unknown = [
            name
            for name, rows, there in zip(self.states, self.counts.sum(axis=1), now, strict=True)
            if there and not rows
        ]
        if unknown:
            raise FitError(
                f"nobody was {unknown[0]} on the first day, so that nothing tells where they go",
                path="$.states",
                rule="too_few",
            )
        place = now / now.sum()
        for _ in range(steps):
            place = place @ self.shares
        return np.asarray(place)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Cohorts:
    """
    Of those who came in one month, how many did something in it and in each month after it.

    Attributes:
        months: Months in which somebody came, as ``2026-01``, in order.
        size: How many came.
        active: By month and months since, how many did something; -1 of months that are not over.
    """

    months: tuple[str, ...]
    size: NDArray[np.int64]
    active: NDArray[np.int64]

    def __repr__(self) -> str:
        return f"Cohorts({int(self.size.sum()):,} customers of {len(self.months)} months)"

    def _repr_html_(self) -> str:
        """How many of each month did something, by months since, for notebooks."""
        rows = [
            (month, int(size), *(None if many < 0 else int(many) for many in row.tolist()))
            for month, size, row in zip(self.months, self.size, self.active, strict=True)
        ]
        return html_table(repr(self), ("came", "customers", *map(str, range(self.active.shape[1]))), rows)

    @classmethod
    def of_days(
        cls, keys: Sequence[Any], days: Sequence[Any], *, until: date, came: Mapping[Any, date] | None = None
    ) -> Cohorts:  # fmt: skip
        """
        What follows from single deeds.

        Args:
            keys, days: Who did something, and when; dates, or whole numbers since 1970-01-01.
            until: The last day that is known; a month that ends behind it is not over, and not told.
            came: When each came; by their first deed without it.

        Raises:
            InputError: Columns of different lengths, somebody did something before they came, or no month is over.
        """
        who, when = np.asarray(keys), since_1970(days)
        if who.shape != when.shape or who.ndim != 1:
            raise InputError("keys and days are columns of one length", path="$.days", rule="days")
        last = _month_over(until)
        months = _months(when)
        names, number = named(who)
        first = np.full(len(names), _MOST_MONTHS * 10)
        np.minimum.at(first, number, months)
        if came is not None:
            if missing := [one for one in names.tolist() if one not in came]:
                raise InputError(
                    f"of {len(missing):,} who did something it is not said when they came", path="$.came", rule="days"
                )
            said = _months(since_1970([came[one] for one in names.tolist()]))
            if (said > first).any():
                raise InputError("somebody did something before they came", path="$.came", rule="days")
            there = set(names.tolist())
            never = _months(since_1970([day for key, day in came.items() if key not in there]))
            first, quiet = said, never
        else:
            quiet = np.zeros(0, dtype=np.int64)
        every = np.concatenate([first, quiet])
        every = every[every <= last]
        if not len(every):
            raise InputError(f"nobody came in a month that was over on {until}", path="$.until", rule="period")
        begun = np.unique(every)
        if last - begun[0] >= _MOST_MONTHS:
            raise InputError(
                "cohorts of a hundred years and more are none; look at the days", path="$.days", rule="days"
            )
        size = np.bincount(np.searchsorted(begun, every), minlength=len(begun))
        active = np.full((len(begun), int(last - begun[0]) + 1), -1)
        for row, month in enumerate(begun.tolist()):
            active[row, : last - month + 1] = 0
        deeds = np.unique(np.stack([number, months], axis=1), axis=0)
        deeds = deeds[(deeds[:, 1] <= last) & (first[deeds[:, 0]] <= last)]
        since = deeds[:, 1] - first[deeds[:, 0]]
        np.add.at(active, (np.searchsorted(begun, first[deeds[:, 0]]), since), 1)
        return cls(months=tuple(map(_named_month, begun.tolist())), size=size, active=active)

    def retained(self, since: int) -> tuple[int, int]:
        """
        Of all whose month so many months after they came is over, how many did something in it, and of how many.

        Raises:
            InputError: No month so far behind is over.
        """
        if not 0 <= since < self.active.shape[1]:
            raise InputError(
                f"months since are told from 0 to {self.active.shape[1] - 1}", path="$.since", rule="period"
            )
        over = self.active[:, since] >= 0
        return int(self.active[over, since].sum()), int(self.size[over].sum())


def _numbers(name: str, values: ArrayLike) -> NDArray[np.float64]:
    found = np.asarray(values)
    if found.ndim != 1 or found.dtype.kind not in "biuf" or not np.isfinite(found).all() or (found < 0).any():
        raise InputError(f"{name} is a column of numbers of zero or more", path=f"$.{name}", rule="figures")
    return found.astype(np.float64)


def _months(days: NDArray[np.int64]) -> NDArray[np.int64]:
    """Months since January 1970 in which days lie."""
    return np.asarray(days, dtype="datetime64[D]").astype("datetime64[M]").astype(np.int64)


def _month_over(until: date) -> int:
    """The last month that is over at the end of a day."""
    day = int(since_1970([until])[0])
    this, following = (int(_months(np.array([one]))[0]) for one in (day, day + 1))
    return this if following > this else this - 1


def _named_month(month: int) -> str:
    return str(np.datetime64(month, "M"))
