"""
Survivorship: the golden record as a pure function of source records and rules.

For each field one word survives, by the field's strategy (see `Strategy`); a person's override stands above all. A
protected field takes part only with records that may change it: the party's anchor, and records of sources trusted for that
field. What others say of it is *proposed*.

Trust decays with the age of a word, which is counted from the newest word on the customer, not from today: so the same
records give the same golden record on any day, and nothing changes by itself overnight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

import attrs

from ..errors import ConfigurationError
from ..party import CATALOGUE, Field, FieldType, PartyKind, SourceKey
from ._words import differs, of_schemes, replaced, union
from .rules import STANDARD_RULES, FieldRule, Strategy, SurvivorshipRules
from .statement import DECISIONS, GoldenRecord, Override, Proposal, Provenance, Release, Statement

__all__ = ["survive", "value_at"]

_MOST_ROWS = 4096
"""Of a time series that one source key delivered, the rows that stand: those delivered last."""
_LEVELS = {"low": 1, "substantial": 2, "high": 3}


def survive(
    kind: PartyKind,
    records: Sequence[Statement],
    *,
    anchor: tuple[str, str, int],
    as_of: int | None = None,
    rules: SurvivorshipRules = STANDARD_RULES,
    digest: Callable[[Mapping[str, Any]], str] | None = None,
    now: int | None = None,
    valid: int | None = None,
) -> GoldenRecord:
    """
    The golden record of *records*; the same records give the same result, in whatever order they come.

    Args:
        kind: Party kind.
        records: All source records linked to the party.
        anchor: Place of the record that founded the party: it may set protected fields.
        as_of: Only records received until then are heard (microseconds); None hears all.
        rules: How each field survives.
        digest: Keyed digest of path to value, by which a value is known that was checked; without, checks are not heard.
        now: At what instant overrides are judged (microseconds); *as_of* if None, and without either none has expired or is to come.
        valid: Of which instant the values are (microseconds): what says of itself that it is of a later one is not heard, and overrides are judged
            then; None for what holds now.
    """
    told = [
        r
        for r in records
        if not r.restricted and (as_of is None or r.received_at <= as_of) and (valid is None or _begins(r) <= valid)
    ]
    moment = valid if valid is not None else as_of if now is None else now
    never = _never_stood(told)
    told = [r for r in told if r.override is None or (_stands_from(r.override, moment) and r.origin not in never)]
    heard = _heard(told, moment)
    if len(heard) == 1:
        return _alone(kind, heard[0], anchor)
    checks = [r for r in told if r.verification is not None] if digest is not None else []
    decided = [r for r in told if r.override is not None]
    return _Panel(kind, heard, checks, decided, anchor=anchor, rules=rules, digest=digest).golden()


def value_at(values: Mapping[str, Any], path: str) -> Any:
    """What *values* hold at *path*: a field, or the sorted numbers of the documents of a scheme; None if nothing."""
    field, _, scheme = path.partition(".")
    if not scheme:
        return values.get(field)
    return sorted({child["number"] for child in values.get(field, ()) if child.get("scheme") == scheme}) or None


def _heard(told: Iterable[Statement], now: int | None) -> list[Statement]:
    """The records that assert something, in the order of their places; of overrides the last of each key, if it has not ended."""
    ordered = sorted((r for r in told if r.verification is None), key=lambda record: record.place)
    last = {r.origin: r.place for r in ordered if r.override is not None}
    return [r for r in ordered if r.override is None or (r.place == last[r.origin] and not _ended(r, now))]


def _begins(record: Statement) -> int:
    """From what instant on a record says what it says."""
    if record.override is not None and record.override.effective is not None:
        return record.override.effective
    return record.received_at if record.business_time is None else record.business_time


def _stands_from(override: Override, moment: int | None) -> bool:
    """Whether an override waits for nobody, and has begun."""
    return not override.waits and (override.effective is None or moment is None or override.effective <= moment)


def _never_stood(told: Iterable[Statement]) -> set[SourceKey]:
    """The keys of overrides that were taken back before they began: they end nothing that was decided before."""
    last: dict[SourceKey, Statement] = {}
    for record in sorted((r for r in told if r.override is not None), key=lambda record: record.place):
        last[record.origin] = record
    return {
        origin
        for origin, record in last.items()
        if record.override is not None
        and record.override.until is not None
        and record.override.effective is not None
        and record.override.until <= record.override.effective
    }


def _ended(record: Statement, now: int | None) -> bool:
    until = record.override.until if record.override else None
    return until is not None and now is not None and until <= now


class _Panel:
    """Everybody who is heard on one party, and how they are judged."""

    def __init__(
        self,
        kind: PartyKind,
        heard: Sequence[Statement],
        checks: Sequence[Statement],
        decided: Sequence[Statement],
        *,
        anchor: tuple[str, str, int],
        rules: SurvivorshipRules,
        digest: Callable[[Mapping[str, Any]], str] | None,
    ) -> None:
        self._kind, self._heard, self._anchor, self._rules = kind, heard, anchor, rules
        self._checks, self._decided, self._digest = checks, decided, digest
        # A person's decision is no word of a source: it ages nobody's.
        times = (r.business_time for r in heard if _is_source(r))
        self._newest = max((time for time in times if time is not None), default=None)
        self._said: dict[str, list[Statement]] = {}
        for record in heard:
            for name in record.values:
                self._said.setdefault(name, []).append(record)
        self._winners: dict[str, Statement | None] = {}

    def golden(self) -> GoldenRecord:
        """The golden record."""
        values: dict[str, Any] = {}
        provenance: dict[str, Provenance] = {}
        proposals: list[Proposal] = []
        catalogue = CATALOGUE[self._kind]
        # The catalogue's order, so that equal records give equal bytes.
        for name in sorted(self._said.keys() & catalogue.keys(), key=_order(self._kind).__getitem__):
            field = catalogue[name]
            entitled = self._entitled(field)
            found = self._survivor(field, entitled)
            if found is not None and found[1] not in (
                None,
                [],
            ):  # what a person cleared, and rows that were all taken back
                winner, values[name], rule = found
                provenance[name] = Provenance(*winner.place, rule)
            if len(entitled) < len(self._said[name]):
                others = _latest([r for r in self._said[name] if r not in entitled and not self._is_past(r, name)])
                proposals += [
                    Proposal(name, *r.place) for r in others if differs(field.type, values.get(name), r.values[name])
                ]
        return GoldenRecord(
            values=values, provenance=provenance, proposals=tuple(proposals),
            channels=tuple(sorted({record.channel for record in self._heard})),
        )  # fmt: skip

    def _entitled(self, field: Field) -> list[Statement]:
        return [r for r in self._said.get(field.name, []) if self._may_change(r, field)]

    def _may_change(self, record: Statement, field: Field) -> bool:
        return not field.protected or record.place == self._anchor or field.name in record.terms.may_change

    def _is_past(self, record: Statement, name: str) -> bool:
        """Whether *record* is an override that somebody spoke after: it proposes its value once, not for ever."""
        return record.override is not None and any(word.received_at > record.received_at for word in self._said[name])

    def _survivor(self, field: Field, entitled: Sequence[Statement]) -> tuple[Statement, Any, str] | None:
        """Whose word on *field* survives, the value, and by which rule."""
        name = field.name
        overrides = [r for r in entitled if r.override is not None and not self._released(r, field, entitled)]
        if overrides:
            winner = max(overrides, key=_when)
            value = winner.values[name]
            if field.type is FieldType.CHILDREN:
                base = self._survivor(field, [r for r in entitled if r.override is None])
                value = replaced(
                    [] if base is None else base[1], [r.values[name] for r in sorted(overrides, key=_when)]
                )
            return winner, value, "override"
        words = _latest([r for r in entitled if r.override is None])
        if field.series:
            words = [_with_earlier(word, name, entitled) for word in words]
        rule = self._rules.of(field)
        if rule.strategy is Strategy.SAME_WINNER_AS:
            leader = self._winner(rule.follows)
            if leader is None:
                rule = FieldRule()  # of what nobody speaks nothing follows
            else:
                words = [r for r in words if r.origin == leader.origin]
        if not words:
            return None
        if len(words) == 1:
            reason = "only" if rule.strategy is not Strategy.SAME_WINNER_AS else "same_winner"
            return words[0], words[0].values[name], reason
        if rule.strategy is Strategy.CUSTOM:
            chosen = self._rules.custom[rule.custom].choose(name, words)
            if not any(chosen is word for word in words):
                raise ConfigurationError(
                    f"the survivorship rule {rule.custom} must return one of the words it was given",
                    rule="survivorship",
                )
            return chosen, chosen.values[name], rule.custom
        ranked, reason = self._ranked(words, name, rule)
        if rule.strategy is Strategy.AGGREGATE:
            return ranked[0], union(record.values[name] for record in ranked), "aggregate"
        return ranked[0], ranked[0].values[name], reason

    def _winner(self, name: str) -> Statement | None:
        """Whose word on another field survived."""
        if name not in self._winners:
            field = CATALOGUE[self._kind].get(name)
            # A decision is on one field alone; what belongs to it is said by the source that it would stand for.
            words = [] if field is None else [r for r in self._entitled(field) if _is_source(r)]
            found = None if field is None else self._survivor(field, words)
            self._winners[name] = None if found is None else found[0]
        return self._winners[name]

    def _ranked(self, words: Sequence[Statement], name: str, rule: FieldRule) -> tuple[list[Statement], str]:
        """
        *words* best first, and what told the first two apart; what nothing does stands in the order of source keys.
        """
        asked = dict.fromkeys((*_FIRST[rule.strategy], *_TRUST))
        ranks = {r.place: [self._asks(question, r, words, name, rule) for question in asked] for r in words}
        at = list(asked).index("verified")
        for record in words:
            if record.origin.source == DECISIONS:  # what two persons decided, a check by one does not undo
                ranks[record.place][at] = max(rank[at] for rank in ranks.values())
        ranked = sorted(words, key=lambda record: ranks[record.place], reverse=True)
        best, second = ranks[ranked[0].place], ranks[ranked[1].place]
        questions = zip(asked, best, second, strict=True)
        return ranked, next((question for question, mine, theirs in questions if mine != theirs), "source_key")

    def _stated_on(self, name: str, value: Any) -> int:
        """The day of a statement of several rows, as a number; 0 of any other value, or where it says none."""
        whole = CATALOGUE[self._kind][name].whole
        stated = [row[whole] for row in value if row.get(whole)] if whole else []
        return date.fromisoformat(max(stated)).toordinal() if stated else 0

    def _asks(self, question: str, record: Statement, words: Sequence[Statement], name: str, rule: FieldRule) -> int:
        """The answer to a question; more is better."""
        value, time = record.values[name], record.business_time
        match question:
            case "verified":
                return self._verified(record, name)
            case "trust":
                age = None if time is None or self._newest is None else self._newest - time
                return record.terms.trust_in(name, age)
            case "stated_on":
                return self._stated_on(name, value)
            case "business_time" | "oldest":
                unknown, sign = (0, 1) if question == "business_time" else (_UNKNOWN_TIME, -1)
                return unknown if time is None else sign * time
            case "established":
                return record.place == self._anchor
            case "completeness":
                return len(value) if isinstance(value, str | list | dict) else 1
            case "source_order":
                order = rule.sources
                return -order.index(record.origin.source) if record.origin.source in order else -len(order)
        assert question == "frequency", "a strategy asks nothing else"
        type_ = CATALOGUE[self._kind][name].type
        return sum(
            not (differs(type_, value, other.values[name]) and differs(type_, other.values[name], value))
            for other in words
        )

    def _verified(self, record: Statement, name: str) -> int:
        """How well the value that *record* has for *name* was checked by the last check of it: its level, less than 0 if denied."""
        found: tuple[int, int] = (-1, 0)
        for each in self._checks:
            check = each.verification
            assert check is not None, "only checks are here"
            assert self._digest is not None, "and only with a digest"
            if name not in {path.partition(".")[0] for path in check.fields}:
                continue
            values = {path: value_at(record.values, path) for path in check.fields}
            if None not in values.values() and self._digest(values) == check.value_tag:
                found = max(found, (check.at, _LEVELS[check.level.value] if check.confirmed else -1))
        return found[1]

    def _released(self, override: Statement, field: Field, entitled: Sequence[Statement]) -> bool:
        """
        Whether something later ended *override* of *field*: a decision, an override that has ended meanwhile among them, or,
        where it stands until sources change, a new word of one that may change the field.
        """
        assert override.override is not None, "only overrides are released"
        name, since = field.name, _when(override)
        begun = max(override.received_at, override.override.effective or 0)
        rows = field.type is FieldType.CHILDREN  # of which an override is of some, and others stand beside it
        if not rows and any(
            name in r.values and self._may_change(r, field) and _when(r) > since for r in self._decided
        ):
            return True
        for word in entitled:
            if word.override is not None:
                continue
            if word.origin.source == DECISIONS:
                later = (word.business_time or 0) >= (override.business_time or 0)
            else:
                later = override.override.release is Release.SOURCES_CHANGE and word.received_at > begun
            if not later:
                continue
            earlier = [r for r in entitled if r.origin == word.origin and r.received_at <= begun and r is not word]
            known = _latest([r for r in earlier if r.override is None])
            stood, said = (known[0] if known else override).values[name], word.values[name]
            if rows:
                stood, said = of_schemes(stood, override.values[name]), of_schemes(said, override.values[name])
            if (said or not rows) and differs(field.type, stood, said):
                return True
        return False


def _is_source(record: Statement) -> bool:
    """Whether *record* is a word of a source, and no person's decision."""
    return record.override is None and record.origin.source != DECISIONS


