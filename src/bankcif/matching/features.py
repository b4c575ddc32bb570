"""What of a record is compared: computed from its stored values, first as words, then as numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from ..identifiers import facts_of, resident_ids
from ..party import PartyKind
from ..wording import OrganizationName, PersonName, organization_name, person_name
from .lanes import BASE, MASK, Lane, Lanes, digits, mix, pack, symbols, text_hash
from .places import bigram_bits, place_lanes
from .sounds import name_lanes

__all__ = ["NATIONAL", "Features", "features_of", "lanes_of", "table_of"]

NATIONAL: Mapping[PartyKind, str] = {PartyKind.INDIVIDUAL: "cn.resident_id", PartyKind.ORGANIZATION: "cn.uscc"}
"""The scheme whose number every party of a kind has one of, and for life."""

EARLIEST = "1900-01-02"
"""An earlier birth date is a filler: the day before stands where none is known, and nobody so old lives."""

_MOST_DOCUMENTS = 3
_CENTURIES = ("18", "19", "20")


@attrs.frozen(kw_only=True, repr=False)
class Features:
    """
    One record's features; empty text means missing.

    Attributes:
        kind: Party kind; only records of one kind are compared.
        name, name_key: Standard name, and its form without script and separators (an organization's core name).
        surname: Surname; legal form of an organization.
        readings: Letters of the name in every likely reading.
        letters: Words of a Latin name in alphabetical order.
        person, organization: The name taken apart, of who has one.
        identifiers: (scheme, number) of every number that identifies one party.
        documents: The same of every other number of a document.
        mistyped: A national number as it was typed, where it is none.
        phone, email: Without extension; in lower case.
        born: Birth date, from the resident ID where none is given.
        sex: ``1``, ``2`` or missing.
        region: Six digits of the division or postcode, given beside the address.
        address: As written.
        branch: The branch that keeps the customer, as the record says; by it names are searched.
        holdings: Tokens of accounts and cards, which several people may share; by them customers are found, and not compared.
    """

    kind: PartyKind
    name: str = ""
    name_key: str = ""
    surname: str = ""
    readings: tuple[str, ...] = ()
    letters: str = ""
    person: PersonName | None = None
    organization: OrganizationName | None = None
    identifiers: tuple[tuple[str, str], ...] = ()
    documents: tuple[tuple[str, str], ...] = ()
    mistyped: str = ""
    phone: str = ""
    email: str = ""
    born: str = ""
    sex: str = ""
    region: str = ""
    address: str = ""
    branch: str = ""
    holdings: tuple[str, ...] = ()


def features_of(
    kind: PartyKind, values: Mapping[str, Any], identifying: frozenset[str], *, mistyped: str = ""
) -> Features:
    """
    The features of a record.

    Args:
        kind: Party kind.
        values: Stored values by field name.
        identifying: Schemes whose numbers identify one party.
        mistyped: A national number that was typed and is none; compared, and nothing else.
    """
    documents = values.get("identifiers", ())
    pairs = [(d["scheme"], d["number"]) for d in documents]
    address = values.get("address") or {}
    common: dict[str, Any] = {
        "identifiers": tuple(pair for pair in pairs if pair[0] in identifying),
        "documents": tuple(p for p in pairs if p[0] not in identifying and not p[0].startswith("bank.")),
        "mistyped": mistyped,
        "phone": values.get("phone", "").partition(";")[0],
        "email": values.get("email", "").casefold(),
        # What an address tells of its division is compared with the address.
        "region": values.get("region", ""),
        "address": address.get("text", ""),
        "branch": values.get("home_branch") or "",
        "holdings": tuple(dict.fromkeys(one["token"] for one in values.get("holdings") or () if one.get("token"))),
    }
    written = values.get("name", "")
    if kind is PartyKind.ORGANIZATION:
        if not written:
            return Features(kind=kind, **common)
        name = organization_name(written)
        return Features(
            kind=kind, name=name.standard, name_key=name.core, surname=name.legal_form, organization=name, **common
        )
    born, sex = values.get("birth_date", ""), values.get("sex", "")
    if not born or sex not in ("1", "2"):
        for number in resident_ids(documents):
            facts = facts_of(number)
            born, sex = born or facts.birth_date.isoformat(), sex if sex in ("1", "2") else facts.sex
    if not written:
        return Features(kind=kind, born=born, sex=sex, **common)
    person = person_name(written)
    return Features(
        kind=kind, name=person.standard, name_key=person.key, surname=person.surname, readings=person.readings,
        letters=person.letters, person=person, born=born, sex=sex, **common,
    )  # fmt: skip


def lanes_of(record: Features) -> list[int]:
    """The numbers of *record*, in the order of `Lane`. Cost: some 60 µs for a person with an address."""
    found = [0] * len(Lane)
    parts = [
        _name_of(record),
        id_lanes(record.kind, *_national(record)),
        _documents(record),
        place_lanes(record.address),
    ]
    for lane, value in ((lane, value) for part in parts for lane, value in part.items()):
        found[lane] |= value
    found[Lane.FLAGS] |= int(record.sex) if record.sex in ("1", "2") else 0
    found[Lane.PHONE] = digits(record.phone)
    found[Lane.EMAIL] = text_hash(record.email)
    found[Lane.MAILBOX] = symbols(record.email.partition("@")[0])
    found[Lane.BORN] = digits(record.born.replace("-", "")) if len(record.born) == 10 and record.born >= EARLIEST else 0
    found[Lane.REGION] = digits(record.region) if len(record.region) <= 6 else 0
    return found


def table_of(records: Sequence[Features]) -> Lanes:
    """The numbers of *records*, a row each."""
    return np.array([lanes_of(one) for one in records], np.uint64).reshape(len(records), len(Lane))


def _name_of(record: Features) -> dict[Lane, int]:
    if record.person is not None:
        return name_lanes(record.person)
    if not record.name:
        return {}
    first, second = bigram_bits(record.name_key)
    return {
        Lane.NAME: text_hash(record.name), Lane.KEY: text_hash(record.name_key), Lane.SURNAME: text_hash(record.surname),
        Lane.CHARS: pack((ord(c) & 0xFFFF for c in record.name_key[:4]), 16),
        Lane.SYLLABLES: pack((ord(c) & 0xFFFF for c in record.name_key[-4:]), 16),
        Lane.SOUND: first, Lane.SOUND_2: second,
    }  # fmt: skip


def _national(record: Features) -> tuple[str, bool]:
    """The national number of *record*, and whether it is valid."""
    scheme = NATIONAL[record.kind]
    numbers = [number for s, number in (*record.identifiers, *record.documents) if s == scheme]
    return (numbers[0], True) if numbers else (record.mistyped, False)


def id_lanes(kind: PartyKind, number: str, valid: bool) -> dict[Lane, int]:
    """
    The numbers of a national number, in whichever form: of a resident ID, old and new meet in the fifteen digits that both
    have; of a credit code, its organization code counts.
    """
    if not number:
        return {}
    if kind is PartyKind.ORGANIZATION:
        core, rest = symbols(number[8:17] if len(number) == 18 else number[:10]), number[:8] + number[17:]
    elif len(number) == 17 and number[6:8] not in _CENTURIES and number[5:7] in _CENTURIES:
        core, rest = digits(number[:5] + number[7:16]), ""  # a digit of the division was lost
    elif len(number) >= 17:
        core, rest = digits(number[:6] + number[8:17]), number[6:8] + number[17:18]
    else:
        core, rest = digits(number[:15]), ""
    left_out = (mix(text_hash(rest)) & 0xFF or 1) if rest and len(number) == 18 else 0
    return {Lane.ID: core, Lane.FLAGS: left_out << 8 | valid << 4} if core else {}


def _documents(record: Features) -> dict[Lane, int]:
    """The numbers of documents beside the first national one, identifying ones first."""
    scheme, first = NATIONAL[record.kind], True
    found: list[tuple[int, str]] = []
    for one, number in (*record.identifiers, *record.documents):
        if one == scheme and first:
            first = False
        elif one == scheme:
            found.append((mixed_id(id_lanes(record.kind, number, True)[Lane.ID]), number))
        else:
            found.append((mix((text_hash(one) * BASE + text_hash(number)) & MASK) or 1, number))
    lanes = (Lane.DOCUMENT, Lane.DOCUMENT_2, Lane.DOCUMENT_3)
    out = {lane: value for lane, (value, _) in zip(lanes, found[:_MOST_DOCUMENTS], strict=False)}
    if not found:
        return {}
    identifies = any(pair[0] != scheme for pair in record.identifiers) or len(record.identifiers) > 1
    return out | {Lane.NUMBER: symbols(found[0][1]), Lane.FLAGS: identifies << 5}


def mixed_id(core: int) -> int:
    """A national number as it stands among further documents."""
    return mix((core + BASE) & MASK) or 1
