"""
Keeping operators: what they are recognized by, enrolled by who keeps operators and by nobody for themself, but for a passkey of
an operator who is recognized already. A code or a passkey counts once a second keeper approves: one alone cannot be somebody
else at two factors. What it is rests sealed under a data key of its own; customers have no secrets here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import attrs

from .._canonical import sha256
from ..access import Action, Provisioning, Requirement
from ..access.authentication import (
    hash_password,
    new_secret,
    provisioning,
    registered,
    registration_options,
)
from ..approval import Approval, Operation
from ..context import Actor, Purpose
from ..errors import FourEyesError, InputError
from ..storage import UnitOfWork
from ..storage.rows import CredentialRow
from ._factors import (
    CODES,
    Factor,
    Factors,
    PasskeyRequest,
    answered,
    ask,
    need_keeper,
    opened_factor,
    passkey_challenge,
    passkey_id,
    passkeys_of,
    tell,
    the_factor,
)
from ._proposals import decision_entry, keep, proposed
from .desk import Desk, authorize, need_assurance, need_purpose, record

__all__ = [
    "add_code",
    "begin_enrolment",
    "confirm_factor",
    "factors",
    "finish_enrolment",
    "ground_of_operator",
    "remove",
    "set_password",
    "unlock",
]


_ENROLS = Requirement(level=2, max_age_minutes=10)
"""How an operator must have been recognized to enrol a passkey of their own."""


def set_password(desk: Desk, operator: str, password: str, *, actor: Actor, purpose: Purpose) -> None:
    """
    Gives *operator* a password, in place of the one they had; whoever keeps operators does, and not for themself.

    Raises:
        InputError: The password is none, or the operator's id.
        NotFoundOrNotAllowedError: The policy does not let *actor* keep operators, or they are the operator.
    """
    need_keeper(desk, operator, actor, "set_password", purpose)
    if password.casefold() == operator.casefold():
        raise InputError("a password is not the operator's id", path="$.password", rule="password")
    encoded = hash_password(password, desk.authentication.password, desk.ids)
    with desk.unit_of_work() as unit:
        held, _ = _replaced(desk, unit, operator, "password", {"phc": encoded}, actor)
        tell(desk, unit, actor, "set_password", operator, purpose, marks=held.marks)
        unit.commit()


def add_code(
    desk: Desk, operator: str, kind: Literal["totp", "hotp"], *, actor: Actor, purpose: Purpose
) -> Provisioning:
    """
    Gives *operator* a token of one-time codes, in place of one of this kind; it counts once a second keeper approves.

    Returns:
        What they put into their app, shown once, and kept sealed; and the proposal to approve.

    Raises:
        InputError: The kind is none.
        NotFoundOrNotAllowedError: The policy does not let *actor* keep operators, or they are the operator.
    """
    need_keeper(desk, operator, actor, "add_code", purpose)
    if kind not in CODES:
        raise InputError("codes are of kind totp or hotp", rule="factor")
    secret = new_secret(desk.ids)
    with desk.unit_of_work() as unit:
        held, row = _replaced(desk, unit, operator, kind, {"secret": secret.hex()}, actor)
        proposal = _proposed(desk, unit, row, actor)
        tell(desk, unit, actor, "add_code", operator, purpose, rule=kind, marks=held.marks)
        unit.commit()
    return attrs.evolve(provisioning(secret, operator, kind, desk.authentication.code), proposal=proposal)


def factors(desk: Desk, operator: str, *, actor: Actor, purpose: Purpose) -> Sequence[Factor]:
    """
    What *operator* is recognized by; they ask themself, or who keeps operators does.

    Raises:
        NotFoundOrNotAllowedError: *actor* is neither.
    """
    need_purpose(desk, actor, "factors", purpose)
    if actor.id != operator:
        authorize(desk, actor, Action.OPERATORS, "factors", purpose)
    with desk.unit_of_work() as unit:
        rows = unit.credentials.of(operator)
        found = [
            Factor(
                kind=row.kind, id=row.id, locked_until=row.locked_until, added_by=row.added_by, added_at=row.added_at,
                confirmed=row.kind == "password" or bool(row.confirmed_by), used_at=row.used_at, device_bound=row.kind == "passkey" and bool(opened_factor(desk, row)["device_bound"]),
            )
            for row in rows
        ]  # fmt: skip
        tell(desk, unit, actor, "factors", operator, purpose, count=len(found))
        unit.commit()
    return found


def remove(desk: Desk, operator: str, kind: str, factor_id: str, *, actor: Actor, purpose: Purpose) -> None:
    """
    Takes a factor away, and destroys its key.

    Raises:
        InputError: There is no such factor.
        NotFoundOrNotAllowedError: The policy does not let *actor* keep operators, or they are the operator.
    """
    need_keeper(desk, operator, actor, "remove_factor", purpose)
    with desk.unit_of_work() as unit:
        held = Factors(desk, unit)
        held.drop(the_factor(held, operator, kind, factor_id))
        tell(desk, unit, actor, "remove_factor", operator, purpose, rule=f"{kind}:{factor_id}", marks=held.marks)
        unit.commit()


def unlock(desk: Desk, operator: str, *, actor: Actor, purpose: Purpose) -> None:
    """
    Lets an operator try again before the lock is over.

    Raises:
        InputError: Somebody changed the row of one of their factors in the database.
        NotFoundOrNotAllowedError: The policy does not let *actor* keep operators, or they are the operator.
    """
    need_keeper(desk, operator, actor, "unlock", purpose)
    with desk.unit_of_work() as unit:
        held = Factors(desk, unit)
        for row in held.of(operator):
            held.change(row, failures=0, locked_until=0)
        tell(desk, unit, actor, "unlock", operator, purpose, marks=held.marks)
        unit.commit()


def begin_enrolment(desk: Desk, operator: str, *, actor: Actor, purpose: Purpose) -> PasskeyRequest:
    """
    Asks *operator*'s browser for a passkey. They do it themself, if they were recognized by two factors a moment ago; or who keeps
    operators lets them, at a desk of theirs.

    Raises:
        ConfigurationError: This file takes no passkeys.
        NotFoundOrNotAllowedError: *actor* is neither.
        StepUpRequired: They are the operator, and were not recognized so.
    """
    plan = passkeys_of(desk)
    _need_oneself_or_keeper(desk, operator, actor, purpose)
    with desk.unit_of_work() as unit:
        rows = [row for row in unit.credentials.of(operator) if row.kind == "passkey"]
        known = [bytes.fromhex(opened_factor(desk, row)["id"]) for row in rows]
        asked = ask(desk, unit, "enrol", operator, "")
        tell(desk, unit, actor, "add_passkey", operator, purpose, rule="asked")
        unit.commit()
    handle = sha256("bankcif/v1/operator", desk.tenant, operator)
    options = registration_options(
        plan, operator, handle, passkey_challenge(desk, asked), known, desk.authentication.challenge_minutes
    )
    return PasskeyRequest(id=asked.id.hex(), options=options)


def finish_enrolment(
    desk: Desk, request_id: str, response: str | Mapping[str, Any], *, actor: Actor, purpose: Purpose
) -> Factor:
    """
    Keeps the passkey that the browser brought.

    Raises:
        InputError: The answer does not hold, or comes too late, or the key may leave its device where that is not taken.
    """
    plan = passkeys_of(desk)
    asked = answered(desk, request_id, "enrol")
    if asked is None:
        raise InputError("there is no such request, or its time is over; begin again", rule="passkey")
    _need_oneself_or_keeper(desk, asked.operator, actor, purpose)
    key = registered(plan, response, passkey_challenge(desk, asked))
    payload = {"public_key": key.public_key.hex(), "device_bound": key.device_bound, "id": key.credential_id.hex()}
    with desk.unit_of_work() as unit:
        if unit.credentials.at(passkey_id(key.credential_id)) is not None:
            raise InputError("this key is enrolled already", path="$.passkey", rule="passkey")
        name = passkey_id(key.credential_id)
        held, alone = Factors(desk, unit), actor.id == asked.operator
        row = held.add(
            asked.operator, "passkey", name, payload, actor, step=key.count, confirmed_by=actor.id if alone else "",
        )  # fmt: skip
        proposal = "" if alone else _proposed(desk, unit, row, actor)
        tell(desk, unit, actor, "add_passkey", asked.operator, purpose, rule=f"passkey:{name}", marks=held.marks)
        unit.commit()
    return Factor(
        kind="passkey", id=row.id, device_bound=key.device_bound, locked_until=0, added_by=row.added_by,
        added_at=row.added_at, used_at=None, confirmed=alone, proposal=proposal,
    )  # fmt: skip


def ground_of_operator(_desk: Desk, unit: UnitOfWork, approval: Approval) -> dict[str, str]:
    """What the giving of a factor stands on, as it is now: the factor, if it was not taken away or given anew."""
    row = _of_proposal(unit, approval)
    return {} if row is None else {"added_at": str(row.added_at)}


def confirm_factor(desk: Desk, unit: UnitOfWork, approval: Approval, actor: Actor, now: int) -> dict[str, str]:
    """Carries out an approved giving: the factor counts from now on."""
    row = _of_proposal(unit, approval)
    assert row is not None, "its ground was looked at"
    held = Factors(desk, unit)
    counts = any(one.kind == "password" or one.confirmed_by for one in held.of(actor.id))
    if counts and (actor.auth is None or actor.auth.assurance < 2):
        raise FourEyesError(
            "a keeper who has a password here approves by two factors: whoever gave it to them knows it",
            rule="four_eyes",
        )
    held.change(row, confirmed_by=actor.id)
    rule = f"{row.kind}:{row.id}"
    tell(desk, unit, actor, "confirm_factor", row.operator, Purpose.OPERATIONS, rule=rule, marks=held.marks)
    return {}


def _proposed(desk: Desk, unit: UnitOfWork, row: CredentialRow, actor: Actor) -> str:
    """Asks a second keeper to approve a factor that was given; the id of the proposal."""
    detail = {"what": f"{row.kind} of {row.operator}", "operator": row.operator, "kind": row.kind, "id": row.id}
    (kept,) = keep(desk, unit, [proposed(desk, Operation.OPERATOR, (), detail, {"added_at": str(row.added_at)}, actor)])
    record(desk, unit, [decision_entry(kept, "propose", actor, desk.now())])
    return kept.id


def _of_proposal(unit: UnitOfWork, approval: Approval) -> CredentialRow | None:
    said = approval.detail
    rows = unit.credentials.of(said["operator"])
    return next((row for row in rows if (row.kind, row.id) == (said["kind"], said["id"])), None)


def _need_oneself_or_keeper(desk: Desk, operator: str, actor: Actor, purpose: Purpose) -> None:
    """Who enrols a key that is of the highest level: a stolen session must not make itself one."""
    need_purpose(desk, actor, "add_passkey", purpose)
    if actor.id == operator and actor.auth is not None:
        need_assurance(desk, actor, _ENROLS, "add_passkey", purpose, operation="")
    else:
        need_keeper(desk, operator, actor, "add_passkey", purpose)


def _replaced(
    desk: Desk, unit: UnitOfWork, operator: str, kind: str, payload: Mapping[str, Any], actor: Actor
) -> tuple[Factors, CredentialRow]:
    """Gives *operator* a factor in place of what they had of its kind."""
    held = Factors(desk, unit)
    for row in held.of(operator):
        if row.kind == kind:
            held.drop(row)
    return held, held.add(operator, kind, "0", payload, actor)
