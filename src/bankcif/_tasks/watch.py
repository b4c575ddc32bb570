"""Watch lists and risk flags: possible until a person has looked, with a source and an end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from ..context import Actor, Purpose
from ..flows import screen as _screen
from ..flows.screen import FlagView, Screened
from ..party import as_cif_no
from ..upkeep import WatchList
from ._group import Group

__all__ = ["Flags"]


class Flags(Group):
    """Watch lists and risk flags. See `bankcif.flows.screen` and `bankcif.upkeep.WatchList`."""

    def screen(
        self, lists: Sequence[WatchList], *, actor: Actor, purpose: Purpose, cif_no: str | None = None, least: int = 70
    ) -> Screened:
        """Compares one customer, or all, with lists; hits wait for a person."""
        return _screen.screen(
            self._desk,
            lists,
            cif_no=None if cif_no is None else as_cif_no(cif_no),
            least=least,
            actor=actor,
            purpose=purpose,
        )

    def possible(self, *, actor: Actor, purpose: Purpose, limit: int = 100) -> tuple[FlagView, ...]:
        """The hits that wait for a person."""
        return _screen.possible(self._desk, limit=limit, actor=actor, purpose=purpose)

    def decide(
        self, cif_no: str, case: str, *, confirm: bool, reason: str, actor: Actor, purpose: Purpose, until: date | None = None,
        evidence: str = "",
    ) -> FlagView:  # fmt: skip
        """Says whether a hit is the customer."""
        return _screen.decide(
            self._desk, as_cif_no(cif_no), case, confirm=confirm, until=until, evidence=evidence, reason=reason, actor=actor,
            purpose=purpose,
        )  # fmt: skip

    def add(
        self, cif_no: str, kind: str, *, source: str, evidence: str, reason: str, actor: Actor, purpose: Purpose,
        until: date | None = None,
    ) -> FlagView:  # fmt: skip
        """Flags a customer by hand."""
        return _screen.flag(
            self._desk, as_cif_no(cif_no), kind, source=source, until=until, evidence=evidence, reason=reason, actor=actor,
            purpose=purpose,
        )  # fmt: skip

    def end(self, cif_no: str, case: str, *, reason: str, actor: Actor, purpose: Purpose) -> FlagView:
        """Ends a flag that counts; another person than who confirmed it."""
        return _screen.end(self._desk, as_cif_no(cif_no), case, reason=reason, actor=actor, purpose=purpose)

    def of(self, cif_no: str, *, actor: Actor, purpose: Purpose) -> tuple[FlagView, ...]:
        """All flags of a customer."""
        return _screen.flags_of(self._desk, as_cif_no(cif_no), actor=actor, purpose=purpose)
