"""Maintaining: checks that run from a scheduler or after a restore."""

from __future__ import annotations

from collections.abc import Sequence

from ..access import Action
from ..context import Actor, Effect, Purpose
from ..storage import UnitOfWork
from ..storage.rows import CredentialRow, PartyRow, ReasonRow, StagedRow
from ._pages import PAGE, pages
from .desk import Desk, authorize, need_purpose, note

__all__ = ["check_keys"]


def check_keys(desk: Desk, *, actor: Actor, purpose: Purpose) -> int:
    """
    Opens every data key of the key store, and asks it for the key of every source record, factor, reason and held row.

    Args:
        desk: Collaborators.
        actor: On whose behalf; whoever keeps the keys may, and whoever audits.
        purpose: What for.

    Returns:
        How many keys the key store holds.

    Raises:
        KeyMissingError: The key of a row is not there; the log tells.
        WrongKeyError: A key does not open under this provider; the log tells.
        NotFoundOrNotAllowedError: The policy lets *actor* neither work with keys nor audit.
    """
    need_purpose(desk, actor, "check_keys", purpose)
    keeps = desk.policy.allows(actor, Action.KEYS, purpose).effect is Effect.PERMIT
    authorize(desk, actor, Action.KEYS if keeps else Action.AUDIT, "check_keys", purpose)
    count = _checked(desk)
    note(desk, actor, "check_keys", purpose=purpose, count=count)
    return count


def _checked(desk: Desk) -> int:
    count = desk.data_keys.check_all()

    # A page's keys are asked for where it is read, and it is read again if a rotation has destroyed some: what is missing then is.
    def factors(unit: UnitOfWork, after: tuple[str, str, str]) -> Sequence[CredentialRow]:
        page = unit.credentials.page(after, PAGE)
        desk.data_keys.get({row.key_id for row in page})
        return page

    def reasons(unit: UnitOfWork, after: str) -> Sequence[ReasonRow]:
        page = unit.reasons.page(after, PAGE)
        desk.data_keys.get({row.key_id for row in page})
        return page

    def held(unit: UnitOfWork, after: tuple[bytes, int]) -> Sequence[StagedRow]:
        page = unit.staging.page(after, PAGE)
        desk.data_keys.get({row.key_id for row in page if row.state == "held"})
        return page

    def records(unit: UnitOfWork, after: str) -> Sequence[PartyRow]:
        page = unit.parties.page(after, PAGE)
        desk.data_keys.get({row.key_id for _, row in unit.sources.of_parties([row.cif_no for row in page])})
        return page

    for _ in pages(desk, factors, ("", "", ""), lambda row: row.place):
        pass
    for _ in pages(desk, reasons, "", lambda row: row.about):
        pass
    for _ in pages(desk, held, (b"", 0), lambda row: row.place):
        pass
    for _ in pages(desk, records, "", lambda row: row.cif_no):
        pass
    return count
