"""
Parties of ISO 20022 messages: ``PartyIdentification``, as JSON and as XML.

Source: ISO 20022, message component PartyIdentification135 with PostalAddress24, Party38Choice and Contact4 (messages of 2019 and later); external codes for
identifications of persons and organizations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

import attrs

from ..errors import InputError
from ..identifiers import split_e164
from ..party import PartyKind
from .shape import Converted, Loss, Taken, bare, clipped, left_over, text_of

__all__ = ["Iso20022", "party_from_xml", "party_to_xml"]

_MOST_NAME, _MOST_ID, _MOST_LINE, _MOST_LINES = 140, 35, 70, 7
_PERSON = {"cn.resident_id": "NIDN", "cn.passport": "CCPT", "passport": "CCPT", "bank.customer_no": "CUST"}
_FIRM = {"cn.uscc": "COID", "cn.tax_number": "TXID", "bank.customer_no": "CUST"}
_PREFERRED = {"email": "MAIL", "phone": "PHON", "sms": "CELL", "app": "ONLI", "post": "LETT"}
_MOBILE = re.compile(r"861[3-9]\d{9}")
_ORDER = (
    "Nm", "PstlAdr", "Id", "CtryOfRes", "CtctDtls", "AdrTp", "Dept", "SubDept", "StrtNm", "BldgNb", "BldgNm", "Flr", "PstBx", "Room", "PstCd", "TwnNm",
    "TwnLctnNm", "DstrctNm", "CtrySubDvsn", "Ctry", "AdrLine", "OrgId", "PrvtId", "AnyBIC", "LEI", "DtAndPlcOfBirth", "BirthDt", "PrvcOfBirth", "CityOfBirth",
    "CtryOfBirth", "Othr", "NmPrfx", "PhneNb", "MobNb", "FaxNb", "EmailAdr", "EmailPurp", "JobTitl", "Rspnsblty", "PrefrdMtd", "SchmeNm", "Cd", "Prtry", "Issr",
)  # fmt: skip
_ADDRESS = ("CtrySubDvsn", "TwnNm", "DstrctNm", "TwnLctnNm", "StrtNm", "BldgNb", "BldgNm", "Flr", "Room")
_DEEPEST = 20
_MANY = frozenset({"Othr", "AdrLine"})
_MOST_CHARACTERS = 1_000_000


@attrs.frozen
class Iso20022:
    """See `Shape`."""

    name: str = "iso20022"

    def out(self, kind: PartyKind, values: Mapping[str, Any]) -> Converted:
        """See `Shape.out`."""
        said, lost = bare(kind, values), list[Loss]()
        document: dict[str, Any] = {}
        if "name" in said:
            document["Nm"] = clipped(said["name"], _MOST_NAME, "name", lost)
        if "address" in said:
            text = clipped(said["address"], _MOST_LINE * _MOST_LINES, "address", lost)
            document["PstlAdr"] = {"AdrLine": [text[at : at + _MOST_LINE] for at in range(0, len(text), _MOST_LINE)]}
        identity = _identity(kind, said, lost)
        if identity:
            document["Id"] = {"PrvtId" if kind is PartyKind.INDIVIDUAL else "OrgId": identity}
        contact = _contact(said, lost)
        if contact:
            document["CtctDtls"] = contact
        if "birth_date" in said:
            lost.append(Loss("birth_date", "a birth date stands beside city and country of birth, which are not known"))
        carried = {"name", "address", "identifiers", "phone", "email", "preferred_channel", "birth_date"}
        return Converted(document=document, lost=(*lost, *left_over(kind, values, carried)))

    def take(self, document: Mapping[str, Any]) -> Taken:
        """See `Shape.take`. Without an ``OrgId`` it is taken for a person."""
        lost: list[Loss] = []
        identity = _mapping(document, "Id", "$")
        kind = PartyKind.ORGANIZATION if "OrgId" in identity else PartyKind.INDIVIDUAL
        values: dict[str, Any] = {}
        if name := text_of(document, "Nm", "$"):
            values["name"] = name
        if address := _address(_mapping(document, "PstlAdr", "$"), lost):
            values["address"] = address
        inner = "OrgId" if kind is PartyKind.ORGANIZATION else "PrvtId"
        _take_identity(kind, _mapping(identity, inner, "$.Id"), values, lost, f"$.Id.{inner}")
        _take_contact(_mapping(document, "CtctDtls", "$"), values, lost)
        if text_of(document, "CtryOfRes", "$"):
            lost.append(Loss("$.CtryOfRes", "where somebody is resident for tax is certified by themselves"))
        known = {"Nm", "PstlAdr", "Id", "CtryOfRes", "CtctDtls"}
        lost += [Loss(f"$.{name}", "it is not known") for name in document if name not in known]
        return Taken(kind=kind, values=values, lost=tuple(lost))


def party_to_xml(document: Mapping[str, Any], *, tag: str = "Pty", namespace: str = "") -> str:
    """A party, as `Iso20022.out` gives it, as the XML element *tag*; elements stand in the order of the schema."""
    root = _element(tag, document)
    if namespace:
        root.set("xmlns", namespace)
    return ET.tostring(root, encoding="unicode")


def party_from_xml(text: str) -> dict[str, Any]:
    """
    The party in an XML element, as `Iso20022.take` reads it; namespaces are left out.

    Raises:
        InputError: It is no XML, declares a document type or entities, or is larger than a million characters.
    """
    root = None
    if len(text) <= _MOST_CHARACTERS and "<!" not in text:
        try:
            root = ET.fromstring(text)  # noqa: S314 (no document type, no entities, bounded)
        except (ET.ParseError, ValueError):
            pass
    if root is None:
        raise InputError(
            "a party is one XML element without a document type, of a million characters at most",
            path="$",
            rule="interop",
        )
    found = _content(root)
    if not isinstance(found, dict):
        raise InputError("a party has elements", path="$", rule="interop")
    return found


def _identity(kind: PartyKind, said: Mapping[str, Any], lost: list[Loss]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    others: list[dict[str, Any]] = []
    codes = _PERSON if kind is PartyKind.INDIVIDUAL else _FIRM
    for one in said.get("identifiers", ()):
        if kind is PartyKind.ORGANIZATION and one["scheme"] in ("lei", "bic"):
            found["LEI" if one["scheme"] == "lei" else "AnyBIC"] = one["number"]
            continue
        code = codes.get(one["scheme"])
        other: dict[str, Any] = {"Id": clipped(one["number"], _MOST_ID, "identifiers", lost)}
        other["SchmeNm"] = {"Cd": code} if code else {"Prtry": clipped(one["scheme"], _MOST_ID, "identifiers", lost)}
        issuer = one.get("issuer") or ("CN" if one["scheme"] == "cn.passport" else "")
        if issuer:
            other["Issr"] = clipped(issuer, _MOST_ID, "identifiers", lost)
        others.append(other)
        if any(one.get(name) for name in ("valid_from", "valid_until", "long_term")):
            lost.append(Loss("identifiers", "how long a document is valid has no place"))
    if others:
        found["Othr"] = others
    return found


def _contact(said: Mapping[str, Any], lost: list[Loss]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "phone" in said:
        code, number = split_e164(said["phone"])
        place = "MobNb" if _MOBILE.fullmatch(code + number) else "PhneNb"
        if code:
            found[place] = f"+{code}-{number}"
        else:
            lost.append(Loss("phone", "it is not in E.164"))
        if ";" in said["phone"]:
            lost.append(Loss("phone", "an extension has no place"))
    if "email" in said:
        found["EmailAdr"] = said["email"]
    preferred = said.get("preferred_channel")
    if preferred in _PREFERRED:
        found["PrefrdMtd"] = _PREFERRED[preferred]
    elif preferred:
        lost.append(Loss("preferred_channel", "there is no code for it"))
    return found


def _address(said: Mapping[str, Any], lost: list[Loss]) -> str:
    lines = said.get("AdrLine") or []
    lines = lines if isinstance(lines, list) else [lines]
    if not all(isinstance(line, str) for line in lines):
        raise InputError("text is expected", path="$.PstlAdr.AdrLine", rule="interop")
    written = [part for name in _ADDRESS if (part := text_of(said, name, "$.PstlAdr"))]
    parts = [_joined(written), _joined(lines), text_of(said, "PstCd", "$.PstlAdr")]
    known = {*_ADDRESS, "AdrLine", "PstCd", "Ctry"}
    lost += [Loss(f"$.PstlAdr.{name}", "there is no place for it") for name in said if name not in known]
    if said.get("Ctry") not in (None, "CN"):
        lost.append(Loss("$.PstlAdr.Ctry", "the country of an address is no field"))
    return " ".join(part for part in parts if part)


def _joined(parts: Sequence[str]) -> str:
    """Parts of an address: without spaces between where it is written in Chinese."""
    return ("" if any(map(_is_han, parts)) else " ").join(parts)


def _is_han(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)


def _take_identity(
    kind: PartyKind, said: Mapping[str, Any], values: dict[str, Any], lost: list[Loss], path: str
) -> None:
    codes = {code: scheme for scheme, code in (_PERSON if kind is PartyKind.INDIVIDUAL else _FIRM).items()}
    found = [
        {"scheme": scheme, "number": text} for scheme, name in (("lei", "LEI"), ("bic", "AnyBIC")) if (text := text_of(said, name, path))
    ]  # fmt: skip
    others = said.get("Othr") or []
    for at, one in enumerate(others if isinstance(others, list) else [others]):
        if not isinstance(one, Mapping):
            raise InputError("an identification is expected", path=f"{path}.Othr[{at}]", rule="interop")
        scheme = _mapping(one, "SchmeNm", f"{path}.Othr[{at}]")
        name = codes.get(text_of(scheme, "Cd", path)) or text_of(scheme, "Prtry", path)
        number, issuer = text_of(one, "Id", f"{path}.Othr[{at}]"), text_of(one, "Issr", path)
        if not name or not number:
            lost.append(
                Loss(f"{path}.Othr[{at}]", "of what scheme the number is, it does not say by a code that is known")
            )
            continue
        if name == "passport" and issuer == "CN":  # whose numbers have rules of their own
            name, issuer = "cn.passport", ""
        found.append({"scheme": name, "number": number, **({"issuer": issuer} if issuer else {})})
    if found:
        values["identifiers"] = found
    born = _mapping(said, "DtAndPlcOfBirth", path)
    if day := text_of(born, "BirthDt", path):
        values["birth_date"] = day
    lost += [
        Loss(f"{path}.DtAndPlcOfBirth.{name}", "the place of birth is no field") for name in born if name != "BirthDt"
    ]


def _take_contact(said: Mapping[str, Any], values: dict[str, Any], lost: list[Loss]) -> None:
    numbers = [text for name in ("MobNb", "PhneNb") if (text := text_of(said, name, "$.CtctDtls"))]
    if numbers:
        values["phone"] = numbers[0].replace("-", "")
    if len(numbers) > 1:
        lost.append(Loss("$.CtctDtls.PhneNb", "there is one number, and the mobile one was taken"))
    if email := text_of(said, "EmailAdr", "$.CtctDtls"):
        values["email"] = email
    preferred = {code: channel for channel, code in _PREFERRED.items()}.get(text_of(said, "PrefrdMtd", "$.CtctDtls"))
    if preferred:
        values["preferred_channel"] = preferred
    known = {"MobNb", "PhneNb", "EmailAdr", *(["PrefrdMtd"] if preferred else [])}
    lost += [Loss(f"$.CtctDtls.{name}", "there is no place for it") for name in said if name not in known]


def _mapping(document: Mapping[str, Any], name: str, path: str) -> Mapping[str, Any]:
    value = document.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InputError("an object is expected", path=f"{path}.{name}", rule="interop")
    return value


def _element(tag: str, value: Any) -> ET.Element:
    made = ET.Element(tag)
    if not isinstance(value, Mapping):
        made.text = str(value)
        return made
    for name in sorted(value, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER)):
        each: Sequence[Any] = value[name] if isinstance(value[name], list) else [value[name]]
        made.extend(_element(name, one) for one in each)
    return made


def _content(element: ET.Element, depth: int = 0) -> Any:
    inner = list(element)
    if depth > _DEEPEST:
        raise InputError("a party is not as deep as that", path="$", rule="interop")
    if not inner:
        return (element.text or "").strip()
    found: dict[str, Any] = {}
    for name, content in _each(inner, depth + 1):
        if name in _MANY:
            found.setdefault(name, []).append(content)
        elif name in found:
            raise InputError("an element stands there twice", path="$", rule="interop")
        else:
            found[name] = content
    return found


def _each(elements: Sequence[ET.Element], depth: int) -> Iterator[tuple[str, Any]]:
    for element in elements:
        yield element.tag.rpartition("}")[2], _content(element, depth)
