"""
Access review (who could, who did): what each operator may do by the policy in force, and what of it they used.

What was granted and not used is what a review takes away; who is in the log and no operator any more is what it looks into.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import attrs

from ..access import READING, Action
from ..audit import AuditEntry, Outcome
from ..context import Actor, Purpose, Sink
from ..errors import InputError
from ..party import CifNo
from ._relations import current, granted_to
from .desk import Desk, authorize, note, record, refuse

__all__ = ["CouldSee", "Reviewed", "could_see", "review_access"]


@attrs.frozen(kw_only=True)
class Reviewed:
    """
    What one operator could do, and did.

    Attributes:
        operator, person, roles: Who; no roles for somebody who is in the log and no operator.
        granted: Actions that some grant gives them.
        fields: Fields that they could see of somebody, in whatever form.
        did: How often each action of theirs is in the log.
        customers: How many customers these concerned.
        refused: How often they were refused.
        last: When they last did something; None if never in this time.
        unused: Grants of theirs that decided nothing in this time, by id.
    """

    operator: str
    person: str
    roles: tuple[str, ...]
    granted: tuple[str, ...]
    fields: tuple[str, ...]
    did: Mapping[str, int]
    customers: int
    refused: int
    last: int | None
    unused: tuple[str, ...]


@attrs.frozen(kw_only=True)
class CouldSee:
    """What one operator could see of one customer, by action and purpose; nothing if it is empty."""

    operator: str
    fields: Mapping[tuple[str, str], tuple[str, ...]]


def review_access(
    desk: Desk, operators: Iterable[Actor], since: int, until: int, *, actor: Actor, purpose: Purpose
) -> list[Reviewed]:
    """
    Every operator, by id, and after them everybody else who is in the log of that time.

    Args:
        desk: Collaborators.
        operators: Who works under the policy, as the bank knows them.
        since, until: From when to before when; microseconds since 1970, UTC.
        actor: Who asks.
        purpose: What for.

    Raises:
        InputError: The time ends before it begins.
        NotFoundOrNotAllowedError: The policy does not let *actor* review.

    Cost: reads every entry of that time once; memory grows with operators and the customers each of them met.
    """
    authorize(desk, actor, Action.REVIEW, "review_access", purpose)
    if until <= since:
        raise InputError("the time of a review ends after it begins", rule="time")
    known = {one.id: one for one in operators}
    seen: dict[str, _Seen] = {}
    with desk.unit_of_work() as unit:
        for row in unit.trail.between(since, until):
            entry = AuditEntry.of_body(row.body)
            seen.setdefault(entry.actor, _Seen()).add(entry)
        strangers = [Actor(id=name) for name in sorted(seen.keys() - known.keys())]
        found = [_reviewed(desk, one, seen.get(one.id, _Seen())) for one in (*_by_id(known), *strangers)]
        told_of = AuditEntry.by(
            actor, "review_access", desk.now(), purpose=purpose, rule=f"from:{since},to:{until}", count=len(found)
        )
        record(desk, unit, [told_of])
        unit.commit()
    return found


def could_see(
    desk: Desk, cif_no: CifNo, operators: Sequence[Actor], *, actor: Actor, purpose: Purpose
) -> list[CouldSee]:
    """
    Who could see one customer as they stand today, and what: every operator to whom the policy shows something.

    Raises:
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* review.

    Cost: a decision for each operator, purpose and action by which customers are seen.
    """
    authorize(desk, actor, Action.REVIEW, "could_see", purpose)
    found = []
    with desk.repository.unit_of_work() as unit:
        row = current(unit, cif_no)
        for one in operators if row is not None else ():
            shown = {
                (action.value, what_for.value): tuple(sorted(decisions))
                for action in sorted(READING)
                for what_for in Purpose
                for sink in [Sink.EXPORT if action is Action.EXPORT else Sink.DISPLAY]
                if row is not None and (decisions := granted_to(desk, unit, one, action, what_for, row, sink=sink))
            }
            if shown:
                found.append(CouldSee(operator=one.id, fields=shown))
    if row is None:
        raise refuse(desk, actor, "could_see", purpose)
    note(desk, actor, "could_see", purpose=purpose, subjects=(row.cif_no,), count=len(found))
    return sorted(found, key=lambda one: one.operator)


def _by_id(known: Mapping[str, Actor]) -> list[Actor]:
    return [known[name] for name in sorted(known)]


class _Seen:
    """What the log says of one operator."""

    def __init__(self) -> None:
        self.did: Counter[str] = Counter()
        self.customers: set[str] = set()
        self.rules: set[str] = set()
        self.refused = 0
        self.last: int | None = None

    def add(self, entry: AuditEntry) -> None:
        self.last = max(entry.at, self.last or 0)
        if entry.outcome is Outcome.REFUSED:
            self.refused += 1
            return
        self.did[entry.action] += 1
        self.customers.update(entry.subjects)
        self.rules.update(entry.rule.split(","))


def _reviewed(desk: Desk, one: Actor, seen: _Seen) -> Reviewed:
    grants = desk.policy.grants_of(one)
    # Only a grant that shows fields stands in the log as the rule that decided.
    unused = [g.id for g in grants if g.fields and READING & set(g.actions) and g.id not in seen.rules]
    return Reviewed(
        operator=one.id, person=one.person, roles=tuple(sorted(one.roles)),
        granted=tuple(sorted({action.value for grant in grants for action in grant.actions})),
        fields=tuple(sorted({f for grant in grants if READING & set(grant.actions) for f in grant.fields})),
        did=dict(sorted(seen.did.items())), customers=len(seen.customers), refused=seen.refused, last=seen.last,
        unused=tuple(unused),
    )  # fmt: skip
