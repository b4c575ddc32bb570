"""
Channel mappings: how one source's file becomes forms, and what that source is trusted for, as TOML.

`docs/reference/channels.md` describes each key. Everything is checked when the mapping is read, not at the first row.
"""

from __future__ import annotations

import codecs
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import attrs

from ..context import Purpose
from ..errors import FileError, MappingError
from ..party import FORMS, NOT_STORABLE, TWO_PERSONS, FieldType, PartyKind

__all__ = ["MONTHLY", "Agreement", "Channel", "Column", "read_channel"]

MONTHLY = ("month", "book", "average")
TAX = ("country", "tin", "no_tin", "certified_on", "evidence")
"""What a column may say of a monthly balance, of which a row has one."""

_FORMATS = ("csv", "jsonl", "fixed", "xlsx", "parquet")
_DATE_PARTS = {"%Y", "%m", "%d", "%y"}


@attrs.frozen(kw_only=True)
class Column:
    """
    What one column of the source means.

    Attributes:
        name: The column as the source calls it.
        to: Path of the field: ``phone``, ``identifiers.cn.resident_id``, ``identifiers.passport.valid_until``,
            ``holdings.card``, ``balances.average``, ``tax_residences.country``, ``tax_residences.2.country``; empty for a column that is read over.
        codes: The source's own codes to the library's.
        dates: Accepted date forms in `strptime` notation, tried in order.
        currency: Currency of an amount.
        scheme_column, schemes: For a number whose kind another column tells: that column, and its codes to schemes.
        start, width: Place in a fixed-width line, in characters from 0.
    """

    name: str
    to: str = ""
    codes: Mapping[str, str] = attrs.field(factory=dict)
    dates: tuple[str, ...] = ()
    currency: str = ""
    scheme_column: str = ""
    schemes: Mapping[str, str] = attrs.field(factory=dict)
    start: int = 0
    width: int = 0


@attrs.frozen(kw_only=True)
class Agreement:
    """
    What a source may be asked for.

    Attributes:
        purposes: What its data may be taken in for; empty for any purpose.
        expires: Last day on which it holds; None for no end.
    """

    purposes: frozenset[Purpose] = frozenset()
    expires: date | None = None

    def broken(self, today: date, purpose: Purpose) -> str:
        """The rule that taking data in today, for *purpose*, would break; empty if none."""
        if self.expires is not None and self.expires < today:
            return "agreement_expired"
        return "agreement_purpose" if self.purposes and purpose not in self.purposes else ""


@attrs.frozen(kw_only=True)
class Channel:
    """
    One source and how to read what it sends.

    Attributes:
        name: The channel's name in stores and reports.
        source: The system behind it; source keys are unique within a source.
        format: ``csv``, ``jsonl``, ``fixed``, ``xlsx`` or ``parquet``.
        encoding: As Python names it; a byte that does not decode holds its row back.
        delimiter: Of a CSV file.
        sheet: Of a spreadsheet; the first if empty.
        key: Column of the source key.
        kind: The party kind of every row, or the column and codes that tell it (`kind_column`, `kinds`).
        columns: Every column the source sends; one that is missing here holds its row back.
        business_time: Column with the source's own time of the row, and its form.
        trust: 0 to 100 in general, and by field in `trust_by_field`.
        decay: How that falls while others bring newer words, by field, or under ``*`` for all: days, and least trust.
        may_change: Protected fields this source may change without approval.
        allowed: Fields that the agreement with the source covers; None means all that are mapped.
        agreement: For what, and until when, the source may be used.
        requires: Occasion of the capture standard that holds, such as ``account`` or ``lead``.
    """

    name: str
    source: str
    format: str
    key: str
    columns: Mapping[str, Column]
    encoding: str = "utf-8"
    delimiter: str = ","
    sheet: str = ""
    kind: PartyKind | None = PartyKind.INDIVIDUAL
    kind_column: str = ""
    kinds: Mapping[str, PartyKind] = attrs.field(factory=dict)
    business_time: str = ""
    business_time_form: str = "%Y-%m-%d %H:%M:%S"
    trust: int = 50
    trust_by_field: Mapping[str, int] = attrs.field(factory=dict)
    decay: Mapping[str, tuple[int, int]] = attrs.field(factory=dict)
    may_change: frozenset[str] = frozenset()
    allowed: frozenset[str] | None = None
    agreement: Agreement = attrs.field(factory=Agreement)
    requires: str = "account"

    def trust_of(self, field: str) -> int:
        """How far this source is believed on *field*, 0 to 100."""
        return self.trust_by_field.get(field, self.trust)


