"""Cases about a customer: source records under keys of their own, written anew with each step, so that they follow merges and unmerges."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import attrs

from ..access import Action, FieldDecision
from ..audit import AuditEntry
from ..context import Actor
from ..errors import FourEyesError, InputError
from ..intake import Standard
from ..merging import Terms
from ..party import CifNo, DataGroup, PartyKind, SourceKey
from ..storage import UnitOfWork
from ..storage.portrait_rows import IDLE
from ..storage.rows import PartyRow
from ._decided import Asked, Decided, keep_decided, with_party
from ._opened import open_golden, open_goldens
from ._pages import pages
from ._reasons import need_reason
from ._records import Arrival
from ._relations import granted_to
from .desk import Desk, authorize, over_cap, record, spend

__all__ = [
    "CaseBook",
    "Made",
    "case_id",
    "case_of",
    "need_another",
    "need_reference",
    "need_word",
    "waiting_cases",
    "write_case",
]

_ID_BYTES = 8
_AT_ONCE = 200
_MOST = 500
_WORD = re.compile(r"[a-z][a-z0-9_]{0,63}")
_REFERENCE = re.compile(r"[^\s].{0,199}")
Made = Callable[[UnitOfWork, PartyRow, Mapping[str, Any]], Mapping[str, Any]]


@attrs.frozen
class CaseBook:
    """
    Where cases of a kind are kept.

    Attributes:
        field: The field whose rows they are.
        source: The source of their records.
        channel: Its channel.
        secret: By what name their keys are digested.
    """

    field: str
    source: str
    channel: str
    secret: str


def case_id(desk: Desk) -> str:
    """A fresh id. Of two of one day the later one stands: the instant comes first, and chance behind it."""
    return f"{desk.now():014x}{desk.ids.draw(_ID_BYTES).hex()}"


def need_another(actor: Actor, operator: str | None, person: str | None, message: str) -> None:
    """Raises `FourEyesError` where *actor* is this operator or this person, or acts for them."""
    if actor.id == operator or (person and person in (actor.person, actor.on_behalf_of)):
        raise FourEyesError(message, rule="four_eyes")


def need_word(text: str, path: str, what: str) -> None:
    """Raises `InputError` unless *text* is a word."""
    if not _WORD.fullmatch(text):
        raise InputError(f"{what} is a word of small letters, digits and underscores", path=path, rule="case")


def need_reference(text: str, path: str) -> None:
    """Raises `InputError` unless *text* is empty or a reference."""
    if text and not (_REFERENCE.fullmatch(text) and text.isprintable()):
        raise InputError("evidence is at most 200 printable characters", path=path, rule="case")


def write_case(
    desk: Desk, cif_no: CifNo, book: CaseBook, asked: Asked, made: Made, *, reason: str
) -> Mapping[str, Any]:
    """
    Writes the case that *made* gives of a customer as they stand: a fresh one, or another step of one.

    Raises:
        InputError: There is no reason, or *made* raised it.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let who asks have this field of them.
    """
    need_reason(reason)

    def may(granted: Mapping[str, FieldDecision]) -> bool:
        return book.field in granted

    def work(unit: UnitOfWork, row: PartyRow) -> Mapping[str, Any]:
        row = unit.parties.lock([row.cif_no])[row.cif_no]
        case = dict(made(unit, row, open_golden(desk, unit, row)))
        # The key tells nobody who reads the database of whom it is.
        key = SourceKey(book.source, desk.digester.digest(book.secret, case["id"].encode()).hex())
        form = Standard(kind=PartyKind(row.kind), values={book.field: [case]}, given={}, faults=())
        # Of one key the number of the record decides, and no clock.
        arrival = Arrival(origin=key, channel=book.channel, terms=Terms(), business_time=None, form=form)
        decided = Decided(row=row, arrivals=[arrival])
        keep_decided(desk, unit, [decided], asked, reason=reason, rule=f"{book.channel}:{case['id']}")
        return case

    return with_party(desk, cif_no, asked, may, work)


def case_of(values: Mapping[str, Any], book: CaseBook, case: str, states: Sequence[str] = ()) -> Mapping[str, Any]:
    """The case of this id, in one of these states if some are named. Raises `InputError` if there is none."""
    for one in values.get(book.field, ()):
        if one["id"] == case and (not states or one["state"] in states):
            return one  # type: ignore[no-any-return]
    raise InputError("there is no such case, or it has come to its end", path="$.case", rule="case")


class _View(Protocol):
    @property
    def cif_no(self) -> CifNo: ...


V = TypeVar("V", bound=_View)


def waiting_cases(
    desk: Desk, book: CaseBook, group: DataGroup, asked: Asked, limit: int, *, waits: Callable[[Mapping[str, Any]], bool],
    view: Callable[[CifNo, Mapping[str, Any]], V], order: Callable[[V], Any],
) -> tuple[V, ...]:  # fmt: skip
    """
    The cases of all customers that wait for a person, of those whom who asks may see, as many as *limit*.

    Args:
        group: The data group of the field.
        waits: Whether a case waits.
        view: A case as it is shown.
        order: Which come first.

    Raises:
        InputError: A limit out of its range.
        NotFoundOrNotAllowedError: The policy does not let who asks see such cases.
        AccessError: They have seen as many customers in this hour as the policy allows.

    Cost: opens the group of every customer of whom there is something in it.
    """
    actor, action, purpose = asked.actor, asked.action, asked.purpose
    authorize(desk, actor, action, asked.what, purpose)
    if not 1 <= limit <= _MOST:
        raise InputError(f"a list has 1 to {_MOST} cases", path="$.limit", rule="limit")
    found: list[V] = []

    def read(unit: UnitOfWork, after: str) -> Sequence[CifNo]:
        return unit.portraits.with_group(group, after, _AT_ONCE)

    for numbers in pages(desk, read, "", lambda cif_no: cif_no, _AT_ONCE):
        with desk.repository.unit_of_work() as unit:
            rows = unit.parties.get(numbers) if numbers else {}
            there = {one: row for one, row in rows.items() if asked.restricted_too or row.life_cycle not in IDLE}
            values = open_goldens(desk, unit, list(there), groups={group})
            for cif_no, row in there.items():
                some = [one for one in values[cif_no].get(book.field, ()) if waits(one)]
                if some and book.field in granted_to(desk, unit, actor, action, purpose, row):
                    found += [view(cif_no, one) for one in some]
    found = sorted(found, key=order)[:limit]
    subjects = tuple(dict.fromkeys(one.cif_no for one in found))
    with desk.unit_of_work() as unit:
        within = spend(desk, unit, actor, Action.VIEW, len(subjects))
        if within:
            entry = AuditEntry.by(
                actor,
                asked.what,
                desk.now(),
                purpose=purpose,
                subjects=subjects,
                count=len(subjects),
                fields=(book.field,),
            )
            record(desk, unit, [entry])
            unit.commit()
    if not within:
        raise over_cap(desk, actor, Action.VIEW, asked.what, purpose)
    return tuple(found)
