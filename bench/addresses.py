"""
How well addresses are taken apart: accuracy by level on ``addresses.tsv``, apart for the half that the rules were tuned
on and the half that was not looked at before they were done.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from bankcif.party import divisions
from bankcif.wording import AddressBook, Level, simplify

LEVELS = dict(zip("tvrnobufm", Level, strict=True))


def labelled() -> list[tuple[str, str, dict[Level, str]]]:
    """Code, text and levels of every labelled address."""
    found = []
    for line in (Path(__file__).parent / "addresses.tsv").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            code, marked = line.split("\t")
            text, levels = "", {}
            for part in marked.split("|"):
                if not part:
                    continue
                written, told, value = part[1:].partition("=")
                text += written
                if part[0] in LEVELS and (value or not told):
                    levels[LEVELS[part[0]]] = simplify(value or written)
            found.append((code, text, levels))
    return found


def addresses(show: bool = False) -> dict[str, Any]:
    """Prints the accuracy of each half, and what one address costs."""
    result: dict[str, Any] = {}
    book = AddressBook(divisions())
    cases = labelled()
    for name, half in (("tuned on", cases[::2]), ("held out", cases[1::2])):
        right: Counter[str] = Counter()
        wanted: Counter[str] = Counter()
        invented = whole = 0
        for code, text, levels in half:
            read = book.read(text)
            wanted["division"] += 1
            right["division"] += read.code == code
            wanted.update(list(levels))
            right.update(level for level, value in levels.items() if read.levels.get(level) == value)
            invented += sum(level not in levels for level in read.levels)
            whole += (read.code, dict(read.levels)) == (code, levels)
            if show and name == "tuned on" and (read.code, dict(read.levels)) != (code, levels):
                print(text, "|", code, read.code, {k.value: v for k, v in read.levels.items() if levels.get(k) != v},
                      {k.value: v for k, v in levels.items() if read.levels.get(k) != v})  # fmt: skip
        by_level = ", ".join(f"{level} {right[level]}/{count}" for level, count in wanted.items())
        result[name] = {"of": len(half), "whole": whole, "right": right, "wanted": wanted, "invented": invented}
        print(f"addresses, {name}: {whole} of {len(half)} right in every level; {by_level}; {invented} levels too many")
    texts = [text for _, text, _ in cases] * 20
    start = time.perf_counter()
    for text in texts:
        book.read(text)
    result["us_each"] = (time.perf_counter() - start) / len(texts) * 1e6
    print(f"addresses: {result['us_each']:.0f} µs each")
    return result


if __name__ == "__main__":
    addresses(show="--show" in sys.argv)