def read_channel(path: Path) -> Channel:
    """
    The channel mapping in the TOML file *path*.

    Raises:
        FileError: The file cannot be read.
        MappingError: It is not TOML, or contradicts itself or the field catalogue; the message names the key.
    """
    text, reason = "", ""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        reason = "does not exist"
    except (OSError, UnicodeDecodeError):
        reason = "cannot be read as UTF-8"
    if reason:
        raise FileError(f"the channel mapping {path} {reason}", path=str(path), rule="unreadable")
    broken = ""
    table: dict[str, Any] = {}
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        broken = str(error)
    if broken:
        raise MappingError(f"the channel mapping {path} is not TOML: {broken}", path=str(path), rule="toml")
    return _Reader(path).channel(table)


_KEYS = {
    "name": str, "source": str, "format": str, "encoding": str, "delimiter": str, "sheet": str, "key": str, "kind": (str, dict),
    "business_time": (str, dict), "trust": int, "trust_by_field": dict, "decay": dict, "may_change": list, "allowed": list,
    "agreement": dict, "requires": str, "columns": (dict, list),
}  # fmt: skip
_COLUMN_KEYS = {
    "name": str, "to": str, "codes": dict, "dates": list, "currency": str, "scheme_column": str, "schemes": dict,
    "start": int, "width": int,
}  # fmt: skip