def _when(record: Statement) -> tuple[int, int, tuple[str, str, int]]:
    return (record.business_time or 0, record.received_at, record.place)


_TRUST = ("verified", "trust", "business_time", "established", "completeness")
_FIRST: Mapping[Strategy, tuple[str, ...]] = {
    Strategy.TRUST: (),
    Strategy.AGGREGATE: (),
    Strategy.SAME_WINNER_AS: (),
    Strategy.CUSTOM: (),
    Strategy.SOURCE_ORDER: ("source_order",),
    Strategy.RECENCY: ("stated_on", "business_time"),
    Strategy.OLDEST: ("oldest",),
    Strategy.MOST_FREQUENT: ("frequency",),
    Strategy.LONGEST: ("completeness",),
}
_UNKNOWN_TIME = -(1 << 62)


def _alone(kind: PartyKind, record: Statement, anchor: tuple[str, str, int]) -> GoldenRecord:
    """What a single record comes to: the case of most parties, by the same rules with nothing to choose."""
    catalogue = CATALOGUE[kind]
    values: dict[str, Any] = {}
    proposals: list[Proposal] = []
    founding = record.place == anchor
    for name in sorted(record.values.keys() & catalogue.keys(), key=_order(kind).__getitem__):
        if record.values[name] == []:
            continue
        if founding or not catalogue[name].protected or name in record.terms.may_change:
            values[name] = record.values[name]
        else:
            proposals.append(Proposal(name, *record.place))
    return GoldenRecord(
        values=values, provenance=dict.fromkeys(values, Provenance(*record.place, "only")),
        proposals=tuple(proposals), channels=(record.channel,),
    )  # fmt: skip


@cache
def _order(kind: PartyKind) -> Mapping[str, int]:
    return {name: at for at, name in enumerate(CATALOGUE[kind])}


def _latest(records: Iterable[Statement]) -> list[Statement]:
    """The last word of each source key: a newer record stands for an older one of the same key."""
    last: dict[SourceKey, Statement] = {}
    for record in records:
        known = last.get(record.origin)
        if known is None or (record.business_time or 0, record.record_no) >= (
            known.business_time or 0,
            known.record_no,
        ):
            last[record.origin] = record
    return list(last.values())


def _with_earlier(word: Statement, name: str, records: Sequence[Statement]) -> Statement:
    """*word* with the rows of its source key's earlier records beside its own, of which the later stands where they are of one identity."""
    same = [r for r in records if r.origin == word.origin and r.override is None]
    newest_first = sorted(same, key=lambda record: record.record_no, reverse=True)
    rows = union(record.values[name] for record in newest_first)
    return attrs.evolve(word, values={**word.values, name: rows[:_MOST_ROWS]})
