"""
Scorecards: points for rules that hold of a customer, added up, with the reasons in words. Everybody can say why somebody has so many.

An item is a rule over whatever rules can say, so that it means the same of one record and of whole columns. Within a group the first item that holds counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache, cached_property, reduce
from importlib.resources import as_file, files
from operator import or_
from pathlib import Path
from typing import Any

import attrs

from .._canonical import dumps, sha256
from .._extras import need
from .._text import Language
from .._toml import read_toml
from ..errors import ConfigurationError, RuleError
from ..rules import Inputs, Lowered, Needs, Predicate, Schema, compiled, inputs, lower, needs, opened_schema, parse
from ..rules.columns import holding
from ._html import html_table
from .snapshot import KEY, Snapshot

__all__ = ["ScoreBand", "ScoreItem", "Scorecard", "Scored", "churn_scorecard"]

_MOST_ITEMS, _MOST_POINTS = 200, 10_000


@attrs.frozen(kw_only=True)
class ScoreItem:
    """
    What adds points.

    Attributes:
        code: Of the reason; stays what it is as long as it means the same.
        when: The rule.
        points: How many; below nought for what speaks against it.
        group: Of items of one group the first that holds counts; empty for one by itself.
        zh, en: The reason in words, as it may be said to the customer.
    """

    code: str
    when: str
    points: int
    group: str = ""
    zh: str = ""
    en: str = ""

    def label(self, language: Language) -> str:
        """The reason in words."""
        return (self.zh if language == "zh" else self.en) or self.code


@attrs.frozen(kw_only=True)
class ScoreBand:
    """Scores of *least* points and more, up to the next band."""

    name: str
    least: int
    zh: str = ""
    en: str = ""

    def label(self, language: Language) -> str:
        """What it is called."""
        return (self.zh if language == "zh" else self.en) or self.name


@attrs.frozen
class Scored:
    """What a scorecard says of a customer: points, the band, and the codes of what added points, the most first."""

    points: int
    band: str
    reasons: tuple[str, ...]


def _items(said: Iterable[ScoreItem]) -> tuple[ScoreItem, ...]:
    return tuple(said)


def _bands(said: Iterable[ScoreBand]) -> tuple[ScoreBand, ...]:
    bands = tuple(said)
    if not all(type(one.least) is int for one in bands):
        raise RuleError("bands begin at whole numbers of points")
    return tuple(sorted(bands, key=lambda one: -one.least))


@attrs.frozen(kw_only=True, slots=False)
class Scorecard:
    """
    Items and bands.

    Attributes:
        name, version: By what it is known.
        items: In their order.
        bands: From the greatest down; who has fewer points than the least band asks is in none.
        zh, en: What it is called.

    Raises:
        RuleError: A code twice, too many items, points that are none, or a rule that is not understood or does not fit; it names the item.
    """

    name: str
    version: str
    items: tuple[ScoreItem, ...] = attrs.field(converter=_items)
    bands: tuple[ScoreBand, ...] = attrs.field(default=(), converter=_bands)
    zh: str = ""
    en: str = ""

    def __attrs_post_init__(self) -> None:
        texts = [
            self.name,
            self.version,
            self.zh,
            self.en,
            *(getattr(one, name) for one in self.items for name in ("code", "when", "group", "zh", "en")),
        ]
        texts += [getattr(one, name) for one in self.bands for name in ("name", "zh", "en")]
        if not all(isinstance(one, str) for one in texts):
            raise RuleError("names, rules and words of a scorecard are texts")
        codes = [one.code for one in self.items]
        if not 0 < len(codes) <= _MOST_ITEMS or len(set(codes)) < len(codes) or not all(codes):
            raise RuleError(f"a scorecard has 1 to {_MOST_ITEMS} items, each with a code of its own")
        if len({one.least for one in self.bands}) < len(self.bands) or not all(one.name for one in self.bands):
            raise RuleError("bands have names, and begin at different points")
        if not all(
            type(one) is int and abs(one) <= _MOST_POINTS
            for one in (*(item.points for item in self.items), *(band.least for band in self.bands))
        ):
            raise RuleError(f"points are whole numbers, {_MOST_POINTS:,} at most")
        _ = self._rules

    @classmethod
    def read(cls, path: Path) -> Scorecard:
        """
        The scorecard in a TOML file.

        Raises:
            ConfigurationError: There is no such file, it is no TOML, or it holds something else.
            RuleError: It is not understood.
        """
        said = read_toml(path, "scorecard", ConfigurationError, "scorecard")
        wrong = not set(said) <= {"name", "version", "zh", "en", "item", "band"} or not {
            "name",
            "version",
            "item",
        } <= set(said)
        parts: dict[type[Any], list[Any]] = {ScoreItem: [], ScoreBand: []}
        for word, kind in (("item", ScoreItem), ("band", ScoreBand)):
            fields: Any = attrs.fields(kind)
            known, asked = {one.name for one in fields}, {one.name for one in fields if one.default is attrs.NOTHING}
            tables = said.get(word, [])
            if not isinstance(tables, list) or not all(
                isinstance(one, dict) and asked <= set(one) <= known for one in tables
            ):
                wrong = True
                break
            numbers = {"points", "least"}
            if not all(
                isinstance(value, int if name in numbers else str) for one in tables for name, value in one.items()
            ):
                wrong = True
                break
            parts[kind] = [kind(**one) for one in tables]
        texts = [said.get(name, "") for name in ("name", "version", "zh", "en")]
        if wrong or not all(isinstance(one, str) for one in texts):
            raise ConfigurationError(
                f"{path.name}: a scorecard has a name, a version, items with code, when and points, and bands with name and least", rule="scorecard"
            )  # fmt: skip
        return cls(
            name=texts[0], version=texts[1], zh=texts[2], en=texts[3], items=parts[ScoreItem], bands=parts[ScoreBand]
        )

    def label(self, language: Language) -> str:
        """What it is called."""
        return (self.zh if language == "zh" else self.en) or self.name

    @property
    def digest(self) -> str:
        """Of all that decides about a score, in hexadecimal: another rule is another scorecard, another word is not."""
        decides = [[one.code, one.when, one.points, one.group] for one in self.items]
        return sha256("bankcif/v1/scorecard", dumps([decides, [[one.name, one.least] for one in self.bands]])).hex()

    def _repr_html_(self) -> str:
        """Its items, for notebooks."""
        rows = [(one.code, one.points, one.group, one.zh, one.en, one.when) for one in self.items]
        return html_table(f"{self.label('en')} {self.version}", ("code", "points", "group", "zh", "en", "when"), rows)

    @cached_property
    def _schema(self) -> Schema:
        return opened_schema(tags=self._read.tags, segments=self._read.segments)

    @cached_property
    def _read(self) -> Needs:
        return reduce(or_, (needs(self._parsed(one)) for one in self.items), Needs())

    @cached_property
    def _rules(self) -> Mapping[str, Lowered]:
        found = {}
        for one in self.items:
            parsed, problem = self._parsed(one), ""
            try:
                found[one.code] = lower(parsed, self._schema)
            except RuleError as error:
                problem = str(error)
            if problem:
                raise RuleError(f"{one.code}: {problem}")
        return found

    @cached_property
    def _asked(self) -> Mapping[str, Predicate]:
        return {code: compiled(rule) for code, rule in self._rules.items()}

    @cached_property
    def _groups(self) -> tuple[tuple[str, ...], ...]:
        found: dict[str, list[str]] = {}
        for one in self.items:
            if one.group:
                found.setdefault(one.group, []).append(one.code)
        return tuple(tuple(codes) for codes in found.values() if len(codes) > 1)

    @staticmethod
    def _parsed(item: ScoreItem) -> Any:
        problem = ""
        try:
            return parse(item.when)
        except RuleError as error:
            problem = str(error)
        raise RuleError(f"{item.code}: {problem}")

    @property
    def inputs(self) -> Inputs:
        """The columns that its rules read, to be extracted."""
        return inputs(
            reduce(or_, (needs(self._parsed(one), self._schema) for one in self.items), Needs()), self._schema
        )

    def item(self, code: str) -> ScoreItem:
        """
        The item of a reason.

        Raises:
            RuleError: There is none.
        """
        found = next((one for one in self.items if one.code == code), None)
        if found is None:
            raise RuleError(f"the scorecard {self.name} has no item {code}")
        return found

    def score(self, record: Mapping[str, Any], today: date) -> Scored:
        """What it says of a record as rules read it (`bankcif.rules.opened_record`), on a day."""
        counted, taken = [], set[str]()
        for one in self.items:
            if one.group not in taken and self._asked[one.code](record, self._rules[one.code].known(today)):
                counted.append(one)
                taken |= {one.group} - {""}
        points = sum(one.points for one in counted)
        return Scored(points, self._band(points), tuple(one.code for one in self._by_weight(counted) if one.points > 0))

    def scores(self, snapshot: Snapshot) -> Any:
        """
        What it says of the customers of a snapshot on its day: a Polars data frame of ``key``, ``points``, ``band`` and ``reasons``, in the order of keys.

        Raises:
            InputError: A column is missing that a rule reads, or is not shown as it is.
        """
        pl = need("polars", extra="bulk")
        snapshot.need(self.inputs)
        frames = {name: pl.from_arrow(snapshot.resting(name)) for name in ("", *snapshot.rows)}
        told = holding(
            self._rules,
            self._schema,
            frames.pop(""),
            key=KEY,
            today=snapshot.as_of,
            collections=frames,
            exclusive=self._groups,
        )
        points = sum((pl.col(one.code).cast(pl.Int64) * one.points for one in self.items), start=pl.lit(0, pl.Int64))
        raising = [one for one in self._by_weight(self.items) if one.points > 0]
        codes = [pl.when(pl.col(one.code)).then(pl.lit(one.code)).otherwise(pl.lit(None, pl.String)) for one in raising]
        reasons = pl.concat_list(codes).list.drop_nulls() if codes else pl.lit([], pl.List(pl.String))
        band = pl.lit("")
        for one in reversed(self.bands):
            band = pl.when(pl.col("points") >= one.least).then(pl.lit(one.name)).otherwise(band)
        found = told.select(KEY, points.alias("points"), reasons.alias("reasons"))
        return found.with_columns(band.alias("band")).select(KEY, "points", "band", "reasons").sort(KEY)

    def _band(self, points: int) -> str:
        return next((one.name for one in self.bands if points >= one.least), "")

    @staticmethod
    def _by_weight(items: Sequence[ScoreItem]) -> list[ScoreItem]:
        """The most points first; of equal ones in their order."""
        return sorted(items, key=lambda one: -one.points)


@cache
def churn_scorecard() -> Scorecard:
    """The scorecard of who may leave that ships with the library: an example to begin with."""
    with as_file(files(__package__ or "bankcif.analytics") / "data" / "churn.toml") as path:
        return Scorecard.read(path)
