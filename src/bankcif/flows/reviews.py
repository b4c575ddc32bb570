"""What reviews of possible matches come to: how far reviewers agree, and labels to train a match model with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import attrs

from ..access import Action
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..party import CifNo, SourceKey
from ..storage import UnitOfWork
from ..storage.rows import ReviewRow
from ._pages import PAGE, pages
from ._relations import is_seen
from ._reshape import root_of
from .desk import Desk, authorize, note, record

__all__ = ["Agreement", "Label", "Reviewer", "agreement", "labels"]


@attrs.frozen(kw_only=True)
class Reviewer:
    """One reviewer: how many matches they said something of that others did too, and of how many the first two agreed."""

    actor: str
    reviewed: int
    agreed: int


@attrs.frozen(kw_only=True)
class Agreement:
    """
    How far reviewers agree, over the first two words on each match that has two.

    Attributes:
        matches: How many there are.
        agreed: Of how many both said the same.
        kappa: Agreement beyond chance, 1 for perfect and 0 for what chance gives; None where it is not defined.
        reviewers: Each reviewer by operator id.
    """

    matches: int
    agreed: int
    kappa: float | None
    reviewers: tuple[Reviewer, ...]


@attrs.frozen(kw_only=True)
class Label:
    """A pair of records of which persons said whether they are one party, by source keys; for training a match model."""

    left: SourceKey
    right: SourceKey
    same: bool


def agreement(desk: Desk, *, actor: Actor, purpose: Purpose) -> Agreement:
    """
    How far reviewers agree.

    Raises:
        NotFoundOrNotAllowedError: The policy does not let *actor* link.

    Source: Fleiss, Measuring nominal scale agreement among many raters (1971), for two words on each match; reviewers are many
    and change, so that chance is that of the words together.
    """
    authorize(desk, actor, Action.LINK, "agreement", purpose)
    words: Counter[str] = Counter()
    reviewed: Counter[str] = Counter()
    concurred: Counter[str] = Counter()
    matches = agreed = 0
    for first, second in _first_two(desk):
        matches += 1
        words.update((first.verdict, second.verdict))
        alike = first.verdict == second.verdict
        agreed += alike
        for one in (first, second):
            reviewed[one.actor] += 1
            concurred[one.actor] += alike
    chance = sum((count / (2 * matches)) ** 2 for count in words.values()) if matches else 1.0
    note(desk, actor, "agreement", purpose=purpose, count=matches)
    return Agreement(
        matches=matches, agreed=agreed, kappa=(agreed / matches - chance) / (1 - chance) if chance < 1 else None,
        reviewers=tuple(
            Reviewer(actor=name, reviewed=count, agreed=concurred[name]) for name, count in sorted(reviewed.items())
        ),
    )  # fmt: skip


def labels(desk: Desk, *, source: str | None, actor: Actor, purpose: Purpose) -> list[Label]:
    """
    What persons decided of pairs, as pairs of source keys: of each customer the first, or the first of *source*.

    Args:
        desk: Collaborators.
        source: Only pairs both of whom have a record of this source.
        actor, purpose: On whose behalf, what for.

    Raises:
        NotFoundOrNotAllowedError: The policy does not let *actor* link.
    """
    authorize(desk, actor, Action.LINK, "labels", purpose)
    found = []
    with desk.unit_of_work() as unit:
        rows = [
            (row, same)
            for state, same in (("merged", True), ("not_a_match", False))
            for row in unit.work.tasks(state=state)
        ]
        homes = {side for row, _ in rows for side in (row.cif_no, row.other)}
        keys: dict[CifNo, SourceKey] = {}
        belongs = {row.cif_no: root_of(unit, row).cif_no for row in unit.parties.get(homes).values()}
        for link in sorted(
            unit.crosswalk.of_parties(set(belongs.values())),
            key=lambda link: (link.since, link.source, link.source_key),
        ):
            if link.source == source if source is not None else not link.source.startswith("bankcif."):
                keys.setdefault(link.home, link.origin)
        roots = unit.parties.get(set(belongs.values()))
        seen = {cif_no for cif_no, root in roots.items() if is_seen(desk, unit, actor, root)}
        told: set[CifNo] = set()
        for row, same in rows:
            one, other = belongs.get(row.cif_no), belongs.get(row.other)
            if row.cif_no in keys and row.other in keys and {one, other} <= seen:
                # What two persons merged later is one party, whatever was said before.
                found.append(Label(left=keys[row.other], right=keys[row.cif_no], same=same or one == other))
                told |= {row.cif_no, row.other}
        subjects = tuple(sorted(told))
        entry = AuditEntry.by(actor, "labels", desk.now(), purpose=purpose, count=len(found), subjects=subjects)
        record(desk, unit, [entry])
        unit.commit()
    return sorted(found, key=lambda one: (one.left.source, one.left.key, one.right.source, one.right.key))


def _first_two(desk: Desk) -> list[tuple[ReviewRow, ReviewRow]]:
    """The first two words on each match that has two."""
    said: dict[str, list[ReviewRow]] = {}

    def read(unit: UnitOfWork, after: tuple[str, int]) -> Sequence[ReviewRow]:
        return unit.reviews.page(after, PAGE)

    for page in pages(desk, read, ("", 0), lambda row: (row.task_id, row.number)):
        for row in page:
            said.setdefault(row.task_id, []).append(row)
    return [(rows[0], rows[1]) for rows in said.values() if len(rows) > 1]
