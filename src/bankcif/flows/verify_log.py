"""
Verifying everything that the log vouches for: the log itself, the look-up of customers, the customers as it left them,
and that the witnesses have seen the same log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any

import attrs

from ..access import Action
from ..audit import (
    AuditEntry,
    AuditReport,
    AuditRow,
    Checkpoint,
    CheckpointRow,
    Damage,
    Head,
    Witness,
    WitnessView,
    opened,
    said_by,
    text_of,
    verify,
)
from ..context import Actor, Purpose
from ..errors import AuditError, BankCIFError, WitnessError
from ..party import CifNo, LifeCycle
from ..protection import DataKey
from ..storage import UnitOfWork
from ..storage.model_rows import ModelRow
from ..storage.portrait_rows import CatalogueRow
from ..storage.rows import FactRow, GoldenRow, LinkRow, PartyRow, PolicyRow
from . import _factors, _proposals
from ._golden import party_content, party_digest
from ._opened import golden_place
from ._pages import PAGE, rows_of
from ._told import Sum, Told
from .desk import Desk, authorize, record
from .log import SILENT

__all__ = ["verify_log"]


def verify_log(desk: Desk, *, actor: Actor, purpose: Purpose, customers: bool = True) -> AuditReport:
    """
    Verifies the whole log, the customers against it, and it against the witnesses.

    The store goes on being written meanwhile: what is there at the beginning is verified, in short units, and what a
    writer changed since is looked at again at the end.

    Args:
        desk: Collaborators.
        actor: Who asks.
        purpose: What for.
        customers: Whether each customer is opened and compared with the digest that the log holds.

    Raises:
        NotFoundOrNotAllowedError: The policy does not let *actor* audit.

    Cost: some 15 µs an entry and, if they are compared, 50 µs a customer; memory for a digest of each customer.
    """
    authorize(desk, actor, Action.AUDIT, "verify_log", purpose)
    views, seen = _witnessed(desk)  # before anything is brought to them
    with desk.repository.snapshot() as unit:
        heads, ends, signed = unit.trail.heads(), unit.trail.ends(), unit.trail.signed()
    told = Told(streams=len(heads))
    report = verify(
        desk.tenant, lambda stream, after, upto: _entries(desk, stream, after, upto), heads, ends=ends,
        checkpoints=_checkpoints(desk, signed), key=desk.log.signer.key, visit=told.see,
    )  # fmt: skip
    damage = [*report.damage, *_look_up(desk, told, ends), *_policy(desk, told), *_marks(desk, told, heads), *seen]
    compared = 0
    if customers:
        compared, wrong = _customers(desk, told, heads)
        damage += wrong
    damage += _twice(told)
    report = attrs.evolve(report, damage=tuple(damage), customers=compared, witnesses=tuple(views))
    with desk.unit_of_work() as unit:
        rule = "intact" if report.intact else "damaged"
        entry = AuditEntry.by(actor, "verify_log", desk.now(), purpose=purpose, rule=rule, count=report.entries)
        record(desk, unit, [entry])
        unit.commit()
    return report


def _policy(desk: Desk, told: Told) -> list[Damage]:
    """Whether an older policy, tag catalogue or model was put back: its own mark is right, but the log knows of a later one."""
    with desk.repository.snapshot() as unit:
        found: dict[str, PolicyRow | CatalogueRow | ModelRow | None] = {
            "policy": unit.policies.active(),
            "tag_catalogue": unit.catalogues.active(),
        }
        there = {row.name for row in unit.models.all() if row.since is not None and row.until is None}
        found |= {f"model {name}": unit.models.active(name) for name in sorted(there | told.models.keys())}
    said = {"policy": told.policy, "tag_catalogue": told.catalogue}
    said |= {f"model {name}": told.models.get(name, (0, "")) for name in there | told.models.keys()}
    return [
        Damage(name, 0, f"the {name.replace('_', ' ')} in force is not the last that the log says came into force")
        for name, active in found.items()
        if not _is_last(active, *said[name])
    ]


def _is_last(active: PolicyRow | CatalogueRow | ModelRow | None, at: int, digest: str) -> bool:
    """Whether what is in force is what came into force last, as the log says, or came since; nothing, if nothing ever did."""
    if active is None:
        return not digest
    return active.digest.hex() == digest or (active.since or 0) > at


def _marks(desk: Desk, told: Told, heads: Mapping[str, Head]) -> list[Damage]:
    """Which proposals and operators' factors are not as the log left them."""
    proposals = rows_of(desk, lambda unit, after: unit.work.approvals_page(after, PAGE), "", lambda one: one.id)
    factors = rows_of(desk, lambda unit, after: unit.credentials.page(after, PAGE), ("", "", ""), lambda row: row.place)
    stand: dict[str, str] = {}
    for proposal in proposals:
        stand |= _proposals.left_at(proposal, whole=_proposals.is_kept(desk, proposal))
    operators: dict[str, str] = {}
    for factor in factors:
        left = _factors.left_at(factor, whole=_factors.is_whole(desk, factor))
        stand |= left
        operators |= dict.fromkeys(left, factor.operator)
    doubtful = sorted(name for name in stand.keys() | told.marks.keys() if _mark_damage(told, stand, name))
    if not doubtful:
        return []
    # What was written since the beginning is no damage: read on to where log and rows stand now, both at one moment.
    stand = {}
    with desk.repository.snapshot() as unit:
        told.read_on(unit, heads)
        for proposal in unit.work.approvals(ids=[name.partition(":")[2] for name in doubtful]):
            stand |= _proposals.left_at(proposal, whole=_proposals.is_kept(desk, proposal))
        for operator in sorted({operators[name] for name in doubtful if name in operators}):
            for factor in unit.credentials.of(operator):
                stand |= _factors.left_at(factor, whole=_factors.is_whole(desk, factor))
    return [found for name in doubtful if (found := _mark_damage(told, stand, name))]


