"""Reference tables that a bank may extend: divisions, phone ranges, card prefixes, mail domains."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from ..errors import ConfigurationError
from .codes import CodeLists, Divisions, code_lists, divisions

__all__ = ["ReferenceTables"]


@attrs.frozen(kw_only=True)
class ReferenceTables:
    """
    The tables that validators and standardizers consult; a miss warns and never refuses a customer.

    Attributes:
        divisions: Administrative divisions.
        codes: Code lists.
        mobile_ranges: Further leading digits of mainland mobiles that count as assigned.
        card_bins: Further leading digits of cards, with the brand they mean.
        mail_domains: Reserved domains that this bank accepts all the same.
    """

    divisions: Divisions = attrs.field(factory=divisions)
    codes: CodeLists = attrs.field(factory=code_lists)
    mobile_ranges: tuple[str, ...] = ()
    card_bins: Mapping[str, str] = attrs.field(factory=dict)
    mail_domains: tuple[str, ...] = ()

    @classmethod
    def read(cls, folder: Path) -> ReferenceTables:
        """
        The library's tables with those in *folder* added: ``divisions.tsv`` and ``tables.toml``, each optional.

        ``tables.toml`` may hold ``mobile_ranges`` and ``mail_domains`` (lists of text) and a table ``card_bins``.

        Raises:
            ConfigurationError: *folder* has neither file, or one has another shape.
        """
        extra, settings = folder / "divisions.tsv", folder / "tables.toml"
        if not extra.exists() and not settings.exists():
            raise ConfigurationError(
                f"{folder} holds neither divisions.tsv nor tables.toml; name a folder that does",
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
            mobile_ranges=tuple(map(str, found.get("mobile_ranges", ()))),
            mail_domains=tuple(map(str, found.get("mail_domains", ()))),
            card_bins=dict(found.get("card_bins", {})),
        )
