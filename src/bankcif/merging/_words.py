"""What of two words on a field is news, and how rows of several words come together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..party import FieldType
from ..wording import Ground, compatible, organization_name, person_name

__all__ = ["differs", "of_schemes", "replaced", "union"]


def union(lists: Iterable[Sequence[Mapping[str, Any]]]) -> list[Mapping[str, Any]]:
    """
    Children of all records, each once; a document, a holding or a book's month that two records carry is one. One that another says it stands above
    is left out.
    """
    found: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for children in lists:
        for child in children:
            found.setdefault(_identity(child), child)
    over = {below for child in found.values() for below in child.get("over", ())}
    return [child for child in found.values() if child.get("id") not in over] if over else list(found.values())


def _identity(child: Mapping[str, Any]) -> tuple[Any, ...]:
    if "number" in child:
        return (child.get("scheme"), child["number"])
    if "token" in child:
        return (child.get("scheme"), child["token"])
    if "book" in child:
        return (child["book"], child["month"])
    return tuple(sorted((name, str(value)) for name, value in child.items()))


def _is_news(said: Mapping[str, Any], known: Mapping[str, Any] | None) -> bool:
    """Whether a row says what is not known: another one, or of the same another value, as a card of one number that was renewed."""
    return known is None or any(known.get(name) != value for name, value in said.items())


def differs(type_: FieldType, golden: Any, said: Any) -> bool:
    """Whether *said* is news beside *golden*; another spelling of the same value is none."""
    if golden is None:
        return True
    if type_ is FieldType.CHILDREN:
        known = {_identity(child): child for child in golden}
        return any(_is_news(child, known.get(_identity(child))) for child in said)
    if type_ is FieldType.PERSON_NAME:
        same = (Ground.IDENTICAL, Ground.TRADITIONAL, Ground.VARIANT)
        return compatible(person_name(golden), person_name(said)) not in same
    if type_ is FieldType.ORGANIZATION_NAME:
        return organization_name(golden).core != organization_name(said).core
    if type_ is FieldType.ADDRESS:
        return (golden["code"], golden["key"]) != (said["code"], said["key"])
    return bool(golden != said)


def of_schemes(rows: Iterable[Mapping[str, Any]], like: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those of *rows* whose scheme is that of one of *like*."""
    schemes = {row.get("scheme") for row in like}
    return [row for row in rows if row.get("scheme") in schemes]


def replaced(
    rows: Sequence[Mapping[str, Any]], decided: Iterable[Sequence[Mapping[str, Any]]]
) -> list[Mapping[str, Any]]:
    """*rows*, in which what was decided, in its order, takes the place of what is of the same schemes."""
    found = list(rows)
    for said in decided:
        gone = {row.get("scheme") for row in said}
        found = [*(row for row in found if row.get("scheme") not in gone), *said]
    return found
