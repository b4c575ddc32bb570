"""A customer as somebody may see them: what is opened, and what of it is shown."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from typing import Any

import attrs

from ..access import Action, FieldDecision, masker
from ..context import Actor, Effect, Purpose, Sink
from ..errors import InputError
from ..party import CATALOGUE, CifNo, Field, FieldType, Money, PartyKind
from ..protection import DataKey
from ..storage import UnitOfWork
from ..storage.rows import PartyRow
from ._consented import rests_on_consent
from ._opened import open_golden, open_goldens
from ._pending import Pending, pending
from ._relations import by_ticket, found_by, granted_to
from .desk import Desk

__all__ = [
    "CustomerView",
    "Views",
    "as_seen",
    "found_views",
    "is_masked",
    "masked_view",
    "need_view_sink",
    "typed",
    "view_of",
]


@attrs.frozen(kw_only=True)
class CustomerView:
    """
    A customer as an actor may see them: masks only, never the values behind them.

    Fields are attributes (``view.phone``); one that is not there is None. `masked_fields` names what is masked,
    `withheld` what exists but is not shown at all, `pending` what waits for a second person, where a customer is looked at
    alone.
    """

    cif_no: CifNo
    kind: PartyKind
    values: Mapping[str, Any]
    masked_fields: tuple[str, ...]
    withheld: tuple[str, ...]
    version: int
    pending: tuple[Pending, ...] = ()

    def __getattr__(self, name: str) -> Any:
        values = object.__getattribute__(self, "values")
        if name in CATALOGUE[object.__getattribute__(self, "kind")]:
            return values.get(name)
        raise AttributeError(name)


def masked_view(
    desk: Desk, unit: UnitOfWork, row: PartyRow, actor: Actor, purpose: Purpose, *, sink: Sink
) -> tuple[CustomerView, set[str]] | None:
    """
    The view of a party who is looked at alone, with what waits about them, as it goes to *sink*, and the rules that gave it; None if nothing of
    it may be seen there.
    """
    decisions: Mapping[str, FieldDecision] = granted_to(desk, unit, actor, Action.VIEW, purpose, row, sink=sink)
    if not decisions:
        return None
    waiting = pending(desk, unit, row, actor, purpose, decisions, sink)
    quiet = rests_on_consent(desk, Action.VIEW, purpose)
    return view_of(desk, row, open_golden(desk, unit, row), decisions, actor, sink, waiting, quiet=quiet)


def found_views(
    desk: Desk, unit: UnitOfWork, rows: Iterable[PartyRow], actor: Actor, purpose: Purpose, *, sink: Sink, limit: int,
    by: Collection[str], known: Iterable[DataKey] = (),
) -> list[tuple[CustomerView, set[str]]]:  # fmt: skip
    """
    The views of the first *limit* of *rows* of whom *actor* may find something *by* these fields, in their order, and the rules that gave each; *known* are
    data keys that are opened already.
    """
    granted: dict[CifNo, tuple[PartyRow, Mapping[str, FieldDecision]]] = {}
    for row in rows:
        decisions = granted_to(desk, unit, actor, Action.FIND, purpose, row, sink=sink)
        if decisions and found_by(desk, unit, row, purpose, by):
            granted[row.cif_no] = row, decisions
        if len(granted) == limit:
            break
    values = open_goldens(desk, unit, [*granted], known)
    quiet = rests_on_consent(desk, Action.FIND, purpose)
    views = Views(desk, actor, sink)
    return [views.of(row, values[cif_no], decisions, quiet=quiet) for cif_no, (row, decisions) in granted.items()]


def view_of(
    desk: Desk, row: PartyRow, values: Mapping[str, Any], decisions: Mapping[str, FieldDecision], actor: Actor, sink: Sink,
    waiting: tuple[Pending, ...] = (), *, quiet: bool = False,
) -> tuple[CustomerView, set[str]]:  # fmt: skip
    """One view of `Views`."""
    return Views(desk, actor, sink).of(row, values, decisions, waiting, quiet=quiet)


class Views:
    """
    The views that *actor* has of customers where *sink* is. What decisions mean for a customer of whom certain fields are known is worked out once, for as
    many customers as it is so.
    """

    def __init__(self, desk: Desk, actor: Actor, sink: Sink) -> None:
        self._desk, self._actor, self._sink = desk, actor, sink
        self._looks: dict[tuple[PartyKind, tuple[str, ...]], _Look] = {}

    def of(
        self, row: PartyRow, values: Mapping[str, Any], decisions: Mapping[str, FieldDecision], waiting: tuple[Pending, ...] = (),
        *, quiet: bool = False,
    ) -> tuple[CustomerView, set[str]]:  # fmt: skip
        """
        The view of a party with these golden values as *decisions* let it be seen, and the rules that gave it. *quiet*, as where a purpose rests on
        consent, tells of nothing that is withheld that it is there.
        """
        kind, names = PartyKind(row.kind), tuple(values)
        look = self._looks.get((kind, names))
        if look is None or not (
            look.decisions is decisions or look.decisions == decisions
        ):  # mostly it is one, whoever the customer is
            look = self._looks[kind, names] = _Look.of(self._desk, kind, names, decisions, self._sink)
        found = CustomerView(
            cif_no=row.cif_no, kind=kind, values=look.shown(values), masked_fields=look.masked,
            withheld=() if quiet else look.withheld, version=row.version, pending=waiting,
        )  # fmt: skip
        rules = {*look.rules, *by_ticket(self._desk, self._actor, row)}
        return found, rules if self._sink is Sink.DISPLAY else rules | {f"sink:{self._sink.value}"}


_Masking = Callable[[Any], Any] | None
"""What masks the values of a field; None where they are shown as they are."""


@attrs.frozen(kw_only=True)
class _Look:
    """
    What *decisions* mean for a customer of whom certain fields are known.

    Attributes:
        ways: The fields that are shown, in the order of the catalogue, each with what masks it.
        masked, withheld: Those that count as masked, and those that are not shown.
        rules: The rules that gave the fields that are shown.
    """

    decisions: Mapping[str, FieldDecision]
    ways: tuple[tuple[str, _Masking], ...]
    masked: tuple[str, ...]
    withheld: tuple[str, ...]
    rules: frozenset[str]

    @classmethod
    def of(
        cls, desk: Desk, kind: PartyKind, names: Collection[str], decisions: Mapping[str, FieldDecision], sink: Sink
    ) -> _Look:
        catalogue, known = CATALOGUE[kind], set(names)
        there = [name for name in catalogue if name in known]
        shown = [(name, decisions[name]) for name in there if name in decisions]
        return cls(
            decisions=decisions, ways=tuple((name, _masking(desk, catalogue[name], said, sink)) for name, said in shown),
            masked=tuple(name for name, said in shown if is_masked(catalogue[name], said)),
            withheld=tuple(name for name in there if name not in decisions), rules=frozenset(said.decision.rule for _, said in shown),
        )  # fmt: skip

    def shown(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The stored values as they are, or masked; None stays None."""
        found = {}
        for name, mask in self.ways:
            value = values[name]
            found[name] = value if value is None or mask is None else mask(value)
        return found


