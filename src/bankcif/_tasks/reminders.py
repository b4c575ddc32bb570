"""Reminders: what is to be done about customers, and by whom."""

from __future__ import annotations

from datetime import date

from ..context import Actor, Purpose
from ..flows import contact, remind
from ..flows.change import Changed
from ..party import as_cif_no
from ..upkeep import Notifier
from ._group import Group

__all__ = ["Reminders"]


class Reminders(Group):
    """What is to be done about customers, and by whom. See `bankcif.flows.remind`."""

    def waiting(self, *, actor: Actor, purpose: Purpose, limit: int = 100) -> tuple[remind.ReminderView, ...]:
        """What waits for *actor*, the first due first."""
        return remind.reminders(self._desk, limit=limit, actor=actor, purpose=purpose)

    def done(self, cif_no: str, name: str, *, reason: str, actor: Actor, purpose: Purpose) -> None:
        """Says that a reminder is done."""
        remind.done(self._desk, as_cif_no(cif_no), name, reason=reason, actor=actor, purpose=purpose)

    def snooze(self, cif_no: str, name: str, until: date, *, reason: str, actor: Actor, purpose: Purpose) -> None:
        """Puts a reminder off up to and with a day."""
        remind.snooze(self._desk, as_cif_no(cif_no), name, until, reason=reason, actor=actor, purpose=purpose)

    def reopen(self, cif_no: str, name: str, *, reason: str, actor: Actor, purpose: Purpose) -> None:
        """Takes back that a reminder is done or put off."""
        remind.reopen(self._desk, as_cif_no(cif_no), name, reason=reason, actor=actor, purpose=purpose)

    def deliver(self, notifier: Notifier, *, actor: Actor, purpose: Purpose = Purpose.OPERATIONS) -> remind.Delivered:
        """Tells everybody what waits for them today; run it every day."""
        return remind.deliver(self._desk, notifier, actor=actor, purpose=purpose)

    def contacted(
        self, cif_no: str, *, reached: bool, evidence: str = "", channel: str = "notifier", actor: Actor, purpose: Purpose
    ) -> Changed:  # fmt: skip
        """Takes down that a customer was reached, or that what was sent to them came back."""
        return contact.contacted(
            self._desk,
            as_cif_no(cif_no),
            reached=reached,
            evidence=evidence,
            channel=channel,
            actor=actor,
            purpose=purpose,
        )
