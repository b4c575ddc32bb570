"""Why a rule holds of a record, or does not: part by part, and the fewest comparisons that settle it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import attrs

from .._clock import from_micros
from ..party import Money, age_on, is_currency
from .calendar import day_of, days
from .evaluate import compiled, getters
from .expression import Aggregate, And, Arithmetic, Elapsed, Expression, Field, Holds, Leaf, Missing, Not, Or, parts
from .lower import lower, term_type
from .lowered import Lowered
from .needs import needs
from .schema import Kind, RuleField, Schema
from .write import written, written_term

__all__ = ["Explained", "Explanation", "Seen", "Show", "explain"]

Show = Callable[[frozenset[str], Any], str]
"""
How a value is shown that is made of these fields (``balance``, ``holdings.balance``): whole, masked, or not at all. It comes as people know
it: a date, an amount of money, an age in years; None where it is missing.
"""
_FIRST, _LAST, _DAY = days(date.min), days(date.max), 86_400_000_000


@attrs.frozen
class Seen:
    """A term of a comparison, and its value as the viewer may see it."""

    term: str
    value: str
    sources: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Explained:
    """
    A part of a rule.

    Attributes:
        text: As it is written; of *and*, *or* and *not* their word alone.
        verdict: Whether it holds; None where it is not known, since something is missing.
        seen: What it compares.
        items: What it consists of.
    """

    text: str
    verdict: bool | None
    seen: tuple[Seen, ...] = ()
    items: tuple[Explained, ...] = ()


@attrs.frozen(kw_only=True)
class Explanation:
    """
    Why a rule holds of a record, or does not.

    Attributes:
        holds: Whether it does.
        tree: Every part of it.
        because: The fewest of its comparisons that settle it, whatever becomes of the others; each once. Where one comparison stands in
            several places of a rule, fewer might do.
        turns_on: The next day on which it can be otherwise if nothing new is heard; None where there is none, or it is not told.
    """

    holds: bool
    tree: Explained
    because: tuple[Explained, ...]
    turns_on: date | None = None


def explain(
    expression: Expression,
    schema: Schema,
    record: Mapping[str, Any],
    *,
    today: date,
    show: Show,
    sources: Mapping[str, str] | None = None,
    parameters: Mapping[str, Any] | None = None,
    kinds: Mapping[str, Kind] | None = None,
) -> Explanation:
    """
    Why *expression* holds of *record*, or does not.

    Args:
        schema: What it may speak of.
        record: Fields, and the rows of collections by their names.
        today: The day on which it is asked.
        show: How a value is shown. It hides the value alone: a verdict tells of it all the same, so an explanation is for who may see
            everything that the rule reads (`bankcif.rules.needs`), whole or in a form that the rule does not tell apart further.
        sources: Where the value of a field is from, by its name.
        parameters, kinds: Values and types of the rule's parameters.

    Raises:
        RuleError: The rule does not fit *schema*.
    """
    asked = _Asked(schema, record, today, show, sources or {}, parameters or {}, kinds or {})
    found = asked.part(expression)
    return Explanation(
        holds=found.verdict is True, tree=found, because=_because(found, "true" if found.verdict else "not true")
    )


@attrs.frozen
class _Asked:
    schema: Schema
    record: Mapping[str, Any]
    today: date
    show: Show
    sources: Mapping[str, str]
    parameters: Mapping[str, Any]
    kinds: Mapping[str, Kind]

    def part(self, one: Expression) -> Explained:
        if isinstance(one, Not):
            inner = self.part(one.item)
            verdict = None if inner.verdict is None else not inner.verdict
            return Explained(text="not", verdict=verdict, items=(inner,))
        if isinstance(one, And | Or):
            items = tuple(map(self.part, one.items))
            settles = isinstance(one, Or)  # what settles it: one that holds, or one that does not
            verdicts = {item.verdict for item in items}
            verdict = settles if settles in verdicts else None if None in verdicts else not settles
            return Explained(text="or" if settles else "and", verdict=verdict, items=items)
        return self._leaf(one)

    def _leaf(self, one: Leaf) -> Explained:
        lowered, contrary = lower(one, self.schema, self.kinds), lower(Not(one), self.schema, self.kinds)
        verdict = True if self._holds(lowered) else False if self._holds(contrary) else None
        terms = [part for part in parts(one) if isinstance(part, Field | Arithmetic | Elapsed | Aggregate)]
        if not isinstance(one, Holds) and isinstance(one.field, str):
            terms.insert(0, Field(one.field))
        return Explained(text=written(one), verdict=verdict, seen=tuple(self._seen(term, lowered) for term in terms))

    def _holds(self, rule: Lowered) -> bool:
        return compiled(rule)(self.record, rule.known(self.today, self.parameters))

    def _seen(self, term: Any, rule: Lowered) -> Seen:
        name = written_term(term)
        made_of = needs(_about(term), self.schema)
        fields = frozenset(self._born(field) for field in made_of.fields) | made_of.rows
        computed = getters(rule).get(name)
        if computed is not None:
            value = computed(self.record, rule.known(self.today, self.parameters))
        elif isinstance(term, Elapsed):  # its comparison is one of the date, so that nothing was reckoned
            since = self.record[term.field]
            value = None if since is None else days(self.today) - since
        else:
            value = self.record[self._born(term.name)]
        kept = tuple(self.sources[field] for field in sorted(fields) if field in self.sources)
        shown = None if value is None else self._typed(term_type(term, self.schema, self.kinds), value)
        return Seen(name, self.show(fields, shown), kept)

    def _typed(self, field: RuleField, value: Any) -> Any:
        """A value as people know it, and not as it rests."""
        if field.kind is Kind.DATE:
            return day_of(value) if _FIRST <= value <= _LAST else value
        if field.kind is Kind.INSTANT:
            return from_micros(value) if _FIRST <= value // _DAY <= _LAST else value
        if field.kind is Kind.DECIMAL:
            return Decimal(value).scaleb(-field.digits)
        if field.kind is Kind.MONEY:
            currency = field.currency or self.record[field.currency_field]
            return Money.of_minor(value, currency) if is_currency(currency) else value
        if field.kind is Kind.AGE and not field.bounds:
            return age_on(day_of(value), self.today)
        return value

    def _born(self, name: str) -> str:
        """An age is seen as the birth date, or the class, that it follows from."""
        return self.schema[name].born or name


def _about(term: Any) -> Leaf:
    return Missing(term.name if isinstance(term, Field) else term)


def _because(one: Explained, goal: str) -> tuple[Explained, ...]:
    """The fewest leaves by which *one* is true, false, not true or not false."""
    if not one.items and one.text not in ("and", "or"):
        return (one,)
    if one.text == "not":
        return _because(one.items[0], _CONTRARY[goal])
    # An `and` is true, or not false, by all of its parts, and false, or not true, by one of them; an `or` the other way round.
    if (one.text == "and") is (goal in ("true", "not false")):
        return tuple({leaf.text: leaf for item in one.items for leaf in _because(item, goal)}.values())
    reasons = [_because(item, goal) for item in one.items if _IS[goal](item.verdict)]
    return min(reasons, key=len)


_CONTRARY = {"true": "false", "false": "true", "not true": "not false", "not false": "not true"}
_IS: Mapping[str, Callable[[bool | None], bool]] = {
    "true": lambda verdict: verdict is True, "false": lambda verdict: verdict is False,
    "not true": lambda verdict: verdict is not True, "not false": lambda verdict: verdict is not False,
}  # fmt: skip
