"""
Telling other systems what changed: authorize -> find who changed -> open -> mask -> audit -> hand over -> remember how far.

A feed is a standing export that the policy in force declares. Its consumer gets the whole file once, a customer at a time, and then every
customer who changed, as they are now. The changes stand in the outbox under the entries of the log that tell why; how far a consumer is, the
store remembers, so that after a crash the same comes again and nothing is left out.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

import attrs

from .._canonical import dumps, sha256
from ..access import Action, Feed, Policy
from ..audit import AuditEntry
from ..context import Actor, Effect, Purpose
from ..errors import AccessError, BankCIFError, DeliveryError, InputError
from ..interop import Change, Consumer
from ..storage import UnitOfWork
from ..storage.rows import FeedRow
from ._fed import changes_of, closing, day_tag, opening, shown_to, spec_of, told_of, turned_for
from ._gathered import entries_of
from ._place import Place
from .desk import Desk, assure, authorize, hour_of, record, refuse, retried, told

__all__ = ["FeedState", "Taken", "acknowledge", "begin", "cut", "deliver", "feed_states", "take"]

_MOST = 5000
_CUT_AT_ONCE = 10_000
_FORGOTTEN_DAYS = 30  # so many days behind where a feed is are forgotten each time


@attrs.frozen(kw_only=True)
class Taken:
    """
    A part of a feed.

    Attributes:
        feed: Its name.
        changes: What the consumer is told, in this order.
        turn, place: Where the feed was and will be, for `acknowledge`.
        more: Whether there is more to take at once.
    """

    feed: str
    changes: tuple[Change, ...]
    turn: int
    place: str
    more: bool

    @property
    def is_new(self) -> bool:
        """Whether something has to be acknowledged."""
        return bool(self.place)


@attrs.frozen(kw_only=True)
class FeedState:
    """
    How far a feed is.

    Attributes:
        feed: Its name.
        recipient: For whom.
        begun: Whether it was ever taken or begun.
        copying: Whether the whole file is on its way.
        waits_since: When the oldest change came that the consumer has not got; microseconds since 1970, None if it has all.
        moved_at: When the consumer last acknowledged something, or the feed was begun; None if it never was.
    """

    feed: str
    recipient: str
    begun: bool
    copying: bool
    waits_since: int | None
    moved_at: int | None


def take(desk: Desk, name: str, *, most: int = 500, actor: Actor) -> Taken:
    """
    What the consumer of a feed has not got; the same again until it is acknowledged. Of one who changed often it tells once.

    Args:
        desk: Collaborators.
        name: The feed.
        most: How many customers are looked at, up to 5,000.
        actor: Who takes it, for the consumer.

    Raises:
        AccessError: As many went in this hour as the feed lets go, or a grant lets go only what many customers share, which no feed can keep to;
            audited.
        InputError: *most* is none of 1 to 5,000.
        NotFoundOrNotAllowedError: The policy in force has no such feed, or does not let *actor* take it.
        StepUpRequired: They were not recognized as the policy asks.

    Cost: opens the golden records of the customers.
    """
    if not 1 <= most <= _MOST:
        raise InputError(f"take 1 to {_MOST:,} customers at once", path="$.most", rule="most")
    feed, actor = _need_feed(desk, name, actor, "take_feed")
    row, place = retried(lambda: _begun(desk, feed, actor, anew=False))
    with desk.unit_of_work() as unit:
        if place.copied is None:
            turned, after = turned_for(desk, unit, feed, place, most)
            rows, after = after.behind(unit, most - len(turned))
            # The calendar turns what may be said of them, so that any of it may be new.
            whom = told_of(desk, feed, rows) | dict.fromkeys(turned, frozenset(feed.fields))
            looked = len(turned) + len(rows)
        else:
            numbers, after = place.whole(unit, most)
            whom, looked = dict.fromkeys(numbers, frozenset(feed.fields)), most
        shown = shown_to(desk, unit, feed, sorted(whom), actor)
        changes = changes_of(desk, unit, shown, whom, place)
        within = _within(desk, unit, feed, shown.made.rows)
        if within and changes:
            record(desk, unit, entries_of(shown.gathered, shown.made, None, actor, by=feed.id))
        if within:
            unit.feeds.look_at(shown.turning)
            unit.commit()
    if not within:
        refuse(desk, actor, "take_feed", feed.purpose, rule="cap")
        raise told(
            AccessError(
                f"as many customers went in this hour as the feed {name} lets go ({feed.per_hour}); go on in the next, or take fewer at once",
                rule="cap",
            )
        )
    return Taken(
        feed=name, changes=(*opening(place), *changes, *closing(place, after)), turn=row.turn,
        place="" if after == place else after.text, more=looked == most,
    )  # fmt: skip


def acknowledge(desk: Desk, taken: Taken, *, actor: Actor) -> None:
    """
    Remembers that the consumer has *taken* for good.

    Raises:
        ConflictError: It was acknowledged already, or the feed was begun anew meanwhile: take it again.
        NotFoundOrNotAllowedError: As `take`.
        StorageError: *taken* was not given by `take`.
    """
    feed, actor = _need_feed(desk, taken.feed, actor, "acknowledge_feed")
    if not taken.is_new:
        return
    Place.read(taken.place)
    with desk.unit_of_work() as unit:
        now = desk.now()
        unit.feeds.move(FeedRow(name=feed.id, turn=taken.turn + 1, place=taken.place, moved_at=now))
        record(desk, unit, [AuditEntry.by(actor, "acknowledge_feed", now, purpose=feed.purpose, rule=feed.id)])
        unit.commit()


def deliver(desk: Desk, name: str, consumer: Consumer, *, most: int = 500, actor: Actor) -> int:
    """
    Brings *consumer* all that it has not got; how many changes that were.

    Raises:
        DeliveryError: The consumer failed; what it did not take comes again with the next run.
        AccessError, InputError, NotFoundOrNotAllowedError, StepUpRequired: As `take`; what was delivered until then is.
        ConflictError: Another process delivers the same feed.
    """
    count = 0
    while True:
        taken = take(desk, name, most=most, actor=actor)
        if taken.changes:
            _hand_over(consumer, taken)
        acknowledge(desk, taken, actor=actor)
        count += len(taken.changes)
        if not taken.more:
            return count


def begin(desk: Desk, name: str, *, actor: Actor) -> None:
    """
    Begins a feed anew: its consumer gets the whole file again.

    Raises:
        NotFoundOrNotAllowedError, StepUpRequired: As `take`.
    """
    feed, actor = _need_feed(desk, name, actor, "begin_feed")
    retried(lambda: _begun(desk, feed, actor, anew=True))


def feed_states(desk: Desk, *, actor: Actor, purpose: Purpose) -> list[FeedState]:
    """
    How far each feed is: all of them for who may audit, those that they take for others.

    Raises:
        NotFoundOrNotAllowedError: The policy lets *actor* neither audit nor export.
    """
    audits = desk.policy.allows(actor, Action.AUDIT, purpose).effect is Effect.PERMIT
    authorize(desk, actor, Action.AUDIT if audits else Action.EXPORT, "feed_states", purpose)
    with desk.unit_of_work() as unit:
        rows = {row.name: row for row in unit.feeds.all()}
        found = [
            _state(unit, feed, rows.get(name))
            for name, feed in sorted(desk.policy.feeds.items())
            if audits or feed.role in actor.roles
        ]
        record(desk, unit, [AuditEntry.by(actor, "feed_states", desk.now(), purpose=purpose)])
        unit.commit()
    return found


def cut(desk: Desk, *, actor: Actor, purpose: Purpose) -> int:
    """
    Deletes from the outbox what every feed has passed, all of it where nobody began one, and forgets feeds that the policy in force has no more;
    how many changes were deleted. Run it every day.

    Raises:
        NotFoundOrNotAllowedError: The policy does not let *actor* link, as whoever keeps the whole file may.
    """
    authorize(desk, actor, Action.LINK, "cut_outbox", purpose)
    with desk.unit_of_work() as unit:
        # The heads before the feeds: whoever begins one behind this copies all that they say.
        upto = {stream: head.number for stream, head in unit.trail.heads().items()}
        count = 0
        for row in unit.feeds.all():
            if row.name not in desk.policy.feeds:
                unit.feeds.drop(row.name)
                continue
            place = Place.read(row.place)
            for days in range(1, _FORGOTTEN_DAYS):
                unit.feeds.looked(row.name, day_tag(desk, date.fromisoformat(place.turned[0]) - timedelta(days=days)))
            passed = dict(place.passed())
            upto = {stream: min(number, passed.get(stream, 0)) for stream, number in upto.items()}
        record(desk, unit, [AuditEntry.by(actor, "cut_outbox", desk.now(), purpose=purpose, count=len(upto))])
        unit.commit()
    for stream, last in sorted(upto.items()):
        count += _cut(desk, stream, last)
    return count


def _cut(desk: Desk, stream: str, last: int) -> int:
    """Deletes the changes of a stream up to an entry, some thousand entries at a time."""
    count = 0
    while True:
        with desk.repository.unit_of_work() as unit:
            first = unit.outbox.after(stream, (0, ""), 1)
            if not first or first[0][0] > last:
                return count
            count += unit.outbox.cut(stream, min(last, first[0][0] + _CUT_AT_ONCE))
            unit.commit()


def _need_feed(desk: Desk, name: str, actor: Actor, what: str) -> tuple[Feed, Actor]:
    """The feed, once *actor* may take it, and *actor* in the feed's role alone."""
    feed = desk.policy.feeds.get(name)
    if feed is None or feed.role not in actor.roles:
        raise refuse(desk, actor, what, None if feed is None else feed.purpose, rule="feed")
    actor, operation = attrs.evolve(actor, roles={feed.role}), spec_of(feed).digest
    authorize(desk, actor, Action.EXPORT, what, feed.purpose, operation=operation)
    if feed.reveal:
        assure(desk, actor, Action.REVEAL, what, feed.purpose, operation=operation)
    limits = desk.policy.export_limits(actor, feed.purpose)
    if limits is None or feed.country not in limits.countries or (feed.inside and feed.recipient not in limits.inside):
        raise refuse(desk, actor, what, feed.purpose, fields=feed.fields, rule="feed")
    if limits.least_k > 1:
        refuse(desk, actor, what, feed.purpose, fields=feed.fields, rule="k_anonymity")
        raise AccessError(
            f"a feed tells of one customer at a time, and a grant of {actor.id} lets go what {limits.least_k} share; "
            f"give its role a grant of its own",
            rule="k_anonymity",
        )
    return feed, actor


