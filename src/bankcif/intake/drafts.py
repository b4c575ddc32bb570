"""
Semi-automatic capture: what a camera, a chip or another system read fills a form in, and a person confirms it.

A draft is not stored. It says of each value where it comes from, what is missing and what is wrong; what the person
confirms becomes a form and goes the way of every other form.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import attrs

from ..errors import InputError
from ..identifiers import Mrz, MrzFacts, ResidentIdKind, SchemeSet, facts_of, resident_ids
from ..party import Fault, Individual, Organization, Party, PartyKind, countries_by_alpha3, party_from
from .standardize import Standardizer
from .validate import CaptureStandard

__all__ = ["Draft", "draft"]

_PASSPORT = ("P",)
_CAPTURED = "captured"


@attrs.frozen(kw_only=True, repr=False)
class Draft:
    """
    A form filled in, for a person to confirm.

    Attributes:
        kind: Party kind.
        values: Field name to plain value, as `party_from` takes it.
        origins: Field name to where it comes from: ``captured``, or the scheme of the number that says it.
        missing: Fields that the capture standard requires and nothing gave.
        faults: Everything else found, errors and warnings; an error has to be corrected before the form is taken.
    """

    kind: PartyKind
    values: Mapping[str, Any]
    origins: Mapping[str, str]
    missing: tuple[str, ...]
    faults: tuple[Fault, ...]

    def confirmed(self, **changes: Any) -> Party:
        """
        The form that a person confirms: the draft's values with *changes*; None takes a value away.

        Raises:
            IntakeError: A change has the wrong shape.
        """
        values = {name: value for name, value in {**self.values, **changes}.items() if value is not None}
        return party_from(values, Individual if self.kind is PartyKind.INDIVIDUAL else Organization)


def draft(
    standard: CaptureStandard,
    captured: Mapping[str, Any],
    *,
    mrz: str = "",
    standardizer: Standardizer,
    schemes: SchemeSet,
    today: date,
) -> Draft:
    """
    A draft for *standard* from *captured* plain values and, if a document was read, its machine-readable zone.

    What was captured stands; the zone, and then a valid resident ID, fill in what is empty. A contradiction between them is
    a warning, as in any form.

    Raises:
        InputError: The zone is none, or belongs to an organization; the message does not hold it.
    """
    values, origins = dict(captured), dict.fromkeys(captured, _CAPTURED)

    def fill(origin: str, found: Mapping[str, Any]) -> None:
        for name, value in found.items():
            if value and name not in values:
                values[name], origins[name] = value, origin

    if mrz:
        fill("icao.mrz", _from_zone(mrz, schemes, standard.kind))
    before = standardizer.standardize(standard.kind, values)
    for number in resident_ids(before.values.get("identifiers", ())):
        fill("cn.resident_id", _from_resident_id(number))
    checked = standard.check(standardizer.standardize(standard.kind, values), today=today)
    missing = dict.fromkeys(f.path.removeprefix("$.") for f in checked.faults if f.rule in ("required", "conditional"))
    return Draft(
        kind=standard.kind, values=values, origins=origins, missing=tuple(missing),
        faults=tuple(fault for fault in checked.faults if fault.rule not in ("required", "conditional")),
    )  # fmt: skip


def _from_zone(text: str, schemes: SchemeSet, kind: PartyKind) -> dict[str, Any]:
    scheme = schemes["icao.mrz"]
    facts = scheme.parse(text) if isinstance(scheme, Mrz) else None
    if not isinstance(facts, MrzFacts) or kind is not PartyKind.INDIVIDUAL:
        raise InputError("that is no machine-readable zone of a person's document; read it again, or type the form",
                         path="$", rule="mrz")  # fmt: skip
    document: dict[str, Any] = {"scheme": "passport", "number": facts.number}
    if facts.expires is not None:
        document["valid_until"] = facts.expires.isoformat()
    return {
        "name": " ".join(part for part in (facts.surname, facts.given_names) if part),
        "foreign_name": " ".join(part for part in (facts.surname, facts.given_names) if part),
        "sex": facts.sex, "birth_date": facts.birth_date.isoformat() if facts.birth_date else "",
        "nationality": facts.country or countries_by_alpha3().get(facts.nationality, ""),
        "identifiers": [document] if facts.document.startswith(_PASSPORT) else [],
    }  # fmt: skip


def _from_resident_id(number: str) -> dict[str, Any]:
    facts = facts_of(number)
    country = "CN" if facts.kind is ResidentIdKind.CITIZEN else facts.country or ""
    return {"birth_date": facts.birth_date.isoformat(), "sex": facts.sex, "nationality": country}
