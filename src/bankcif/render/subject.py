"""The copy that a customer gets of what is known of them, as sections of a page: in words, not in codes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from .._text import Language, attribute_label, label, value_label
from ..party import (
    CATALOGUE,
    ROLES,
    TRANSITIONS,
    CodeLists,
    LifeCycle,
    PartyKind,
    document_types,
    percent_of,
    role_label,
)
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
            f"{attribute_label(key)[language]}{colon}{_attribute(name, key, one, language, codes)}"
            for key, one in value.items()
            if not (one is None or one is False or one in ("", []))
            and (name, key) != ("relationships", "kind")  # its role says it
        ]
        return comma.join(said)
    field = next((CATALOGUE[kind][name] for kind in PartyKind if name in CATALOGUE[kind]), None)
    if field is not None and field.codes and isinstance(value, str):
        return codes[field.codes].label(value, language)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


_Speaker = Callable[[Any, Language, CodeLists], str]


def _word(value: Any, language: Language, _: CodeLists) -> str:
    return value_label(str(value), language)


def _scheme(value: Any, language: Language, _: CodeLists) -> str:
    kinds = document_types().of_scheme(str(value))
    return (kinds[0].zh if language == "zh" else kinds[0].en) if kinds else value_label(str(value), language)


def _state(value: Any, language: Language, _: CodeLists) -> str:
    return LifeCycle(value).label(language) if value in {one.value for one in LifeCycle} else str(value)


def _step(value: Any, language: Language, _: CodeLists) -> str:
    step = TRANSITIONS.get(str(value))
    return str(value) if step is None else step.zh if language == "zh" else step.en


def _role(value: Any, language: Language, _: CodeLists) -> str:
    return role_label(value, language) if value in ROLES else str(value)


def _percent(value: Any, _: Language, __: CodeLists) -> str:
    return f"{percent_of(value):f} %"


_SPOKEN: Mapping[tuple[str, str], _Speaker] = {
    **dict.fromkeys([
        ("consents", "purpose"), ("consents", "state"), ("consents", "data_group"), ("requests", "kind"), ("requests", "state"),
        ("requests", "asked_by"), ("holdings", "role"), ("holdings", "status"), ("interactions", "direction"),
    ], _word),
    ("identifiers", "scheme"): _scheme, ("holdings", "scheme"): _scheme, ("states", "state"): _state, ("states", "step"): _step, ("relationships", "role"): _role,
    ("relationships", "share"): _percent, ("relationships", "votes"): _percent,
    ("tax_residences", "no_tin"): lambda value, language, codes: codes["no_tin"].label(str(value), language),
    ("tax_residences", "country"): lambda value, language, codes: codes["country"].label(str(value), language),
}  # fmt: skip
"""Attributes whose values are words of ours, or of a list, and how they are said; the bank's own codes stay."""


def _attribute(field: str, key: str, value: Any, language: Language, codes: CodeLists) -> str:
    """An attribute of a row in words."""
    speaker = _SPOKEN.get((field, key))
    if speaker is not None:
        return speaker(value, language, codes)
    if value is True:
        return value_label("yes", language)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
