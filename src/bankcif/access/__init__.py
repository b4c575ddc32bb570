"""Read 1 and 5: who may see what, and how much of it."""

from .masking import HIDDEN, MASKS, mask, mask_column
from .policy import Action, FieldDecision, Policy, default_policy
from .profiles import Ends, MaskProfile, MaskProfiles, default_profiles

__all__ = [
    "HIDDEN",
    "MASKS",
    "Action",
    "Ends",
    "FieldDecision",
    "MaskProfile",
    "MaskProfiles",
    "Policy",
    "default_policy",
    "default_profiles",
    "mask",
    "mask_column",
]
