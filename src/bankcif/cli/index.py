"""`bankcif index`: what blind indexes give away."""

from __future__ import annotations

from pathlib import Path

import attrs
import click

from ..errors import ConfigurationError
from ..matching import FULL_TAG_INDEXES, INDEX_PARTS, SEARCH_PARTS
from ..protection import FULL_BITS, Frequencies, PlannedIndex, default_frequencies, plan_index
from ._shared import emit, table

__all__ = ["index", "read_frequencies"]


@click.group()
def index() -> None:
    """Blind indexes."""


@index.command("plan")
@click.option(
    "--expected-customers", type=int, default=1_000_000, show_default=True, help="What the store is made for."
)
@click.option("--frequencies", type=click.Path(path_type=Path), help="The bank's own frequencies (TOML).")
@click.option(
    "--try", "trials", multiple=True, metavar="PART+PART", help="A further index to plan; may be given again."
)
@click.option(
    "--name-search",
    "searched",
    multiple=True,
    type=click.Choice(list(SEARCH_PARTS)),
    help="As of init; may be given again.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def plan(
    expected_customers: int, frequencies: Path | None, trials: tuple[str, ...], searched: tuple[str, ...], as_json: bool
) -> int:
    """
    Plan the tags of every index and print what an observer of the table learns. Status 1 if an index is refused.

    A tag is as long as --expected-customers and the frequencies of its parts allow.
    """
    if not 1_000 <= expected_customers <= 10**10:
        raise ConfigurationError("expected_customers must lie between 1,000 and 10^10", rule="index_plan")
    known = read_frequencies(frequencies)
    wanted: dict[str, tuple[str, ...]] = {**INDEX_PARTS}
    for beside in searched:
        wanted |= SEARCH_PARTS[beside]
    wanted |= {trial: tuple(trial.split("+")) for trial in trials}
    planned = [
        plan_index(name, parts, expected_customers, known, full=name in FULL_TAG_INDEXES)
        for name, parts in wanted.items()
    ]
    document = [
        {**attrs.asdict(one), "stands_out": round(one.stands_out, 2), "per_tag": round(one.per_tag, 1),
         "heaviest": round(one.heaviest, 2), "spread": round(one.spread, 1)}
        for one in planned
    ]  # fmt: skip

    def text() -> None:
        rows = [
            (one.name, " + ".join(one.parts), one.bits, f"{one.per_tag:,.1f}", f"{one.heaviest:,.2f}",
             f"{one.stands_out:.1f}", _said(one))
            for one in planned
        ]  # fmt: skip
        table(
            f"Blind indexes for {expected_customers:,} customers",
            ("index", "of", "bits", "a tag", "commonest", "sd", "an observer learns"), rows,
        )  # fmt: skip
        click.echo(_LEGEND)
        for one in planned:
            if one.refused:
                click.echo(f"{one.name} is REFUSED: {one.refused}.")

    emit(as_json, document, text)
    return 1 if any(one.refused for one in planned) else 0


_LEGEND = """
a tag      customers that share a tag, on average
commonest  customers of the most frequent value
sd         standard deviations by which that value's tag exceeds the others; at most 3"""


def _said(one: PlannedIndex) -> str:
    """What the table gives away, in a few words."""
    if one.refused:
        return "REFUSED, see below"
    if one.bits == FULL_BITS:
        return "which values are equal"
    return f"that some {one.per_tag:,.0f} may be equal"


def read_frequencies(path: Path | None) -> Frequencies:
    """The frequencies in the file *path*, over the library's; these alone if None."""
    return default_frequencies() if path is None else Frequencies.read(path)
