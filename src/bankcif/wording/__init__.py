"""Names and addresses: forms that can be compared, beside what was written."""

from .addresses import Address, AddressBook, AddressComparison, compare_addresses
from .characters import is_han, look_alikes, reading_groups, readings, simplify
from .levels import Level
from .names import (
    HONORIFICS,
    PARTICLES,
    PersonName,
    compound_surnames,
    person_name,
    special_surnames,
    standard_form,
    surname_length,
    surname_readings,
    titles,
)
from .organizations import (
    OrganizationGround,
    OrganizationName,
    branch_of,
    compatible_organizations,
    organization_keys,
    organization_name,
    organization_sounds,
)
from .placeholders import FILLER_DATES, FILLER_WORDS, is_placeholder
from .spellings import Ground, compatible, full_given_name, full_given_names, spelling_keys, writes_surname

__all__ = [
    "FILLER_DATES",
    "FILLER_WORDS",
    "HONORIFICS",
    "PARTICLES",
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
    "full_given_names",
    "is_han",
    "is_placeholder",
    "look_alikes",
    "organization_keys",
    "organization_name",
    "organization_sounds",
    "person_name",
    "reading_groups",
    "readings",
    "simplify",
    "special_surnames",
    "spelling_keys",
    "standard_form",
    "surname_length",
    "surname_readings",
    "titles",
    "writes_surname",
]
