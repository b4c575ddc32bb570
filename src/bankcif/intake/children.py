"""The shapes of children of a form: which attributes each has, of what kind, and without which it is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from ..party import Holding, Identifier, Interaction, MonthlyBalance, TaxResidence, TransactionSummary

__all__ = ["CHILD_MODELS", "CODES_OF_CHILDREN", "NEEDED_OF_CHILDREN", "ONCE_OF_CHILDREN", "ONE_OF_CHILDREN"]


def _shape(model: Any) -> dict[str, str]:
    kinds = (("Money", "money"), ("date", "date"), ("int", "integer"), ("bool", "boolean"))
    return {
        attribute.name: attribute.name
        if attribute.name in ("month", "hour")
        else next((kind for word, kind in kinds if word in str(attribute.type)), "text")
        for attribute in attrs.fields(model)
    }


CHILD_MODELS: Mapping[str, Mapping[str, str]] = {
    "identifiers": _shape(Identifier),
    "holdings": _shape(Holding),
    "transactions": _shape(TransactionSummary),
    "balances": _shape(MonthlyBalance),
    "tax_residences": _shape(TaxResidence),
    "interactions": _shape(Interaction),
}
"""Attributes of the children of each field, with the kind of value each holds."""
NEEDED_OF_CHILDREN: Mapping[str, Sequence[str]] = {
    "identifiers": ("scheme", "number"),
    "balances": ("month", "book", "average"),
    "tax_residences": ("country",),
}
"""Without which a child of a field is none."""
ONE_OF_CHILDREN: Mapping[str, Sequence[str]] = {"tax_residences": ("tin", "no_tin")}
"""Of which a child of a field has one and one only."""
ONCE_OF_CHILDREN: Mapping[str, str] = {"tax_residences": "country"}
"""What two children of a field do not have in common: of one country two answers say nothing."""
CODES_OF_CHILDREN = {("tax_residences", "country"): "country", ("tax_residences", "no_tin"): "no_tin"}
"""Attributes of children that are codes, with their lists."""
