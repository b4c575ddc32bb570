"""`bankcif check`: validates numbers; the one command that prints a value, its user's own."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from .._text import rule_text
from ..errors import FileError
from ..identifiers import Verdict, standard_schemes
from ..intake import bounded_lines
from ..party import ReferenceTables
from ._shared import read_value

__all__ = ["check"]


def document(text: str, verdict: Verdict) -> dict[str, Any]:
    """A verdict as JSON."""
    return {
        "input": text, "scheme": verdict.scheme, "valid": verdict.valid, "value": verdict.value,
        "issues": [{"rule": issue.rule, "severity": issue.severity.value} for issue in verdict.issues],
    }  # fmt: skip


@click.command()
@click.argument("scheme", required=False)
@click.argument("value", required=False)
@click.option("--scheme", "named", help="The scheme, when values come from --file.")
@click.option("--file", "file", help="A file with a value a line, or - for standard input.")
@click.option("--list", "list_schemes", is_flag=True, help="Print every scheme with its source.")
@click.option("--tables", help="Folder with further reference tables.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(
    scheme: str | None, value: str | None, named: str | None, file: str | None, list_schemes: bool, tables: str | None,
    as_json: bool,
) -> int:  # fmt: skip
    """
    Check a VALUE by SCHEME. Status 1 if it is not valid.

    VALUE is read from standard input if it is not given, so that it does not stay in the shell's history.
    """
    read = ReferenceTables.read(Path(tables)) if tables else None
    schemes = standard_schemes(tables=read)
    if list_schemes:
        for name in sorted(schemes):
            click.echo(json.dumps({"scheme": name, "source": schemes[name].source}, ensure_ascii=False)
                       if as_json else f"{name:<24} {schemes[name].source}")  # fmt: skip
        return 0
    chosen = named or scheme
    if chosen is None:
        raise click.UsageError(f"name a scheme: {', '.join(sorted(schemes))}")
    rules = schemes[chosen]
    if file is not None:
        valid = True
        for text in _lines(file):
            verdict = rules.validate(text)
            valid = valid and verdict.valid
            click.echo(json.dumps(document(text, verdict), ensure_ascii=False))
        return 0 if valid else 1
    text = read_value(value)
    verdict = rules.validate(text)
    if as_json:
        click.echo(json.dumps(document(text, verdict), ensure_ascii=False))
    else:
        click.echo(
            f"{'valid' if verdict.valid else 'NOT valid'}" + (f": {rules.format(text)}" if verdict.valid else "")
        )
        for issue in verdict.issues:
            click.echo(
                f"  {issue.severity.value}: {issue.rule} ({rule_text(issue.rule)} / {rule_text(issue.rule, 'zh')})"
            )
    return 0 if verdict.valid else 1


def _lines(name: str) -> Iterator[str]:
    """Lines, no longer than one may be; bytes that are not UTF-8 become a character that no scheme knows."""
    if name == "-":
        yield from (line.decode("utf-8", "replace") for line in bounded_lines(sys.stdin.buffer))
        return
    problem = ""
    try:
        with Path(name).open("rb") as file:
            yield from (line.decode("utf-8", "replace") for line in bounded_lines(file))
    except OSError:
        problem = f"the file {name} cannot be read; check its name and permissions"
    if problem:
        raise FileError(problem, path=name, rule="unreadable")