def _begun(desk: Desk, feed: Feed, actor: Actor, *, anew: bool) -> tuple[FeedRow, Place]:
    """Where the feed is: at its beginning if it never began, or the policy says other things of it than when it did."""
    ground = _ground(desk.policy, feed.id)
    with desk.unit_of_work() as unit:
        row = unit.feeds.get(feed.id)
        place = None if row is None or anew else Place.read(row.place)
        if row is not None and place is not None and place.ground == ground:
            return row, place
        turn = 1 if row is None else row.turn + 1
        place = Place.beginning(unit, ground, turn, desk.today())
        row = FeedRow(name=feed.id, turn=turn, place=place.text, moved_at=desk.now())
        unit.feeds.move(row)
        record(desk, unit, [AuditEntry.by(actor, "begin_feed", desk.now(), purpose=feed.purpose, rule=feed.id)])
        unit.commit()
    return row, place


@lru_cache(maxsize=64)
def _ground(policy: Policy, name: str) -> str:
    """Digest of what a policy says of a feed: who gets what of whom, and on what it rests."""
    feed, document = policy.feeds[name], policy.document()
    grants = [one for one in document["grant"] if feed.role in one["roles"]]
    return sha256("bankcif/v1/feed", dumps([feed.document(), grants, document.get("basis", {})])).hex()


def _within(desk: Desk, unit: UnitOfWork, feed: Feed, count: int) -> bool:
    """Counts *count* customers who go by a feed, in *unit*, and tells whether they are within what it lets go in an hour."""
    return feed.per_hour is None or not count or unit.usage.add(feed.id, "feed", hour_of(desk), count) <= feed.per_hour


def _state(unit: UnitOfWork, feed: Feed, row: FeedRow | None) -> FeedState:
    if row is None:
        return FeedState(
            feed=feed.id, recipient=feed.recipient, begun=False, copying=False, waits_since=None, moved_at=None
        )
    place = Place.read(row.place)
    first = place.first_behind(unit)
    return FeedState(
        feed=feed.id, recipient=feed.recipient, begun=True, copying=place.copied is not None,
        waits_since=None if first is None else first.at, moved_at=row.moved_at,
    )  # fmt: skip


def _hand_over(consumer: Consumer, taken: Taken) -> None:
    try:
        consumer.take(taken.changes)
        return
    except BankCIFError:
        raise
    except Exception as error:
        # A consumer is the bank's own code: of its words, which may have a customer's values, nothing is kept.
        problem = type(error).__name__
    raise DeliveryError(f"the consumer of the feed {taken.feed} failed ({problem})", rule="consumer")
