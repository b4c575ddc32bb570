"""`bankcif report …`: counts and sums over the whole file, as a page, a workbook, a table or a document."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .. import CIF
from .._files import new_folder
from ..analytics import Report, ReportBook, starter_reports
from ..errors import FileError
from ._output import emit, save
from ._shared import Session, customer_command, table

__all__ = ["report"]

_OF_ONE = (".csv", ".svg", ".png")
_DAY = click.DateTime(["%Y-%m-%d"])


def _list(context: click.Context, _: click.Parameter, given: bool) -> None:
    """Prints the reports there are; needs no store."""
    if not given or context.resilient_parsing:
        return
    known = _book(context.params.get("book"))
    rows = [
        (one.name, one.family, one.label("zh"), one.label("en"), ", ".join(part.name for part in one.parts))
        for one in known.reports.values()
    ]  # fmt: skip
    table(f"Reports of {known.version}", ("name", "family", "名称", "what it is", "dimensions and measures"), rows)
    context.exit(0)


@click.command("report")
@click.argument("names", nargs=-1, required=True)
@click.option(
    "--reports",
    "book",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    is_eager=True,
    help="The bank's own reports (TOML), instead of those of the library.",
)
@click.option(
    "--list",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list,
    help="Say which reports there are; behind --reports, of that file.",
)
@click.option("--as-of", type=_DAY, help="The day at whose end it is of; today without.")
@click.option(
    "--since", type=_DAY, help="From this day to the other: how customers moved along the report's one dimension."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="A page (.html), a workbook (.xlsx), or of one report a table (.csv) or its charts (.svg, .png).",
)
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@customer_command
def report(
    session: Session, names: tuple[str, ...], book: Path | None, as_of: Any, since: Any, out: Path | None, language: Any
) -> int:  # fmt: skip
    """
    Make the reports NAMES, or "all": counts and sums of customers, and nothing of a customer.

    "portfolio" writes what the file comes to on one page, with a page of each report beside it, to the folder --out.
    """
    if names == ("portfolio",):
        return _portfolio(session, as_of, out, language)
    suffix = "" if out is None else out.suffix.lower()
    if out is not None and suffix not in (".html", ".xlsx", *_OF_ONE):
        raise click.UsageError("a report is written as .html, .xlsx, .csv, .svg or .png")
    known = _book(book)
    specs = [*known.reports.values()] if names == ("all",) else [known[name] for name in names]
    if suffix in _OF_ONE and len(specs) > 1:
        raise click.UsageError("a table or a picture is of one report; name one, or write a page or a workbook")
    with session.open() as cif:
        told: dict[str, Any] = {"actor": session.actor(cif), "purpose": session.purpose}
        if since is None:
            made = [cif.reports.make(one, as_of=_day(as_of), **told) for one in specs]
        else:
            made = [cif.reports.movement(one, since=since.date(), until=_day(as_of), **told) for one in specs]
        files = [] if out is None else _written(cif, made, out, language)
        sections = cif.reports.sections(made, language)
    document = {"reports": [_document(one) for one in made], "files": files}

    def text() -> None:
        if out is not None:
            click.echo(f"written to {', '.join(files)}")
            return
        for one in sections:
            table(
                one.title,
                one.columns,
                [[_cell(value, one.is_share(at)) for at, value in enumerate(row)] for row in one.rows],
            )
            click.echo(one.note)

    emit(session.as_json, document, text)
    return 0


def _portfolio(session: Session, as_of: Any, out: Path | None, language: Any) -> int:
    if out is None or out.suffix:
        raise click.UsageError("the portfolio is written to a folder: --out FOLDER")
    with session.open() as cif:
        pages = cif.reports.portfolio(
            as_of=_day(as_of), language=language, actor=session.actor(cif), purpose=session.purpose
        )
    problem = ""
    try:
        with new_folder(out) as made:
            for name, content in pages.items():
                (made / name).write_text(content, encoding="utf-8")
    except FileExistsError:
        problem = "is there already; name another"
    except OSError:
        problem = "can not be written; check the folder and its permissions"
    if problem:
        raise FileError(f"{out} {problem}", path=str(out), rule="unwritable")
    files = [str(out / name) for name in pages]
    emit(session.as_json, {"files": files}, lambda: click.echo(f"written to {out}; begin with {files[0]}"))
    return 0


def _written(cif: CIF, made: list[Report], out: Path, language: Any) -> list[str]:
    """Writes the reports to *out*; pictures of several measures to a file of each, ``NAME-MEASURE.png``."""
    content: dict[Path, str | bytes]
    suffix = out.suffix.lower()
    if suffix == ".csv":
        content = {out: cif.reports.csv(made[0], language=language)}
    elif suffix == ".html":
        content = {out: cif.reports.page(made, language=language)}
    elif suffix == ".xlsx":
        content = {out: cif.reports.workbook(made, language=language)}
    else:
        drawn = cif.reports.pictures(made[0], form="svg" if suffix == ".svg" else "png", language=language)
        content = {out if len(drawn) == 1 else out.with_stem(f"{out.stem}-{name}"): one for name, one in drawn.items()}
    for path, one in content.items():
        save(path, one)
    return [str(path) for path in content]


def _book(path: Path | None) -> ReportBook:
    return starter_reports() if path is None else ReportBook.read(path)


def _day(given: Any) -> Any:
    return None if given is None else given.date()


def _cell(value: Any, percent: bool) -> Any:
    return value if not isinstance(value, float) else f"{value:.1%}" if percent else f"{value:,.2f}"


def _document(made: Report) -> dict[str, Any]:
    cells = [
        {
            "levels": dict(zip(made.levels, place, strict=True)),
            "figures": {
                name: None if one is None else {"numerator": one.numerator, "denominator": one.denominator} for name, one in figures.items()
            },
        }
        for place, figures in made.rows(sums=True)
    ]  # fmt: skip
    return {
        "name": made.spec.name, "as_of": made.as_of, "since": made.since, "customers": made.customers, "k": made.k, "not_told": made.withheld, "cells": cells,
    }  # fmt: skip
