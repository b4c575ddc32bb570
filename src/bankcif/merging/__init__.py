"""Write 5: survivorship and the crosswalk."""

from .crosswalk import check_merge, relocate, root_of
from .survivorship import GoldenRecord, Proposal, Provenance, Terms, Testimony, survive

__all__ = [
    "GoldenRecord",
    "Proposal",
    "Provenance",
    "Terms",
    "Testimony",
    "check_merge",
    "relocate",
    "root_of",
    "survive",
]
