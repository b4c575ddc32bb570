"""
Everything that takes text or bytes from outside, each as one call, for fuzzers: it raises this library's errors or none,
no message holds what was given, and its work grows as the input does.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from .._canonical import dumps
from .._clock import FixedClock
from ..access import Policy
from ..errors import BankCIFError
from ..identifiers import standard_schemes
from ..intake import (
    CaptureStandards,
    Channel,
    Column,
    Standardizer,
    capture_standards,
    map_row,
    read_channel,
    read_rows,
)
from ..party import FORMS, DocumentTypes, FieldType, Individual, PartyKind, ReferenceTables, party_from
from ..party.tables import SmallTables
from ..wording import (
    AddressBook,
    compare_addresses,
    compatible,
    compatible_organizations,
    is_placeholder,
    organization_name,
    person_name,
    standard_form,
)

__all__ = ["byte_targets", "refused", "text_targets"]

_ZONE = ZoneInfo("Asia/Shanghai")
_TODAY = date(2026, 11, 24)
_FROM_STDNUM = ("de.idnr", "fr.nir", "it.codicefiscale", "es.nif", "in_.aadhaar", "isin", "imei")


def refused(call: Callable[[], object]) -> BankCIFError | None:
    """The error of ours that *call* ends with, or None; anything else goes on up."""
    try:
        call()
    except BankCIFError as error:
        return error
    return None


def text_targets() -> Mapping[str, Callable[[str], object]]:
    """What takes a text: every scheme, the readers of names and addresses, each kind of field."""
    clock = FixedClock(datetime(2026, 11, 24, tzinfo=UTC))
    tables = ReferenceTables()
    schemes = standard_schemes(clock=clock, tables=tables)
    book = AddressBook(tables.divisions, postcode_zones=tables.small.postcode_zones)
    standardizer = Standardizer(schemes=schemes, addresses=book, codes=tables.codes)
    here, there = book.read("浙江省杭州市西湖区银河路1号3幢2单元501室"), person_name("张伟")
    company = organization_name("恒瑞科技有限公司")
    standards = capture_standards()

    def number(scheme: Any) -> Callable[[str], object]:
        def check(text: str) -> object:
            verdict = scheme.validate(text)
            scheme.is_valid(text)
            parse = getattr(scheme, "parse", None)
            if parse is not None:
                parse(text)
            return scheme.format(text) if verdict.valid else scheme.compact(text)

        return check

    def form(kind: PartyKind, name: str) -> Callable[[str], object]:
        def fill(text: str) -> object:
            values: Any = [{"scheme": text, "number": text, "valid_from": text}] if children[name] else text
            standard = standardizer.standardize(kind, {name: values})
            return standards.of(kind, "account").check(standard, today=_TODAY)

        return fill

    targets: dict[str, Callable[[str], object]] = {
        name: number(schemes[name]) for name in schemes if not name.startswith("stdnum.")
    }
    targets |= {f"stdnum.{name}": number(schemes[f"stdnum.{name}"]) for name in _FROM_STDNUM}
    children = {f.name: f.type is FieldType.CHILDREN for kind in PartyKind for f in FORMS[kind].values()}
    targets |= {f"{kind.value}.{name}": form(kind, name) for kind in PartyKind for name in FORMS[kind]}
    return targets | {
        "address": lambda text: compare_addresses(book.read(text), here),
        "person name": lambda text: compatible(person_name(text), there),
        "standard form": standard_form,
        "organization name": lambda text: compatible_organizations(organization_name(text), company),
        "placeholder": lambda text: is_placeholder(text, number=True),
        "plain form": lambda text: party_from(
            {"name": text, "identifiers": [{"scheme": "passport", "number": text}]}, Individual
        ),
    }


def byte_targets(folder: Path) -> Mapping[str, Callable[[bytes], object]]:
    """What takes a file: every format of channel, and every document that a bank writes; *folder* is for the file."""
    path = folder / "input"
    names = ("id", "name", "idno", "day")
    to = {"name": "name", "idno": "identifiers.cn.resident_id", "day": "birth_date"}
    columns = {
        name: Column(name=name, to=to.get(name, ""), start=6 * at, width=6, dates=("%Y%m%d",) if name == "day" else ())
        for at, name in enumerate(names)
    }

    def rows(channel: Channel) -> Callable[[bytes], object]:
        def read(content: bytes) -> object:
            path.write_bytes(content)
            found = [row.values for row in read_rows(path, channel) if row.values is not None]
            # A held row is sealed as it was read, so it must be writable.
            return [(map_row(values, channel, _ZONE), dumps(dict(values))) for values in found]

        return read

    def document(reader: Callable[[Path], object]) -> Callable[[bytes], object]:
        def read(content: bytes) -> object:
            path.write_bytes(content)
            return reader(path)

        return read

    def tables(content: bytes) -> object:
        return SmallTables.parse(content.decode("utf-8", "replace"), "tables.toml")

    def policy(content: bytes) -> object:
        try:
            table = tomllib.loads(content.decode("utf-8", "replace"))
        except ValueError:
            return None
        return Policy.from_document(table)

    def mapping_rows(content: bytes) -> object:
        try:
            row = json.loads(content)
        except (ValueError, RecursionError):
            return None
        channel = Channel(name="c", source="c", format="jsonl", key="id", columns=columns)
        values = {str(k): str(v) for k, v in row.items()} if isinstance(row, dict) else {}
        return map_row(values, channel, _ZONE)

    formats = [("csv", "utf-8"), ("csv", "gb18030"), ("csv", "big5"), ("jsonl", "utf-8"), ("fixed", "gbk")]
    formats += [("xlsx", "utf-8"), ("parquet", "utf-8")]
    channels = {
        f"{format_} in {encoding}": rows(
            Channel(name="c", source="c", format=format_, encoding=encoding, key="id", columns=columns)
        )
        for format_, encoding in formats
    }
    return channels | {
        "channel mapping": document(read_channel),
        "capture standards": document(CaptureStandards.read),
        "document types": document(DocumentTypes.read),
        "small tables": tables,
        "access policy": policy,
        "mapped row": mapping_rows,
    }
