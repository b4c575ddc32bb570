"""What other systems are told."""

from __future__ import annotations

from contextlib import suppress

from ..context import Actor, Purpose
from ..errors import BankCIFError
from ..flows import feed
from ..interop import Consumer
from ._group import Group

__all__ = ["Feeds"]


class Feeds(Group):
    """Feeds: standing exports that the policy declares, each to another system; see `bankcif.flows.feed`."""

    def take(self, name: str, *, most: int = 500, actor: Actor) -> feed.Taken:
        """What the consumer of a feed has not got, up to *most* customers; the same again until it is acknowledged."""
        return feed.take(self._desk, name, most=most, actor=actor)

    def acknowledge(self, taken: feed.Taken, *, actor: Actor) -> None:
        """The consumer has *taken* for good."""
        feed.acknowledge(self._desk, taken, actor=actor)

    def deliver(self, name: str, consumer: Consumer, *, most: int = 500, actor: Actor) -> int:
        """
        Brings *consumer* all that it has not got, *most* customers at a time, each part by the policy that is in force then; how many changes that were. Meanwhile
        nobody else takes the feed.
        """
        holder, count, more = self._desk.ids.draw(16), 0, True
        try:
            while more:
                told, more = feed.deliver_part(self._desk, name, consumer, most=most, holder=holder, actor=actor)
                count += told
        finally:
            with suppress(BankCIFError):  # then it ends by itself, some minutes later
                feed.let_go(self._desk, name, holder)
        return count

    def begin(self, name: str, *, actor: Actor) -> None:
        """Begins a feed anew: its consumer gets the whole file again."""
        feed.begin(self._desk, name, actor=actor)

    def states(self, *, actor: Actor, purpose: Purpose = Purpose.AUDIT) -> list[feed.FeedState]:
        """How far each feed is."""
        return feed.feed_states(self._desk, actor=actor, purpose=purpose)

    def cut(self, *, actor: Actor, purpose: Purpose = Purpose.OPERATIONS) -> int:
        """Deletes from the outbox what every feed has passed; run it every day."""
        return feed.cut(self._desk, actor=actor, purpose=purpose)
