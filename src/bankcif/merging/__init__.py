"""Write 5: survivorship and the crosswalk."""

from .crosswalk import check_merge, relocate, root_of
from .survivorship import NOBODY, GoldenRecord, Proposal, Provenance, Statement, Terms, survive

__all__ = [
    "NOBODY",
    "GoldenRecord",
    "Proposal",
    "Provenance",
    "Statement",
    "Terms",
    "check_merge",
    "relocate",
    "root_of",
    "survive",
]
