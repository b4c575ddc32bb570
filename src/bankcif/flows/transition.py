"""
Steps of the life cycle: authorize -> check the table's guards -> where it takes one, propose to a second person -> write -> rebuild.

Where a customer stands is said by source records, one key for each of those they are made of, so that it follows merges and unmerges and has a history.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import attrs

from ..access import Action, FieldDecision
from ..approval import OPEN, Approval, Operation
from ..context import Actor, Purpose
from ..errors import InputError
from ..intake import Standard
from ..merging import Terms
from ..party import CATALOGUE, FORBIDDING, TRANSITIONS, CifNo, LifeCycle, PartyKind, SourceKey, Transition, why_not
from ..storage import UnitOfWork
from ..storage.rows import PartyRow
from ._decided import Asked, Decided, keep_decided, with_party
from ._opened import open_golden
from ._proposals import decision_entry, keep, proposed
from ._reasons import need_reason, reasons_of
from ._records import Arrival
from ._relations import current
from ._states import STATES, state_key, states_of
from .desk import Desk, record

__all__ = ["Stepped", "carry_out_step", "ground_of_step", "step"]

_PRESENT = frozenset({LifeCycle.DRAFT, LifeCycle.PENDING, LifeCycle.ACTIVE, LifeCycle.DORMANT, LifeCycle.CLOSING})
_REFERENCE = re.compile(r"[^\s].{0,199}")


@attrs.frozen(kw_only=True)
class Stepped:
    """
    What became of a step.

    Attributes:
        state: Where the customer stands now.
        approval: Id of the proposal that waits; empty if none does.
    """

    state: LifeCycle
    approval: str = ""


def step(
    desk: Desk, cif_no: CifNo, name: str, *, reason: str, evidence: str = "", actor: Actor, purpose: Purpose
) -> Stepped:
    """
    Takes a customer a step along their life cycle, or proposes it where it takes a second person.

    Args:
        desk: Collaborators.
        cif_no: The customer.
        name: Of `bankcif.party.TRANSITIONS`.
        reason: Why, in the actor's words.
        evidence: Reference to what proves it; never a customer's value.
        actor, purpose: Who takes it, what for.

    Raises:
        InputError: There is no such step, it can not be taken from where they stand or as they are, or it waits already; the message says which.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* do so.
    """
    need_reason(reason)
    known = TRANSITIONS.get(name)
    if known is None:
        raise InputError(f"a step is one of {', '.join(sorted(TRANSITIONS))}", path="$.name", rule="life_cycle")
    if evidence and not (_REFERENCE.fullmatch(evidence) and evidence.isprintable()):
        raise InputError("evidence is at most 200 printable characters", path="$.evidence", rule="life_cycle")

    def may(granted: Mapping[str, FieldDecision]) -> bool:
        return not {f"step:{name}", "step:*"}.isdisjoint(granted)

    def work(unit: UnitOfWork, row: PartyRow) -> Stepped:
        row = unit.parties.lock([row.cif_no])[row.cif_no]
        _need(desk, unit, row, known, evidence)
        if not known.second:
            return Stepped(state=_take(desk, unit, row, known, evidence, reason, asked))
        if any(
            one.state in OPEN and one.operation is Operation.STATE for one in unit.work.approvals(cif_no=row.cif_no)
        ):
            raise InputError(
                "a step of this customer waits for a second person already",
                path="$.name",
                rule="life_cycle",
                cif_no=row.cif_no,
            )
        detail = {"step": name, "evidence": evidence}
        approval = proposed(
            desk, Operation.STATE, (row.cif_no,), detail, _ground(desk, unit, row), actor, reason=reason
        )
        (kept,) = keep(desk, unit, [approval])
        record(desk, unit, [decision_entry(kept, "propose", actor, desk.now())])
        return Stepped(state=LifeCycle(row.life_cycle), approval=approval.id)

    asked = _asked(actor, purpose)
    return with_party(desk, cif_no, asked, may, work)


def ground_of_step(desk: Desk, unit: UnitOfWork, approval: Approval) -> dict[str, str]:
    """What a proposed step stands on, as it is now and stays in this unit: who the customer is, and where they stand."""
    row = current(unit, CifNo(approval.subjects[0]))
    return {} if row is None else _ground(desk, unit, unit.parties.lock([row.cif_no])[row.cif_no])


def carry_out_step(desk: Desk, unit: UnitOfWork, approval: Approval, actor: Actor, now: int) -> dict[str, str]:
    """Carries out an approved step, if it can still be taken."""
    row = unit.parties.lock([CifNo(approval.subjects[0])])[CifNo(approval.subjects[0])]
    known, evidence = TRANSITIONS[approval.detail["step"]], approval.detail.get("evidence", "")
    _need(desk, unit, row, known, evidence)
    said = reasons_of(desk, unit, [f"approval:{approval.id}"]).get(f"approval:{approval.id}", "approved")
    _take(desk, unit, row, known, evidence, said, _asked(actor, Purpose.OPERATIONS))
    return {row.cif_no: unit.parties.get([row.cif_no])[row.cif_no].stamp}


def _asked(actor: Actor, purpose: Purpose) -> Asked:
    return Asked(Action.TRANSITION, "transition", ("states",), actor, purpose)


def _ground(desk: Desk, unit: UnitOfWork, row: PartyRow) -> dict[str, str]:
    """Where the customer stands, and each of those whom they are made of."""
    stand = states_of(desk, open_golden(desk, unit, row), _homes(unit, row))
    return {row.cif_no: row.life_cycle, **{f"home:{home}": state for home, state in sorted(stand.items())}}


def _homes(unit: UnitOfWork, row: PartyRow) -> set[str]:
    return {link.home for link in unit.crosswalk.of_parties([row.cif_no])} | {row.cif_no}


def _need(desk: Desk, unit: UnitOfWork, row: PartyRow, known: Transition, evidence: str) -> None:
    """Raises `InputError` unless the customer can take this step."""
    values = open_golden(desk, unit, row)
    kind = PartyKind(row.kind)
    asked = [field.name for field in CATALOGUE[kind].values() if field.due_diligence]
    missing = [name for name in asked if not values.get(name)]
    problem = why_not(known, LifeCycle(row.life_cycle), row.kind, values, evidence, missing)
    if problem:
        raise InputError(problem, path="$.name", rule="life_cycle", cif_no=row.cif_no)


def _take(
    desk: Desk, unit: UnitOfWork, row: PartyRow, known: Transition, evidence: str, reason: str, asked: Asked
) -> LifeCycle:
    """
    Writes where those stand now whom the customer is made of and who stood where the step begins: whoever is parted from them later stands there too; what forbids,
    as a freeze, is of all who are there still. Who stood elsewhere, as somebody deceased behind a customer who was frozen, stands there still.
    """
    stand = states_of(desk, open_golden(desk, unit, row), _homes(unit, row))
    of_all = _PRESENT if known.after in FORBIDDING else frozenset[LifeCycle]()
    homes = [home for home, state in stand.items() if state in known.before or state in of_all]
    said: dict[str, Any] = {"state": known.after.value, "step": known.name, "since": desk.today().isoformat()}
    if evidence:
        said["evidence"] = evidence
    arrivals, whose = [], {}
    for home in sorted(homes):
        key = SourceKey(STATES, state_key(desk, home))
        whose[key] = CifNo(home)
        form = Standard(kind=PartyKind(row.kind), values={"states": [{"id": key.key, **said}]}, given={}, faults=())
        # Of one key the number of the record decides, and no clock.
        arrivals.append(Arrival(origin=key, channel="state", terms=Terms(), business_time=None, form=form))
    decided = Decided(row=row, arrivals=arrivals, homes=whose)
    rebuilt = keep_decided(desk, unit, [decided], asked, reason=reason, rule=f"step:{known.name}")[0]
    return LifeCycle(rebuilt.row.life_cycle)
