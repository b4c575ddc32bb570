"""
How long data are kept: by data group and legal ground, from the day on which a term begins, and longer while something is going on.

What a source delivered is one record of many groups, and is kept as long as the longest of their terms; so a customer is due as a whole, on the day behind the last.
Whoever never was a customer is kept by no law.

Source: Anti-Money Laundering Law of the PRC (2024), art. 34 (ten years after the relationship, and after the transaction); Personal Information Protection Law of
the PRC, art. 19 and 47. The other terms are a bank's own, and defaults here.
"""

from __future__ import annotations

import enum
import re
from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import attrs

from .._toml import read_toml
from ..errors import ConfigurationError
from ..party import PAST_CUSTOMERS, DataGroup, LifeCycle
from ..rules import Unit, shifted

__all__ = ["Kept", "Retention", "RetentionPlan", "RetentionRule", "Start", "open_holds", "retention"]

_WORD = re.compile(r"[a-z][a-z0-9_]{0,63}")
_MOST_MONTHS = 1200
_MOST_DAYS = 3660
_KEYS = {"groups", "months", "starts", "ground", "zh", "en"}
_MONTH = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")
Row = Mapping[str, Any]


class Start(enum.StrEnum):
    """What a term begins with."""

    RELATIONSHIP_END = "relationship_end"
    LAST_DEALING = "last_dealing"
    LAST_CONTACT = "last_contact"
    LAST_CONSENT = "last_consent"


def _groups(given: Iterable[str]) -> frozenset[DataGroup]:
    return frozenset(DataGroup) if tuple(given) == ("*",) else frozenset(map(DataGroup, given))


@attrs.frozen(kw_only=True)
class RetentionRule:
    """
    How long some data are kept.

    Attributes:
        name: In a word.
        groups: Of which data groups; ``*`` of all.
        months: For how long, from the day on which the term begins.
        starts: What it begins with.
        ground: The law or rule that asks for it.
        zh, en: What it says, in a sentence.

    Raises:
        ConfigurationError: A term is none, or something is missing; the message names the rule.
    """

    name: str
    groups: frozenset[DataGroup] = attrs.field(converter=_groups)
    months: int
    starts: Start = attrs.field(converter=Start)
    ground: str
    zh: str
    en: str

    def __attrs_post_init__(self) -> None:
        problem = ""
        if not _WORD.fullmatch(self.name):
            problem = "its name is a word of small letters, digits and underscores"
        elif type(self.months) is not int or not 1 <= self.months <= _MOST_MONTHS:
            problem = f"a term is 1 to {_MOST_MONTHS} months: one of nothing would erase everybody at once"
        elif not self.groups or not all(one.strip() for one in (self.ground, self.zh, self.en)):
            problem = "it names data groups, a ground, and what it says in both languages"
        if problem:
            raise ConfigurationError(f"retention rule {self.name}: {problem}", rule="retention")


_STANDARD: tuple[RetentionRule, ...] = (
    RetentionRule(
        name="identification", groups=("identity", "contact", "finance", "risk", "relation"), months=120, starts="relationship_end",
        ground="反洗钱法（2024）第三十四条 / Anti-Money Laundering Law (2024), art. 34", zh="客户身份资料自业务关系结束后至少保存十年",
        en="Identification data are kept for ten years after the relationship has ended",
    ),
    RetentionRule(
        name="transactions", groups=("transaction", "holding"), months=120, starts="last_dealing",
        ground="反洗钱法（2024）第三十四条 / Anti-Money Laundering Law (2024), art. 34", zh="交易记录自交易结束后至少保存十年",
        en="Transaction data are kept for ten years after the transaction",
    ),
    RetentionRule(
        name="contacts", groups=("interaction",), months=36, starts="last_contact", ground="本行规定 / rule of the bank",
        zh="互动与投诉记录保存三年", en="Contacts and complaints are kept for three years",
    ),
    RetentionRule(
        name="consents", groups=("consent",), months=36, starts="last_consent", ground="本行规定 / rule of the bank",
        zh="同意记录保存三年，用于证明", en="Consents are kept for three years, as proof",
    ),
)  # fmt: skip


