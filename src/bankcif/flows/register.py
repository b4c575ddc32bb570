"""
Registering: match -> merge -> seal -> store + audit, in one transaction, for one form or a batch.

Standardizing and validating stand before (`intake`); what comes here is good.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence

import attrs

from ..access import Action
from ..audit import AuditEntry, Outcome as AuditOutcome
from ..context import Actor, Effect
from ..matching import Explanation, Link
from ..merging import Statement
from ..party import CifNo, PartyKind, SourceKey, new_cif_no
from ..protection import DataKey
from ..storage import UnitOfWork
from ..storage.rows import ClaimRow, IndexRow, LinkRow, Mark, SourceRow
from ._claims import Claims
from ._golden import Rebuilt, Touched, rebuild
from ._matches import Question, ask, task_id
from ._meet import Meetings, meet
from ._records import Arrival, Record, content_tag, counted, seal_record, statement_of
from ._relations import is_seen
from .desk import Desk, record, retried

__all__ = ["Candidate", "Outcome", "Registered", "register"]

_MOST_TASKS = 5


class Outcome(enum.StrEnum):
    """What became of a form."""

    NEW = "new"
    LINKED = "linked"
    POSSIBLE_MATCH = "possible_match"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@attrs.frozen(kw_only=True)
class Candidate:
    """A party that a new one may be; open for a person to decide."""

    cif_no: CifNo
    weight_millibits: int
    task_id: str

    @property
    def weight_bits(self) -> float:
        """The match weight in bits."""
        return self.weight_millibits / 1000


@attrs.frozen(kw_only=True)
class Registered:
    """
    What became of one form.

    Attributes:
        outcome: In one word; a possible match is stored all the same, as a party of its own.
        cif_no: The party it belongs to.
        rule: Which rule linked it, if one did.
        candidates: Whom it may be, heaviest first; only told to actors who may decide matches.
        task_id: The first of the tasks that ask a person whether it is one of them; None if none does.
        proposed: Protected fields whose differing value waits for approval.
        capped: Indexes in which so many records share its value that it was not compared by that alone: a phone of a hotline.
    """

    outcome: Outcome
    cif_no: CifNo
    rule: str = ""
    candidates: tuple[Candidate, ...] = ()
    task_id: str | None = None
    proposed: tuple[str, ...] = ()
    capped: tuple[str, ...] = ()


def register(
    desk: Desk,
    arrivals: Sequence[Arrival],
    *,
    actor: Actor,
    also: Callable[[UnitOfWork, Sequence[Registered]], None] | None = None,
) -> list[Registered]:
    """
    Registers *arrivals* in their order; all of them or none.

    Args:
        desk: Collaborators.
        arrivals: Standardized, checked forms.
        actor: On whose behalf.
        also: Further writes that belong into the same transaction.

    Returns:
        What became of each. A form is refused, and nothing of it stored, if its source key belongs to a party of another kind: the
        source mixed two customers up. One that was stored when its answer was lost with the connection is unchanged.
    """

    def once() -> list[Registered]:
        with desk.unit_of_work() as unit:
            now = desk.now()
            batch = _Batch(desk, unit, arrivals, actor, now)
            fresh = batch.leave_out_mistaken(batch.leave_out_repeats())
            meetings = meet(desk, unit, [arrivals[i] for i in fresh], batch.tagging, batch.links)
            batch.place(fresh, meetings)
            batch.keep(fresh, meetings)
            done = batch.finish(meetings)
            if also is not None:
                also(unit, done)
            unit.commit()
        return done

    # A form whose commit was lost from sight is a repeat if it had happened.
    return retried(once, wait=desk.wait)


@attrs.frozen(kw_only=True, repr=False)
class _Placed:
    """Where an arrival went."""

    cif_no: CifNo
    outcome: Outcome
    rule: str
    weight_millibits: int | None
    rivals: Sequence[tuple[CifNo, int, Callable[[], Explanation]]]


class _Batch:
    """The state of one transaction."""

    def __init__(self, desk: Desk, unit: UnitOfWork, arrivals: Sequence[Arrival], actor: Actor, now: int) -> None:
        self._desk = desk
        self._unit = unit
        self._arrivals = arrivals
        self._actor = actor
        self._now = now
        self._done: dict[int, Registered] = {}
        self.tagging = desk.likely_tagging(unit)
        self._tags = [content_tag(desk, arrival) for arrival in arrivals]
        self._next_no: dict[SourceKey, int] = {}
        self.links: Mapping[SourceKey, LinkRow] = {}
        self._placed: dict[int, _Placed] = {}
        self._rows: dict[int, tuple[SourceRow, DataKey]] = {}
        self._repeated: dict[int, SourceKey] = {}
        self._mistaken: dict[int, SourceKey] = {}
        self._links: dict[str, list[LinkRow]] = {}

    def leave_out_repeats(self) -> list[int]:
        """
        The arrivals that bring something new.

        A repeat is a row of a file that was loaded before, or a form that says what the last one of its key said.
        """
        marks: dict[SourceKey, list[Mark]] = {}
        for source in {arrival.origin.source for arrival in self._arrivals}:
            keys = [a.origin.key for a in self._arrivals if a.origin.source == source]
            for mark in self._unit.sources.marks(source, keys):
                marks.setdefault(SourceKey(source, mark.source_key), []).append(mark)
        fresh = []
        last = {origin: found[-1].content_tag for origin, found in marks.items()}
        seen = {(origin, m.delivery_tag) for origin, found in marks.items() for m in found if m.delivery_tag}
        for i, arrival in enumerate(self._arrivals):
            loaded = arrival.delivery is not None and (arrival.origin, arrival.delivery) in seen
            if loaded or last.get(arrival.origin) == self._tags[i]:
                self._repeated[i] = arrival.origin
                continue
            last[arrival.origin] = self._tags[i]
            fresh.append(i)
        self._next_no = {origin: found[-1].record_no + 1 for origin, found in marks.items()}
        return fresh

    def leave_out_mistaken(self, fresh: Sequence[int]) -> list[int]:
        """The arrivals whose source key does not belong to a party of another kind."""
        self.links = self._unit.crosswalk.current([self._arrivals[i].origin for i in fresh])
        rows = self._unit.parties.get({link.cif_no for link in self.links.values()}) if self.links else {}
        kinds = {origin: PartyKind(rows[link.cif_no].kind) for origin, link in self.links.items()}
        good = []
        for i in fresh:
            arrival = self._arrivals[i]
            if kinds.setdefault(arrival.origin, arrival.form.kind) is arrival.form.kind:
                good.append(i)
            else:
                self._mistaken[i] = arrival.origin
        return good

    def place(self, fresh: Sequence[int], meetings: Meetings) -> None:
        """Decides for each arrival, in order, which party it belongs to."""
        party_of: dict[int, CifNo] = {}
        by_origin = {origin: link.cif_no for origin, link in meetings.links.items()}
        for at, i in enumerate(fresh):
            arrival = self._arrivals[i]
            parties: dict[CifNo, tuple[Link, str, int, Callable[[], Explanation]]] = {}
            for met in meetings.met[at]:
                cif_no = met.cif_no if met.arrival is None else party_of[met.arrival]
                assert cif_no is not None, "a meeting is with a party or with an arrival"
                parties.setdefault(cif_no, (met.link, met.rule, met.weight_millibits, met.explanation))
            own = by_origin.get(arrival.origin)
            automatic = next((c for c, (link, *_) in parties.items() if link is Link.AUTOMATIC), None)
            if own is not None:
                cif_no, outcome, rule, weight = own, Outcome.UPDATED, "source_key", None
            elif automatic is not None:
                _, rule, weight, _ = parties[automatic]
                cif_no, outcome = automatic, Outcome.LINKED
            else:
                cif_no, rule, weight = new_cif_no(self._desk.ids), "new", None
                outcome = Outcome.POSSIBLE_MATCH if parties else Outcome.NEW
            rivals = [(c, found[2], found[3]) for c, found in parties.items() if c != cif_no][:_MOST_TASKS]
            party_of[at] = by_origin[arrival.origin] = cif_no
            self._placed[i] = _Placed(cif_no=cif_no, outcome=outcome, rule=rule, weight_millibits=weight, rivals=rivals)

    def keep(self, fresh: Sequence[int], meetings: Meetings) -> None:
        """Seals and writes source records, links, tags and claims."""
        keys = self._desk.data_keys.take(len(fresh)) if fresh else []
        links: list[LinkRow] = []
        indexes: list[IndexRow] = []
        claims = Claims()
        linked = set(meetings.links)
        for at, (i, key) in enumerate(zip(fresh, keys, strict=True)):
            arrival, placed = self._arrivals[i], self._placed[i]
            record_no = self._next_no.get(arrival.origin, 0)
            self._next_no[arrival.origin] = record_no + 1
            row = seal_record(
                self._desk, arrival, record_no=record_no, key=key, received_at=self._now, content=self._tags[i],
                actor=self._actor,
            )  # fmt: skip
            self._rows[i] = (row, key)
            if arrival.origin not in linked:
                linked.add(arrival.origin)
                links.append(self._link(arrival, placed))
            by_name = [(key, None) for key in self.tagging.kept_keys(meetings.features[at])]
            indexes += self.tagging.rows([*meetings.keys[at], *by_name], row.place, placed.cif_no)
            for blocking_key, searched in meetings.keys[at]:
                if blocking_key.index == "identifier":
                    rivals = {rival for rival, _, _ in placed.rivals}
                    for version, tag in self.tagging.claims("identifier", blocking_key.value):
                        claim = ClaimRow(index_name="identifier", index_version=version, tag=tag, cif_no=placed.cif_no)
                        claims.add(claim, searched, {placed.cif_no, *rivals, *meetings.seen[at]})
        self._unit.sources.add([row for row, _ in self._rows.values()])
        self._unit.crosswalk.add(links)
        for link in links:
            self._links.setdefault(link.cif_no, []).append(link)
        self._unit.indexes.add(indexes)
        claims.make(self._unit)

    def _link(self, arrival: Arrival, placed: _Placed) -> LinkRow:
        return LinkRow(
            source=arrival.origin.source, source_key=arrival.origin.key, number=0, home=placed.cif_no,
            cif_no=placed.cif_no, reason=placed.rule, weight_millibits=placed.weight_millibits,
            actor=self._actor.id, since=self._now,
        )  # fmt: skip

    def finish(self, meetings: Meetings) -> list[Registered]:
        """Rebuilds golden records, opens tasks, audits, and says what became of each arrival."""
        rebuilt = rebuild(self._desk, self._unit, self._touched(meetings), actor=self._actor, now=self._now)
        capped = dict(zip(self._placed, meetings.capped, strict=True))
        self._open_tasks()
        left_out = [*self._repeated.values(), *self._mistaken.values()]
        links = self._unit.crosswalk.current(left_out) if left_out else {}
        party_of = {origin: link.cif_no for origin, link in links.items()}
        seen = self._seen()
        entries: list[AuditEntry] = []
        done: list[Registered] = []
        for i, arrival in enumerate(self._arrivals):
            if i in self._repeated:
                entries.append(self._left_as_it_was(arrival, party_of[arrival.origin], "repeat"))
                done.append(Registered(outcome=Outcome.UNCHANGED, cif_no=party_of[arrival.origin], rule="repeat"))
                continue
            if i in self._mistaken:
                entries.append(self._left_as_it_was(arrival, party_of[arrival.origin], "kind_changed"))
                done.append(Registered(outcome=Outcome.REFUSED, cif_no=party_of[arrival.origin], rule="kind_changed"))
                continue
            placed = self._placed[i]
            party = rebuilt[placed.cif_no]
            candidates = self._candidates(placed)
            told = tuple(one for one in candidates if one.cif_no in seen)
            entries.append(self._entry(arrival, placed, party))
            done.append(
                Registered(
                    outcome=placed.outcome, cif_no=placed.cif_no, rule=placed.rule,
                    candidates=told, task_id=candidates[0].task_id if candidates else None,
                    proposed=tuple(p.field for p in party.proposed if p.place == self._rows[i][0].place),
                    capped=capped[i],
                )
            )  # fmt: skip
        record(self._desk, self._unit, entries)
        return done

    def _left_as_it_was(self, arrival: Arrival, cif_no: CifNo, rule: str) -> AuditEntry:
        """The entry on a form that changes nothing: its answer tells all the same whose the source key is."""
        return AuditEntry.by(
            self._actor, "register", self._now, subjects=(cif_no,), count=1, channel=arrival.channel,
            outcome=AuditOutcome.DONE if rule == "repeat" else AuditOutcome.REFUSED,
            rule=f"{Outcome.UNCHANGED.value}:{rule}" if rule == "repeat" else rule,
        )  # fmt: skip

    def _seen(self) -> set[CifNo]:
        """
        The rivals that are told: to somebody who may decide about matches, those whom they may see. Others would learn who is a
        customer.
        """
        if self._desk.policy.allows(self._actor, Action.LINK).effect is Effect.DENY:
            return set()
        rivals = {rival for placed in self._placed.values() for rival, *_ in placed.rivals}
        rows = self._unit.parties.get(rivals) if rivals else {}
        return {cif_no for cif_no, row in rows.items() if is_seen(self._desk, self._unit, self._actor, row)}

    def _candidates(self, placed: _Placed) -> tuple[Candidate, ...]:
        return tuple(
            Candidate(cif_no=rival, weight_millibits=weight, task_id=task_id(self._desk, placed.cif_no, rival))
            for rival, weight, _ in placed.rivals
        )

    def _touched(self, meetings: Meetings) -> list[Touched]:
        mine: dict[CifNo, list[int]] = {}
        for i, placed in self._placed.items():
            mine.setdefault(placed.cif_no, []).append(i)
        existing = meetings.parties
        touched = []
        for cif_no, numbers in mine.items():
            fresh = [self._statement(i) for i in numbers]
            row = existing.get(cif_no)
            if row is None:
                founder, key = self._rows[numbers[0]]
                touched.append(
                    Touched(
                        cif_no=cif_no, kind=self._arrivals[numbers[0]].form.kind, row=None, anchor=founder.place,
                        anchor_key=key, before=(), after=fresh, links=self._links[cif_no],
                    )
                )  # fmt: skip
                continue
            stored: Sequence[Record] = meetings.records[cif_no]
            anchor = row.anchor
            # By the row that is locked: a rotation may have given the record another key since it was opened.
            known = next((r.key for r in stored if r.key.id == row.anchor_key_id), None)
            anchor_key = known or self._desk.data_keys.get([row.anchor_key_id])[row.anchor_key_id]
            before = [r.statement for r in stored]
            touched.append(
                Touched(
                    cif_no=cif_no, kind=stored[0].kind, row=row, anchor=anchor, anchor_key=anchor_key, before=before,
                    after=[*before, *fresh],
                )
            )  # fmt: skip
        return touched

    def _statement(self, i: int) -> Statement:
        row, _ = self._rows[i]
        return statement_of(row, self._arrivals[i].form.values, self._arrivals[i].terms)

    def _open_tasks(self) -> None:
        questions = [
            Question(cif_no=placed.cif_no, other=rival, weight_millibits=weight, explanation=explanation)
            for placed in self._placed.values()
            for rival, weight, explanation in placed.rivals
        ]
        ask(self._desk, self._unit, questions, self._new())

    def _new(self) -> set[CifNo]:
        """The parties that came with this batch."""
        return {one.cif_no for one in self._placed.values() if one.outcome in (Outcome.NEW, Outcome.POSSIBLE_MATCH)}

    def _entry(self, arrival: Arrival, placed: _Placed, rebuilt: Rebuilt) -> AuditEntry:
        return AuditEntry.by(
            self._actor, "register", self._now, subjects=(placed.cif_no,), count=1,
            fields=tuple(sorted(arrival.form.values)), rule=f"{placed.outcome.value}:{placed.rule}",
            channel=arrival.channel, faults=counted(arrival.form.faults), digests={placed.cif_no: rebuilt.row.stamp},
        )  # fmt: skip
