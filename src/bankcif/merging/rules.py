"""
Survivorship rules: which of several words on a field survives, as data a bank may write.

A strategy is an ordered list of what is asked, one after another, until two words are told apart; whatever it asks first,
it then asks what `Strategy.TRUST` asks, so that a choice is never left to chance.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import attrs

from .._toml import read_toml
from ..errors import ConfigurationError
from ..party import CATALOGUE, FORMS, Field, FieldType
from .statement import Statement

__all__ = ["STANDARD_RULES", "FieldRule", "Strategy", "SurvivorshipRule", "SurvivorshipRules"]


class Strategy(enum.StrEnum):
    """
    How the surviving word is chosen.

    ``trust`` asks how well the value is verified, then how far its source is believed, then which word is newer by the
    source's own time, then which stands already, then which says more. ``aggregate`` keeps the children of all.
    ``same_winner_as`` takes what the source key says whose word on another field survived, and nothing if that says
    nothing; where nobody speaks of the other field, it goes by trust.
    """

    TRUST = "trust"
    SOURCE_ORDER = "source_order"
    RECENCY = "recency"
    OLDEST = "oldest"
    MOST_FREQUENT = "most_frequent"
    LONGEST = "longest"
    AGGREGATE = "aggregate"
    SAME_WINNER_AS = "same_winner_as"
    CUSTOM = "custom"


class SurvivorshipRule(Protocol):
    """A bank's own choice of a word. It must depend on the words alone, not on their order."""

    def choose(self, field: str, words: Sequence[Statement]) -> Statement:
        """The one of *words* (two at least, the last of each source key) whose value of *field* survives."""


@attrs.frozen(kw_only=True)
class FieldRule:
    """
    How one field survives.

    Attributes:
        strategy: How.
        sources: Of ``source_order``: the sources, best first; what comes from others stands behind them.
        follows: Of ``same_winner_as``: the other field.
        custom: Of ``custom``: the name of the bank's rule.
    """

    strategy: Strategy = Strategy.TRUST
    sources: tuple[str, ...] = ()
    follows: str = ""
    custom: str = ""


@attrs.frozen(kw_only=True)
class SurvivorshipRules:
    """
    How each field survives.

    Attributes:
        version: Version of the rules; a name of the bank's.
        fields: Rules by field; a field that is not named survives by ``trust``, children by ``aggregate``.
        custom: The bank's own rules by name.
    """

    version: str = "standard"
    fields: Mapping[str, FieldRule] = attrs.field(factory=dict)
    custom: Mapping[str, SurvivorshipRule] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        for name, rule in self.fields.items():
            if problem := self._problem(name, rule):
                raise ConfigurationError(
                    f"the survivorship rule of {name} {problem}", path=f"fields.{name}", rule="survivorship"
                )

    def _problem(self, name: str, rule: FieldRule) -> str:
        found = [catalogue[name] for catalogue in CATALOGUE.values() if name in catalogue]
        needs = {
            Strategy.SOURCE_ORDER: rule.sources,
            Strategy.SAME_WINNER_AS: rule.follows,
            Strategy.CUSTOM: rule.custom,
        }
        if not found:
            return "is of no field of the catalogue"
        if not any(name in forms for forms in FORMS.values()):
            return "is not to be set: what is said otherwise than by forms stands by a rule of its own"
        if any(bool(given) != (rule.strategy is strategy) for strategy, given in needs.items()):
            return (
                "needs sources for source_order, follows for same_winner_as, custom for custom, and none of them else"
            )
        if rule.strategy is Strategy.AGGREGATE and any(field.type is not FieldType.CHILDREN for field in found):
            return "aggregates a field that has one value; only documents, holdings and the like are joined"
        if rule.strategy is Strategy.CUSTOM and rule.custom not in self.custom:
            return f"names a rule that was not given: {rule.custom}"
        return self._circle(name) if rule.follows else ""

    def _circle(self, name: str) -> str:
        seen, at = {name}, self.fields[name].follows
        if not any(at in catalogue and name in catalogue for catalogue in CATALOGUE.values()):
            return f"follows {at}, which no customer with the field has"
        while at:
            if at in seen:
                return "follows itself in a circle"
            seen.add(at)
            at = self.fields[at].follows if at in self.fields else ""
        return ""

    def of(self, field: Field) -> FieldRule:
        """The rule of a field."""
        if field.name in self.fields:
            return self.fields[field.name]
        if field.whole:
            return _LATEST
        return _JOINED if field.type is FieldType.CHILDREN else _TRUSTED

    @classmethod
    def read(cls, path: Path, custom: Mapping[str, SurvivorshipRule] | None = None) -> SurvivorshipRules:
        """
        The rules in the TOML file *path*: ``version``, and under ``[fields.NAME]`` what `FieldRule` has.

        Raises:
            ConfigurationError: The file is missing or malformed, or a rule is none; the message says which.
        """
        table = read_toml(path, "survivorship rules", ConfigurationError, "survivorship")
        fields = table.get("fields", {})
        if (
            set(table) - {"version", "fields"}
            or not isinstance(fields, dict)
            or not isinstance(table.get("version"), str)
        ):
            raise ConfigurationError(
                f"{path}: survivorship rules have a version and [fields.NAME], and nothing else", path=str(path),
                rule="survivorship",
            )  # fmt: skip
        return cls(
            version=table["version"], fields={name: _read(name, entry) for name, entry in fields.items()},
            custom=custom or {},
        )  # fmt: skip


_JOINED, _LATEST, _TRUSTED = FieldRule(strategy=Strategy.AGGREGATE), FieldRule(strategy=Strategy.RECENCY), FieldRule()
STANDARD_RULES = SurvivorshipRules()
"""Every field by trust, children joined, but of those that are one statement the latest."""


def _read(name: str, entry: Any) -> FieldRule:
    known = {"strategy": str, "sources": list, "follows": str, "custom": str}
    good = isinstance(entry, dict) and set(entry) <= set(known)
    good = good and all(isinstance(value, known[key]) for key, value in entry.items())
    good = good and all(isinstance(source, str) for source in entry.get("sources", ()))
    if not good or entry.get("strategy", "trust") not in set(Strategy):
        raise ConfigurationError(
            f"the survivorship rule of {name} has a strategy ({', '.join(Strategy)}) and, where that needs it, sources, "
            f"follows or custom",
            path=f"fields.{name}", rule="survivorship",
        )  # fmt: skip
    return FieldRule(
        strategy=Strategy(entry.get("strategy", "trust")), sources=tuple(entry.get("sources", ())),
        follows=entry.get("follows", ""), custom=entry.get("custom", ""),
    )  # fmt: skip
