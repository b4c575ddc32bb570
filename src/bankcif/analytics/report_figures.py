"""What a report came to: a figure for each cell, each with its numerator and denominator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

import attrs

from ..errors import InputError
from ..rules import RuleField
from ._html import html_table
from .report import ReportSpec
from .suppression import Place

__all__ = ["Amount", "Report"]


@attrs.frozen
class Amount:
    """
    A figure.

    Attributes:
        numerator: A number of customers or rows, or a sum as it rests: money in minor units, a decimal in units of its last digit.
        denominator: Of how many.
    """

    numerator: int
    denominator: int

    @property
    def rate(self) -> float | None:
        """The quotient; None of nothing."""
        return self.numerator / self.denominator if self.denominator else None


@attrs.frozen(kw_only=True, repr=False)
class Report:
    """
    What a report came to.

    Attributes:
        spec: What was asked.
        as_of: The day whose end it tells of; of a movement the second, and `since` the first.
        customers: How many were counted.
        k: Of fewer nothing is told.
        levels: Of each dimension its levels, in order; the empty one is of who has none.
        cells: By place, a level of each dimension or None for all, the figure of each measure; None where it is not told.
        units: Of measures that add up terms, of which type they are.
    """

    spec: ReportSpec
    as_of: date
    since: date | None = None
    customers: int
    k: int
    levels: Mapping[str, tuple[str, ...]]
    cells: Mapping[Place, Mapping[str, Amount | None]]
    units: Mapping[str, RuleField] = attrs.field(factory=dict)

    def __repr__(self) -> str:
        return f"Report({self.spec.name}, as of {self.as_of}, {self.customers:,} customers, {len(self.cells):,} cells, {self.withheld:,} figures not told)"

    def _repr_html_(self) -> str:
        """The cells as a table, for notebooks; pages and pictures are made by `bankcif.CIF.reports`."""
        heads = [
            *self.levels,
            *(f"{one.name} {part}" for one in self.spec.measures for part in ("numerator", "denominator")),
        ]
        rows = (
            [*("(all)" if level is None else level or "(none)" for level in place)]
            + [
                part
                for one in figures.values()
                for part in ((None, None) if one is None else (one.numerator, one.denominator))
            ]
            for place, figures in self.rows(sums=True)
        )
        return html_table(repr(self), heads, rows)

    @property
    def withheld(self) -> int:
        """How many figures are not told."""
        return sum(one is None for figures in self.cells.values() for one in figures.values())

    def figure(self, measure: str, /, **levels: str) -> Amount | None:
        """
        The figure of a cell, over all levels of what is not named; None if it is not told.

        Raises:
            InputError: There is no such measure, dimension or level.
        """
        place = tuple(levels.pop(name, None) for name in self.levels)
        known = all(level is None or level in self.levels[name] for name, level in zip(self.levels, place, strict=True))
        if levels or not known or measure not in {one.name for one in self.spec.measures}:
            raise InputError(
                "the report has no such measure, dimension or level", path="$.levels", rule="unknown_field"
            )
        if place not in self.cells:  # nobody stands there
            return Amount(0, 0)
        return self.cells[place][measure]

    def rows(self, *, sums: bool = False) -> Iterator[tuple[Place, Mapping[str, Amount | None]]]:
        """The cells in the order of their levels; with *sums* those over all levels of a dimension, too, each behind its own."""
        order = [{level: at for at, level in enumerate((*levels, None))} for levels in self.levels.values()]
        places = [place for place in self.cells if sums or None not in place]
        for place in sorted(places, key=lambda one: [known[level] for known, level in zip(order, one, strict=True)]):
            yield place, self.cells[place]