def _masking(desk: Desk, field: Field, said: FieldDecision, sink: Sink) -> _Masking:
    if said.decision.effect is Effect.PERMIT:
        return None
    return masker(field.mask, desk.masks.of(said.profile, sink))


def as_seen(desk: Desk, field: Field, value: Any, said: FieldDecision, sink: Sink = Sink.DISPLAY) -> Any:
    """A stored value as *said* lets it be seen: as it is, or masked; None stays None."""
    mask = _masking(desk, field, said, sink)
    return value if value is None or mask is None else mask(value)


def is_masked(field: Field, said: FieldDecision) -> bool:
    """Whether a field is shown otherwise than as it is."""
    return field.mask != "clear" and said.decision.effect is not Effect.PERMIT


def need_view_sink(sink: Sink) -> None:
    """Raises `InputError` for a view that is to leave as a file: exports have limits, marks and a second person of their own."""
    if sink is Sink.EXPORT:
        raise InputError("what goes to a file is exported; use exports.take", rule="sink")


def typed(field: Field, value: Any) -> Any:
    """A stored value as people use it."""
    if value is None:
        return None
    if field.type is FieldType.DATE:
        return date.fromisoformat(value)
    if field.type is FieldType.MONEY:
        return Money.of_minor(value["minor"], value["currency"])
    return value["text"] if field.type is FieldType.ADDRESS else value
