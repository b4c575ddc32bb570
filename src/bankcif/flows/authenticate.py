"""
Recognizing operators by password and one-time code; and stepping up for one operation. Passkeys: `bankcif.flows.passkeys`.

One answer for an unknown name, a wrong secret and a locked factor, after as much work. Each attempt is in the log, under
the operator's id if there is one; a name that is nobody's is kept as a keyed tag, since a password is easily typed into
the wrong field.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeVar

import attrs

from .._clock import from_micros
from ..access.authentication import (
    accepted_step,
    dummy_hash,
    hash_password,
    is_stale,
    password_matches,
)
from ..audit import AuditEntry
from ..context import Actor, AuthContext
from ..errors import ConflictError
from ..storage.rows import CredentialRow
from ._attempts import NOBODY, Refused, attempt, may_be_an_id, name_tag, need_digest, need_free, unrecognized
from ._factors import (
    CODES,
    Factors,
    is_whole,
    opened_factor,
)
from .desk import Desk, record, retried
from .found import check_place

__all__ = ["change_password", "is_enrolled", "log_in", "step_up"]

T = TypeVar("T")


def is_enrolled(desk: Desk, operator: str) -> bool:
    """
    Whether *operator* has anything to be recognized by. Nobody is recognized yet who asks, so the log keeps the question under
    that name, or under nobody's if there is none.
    """
    with desk.unit_of_work() as unit:
        known = may_be_an_id(operator) and bool(unit.credentials.of(operator))
        who, terms = (Actor(id=operator), {}) if known else (NOBODY, {"operator": name_tag(desk, operator)})
        record(desk, unit, [AuditEntry.by(who, "is_enrolled", desk.now(), count=int(known), terms=terms)])
        unit.commit()
    return known


def log_in(desk: Desk, operator: str, password: str, code: str | None = None, *, origin: str = "") -> AuthContext:
    """
    Recognizes an operator by password, and by a one-time code as well if one is given.

    Args:
        operator, password, code: As they typed them.
        origin: From where; stands in the log.

    Returns:
        Level 1 by the password alone, level 2 with a code.

    Raises:
        AuthenticationError: They were not recognized: the name is nobody's, a secret is wrong, or was used, or is locked.

    Cost: one Argon2id, whoever asks.
    """

    def accept(held: Factors, row: CredentialRow, rows: Sequence[CredentialRow], now: int) -> tuple[AuthContext, str]:
        methods = ["password"]
        if code is not None:
            methods.append(_use_code(desk, held, rows, code, now))
        _renew(desk, held, row, password, now)
        level = len(methods)
        return AuthContext(methods=tuple(methods), assurance=level, at=from_micros(now)), "+".join(methods)

    return _with_password(desk, operator, password, "log_in", accept, origin)


def change_password(desk: Desk, operator: str, old: str, new: str) -> None:
    """
    Lets *operator* change their own password.

    Raises:
        AuthenticationError: They were not recognized by the old one.
        InputError: The new one is none.
    """
    encoded = hash_password(new, desk.authentication.password, desk.ids)

    def accept(held: Factors, row: CredentialRow, _rows: Sequence[CredentialRow], now: int) -> tuple[None, str]:
        held.change(row, payload={"phc": encoded}, failures=0, used_at=now)
        return None, "password"

    _with_password(desk, operator, old, "change_password", accept)


def step_up(desk: Desk, *, actor: Actor, code: str, operation: str = "") -> AuthContext:
    """
    Recognizes an operator anew by a one-time code, for one operation if it is named.

    Args:
        code: From their token.
        operation: Digest of the operation, as `StepUpRequired.operation` has it.

    Raises:
        AuthenticationError: The code is not one that is still good, or is locked, or there was no log-in before.
    """
    before = actor.auth
    if before is None:
        raise unrecognized(desk, actor, "step_up", "no_log_in")
    need_digest(operation)

    def accept(held: Factors, rows: Sequence[CredentialRow], now: int) -> tuple[AuthContext, str]:
        method = _use_code(desk, held, rows, code, now)
        methods = tuple(dict.fromkeys((*before.methods, method)))
        # A code is no key that cannot leave its device, whatever there was before it.
        level = 2 if set(before.methods) - {method} else 1
        return AuthContext(methods=methods, assurance=level, at=from_micros(now), operation=operation), method

    return attempt(desk, actor, "step_up", accept)


def _with_password(
    desk: Desk,
    operator: str,
    password: str,
    what: str,
    accept: Callable[[Factors, CredentialRow, Sequence[CredentialRow], int], tuple[T, str]],
    origin: str = "",
) -> T:
    """Lets *accept* go on, in the unit of the attempt, once the password was recognized outside of any."""
    return retried(lambda: _once_with_password(desk, operator, password, what, accept, origin))


def _once_with_password(
    desk: Desk,
    operator: str,
    password: str,
    what: str,
    accept: Callable[[Factors, CredentialRow, Sequence[CredentialRow], int], tuple[T, str]],
    origin: str,
) -> T:
    known, encoded = None, ""
    if may_be_an_id(operator):
        with desk.repository.unit_of_work() as unit:
            known = next((row for row in unit.credentials.of(operator) if row.kind == "password"), None)
            if known is not None:  # in the unit that read it: a rotation may destroy its key a moment later
                encoded = opened_factor(desk, known)["phc"]
    if known is None:
        encoded = _of_nobody(desk)
    # As much work for a name that is nobody's, and outside the unit, which would keep other writers waiting.
    right = password_matches(password, encoded, desk.authentication.password) and known is not None

    def decided(held: Factors, rows: Sequence[CredentialRow], now: int) -> tuple[T, str]:
        row = next((one for one in rows if one.kind == "password"), None)
        if row is None:
            raise Refused("unknown")
        need_free(desk, row, now)
        if known is None or row.sealed != known.sealed:
            raise ConflictError(
                "the factor was changed meanwhile; what was typed is compared anew", rule="factor_changed"
            )
        if not right:
            raise Refused("password", [row])
        return accept(held, row, rows, now)

    who = attrs.evolve(Actor(id=operator) if known else NOBODY, origin=origin)
    return attempt(desk, who, what, decided, name="" if known else operator)


def _use_code(desk: Desk, held: Factors, rows: Sequence[CredentialRow], code: str, now: int) -> str:
    """Uses *code* up, by whichever of the operator's tokens it is, and gives that token's kind."""
    tokens = [row for row in rows if row.kind in CODES]
    free = [row for row in tokens if row.locked_until <= now and row.confirmed_by and is_whole(desk, row)]
    if not free:
        for row in tokens:
            need_free(desk, row, now)
        raise Refused("no_code")
    for row in free:
        secret = bytes.fromhex(opened_factor(desk, row)["secret"])
        kind: Literal["totp", "hotp"] = "totp" if row.kind == "totp" else "hotp"
        step = accepted_step(secret, code, kind, last=row.step, now=now, plan=desk.authentication.code)
        if step is not None:
            held.change(row, step=step, failures=0, used_at=now)
            return row.kind
    raise Refused("code", free)


def _renew(desk: Desk, held: Factors, row: CredentialRow, password: str, now: int) -> None:
    """Notes that a password was accepted; one that was hashed at another cost is hashed anew."""
    payload, plan = None, desk.authentication.password
    if is_stale(opened_factor(desk, row)["phc"], plan):
        lenient = attrs.evolve(plan, shortest=8)  # it may be older than the rule of its length
        if len(password) >= lenient.shortest:
            payload = {"phc": hash_password(password, lenient, desk.ids)}
    held.change(row, payload=payload, failures=0, used_at=now)


def _of_nobody(desk: Desk) -> str:
    """A password's hash that is nobody's, for as much work as somebody's takes, the key service's among it."""
    with desk.repository.unit_of_work() as unit:
        store = unit.keys.store()
    desk.data_keys.open_for_nobody(store.key_check, check_place(desk.tenant, store.store_id), kek_id=store.kek_id)
    return dummy_hash(desk.authentication.password)
