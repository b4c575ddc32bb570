"""What customers who belong together owe together: the balances of what they hold, rolled up over a household and a group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import attrs

from ..access import Action
from ..context import Actor, Purpose, Relation
from ..errors import InputError
from ..party import CifNo, DataGroup, Money, PartyKind
from ._belonging import grouped, housed
from ._walked import Ask, RelatedParty, asked
from .desk import Desk, assure, operation_digest

__all__ = ["Exposed", "Exposure", "exposure"]

_MOST_PRODUCTS = 100
_VOUCHES = frozenset({"guarantor", "agent", "legal_representative", "beneficial_owner", "prospect"})
"""In what roles somebody stands beside a debt of another's."""


@attrs.frozen(kw_only=True)
class Exposed:
    """One of those who belong together, with what they owe by currency; None where it is not told."""

    party: RelatedParty
    owes: tuple[Money, ...] | None = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Exposure:
    """
    What customers who belong together owe.

    Attributes:
        members: The customer who was asked about first.
        total: Of all of whom it is told, by currency.
        withheld: Of how many it is not told, or into how many's relations *actor* may not look: the total is not all.
    """

    members: tuple[Exposed, ...]
    total: tuple[Money, ...] = attrs.field(repr=False)
    withheld: int


def exposure(
    desk: Desk, cif_no: CifNo, products: Collection[str], *, on: date | None = None, actor: Actor, purpose: Purpose
) -> Exposure:
    """
    What a customer, those they live with and those under one control with them owe today, by what they hold of some products as customers or joint
    holders: who vouches for a debt does not owe it. What two of them owe together is told of each, and is once in the total.

    Args:
        desk: Collaborators.
        cif_no: The customer.
        products: Codes of the products that are debts, such as a loan's; what is closed does not count.
        on: As of which day they belong together; today if None.
        actor, purpose: Who asks, what for; of whom they may not reveal ``holdings``, it is not told.

    Raises:
        InputError: No product is named, or too many customers are connected.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not show *actor* their relations.
        AccessError: *actor* has seen as many customers in this hour as the policy allows.
    """
    if not 0 < len(set(products)) <= _MOST_PRODUCTS:
        raise InputError(f"name 1 to {_MOST_PRODUCTS} products that are debts", path="$.products", rule="required")
    # Who may reveal nobody's holdings is told so below, and not asked to step up; which a row rule lets them is not known yet.
    if desk.policy.has_row_rules or "holdings" in desk.policy.granted(
        actor, Action.REVEAL, purpose, frozenset(Relation)
    ):
        operation = operation_digest("exposure", cif_no, purpose.value, *sorted(set(products)))
        assure(desk, actor, Action.REVEAL, "exposure", purpose, operation=operation)

    def work(ask: Ask) -> Exposure:
        day = on or desk.today()
        person = ask.walk.parties[ask.start].kind == PartyKind.INDIVIDUAL
        together = dict.fromkeys((*(housed(ask, day) if person else ()), *grouped(ask, day)[0]))
        parties = ask.shown(together)
        open_to = [one for one in together if ask.may_reveal(one, "holdings")]
        values = ask.opened(open_to, DataGroup.HOLDING)
        debts = {one: _debts(values[one].get("holdings", ()), products) for one in open_to}
        owes = {one: _owed(some) for one, some in debts.items()}
        return Exposure(
            members=tuple(Exposed(party=parties[one], owes=_amounts(owes[one]) if one in owes else None) for one in together),
            total=_amounts(_owed(_each_once(debts))), withheld=len((together.keys() - owes.keys()) | ask.walk.shut),
        )  # fmt: skip

    return asked(desk, cif_no, "exposure", actor, purpose, work)


def _debts(holdings: Iterable[Mapping[str, Any]], products: Collection[str]) -> list[Mapping[str, Any]]:
    """Those of what somebody holds that they owe."""
    return [
        one
        for one in holdings
        if one["product"] in products
        and one.get("status") != "closed"
        and one.get("role", "holder") not in _VOUCHES
        and one.get("balance")
    ]


def _each_once(debts: Mapping[CifNo, Sequence[Mapping[str, Any]]]) -> Iterable[Mapping[str, Any]]:
    """The debts of several customers, each once: of an account that two of them have, and whose balance two sources tell differently, the larger."""
    found: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for one, some in debts.items():
        for at, debt in enumerate(some):
            number = (debt.get("scheme"), debt["token"]) if "token" in debt else (one, at)
            key = (*number, debt["product"], debt["balance"]["currency"])
            known = found.get(key)
            if known is None or abs(known["balance"]["minor"]) < abs(debt["balance"]["minor"]):
                found[key] = debt
    return found.values()


def _owed(debts: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """Minor units by currency."""
    found: Counter[str] = Counter()
    for one in debts:
        found[one["balance"]["currency"]] += abs(one["balance"]["minor"])
    return found


def _amounts(owed: Counter[str]) -> tuple[Money, ...]:
    return tuple(Money.of_minor(minor, currency) for currency, minor in sorted(owed.items()))
