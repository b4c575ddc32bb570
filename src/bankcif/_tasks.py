"""The tasks of a customer information file, by group: what `CIF.customers`, `CIF.matches` and the others do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol

from ._clock import FOREVER, to_micros
from .access import Action, Policy
from .approval import Approval
from .audit import AuditReport, Checkpoint, EntryProof, NoteKey
from .context import Actor, Effect, Purpose
from .errors import ConfigurationError, InputError, IntakeError
from .flows import (
    decide,
    erase,
    govern,
    held as held_flow,
    link as link_flow,
    merge,
    proof,
    query,
    register as register_flow,
    rotate,
    trail,
    verify as verify_flow,
    verify_log,
)
from .flows._records import Arrival, counted, tokenized
from .flows.desk import Desk, refuse
from .flows.log import Delivery
from .intake import Channel, Draft, GuardedVerifier, draft
from .merging import Assurance, Terms, VerifiedField
from .party import CifNo, Party, PartyKind, SourceKey, kind_of, plain_values
from .storage.rows import RotationRow, TaskRow

__all__ = ["Approvals", "Audit", "Customers", "Erasures", "Held", "Keys", "Matches", "Policies", "Verifications"]


class _File(Protocol):
    """What a group of tasks needs of its file."""

    @property
    def _desk(self) -> Desk: ...

    @property
    def _trust(self) -> Mapping[str, Terms]: ...


class _Task:
    def __init__(self, cif: _File) -> None:
        self._cif = cif

    @property
    def _desk(self) -> Desk:
        return self._cif._desk


class Customers(_Task):
    """Registering, finding, showing, revealing."""

    def register(
        self,
        form: Party,
        *,
        channel: str,
        source_key: str,
        actor: Actor,
        source: str | None = None,
        occasion: str = "account",
        business_time: datetime | None = None,
    ) -> register_flow.Registered:
        """
        Registers what a channel says of a customer.

        Args:
            form: `Individual` or `Organization`.
            channel: Channel it came by.
            source_key: The source's own id of the customer, at most 128 printable characters.
            actor: On whose behalf.
            source: The source, if it is not the channel's name.
            occasion: What the form must hold: that of an ``account``, a ``lead``, or another that has a standard.
            business_time: The source's own time of the form, aware.

        Raises:
            IntakeError: The form has faults; all of them at once.
            NotFoundOrNotAllowedError: The policy does not let *actor* register.
        """
        desk = self._desk
        if desk.policy.allows(actor, Action.REGISTER).effect is Effect.DENY:
            raise refuse(desk, actor, "register", None)
        _check_names(channel, source or channel, source_key)
        kind = kind_of(form)
        capture = desk.standards.of(kind, occasion, channel)
        standard = capture.check(desk.standardizer.standardize(kind, plain_values(form)), today=desk.today())
        if standard.refused:
            # Nothing of the form is kept; that it was refused, where and why, teaches the point of entry.
            refuse(desk, actor, "register", None, rule="intake", channel=channel, faults=counted(standard.faults))
            raise IntakeError([fault for fault in standard.faults if fault.severity == "error"])
        arrival = Arrival(
            origin=SourceKey(source or channel, source_key), channel=channel, form=tokenized(desk, standard),
            terms=self._cif._trust.get(source or channel, Terms()),
            business_time=None if business_time is None else to_micros(business_time),
        )  # fmt: skip
        done = register_flow.register(desk, [arrival], actor=actor)[0]
        if done.outcome is register_flow.Outcome.REFUSED:
            raise InputError(
                "this source key belongs to a party of another kind; give the new one a key of its own",
                path="$", rule=done.rule, cif_no=done.cif_no,
            )  # fmt: skip
        return done

    def draft(
        self,
        captured: Mapping[str, Any],
        *,
        channel: str,
        actor: Actor,
        mrz: str = "",
        kind: PartyKind = PartyKind.INDIVIDUAL,
        occasion: str = "account",
    ) -> Draft:
        """
        A form filled in from what was captured, for a person to confirm; nothing is stored. See `bankcif.intake.draft`.

        Raises:
            InputError: *mrz* is no machine-readable zone of a person's document.
            NotFoundOrNotAllowedError: The policy does not let *actor* register.
        """
        desk = self._desk
        if desk.policy.allows(actor, Action.REGISTER).effect is Effect.DENY:
            raise refuse(desk, actor, "draft", None)
        return draft(
            desk.standards.of(kind, occasion, channel), captured, mrz=mrz, standardizer=desk.standardizer,
            schemes=desk.schemes, today=desk.today(),
        )  # fmt: skip

    def find(
        self,
        *,
        actor: Actor,
        purpose: Purpose,
        identifier: tuple[str, str] | None = None,
        phone: str | None = None,
        email: str | None = None,
        name: str | None = None,
        birth_date: date | None = None,
    ) -> list[query.CustomerView]:
        """Customers with an equal number, phone or e-mail, or name and birth date; see `bankcif.flows.query.find`."""
        return query.find(
            self._desk, actor=actor, purpose=purpose, identifier=identifier, phone=phone, email=email, name=name,
            birth_date=birth_date,
        )  # fmt: skip

    def get(self, cif_no: str, *, actor: Actor, purpose: Purpose) -> query.CustomerView:
        """One customer, masked; see `bankcif.flows.query.view`."""
        return query.view(self._desk, CifNo(cif_no), actor=actor, purpose=purpose)

    def reveal(self, cif_no: str, fields: Collection[str], *, actor: Actor, purpose: Purpose) -> dict[str, Any]:
        """Fields in clear, audited; see `bankcif.flows.query.reveal`."""
        return query.reveal(self._desk, CifNo(cif_no), fields, actor=actor, purpose=purpose)


class Matches(_Task):
    """Possible matches, merging, unmerging, keeping apart."""

    def tasks(self, *, actor: Actor, purpose: Purpose) -> Sequence[TaskRow]:
        """The possible matches that wait, heaviest first."""
        return merge.open_tasks(self._desk, actor=actor, purpose=purpose)

    def link_file(self, *, actor: Actor, purpose: Purpose) -> link_flow.LinkReport:
        """Compares all records anew and opens a task for each possible match; see `bankcif.flows.link`."""
        return link_flow.link_file(self._desk, actor=actor, purpose=purpose)

    def propose_merge(self, survivor: str, retired: str, *, actor: Actor, reason: str) -> Approval:
        """Proposes to merge *retired* into *survivor*; a second person decides."""
        return merge.propose_merge(self._desk, CifNo(survivor), CifNo(retired), actor=actor, reason=reason)

    def propose_unmerge(self, retired: str, *, actor: Actor, reason: str) -> Approval:
        """Proposes to undo the merge of *retired*; a second person decides."""
        return merge.propose_unmerge(self._desk, CifNo(retired), actor=actor, reason=reason)

    def not_a_match(self, one: str, other: str, *, actor: Actor, reason: str) -> None:
        """Keeps two parties apart."""
        merge.not_a_match(self._desk, CifNo(one), CifNo(other), actor=actor, reason=reason)


class Approvals(_Task):
    """What a second person decides."""

    def waiting(self, *, actor: Actor, purpose: Purpose) -> Sequence[Approval]:
        """The proposals that wait, oldest first."""
        return decide.open_proposals(self._desk, actor=actor, purpose=purpose)

    def approve(self, approval_id: str, *, actor: Actor) -> Approval:
        """Approves a proposal and carries it out."""
        return decide.decide_proposal(self._desk, approval_id, approve=True, actor=actor)

    def reject(self, approval_id: str, *, actor: Actor) -> Approval:
        """Rejects a proposal."""
        return decide.decide_proposal(self._desk, approval_id, approve=False, actor=actor)


class Verifications(_Task):
    """Who has checked a value, and whether that still holds."""

    def record(
        self,
        cif_no: str,
        fields: Sequence[str],
        *,
        method: str,
        level: Assurance,
        evidence: str,
        actor: Actor,
        purpose: Purpose,
        confirmed: bool = True,
        valid_until: date | None = None,
    ) -> verify_flow.Verified:
        """Records a check that *actor* made, such as of an original document; see `bankcif.flows.verify`."""
        return verify_flow.record_check(
            self._desk, CifNo(cif_no), fields, method=method, level=level, evidence=evidence, confirmed=confirmed,
            valid_until=valid_until, actor=actor, purpose=purpose,
        )  # fmt: skip

    def check(self, cif_no: str, verifier: GuardedVerifier, *, actor: Actor, purpose: Purpose) -> verify_flow.Verified:
        """Asks an outside system and records its answer; see `bankcif.flows.verify.check`."""
        return verify_flow.check(self._desk, verifier, CifNo(cif_no), actor=actor, purpose=purpose)

    def states(self, cif_no: str, *, actor: Actor, purpose: Purpose) -> Mapping[str, VerifiedField]:
        """Where each checked field stands."""
        return verify_flow.states(self._desk, CifNo(cif_no), actor=actor, purpose=purpose)


class Held(_Task):
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


class Erasures(_Task):
    """Restricting customers, and erasing them by two persons. See `bankcif.flows.erase`."""

    def restrict(self, cif_no: str, *, reason: str, actor: Actor, purpose: Purpose = Purpose.COMPLIANCE) -> None:
        """Stops all processing of a customer but storage and protection."""
        erase.restrict(self._desk, CifNo(cif_no), reason=reason, actor=actor, purpose=purpose)

    def lift(self, cif_no: str, *, reason: str, actor: Actor, purpose: Purpose = Purpose.COMPLIANCE) -> None:
        """Takes a restriction back."""
        erase.lift(self._desk, CifNo(cif_no), reason=reason, actor=actor, purpose=purpose)

    def propose(self, cif_no: str, *, reason: str, actor: Actor, purpose: Purpose = Purpose.COMPLIANCE) -> Approval:
        """Proposes to erase a restricted customer; a second person decides."""
        return erase.propose_erasure(self._desk, CifNo(cif_no), reason=reason, actor=actor, purpose=purpose)

    def certificate(
        self, approval_id: str, *, actor: Actor, purpose: Purpose = Purpose.COMPLIANCE
    ) -> erase.Certificate:
        """The certificate of an approved erasure."""
        return erase.certify(self._desk, approval_id, actor=actor, purpose=purpose)


class Keys(_Task):
    """Rotating keys: online, resumable, by two persons."""

    def propose_rotation(
        self, what: rotate.Rotated, *, reason: str, actor: Actor, purpose: Purpose = Purpose.OPERATIONS
    ) -> Approval:
        """Proposes a rotation; a second person decides. See `bankcif.flows.rotate`."""
        return rotate.propose_rotation(self._desk, what, reason=reason, actor=actor, purpose=purpose)

    def rotate(
        self,
        *,
        actor: Actor,
        purpose: Purpose = Purpose.OPERATIONS,
        progress: Callable[[RotationRow], None] | None = None,
    ) -> Sequence[RotationRow]:
        """Carries on with every approved rotation until it is done."""
        return rotate.rotate(self._desk, actor=actor, purpose=purpose, progress=progress)

    def rotations(self, *, actor: Actor, purpose: Purpose = Purpose.OPERATIONS) -> Sequence[RotationRow]:
        """All rotations, oldest first."""
        return rotate.rotations(self._desk, actor=actor, purpose=purpose)


class Policies(_Task):
    """The access policy in force, and its changes by two persons."""

    def propose(self, policy: Policy, *, reason: str, actor: Actor, purpose: Purpose = Purpose.OPERATIONS) -> Approval:
        """Proposes *policy* in place of the one in force; a second person decides. See `bankcif.flows.govern`."""
        return govern.propose_policy(self._desk, policy, reason=reason, actor=actor, purpose=purpose)

    @property
    def in_force(self) -> Policy:
        """The policy that this process works by."""
        return self._desk.policy


class Audit(_Task):
    """The log."""

    def verify(self, *, actor: Actor, purpose: Purpose = Purpose.AUDIT, customers: bool = True) -> AuditReport:
        """Verifies the whole log, customers and witnesses with it; see `bankcif.flows.verify_log`."""
        return verify_log.verify_log(self._desk, actor=actor, purpose=purpose, customers=customers)

    def who(self, cif_no: str, *, actor: Actor, purpose: Purpose = Purpose.AUDIT) -> list[trail.LogLine]:
        """Who saw or changed a customer, oldest first."""
        return trail.who_looked(self._desk, CifNo(cif_no), actor=actor, purpose=purpose)

    def deeds(
        self,
        operator: str,
        *,
        actor: Actor,
        since: datetime | None = None,
        until: datetime | None = None,
        purpose: Purpose = Purpose.AUDIT,
    ) -> list[trail.LogLine]:
        """What an operator did or tried, oldest first; *since* and *until* are aware."""
        span = {"since": _micros(since, 0), "until": _micros(until, FOREVER)}
        return trail.deeds(self._desk, operator, actor=actor, purpose=purpose, **span)

    def incident(
        self,
        since: datetime,
        until: datetime,
        *,
        actor: Actor,
        operator: str | None = None,
        purpose: Purpose = Purpose.AUDIT,
    ) -> trail.Incident:
        """Customers and fields touched between two aware instants; see `bankcif.flows.trail.incident`."""
        return trail.incident(
            self._desk, _micros(since, 0), _micros(until, 0), actor=actor, purpose=purpose, operator=operator
        )

    def checkpoint(self, *, actor: Actor, purpose: Purpose = Purpose.AUDIT) -> tuple[Checkpoint | None, list[Delivery]]:
        """Signs what the log has become, and brings it to the witnesses; see `bankcif.flows.proof.checkpoint`."""
        return proof.checkpoint(self._desk, actor=actor, purpose=purpose)

    def prove(self, stream: str, number: int, *, actor: Actor, purpose: Purpose = Purpose.AUDIT) -> EntryProof:
        """That one entry stands in the log, for somebody who has only the log's key."""
        return proof.prove(self._desk, stream, number, actor=actor, purpose=purpose)

    @property
    def key(self) -> NoteKey:
        """The key by which the log's checkpoints are signed; hand it to witnesses and auditors."""
        return self._desk.log.signer.key


def _micros(instant: datetime | None, default: int) -> int:
    if instant is not None and instant.tzinfo is None:
        raise InputError("an instant needs its time zone", rule="time")
    return default if instant is None else to_micros(instant)


def _check_names(channel: str, source: str, source_key: str) -> None:
    for name, value, longest in (("channel", channel, 64), ("source", source, 64), ("source_key", source_key, 128)):
        if not value or len(value) > longest or not value.isprintable():
            raise ConfigurationError(f"{name} is one to {longest} printable characters", rule=name)
