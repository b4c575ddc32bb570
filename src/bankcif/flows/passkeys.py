"""Recognizing operators by passkeys, and letting one sign a single operation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from .._clock import from_micros
from ..access.authentication import Passkey, credential_id_in, login_options, proven
from ..context import Actor, AuthContext
from ..storage.rows import CredentialRow
from ._attempts import NOBODY, Refused, attempt, need_digest, need_free, unrecognized
from ._factors import (
    Factors,
    PasskeyRequest,
    answered,
    ask,
    opened_factor,
    passkey_challenge,
    passkey_id,
    passkeys_of,
)
from .desk import Desk, note

__all__ = ["begin_log_in", "begin_step_up", "finish_log_in", "finish_step_up"]


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
    return _by_passkey(desk, request_id, response, "log_in", attrs.evolve(NOBODY, origin=origin))


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
    need_digest(operation)
    if actor.auth is None:
        raise unrecognized(desk, actor, "step_up", "no_log_in")
    note(desk, actor, "step_up", rule="asked")
    return _challenge(desk, "step_up", actor.id, operation)


def finish_step_up(desk: Desk, request_id: str, response: str | Mapping[str, Any], *, actor: Actor) -> AuthContext:
    """
    Recognizes an operator by a passkey for the operation that their device signed.

    Raises:
        AuthenticationError: They were not recognized, or are another than was asked.
    """
    return _by_passkey(desk, request_id, response, "step_up", actor)[1]


def _by_passkey(
    desk: Desk, request_id: str, response: str | Mapping[str, Any], what: str, actor: Actor
) -> tuple[str, AuthContext]:
    plan = passkeys_of(desk)
    asked = answered(desk, request_id, what)
    name = passkey_id(credential_id_in(response))
    with desk.repository.unit_of_work() as unit:
        known = unit.credentials.at(name)
    if known is not None and actor.id == NOBODY.id:
        actor = attrs.evolve(actor, id=known.operator, person=known.operator)

    def decided(held: Factors, rows: Sequence[CredentialRow], now: int) -> tuple[tuple[str, AuthContext], str]:
        row = next((one for one in rows if one.kind == "passkey" and one.id == name), None)
        if asked is None or row is None or (asked.operator and asked.operator != row.operator):
            raise Refused("unknown")
        need_free(desk, row, now)
        said = opened_factor(desk, row)
        key = Passkey(
            credential_id=bytes.fromhex(said["id"]), public_key=bytes.fromhex(said["public_key"]), count=row.step,
            device_bound=said["device_bound"],
        )  # fmt: skip
        done = proven(plan, response, passkey_challenge(desk, asked), key)
        if done is None:
            raise Refused("passkey", [row])
        held.change(row, step=done.count, failures=0, used_at=now)
        auth = AuthContext(
            methods=("passkey",), assurance=3 if done.device_bound else 2, at=from_micros(now),
            operation=asked.operation,
        )  # fmt: skip
        return (row.operator, auth), "passkey"

    return attempt(desk, actor, what, decided)


def _challenge(desk: Desk, what: str, operator: str, operation: str) -> PasskeyRequest:
    plan = passkeys_of(desk)
    with desk.repository.unit_of_work() as unit:
        asked = ask(desk, unit, what, operator, operation)
        unit.commit()
    options = login_options(plan, passkey_challenge(desk, asked), desk.authentication.challenge_minutes)
    return PasskeyRequest(id=asked.id.hex(), options=options)
