"""Kept up to date: who is told that something is to be done."""

from .notify import Count, LogNotifier, Notice, Notifier, SmtpNotifier

__all__ = ["Count", "LogNotifier", "Notice", "Notifier", "SmtpNotifier"]
