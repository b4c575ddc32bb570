"""Where a party stands: its life cycle, and, apart from that, its customer-due-diligence review."""

from __future__ import annotations

import enum

__all__ = ["LifeCycle", "ReviewState"]


class LifeCycle(enum.StrEnum):
    """The life of a party at the bank; transitions and their guards belong to upkeep."""

    DRAFT = "draft"
    PENDING = "pending"
    ACTIVE = "active"
    DORMANT = "dormant"
    RESTRICTED = "restricted"
    FROZEN = "frozen"
    CLOSING = "closing"
    CLOSED = "closed"
    ARCHIVED = "archived"
    ERASED = "erased"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"
    DECEASED = "deceased"
    DISSOLVED = "dissolved"


class ReviewState(enum.StrEnum):
    """The state of the periodic customer review (KYC)."""

    NONE = "none"
    IN_PROGRESS = "in_progress"
    CURRENT = "current"
    DUE = "due"
    OVERDUE = "overdue"
    FAILED = "failed"
    EXPIRED = "expired"
