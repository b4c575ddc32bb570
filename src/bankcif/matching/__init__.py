"""Write 4: blocking, comparing, weighing, deciding, explaining."""

from .blocking import (
    FULL_TAG_INDEXES,
    INDEX_PARTS,
    KEY_PARTS,
    ORGANIZATION_LIKE,
    BlockingKey,
    BlockingRule,
    blocking_keys,
)
from .cluster import Clusters, cluster
from .columns import ColumnReader, Read
from .compare import COMPARATORS, Comparator
from .comparison import Alternative, Comparison, DeterministicRule, match_weight
from .diagnose import (
    Dependence,
    Interval,
    ThresholdFigures,
    clerical_sample,
    dependences,
    estimated_curve,
    sampled_precision,
    threshold_curve,
    wilson,
)
from .evaluate import Evaluation, clusters_of, evaluate
from .explain import Explanation, Term, explain, probability_of
from .features import Features, features_of, lanes_of, table_of
from .frequencies import Frequencies, ValueCounts, counted_frequencies
from .lanes import Lane, Lanes, Row, mix_array
from .link_policy import Link, LinkPolicy, Links, ReviewPlan, link_policy_schema
from .model import Compared, ComparedPair, MatchModel, default_model, model_schema
from .screening import ListedName, NameHit, Screener
from .search_keys import (
    SEARCH_PARTS,
    Likeness,
    alike,
    alike_organizations,
    organization_search_keys,
    search_keys,
)
from .splink import Imported, from_splink, is_splink
from .train import PatternCounts, Trained, TrainingPlan, train

__all__ = [
    "COMPARATORS",
    "FULL_TAG_INDEXES",
    "INDEX_PARTS",
    "KEY_PARTS",
    "ORGANIZATION_LIKE",
    "SEARCH_PARTS",
    "Alternative",
    "BlockingKey",
    "BlockingRule",
    "Clusters",
    "ColumnReader",
    "Comparator",
    "Compared",
    "ComparedPair",
    "Comparison",
    "Dependence",
    "DeterministicRule",
    "Evaluation",
    "Explanation",
    "Features",
    "Frequencies",
    "Imported",
    "Interval",
    "Lane",
    "Lanes",
    "Likeness",
    "Link",
    "LinkPolicy",
    "Links",
    "ListedName",
    "MatchModel",
    "NameHit",
    "PatternCounts",
    "Read",
    "ReviewPlan",
    "Row",
    "Screener",
    "Term",
    "ThresholdFigures",
    "Trained",
    "TrainingPlan",
    "ValueCounts",
    "alike",
    "alike_organizations",
    "blocking_keys",
    "clerical_sample",
    "cluster",
    "clusters_of",
    "counted_frequencies",
    "default_model",
    "dependences",
    "estimated_curve",
    "evaluate",
    "explain",
    "features_of",
    "from_splink",
    "is_splink",
    "lanes_of",
    "link_policy_schema",
    "match_weight",
    "mix_array",
    "model_schema",
    "organization_search_keys",
    "probability_of",
    "sampled_precision",
    "search_keys",
    "table_of",
    "threshold_curve",
    "train",
    "wilson",
]
