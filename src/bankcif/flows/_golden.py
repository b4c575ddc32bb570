"""Rebuilding golden records: survive, seal, facts, outbox and proposals, for every party that was touched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import attrs

from .._canonical import dumps, sha256
from ..approval import Approval, ApprovalState, Operation, propose
from ..audit import AuditEntry
from ..context import Actor
from ..merging import NOBODY, GoldenRecord, Proposal, Statement, survive
from ..party import CATALOGUE, CifNo, LifeCycle, PartyKind, facts_from
from ..protection import DataKey
from ..storage import UnitOfWork
from ..storage.outbox_rows import PARTY
from ..storage.portrait_rows import IDLE
from ..storage.rows import FactRow, GoldenRow, LinkRow, NotAMatchRow, OutboxRow, PartyRow
from ._opened import born_of, golden_place, open_golden, open_goldens
from ._portrait import Sitter, portray, retire_portraits, words_of
from ._proposals import decision_entry, keep, settle
from ._reviewed import reviewed
from ._states import state_of
from .desk import Desk, record

__all__ = [
    "Rebuilt",
    "Touched",
    "changed_fields",
    "golden_of",
    "golden_place",
    "ground_of",
    "ground_of_values",
    "open_golden",
    "open_goldens",
    "party_content",
    "party_digest",
    "proposed_by",
    "rebuild",
    "verified_tag",
]

_TOLD_APART_BY = frozenset({"name", "former_name", "identifiers", "phone", "email", "birth_date"})
"""Fields by which two customers are told apart: once one of them changes, it is asked anew whether two are one."""
_PRIVACY = (LifeCycle.RESTRICTED, LifeCycle.ERASED)
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
        links: Its links, if it came with this unit; they are looked up if None.
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
    links: Sequence[LinkRow] | None = None
    merged_into: CifNo | None = None
    force: bool = False


@attrs.frozen(kw_only=True, repr=False)
class Rebuilt:
    """What became of a touched party: its row, the fields that changed, and what was newly proposed."""

    row: PartyRow
    changed: tuple[str, ...]
    proposed: tuple[Proposal, ...]


def golden_of(desk: Desk, kind: PartyKind, records: Sequence[Statement], anchor: tuple[str, str, int]) -> GoldenRecord:
    """The golden record of *records* by the rules in force, as of now."""
    if not records:
        return NOBODY
    return survive(
        kind, records, anchor=anchor, rules=desk.survivorship, digest=partial(verified_tag, desk), now=desk.now()
    )


def verified_tag(desk: Desk, values: Mapping[str, Any]) -> str:
    """Keyed digest of path to value, by which a check knows what it saw."""
    return desk.digester.digest("verified", dumps(values)).hex()


def rebuild(
    desk: Desk, unit: UnitOfWork, touched: Sequence[Touched], *, actor: Actor, now: int
) -> dict[CifNo, Rebuilt]:
    """
    Brings the copies of all *touched* parties up to date and writes them.

    A party gets a new version when a value of it changed or a record came or went. A differing value of a protected field is
    proposed; where the golden value it stood beside has changed, the
    proposal is withdrawn and, if it still differs, made anew. What a person said of two customers, that they are not one,
    ends once evidence changes what tells them apart; a merge brings no evidence.
    """
    done: dict[CifNo, Rebuilt] = {}
    golden_rows: list[GoldenRow] = []
    facts: list[FactRow] = []
    outbox: list[OutboxRow] = []
    proposals: list[Approval] = []
    fallen: list[tuple[Approval, Approval]] = []
    differing: set[CifNo] = set()
    linked = _links_of(unit, touched)
    stored = _stored(desk, unit, touched)
    sitters: list[Sitter] = []
    for party in touched:
        before = golden_of(desk, party.kind, party.before, party.anchor)
        golden = golden_of(desk, party.kind, party.after, party.anchor)
        rested = stored.get(party.cif_no, {})
        changed = tuple(
            name for name in dict.fromkeys((*golden.values, *rested)) if rested.get(name) != golden.values.get(name)
        )
        stood = _grounds(desk, party.cif_no, before)
        stands = _grounds(desk, party.cif_no, golden)
        # Where the golden value changed, what differs from it is proposed anew, whatever changed it: an override may have ended.
        proposed = tuple(one for one, ground in stands.items() if stood.get(one) != ground or one.field in changed)
        moved = party.row is not None and _review_state(desk, party, golden, now) != party.row.review_state
        if party.row is not None and not (changed or moved or party.force or len(party.before) != len(party.after)):
            done[party.cif_no] = Rebuilt(row=party.row, changed=(), proposed=proposed)
        else:
            fact = _facts(desk, party, golden) if party.merged_into is None else None
            row = _party_row(desk, party, golden, fact, linked.get(party.cif_no, ()), now)
            done[party.cif_no] = Rebuilt(row=row, changed=changed, proposed=proposed)
            if fact is not None:
                golden_rows += _golden_rows(desk, party, golden, changed, row.version, now)
                facts.append(fact)
                if row.life_cycle not in IDLE:
                    sitters.append(_sitter(party, row, golden, fact))
            outbox.append(_told(party, row, changed, moved, now))
        if party.row is not None and not party.force and _TOLD_APART_BY.intersection(changed):
            differing |= _who_changed(party, linked.get(party.cif_no, ()))
        if party.row is not None and (changed or any(stands.get(one) != ground for one, ground in stood.items())):
            fallen += _withdrawn(unit, party.cif_no, stands)
        proposals += [_proposal(party, one, stands[one], done[party.cif_no].row.version, now) for one in proposed]
    unit.parties.add([done[p.cif_no].row for p in touched if p.row is None])
    unit.parties.update([done[p.cif_no].row for p in touched if p.row is not None and done[p.cif_no].row != p.row])
    # A retired party's copies end: some may hold what others said, and an unmerge makes all that are its own anew.
    unit.copies.end_golden([p.cif_no for p in touched if p.merged_into is not None], now)
    unit.copies.put_golden(golden_rows)
    unit.copies.put_facts(facts)
    portray(desk, unit, sitters, now)
    retire_portraits(unit, [p.cif_no for p in touched if p.merged_into is not None])
    unit.outbox.add(outbox)
    ended = _end_apart(unit, differing, now)
    entries = [decision_entry(settle(desk, unit, *pair), "withdraw", actor, now) for pair in fallen]
    entries += [decision_entry(one, "propose", actor, now) for one in keep(desk, unit, proposals)]
    entries += [AuditEntry.by(actor, "apart_ended", now, subjects=(row.low, row.high), count=2) for row in ended]
    if entries:
        record(desk, unit, entries)
    return done


def _links_of(unit: UnitOfWork, touched: Sequence[Touched]) -> dict[str, list[LinkRow]]:
    """The links of each party: those that came with it, or else those there are."""
    linked: dict[str, list[LinkRow]] = {one.cif_no: list(one.links) for one in touched if one.links is not None}
    known = [one.cif_no for one in touched if one.links is None]
    for link in unit.crosswalk.of_parties(known) if known else ():
        linked.setdefault(link.cif_no, []).append(link)
    return linked


def _end_apart(unit: UnitOfWork, cif_nos: set[CifNo], now: int) -> list[NotAMatchRow]:
    """Ends what keeps these parties apart from anybody; returns what stood."""
    ended = [row for row in unit.crosswalk.not_matches(cif_nos) if row.until is None] if cif_nos else []
    if ended:
        unit.crosswalk.end_not_matches(cif_nos, now)
    return ended


def _sitter(party: Touched, row: PartyRow, golden: GoldenRecord, fact: FactRow) -> Sitter:
    return Sitter(
        row=row, values=golden.values, facts=fact, key=party.anchor_key, words=words_of(party.after), fresh=party.row is None
    )  # fmt: skip


def _who_changed(party: Touched, links: Iterable[LinkRow]) -> set[CifNo]:
    """Whose evidence came new, among those who make up *party*; a person's override of a value is no evidence."""
    known = {one.place for one in party.before}
    fresh = {one.origin for one in party.after if one.place not in known and one.override is None}
    return {CifNo(link.home) for link in links if link.origin in fresh}


