"""
The field catalogue: what every other part knows of a field, said once.

A field is declared where the model declares its attribute (`models.py`), by `declare`: one entry gives the typed
attribute and the catalogue's line. Validation, sealing, indexing, masking, reports and docs read the catalogue.
"""

from __future__ import annotations

import enum
from collections.abc import ItemsView, Iterator, Mapping
from typing import Any

import attrs

from .._text import Language

__all__ = ["Catalogue", "DataGroup", "Field", "FieldType", "Rest", "Sensitivity", "declare"]


class DataGroup(enum.StrEnum):
    """The nine groups of customer data; each golden group is sealed by itself."""

    IDENTITY = "identity"
    CONTACT = "contact"
    FINANCE = "finance"
    RISK = "risk"
    HOLDING = "holding"
    TRANSACTION = "transaction"
    INTERACTION = "interaction"
    CONSENT = "consent"
    RELATION = "relation"


class Sensitivity(enum.StrEnum):
    """
    Class of a field.

    Source: JR/T 0171-2020 (C1 to C3), read in commentaries; S is *sensitive* under PIPL art. 28 as well as C2.
    A bank may set other classes: the catalogue is data.
    """

    C1 = "C1"
    C2 = "C2"
    C2S = "C2S"
    C3 = "C3"


class Rest(enum.StrEnum):
    """How a field rests in the store."""

    PLAIN = "plain"
    SEALED = "sealed"
    INDEXED = "sealed+indexed"
    NEVER = "never"


class FieldType(enum.StrEnum):
    """What kind of value a field holds; decides how it is standardized."""

    PERSON_NAME = "person_name"
    ORGANIZATION_NAME = "organization_name"
    LATIN_NAME = "latin_name"
    TEXT = "text"
    CODE = "code"
    DATE = "date"
    INTEGER = "integer"
    MONEY = "money"
    PHONE = "phone"
    EMAIL = "email"
    ADDRESS = "address"
    CHILDREN = "children"


@attrs.frozen(kw_only=True)
class Field:
    """
    One line of the catalogue.

    Attributes:
        name: The attribute's name, in forms, views, policies and reports.
        rests: How it rests; `reason` says why wherever that is ``plain``.
        mask: Name of the mask rule in `bankcif.access.masking`.
        protected: Whether a link from another source may not change it without approval.
        codes: Name of its code list in `party/codes.py`, for `FieldType.CODE`.
        due_diligence: One of the nine elements of customer due diligence.
        freshness_days: After so many days without confirmation the value counts as stale.
        series: Whether its rows are those of a time series: what a source delivers adds to what it delivered before, and the later row of one identity
            stands. Of any other field a delivery takes the place of the one before.
        whole: Of rows that are one statement together, the attribute that says of which day it is: the latest statement stands, and nothing of another beside it.
    """

    name: str
    type: FieldType
    group: DataGroup
    sensitivity: Sensitivity
    rests: Rest
    mask: str
    zh: str
    en: str
    reason: str = ""
    codes: str = ""
    protected: bool = False
    due_diligence: bool = False
    freshness_days: int | None = None
    series: bool = False
    whole: str = ""

    def __attrs_post_init__(self) -> None:
        if (self.rests is Rest.PLAIN) != bool(self.reason):
            raise ValueError(f"field {self.name}: a reason belongs to plain fields, and to those only")

    def label(self, language: Language) -> str:
        """The field's label."""
        return self.zh if language == "zh" else self.en


def declare(
    type: FieldType,  # noqa: A002 (the catalogue's own word)
    group: DataGroup,
    sensitivity: Sensitivity,
    rests: Rest,
    *,
    mask: str,
    zh: str,
    en: str,
    default: Any = None,
    **more: Any,
) -> Any:
    """Declares an attribute of a party model together with its line in the catalogue."""
    entry = {
        "type": type, "group": group, "sensitivity": sensitivity, "rests": rests,
        "mask": mask, "zh": zh, "en": en, **more,
    }  # fmt: skip
    shown = True if sensitivity is Sensitivity.C1 else _masked
    return attrs.field(default=default, metadata={"bankcif": entry}, repr=shown)


def _masked(value: object) -> str:
    return repr(value) if value is None or value == () else "******"


@attrs.frozen
class Catalogue(Mapping[str, Field]):
    """All fields of one kind of party by name, in the order of declaration."""

    _fields: dict[str, Field]

    @classmethod
    def of(cls, *models: type) -> Catalogue:
        """The lines that *models* and their bases declare."""
        return cls(
            {
                attribute.name: Field(name=attribute.name, **attribute.metadata["bankcif"])
                for model in models
                for attribute in attrs.fields(model)
                if "bankcif" in attribute.metadata
            }
        )

    def __getitem__(self, name: str) -> Field:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def items(self) -> ItemsView[str, Field]:
        """As of any mapping, without asking for each field by its name."""
        return self._fields.items()

    def in_group(self, group: DataGroup) -> tuple[Field, ...]:
        """The fields of one data group."""
        return tuple(field for field in self._fields.values() if field.group is group)
