"""Operators: what they are recognized by, and recognizing them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ..access import Provisioning
from ..context import Actor, AuthContext, Purpose
from ..flows import authenticate, operators, passkeys
from ..flows._factors import Factor, PasskeyRequest
from ._group import Group

__all__ = ["Operators"]


class Operators(Group):
    """Enrolling operators and recognizing them; see `bankcif.flows.operators` and `bankcif.flows.authenticate`."""

    def set_password(
        self, operator: str, password: str, *, actor: Actor, purpose: Purpose = Purpose.OPERATIONS
    ) -> None:
        """Gives *operator* a password, in place of the one they had."""
        operators.set_password(self._desk, operator, password, actor=actor, purpose=purpose)

    def add_code(
        self,
        operator: str,
        kind: Literal["totp", "hotp"] = "totp",
        *,
        actor: Actor,
        purpose: Purpose = Purpose.OPERATIONS,
    ) -> Provisioning:
        """Gives *operator* a token of one-time codes; what is returned is shown to them, once."""
        return operators.add_code(self._desk, operator, kind, actor=actor, purpose=purpose)

    def begin_passkey(self, operator: str, *, actor: Actor, purpose: Purpose = Purpose.OPERATIONS) -> PasskeyRequest:
        """Asks *operator*'s browser for a passkey."""
        return operators.begin_enrolment(self._desk, operator, actor=actor, purpose=purpose)

    def finish_passkey(
        self,
        request_id: str,
        response: str | Mapping[str, Any],
        *,
        actor: Actor,
        purpose: Purpose = Purpose.OPERATIONS,
    ) -> Factor:
        """Keeps the passkey that the browser brought."""
        return operators.finish_enrolment(self._desk, request_id, response, actor=actor, purpose=purpose)

    def factors(self, operator: str, *, actor: Actor, purpose: Purpose = Purpose.OPERATIONS) -> Sequence[Factor]:
        """What *operator* is recognized by, without its secrets."""
        return operators.factors(self._desk, operator, actor=actor, purpose=purpose)

    def remove(
        self, operator: str, kind: str, factor_id: str, *, actor: Actor, purpose: Purpose = Purpose.OPERATIONS
    ) -> None:
        """Takes a factor away, and destroys its key."""
        operators.remove(self._desk, operator, kind, factor_id, actor=actor, purpose=purpose)

    def unlock(self, operator: str, *, actor: Actor, purpose: Purpose = Purpose.OPERATIONS) -> None:
        """Lets an operator try again before a lock is over."""
        operators.unlock(self._desk, operator, actor=actor, purpose=purpose)

    def is_enrolled(self, operator: str) -> bool:
        """Whether *operator* has anything to be recognized by."""
        return authenticate.is_enrolled(self._desk, operator)

    def log_in(self, operator: str, password: str, code: str | None = None, *, origin: str = "") -> AuthContext:
        """Recognizes an operator by password, and by a one-time code as well if one is given."""
        return authenticate.log_in(self._desk, operator, password, code, origin=origin)

    def change_password(self, operator: str, old: str, new: str) -> None:
        """Lets *operator* change their own password."""
        authenticate.change_password(self._desk, operator, old, new)

    def begin_log_in(self) -> PasskeyRequest:
        """Asks whoever is there for a passkey."""
        return passkeys.begin_log_in(self._desk)

    def finish_log_in(
        self, request_id: str, response: str | Mapping[str, Any], *, origin: str = ""
    ) -> tuple[str, AuthContext]:
        """Recognizes an operator by a passkey: who they are, and how they were recognized."""
        return passkeys.finish_log_in(self._desk, request_id, response, origin=origin)

    def step_up(self, code: str, *, actor: Actor, operation: str = "") -> AuthContext:
        """Recognizes an operator anew by a one-time code, for one operation if it is named."""
        return authenticate.step_up(self._desk, actor=actor, code=code, operation=operation)

    def begin_step_up(self, operation: str, *, actor: Actor) -> PasskeyRequest:
        """Asks an operator's device to sign the digest of one operation."""
        return passkeys.begin_step_up(self._desk, actor=actor, operation=operation)

    def finish_step_up(self, request_id: str, response: str | Mapping[str, Any], *, actor: Actor) -> AuthContext:
        """Recognizes an operator by a passkey, for the operation that their device signed."""
        return passkeys.finish_step_up(self._desk, request_id, response, actor=actor)
