"""Names and addresses: forms that can be compared, beside what was written."""

from .addresses import Address, AddressBook, AddressComparison, compare_addresses
from .characters import is_han, readings, simplify
from .levels import Level
from .names import PersonName, person_name, standard_form
from .organizations import (
    OrganizationGround,
    OrganizationName,
    branch_of,
    compatible_organizations,
    organization_name,
)
from .placeholders import FILLER_DATES, is_placeholder
from .spellings import Ground, compatible

__all__ = [
    "FILLER_DATES",
    "Address",
    "AddressBook",
    "AddressComparison",
    "Ground",
    "Level",
    "OrganizationGround",
    "OrganizationName",
    "PersonName",
    "branch_of",
    "compare_addresses",
    "compatible",
    "compatible_organizations",
    "is_han",
    "is_placeholder",
    "organization_name",
    "person_name",
    "readings",
    "simplify",
    "standard_form",
]
