"""From a row in the source's own words to a form in the library's: columns, codes and dates translated."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from ..party import FORMS, Fault, PartyKind
from ..wording import is_placeholder
from .channel import Channel, Column

__all__ = ["MappedRow", "child_target", "map_row"]

_MAIN = frozenset({"number", "average"})
"""Of what is mapped to a child, that without which there is none."""
_ATTRIBUTES = ("issuer", "valid_from", "valid_until", "opened_on", "closed_on", "status", "branch", "balance")
_SHORT_MONTH, _DAY = re.compile(r"[0-9]{6}"), re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@attrs.frozen(kw_only=True, repr=False)
class MappedRow:
    """
    A row in the library's words, not yet standardized.

    Attributes:
        source_key: The source's own id of the customer; empty if the row has none that can be used.
        kind: Party kind.
        values: Field name to text, or to lists of mappings for children.
        faults: What went wrong in translating.
        business_time: The source's own time of the row, if it sends one.
    """

    source_key: str
    kind: PartyKind
    values: Mapping[str, Any]
    faults: tuple[Fault, ...]
    business_time: datetime | None


def map_row(row: Mapping[str, str], channel: Channel, zone: ZoneInfo) -> MappedRow:
    """Translates *row*; *zone* is where the source's clock stands. Never raises for what a row holds."""
    faults: list[Fault] = []
    key = row.get(channel.key, "").strip()
    if not key or len(key) > 128 or not key.isprintable():
        faults.append(Fault("$", "key"))
        key = ""
    kind = channel.kind or channel.kinds.get(row.get(channel.kind_column, ""))
    if kind is None:
        faults.append(Fault("$", "kind"))
        kind = PartyKind.INDIVIDUAL
    catalogue = FORMS[kind]
    values: dict[str, Any] = {}
    children: dict[tuple[str, str], dict[str, Any]] = {}
    for name, column in channel.columns.items():
        text = row.get(name, "")
        if not column.to or not text or text.isspace():
            continue
        head, _, rest = column.to.partition(".")
        if head in ("identifiers", "holdings"):
            _child(children, head, rest, column, text, row, faults)
            continue
        if head == "tax_residences" and rest:
            child = children.setdefault((head, rest.rpartition(".")[0]), {})
            said = _translate(text, column, f"$.{head}", faults)
            if said is not None:
                child[rest.rpartition(".")[2]] = said
            continue  # a number of no country is told by the check, and not read over: the others would be taken for all
        if head == "balances" and rest:
            _balance(children, f"{channel.source}:{key}", rest, column, text, faults)
            continue
        if head not in catalogue:
            # One mapping may serve persons and companies; a column of the other kind is read over.
            continue
        if channel.allowed is not None and head not in channel.allowed:
            faults.append(Fault(f"$.{head}", "field_not_allowed", "warning"))
            continue
        value = _translate(text, column, f"$.{head}", faults)
        if value is not None:
            values[head] = {"amount": value, "currency": column.currency} if column.currency else value
    for (head, _rest), child in children.items():
        if head == "tax_residences" or not _MAIN.isdisjoint(child):
            allowed = channel.allowed is None or head in channel.allowed
            if allowed:
                values.setdefault(head, []).append(child)
            else:
                faults.append(Fault(f"$.{head}", "field_not_allowed", "warning"))
    return MappedRow(
        source_key=key, kind=kind, values=values, faults=tuple(faults),
        business_time=_business_time(row, channel, zone, faults),
    )  # fmt: skip


def _translate(text: str, column: Column, path: str, faults: list[Fault]) -> str | None:
    text = text.strip()
    if column.codes:
        # A code that only looks like a filler is still the source's own word.
        code = column.codes.get(text)
        if code is None:
            faults.append(Fault(path, "code", "warning"))
        return code or None
    for form in column.dates:
        try:
            return datetime.strptime(text, form).date().isoformat()  # noqa: DTZ007 (a calendar date)
        except ValueError:
            continue
    return text


def child_target(rest: str) -> tuple[str, str]:
    """Which child a target names behind ``identifiers.`` or ``holdings.``, and which attribute of it."""
    group, _, attribute = rest.rpartition(".")
    return (group, attribute) if attribute in _ATTRIBUTES else (rest, "number")


def _child(
    children: dict[tuple[str, str], dict[str, Any]],
    head: str,
    rest: str,
    column: Column,
    text: str,
    row: Mapping[str, str],
    faults: list[Fault],
) -> None:
    """One column of an identifier or a holding; ``identifiers.passport.valid_until`` joins ``identifiers.passport``."""
    group, attribute = child_target(rest)
    path = f"$.{head}"
    if attribute == "number" and is_placeholder(text, number=True):
        faults.append(Fault(path, "placeholder", "warning"))
        return
    child = children.setdefault((head, group), {})
    if attribute != "number":
        value = _translate(text, column, f"{path}.{attribute}", faults)
        if value is not None:
            child[attribute] = {"amount": value, "currency": column.currency} if column.currency else value
        return
    scheme: str | None = group
    if column.scheme_column:
        scheme = column.schemes.get(row.get(column.scheme_column, "").strip())
        if scheme is None:
            faults.append(Fault(path, "unknown_scheme"))
            return
    child["number"] = text.strip()
    child["scheme"] = scheme
    if head == "holdings":
        child["product"] = group


def _balance(
    children: dict[tuple[str, str], dict[str, Any]],
    book: str,
    attribute: str,
    column: Column,
    text: str,
    faults: list[Fault],
) -> None:
    """One column of the monthly balance of a row; its book is source and source key where no column says it. A month may be written as any day of it."""
    child = children.setdefault(("balances", ""), {"book": book})
    value = _translate(text, column, f"$.balances.{attribute}", faults)
    if value is None:
        return
    if attribute == "month":
        value = (
            f"{value[:4]}-{value[4:]}"
            if _SHORT_MONTH.fullmatch(value)
            else value[:7]
            if _DAY.fullmatch(value)
            else value
        )
    child[attribute] = {"amount": value, "currency": column.currency} if column.currency else value


def _business_time(row: Mapping[str, str], channel: Channel, zone: ZoneInfo, faults: list[Fault]) -> datetime | None:
    text = row.get(channel.business_time, "").strip() if channel.business_time else ""
    if not text:
        return None
    try:
        return datetime.strptime(text, channel.business_time_form).replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        faults.append(Fault("$", "business_time", "warning"))
        return None
