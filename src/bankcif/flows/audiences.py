"""
Audiences and counts of tags: whom a campaign addresses, how many customers have what, and how two sets lie in each other.

Everybody is judged by the tags that they have at the moment they are counted. Nobody is named here: who is addressed leaves as an export, with
the limits, marks and second person of one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial

from .._canonical import dumps
from .._clock import to_micros
from ..access import Action, row_known, to_lowered
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..errors import AccessError, InputError
from ..party import PAST_CUSTOMERS, CifNo, ConsentUse
from ..rules import And, compiled
from ..storage import Order, UnitOfWork
from ..storage.portrait_rows import PORTRAIT
from ..storage.rows import FactRow, PartyRow
from ..tagging import (
    ADDRESSED,
    NOT_THERE,
    UNCONSENTED,
    AudiencePlan,
    Catalogue,
    Evaluator,
    Movement,
    Overlap,
    Portrait,
    heard,
    said_of,
)
from ._consented import rests_on_consent, spoken_of
from ._opened import open_goldens
from ._portrait import Sitter, need_past, open_portraits, others_of, portrait_place, record_for_rules, stood
from ._relations import open_life_cycles, record_of, standing_of
from ._then import as_it_was
from .desk import Desk, authorize, over_cap, record, refuse, spend
from .say import tag_is_granted

__all__ = [
    "at_least",
    "count_tags",
    "drawn_by",
    "held_for",
    "movement_of",
    "need_names",
    "overlap_of",
    "preview_audience",
    "tags_held",
    "told_steps",
    "who_are_there",
]

_AT_ONCE = 500


def at_least(count: int, k: int) -> int | None:
    """*count*, or None where it is of fewer than *k* customers and not of nobody."""
    return None if 0 < count < k else count


def preview_audience(desk: Desk, plan: AudiencePlan, *, actor: Actor, purpose: Purpose) -> tuple[tuple[str, int], ...]:
    """
    From the segment of *plan* to who is addressed, step by step: each customer is counted where they end, so that the steps add up. Where fewer
    customers than the policy lets be told end at a step, they are counted with those of the largest; where that is too few still, nothing is told.

    Raises:
        AccessError: *actor* has counted as often in this hour as the policy allows.
        InputError: The catalogue in force has no such tag or segment, or the plan is as of an instant to come.
        NotFoundOrNotAllowedError: The policy does not let *actor* count by one of them.

    Cost: opens the golden record of each customer whom *actor*'s grants for reports are about.
    """
    _need_counting(desk, plan.names, actor, "preview_audience", purpose)
    ended: Counter[str] = Counter()
    draw = partial(drawn_by, desk)
    for unit, rows, facts in _pages_of(desk, actor, purpose, "preview_audience", plan.names):
        has = held_for(desk, unit, rows, facts, plan)
        agreed = _agreed(desk, unit, rows, purpose, plan.channel)
        there = who_are_there(rows)
        ended.update(
            plan.step(one, cif_no, draw, there=cif_no in there, agreed=agreed is None or cif_no in agreed)
            for cif_no, one in has.items()
        )
        ended[NOT_THERE] += 0  # a step, though nobody ends there
        if agreed is not None:
            ended[UNCONSENTED] += 0
    return told_steps(plan, ended, desk.policy.least_k(actor, Action.REPORT, purpose))


def count_tags(desk: Desk, names: Sequence[str], *, actor: Actor, purpose: Purpose) -> dict[str, int | None]:
    """
    How many customers have each of *names* (``tag:NAME``, ``segment:NAME``), of those whom *actor*'s grants for reports are about; under
    an empty name how many there are. None where they are fewer than the policy lets be told.

    Raises: As `preview_audience`.
    """
    _need_counting(desk, names, actor, "count_tags", purpose)
    found: Counter[str] = Counter(dict.fromkeys(("", *names), 0))
    for has in _each(desk, actor, purpose, "count_tags", names):
        found[""] += len(has)
        for one in has.values():
            found.update(one.intersection(names))
    k = desk.policy.least_k(actor, Action.REPORT, purpose)
    return {name: at_least(number, k) for name, number in found.items()}


def overlap_of(desk: Desk, one: str, other: str, *, actor: Actor, purpose: Purpose) -> Overlap:
    """
    How two sets of customers lie in all of them, with the lift of one in the other.

    Raises: As `preview_audience`; `AccessError` too where one of the counts is below what the policy lets be told.
    """
    _need_counting(desk, (one, other), actor, "overlap", purpose)
    base = mine = theirs = both = 0
    for has in _each(desk, actor, purpose, "overlap", (one, other)):
        base += len(has)
        for held in has.values():
            mine += one in held
            theirs += other in held
            both += one in held and other in held
    _need_many(desk, actor, purpose, "overlap", (base, mine, theirs, both, mine - both, theirs - both))
    return Overlap(base, mine, theirs, both)


def movement_of(desk: Desk, name: str, since: int, until: int, *, actor: Actor, purpose: Purpose) -> Movement:
    """
    Who came to a tag or segment, left it and stayed between two instants, by the portraits that were kept: of the customers there are today, whom
    a merge in between made of two, and who had it if one of the two had.

    Raises: As `preview_audience`.

    Cost: reads every version of the portraits of each customer, and opens two of them.
    """
    for at in (since, until):
        need_past(desk, at)
    _need_counting(desk, (name,), actor, "movement", purpose)
    found: Counter[tuple[bool, bool]] = Counter()
    for unit, rows, _ in _pages_of(desk, actor, purpose, "movement", (name,)):
        then, now = (_held_at(desk, unit, [row.cif_no for row in rows], at) for at in (since, until))
        found.update((name in then[row.cif_no], name in now[row.cif_no]) for row in rows)
    _need_many(desk, actor, purpose, "movement", found.values())
    return Movement(came=found[False, True], left=found[True, False], stayed=found[True, True])


def _held_at(desk: Desk, unit: UnitOfWork, numbers: Sequence[CifNo], at: int) -> dict[CifNo, frozenset[str]]:
    """What each of these customers had at an instant by the portraits that were kept, themselves or as one of those whom they are made of."""
    homes = _homes(unit, numbers)
    everybody = {home for some in homes.values() for home in some}
    history = unit.copies.history(everybody) if everybody else ()
    groups = [one for one in history if one.data_group == PORTRAIT and stood(one, at)]
    keys = desk.data_keys.get({one.key_id for one in groups}) if groups else {}
    had = {
        one.cif_no: desk.sealer.open(one.sealed, keys[one.key_id], portrait_place(one.cif_no, one.version))[
            "has"
        ].keys()
        for one in groups
    }
    return {cif_no: frozenset(name for home in some for name in had.get(home, ())) for cif_no, some in homes.items()}


def _homes(unit: UnitOfWork, numbers: Sequence[CifNo]) -> dict[CifNo, set[CifNo]]:
    """Of whom each of these customers is made: themselves, and who was merged into them."""
    homes: dict[CifNo, set[CifNo]] = {cif_no: {cif_no} for cif_no in numbers}
    for link in unit.crosswalk.of_parties(numbers) if numbers else ():
        homes[link.cif_no].add(link.home)
    return homes


def held_for(
    desk: Desk, unit: UnitOfWork, rows: Sequence[PartyRow], facts: Mapping[CifNo, FactRow], plan: AudiencePlan
) -> dict[CifNo, frozenset[str]]:
    """
    What each of these customers has as *plan* sees them. As of a day, who was in its segment is asked of then, and what forbids to address them of
    today. Who was merged since was in it if one of those whom they are made of was; who was split off since is of today alone.
    """
    if plan.as_of is not None and plan.as_of >= desk.today():
        raise InputError("nobody knows the tags of a day to come, or that is not over", path="$.as_of", rule="future")
    held = tags_held(desk, unit, rows, facts)
    if plan.as_of is None or desk.tags is None or not rows:
        return held
    at = to_micros(datetime.combine(plan.as_of + timedelta(1), time(), desk.zone)) - 1
    evaluator = desk.tags.evaluator
    homes = _homes(unit, [*held])
    members = unit.parties.get({home for some in homes.values() for home in some})
    then = as_it_was(desk, unit, [*members.values()], at, plan.as_of)
    was = {cif_no for cif_no, sat in then.items() if plan.segment in _had(evaluator, *sat, plan.as_of)}
    forbids, segment = evaluator.catalogue.forbidding(plan.segment), frozenset({plan.segment})
    return {
        cif_no: now - segment if homes[cif_no].isdisjoint(was) or now & forbids else now | segment
        for cif_no, now in held.items()
    }


def _had(evaluator: Evaluator, sitter: Sitter, kept: Portrait, day: date) -> set[str]:
    """What a customer had on a day, as they were then."""
    said = said_of(evaluator.catalogue, heard(kept.words, day))
    verdicts = evaluator.verdicts(record_for_rules(sitter.row, sitter.values, sitter.facts, sitter.others), day, said)
    return {name for name, verdict in verdicts.items() if verdict.has}


def tags_held(
    desk: Desk, unit: UnitOfWork, rows: Sequence[PartyRow], facts: Mapping[CifNo, FactRow]
) -> dict[CifNo, frozenset[str]]:
    """What each of these customers has today, by the catalogue in force."""
    if desk.tags is None or not rows:
        return {row.cif_no: frozenset() for row in rows}
    evaluator, today = desk.tags.evaluator, desk.today()
    numbers = [row.cif_no for row in rows]
    values, portraits = open_goldens(desk, unit, numbers), open_portraits(desk, unit, numbers)
    others = others_of(unit, values)
    found = {}
    for row in rows:
        words = heard(portraits.get(row.cif_no, Portrait()).words, today)
        known = record_for_rules(row, values[row.cif_no], facts.get(row.cif_no), others[row.cif_no])
        verdicts = evaluator.verdicts(known, today, said_of(evaluator.catalogue, words))
        found[row.cif_no] = frozenset(name for name, verdict in verdicts.items() if verdict.has)
    return found


def _agreed(
    desk: Desk, unit: UnitOfWork, rows: Sequence[PartyRow], purpose: Purpose, channel: str
) -> set[CifNo] | None:
    """Those of these customers who consented to all their data being used for *purpose*, by this way; None if that takes no consent."""
    if not rests_on_consent(desk, Action.EXPORT, purpose):
        return None
    use, today = ConsentUse(purpose=purpose.value, channel=channel or None), desk.today()
    return {cif_no for cif_no, one in spoken_of(desk, unit, rows).items() if one.allows(use, today)}


def who_are_there(rows: Iterable[PartyRow]) -> set[CifNo]:
    """Those of these customers whom a campaign may address by where they stand in their life."""
    return {row.cif_no for row in rows if row.life_cycle not in PAST_CUSTOMERS}


def drawn_by(desk: Desk, campaign: str, cif_no: str) -> bytes:
    """What draws a control group, by a key of the store: nobody finds a name for a campaign that draws whom they like."""
    return desk.digester.digest("control", dumps([campaign, cif_no]))


def told_steps(plan: AudiencePlan, ended: Mapping[str, int], k: int) -> tuple[tuple[str, int], ...]:
    """
    The waterfall of *plan*, in which no step is of fewer than *k* customers: those of smaller ones are counted with the largest, so that who is
    addressed is exact; nothing where that would not do.
    """
    out = {name: ended.get(name, 0) for name in plan.steps_of(ended)[:-1]}
    few = {name: number for name, number in out.items() if at_least(number, k) is None}
    largest = max(out, key=lambda name: out[name])
    pooled = sum(few.values())
    if at_least(ended.get(ADDRESSED, 0), k) is None or (few and pooled + (0 if largest in few else out[largest]) < k):
        return ()
    steps = {**out, **dict.fromkeys(few, 0)}
    steps[largest] += pooled
    return plan.waterfall({**steps, ADDRESSED: ended.get(ADDRESSED, 0)})


def _need_many(desk: Desk, actor: Actor, purpose: Purpose, what: str, counts: Iterable[int]) -> None:
    k = desk.policy.least_k(actor, Action.REPORT, purpose)
    if any(at_least(count, k) is None for count in counts):
        refuse(desk, actor, what, purpose, rule="k_anonymity")
        raise AccessError(f"one of the counts is of fewer than {k} customers, and is not told", rule="k_anonymity")


def need_names(desk: Desk, names: Sequence[str]) -> Catalogue:
    """The catalogue in force. Raises `InputError` if it lacks one of *names*, or there is none."""
    catalogue = Catalogue.of("") if desk.tags is None else desk.tags.evaluator.catalogue
    unknown = sorted(set(names) - set(catalogue.order))
    if unknown or not names:
        raise InputError(
            f"the catalogue in force has no {', '.join(unknown)}" if unknown else "name a tag or segment",
            rule="unknown_tag",
        )
    return catalogue


def _need_counting(desk: Desk, names: Sequence[str], actor: Actor, what: str, purpose: Purpose) -> None:
    """Refuses who may not count by one of *names*: every grant by which they count must name it."""
    authorize(desk, actor, Action.REPORT, what, purpose)
    catalogue = need_names(desk, names)
    grants = [one for one in desk.policy.grants_of(actor) if Action.REPORT in one.actions and purpose in one.purposes]
    for grant in grants:
        hidden = tuple(name for name in names if not tag_is_granted(catalogue, grant.fields, name))
        if hidden:
            raise refuse(desk, actor, what, purpose, fields=hidden, rule="report_tags")


def _each(
    desk: Desk, actor: Actor, purpose: Purpose, what: str, names: Sequence[str]
) -> Iterator[Mapping[CifNo, frozenset[str]]]:
    """What each customer has, a page at a time, of those whom *actor* counts."""
    for unit, rows, facts in _pages_of(desk, actor, purpose, what, names):
        yield tags_held(desk, unit, rows, facts)


def _pages_of(
    desk: Desk, actor: Actor, purpose: Purpose, what: str, names: Sequence[str]
) -> Iterator[tuple[UnitOfWork, Sequence[PartyRow], Mapping[CifNo, FactRow]]]:
    """The customers whom *actor* counts, a page at a time, each in a unit of its own; the log is told before the first."""
    with desk.unit_of_work() as unit:
        ticketed, broken = standing_of(desk, unit, actor, Action.REPORT)
        within = spend(desk, unit, actor, Action.REPORT, 1)
        if within:
            record(
                desk, unit, [AuditEntry.by(actor, what, desk.now(), purpose=purpose, fields=tuple(sorted(set(names))))]
            )
            unit.commit()
    if not within:
        raise over_cap(desk, actor, Action.REPORT, what, purpose)
    mine = desk.policy.visible(actor, Action.REPORT, purpose, ticketed=ticketed, broken=broken)
    rule = to_lowered(And((mine, open_life_cycles(purpose))))
    known = row_known(rule, actor, desk.today())
    holds, last = compiled(rule), None
    while True:
        with desk.repository.unit_of_work() as unit:
            found = unit.search.page(rule, known, Order(), last, _AT_ONCE)
            page = [(row, facts) for row, facts in found if holds(record_of(row, facts), known)]
            yield unit, [row for row, _ in page], {row.cif_no: facts for row, facts in page}
        if len(found) < _AT_ONCE:
            return
        last = (found[-1][0].cif_no, found[-1][0].cif_no)
