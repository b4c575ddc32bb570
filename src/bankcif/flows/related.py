"""
Who is related to a customer: shown, and followed through households, chains of companies and groups.

Authorize -> walk -> mask -> audit -> return. Somebody walks on only from customers whose relations the policy shows them; where it does not, the way
ends, and what is found says that it is not all.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from fractions import Fraction

import attrs

from ..context import Actor, Purpose
from ..errors import InputError
from ..party import (
    BENEFICIAL_SHARE,
    ROLES,
    WHOLE,
    CifNo,
    Control,
    Ground,
    Owner,
    PartyKind,
    beneficial_owners,
    integrated_shares,
    share_of,
)
from ._belonging import grouped, housed, need_whole, other_of, stake
from ._walk import Row
from ._walked import Ask, RelatedParty, RelationView, asked, order_of, relation_view, relations_shown
from .desk import Desk

__all__ = [
    "Belonging",
    "OwnerView",
    "Ownership",
    "Picture",
    "RelatedParty",
    "RelationView",
    "group",
    "household",
    "ownership",
    "picture",
    "related",
]

_MOST_STEPS = 4
_MOST_DRAWN = 60


@attrs.frozen(kw_only=True)
class OwnerView:
    """
    A beneficial owner of a company.

    Attributes:
        person: Who.
        ground: Why they are one.
        share, direct, votes: Percentages: what they own through all chains, hold themself, and of votes by themself and by whom they control; to six
            digits after the point.
    """

    person: RelatedParty
    ground: Ground
    share: Decimal
    direct: Decimal
    votes: Decimal


@attrs.frozen(kw_only=True)
class Ownership:
    """
    Who is behind a company.

    Attributes:
        owners: The beneficial owners, as `bankcif.party.beneficial_owners` has them.
        traced: Which percentage of the company leads to persons.
        unknown: Which leads to none: what nobody is said to hold, of it and of companies above it.
        withheld: How many there are above it into whose relations *actor* may not look; what they hold is unknown, too.
    """

    owners: tuple[OwnerView, ...]
    traced: Decimal
    unknown: Decimal
    withheld: int


@attrs.frozen(kw_only=True)
class Belonging:
    """
    Customers who belong together.

    Attributes:
        members: All of them, the customer who was asked about first.
        heads: Those who control the others, of a group of companies.
        withheld: How many there are into whose relations *actor* may not look; more may belong to it behind them.
    """

    members: tuple[RelatedParty, ...]
    heads: tuple[RelatedParty, ...] = ()
    withheld: int = 0


@attrs.frozen(kw_only=True)
class Picture:
    """
    Relations around a customer, to be drawn.

    Attributes:
        parties: The customer first, and who is near before who is further away.
        lines: Place of one, place of another, and the relation between them, once each; `RelationView.role` says what the other is to the one.
        withheld: As of `Belonging`.
    """

    parties: tuple[RelatedParty, ...]
    lines: tuple[tuple[int, int, RelationView], ...]
    withheld: int


def related(
    desk: Desk, cif_no: CifNo, *, on: date | None = None, ever: bool = False, actor: Actor, purpose: Purpose
) -> tuple[RelationView, ...]:
    """
    The relations of a customer.

    Args:
        desk: Collaborators.
        cif_no: The customer.
        on: Those that stand on this day; today if None.
        ever: All that are said, those that are over or to come among them.
        actor, purpose: Who asks, what for.

    Raises:
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not show *actor* their relations.
        AccessError: *actor* has seen as many customers in this hour as the policy allows.
    """

    day = None if ever else on or desk.today()
    return asked(desk, cif_no, "relations", actor, purpose, lambda ask: relations_shown(ask, day))


def ownership(
    desk: Desk,
    cif_no: CifNo,
    *,
    on: date | None = None,
    threshold: Decimal | str | int | None = None,
    actor: Actor,
    purpose: Purpose,
) -> Ownership:
    """
    Who is behind a company on a day, through chains and circles of companies.

    Args:
        threshold: The percentage from which on, itself included, shares or votes make an owner; a quarter if None.

    Raises:
        InputError: It is no organization, the threshold is no percentage, too many are connected, or of one company on the way more than the whole
            is held.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not show *actor* their relations.

    Cost: opens the relations of everybody above the company, level by level.
    """
    least = BENEFICIAL_SHARE if threshold is None else Fraction(share_of(threshold, path="threshold"), WHOLE)

    def work(ask: Ask) -> Ownership:
        _need_company(ask)
        day = on or desk.today()
        reached = ask.above(("shareholder", "controller"), day)
        said = ask.walk.on([one for one in reached if ask.walk.parties[one].kind == PartyKind.ORGANIZATION], day)
        rows = [(one, row) for one, of in said.items() for row in of]
        stakes = [stake(other_of(row), one, row) for one, row in rows if row["role"] == "shareholder"]
        controls = [Control(other_of(row), one) for one, row in rows if row["role"] == "controller"]
        need_whole(stakes)
        persons = {one for one, row in ask.walk.parties.items() if row.kind == PartyKind.INDIVIDUAL}
        owners = beneficial_owners(
            ask.start, stakes, controls, persons=persons, threshold=least,
            stated=[other_of(row) for row in said[ask.start] if row["role"] == "beneficial_owner"],
            in_charge=[other_of(row) for row in said[ask.start] if row["role"] == "person_in_charge"],
        )  # fmt: skip
        shares = integrated_shares(ask.start, stakes)
        traced = sum((part for one, part in shares.items() if one in persons), Fraction(0))
        parties = ask.shown([one.cif_no for one in owners])
        return Ownership(
            owners=tuple(_owner(one, parties[one.cif_no]) for one in owners), traced=_percent(traced),
            unknown=_percent(1 - traced), withheld=ask.withheld,
        )  # fmt: skip

    return asked(desk, cif_no, "owners", actor, purpose, work)


def household(desk: Desk, cif_no: CifNo, *, on: date | None = None, actor: Actor, purpose: Purpose) -> Belonging:
    """
    The persons who live together with a customer on a day: who is said to, spouses, and children under age with their parents and guardians.

    Raises:
        InputError: It is no person, or too many are connected.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not show *actor* their relations.
    """

    def work(ask: Ask) -> Belonging:
        if ask.walk.parties[ask.start].kind != PartyKind.INDIVIDUAL:
            raise InputError(
                "a household is of persons; this is an organization", path="$.cif_no", rule="relation", cif_no=ask.start
            )
        found = housed(ask, on or desk.today())
        parties = ask.shown(found)
        return Belonging(members=tuple(parties[one] for one in found), withheld=ask.withheld)

    return asked(desk, cif_no, "household", actor, purpose, work)


def group(desk: Desk, cif_no: CifNo, *, on: date | None = None, actor: Actor, purpose: Purpose) -> Belonging:
    """
    The companies under one control with a company on a day, and those who control them: by more than half of the votes, alone or through whom they
    control, by other means, or as the head of a group that names its members.

    Raises:
        InputError: Too many are connected.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not show *actor* their relations.
    """

    def work(ask: Ask) -> Belonging:
        members, heads = grouped(ask, on or desk.today())
        parties = ask.shown(members)
        return Belonging(
            members=tuple(parties[one] for one in members), heads=tuple(parties[one] for one in heads), withheld=ask.withheld
        )  # fmt: skip

    return asked(desk, cif_no, "group", actor, purpose, work)


def picture(
    desk: Desk,
    cif_no: CifNo,
    *,
    steps: int = 2,
    on: date | None = None,
    roles: Collection[str] | None = None,
    actor: Actor,
    purpose: Purpose,
) -> Picture:
    """
    The relations around a customer on a day, to be drawn by `bankcif.render.relations`.

    Args:
        steps: How far away somebody may be, 1 to 4.
        roles: Only relations in which one is so to the other, of `bankcif.party.ROLES`; all if None.

    Raises:
        InputError: More steps, a role that there is none of, or more than 60 customers, whom nobody could make out.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not show *actor* their relations.
    """
    if not 1 <= steps <= _MOST_STEPS:
        raise InputError(f"a picture goes 1 to {_MOST_STEPS} steps from the customer", path="$.steps", rule="relation")
    if roles is not None and not set(roles) <= ROLES.keys():
        raise InputError(f"roles are of {', '.join(sorted(ROLES))}", path="$.roles", rule="relation")

    def work(ask: Ask) -> Picture:
        day, found, level = on or desk.today(), {ask.start: None}, [ask.start]
        lines: dict[str, tuple[CifNo, Row]] = {}
        for step in range(steps + 1):
            said = ask.walk.on(level, day)
            rows = [
                (one, row)
                for one in level
                for row in sorted(said[one], key=order_of)
                if roles is None or row["role"] in roles
            ]
            if step == steps:  # those who are furthest away are joined to each other, and to nobody more
                rows = [(one, row) for one, row in rows if other_of(row) in found]
            for one, row in rows:
                lines.setdefault(row["id"], (one, row))
            level = [one for one in dict.fromkeys(other_of(row) for _, row in rows) if one not in found]
            found |= dict.fromkeys(level)
            if len(found) > _MOST_DRAWN:
                raise InputError(
                    f"more than {_MOST_DRAWN} customers are connected, whom nobody could make out; go fewer steps, or name roles",
                    path="$.steps", rule="relation", cif_no=ask.start,
                )  # fmt: skip
        parties = ask.shown(found)
        return Picture(
            parties=tuple(parties[one] for one in found), withheld=ask.withheld,
            lines=tuple(
                (parties[one].place, parties[other_of(row)].place, relation_view(row, parties[other_of(row)]))
                for one, row in lines.values()
            ),
        )  # fmt: skip

    return asked(desk, cif_no, "relation_picture", actor, purpose, work)


def _need_company(ask: Ask) -> None:
    if ask.walk.parties[ask.start].kind != PartyKind.ORGANIZATION:
        raise InputError("a company has owners; this is a person", path="$.cif_no", rule="relation", cif_no=ask.start)


def _owner(one: Owner, person: RelatedParty) -> OwnerView:
    return OwnerView(
        person=person,
        ground=one.ground,
        share=_percent(one.share),
        direct=_percent(one.direct),
        votes=_percent(one.votes),
    )


def _percent(part: Fraction) -> Decimal:
    """To six digits after the point, without idle zeros."""
    found = Decimal(round(part * WHOLE)) / (WHOLE // 100)
    return found.quantize(Decimal(1)) if found == found.to_integral_value() else found.normalize()
