"""The rows of which a party has many: documents, holdings, transactions, balances, contacts, consents, relations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import dataclass_transform

import attrs

from .fields import declare
from .values import Money, Sensitive

__all__ = [
    "LAST_HOUR",
    "Consent",
    "Hold",
    "Holding",
    "Identifier",
    "Interaction",
    "MonthlyBalance",
    "Relationship",
    "Review",
    "RiskFlag",
    "StateWord",
    "SubjectRequest",
    "TaxResidence",
    "TransactionSummary",
    "model",
]


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(declare, attrs.field))
def model(cls: type) -> type:
    """A frozen class whose attributes are given by name."""
    return attrs.frozen(kw_only=True)(cls)


@model
class Identifier:
    """
    A number issued to a party, with the document that carries it; survives as a unit.

    `scheme` names the rule set (``cn.resident_id``, ``passport``, ``bank.customer_no``). A document without an end
    date (长期) has `long_term` set and no `valid_until`.
    """

    scheme: str
    number: Sensitive[str]
    issuer: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    long_term: bool = False


@model
class Holding:
    """A product held; account and card numbers rest only as a token and a masked form."""

    product: str
    number: Sensitive[str] | None = None
    scheme: str | None = None
    role: str = "holder"
    status: str = "open"
    opened_on: date | None = None
    closed_on: date | None = None
    balance: Sensitive[Money] | None = None
    branch: str | None = None


LAST_HOUR = 23
"""The last hour of a day."""


@model
class TransactionSummary:
    """
    What happened in one period on one channel; ledgers stay outside.

    Attributes:
        period: The month, as ``2026-10``.
        channel, type: Codes of the bank.
        count, total: How many there were, and how much in all.
        hour: In which hour of the day they began, by the bank's clock, 0 to `LAST_HOUR`; of the whole day where none is said.
    """

    period: str
    channel: str
    type: str
    count: int
    total: Sensitive[Money] | None = None
    hour: int | None = None


@model
class MonthlyBalance:
    """
    The average of a month's closing balances, from which tiers are reckoned.

    Attributes:
        month: As ``2026-10``.
        book: What its deliverer keeps apart, of all their customers, such as an account's token or their own customer number. Those of several books
            in one month add up; of one book and month there is one, behind a merge too.
        average: Of all days of the month.
    """

    month: str
    book: Sensitive[str]
    average: Sensitive[Money]


@model
class TaxResidence:
    """
    A country or region in which a party is resident for tax, as they certify it themselves. The last certification stands whole: who certifies anew names
    all of them.

    Attributes:
        country: Two letters after ISO 3166.
        tin: Their taxpayer identification number there.
        no_tin: Why there is none: a code of ``no_tin``.
        certified_on: On which day they said so.
        evidence: Reference to the signed form; never a customer's value.

    Source: measures on due diligence for non-residents' financial accounts (非居民金融账户涉税信息尽职调查管理办法, 2017), read in commentaries: whoever opens
    an account says where they are resident for tax, with a number there or the reason why there is none.
    """

    country: str
    tin: Sensitive[str] | None = None
    no_tin: str | None = None
    certified_on: date | None = None
    evidence: str | None = None


@model
class Interaction:
    """One contact between bank and customer: a campaign, a complaint, a service request."""

    channel: str
    type: str
    on: date
    direction: str = "inbound"
    campaign: str | None = None
    outcome: str | None = None
    due: date | None = None


@model
class Consent:
    """
    What a customer said of a use of their data; see `bankcif.party.consent`.

    Attributes:
        purpose: What for: a `bankcif.Purpose`.
        state: What was said: a `ConsentState`.
        channel: By which way they are addressed; None for any.
        data_group: Which data: a `DataGroup`; None for all.
        recipient: Who outside the bank gets them; None for nobody.
        country: Where to, as two letters after ISO 3166; None for at home.
        text: Which version of the text they were shown.
        evidence: Reference to what proves it, such as a recording or a signed form; never a customer's value.
        since, until: From which day to which; None for no end.
        guardian: Whether a guardian said it for them.
        id, over: By what a statement is known, and which others it stands above: what the other side of a merge had said before the customer spoke again.
    """

    purpose: str
    state: str
    channel: str | None = None
    data_group: str | None = None
    recipient: Sensitive[str] | None = None
    country: str | None = None
    text: str | None = None
    evidence: str | None = None
    since: date
    until: date | None = None
    guardian: bool = False
    id: str = ""
    over: tuple[str, ...] = ()


@model
class Review:
    """
    A case in which a customer is reviewed; see `bankcif.upkeep.review`.

    Attributes:
        id: By what it is known.
        trigger: Why it was opened, in a word.
        opened, closed: On which days; None while it is open.
        done: What of the checklist was looked at.
        outcome: ``passed`` or ``failed``.
        limits: What the customer may not do until another review, in words of the bank, where this one failed.
        evidence: Reference to the file of the case; never a customer's value.
        basis: Keyed digest of each value that it rests on: what changes later is seen.
    """

    id: str
    trigger: str
    opened: date
    closed: date | None = None
    done: tuple[str, ...] = ()
    outcome: str | None = None
    limits: tuple[str, ...] = ()
    evidence: str | None = None
    basis: Mapping[str, str] = attrs.field(factory=dict)


@model
class Hold:
    """
    That nothing of a customer is erased while something is going on; see `bankcif.upkeep.retention`.

    Attributes:
        id: By what it is known.
        ground: Why, in a word, such as ``inquiry``, ``litigation`` or ``audit``.
        since: From which day on.
        ended: On which day it was lifted; None while it holds.
        evidence: Reference to what asks for it; never a customer's value.
        placed_by: Operator, by id.
        person: The natural person behind the operator, who does not lift it.
    """

    id: str
    ground: str
    since: date
    placed_by: str
    ended: date | None = None
    evidence: str | None = None
    person: str | None = None


@model
class SubjectRequest:
    """
    What a customer, or somebody for them, asks about their data; see `bankcif.upkeep.requests`.

    Attributes:
        id: By what it is known.
        kind: A `RequestKind`.
        asked_by: Who asks: ``self``, ``guardian``, ``agent`` or ``heir``.
        received, due: When it came, and until when it is to be answered.
        opened_by, decided_by: Operators, by id: who took it down, and who decided it.
        state: A `RequestState`.
        ground: Why it was refused, in a word.
        closed: On which day; None while it is open.
        evidence: Reference to how who asks was recognized; never a customer's value.
        person: The natural person behind who took it down, who does not decide it.
    """

    id: str
    kind: str
    asked_by: str
    received: date
    due: date
    opened_by: str
    state: str
    decided_by: str | None = None
    ground: str | None = None
    closed: date | None = None
    evidence: str | None = None
    person: str | None = None


@model
class RiskFlag:
    """
    What a list or a person says of a customer's risk; see `bankcif.upkeep.watch`.

    Attributes:
        id: By what it is known.
        kind: In a word, such as ``sanction``, ``pep``, ``fraud`` or ``court``.
        source: The list or system, and its version.
        entry: Reference to the entry there; never a customer's value.
        state: A `FlagState`.
        since, until: From when, and the last day; None for no end.
        score: How much the names are alike, 0 to 100; None of what no list said.
        opened_by, decided_by: Operators, by id.
        basis: Keyed digest of the names that were compared, so that another name is asked anew.
        evidence: Reference to what the decision rests on.
        person: The natural person behind who confirmed it, who does not end it.
    """

    id: str
    kind: str
    source: str
    entry: str | None = None
    state: str
    since: date
    until: date | None = None
    score: int | None = None
    opened_by: str
    decided_by: str | None = None
    basis: str | None = None
    evidence: str | None = None
    person: str | None = None


@model
class StateWord:
    """
    That a party came to a state of its life cycle; see `bankcif.party.states`.

    Attributes:
        id: Of whom it was said, among those that a customer is made of.
        state: A `LifeCycle`.
        step: The step by which it came there.
        since: On which day.
        evidence: Reference to what proves it; never a customer's value.
    """

    id: str
    state: str
    step: str
    since: date
    evidence: str | None = None


@model
class Relationship:
    """
    One side of a relation to another customer; see `bankcif.party.relations`.

    Attributes:
        id: By what the relation is known, on both sides.
        kind: A `RelationKind`.
        role: What the other one is to them, of `bankcif.party.ROLES`.
        other: The other one's number, as it was when it was said; it resolves for ever.
        since, until: The first and the last day; None if it is not known, or open.
        share, votes: Which part of the company's shares and votes a shareholder has, of `WHOLE`.
        means: By which means somebody controls or benefits.
        evidence: Reference to what proves it; never a customer's value.
    """

    id: str
    kind: str
    role: str
    other: Sensitive[str]
    since: date | None = None
    until: date | None = None
    share: int | None = None
    votes: int | None = None
    means: str | None = None
    evidence: str | None = None
