"""Analyzing the file as a whole: counts only, no customer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import attrs

from ..access import Action
from ..audit import AuditEntry
from ..context import Actor, Effect, Purpose
from ..party import CATALOGUE, CifNo, PartyKind
from ._golden import golden_place
from .desk import Desk, need_purpose, record, refuse

__all__ = ["FieldCount", "Summary", "summarize"]

_CHUNK = 1000


@attrs.frozen
class FieldCount:
    """How many parties have a field filled, of how many that could."""

    field: str
    filled: int
    applicable: int


@attrs.frozen(kw_only=True)
class Summary:
    """
    The file in numbers.

    Attributes:
        parties: Parties by kind, retired ones left out.
        completeness: For each kind, how often each field is filled.
        sources_per_party: Number of sources to number of parties.
        open_tasks: Possible matches that wait.
        proposals: Proposals that wait.
    """

    parties: Mapping[PartyKind, int]
    completeness: Mapping[PartyKind, tuple[FieldCount, ...]]
    sources_per_party: Mapping[int, int]
    open_tasks: int
    proposals: int


def summarize(desk: Desk, *, actor: Actor, purpose: Purpose) -> Summary:
    """
    Counts parties, filled fields and sources. Opens every golden record, a thousand at a time; linear in the file.

    Raises:
        NotFoundOrNotAllowedError: The policy does not let *actor* make reports.
    """
    need_purpose(desk, actor, "summarize", purpose)
    if desk.policy.allows(actor, Action.REPORT, purpose).effect is Effect.DENY:
        raise refuse(desk, actor, "summarize", purpose)
    with desk.repository.unit_of_work() as unit:
        sources: dict[CifNo, set[str]] = {}
        for link in unit.crosswalk.all_current():
            sources.setdefault(link.cif_no, set()).add(link.source)
        parties: Counter[PartyKind] = Counter()
        filled: dict[PartyKind, Counter[str]] = {kind: Counter() for kind in PartyKind}
        cif_nos = sorted(sources)
        for at in range(0, len(cif_nos), _CHUNK):
            part = cif_nos[at : at + _CHUNK]
            kinds = {cif: PartyKind(row.kind) for cif, row in unit.parties.get(part).items()}
            parties.update(kinds.values())
            groups = unit.parties.golden(part)
            keys = desk.data_keys.get({group.key_id for group in groups})
            for group in groups:
                place = golden_place(group.cif_no, group.data_group, group.version)
                opened = desk.sealer.open(group.sealed, keys[group.key_id], place)
                filled[kinds[group.cif_no]].update(opened["values"].keys())
        open_tasks = len(unit.work.tasks(state="open"))
        proposals = len(unit.work.approvals(state="proposed"))
        entry = AuditEntry(
            at=desk.now(), actor=actor.id, action="summarize", purpose=purpose.value, count=len(cif_nos)
        )  # fmt: skip
        record(desk, unit, [entry])
        unit.commit()
    return Summary(
        parties=dict(parties),
        completeness={
            kind: tuple(FieldCount(name, filled[kind][name], parties[kind]) for name in CATALOGUE[kind])
            for kind in PartyKind
        },
        sources_per_party=dict(sorted(Counter(len(found) for found in sources.values()).items())),
        open_tasks=open_tasks,
        proposals=proposals,
    )
