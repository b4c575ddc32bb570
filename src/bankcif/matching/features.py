"""What of a record is compared: computed from its stored values, for one record or for many, by the same function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..identifiers import facts_of, resident_ids
from ..party import PartyKind
from ..wording import organization_name, person_name

__all__ = ["FeatureTable", "Features", "features_of"]

MOST_READINGS = 4


@attrs.frozen(kw_only=True, repr=False)
class Features:
    """
    One record's features; empty text means missing.

    Attributes:
        kind: Party kind; only records of one kind are compared.
        name, name_key: Standard name, and its form without script and separators (an organization's core name).
        surname: Surname of a Han name; legal form of an organization.
        readings: Letters of the name in every likely reading.
        letters: Words of a Latin name in alphabetical order.
        identifiers: (scheme, number) of every identifying number.
        phone, email: Without extension; in lower case.
        born: Birth date, from the resident ID where none is given.
        sex: ``1``, ``2`` or missing.
        division, address: Six-digit code; detail of the address in its comparison form.
    """

    kind: PartyKind
    name: str = ""
    name_key: str = ""
    surname: str = ""
    readings: tuple[str, ...] = ()
    letters: str = ""
    identifiers: tuple[tuple[str, str], ...] = ()
    phone: str = ""
    email: str = ""
    born: str = ""
    sex: str = ""
    division: str = ""
    address: str = ""


def features_of(kind: PartyKind, values: Mapping[str, Any], identifying: frozenset[str]) -> Features:
    """
    The features of a record.

    Args:
        kind: Party kind.
        values: Stored values by field name.
        identifying: Schemes whose numbers identify one party.
    """
    documents = values.get("identifiers", ())
    address = values.get("address") or {}
    common = {
        "identifiers": tuple((d["scheme"], d["number"]) for d in documents if d["scheme"] in identifying),
        "phone": values.get("phone", "").partition(";")[0],
        "email": values.get("email", "").casefold(),
        "division": address.get("code", ""),
        "address": address.get("key", ""),
    }
    written = values.get("name", "")
    if kind is PartyKind.ORGANIZATION:
        name = organization_name(written)
        return Features(kind=kind, name=name.standard, name_key=name.core, surname=name.legal_form, **common)
    born, sex = values.get("birth_date", ""), values.get("sex", "")
    if not born or sex not in ("1", "2"):
        for number in resident_ids(documents):
            facts = facts_of(number)
            born, sex = born or facts.birth_date.isoformat(), sex if sex in ("1", "2") else facts.sex
    if not written:
        return Features(kind=kind, born=born, sex=sex, **common)
    person = person_name(written)
    return Features(
        kind=kind, name=person.standard, name_key=person.key, surname=person.surname if person.han else "",
        readings=person.readings, letters=person.letters, born=born, sex=sex, **common,
    )  # fmt: skip


@attrs.frozen(kw_only=True, repr=False)
class FeatureTable:
    """
    Features of many records in columns: each text as a number that is equal where the text is, 0 where it is missing.

    Attributes:
        codes: Column name to numbers, shape (records,).
        readings: Codes of the readings, shape (records, 4).
        texts: Column name to texts, for comparisons that must look into them.
        identifiers: Each record's identifying numbers.
    """

    codes: Mapping[str, NDArray[np.int64]]
    readings: NDArray[np.int64]
    texts: Mapping[str, Sequence[str]]
    identifiers: Sequence[tuple[tuple[str, str], ...]]

    @classmethod
    def of(cls, records: Sequence[Features]) -> FeatureTable:
        """The columns of *records*, in their order."""
        columns = {
            "name": [r.name for r in records],
            "name_key": [r.name_key for r in records],
            "surname": [r.surname for r in records],
            "letters": [r.letters for r in records],
            "phone": [r.phone for r in records],
            "email": [r.email for r in records],
            "born": [r.born for r in records],
            "sex": [r.sex if r.sex in ("1", "2") else "" for r in records],
            "division": [r.division for r in records],
            "prefecture": [r.division[:4] for r in records],
            "address": [r.address for r in records],
        }
        seen: dict[str, int] = {"": 0}
        readings = [
            [seen.setdefault(text, len(seen)) for text in (*r.readings[:MOST_READINGS], "", "", "", "")[:MOST_READINGS]]
            for r in records
        ]
        return cls(
            codes={name: _codes(column) for name, column in columns.items()},
            readings=np.array(readings, dtype=np.int64).reshape(len(records), MOST_READINGS),
            texts={name: columns[name] for name in ("name_key", "born")},
            identifiers=[r.identifiers for r in records],
        )


def _codes(column: Sequence[str]) -> NDArray[np.int64]:
    seen: dict[str, int] = {"": 0}
    return np.array([seen.setdefault(text, len(seen)) for text in column], dtype=np.int64)