def _stored(desk: Desk, unit: UnitOfWork, touched: Sequence[Touched]) -> dict[CifNo, dict[str, Any]]:
    """
    The golden values that rest, in stored form. What changed is told from them, and not from what earlier records come to:
    other rules may have made them, and an override may have ended since.
    """
    standing = [party for party in touched if party.row is not None and party.row.merged_into is None]
    return open_goldens(desk, unit, [party.cif_no for party in standing], [party.anchor_key for party in standing])


def _party_row(
    desk: Desk, party: Touched, golden: GoldenRecord, fact: FactRow | None, links: Sequence[LinkRow], now: int
) -> PartyRow:
    content = party_content(desk, golden.values, fact, links, [one.place for one in party.after])
    old = party.row
    source, source_key, record_no = party.anchor
    if party.merged_into:
        life_cycle = LifeCycle.MERGED.value
    elif old is not None and old.life_cycle in _PRIVACY:  # which is not the golden record's to change
        life_cycle = old.life_cycle
    else:
        life_cycle = state_of(desk, golden.values, {party.cif_no, *(link.home for link in links)}).value
    review_state = _review_state(desk, party, golden, now)
    roles = old.roles if old else "customer"
    branch, manager = golden.values.get("home_branch"), golden.values.get("manager")
    version = old.version + 1 if old else 1
    row = PartyRow(
        cif_no=party.cif_no, kind=party.kind.value, life_cycle=life_cycle, review_state=review_state, roles=roles,
        branch=branch, manager=manager, merged_into=party.merged_into, anchor_source=source,
        anchor_source_key=source_key, anchor_record_no=record_no, anchor_key_id=party.anchor_key.id, version=version,
        digest=b"", created_at=old.created_at if old else now, updated_at=now,
    )  # fmt: skip
    return row._replace(digest=party_digest(desk, row, content))


