"""`bankcif find` and `bankcif search`: customers by what is known of them, exactly or as it may be spelled."""

from __future__ import annotations

from typing import Any

import click

from .._text import rule_text
from ..errors import IdentifierError, InputError
from ..party import PartyKind
from ._shared import Session, customer_command, emit, read_value
from ._view import print_view, view_document

__all__ = ["find", "search"]

_MOST = 50
_FIND_FIELDS = ("resident-id", "uscc", "phone", "email", "card", "organization", "name")


@click.command()
@click.argument("field", type=click.Choice(_FIND_FIELDS))
@click.argument("value", required=False)
@click.option("--birth-date", type=click.DateTime(["%Y-%m-%d"]), help="Needed with a name.")
@click.option("--where", default="", help="Of them, those of this rule over plain facts.")
@click.option("--after", help="Those behind this customer number; at most 50 come at once.")
@customer_command
def find(session: Session, field: str, value: str | None, birth_date: Any, where: str, after: str | None) -> int:
    """
    Find customers by an exact number, phone, e-mail or card, organizations by name, or people by name and birth date.

    VALUE is read from standard input if it is not given, so that it does not stay in the shell's history. Status 1 if
    nobody is found.
    """
    term = read_value(value)
    day = birth_date.date() if birth_date else None
    schemes = {"resident-id": "cn.resident_id", "uscc": "cn.uscc"}
    problem = ""
    with session.open() as cif:
        who: dict[str, Any] = {
            "actor": session.actor(cif), "purpose": session.purpose, "where": where, "after": after,
        }  # fmt: skip
        try:
            if field in schemes:
                views = cif.customers.find(identifier=(schemes[field], term), **who)
            elif field == "card":
                views = cif.customers.find(account=("card", term), **who)
            elif field == "name":
                views = cif.customers.find(name=term, birth_date=day, **who)
            else:
                views = cif.customers.find(**{field: term, **who})
        except IdentifierError as error:
            problem = f"that is not a valid {field}: {rule_text(error.rule)}"
    if problem:
        raise InputError(problem, rule="search")

    def text() -> None:
        for one in views:
            print_view(one)
        if len(views) == _MOST:
            click.echo(f"there may be more: --after {views[-1].cif_no}")
        if not views:
            click.echo("nobody found, or nobody you may see")

    emit(session.as_json, [view_document(one) for one in views], text)
    return 0 if views else 1


@click.command()
@click.argument("name", required=False)
@click.option("--born", type=int, help="Birth year.")
@click.option("--branch", help="Branch that keeps the customer.")
@click.option("--where", default="", help="Of them, those of this rule over plain facts.")
@click.option("--limit", type=int, default=20, show_default=True)
@click.option("--kind", type=click.Choice([kind.value for kind in PartyKind]), default=PartyKind.INDIVIDUAL.value, show_default=True,
              help="Who is searched; an organization by its name alone.")  # fmt: skip
@click.option("--after", help="Where the page before ended, as it said.")
@customer_command
def search(
    session: Session, name: str | None, born: int | None, branch: str | None, where: str, limit: int, kind: str, after: str | None
) -> int:  # fmt: skip
    """
    Search people by a NAME that may be spelled otherwise, beside their birth year or branch, or organizations, in a store that was founded for it; NAME is read
    from standard input if it is left out. Status 1 if nobody is found.
    """
    with session.open() as cif:
        found = cif.customers.search(
            read_value(name), kind=PartyKind(kind), birth_year=born, branch=branch, where=where, after=after, limit=limit,
            actor=session.actor(cif), purpose=session.purpose,
        )  # fmt: skip
    document = {
        "hits": [{"likeness": hit.likeness, **view_document(hit.view)} for hit in found.hits], "more": found.more,
        "after": found.after,
    }  # fmt: skip

    def text() -> None:
        for hit in found.hits:
            click.echo(f"[{hit.likeness}]")
            print_view(hit.view)
        if found.after:
            click.echo(f"there are more: --after {found.after}")
        elif found.more:
            click.echo("there may be more; say more of whom you search")
        if not found.hits:
            click.echo("nobody found, or nobody you may see")

    emit(session.as_json, document, text)
    return 0 if found.hits else 1
