"""What survivorship hears and gives: statements of sources, how far each is believed, and the golden record with its origins."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from ..errors import ConfigurationError
from ..party import SourceKey

if TYPE_CHECKING:
    from .verification import Verification

__all__ = [
    "DECISIONS",
    "NOBODY",
    "Decay",
    "GoldenRecord",
    "Override",
    "Proposal",
    "Provenance",
    "Release",
    "Statement",
    "Terms",
]

DECISIONS = "bankcif.approval"
"""Source of values that a second person approved."""
_DAY = 86_400 * 1_000_000


@attrs.frozen(kw_only=True)
class Decay:
    """
    How a source's word loses trust while others bring newer ones: evenly, day by day.

    Attributes:
        days: After how many it has fallen as far as it does.
        least: To what trust, 0 to 100.
    """

    days: int
    least: int = 0

    def __attrs_post_init__(self) -> None:
        if not (0 < self.days <= 36_500 and 0 <= self.least <= 100):
            raise ConfigurationError("trust decays over 1 to 36,500 days, down to 0 to 100", rule="survivorship")

    def left(self, trust: int, age: int | None) -> int:
        """
        What is left of *trust*, in thousandths.

        Args:
            trust: 0 to 100.
            age: Microseconds; None if it is not known, and then all is lost that can be.
        """
        lost, span = max(trust - self.least, 0), self.days * _DAY
        return 1000 * trust - (1000 * lost if age is None or age >= span else 1000 * lost * max(age, 0) // span)


class Release(enum.StrEnum):
    """When an override ends by itself; a later decision on the field ends it in any case."""

    EXPIRY = "expiry"
    SOURCES_CHANGE = "sources_change"


@attrs.frozen(kw_only=True)
class Override:
    """
    That a record is no source's word but a person's decision, which stands above what sources say.

    Attributes:
        release: When it ends.
        until: The instant at which it ends, in microseconds; with `Release.EXPIRY` it must be there, and else it may.
        effective: The instant from which on it stands, before or behind the one at which it was said; that one if None.
        waits: Whether a second person decides about it, and it is not heard: what they approve becomes a record of its own.
        code, evidence: Of a change set, why, as a code, and a reference to what proves it.
    """

    release: Release
    until: int | None = None
    effective: int | None = None
    waits: bool = False
    code: str = ""
    evidence: str = ""

    def stored(self) -> dict[str, Any]:
        """The form in sealed payloads; what is nothing is left out."""
        more = {"effective": self.effective, "waits": self.waits, "code": self.code, "evidence": self.evidence}
        return {
            "release": self.release.value, "until": self.until,
            **{name: value for name, value in more.items() if value not in (None, False, "")},
        }  # fmt: skip

    @classmethod
    def of_stored(cls, stored: Mapping[str, Any]) -> Override:
        """The reverse of `stored`."""
        return cls(**{**stored, "release": Release(stored["release"])})


@attrs.frozen(kw_only=True)
class Terms:
    """
    How far a source is believed, as it stood when the record came; kept with the record.

    Attributes:
        trust: 0 to 100 in general.
        trust_by_field: 0 to 100 by field.
        may_change: Protected fields it may change without approval.
        decay: How trust falls, by field; under ``*`` for all that are not named.
    """

    trust: int = 50
    trust_by_field: Mapping[str, int] = attrs.field(factory=dict)
    may_change: frozenset[str] = frozenset()
    decay: Mapping[str, Decay] = attrs.field(factory=dict)

    def trust_in(self, field: str, age: int | None) -> int:
        """
        How far a word on *field* is believed, in thousandths.

        Args:
            field: The field.
            age: How much older the word is than the newest one on the customer, in microseconds; None if that is not known.
        """
        trust = self.trust_by_field.get(field, self.trust)
        decay = self.decay.get(field) or self.decay.get("*")
        return 1000 * trust if decay is None else decay.left(trust, age)

    def stored(self) -> dict[str, Any]:
        """The form in sealed payloads."""
        decays = {field: [one.days, one.least] for field, one in self.decay.items()}
        return {
            "trust": self.trust, "trust_by_field": dict(self.trust_by_field), "may_change": sorted(self.may_change),
            **({"decay": decays} if decays else {}),
        }  # fmt: skip

    @classmethod
    def of_stored(cls, stored: Mapping[str, Any]) -> Terms:
        """The reverse of `stored`."""
        return cls(
            trust=stored["trust"], trust_by_field=stored["trust_by_field"],
            may_change=frozenset(stored["may_change"]),
            decay={field: Decay(days=days, least=least) for field, (days, least) in stored.get("decay", {}).items()},
        )  # fmt: skip


@attrs.frozen(kw_only=True, repr=False)
class Statement:
    """
    One source record as survivorship hears it.

    Attributes:
        origin: Source and source key.
        record_no: Number of the record under its source key, from 0.
        channel: Channel it came by.
        received_at: Microseconds since 1970, UTC; decides only whether it was known as of an instant.
        business_time: The source's own time in microseconds, or None.
        values: Stored values by field name.
        terms: How far the source is believed.
        restricted: Whether it was proven false, or its processing was restricted; then it is not heard.
        actor, person: Who delivered it; survivorship does not ask, approval does.
        verification: The check, of a record that is one; such a record asserts no value.
        override: That it is a person's decision, if it is one.
        word: What is said of a tag, in stored form, of a record that does; survivorship does not ask, the portrait does.
    """

    origin: SourceKey
    record_no: int
    channel: str
    received_at: int
    business_time: int | None
    values: Mapping[str, Any]
    terms: Terms
    restricted: bool = False
    actor: str = ""
    person: str = ""
    verification: Verification | None = None
    override: Override | None = None
    word: Mapping[str, Any] | None = None

    @property
    def place(self) -> tuple[str, str, int]:
        """Source, source key and record number."""
        return (self.origin.source, self.origin.key, self.record_no)


@attrs.frozen
class Provenance:
    """Where a golden value came from, and by which rule."""

    source: str
    source_key: str
    record_no: int
    rule: str

    @property
    def place(self) -> tuple[str, str, int]:
        """Source, source key and record number."""
        return (self.source, self.source_key, self.record_no)

    def stored(self) -> tuple[str, str, int, str]:
        """The form in sealed payloads."""
        return (self.source, self.source_key, self.record_no, self.rule)


@attrs.frozen
class Proposal:
    """A value that a record asserts of a protected field, which differs from the golden one; by reference, no value."""

    field: str
    source: str
    source_key: str
    record_no: int

    @property
    def place(self) -> tuple[str, str, int]:
        """Source, source key and record number."""
        return (self.source, self.source_key, self.record_no)


@attrs.frozen(kw_only=True, repr=False)
class GoldenRecord:
    """
    The merged truth of one party.

    Attributes:
        values: Stored values by field name.
        provenance: Where each came from; for children, where the first did.
        proposals: What waits for approval.
        channels: Channels that know the party.
    """

    values: Mapping[str, Any]
    provenance: Mapping[str, Provenance]
    proposals: tuple[Proposal, ...]
    channels: tuple[str, ...]


NOBODY = GoldenRecord(values={}, provenance={}, proposals=(), channels=())
"""The golden record of no records."""
