"""`bankcif tags …` over a store: publishing a catalogue by two persons, renewing portraits, showing one, saying tags by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import click

from .._clock import from_micros
from ..flows.portray import PortraitView, TagView
from ..flows.publish import Preview
from ..flows.whole import Customer360
from ..tagging import AudiencePlan, Catalogue, starter_catalogue
from ._audience import audience_options
from ._shared import Session, customer_command, emit, harmless, instant, table
from .relations import print_relations, relation_document
from .reminders import print_reminders
from .tags import explained

__all__ = ["STORED", "print_whole", "whole_document"]

_WHEN = click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"])


def _catalogue(file: Path | None) -> Catalogue:
    return starter_catalogue() if file is None else Catalogue.read(file)


@click.command("preview")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--proposal", help="The catalogue of this proposal, for whoever decides about it.")
@customer_command
def preview(session: Session, file: Path | None, proposal: str | None) -> int:
    """Who would enter and who would leave, were the catalogue FILE (TOML), or the library's example, in force: counts alone."""
    with session.open() as cif:
        ask: dict[str, Any] = {"actor": session.actor(cif), "purpose": session.purpose}
        catalogue = _catalogue(file) if proposal is None else cif.tags.proposed(proposal, **ask)
        found = cif.tags.preview(catalogue, **ask)
    emit(session.as_json, _previewed(found), lambda: _print_preview(found))
    return 0


@click.command("propose")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--reason", required=True, help="Why; stands in the proposal.")
@customer_command
def propose(session: Session, file: Path | None, reason: str) -> int:
    """
    Propose the catalogue FILE (TOML), or the library's example, in place of the one in force. A second person approves (approval
    approve); then renew the portraits.
    """
    with session.open() as cif:
        made = cif.tags.propose(_catalogue(file), reason=reason, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, {"id": made.id}, lambda: click.echo(f"proposed {made.id}; a second person approves it"))
    return 0


@click.command("roll-back")
@click.option("--reason", required=True, help="Why; stands in the proposal.")
@click.option("--to", help="A proposal that `published` names; the one before the present one if it is left out.")
@customer_command
def roll_back(session: Session, reason: str, to: str | None) -> int:
    """Propose a catalogue that was in force before; a second person approves."""
    with session.open() as cif:
        made = cif.tags.roll_back(to, reason=reason, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, {"id": made.id}, lambda: click.echo(f"proposed {made.id}; a second person approves it"))
    return 0


@click.command("published")
@customer_command
def published(session: Session) -> int:
    """The catalogues that are or were in force, oldest first."""
    with session.open() as cif:
        found = cif.tags.published(actor=session.actor(cif), purpose=session.purpose)
    rows = [
        (one.version, instant(one.since), "" if one.until is None else instant(one.until), one.proposal)
        for one in found
    ]
    document = [
        {"version": one.version, "since": from_micros(one.since), "until": None if one.until is None else from_micros(one.until),
         "proposal": one.proposal}
        for one in found
    ]  # fmt: skip
    emit(session.as_json, document, lambda: table("Catalogues", ("version", "since", "until", "proposal"), rows))
    return 0


@click.command("renew")
@click.option(
    "--whole", is_flag=True, help="Look at every customer, not only at those whom time or a change can have turned."
)
@customer_command
def renew(session: Session, whole: bool) -> int:
    """Make portraits anew where the calendar or another catalogue turned them; every day, and after a catalogue came into force."""
    with session.open() as cif:
        count = cif.tags.renew(whole=whole, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, {"changed": count}, lambda: click.echo(f"{count:,} portrait(s) changed"))
    return 0


@click.command("show")
@click.argument("cif_no")
@click.option("--at", type=_WHEN, help="As it was then, such as 2026-11-27T09:00+08:00.")
@customer_command
def show(session: Session, cif_no: str, at: Any) -> int:
    """The tags a customer has and the segments they are in, as far as the operator may see them. Status 1 if there are none."""
    with session.open() as cif:
        found = cif.tags.portrait(cif_no, at=at, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, _shown(found), lambda: _print_portrait(found))
    return 0 if found.tags else 1


@click.command("why")
@click.argument("cif_no")
@click.argument("name")
@customer_command
def why(session: Session, cif_no: str, name: str) -> int:
    """Why the rule of NAME (tag:NAME or segment:NAME) holds of a customer, or does not, in values as the operator sees them."""
    with session.open() as cif:
        found = cif.tags.why(cif_no, name, actor=session.actor(cif), purpose=session.purpose)
    explained(found, None, session.as_json)
    return 0


@click.command("audience")
@audience_options(required=True)
@customer_command
def audience(session: Session, plan: AudiencePlan) -> int:
    """From a segment to whom a campaign would address, step by step: counts alone. Who they are leaves with  bankcif export --segment."""
    with session.open() as cif:
        steps = cif.tags.audience(plan, actor=session.actor(cif), purpose=session.purpose)
    document = [{"step": name, "customers": count} for name, count in steps]
    emit(
        session.as_json, document, lambda: table(f"audience of {harmless(plan.campaign)}", ("step", "customers"), steps)
    )
    return 0


@click.command("count")
@click.argument("names", nargs=-1, required=True)
@customer_command
def count(session: Session, names: tuple[str, ...]) -> int:
    """How many customers have each of NAMES: tag:NAME or segment:NAME."""
    with session.open() as cif:
        found = cif.tags.count(names, actor=session.actor(cif), purpose=session.purpose)
    whole = found.pop("") or 0
    rows = [(name, "few" if number is None else number, f"{number / whole:.1%}" if whole and number is not None else "")
            for name, number in found.items()]  # fmt: skip
    emit(
        session.as_json, {"customers": whole, "have": found},
        lambda: table(f"of {whole:,} customers", ("name", "have it", "share"), rows),
    )  # fmt: skip
    return 0


