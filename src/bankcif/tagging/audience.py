"""
Sets of customers: how two overlap, who came and went, and whom a campaign may address.

An audience is a segment without those whom something forbids to address. Each customer is taken out by the first exclusion that holds, so
that the counts add up; a control group, which is left alone to see what the campaign did, is drawn by a digest, so that it is the same
whenever it is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence, Set as AbstractSet
from datetime import date

import attrs

from .._canonical import sha256
from ..errors import ConfigurationError
from ..party import code_lists

__all__ = [
    "ADDRESSED",
    "CONTROL",
    "NOT_THERE",
    "UNCONSENTED",
    "Audience",
    "AudiencePlan",
    "Movement",
    "Overlap",
    "Removed",
    "audience",
    "is_control",
    "movement",
    "overlap",
]

_PARTS = 1_000_000
_LONGEST = 64
CONTROL, ADDRESSED, UNCONSENTED, NOT_THERE = "control", "addressed", "consent", "not_there"
Draw = Callable[[str, str], bytes]


@attrs.frozen
class Overlap:
    """
    Two sets beside their base.

    Attributes:
        base, one, other, both: How many customers.
    """

    base: int
    one: int
    other: int
    both: int

    @property
    def lift(self) -> float | None:
        """How many times as often the two meet as they would by chance; None if one of them is empty."""
        expected = self.one * self.other
        return self.both * self.base / expected if expected else None

    @property
    def jaccard(self) -> float | None:
        """Which share of all who are in one of them is in both; None of nobody."""
        either = self.one + self.other - self.both
        return self.both / either if either else None


@attrs.frozen
class Movement:
    """How many came into a set, left it, and stayed, between two days."""

    came: int
    left: int
    stayed: int


@attrs.frozen
class Removed:
    """Whom an exclusion took out of an audience, of those whom none before it did."""

    name: str
    cif_nos: frozenset[str]


@attrs.frozen(kw_only=True)
class Audience:
    """
    Whom a campaign addresses.

    Attributes:
        start: Who was in the segment.
        removed: Who was taken out, by which exclusion, in order.
        control: Who is left alone, of those who remain.
        addressed: Who is addressed.
    """

    start: frozenset[str]
    removed: tuple[Removed, ...]
    control: frozenset[str]
    addressed: frozenset[str]

    @property
    def waterfall(self) -> tuple[tuple[str, int], ...]:
        """From the segment to who is addressed, step by step; what is taken out is below zero, and all steps add up to the last."""
        steps = [("segment", len(self.start)), *((one.name, -len(one.cif_nos)) for one in self.removed)]
        return (*steps, ("control", -len(self.control)), ("addressed", len(self.addressed)))


@attrs.frozen(kw_only=True)
class AudiencePlan:
    """
    Whom a campaign is to address, in words.

    Attributes:
        campaign: Its name, which decides about the control group.
        segment: ``segment:NAME`` or ``tag:NAME``: of whom it is chosen.
        exclusions: Definitions of whom nobody is addressed, in the order in which they are counted.
        control_share: Which share of those who remain is left alone; 0 to 1.
        as_of: The day at whose end one was in the segment, by the rules of today and what was known then, so that the audience stays what it
            was; None for now. What forbids to address somebody is of today all the same: the exclusions, and every definition that the
            segment's rule negates.
        channel: By which way they are addressed, a code of ``contact_channel``: where the purpose rests on consent, of who consented to that way;
            of who consented to no way in particular if empty.

    Raises:
        ConfigurationError: The share is out of range, there is no such channel, a name stands twice or is none of a definition, the campaign has none, or the day is none.
    """

    campaign: str
    segment: str
    exclusions: tuple[str, ...] = ()
    control_share: float = 0.0
    as_of: date | None = None
    channel: str = ""

    def __attrs_post_init__(self) -> None:
        named = (self.segment, *self.exclusions)
        if not self.campaign or len(self.campaign) > _LONGEST or not self.campaign.isprintable():
            raise ConfigurationError(f"a campaign's name is one to {_LONGEST} printable characters", rule="audience")
        if not 0 <= self.control_share <= 1:
            raise ConfigurationError("a control group is a share from 0 to 1", rule="audience")
        if len(set(named)) < len(named) or not all(name.startswith(("tag:", "segment:")) for name in named):
            raise ConfigurationError("an audience names tag:NAME or segment:NAME, each once", rule="audience")
        if self.as_of is not None and type(self.as_of) is not date:
            raise ConfigurationError("an audience is as of a day", rule="audience")
        ways = code_lists()["contact_channel"].labels.keys() - {"none"}
        if self.channel and self.channel not in ways:
            raise ConfigurationError(f"an audience is addressed by {', '.join(sorted(ways))}", rule="audience")

    @property
    def names(self) -> tuple[str, ...]:
        """The definitions that it speaks of."""
        return (self.segment, *self.exclusions)

    @property
    def text(self) -> str:
        """In one line, for who approves it."""
        without = f" without {', '.join(self.exclusions)}" if self.exclusions else ""
        then = "" if self.as_of is None else f" as of {self.as_of}"
        way = f" by {self.channel}" if self.channel else ""
        return f"{self.segment}{then}{without}; campaign {self.campaign}{way}, {self.control_share:.2%} left alone"

    def steps_of(self, ended: Mapping[str, int]) -> tuple[str, ...]:
        """Where a customer of the segment may end, in order; since they are there no more, or for want of consent, if that was asked."""
        asked = [name for name in (NOT_THERE, UNCONSENTED) if name in ended]
        return (*asked, *self.exclusions, CONTROL, ADDRESSED)

    def step(
        self, has: AbstractSet[str], cif_no: str, draw: Draw | None = None, *, there: bool = True, agreed: bool = True
    ) -> str:
        """
        Where a customer ends who has these tags and is in these segments; empty for one who is not in the segment.

        Args:
            draw: Draws the control group, as in `is_control`.
            there: Whether they are a customer still: who died, was dissolved or closed is addressed by nobody.
            agreed: Whether they consented to what the audience is for, if it takes that.
        """
        if self.segment not in has:
            return ""
        if not (there and agreed):
            return UNCONSENTED if there else NOT_THERE
        out = next((name for name in self.exclusions if name in has), "")
        return out or (CONTROL if is_control(self.campaign, cif_no, self.control_share, draw) else ADDRESSED)

    def waterfall(self, ended: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
        """From the segment to who is addressed, as `Audience.waterfall`, of so many who ended at each step."""
        steps = self.steps_of(ended)
        start = sum(ended.get(name, 0) for name in steps)
        taken = [(name, -ended.get(name, 0)) for name in steps[:-1]]
        return ((self.segment, start), *taken, (ADDRESSED, ended.get(ADDRESSED, 0)))


def overlap(base: AbstractSet[str], one: AbstractSet[str], other: AbstractSet[str]) -> Overlap:
    """How two sets lie in *base*, outside of which nobody counts."""
    mine, theirs = one & base, other & base
    return Overlap(len(base), len(mine), len(theirs), len(mine & theirs))


def movement(before: AbstractSet[str], after: AbstractSet[str], merged: Mapping[str, str] | None = None) -> Movement:
    """
    Who came and who left.

    Args:
        before, after: Who was in the set.
        merged: Numbers that were retired in between, and whose they are now: who was merged has not left.
    """
    then = {(merged or {}).get(one, one) for one in before}
    return Movement(len(after - then), len(then - after), len(then & after))


def audience(
    start: Collection[str], exclusions: Sequence[tuple[str, AbstractSet[str]]], *, campaign: str, control_share: float = 0.0
) -> Audience:  # fmt: skip
    """
    Whom *campaign* addresses.

    Args:
        start: Who is in its segment.
        exclusions: Names of what forbids to address somebody, and of whom it holds, in the order in which they are counted.
        campaign: Its name, which decides about the control group.
        control_share: Which share of those who remain is left alone; 0 to 1.

    Raises:
        ConfigurationError: The share is out of range, or two exclusions have one name.
    """
    if not 0 <= control_share <= 1:
        raise ConfigurationError("a control group is a share from 0 to 1", rule="audience")
    if len({name for name, _ in exclusions} | {"segment", "control", "addressed"}) < len(exclusions) + 3:
        raise ConfigurationError("exclusions have names of their own", rule="audience")
    left, removed = set(start), []
    for name, holds in exclusions:
        out = left & holds
        removed.append(Removed(name, frozenset(out)))
        left -= out
    control = frozenset(one for one in left if is_control(campaign, one, control_share))
    return Audience(
        start=frozenset(start), removed=tuple(removed), control=control, addressed=frozenset(left) - control
    )


def is_control(campaign: str, cif_no: str, share: float, draw: Draw | None = None) -> bool:
    """
    Whether a customer is in the control group of *campaign*: a function of both names alone. Who is in at one share is in at every larger one,
    and groups of two campaigns have nothing to do with each other.

    Args:
        campaign, cif_no: Which campaign, and who.
        share: 0 to 1.
        draw: Digest of both names; a plain one if None. With a plain one, whoever chooses the campaign's name chooses whom it draws; a store has a
            key for it.
    """
    drawn = int.from_bytes((draw or _plainly)(campaign, cif_no)[:8], "big")
    return drawn % _PARTS < round(share * _PARTS)


def _plainly(campaign: str, cif_no: str) -> bytes:
    return sha256("bankcif/v1/control", campaign, cif_no)
