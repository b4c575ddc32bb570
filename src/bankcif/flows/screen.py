"""
Screening customers against watch lists, and what persons make of hits: screen -> possible -> a person confirms or dismisses -> ended.

A hit is a case of the customer with the list, its version and the entry, and no name. What was dismissed stays so until the customer's names or the list's entry are others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

import attrs

from ..access import Action
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..errors import InputError
from ..party import CifNo, DataGroup, LifeCycle
from ..storage import UnitOfWork
from ..storage.portrait_rows import IDLE
from ..storage.rows import PartyRow
from ..upkeep import FlagState, WatchList, counts_on, need_list
from ._cases import CaseBook, Made, case_id, case_of, need_another, need_reference, need_word, waiting_cases, write_case
from ._decided import Asked
from ._opened import open_golden, open_goldens
from ._pages import pages
from ._relations import current, granted_to, standing_of
from ._watched import SYSTEM, Watched, is_said, said
from .desk import Desk, authorize, note, record, refuse

__all__ = ["FlagView", "Screened", "decide", "end", "flag", "flags_of", "possible", "screen"]

_BOOK = CaseBook("flags", "bankcif.flag", "flag", "flag_case")
_AT_ONCE = 200
_MOST = 500
_SEEN = frozenset({DataGroup.IDENTITY, DataGroup.RISK})


@attrs.frozen(kw_only=True)
class FlagView:
    """
    A flag of a customer.

    Attributes:
        cif_no, id: Of whom, and by what it is known.
        kind, source, entry: What for, by which list or system, and which entry of it.
        state: Where it stands.
        counts: Whether it counts today: confirmed, and not over.
        since, until: From when, and the last day.
        score: How much names are alike, 0 to 100; None of what no list said.
        decided_by, evidence: Who decided, and on what it rests.
    """

    cif_no: CifNo
    id: str
    kind: str
    source: str
    entry: str
    state: FlagState
    counts: bool
    since: date
    until: date | None
    score: int | None
    decided_by: str
    evidence: str


@attrs.frozen(kw_only=True)
class Screened:
    """What a screening came to: of how many customers, how many hits are new, and how many ended since their entry is gone."""

    customers: int
    hits: int
    ended: int


def screen(
    desk: Desk,
    lists: Sequence[WatchList],
    *,
    cif_no: CifNo | None = None,
    least: int = 70,
    actor: Actor,
    purpose: Purpose,
) -> Screened:
    """
    Compares customers with the entries of lists: one, or all of them. Run again, it opens no hit twice.

    Args:
        lists: The lists; each has another name.
        cif_no: Of whom; of all if None.
        least: How much names are alike, at least, 0 to 100; an equal number of a document counts 100.

    Raises:
        InputError: *least* is out of range, or two lists have one name.
        NotFoundOrNotAllowedError: The policy does not let *actor* screen, or there is no such customer.

    Cost: opens names, numbers and flags of those it looks at; a look-up in each list.
    """
    authorize(desk, actor, Action.WATCH, "screen", purpose)
    for one in lists:
        need_list(one)
    if not 0 <= least <= 100:
        raise InputError("names are alike by 0 to 100", path="$.least", rule="screen")
    if len({one.name for one in lists}) < len(lists):
        raise InputError("each list has a name of its own; one is named twice", path="$.lists", rule="screen")
    watched = [Watched.of(one) for one in lists]
    customers = hits = ended = 0
    for rows in _asked_of(desk, cif_no):
        with desk.repository.unit_of_work() as unit:
            # Of whom the actor may not see flags, they are told neither that there is a hit nor that there is none.
            _, broken = standing_of(desk, unit, actor, Action.WATCH)
            mine = [
                row
                for row in rows
                if "flags" in granted_to(desk, unit, actor, Action.WATCH, purpose, row, broken=broken)
            ]
            values = open_goldens(desk, unit, [row.cif_no for row in mine], groups=_SEEN)
        customers += len(mine)
        for row in mine:
            for listed in watched:
                fresh, gone = listed.compared(desk, row, values[row.cif_no], least)
                asked = _asked("screen", actor, purpose)
                hits += sum(_written(desk, row, _opening(desk, case), f"on {listed.source}", asked) for case in fresh)
                ended += sum(_written(desk, row, _ending(case), f"no more on {listed.source}", asked) for case in gone)
    if cif_no is not None and not customers:
        raise refuse(desk, actor, "screen", purpose)
    note(desk, actor, "screened", purpose=purpose, count=customers, rule=",".join(one.source for one in watched)[:200])
    return Screened(customers=customers, hits=hits, ended=ended)


def decide(
    desk: Desk, cif_no: CifNo, case: str, *, confirm: bool, until: date | None = None, evidence: str = "", reason: str, actor: Actor,
    purpose: Purpose,
) -> FlagView:  # fmt: skip
    """
    Says whether a hit is the customer.

    Args:
        until: The last day on which it counts, where it is.
        evidence: Reference to what the decision rests on; needed where it is confirmed.

    Raises:
        InputError: There is no such hit that waits, it has no evidence, or its end lies behind.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* decide.
    """
    need_reference(evidence, "$.evidence")
    if confirm and not evidence:
        raise InputError("a hit is confirmed on evidence", path="$.evidence", rule="flag")
    _need_ahead(desk, until)
    state = FlagState.CONFIRMED if confirm else FlagState.DISMISSED

    def made(unit: UnitOfWork, row: PartyRow, values: Mapping[str, Any]) -> Mapping[str, Any]:
        one = case_of(values, _BOOK, case, [FlagState.POSSIBLE.value])
        ends = until.isoformat() if until is not None else one.get("until")
        return {
            **one,
            **said(state=state.value, until=ends, evidence=evidence, decided_by=actor.id, person=actor.person),
        }

    return _kept(desk, cif_no, made, "decide_flag", reason, actor, purpose)


def flag(
    desk: Desk, cif_no: CifNo, kind: str, *, source: str, until: date | None = None, evidence: str, reason: str, actor: Actor,
    purpose: Purpose,
) -> FlagView:  # fmt: skip
    """
    Flags a customer by hand, as another system or a person says.

    Args:
        kind: What for, in a word, such as ``fraud`` or ``court``.
        source: Who says so, in a word.
        until: The last day on which it counts; None for no end.

    Raises:
        InputError: A word is none, there is no evidence, or its end lies behind.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* flag them.
    """
    need_word(kind, "$.kind", "a kind")
    need_word(source, "$.source", "a source")
    need_reference(evidence, "$.evidence")
    if not evidence:
        raise InputError("a flag names what it rests on", path="$.evidence", rule="flag")
    _need_ahead(desk, until)
    fresh = said(
        id=case_id(desk), kind=kind, source=source, state=FlagState.CONFIRMED.value, since=desk.today().isoformat(),
        until=None if until is None else until.isoformat(), opened_by=actor.id, decided_by=actor.id, evidence=evidence,
        person=actor.person,
    )  # fmt: skip
    return _kept(desk, cif_no, lambda *_: fresh, "flag", reason, actor, purpose)


def end(desk: Desk, cif_no: CifNo, case: str, *, reason: str, actor: Actor, purpose: Purpose) -> FlagView:
    """
    Ends a flag that counts; another person than who confirmed it.

    Raises:
        InputError: There is no such flag that was confirmed.
        FourEyesError: *actor* confirmed it.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* decide.
    """

    def made(unit: UnitOfWork, row: PartyRow, values: Mapping[str, Any]) -> Mapping[str, Any]:
        one = case_of(values, _BOOK, case, [FlagState.CONFIRMED.value])
        need_another(actor, one["decided_by"], one.get("person"), "another person ends a flag than who confirmed it")
        return {
            **one,
            "state": FlagState.ENDED.value,
            "until": desk.today().isoformat(),
            "decided_by": actor.id,
            "person": actor.person,
        }

    return _kept(desk, cif_no, made, "end_flag", reason, actor, purpose)


def flags_of(desk: Desk, cif_no: CifNo, *, actor: Actor, purpose: Purpose) -> tuple[FlagView, ...]:
    """
    All flags of a customer, the latest first.

    Raises:
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* see flags.
    """
    authorize(desk, actor, Action.WATCH, "flags_of", purpose)
    found: tuple[FlagView, ...] | None = None
    with desk.unit_of_work() as unit:
        row = current(unit, cif_no, purpose)
        if (
            row is not None
            and row.life_cycle != LifeCycle.ERASED
            and "flags" in granted_to(desk, unit, actor, Action.WATCH, purpose, row)
        ):
            rows = open_golden(desk, unit, row).get("flags", ())
            found = tuple(_view(desk, row.cif_no, one) for one in sorted(rows, key=lambda one: one["id"], reverse=True))
            entry = AuditEntry.by(
                actor, "flags_of", desk.now(), purpose=purpose, subjects=(row.cif_no,), count=1, fields=("flags",)
            )
            record(desk, unit, [entry])
            unit.commit()
    if found is None:
        raise refuse(desk, actor, "flags_of", purpose)
    return found


def possible(desk: Desk, *, limit: int = 100, actor: Actor, purpose: Purpose) -> tuple[FlagView, ...]:
    """
    The hits that wait for a person, the likest first.

    Raises:
        InputError: A limit out of its range.
        NotFoundOrNotAllowedError: The policy does not let *actor* see flags.
        AccessError: *actor* has seen as many customers in this hour as the policy allows.

    Cost: opens the risk data of every customer of whom there are some.
    """
    return waiting_cases(
        desk, _BOOK, DataGroup.RISK, _asked("possible_flags", actor, purpose), limit,
        waits=lambda one: one["state"] == FlagState.POSSIBLE, view=partial(_view, desk),
        order=lambda one: (-(one.score or 0), one.id),
    )  # fmt: skip


def _opening(desk: Desk, case: Mapping[str, Any]) -> Made:
    def made(unit: UnitOfWork, row: PartyRow, values: Mapping[str, Any]) -> Mapping[str, Any]:
        if is_said(desk, values, case):
            raise InputError("somebody was faster", path="$.case", rule="case")
        return case

    return made


def _ending(case: Mapping[str, Any]) -> Made:
    def made(unit: UnitOfWork, row: PartyRow, values: Mapping[str, Any]) -> Mapping[str, Any]:
        one = case_of(values, _BOOK, case["id"], [FlagState.POSSIBLE.value])
        return {**one, "state": FlagState.ENDED.value, "decided_by": SYSTEM}

    return made


def _written(desk: Desk, row: PartyRow, made: Made, reason: str, asked: Asked) -> bool:
    """Whether it was written: not where the case is another by now, since a person decided it or another screening came first."""
    try:
        write_case(desk, row.cif_no, _BOOK, asked, made, reason=reason)
    except InputError as error:
        if error.rule != "case":
            raise
        return False
    return True


def _asked_of(desk: Desk, cif_no: CifNo | None) -> Iterator[Sequence[PartyRow]]:
    if cif_no is not None:
        with desk.repository.unit_of_work() as unit:
            row = current(unit, cif_no)
        yield [row] if row is not None and row.life_cycle not in IDLE else []
        return
    for rows in pages(
        desk, lambda unit, after: unit.parties.page(after, _AT_ONCE), "", lambda row: row.cif_no, _AT_ONCE
    ):
        yield [row for row in rows if row.life_cycle not in IDLE]


def _need_ahead(desk: Desk, until: date | None) -> None:
    if until is not None and until < desk.today():
        raise InputError("a flag ends today or later", path="$.until", rule="flag")


def _kept(desk: Desk, cif_no: CifNo, made: Any, what: str, reason: str, actor: Actor, purpose: Purpose) -> FlagView:
    case = write_case(desk, cif_no, _BOOK, _asked(what, actor, purpose), made, reason=reason)
    return _view(desk, cif_no, case)


def _asked(what: str, actor: Actor, purpose: Purpose) -> Asked:
    return Asked(Action.WATCH, what, ("flags",), actor, purpose)


def _view(desk: Desk, cif_no: CifNo, one: Mapping[str, Any]) -> FlagView:
    until = one.get("until")
    return FlagView(
        cif_no=cif_no, id=one["id"], kind=one["kind"], source=one["source"], entry=one.get("entry", ""), state=FlagState(one["state"]),
        counts=counts_on(one, desk.today()), since=date.fromisoformat(one["since"]),
        until=None if until is None else date.fromisoformat(until), score=one.get("score"), decided_by=one.get("decided_by", ""),
        evidence=one.get("evidence", ""),
    )  # fmt: skip
