"""
Where the reminders of a customer stand.

A reminder is derived: it is there while the tag is, so the cure closes it by itself, and asking twice gives one. What persons say of it, that it is done
or is to wait, are words like those on tags, and stand in the portrait beside them.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from datetime import date, timedelta

import attrs

from ..errors import InputError
from .evaluate import Said
from .portrait import Portrait, Word, heard
from .reminder import LEAST_AGAIN, Reminder

__all__ = ["WORD", "Todo", "TodoState", "need_snooze", "todos"]

WORD = "reminder:"
"""How the name of a reminder begins where it stands among words on tags."""


class TodoState(enum.StrEnum):
    """Where a reminder stands with a customer."""

    OPEN = "open"
    OVERDUE = "overdue"
    ESCALATED = "escalated"
    SNOOZED = "snoozed"
    DONE = "done"


@attrs.frozen(kw_only=True)
class Todo:
    """
    A reminder of a customer.

    Attributes:
        reminder: Which.
        state: Where it stands.
        since, due: From which day on the tag stands, and until when it is to be done.
        until: To which day it was put off, or is done until it comes again; None otherwise.
        by: Who put it off, or did it; empty if nobody did.
        about: Where their reason is kept.
    """

    reminder: Reminder
    state: TodoState
    since: date
    due: date
    until: date | None = None
    by: str = ""
    about: str = ""

    @property
    def waits(self) -> bool:
        """Whether somebody is to do it now."""
        return self.state in (TodoState.OPEN, TodoState.OVERDUE, TodoState.ESCALATED)

    @property
    def roles(self) -> tuple[str, ...]:
        """Who is to do it, or to know that nobody did."""
        more = self.reminder.escalate_to if self.state is TodoState.ESCALATED else ()
        return (*self.reminder.roles, *more)


def todos(
    reminders: Iterable[Reminder], portrait: Portrait, today: date, day_of: Callable[[int], date]
) -> tuple[Todo, ...]:
    """
    The reminders of a customer on a day, the first due first.

    Args:
        reminders: Those that there are.
        portrait: The customer's, as it stands on that day.
        today: The day.
        day_of: The day of an instant, in the bank's zone.
    """
    words = heard(portrait.words, today)
    found = []
    for one in reminders:
        held = portrait.has.get(one.of)
        if held is None:
            continue
        due = held.since + timedelta(one.due_days)
        word = words.get(WORD + one.name)
        if word is not None and word.said is not None and _still_said(word, day_of(word.at), held.since, today):
            state = TodoState.DONE if word.said is Said.DONE else TodoState.SNOOZED
            found.append(
                Todo(
                    reminder=one,
                    state=state,
                    since=held.since,
                    due=due,
                    until=word.until,
                    by=word.actor,
                    about=word.about,
                )
            )
            continue
        late = one.escalate_days is not None and today > due + timedelta(one.escalate_days)
        state = TodoState.ESCALATED if late else TodoState.OVERDUE if today > due else TodoState.OPEN
        found.append(Todo(reminder=one, state=state, since=held.since, due=due))
    return tuple(sorted(found, key=lambda one: (one.due, one.reminder.name)))


def _still_said(word: Word, on: date, since: date, today: date) -> bool:
    """
    Whether what was said on a day counts: not what was said before the tag came anew. But what was done is not asked for again within some days, however
    often a tag comes and goes: else there were a task for each customer and day.
    """
    return on >= since or (word.said is Said.DONE and today < on + timedelta(LEAST_AGAIN))


def need_snooze(one: Todo, until: date, today: date) -> None:
    """Raises `InputError` where a reminder can not be put off to this day: it lies behind, or further ahead than it may."""
    most = today + timedelta(one.reminder.snooze_days)
    if not one.reminder.snooze_days:
        problem = "this reminder is not put off; do it"
    elif until <= today:
        problem = "it is put off to a day ahead"
    elif until > most:
        problem = f"it is put off for {one.reminder.snooze_days} days at most"
    else:
        return
    raise InputError(problem, path="$.until", rule="snooze")
