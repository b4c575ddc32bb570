"""A watch list, looked up by names and numbers, and what of it a customer is flagged with already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from .._canonical import dumps
from ..matching import ListedName, Screener
from ..party import PartyKind
from ..storage.rows import PartyRow
from ..upkeep import FlagState, WatchEntry, WatchList, counts_on
from ._cases import case_id
from ._opened import born_of
from .desk import Desk

__all__ = ["SYSTEM", "Watched", "is_said", "said"]

_NAMES = ("name", "former_name", "pinyin_name", "foreign_name")
SYSTEM = "screening"
"""Who opens and ends hits that no person said."""


@attrs.frozen
class Watched:
    """A list, looked up by names and numbers."""

    name: str
    source: str
    entries: Sequence[WatchEntry]
    places: Mapping[str, int]
    by_number: Mapping[tuple[str, str], Sequence[int]]
    screener: Screener

    @classmethod
    def of(cls, one: WatchList) -> Watched:
        entries, by_number = list(one.entries()), dict[tuple[str, str], list[int]]()
        for n, entry in enumerate(entries):
            for number in entry.numbers:
                by_number.setdefault(number, []).append(n)
        return cls(
            name=one.name, source=f"{one.name}:{one.version}", entries=entries, places={entry.id: n for n, entry in enumerate(entries)},
            by_number=by_number,
            screener=Screener(ListedName(n, entry.kind, name, entry.born) for n, entry in enumerate(entries) for name in entry.names),
        )  # fmt: skip

    def compared(
        self, desk: Desk, row: PartyRow, values: Mapping[str, Any], least: int
    ) -> tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]:
        """Hits that are new, and those that wait still though their entry, or what made them alike, is gone."""
        kind, names = PartyKind(row.kind), [values[name] for name in _NAMES if values.get(name)]
        born = born_of(kind, values)
        year = int(born[:4]) if born else 0
        scores = {hit.entry: hit.score for hit in self.screener.hits(kind, names, born=year, least=0)}
        numbers = {(one["scheme"], one["number"]) for one in values.get("identifiers") or ()}
        scores |= {place: 100 for number in numbers for place in self.by_number.get(number, ())}
        fresh = []
        for place, score in sorted(scores.items()):
            entry = self.entries[place]
            # What a person looked at, to dismiss it: if any of it is another, they are asked anew.
            compared = [
                row.cif_no, names, year, entry.id, list(entry.names), entry.flag, entry.born or 0,
                sorted(list(one) for one in numbers & set(entry.numbers)),
            ]  # fmt: skip
            case = said(
                id=case_id(desk), kind=entry.flag, source=self.source, entry=entry.id, state=FlagState.POSSIBLE.value,
                since=desk.today().isoformat(), until=None if entry.until is None else entry.until.isoformat(), score=score,
                opened_by=SYSTEM, basis=desk.digester.digest("screened", dumps(compared)).hex(),
            )  # fmt: skip
            if score >= least and not is_said(desk, values, case):
                fresh.append(case)
        gone = [
            one
            for one in values.get("flags", ())
            if one["state"] == FlagState.POSSIBLE
            and one.get("entry")
            and list_of(one) == self.name
            # Who asks for more likeness than it was opened by does not end it.
            and scores.get(self.places.get(one["entry"], -1), -1) < min(least, one.get("score", 0))
        ]
        return fresh, gone


def list_of(one: Mapping[str, Any]) -> str:
    return str(one["source"]).partition(":")[0]


def is_said(desk: Desk, values: Mapping[str, Any], case: Mapping[str, Any]) -> bool:
    """Whether the customer is flagged so already, or a person has dismissed just this."""

    def says(one: Mapping[str, Any]) -> bool:
        if one["state"] == FlagState.DISMISSED:
            return bool(one.get("basis") == case["basis"])
        waits = one["state"] == FlagState.POSSIBLE
        return bool(one["kind"] == case["kind"]) and (waits or counts_on(one, desk.today()))

    same = (list_of(case), case["entry"])
    return any((list_of(one), one.get("entry")) == same and says(one) for one in values.get("flags", ()))


def said(**more: Any) -> dict[str, Any]:
    """A case without what is nothing."""
    return {name: value for name, value in more.items() if value not in (None, "")}
