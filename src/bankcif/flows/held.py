"""
Held rows: list, show, release with corrections, refuse, and let expire.

A held row is sealed under a key of its own. A person who may release sees it in clear, and that is in the log before it
leaves. Once decided, nothing of it stays but its line and its faults; once its term is over, not even these, nor the key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from .._canonical import loads
from ..access import Action
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..errors import InputError, IntakeError, KeyMissingError, SealError, WrongKeyError
from ..intake import Channel, RawRow
from ..party import Fault
from ..storage import UnitOfWork
from ..storage.rows import StagedRow
from ._allowed import check_allowed
from ._reasons import drop_reasons, keep_reason, need_reason
from .desk import (
    Desk,
    assure,
    authorize,
    destroy_retired,
    destroy_retired_later,
    operation_digest,
    over_cap,
    record,
    refuse,
    retire,
    spend,
)
from .load import staged_place, take_in
from .register import Outcome, Registered, register

_BATCH = re.compile("[0-9a-f]{32}")

__all__ = ["HeldItem", "expire", "held", "refuse_row", "release", "show"]


@attrs.frozen(kw_only=True)
class HeldItem:
    """
    A row that waits for a person: where it stood and what is wrong with it, never what it says.

    Attributes:
        batch: The batch, in hexadecimal.
        line: Line of the file, or number of the row.
        channel: Channel it came by.
        faults: Why it was held.
        actor: Who delivered it.
        held_at, expires_at: Since when, and until when; microseconds since 1970, UTC.
    """

    batch: str
    line: int
    channel: str
    faults: tuple[Fault, ...]
    actor: str
    held_at: int
    expires_at: int


def held(desk: Desk, *, actor: Actor, purpose: Purpose) -> list[HeldItem]:
    """The rows that wait, by batch and line. Raises `NotFoundOrNotAllowedError` unless *actor* may load."""
    authorize(desk, actor, Action.LOAD, "held", purpose)
    with desk.unit_of_work() as unit:
        rows = [row for row in unit.staging.rows() if row.state == "held" and row.expires_at > desk.now()]
        record(desk, unit, [AuditEntry.by(actor, "held", desk.now(), purpose=purpose, count=len(rows))])
        unit.commit()
    return [
        HeldItem(
            batch=row.batch.hex(), line=row.line, channel=row.channel,
            faults=tuple(Fault(*fault) for fault in loads(row.faults)), actor=row.actor, held_at=row.staged_at,
            expires_at=row.expires_at,
        )
        for row in rows
    ]  # fmt: skip


def show(desk: Desk, batch: str, line: int, *, actor: Actor, purpose: Purpose) -> dict[str, str]:
    """
    What a held row says, by the source's columns; a row that could not be taken apart is one text under an empty name.

    Raises:
        AccessError: *actor* has revealed as many customers in this hour as they may; audited.
        NotFoundOrNotAllowedError: There is no such row, or the policy does not let *actor* release.
        StepUpRequired: They were not recognized as the policy asks for revealing, which this is.
    """
    authorize(desk, actor, Action.RELEASE, "show_held", purpose)
    assure(desk, actor, Action.REVEAL, "show_held", purpose, operation=operation_digest("show_held", batch, str(line)))
    found: dict[str, str] | None = None
    within = True
    with desk.unit_of_work() as unit:
        row = _held(desk, unit, batch, line)
        if row is not None:
            payload = _opened(desk, row)
            raw = bytes.fromhex(payload["raw"]).decode(payload["encoding"], "replace")
            found = dict(payload["values"]) if payload["values"] is not None else {"": raw}
            within = spend(desk, unit, actor, Action.REVEAL, 1)
            if within:
                record(desk, unit, [_entry(desk, row, "show_held", "", actor, purpose)])
                unit.commit()
    if not within:
        raise over_cap(desk, actor, Action.REVEAL, "show_held", purpose)
    if found is None:
        raise refuse(desk, actor, "show_held", purpose, rule="not_held")
    return found


def release(
    desk: Desk,
    channel: Channel,
    batch: str,
    line: int,
    corrections: Mapping[str, str],
    *,
    actor: Actor,
    purpose: Purpose,
) -> Registered:
    """
    Takes a held row in, with *corrections* by the source's columns; the row and its decision are one transaction.

    Raises:
        IntakeError: It still has faults; it stays held.
        InputError: A correction names no column of the channel, or the row is of another channel.
        NotFoundOrNotAllowedError: There is no such row, or the policy does not let *actor* release.
    """
    check_allowed(desk, channel, actor, purpose, Action.RELEASE)
    unknown = sorted(set(corrections) - set(channel.columns))
    if unknown:
        raise InputError(f"channel {channel.name} has no such column; correct one of its own", rule="unknown_column")
    with desk.unit_of_work() as unit:
        row = _held(desk, unit, batch, line)
        payload = _opened(desk, row) if row is not None and row.channel == channel.name else {}
    if row is None:
        raise refuse(desk, actor, "release", purpose, rule="not_held")
    if row.channel != channel.name:
        raise InputError(f"this row came by channel {row.channel}", rule="channel")
    values = {**(payload["values"] or {}), **corrections}
    arrival, faults = take_in(
        desk, RawRow(line=line, values=values, raw=b""), channel, bytes.fromhex(payload["delivery"])
    )
    if arrival is None:
        raise IntakeError([fault for fault in faults if fault.severity == "error"])

    def also(unit: UnitOfWork, done: Sequence[Registered]) -> None:
        if done[0].outcome is not Outcome.REFUSED:
            _decide(desk, unit, row, "released")
            columns = ",".join(sorted(corrections))
            record(desk, unit, [_entry(desk, row, "release", columns, actor, purpose, done[0].cif_no)])

    done = register(desk, [arrival], actor=actor, also=also)[0]
    destroy_retired_later(desk)
    if done.outcome is Outcome.REFUSED:
        raise InputError("this source key belongs to a party of another kind", path="$", rule=done.rule)
    return done


def refuse_row(desk: Desk, batch: str, line: int, *, reason: str, actor: Actor, purpose: Purpose) -> None:
    """
    Decides that a held row does not come in; why rests sealed, as long as the row.

    Raises:
        InputError: There is no reason.
        NotFoundOrNotAllowedError: There is no such row, or the policy does not let *actor* release.
    """
    authorize(desk, actor, Action.RELEASE, "refuse_row", purpose)
    need_reason(reason)
    with desk.unit_of_work() as unit:
        row = _held(desk, unit, batch, line)
        if row is not None:
            _decide(desk, unit, row, "refused")
            keep_reason(desk, unit, _about(row), reason)
            record(desk, unit, [_entry(desk, row, "refuse_row", "", actor, purpose)])
            unit.commit()
    if row is None:
        raise refuse(desk, actor, "refuse_row", purpose, rule="not_held")
    destroy_retired_later(desk)


def expire(desk: Desk, *, actor: Actor, purpose: Purpose) -> int:
    """
    Deletes every row whose term is over, then their keys; how many rows there were.

    Raises:
        NotFoundOrNotAllowedError: The policy does not let *actor* release.
    """
    authorize(desk, actor, Action.RELEASE, "expire_held", purpose)
    with desk.unit_of_work() as unit:
        now = desk.now()
        over = [row for row in unit.staging.rows() if row.expires_at <= now]
        if over:
            unit.staging.drop(over)
            drop_reasons(desk, unit, list(unit.reasons.get([_about(row) for row in over]).values()))
            retire(desk, unit, {row.key_id for row in over if _opens(desk, row)})
        record(desk, unit, [AuditEntry.by(actor, "expire_held", now, purpose=purpose, count=len(over))])
        unit.commit()
    destroy_retired(desk)
    return len(over)


def _about(row: StagedRow) -> str:
    return f"held:{row.batch.hex()}:{row.line}"


def _held(desk: Desk, unit: UnitOfWork, batch: str, line: int) -> StagedRow | None:
    """The row, if it still waits and its term is not over."""
    tag = bytes.fromhex(batch) if _BATCH.fullmatch(batch) else b""
    found = unit.staging.rows((tag, line))
    return next((row for row in found if row.state == "held" and row.expires_at > desk.now()), None)


def _opened(desk: Desk, row: StagedRow) -> Mapping[str, Any]:
    key = desk.data_keys.get([row.key_id])[row.key_id]
    payload: Mapping[str, Any] = desk.sealer.open(row.sealed, key, staged_place(row.batch, row.line))
    return payload


def _decide(desk: Desk, unit: UnitOfWork, row: StagedRow, state: str) -> None:
    """Ends a row that is held; nothing of it stays sealed, under the key that it has by now, which goes."""
    found = unit.staging.rows(row.place)
    stands = found[0] if found else row  # which the store refuses
    unit.staging.change(attrs.evolve(stands, state=state, sealed=b""))
    if _opens(desk, stands):
        retire(desk, unit, [stands.key_id])


def held_sealed_anew(desk: Desk, unit: UnitOfWork, rows: Sequence[StagedRow], made_before: int) -> int:
    """Seals those of *rows* that wait and whose data key was made before that instant under a new one; how many there were."""
    waiting = [row for row in rows if row.state == "held"]
    old = desk.data_keys.made_before({row.key_id for row in waiting}, made_before)
    stale = [row for row in waiting if row.key_id in old and _opens(desk, row)]  # one that was changed stays as one
    for row, key in zip(stale, desk.data_keys.take(len(stale)) if stale else [], strict=True):
        sealed = desk.sealer.seal(dict(_opened(desk, row)), key, staged_place(*row.place))
        unit.staging.change(attrs.evolve(row, key_id=key.id, sealed=sealed))
    retire(desk, unit, [row.key_id for row in stale])
    return len(stale)


def _opens(desk: Desk, row: StagedRow) -> bool:
    """Whether a row that waits is as it was sealed: one that somebody changed may name another's key."""
    try:
        return row.state == "held" and bool(_opened(desk, row))
    except (SealError, KeyMissingError, WrongKeyError):
        return False


def _entry(
    desk: Desk, row: StagedRow, action: str, rule: str, actor: Actor, purpose: Purpose, cif_no: str = ""
) -> AuditEntry:
    return AuditEntry.by(
        actor, action, desk.now(), purpose=purpose, channel=row.channel, count=1,
        subjects=(cif_no,) if cif_no else (), rule=f"{row.batch.hex()}:{row.line}:{rule}",
    )  # fmt: skip
