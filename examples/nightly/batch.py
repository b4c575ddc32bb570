"""
The night: load what the channels delivered, link, bring tags and quality up to the day, report. Each step can be run again, and goes on where it was interrupted.

    python batch.py FOLDER            everything, in order
    python batch.py FOLDER load       one step
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bankcif import CIF, Actor, LocalKeyProvider, Purpose
from bankcif.errors import InputError
from bankcif.tagging import starter_catalogue
from bankcif.testing import synthetic_tables

DATA = Path(__file__).parent.parent / "data"
FILES = {"counter.csv": "counter", "mobile.jsonl": "mobile", "card.txt": "card", "partner.csv": "partner"}
"""What the channels deliver, and by which mapping it is read."""
BATCH = Actor(id="batch.night", roles={"loader", "steward", "tag_officer", "analyst"})
SECOND = Actor(id="t.an", roles={"tag_officer"})


@contextmanager
def opened(folder: Path) -> Iterator[CIF]:
    """The file; the first night founds it."""
    root = folder / "root.json"
    if not root.exists():
        LocalKeyProvider.generate().write(root)
    keys = LocalKeyProvider.from_file(root)
    with CIF.open(f"sqlite:///{folder / 'cif.db'}", tenant="demo", keys=keys, tables=synthetic_tables()) as cif:
        yield cif


def load(folder: Path) -> None:
    """Every row once, however often it is loaded: what is there already is told as unchanged."""
    with opened(folder) as cif:
        for name, channel in FILES.items():
            report = cif.load(DATA / name, DATA / "channels" / f"{channel}.toml", actor=BATCH)
            print(f"{name}: {report.rows} rows, {len(report.held)} held back")


def link(folder: Path) -> None:
    """Compares all customers with each other, and opens a task for each pair that a person must tell apart."""
    with opened(folder) as cif:
        report = cif.matches.link_file(actor=BATCH, purpose=Purpose.OPERATIONS)
        print(f"linked: {report}")


def tags(folder: Path) -> None:
    """Publishes the catalogue the first time, by two persons, and renews whose tags a day has turned."""
    with opened(folder) as cif:
        if cif.tags.in_force is None:
            proposal = cif.tags.propose(starter_catalogue(), reason="the first catalogue", actor=BATCH)
            cif.approvals.approve(proposal.id, actor=SECOND)
        print(f"tags: {cif.tags.renew(actor=BATCH)} portraits made anew")


def quality(folder: Path) -> None:
    """Asks the rules of all of whom something else can come out."""
    with opened(folder) as cif:
        done = cif.quality.run(actor=BATCH, purpose=Purpose.OPERATIONS)
        print(f"quality: {done.looked_at} looked at, {done.opened} findings came, {done.ended} ended")


def report(folder: Path) -> None:
    """The portfolio, as a folder of pages."""
    with opened(folder) as cif:
        out = folder / "portfolio"
        out.mkdir(exist_ok=True)
        for name, page in cif.reports.portfolio(actor=BATCH).items():
            (out / name).write_text(page, encoding="utf-8")
        print(f"report: {out / 'index.html'}")


STEPS: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "load": (load, ()),
    "link": (link, ("load",)),
    "tags": (tags, ("load",)),
    "quality": (quality, ("load",)),
    "report": (report, ("link", "tags", "quality")),
}
"""Each step with those that come before it."""


def main(words: list[str]) -> None:
    if not words or ((chosen := words[1:] or [*STEPS]) and not set(chosen) <= STEPS.keys()):
        raise InputError(f"say a folder, and of {', '.join(STEPS)} which steps")
    folder = Path(words[0])
    folder.mkdir(exist_ok=True, parents=True)
    for name in chosen:
        STEPS[name][0](folder)


if __name__ == "__main__":
    main(sys.argv[1:])
