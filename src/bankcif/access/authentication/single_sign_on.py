"""
The bank's own single sign-on: an OpenID Connect ID token becomes an actor.

The bank's service has had the token from its provider, in exchange for a code, over TLS; here it is checked once more, and
what it says of the operator, of the methods and of the instant is taken over.

Source: OpenID Connect Core 1.0, clauses 2 (``acr``, ``amr``, ``auth_time``) and 3.1.3.7; RFC 8176 (2017) for ``amr``; RFC 8725
(2020) for what a reader of tokens must not trust.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import attrs

from ..._clock import Clock
from ..._extras import need
from ...context import Actor, AuthContext
from ...errors import AuthenticationError, ConfigurationError

__all__ = ["OidcSignOn"]

_ALGORITHMS = frozenset({"ES256", "ES384", "ES512", "EdDSA", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"})
_MOST_CHARACTERS = 20_000
_KINDS = {"ES": "EC", "Ed": "OKP", "PS": "RSA", "RS": "RSA"}
"""Type of key of RFC 7518 by the first letters of an algorithm."""
_SECOND = frozenset({"otp", "hwk", "swk", "sms", "tel", "mfa", "sc", "fpt", "face", "iris", "retina", "vbm"})


@attrs.frozen(kw_only=True)
class OidcSignOn:
    """
    Reads ID tokens of one provider.

    Attributes:
        issuer, audience: Who made the token, and for whom.
        keys: The provider's JSON Web Key Set, as it publishes it; pass a new one when it changes.
        algorithms: Signatures that are taken; never one by a shared secret, and never none.
        levels: Level of assurance by the token's ``acr``. Without one, ``amr`` decides: two kinds of factor, or ``mfa``, are
            2, one is 1.
        roles, branch, person: Names of the claims that hold roles (a list), branch and person.
        leeway: Seconds that clocks may differ.
    """

    issuer: str
    audience: str
    keys: Mapping[str, Any] = attrs.field(repr=False)
    algorithms: Sequence[str] = ("ES256", "EdDSA", "PS256", "RS256")
    levels: Mapping[str, int] = attrs.field(factory=dict)
    roles: str = "roles"
    branch: str = "branch"
    person: str = "sub"
    leeway: int = 30

    def __attrs_post_init__(self) -> None:
        if not self.issuer or not self.audience or not set(self.algorithms) <= _ALGORITHMS or not self.algorithms:
            raise ConfigurationError(
                f"a sign-on names its issuer and audience, and signatures of {', '.join(sorted(_ALGORITHMS))}",
                rule="sign_on",
            )

    def actor(self, token: str, *, clock: Clock, nonce: str | None = None) -> Actor:
        """
        Whom *token* speaks of.

        Args:
            token: The ID token.
            clock: Time.
            nonce: What the service sent along, if it did.

        Raises:
            AuthenticationError: The token is not one of this provider for this audience, is over, or says too little.
            MissingExtraError: PyJWT is not installed.
        """
        jwt = need("jwt", extra="sso")
        claims: dict[str, Any] | None = None
        try:
            claims = self._claims(jwt, token, clock.now().timestamp())
        except (jwt.exceptions.PyJWTError, ValueError, TypeError, KeyError, AttributeError, ArithmeticError):
            claims = None
        if claims is None or (nonce is not None and claims.get("nonce") != nonce):
            raise AuthenticationError(
                "the token is not one of this provider for this service, or is over", rule="token"
            )
        return self._actor(claims)

    def _claims(self, jwt: Any, token: str, now: float) -> dict[str, Any] | None:
        if len(token) > _MOST_CHARACTERS:
            return None
        head = jwt.get_unverified_header(token)
        named, algorithm = head.get("kid"), head.get("alg")
        known = [
            one
            for one in self.keys.get("keys", ())
            if named in (None, one.get("kid"))
            and one.get("use", "sig") == "sig"
            and one.get("alg", algorithm) == algorithm
        ]
        if len(known) != 1 or algorithm not in self.algorithms or known[0].get("kty") != _KINDS.get(str(algorithm)[:2]):
            return None
        key = jwt.PyJWK.from_dict(dict(known[0]), algorithm=algorithm)
        claims: dict[str, Any] = jwt.decode(
            token, key, algorithms=[algorithm], audience=self.audience, issuer=self.issuer,
            options={"require": ["exp", "iat", "sub", "aud", "iss"], "verify_exp": False, "verify_iat": False,
                     "verify_nbf": False},
        )  # fmt: skip
        begins = max(float(claims["iat"]), float(claims.get("nbf", 0)))
        in_time = begins - self.leeway <= now < float(claims["exp"]) + self.leeway
        parties = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        meant = claims.get("azp", self.audience if len(parties) == 1 else None) == self.audience
        return claims if in_time and meant else None

    def _actor(self, claims: Mapping[str, Any]) -> Actor:
        roles, methods = claims.get(self.roles, []), claims.get("amr", [])
        known = all(isinstance(one, list) and all(isinstance(name, str) for name in one) for one in (roles, methods))
        # Who says nothing of the person says too little: two accounts of one must not pass for two people.
        person, branch = claims.get(self.person), claims.get(self.branch)
        person = str(person) if type(person) is int else person
        known = known and isinstance(person, str) and isinstance(branch, str | None)
        known = known and not str(claims["sub"]).startswith("bankcif.")
        found: Actor | None = None
        if known:
            try:
                found = Actor(
                    id=str(claims["sub"]), roles=frozenset(roles), branch=branch, person=str(person),
                    auth=AuthContext(
                        methods=tuple(methods) or ("sso",), assurance=self._level(claims.get("acr"), methods),
                        # Without it the token may be renewed from a session of any age; ask the provider for max_age.
                        at=datetime.fromtimestamp(float(claims.get("auth_time", 0)), UTC),
                    ),
                )  # fmt: skip
            except (ConfigurationError, ValueError, TypeError, OverflowError):
                found = None
        if found is None:
            raise AuthenticationError("the token does not say who this is in a form that is known", rule="token")
        return found

    def _level(self, acr: object, methods: Sequence[str]) -> int:
        if isinstance(acr, str) and acr in self.levels:
            return self.levels[acr]
        two = "mfa" in methods or ("pwd" in methods and not _SECOND.isdisjoint(methods))
        return 2 if two else 1
