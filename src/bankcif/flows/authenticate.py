"""
Recognizing operators: password, one-time codes, passkeys; and stepping up for one operation.

One answer for an unknown name, a wrong secret and a locked factor, after as much work. Each attempt is in the log, under
the operator's id if there is one; a name that is nobody's is kept as a keyed tag, since a password is easily typed into
the wrong field.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar

import attrs

from .._clock import from_micros
from ..access.authentication import (
    Passkey,
    accepted_step,
    credential_id_in,
    dummy_hash,
    hash_password,
    is_stale,
    login_options,
    password_matches,
    proven,
)
from ..audit import AuditEntry, Outcome
from ..context import Actor, AuthContext
from ..errors import AuthenticationError, ConflictError, InputError
from ..storage.rows import CredentialRow
from ._factors import (
    CODES,
    MINUTE,
    Factors,
    PasskeyRequest,
    answered,
    ask,
    is_whole,
    opened_factor,
    passkey_challenge,
    passkey_id,
    passkeys_of,
)
from .desk import Desk, note, record, refuse, retried, told
from .found import check_place

__all__ = [
    "begin_log_in",
    "begin_step_up",
    "change_password",
    "finish_log_in",
    "finish_step_up",
    "is_enrolled",
    "log_in",
    "step_up",
]

T = TypeVar("T")
_NOBODY = Actor(id="bankcif.nobody")
"""Under whom the log keeps attempts in a name that is nobody's."""


def is_enrolled(desk: Desk, operator: str) -> bool:
    """
    Whether *operator* has anything to be recognized by. Nobody is recognized yet who asks, so the log keeps the question under
    that name, or under nobody's if there is none.
    """
    with desk.unit_of_work() as unit:
        known = _may_be_an_id(operator) and bool(unit.credentials.of(operator))
        who, terms = (Actor(id=operator), {}) if known else (_NOBODY, {"operator": _name_tag(desk, operator)})
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
        raise _unrecognized(desk, actor, "step_up", "no_log_in")
    _need_digest(operation)

    def accept(held: Factors, rows: Sequence[CredentialRow], now: int) -> tuple[AuthContext, str]:
        method = _use_code(desk, held, rows, code, now)
        methods = tuple(dict.fromkeys((*before.methods, method)))
        # A code is no key that cannot leave its device, whatever there was before it.
        level = 2 if set(before.methods) - {method} else 1
        return AuthContext(methods=methods, assurance=level, at=from_micros(now), operation=operation), method

    return _attempt(desk, actor, "step_up", accept)


def begin_log_in(desk: Desk) -> PasskeyRequest:
    """
    Asks whoever is there for a passkey; the answer says who they are.

    Raises:
        ConfigurationError: This file takes no passkeys.
    """
    return _challenge(desk, "log_in", "", "")


def finish_log_in(
    desk: Desk, request_id: str, response: str | Mapping[str, Any], *, origin: str = ""
) -> tuple[str, AuthContext]:
    """
    Recognizes an operator by a passkey.

    Returns:
        Their id, and level 3 by a key that cannot leave its device, else level 2.

    Raises:
        AuthenticationError: They were not recognized.
    """
    return _by_passkey(desk, request_id, response, "log_in", attrs.evolve(_NOBODY, origin=origin))


def begin_step_up(desk: Desk, *, actor: Actor, operation: str) -> PasskeyRequest:
    """
    Asks an operator's device to sign the digest of one operation.

    Args:
        operation: As `StepUpRequired.operation` has it.

    Raises:
        AuthenticationError: There was no log-in before.
        ConfigurationError: This file takes no passkeys.
        InputError: *operation* is no digest.
    """
    _need_digest(operation)
    if actor.auth is None:
        raise _unrecognized(desk, actor, "step_up", "no_log_in")
    note(desk, actor, "step_up", rule="asked")
    return _challenge(desk, "step_up", actor.id, operation)