def _told(party: Touched, row: PartyRow, changed: Sequence[str], moved: bool, now: int) -> OutboxRow:
    """What others are told: which fields are others, whether the party came, went or turned, and whether the review stands elsewhere."""
    turned = party.force or party.row is None
    fields = (*changed, *([PARTY] if turned else []), *(["review_state"] if moved else []))
    return OutboxRow(cif_no=row.cif_no, version=row.version, fields=",".join(fields), at=now)


def _review_state(desk: Desk, party: Touched, golden: GoldenRecord, now: int) -> str:
    """Where the review stands today; of who is merged into another, where it stood."""
    old = party.row
    if party.merged_into is not None and old is not None:
        return old.review_state
    created_at = now if old is None else old.created_at
    return reviewed(desk, party.kind, golden.values, created_at).state.value


def party_content(
    desk: Desk,
    values: Mapping[str, Any],
    facts: FactRow | None,
    links: Iterable[LinkRow],
    places: Iterable[tuple[str, str, int]],
) -> bytes:
    """
    Keyed digest of all that a party consists of beside its row: golden values, plain facts, what is linked to it, and the
    places of its records, each of which binds what it says by itself. Of a party that is retired or erased, of nothing.
    """
    known = {} if facts is None else {name: value for name, value in facts.values.items() if value is not None}
    linked = sorted([link.source, link.source_key, link.number, link.home] for link in links)
    return desk.digester.digest("golden", dumps([values, known, linked, sorted(places)]))


def party_digest(desk: Desk, row: PartyRow, content: bytes) -> bytes:
    """The digest of a party's row, with the digest of everything else, which is *content*."""
    return sha256(
        "bankcif/v1/party", desk.tenant, row.cif_no, row.kind, row.life_cycle, row.review_state, row.roles, row.branch,
        row.manager, row.merged_into, row.anchor_source, row.anchor_source_key, row.anchor_record_no, row.version,
        content,
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
    born = born_of(party.kind, golden.values)
    return FactRow(cif_no=party.cif_no, values=facts_from(party.kind, golden.values, born=born, today=desk.today()))


def ground_of(desk: Desk, cif_no: CifNo, golden: GoldenRecord, field: str) -> str:
    """What a proposal for *field* stands on: a keyed digest of the golden value, which no other party's equals."""
    return ground_of_values(desk, cif_no, golden.values, field)


def ground_of_values(desk: Desk, cif_no: CifNo, values: Mapping[str, Any], field: str) -> str:
    """As `ground_of`, of golden values in stored form."""
    return desk.digester.digest("ground", dumps([cif_no, field, values.get(field)])).hex()


def _grounds(desk: Desk, cif_no: CifNo, golden: GoldenRecord) -> dict[Proposal, str]:
    """Every proposal of a golden record with its ground."""
    return {one: ground_of(desk, cif_no, golden, one.field) for one in golden.proposals}


def _proposal(party: Touched, found: Proposal, ground: str, version: int, now: int) -> Approval:
    said = next(one for one in party.after if one.place == found.place)
    detail = {
        "field": found.field, "source": found.source, "source_key": found.source_key,
        "record_no": str(found.record_no),
    }  # fmt: skip
    parts = [part for pair in sorted(detail.items()) for part in pair]
    return propose(
        id=sha256("bankcif/v1/proposal", party.cif_no, version, *parts).hex()[:32], operation=Operation.CHANGE,
        subjects=(party.cif_no,), detail=detail, base={found.field: ground},
        maker=Actor(id=said.actor, person=said.person), expires_at=now + _PROPOSAL_MICROS,
    )  # fmt: skip


def _withdrawn(unit: UnitOfWork, cif_no: CifNo, stands: Mapping[Proposal, str]) -> list[tuple[Approval, Approval]]:
    """The party's proposals whose ground has shifted, or that propose nothing new any more; as they were, and withdrawn."""
    return [
        (one, attrs.evolve(one, state=ApprovalState.WITHDRAWN))
        for one in unit.work.approvals(states=[ApprovalState.PROPOSED.value], cif_no=cif_no)
        if one.operation is Operation.CHANGE
        and "change" not in one.detail  # what a person waits for conflicts, and is not taken back behind their back
        and one.base != {one.detail["field"]: stands.get(proposed_by(one))}
    ]


def changed_fields(approval: Approval) -> tuple[str, ...]:
    """The fields of a proposed change: one that a source differs in, or those of a change set."""
    return tuple(approval.detail["field"].split(","))


def proposed_by(approval: Approval) -> Proposal:
    """Field and record of a proposed change."""
    detail = approval.detail
    return Proposal(detail["field"], detail["source"], detail["source_key"], int(detail["record_no"]))
