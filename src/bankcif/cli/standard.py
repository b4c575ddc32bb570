"""`bankcif standard`: what a form must hold, as JSON Schema or as the description of a form."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ..intake import CaptureStandards, capture_standards, form_description, json_schema
from ..party import PartyKind, ReferenceTables

__all__ = ["standard"]


@click.command()
@click.argument("kind", type=click.Choice([kind.value for kind in PartyKind]))
@click.argument("occasion")
@click.option("--channel", default="", help="The channel, where it has a standard of its own.")
@click.option("--form", "as_form", is_flag=True, help="Print the description of a form instead of the JSON Schema.")
@click.option("--standards", help="A file of capture standards that replaces those of the library.")
@click.option("--tables", help="Folder with further reference tables.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, as it is printed anyway.")
def standard(
    kind: str, occasion: str, channel: str, as_form: bool, standards: str | None, tables: str | None, as_json: bool
) -> int:
    """Print what a form of KIND must hold on OCCASION, such as account or lead."""
    known = CaptureStandards.read(Path(standards)) if standards else capture_standards()
    found = known.of(PartyKind(kind), occasion, channel)
    read = ReferenceTables.read(Path(tables)) if tables else ReferenceTables()
    document = (
        form_description(found, codes=read.codes, document_types=read.document_types) if as_form else json_schema(found)
    )
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))
    return 0
