"""
One-time codes: by counter (HOTP) and by time (TOTP), each good once.

Source: RFC 4226 (2005) and RFC 6238 (2011); the address form ``otpauth://`` after the Key URI Format that authenticator
apps read.
"""

from __future__ import annotations

import base64
import hmac
import io
from typing import Literal
from urllib.parse import quote, urlencode

import attrs
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

from ..._clock import IdSource
from ..._extras import need
from ...errors import ConfigurationError

__all__ = ["CodePlan", "Provisioning", "accepted_step", "code_at", "new_secret", "provisioning"]

_ALGORITHMS: dict[str, type[hashes.SHA1 | hashes.SHA256 | hashes.SHA512]] = {
    "SHA1": hashes.SHA1,
    "SHA256": hashes.SHA256,
    "SHA512": hashes.SHA512,
}
_SECRET = 20
_MICROS = 1_000_000

CodeKind = Literal["totp", "hotp"]


@attrs.frozen(kw_only=True)
class CodePlan:
    """
    How codes are made.

    Attributes:
        digits: Of a code, 6 to 8.
        algorithm: ``SHA1`` (all apps and tokens), ``SHA256`` or ``SHA512``.
        period: Seconds that a code by time lasts.
        drift: How many periods a clock may be off, either way.
        ahead: How many presses a token may be ahead of the last code that was used.
        issuer: Who stands in the operator's app.
    """

    digits: int = 6
    algorithm: str = "SHA1"
    period: int = 30
    drift: int = 1
    ahead: int = 10
    issuer: str = "bankcif"

    def __attrs_post_init__(self) -> None:
        counts = 6 <= self.digits <= 8 and self.period > 0 and 0 <= self.drift <= 10 and 0 <= self.ahead <= 100
        if not counts or self.algorithm not in _ALGORITHMS or not self.issuer or ":" in self.issuer:
            raise ConfigurationError(
                "a plan of codes has 6 to 8 digits, SHA1, SHA256 or SHA512, a period, a drift up to 10 and an issuer without "
                "a colon",
                rule="code_plan",
            )


@attrs.frozen(kw_only=True)
class Provisioning:
    """
    What an operator puts into their app or token, once; shown to them and to nobody else.

    Attributes:
        uri: ``otpauth://…``, which holds the secret.
        secret: The secret by itself, in base 32.
        proposal: What a second keeper of operators approves, before which the token does not count.
    """

    uri: str = attrs.field(repr=False)
    secret: str = attrs.field(repr=False)
    proposal: str = ""

    def qr_svg(self) -> str:
        """
        The address as a QR code, for an app's camera.

        Raises:
            MissingExtraError: segno is not installed.
        """
        out = io.BytesIO()
        need("segno", extra="auth").make(self.uri, error="m").save(out, kind="svg", scale=4)
        return out.getvalue().decode()


def new_secret(ids: IdSource) -> bytes:
    """A secret of 160 bits, as RFC 4226 recommends."""
    return ids.draw(_SECRET)


def code_at(secret: bytes, step: int, plan: CodePlan) -> str:
    """The code of one step: a counter, or the number of a period since 1970."""
    maker = HOTP(secret, plan.digits, _ALGORITHMS[plan.algorithm](), enforce_key_length=False)
    return maker.generate(step).decode()


def accepted_step(secret: bytes, code: str, kind: CodeKind, *, last: int, now: int, plan: CodePlan) -> int | None:
    """
    The step that *code* belongs to, which may not be used again; None if it belongs to none that is still good.

    Args:
        secret: The operator's.
        code: What they typed; spaces are passed over.
        kind: By time or by counter.
        last: The last step that was used, -1 if none was.
        now: Microseconds since 1970, UTC.
        plan: How codes are made.
    """
    if kind == "totp":
        present = now // _MICROS // plan.period
        steps = range(max(present - plan.drift, 0), present + plan.drift + 1)
    else:
        steps = range(last + 1, last + 2 + plan.ahead)
    typed = code.replace(" ", "").encode("ascii", "replace")
    found = None
    for step in steps:
        # Every step is compared, so that the time tells nothing.
        if hmac.compare_digest(code_at(secret, step, plan).encode(), typed) and step > last:
            found = step
    return found


def provisioning(secret: bytes, operator: str, kind: CodeKind, plan: CodePlan) -> Provisioning:
    """What *operator* puts into their app."""
    encoded = base64.b32encode(secret).decode().rstrip("=")
    more = {"period": plan.period} if kind == "totp" else {"counter": 0}
    query = urlencode(
        {"secret": encoded, "issuer": plan.issuer, "algorithm": plan.algorithm, "digits": plan.digits, **more},
        quote_via=quote,
    )
    return Provisioning(uri=f"otpauth://{kind}/{quote(plan.issuer)}:{quote(operator)}?{query}", secret=encoded)
