"""What enrolling and recognizing operators share: factors as they rest, and what passkeys are asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from .._canonical import sha256
from ..access import Action, PasskeyPlan
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..errors import ConfigurationError, InputError
from ..protection import Place
from ..storage import UnitOfWork
from ..storage.rows import ChallengeRow, CredentialRow
from .desk import Desk, authorize, record, refuse

__all__ = [
    "CODES",
    "MINUTE",
    "Factor",
    "PasskeyRequest",
    "add_factor",
    "answered",
    "ask",
    "drop_factor",
    "factor_place",
    "factors_sealed_anew",
    "need_keeper",
    "opened_factor",
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
    """

    kind: str
    id: str
    device_bound: bool
    locked_until: int
    added_by: str
    added_at: int
    used_at: int | None


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


def add_factor(
    desk: Desk,
    unit: UnitOfWork,
    operator: str,
    kind: str,
    name: str,
    payload: Mapping[str, Any],
    actor: Actor,
    *,
    step: int = -1,
) -> CredentialRow:
    key = desk.data_keys.take(1)[0]
    bare = CredentialRow(
        operator=operator,
        kind=kind,
        id=name,
        key_id=key.id,
        sealed=b"",
        step=step,
        added_by=actor.id,
        added_at=desk.now(),
    )
    row = attrs.evolve(bare, sealed=desk.sealer.seal(dict(payload), key, factor_place(bare)))
    unit.credentials.add(row)
    return row


def drop_factor(unit: UnitOfWork, row: CredentialRow) -> None:
    unit.credentials.drop(row)
    unit.keys.retire([row.key_id])


def factor_place(row: CredentialRow) -> Place:
    return Place(table="credential", owner=(row.operator, row.kind, row.id), group="credential")


def opened_factor(desk: Desk, row: CredentialRow) -> Mapping[str, Any]:
    found: Mapping[str, Any] = desk.sealer.open(
        row.sealed, desk.data_keys.get([row.key_id])[row.key_id], factor_place(row)
    )
    return found


def factors_sealed_anew(desk: Desk, unit: UnitOfWork, made_before: int) -> int:
    """Seals every factor whose data key was made before that instant under a new one; how many there were."""
    rows = unit.credentials.of(None)
    old = desk.data_keys.made_before({row.key_id for row in rows}, made_before)
    stale = [row for row in rows if row.key_id in old]
    for row, key in zip(stale, desk.data_keys.take(len(stale)), strict=True):
        sealed = desk.sealer.seal(dict(opened_factor(desk, row)), key, factor_place(row))
        unit.credentials.change(attrs.evolve(row, key_id=key.id, sealed=sealed, version=row.version + 1))
        unit.keys.retire([row.key_id])
    return len(stale)


def the_factor(unit: UnitOfWork, operator: str, kind: str, factor_id: str) -> CredentialRow:
    for row in unit.credentials.of(operator):
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
    count: int = 1,
) -> None:  # fmt: skip
    about = f"of:{operator}" + (f",{rule}" if rule else "")
    record(desk, unit, [AuditEntry.by(actor, what, desk.now(), purpose=purpose, rule=about, count=count)])
