"""
Reasons in a person's own words: they may speak of a customer, so each rests sealed under a data key of its own, which goes when
the customer is erased; the log and what was decided keep a keyed digest at most.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress

import attrs

from ..approval import Approval
from ..errors import InputError, KeyMissingError, SealError, WrongKeyError
from ..party import CifNo
from ..protection import DataKey, Place
from ..storage import UnitOfWork
from ..storage.rows import ReasonRow
from .desk import Desk, retire

__all__ = [
    "drop_reasons",
    "keep_reason",
    "need_reason",
    "reason_digest",
    "reasons_of",
    "reasons_sealed_anew",
    "with_reasons",
]


def need_reason(reason: str) -> None:
    """Raises `InputError` unless *reason* is a line or a few of printable text."""
    if not reason.strip() or len(reason) > 1000 or not reason.replace("\n", " ").isprintable():
        raise InputError("a reason is needed, of at most 1000 printable characters", rule="reason")


def keep_reason(desk: Desk, unit: UnitOfWork, about: str, reason: str, cif_no: str = "") -> None:
    """Keeps why something was done: *about* names it, and *cif_no* the customer with whom the words go."""
    drop_reasons(desk, unit, list(unit.reasons.get([about]).values()))  # words that these replace
    key = desk.data_keys.take(1)[0]
    sealed = desk.sealer.seal({"reason": reason}, key, _place(about))
    unit.reasons.put(ReasonRow(about=about, cif_no=CifNo(cif_no), key_id=key.id, sealed=sealed))


def reason_digest(desk: Desk, about: str, reason: str) -> str:
    """What binds a proposal to the words of its maker, and says nothing of them."""
    return desk.digester.digest("reason", f"{about}\0{reason}".encode()).hex()


def reasons_of(desk: Desk, unit: UnitOfWork, abouts: Collection[str]) -> Mapping[str, str]:
    """The words there are; none for what they were about whose customer is erased, nor of a row that somebody changed."""
    return _opened(desk, list(unit.reasons.get(abouts).values()))


def with_reasons(desk: Desk, unit: UnitOfWork, approvals: Iterable[Approval]) -> list[Approval]:
    """*approvals* with the words of their makers, for whoever may see them; words that were changed are none."""
    found = list(approvals)
    words = reasons_of(desk, unit, [f"approval:{one.id}" for one in found])
    return [
        attrs.evolve(one, reason=words[about])
        if (about := f"approval:{one.id}") in words
        and reason_digest(desk, about, words[about]) == one.detail.get("reason_digest")
        else one
        for one in found
    ]


def drop_reasons(desk: Desk, unit: UnitOfWork, rows: Collection[ReasonRow]) -> None:
    """Deletes words, and has their keys destroyed behind the unit: of rows that open, since one that was changed may name another's."""
    unit.reasons.drop(rows)
    whole = _opened(desk, rows)
    retire(desk, unit, [row.key_id for row in rows if row.about in whole])


def reasons_sealed_anew(desk: Desk, unit: UnitOfWork, rows: Collection[ReasonRow], made_before: int) -> int:
    """Seals those of *rows* whose data key was made before that instant under a new one; how many there were."""
    old = desk.data_keys.made_before({row.key_id for row in rows}, made_before)
    stale = [row for row in rows if row.key_id in old]
    words = _opened(desk, stale)
    opened = [row for row in stale if row.about in words]  # one that somebody changed stays as one
    for row, key in zip(opened, desk.data_keys.take(len(opened)) if opened else [], strict=True):
        sealed = desk.sealer.seal({"reason": words[row.about]}, key, _place(row.about))
        unit.reasons.put(attrs.evolve(row, key_id=key.id, sealed=sealed))
    retire(desk, unit, [row.key_id for row in opened])
    return len(opened)


def _opened(desk: Desk, rows: Collection[ReasonRow]) -> dict[str, str]:
    """The words of the rows that open, by what they are about."""
    keys: dict[bytes, DataKey] = {}
    try:
        keys = desk.data_keys.get({row.key_id for row in rows})
    except (KeyMissingError, WrongKeyError):
        for row in rows:  # one of them was changed, or its key is gone: the others are asked for by themselves
            with suppress(KeyMissingError, WrongKeyError):
                keys |= desk.data_keys.get([row.key_id])
    words = {}
    for row in rows:
        with suppress(SealError, KeyError):
            words[row.about] = str(desk.sealer.open(row.sealed, keys[row.key_id], _place(row.about))["reason"])
    return words


def _place(about: str) -> Place:
    return Place(table="reason", owner=(about,), group="reason")