@attrs.frozen(kw_only=True)
class RetentionPlan:
    """
    How long what is kept.

    Attributes:
        rules: The terms.
        most_percent: Of how many customers in a hundred a run erases at most; more is taken for a mistake.
        restrict_days: So long behind the end of the relationship a customer is restricted: stored and protected, and used for nothing else.

    Raises:
        ConfigurationError: Two rules have one name, none of them is of identification, or a number is out of range.
    """

    rules: tuple[RetentionRule, ...] = attrs.field(factory=lambda: _STANDARD)
    most_percent: int = 5
    restrict_days: int = 90

    def __attrs_post_init__(self) -> None:
        names = [one.name for one in self.rules]
        if len(set(names)) < len(names):
            raise ConfigurationError("two retention rules have one name", rule="retention")
        if not any(DataGroup.IDENTITY in one.groups and one.starts is Start.RELATIONSHIP_END for one in self.rules):
            raise ConfigurationError(
                "a retention plan says how long identity is kept behind the end of the relationship: without that it would erase everybody who closed",
                rule="retention",
            )
        if type(self.restrict_days) is not int or not 0 <= self.restrict_days <= _MOST_DAYS:
            raise ConfigurationError(
                f"customers are restricted 0 to {_MOST_DAYS:,} days behind the end", rule="retention"
            )
        if type(self.most_percent) is not int or not 1 <= self.most_percent <= 50:
            raise ConfigurationError("a run erases 1 to 50 customers in a hundred, at most", rule="retention")

    @classmethod
    def read(cls, path: Path) -> RetentionPlan:
        """
        The plan in the TOML file *path*: ``most_percent``, ``restrict_days``, and ``[rule.NAME]`` with groups, months, starts, ground, zh and en.

        Raises:
            ConfigurationError: It cannot be read, or does not fit.
        """
        document = read_toml(path, "retention plan", ConfigurationError, "retention")
        tables = document.get("rule", {})
        numbers = {"most_percent", "restrict_days"}
        if set(document) - {"rule", *numbers} or not isinstance(tables, Mapping):
            raise ConfigurationError(
                "a retention plan has most_percent, restrict_days and [rule.NAME]", rule="retention"
            )
        rules, problem = [], ""
        for name, table in tables.items():
            if not isinstance(table, Mapping) or set(table) - _KEYS:
                raise ConfigurationError(
                    f"retention rule {name}: it may have {', '.join(sorted(_KEYS))}", rule="retention"
                )
            try:
                rules.append(RetentionRule(name=name, **table))
            except (TypeError, ValueError):
                problem = f"retention rule {name}: something is missing, or of the wrong type"
        if problem:
            raise ConfigurationError(problem, rule="retention")
        return cls(rules=tuple(rules), **{name: document[name] for name in numbers & document.keys()})


@attrs.frozen(kw_only=True)
class Kept:
    """
    What a rule says of a customer.

    Attributes:
        rule, ground, groups: The rule.
        until: The last day on which it asks to keep; None while its term has not begun, since the relationship lasts.
    """

    rule: str
    ground: str
    groups: frozenset[DataGroup]
    until: date | None


@attrs.frozen(kw_only=True)
class Retention:
    """
    How long a customer is kept.

    Attributes:
        kept: What each rule says that asks something of them.
        holds: Grounds of the holds that last.
        lasts: Whether the relationship lasts.
        until: The last day on which something asks to keep them; None if nothing does, or if it lasts.
        ended: The day on which the relationship ended; None if it lasts, or there never was one.
    """

    kept: tuple[Kept, ...]
    holds: tuple[str, ...]
    lasts: bool
    until: date | None
    ended: date | None = None

    def why_not(self, today: date) -> str:
        """Why they are not erased on a day, in a sentence; empty if nothing forbids it."""
        if self.holds:
            return f"something is going on ({', '.join(self.holds)}); nothing is erased before that hold is lifted"
        if self.lasts:
            return "the relationship lasts; close it first"
        longest = max(
            (one for one in self.kept if one.until is not None), key=lambda one: one.until or today, default=None
        )
        if longest is not None and longest.until is not None and longest.until >= today:
            return f"they are kept until {longest.until}: {longest.ground}; restrict them until then"
        return ""


def open_holds(values: Mapping[str, Any]) -> list[Row]:
    """The holds that last, of golden values in stored form."""
    return [one for one in values.get("holds", ()) if one.get("ended") is None]


def retention(plan: RetentionPlan, values: Mapping[str, Any], state: LifeCycle) -> Retention:
    """
    How long a customer is kept.

    Args:
        plan: The terms.
        values: Golden values in stored form.
        state: Where they stand in their life cycle, whether they are restricted or not.
    """
    holdings: Sequence[Row] = values.get("holdings", ())
    was = bool(holdings or values.get("customer_since") or values.get("transactions"))
    lasts = was and (state not in PAST_CUSTOMERS or any(one.get("status") == "open" for one in holdings))
    begins = _begins(values) if was else {}
    kept = [
        Kept(
            rule=one.name, ground=one.ground, groups=one.groups,
            until=None if lasts or one.starts not in begins else shifted(begins[one.starts], one.months, Unit.MONTHS),
        )
        for one in plan.rules
        if was and (lasts or one.starts in begins)
    ]  # fmt: skip
    return Retention(
        kept=tuple(kept), holds=tuple(sorted({one["ground"] for one in open_holds(values)})), lasts=lasts,
        until=None if lasts else max((one.until for one in kept if one.until is not None), default=None),
        ended=None if lasts else begins.get(Start.RELATIONSHIP_END),
    )  # fmt: skip


def _begins(values: Mapping[str, Any]) -> dict[Start, date]:
    """From which day each term runs, where there is something for it to run from."""
    closed = [one.get("closed_on") or one.get("opened_on") for one in values.get("holdings", ())]
    past = [one["since"] for one in values.get("states", ()) if LifeCycle(one["state"]) in PAST_CUSTOMERS]
    # A dealing of the month's last day is one too.
    months = [
        f"{row['period'][:7]}-{monthrange(int(row['period'][:4]), int(row['period'][5:7]))[1]}"
        for row in values.get("transactions", ())
        if _MONTH.match(row.get("period") or "")
    ]
    spoken = [one.get("on") for one in values.get("interactions", ())]
    said = [one.get("until") or one.get("since") for one in values.get("consents", ())]
    found = {
        Start.RELATIONSHIP_END: [*closed, *past, values.get("customer_since")], Start.LAST_DEALING: [*closed, *months],
        Start.LAST_CONTACT: spoken, Start.LAST_CONSENT: said,
    }  # fmt: skip
    return {
        start: date.fromisoformat(max(days))
        for start, days in ((name, [one for one in each if one]) for name, each in found.items())
        if days
    }
