"""Rebuilding golden records: survive, seal, facts, outbox and proposals, for every party that was touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from .._canonical import dumps, sha256
from ..approval import Approval, Operation, propose
from ..identifiers import facts_of, resident_ids
from ..merging import NOBODY, GoldenRecord, Proposal, Statement, survive
from ..party import CATALOGUE, CifNo, LifeCycle, PartyKind, ReviewState, facts_from
from ..protection import DataKey, Place
from ..storage import UnitOfWork
from ..storage.rows import FactRow, GoldenRow, OutboxRow, PartyRow
from .desk import Desk

__all__ = ["Rebuilt", "Touched", "golden_place", "rebuild"]

_PROPOSAL_MICROS = 90 * 86_400 * 1_000_000


@attrs.frozen(kw_only=True, repr=False)
class Touched:
    """
    A party whose records changed.

    Attributes:
        cif_no, kind: Which.
        row: Its row as it stands; None for a new party.
        anchor: Place of its founding record.
        anchor_key: That record's data key, which seals the golden groups.
        before, after: Its records before and now.
        merged_into: The survivor, if the party is retired now.
        force: Whether it gets a new version even if no value changed (a merge or unmerge).
    """

    cif_no: CifNo
    kind: PartyKind
    row: PartyRow | None
    anchor: tuple[str, str, int]
    anchor_key: DataKey
    before: Sequence[Statement]
    after: Sequence[Statement]
    merged_into: CifNo | None = None
    force: bool = False


@attrs.frozen(kw_only=True, repr=False)
class Rebuilt:
    """What became of a touched party: its row, the fields that changed, and what was newly proposed."""

    row: PartyRow
    changed: tuple[str, ...]
    proposed: tuple[Proposal, ...]


def golden_place(cif_no: CifNo, group: str, version: int) -> Place:
    """Where a golden group belongs."""
    return Place(table="golden_group", owner=(cif_no,), group=group, version=version)


def rebuild(desk: Desk, unit: UnitOfWork, touched: Sequence[Touched], now: int) -> dict[CifNo, Rebuilt]:
    """Brings the copies of all *touched* parties up to date and writes them."""
    done: dict[CifNo, Rebuilt] = {}
    golden_rows: list[GoldenRow] = []
    facts: list[FactRow] = []
    outbox: list[OutboxRow] = []
    proposals: list[Approval] = []
    for party in touched:
        before = survive(party.kind, party.before, anchor=party.anchor) if party.before else NOBODY
        golden = survive(party.kind, party.after, anchor=party.anchor)
        changed = tuple(
            name
            for name in dict.fromkeys((*golden.values, *before.values))
            if before.values.get(name) != golden.values.get(name)
        )  # fmt: skip
        known = set(before.proposals)
        proposed = tuple(one for one in golden.proposals if one not in known)
        proposals += [_proposal(party.cif_no, one, golden, now) for one in proposed]
        if party.row is not None and not changed and not party.force:
            done[party.cif_no] = Rebuilt(row=party.row, changed=(), proposed=proposed)
        else:
            row = _party_row(desk, party, golden, now)
            done[party.cif_no] = Rebuilt(row=row, changed=changed, proposed=proposed)
            if party.merged_into is None:
                golden_rows += _golden_rows(desk, party, golden, changed, row.version, now)
                facts.append(_facts(desk, party, golden))
            outbox.append(OutboxRow(cif_no=party.cif_no, version=row.version, fields=",".join(changed), at=now))
    unit.parties.add([done[p.cif_no].row for p in touched if p.row is None])
    unit.parties.update([done[p.cif_no].row for p in touched if p.row is not None and done[p.cif_no].row != p.row])
    unit.parties.put_golden(golden_rows)
    unit.parties.put_facts(facts)
    unit.outbox.add(outbox)
    unit.work.put_approvals(proposals)
    return done


def _party_row(desk: Desk, party: Touched, golden: GoldenRecord, now: int) -> PartyRow:
    old = party.row
    source, source_key, record_no = party.anchor
    life_cycle = (LifeCycle.MERGED if party.merged_into else LifeCycle.ACTIVE).value
    review_state = old.review_state if old else ReviewState.NONE.value
    roles = old.roles if old else "customer"
    branch, manager = golden.values.get("home_branch"), golden.values.get("manager")
    version = old.version + 1 if old else 1
    content = desk.tagger.digest("golden", dumps(golden.values))
    digest = sha256(
        "bankcif/v1/party", desk.tenant, party.cif_no, party.kind.value, life_cycle, review_state, roles, branch, manager,
        party.merged_into, version, content,
    )  # fmt: skip
    return PartyRow(
        cif_no=party.cif_no, kind=party.kind.value, life_cycle=life_cycle, review_state=review_state, roles=roles,
        branch=branch, manager=manager, merged_into=party.merged_into, anchor_source=source,
        anchor_source_key=source_key, anchor_record_no=record_no, anchor_key_id=party.anchor_key.id, version=version,
        digest=digest, created_at=old.created_at if old else now, updated_at=now,
    )  # fmt: skip


def _golden_rows(
    desk: Desk, party: Touched, golden: GoldenRecord, changed: Sequence[str], version: int, now: int
) -> list[GoldenRow]:
    catalogue = CATALOGUE[party.kind]
    groups = dict.fromkeys(catalogue[name].group for name in changed)
    rows = []
    for group in groups:
        names = [field.name for field in catalogue.in_group(group) if field.name in golden.values]
        payload: dict[str, Mapping[str, Any]] = {
            "values": {name: golden.values[name] for name in names},
            "provenance": {name: golden.provenance[name].stored() for name in names},
        }
        sealed = desk.sealer.seal(payload, party.anchor_key, golden_place(party.cif_no, group.value, version))
        rows.append(
            GoldenRow(
                cif_no=party.cif_no, data_group=group.value, version=version, recorded_at=now,
                key_id=party.anchor_key.id, sealed=sealed,
            )
        )  # fmt: skip
    return rows


def _facts(desk: Desk, party: Touched, golden: GoldenRecord) -> FactRow:
    born = golden.values.get("birth_date", "")
    if not born and party.kind is PartyKind.INDIVIDUAL:
        numbers = resident_ids(golden.values.get("identifiers", ()))
        born = next((facts_of(number).birth_date.isoformat() for number in numbers), "")
    return FactRow(cif_no=party.cif_no, values=facts_from(party.kind, golden.values, born=born, today=desk.today()))


def _proposal(cif_no: CifNo, found: Proposal, golden: GoldenRecord, now: int) -> Approval:
    over = golden.provenance.get(found.field)
    detail = {
        "field": found.field, "source": found.source, "source_key": found.source_key,
        "record_no": str(found.record_no),
        "over": dumps(over.place).decode() if over else "",
    }  # fmt: skip
    return propose(
        id=sha256("bankcif/v1/proposal", cif_no, *(x for pair in sorted(detail.items()) for x in pair)).hex()[:32],
        operation=Operation.CHANGE, subjects=(cif_no,), detail=detail, base={}, maker=None,
        expires_at=now + _PROPOSAL_MICROS,
    )  # fmt: skip
