"""Tags, segments, tiers and audiences: what a bank says of its customers, by rule and by hand."""

from .audience import Audience, Movement, Overlap, Removed, audience, is_control, movement, overlap
from .catalogue import Catalogue, starter_catalogue
from .evaluate import Evaluator, Said, Verdict
from .tag import Family, Group, Segment, Tag, TagKind
from .tier import Average, Month, Move, Step, Tier, TierScale, TierState, average_of

__all__ = [
    "Audience",
    "Average",
    "Catalogue",
    "Evaluator",
    "Family",
    "Group",
    "Month",
    "Move",
    "Movement",
    "Overlap",
    "Removed",
    "Said",
    "Segment",
    "Step",
    "Tag",
    "TagKind",
    "Tier",
    "TierScale",
    "TierState",
    "Verdict",
    "audience",
    "average_of",
    "is_control",
    "movement",
    "overlap",
    "starter_catalogue",
]
