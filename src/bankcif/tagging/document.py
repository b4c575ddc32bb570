"""Definitions of tags, groups and segments as tables of a document, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, TypeVar

from ..errors import BankCIFError, RuleError
from ..party import Money, Sensitivity
from ..rules import parse, written
from .reminder import Reminder
from .tag import Definition, Family, Group, Segment, Tag, TagKind

__all__ = ["definitions", "tables"]

T = TypeVar("T", bound="Definition | Group | Reminder")
_TAG = {
    "family",
    "zh",
    "en",
    "about_zh",
    "about_en",
    "owner",
    "when",
    "kind",
    "group",
    "priority",
    "valid_days",
    "sensitivity",
    "floor",
    "grace_months",
}
_SEGMENT = {"zh", "en", "about_zh", "about_en", "owner", "when"}
_GROUP = {"zh", "en"}
_REMINDER = {
    "of",
    "zh",
    "en",
    "roles",
    "due_days",
    "escalate_days",
    "escalate_to",
    "snooze_days",
    "again_days",
}


def definitions(document: Mapping[str, Any]) -> dict[str, Any]:
    """
    The ``tags``, ``groups``, ``segments`` and ``reminders`` of a parsed document, each by name.

    Raises:
        RuleError: A table has what it may not have, lacks something, or says it wrongly; the message names it.
    """
    return {
        "tags": _each(document, "tag", _TAG, _tag),
        "groups": _each(document, "group", _GROUP, lambda name, table: Group(name=name, **table)),
        "segments": _each(document, "segment", _SEGMENT, lambda name, table: Segment(name=name, **_with_rule(table))),
        "reminders": _each(document, "reminder", _REMINDER, lambda name, table: Reminder(name=name, **table)),
    }


def tables(
    tags: Mapping[str, Tag],
    groups: Mapping[str, Group],
    segments: Mapping[str, Segment],
    reminders: Mapping[str, Reminder],
) -> dict[str, Any]:
    """The reverse of `definitions`, every rule written out."""
    kinds: list[tuple[str, Mapping[str, Definition | Group | Reminder], set[str]]] = [
        ("tag", tags, _TAG), ("group", groups, _GROUP), ("segment", segments, _SEGMENT),
    ]  # fmt: skip
    if reminders:  # a catalogue without any is the document that it was
        kinds.append(("reminder", reminders, _REMINDER))
    return {word: {name: _table(one, keys) for name, one in sorted(ones.items())} for word, ones, keys in kinds}


def _each(
    document: Mapping[str, Any], kind: str, known: set[str], made: Callable[[str, dict[str, Any]], T]
) -> dict[str, T]:
    found: dict[str, T] = {}
    tables = document.get(kind, {})
    for name, table in tables.items() if isinstance(tables, Mapping) else [("", None)]:
        if not isinstance(table, Mapping) or set(table) - known:
            raise RuleError(f"{kind} {name}: it may have {', '.join(sorted(known))}")
        problem = ""
        try:
            found[name] = made(name, dict(table))
            continue
        except RuleError as error:
            problem = str(error)
        except (TypeError, ValueError, AttributeError):
            problem = "something is missing, or of the wrong type"
        raise RuleError(problem if problem.startswith(kind) else f"{kind} {name}: {problem}")
    return found


def _table(one: Definition | Group | Reminder, keys: set[str]) -> dict[str, Any]:
    """A definition as a document has it; what is nothing is left out."""
    found = {key: getattr(one, key) for key in sorted(keys) if getattr(one, key) not in (None, "", ())}
    if "when" in found:
        found["when"] = written(found["when"])
    if "floor" in found:
        found["floor"] = f"{found['floor'].currency} {found['floor'].amount:f}"
    return {
        key: value.value if isinstance(value, Enum) else list(value) if isinstance(value, tuple) else value
        for key, value in found.items()
    }


def _with_rule(table: dict[str, Any]) -> dict[str, Any]:
    if "when" in table:
        try:
            table["when"] = parse(table["when"])
        except RuleError as error:
            table["when"] = f"when: {error}"
        if isinstance(table["when"], str):
            raise RuleError(table["when"])
    return table


def _tag(name: str, table: dict[str, Any]) -> Tag:
    table = _with_rule(table)
    enums: tuple[tuple[str, Any], ...] = (("family", Family), ("kind", TagKind), ("sensitivity", Sensitivity))
    for word, kind in enums:
        if word in table:
            if table[word] not in list(kind):
                raise RuleError(f"{word} is one of {', '.join(kind)}")
            table[word] = kind(table[word])
    if "floor" in table:
        table["floor"] = _amount(table["floor"])
    return Tag(name=name, **table)


def _amount(said: Any) -> Money:
    currency, _, amount = said.partition(" ") if isinstance(said, str) else ("", "", "")
    try:
        return Money(amount, currency)
    except BankCIFError:
        pass
    raise RuleError("floor is an amount, such as CNY 500000")
