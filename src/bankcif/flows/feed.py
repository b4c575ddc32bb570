"""
Telling other systems what changed: authorize -> find who changed -> open -> mask -> audit -> hand over -> remember how far.

A feed is a standing export that the policy in force declares. Its consumer gets the whole file once, a customer at a time, and then every
customer who changed, as they are now. The changes stand in the outbox under the entries of the log that tell why; how far a consumer is, the
store remembers, so that after a crash the same comes again and nothing is left out.
"""

from __future__ import annotations

from functools import lru_cache

import attrs

from .._canonical import dumps, sha256
from ..access import Action, Feed, Policy
from ..audit import AuditEntry
from ..context import Actor, Effect, Purpose, Relation
from ..errors import (
    AccessError,
    BankCIFError,
    ConflictError,
    DeliveryError,
    InputError,
    NotFoundOrNotAllowedError,
)
from ..interop import Change, Consumer
from ..storage import UnitOfWork
from ..storage.rows import FeedRow
from ._fed import Telling, day_tag, spec_of, told_of, turned_for
from ._gathered import entries_of
from ._place import Place
from .desk import Desk, assure, authorize, hour_of, record, refuse, retried, told

__all__ = ["FeedState", "Taken", "acknowledge", "begin", "cut", "deliver_part", "feed_states", "let_go", "take"]

_MOST = 5000
_CUT_AT_ONCE = 10_000
_LEASE = 600_000_000  # microseconds for which nobody else takes a feed that is being delivered
_USED = "feed"


@attrs.frozen(kw_only=True)
class Taken:
    """
    A part of a feed.

    Attributes:
        feed: Its name.
        turn: Which part it is: each has a greater turn than the one before; 0 of one in which nothing is new.
        changes: What the consumer is told, in this order.
        more: Whether there is more to take at once.
    """

    feed: str
    turn: int
    changes: tuple[Change, ...]
    more: bool

    @property
    def is_new(self) -> bool:
        """Whether something has to be acknowledged."""
        return self.turn > 0


@attrs.frozen(kw_only=True)
class FeedState:
    """
    How far a feed is.

    Attributes:
        feed: Its name.
        recipient: For whom.
        begun: Whether it was ever taken or begun.
        copying: Whether the whole file is on its way.
        waits_since: When the oldest change came that the consumer has not got; microseconds since 1970. None if it has all, or the whole file is on its way.
        moved_at: When the consumer last acknowledged something, or the feed was begun; None if it never was.
    """

    feed: str
    recipient: str
    begun: bool
    copying: bool
    waits_since: int | None
    moved_at: int | None


def take(desk: Desk, name: str, *, most: int = 500, holder: bytes = b"", actor: Actor) -> Taken:
    """
    What the consumer of a feed has not got; the same again until it is acknowledged. Of one who changed often it tells once.

    Args:
        desk: Collaborators.
        name: The feed.
        most: How many customers are looked at, up to 5,000; fewer where the feed lets no more go in this hour.
        holder: Who delivers the feed, if somebody does: for ten minutes from now nobody else takes it.
        actor: Who takes it, for the consumer.

    Raises:
        AccessError: As many went in this hour as the feed lets go, or a grant lets go only what many customers share, which no feed can keep to;
            audited.
        ConflictError: Another process delivers the feed, or takes it at this moment.
        InputError: *most* is none of 1 to 5,000.
        NotFoundOrNotAllowedError: The policy in force has no such feed, or does not let *actor* take it.
        StepUpRequired: They were not recognized as the policy asks.

    Cost: opens the golden records of the customers.
    """
    if type(most) is not int or not 1 <= most <= _MOST:
        raise InputError(f"take 1 to {_MOST:,} customers at once", path="$.most", rule="most")
    feed, actor = _need_feed(desk, name, actor, "take_feed")
    row, place = retried(lambda: _begun(desk, feed, actor, anew=False))
    if row.until > desk.now() and row.holder != holder:
        raise ConflictError(f"another process delivers the feed {name}; take it when that one is done", rule="conflict")

    def once() -> Taken | None:
        with desk.unit_of_work() as unit:
            room = min(most, _room(desk, unit, feed))
            taken = _part(desk, unit, feed, (row, place), room, holder, actor) if room else None
            if taken is not None:
                unit.commit()
            return taken

    taken = retried(once)
    if taken is not None:
        return taken
    refuse(desk, actor, "take_feed", feed.purpose, rule="cap")
    said = f"as many customers went in this hour as the feed {name} lets go ({feed.per_hour}); go on in the next"
    raise told(AccessError(said, rule="cap"))


