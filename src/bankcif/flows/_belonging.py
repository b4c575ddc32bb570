"""Who belongs together: households, companies under one control, and what is held of each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date

from ..errors import InputError
from ..party import WHOLE, CifNo, Control, PartyKind, Stake, controlled_by
from ._walk import Row
from ._walked import Ask

__all__ = ["grouped", "housed", "need_whole", "other_of", "stake"]

_LIVES_WITH = ("household_member", "spouse", "parent", "guardian", "child", "ward")
_CONTROLLED_BY = ("shareholder", "controller", "group_head")


def housed(ask: Ask, day: date) -> list[CifNo]:
    """The customer and who lives with them, in the order in which they are met."""
    found, level = {ask.start: None}, [ask.start]
    while level:
        said = ask.walk.on(level, day)
        rows = [(one, row) for one in level for row in said[one] if row["role"] in _LIVES_WITH]
        minors = ask.minors({one for pair in rows for one in (pair[0], other_of(pair[1]))}, day)
        level = [
            other
            for other in dict.fromkeys(other_of(row) for one, row in rows if _together(one, row, minors))
            if other not in found and ask.walk.parties[other].kind == PartyKind.INDIVIDUAL
        ]
        found |= dict.fromkeys(level)
        ask.need_few(found)
    return list(found)


def grouped(ask: Ask, day: date) -> tuple[list[CifNo], list[CifNo]]:
    """The customer and all under one control with them, and those of these who control the others."""
    found = _controlled(ask, [ask.start], day)
    heads = _heads(ask, day)
    for head in heads:
        found |= _controlled(ask, [head], day)
    return list(dict.fromkeys([ask.start, *heads, *sorted(found)])), heads


def other_of(row: Row) -> CifNo:
    """Who the other one of a row is."""
    return CifNo(row["other"])


def stake(holder: CifNo, company: CifNo, row: Row) -> Stake:
    """What *holder* has of *company* by a row of either; votes are as shares where nothing is said."""
    share, votes = row.get("share") or 0, row.get("votes")
    return Stake(holder, company, share, share if votes is None else votes)


def _together(one: CifNo, row: Row, minors: Collection[CifNo]) -> bool:
    """Whether somebody and the other one of *row* live together: a child who has grown up is asked for themself."""
    if row["role"] in ("parent", "guardian"):
        return one in minors
    return row["role"] not in ("child", "ward") or other_of(row) in minors


def need_whole(stakes: Sequence[Stake]) -> None:
    """Raises `InputError` for a company of which more than the whole is held, or voted: two were merged, each with its shareholders."""
    held: dict[CifNo, tuple[int, int]] = {}
    for one in stakes:
        share, votes = held.get(one.company, (0, 0))
        held[one.company] = share + one.share, votes + one.votes
        if max(held[one.company]) > WHOLE:
            raise InputError(
                "together the shareholders of this company have more than 100 % of the shares or votes; retract what is wrong, then ask again",
                path="$.share", rule="share", cif_no=one.company,
            )  # fmt: skip


def _controlled(ask: Ask, heads: Iterable[CifNo], day: date) -> dict[CifNo, None]:
    """Everybody whom one of *heads* controls."""
    followed: set[CifNo] = set()

    def stakes_of(holders: Collection[CifNo]) -> tuple[list[Stake], list[Control]]:
        said = ask.walk.on(list(holders), day)
        rows = [(one, row) for one in holders for row in said[one]]
        followed.update(holders)
        ask.need_few(followed)
        return (
            [stake(one, other_of(row), row) for one, row in rows if row["role"] == "held"],
            [Control(one, other_of(row)) for one, row in rows if row["role"] in ("controlled", "group_member")],
        )

    found: dict[CifNo, None] = {}
    for head in heads:
        found |= dict.fromkeys(controlled_by(head, stakes_of))
    return found


def _heads(ask: Ask, day: date) -> list[CifNo]:
    """Those who control the customer and are controlled by nobody else, of a circle its first; nobody if nobody controls them."""
    above = [one for one in ask.above(_CONTROLLED_BY, day) if one != ask.start]
    reach = {one: _controlled(ask, [one], day) for one in above}
    heads = [one for one in above if ask.start in reach[one]]
    return [
        one
        for at, one in enumerate(heads)
        if not any(
            one in reach[other] and (other not in reach[one] or other in heads[:at]) for other in heads if other != one
        )
    ]
