"""Who asks, what for, through which channel, and what is answered."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import datetime
from typing import NewType

import attrs

from .errors import ConfigurationError

__all__ = ["Actor", "AuthContext", "Decision", "Effect", "Purpose", "Relation", "Sink", "Tenant", "Ticket"]

_LONGEST = 64

Tenant = NewType("Tenant", str)
"""One bank, or one legal entity of it; everything stored lies behind its name."""


class Purpose(enum.StrEnum):
    """What customer data is wanted for; every read names one."""

    SERVICE = "service"
    RELATIONSHIP = "relationship"
    MARKETING = "marketing"
    RISK = "risk"
    COMPLIANCE = "compliance"
    ANALYTICS = "analytics"
    OPERATIONS = "operations"
    AUDIT = "audit"


class Relation(enum.StrEnum):
    """
    How an actor stands to a customer: as their manager, at their branch, with a work ticket that names them, having broken the
    glass before them, or somehow.
    """

    PORTFOLIO = "portfolio"
    BRANCH = "branch"
    TICKET = "ticket"
    BREAK_GLASS = "break_glass"
    ANY = "any"


class Sink(enum.StrEnum):
    """Where a value goes."""

    DISPLAY = "display"
    PRINT = "print"
    EXPORT = "export"
    LOG = "log"


class Effect(enum.StrEnum):
    """What a policy says of one field."""

    PERMIT = "permit"
    MASK = "mask"
    DENY = "deny"


@attrs.frozen(kw_only=True)
class AuthContext:
    """
    How an operator was recognized.

    Attributes:
        methods: By what, such as ``password``, ``totp``, ``passkey``; names of RFC 8176 from a single sign-on.
        assurance: Level: 1 one factor, 2 two, or one that its device unlocks for its owner, 3 one that also cannot leave
            that device.
        at: When; aware.
        operation: Digest (hexadecimal) of the one operation they were recognized for, if it was one.

    Source: the levels after NIST SP 800-63B-4 (2025), AAL1 to AAL3.
    """

    methods: tuple[str, ...]
    assurance: int
    at: datetime
    operation: str = ""

    def __attrs_post_init__(self) -> None:
        if not 1 <= self.assurance <= 3 or self.at.tzinfo is None:
            raise ConfigurationError("a level of assurance is 1, 2 or 3, at an aware instant", rule="auth")
        if not self.methods or not all(0 < len(one) <= 32 and one.isprintable() for one in self.methods):
            raise ConfigurationError("methods of recognition are short printable names, one at least", rule="auth")


@attrs.frozen(kw_only=True)
class Ticket:
    """
    A work order by which an operator deals with one customer for a while.

    Attributes:
        id: The bank's own id of it; stands in the audit log.
        cif_no: The customer it names.
        expires_at: Until when it holds; aware.
    """

    id: str
    cif_no: str
    expires_at: datetime

    def __attrs_post_init__(self) -> None:
        if not self.id or len(self.id) > _LONGEST or not self.id.isprintable():
            raise ConfigurationError("a ticket's id is one to 64 printable characters", rule="ticket")
        if self.expires_at.tzinfo is None:
            raise ConfigurationError("a ticket expires at an aware instant", rule="ticket")


def _roles(names: Iterable[str]) -> frozenset[str]:
    return frozenset(names)


@attrs.frozen(kw_only=True)
class Actor:
    """
    The operator or service on whose behalf something is done.

    Attributes:
        id: The bank's own id of the operator; stands in the audit log.
        roles: Names that the access policy knows.
        branch: Branch the operator works at, if any.
        person: The natural person behind the id; two ids of one person are not two pairs of eyes.
        on_behalf_of: The person whose authority they act with, where it was delegated to them.
        auth: How the operator was recognized; None says nothing of it.
        tickets: Work orders the operator holds.
        origin: From where they work: a terminal, an address; stands in the audit log.
        correlation: The service's own id of the request, by which its logs and this one are joined.
    """

    id: str
    roles: frozenset[str] = attrs.field(default=frozenset(), converter=_roles)
    branch: str | None = None
    person: str = attrs.field(default=attrs.Factory(lambda self: self.id, takes_self=True))
    on_behalf_of: str = ""
    auth: AuthContext | None = None
    tickets: tuple[Ticket, ...] = ()
    origin: str = ""
    correlation: str = ""

    def __attrs_post_init__(self) -> None:
        if not self.id or not self.person:
            raise ConfigurationError("an actor has an id, and a person behind it", rule="actor")
        for name in ("id", "person", "on_behalf_of", "origin", "correlation"):
            value = getattr(self, name)
            if len(value) > _LONGEST or not value.isprintable():
                raise ConfigurationError(f"an actor's {name} is at most 64 printable characters", rule="actor")


@attrs.frozen
class Decision:
    """What a policy says, and the rule that said it."""

    effect: Effect
    rule: str
