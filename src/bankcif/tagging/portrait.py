"""
A customer's portrait: which tags they have and in which segments they are, since when and why, and what was said of them by hand.

It is a function of what the customer is, of what was said, of the catalogue and of the day; what it adds to the verdicts is since when
each has stood, which it takes from the portrait before.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any

import attrs

from ..errors import InputError
from .catalogue import Catalogue
from .evaluate import Evaluator, Said, Verdict
from .tag import Tag, TagKind

__all__ = ["Exit", "Held", "Left", "Portrait", "Word", "draw", "heard", "need_sayable", "said_of", "standing"]

_DAY = timedelta(1)
_LONGEST = 200
_MOST_DAYS = 3660


class Exit(enum.StrEnum):
    """Why a customer has a tag no more, or is in a segment no more."""

    LEFT = "left"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    VETOED = "vetoed"
    DISPLACED = "displaced"
    RULE_CHANGED = "rule_changed"
    REMOVED = "removed"


@attrs.frozen(kw_only=True, repr=False)
class ByModel:
    """
    By what a model said a word. It is sealed with the word, and told to who may read what the model reads.

    Attributes:
        model: The proposal that brought it.
        score: The score, as it can be computed again.
        day: On which day it was asked.
        of: Of whom, by their number of then.
        tags: The tags and segments they had then, of those that the model reads.
    """

    model: str
    score: str
    day: date
    of: str
    tags: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Word:
    """
    What a person, a model or another system says of a customer and a tag.

    Attributes:
        tag: Its name.
        said: That the customer has it, or shall not have it; None takes back what was said.
        until: The last day on which it stands; None for no end.
        evidence: Reference to what it rests on, such as a model's version or a file; never a customer's value.
        at: When, in microseconds since 1970, UTC.
        actor: Who.
        key: Under what it is kept; empty until it is.
        about: Where the reason is kept; empty until it is.
        by: By what, if a model in force said it.
    """

    tag: str
    said: Said | None
    until: date | None = None
    evidence: str = ""
    at: int
    actor: str
    key: str = ""
    about: str = ""
    by: ByModel | None = attrs.field(default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        if len(self.evidence) > _LONGEST or not (self.evidence.isprintable() or not self.evidence):
            raise InputError(
                f"evidence is a reference of at most {_LONGEST} printable characters",
                path="$.evidence",
                rule="evidence",
            )

    def stored(self) -> dict[str, Any]:
        """The form in sealed payloads."""
        return {
            "tag": self.tag, "said": None if self.said is None else self.said.value,
            "until": None if self.until is None else self.until.isoformat(), "evidence": self.evidence, "at": self.at,
            "actor": self.actor, "key": self.key,
            "about": self.about,
            **({} if self.by is None else {"by": {**attrs.asdict(self.by), "day": self.by.day.isoformat(), "tags": list(self.by.tags)}}),
        }  # fmt: skip

    @classmethod
    def of_stored(cls, stored: Mapping[str, Any]) -> Word:
        """The reverse of `stored`."""
        said, until, by = stored["said"], stored["until"], stored.get("by")
        return cls(
            tag=stored["tag"], said=None if said is None else Said(said),
            until=None if until is None else date.fromisoformat(until), evidence=stored["evidence"], at=stored["at"],
            actor=stored["actor"], key=stored["key"], about=stored["about"],
            by=None if by is None else ByModel(**{**by, "day": date.fromisoformat(by["day"]), "tags": tuple(by["tags"])}),
        )  # fmt: skip


def standing(words: Iterable[Word], today: date) -> tuple[Word, ...]:
    """
    Those of *words*, in the order in which they were said, that stand on a day or may again: under one key the last counts, unless it took back
    what was said or its last day is over.
    """
    last = {(word.key, word.tag): word for word in words}
    found = [one for one in last.values() if one.said is not None and (one.until is None or one.until >= today)]
    return tuple(sorted(found, key=lambda one: (one.tag, one.key)))


def heard(words: Iterable[Word], today: date) -> dict[str, Word]:
    """
    What stands on a day of what was said, by tag. Of several keys, which there are behind a merge, a veto stands above all, as the stricter side
    does until a person decides; else who spoke last.
    """
    found: dict[str, Word] = {}
    for word in sorted(standing(words, today), key=lambda one: (one.said is Said.VETO, one.at, one.key)):
        found[word.tag] = word
    return found


@attrs.frozen(kw_only=True)
class Held:
    """
    A tag that a customer has, or a segment that they are in.

    Attributes:
        since: The day from which on it stands without a break.
        why: By its rule, or by what was said.
        version: Of its definition.
        evidence: Keyed digest of what its rule read on the day it came, or the reference of what was said.
        until: The last day on which what was said stands; None for no end.
    """

    since: date
    why: Verdict
    version: str
    evidence: str
    until: date | None = None


@attrs.frozen(kw_only=True)
class Left:
    """
    What a customer had on the day before this portrait, and has no more.

    Attributes:
        since: The day from which on it had stood.
        why: Why it does not.
    """

    since: date
    why: Exit


@attrs.frozen(kw_only=True)
class Portrait:
    """
    What stands of a customer.

    Attributes:
        has: By ``tag:NAME`` and ``segment:NAME``.
        left: What went when this portrait took the place of the one before.
        words: All that was said and stands, or may again once another word is over.
    """

    has: Mapping[str, Held] = attrs.field(factory=dict)
    left: Mapping[str, Left] = attrs.field(factory=dict)
    words: tuple[Word, ...] = ()

    def stands_as(self, other: Portrait) -> bool:
        """Whether the two say the same of the customer, whatever went before either."""
        return self.has == other.has and self.words == other.words

    def next_day(self) -> date | None:
        """The first day on which a word has ended."""
        ends = [word.until + _DAY for word in self.words if word.until is not None and word.until < date.max]
        return min(ends, default=None)

    def stored(self) -> dict[str, Any]:
        """The form in sealed payloads."""
        return {
            "has": {
                name: [one.since.isoformat(), one.why.value, one.version, one.evidence,
                       None if one.until is None else one.until.isoformat()]
                for name, one in sorted(self.has.items())
            },
            "left": {name: [one.since.isoformat(), one.why.value] for name, one in sorted(self.left.items())},
            "words": [word.stored() for word in self.words],
        }  # fmt: skip

    @classmethod
    def of_stored(cls, stored: Mapping[str, Any]) -> Portrait:
        """The reverse of `stored`."""
        return cls(
            has={
                name: Held(since=date.fromisoformat(since), why=Verdict(why), version=version, evidence=evidence,
                           until=None if until is None else date.fromisoformat(until))
                for name, (since, why, version, evidence, until) in stored["has"].items()
            },
            left={
                name: Left(since=date.fromisoformat(since), why=Exit(why)) for name, (since, why) in stored["left"].items()
            },
            words=tuple(Word.of_stored(one) for one in stored["words"]),
        )  # fmt: skip


def draw(
    evaluator: Evaluator,
    record: Mapping[str, Any],
    words: Iterable[Word],
    today: date,
    before: Portrait,
    digest: Callable[[str, Mapping[str, Any]], str],
) -> tuple[Portrait, date | None]:
    """
    The portrait of a customer on a day, and the first day on which it can be another if nothing new is heard.

    Args:
        evaluator: The rules.
        record: As `bankcif.rules.opened_record` gives it.
        words: All that was said, in its order; of tags that the catalogue does not know it is kept and does nothing.
        today: The day.
        before: The portrait before; an empty one for none.
        digest: Keyed digest of what a rule of this name read.
    """
    catalogue = evaluator.catalogue
    kept = standing(words, today)
    spoken = heard(kept, today)
    verdicts = evaluator.verdicts(record, today, said_of(catalogue, spoken))
    has: dict[str, Held] = {}
    for name, verdict in verdicts.items():
        if verdict is Verdict.RULE or verdict is Verdict.SAID:
            word = spoken[name.removeprefix("tag:")] if verdict is Verdict.SAID else None
            read = partial(_read, catalogue, name, record, digest)
            has[name] = _held(catalogue.version_of(name), verdict, word, before.has.get(name), today, read)
    left = {
        name: Left(since=one.since, why=_exit(catalogue, name, one, verdicts.get(name), before, today))
        for name, one in before.has.items()
        if name not in has
    }
    found = Portrait(has=has, left=left, words=kept)
    days = [found.next_day(), evaluator.next_change(record, verdicts, today)]
    return found, min((day for day in days if day is not None), default=None)


def said_of(catalogue: Catalogue, words: Mapping[str, Word]) -> dict[str, Said]:
    """
    What `heard` gives, as `Evaluator.verdicts` takes it: of tags that the catalogue knows, and as far as their kind lets it be said today, since a
    tag may have come to have a rule, or an end.
    """
    found = {}
    for tag, word in words.items():
        known = catalogue.tags.get(tag)
        if known is not None and word.said is not None and _may_stand(known, word):
            found[tag] = word.said
    return found


def _may_stand(tag: Tag, word: Word) -> bool:
    if word.said is Said.VETO:
        return True
    return tag.kind is not TagKind.RULE and (word.until is not None or not tag.needs_end)


def _held(
    version: str, verdict: Verdict, word: Word | None, before: Held | None, today: date, read: Callable[[], str]
) -> Held:
    """As it stood before, if nothing is another; *read* gives the digest of what its rule read."""
    if word is None and before is not None and (before.why, before.version) == (verdict, version):
        return before
    return Held(
        since=today if before is None else before.since, why=verdict, version=version,
        evidence=read() if word is None else word.evidence, until=None if word is None else word.until,
    )  # fmt: skip


def _read(
    catalogue: Catalogue, name: str, record: Mapping[str, Any], digest: Callable[[str, Mapping[str, Any]], str]
) -> str:
    needed, fields = catalogue.needs(name), catalogue.schema.fields
    names = {one.partition(".")[0] for one in needed.fields | needed.rows}
    # An age is read from a birth date, and an amount with its currency.
    behind = {
        other for one in names if one in fields for other in (fields[one].born, fields[one].currency_field) if other
    }
    return digest(name, {one: _plain(record.get(one)) for one in sorted(names | behind)})


def _plain(value: Any) -> Any:
    """Rows that are made when they are asked for, as a list."""
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value


def _exit(catalogue: Catalogue, name: str, one: Held, verdict: Verdict | None, before: Portrait, today: date) -> Exit:
    if verdict is None:
        return Exit.REMOVED
    if verdict in (Verdict.VETOED, Verdict.DISPLACED):
        return Exit(verdict.value)
    if one.why is Verdict.SAID:
        return Exit.EXPIRED if one.until is not None and one.until < today else Exit.WITHDRAWN
    return Exit.LEFT if one.version == catalogue.version_of(name) else Exit.RULE_CHANGED


def need_sayable(tag: Tag, said: Said | None, until: date | None, evidence: str, today: date) -> None:
    """
    Raises `InputError` where this may not be said of *tag*: who has a rule tag its rule says, and a person can only forbid it; what a
    person says has a last day, and what a model or another system says has evidence.
    """
    problem = ""
    if said is Said.HAS and tag.kind is TagKind.RULE:
        problem = "its rule says who has it; it can only be vetoed"
    elif until is not None and until < today:
        problem = "no last day lies in the past"
    elif said is not None and tag.kind in (TagKind.MODEL, TagKind.IMPORTED) and said is Said.HAS and not evidence:
        problem = "what a model or another system says has evidence: name its version or its file"
    elif said is not None and until is None and (said is Said.VETO or tag.needs_end):
        problem = "what a person says has a last day; say until when"
    elif until is not None and until > today + timedelta(_MOST_DAYS):
        problem = f"what is said stands for {_MOST_DAYS:,} days at most"
    elif said is Said.HAS and until is not None and tag.valid_days is not None:
        most = today + timedelta(tag.valid_days)
        problem = f"it stands for {tag.valid_days} days at most" if until > most else ""
    if problem:
        raise InputError(f"tag {tag.name}: {problem}", path="$.until", rule="tag_word")
