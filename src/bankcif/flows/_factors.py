"""What enrolling and recognizing operators share: factors as they rest, and what passkeys are asked."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from .._canonical import encode, sha256
from ..access import Action, PasskeyPlan
from ..access.authentication import challenge_of
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..errors import ConfigurationError, InputError, KeyMissingError, SealError, WrongKeyError
from ..protection import Place
from ..storage import UnitOfWork
from ..storage.rows import ChallengeRow, CredentialRow
from .desk import Desk, authorize, record, refuse, retire

__all__ = [
    "CODES",
    "MINUTE",
    "Factor",
    "Factors",
    "PasskeyRequest",
    "answered",
    "ask",
    "factor_place",
    "is_whole",
    "left_at",
    "need_keeper",
    "opened_factor",
    "passkey_challenge",
    "passkey_id",
    "passkeys_of",
    "tell",
    "the_factor",
]

MINUTE = 60_000_000
CODES = ("totp", "hotp")


@attrs.frozen(kw_only=True)
class Factor:
    """
    A factor of an operator, without its secret.

    Attributes:
        kind, id: ``password``, ``totp``, ``hotp`` or ``passkey``, and which.
        device_bound: Of a passkey, whether it cannot leave its device.
        locked_until, added_by, added_at, used_at: As they stand; microseconds since 1970, UTC.
        confirmed: Whether it counts: a second keeper of operators approved it, or the operator enrolled it for themself.
        proposal: Of one that was given just now, the proposal that a second keeper approves.
    """

    kind: str
    id: str
    device_bound: bool
    locked_until: int
    added_by: str
    added_at: int
    used_at: int | None
    confirmed: bool = True
    proposal: str = ""


@attrs.frozen(kw_only=True)
class PasskeyRequest:
    """
    What a browser is asked.

    Attributes:
        id: Goes back with the answer, in hexadecimal.
        options: JSON for ``navigator.credentials``.
    """

    id: str
    options: str


class Factors:
    """
    The factors within one unit of work. Each is written with a mark over its whole row, and the log is told where it was
    left, so that who can write the table gives no used code back and takes no lock away.

    Attributes:
        marks: Where the factors were left that were written, as the log keeps it.
    """

    def __init__(self, desk: Desk, unit: UnitOfWork) -> None:
        self._desk, self._unit = desk, unit
        self.marks: dict[str, str] = {}

    def of(self, operator: str) -> Sequence[CredentialRow]:
        """The factors of an operator."""
        return self._unit.credentials.of(operator)

    def add(
        self,
        operator: str,
        kind: str,
        name: str,
        payload: Mapping[str, Any],
        actor: Actor,
        *,
        step: int = -1,
        confirmed_by: str = "",
    ) -> CredentialRow:
        """A new factor, sealed under a data key of its own."""
        key = self._desk.data_keys.take(1)[0]
        bare = CredentialRow(
            operator=operator, kind=kind, id=name, key_id=key.id, sealed=b"", step=step, added_by=actor.id,
            added_at=self._desk.now(), confirmed_by=confirmed_by,
        )  # fmt: skip
        row = self._kept(attrs.evolve(bare, sealed=self._desk.sealer.seal(dict(payload), key, factor_place(bare))))
        self._unit.credentials.add(row)
        return row

    def change(self, row: CredentialRow, *, payload: Mapping[str, Any] | None = None, **more: Any) -> None:
        """
        Changes a factor that stands as *row*: its *payload*, which is sealed anew, and the attributes in *more*.

        Raises:
            ConflictError: Another attempt was first.
            InputError: Somebody had changed its row.
        """
        if not is_whole(self._desk, row):
            raise InputError(
                "somebody changed the row of this factor in the database; remove it, and have that looked into",
                rule="factor_mark",
            )
        if payload is not None:
            key = self._desk.data_keys.get([row.key_id])[row.key_id]
            more["sealed"] = self._desk.sealer.seal(dict(payload), key, factor_place(row))
        self._unit.credentials.change(self._kept(attrs.evolve(row, version=row.version + 1, **more)))

    def drop(self, row: CredentialRow) -> None:
        """Takes a factor away; its key is destroyed behind the unit, unless somebody changed the row, which may name another's."""
        self._unit.credentials.drop(row)
        if _opened(self._desk, row) is not None:  # so it names its own key, which no other factor ever has
            retire(self._desk, self._unit, [row.key_id])
            self.marks |= _gone(row, whole=is_whole(self._desk, row))

    def seal_anew(self, rows: Sequence[CredentialRow], made_before: int) -> int:
        """Seals those of *rows* whose data key was made before that instant under a new one; how many there were."""
        old = self._desk.data_keys.made_before({row.key_id for row in rows}, made_before)
        stale = [(row, said) for row in rows if row.key_id in old and (said := _opened(self._desk, row)) is not None]
        for (row, said), key in zip(stale, self._desk.data_keys.take(len(stale)), strict=True):
            sealed = self._desk.sealer.seal(dict(said), key, factor_place(row))
            after = attrs.evolve(row, key_id=key.id, sealed=sealed, version=row.version + 1)
            # One that somebody had changed stays as one.
            self._unit.credentials.change(self._kept(after) if is_whole(self._desk, row) else after)
            retire(self._desk, self._unit, [row.key_id])
            self.marks |= _gone(row, whole=is_whole(self._desk, row))
        return len(stale)

    def _kept(self, row: CredentialRow) -> CredentialRow:
        # Drawn anew, so that no two changes leave one mark: whoever puts a row back and lets it be changed again is told.
        row = attrs.evolve(row, nonce=self._desk.ids.draw(8))
        row = attrs.evolve(row, mark=_mark(self._desk, row))
        self.marks |= left_at(row)
        return row


