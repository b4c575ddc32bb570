"""
Linking a whole file: block -> compare -> decide -> ask, over every record in the store.

The same functions weigh a pair here and when a record comes in, so both give it the same weight. Parties that turn out
to be possible matches become tasks for a person; nothing is merged by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import attrs
import numpy as np
from numpy.typing import NDArray

from ..access import Action
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..engines import Engine, LocalEngine, weigh
from ..errors import ConfigurationError
from ..matching import Explanation, Lanes, MatchModel, explain, table_of
from ..party import CifNo, LifeCycle, PartyKind
from ..storage import UnitOfWork
from ._matches import Question, ask
from ._records import open_records
from .desk import Desk, authorize, record

__all__ = ["LinkReport", "link_file"]

_CHUNK = 1000


@attrs.frozen(kw_only=True)
class LinkReport:
    """
    What a run saw.

    Attributes:
        records, pairs: How many were compared; pairs of two parties only.
        possible: Pairs of parties that may be one, kept-apart ones left out.
        new_tasks: Those that were not asked about before.
        capped_blocks: Blocks too large to compare all their pairs; their members were compared under narrower or other keys.
    """

    records: int
    pairs: int
    possible: int
    new_tasks: int
    capped_blocks: int


def link_file(desk: Desk, *, actor: Actor, purpose: Purpose, engine: Engine | None = None) -> LinkReport:
    """
    Compares every record with every other that it meets under a blocking rule of its model, and opens a task for each possible
    match. That is more than a form meets when it comes in: a file can be sorted by keys that would name a customer in an index.

    Cost: opening every record, then as for a file (`bankcif.flows.dedupe`); holds 200 bytes a record.

    Raises:
        NotFoundOrNotAllowedError: The policy does not let *actor* link.
        MissingExtraError: The extra ``columns`` is not installed.
        ConfigurationError: A match model has no blocking rules.
    """
    authorize(desk, actor, Action.LINK, "link_file", purpose)
    engine = engine or LocalEngine()
    with desk.unit_of_work() as unit:
        of_kind = _read(desk, unit)
        found = [_linked(desk, kind, records, engine) for kind, records in of_kind.items()]
        before = {row.id for row in unit.work.tasks(state="open")}
        tasks = ask(desk, unit, [question for one in found for question in one.questions])
        fresh = [task for task in tasks if task.state == "open" and task.id not in before]
        entry = AuditEntry.by(
            actor, "link_file", desk.now(), purpose=purpose, count=len(fresh),
            subjects=tuple(sorted({cif for task in fresh for cif in (task.cif_no, task.other)})),
        )  # fmt: skip
        record(desk, unit, [entry])
        unit.commit()
    return LinkReport(
        records=sum(len(records.lanes) for records in of_kind.values()), pairs=sum(one.pairs for one in found),
        possible=len(tasks), new_tasks=len(fresh), capped_blocks=sum(one.capped for one in found),
    )  # fmt: skip


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _Records:
    """The numbers of all records of a kind, and whose each is: a place among *owners*."""

    lanes: Lanes
    owner: NDArray[np.int64]
    owners: Sequence[CifNo]


@attrs.frozen(kw_only=True, repr=False)
class _Linked:
    """What to ask of one kind, and how much was compared."""

    questions: Sequence[Question]
    pairs: int
    capped: int


def _read(desk: Desk, unit: UnitOfWork) -> dict[PartyKind, _Records]:
    parties = sorted({link.cif_no for link in unit.crosswalk.all_current()})
    place = {cif_no: at for at, cif_no in enumerate(parties)}
    lanes: dict[PartyKind, list[Lanes]] = {kind: [] for kind in PartyKind}
    owner: dict[PartyKind, list[int]] = {kind: [] for kind in PartyKind}
    for at in range(0, len(parties), _CHUNK):
        rows = unit.parties.get(parties[at : at + _CHUNK])
        processed = [cif_no for cif_no, row in rows.items() if row.life_cycle != LifeCycle.RESTRICTED]
        opened = list(open_records(desk, unit.sources.of_parties(processed)))
        for kind in PartyKind:
            of_kind = [one for one in opened if one.features.kind is kind]
            lanes[kind].append(table_of([one.features for one in of_kind]))
            owner[kind] += [place[one.cif_no] for one in of_kind]
    return {
        kind: _Records(lanes=np.concatenate(parts), owner=np.array(owner[kind], np.int64), owners=parties)
        for kind, parts in lanes.items()
        if parts
    }


def _linked(desk: Desk, kind: PartyKind, records: _Records, engine: Engine) -> _Linked:
    """A question for each pair of parties that may be one: the best of their records' pairs says why."""
    model, owner, lanes = desk.models[kind], records.owner, records.lanes
    if not model.blocking:
        raise ConfigurationError(
            f"the match model of kind {kind.value} has no blocking rules, so that nobody would meet", rule="match_model"
        )
    pairs = engine.pairs(lanes, model)
    edges = weigh(pairs, lanes, model, desk.link_policy)
    best: dict[tuple[int, int], int] = {}
    # The heaviest first; of equal ones, the first.
    for at in np.argsort(-edges.weight_millibits, kind="stable").tolist():
        low, high = sorted((int(owner[edges.left[at]]), int(owner[edges.right[at]])))
        if low != high:
            best.setdefault((low, high), at)
    questions = [
        Question(
            cif_no=records.owners[high], other=records.owners[low], weight_millibits=int(edges.weight_millibits[at]),
            explanation=partial(_explained, model, lanes[edges.left[at]], lanes[edges.right[at]]),
        )
        for (low, high), at in best.items()
    ]  # fmt: skip
    return _Linked(
        questions=questions, pairs=int((owner[pairs.left] != owner[pairs.right]).sum()),
        capped=sum(len(keys[0]) for keys in pairs.capped if keys),
    )  # fmt: skip


def _explained(model: MatchModel, one: NDArray[np.uint64], other: NDArray[np.uint64]) -> Explanation:
    return explain(model, model.pair(one.tolist(), other.tolist()))
