"""
Passkeys of operators: keys that their device holds and uses only after it has recognized its owner.

Who the user is was verified by the device, always; a key that is bound to one device may be asked for; a counter that goes
back, or stands still after it had counted, tells of a copy.

Source: W3C Web Authentication Level 3, clauses 6.1.1 (signature counter), 6.1.3 (backup flags), 7.1 and 7.2.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import attrs

from ..._extras import need
from ...errors import ConfigurationError, InputError

__all__ = [
    "Passkey",
    "PasskeyPlan",
    "Proven",
    "challenge_of",
    "credential_id_in",
    "login_options",
    "proven",
    "registered",
    "registration_options",
]

_MILLIS = 1000


@attrs.frozen(kw_only=True)
class PasskeyPlan:
    """
    Where passkeys are used.

    Attributes:
        rp_id: Domain of the bank's service; a key answers there and nowhere else.
        rp_name: What operators read on their device.
        origins: Addresses of the service's pages, such as ``https://cif.bank.example``.
        device_bound: Whether only keys are taken that cannot leave their device.
    """

    rp_id: str
    rp_name: str
    origins: tuple[str, ...]
    device_bound: bool = False

    def __attrs_post_init__(self) -> None:
        def is_safe(origin: str) -> bool:
            parts = urlsplit(origin)
            return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname == "localhost")

        if not self.rp_id or not self.rp_name or not self.origins or not all(map(is_safe, self.origins)):
            raise ConfigurationError(
                "passkeys need a domain, a name, and the https origins of the service's pages", rule="passkey_plan"
            )


@attrs.frozen(kw_only=True)
class Passkey:
    """A key that was registered."""

    credential_id: bytes
    public_key: bytes = attrs.field(repr=False)
    count: int
    device_bound: bool


@attrs.frozen(kw_only=True)
class Proven:
    """What an answer proved: the counter now, and whether the key is bound to its device."""

    count: int
    device_bound: bool


def challenge_of(nonce: bytes, operation: str) -> bytes:
    """What the device signs: a fresh nonce, and the digest (hexadecimal) of the operation it is asked for, if any."""
    return hashlib.sha256(b"bankcif/v1/challenge\0" + nonce + operation.encode()).digest()


def registration_options(
    plan: PasskeyPlan, operator: str, handle: bytes, challenge: bytes, known: list[bytes], minutes: int
) -> str:
    """What the operator's browser is asked to make, as JSON for ``navigator.credentials.create``."""
    webauthn = need("webauthn", extra="auth")
    kinds = webauthn.helpers.structs
    options = webauthn.generate_registration_options(
        rp_id=plan.rp_id, rp_name=plan.rp_name, user_name=operator, user_id=handle, challenge=challenge,
        timeout=minutes * 60 * _MILLIS,
        authenticator_selection=kinds.AuthenticatorSelectionCriteria(
            resident_key=kinds.ResidentKeyRequirement.REQUIRED,
            user_verification=kinds.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[kinds.PublicKeyCredentialDescriptor(id=one) for one in known],
    )  # fmt: skip
    return str(webauthn.options_to_json(options))


def registered(plan: PasskeyPlan, response: str | Mapping[str, Any], challenge: bytes) -> Passkey:
    """
    The key that *response*, from the operator's browser, brings.

    Raises:
        InputError: It is no answer to *challenge* from one of the service's pages, its device did not recognize its owner, or
            a key that may leave its device was brought where that is not taken.
    """
    webauthn = need("webauthn", extra="auth")
    done: Any = None
    try:
        done = webauthn.verify_registration_response(
            credential=_given(response), expected_challenge=challenge, expected_rp_id=plan.rp_id,
            expected_origin=list(plan.origins), require_user_verification=True,
        )  # fmt: skip
        if _is_framed(webauthn, webauthn.helpers.parse_registration_credential_json(_given(response))):
            raise ValueError("in a frame")
        webauthn.helpers.decoded_public_key_to_cryptography(
            webauthn.helpers.decode_credential_public_key(done.credential_public_key)
        )
    except _hostile(webauthn):
        done = None
    if done is None or not done.user_verified:
        raise InputError("the device's answer does not hold; begin again", path="$.passkey", rule="passkey")
    bound = done.credential_device_type == webauthn.helpers.structs.CredentialDeviceType.SINGLE_DEVICE
    if plan.device_bound and not bound:
        raise InputError(
            "this key may leave its device, and only bound ones are taken: use a security key or a key of the machine",
            path="$.passkey", rule="device_bound",
        )  # fmt: skip
    return Passkey(
        credential_id=done.credential_id,
        public_key=done.credential_public_key,
        count=done.sign_count,
        device_bound=bound,
    )


def login_options(plan: PasskeyPlan, challenge: bytes, minutes: int) -> str:
    """
    What the browser is asked to sign, as JSON for ``navigator.credentials.get``. It names no key, so that nobody learns who
    has one: the device offers what it holds for the service.
    """
    webauthn = need("webauthn", extra="auth")
    options = webauthn.generate_authentication_options(
        rp_id=plan.rp_id, challenge=challenge, timeout=minutes * 60 * _MILLIS,
        user_verification=webauthn.helpers.structs.UserVerificationRequirement.REQUIRED,
    )  # fmt: skip
    return str(webauthn.options_to_json(options))


def proven(plan: PasskeyPlan, response: str | Mapping[str, Any], challenge: bytes, key: Passkey) -> Proven | None:
    """What *response* proves of *key*; None if nothing."""
    webauthn = need("webauthn", extra="auth")
    try:
        done = webauthn.verify_authentication_response(
            credential=_given(response), expected_challenge=challenge, expected_rp_id=plan.rp_id,
            expected_origin=list(plan.origins), credential_public_key=key.public_key,
            credential_current_sign_count=key.count, require_user_verification=True,
        )  # fmt: skip
        if _is_framed(webauthn, webauthn.helpers.parse_authentication_credential_json(_given(response))):
            return None
    except _hostile(webauthn):
        return None
    bound = done.credential_device_type == webauthn.helpers.structs.CredentialDeviceType.SINGLE_DEVICE
    # Whether a key may leave its device never changes: one that says otherwise than when it was enrolled is another, or a copy.
    if not done.user_verified or bound is not key.device_bound or (plan.device_bound and not bound):
        return None
    return Proven(count=done.new_sign_count, device_bound=bound)


def credential_id_in(response: str | Mapping[str, Any]) -> bytes:
    """The id of the key that *response* speaks of; empty if it speaks of none."""
    webauthn = need("webauthn", extra="auth")
    try:
        return bytes(webauthn.helpers.parse_authentication_credential_json(_given(response)).raw_id)
    except _hostile(webauthn):
        return b""


_MOST_CHARACTERS = 20_000


def _is_framed(webauthn: Any, credential: Any) -> bool:
    """Whether the service's page stood in a frame of somebody else's when its user answered."""
    said = webauthn.helpers.parse_client_data_json(credential.response.client_data_json)
    return bool(said.cross_origin)


def _hostile(webauthn: Any) -> tuple[type[Exception], ...]:
    """What an answer that is none, or made to do harm, ends with."""
    ours = webauthn.helpers.exceptions.WebAuthnException
    unsupported = import_module("cryptography.exceptions").UnsupportedAlgorithm
    return (ours, unsupported, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)


def _given(response: str | Mapping[str, Any]) -> str | dict[str, Any]:
    if isinstance(response, str):
        if len(response) > _MOST_CHARACTERS:
            raise ValueError("too long")
        return response
    if len(json.dumps(response, default=str)) > _MOST_CHARACTERS:
        raise ValueError("too long")
    return dict(response)
