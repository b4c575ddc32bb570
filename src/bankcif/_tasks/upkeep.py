"""What keeps the file in order: held rows, erasures, keys, policies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from ..access import Policy
from ..approval import Approval
from ..context import Actor, Purpose
from ..flows import (
    erase,
    govern,
    held as held_flow,
    maintain,
    register as register_flow,
    rotate,
    verify_store,
)
from ..intake import Channel
from ..party import as_cif_no
from ..protection import Frequency
from ..storage.rows import RotationRow
from ._group import Group

__all__ = ["Erasures", "Held", "Keys", "Policies"]


class Erasures(Group):
    """Restricting customers, and erasing them by two persons. See `bankcif.flows.erase`."""

    def restrict(self, cif_no: str, *, reason: str, actor: Actor, purpose: Purpose = Purpose.COMPLIANCE) -> None:
        """Stops all processing of a customer but storage and protection."""
        erase.restrict(self._desk, as_cif_no(cif_no), reason=reason, actor=actor, purpose=purpose)

    def lift(self, cif_no: str, *, reason: str, actor: Actor, purpose: Purpose = Purpose.COMPLIANCE) -> None:
        """Takes a restriction back."""
        erase.lift(self._desk, as_cif_no(cif_no), reason=reason, actor=actor, purpose=purpose)

    def propose(self, cif_no: str, *, reason: str, actor: Actor, purpose: Purpose = Purpose.COMPLIANCE) -> Approval:
        """Proposes to erase a restricted customer; a second person decides."""
        return erase.propose_erasure(self._desk, as_cif_no(cif_no), reason=reason, actor=actor, purpose=purpose)

    def certificate(
        self, approval_id: str, *, actor: Actor, purpose: Purpose = Purpose.COMPLIANCE
    ) -> erase.Certificate:
        """The certificate of an approved erasure."""
        return erase.certify(self._desk, approval_id, actor=actor, purpose=purpose)


class Held(Group):
    """Rows that were held back at intake."""

    def rows(self, *, actor: Actor, purpose: Purpose) -> list[held_flow.HeldItem]:
        """The rows that wait: where they stood and what is wrong, never what they say."""
        return held_flow.held(self._desk, actor=actor, purpose=purpose)

    def show(self, batch: str, line: int, *, actor: Actor, purpose: Purpose) -> dict[str, str]:
        """What a held row says, in clear, audited."""
        return held_flow.show(self._desk, batch, line, actor=actor, purpose=purpose)

    def release(
        self,
        batch: str,
        line: int,
        channel: Channel,
        *,
        actor: Actor,
        purpose: Purpose,
        corrections: Mapping[str, str] | None = None,
    ) -> register_flow.Registered:
        """Takes a held row in, with corrections by the source's columns."""
        return held_flow.release(self._desk, channel, batch, line, corrections or {}, actor=actor, purpose=purpose)

    def refuse(self, batch: str, line: int, *, reason: str, actor: Actor, purpose: Purpose) -> None:
        """Decides that a held row does not come in."""
        held_flow.refuse_row(self._desk, batch, line, reason=reason, actor=actor, purpose=purpose)

    def expire(self, *, actor: Actor, purpose: Purpose) -> int:
        """Deletes the rows whose term is over, and their keys; run it every day."""
        return held_flow.expire(self._desk, actor=actor, purpose=purpose)


class Keys(Group):
    """Rotating keys: online, resumable, by two persons."""

    def propose_rotation(
        self,
        what: rotate.Rotated,
        *,
        reason: str,
        name_search: Iterable[str] | None = None,
        frequencies: Mapping[str, Frequency] | None = None,
        actor: Actor,
        purpose: Purpose = Purpose.OPERATIONS,
    ) -> Approval:
        """Proposes a rotation, of the index perhaps to one that searches names otherwise; a second person decides. See `bankcif.flows.rotate`."""
        beside = None if name_search is None else frozenset(name_search)
        return rotate.propose_rotation(
            self._desk, what, reason=reason, name_search=beside, frequencies=frequencies, actor=actor, purpose=purpose
        )

    def rotate(
        self,
        *,
        actor: Actor,
        purpose: Purpose = Purpose.OPERATIONS,
        progress: Callable[[RotationRow], None] | None = None,
    ) -> Sequence[RotationRow]:
        """Carries on with every approved rotation until it is done."""
        return rotate.rotate(self._desk, actor=actor, purpose=purpose, progress=progress)

    def check(self, *, actor: Actor, purpose: Purpose = Purpose.OPERATIONS) -> int:
        """Opens every data key, looks for that of every record, and returns how many keys there are."""
        return maintain.check_keys(self._desk, actor=actor, purpose=purpose)

    def rebuild_index(self, *, actor: Actor, purpose: Purpose = Purpose.OPERATIONS) -> verify_store.StoreReport:
        """Makes the blind index anew from the records; see `bankcif.flows.verify_store.rebuild_index`."""
        return verify_store.rebuild_index(self._desk, actor=actor, purpose=purpose)

    def rotations(self, *, actor: Actor, purpose: Purpose = Purpose.OPERATIONS) -> Sequence[RotationRow]:
        """All rotations, oldest first."""
        return rotate.rotations(self._desk, actor=actor, purpose=purpose)


class Policies(Group):
    """The access policy in force, and its changes by two persons."""

    def propose(self, policy: Policy, *, reason: str, actor: Actor, purpose: Purpose = Purpose.OPERATIONS) -> Approval:
        """Proposes *policy* in place of the one in force; a second person decides. See `bankcif.flows.govern`."""
        return govern.propose_policy(self._desk, policy, reason=reason, actor=actor, purpose=purpose)

    @property
    def in_force(self) -> Policy:
        """The policy that this process works by."""
        return self._desk.policy
