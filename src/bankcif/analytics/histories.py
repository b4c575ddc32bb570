"""
Histories of buying, as the models of buying read them: how often somebody came again, when last, and for how long they have been known.

These three are all that the models need of a customer; equal ones are counted, so that a million customers are fitted on as many rows as there are different histories.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from ..errors import InputError
from .spans import TimeUnit, time_unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

__all__ = ["Histories", "named", "since_1970"]

_EPOCH = date(1970, 1, 1).toordinal()


def _floats(values: Any) -> NDArray[np.float64]:
    try:
        return np.atleast_1d(np.asarray(values, dtype=np.float64))
    except (TypeError, ValueError):
        pass
    raise InputError("histories have numbers of zero or more", path="$.histories", rule="histories")


def named(keys: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """
    Different keys in order, and the place of each among them.

    Raises:
        InputError: A key is missing, or keys are not of one type.
    """
    try:
        names, number = np.unique(keys, return_inverse=True)
    except TypeError:
        names, number = np.array([None]), np.zeros(0, dtype=np.int64)
    if names.dtype == object and not all(isinstance(one, str | bytes) for one in names):
        raise InputError("a key is missing, or keys are of several types", path="$.keys", rule="keys")
    return names, number


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Histories:
    """
    Histories of customers.

    Attributes:
        frequency: On how many days after the first somebody bought again.
        recency: How long after the first day the last one was; 0 of who never came again.
        age: How long after the first day the period ends.
        unit: Of recency and age.
        counts: How many customers have this history.
        keys: Whose they are, in order; None once equal ones are counted together.

    Raises:
        InputError: Arrays of different lengths, or a history that can not be: its last day behind the end, or before the first.
    """

    frequency: NDArray[np.float64] = attrs.field(converter=_floats)
    recency: NDArray[np.float64] = attrs.field(converter=_floats)
    age: NDArray[np.float64] = attrs.field(converter=_floats)
    unit: TimeUnit = attrs.field(converter=time_unit)
    counts: NDArray[np.float64] = attrs.field(converter=_floats)
    keys: NDArray[Any] | None = None

    @counts.default
    def _each(self) -> NDArray[np.float64]:
        return np.ones(len(self.frequency))

    def __attrs_post_init__(self) -> None:
        arrays = (self.frequency, self.recency, self.age, self.counts)
        if len({one.shape for one in arrays}) > 1 or self.frequency.ndim != 1:
            raise InputError("the parts of histories are columns of one length", path="$.histories", rule="histories")
        if not all(np.isfinite(one).all() and (one >= 0).all() for one in arrays):
            raise InputError("histories have numbers of zero or more", path="$.histories", rule="histories")
        if (self.frequency % 1).any() or (self.counts % 1).any():
            raise InputError(
                "how often somebody came, and how many they are, are whole numbers",
                path="$.histories",
                rule="histories",
            )
        if (self.recency > self.age).any() or ((self.frequency == 0) & (self.recency > 0)).any():
            raise InputError(
                "the last day lies between the first and the end, and is the first of who never came again",
                path="$.histories",
                rule="histories",
            )

    def __len__(self) -> int:
        return len(self.frequency)

    def __repr__(self) -> str:
        return f"Histories({self.customers:,} customers, {len(self):,} rows, in {self.unit}s)"

    @property
    def customers(self) -> int:
        """How many customers they are of."""
        return int(self.counts.sum())

    @classmethod
    def of_days(
        cls, keys: Sequence[Any], days: Sequence[Any], *, until: date, unit: TimeUnit = TimeUnit.WEEK
    ) -> Histories:
        """
        The histories that follow from single days: several of one day count as one.

        Args:
            keys, days: Whose day it was, and which: dates, or whole numbers since 1970-01-01.
            until: The last day of the period; later ones are left out, and who began later is not in it.
            unit: In which times are told.

        Raises:
            InputError: Columns of different lengths, or no day lies within the period.
        """
        who, when = np.asarray(keys), since_1970(days)
        if who.shape != when.shape or who.ndim != 1:
            raise InputError("keys and days are columns of one length", path="$.days", rule="histories")
        unit = time_unit(unit)
        last = until.toordinal() - _EPOCH
        inside = when <= last
        if not inside.any():
            raise InputError(f"no day lies within the period, which ends on {until}", path="$.until", rule="period")
        names, number = named(who[inside])
        pairs = np.unique(np.stack([number, when[inside]], axis=1), axis=0)
        starts = np.flatnonzero(np.diff(pairs[:, 0], prepend=-1))
        ends = np.append(starts[1:], len(pairs)) - 1
        first, latest = pairs[starts, 1], pairs[ends, 1]
        return cls(
            frequency=ends - starts, recency=(latest - first) / unit.days, age=(last - first) / unit.days, unit=unit, keys=names
        )  # fmt: skip

    def grouped(self) -> Histories:
        """Equal ones together, with how many there are."""
        rows = np.stack([self.frequency, self.recency, self.age], axis=1)
        different, place = np.unique(rows, axis=0, return_inverse=True)
        counts = np.bincount(place.ravel(), weights=self.counts, minlength=len(different))
        return Histories(
            frequency=different[:, 0], recency=different[:, 1], age=different[:, 2], unit=self.unit, counts=counts
        )

    def pieces(self, size: int) -> Iterator[Histories]:
        """They in pieces of *size* rows, in order."""
        for at in range(0, len(self), size):
            part = slice(at, at + size)
            keys = None if self.keys is None else self.keys[part]
            yield attrs.evolve(
                self, frequency=self.frequency[part], recency=self.recency[part], age=self.age[part], counts=self.counts[part], keys=keys
            )  # fmt: skip

    def within(self, unit: TimeUnit) -> Histories:
        """The same in another unit."""
        scale = self.unit.days / unit.days
        return attrs.evolve(self, recency=self.recency * scale, age=self.age * scale, unit=unit)


def since_1970(days: Sequence[Any]) -> NDArray[np.int64]:
    """
    Days as whole numbers since 1970-01-01.

    Raises:
        InputError: They are no days.
    """
    found = np.asarray(days)
    if np.issubdtype(found.dtype, np.integer):
        return found.astype(np.int64)
    if found.dtype == object and len(found) and all(type(one) is date for one in found):
        return np.array([one.toordinal() - _EPOCH for one in found], dtype=np.int64)
    if not len(found):
        return np.zeros(0, dtype=np.int64)
    if np.issubdtype(found.dtype, np.datetime64) and not np.isnat(found).any():
        return found.astype("datetime64[D]").astype(np.int64)
    raise InputError("days are dates, or whole numbers since 1970-01-01", path="$.days", rule="histories")
