"""`bankcif quality …`: rules asked of the file, findings that people put right, figures they answer for."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import attrs
import click

from ..flows.clean import Campaign
from ..flows.examine import UnitFigures
from ..flows.sample import Sample
from ..quality import SCOPES, Departments, Dimension, Figure, Finding, State
from ._output import save
from ._shared import Session, customer_command, emit, table

__all__ = ["quality"]

_REASON = click.option("--reason", required=True, help="Why; kept sealed, with the customer.")
_DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def quality() -> None:
    """Data quality: rules, findings, figures, scorecards, cleaning."""


@quality.command("run")
@click.option("--whole", is_flag=True, help="Ask everybody anew, and not only of whom something else can come out.")
@customer_command
def run(session: Session, whole: bool) -> int:
    """Ask the rules, open and end findings, and keep the figures of the day."""
    with session.open() as cif:
        done = cif.quality.run(whole=whole, actor=session.actor(cif), purpose=session.purpose)
        dimensions = cif.quality.rules.by_dimension(done.figures)
    document = {
        **attrs.asdict(done),
        "dimensions": {one.value: attrs.asdict(figure) for one, figure in dimensions.items()},
    }

    def text() -> None:
        click.echo(
            f"{done.customers:,} customers, {done.looked_at:,} looked at; {done.opened:,} findings came and {done.ended:,} ended"
        )
        _print_figures(dimensions)

    emit(session.as_json, document, text)
    return 0


@quality.command("rules")
@customer_command
def rules(session: Session) -> int:
    """The rules that are asked."""
    with session.open() as cif:
        session.actor(cif)
        book = cif.quality.rules

    def text() -> None:
        rows = [(one.name, one.dimension.value, one.field, one.severity.value, one.en) for one in book.rules.values()]
        table(f"Rules of {book.version}", ("rule", "dimension", "field", "severity", "what is right"), sorted(rows))

    emit(session.as_json, book.document(), text)
    return 0


@quality.command("figures")
@click.option("--by", "scope", type=click.Choice(SCOPES), default="all", show_default=True)
@click.option("--since", type=_DAY, help="First day; of the last run alone without.")
@click.option("--until", type=_DAY, help="Last day.")
@click.option("--rules", "of_rules", is_flag=True, help="Of each rule, and not of each dimension.")
@customer_command
def figures(session: Session, scope: str, since: Any, until: Any, of_rules: bool) -> int:
    """The figures that were kept."""
    with session.open() as cif:
        found = cif.quality.figures(
            scope, since=_day(since), until=_day(until), actor=session.actor(cif), purpose=session.purpose
        )

    def text() -> None:
        for one in found:
            click.echo(f"{one.day}{f'  {one.unit}' if one.unit else ''}")
            _print_figures(dict(one.rules) if of_rules else dict(one.dimensions))

    emit(session.as_json, [_document(one) for one in found], text)
    return 0


@quality.command("findings")
@click.option("--rule", default="", help="Of this rule alone.")
@click.option("--kind", type=click.Choice([one.value for one in Finding]), help="Of this kind alone.")
@click.option("--assignee", default="", help="Of this operator alone.")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([one.value for one in State]),
    default=("open",),
    show_default=True,
)
@click.option("--limit", type=int, default=100, show_default=True)
@customer_command
def findings(session: Session, rule: str, kind: str | None, assignee: str, states: tuple[str, ...], limit: int) -> int:
    """What is to be put right, the graver first."""
    with session.open() as cif:
        found = cif.quality.findings(
            rule=rule, kind=None if kind is None else Finding(kind), assignee=assignee, states=tuple(map(State, states)),
            limit=limit, actor=session.actor(cif), purpose=session.purpose,
        )  # fmt: skip
    rows = [(one.cif_no, one.rule, one.kind.value, one.severity.value, one.state.value, one.due, one.assignee, one.en) for one in found]  # fmt: skip
    columns = ("customer", "rule", "finding", "severity", "state", "due", "with", "what would be right")
    emit(session.as_json, [attrs.asdict(one) for one in found], lambda: table("Findings", columns, rows))
    return 0


@quality.command("assign")
@click.argument("cif_no")
@click.argument("rule")
@click.argument("to")
@customer_command
def assign(session: Session, cif_no: str, rule: str, to: str) -> int:
    """Give a finding to an operator, or to nobody if TO is -."""
    to = "" if to == "-" else to
    with session.open() as cif:
        cif.quality.assign(cif_no, rule, to, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, {"assignee": to}, lambda: click.echo(f"with {to}" if to else "with nobody"))
    return 0


@quality.command("accept")
@click.argument("cif_no")
@click.argument("rule")
@click.option("--until", type=_DAY, required=True, help="The last day for which it is accepted; at most a year ahead.")
@_REASON
@customer_command
def accept(session: Session, cif_no: str, rule: str, until: Any, reason: str) -> int:
    """Accept a finding as it is, to a day."""
    with session.open() as cif:
        cif.quality.accept(cif_no, rule, until.date(), reason=reason, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, {"until": until.date()}, lambda: click.echo(f"accepted until {until.date()}"))
    return 0


@quality.command("dismiss")
@click.argument("cif_no")
@click.argument("rule")
@_REASON
@customer_command
def dismiss(session: Session, cif_no: str, rule: str, reason: str) -> int:
    """Say that a finding is none: the value is right."""
    with session.open() as cif:
        cif.quality.dismiss(cif_no, rule, reason=reason, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, {"state": "false_positive"}, lambda: click.echo("a false positive"))
    return 0


@quality.command("close")
@click.argument("cif_no")
@click.argument("rule")
@customer_command
def close(session: Session, cif_no: str, rule: str) -> int:
    """End a finding that was put right; the test must pass."""
    with session.open() as cif:
        cif.quality.close(cif_no, rule, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, {"state": "fixed"}, lambda: click.echo("fixed"))
    return 0


@quality.command("report")
@click.argument("cif_no")
@click.argument("field")
@_REASON
@customer_command
def report(session: Session, cif_no: str, field: str, reason: str) -> int:
    """Tell that a value of a customer is wrong."""
    with session.open() as cif:
        rule = cif.quality.report(cif_no, field, reason=reason, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, {"rule": rule}, lambda: click.echo(rule))
    return 0


@quality.command("appeal")
@click.argument("cif_no")
@click.argument("rule")
@click.option("--grant/--refuse", default=None, help="Decide an appeal that another made.")
@_REASON
@customer_command
def appeal(session: Session, cif_no: str, rule: str, grant: bool | None, reason: str) -> int:
    """Ask that a finding does not count in scorecards, or decide that."""
    with session.open() as cif:
        told: dict[str, Any] = {"reason": reason, "actor": session.actor(cif), "purpose": session.purpose}
        if grant is None:
            cif.quality.appeal(cif_no, rule, **told)
        else:
            cif.quality.decide_appeal(cif_no, rule, grant=grant, **told)
    state = "asked" if grant is None else "granted" if grant else "refused"
    emit(session.as_json, {"appeal": state}, lambda: click.echo(state))
    return 0


@quality.command("scorecard")
@click.argument("scope", type=click.Choice(SCOPES[1:]))
@click.option("--since", type=_DAY, help="First day; 90 days back without.")
@click.option("--until", type=_DAY, help="Last day; today without.")
@click.option("--dimension", type=click.Choice([one.value for one in Dimension]), help="Of this alone.")
@click.option(
    "--least", type=int, default=30, show_default=True, help="Of how many customers a rate is told, at least."
)
@click.option(
    "--departments",
    type=click.Path(path_type=Path),
    help="TOML file that says which of them belong together, and since when.",
)
@customer_command
def scorecard(
    session: Session, scope: str, since: Any, until: Any, dimension: str | None, least: int, departments: Path | None
) -> int:
    """How branches, managers, channels or staff did, or departments of them."""
    grouped = None if departments is None else Departments.read(departments)
    with session.open() as cif:
        found = cif.quality.scorecard(
            scope, _day(since), _day(until), dimension=None if dimension is None else Dimension(dimension), least=least,
            departments=grouped, actor=session.actor(cif), purpose=session.purpose,
        )  # fmt: skip

    def text() -> None:
        rows = [
            (one.unit or "(nobody)", _percent(one.rate), "" if one.trend is None else f"{one.trend:+.1%}", one.figure.denominator,
             one.opened, one.fixed, one.in_time, one.overdue, one.excluded)
            for one in found
        ]  # fmt: skip
        columns = (
            scope if grouped is None else "department",
            "rate",
            "trend",
            "checked",
            "found",
            "fixed",
            "in time",
            "overdue",
            "excluded",
        )
        table("Scorecard", columns, rows)

    emit(session.as_json, [attrs.asdict(one) for one in found], text)
    return 0


@quality.command("sample")
@click.argument("field")
@click.option("--day", type=_DAY, required=True, help="Of whom was a customer at the end of this day.")
@click.option("--size", type=int, default=200, show_default=True)
@click.option("--seed", default="", help="Another one gives others.")
@click.option("--result", is_flag=True, help="What came out of checking them, and not who they are.")
@customer_command
def sample(session: Session, field: str, day: Any, size: int, seed: str, result: bool) -> int:
    """Customers drawn by lot, whose FIELD a person is to check and to record; or what came out of it."""
    drawn = Sample(field=field, day=day.date(), size=size, seed=seed)
    with session.open() as cif:
        if not result:
            numbers = cif.quality.draw(drawn, actor=session.actor(cif), purpose=session.purpose)
            emit(
                session.as_json,
                {"customers": numbers},
                lambda: click.echo("\n".join(numbers) or "nobody was a customer at the end of that day"),
            )
            return 0
        found = cif.quality.verified_accuracy(drawn, actor=session.actor(cif), purpose=session.purpose)

    def text() -> None:
        figure = found.figure
        if not figure.denominator + figure.not_applicable + figure.not_checked:
            click.echo("nobody was a customer at the end of that day")
            return
        click.echo(
            f"{figure.numerator} of {figure.denominator} right; the truth is between {found.low:.1%} and {found.high:.1%} (95 %)"
        )
        click.echo(f"{figure.not_applicable} without a value, {figure.not_checked} not checked yet")

    emit(session.as_json, attrs.asdict(found), text)
    return 0


@quality.command("clean")
@click.argument("campaign")
@click.option("--cleaner", "cleaners", multiple=True, help="Only this; may be repeated. All without.")
@click.option("--least", type=int, default=50, show_default=True, help="Leave out what is less sure, 0 to 100.")
@click.option("--make", type=int, help="Make changes of all that is at least so sure; a list without.")
@click.option("--accept", "accepted", nargs=2, help="Customer and cleaner: make this one change.")
@customer_command
def clean(
    session: Session, campaign: str, cleaners: tuple[str, ...], least: int, make: int | None, accepted: tuple[str, str] | None
) -> int:  # fmt: skip
    """Values that follow from others, as a list, or made changes of under the name CAMPAIGN."""
    chosen = Campaign(name=campaign, cleaners=cleaners, least=least, by_itself=101 if make is None else make)
    with session.open() as cif:
        told: dict[str, Any] = {"actor": session.actor(cif), "purpose": session.purpose}
        if accepted:
            done = cif.quality.clean_one(chosen, *accepted, **told)
            emit(session.as_json, attrs.asdict(done), lambda: click.echo(done.state.value))
            return 0
        if make is not None:
            made = cif.quality.clean(chosen, **told)
            words = f"{made.made} changed, {made.waiting} wait for a second person, {made.shown} to be looked at, {made.refused} refused"
            emit(session.as_json, attrs.asdict(made), lambda: click.echo(words))
            return 0
        found = cif.quality.suggestions(chosen, **told)
    rows = [(one.cif_no, one.field, one.value if one.value is not None else "(nothing)", one.confidence, one.en, one.cleaner) for one in found]  # fmt: skip
    columns = ("customer", "field", "what it should be", "sure", "why", "cleaner")
    emit(session.as_json, [attrs.asdict(one) for one in found], lambda: table("Suggestions", columns, rows))
    return 0


@quality.command("page")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@customer_command
def page(session: Session, file: Path, language: Any) -> int:
    """Write the quality report to FILE: a page (.html) or a workbook (.xlsx)."""
    if file.suffix not in (".html", ".xlsx"):
        raise click.UsageError("the report is written as .html or .xlsx")
    with session.open() as cif:
        told: dict[str, Any] = {"language": language, "actor": session.actor(cif), "purpose": session.purpose}
        made = cif.quality.page(**told) if file.suffix == ".html" else cif.quality.workbook(**told)
    save(file, made)
    emit(session.as_json, {"file": str(file)}, lambda: click.echo(f"written to {file}"))
    return 0


def _day(given: Any) -> date | None:
    return None if given is None else given.date()


def _percent(rate: float | None) -> str:
    return "(too few)" if rate is None else f"{rate:.1%}"


def _document(one: UnitFigures) -> dict[str, Any]:
    def each(figures: Any) -> dict[str, Any]:
        return {name: {**attrs.asdict(figure), "rate": figure.rate} for name, figure in figures.items()}

    return {"day": one.day, "unit": one.unit, "dimensions": each(one.dimensions), "rules": each(one.rules)}


def _print_figures(figures: dict[Any, Figure]) -> None:
    rows = [
        (
            str(name),
            "" if one.rate is None else f"{one.rate:.1%}",
            one.numerator,
            one.denominator,
            one.not_applicable,
            one.not_checked,
        )
        for name, one in figures.items()
    ]
    table("", ("", "rate", "met", "checked", "not applicable", "not checked"), rows)
