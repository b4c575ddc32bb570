"""Read 1 and 5: who may see what, and how much of it."""

from .authentication import AuthPlan, CodePlan, OidcSignOn, PasskeyPlan, PasswordPlan, Provisioning
from .basis import LawfulBasis
from .check import PolicyFinding, check_policy
from .feeds import Feed
from .grants import ExportLimits, is_label
from .masking import HIDDEN, MASKS, mask, mask_column, masker
from .policy import APART, READING, Action, FieldDecision, Grant, Policy, default_policy
from .profiles import EXACT, MONTH, YEAR, ColumnRule, Ends, MaskProfile, MaskProfiles, default_profiles
from .requirements import KeyOperation, Requirement
from .rows import ROW_PARAMETERS, row_known, row_parameters, to_lowered

__all__ = [
    "APART",
    "EXACT",
    "HIDDEN",
    "MASKS",
    "MONTH",
    "READING",
    "ROW_PARAMETERS",
    "YEAR",
    "Action",
    "AuthPlan",
    "CodePlan",
    "ColumnRule",
    "Ends",
    "ExportLimits",
    "Feed",
    "FieldDecision",
    "Grant",
    "KeyOperation",
    "LawfulBasis",
    "MaskProfile",
    "MaskProfiles",
    "OidcSignOn",
    "PasskeyPlan",
    "PasswordPlan",
    "Policy",
    "PolicyFinding",
    "Provisioning",
    "Requirement",
    "check_policy",
    "default_policy",
    "default_profiles",
    "is_label",
    "mask",
    "mask_column",
    "masker",
    "row_known",
    "row_parameters",
    "to_lowered",
]
