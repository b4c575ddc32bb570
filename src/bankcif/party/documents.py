"""Kinds of identity documents, and their codes in the systems a bank reports to."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import attrs

from ..errors import ConfigurationError

__all__ = ["DocumentType", "DocumentTypes", "document_types"]


@attrs.frozen(kw_only=True)
class DocumentType:
    """
    One kind of document.

    Attributes:
        name: Our name of it.
        scheme: Scheme of its number.
        en, zh: Labels.
        codes: Its code in each reporting system.
    """

    name: str
    scheme: str
    en: str
    zh: str
    codes: Mapping[str, str]


@attrs.frozen
class DocumentTypes(Mapping[str, DocumentType]):
    """The kinds of documents by name; frozen. `with_` gives a new table."""

    _types: Mapping[str, DocumentType]

    def code(self, name: str, system: str) -> str | None:
        """The code of a kind in *system*; None if the system has none for it."""
        return self[name].codes.get(system)

    def of_code(self, code: str, system: str) -> tuple[DocumentType, ...]:
        """Every kind with *code* in *system*: a system may not tell two kinds apart."""
        return tuple(one for one in self._types.values() if one.codes.get(system) == code)

    def of_scheme(self, scheme: str) -> tuple[DocumentType, ...]:
        """Every kind whose number is of *scheme*."""
        return tuple(one for one in self._types.values() if one.scheme == scheme)

    def with_(self, other: Mapping[str, DocumentType]) -> DocumentTypes:
        """The same table with the kinds of *other* added, or in place of those of the same name."""
        return DocumentTypes({**self._types, **other})

    @staticmethod
    def read(path: Path) -> DocumentTypes:
        """
        A table of its own from TOML: a table a kind, with ``scheme``, ``en``, ``zh`` and a table ``codes``.

        Raises:
            ConfigurationError: The file is missing, or has another shape.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            text = None
        if text is None:
            raise ConfigurationError(f"the table of document types {path.name} cannot be read", path=str(path))
        return _parsed(text, path.name)

    def __getitem__(self, name: str) -> DocumentType:
        return self._types[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)


@cache
def document_types() -> DocumentTypes:
    """The table that ships with the library; a default to replace, since no national list exists."""
    source = files(__package__ or "bankcif.party").joinpath("data", "document_types.toml")
    return _parsed(source.read_text(encoding="utf-8"), "document_types.toml")


def _parsed(text: str, name: str) -> DocumentTypes:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        tables = None
    if tables is None:
        raise ConfigurationError(f"{name} is not TOML", path=name)
    for kind, table in tables.items():
        if not _well_formed(table):
            raise ConfigurationError(
                f"document type {kind} in {name} needs the texts scheme, en and zh, and a table codes of texts",
                path=name,
            )
    return DocumentTypes({kind: DocumentType(name=kind, **table) for kind, table in tables.items()})


def _well_formed(table: Any) -> bool:
    if not isinstance(table, dict) or set(table) != {"scheme", "en", "zh", "codes"}:
        return False
    codes = table["codes"]
    texts = [table["scheme"], table["en"], table["zh"], *(codes.values() if isinstance(codes, dict) else [None])]
    return all(isinstance(one, str) and one for one in texts)
