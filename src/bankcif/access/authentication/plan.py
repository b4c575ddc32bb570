"""How operators are recognized, as one frozen plan."""

from __future__ import annotations

import attrs

from ...errors import ConfigurationError
from .one_time import CodePlan
from .passkey import PasskeyPlan
from .password import PasswordPlan

__all__ = ["AuthPlan"]


@attrs.frozen(kw_only=True)
class AuthPlan:
    """
    How operators are recognized.

    Attributes:
        password, code: Passwords and one-time codes.
        passkey: Passkeys; none are taken if None.
        attempts: Failures in a row by which a factor is locked.
        lock_minutes: For how long.
        challenge_minutes: How long a challenge to a passkey may be answered.
    """

    password: PasswordPlan = attrs.field(factory=PasswordPlan)
    code: CodePlan = attrs.field(factory=CodePlan)
    passkey: PasskeyPlan | None = None
    attempts: int = 5
    lock_minutes: int = 15
    challenge_minutes: int = 5

    def __attrs_post_init__(self) -> None:
        if not 1 <= self.attempts <= 100 or self.lock_minutes < 1 or not 1 <= self.challenge_minutes <= 60:
            raise ConfigurationError(
                "a plan locks after 1 to 100 attempts, for a minute or more, and lets challenges last up to an hour",
                rule="auth_plan",
            )