def _mark_damage(told: Told, stand: Mapping[str, str], name: str) -> Damage | None:
    """What is wrong with the row of this name, if anything is."""
    (version, mark), stands = told.marks.get(name, (0, "")), stand.get(name)
    if stands == f"{version}:{mark}" or (stands is None and not mark):
        return None
    if stands is None:
        what = "it is gone"
    elif not mark and version:
        what = "it was taken away, and is there again"
    elif not (at := stands.partition(":")[0]).isdigit():
        what = "it is not as the log left it"
    elif int(at) < version:
        what = f"it was put back as it once stood: the log knows version {version}"
    else:
        what = "it is not as the log left it"
    return _damage(name, version, what)


def _twice(told: Told) -> list[Damage]:
    """What came to one version in two ways: it was put back as it once stood, and then changed again."""
    what = "it came to this version twice, so it was put back in between"
    return [_damage(name, version, what) for name, version in sorted(told.twice.items())]


def _damage(name: str, version: int, what: str) -> Damage:
    """Damage to a customer, or to another row by its kind and id."""
    kind, _, id_ = name.partition(":")
    return Damage(kind, version, f"{id_}: {what}" if id_ else what)


def _look_up(desk: Desk, told: Told, ends: Mapping[str, int]) -> list[Damage]:
    """What is wrong with the look-up of customers; only if its sum differs it is gone through row by row."""
    found = Sum()
    for row in _subjects(desk, ends):
        found.add(row)
    if (found.count, found.sum) == (told.subjects.count, told.subjects.sum):
        return []
    said: Counter[tuple[str, int, str]] = Counter()
    for stream, last in ends.items():
        for entry in _entries(desk, stream, 0, last):
            subjects = (said_by(entry.body) or {}).get("subjects", ())
            said.update({(stream, entry.number, str(cif_no)) for cif_no in subjects})
    there = Counter((stream, number, cif_no) for cif_no, stream, number in _subjects(desk, ends))
    damage = [Damage(s, n, "a customer is missing in the look-up") for s, n, _ in sorted(said - there)]
    return damage + [Damage(s, n, "the look-up names a customer too many") for s, n, _ in sorted(there - said)]


def _subjects(desk: Desk, ends: Mapping[str, int]) -> Iterator[tuple[str, str, int]]:
    found = rows_of(desk, lambda unit, after: unit.trail.subjects(after, PAGE), ("", "", 0), lambda row: row)
    return (row for row in found if row[2] <= ends.get(row[1], 0))


def _customers(desk: Desk, told: Told, heads: Mapping[str, Head]) -> tuple[int, list[Damage]]:
    """How many customers there are, and which are not as the log left them."""
    count, doubtful, after = 0, list[CifNo](), ""
    present: set[str] = set()
    while True:
        with desk.repository.snapshot() as unit:
            page = unit.parties.page(after, PAGE)
            parts = _Parts.of(unit, [row.cif_no for row in page])
        count += len(page)
        present.update(row.cif_no for row in page)
        doubtful += [row.cif_no for row, what in _wrong(desk, told, page, parts)]
        if len(page) < PAGE:
            break
        after = page[-1].cif_no
    damage = [
        Damage(cif_no, told.stamps[cif_no][0], "the customer is gone")
        for cif_no in sorted(told.stamps.keys() - present)
    ]
    if not doubtful:
        return count, damage
    # What was written since the beginning is no damage: read on to where log and rows stand now, both at one moment.
    with desk.repository.snapshot() as unit:
        told.read_on(unit, heads)
        rows = list(unit.parties.get(doubtful).values())
        parts = _Parts.of(unit, doubtful)
    damage += [Damage(row.cif_no, row.version, what) for row, what in _wrong(desk, told, rows, parts)]
    return count, damage


@attrs.frozen
class _Parts:
    """What parties consist of beside their rows, as it rests."""

    groups: Sequence[GoldenRow]
    facts: Mapping[CifNo, FactRow]
    links: Mapping[CifNo, Sequence[LinkRow]]
    places: Mapping[CifNo, Sequence[tuple[str, str, int]]]

    @classmethod
    def of(cls, unit: UnitOfWork, cif_nos: Sequence[CifNo]) -> _Parts:
        links: dict[CifNo, list[LinkRow]] = {}
        places: dict[CifNo, list[tuple[str, str, int]]] = {}
        for link in unit.crosswalk.of_parties(cif_nos):
            links.setdefault(link.cif_no, []).append(link)
        for cif_no, place in unit.sources.places(cif_nos):
            places.setdefault(cif_no, []).append(place)
        return cls(unit.copies.golden(cif_nos), unit.copies.facts(cif_nos), links, places)


