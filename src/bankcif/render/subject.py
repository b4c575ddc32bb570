"""The copy that a customer gets of what is known of them, as sections of a page: in words, not in codes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .._text import Language, attribute_label, label, value_label
from ..party import CATALOGUE, ROLES, CodeLists, LifeCycle, PartyKind, document_types, percent_of, role_label
from .page import Chart, Section

__all__ = ["copy_sections"]


def copy_sections(document: Mapping[str, Any], language: Language, codes: CodeLists) -> list[Section]:
    """
    The sections of a copy: one for each group of data, and to whom it went.

    Args:
        document: As a copy gives it for machines.
        language: ``zh`` or ``en``.
        codes: The code lists of the store.
    """
    groups: dict[str, list[tuple[str, str, str]]] = {}
    for one in document["fields"]:
        value, source = one["value"], one["source"]
        # What there may be several of stands line by line.
        for each in value if isinstance(value, list) else [value]:
            said = _spoken(one["name"], each, language, codes)
            groups.setdefault(one["group"], []).append((one[language], said, source))
    columns = tuple(label(name, language) for name in ("field", "value", "source"))
    sections = [
        Section(title=label(group, language), columns=columns, rows=rows, chart=Chart.NONE)
        for group, rows in groups.items()
    ]
    shared = [
        (one["recipient"], one["country"], value_label(one["purpose"], language), ", ".join(_field(name, language) for name in one["fields"]))
        for one in document["shared"]
    ]  # fmt: skip
    sections.append(
        Section(
            title=label("shared_with", language), note="" if shared else label("shared_with_nobody", language), rows=shared,
            columns=tuple(label(name, language) for name in ("recipient", "country", "purpose", "fields")), chart=Chart.NONE,
        )
    )  # fmt: skip
    return sections


def _field(name: str, language: Language) -> str:
    field = next((CATALOGUE[kind][name] for kind in PartyKind if name in CATALOGUE[kind]), None)
    return name if field is None else field.label(language)


def _spoken(name: str, value: Any, language: Language, codes: CodeLists) -> str:
    """A value in words: a code by its list, a row of several attributes by their names."""
    if isinstance(value, Mapping):
        colon, comma = ("：", "，") if language == "zh" else (": ", ", ")
        said = [
            f"{attribute_label(key)[language]}{colon}{_attribute(name, key, one, language)}"
            for key, one in value.items()
            if one not in (None, "", [], False) and (name, key) != ("relationships", "kind")  # its role says it
        ]
        return comma.join(said)
    field = next((CATALOGUE[kind][name] for kind in PartyKind if name in CATALOGUE[kind]), None)
    if field is not None and field.codes and isinstance(value, str):
        return codes[field.codes].label(value, language)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _attribute(field: str, key: str, value: Any, language: Language) -> str:
    """An attribute of a row in words."""
    if key == "scheme":
        kinds = document_types().of_scheme(str(value))
        return kinds[0].zh if kinds and language == "zh" else kinds[0].en if kinds else str(value)
    if field == "states" and key == "state" and value in {one.value for one in LifeCycle}:
        return LifeCycle(value).label(language)
    if field == "relationships" and key == "role" and value in ROLES:
        return role_label(value, language)
    if field == "relationships" and key in ("share", "votes"):
        return f"{percent_of(value):f} %"
    if value is True:
        return value_label("yes", language)
    if isinstance(value, list):
        return ", ".join(value_label(str(one), language) for one in value)
    return value_label(value, language) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
