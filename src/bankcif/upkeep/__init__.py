"""Kept up to date: who is told that something is to be done, and how customers are reviewed."""

from .notify import Count, LogNotifier, Notice, Notifier, SmtpNotifier
from .requests import ASKED_BY, REFUSALS, RequestKind, RequestPlan, RequestState
from .retention import Kept, Retention, RetentionPlan, RetentionRule, Start, open_holds, retention
from .review import LIMIT, MOST_LIMITS, OUTCOMES, ReviewPlan, Standing, open_case, standing_of_reviews
from .watch import FileWatchList, FlagState, WatchEntry, WatchList, counts_on, need_list

__all__ = [
    "ASKED_BY",
    "LIMIT",
    "MOST_LIMITS",
    "OUTCOMES",
    "REFUSALS",
    "Count",
    "FileWatchList",
    "FlagState",
    "Kept",
    "LogNotifier",
    "Notice",
    "Notifier",
    "RequestKind",
    "RequestPlan",
    "RequestState",
    "Retention",
    "RetentionPlan",
    "RetentionRule",
    "ReviewPlan",
    "SmtpNotifier",
    "Standing",
    "Start",
    "WatchEntry",
    "WatchList",
    "counts_on",
    "need_list",
    "open_case",
    "open_holds",
    "retention",
    "standing_of_reviews",
]
