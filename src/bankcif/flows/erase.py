"""
Erasing a customer: restrict -> propose -> a second person approves -> delete rows, retire keys -> destroy keys -> certify.

A restricted customer is stored and protected and nothing else: only purposes of compliance and audit still see them, they
meet nobody in matching and count in no report. Erasing destroys the data keys of every record that belongs to the
customer, so that no backup of the data opens with the key store as it is then, and deletes the records, tags, links and
copies. Whoever once was merged with the customer holds copies of what they said in older golden versions: those
versions are deleted, and the key they were sealed under is replaced too. The number stays, as a tombstone; the log
stays whole.

Source: Personal Information Protection Law of the PRC, articles 19 and 47.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import attrs

from .._canonical import sha256
from ..access import Action
from ..approval import OPEN, Approval, ApprovalState, Operation
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..errors import ConflictError, InputError, NotFoundOrNotAllowedError
from ..matching import blocking_keys
from ..party import CifNo, LifeCycle
from ..storage import UnitOfWork
from ..storage.outbox_rows import PARTY
from ..storage.rows import OutboxRow, PartyRow
from ._golden import party_content, party_digest, rebuild
from ._portrait import forget_what_left
from ._proposals import decision_entry, proposed, settle, write_proposal
from ._reasons import drop_reasons, keep_reason, need_reason, with_reasons
from ._records import Record, index_rows, open_records
from ._reseal import sealed_anew
from ._reshape import standing
from ._retained import retained
from .desk import Desk, authorize, destroy_retired, record, refuse, retire, retried
from .proof import proof_of

__all__ = ["Certificate", "certify", "erase", "ground_of_erasure", "lift", "propose_erasure", "restrict"]


@attrs.frozen(kw_only=True)
class Certificate:
    """
    That a customer was erased.

    Attributes:
        cif_no: The customer.
        numbers: Every customer number that meant them, this one among them.
        records: How many records were destroyed.
        keys_digest: SHA-256 over the ids of the destroyed data keys, in hexadecimal.
        reason: As it was proposed.
        proposed_by, approved_by: The two operators.
        erased_at: Microseconds since 1970, UTC.
        stream, number, entry_hash: The entry of the log that says so.
        proof: That this entry stands under a signed checkpoint of the log, as `EntryProof` writes it: whoever has the log's key
            checks it without the log.
    """

    cif_no: str
    numbers: tuple[str, ...]
    records: int
    keys_digest: str
    reason: str
    proposed_by: str
    approved_by: str
    erased_at: int
    stream: str
    number: int
    entry_hash: str
    proof: str = ""


def restrict(desk: Desk, cif_no: CifNo, *, reason: str, actor: Actor, purpose: Purpose) -> None:
    """
    Stops all processing of a customer but storage and protection.

    Raises:
        InputError: They are restricted already, or merged into another, who is to be restricted instead.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* erase.
    """
    turn = _Turn("restrict", _LIVING, LifeCycle.RESTRICTED)
    _turn(desk, cif_no, turn, reason=reason, actor=actor, purpose=purpose)


def lift(desk: Desk, cif_no: CifNo, *, reason: str, actor: Actor, purpose: Purpose) -> None:
    """
    Takes a restriction back.

    Raises:
        InputError: They are not restricted.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* erase.
    """
    turn = _Turn("lift_restriction", (LifeCycle.RESTRICTED,), LifeCycle.ACTIVE)
    _turn(desk, cif_no, turn, reason=reason, actor=actor, purpose=purpose)


def propose_erasure(
    desk: Desk, cif_no: CifNo, *, reason: str, run: str = "", actor: Actor, purpose: Purpose
) -> Approval:
    """
    Proposes to erase a restricted customer; a second person decides. *run* names the shredding run that they are in.

    Raises:
        InputError: They are not restricted yet, a term of the retention plan runs, or they are held.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* erase.
    """
    authorize(desk, actor, Action.ERASE, "propose_erasure", purpose)
    need_reason(reason)
    with desk.unit_of_work() as unit:
        row = _row(unit, cif_no)
        _need_restricted(row)
        _need_free(desk, unit, row)
        base = {str(row.cif_no): str(row.version)}
        detail = {"run": run} if run else {}
        approval = proposed(desk, Operation.ERASE, (row.cif_no,), detail, base, actor, reason=reason)
        write_proposal(desk, unit, approval, actor)
    return approval


def ground_of_erasure(desk: Desk, unit: UnitOfWork, approval: Approval) -> dict[str, str]:
    """What an erasure stands on, as it is now and stays in this unit: the customer's version."""
    rows = unit.parties.lock([CifNo(cif) for cif in approval.subjects])
    return {cif: str(row.version) for cif, row in rows.items()}