def _wrong(desk: Desk, told: Told, rows: Sequence[PartyRow], parts: _Parts) -> list[tuple[PartyRow, str]]:
    """Those of *rows* that are not as the log left them, and why."""
    found, suspects = [], []
    for row in rows:
        version, digest = told.stamps.get(row.cif_no, (0, ""))
        if type(row.version) is not int or not isinstance(row.digest, bytes):
            found.append((row, "not as the log left it"))
        elif row.version < version:
            found.append((row, f"rolled back: the log knows version {version}"))
        elif row.version > version:
            found.append((row, "changed without an entry in the log"))
        elif row.digest.hex() != digest:
            found.append((row, "not as the log left it"))
        else:
            suspects.append(row)
    contents = _contents(desk, suspects, parts)
    found += [
        (row, "its row, its golden copy, its facts or its links were changed or rolled back")
        for row in suspects
        if contents.get(row.cif_no) is None or party_digest(desk, row, contents[row.cif_no]) != row.digest
    ]
    return found


def _contents(desk: Desk, rows: Sequence[PartyRow], parts: _Parts) -> dict[str, bytes]:
    """The keyed digest of what each party consists of; a party whose copies do not open is left out."""
    live = {row.cif_no for row in rows if row.life_cycle not in (LifeCycle.MERGED, LifeCycle.ERASED)}
    values: dict[CifNo, dict[str, Any]] = {row.cif_no: {} for row in rows}
    mine = [group for group in parts.groups if group.cif_no in live]
    keys: Mapping[bytes, DataKey] = {}
    try:
        keys = desk.data_keys.get({group.key_id for group in mine})
    except BankCIFError:
        keys = {}
    for group in mine:
        try:
            place = golden_place(group.cif_no, group.data_group, group.version)
            said = desk.sealer.open(group.sealed, keys[group.key_id], place)["values"]
            if group.cif_no in values:
                values[group.cif_no].update(said)
        except (BankCIFError, KeyError):
            values.pop(group.cif_no, None)
    return {
        cif_no: party_content(
            desk, said, parts.facts.get(cif_no) if cif_no in live else None, parts.links.get(cif_no, ()),
            parts.places.get(cif_no, ()),
        )
        for cif_no, said in values.items()
    }  # fmt: skip


def _witnessed(desk: Desk) -> tuple[list[WitnessView], list[Damage]]:
    """How far each witness has seen the log, and where it saw another."""
    views, damage = [], []
    for witness in desk.log.witnesses:
        damage += _kept_elsewhere(desk, witness)
    for done in desk.log.deliver():
        size = max(done.before, 0)
        with desk.repository.snapshot() as unit:
            total = sum(head.number for head in unit.trail.heads().values())
            known = unit.trail.checkpoints(size - 1, 1) if size else ()
        at = known[0].at if known and known[0].size == size else 0
        views.append(
            WitnessView(
                name=done.witness, size=done.before, at=at, unseen=max(total - size, 0),
                problem=done.problem if done.rule in SILENT else "",
            )
        )  # fmt: skip
        if done.rule == "truncated":
            damage.append(Damage(done.witness, done.size, f"cut: {done.problem}"))
        elif done.rule and done.rule not in SILENT:
            damage.append(Damage(done.witness, done.size, f"split: {done.problem}"))
    return views, damage


def _kept_elsewhere(desk: Desk, witness: Witness) -> list[Damage]:
    """The first checkpoint that the witness can show and the log does not have as it is."""
    try:
        notes = witness.kept(desk.log.signer.key.name)
    except WitnessError:
        return []  # that it is silent is told where it is brought the last one
    for note in notes:
        try:
            said = Checkpoint.read(opened(note, [desk.log.signer.key]))
        except AuditError:
            return [Damage(witness.name, 0, "it holds a checkpoint that this log's key did not sign")]
        with desk.repository.snapshot() as unit:
            found = unit.trail.checkpoints(said.size - 1, 1)
        if not found or text_of(found[0].note) != said.text:
            what = f"it has seen another log: the checkpoint over {said.size} entries is not the one kept here"
            return [Damage(witness.name, said.size, what)]
    return []


def _entries(desk: Desk, stream: str, after: int, upto: int) -> Iterator[AuditRow]:
    while after < upto:
        with desk.repository.snapshot() as unit:
            page = unit.trail.entries(stream, after, upto, PAGE)
        yield from page
        if not page:
            return
        after = page[-1].number


def _checkpoints(desk: Desk, upto: int) -> Iterator[CheckpointRow]:
    """Those over so many entries at most: one that was made since signs what came behind the heads that are verified."""
    found = rows_of(desk, lambda unit, after: unit.trail.checkpoints(after, PAGE), 0, lambda row: row.size)
    return takewhile(lambda row: row.size <= upto, found)
