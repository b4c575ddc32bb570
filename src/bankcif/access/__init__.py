"""Read 1 and 5: who may see what, and how much of it."""

from .masking import HIDDEN, MASKS, mask
from .policy import Action, FieldDecision, Policy, default_policy

__all__ = ["HIDDEN", "MASKS", "Action", "FieldDecision", "Policy", "default_policy", "mask"]
