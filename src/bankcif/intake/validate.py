"""
Capture standards: which fields a form must hold, and which must agree with one another; all faults at once.

A standard is data, versioned, per party kind, occasion and, where a channel has one of its own, channel.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import attrs

from ..context import Purpose
from ..errors import ConfigurationError
from ..party import FORMS, LAST_DAY, Fault, PartyKind, age_on
from .children import CHILD_MODELS
from .contradictions import born_on, contradictions
from .standardize import Standard

__all__ = ["CaptureStandard", "CaptureStandards", "Condition", "capture_standards"]

_DAYS_OF_CHILDREN = {
    name: tuple(day for day, kind in shape.items() if kind == "date") for name, shape in CHILD_MODELS.items()
}  # fmt: skip
_PAST_DATES = ("birth_date", "founded_on", "customer_since", "last_reached_on")


@attrs.frozen
class Condition:
    """
    What a form must hold because of something else in it.

    Attributes:
        when: A field (``employer``), a field with a code (``sex=1``), or a document of a scheme
            (``identifiers.passport``).
        require: Fields that must then be there.
    """

    when: str
    require: tuple[str, ...]

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether *values* have what `when` names."""
        field, _, code = self.when.partition("=")
        name, _, scheme = field.partition(".")
        if scheme:
            return any(document["scheme"] == scheme for document in values.get(name, ()))
        return name in values and (not code or values[name] == code)


@attrs.frozen(kw_only=True)
class CaptureStandard:
    """
    What a form of one party kind must hold on one occasion.

    Attributes:
        version: Version of the standard, kept with what was checked by it.
        kind: Party kind.
        occasion: Such as ``account`` (a customer relation), ``lead`` (somebody the bank may contact), ``credit_card``.
        channel: The one channel it is for; empty for all that have none of their own.
        required: Fields that must be there.
        any_of: Groups of fields of which at least one must be there.
        conditions: Fields that must be there because of others.
        minimum_age: Full years that an individual must have, where the birth date is known.
        consents: Purposes that the customer must consent to, themself or for a child their guardian, before anything of them is kept.

    Raises:
        ConfigurationError: There is no such purpose.
    """

    version: str
    kind: PartyKind
    occasion: str
    channel: str = ""
    required: tuple[str, ...] = ()
    any_of: tuple[tuple[str, ...], ...] = ()
    conditions: tuple[Condition, ...] = ()
    minimum_age: int | None = None
    consents: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        if other := sorted(set(self.consents) - set(Purpose)):
            raise ConfigurationError(f"{other[0]} is no purpose that a customer consents to", path="consents")

    def check(self, form: Standard, *, today: date) -> Standard:
        """*form* with the faults of this standard added to its own; *today* is the day in the tenant's zone."""
        faults = [
            *form.faults,
            *self._missing(form),
            *self._young(form.values, today),
            *_dates(form.values, today),
            *contradictions(form.values),
        ]
        return attrs.evolve(form, faults=tuple(faults))

    def _missing(self, form: Standard) -> Iterator[Fault]:
        # A field whose value was refused is there, only wrong: saying "required" too would mislead.
        refused = {fault.path.split(".")[1].split("[")[0] for fault in form.faults
                   if fault.severity == "error" and "." in fault.path}  # fmt: skip
        present = refused | set(form.values)
        for name in self.required:
            if name not in present:
                yield Fault(f"$.{name}", "required")
        for group in self.any_of:
            if present.isdisjoint(group):
                yield Fault(f"$.{group[0]}", "conditional")
        for condition in self.conditions:
            if condition.holds(form.values):
                yield from (Fault(f"$.{name}", "conditional") for name in condition.require if name not in present)

    def _young(self, values: Mapping[str, Any], today: date) -> Iterator[Fault]:
        born = born_on(values) if self.minimum_age is not None else None
        if born is not None and self.minimum_age is not None and age_on(born, today) < self.minimum_age:
            yield Fault("$.birth_date", "minor")


