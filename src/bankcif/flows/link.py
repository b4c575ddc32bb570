"""
Linking a whole file: block -> compare -> decide -> ask, over every record in the store.

The same functions weigh a pair here and when a record comes in, so both give it the same weight. Parties that turn out
to be possible matches become tasks for a person; nothing is merged by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import attrs
import numpy as np

from ..access import Action
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..matching import ComparedPair, Features, MatchModel, blocking_keys, explain, table_of
from ..party import CifNo, LifeCycle, PartyKind
from ..storage import UnitOfWork
from ._matches import Question, ask
from ._records import open_records
from .desk import Desk, authorize, record

__all__ = ["LinkReport", "link_file"]

_CHUNK = 1000
_MOST_PAIRS = 65_536
_LARGEST_BLOCK = 200


@attrs.frozen(kw_only=True)
class LinkReport:
    """
    What a run saw.

    Attributes:
        records, pairs: How many were compared.
        possible: Pairs of parties that may be one, kept-apart ones left out.
        new_tasks: Those that were not asked about before.
        capped_blocks: Blocks too large to compare all their pairs; their members were compared under other keys only.
    """

    records: int
    pairs: int
    possible: int
    new_tasks: int
    capped_blocks: int


def link_file(desk: Desk, *, actor: Actor, purpose: Purpose) -> LinkReport:
    """
    Compares every record with every other that shares a blocking key, and opens a task for each possible match.

    Cost: linear in records and in pairs; blocks of more than 200 records are left out and counted. Holds the features
    of all records in memory.

    Raises:
        NotFoundOrNotAllowedError: The policy does not let *actor* link.
    """
    authorize(desk, actor, Action.LINK, "link_file", purpose)
    with desk.unit_of_work() as unit:
        owners, features = _read(desk, unit)
        pairs, capped = _pairs(owners, features)
        best = _weigh(desk, owners, features, pairs)
        questions = [
            Question(cif_no=high, other=low, weight_millibits=weight, explanation=partial(explain, model, pair))
            for (low, high), (weight, model, pair) in best.items()
        ]
        before = {row.id for row in unit.work.tasks(state="open")}
        tasks = ask(desk, unit, questions)
        fresh = [task for task in tasks if task.state == "open" and task.id not in before]
        entry = AuditEntry.by(
            actor, "link_file", desk.now(), purpose=purpose, count=len(fresh),
            subjects=tuple(sorted({cif for task in fresh for cif in (task.cif_no, task.other)})),
        )  # fmt: skip
        record(desk, unit, [entry])
        unit.commit()
    return LinkReport(
        records=len(owners), pairs=len(pairs), possible=len(tasks), new_tasks=len(fresh), capped_blocks=capped
    )


def _read(desk: Desk, unit: UnitOfWork) -> tuple[list[CifNo], list[Features]]:
    """The features of every record, and whose each is."""
    parties = sorted({link.cif_no for link in unit.crosswalk.all_current()})
    owners: list[CifNo] = []
    features: list[Features] = []
    for at in range(0, len(parties), _CHUNK):
        rows = unit.parties.get(parties[at : at + _CHUNK])
        processed = [cif_no for cif_no, row in rows.items() if row.life_cycle != LifeCycle.RESTRICTED]
        for opened in open_records(desk, unit.sources.of_parties(processed)):
            owners.append(opened.cif_no)
            features.append(opened.features)
    return owners, features


def _pairs(owners: Sequence[CifNo], features: Sequence[Features]) -> tuple[list[tuple[int, int]], int]:
    """Pairs of records of different parties that share a block, each once."""
    blocks: dict[tuple[PartyKind, str, tuple[str, ...]], list[int]] = {}
    for at, one in enumerate(features):
        for key in blocking_keys(one):
            blocks.setdefault((one.kind, key.index, key.value), []).append(at)
    found: dict[tuple[int, int], None] = {}
    capped = 0
    for block in blocks.values():
        if len(block) > _LARGEST_BLOCK:
            capped += 1
            continue
        for place, left in enumerate(block):
            found |= {(left, right): None for right in block[place + 1 :] if owners[left] != owners[right]}
    return list(found), capped


_Best = tuple[int, MatchModel, ComparedPair]


def _weigh(
    desk: Desk, owners: Sequence[CifNo], features: Sequence[Features], pairs: Sequence[tuple[int, int]]
) -> dict[tuple[CifNo, CifNo], _Best]:
    """For each pair of parties that may be one, the best weight among their records, and why."""
    table = table_of(features)
    best: dict[tuple[CifNo, CifNo], _Best] = {}
    for kind in PartyKind:
        model = desk.models[kind]
        for part in _batches([pair for pair in pairs if features[pair[0]].kind is kind]):
            left, right = (np.array(side, dtype=np.int64) for side in zip(*part, strict=True))
            compared = model.compare(table[left], table[right])
            links = desk.link_policy.decide_all(model, compared.levels, compared.weight_millibits)
            for at in np.flatnonzero(links.automatic | links.possible).tolist():
                one, other = part[at]
                weight = int(compared.weight_millibits[at])
                low, high = sorted((owners[one], owners[other]))
                if (low, high) not in best or best[low, high][0] < weight:
                    best[low, high] = (weight, model, compared.pair(at))
    return best


def _batches(pairs: Sequence[tuple[int, int]]) -> Iterator[Sequence[tuple[int, int]]]:
    for at in range(0, len(pairs), _MOST_PAIRS):
        yield pairs[at : at + _MOST_PAIRS]