def left_at(row: CredentialRow, *, whole: bool = True) -> dict[str, str]:
    """
    Where a factor stands, as the log keeps it, or, if it is not *whole*, as it keeps none. It is named by its data key, which no
    other factor ever has.
    """
    return {_name(row): f"{row.version}:{row.mark.hex() if whole else '?'}"}


def _gone(row: CredentialRow, *, whole: bool) -> dict[str, str]:
    """
    Where a factor was left that was taken away, or goes on under another data key: behind the version it stood at; behind
    every version if it was not *whole*, since then nobody knows which.
    """
    return {_name(row): f"{row.version + 1 if whole else 2**31}:"}


def is_whole(desk: Desk, row: CredentialRow) -> bool:
    """Whether a factor's row is as this library left it at some time; whatever somebody else put into its columns."""
    try:
        return hmac.compare_digest(row.mark, _mark(desk, row))
    except (TypeError, ValueError):
        return False


def _name(row: CredentialRow) -> str:
    return f"factor:{row.key_id.hex()}"


def _mark(desk: Desk, row: CredentialRow) -> bytes:
    parts = encode(
        row.operator, row.kind, row.id, row.key_id, row.sealed, row.step, row.failures, row.locked_until, row.added_by,
        row.added_at, row.used_at, row.confirmed_by, row.version, row.nonce,
    )  # fmt: skip
    return desk.digester.digest("factor", parts)


def factor_place(row: CredentialRow) -> Place:
    return Place(table="credential", owner=(row.operator, row.kind, row.id), group="credential")


def opened_factor(desk: Desk, row: CredentialRow) -> Mapping[str, Any]:
    found: Mapping[str, Any] = desk.sealer.open(
        row.sealed, desk.data_keys.get([row.key_id])[row.key_id], factor_place(row)
    )
    return found


def _opened(desk: Desk, row: CredentialRow) -> Mapping[str, Any] | None:
    """What a factor is; None of one that somebody changed so that it does not open."""
    try:
        return opened_factor(desk, row)
    except (SealError, KeyMissingError, WrongKeyError):
        return None


def the_factor(factors: Factors, operator: str, kind: str, factor_id: str) -> CredentialRow:
    for row in factors.of(operator):
        if (row.kind, row.id) == (kind, factor_id):
            return row
    raise InputError("the operator has no such factor", rule="factor")


def ask(desk: Desk, unit: UnitOfWork, what: str, operator: str, operation: str) -> ChallengeRow:
    now = desk.now()
    row = ChallengeRow(
        id=desk.ids.draw(16), what=what, operator=operator, nonce=desk.ids.draw(32), operation=operation,
        expires_at=now + desk.authentication.challenge_minutes * MINUTE,
    )  # fmt: skip
    unit.credentials.ask(row, now)
    return row


def answered(desk: Desk, request_id: str, what: str) -> ChallengeRow | None:
    """The challenge, taken out; None if there is none, it is another's, or its time is over."""
    try:
        number = bytes.fromhex(request_id)
    except ValueError:
        return None
    with desk.repository.unit_of_work() as unit:
        found = unit.credentials.answered(number)
        unit.commit()
    return found if found is not None and found.what == what and found.expires_at >= desk.now() else None


def passkey_challenge(desk: Desk, asked: ChallengeRow) -> bytes:
    """
    What the device signs for *asked*. A mark over the whole row is a part of it: a row that was made or whose term was
    lengthened in the database asks for another signature than any that was given.
    """
    parts = encode(asked.id, asked.what, asked.operator, asked.nonce, asked.operation, asked.expires_at)
    return challenge_of(asked.nonce + desk.digester.digest("challenge", parts), asked.operation)


def passkey_id(credential_id: bytes) -> str:
    """A credential's id of any length, as one of 64 characters."""
    return sha256("bankcif/v1/passkey", credential_id).hex()


def passkeys_of(desk: Desk) -> PasskeyPlan:
    if desk.authentication.passkey is None:
        raise ConfigurationError("this file takes no passkeys; give it a PasskeyPlan", rule="passkey_plan")
    return desk.authentication.passkey


def need_keeper(desk: Desk, operator: str, actor: Actor, what: str, purpose: Purpose) -> None:
    """Lets *actor* go on only if the policy lets them keep operators, and *operator* is an id and not them."""
    authorize(desk, actor, Action.OPERATORS, what, purpose)
    if not operator or len(operator) > 64 or not operator.isprintable():
        raise InputError("an operator's id is one to 64 printable characters", rule="operator")
    if operator in (actor.id, actor.person):
        raise refuse(desk, actor, what, purpose, rule="own_factor")


def tell(
    desk: Desk, unit: UnitOfWork, actor: Actor, what: str, operator: str, purpose: Purpose, *, rule: str = "",
    count: int = 1, marks: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    about = f"of:{operator}" + (f",{rule}" if rule else "")
    entry = AuditEntry.by(actor, what, desk.now(), purpose=purpose, rule=about, count=count, marks=marks or {})
    record(desk, unit, [entry])
