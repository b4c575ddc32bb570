"""Kept up to date: who is told that something is to be done, and how customers are reviewed."""

from .notify import Count, LogNotifier, Notice, Notifier, SmtpNotifier
from .requests import ASKED_BY, REFUSALS, RequestKind, RequestPlan, RequestState
from .retention import Kept, Retention, RetentionPlan, RetentionRule, Start, open_holds, retention
from .review import OUTCOMES, ReviewPlan, Standing, open_case, standing_of_reviews

__all__ = [
    "ASKED_BY",
    "OUTCOMES",
    "REFUSALS",
    "Count",
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
    "open_case",
    "open_holds",
    "retention",
    "standing_of_reviews",
]
