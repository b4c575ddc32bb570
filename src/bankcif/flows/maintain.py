"""Maintaining: checks that run from a scheduler or after a restore."""

from __future__ import annotations

from .desk import Desk

__all__ = ["check_keys"]

_CHUNK = 1000


def check_keys(desk: Desk) -> int:
    """
    Opens every data key of the key store, and asks it for the key of every source record.

    Returns:
        How many keys the key store holds.

    Raises:
        KeyMissingError: A source record's key is not there.
        WrongKeyError: A key does not open under this provider.
    """
    count = desk.data_keys.check_all()
    with desk.unit_of_work() as unit:
        parties = sorted({link.cif_no for link in unit.crosswalk.all_current()})
        for at in range(0, len(parties), _CHUNK):
            needed = {row.key_id for _, row in unit.sources.of_parties(parties[at : at + _CHUNK])}
            desk.data_keys.get(needed)
    return count
