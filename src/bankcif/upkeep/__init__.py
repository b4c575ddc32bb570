"""Kept up to date: who is told that something is to be done, and how customers are reviewed."""

from .notify import Count, LogNotifier, Notice, Notifier, SmtpNotifier
from .review import OUTCOMES, ReviewPlan, Standing, open_case, standing_of_reviews

__all__ = [
    "OUTCOMES",
    "Count",
    "LogNotifier",
    "Notice",
    "Notifier",
    "ReviewPlan",
    "SmtpNotifier",
    "Standing",
    "open_case",
    "standing_of_reviews",
]