class CaptureStandards:
    """The standards in use, by party kind, occasion and channel; frozen."""

    def __init__(self, standards: Sequence[CaptureStandard]) -> None:
        self._standards = {(one.kind, one.occasion, one.channel): one for one in standards}

    @classmethod
    def read(cls, path: Path) -> CaptureStandards:
        """
        A bank's own standards from a TOML file of the form of ``intake/data/standards.toml``; they replace ours.

        Raises:
            ConfigurationError: The file cannot be read, or names something that is not in the catalogue.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            text = None
        if text is None:
            raise ConfigurationError(f"the capture standards {path.name} cannot be read", path=str(path))
        return cls(_parsed(text, path.name))

    def of(self, kind: PartyKind, occasion: str, channel: str = "") -> CaptureStandard:
        """
        The standard for a form: the channel's own, or else everybody's.

        Raises:
            ConfigurationError: There is none; the message names the occasions there are.
        """
        found = self._standards.get((kind, occasion, channel)) or self._standards.get((kind, occasion, ""))
        if found is None:
            raise ConfigurationError(
                f"there is no capture standard of this occasion; there are {', '.join(self.occasions(kind))}",
                rule="occasion",
            )
        return found

    def occasions(self, kind: PartyKind) -> tuple[str, ...]:
        """Every occasion that a party kind has a standard for."""
        return tuple(dict.fromkeys(one.occasion for one in self._standards.values() if one.kind is kind))

    def __iter__(self) -> Iterator[CaptureStandard]:
        return iter(self._standards.values())


@cache
def capture_standards() -> CaptureStandards:
    """The standards that ship with the library."""
    return CaptureStandards(
        _parsed(files(__package__).joinpath("data", "standards.toml").read_text(encoding="utf-8"), "standards.toml")
    )


_KEYS = {"kind", "occasion", "channel", "required", "any_of", "conditions", "minimum_age", "consents"}


def _parsed(text: str, name: str) -> list[CaptureStandard]:
    problem, found = "", []
    try:
        table = tomllib.loads(text)
        found = [_standard(table["version"], entry) for entry in table["standard"]]
    except tomllib.TOMLDecodeError:
        problem = "is not TOML"
    except KeyError as error:
        problem = (
            f"lacks the key {error.args[0]}" if error.args[0] in ("version", "standard", *_KEYS) else "is incomplete"
        )
    except (ValueError, TypeError, AttributeError) as error:
        problem = f"has an entry of another shape: {error}"
    if problem:
        raise ConfigurationError(f"the capture standards {name}: the file {problem}", path=name)
    return found


def _standard(version: str, entry: Mapping[str, Any]) -> CaptureStandard:
    kind = PartyKind(entry["kind"])
    if unknown := set(entry) - _KEYS:
        raise ValueError(f"{sorted(unknown)[0]} is not a key of a standard")
    conditions = tuple(Condition(one["when"], tuple(one["require"])) for one in entry.get("conditions", ()))
    standard = CaptureStandard(
        version=str(version), kind=kind, occasion=entry["occasion"], channel=entry.get("channel", ""),
        required=tuple(entry.get("required", ())), any_of=tuple(map(tuple, entry.get("any_of", ()))),
        conditions=conditions, minimum_age=entry.get("minimum_age"), consents=tuple(entry.get("consents", ())),
    )  # fmt: skip
    named = [*standard.required, *(name for group in standard.any_of for name in group)]
    for condition in conditions:
        named += [condition.when.partition("=")[0].partition(".")[0], *condition.require]
    for name in named:
        if name not in FORMS[kind]:
            raise ValueError(f"{name} is not a field of kind {kind.value}")
    return standard


def _dates(values: Mapping[str, Any], today: date) -> Iterator[Fault]:
    bound = today.isoformat()
    for name in _PAST_DATES:
        if values.get(name, "") > bound:
            yield Fault(f"$.{name}", "future")
    for index, one in enumerate(values.get("tax_residences", ())):
        if one.get("certified_on", "") > bound:
            yield Fault(f"$.tax_residences[{index}].certified_on", "future")
    if values.get("birth_date", bound) < f"{today.year - 130:04}":
        yield Fault("$.birth_date", "age", "warning")
    for index, document in enumerate(values.get("identifiers", ())):
        begins, ends = document.get("valid_from", ""), document.get("valid_until", "")
        if begins and ends and ends < begins:
            yield Fault(f"$.identifiers[{index}].valid_until", "validity_order")
        elif ends and ends < bound:
            yield Fault(f"$.identifiers[{index}].valid_until", "document_expired", "warning")
    yield from _overlaps(values)
    yield from _before_birth(values)


def _overlaps(values: Mapping[str, Any]) -> Iterator[Fault]:
    """Documents with one number of which two are valid on a day: the later one has taken the place of the other."""
    spans: dict[tuple[str, str], list[tuple[str, str, int]]] = {}
    for index, one in enumerate(values.get("identifiers", ())):
        if one.get("valid_from") and (one.get("valid_until") or one.get("long_term")):
            span = (one["valid_from"], one.get("valid_until") or LAST_DAY.isoformat(), index)
            spans.setdefault((one["scheme"], one["number"]), []).append(span)
    for found in spans.values():
        for before, after in pairwise(sorted(found)):
            if after[0] < before[1]:  # on the day on which one ends the next may begin
                yield Fault(f"$.identifiers[{after[2]}].valid_from", "validity_overlap")


def _before_birth(values: Mapping[str, Any]) -> Iterator[Fault]:
    """Days of a person's life with the bank that lie before it."""
    born = born_on(values)
    if born is None:
        return
    first = born.isoformat()
    for name in ("customer_since", "last_reached_on", "investment_grade_until"):
        if values.get(name) and values[name] < first:
            yield Fault(f"$.{name}", "before_birth")
    for name, days in _DAYS_OF_CHILDREN.items():
        for index, one in enumerate(values.get(name, ())):
            for day in days:
                if one.get(day) and one[day] < first:
                    yield Fault(f"$.{name}[{index}].{day}", "before_birth")
