"""
Clients of Apache Fineract: what ``GET /clients/{id}`` gives is taken in, and what ``POST /clients`` takes is given out.

Source: Apache Fineract, the API's description of clients: names, ``legalForm``, days as ``[year, month, day]`` in answers and as text with a ``dateFormat`` in requests.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

import attrs

from ..errors import InputError
from ..party import PartyKind
from .shape import Converted, Loss, Taken, bare, clipped, left_over, text_of

__all__ = ["Fineract"]

_NUMBER = "bank.customer_no"
_DATE_FORMAT = "yyyy-MM-dd"
_FORM = {PartyKind.INDIVIDUAL: 1, PartyKind.ORGANIZATION: 2}
_GENDERS = {"male": "1", "female": "2", "男": "1", "女": "2"}
_MOST_NAME, _MOST_MOBILE, _MOST_EXTERNAL = 160, 50, 100
_NO_PLACE = {
    "id": "the other system's own id; keep it as the source key", "accountNo": "the other system's own number; keep it as the source key", "status": "where a customer stands is taken step by step",
    "subStatus": "where a customer stands is taken step by step", "active": "where a customer stands is taken step by step", "timeline": "who did what stands in each system's own log",
    "clientType": "its values are each installation's own", "clientClassification": "its values are each installation's own", "isStaff": "it is no field",
    "officeName": "the branch is told by its id", "staffName": "the manager is told by their id", "groups": "groups are relations of several", "savingsProductId": "products come with holdings",
    "savingsProductName": "products come with holdings", "savingsAccountId": "products come with holdings", "imageId": "pictures are kept elsewhere", "imagePresent": "pictures are kept elsewhere",
    "displayName": "it follows from the name", "clientCollateralManagements": "collateral is no customer data",
}  # fmt: skip


@attrs.frozen
class Fineract:
    """
    See `Shape`.

    Args:
        locale: Of requests.
    """

    locale: str = "en"
    name: str = "fineract"

    def out(self, kind: PartyKind, values: Mapping[str, Any]) -> Converted:
        """See `Shape.out`."""
        said = bare(kind, values)
        lost: list[Loss] = []
        document: dict[str, Any] = {"legalFormId": _FORM[kind], "dateFormat": _DATE_FORMAT, "locale": self.locale}
        carried = {
            "name",
            "phone",
            "email",
            "birth_date",
            "sex",
            "home_branch",
            "customer_since",
            "identifiers",
            "manager",
            "founded_on",
        }
        for ours, theirs, most in (
            ("name", "fullname", _MOST_NAME),
            ("phone", "mobileNo", _MOST_MOBILE),
            ("email", "emailAddress", _MOST_NAME),
        ):
            if ours in said:
                document[theirs] = clipped(said[ours], most, ours, lost)
        born = said.get("birth_date") or said.get("founded_on")
        if born:
            document["dateOfBirth"] = born  # of an organization, when it was incorporated
        if "customer_since" in said:
            document["submittedOnDate"] = said["customer_since"]
        for ours, theirs in (("home_branch", "officeId"), ("manager", "staffId")):
            if ours in said:
                if re.fullmatch("0|[1-9][0-9]{0,17}", said[ours]):  # and no zero in front, which a number would lose
                    document[theirs] = int(said[ours])
                else:
                    lost.append(Loss(ours, "the other side knows it by a number; map it to its id"))
        if "sex" in said:
            lost.append(Loss("sex", "the other side knows it by the id of a code of each installation"))
        numbers = [one for one in said.get("identifiers", ()) if one["scheme"] == _NUMBER]
        if numbers:
            document["externalId"] = clipped(numbers[0]["number"], _MOST_EXTERNAL, "identifiers", lost)
        if len(said.get("identifiers", ())) > len(numbers[:1]):
            lost.append(
                Loss("identifiers", "documents are added by a request each, with the id of a code of each installation")
            )
        return Converted(document=document, lost=(*lost, *left_over(kind, values, carried)))

    def take(self, document: Mapping[str, Any]) -> Taken:
        """See `Shape.take`."""
        entity = (
            _code(document.get("legalForm")) == "legalformtype.entity"
            or document.get("legalFormId") == _FORM[PartyKind.ORGANIZATION]
        )
        kind = PartyKind.ORGANIZATION if entity else PartyKind.INDIVIDUAL
        lost = [
            Loss(f"$.{name}", why) for name, why in _NO_PLACE.items() if document.get(name) not in (None, "", [], {})
        ]
        parts = [text_of(document, name, "$") for name in ("firstname", "middlename", "lastname")]
        name = text_of(document, "fullname", "$") or " ".join(part for part in parts if part)
        since = _day(document.get("activationDate") or document.get("submittedOnDate"), "$.activationDate")
        born = _day(document.get("dateOfBirth"), "$.dateOfBirth")
        read = (
            ("name", name), ("phone", text_of(document, "mobileNo", "$")), ("email", text_of(document, "emailAddress", "$")),
            ("home_branch", text_of(document, "officeId", "$")), ("manager", text_of(document, "staffId", "$")), ("customer_since", since),
            ("founded_on" if entity else "birth_date", born),
        )  # fmt: skip
        values: dict[str, Any] = {ours: said for ours, said in read if said}
        sex = _named(document.get("gender"))
        if sex and not entity:
            if sex.casefold() in _GENDERS:
                values["sex"] = _GENDERS[sex.casefold()]
            else:
                lost.append(Loss("$.gender", "its name is none that is known"))
        external = text_of(document, "externalId", "$")
        if external:
            values["identifiers"] = [{"scheme": _NUMBER, "number": external}]
        details = document.get("clientNonPersonDetails")
        if isinstance(details, Mapping) and any(not isinstance(one, Mapping) for one in details.values()):
            lost.append(Loss("$.clientNonPersonDetails", "of what register a number is, it does not say"))
        known = {
            "legalForm", "legalFormId", "dateFormat", "locale", "submittedOnDate", "firstname", "middlename", "lastname", "fullname", "activationDate", "dateOfBirth", "mobileNo", "emailAddress", "officeId",
            "staffId", "gender", "externalId", "clientNonPersonDetails", *_NO_PLACE,
        }  # fmt: skip
        lost += [Loss(f"$.{name}", "it is not known") for name in document if name not in known]
        return Taken(kind=kind, values=values, lost=tuple(lost))


def _code(value: Any) -> str:
    return str(value.get("code") or "").casefold() if isinstance(value, Mapping) else ""


def _named(value: Any) -> str:
    return str(value.get("name") or "") if isinstance(value, Mapping) else ""


def _day(value: Any, path: str) -> str:
    """A day as ``[year, month, day]`` or as text."""
    if value in (None, ""):
        return ""
    found = None
    try:
        found = date(*value) if isinstance(value, list) else date.fromisoformat(value)
    except (TypeError, ValueError, OverflowError):
        pass
    if found is None:
        raise InputError("a day is expected, as [year, month, day] or YYYY-MM-DD", path=path, rule="interop")
    return found.isoformat()