def finish_step_up(desk: Desk, request_id: str, response: str | Mapping[str, Any], *, actor: Actor) -> AuthContext:
    """
    Recognizes an operator by a passkey for the operation that their device signed.

    Raises:
        AuthenticationError: They were not recognized, or are another than was asked.
    """
    return _by_passkey(desk, request_id, response, "step_up", actor)[1]


class _Refused(Exception):  # noqa: N818 (it never leaves this module)
    """An attempt that is refused: by which rule, and which factors it counts against."""

    def __init__(self, rule: str, against: Sequence[CredentialRow] = ()) -> None:
        self.rule, self.against = rule, tuple(against)


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
    if _may_be_an_id(operator):
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
            raise _Refused("unknown")
        _need_free(desk, row, now)
        if known is None or row.sealed != known.sealed:
            raise ConflictError(
                "the factor was changed meanwhile; what was typed is compared anew", rule="factor_changed"
            )
        if not right:
            raise _Refused("password", [row])
        return accept(held, row, rows, now)

    who = attrs.evolve(Actor(id=operator) if known else _NOBODY, origin=origin)
    return _attempt(desk, who, what, decided, name="" if known else operator)


def _attempt(
    desk: Desk,
    actor: Actor,
    what: str,
    decide: Callable[[Factors, Sequence[CredentialRow], int], tuple[T, str]],
    *,
    name: str = "",
) -> T:
    """One attempt in one unit: what it used, what it counts against, and its entry commit together."""

    def once() -> T | _Refused:
        with desk.unit_of_work() as unit:
            now, refused, held = desk.now(), None, Factors(desk, unit)
            try:
                found, rule = decide(held, held.of(actor.id), now)
            except _Refused as error:
                refused = error
            if refused is None:
                record(desk, unit, [AuditEntry.by(actor, what, now, rule=rule, marks=held.marks)])
                unit.commit()
                return found
        # What it had done is undone; that it failed is not.
        with desk.unit_of_work() as unit:
            held = Factors(desk, unit)
            for row in refused.against:
                _count(desk, held, row, now)
            terms = {} if not name else {"operator": _name_tag(desk, name)}
            entry = AuditEntry.by(
                actor, what, now, outcome=Outcome.REFUSED, rule=refused.rule, terms=terms, marks=held.marks
            )
            record(desk, unit, [entry])
            unit.commit()
        return refused

    said = retried(once)
    if isinstance(said, _Refused):
        raise told(AuthenticationError("the operator was not recognized: unknown, wrong, used before, or locked for a while",
                                       rule="authentication"))  # fmt: skip
    return said


def _need_free(desk: Desk, row: CredentialRow, now: int) -> None:
    """Lets a factor be tried unless it is locked, nobody confirmed it, or somebody changed its row."""
    if not is_whole(desk, row):
        raise _Refused("factor_mark")
    if row.locked_until > now:
        raise _Refused("locked")
    if row.kind != "password" and not row.confirmed_by:
        raise _Refused("unconfirmed")


def _count(desk: Desk, held: Factors, row: CredentialRow, now: int) -> None:
    """One more failure of a factor, which may lock it."""
    failures, plan = row.failures + 1, desk.authentication
    locks = failures >= plan.attempts
    until = now + plan.lock_minutes * MINUTE if locks else row.locked_until
    held.change(row, failures=0 if locks else failures, locked_until=until)


def _use_code(desk: Desk, held: Factors, rows: Sequence[CredentialRow], code: str, now: int) -> str:
    """Uses *code* up, by whichever of the operator's tokens it is, and gives that token's kind."""
    tokens = [row for row in rows if row.kind in CODES]
    free = [row for row in tokens if row.locked_until <= now and row.confirmed_by and is_whole(desk, row)]
    if not free:
        for row in tokens:
            _need_free(desk, row, now)
        raise _Refused("no_code")
    for row in free:
        secret = bytes.fromhex(opened_factor(desk, row)["secret"])
        kind: Literal["totp", "hotp"] = "totp" if row.kind == "totp" else "hotp"
        step = accepted_step(secret, code, kind, last=row.step, now=now, plan=desk.authentication.code)
        if step is not None:
            held.change(row, step=step, failures=0, used_at=now)
            return row.kind
    raise _Refused("code", free)


