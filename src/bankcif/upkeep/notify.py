"""
Telling people that something waits for them. What is told names reminders and counts, never a customer: whoever is told looks into the store, by their rights.
"""

from __future__ import annotations

import logging
import smtplib
import ssl
from collections.abc import Mapping
from datetime import date
from email.message import EmailMessage
from typing import Protocol

import attrs

from .._text import Language
from ..errors import ConfigurationError, DeliveryError

__all__ = ["Count", "LogNotifier", "Notice", "Notifier", "SmtpNotifier"]

_LOGGER = logging.getLogger("bankcif.reminders")
_SUBJECTS = {"zh": "客户待办提醒 {day}", "en": "Reminders of customers, {day}"}
_LINES = {
    "zh": "{label}：待办 {waits}，其中新增 {fresh}，逾期 {overdue}，已升级 {escalated}",
    "en": "{label}: {waits} to be done, of which {fresh} new, {overdue} overdue, {escalated} escalated",
}


@attrs.frozen(kw_only=True)
class Count:
    """
    How often a reminder waits for somebody.

    Attributes:
        zh, en: What is to be done.
        waits: How many there are; of them *fresh* came since the last notice, *overdue* are late, and *escalated* are told to others too.
    """

    zh: str
    en: str
    waits: int = 0
    fresh: int = 0
    overdue: int = 0
    escalated: int = 0


@attrs.frozen(kw_only=True)
class Notice:
    """
    What somebody is told.

    Attributes:
        id: The same for the same person and day, whenever it is sent: who gets it twice knows it again.
        to: An operator's id, or a role that has no single person.
        day: Of which day.
        counts: By reminder.
    """

    id: str
    to: str
    day: date
    counts: Mapping[str, Count]

    def text(self, language: Language) -> str:
        """A line for each reminder."""
        lines = [
            _LINES[language].format(
                label=one.zh if language == "zh" else one.en, waits=one.waits, fresh=one.fresh, overdue=one.overdue,
                escalated=one.escalated,
            )
            for _, one in sorted(self.counts.items())
        ]  # fmt: skip
        return "\n".join(lines)


class Notifier(Protocol):
    """Delivers notices."""

    def notify(self, notice: Notice) -> None:
        """
        Delivers *notice*; the same again is no harm.

        Raises:
            DeliveryError: It could not be delivered; it is tried again with the next run.
        """


class LogNotifier:
    """Writes each notice to the log ``bankcif.reminders``."""

    def __init__(self, language: Language = "zh") -> None:
        self._language = language

    def notify(self, notice: Notice) -> None:
        _LOGGER.info("%s for %s: %s", notice.day, notice.to, notice.text(self._language))


@attrs.frozen(kw_only=True)
class SmtpNotifier:
    """
    Sends each notice as an e-mail.

    Attributes:
        host, port: Of the mail server.
        sender: The address it comes from.
        addresses: By operator's id or role; who has none is not written to.
        user, password: Where the server asks for them.
        tls: ``starttls`` or ``none``; without it nothing is sent to another machine.
        timeout: In seconds.

    Raises:
        ConfigurationError: The server is on another machine, and TLS was switched off.
    """

    host: str
    port: int = 25
    sender: str
    addresses: Mapping[str, str] = attrs.field(repr=False)
    user: str = ""
    password: str = attrs.field(default="", repr=False)
    tls: str = "starttls"
    language: Language = "zh"
    timeout: float = 10.0

    def __attrs_post_init__(self) -> None:
        if self.tls not in ("starttls", "none"):
            raise ConfigurationError("tls is starttls or none", rule="notifier")
        if self.tls == "none" and self.host not in ("localhost", "127.0.0.1", "::1"):
            raise ConfigurationError("a mail server on another machine takes TLS", rule="notifier")

    def notify(self, notice: Notice) -> None:
        """As `Notifier.notify`. The id of the notice is that of the message, so that a mailbox drops what comes twice."""
        address = self.addresses.get(notice.to)
        if address is None:
            return
        message = EmailMessage()
        message["Subject"] = _SUBJECTS[self.language].format(day=notice.day)
        message["From"], message["To"] = self.sender, address
        message["Message-ID"] = f"<{notice.id}@bankcif>"
        message.set_content(notice.text(self.language))
        failed = False
        try:
            with smtplib.SMTP(self.host, self.port, timeout=self.timeout) as server:
                if self.tls == "starttls":
                    server.starttls(context=ssl.create_default_context())
                if self.user:
                    server.login(self.user, self.password)
                server.send_message(message)
        except (OSError, smtplib.SMTPException):
            failed = True
        if failed:
            raise DeliveryError(
                f"a notice could not be sent by {self.host}:{self.port}; it is tried again with the next run",
                rule="notifier",
            )
