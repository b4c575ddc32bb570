"""Write 4: blocking, comparing, weighing, deciding, explaining."""

from .blocking import FULL_TAG_INDEXES, INDEX_PARTS, BlockingKey, blocking_keys
from .compare import COMPARATORS, Comparator
from .evaluate import Evaluation, clusters_of, evaluate
from .explain import Explanation, Term, explain
from .features import Features, FeatureTable, features_of
from .link_policy import Link, LinkPolicy
from .model import Compared, Comparison, MatchModel, default_model, levels_at, match_weight

__all__ = [
    "COMPARATORS",
    "FULL_TAG_INDEXES",
    "INDEX_PARTS",
    "BlockingKey",
    "Comparator",
    "Compared",
    "Comparison",
    "Evaluation",
    "Explanation",
    "FeatureTable",
    "Features",
    "Link",
    "LinkPolicy",
    "MatchModel",
    "Term",
    "blocking_keys",
    "clusters_of",
    "default_model",
    "evaluate",
    "explain",
    "features_of",
    "levels_at",
    "match_weight",
]
