"""
Customers of the Open Bank Project.

Source: Open Bank Project API, CustomerJsonV310 (as its documentation and SDKs describe it): the fields, and days as ``YYYY-MM-DDT00:00:00Z``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import attrs

from ..errors import InputError
from ..party import PartyKind
from .shape import Converted, Loss, Taken, bare, left_over, text_of

__all__ = ["OpenBank"]

_FIELDS = {
    "legal_name": "name", "mobile_phone_number": "phone", "email": "email", "date_of_birth": "birth_date", "branch_id": "home_branch",
}  # fmt: skip
_NUMBER = "bank.customer_no"
_FILLER_BEFORE = 1900
_NO_PLACE = {
    "bank_id": "the bank is the tenant", "customer_id": "the other system's own id; keep it as the source key", "face_image": "pictures are kept elsewhere, and referred to",
    "relationship_status": "it is no field", "dependants": "it is no field", "dob_of_dependants": "days of others are theirs", "credit_limit": "limits belong to products",
    "highest_education_attained": "it is no field", "employment_status": "it is no occupation after GB/T 6565", "kyc_status": "where a review stands follows from reviews",
    "last_ok_date": "where a review stands follows from reviews", "title": "it is no part of a name", "name_suffix": "it is no part of a name",
}  # fmt: skip


@attrs.frozen
class OpenBank:
    """
    See `Shape`.

    Args:
        bank_id: The other system's id of the bank.
    """

    bank_id: str = ""
    name: str = "open_bank"

    def out(self, kind: PartyKind, values: Mapping[str, Any]) -> Converted:
        """See `Shape.out`."""
        said = bare(kind, values)
        document: dict[str, Any] = {"bank_id": self.bank_id} if self.bank_id else {}
        carried = set()
        for theirs, ours in _FIELDS.items():
            if ours in said:
                document[theirs] = f"{said[ours]}T00:00:00Z" if ours == "birth_date" else said[ours]
                carried.add(ours)
        lost: list[Loss] = []
        numbers = [one for one in said.get("identifiers", ()) if one["scheme"] == _NUMBER]
        if numbers:
            document["customer_number"] = numbers[0]["number"]
        if len(said.get("identifiers", ())) > len(numbers[:1]):
            lost.append(Loss("identifiers", "there is a place for the customer number alone"))
        if "credit_rating" in said:
            document["credit_rating"] = {
                "rating": said["credit_rating"],
                "source": said.get("credit_rating_source", ""),
            }
            carried |= {"credit_rating", "credit_rating_source"}
        if "birth_date" not in said and kind is PartyKind.ORGANIZATION and "founded_on" in said:
            lost.append(Loss("founded_on", "it is no birth date"))
            carried.add("founded_on")
        lost += left_over(kind, values, {*carried, "identifiers"})
        return Converted(document=document, lost=tuple(lost))

    def take(self, document: Mapping[str, Any]) -> Taken:
        """See `Shape.take`. Whether it is a person or an organization the form does not say; it is taken for a person."""
        values: dict[str, Any] = {}
        lost = [Loss(f"$.{name}", why) for name, why in _NO_PLACE.items() if document.get(name) not in (None, "", [])]
        for theirs, ours in _FIELDS.items():
            text = text_of(document, theirs, "$")
            if ours == "birth_date" and text:
                day = _day(text)
                if day.year < _FILLER_BEFORE:
                    lost.append(Loss("$.date_of_birth", "it is a filler, and no day"))
                    continue
                text = day.isoformat()
            if text:
                values[ours] = text
        number = text_of(document, "customer_number", "$")
        if number:
            values["identifiers"] = [{"scheme": _NUMBER, "number": number}]
        rating = document.get("credit_rating")
        if rating is not None and not isinstance(rating, Mapping):
            raise InputError(
                "a credit rating is an object with rating and source", path="$.credit_rating", rule="interop"
            )
        if rating and rating.get("rating"):
            values["credit_rating"] = text_of(rating, "rating", "$.credit_rating")
            if source := text_of(rating, "source", "$.credit_rating"):
                values["credit_rating_source"] = source
        known = {*_FIELDS, *_NO_PLACE, "customer_number", "credit_rating"}
        lost += [Loss(f"$.{name}", "it is not known") for name in document if name not in known]
        return Taken(kind=PartyKind.INDIVIDUAL, values=values, lost=tuple(lost))


def _day(text: str) -> date:
    problem = False
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        problem = True
    assert problem, "a day that was read was returned"
    raise InputError("a day is expected, as YYYY-MM-DD", path="$.date_of_birth", rule="interop")
