"""Reference tables that a bank may extend: divisions, document types, phone ranges, card prefixes, mail domains."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from ..errors import ConfigurationError
from .codes import CodeLists, Divisions, code_lists, divisions
from .documents import DocumentTypes, document_types

__all__ = ["ReferenceTables"]


@attrs.frozen(kw_only=True)
class ReferenceTables:
    """
    The tables that validators and standardizers consult; a miss warns and never refuses a customer.

    Attributes:
        divisions: Administrative divisions.
        codes: Code lists.
        document_types: Kinds of documents with their codes in reporting systems.
        mobile_ranges: Further leading digits of mainland mobiles that count as assigned.
        card_bins: Further leading digits of cards, with the brand they mean.
        mail_domains: Reserved domains that this bank accepts all the same.
    """

    divisions: Divisions = attrs.field(factory=divisions)
    codes: CodeLists = attrs.field(factory=code_lists)
    document_types: DocumentTypes = attrs.field(factory=document_types)
    mobile_ranges: tuple[str, ...] = ()
    card_bins: Mapping[str, str] = attrs.field(factory=dict)
    mail_domains: tuple[str, ...] = ()

    @classmethod
    def read(cls, folder: Path) -> ReferenceTables:
        """
        The library's tables with those in *folder* added: ``divisions.tsv``, ``document_types.toml`` and
        ``tables.toml``, each optional.

        ``tables.toml`` may hold ``mobile_ranges`` and ``mail_domains`` (lists of text) and a table ``card_bins``.

        Raises:
            ConfigurationError: *folder* has none of them, or one has another shape.
        """
        extra, settings = folder / "divisions.tsv", folder / "tables.toml"
        kinds = folder / "document_types.toml"
        if not any(file.exists() for file in (extra, settings, kinds)):
            raise ConfigurationError(
                f"{folder} holds none of divisions.tsv, document_types.toml and tables.toml; name a folder that does",
                path=str(folder),
            )
        table = divisions()
        if extra.exists():
            table = table.with_(Divisions.read(extra))
        found: dict[str, Any] = {}
        broken = False
        if settings.exists():
            try:
                found = tomllib.loads(settings.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                broken = True
        known = {"mobile_ranges": list, "mail_domains": list, "card_bins": dict}
        if broken or any(not isinstance(value, known.get(name, ())) for name, value in found.items()):
            raise ConfigurationError(f"{settings} is not TOML with {', '.join(known)}", path=str(settings))
        return cls(
            divisions=table,
            document_types=document_types().with_(DocumentTypes.read(kinds)) if kinds.exists() else document_types(),
            mobile_ranges=tuple(map(str, found.get("mobile_ranges", ()))),
            mail_domains=tuple(map(str, found.get("mail_domains", ()))),
            card_bins=dict(found.get("card_bins", {})),
        )
