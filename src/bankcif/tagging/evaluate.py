"""Which tags a customer has and in which segments they are: by rules, and by what was said of them by hand."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any

import attrs

from ..errors import InputError
from ..rules import (
    FALSE,
    TRUE,
    And,
    Compare,
    Explanation,
    Expression,
    Kind,
    Lowered,
    Or,
    Predicate,
    RuleField,
    Show,
    compiled,
    explain,
    next_change,
    turning,
)
from ..rules.columns import holding
from .catalogue import Catalogue
from .ladder import column_of, explain_tier, next_turn, stands_at
from .tag import Tag
from .tier_columns import with_tiers

__all__ = ["Evaluator", "Said", "Verdict"]


class Said(enum.StrEnum):
    """What a person, a model or another system says of a customer and a tag; of a reminder, that it is done, or put off."""

    HAS = "has"
    VETO = "veto"
    DONE = "done"
    SNOOZED = "snoozed"


class Verdict(enum.StrEnum):
    """Why a customer has a tag, or has it not although a rule holds or somebody says so."""

    RULE = "rule"
    SAID = "said"
    VETOED = "vetoed"
    DISPLACED = "displaced"
    NO = "no"

    @property
    def has(self) -> bool:
        """Whether the customer has it."""
        return self in (Verdict.RULE, Verdict.SAID)


_HAS = (Verdict.RULE, Verdict.SAID)


@attrs.frozen
class _Rule:
    place: int
    name: str
    tag: Tag | None
    group: str
    lowered: Lowered | None
    holds: Predicate | None


class Evaluator:
    """
    The rules of a catalogue, compiled.

    Args:
        catalogue: What there is.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._rules = [self._rule(place, name) for place, name in enumerate(catalogue.order)]
        self._lately: tuple[date, list[Mapping[str, Any]]] | None = None
        moving = [rule.lowered for rule in self._rules if rule.lowered is not None and rule.lowered.days]
        # Those over rows last: up to the day that the others found, few rows turn.
        self._turning = [turning(rule) for rule in sorted(moving, key=lambda rule: any(rule.gathered()))]

    def verdicts(
        self, record: Mapping[str, Any], today: date, said: Mapping[str, Said] | None = None
    ) -> dict[str, Verdict]:
        """
        Of every definition, by ``tag:NAME`` and ``segment:NAME``, whether the customer has it, and why.

        Args:
            record: As `bankcif.rules.opened_record` gives it.
            today: The day on which it is asked.
            said: What holds today of what was said, by the tags' names. A veto stands above everything; in a group what was said
                stands above what rules say.

        Cost: some 0.3 µs a comparison.
        """
        given = said or {}
        known, days = self._with_tiers(record, today), self._on(today)
        found: dict[str, Verdict] = {}
        taken: set[str] = set()
        for rule in self._grouped(given):
            verdict = Verdict.RULE if rule.holds is not None and rule.holds(known, days[rule.place]) else Verdict.NO
            if given and rule.tag is not None and rule.tag.name in given:
                verdict = _heard(given[rule.tag.name], verdict)
            has = verdict in _HAS
            if has and rule.group:
                if rule.group in taken:
                    verdict, has = Verdict.DISPLACED, False
                taken.add(rule.group)
            found[rule.name] = verdict
            known[rule.name] = has
        return found

    def explain(
        self, name: str, record: Mapping[str, Any], today: date, *, show: Show, sources: Mapping[str, str] | None = None,
        said: Mapping[str, Said] | None = None,
    ) -> Explanation:  # fmt: skip
        """
        Why the rule of ``tag:NAME`` or ``segment:NAME`` holds of a customer, or does not; of a tier, month by month.

        Args:
            show, sources: As in `bankcif.rules.explain`.

        Raises:
            InputError: It has no rule: somebody says whether it holds.
        """
        one = self.catalogue.definition(name)
        when = one.when
        if isinstance(one, Tag) and one.group in self.catalogue.ladders:
            kept = tuple(source for source in [(sources or {}).get("balances")] if source)
            scale = self.catalogue.ladders[one.group]
            found = explain_tier(scale, one.name, record["balances"], today, show, kept)
            return attrs.evolve(found, turns_on=next_turn(scale, record["balances"], today))
        if when is None:
            raise InputError(f"{name} has no rule: a person, a model or another system says who has it", rule="tags")
        flags = {other: verdict.has for other, verdict in self.verdicts(record, today, said).items()}
        known, rule = {**record, **flags}, self.catalogue.lowered(name)
        found = explain(when, self.catalogue.schema, known, today=today, show=show, sources=sources)
        return found if rule is None else attrs.evolve(found, turns_on=next_change(rule, known, today))

    def next_change(self, record: Mapping[str, Any], verdicts: Mapping[str, Verdict], today: date) -> date | None:
        """
        The first day on which a rule on the customer can turn if nothing new is heard; None if none does.

        Args:
            record: As above.
            verdicts: As `verdicts` gave them for *today*.
        """
        known = {**record, **{name: verdict in _HAS for name, verdict in verdicts.items()}}
        turns = [next_turn(scale, record["balances"], today) for scale in self.catalogue.ladders.values()]
        first = min((day for day in turns if day is not None), default=None)
        for turn in self._turning:
            first = turn(known, today, until=first) or first
        return first

    def overlaps(self, records: Iterable[Mapping[str, Any]], today: date) -> dict[frozenset[str], int]:
        """How many customers several tags of one group would hold of, were they not a group."""
        found: dict[frozenset[str], int] = {}
        for record in records:
            verdicts = self.verdicts(record, today)
            for group in self.catalogue.groups:
                names = [tag.name for tag in self.catalogue.group_of(group)]
                held = frozenset(name for name in names if verdicts[f"tag:{name}"] in (Verdict.RULE, Verdict.DISPLACED))
                if len(held) > 1:
                    found[held] = found.get(held, 0) + 1
        return found

    def affected(self, changed: Collection[str]) -> tuple[str, ...]:
        """The definitions that can be others once these fields, or rows of these collections, have changed."""
        found = {name for field in changed for name in self.catalogue.impact(field)}
        return tuple(name for name in self.catalogue.order if name in found)

    def in_columns(self, frame: Any, *, key: str, today: date, collections: Mapping[str, Any] | None = None) -> Any:
        """
        Which rules hold of many customers at once, of whom nothing was said by hand.

        Args:
            frame, key, collections: As in `bankcif.rules.columns.holding`, with the columns of `bankcif.rules.opened_record`.
            today: The day on which it is asked.

        Returns:
            A frame of the same kind: *key*, and a truth value for each definition that has a rule.
        """
        rules = {rule.name: rule.lowered for rule in self._rules if rule.lowered is not None}
        unsaid = {rule.name for rule in self._rules if rule.lowered is None}
        groups = [[f"tag:{tag.name}" for tag in self.catalogue.group_of(name)] for name in self.catalogue.groups]
        ladders, schema = self.catalogue.ladders, self.catalogue.schema
        if ladders:
            frame = with_tiers(ladders, schema, frame, key=key, today=today, collections=collections)
            tiers = {column_of(group): RuleField(column_of(group), Kind.TEXT) for group in ladders}
            schema = attrs.evolve(schema, fields={**schema.fields, **tiers})
        return holding(
            {name: _without(rule, unsaid) for name, rule in rules.items()}, schema, frame, key=key, today=today,
            collections=collections, exclusive=[[name for name in group if name in rules] for group in groups],
        )  # fmt: skip

    def _with_tiers(self, record: Mapping[str, Any], today: date) -> dict[str, Any]:
        """*record* with the columns of the ladders."""
        ladders = self.catalogue.ladders
        return {
            **record,
            **{column_of(group): stands_at(scale, record["balances"], today) for group, scale in ladders.items()},
        }

    def _rule(self, place: int, name: str) -> _Rule:
        one, lowered = self.catalogue.definition(name), self.catalogue.lowered(name)
        holds = None if lowered is None else compiled(lowered)
        tag = one if isinstance(one, Tag) else None
        return _Rule(place, name, tag, "" if tag is None else tag.group, lowered, holds)

    def _on(self, today: date) -> list[Mapping[str, Any]]:
        """What each rule knows of the day; a file asks for one day of each customer."""
        lately = self._lately
        if lately is None or lately[0] != today:
            lately = today, [{} if rule.lowered is None else rule.lowered.known(today) for rule in self._rules]
            self._lately = lately
        return lately[1]

    def _grouped(self, said: Mapping[str, Said]) -> Iterable[_Rule]:
        """In order; within a group what was said comes first."""
        if not said:
            return self._rules
        first: dict[str, int] = {}
        for rule in self._rules:
            if rule.group:
                first.setdefault(rule.group, rule.place)

        def key(rule: _Rule) -> tuple[int, bool, int]:
            if rule.tag is None or not rule.group:
                return rule.place, False, 0
            return first[rule.group], said.get(rule.tag.name) is not Said.HAS, -rule.tag.rank

        return sorted(self._rules, key=key)


def _heard(word: Said, verdict: Verdict) -> Verdict:
    """The verdict of a tag's rule once somebody has said *word*."""
    if word is Said.HAS:
        return Verdict.SAID
    return Verdict.VETOED if verdict is Verdict.RULE else Verdict.NO


def _without(rule: Lowered, flags: Collection[str]) -> Lowered:
    """*rule* where nobody has the tags called *flags*."""

    def down(one: Expression) -> Expression:
        if isinstance(one, And | Or):
            return type(one)(tuple(map(down, one.items)))
        if isinstance(one, Compare) and one.field in flags:
            return FALSE if one.value is True else TRUE
        return one

    return attrs.evolve(rule, tree=down(rule.tree))
