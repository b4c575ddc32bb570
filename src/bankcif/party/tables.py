"""Reference tables that a bank may extend: divisions, document types, and the small ones of ``tables.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import attrs

from ..errors import ConfigurationError
from .codes import CodeLists, Divisions, code_lists, divisions
from .documents import DocumentTypes, document_types

__all__ = ["ReferenceTables", "SmallTables"]


def _texts(found: Any) -> tuple[str, ...]:
    return tuple(map(str, found))


@attrs.frozen(kw_only=True)
class SmallTables:
    """
    The tables of ``tables.toml``; their sources stand beside them in the library's own file.

    Attributes:
        mobile_ranges: Further leading digits of mainland mobiles that count as assigned.
        virtual_mobile_ranges: Leading digits of mobiles of operators without a network of their own.
        mail_domains: Reserved domains that this bank accepts all the same.
        card_bins: Further leading digits of cards, with the brand they mean.
        credit_code_kinds: First two characters of a unified social credit code to their (Chinese, English) names.
        postcode_zones: Province code to the first two digits of its postcodes.
        credit_code_violators: Beginnings of genuine credit codes that break the check rule.
    """

    mobile_ranges: tuple[str, ...] = attrs.field(default=(), converter=_texts)
    virtual_mobile_ranges: tuple[str, ...] = attrs.field(default=(), converter=_texts)
    mail_domains: tuple[str, ...] = attrs.field(default=(), converter=_texts)
    credit_code_violators: tuple[str, ...] = attrs.field(default=(), converter=_texts)
    card_bins: Mapping[str, str] = attrs.field(factory=dict)
    credit_code_kinds: Mapping[str, tuple[str, str]] = attrs.field(factory=dict)
    postcode_zones: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)

    @classmethod
    def parse(cls, text: str, where: str) -> SmallTables:
        """
        The tables that the TOML *text* holds; *where* stands in the message.

        Raises:
            ConfigurationError: It is no TOML, or a table is unknown or of another shape.
        """
        shapes = {field.name: Mapping if "Mapping" in str(field.type) else list for field in attrs.fields(cls)}
        found: dict[str, Any] = {}
        try:
            found = tomllib.loads(text)
            sound = all(isinstance(value, shapes[name]) for name, value in found.items())
            if "credit_code_kinds" in found:
                kinds = found["credit_code_kinds"].items()
                found["credit_code_kinds"] = {code: (str(name["zh"]), str(name["en"])) for code, name in kinds}
            if "postcode_zones" in found:
                found["postcode_zones"] = {code: _texts(zones) for code, zones in found["postcode_zones"].items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            sound = False
        if not sound:
            raise ConfigurationError(
                f"{where} is not TOML with {', '.join(shapes)}, each of the shape that the library's own file shows",
                path=where,
            )
        return cls(**found)

    def with_(self, other: SmallTables) -> SmallTables:
        """The same tables with those of *other* added; an entry of *other* replaces one of the same key."""
        both: dict[str, Any] = {}
        for field in attrs.fields(SmallTables):
            ours, theirs = getattr(self, field.name), getattr(other, field.name)
            both[field.name] = {**ours, **theirs} if isinstance(ours, Mapping) else (*ours, *theirs)
        return SmallTables(**both)


@cache
def small_tables() -> SmallTables:
    """The tables that ship with the library."""
    text = files(__package__ or "bankcif.party").joinpath("data", "tables.toml").read_text(encoding="utf-8")
    return SmallTables.parse(text, "tables.toml")


@attrs.frozen(kw_only=True)
class ReferenceTables:
    """
    The tables that validators and standardizers consult; a miss warns and never refuses a customer.

    Attributes:
        divisions: Administrative divisions.
        codes: Code lists.
        document_types: Kinds of documents with their codes in reporting systems.
        small: The small tables.
    """

    divisions: Divisions = attrs.field(factory=divisions)
    codes: CodeLists = attrs.field(factory=code_lists)
    document_types: DocumentTypes = attrs.field(factory=document_types)
    small: SmallTables = attrs.field(factory=small_tables)

    @classmethod
    def read(cls, folder: Path) -> ReferenceTables:
        """
        The library's tables with those in *folder* added: ``divisions.tsv``, ``document_types.toml`` and
        ``tables.toml``, each optional.

        Raises:
            ConfigurationError: *folder* has none of them, or one has another shape.
        """
        extra, settings, kinds = (folder / name for name in ("divisions.tsv", "tables.toml", "document_types.toml"))
        if not any(file.exists() for file in (extra, settings, kinds)):
            raise ConfigurationError(
                f"{folder} holds none of divisions.tsv, document_types.toml and tables.toml; name a folder that does",
                path=str(folder),
            )
        return cls(
            divisions=divisions().with_(Divisions.read(extra)) if extra.exists() else divisions(),
            document_types=document_types().with_(DocumentTypes.read(kinds)) if kinds.exists() else document_types(),
            small=small_tables().with_(_read(settings)) if settings.exists() else small_tables(),
        )


def _read(path: Path) -> SmallTables:
    text = None
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        pass
    if text is None:
        raise ConfigurationError(f"{path} cannot be read as UTF-8", path=str(path))
    return SmallTables.parse(text, str(path))
