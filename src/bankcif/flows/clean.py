"""
Cleaning campaigns: suggest -> show -> accepted by a person, or by what the campaign says is sure enough -> change set.

A campaign goes through the findings that are open, and suggests values where they follow from others. What it changes is a change set like a
person's: the policy of changes decides whether a second person must agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from ..access import Action, FieldDecision, mask
from ..audit import AuditEntry
from ..context import Actor, Effect, Purpose
from ..errors import BankCIFError, InputError
from ..party import CATALOGUE, CifNo, PartyKind
from ..quality import Cleaner, State, Suggestion, standard_cleaners
from ..storage import UnitOfWork
from ..storage.portrait_rows import IDLE
from ..storage.quality_rows import FindingRow
from ..storage.rows import PartyRow
from ._opened import open_goldens
from ._pages import pages
from ._relations import current, granted_to, standing_of
from .change import Changed, ChangeSet, change
from .desk import Desk, authorize, note, over_cap, record, spend

__all__ = ["Campaign", "Cleaned", "CleaningProposal", "clean", "clean_one", "proposals"]

_AT_ONCE = 200
_MOST = 500


@attrs.frozen(kw_only=True)
class Campaign:
    """
    What is cleaned.

    Attributes:
        name: For the evidence of its changes; at most 64 printable characters.
        cleaners: Which, by name; all if empty.
        least: Suggestions that are less sure are none.
        by_itself: Those at least so sure are made without a person looking at each; none by default.
        code: Why, of the code list ``change_reason``.
        more: A bank's own cleaners.
    """

    name: str
    cleaners: tuple[str, ...] = ()
    least: int = 50
    by_itself: int = 101
    code: str = "correction"
    more: tuple[Cleaner, ...] = ()

    def __attrs_post_init__(self) -> None:
        if not 1 <= len(self.name) <= 64 or not self.name.isprintable() or not self.name.strip():
            raise InputError("a campaign has a name of 1 to 64 printable characters", path="$.name", rule="cleaning")
        if not 0 <= self.least <= 100 or not self.least <= self.by_itself <= 101:
            raise InputError(
                "how sure a suggestion is, is 0 to 100; what is made by itself is at least as sure as what is shown",
                path="$.by_itself",
                rule="cleaning",
            )


@attrs.frozen(kw_only=True)
class CleaningProposal:
    """
    What a campaign suggests of a customer.

    Attributes:
        cif_no, field: Of what.
        cleaner: Which suggests it.
        value: What it should be, as masked as the field itself; None if there should be none.
        confidence: How sure that is, 0 to 100.
        zh, en: Why.
        rules: The findings that it answers to.
    """

    cif_no: CifNo
    field: str
    cleaner: str
    value: Any
    confidence: int
    zh: str
    en: str
    rules: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Cleaned:
    """
    What a run of a campaign came to.

    Attributes:
        made: Changes that hold now.
        waiting: Changes that wait for a second person.
        shown: Suggestions that a person is to look at.
        refused: Suggestions that could not be made changes of.
    """

    made: int
    waiting: int
    shown: int
    refused: int


def proposals(
    desk: Desk, campaign: Campaign, *, limit: int = 100, actor: Actor, purpose: Purpose
) -> tuple[CleaningProposal, ...]:
    """
    What a campaign suggests of the customers whose findings *actor* may work on, the surest first.

    Raises:
        InputError: A limit out of its range, or a cleaner that there is not.
        NotFoundOrNotAllowedError: The policy does not let *actor* work on findings.
        AccessError: *actor* has seen as many customers in this hour as the policy allows.
    """
    authorize(desk, actor, Action.FINDINGS, "cleaning_proposals", purpose)
    if not 1 <= limit <= _MOST:
        raise InputError(f"a list has 1 to {_MOST} suggestions", path="$.limit", rule="limit")
    cleaners = _cleaners(desk, campaign)
    found = [_shown(desk, one) for one in _suggested(desk, campaign, cleaners, actor, purpose)]
    found = sorted(found, key=lambda one: (-one.confidence, one.cif_no, one.field))[:limit]
    subjects = tuple(dict.fromkeys(one.cif_no for one in found))
    with desk.unit_of_work() as unit:
        within = spend(desk, unit, actor, Action.VIEW, len(subjects))
        if within:
            entry = AuditEntry.by(
                actor, "cleaning_proposals", desk.now(), purpose=purpose, subjects=subjects, count=len(subjects),
                fields=tuple(sorted({one.field for one in found})),
            )  # fmt: skip
            record(desk, unit, [entry])
            unit.commit()
    if not within:
        raise over_cap(desk, actor, Action.VIEW, "cleaning_proposals", purpose)
    return tuple(found)


def clean(desk: Desk, campaign: Campaign, *, actor: Actor, purpose: Purpose) -> Cleaned:
    """
    Makes change sets of all suggestions that the campaign takes to be sure enough; the others are left for a person to accept.

    Raises:
        InputError: A cleaner that there is not.
        NotFoundOrNotAllowedError: The policy does not let *actor* work on findings; of a customer or field that they may not change, the
            suggestion counts as refused.
    """
    authorize(desk, actor, Action.FINDINGS, "clean", purpose)
    cleaners = _cleaners(desk, campaign)
    note(desk, actor, "clean", purpose=purpose, rule=f"campaign:{campaign.name}")
    made = waiting = shown = refused = 0
    for one in [*_suggested(desk, campaign, cleaners, actor, purpose)]:
        if one.suggestion.confidence < campaign.by_itself:
            shown += 1
            continue
        try:
            done = _made(desk, campaign, one.row.cif_no, one.cleaner, one.suggestion, actor, purpose)
        except BankCIFError:
            refused += 1
            continue
        waiting += bool(done.approval)
        made += not done.approval
    return Cleaned(made=made, waiting=waiting, shown=shown, refused=refused)


def clean_one(
    desk: Desk, campaign: Campaign, cif_no: CifNo, cleaner: str, *, actor: Actor, purpose: Purpose
) -> Changed:
    """
    Accepts what a cleaner suggests of a customer, as they are now.

    Raises:
        InputError: It suggests nothing any more, or there is no such cleaner.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* change the field.
    """
    authorize(desk, actor, Action.FINDINGS, "clean_one", purpose)
    (chosen,) = _cleaners(desk, attrs.evolve(campaign, cleaners=(cleaner,)))
    suggestion: Suggestion | None = None
    with desk.unit_of_work() as unit:
        row = current(unit, cif_no, purpose)
        granted = {} if row is None else granted_to(desk, unit, actor, Action.CHANGE, purpose, row)
        if row is not None and chosen.field in granted:
            suggestion = chosen.suggest(PartyKind(row.kind), open_goldens(desk, unit, [row.cif_no])[row.cif_no])
            if suggestion is None:
                raise InputError("it suggests nothing any more", path="$.cleaner", rule="cleaning", cif_no=row.cif_no)
    # Of who may not change the customer, the change itself says so, and tells the log.
    return _made(desk, campaign, cif_no, chosen, suggestion or Suggestion(None, 0, "", ""), actor, purpose)


@attrs.frozen
class _Suggested:
    row: PartyRow
    cleaner: Cleaner
    suggestion: Suggestion
    rules: tuple[str, ...]
    said: FieldDecision


def _cleaners(desk: Desk, campaign: Campaign) -> tuple[Cleaner, ...]:
    known = {one.name: one for one in (*standard_cleaners(desk.gauge.addresses), *campaign.more)}
    if unknown := sorted(set(campaign.cleaners) - known.keys()):
        raise InputError(
            f"there is no cleaner {', '.join(unknown)}; there are {', '.join(sorted(known))}", path="$.cleaners", rule="cleaning"
        )  # fmt: skip
    return tuple(known[name] for name in campaign.cleaners or known)


def _suggested(
    desk: Desk, campaign: Campaign, cleaners: Sequence[Cleaner], actor: Actor, purpose: Purpose
) -> Iterator[_Suggested]:
    """What *cleaners* suggest where a finding of their field is open and *actor* may work on it."""
    by_field: dict[str, list[str]] = {}
    for name, rule in desk.quality.rules.items():
        by_field.setdefault(rule.field, []).append(name)

    def read(unit: UnitOfWork, after: tuple[str, str, int]) -> Sequence[FindingRow]:
        return unit.findings.page(after, _AT_ONCE, live=True)

    open_rules: dict[CifNo, set[str]] = {}
    for page in pages(desk, read, ("", "", 0), lambda row: (row.cif_no, row.rule, row.number), _AT_ONCE):
        for row in page:
            if row.state == State.OPEN:
                open_rules.setdefault(row.cif_no, set()).add(row.rule)
    numbers = sorted(open_rules)
    for at in range(0, len(numbers), _AT_ONCE):
        some = numbers[at : at + _AT_ONCE]
        with desk.repository.unit_of_work() as unit:
            rows = unit.parties.get(some)
            there = [one for one in some if one in rows and rows[one].life_cycle not in IDLE]
            _, broken = standing_of(desk, unit, actor, Action.FINDINGS)
            grants = {
                one: granted_to(desk, unit, actor, Action.FINDINGS, purpose, rows[one], broken=broken) for one in there
            }
            seen = [one for one in there if grants[one]]
            values = open_goldens(desk, unit, seen)
        for cif_no in seen:
            for cleaner in cleaners:
                rules = tuple(sorted(open_rules[cif_no].intersection(by_field.get(cleaner.field, ()))))
                if not rules or cleaner.field not in grants[cif_no]:
                    continue
                one = cleaner.suggest(PartyKind(rows[cif_no].kind), values[cif_no])
                if one is not None and one.confidence >= campaign.least:
                    yield _Suggested(rows[cif_no], cleaner, one, rules, grants[cif_no][cleaner.field])


def _shown(desk: Desk, one: _Suggested) -> CleaningProposal:
    field = CATALOGUE[PartyKind(one.row.kind)][one.cleaner.field]
    value, said = one.suggestion.value, one.said
    clear = value is None or said.decision.effect is Effect.PERMIT
    return CleaningProposal(
        cif_no=one.row.cif_no, field=field.name, cleaner=one.cleaner.name,
        value=value if clear else mask(field.mask, value, desk.masks.of(said.profile)),
        confidence=one.suggestion.confidence, zh=one.suggestion.zh, en=one.suggestion.en, rules=one.rules,
    )  # fmt: skip


def _made(
    desk: Desk, campaign: Campaign, cif_no: CifNo, cleaner: Cleaner, one: Suggestion, actor: Actor, purpose: Purpose
) -> Changed:
    made = ChangeSet(
        values={cleaner.field: one.value}, code=campaign.code, text=f"{one.zh} / {one.en}".strip(" /") or campaign.name,
        evidence=f"campaign:{campaign.name}:{cleaner.name}:{one.confidence}", channel="cleaning",
    )  # fmt: skip
    return change(desk, cif_no, made, actor=actor, purpose=purpose)
