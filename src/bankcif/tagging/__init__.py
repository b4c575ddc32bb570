"""Tags, segments, tiers and audiences: what a bank says of its customers, by rule and by hand."""

from .audience import (
    ADDRESSED,
    CONTROL,
    NOT_THERE,
    UNCONSENTED,
    Audience,
    AudiencePlan,
    Movement,
    Overlap,
    Removed,
    audience,
    is_control,
    movement,
    overlap,
)
from .catalogue import Catalogue, starter_catalogue
from .evaluate import Evaluator, Said, Verdict
from .ladder import averages_of, state_of, steps_of
from .portrait import Exit, Held, Left, Portrait, Word, draw, heard, need_sayable, said_of, standing
from .reminder import FINDING, Reminder
from .tag import Family, Group, Segment, Tag, TagKind
from .tier import Average, Month, Move, Step, Tier, TierScale, TierState, average_of
from .todo import WORD, Todo, TodoState, need_snooze, todos

__all__ = [
    "ADDRESSED",
    "CONTROL",
    "FINDING",
    "NOT_THERE",
    "UNCONSENTED",
    "WORD",
    "Audience",
    "AudiencePlan",
    "Average",
    "Catalogue",
    "Evaluator",
    "Exit",
    "Family",
    "Group",
    "Held",
    "Left",
    "Month",
    "Move",
    "Movement",
    "Overlap",
    "Portrait",
    "Reminder",
    "Removed",
    "Said",
    "Segment",
    "Step",
    "Tag",
    "TagKind",
    "Tier",
    "TierScale",
    "TierState",
    "Todo",
    "TodoState",
    "Verdict",
    "Word",
    "audience",
    "average_of",
    "averages_of",
    "draw",
    "heard",
    "is_control",
    "movement",
    "need_sayable",
    "need_snooze",
    "overlap",
    "said_of",
    "standing",
    "starter_catalogue",
    "state_of",
    "steps_of",
    "todos",
]
