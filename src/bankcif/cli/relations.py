"""`bankcif relation …`: how customers stand to each other, who owns a company, who belongs together, and a picture of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import attrs
import click

from ..flows.exposure import Exposure
from ..flows.relate import Said
from ..flows.related import Belonging, Ownership, RelatedParty, RelationView
from ..party import ROLES, RelationKind, role_label
from ..render import relation_picture
from ._output import save
from ._shared import Session, customer_command, emit, table

__all__ = ["print_relations", "relation", "relation_document"]

_DAY = click.DateTime(["%Y-%m-%d"])
_ON = click.option("--on", type=_DAY, help="As of this day; today by default.")
_REASON = click.option("--reason", required=True, help="How it came to be known; kept sealed, with both customers.")
_SAID = (
    click.option("--since", type=_DAY, help="The first day, if it is known."),
    click.option("--until", type=_DAY, help="The last day, if it has one."),
    click.option("--share", help="Percentage of the shares that a shareholder has."),
    click.option("--votes", help="Percentage of the votes, if it is another."),
    click.option("--means", default="", help="By which means somebody controls or benefits."),
    click.option("--evidence", default="", help="Reference to what proves it, such as a register's extract."),
)


@click.group()
def relation() -> None:
    """How customers stand to each other."""


def _said_command(function: Callable[..., int]) -> Callable[..., Any]:
    """Makes *function* a command body that gets what is said of a relation as a `Said`."""

    def with_said(session: Session, since: datetime | None, until: datetime | None, **more: Any) -> int:
        said = {name: more.pop(name) for name in ("share", "votes", "means", "evidence")}
        return function(session, said=Said(since=_day(since), until=_day(until), **said), **more)

    with_said.__doc__ = function.__doc__
    made: Callable[..., Any] = customer_command(with_said)
    for option in reversed(_SAID):
        made = option(made)
    return made


@relation.command("add")
@click.argument("first")
@click.argument("kind", type=click.Choice([kind.value for kind in RelationKind]))
@click.argument("second")
@_REASON
@_said_command
def add(session: Session, first: str, kind: str, second: str, said: Said, reason: str) -> int:
    """Take down that FIRST is so to SECOND: C1 parent C2 says that C1 is the parent of C2. Prints by what the relation is known."""
    with session.open() as cif:
        known = cif.relations.add(
            first, RelationKind(kind), second, reason=reason, actor=session.actor(cif), purpose=session.purpose,
            **attrs.asdict(said),
        )  # fmt: skip
    emit(session.as_json, {"id": known}, lambda: click.echo(known))
    return 0


@relation.command("end")
@click.argument("cif_no")
@click.argument("id")
@click.option("--on", type=_DAY, help="The last day; today by default.")
@_REASON
@customer_command
def end(session: Session, cif_no: str, id: str, on: datetime | None, reason: str) -> int:  # noqa: A002 (the command line's word)
    """Say which day was the last of the relation ID of a customer."""
    with session.open() as cif:
        cif.relations.end(cif_no, id, on=_day(on), reason=reason, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, {"id": id}, lambda: click.echo("ended"))
    return 0


@relation.command("correct")
@click.argument("cif_no")
@click.argument("id")
@_REASON
@_said_command
def correct(session: Session, cif_no: str, id: str, said: Said, reason: str) -> int:  # noqa: A002
    """Say anew all that holds of the relation ID of a customer: what is left out here is said no more."""
    with session.open() as cif:
        cif.relations.correct(cif_no, id, said, reason=reason, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, {"id": id}, lambda: click.echo("corrected"))
    return 0


@relation.command("retract")
@click.argument("cif_no")
@click.argument("id")
@_REASON
@customer_command
def retract(session: Session, cif_no: str, id: str, reason: str) -> int:  # noqa: A002
    """Say that there never was the relation ID of a customer."""
    with session.open() as cif:
        cif.relations.retract(cif_no, id, reason=reason, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, {"id": id}, lambda: click.echo("retracted"))
    return 0


@relation.command("list")
@click.argument("cif_no")
@_ON
@click.option("--ever", is_flag=True, help="Those that are over or to come, too.")
@customer_command
def list_(session: Session, cif_no: str, on: datetime | None, ever: bool) -> int:
    """The relations of a customer: what the other one is to them, who it is, and since when."""
    with session.open() as cif:
        found = cif.relations.of(cif_no, on=_day(on), ever=ever, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, [relation_document(one) for one in found], lambda: print_relations(found))
    return 0


@relation.command("owners")
@click.argument("cif_no")
@_ON
@click.option("--threshold", help="Percentage from which on, itself included, shares or votes count; 25 by default.")
@customer_command
def owners(session: Session, cif_no: str, on: datetime | None, threshold: str | None) -> int:
    """The beneficial owners of a company, through chains and circles of companies."""
    with session.open() as cif:
        found = cif.relations.owners(
            cif_no, on=_day(on), threshold=threshold, actor=session.actor(cif), purpose=session.purpose
        )
    emit(session.as_json, _ownership(found), lambda: _print_owners(found))
    return 0


@relation.command("household")
@click.argument("cif_no")
@_ON
@customer_command
def household(session: Session, cif_no: str, on: datetime | None) -> int:
    """Who lives together with a customer."""
    with session.open() as cif:
        found = cif.relations.household(cif_no, on=_day(on), actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, _belonging(found), lambda: _print_members("Household", found))
    return 0


@relation.command("group")
@click.argument("cif_no")
@_ON
@customer_command
def group(session: Session, cif_no: str, on: datetime | None) -> int:
    """The companies under one control with a company, and who controls them."""
    with session.open() as cif:
        found = cif.relations.group(cif_no, on=_day(on), actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, _belonging(found), lambda: _print_members("Group", found))
    return 0


@relation.command("exposure")
@click.argument("cif_no")
@click.option(
    "--product", "products", multiple=True, required=True, help="Code of a product that is a debt; may be repeated."
)
@_ON
@customer_command
def exposure(session: Session, cif_no: str, products: tuple[str, ...], on: datetime | None) -> int:
    """What a customer, their household and their group owe together."""
    with session.open() as cif:
        found = cif.relations.exposure(cif_no, products, on=_day(on), actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, _exposure(found), lambda: _print_exposure(found))
    return 0


@relation.command("picture")
@click.argument("cif_no")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--steps", type=int, default=2, show_default=True, help="How far away somebody may be, 1 to 4.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice(sorted(ROLES)),
    help="Only where one is this to the other; may be repeated.",
)
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@_ON
@customer_command
def picture(
    session: Session, cif_no: str, file: Path, steps: int, roles: tuple[str, ...], language: Any, on: datetime | None
) -> int:
    """Draw the relations around a customer into FILE (SVG)."""
    with session.open() as cif:
        found = cif.relations.picture(
            cif_no, steps=steps, roles=roles or None, on=_day(on), actor=session.actor(cif), purpose=session.purpose
        )
    save(file, relation_picture(found, language))
    counts = {"customers": len(found.parties), "relations": len(found.lines), "withheld": found.withheld}
    emit(
        session.as_json, counts,
        lambda: click.echo(f"drew {counts['customers']} customers and {counts['relations']} relations to {file}"),
    )  # fmt: skip
    return 0


def _day(at: datetime | None) -> date | None:
    return None if at is None else at.date()


def _party(one: RelatedParty) -> dict[str, Any]:
    return {"place": one.place, "cif_no": one.cif_no, "kind": one.kind.value, "name": one.name}


def relation_document(one: RelationView) -> dict[str, Any]:
    """A relation, as JSON."""
    return {**attrs.asdict(one, recurse=False), "kind": one.kind.value, "other": _party(one.other)}


def _ownership(found: Ownership) -> dict[str, Any]:
    owners = [
        {
            "person": _party(one.person),
            "ground": one.ground.value,
            "share": one.share,
            "direct": one.direct,
            "votes": one.votes,
        }
        for one in found.owners
    ]
    return {"owners": owners, "traced": found.traced, "unknown": found.unknown, "withheld": found.withheld}


def _belonging(found: Belonging) -> dict[str, Any]:
    members = [{**_party(one), "head": one in found.heads} for one in found.members]
    return {"members": members, "withheld": found.withheld}


def _exposure(found: Exposure) -> dict[str, Any]:
    members = [{**_party(one.party), "owes": one.owes} for one in found.members]
    return {"members": members, "total": found.total, "withheld": found.withheld}


def _who(one: RelatedParty) -> tuple[str, str]:
    return one.cif_no or "not shown", one.name or ""


def print_relations(found: tuple[RelationView, ...]) -> None:
    """Relations, for people."""
    rows = [
        (
            role_label(one.role, "en"), *_who(one.other), one.since or "", one.until or "",
            "" if one.share is None else f"{one.share} %", "" if one.votes is None else f"{one.votes} %", one.id,
        )
        for one in found
    ]  # fmt: skip
    table("Relations", ("is their", "number", "name", "since", "until", "share", "votes", "id"), rows)


def _print_owners(found: Ownership) -> None:
    rows = [
        (*_who(one.person), one.ground.value, f"{one.share} %", f"{one.direct} %", f"{one.votes} %")
        for one in found.owners
    ]
    table("Beneficial owners", ("number", "name", "by", "share", "of it direct", "votes"), rows)
    click.echo(f"{found.traced} % leads to persons, {found.unknown} % to nobody that is known")
    _print_withheld(found.withheld)


def _print_members(title: str, found: Belonging) -> None:
    rows = [(*_who(one), one.kind.value, "head" if one in found.heads else "") for one in found.members]
    table(title, ("number", "name", "kind", ""), rows)
    _print_withheld(found.withheld)


def _print_exposure(found: Exposure) -> None:
    def amounts(owes: Any) -> str:
        return "not shown" if owes is None else ", ".join(f"{one.currency} {one.amount:,}" for one in owes) or "nothing"

    table("Exposure", ("number", "name", "owes"), [(*_who(one.party), amounts(one.owes)) for one in found.members])
    click.echo(f"together {amounts(found.total)}")
    _print_withheld(found.withheld)


def _print_withheld(count: int) -> None:
    if count:
        click.echo(f"not all is shown: of {count} of them the policy does not let you see what it takes")
