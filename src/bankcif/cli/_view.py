"""A customer's view, for programs and for people."""

from __future__ import annotations

from typing import Any

import attrs
import click

from ..flows.query import CustomerView
from ..party import CATALOGUE
from ._shared import shown

__all__ = ["print_view", "view_document"]


def view_document(view: CustomerView) -> dict[str, Any]:
    """A view as JSON."""
    return {
        "cif_no": view.cif_no, "kind": view.kind.value, "version": view.version, "values": dict(view.values),
        "masked": list(view.masked_fields), "withheld": list(view.withheld),
        "pending": [attrs.asdict(one) for one in view.pending],
    }  # fmt: skip


def print_view(view: CustomerView) -> None:
    """A view for people."""
    catalogue = CATALOGUE[view.kind]
    click.echo(f"{view.cif_no}  {view.kind.value}, version {view.version}")
    for name, value in view.values.items():
        click.echo(f"  {catalogue[name].en:<26} {shown(value)}")
    if view.withheld:
        click.echo(f"  withheld: {', '.join(view.withheld)}")
    for one in view.pending:
        what = f"{catalogue[one.field].en} {shown(one.value)}" if one.field else one.operation.value
        click.echo(f"  waits for a second person: {what} (by {one.maker}, proposal {one.id})")
