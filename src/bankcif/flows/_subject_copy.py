"""A copy of what is known of a customer, for themself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import attrs

from ..audit import Outcome
from ..party import CATALOGUE, CifNo, DataGroup, Field, FieldType, Money, PartyKind
from ..storage import UnitOfWork
from ..storage.rows import PartyRow
from ._export import EXPORTED
from ._opened import open_golden, open_provenance
from .desk import Desk
from .trail import LogLine, Shared

__all__ = ["SubjectCopy", "copied"]

_FORMAT = "bankcif/subject-copy/1"
_WITHHELD = frozenset({DataGroup.RISK})
"""What is no part of a copy: what is known of money laundering and lists must not be told to whom it is about."""
_OURS = "bankcif."
_INTERNAL = frozenset({"id", "token", "other", "basis", "score", "opened_by", "decided_by", "placed_by", "person"})
"""Attributes of rows that say nothing of the customer, or something of others."""


@attrs.frozen(kw_only=True, repr=False)
class SubjectCopy:
    """
    A copy of what is known of a customer, for themself.

    Attributes:
        day, cif_no: Of which day, and of whom.
        fields: What is known, with the source it came from; empty of what was said to the bank itself.
        shared: To whom it went.
        withheld: Groups that are no part of it.
    """

    day: date
    cif_no: CifNo
    fields: tuple[Mapping[str, Any], ...]
    shared: tuple[Mapping[str, Any], ...]
    withheld: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """For machines: JSON values alone."""
        return {
            "format": _FORMAT, "day": self.day.isoformat(), "customer": self.cif_no, "fields": [dict(one) for one in self.fields],
            "shared": [dict(one) for one in self.shared], "withheld": list(self.withheld),
        }  # fmt: skip


def copied(desk: Desk, unit: UnitOfWork, row: PartyRow) -> SubjectCopy:
    """All that is known of a customer, in clear, and to whom it went."""
    values, catalogue = open_golden(desk, unit, row), CATALOGUE[PartyKind(row.kind)]
    came = open_provenance(desk, unit, row.cif_no)
    homes = {link.home for link in unit.crosswalk.of_parties([row.cif_no])} | {row.cif_no}
    lines = [LogLine.of(each) for home in sorted(homes) for each in unit.trail.of_subject(CifNo(home))]
    told = [Shared.of(line) for line in lines if line.action == EXPORTED and line.outcome == Outcome.DONE.value]
    fields = tuple(
        {
            "name": field.name,
            "zh": field.zh,
            "en": field.en,
            "group": field.group.value,
            "value": _plain(field, values[field.name]),
            "source": "" if came[field.name][0].startswith(_OURS) else came[field.name][0],
        }
        for field in catalogue.values()
        if field.group not in _WITHHELD and values.get(field.name) not in (None, [], "")
    )
    shared = tuple(
        {
            "recipient": one.recipient,
            "country": one.country,
            "at": one.at,
            "purpose": one.purpose,
            "fields": list(one.fields),
        }
        for one in told
    )
    return SubjectCopy(
        day=desk.today(), cif_no=row.cif_no, fields=fields, shared=shared, withheld=tuple(sorted(_WITHHELD))
    )


def _plain(field: Field, value: Any) -> Any:
    """A value as JSON says it to people: no internal ids, and nothing of others."""
    if field.type is FieldType.MONEY:
        return _amount(value)
    if field.type is FieldType.ADDRESS:
        return value["text"]
    if field.type is FieldType.CHILDREN:
        return [
            {
                name: _amount(said) if isinstance(said, Mapping) and "minor" in said else said
                for name, said in row.items()
                if name not in _INTERNAL
            }
            for row in value
        ]
    return value


def _amount(value: Mapping[str, Any]) -> str:
    money = Money.of_minor(value["minor"], value["currency"])
    return f"{money.currency} {money.amount:f}"