@click.command("say")
@click.argument("cif_no")
@click.argument("tag")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day on which it stands.")
@click.option("--veto", is_flag=True, help="They shall not have it, whatever its rule says.")
@click.option("--back", is_flag=True, help="Take back what was said.")
@click.option("--reason", required=True, help="Why; kept sealed, with the customer.")
@click.option("--evidence", default="", help="Reference to what it rests on, such as a model's version.")
@customer_command
def say(session: Session, cif_no: str, tag: str, until: Any, veto: bool, back: bool, reason: str, evidence: str) -> int:
    """Say that a customer has a tag that no rule decides, that they shall not have one, or take that back."""
    if (veto and back) or (back and until is not None) or (veto and until is None):
        raise click.UsageError("say one thing: that they have it, --veto with --until, or --back")
    last: Any = None if until is None else until.date()
    with session.open() as cif:
        ask: dict[str, Any] = {"reason": reason, "actor": session.actor(cif), "purpose": session.purpose}
        if back:
            has = cif.tags.take_back(cif_no, tag, **ask)
        elif veto:
            has = cif.tags.veto(cif_no, tag, until=last, evidence=evidence, **ask)
        else:
            has = cif.tags.say(cif_no, tag, until=last, evidence=evidence, **ask)
    emit(session.as_json, {"has": has}, lambda: click.echo(f"they {'have' if has else 'do not have'} the tag {tag}"))
    return 0


def _previewed(found: Preview) -> dict[str, Any]:
    return {
        "customers": found.customers,
        "changes": [attrs.asdict(one) for one in found.changes],
        "overlaps": [{"tags": sorted(tags), "customers": count} for tags, count in found.overlaps.items()],
    }


def _print_preview(found: Preview) -> None:
    few = "few"  # fewer than the policy lets be told
    rows = [
        (
            one.name,
            *(few if number is None else number for number in (one.had, one.enter, one.leave)),
            ", ".join(one.depend),
        )
        for one in found.changes
        if one.enter != 0 or one.leave != 0
    ]
    columns = ("name", "have it", "enter", "leave", "what depends on it")
    table(f"what would change, of {found.customers:,} customers", columns, rows)
    if still := len(found.changes) - len(rows):
        click.echo(f"{still} more are new, gone or another, and nobody enters or leaves them")
    for names, count in sorted(found.overlaps.items(), key=lambda pair: -pair[1]):
        click.echo(f"of one group, and together of {count:,}: {', '.join(sorted(names))}")


def whole_document(found: Customer360, view: dict[str, Any]) -> dict[str, Any]:
    """A customer as a whole, as JSON; *view* is the document of their fields."""
    return {
        **view, "portrait": _shown(found.portrait), "contacts": [attrs.asdict(one) for one in found.contacts],
        "relations": [relation_document(one) for one in found.relations], "due": [attrs.asdict(one) for one in found.due], "tasks": [attrs.asdict(one) for one in found.tasks],
        "reminders": [attrs.asdict(one) for one in found.reminders],
        "withheld": list(found.withheld),
    }  # fmt: skip


def print_whole(found: Customer360) -> None:
    """What a customer is beside their fields, for people."""
    _print_portrait(found.portrait)
    columns = ("on", "channel", "type", "direction", "campaign", "outcome", "due")
    for title, contacts in (("contacts", found.contacts), ("to be done", found.due)):
        rows = [
            (one.on, one.channel, one.type, one.direction, one.campaign, one.outcome, one.due or "") for one in contacts
        ]
        table(title, columns, rows)
    print_relations(found.relations)
    rows_ = [(one.id, one.task, one.other or "", instant(one.opened_at)) for one in found.tasks]
    table("open questions", ("id", "what", "with", "since"), rows_)
    print_reminders(found.reminders)


def _shown(found: PortraitView) -> dict[str, Any]:
    return {
        "cif_no": found.cif_no, "day": found.day, "catalogue": found.catalogue,
        "tags": [attrs.asdict(one) for one in found.tags],
        "left": {name: {"since": one.since, "why": one.why} for name, one in found.left.items()},
        "withheld": found.withheld,
    }  # fmt: skip


def _print_portrait(found: PortraitView) -> None:
    rows = [(one.name, one.en, one.zh, one.since, one.until or "", _why(one)) for one in found.tags]
    told = f", catalogue {found.catalogue}" if found.catalogue else ": no catalogue was in force"
    table(f"{found.cif_no} on {found.day}{told}", ("name", "label", "标签", "since", "until", "why"), rows)
    for name, one in found.left.items():
        click.echo(f"had until then: {harmless(name)}, since {one.since} ({one.why})")
    if found.withheld:
        click.echo(f"{len(found.withheld)} of the catalogue are withheld from this operator")


def _why(one: TagView) -> str:
    """By whom or by what a customer has a tag, in a line."""
    if one.tier is None:
        return (one.reason and f"{one.said_by}: {one.reason}") or one.said_by or "by rule"
    told = f"by balances up to {one.tier.until}, since {one.tier.since}"
    if one.tier.watched:
        told += f"; {one.tier.watched} of {one.tier.grace_months} months below its floor"
    return told


STORED = (preview, propose, roll_back, published, renew, show, why, audience, count, say)
"""The commands of `bankcif tags` over a store."""