def erase(desk: Desk, unit: UnitOfWork, approval: Approval, actor: Actor, now: int) -> dict[str, str]:
    """
    Carries out an approved erasure, but for destroying the keys, which follows the commit.

    Cost: opens every record of the customer, and of each party they were merged with and unmerged from.
    """
    root = _row(unit, CifNo(approval.subjects[0]))
    _need_restricted(root)
    _need_free(desk, unit, root)
    links = unit.crosswalk.of_parties([root.cif_no])
    rows = unit.sources.of_parties([root.cif_no])
    opened = open_records(desk, rows)
    members = _members(unit, root.cif_no, {link.home for link in links})
    once_held = {past.cif_no for link in links for past in unit.crosswalk.history(link.origin)} - set(members)
    digests = _renewed(desk, unit, once_held, actor, now)
    _forget(desk, unit, opened, members)
    apart = [f"apart:{pair.low}:{pair.high}" for pair in unit.crosswalk.not_matches(members)]
    asked = [task.id for task in unit.work.tasks(cif_nos=members)]
    apart += [f"review:{one.task_id}:{one.number}" for one in unit.reviews.of(asked)]
    unit.erasure.records([row.place for _, row in rows])
    unit.erasure.links({link.origin for link in links})
    unit.erasure.parties(members)
    withdrawn = _withdraw(desk, unit, members, approval)
    gone = _forget_proposals(desk, unit, members, approval, apart)
    tombs = [_tombstone(desk, member, now) for member in unit.parties.get(members).values()]
    unit.parties.update(tombs)
    unit.outbox.add([OutboxRow(cif_no=tomb.cif_no, version=tomb.version, fields=PARTY, at=now) for tomb in tombs])
    keys = sorted({row.key_id for _, row in rows})
    retire(desk, unit, keys)
    entry = AuditEntry.by(
        actor, "erased", now, subjects=tuple(sorted(members)), count=len(rows),
        rule=f"{approval.id}:{sha256('bankcif/v1/erased-keys', *keys).hex()}", marks=gone,
    )  # fmt: skip
    record(desk, unit, [*(decision_entry(one, "withdraw", actor, now) for one in withdrawn), entry])
    return digests | {tomb.cif_no: tomb.stamp for tomb in tombs}


def certify(desk: Desk, approval_id: str, *, actor: Actor, purpose: Purpose) -> Certificate:
    """
    The certificate of an approved erasure, after making sure that nothing is left to destroy. A checkpoint is made if none
    covers the erasure yet.

    Raises:
        NotFoundOrNotAllowedError: There is no such erasure, or the policy does not let *actor* erase.
    """
    authorize(desk, actor, Action.ERASE, "certify", purpose)
    destroy_retired(desk)
    with desk.unit_of_work() as unit:
        found = _certificate(desk, unit, approval_id)
        if found is not None:
            entry = AuditEntry.by(
                actor, "certify", desk.now(), purpose=purpose, subjects=(found.cif_no,), count=1,
                rule=approval_id,
            )  # fmt: skip
            record(desk, unit, [entry])
            unit.commit()
    if found is None:
        raise refuse(desk, actor, "certify", purpose, rule="no_erasure")
    retried(desk.log.checkpoint)
    return attrs.evolve(found, proof=proof_of(desk, found.stream, found.number).to_json())


