"""Write 5: survivorship, verification and the crosswalk."""

from .confirmation import confirmed_at
from .crosswalk import check_merge, relocate, root_of
from .rules import STANDARD_RULES, FieldRule, Strategy, SurvivorshipRule, SurvivorshipRules
from .statement import (
    DECISIONS,
    NOBODY,
    Decay,
    GoldenRecord,
    Override,
    Proposal,
    Provenance,
    Release,
    Statement,
    Terms,
)
from .survivorship import survive, value_at
from .verification import Assurance, Verification, VerificationState, VerifiedField, verification_states

__all__ = [
    "DECISIONS",
    "NOBODY",
    "STANDARD_RULES",
    "Assurance",
    "Decay",
    "FieldRule",
    "GoldenRecord",
    "Override",
    "Proposal",
    "Provenance",
    "Release",
    "Statement",
    "Strategy",
    "SurvivorshipRule",
    "SurvivorshipRules",
    "Terms",
    "Verification",
    "VerificationState",
    "VerifiedField",
    "check_merge",
    "confirmed_at",
    "relocate",
    "root_of",
    "survive",
    "value_at",
    "verification_states",
]
