"""The tasks of a customer information file, by group: what `CIF.customers`, `CIF.matches` and the others do."""

from .access import Access, Exports
from .audit import Audit
from .changes import Changes
from .consents import Consents
from .customers import Customers, Verifications
from .decisions import Approvals, Matches
from .feeds import Feeds
from .operators import Operators
from .privacy import Requests, Retention
from .quality import Quality
from .relations import Relations
from .reminders import Reminders
from .reports import Reports
from .reviews import Reviews
from .scoring import Scoring
from .tags import Tags
from .upkeep import Erasures, Held, Keys, Policies
from .watch import Flags

__all__ = [
    "Access",
    "Approvals",
    "Audit",
    "Changes",
    "Consents",
    "Customers",
    "Erasures",
    "Exports",
    "Feeds",
    "Flags",
    "Held",
    "Keys",
    "Matches",
    "Operators",
    "Policies",
    "Quality",
    "Relations",
    "Reminders",
    "Reports",
    "Requests",
    "Retention",
    "Reviews",
    "Scoring",
    "Tags",
    "Verifications",
]