class _Reader:
    """Checks a table key by key; every complaint names the file and the key."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def _fail(self, key: str, why: str) -> MappingError:
        return MappingError(f"{self._path}: {key} {why}", path=str(self._path), rule=key)

    def _typed(self, table: Mapping[str, Any], known: Mapping[str, Any], where: str) -> None:
        for key, value in table.items():
            if key not in known:
                raise self._fail(f"{where}{key}", f"is not a key of a mapping; known are {', '.join(known)}")
            if not isinstance(value, known[key]) or isinstance(value, bool):
                raise self._fail(f"{where}{key}", "has the wrong type")

    def channel(self, table: Mapping[str, Any]) -> Channel:
        self._typed(table, _KEYS, "")
        for key in ("name", "format", "key", "columns"):
            if key not in table:
                raise self._fail(key, "is missing")
        if table["format"] not in _FORMATS:
            raise self._fail("format", f"must be one of {', '.join(_FORMATS)}")
        encoding = table.get("encoding", "utf-8")
        try:
            codecs.lookup(encoding)
            known = True
        except LookupError:
            known = False
        if not known:
            raise self._fail("encoding", "is not an encoding that Python knows, such as utf-8 or gb18030")
        if table.get("source", table["name"]).startswith("bankcif."):
            raise self._fail("source", "begins with bankcif.: those names are the library's own")
        if len(table.get("delimiter", ",")) != 1:
            raise self._fail("delimiter", "must be one character")
        trusts = {"trust": table.get("trust", 50), **table.get("trust_by_field", {})}
        for name, trust in trusts.items():
            if not isinstance(trust, int) or not 0 <= trust <= 100:
                raise self._fail(f"trust of {name}", "must be a whole number from 0 to 100")
        kind, kind_column, kinds = self._kind(table.get("kind", "individual"))
        fields = {name for k in ([kind] if kind else set(kinds.values())) for name in FORMS[k]}
        columns = self._columns(table["columns"], table["format"], fields, kind, kinds)
        if table["key"] not in columns:
            raise self._fail("key", "names a column that is not in [columns]")
        named = {column.scheme_column for column in columns.values()} | {kind_column}
        if not named - {""} <= set(columns):
            raise self._fail("kind.column or scheme_column", "names a column that is not in [columns]")
        for key in ("may_change", "allowed", "trust_by_field", "decay"):
            for name in table.get(key, ()):
                if name not in fields and (key, name) != ("decay", "*"):
                    raise self._fail(f"{key}.{name}", "is not a field of the catalogue")
        for name in sorted(TWO_PERSONS.intersection(table.get("may_change", ()))):
            raise self._fail(f"may_change.{name}", "is changed by two persons, whatever the source; leave it out")
        time, form = self._time(table.get("business_time", ""), columns)
        return Channel(
            name=table["name"], source=table.get("source", table["name"]), format=table["format"], key=table["key"],
            columns=columns, encoding=encoding, delimiter=table.get("delimiter", ","), sheet=table.get("sheet", ""), kind=kind,
            kind_column=kind_column, kinds=kinds, business_time=time, business_time_form=form,
            trust=table.get("trust", 50), trust_by_field=table.get("trust_by_field", {}),
            decay={name: self._decay(name, one) for name, one in table.get("decay", {}).items()},
            may_change=frozenset(table.get("may_change", ())),
            allowed=frozenset(table["allowed"]) if "allowed" in table else None,
            agreement=self._agreement(table.get("agreement", {})),
            requires=table.get("requires", "account"),
        )  # fmt: skip

    def _decay(self, name: str, entry: Any) -> tuple[int, int]:
        """Days and least trust; what is none is refused by `bankcif.merging.Decay` as well, which a mapping may not name."""
        known = isinstance(entry, Mapping) and "days" in entry and set(entry) <= {"days", "least"}
        days, least = (entry["days"], entry.get("least", 0)) if known else (0, 0)
        if type(days) is not int or type(least) is not int or not (0 < days <= 36_500 and 0 <= least <= 100):
            raise self._fail(f"decay.{name}", "needs days (1 to 36,500), and may have least (0 to 100)")
        return days, least

    def _kind(self, value: str | Mapping[str, Any]) -> tuple[PartyKind | None, str, dict[str, PartyKind]]:
        if isinstance(value, str):
            if value not in set(PartyKind):
                raise self._fail("kind", "must be individual, organization, or a table with column and codes")
            return PartyKind(value), "", {}
        self._typed(value, {"column": str, "codes": dict}, "kind.")
        codes = value.get("codes", {})
        if "column" not in value or not codes or not set(codes.values()) <= set(PartyKind):
            raise self._fail("kind", "needs a column, and codes that mean individual or organization")
        return None, value["column"], {code: PartyKind(kind) for code, kind in codes.items()}

    def _agreement(self, value: Mapping[str, Any]) -> Agreement:
        self._typed(value, {"purposes": list, "expires": date}, "agreement.")
        purposes = value.get("purposes", [])
        if isinstance(value.get("expires"), datetime):
            raise self._fail("agreement.expires", "must be a day, such as 2027-12-31")
        if not all(isinstance(one, str) and one in set(Purpose) for one in purposes):
            raise self._fail("agreement.purposes", f"must be some of {', '.join(Purpose)}")
        return Agreement(purposes=frozenset(map(Purpose, purposes)), expires=value.get("expires"))

    def _time(self, value: str | Mapping[str, Any], columns: Mapping[str, Column]) -> tuple[str, str]:
        table = {"column": value} if isinstance(value, str) else value
        self._typed(table, {"column": str, "form": str}, "business_time.")
        column = table.get("column", "")
        if column and column not in columns:
            raise self._fail("business_time", "names a column that is not in [columns]")
        return column, table.get("form", "%Y-%m-%d %H:%M:%S")

    def _columns(
        self,
        value: Mapping[str, Any] | list[Any],
        format_: str,
        fields: set[str],
        kind: PartyKind | None,
        kinds: Mapping[str, PartyKind],
    ) -> dict[str, Column]:
        if not all(
            isinstance(entry, str | dict) for entry in (value.values() if isinstance(value, Mapping) else value)
        ):
            raise self._fail("columns", "has an entry of the wrong type; write a field's path, or a table")
        entries = (
            [{"name": name, **({"to": entry} if isinstance(entry, str) else entry)} for name, entry in value.items()]
            if isinstance(value, Mapping)
            else value
        )
        found: dict[str, Column] = {}
        for entry in entries:
            where = f"columns.{entry.get('name', '?')}."
            self._typed(entry, _COLUMN_KEYS, where)
            if "name" not in entry:
                raise self._fail("columns", "has an entry without a name")
            column = Column(**{**entry, "dates": tuple(entry.get("dates", ()))})
            self._target(column, fields, [kind] if kind else list(kinds.values()), where)
            if format_ == "fixed" and (column.width <= 0 or column.start < 0):
                raise self._fail(where + "width", "must be positive, and start not negative, in a fixed-width file")
            for form in column.dates:
                self._date_form(form, where)
            found[column.name] = column
        return found

    def _target(self, column: Column, fields: set[str], kinds: list[PartyKind], where: str) -> None:
        target = column.to
        head, _, rest = target.partition(".")
        if not target:
            return
        if head.casefold() in NOT_STORABLE:
            raise self._fail(where + "to", "names a secret, which is never stored; leave the column's target empty")
        if head in ("identifiers", "holdings") and (rest or column.scheme_column):
            return
        if head == "balances" and rest in MONTHLY:
            if rest == "average" and not column.currency:
                raise self._fail(where + "currency", "is missing: an amount needs one")
            return
        if head == "tax_residences" and rest.rpartition(".")[2] in TAX:
            return
        types = {FORMS[kind][head].type for kind in kinds if head in FORMS[kind]}
        if head not in fields or rest or FieldType.CHILDREN in types:
            raise self._fail(where + "to", "is not a field of the catalogue")
        if FieldType.MONEY in types and not column.currency:
            raise self._fail(where + "currency", "is missing: an amount needs one")

    def _date_form(self, form: str, where: str) -> None:
        day = datetime(2001, 2, 3)  # noqa: DTZ001 (a calendar date to try the form with)
        try:
            ok = {"%" + part[0] for part in form.split("%")[1:]} <= _DATE_PARTS | {"%H", "%M", "%S"}
            ok = ok and datetime.strptime(day.strftime(form), form).date() == day.date()  # noqa: DTZ007
        except (ValueError, IndexError):
            ok = False
        if not ok:
            raise self._fail(where + "dates", "must be date forms such as %Y-%m-%d")
