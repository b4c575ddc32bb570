"""Numbers and their rules."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from .._clock import Clock, SystemClock
from ..party import ReferenceTables
from .card import Card
from .cn import ResidentId, ResidentIdFacts, ResidentIdKind, check_character, check_characters, facts_of, resident_ids
from .column import ColumnVerdict, Texts, validate_column
from .documents import document_schemes
from .email import MISTYPED_DOMAINS, Email
from .foreign import foreign_schemes
from .military import HouseholdRegister, Military
from .mrz import Mrz, MrzFacts
from .organization import OrganizationFacts, UnifiedSocialCreditCode, organization_schemes
from .phone import Phone, PhoneFacts, split_e164
from .scheme import IdentifierScheme, Issue, NumberFacts, SchemeSet, Severity, Verdict
from .shapes import Shape, ShapedScheme
from .stdnum import StdnumLibrary, StdnumScheme

__all__ = [
    "MISTYPED_DOMAINS",
    "Card",
    "ColumnVerdict",
    "Email",
    "HouseholdRegister",
    "IdentifierScheme",
    "Issue",
    "Military",
    "Mrz",
    "MrzFacts",
    "NumberFacts",
    "OrganizationFacts",
    "Phone",
    "PhoneFacts",
    "ResidentId",
    "ResidentIdFacts",
    "ResidentIdKind",
    "SchemeSet",
    "Severity",
    "Shape",
    "ShapedScheme",
    "StdnumLibrary",
    "StdnumScheme",
    "Texts",
    "UnifiedSocialCreditCode",
    "Verdict",
    "check_character",
    "check_characters",
    "facts_of",
    "resident_ids",
    "split_e164",
    "standard_schemes",
    "validate_column",
]


def standard_schemes(
    *, clock: Clock | None = None, zone: ZoneInfo | None = None, tables: ReferenceTables | None = None
) -> SchemeSet:
    """
    The schemes of this library.

    Args:
        clock: Says which birth dates lie in the future; the system's by default.
        zone: Where the bank's days begin; Asia/Shanghai by default.
        tables: Divisions, phone ranges, card issuers; what ships with the library by default.
    """
    clock, zone = clock or SystemClock(), zone or ZoneInfo("Asia/Shanghai")
    tables = tables or ReferenceTables()
    resident_id = ResidentId(divisions=tables.divisions, clock=clock, zone=zone)
    small = tables.small
    uscc = UnifiedSocialCreditCode(
        divisions=tables.divisions, kinds=small.credit_code_kinds, violators=small.credit_code_violators
    )
    return SchemeSet.of(
        resident_id,
        uscc,
        Phone(mobile_ranges=small.mobile_ranges, virtual_ranges=small.virtual_mobile_ranges),
        Card(bins=small.card_bins),
        Email(accepted_domains=small.mail_domains),
        Mrz(clock=clock, zone=zone),
        HouseholdRegister(resident_id=resident_id),
        Military(),
        *document_schemes(),
        *organization_schemes(uscc=uscc, resident_id=resident_id),
        *foreign_schemes(clock=clock, zone=zone),
        library=StdnumLibrary(),
    )
