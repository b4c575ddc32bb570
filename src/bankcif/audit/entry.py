"""
Audit entries: who did what to whom, what for, by which rule, how often; never a value.

The hash of an entry runs over the canonical encoding of (format, tenant, stream, number, previous hash, body, sealed
bytes), so that a changed, dropped or re-ordered entry breaks the chain.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

import attrs

from .._canonical import dumps, loads, sha256
from ..context import Actor, Purpose

__all__ = ["GENESIS", "AuditEntry", "AuditRow", "Outcome", "chained"]

GENESIS = bytes(32)
"""Previous hash of a stream's first entry."""


class Outcome(enum.StrEnum):
    """How an operation ended."""

    DONE = "done"
    REFUSED = "refused"


@attrs.frozen(kw_only=True)
class AuditEntry:
    """
    One entry.

    Attributes:
        at: Microseconds since 1970, UTC.
        actor: Id of the operator or service.
        person: The natural person behind it, where that is not the id itself.
        behalf: On whose behalf, where it was delegated.
        auth: How they were recognized, as ``method+method:level``; empty where the service did not say.
        origin: From where, as the service names it: a terminal, an address.
        correlation: The service's own id of the request.
        action: What was done (``register``, ``view``, ``reveal``, ``merge`` …).
        purpose: What for; empty for a write.
        outcome: Whether it was done or refused.
        subjects: Customers concerned, by cif_no.
        fields: Field names concerned.
        rule: Rule of the policy, link policy or matcher that decided.
        count: How many customers or rows.
        channel: Channel of a write.
        terms: Search terms as keyed tags (hexadecimal), by index.
        faults: How often each rule of intake was broken, as ``severity:rule``.
        digests: Version and digest of each changed party's row, as ``version:hexadecimal``, by cif_no.
        marks: The same of each other row that was written and that somebody could gain from putting back as it once stood, by
            kind and id, such as ``approval:…``; ``version:`` alone of one that is gone.
        sealed: Bytes that a flow sealed under the subject's key; the log does not look into them.
    """

    at: int
    actor: str
    action: str
    person: str = ""
    behalf: str = ""
    auth: str = ""
    origin: str = ""
    correlation: str = ""
    purpose: str = ""
    outcome: Outcome = Outcome.DONE
    subjects: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    rule: str = ""
    count: int = 0
    channel: str = ""
    terms: Mapping[str, str] = attrs.field(factory=dict)
    faults: Mapping[str, int] = attrs.field(factory=dict)
    digests: Mapping[str, str] = attrs.field(factory=dict)
    marks: Mapping[str, str] = attrs.field(factory=dict)
    sealed: bytes | None = None

    @classmethod
    def by(cls, actor: Actor, action: str, at: int, *, purpose: Purpose | None = None, **more: Any) -> AuditEntry:
        """What *actor* did or tried at *at*, with all that the log keeps of who that is; *more* are the other attributes."""
        auth = "" if actor.auth is None else f"{'+'.join(actor.auth.methods)}:{actor.auth.assurance}"
        return cls(
            at=at, actor=actor.id, action=action, purpose=purpose.value if purpose else "", auth=auth,
            person="" if actor.person == actor.id else actor.person, behalf=actor.on_behalf_of, origin=actor.origin,
            correlation=actor.correlation, **more,
        )  # fmt: skip

    def body(self) -> bytes:
        """Canonical JSON of everything but `sealed`; empty parts are left out."""
        parts: dict[str, Any] = {
            "at": self.at, "actor": self.actor, "action": self.action, "person": self.person, "behalf": self.behalf, "auth": self.auth,
            "origin": self.origin, "correlation": self.correlation, "purpose": self.purpose,
            "outcome": self.outcome.value, "subjects": list(self.subjects), "fields": list(self.fields),
            "rule": self.rule, "count": self.count, "channel": self.channel, "terms": dict(self.terms),
            "faults": dict(self.faults), "digests": dict(self.digests),
            "marks": dict(self.marks),
        }  # fmt: skip
        return dumps({name: value for name, value in parts.items() if value not in ("", [], {}, 0)})

    @classmethod
    def of_body(cls, body: bytes, sealed: bytes | None = None) -> AuditEntry:
        """The reverse of `body`."""
        parts = loads(body)
        return cls(
            **{
                "at": 0,
                **parts,
                "outcome": Outcome(parts["outcome"]),
                "subjects": tuple(parts.get("subjects", ())),
                "fields": tuple(parts.get("fields", ())),
                "sealed": sealed,
            }
        )


@attrs.frozen
class AuditRow:
    """
    An entry as it rests: its place in a stream, its body, and the chain.

    Attributes:
        stream: Writer's stream.
        number: From 1, without gaps.
        at, actor: When and who, for selecting; both stand in the body too.
        body: Canonical JSON.
        sealed: Sealed bytes, or None.
        hash: SHA-256 over this entry and its predecessor's hash.
    """

    stream: str
    number: int
    at: int
    actor: str
    body: bytes
    sealed: bytes | None
    hash: bytes

    def chained(self, tenant: str, previous: bytes) -> bytes:
        """The hash this row must have behind a row with hash *previous*."""
        return chained(tenant, self.stream, self.number, previous, self.body, self.sealed)


def chained(tenant: str, stream: str, number: int, previous: bytes, body: bytes, sealed: bytes | None) -> bytes:
    """The hash of an entry behind one with hash *previous*."""
    return sha256("bankcif/v1/audit", tenant, stream, number, previous, body, sealed)
