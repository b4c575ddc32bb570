"""
Consent: what a customer allowed, refused or withdrew, and whether that allows a use of their data.

Source: the law on the protection of personal information (PIPL): consent to a purpose, informed, art. 13 and 14; withdrawn as easily as it was given,
art. 15; of another recipient by name, art. 23; of sensitive data, art. 29; of a child under fourteen by a guardian, art. 31; abroad, art. 39.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import attrs

from ..errors import InputError
from .values import FIRST_DAY, LAST_DAY

__all__ = [
    "CHILD_UNTIL",
    "ConsentAnswer",
    "ConsentState",
    "ConsentUse",
    "consent_answer",
    "consent_subject",
    "consent_turns",
    "need_consent",
]

CHILD_UNTIL = 14
"""The age from which on a child consents for themself."""
_DIMENSIONS = ("channel", "data_group", "recipient", "country")
_SUBJECT = ("purpose", *_DIMENSIONS)
Row = Mapping[str, Any]
"""A statement in stored form, as `bankcif.party.Consent` rests."""


class ConsentState(enum.StrEnum):
    """What somebody said of a use of their data."""

    GRANTED = "granted"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"


class ConsentAnswer(enum.StrEnum):
    """Whether a use is allowed, and if not, what is in its way."""

    GRANTED = "granted"
    REFUSED = "refused"
    EXPIRED = "expired"
    NOT_YET = "not_yet"
    GUARDIAN = "guardian"
    MISSING = "missing"


@attrs.frozen(kw_only=True)
class ConsentUse:
    """
    A use of a customer's data.

    Attributes:
        purpose: What for.
        channel: By which way they are addressed; None for any.
        data_group: Which data; None for any.
        recipient: To whom it is given; None for the bank itself.
        country: Where to, as two letters after ISO 3166; None for at home.
    """

    purpose: str
    channel: str | None = None
    data_group: str | None = None
    recipient: str | None = attrs.field(default=None, repr=False)
    country: str | None = None


def need_consent(
    row: Row, today: date, standing: Iterable[Row], *, child: bool, born: date | None = None, cif_no: str = ""
) -> None:
    """
    Raises `InputError` where a statement can not be: days the wrong way round or before they were born, a text that nobody was shown, a guardian's word for somebody who
    speaks for themself or a child's own, a refusal that ends by itself, or a withdrawal of what nobody granted.

    Args:
        row: The statement.
        today: The day on which it is said.
        standing: Statements of the customer that stand.
        child: Whether they are under `CHILD_UNTIL`.
        born: When they were born; None if it is not known.
        cif_no: Whom it is of, for the error.
    """
    granted, until = row["state"] == ConsentState.GRANTED, row.get("until")
    first = FIRST_DAY.isoformat() if born is None else born.isoformat()
    there = any(
        one["state"] == ConsentState.GRANTED and consent_subject(one) == consent_subject(row) for one in standing
    )
    path = problem = ""
    if not first <= row["since"] <= LAST_DAY.isoformat():
        path, problem = (
            "since",
            f"nobody says anything before they were born, or after {LAST_DAY.year}; correct the day",
        )
    elif until is not None and until > LAST_DAY.isoformat():
        path, problem = "until", f"a last day lies before {LAST_DAY.year + 1}; leave it out if there is none"
    elif granted and not row.get("text"):
        path, problem = "text", "whoever consents has been told to what; name the version of the text they were shown"
    elif until is not None and not granted:
        path, problem = "until", "a refusal has no last day; it stands until they consent"
    elif until is not None and (until < row["since"] or until < today.isoformat()):
        path, problem = "until", "it would be over before it began; leave the last day out, or name a later one"
    elif granted and bool(row.get("guardian")) is not child:
        path = "guardian"
        problem = (
            f"for a child under {CHILD_UNTIL} a guardian consents"
            if child
            else "whoever is no child consents for themself"
        )
    elif row["state"] == ConsentState.WITHDRAWN and not there:
        path, problem = "state", "nothing was granted that could be withdrawn; say that they deny it"
    if problem:
        raise InputError(problem, path=f"$.{path}", rule="consent", cif_no=cif_no)


def consent_subject(row: Row) -> tuple[str | None, ...]:
    """What a statement is about; a later one about the same takes its place."""
    return tuple(row.get(name) for name in _SUBJECT)


def consent_answer(
    rows: Iterable[Row], use: ConsentUse, on: date, *, child: bool = False
) -> tuple[ConsentAnswer, Row | None]:
    """
    Whether statements allow a use on a day, and the one that says so.

    A refusal that covers the use forbids it, whatever else was said: who refused text messages has not allowed them by allowing all ways
    later. What is granted must cover it by name where data leaves the bank or the country. Each dimension on which a statement is silent covers
    all of it, but that silence grants no recipient and no country.

    Args:
        rows: Those that stand: of one subject the last, and behind a merge that of each side.
        use: What is to be done.
        on: The day.
        child: Whether the customer is under `CHILD_UNTIL` on that day: then a guardian must have granted it; else who granted it for them then must
            not have been one.
    """
    said = [row for row in rows if row["purpose"] == use.purpose]
    refused = [row for row in said if row["state"] != ConsentState.GRANTED and _covers(row, use)]
    if refused:
        return ConsentAnswer.REFUSED, refused[0]
    granted = [row for row in said if row["state"] == ConsentState.GRANTED and _covers(row, use) and _names(row, use)]
    found: tuple[ConsentAnswer, Row | None] = (ConsentAnswer.MISSING, None)
    for row in granted:
        each = _granted(row, on, child)
        if _ORDER.index(each) < _ORDER.index(found[0]):
            found = each, row
    return found


def consent_turns(rows: Iterable[Row], purpose: str, on: date) -> date | None:
    """The first day behind *on* on which what was said of *purpose* may answer otherwise, though nothing new is said: one begins to hold, or held the day before."""
    found = []
    for row in rows:
        if row["purpose"] == purpose and row["state"] == ConsentState.GRANTED:
            found.append(date.fromisoformat(row["since"]))
            if row.get("until") is not None and row["until"] < date.max.isoformat():
                found.append(date.fromisoformat(row["until"]) + timedelta(days=1))
    return min((day for day in found if day > on), default=None)


_ORDER = (
    ConsentAnswer.GRANTED, ConsentAnswer.GUARDIAN, ConsentAnswer.EXPIRED, ConsentAnswer.NOT_YET, ConsentAnswer.MISSING,
)  # fmt: skip
"""What is told first: the nearer it is to a consent."""


def _covers(row: Row, use: ConsentUse) -> bool:
    return all(row.get(name) in (None, getattr(use, name)) for name in _DIMENSIONS)


def _names(row: Row, use: ConsentUse) -> bool:
    """Whether a recipient and a country abroad are named where there is one."""
    return (row.get("recipient"), row.get("country")) == (use.recipient, use.country)


def _granted(row: Row, on: date, child: bool) -> ConsentAnswer:
    if on.isoformat() < row["since"]:
        return ConsentAnswer.NOT_YET
    if row.get("until") is not None and on.isoformat() > row["until"]:
        return ConsentAnswer.EXPIRED
    return ConsentAnswer.GRANTED if bool(row.get("guardian")) is child else ConsentAnswer.GUARDIAN
