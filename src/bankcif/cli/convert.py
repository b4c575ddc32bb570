"""`bankcif convert …`: customers from and to the forms of other systems, with what is lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from ..errors import FileError, InputError
from ..interop import SHAPES, Loss, party_from_xml, party_to_xml
from ..party import PartyKind
from ._output import emit

__all__ = ["convert"]

_MOST_BYTES = 10_000_000


@click.group()
def convert() -> None:
    """Customers from and to the forms of other systems. Works on files alone, without a store."""


@convert.command("from")
@click.argument("shape", type=click.Choice(sorted(SHAPES)))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def from_(shape: str, file: Path, as_json: bool) -> int:
    """What the document in FILE (JSON, or XML of iso20022) says, as a form; what is lost goes to standard error."""
    text = _read(file)
    document = party_from_xml(text) if shape == "iso20022" and text.lstrip().startswith("<") else _parsed(text, file)
    found = SHAPES[shape].take(document)
    said = {"kind": found.kind.value, "values": found.values}
    _told(said, found.lost, as_json, lambda: click.echo(json.dumps(said, ensure_ascii=False, indent=1)))
    return 0


@convert.command("to")
@click.argument("shape", type=click.Choice(sorted(SHAPES)))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--xml", "as_xml", is_flag=True, help="As XML, of iso20022.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with what is lost.")
def to(shape: str, file: Path, as_xml: bool, as_json: bool) -> int:
    """The form in FILE (JSON with kind and values) in another system's form; what is lost goes to standard error."""
    if as_xml and shape != "iso20022":
        raise click.UsageError("iso20022 alone is written as XML")
    form = _parsed(_read(file), file)
    if form.get("kind") not in [one.value for one in PartyKind] or not isinstance(form.get("values"), dict):
        raise InputError(
            'a form is {"kind": "individual" or "organization", "values": {…}}', path="$.kind", rule="interop"
        )
    made = SHAPES[shape].out(PartyKind(form["kind"]), form["values"])

    def text() -> None:
        click.echo(party_to_xml(made.document) if as_xml else json.dumps(made.document, ensure_ascii=False, indent=1))

    _told({"document": made.document}, made.lost, as_json, text)
    return 0


def _told(said: dict[str, Any], lost: Sequence[Loss], as_json: bool, text: Callable[[], None]) -> None:
    rows = [(one.path, one.why) for one in lost]

    def both() -> None:
        text()
        if rows:
            click.echo("", err=True)
            for path, why in rows:
                click.echo(f"lost: {path}: {why}", err=True)

    emit(as_json, {**said, "lost": [{"path": path, "why": why} for path, why in rows]}, both)


def _read(file: Path) -> str:
    text, problem = "", ""
    try:
        if file.stat().st_size > _MOST_BYTES:
            problem = "is larger than 10 MB"
        else:
            text = file.read_text(encoding="utf-8")
    except OSError:
        problem = "can not be read"
    except UnicodeDecodeError:
        problem = "is not UTF-8"
    if problem:
        raise FileError(f"{file} {problem}", path=str(file), rule="file")
    return text


def _parsed(text: str, file: Path) -> dict[str, Any]:
    found: Any = None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        pass
    if not isinstance(found, dict):
        raise FileError(f"{file} holds no JSON object", path=str(file), rule="file")
    return found
