"""Names and addresses: forms that can be compared, beside what was written."""

from .addresses import Address, AddressBook, AddressComparison, compare_addresses
from .characters import is_han, look_alikes, readings, simplify
from .levels import Level
from .names import PersonName, compound_surnames, person_name, standard_form, surname_readings, titles
from .organizations import (
    OrganizationGround,
    OrganizationName,
    branch_of,
    compatible_organizations,
    organization_name,
)
from .placeholders import FILLER_DATES, FILLER_WORDS, is_placeholder
from .spellings import Ground, compatible, full_given_name

__all__ = [
    "FILLER_DATES",
    "FILLER_WORDS",
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
    "compound_surnames",
    "full_given_name",
    "is_han",
    "is_placeholder",
    "look_alikes",
    "organization_name",
    "person_name",
    "readings",
    "simplify",
    "standard_form",
    "surname_readings",
    "titles",
]
