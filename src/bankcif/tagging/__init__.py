"""Tags, segments and tiers: what a bank says of its customers, by rule and by hand."""

from .catalogue import Catalogue, starter_catalogue
from .evaluate import Evaluator, Said, Verdict
from .tag import Family, Group, Segment, Tag, TagKind

__all__ = [
    "Catalogue",
    "Evaluator",
    "Family",
    "Group",
    "Said",
    "Segment",
    "Tag",
    "TagKind",
    "Verdict",
    "starter_catalogue",
]
