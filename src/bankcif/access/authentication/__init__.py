"""Who is asking: passwords, one-time codes and passkeys of operators, and the bank's own single sign-on."""

from .one_time import CodePlan, Provisioning, accepted_step, code_at, new_secret, provisioning
from .passkey import (
    Passkey,
    PasskeyPlan,
    Proven,
    challenge_of,
    credential_id_in,
    login_options,
    proven,
    registered,
    registration_options,
)
from .password import PasswordPlan, dummy_hash, hash_password, is_stale, password_matches
from .plan import AuthPlan
from .single_sign_on import OidcSignOn

__all__ = [
    "AuthPlan",
    "CodePlan",
    "OidcSignOn",
    "Passkey",
    "PasskeyPlan",
    "PasswordPlan",
    "Proven",
    "Provisioning",
    "accepted_step",
    "challenge_of",
    "code_at",
    "credential_id_in",
    "dummy_hash",
    "hash_password",
    "is_stale",
    "login_options",
    "new_secret",
    "password_matches",
    "proven",
    "provisioning",
    "registered",
    "registration_options",
]