def _renew(desk: Desk, held: Factors, row: CredentialRow, password: str, now: int) -> None:
    """Notes that a password was accepted; one that was hashed at another cost is hashed anew."""
    payload, plan = None, desk.authentication.password
    if is_stale(opened_factor(desk, row)["phc"], plan):
        lenient = attrs.evolve(plan, shortest=8)  # it may be older than the rule of its length
        if len(password) >= lenient.shortest:
            payload = {"phc": hash_password(password, lenient, desk.ids)}
    held.change(row, payload=payload, failures=0, used_at=now)


def _by_passkey(
    desk: Desk, request_id: str, response: str | Mapping[str, Any], what: str, actor: Actor
) -> tuple[str, AuthContext]:
    plan = passkeys_of(desk)
    asked = answered(desk, request_id, what)
    name = passkey_id(credential_id_in(response))
    with desk.repository.unit_of_work() as unit:
        known = unit.credentials.at(name)
    if known is not None and actor.id == _NOBODY.id:
        actor = attrs.evolve(actor, id=known.operator, person=known.operator)

    def decided(held: Factors, rows: Sequence[CredentialRow], now: int) -> tuple[tuple[str, AuthContext], str]:
        row = next((one for one in rows if one.kind == "passkey" and one.id == name), None)
        if asked is None or row is None or (asked.operator and asked.operator != row.operator):
            raise _Refused("unknown")
        _need_free(desk, row, now)
        said = opened_factor(desk, row)
        key = Passkey(
            credential_id=bytes.fromhex(said["id"]), public_key=bytes.fromhex(said["public_key"]), count=row.step,
            device_bound=said["device_bound"],
        )  # fmt: skip
        done = proven(plan, response, passkey_challenge(desk, asked), key)
        if done is None:
            raise _Refused("passkey", [row])
        held.change(row, step=done.count, failures=0, used_at=now)
        auth = AuthContext(
            methods=("passkey",), assurance=3 if done.device_bound else 2, at=from_micros(now),
            operation=asked.operation,
        )  # fmt: skip
        return (row.operator, auth), "passkey"

    return _attempt(desk, actor, what, decided)


def _challenge(desk: Desk, what: str, operator: str, operation: str) -> PasskeyRequest:
    plan = passkeys_of(desk)
    with desk.repository.unit_of_work() as unit:
        asked = ask(desk, unit, what, operator, operation)
        unit.commit()
    options = login_options(plan, passkey_challenge(desk, asked), desk.authentication.challenge_minutes)
    return PasskeyRequest(id=asked.id.hex(), options=options)


def _may_be_an_id(name: str) -> bool:
    """Whether *name* can be an operator's id; a store may take no other text, and tell it in its error."""
    return 0 < len(name) <= 64 and name.isprintable()  # half a surrogate pair is not printable


def _of_nobody(desk: Desk) -> str:
    """A password's hash that is nobody's, for as much work as somebody's takes, the key service's among it."""
    with desk.repository.unit_of_work() as unit:
        store = unit.keys.store()
    desk.data_keys.open_for_nobody(store.key_check, check_place(desk.tenant, store.store_id), kek_id=store.kek_id)
    return dummy_hash(desk.authentication.password)


def _name_tag(desk: Desk, name: str) -> str:
    return desk.digester.digest("operator", name.encode("utf-8", "replace")[:256]).hex()


def _need_digest(operation: str) -> None:
    if operation and (len(operation) != 64 or set(operation) - set("0123456789abcdef")):
        raise InputError("an operation is named by its digest, as StepUpRequired has it", rule="operation")


def _unrecognized(desk: Desk, actor: Actor, what: str, rule: str) -> AuthenticationError:
    refuse(desk, actor, what, None, rule=rule)
    return told(AuthenticationError("log in before you step up", rule=rule))
