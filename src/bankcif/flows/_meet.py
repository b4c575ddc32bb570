"""Meeting: which stored parties, and which other arrivals, an arrival may be; compared and weighed in one go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial

import attrs

from ..errors import ConflictError
from ..matching import (
    BlockingKey,
    Explanation,
    Features,
    Link,
    Row,
    blocking_keys,
    explain,
    features_of,
    lanes_of,
)
from ..party import CifNo, LifeCycle, PartyKind, SourceKey
from ..storage import UnitOfWork
from ..storage.rows import LinkRow, PartyRow
from ._records import Arrival, Record, open_records
from ._sharing import Sharing, sharing
from .desk import Desk, Tagging

__all__ = ["Meetings", "Met", "meet"]

_MOST_CANDIDATES = 50
_LARGEST_BLOCK = 200
_LOOKS = 3
"""How often candidates are looked for, if they are merged while they are; the last time they are taken as they are."""


@attrs.frozen(kw_only=True, repr=False)
class Met:
    """
    An arrival met somebody.

    Attributes:
        cif_no: The stored party it met, or None if it met an earlier arrival of the batch.
        arrival: Number of that earlier arrival, or None.
        link, rule: What the link policy says, and by which rule.
        weight_millibits: The best weight among the party's records.
        explanation: Gives the terms of that weight.
    """

    cif_no: CifNo | None
    arrival: int | None
    link: Link
    rule: str
    weight_millibits: int
    explanation: Callable[[], Explanation]


@attrs.frozen(kw_only=True, repr=False)
class Meetings:
    """
    All meetings of a batch.

    Attributes:
        met: For each arrival, whom it met and may be.
        features: What of each arrival is compared.
        keys: For each arrival, its blocking keys with their tags.
        links: Current links of the arrivals' source keys.
        records: Opened records of every party that was met or that a source key belongs to.
        parties: These parties.
        seen: For each arrival, every stored party that one of its tags names, whatever it weighed.
        capped: For each arrival, the indexes in which it shares its value with more records than are compared.
    """

    met: Sequence[Sequence[Met]]
    features: Sequence[Features]
    keys: Sequence[Sequence[tuple[BlockingKey, bytes]]]
    links: Mapping[SourceKey, LinkRow]
    records: Mapping[CifNo, Sequence[Record]]
    parties: Mapping[CifNo, PartyRow]
    seen: Sequence[frozenset[CifNo]]
    capped: Sequence[tuple[str, ...]]


def meet(
    desk: Desk,
    unit: UnitOfWork,
    arrivals: Sequence[Arrival],
    tagging: Tagging,
    links: Mapping[SourceKey, LinkRow],
    *,
    only_look: bool = False,
) -> Meetings:
    """
    Finds, opens and compares the candidates of *arrivals*; *links* are the current ones of their source keys. Unless they are
    only looked at, whoever registers somebody who shares a key waits until the unit ends, and so does who changes a candidate.

    Raises:
        ConflictError: One of the source keys was merged or unmerged meanwhile, or a rotation of the index has begun: start again.

    Cost: one look-up for all tags, one read of the records under them, and one of all records of those who really share a key;
    comparing is linear in the pairs, of which an arrival has at most 50 parties' and 50 arrivals'.
    """
    features = [features_of(a.form.kind, a.form.values, desk.link_policy.identifying) for a in arrivals]
    keys = [[(key, tagging.tag(key)) for key in blocking_keys(one)] for one in features]
    if not only_look:
        unit.indexes.meet({tag for tags in keys for _, tag in tags})
        # Whoever rotates the index waits for whom they find at the meeting points, and for nobody else.
        if desk.tagging(unit) != tagging:
            raise ConflictError("the index is written under other keys since a moment ago", rule="index_version")
    held = {link.cif_no for link in links.values()}
    found = _find(desk, unit, tagging, keys, held, only_look=only_look)
    for _ in range(_LOOKS - 1):
        if only_look or found.is_settled():
            break
        found = _find(desk, unit, tagging, keys, held, only_look=False)
    if not only_look:
        found.need_links(links)
    pairs = _pairs(arrivals, keys, found.processed(), found.records)
    return Meetings(
        met=_weighed(desk, arrivals, features, found.records, pairs), features=features, keys=keys, links=links, records=found.records,
        parties=found.parties,
        seen=[frozenset(cif for key, _ in tags for cif in found.shared.named.get(key, ())) for tags in keys],
        capped=[
            tuple(dict.fromkeys(key.index for key, _ in tags if key in found.shared.capped or key in left))
            for tags, left in zip(keys, found.cut, strict=True)
        ],
    )  # fmt: skip


@attrs.frozen(kw_only=True, repr=False)
class _Found:
    """
    Whom the arrivals of a batch may be.

    Attributes:
        shared: Who shares their keys.
        candidates: For each arrival, the parties that it is compared with.
        cut: For each arrival, the keys of which not all who share them are.
        parties, records: Those parties and the ones that source keys belong to, and all their opened records.
    """

    shared: Sharing
    candidates: Sequence[Sequence[CifNo]]
    cut: Sequence[set[BlockingKey]]
    parties: Mapping[CifNo, PartyRow]
    records: Mapping[CifNo, Sequence[Record]]

    def is_settled(self) -> bool:
        """Whether what was found by its tags is still theirs by whom it was found; they may be merged before they are locked."""
        places = {cif_no: {one.statement.place for one in records} for cif_no, records in self.records.items()}
        return all(
            one.statement.place in places.get(cif_no, ())
            for bearers in self.shared.bearers.values()
            for cif_no, one in bearers.items()
            if cif_no in self.parties
        )

    def need_links(self, links: Mapping[SourceKey, LinkRow]) -> None:
        """Raises `ConflictError` if a source key went to another party before the one that it belonged to was locked."""
        for origin, link in links.items():
            if all(one.statement.origin != origin for one in self.records.get(link.cif_no, ())):
                raise ConflictError("a source key went to another party meanwhile", rule="moved")

    def processed(self) -> list[list[CifNo]]:
        """The candidates without restricted customers: they are stored, and nothing else is done with them."""
        rows = self.parties
        return [
            [c for c in found if c in rows and rows[c].life_cycle != LifeCycle.RESTRICTED] for found in self.candidates
        ]


def _find(
    desk: Desk, unit: UnitOfWork, tagging: Tagging, keys: Sequence[Sequence[tuple[BlockingKey, bytes]]], held: set[CifNo], *,
    only_look: bool,
) -> _Found:  # fmt: skip
    shared = sharing(desk, unit, tagging, dict(pair for tags in keys for pair in tags), most=_LARGEST_BLOCK)
    candidates, cut = [], []
    for tags in keys:
        # Numbers first, then what fewest share, so that a cap leaves out the least telling.
        told = sorted(
            (key for key, _ in tags), key=lambda key: (key.index != "identifier", len(shared.bearers.get(key, ())))
        )
        found = list({cif: None for key in told for cif in shared.bearers.get(key, ())})
        kept = found[:_MOST_CANDIDATES]
        candidates.append(kept)
        cut.append({key for key in told if not set(kept) >= shared.bearers.get(key, {}).keys()})
    wanted = {cif_no for found in candidates for cif_no in found} | held
    parties = (unit.parties.get if only_look else unit.parties.lock)(wanted) if wanted else {}
    records: dict[CifNo, list[Record]] = {}
    for opened in open_records(desk, unit.sources.of_parties(wanted) if wanted else (), shared.opened):
        records.setdefault(opened.cif_no, []).append(opened)
    return _Found(shared=shared, candidates=candidates, cut=cut, parties=parties, records=records)


_Pair = tuple[int, CifNo | None, int]
"""An arrival, and either a party with the number of one of its records, or None with the number of an arrival."""


def _pairs(
    arrivals: Sequence[Arrival],
    keys: Sequence[Sequence[tuple[BlockingKey, bytes]]],
    candidates: Sequence[Sequence[CifNo]],
    records: Mapping[CifNo, Sequence[Record]],
) -> dict[PartyKind, list[_Pair]]:
    found: dict[PartyKind, list[_Pair]] = {kind: [] for kind in PartyKind}
    earlier: dict[BlockingKey, list[int]] = {}
    for i, arrival in enumerate(arrivals):
        kind = arrival.form.kind
        for cif_no in candidates[i]:
            found[kind] += [(i, cif_no, n) for n, r in enumerate(records.get(cif_no, ())) if r.kind is kind]
        others: dict[int, None] = {}
        for key, _ in keys[i]:
            block = earlier.setdefault(key, [])
            others |= dict.fromkeys(block[-_MOST_CANDIDATES:])
            block.append(i)
        found[kind] += [(i, None, j) for j in others if arrivals[j].form.kind is kind and j != i]
    return found


def _weighed(
    desk: Desk,
    arrivals: Sequence[Arrival],
    features: Sequence[Features],
    records: Mapping[CifNo, Sequence[Record]],
    pairs: Mapping[PartyKind, Sequence[_Pair]],
) -> list[list[Met]]:
    met: list[dict[CifNo | int, Met]] = [{} for _ in arrivals]

    @cache  # only who met somebody is taken apart: most arrivals are nobody's candidate and have none
    def row(cif_no: CifNo | None, n: int) -> Row:
        return lanes_of(features[n] if cif_no is None else records[cif_no][n].features)

    for kind, of_kind in pairs.items():
        model = desk.models[kind]
        for i, cif_no, n in of_kind:
            pair = model.pair(row(None, i), row(cif_no, n))
            link, rule = desk.link_policy.decide(model, pair.levels, pair.weight_millibits)
            if link is Link.NONE:
                continue
            found = Met(
                cif_no=cif_no, arrival=n if cif_no is None else None, link=link, rule=rule,
                weight_millibits=pair.weight_millibits, explanation=partial(explain, model, pair),
            )  # fmt: skip
            who: CifNo | int = n if cif_no is None else cif_no
            known = met[i].get(who)
            if known is None or _strength(found) > _strength(known):
                met[i][who] = found
    return [sorted(found.values(), key=_strength, reverse=True) for found in met]


def _strength(met: Met) -> tuple[bool, int]:
    return (met.link is Link.AUTOMATIC, met.weight_millibits)
