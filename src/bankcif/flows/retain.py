"""
Retention: how long a customer is kept, restriction once the relationship has ended, holds while something is going on, and shredding runs: preview -> propose -> a second person approves -> erase -> certify.

A run restricts and proposes who is due, each by themself, under one name; the second person approves the run, and each is tested again when they are erased.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import islice
from typing import Any

import attrs

from ..access import Action
from ..approval import OPEN, Approval, ApprovalState, Operation
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..errors import ConflictError, FourEyesError, InputError
from ..party import CifNo, LifeCycle
from ..storage import UnitOfWork
from ..storage.rows import PartyRow
from ..upkeep import Retention
from ._cases import CaseBook, case_id, case_of, need_another, need_reference, need_word, write_case
from ._decided import Asked
from ._pages import pages
from ._relations import current, granted_to
from ._retained import retained, retained_each
from .decide import decide_proposal
from .desk import Desk, authorize, note, record, refuse
from .erase import Certificate, certify, propose_erasure, restrict

__all__ = [
    "Due",
    "HoldView",
    "RetentionView",
    "Run",
    "Shredded",
    "approve_run",
    "certificate",
    "hold",
    "preview",
    "propose_run",
    "release",
    "restrict_ended",
    "retention_of",
]

_HOLDS = CaseBook("holds", "bankcif.hold", "hold", "hold_case")
_AT_ONCE = 200
_MOST = 1_000
_GONE = (LifeCycle.MERGED, LifeCycle.ERASED)


@attrs.frozen(kw_only=True)
class HoldView:
    """A hold: by what it is known, why, from when on, and when it was lifted."""

    id: str
    ground: str
    since: date
    ended: date | None
    evidence: str


@attrs.frozen(kw_only=True)
class RetentionView:
    """How long a customer is kept, why they are not erased today (empty if nothing forbids it), and all holds there were."""

    retention: Retention
    why_not: str
    holds: tuple[HoldView, ...]


@attrs.frozen(kw_only=True)
class Due:
    """
    Who may be erased.

    Attributes:
        customers: Of how many it was asked.
        due: Whose terms are over, the longest ago first, as many as were asked for; None stands for who was kept by no term.
        all_due: How many there are.
        held: How many were due, and are held.
        lasting: With how many the relationship lasts.
        running: Of how many a term runs.
    """

    customers: int
    due: tuple[tuple[CifNo, date | None], ...]
    all_due: int
    held: int
    lasting: int
    running: int


@attrs.frozen(kw_only=True)
class Run:
    """A shredding run: its name, and the customers who were restricted and proposed."""

    id: str
    proposed: tuple[CifNo, ...]


@attrs.frozen(kw_only=True)
class Shredded:
    """What became of a run: who was erased, and who was not, with the rule that forbade it."""

    erased: tuple[CifNo, ...]
    kept: Mapping[CifNo, str]


def hold(desk: Desk, cif_no: CifNo, ground: str, *, evidence: str, reason: str, actor: Actor, purpose: Purpose) -> str:
    """
    Holds a customer: nothing of them is erased while it lasts; what it is known by.

    Args:
        ground: Why, in a word, such as ``inquiry``, ``litigation`` or ``audit``.
        evidence: Reference to what asks for it.

    Raises:
        InputError: The ground is no word, or there is no evidence.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* hold them.
    """
    need_word(ground, "$.ground", "a ground")
    need_reference(evidence, "$.evidence")
    if not evidence:
        raise InputError("a hold names what asks for it", path="$.evidence", rule="hold")
    known = case_id(desk)

    def made(unit: UnitOfWork, row: PartyRow, values: Mapping[str, Any]) -> Mapping[str, Any]:
        return {
            "id": known,
            "ground": ground,
            "since": desk.today().isoformat(),
            "evidence": evidence,
            "placed_by": actor.id,
            "person": actor.person,
        }

    write_case(desk, cif_no, _HOLDS, _asked("hold", actor, purpose), made, reason=reason)
    return known


def release(desk: Desk, cif_no: CifNo, case: str, *, reason: str, actor: Actor, purpose: Purpose) -> None:
    """
    Lifts a hold; another person than who placed it.

    Raises:
        InputError: There is no such hold that lasts.
        FourEyesError: *actor* placed it.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* hold them.
    """

    def made(unit: UnitOfWork, row: PartyRow, values: Mapping[str, Any]) -> Mapping[str, Any]:
        one = case_of(values, _HOLDS, case)
        if one.get("ended") is not None:
            raise InputError("the hold was lifted already", path="$.case", rule="hold", cif_no=row.cif_no)
        need_another(actor, one["placed_by"], one.get("person"), "another person lifts a hold than who placed it")
        return {**one, "ended": desk.today().isoformat()}

    write_case(desk, cif_no, _HOLDS, _asked("release_hold", actor, purpose), made, reason=reason)


def retention_of(desk: Desk, cif_no: CifNo, *, actor: Actor, purpose: Purpose) -> RetentionView:
    """
    How long a customer is kept, and why.

    Raises:
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* hold or erase them.
    """
    authorize(desk, actor, Action.RETAIN, "retention_of", purpose)
    found: RetentionView | None = None
    with desk.unit_of_work() as unit:
        row = current(unit, cif_no)
        if (
            row is not None
            and row.life_cycle != LifeCycle.ERASED
            and "holds" in granted_to(desk, unit, actor, Action.RETAIN, purpose, row)
        ):
            said, values = retained(desk, unit, row)
            holds = tuple(
                HoldView(
                    id=one["id"], ground=one["ground"], since=date.fromisoformat(one["since"]), evidence=one.get("evidence", ""),
                    ended=date.fromisoformat(one["ended"]) if one.get("ended") else None,
                )
                for one in values.get("holds", ())
            )  # fmt: skip
            found = RetentionView(retention=said, why_not=said.why_not(desk.today()), holds=holds)
            entry = AuditEntry.by(
                actor, "retention_of", desk.now(), purpose=purpose, subjects=(row.cif_no,), count=1, fields=("holds",)
            )
            record(desk, unit, [entry])
            unit.commit()
    if found is None:
        raise refuse(desk, actor, "retention_of", purpose)
    return found


def preview(desk: Desk, *, limit: int = 100, actor: Actor, purpose: Purpose) -> Due:
    """
    Who may be erased, by the terms as they are today. Nothing is changed.

    Raises:
        InputError: A limit out of its range.
        NotFoundOrNotAllowedError: The policy does not let *actor* hold or erase customers.

    Cost: opens the golden records of all customers, a page at a time.
    """
    authorize(desk, actor, Action.RETAIN, "retention_preview", purpose)
    if not 1 <= limit <= _MOST:
        raise InputError(f"a run has 1 to {_MOST} customers", path="$.limit", rule="limit")
    found = _due(desk, limit)
    note(
        desk,
        actor,
        "retention_preview",
        purpose=purpose,
        subjects=tuple(cif_no for cif_no, _ in found.due),
        count=len(found.due),
    )
    return found


def restrict_ended(desk: Desk, *, limit: int = 1_000, reason: str, actor: Actor, purpose: Purpose) -> tuple[CifNo, ...]:
    """
    Restricts the customers whose relationship ended longer ago than the plan says: they are stored and protected, and used for nothing else. Run
    every night; those who are restricted already are left as they are.

    Raises:
        InputError: A limit out of its range.
        NotFoundOrNotAllowedError: The policy does not let *actor* erase.

    Cost: opens the golden records of all customers, a page at a time.
    """
    authorize(desk, actor, Action.ERASE, "restrict_ended", purpose)
    if not 1 <= limit <= _MOST:
        raise InputError(f"{_MOST} customers are restricted at once, at most", path="$.limit", rule="limit")
    last = desk.today() - timedelta(desk.retention.restrict_days)
    found = (
        row.cif_no
        for row, said in _everybody(desk)
        if row.life_cycle != LifeCycle.RESTRICTED and said.ended is not None and said.ended < last
    )
    numbers = tuple(islice(found, limit))
    for cif_no in numbers:
        restrict(desk, cif_no, reason=reason, actor=actor, purpose=purpose)
    note(desk, actor, "restrict_ended", purpose=purpose, count=len(numbers))
    return numbers


def propose_run(desk: Desk, *, limit: int = 100, reason: str, actor: Actor, purpose: Purpose) -> Run:
    """
    Restricts and proposes to erase who is due, as many as *limit*; a second person approves the run.

    Raises:
        InputError: More are due than the plan lets a run erase, which is taken for a mistake in it, or nobody is.
        NotFoundOrNotAllowedError: The policy does not let *actor* erase.
    """
    authorize(desk, actor, Action.ERASE, "propose_run", purpose)
    if not 1 <= limit <= _MOST:
        raise InputError(f"a run has 1 to {_MOST} customers", path="$.limit", rule="limit")
    found = _due(desk, limit)
    if not found.due:
        raise InputError("nobody is due", rule="retention")
    if found.all_due * 100 > found.customers * desk.retention.most_percent:
        raise InputError(
            f"{found.all_due} of {found.customers} customers are due, more than {desk.retention.most_percent} in a hundred; look at the plan,"
            " or let somebody who answers for it raise that share",
            rule="retention",
        )
    run = case_id(desk)
    proposed = []
    for cif_no, _ in found.due:
        with desk.unit_of_work() as unit:
            row = unit.parties.get([cif_no])[cif_no]
            waits = any(
                one.state in OPEN and one.operation is Operation.ERASE for one in unit.work.approvals(cif_no=cif_no)
            )
        if waits:
            continue
        if row.life_cycle != LifeCycle.RESTRICTED:
            restrict(desk, cif_no, reason=reason, actor=actor, purpose=purpose)
        propose_erasure(desk, cif_no, reason=reason, run=run, actor=actor, purpose=purpose)
        proposed.append(cif_no)
    note(desk, actor, "propose_run", purpose=purpose, count=len(proposed), rule=f"run:{run}")
    return Run(id=run, proposed=tuple(proposed))


def approve_run(desk: Desk, run: str, *, actor: Actor, purpose: Purpose) -> Shredded:
    """
    Approves a run: each of its customers is tested again, and erased. Run again after an interruption it goes on.

    Raises:
        InputError: There is no such run.
        FourEyesError: *actor* proposed it.
        NotFoundOrNotAllowedError: The policy does not let *actor* erase.
    """
    authorize(desk, actor, Action.ERASE, "approve_run", purpose)
    mine = _of_run(desk, run)
    if any(one.maker == actor.id for one in mine):
        raise FourEyesError("another person approves a run than who proposed it", rule="four_eyes")
    erased, kept = [], {}
    for one in mine:
        cif_no = CifNo(one.subjects[0])
        if one.state is ApprovalState.EXECUTED:
            erased.append(cif_no)
        elif one.state in OPEN:
            try:
                if decide_proposal(desk, one.id, approve=True, actor=actor).state is ApprovalState.EXECUTED:
                    erased.append(cif_no)
                else:
                    kept[cif_no] = "more_persons"
            except (
                InputError,
                ConflictError,
                FourEyesError,
            ) as error:  # of this customer; who approves was asked above
                kept[cif_no] = error.rule or error.code
    note(desk, actor, "approve_run", purpose=purpose, count=len(erased), rule=f"run:{run}")
    return Shredded(erased=tuple(erased), kept=kept)


def certificate(desk: Desk, run: str, *, actor: Actor, purpose: Purpose) -> tuple[Certificate, ...]:
    """
    The certificates of all whom a run erased.

    Raises:
        InputError: There is no such run.
        NotFoundOrNotAllowedError: The policy does not let *actor* erase.
    """
    authorize(desk, actor, Action.ERASE, "run_certificate", purpose)
    done = [one for one in _of_run(desk, run) if one.state is ApprovalState.EXECUTED]
    note(desk, actor, "run_certificate", purpose=purpose, count=len(done), rule=f"run:{run}")
    return tuple(certify(desk, one.id, actor=actor, purpose=purpose) for one in done)


def _due(desk: Desk, limit: int) -> Due:
    today = desk.today()
    due: list[tuple[date, CifNo, date | None]] = []
    customers = held = lasting = running = 0
    for row, said in _everybody(desk):
        customers += 1
        if said.lasts:
            lasting += 1
        elif said.until is not None and said.until >= today:
            running += 1
        elif said.holds:
            held += 1
        elif said.kept or row.life_cycle == LifeCycle.RESTRICTED:
            due.append((said.until or date.min, row.cif_no, said.until))
    due.sort()
    return Due(
        customers=customers, due=tuple((cif_no, until) for _, cif_no, until in due[:limit]), all_due=len(due), held=held, lasting=lasting,
        running=running,
    )  # fmt: skip


def _everybody(desk: Desk) -> Iterator[tuple[PartyRow, Retention]]:
    for rows in pages(
        desk, lambda unit, after: unit.parties.page(after, _AT_ONCE), "", lambda row: row.cif_no, _AT_ONCE
    ):
        there = [row for row in rows if row.life_cycle not in _GONE]
        with desk.repository.unit_of_work() as unit:
            said = retained_each(desk, unit, there)
        for row in there:
            yield row, said[row.cif_no][0]


def _of_run(desk: Desk, run: str) -> Sequence[Approval]:
    def read(unit: UnitOfWork, after: str) -> Sequence[Approval]:
        return unit.work.approvals_page(after, _AT_ONCE)

    found = [
        one
        for page in pages(desk, read, "", lambda one: one.id, _AT_ONCE)
        for one in page
        if one.operation is Operation.ERASE and one.detail.get("run") == run
    ]
    if not found:
        raise InputError("there is no such run", path="$.run", rule="retention")
    return found


def _asked(what: str, actor: Actor, purpose: Purpose) -> Asked:
    return Asked(Action.RETAIN, what, ("holds",), actor, purpose, restricted_too=True)
