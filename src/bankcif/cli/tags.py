"""`bankcif tags`: what is in a catalogue of tags, and which of them a customer that somebody made up would have, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from .._clock import SystemClock, local_date
from ..errors import InputError
from ..party import Money
from ..rules import Explained, Explanation, opened_record, written
from ..tagging import Catalogue, Evaluator, Segment, Tag, Verdict, starter_catalogue
from ._shared import emit, table

__all__ = ["explained", "tags"]

_PARTY = ("cif_no", "kind", "life_cycle", "review_state", "branch", "manager")


@click.group()
def tags() -> None:
    """Tags and segments."""


@tags.command("check")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option(
    "--impact",
    metavar="FIELD",
    help="Only what depends on this field, such as aum or holdings.balance, or on tag:NAME.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(file: Path | None, impact: str | None, as_json: bool) -> int:
    """
    Check the catalogue FILE (TOML), or the library's example, and list what is in it: every rule must fit the fields there are, and none may
    go in a circle.
    """
    catalogue = _read(file)
    names = catalogue.order if impact is None else catalogue.impact(impact)
    found = [_line(catalogue, name) for name in names]

    def text() -> None:
        columns = ("name", "label", "标签", "family", "class", "rule")
        table(
            f"catalogue {catalogue.version}: {len(catalogue.tags)} tags, {len(catalogue.segments)} segments"
            + (f"; {len(found)} depend on {impact}" if impact else ""),
            columns, [[line[column] for column in ("name", "en", "zh", "family", "class", "rule")] for line in found],
        )  # fmt: skip

    emit(as_json, {"version": catalogue.version, "definitions": found}, text)
    return 0


@tags.command("try")
@click.argument("record", type=click.Path(path_type=Path))
@click.option(
    "--catalogue", "file", type=click.Path(path_type=Path), help="Catalogue (TOML); the library's example by default."
)
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="The day on which it is asked; today by default.")
@click.option("--why", metavar="NAME", help="Explain this tag or segment: tag:NAME or segment:NAME.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def attempt(record: Path, file: Path | None, day: Any, why: str | None, as_json: bool) -> int:
    """
    Which tags the customer in RECORD would have, and until when. RECORD is JSON of golden values as they rest, made up by whoever
    writes rules: {"kind": "individual", "birth_date": "1990-01-01", "aum": {"minor": 5000000, "currency": "CNY"}}.
    """
    evaluator, today = (
        Evaluator(_read(file)),
        day.date() if day else local_date(SystemClock().now(), ZoneInfo("Asia/Shanghai")),
    )
    values = _record(record)
    verdicts = evaluator.verdicts(values, today)
    if why is not None:
        if why not in verdicts:
            raise InputError("there is no definition of this name; write tag:NAME or segment:NAME", rule="tags")
        explained(evaluator.explain(why, values, today, show=_shown), verdicts[why], as_json)
        return 0
    held = {name: verdict for name, verdict in verdicts.items() if verdict is not Verdict.NO}
    turns = evaluator.next_change(values, verdicts, today)

    def text() -> None:
        rows = [
            (name, evaluator.catalogue.definition(name).en, evaluator.catalogue.definition(name).zh, str(verdict))
            for name, verdict in held.items()
        ]
        table(f"on {today}", ("name", "label", "标签", "why"), rows)
        click.echo(f"the next day on which one of them can turn by itself: {turns or 'none'}")

    emit(as_json, {"on": today, "held": held, "next_change": turns}, text)
    return 0


def _shown(_: frozenset[str], value: Any) -> str:
    """The record is the user's own, so nothing of it is masked."""
    if isinstance(value, Money):
        return f"{value.currency} {value.amount:,}"
    return "missing" if value is None else str(value)


def _read(file: Path | None) -> Catalogue:
    return starter_catalogue() if file is None else Catalogue.read(file)


def _line(catalogue: Catalogue, name: str) -> dict[str, Any]:
    one = catalogue.definition(name)
    return {
        "name": name, "en": one.en, "zh": one.zh, "family": getattr(one, "family", "segment"), "class": catalogue.sensitivity(name).value,
        "rule": _rule(one), "about_en": one.about_en, "about_zh": one.about_zh, "version": catalogue.version_of(name),
    }  # fmt: skip


def _rule(one: Tag | Segment) -> str:
    """Its rule as people write it; of a tier its floor."""
    if not isinstance(one, Tag) or one.floor is None:
        return "" if one.when is None else written(one.when)
    if not one.floor.minor:
        return "any monthly average"
    grace = one.tier().grace_months
    return f"monthly average >= {one.floor.currency} {one.floor.amount:f}, watched {grace} months below"


def _record(path: Path) -> Mapping[str, Any]:
    problem = ""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return opened_record({"kind": "individual", **{name: said.get(name) for name in _PARTY if name in said}}, said)
    except FileNotFoundError:
        problem = "does not exist"
    except (OSError, ValueError, TypeError, AttributeError, KeyError):
        problem = "is not JSON of golden values as they rest"
    raise InputError(f"the record {path} {problem}", rule="record")


def explained(found: Explanation, verdict: Verdict | None, as_json: bool) -> None:
    """Prints why a rule holds, or does not."""

    def tree(one: Explained) -> dict[str, Any]:
        return {
            "text": one.text, "verdict": one.verdict, "seen": {seen.term: seen.value for seen in one.seen},
            "items": [tree(item) for item in one.items],
        }  # fmt: skip

    def text() -> None:
        click.echo(("holds" if found.holds else "does not hold") + ("" if verdict is None else f" ({verdict})"))
        for one in found.because:
            seen = ", ".join(
                f"{each.term} is {each.value}" + (f", from {' and '.join(each.sources)}" if each.sources else "")
                for each in one.seen
            )
            click.echo(f"  because  {one.text}  is {_WORDS[one.verdict]}" + (f": {seen}" if seen else ""))
        if found.turns_on is not None:
            click.echo(f"  can be otherwise from {found.turns_on} on, if nothing new is heard")

    emit(
        as_json,
        {
            "holds": found.holds,
            "verdict": verdict,
            "tree": tree(found.tree),
            "because": [one.text for one in found.because],
            "turns_on": None if found.turns_on is None else found.turns_on.isoformat(),
        },
        text,
    )


_WORDS = {True: "true", False: "false", None: "not known"}