def _part(
    desk: Desk, unit: UnitOfWork, feed: Feed, at: tuple[FeedRow, Place], most: int, holder: bytes, actor: Actor
) -> Taken:
    """The next part, with its entry in the log and its place noted, if anything is new."""
    row, place = at
    if place.copied is None:
        turned, after = turned_for(desk, unit, feed, place, most)
        rows, after = after.behind(unit, most - len(turned))
        # The calendar turns what may be said of them, so that any of it may be new.
        whom = told_of(desk, feed, rows) | dict.fromkeys(turned, frozenset(feed.fields))
        looked = len(turned) + len(rows)
    else:
        numbers, after = place.whole(unit, most)
        whom, looked = dict.fromkeys(numbers, frozenset(feed.fields)), most
    if after == place:
        return Taken(feed=feed.id, turn=0, changes=(), more=False)
    telling = Telling(desk, unit, feed, actor, place, turn=row.turn + 1)
    shown = telling.shown(sorted(whom))
    changes = telling.changes(shown, whom)
    until = desk.now() + _LEASE if holder else 0
    unit.feeds.move(
        attrs.evolve(row, turn=telling.turn, part=after.text, went=shown.made.rows, holder=holder, until=until)
    )
    unit.feeds.look_at(shown.turning)
    if changes:
        record(desk, unit, entries_of(shown.gathered, shown.made, None, actor, by=feed.id))
    return Taken(
        feed=feed.id, turn=telling.turn, changes=(*telling.opening(), *changes, *telling.closing(after)), more=looked == most
    )  # fmt: skip


def acknowledge(desk: Desk, taken: Taken, *, actor: Actor) -> None:
    """
    Remembers that the consumer has *taken* for good.

    Raises:
        ConflictError: It was acknowledged already, taken again, or the feed was begun anew meanwhile: take it again.
        NotFoundOrNotAllowedError: As `take`.
    """
    feed, actor = _need_feed(desk, taken.feed, actor, "acknowledge_feed")
    if not taken.is_new:
        return
    with desk.unit_of_work() as unit:
        row, now = unit.feeds.get(feed.id), desk.now()
        if row is None or row.turn != taken.turn or not row.part:
            raise ConflictError("this part of the feed is not the one that is open; take it again", rule="conflict")
        before, place = Place.read(row.place), Place.read(row.part)
        unit.feeds.move(attrs.evolve(row, turn=row.turn + 1, place=row.part, part="", went=0, moved_at=now))
        for day in before.days_until(place):
            unit.feeds.looked(feed.id, day_tag(desk, day))
        if feed.per_hour is not None and row.went:
            unit.usage.add(feed.id, _USED, hour_of(desk), row.went)
        record(desk, unit, [AuditEntry.by(actor, "acknowledge_feed", now, purpose=feed.purpose, rule=feed.id)])
        unit.commit()


def deliver_part(
    desk: Desk, name: str, consumer: Consumer, *, most: int, holder: bytes, actor: Actor
) -> tuple[int, bool]:
    """
    Brings *consumer* the next part of a feed; how many changes that were, and whether there is more.

    Raises:
        DeliveryError: The consumer failed; what it did not take comes again with the next run.
        AccessError, ConflictError, InputError, NotFoundOrNotAllowedError, StepUpRequired: As `take`.
    """
    taken = take(desk, name, most=most, holder=holder, actor=actor)
    if taken.changes:
        _hand_over(consumer, taken)
    acknowledge(desk, taken, actor=actor)
    return len(taken.changes), taken.more


