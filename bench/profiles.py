"""
Where the microseconds go: each path sampled, as a table by part of the library and as a flame graph.

    nox -s profile            load, register, find and page; writes tables and SVGs into bench/out
"""

from __future__ import annotations

import collections
import html
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from bankcif import CIF, Actor, Individual, Purpose, party_from

LOADER = Actor(id="bench", roles={"steward", "teller"}, branch="B-8801-01")
MANAGER = Actor(id="manager", roles={"relationship_manager"}, branch="B-8801-01")
_EVERY = 0.001
_PARTS = {
    "bankcif/intake": "read, standardize, check", "bankcif/wording": "names and addresses", "bankcif/identifiers": "identifiers",
    "bankcif/matching": "match", "bankcif/merging": "survive", "bankcif/protection": "seal, open, tag", "bankcif/audit": "log",
    "bankcif/_canonical": "canonical bytes and JSON", "json/": "canonical bytes and JSON", "bankcif/storage": "rows and statements",
    "sqlalchemy/": "SQLAlchemy", "bankcif/access": "policy and masks", "bankcif/flows": "flows", "bankcif/party": "model",
}  # fmt: skip
"""By what a frame's file is part of; the innermost of ours decides."""
_NATIVE = {"_driver": "the database's own work", "insert": "the database's own work", "one_by_one": "the database's own work",
           "do_commit": "the database's own work"}  # fmt: skip


class Sampler:
    """
    Notes a thousand times a second of processor time where the main thread is.

    By a signal, and not from another thread: that would only run where this one lets it.
    """

    def __init__(self) -> None:
        self.stacks: collections.Counter[tuple[str, ...]] = collections.Counter()

    def __enter__(self) -> Sampler:
        signal.signal(signal.SIGPROF, self._note)
        signal.setitimer(signal.ITIMER_PROF, _EVERY, _EVERY)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _note(self, _signal: int, frame: FrameType | None) -> None:
        stack = []
        while frame is not None:
            name = frame.f_code.co_filename.replace("\\", "/")
            for cut in ("site-packages/", "/src/", "/lib/python"):
                name = name.rpartition(cut)[2]
            stack.append(f"{name}:{frame.f_code.co_name}")
            frame = frame.f_back
        self.stacks[tuple(reversed(stack))] += 1


def table(stacks: collections.Counter[tuple[str, ...]]) -> list[tuple[str, float]]:
    """Share of each part, largest first."""
    shares: collections.Counter[str] = collections.Counter()
    for stack, number in stacks.items():
        name = _NATIVE.get(stack[-1].rpartition(":")[2])
        part = name or next(
            (said for frame in reversed(stack) for begins, said in _PARTS.items() if begins in frame), "Python"
        )
        shares[part] += number
    total = sum(shares.values())
    return [(part, number / total) for part, number in shares.most_common()]


def flame(stacks: collections.Counter[tuple[str, ...]], title: str, width: int = 1400) -> str:
    """A flame graph: a box for each call, as wide as its share, what called it below."""
    total, deepest = sum(stacks.values()), max(map(len, stacks))
    rows: list[str] = []

    def draw(group: list[tuple[tuple[str, ...], int]], depth: int, left: float) -> None:
        found: dict[str, list[tuple[tuple[str, ...], int]]] = {}
        for stack, number in group:
            if len(stack) > depth:
                found.setdefault(stack[depth], []).append((stack, number))
        for name, of in sorted(found.items()):
            share = sum(number for _, number in of) / total
            if share * width >= 1:
                hue = 20 + sum(name.encode()) % 40 if "bankcif" in name else 200
                top = 20 + (deepest - depth) * 17
                shown = html.escape(name.rpartition(":")[2][: int(share * width / 7)])
                rows.append(
                    f'<g><title>{html.escape(name)} {share:.1%}</title><rect x="{left:.1f}" y="{top}" width="{share * width:.1f}" '
                    f'height="16" fill="hsl({hue},80%,70%)" stroke="white"/><text x="{left + 3:.1f}" y="{top + 12}">{shown}</text></g>'
                )
                draw(of, depth + 1, left)
            left += share * width

    draw(list(stacks.items()), 0, 0.0)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {40 + deepest * 17}" font-family="monospace" font-size="11">'
        f'<text x="4" y="14">{html.escape(title)}</text>{"".join(rows)}</svg>'
    )


def main() -> None:
    """Samples each path and writes what it saw."""
    from run import opened, people, write_rows

    out = Path(__file__).parent / "out"
    out.mkdir(exist_ok=True)
    lines = ["| part | " + " | ".join(("load", "register", "find", "page")) + " |", "|---|---|---|---|---|"]
    columns: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [{**form, "home_branch": MANAGER.branch} for form in people(8000, seed=1)]
        file, channel = write_rows(folder, rows)
        forms = [party_from(form, Individual) for form in people(800, seed=2)]
        with opened(folder) as cif:

            def load(cif: CIF) -> None:
                cif.load(file, channel, actor=LOADER)

            def register(cif: CIF) -> None:
                for n, form in enumerate(forms):
                    cif.customers.register(form, channel="bench", source_key=f"R{n}", actor=LOADER, occasion="lead")

            def find(cif: CIF) -> None:
                for row in rows[:1500]:
                    known = ("cn.resident_id", row["identifiers"][0]["number"])
                    cif.customers.find(identifier=known, actor=LOADER, purpose=Purpose.OPERATIONS)

            def page(cif: CIF) -> None:
                after = None
                for _ in range(40):
                    after = cif.customers.browse(after=after, actor=MANAGER, purpose=Purpose.RELATIONSHIP).after

            works: dict[str, tuple[Callable[[CIF], None], int]] = {
                "load": (load, len(rows)), "register": (register, len(forms)), "find": (find, 1500), "page": (page, 40),
            }  # fmt: skip
            for what, (work, times) in works.items():
                started = time.perf_counter()
                with Sampler() as seen:
                    work(cif)
                each = (time.perf_counter() - started) / times * 1e6
                columns[what] = {part: share * each for part, share in table(seen.stacks)}
                title = f"{what}: {each:,.0f} µs each, {sum(seen.stacks.values()):,} samples"
                (out / f"flame-{what}.svg").write_text(flame(seen.stacks, title), encoding="utf-8")
                print(title)
    parts = sorted(
        {part for column in columns.values() for part in column}, key=lambda part: -columns["load"].get(part, 0)
    )
    lines += [
        f"| {part} | " + " | ".join(f"{column.get(part, 0):,.0f}" for column in columns.values()) + " |"
        for part in parts
    ]
    lines.append("| all | " + " | ".join(f"{sum(column.values()):,.0f}" for column in columns.values()) + " |")
    (out / "profile.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
