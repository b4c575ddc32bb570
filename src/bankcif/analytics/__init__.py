"""What the file can tell: columns for analyses by pseudonymous keys, what is held together, how customers buy, spend and stay, what they are worth, and how probable something is."""

from .baskets import Baskets, HoldingRule
from .buying import BetaGeometric
from .contract import ShiftedBetaGeometric
from .evaluation import CalibrationBin, Evaluation, stability_index
from .fitting import Fit
from .histories import Histories
from .logistic import LogisticModel
from .pareto import ParetoNbd
from .rfm import Purchases, RfmModel, RfmSegments, SegmentReport, starter_segments
from .snapshot import KEY, Column, Snapshot, least_shared, manifest_of
from .spans import DiscountRate, Span, TimeUnit
from .spending import GammaGamma
from .value import BuyingModel, Worth, lifetime_value

__all__ = [
    "KEY",
    "Baskets",
    "BetaGeometric",
    "BuyingModel",
    "CalibrationBin",
    "Column",
    "DiscountRate",
    "Evaluation",
    "Fit",
    "GammaGamma",
    "Histories",
    "HoldingRule",
    "LogisticModel",
    "ParetoNbd",
    "Purchases",
    "RfmModel",
    "RfmSegments",
    "SegmentReport",
    "ShiftedBetaGeometric",
    "Snapshot",
    "Span",
    "TimeUnit",
    "Worth",
    "least_shared",
    "lifetime_value",
    "manifest_of",
    "stability_index",
    "starter_segments",
]
