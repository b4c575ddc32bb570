"""
Browsing: authorize -> page of the store -> ask again -> open -> mask -> audit -> return.

Which customers there are to see is one rule (`Policy.visible`). The store is asked it, for pages, order and counts alike, and it
is asked again of each customer that comes out, so that a store that errs shows nobody too many.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Any

import attrs

from ..access import Action, row_known, to_lowered
from ..audit import AuditEntry
from ..context import Actor, Purpose, Sink
from ..errors import InputError, RuleError
from ..rules import (
    And,
    Expression,
    Kind,
    Lowered,
    compiled,
    customer_schema,
    is_storable,
    is_whole,
)
from ..storage import Order, UnitOfWork
from ._choosing import chosen, fields_of, where_term
from ._opened import open_goldens
from ._relations import granted_to, open_life_cycles, record_of, standing_of
from ._view import CustomerView, Views, need_view_sink
from .desk import Desk, authorize, over_cap, record, refuse, spend

__all__ = ["Page", "browse", "count"]

_MOST = 100
_EPOCH = date(1970, 1, 1)
_LONGEST_MARK = 16_000


@attrs.frozen(kw_only=True)
class Page:
    """
    Some of the customers whom an actor may see.

    Attributes:
        views: They, masked, in order.
        total: How many there are in all; None unless that was asked.
        after: Where the next page begins; None behind the last.
    """

    views: tuple[CustomerView, ...]
    total: int | None
    after: str | None


def browse(
    desk: Desk,
    *,
    where: str = "",
    order: str = "cif_no",
    descending: bool = False,
    after: str | None = None,
    limit: int = 50,
    total: bool = False,
    actor: Actor,
    purpose: Purpose,
    sink: Sink = Sink.DISPLAY,
) -> Page:
    """
    A page of the customers whom *actor* may see.

    Args:
        where: Of them, those of this rule over plain facts that each of them shows as they are, and not over their numbers; see
            `bankcif.rules.parse`. Finding nobody counts as seeing one.
        order: Field to sort by: ``cif_no``, or a plain fact that each of them shows as it is.
        descending: Largest first.
        after: `Page.after` of the page before.
        limit: At most 100.
        total: Whether they are counted, too; a page costs the same however many customers there are, counting them does not.
        sink: Where the page goes.

    Raises:
        AccessError: *actor* has seen as many customers in this hour as the policy allows.
        InputError: There is no such field, a mark that is none, a limit out of its range, or a rule over numbers.
        NotFoundOrNotAllowedError: The policy does not let *actor* browse, or sort or choose by this field.
        RuleError: *where* is no rule, or speaks of what the store cannot compare; it says where.
    """
    authorize(desk, actor, Action.BROWSE, "browse", purpose)
    asked = chosen(desk, actor, Action.BROWSE, purpose, where, "browse", sink)
    if not 1 <= limit <= _MOST:
        raise InputError(f"a page has 1 to {_MOST} customers", rule="limit")
    need_view_sink(sink)
    _need_clear(desk, actor, purpose, order, "browse", sink)
    last = None if after is None else _mark(after, order)
    with desk.unit_of_work() as unit:
        rule, broken = _visible(desk, unit, actor, purpose, asked, sink)
        holds, known = compiled(rule), row_known(rule, actor, desk.today())
        # Every row rule by which something is granted is a part of the rule, so no other facts decide.
        rows = unit.search.page(rule, known, Order(order, descending), last, limit + 1, {*rule.reads, order})
        granted = {
            row.cif_no: granted_to(
                desk, unit, actor, Action.BROWSE, purpose, row, sink=sink, facts=facts, broken=broken
            )
            for row, facts in rows[:limit]
            if holds(record_of(row, facts), known)
        }
        values = open_goldens(desk, unit, [cif_no for cif_no, decisions in granted.items() if decisions])
        seen, views, rules = Views(desk, actor, sink), [], set[str]()
        for row, _ in rows[:limit]:
            if row.cif_no in values:
                view, by = seen.of(row, values[row.cif_no], granted[row.cif_no])
                views.append(view)
                rules |= by
        number = sum(unit.search.count(rule, known, None).values()) if total else None
        # Who asks by a rule and finds nobody has tried one.
        within = spend(desk, unit, actor, Action.BROWSE, max(len(views), 1) if where else len(views))
        if within:
            entry = AuditEntry.by(
                actor, "browse", desk.now(), purpose=purpose, count=len(views),
                subjects=tuple(one.cif_no for one in views), rule=",".join(sorted(rules)),
                fields=tuple(sorted({name for one in views for name in one.values} | fields_of(where))), terms=where_term(desk, where),
            )  # fmt: skip
            record(desk, unit, [entry])
            unit.commit()
    if not within:
        raise over_cap(desk, actor, Action.BROWSE, "browse", purpose)
    more = None
    if len(rows) > limit:
        row, facts = rows[limit - 1]
        more = base64.urlsafe_b64encode(json.dumps([order, record_of(row, facts)[order], row.cif_no]).encode()).decode()
    return Page(views=tuple(views), total=number, after=more)


def count(desk: Desk, *, where: str = "", by: str | None = None, actor: Actor, purpose: Purpose) -> Mapping[Any, int]:
    """
    How many customers *actor* may see, by value of a plain fact that each of them shows as it is; of those of *where*, as in `browse`.

    Returns:
        Value to number, None standing for the customers without one; a date as a `date`. Without *by*, the number under None.

    A count by a rule tells of those it is about what a look at one of them would: it is one of the customers whom *actor* may see in an hour.

    Raises:
        AccessError: *actor* has seen as many customers in this hour as the policy allows.
        InputError: There is no such field, or it is the number, of which each customer has another.
        NotFoundOrNotAllowedError: The policy does not let *actor* browse, or count or choose by this field.
        RuleError: *where* is no rule, or speaks of what the store cannot compare; it says where.
    """
    authorize(desk, actor, Action.BROWSE, "count", purpose)
    asked = chosen(desk, actor, Action.BROWSE, purpose, where, "count")
    if by == "cif_no":
        raise InputError("a count by number is a list of customers; browse them", rule="unknown_field")
    if by is not None:
        _need_clear(desk, actor, purpose, by, "count")
    with desk.unit_of_work() as unit:
        rule, _ = _visible(desk, unit, actor, purpose, asked)
        found = dict(unit.search.count(rule, row_known(rule, actor, desk.today()), by))
        entry = AuditEntry.by(
            actor, "count", desk.now(), purpose=purpose, count=sum(found.values()),
            fields=tuple(sorted(fields_of(where) | ({by} if by else set()))), terms=where_term(desk, where),
        )  # fmt: skip
        within = spend(desk, unit, actor, Action.BROWSE, 1 if where else 0)
        if within:
            record(desk, unit, [entry])
            unit.commit()
    if not within:
        raise over_cap(desk, actor, Action.BROWSE, "count", purpose)
    if by is not None and customer_schema()[by].kind is Kind.DATE:
        return {None if day is None else _EPOCH + timedelta(day): number for day, number in found.items()}
    return found if found or by is not None else {None: 0}


def _visible(
    desk: Desk, unit: UnitOfWork, actor: Actor, purpose: Purpose, chosen: Expression, sink: Sink = Sink.DISPLAY
) -> tuple[Lowered, Collection[str]]:
    """
    The customers whom *actor* may see, of those who are *chosen*, as a rule that the store takes; and those before whom they broke the
    glass.
    """
    ticketed, broken = standing_of(desk, unit, actor, Action.BROWSE)
    mine = desk.policy.visible(actor, Action.BROWSE, purpose, sink=sink, ticketed=ticketed, broken=broken)
    try:
        return to_lowered(And((mine, open_life_cycles(purpose), chosen))), broken
    except RuleError:
        pass
    raise InputError(
        "what is asked for and the row rules that let you see it have over 500 comparisons together", rule="too_large"
    )


def _need_clear(desk: Desk, actor: Actor, purpose: Purpose, field: str, what: str, sink: Sink = Sink.DISPLAY) -> None:
    """An order or a count by what is masked would tell what the mask hides."""
    if field not in customer_schema() or customer_schema()[field].kind is Kind.AGE:
        raise InputError("sort and count by cif_no or a plain fact of the catalogue", rule="unknown_field")
    if field != "cif_no" and not desk.policy.shown_in_clear(actor, Action.BROWSE, purpose, field, sink):
        raise refuse(desk, actor, what, purpose, fields=(field,), rule="order")


def _mark(after: str, order: str) -> tuple[Any, str]:
    said: Any = None
    try:
        said = json.loads(base64.urlsafe_b64decode(after.encode())) if len(after) <= _LONGEST_MARK else None
    except (ValueError, UnicodeError, RecursionError):
        said = None
    kind = customer_schema()[order].kind
    good = isinstance(said, list) and len(said) == 3 and said[0] == order and is_storable(said[2])
    if not good or not (said[1] is None or (is_storable(said[1]) if kind is Kind.TEXT else is_whole(said[1]))):
        raise InputError("that is not where a page of this order ended", rule="after")
    return said[1], said[2]
