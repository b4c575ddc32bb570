"""What the file can tell: columns for analyses by pseudonymous keys, reports of them, what is held together, how customers buy, spend and stay, what they are worth, and how probable something is."""

from .baskets import Baskets, HoldingRule
from .buying import BetaGeometric
from .contract import ShiftedBetaGeometric
from .contrast import Contrast, contrasts
from .evaluation import CalibrationBin, Evaluation, drift, stability_index
from .figures import Figure, FigureModel, Figures, FigureScore, stage_figures
from .fitting import Fit
from .histories import Histories
from .logistic import LogisticModel
from .model_card import Evaluated, ModelCard, TrainedOn, score_of
from .next_product import Hits, NextProduct, Offer, OfferBook, Offered, held_by, tier_distance
from .pareto import ParetoNbd
from .points import ScoreBand, Scorecard, Scored, ScoreItem, churn_scorecard
from .report import ReportBook, ReportSpec, starter_reports
from .report_figures import Amount, Report
from .report_parts import ABSENT, OTHERS, By, Dimension, Measure, MeasureKind
from .rfm import Purchases, RfmModel, RfmSegments, SegmentReport, starter_segments
from .snapshot import KEY, Column, Snapshot, least_shared, manifest_of, need_exact
from .spans import DiscountRate, Span, TimeUnit
from .spending import GammaGamma
from .stages import Cohorts, Stage, StagePlan, Transitions
from .suppression import Place, hidden
from .tabulation import movement, need_movement, tabulate
from .value import BuyingModel, Worth, lifetime_value

__all__ = [
    "ABSENT",
    "KEY",
    "OTHERS",
    "Amount",
    "Baskets",
    "BetaGeometric",
    "BuyingModel",
    "By",
    "CalibrationBin",
    "Cohorts",
    "Column",
    "Contrast",
    "Dimension",
    "DiscountRate",
    "Evaluated",
    "Evaluation",
    "Figure",
    "FigureModel",
    "FigureScore",
    "Figures",
    "Fit",
    "GammaGamma",
    "Histories",
    "Hits",
    "HoldingRule",
    "LogisticModel",
    "Measure",
    "MeasureKind",
    "ModelCard",
    "NextProduct",
    "Offer",
    "OfferBook",
    "Offered",
    "ParetoNbd",
    "Place",
    "Purchases",
    "Report",
    "ReportBook",
    "ReportSpec",
    "RfmModel",
    "RfmSegments",
    "ScoreBand",
    "ScoreItem",
    "Scorecard",
    "Scored",
    "SegmentReport",
    "ShiftedBetaGeometric",
    "Snapshot",
    "Span",
    "Stage",
    "StagePlan",
    "TimeUnit",
    "TrainedOn",
    "Transitions",
    "Worth",
    "churn_scorecard",
    "contrasts",
    "drift",
    "held_by",
    "hidden",
    "least_shared",
    "lifetime_value",
    "manifest_of",
    "movement",
    "need_exact",
    "need_movement",
    "score_of",
    "stability_index",
    "stage_figures",
    "starter_reports",
    "starter_segments",
    "tabulate",
    "tier_distance",
]