def _certificate(desk: Desk, unit: UnitOfWork, approval_id: str) -> Certificate | None:
    approval = next(iter(unit.work.approvals(ids=[approval_id])), None)
    if approval is None or approval.operation is not Operation.ERASE or approval.state is not ApprovalState.EXECUTED:
        return None
    cif_no = approval.subjects[0]
    for row in unit.trail.of_subject(cif_no):
        entry = AuditEntry.of_body(row.body)
        told, _, digest = entry.rule.partition(":")
        if entry.action == "erased" and told == approval_id:
            if unit.keys.retired() or unit.sources.of_parties([CifNo(cif) for cif in entry.subjects]):
                raise ConflictError("the erasure is not over yet; ask again", rule="erasure")
            return Certificate(
                cif_no=cif_no, numbers=entry.subjects, records=entry.count, keys_digest=digest,
                reason=with_reasons(desk, unit, [approval])[0].reason, proposed_by=approval.maker, approved_by=approval.checker,
                erased_at=entry.at, stream=row.stream, number=row.number, entry_hash=row.hash.hex(),
            )  # fmt: skip
    return None


def _row(unit: UnitOfWork, cif_no: CifNo) -> PartyRow:
    """A party that is there and not merged into another."""
    row = unit.parties.get([cif_no]).get(cif_no)
    if row is None or row.life_cycle == LifeCycle.ERASED:
        raise NotFoundOrNotAllowedError("there is no such customer", rule="default")
    if row.merged_into is not None:
        raise InputError(f"{cif_no} is merged into {row.merged_into}; name that one", rule="merged", cif_no=cif_no)
    return row


def _need_restricted(row: PartyRow) -> None:
    if row.life_cycle != LifeCycle.RESTRICTED:
        raise InputError("a customer is restricted before they are erased", rule="not_restricted", cif_no=row.cif_no)


def _need_free(desk: Desk, unit: UnitOfWork, row: PartyRow) -> None:
    said, _ = retained(desk, unit, row)
    if problem := said.why_not(desk.today()):
        raise InputError(problem, rule="retention", cif_no=row.cif_no)


_LIVING = frozenset(LifeCycle) - {LifeCycle.RESTRICTED, LifeCycle.ERASED, LifeCycle.MERGED}


@attrs.frozen
class _Turn:
    """A change of the life cycle, by the name that the log has for it."""

    what: str
    before: Collection[LifeCycle]
    after: LifeCycle


def _turn(desk: Desk, cif_no: CifNo, turn: _Turn, *, reason: str, actor: Actor, purpose: Purpose) -> None:
    authorize(desk, actor, Action.ERASE, turn.what, purpose)
    need_reason(reason)
    with desk.unit_of_work() as unit:
        row, now = _row(unit, cif_no), desk.now()
        if row.life_cycle not in turn.before:
            raise InputError(
                f"the customer is {row.life_cycle}, and is not {'restricted again' if turn.after is LifeCycle.RESTRICTED else 'lifted'}",
                rule="life_cycle",
                cif_no=cif_no,
            )
        party, _ = standing(desk, unit, cif_no)
        turned = attrs.evolve(party, row=row._replace(life_cycle=turn.after.value), force=True)
        rebuilt = rebuild(desk, unit, [turned], actor=actor, now=now)
        entry = AuditEntry.by(
            actor, turn.what, now, purpose=purpose, subjects=(cif_no,), count=1,
            digests={cif_no: rebuilt[cif_no].row.stamp},
        )  # fmt: skip
        keep_reason(desk, unit, f"{turn.what}:{cif_no}:{rebuilt[cif_no].row.version}", reason, cif_no)
        record(desk, unit, [entry])
        unit.commit()


def _members(unit: UnitOfWork, root: CifNo, homes: set[CifNo]) -> list[CifNo]:
    """Every number that means this customer: the root, and what was merged into it, with records or without."""
    found, wanted = {root}, homes - {root}
    while wanted:
        found |= wanted
        rows = unit.parties.get(wanted)
        wanted = {row.merged_into for row in rows.values() if row.merged_into is not None} - found
    return sorted(found)


