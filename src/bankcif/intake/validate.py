"""
Capture standards: which fields a form must hold, and which must agree with one another; all faults at once.

A contradiction between fields is a warning: it says that one of two values is wrong, not which, and a customer is
not refused for it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import attrs

from ..identifiers import facts_of, resident_ids
from ..party import Fault, PartyKind
from .standardize import Standard

__all__ = ["CaptureStandard", "capture_standards"]

_PAST_DATES = ("birth_date", "founded_on", "customer_since", "last_reached_on")


@attrs.frozen(kw_only=True)
class CaptureStandard:
    """
    What a form of one party kind must hold on one occasion.

    Attributes:
        version: Version of the standard, kept with what was checked by it.
        kind: Party kind.
        occasion: ``account`` (a customer relation) or ``lead`` (somebody the bank may contact).
        required: Fields that must be there.
        any_of: Groups of fields of which at least one must be there.
    """

    version: str
    kind: PartyKind
    occasion: str
    required: tuple[str, ...]
    any_of: tuple[tuple[str, ...], ...]

    def check(self, form: Standard, *, today: date) -> Standard:
        """*form* with the faults of this standard added to its own; *today* is the day in the tenant's zone."""
        faults = [
            *form.faults,
            *self._missing(form),
            *_dates(form.values, today),
            *_contradictions(form.values),
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


@cache
def capture_standards() -> Mapping[tuple[PartyKind, str], CaptureStandard]:
    """The standards that ship with the library, by kind and occasion."""
    table = tomllib.loads(files(__package__).joinpath("data", "standards.toml").read_text(encoding="utf-8"))
    found = [
        CaptureStandard(
            version=table["version"], kind=PartyKind(entry["kind"]), occasion=entry["occasion"],
            required=tuple(entry["required"]), any_of=tuple(map(tuple, entry["any_of"])),
        )
        for entry in table["standard"]
    ]  # fmt: skip
    return {(standard.kind, standard.occasion): standard for standard in found}


def _dates(values: Mapping[str, Any], today: date) -> Iterator[Fault]:
    bound = today.isoformat()
    for name in _PAST_DATES:
        if values.get(name, "") > bound:
            yield Fault(f"$.{name}", "future")
    if values.get("birth_date", bound) < f"{today.year - 130:04}":
        yield Fault("$.birth_date", "age", "warning")
    for index, document in enumerate(values.get("identifiers", ())):
        begins, ends = document.get("valid_from", ""), document.get("valid_until", "")
        if begins and ends and ends < begins:
            yield Fault(f"$.identifiers[{index}].valid_until", "validity_order")
        elif ends and ends < bound:
            yield Fault(f"$.identifiers[{index}].valid_until", "document_expired", "warning")


def _contradictions(values: Mapping[str, Any]) -> Iterator[Fault]:
    for number in resident_ids(values.get("identifiers", ())):
        facts = facts_of(number)
        if values.get("birth_date", facts.birth_date.isoformat()) != facts.birth_date.isoformat():
            yield Fault("$.birth_date", "id_birth_date", "warning")
        if values.get("sex", facts.sex) not in (facts.sex, "0", "9"):
            yield Fault("$.sex", "id_sex", "warning")