def let_go(desk: Desk, name: str, holder: bytes) -> None:
    """Ends that *holder* delivers a feed, if it does."""
    with desk.repository.unit_of_work() as unit:
        row = unit.feeds.get(name)
        if row is not None and row.holder == holder:
            unit.feeds.move(attrs.evolve(row, turn=row.turn + 1, part="", went=0, holder=b"", until=0))
            unit.commit()


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
    Deletes from the outbox what every feed has passed, all of it where nobody began one, and where each feed was that the policy in force has no
    more; how many changes were deleted. Run it every day.

    Raises:
        NotFoundOrNotAllowedError: The policy does not let *actor* link, as whoever keeps the whole file may.
    """
    authorize(desk, actor, Action.LINK, "cut_outbox", purpose)
    with desk.unit_of_work() as unit:
        # The heads before the feeds: whoever begins one behind this copies all that they say.
        upto = {stream: head.number for stream, head in unit.trail.heads().items()}
        for row in unit.feeds.all():
            if not row.place:
                continue
            if row.name not in desk.policy.feeds:
                unit.feeds.move(attrs.evolve(row, turn=row.turn + 1, place="", part="", went=0))
                unit.feeds.forget(row.name)
                continue
            passed = dict(Place.read(row.place).passed())
            upto = {stream: min(number, passed.get(stream, 0)) for stream, number in upto.items()}
        record(desk, unit, [AuditEntry.by(actor, "cut_outbox", desk.now(), purpose=purpose)])
        unit.commit()
    return sum(_cut(desk, stream, last) for stream, last in sorted(upto.items()))


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
        refuse(desk, actor, what, None if feed is None else feed.purpose, rule="feed")
        raise told(
            NotFoundOrNotAllowedError(
                f"there is no such feed, or the policy does not let {actor.id} take it", rule="feed"
            )
        )
    actor, operation = attrs.evolve(actor, roles={feed.role}), spec_of(feed).digest
    authorize(desk, actor, Action.EXPORT, what, feed.purpose, operation=operation)
    if feed.reveal:
        assure(desk, actor, Action.REVEAL, what, feed.purpose, operation=operation)
    for action in (Action.EXPORT, Action.REVEAL) if feed.reveal else (Action.EXPORT,):
        limits = desk.policy.export_limits(actor, feed.purpose, action)
        inside = limits is not None and (not feed.inside or feed.recipient in limits.inside)
        if limits is None or not inside or feed.country not in limits.countries:
            raise refuse(desk, actor, what, feed.purpose, fields=feed.fields, rule="feed")
        if limits.least_k > 1:
            refuse(desk, actor, what, feed.purpose, fields=feed.fields, rule="k_anonymity")
            raise told(
                AccessError(
                    f"a feed tells of one customer at a time, and a grant of its role lets go what {limits.least_k} share; "
                    f"give the role grants of its own",
                    rule="k_anonymity",
                )
            )
    return feed, actor


def _begun(desk: Desk, feed: Feed, actor: Actor, *, anew: bool) -> tuple[FeedRow, Place]:
    """Where the feed is: at its beginning if it never began, or the policy says other things of it than when it did."""
    ground = _ground(desk.policy, feed.id, actor)
    with desk.unit_of_work() as unit:
        row = unit.feeds.get(feed.id)
        place = None if row is None or anew or not row.place else Place.read(row.place)
        if row is not None and place is not None and place.ground == ground:
            return row, place
        turn = 1 if row is None else row.turn + 1
        place = Place.beginning(unit, ground, turn, desk.today())
        row = FeedRow(name=feed.id, turn=turn, place=place.text, moved_at=desk.now())
        unit.feeds.move(row)
        unit.feeds.forget(feed.id)
        record(desk, unit, [AuditEntry.by(actor, "begin_feed", desk.now(), purpose=feed.purpose, rule=feed.id)])
        unit.commit()
    return row, place


def _ground(policy: Policy, name: str, actor: Actor) -> str:
    """
    Digest of what a policy says of a feed: who gets what of whom, and on what it rests; and of who takes it, where that decides: by the branch they work at, or
    whom they look after.
    """
    digest, personal = _said(policy, name)
    who = [actor.id, actor.person, actor.branch or ""] if personal else []
    return sha256("bankcif/v1/feed", digest, *who).hex()


@lru_cache(maxsize=64)
def _said(policy: Policy, name: str) -> tuple[bytes, bool]:
    """Digest of what a policy says of a feed, and whether it matters who takes it."""
    feed, document = policy.feeds[name], policy.document()
    grants = [one for one in document["grant"] if feed.role in one["roles"]]
    personal = any(one["relations"] != [Relation.ANY.value] or "$" in one.get("when", "") for one in grants)
    return dumps([feed.document(), grants, document.get("basis", {})]), personal


def _room(desk: Desk, unit: UnitOfWork, feed: Feed) -> int:
    """How many more customers may go by a feed in this hour; at most as many as one part may have."""
    if feed.per_hour is None:
        return _MOST
    return max(0, min(_MOST, feed.per_hour - unit.usage.add(feed.id, _USED, hour_of(desk), 0)))


def _state(unit: UnitOfWork, feed: Feed, row: FeedRow | None) -> FeedState:
    if row is None or not row.place:
        return FeedState(
            feed=feed.id, recipient=feed.recipient, begun=False, copying=False, waits_since=None, moved_at=None
        )
    place = Place.read(row.place)
    first = None if place.copied is not None else place.first_behind(unit)
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
