"""
Passwords of operators: Argon2id, in the form that says by which cost they were made.

Source: RFC 9106 (2021), clause 4, second recommended option (t = 3, 64 MiB, p = 4); the PHC string format; RFC 8265
(2017), clause 4, profile OpaqueString, for what a password is before it is hashed.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

import attrs
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from ..._clock import IdSource
from ...errors import ConfigurationError, InputError

__all__ = ["PasswordPlan", "dummy_hash", "hash_password", "is_stale", "password_matches"]

_SALT, _HASH = 16, 32
_COSTS = re.compile(r"\$argon2id\$v=19\$m=([0-9]+),t=([0-9]+),p=([0-9]+)\$")


@attrs.frozen(kw_only=True)
class PasswordPlan:
    """
    What a password costs and must be.

    Attributes:
        iterations, memory_kib, lanes: Costs of Argon2id; 0.15 s and 64 MiB a check by default.
        shortest: Characters that a new one has at least.
        longest: Characters that are looked at, at most: a longer one is refused before it is hashed.
    """

    iterations: int = 3
    memory_kib: int = 65_536
    lanes: int = 4
    shortest: int = 12
    longest: int = 256

    def __attrs_post_init__(self) -> None:
        cheap = self.iterations < 1 or self.lanes < 1 or self.memory_kib < 8 * self.lanes
        if cheap or not 8 <= self.shortest <= self.longest:
            raise ConfigurationError(
                "a plan of passwords has costs above zero, at least 8 KiB a lane, and asks for 8 characters or more",
                rule="password_plan",
            )

    def _argon(self, salt: bytes) -> Argon2id:
        return Argon2id(
            salt=salt, length=_HASH, iterations=self.iterations, lanes=self.lanes, memory_cost=self.memory_kib
        )


def hash_password(password: str, plan: PasswordPlan, ids: IdSource) -> str:
    """
    A new password as a PHC string.

    Raises:
        InputError: It is too short, too long, or no text; the message does not hold it.
    """
    content = _prepared(password, plan)
    if content is None or len(unicodedata.normalize("NFC", password)) < plan.shortest:
        raise InputError(
            f"a password has {plan.shortest} to {plan.longest} characters, none of them a control character",
            path="$.password", rule="password",
        )  # fmt: skip
    return plan._argon(ids.draw(_SALT)).derive_phc_encoded(content)


def password_matches(password: str, encoded: str, plan: PasswordPlan) -> bool:
    """Whether *password* is the one of the PHC string *encoded*; takes as long whether it is or not."""
    content = _prepared(password, plan)
    try:
        Argon2id.verify_phc_encoded(content if content is not None else b"", encoded)
    except InvalidKey:
        return False
    return content is not None


@cache
def dummy_hash(plan: PasswordPlan) -> str:
    """A hash at *plan*'s cost that is nobody's: checking against it takes as long as checking somebody's."""
    return plan._argon(bytes(_SALT)).derive_phc_encoded(b"nobody")


def is_stale(encoded: str, plan: PasswordPlan) -> bool:
    """Whether *encoded* was made at another cost than *plan*'s, so that it is made anew at the next chance."""
    found = _COSTS.match(encoded)
    costs = tuple(map(int, found.groups())) if found else ()
    return costs != (plan.memory_kib, plan.iterations, plan.lanes)


def _prepared(password: str, plan: PasswordPlan) -> bytes | None:
    """What is hashed; None for what can be no password."""
    if not password or len(password) > plan.longest or any(unicodedata.category(one) == "Cc" for one in password):
        return None
    try:
        return unicodedata.normalize("NFC", password).encode()
    except UnicodeEncodeError:  # half a surrogate pair
        return None
