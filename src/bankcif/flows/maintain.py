"""Maintaining: checks that run from a scheduler or after a restore."""

from __future__ import annotations

from ..access import Action
from ..context import Actor, Effect, Purpose
from .desk import Desk, authorize, need_purpose, note

__all__ = ["check_keys"]

_CHUNK = 1000


def check_keys(desk: Desk, *, actor: Actor, purpose: Purpose) -> int:
    """
    Opens every data key of the key store, and asks it for the key of every source record.

    Args:
        desk: Collaborators.
        actor: On whose behalf; whoever keeps the keys may, and whoever audits.
        purpose: What for.

    Returns:
        How many keys the key store holds.

    Raises:
        KeyMissingError: A source record's key is not there; the log tells.
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
    with desk.repository.unit_of_work() as unit:
        desk.data_keys.get({row.key_id for row in unit.credentials.of(None)})
        parties = sorted({link.cif_no for link in unit.crosswalk.all_current()})
        for at in range(0, len(parties), _CHUNK):
            needed = {row.key_id for _, row in unit.sources.of_parties(parties[at : at + _CHUNK])}
            desk.data_keys.get(needed)
    return count
