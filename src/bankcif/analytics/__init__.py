"""What the file can tell: columns for analyses by pseudonymous keys, what is held together, how customers buy, spend and stay, and what they are worth."""

from .baskets import Baskets, HoldingRule
from .buying import BetaGeometric
from .contract import ShiftedBetaGeometric
from .fitting import Fit
from .histories import Histories
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
    "Column",
    "DiscountRate",
    "Fit",
    "GammaGamma",
    "Histories",
    "HoldingRule",
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
    "starter_segments",
]
