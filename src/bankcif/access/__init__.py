"""Read 1 and 5: who may see what, and how much of it."""

from .check import PolicyFinding, check_policy
from .masking import HIDDEN, MASKS, mask, mask_column
from .policy import READING, Action, FieldDecision, Grant, Policy, default_policy
from .profiles import Ends, MaskProfile, MaskProfiles, default_profiles

__all__ = [
    "HIDDEN",
    "MASKS",
    "READING",
    "Action",
    "Ends",
    "FieldDecision",
    "Grant",
    "MaskProfile",
    "MaskProfiles",
    "Policy",
    "PolicyFinding",
    "check_policy",
    "default_policy",
    "default_profiles",
    "mask",
    "mask_column",
]
