"""Verifying the log: every entry in its place, unchanged, up to the recorded head."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from .._canonical import loads
from .entry import GENESIS, AuditRow
from .log import Head

__all__ = ["AuditReport", "Damage", "verify"]


@attrs.frozen
class Damage:
    """Something wrong with the log: which stream, which entry, and what."""

    stream: str
    number: int
    what: str


@attrs.frozen(kw_only=True)
class AuditReport:
    """
    What a verification saw.

    Attributes:
        entries: How many entries were read.
        streams: Their streams, with the last number of each.
        damage: What is wrong; empty if nothing is.
    """

    entries: int
    streams: Mapping[str, int]
    damage: tuple[Damage, ...]

    @property
    def intact(self) -> bool:
        """Whether nothing is wrong."""
        return not self.damage


def verify(
    tenant: str,
    rows: Iterable[AuditRow],
    heads: Mapping[str, Head],
    subjects: Iterable[tuple[str, int, str]] | None = None,
) -> AuditReport:
    """
    Checks every chain.

    Args:
        tenant: Whose log.
        rows: All rows, ordered by stream and number.
        heads: The recorded head of each stream: an entry missing at the end shows against it.
        subjects: The look-up rows (stream, number, cif_no) in the same order, if they are to be checked too.

    Returns:
        Every broken place; after one, the chain goes on from the entry as it stands, so that each is told once.
    """
    damage: list[Damage] = []
    last: dict[str, Head] = {}
    count = 0
    told: set[tuple[str, int, str]] = set()
    for row in rows:
        count += 1
        before = last.get(row.stream, Head(0, GENESIS))
        if row.number != before.number + 1:
            damage.append(Damage(row.stream, before.number + 1, "missing or out of order"))
        elif row.chained(tenant, before.hash) != row.hash:
            damage.append(Damage(row.stream, row.number, "changed"))
        if subjects is not None:
            told.update((row.stream, row.number, cif_no) for cif_no in _subjects(row.body))
        last[row.stream] = Head(row.number, row.hash)
    for stream, head in heads.items():
        end = last.get(stream, Head())
        if end.number < head.number:
            damage.append(Damage(stream, end.number + 1, "missing at the end"))
        elif end != head:
            damage.append(Damage(stream, end.number, "not where the stream's head stands"))
    damage += [Damage(stream, 1, "a stream without a head") for stream in last if stream not in heads]
    if subjects is not None:
        found = set(subjects)
        damage += [Damage(s, n, "a customer is missing in the look-up") for s, n, _ in sorted(told - found)]
        damage += [Damage(s, n, "the look-up names a customer too many") for s, n, _ in sorted(found - told)]
    return AuditReport(
        entries=count, streams={stream: head.number for stream, head in last.items()}, damage=tuple(damage)
    )


def _subjects(body: bytes) -> tuple[str, ...]:
    try:
        return tuple(loads(body).get("subjects", ()))
    except (ValueError, AttributeError):
        return ()
