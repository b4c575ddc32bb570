"""An attempt to be recognized: one unit, one entry, and a count against the factors it was made with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from ..audit import AuditEntry, Outcome
from ..context import Actor
from ..errors import AuthenticationError, InputError
from ..storage.rows import CredentialRow
from ._factors import MINUTE, Factors, is_whole
from .desk import Desk, record, refuse, retried, told

__all__ = ["NOBODY", "Refused", "attempt", "may_be_an_id", "name_tag", "need_digest", "need_free", "unrecognized"]

T = TypeVar("T")
NOBODY = Actor(id="bankcif.nobody")
"""Under whom the log keeps attempts in a name that is nobody's."""


class Refused(Exception):  # noqa: N818 (it never leaves the flows)
    """An attempt that is refused: by which rule, and which factors it counts against."""

    def __init__(self, rule: str, against: Sequence[CredentialRow] = ()) -> None:
        self.rule, self.against = rule, tuple(against)


def attempt(
    desk: Desk,
    actor: Actor,
    what: str,
    decide: Callable[[Factors, Sequence[CredentialRow], int], tuple[T, str]],
    *,
    name: str = "",
) -> T:
    """One attempt in one unit: what it used, what it counts against, and its entry commit together."""

    def once() -> T | Refused:
        with desk.unit_of_work() as unit:
            now, refused, held = desk.now(), None, Factors(desk, unit)
            try:
                found, rule = decide(held, held.of(actor.id), now)
            except Refused as error:
                refused = error
            if refused is None:
                record(desk, unit, [AuditEntry.by(actor, what, now, rule=rule, marks=held.marks)])
                unit.commit()
                return found
        # What it had done is undone; that it failed is not.
        with desk.unit_of_work() as unit:
            held = Factors(desk, unit)
            for row in refused.against:
                _count(desk, held, row, now)
            terms = {} if not name else {"operator": name_tag(desk, name)}
            entry = AuditEntry.by(
                actor, what, now, outcome=Outcome.REFUSED, rule=refused.rule, terms=terms, marks=held.marks
            )
            record(desk, unit, [entry])
            unit.commit()
        return refused

    said = retried(once)
    if isinstance(said, Refused):
        raise told(AuthenticationError("the operator was not recognized: unknown, wrong, used before, or locked for a while",
                                       rule="authentication"))  # fmt: skip
    return said


def need_free(desk: Desk, row: CredentialRow, now: int) -> None:
    """Lets a factor be tried unless it is locked, nobody confirmed it, or somebody changed its row."""
    if not is_whole(desk, row):
        raise Refused("factor_mark")
    if row.locked_until > now:
        raise Refused("locked")
    if row.kind != "password" and not row.confirmed_by:
        raise Refused("unconfirmed")


def _count(desk: Desk, held: Factors, row: CredentialRow, now: int) -> None:
    """One more failure of a factor, which may lock it."""
    failures, plan = row.failures + 1, desk.authentication
    locks = failures >= plan.attempts
    until = now + plan.lock_minutes * MINUTE if locks else row.locked_until
    held.change(row, failures=0 if locks else failures, locked_until=until)


def may_be_an_id(name: str) -> bool:
    """Whether *name* can be an operator's id; a store may take no other text, and tell it in its error."""
    return 0 < len(name) <= 64 and name.isprintable()  # half a surrogate pair is not printable


def name_tag(desk: Desk, name: str) -> str:
    return desk.digester.digest("operator", name.encode("utf-8", "replace")[:256]).hex()


def need_digest(operation: str) -> None:
    if operation and (len(operation) != 64 or set(operation) - set("0123456789abcdef")):
        raise InputError("an operation is named by its digest, as StepUpRequired has it", rule="operation")


def unrecognized(desk: Desk, actor: Actor, what: str, rule: str) -> AuthenticationError:
    refuse(desk, actor, what, None, rule=rule)
    return told(AuthenticationError("log in before you step up", rule=rule))