def _renewed(desk: Desk, unit: UnitOfWork, once_held: set[CifNo], actor: Actor, now: int) -> dict[str, str]:
    """Parties that once were merged with the customer: their older golden versions go, and so does the key over them."""
    if not once_held:
        return {}
    rows = unit.parties.lock(once_held).values()
    unit.erasure.superseded(once_held)
    anchors = [row.anchor for row in rows if row.anchor_source]
    records = unit.sources.at(anchors)
    belong = unit.crosswalk.current({row.origin for row in records})
    digests = sealed_anew(desk, unit, [(belong[row.origin].cif_no, row) for row in records], actor, now)
    forget_what_left(desk, unit, sorted(once_held))
    return digests


def _forget(desk: Desk, unit: UnitOfWork, opened: Sequence[Record], members: Sequence[CifNo]) -> None:
    """Deletes the tags of these records, and the claims that the customer holds on their numbers."""
    tagging = desk.tagging(unit)
    rows = []
    for one in opened:
        rows += index_rows(tagging, one)
        for key in blocking_keys(one.features):
            if key.index == "identifier":
                claims = [("identifier", tag) for _, tag in tagging.claims("identifier", key.value)]
                for member in members:
                    unit.claims.release(claims, member)
    unit.indexes.remove(rows)


def _withdraw(desk: Desk, unit: UnitOfWork, members: Sequence[CifNo], but: Approval) -> list[Approval]:
    """Withdraws what is proposed of the customer otherwise, and gives it."""
    waiting = [
        one
        for member in members
        for one in unit.work.approvals(cif_no=member)
        # A glass that was broken before them is still to be reviewed.
        if one.state in OPEN and one.id != but.id and one.operation is not Operation.BREAK_GLASS
    ]
    return [
        settle(desk, unit, one, attrs.evolve(one, state=ApprovalState.WITHDRAWN))
        for one in {one.id: one for one in waiting}.values()
    ]


def _forget_proposals(
    desk: Desk, unit: UnitOfWork, members: Sequence[CifNo], but: Approval, apart: Sequence[str]
) -> dict[str, str]:
    """
    Deletes what was proposed of the customer, with the words of who did or kept them *apart* from others, but for the
    erasure itself and a glass that is still to be reviewed.

    Returns:
        What the log is told of it: that each of these proposals is gone.
    """
    about = {one.id: one for member in members for one in unit.work.approvals(cif_no=member)}
    over = [one for one in about.values() if one.id != but.id and one.state not in OPEN]
    kept = {f"approval:{one}" for one in about.keys() - {one.id for one in over}}
    unit.erasure.approvals([one.id for one in over])
    words = {row.about: row for row in unit.reasons.of(members)}
    words |= unit.reasons.get([*apart, *(f"approval:{one.id}" for one in over)])
    drop_reasons(desk, unit, [row for name, row in words.items() if name not in kept])
    return {name: left for one in over for name, left in _gone(one).items()}


def forget_reviewed(desk: Desk, unit: UnitOfWork, approval: Approval) -> dict[str, str]:
    """
    Deletes a broken glass that was reviewed after its customer was erased, with the words of who broke it.

    Returns:
        What the log is told of it: that it is gone; nothing if the customer is not erased, or it is something else.
    """
    rows = unit.parties.get([CifNo(one) for one in approval.subjects]).values()
    over = approval.operation is Operation.BREAK_GLASS and approval.state not in OPEN
    if not over or all(row.life_cycle != LifeCycle.ERASED for row in rows):
        return {}
    unit.erasure.approvals([approval.id])
    drop_reasons(desk, unit, list(unit.reasons.get([f"approval:{approval.id}"]).values()))
    return _gone(approval)


def _gone(approval: Approval) -> dict[str, str]:
    """Where the log says that a proposal was left which was deleted."""
    return {f"approval:{approval.id}": f"{approval.version + 1}:"}


def _tombstone(desk: Desk, row: PartyRow, now: int) -> PartyRow:
    bare = row._replace(
        life_cycle=LifeCycle.ERASED.value, roles="", branch=None, manager=None, anchor_source="",
        anchor_source_key="", anchor_record_no=0, anchor_key_id=bytes(16), version=row.version + 1, updated_at=now,
    )  # fmt: skip
    return bare._replace(digest=party_digest(desk, bare, party_content(desk, {}, None, (), ())))
