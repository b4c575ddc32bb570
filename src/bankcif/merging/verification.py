"""
Verification: who has checked a value, how, and whether that still holds.

A check is a source record of its own, bound to the value it saw by a keyed digest. Whether it holds is computed from the
records alone, so it moves with a merge and comes back with an unmerge, and it is lost for good once the value changes.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import attrs

from ..party import PartyKind
from .rules import STANDARD_RULES, SurvivorshipRules
from .statement import Statement
from .survivorship import survive, value_at

__all__ = [
    "Assurance",
    "Verification",
    "VerificationState",
    "VerifiedField",
    "verification_states",
]


class Assurance(enum.StrEnum):
    """How much a check proves. Source: the levels of assurance of Regulation (EU) 910/2014, art. 8, as common terms."""

    LOW = "low"
    SUBSTANTIAL = "substantial"
    HIGH = "high"


class VerificationState(enum.StrEnum):
    """What is known of a value."""

    UNVERIFIED = "unverified"
    VERIFIED = "verified"
    FAILED = "failed"
    EXPIRED = "expired"


@attrs.frozen(kw_only=True)
class Verification:
    """
    One check.

    Attributes:
        fields: What was checked together: fields (``phone``), or documents of a scheme (``identifiers.passport``).
        value_tag: Keyed digest of their values, in hexadecimal.
        confirmed: What came out.
        method: How, such as ``document_seen``, ``identity_registry``, ``operator``, ``one_time_code``.
        level: How much it proves.
        evidence: Reference to the evidence, never the evidence or a value itself.
        actor: Who checked, or let check.
        at: When, in microseconds since 1970, UTC.
        valid_until: Last day on which it counts; None for no end.
    """

    fields: tuple[str, ...]
    value_tag: str
    confirmed: bool
    method: str
    level: Assurance
    evidence: str
    actor: str
    at: int
    valid_until: date | None = None

    def stored(self) -> dict[str, Any]:
        """The form in sealed payloads."""
        return {
            "fields": list(self.fields), "value_tag": self.value_tag, "confirmed": self.confirmed, "method": self.method,
            "level": self.level.value, "evidence": self.evidence, "actor": self.actor, "at": self.at,
            "valid_until": self.valid_until.isoformat() if self.valid_until else None,
        }  # fmt: skip

    @classmethod
    def of_stored(cls, stored: Mapping[str, Any]) -> Verification:
        """The reverse of `stored`."""
        until = stored["valid_until"]
        return cls(
            fields=tuple(stored["fields"]), value_tag=stored["value_tag"], confirmed=stored["confirmed"],
            method=stored["method"], level=Assurance(stored["level"]), evidence=stored["evidence"],
            actor=stored["actor"], at=stored["at"], valid_until=date.fromisoformat(until) if until else None,
        )  # fmt: skip


@attrs.frozen(kw_only=True)
class VerifiedField:
    """
    Where one field stands.

    Attributes:
        state: In one word.
        last: The last check of it; None if there was none.
        lost: Whether that check was lost because the value has changed since.
    """

    state: VerificationState
    last: Verification | None = None
    lost: bool = False


def verification_states(
    kind: PartyKind,
    records: Sequence[Statement],
    *,
    anchor: tuple[str, str, int],
    digest: Callable[[Mapping[str, Any]], str],
    today: date,
    rules: SurvivorshipRules = STANDARD_RULES,
) -> dict[str, VerifiedField]:
    """
    The state of every field of which a check is known.

    Args:
        kind: Party kind.
        records: All source records of the party, checks among them.
        anchor: Place of its founding record.
        digest: Keyed digest of path to value.
        today: The day in the bank's zone.
        rules: How fields survive.
    """
    checks = [(r, r.verification) for r in records if r.verification is not None and not r.restricted]
    moments = sorted({r.received_at for r in records if r.verification is None})
    goldens: dict[int, Mapping[str, Any]] = {}

    def golden(at: int) -> Mapping[str, Any]:
        if at not in goldens:
            goldens[at] = survive(kind, records, anchor=anchor, as_of=at, rules=rules, digest=digest).values
        return goldens[at]

    states: dict[str, VerifiedField] = {}
    for record, check in sorted(checks, key=lambda pair: (pair[1].at, pair[0].place)):
        times = [record.received_at, *(at for at in moments if at > record.received_at)]
        holds = all(
            digest({path: value_at(golden(at), path) for path in check.fields}) == check.value_tag for at in times
        )
        for path in check.fields:
            states[path] = VerifiedField(state=_state(check, today) if holds else VerificationState.UNVERIFIED,
                                         last=check, lost=not holds)  # fmt: skip
    return states


def _state(check: Verification, today: date) -> VerificationState:
    if not check.confirmed:
        return VerificationState.FAILED
    if check.valid_until is not None and check.valid_until < today:
        return VerificationState.EXPIRED
    return VerificationState.VERIFIED
