"""The audit log: entries without values, chained, verifiable."""

from .entry import GENESIS, AuditEntry, AuditRow, Outcome
from .log import Head, chain
from .verify import AuditReport, Damage, verify

__all__ = ["GENESIS", "AuditEntry", "AuditReport", "AuditRow", "Damage", "Head", "Outcome", "chain", "verify"]
