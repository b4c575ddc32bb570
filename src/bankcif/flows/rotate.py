"""
Rotating keys: propose -> approve -> go through the store in small transactions -> destroy what was replaced.

``wrapping`` wraps every data key anew, under the provider's present key-encryption key. ``data`` gives every source
record a data key of its own anew and seals it, and the golden groups that rest on it, under that. ``index`` makes every
tag and claim anew under the next index root: writers write both versions while the next is filled, then it is searched,
and the old one is deleted; the next may have indexes that the one before had not, such as those for searching names. Reads and writes go on meanwhile. Where it stands is committed with what was done, so that a
run that was killed is carried on by the next.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal

import attrs

from .._canonical import dumps
from ..access import Action
from ..approval import Approval, ApprovalState, Operation
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..errors import FourEyesError, InputError, KeyMissingError, StorageError, WrongKeyError
from ..party import CifNo
from ..protection import Frequency
from ..storage import UnitOfWork
from ..storage.rows import PartyRow, RotationRow, SourceRow
from ._factors import Factors
from ._indexes import approved_bits, beginning, bits_anew, changes_told, need_as_approved, switched
from ._proposals import need_kept, proposed, write_proposal
from ._reasons import need_reason, reasons_sealed_anew
from ._records import open_records, tagged_anew
from ._reseal import sealed_anew
from .desk import Desk, authorize, destroy_retired, note, record, retried
from .found import check_place
from .held import held_sealed_anew

__all__ = ["ROTATIONS", "Rotated", "begin", "ground_of_rotation", "propose_rotation", "rotate", "rotations"]

Rotated = Literal["wrapping", "data", "index"]
ROTATIONS: tuple[Rotated, ...] = ("wrapping", "data", "index")
_KEYS_AT_ONCE = 1000
_PARTIES_AT_ONCE = 100
_TAGS_AT_ONCE = 5000
_OVER = "-"  # where deleting old tags stands when all are gone
_FACTORS_AT_ONCE = 500
_REASONS_AT_ONCE = 500
_HELD_AT_ONCE = 500
_MOST_PASSES = 5


def propose_rotation(
    desk: Desk, what: Rotated, *, reason: str, name_search: Collection[str] | None = None, frequencies: Mapping[str, Frequency] | None = None,
    actor: Actor, purpose: Purpose,
) -> Approval:  # fmt: skip
    """
    Proposes to rotate *what*; a second person decides.

    Args:
        what: ``wrapping``, ``data`` or ``index``.
        reason: Why.
        name_search: Of ``index``, beside what people are searched from then on by names that are spelled otherwise: ``birth_year``, ``home_branch``, both or
            nothing; beside what they are now, if None. Indexes that the library has had only since the store was founded come with it.
        frequencies: How often the parts of these indexes' values occur; the library's table if None.
        actor, purpose: On whose behalf, what for.

    Raises:
        InputError: There is nothing of that name, it is being rotated already, or another than the index was to be searched otherwise.
        ConfigurationError: Names are not searched beside that, or an index would give values away.
        WrongKeyError: The provider has no index root of the next version.
        NotFoundOrNotAllowedError: The policy does not let *actor* work with keys.
    """
    authorize(desk, actor, Action.KEYS, "propose_rotation", purpose)
    need_reason(reason)
    if what not in ROTATIONS:
        raise InputError(f"what is rotated is one of {', '.join(ROTATIONS)}", rule="rotation")
    if what != "index" and (name_search is not None or frequencies is not None):
        raise InputError("what names are searched beside is of the index; rotate that", rule="rotation")
    with desk.unit_of_work() as unit:
        _need_none_running(unit, what)
        detail = {"what": what, "kek": desk.data_keys.kek_id}
        if what == "index":
            store = unit.keys.store()
            bits = bits_anew(store, name_search, frequencies)
            beginning(desk.taggers, store, bits)  # there must be a root to rotate to
            detail |= {"bits": dumps(dict(bits)).decode(), "changes": changes_told(store, bits, frequencies)}
        approval = proposed(desk, Operation.ROTATE_KEYS, (), detail, _keys_of(unit), actor, reason=reason)
        write_proposal(desk, unit, approval, actor)
    return approval


def ground_of_rotation(_desk: Desk, unit: UnitOfWork, _approval: Approval) -> dict[str, str]:
    """What a rotation stands on, as it is now: the keys that the store is under."""
    return _keys_of(unit)


def _keys_of(unit: UnitOfWork) -> dict[str, str]:
    store = unit.keys.store()
    return {"kek": store.kek_id, "index": str(store.index_version)}


def begin(desk: Desk, unit: UnitOfWork, approval: Approval, actor: Actor, now: int) -> dict[str, str]:
    """Carries out an approved rotation in so far as it is on its way from now on; `rotate` does the work."""
    what = approval.detail["what"]
    _need_none_running(unit, what)
    if what == "index":
        store = unit.keys.store()
        unit.keys.restate(beginning(desk.taggers, store, approved_bits(store, approval.detail)))
    unit.keys.put_rotation(RotationRow(id=approval.id, what=what, started_at=now))
    return {}


def rotations(desk: Desk, *, actor: Actor, purpose: Purpose) -> Sequence[RotationRow]:
    """
    All rotations, oldest first.

    Raises:
        NotFoundOrNotAllowedError: The policy does not let *actor* work with keys.
    """
    authorize(desk, actor, Action.KEYS, "rotations", purpose)
    with desk.unit_of_work() as unit:
        found = unit.keys.rotations()
        entry = AuditEntry.by(actor, "rotations", desk.now(), purpose=purpose, count=len(found))
        record(desk, unit, [entry])
        unit.commit()
    return found


def rotate(
    desk: Desk, *, actor: Actor, purpose: Purpose, progress: Callable[[RotationRow], None] | None = None
) -> Sequence[RotationRow]:
    """
    Carries on with every approved rotation until it is done, and destroys the keys that were replaced.

    Args:
        progress: Is told where a rotation stands, after each transaction.

    Returns:
        The rotations that were on their way, as they ended.

    Raises:
        FourEyesError: A rotation stands in the database that nobody approved.
        NotFoundOrNotAllowedError: The policy does not let *actor* work with keys.
        WrongKeyError: This process wraps under another key-encryption key than the one that was approved.
        StorageError: Other processes keep writing under old keys, so that there is no end; what was done stays done.
    """
    authorize(desk, actor, Action.KEYS, "rotate_keys", purpose)
    note(desk, actor, "rotate_keys", purpose=purpose)
    destroy_retired(desk)
    desk.data_keys.discard_ready()
    with desk.unit_of_work() as unit:
        running = [row for row in unit.keys.rotations() if row.finished_at is None]
        approved = {one.id: one for one in unit.work.approvals(ids=[row.id for row in running])}
    _need_approved(desk, running, approved)
    if any(row.what == "wrapping" and approved[row.id].detail["kek"] != desk.data_keys.kek_id for row in running):
        raise WrongKeyError(
            "the rotation was approved for another key-encryption key than this process has; open the store with that one",
            rule="kek_other",
        )
    done = []
    for row in running:
        now_at = row
        # Passes of before do not count: some may have been beside writers who are gone.
        while now_at.finished_at is None and now_at.passes - row.passes < _MOST_PASSES:
            now_at = _step(desk, now_at, actor)
            destroy_retired(desk)
            if progress is not None:
                progress(now_at)
        if now_at.finished_at is None:
            _start_over(desk, now_at)
            raise StorageError(
                "another process keeps writing under old keys; open its store anew with the present keys, then go on",
                rule="rotation",
            )
        done.append(now_at)
    return done


def _need_approved(desk: Desk, running: Sequence[RotationRow], approved: Mapping[str, Approval]) -> None:
    for row in running:
        one = approved.get(row.id)
        if one is not None:
            need_kept(desk, one)
        if one is None or one.operation is not Operation.ROTATE_KEYS or (one.state, one.detail["what"]) != (
            ApprovalState.EXECUTED, row.what,
        ):  # fmt: skip
            raise FourEyesError(
                "a rotation is on its way that nobody approved; have that looked into", rule="four_eyes"
            )


_SWITCHED = 1
"""Passes of a rotation of the index whose tags are all made: they are searched from then on."""


def _step(desk: Desk, row: RotationRow, actor: Actor) -> RotationRow:
    step = {"wrapping": _rewrap, "data": _reseal, "index": _reindex}[row.what]
    try:
        return retried(lambda: step(desk, row, actor))
    except KeyMissingError:
        # What a row was about may have been erased since it was read, key and all. Then the row is gone, too; else this tells again.
        return retried(lambda: step(desk, row, actor))


def _start_over(desk: Desk, row: RotationRow) -> None:
    with desk.unit_of_work() as unit:
        if _standing(unit, row) == row:
            unit.keys.put_rotation(attrs.evolve(row, passes=0))
            unit.commit()


def _standing(unit: UnitOfWork, row: RotationRow) -> RotationRow:
    """
    How far the rotation is by now: another process may carry it on too, and every step goes on from what stands; it waits for the step
    that the other is at.
    """
    unit.keys.lock()
    return next(one for one in unit.keys.rotations() if one.id == row.id)


def _need_none_running(unit: UnitOfWork, what: str) -> None:
    if any(row.what == what and row.finished_at is None for row in unit.keys.rotations()):
        raise InputError(f"a rotation of {what} is on its way; carry on with it first", rule="rotation")


def _rewrap(desk: Desk, row: RotationRow, actor: Actor) -> RotationRow:
    """One page of keys. The key store is first: a key that is wrapped anew opens, whatever becomes of the note of it."""
    ids = desk.data_keys.rewrap(bytes.fromhex(row.cursor), _KEYS_AT_ONCE)
    if not ids and not row.in_pass:
        return _rewrap_check(desk, row, actor)
    return _moved(desk, row, actor, cursor=ids[-1].hex() if ids else None, count=len(ids))


def _rewrap_check(desk: Desk, row: RotationRow, actor: Actor) -> RotationRow:
    """The end: what proves to a store that the keys are its own is wrapped anew too."""
    now = desk.now()
    ended = attrs.evolve(row, finished_at=now)
    with desk.unit_of_work() as unit:
        if (stands := _standing(unit, row)) != row:
            return stands
        store = unit.keys.store()  # within the unit: a rotation of index may have begun a moment ago
        place = check_place(desk.tenant, store.store_id)
        check = desk.data_keys.rewrapped(store.key_check, place, kek_id=store.kek_id)
        unit.keys.restate(attrs.evolve(store, kek_id=desk.data_keys.kek_id, key_check=check))
        unit.keys.put_rotation(ended)
        record(desk, unit, [_entry(ended, actor, now, 0, {}, "rotated_keys")])
        unit.commit()
    return ended


@attrs.frozen(kw_only=True)
class _Page:
    """
    One page of a table whose older data keys were replaced.

    Attributes:
        after: Where the next page begins; None behind the last.
        count: How many keys were replaced.
        digests, marks: What the log is told of the rows.
    """

    after: str | None
    count: int
    digests: Mapping[str, str] = attrs.field(factory=dict)
    marks: Mapping[str, str] = attrs.field(factory=dict)


def _parties_anew(desk: Desk, unit: UnitOfWork, row: RotationRow, after: str, actor: Actor, now: int) -> _Page:
    page = unit.parties.page(after, _PARTIES_AT_ONCE)
    # Whoever is erased or changed meanwhile is waited for, or waits: what is read then keeps its key.
    unit.parties.lock([party.cif_no for party in page])
    stale = _stale(desk, unit, page, row.started_at)
    digests = sealed_anew(desk, unit, stale, actor, now) if stale else {}
    goes_on = page[-1].cif_no if len(page) == _PARTIES_AT_ONCE else None
    return _Page(after=goes_on, count=len(stale), digests=digests)


def _factors_anew(desk: Desk, unit: UnitOfWork, row: RotationRow, after: str, _actor: Actor, _now: int) -> _Page:
    operator, kind, id_ = after.split("\n") if after else ("", "", "")
    page, held = unit.credentials.page((operator, kind, id_), _FACTORS_AT_ONCE), Factors(desk, unit)
    count, goes_on = held.seal_anew(page, row.started_at), None
    if len(page) == _FACTORS_AT_ONCE:
        goes_on = "\n".join(page[-1].place)  # none of which holds a line's end
    return _Page(after=goes_on, count=count, marks=held.marks)


def _reasons_anew(desk: Desk, unit: UnitOfWork, row: RotationRow, after: str, _actor: Actor, _now: int) -> _Page:
    page = unit.reasons.page(after, _REASONS_AT_ONCE)
    count = reasons_sealed_anew(desk, unit, page, row.started_at)
    return _Page(after=page[-1].about if len(page) == _REASONS_AT_ONCE else None, count=count)


def _held_anew(desk: Desk, unit: UnitOfWork, row: RotationRow, after: str, _actor: Actor, _now: int) -> _Page:
    batch, _, line = after.partition(":")
    page = unit.staging.page((bytes.fromhex(batch), int(line or 0)), _HELD_AT_ONCE)
    count = held_sealed_anew(desk, unit, page, row.started_at)
    goes_on = f"{page[-1].batch.hex()}:{page[-1].line}" if len(page) == _HELD_AT_ONCE else None
    return _Page(after=goes_on, count=count)


_SEALED = {"party": _parties_anew, "factor": _factors_anew, "reason": _reasons_anew, "held": _held_anew}
"""What rests under data keys of its own, in the order in which a rotation goes through it."""


def _reseal(desk: Desk, row: RotationRow, actor: Actor) -> RotationRow:
    """One page of parties, operators' factors, persons' reasons or held rows: whose data key is older gets another."""
    tables = list(_SEALED)
    table, _, after = row.cursor.partition("/") if row.cursor else (tables[0], "", "")
    with desk.unit_of_work() as unit:
        if (stands := _standing(unit, row)) != row:
            return stands
        now = desk.now()
        page = _SEALED[table](desk, unit, row, after, actor, now)
        moved = attrs.evolve(row, done=row.done + page.count, in_pass=row.in_pass + page.count)
        if page.after is not None:
            moved = attrs.evolve(moved, cursor=f"{table}/{page.after}")
        elif table != tables[-1]:
            moved = attrs.evolve(moved, cursor=f"{tables[tables.index(table) + 1]}/")
        elif moved.in_pass:
            moved = attrs.evolve(moved, cursor="", in_pass=0, passes=row.passes + 1)
        else:
            moved = attrs.evolve(moved, finished_at=now)
        unit.keys.put_rotation(moved)
        action = "rotated_keys" if moved.finished_at is not None else "rotate_keys"
        if page.count or moved.finished_at is not None:
            record(desk, unit, [_entry(moved, actor, now, page.count, page.digests, action, marks=page.marks)])
        unit.commit()
    return moved


def _reindex(desk: Desk, row: RotationRow, actor: Actor) -> RotationRow:
    """
    One page of parties whose tags are made anew; after the last, the switch; then one page of old tags deleted. Before the first page,
    and between the switch and deleting, whoever registers by the keys of before is waited for.
    """
    with desk.unit_of_work() as unit:
        if (stands := _standing(unit, row)) != row:
            return stands
        if (row.cursor, row.passes) == ("", 0) or row.passes == _SWITCHED:
            unit.indexes.meet_all()  # who registers by the keys of before: from now on, nobody does
        now, store = desk.now(), unit.keys.store()
        if not row.passes:
            (approval,) = unit.work.approvals(ids=[row.id])
            need_kept(desk, approval)
            need_as_approved(store, approval.detail)
        if row.passes == _SWITCHED:
            count, after = 0, attrs.evolve(row, passes=_SWITCHED + 1)
        elif row.passes:
            old = store.index_version - 1
            if row.cursor == _OVER:
                count = unit.claims.drop_version(old, _TAGS_AT_ONCE)
                after = row if count else attrs.evolve(row, finished_at=now)
            else:
                count, place = unit.indexes.drop_version(old, bytes.fromhex(row.cursor), _TAGS_AT_ONCE)
                after = attrs.evolve(row, cursor=_OVER if place is None else place.hex())
        elif page := unit.parties.page(row.cursor, _PARTIES_AT_ONCE):
            unit.parties.lock([party.cif_no for party in page])
            records = open_records(desk, unit.sources.of_parties([party.cif_no for party in page]))
            count = tagged_anew(unit, desk.tagging(unit), records)
            after = attrs.evolve(row, cursor=page[-1].cif_no, done=row.done + count)
        else:
            # Of two who register the same, one by the keys of before and one by the next, neither would see the other.
            unit.indexes.meet_all()
            count, after = 0, attrs.evolve(row, cursor="", passes=_SWITCHED)
            unit.keys.restate(switched(desk.taggers, store))
        unit.keys.put_rotation(after)
        action = "rotated_keys" if after.finished_at is not None else "rotate_keys"
        record(desk, unit, [_entry(after, actor, now, count, {}, action)])
        unit.commit()
    return after


def _moved(desk: Desk, row: RotationRow, actor: Actor, *, cursor: str | None, count: int) -> RotationRow:
    """Notes that a rotation has come to *cursor*; at the end of a pass (None) another begins."""
    if cursor is None:
        after = attrs.evolve(row, cursor="", in_pass=0, passes=row.passes + 1)
    else:
        after = attrs.evolve(row, cursor=cursor, done=row.done + count, in_pass=row.in_pass + count)
    with desk.unit_of_work() as unit:
        if (stands := _standing(unit, row)) != row:
            return stands
        unit.keys.put_rotation(after)
        if count:
            record(desk, unit, [_entry(after, actor, desk.now(), count, {}, "rotate_keys")])
        unit.commit()
    return after


def _stale(desk: Desk, unit: UnitOfWork, page: Sequence[PartyRow], started_at: int) -> list[tuple[CifNo, SourceRow]]:
    """The records of these parties whose data keys were made before the rotation."""
    found = unit.sources.of_parties([party.cif_no for party in page])
    old = desk.data_keys.made_before({row.key_id for _, row in found}, started_at)
    return [(cif_no, row) for cif_no, row in found if row.key_id in old]


def _entry(
    row: RotationRow, actor: Actor, now: int, count: int, digests: Mapping[str, str], action: str, **more: Any
) -> AuditEntry:
    return AuditEntry.by(actor, action, now, count=count, rule=f"{row.what}:{row.id}", digests=digests, **more)
