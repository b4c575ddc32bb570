"""Numbers and their rules."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from .._clock import Clock
from ..party import ReferenceTables
from .card import Card
from .cn import ResidentId, ResidentIdFacts, ResidentIdKind, facts_of, resident_ids
from .email import Email
from .organization import UnifiedSocialCreditCode
from .phone import Phone
from .scheme import IdentifierScheme, Issue, SchemeSet, Severity, Verdict

__all__ = [
    "Card",
    "Email",
    "IdentifierScheme",
    "Issue",
    "Phone",
    "ResidentId",
    "ResidentIdFacts",
    "ResidentIdKind",
    "SchemeSet",
    "Severity",
    "UnifiedSocialCreditCode",
    "Verdict",
    "facts_of",
    "resident_ids",
    "standard_schemes",
]


def standard_schemes(*, clock: Clock, zone: ZoneInfo, tables: ReferenceTables | None = None) -> SchemeSet:
    """The schemes of this library over *tables*; *clock* and *zone* say which birth dates lie in the future."""
    tables = tables or ReferenceTables()
    return SchemeSet.of(
        ResidentId(divisions=tables.divisions, clock=clock, zone=zone),
        UnifiedSocialCreditCode(divisions=tables.divisions),
        Phone(mobile_ranges=tables.mobile_ranges),
        Card(bins=tables.card_bins),
        Email(accepted_domains=tables.mail_domains),
    )
