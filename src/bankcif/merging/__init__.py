"""Write 5: survivorship, verification and the crosswalk."""

from .crosswalk import check_merge, relocate, root_of
from .survivorship import NOBODY, GoldenRecord, Proposal, Provenance, Statement, Terms, survive
from .verification import Assurance, Verification, VerificationState, VerifiedField, value_at, verification_states

__all__ = [
    "NOBODY",
    "Assurance",
    "GoldenRecord",
    "Proposal",
    "Provenance",
    "Statement",
    "Terms",
    "Verification",
    "VerificationState",
    "VerifiedField",
    "check_merge",
    "relocate",
    "root_of",
    "survive",
    "value_at",
    "verification_states",
]
