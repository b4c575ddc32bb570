"""Customers: registering, finding, showing, revealing, verifying what is known of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from .._clock import to_micros
from ..access import Action
from ..context import Actor, Effect, Purpose, Sink
from ..errors import ConfigurationError, InputError, IntakeError
from ..flows import (
    as_of as as_of_flow,
    browse as browsing,
    candidates as candidates_flow,
    consent,
    glass,
    override as override_flow,
    query,
    register as register_flow,
    search as search_flow,
    transition,
    verify as verify_flow,
    whole,
)
from ..flows._records import Arrival, counted, tokenized
from ..flows.desk import Desk, assure, authorize, note, refuse, told
from ..intake import Draft, GuardedVerifier, draft
from ..merging import Assurance, Release, Terms, VerifiedField
from ..party import Party, PartyKind, SourceKey, as_cif_no, kind_of, plain_values
from ._group import Group, instant

__all__ = ["Customers", "Verifications"]


class Customers(Group):
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
        consents: Sequence[consent.Stated] = (),
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
            consents: What the customer said of the use of their data with it; taken down in the same transaction, or nothing is. Where the
                standard of the occasion asks for consents, these or such as stand already.

        Raises:
            IntakeError: The form has faults; all of them at once.
            InputError: A consent can not be, or is missing; the message says which.
            NotFoundOrNotAllowedError: The policy does not let *actor* register, or take down consents.
        """
        desk = self._desk
        _need_register(desk, actor, "register")
        _check_names(channel, source or channel, source_key)
        kind = kind_of(form)
        capture = desk.standards.of(kind, occasion, channel)
        standard = capture.check(desk.standardizer.standardize(kind, plain_values(form)), today=desk.today())
        if standard.refused:
            # Nothing of the form is kept; that it was refused, where and why, teaches the point of entry.
            refuse(desk, actor, "register", None, rule="intake", channel=channel, faults=counted(standard.faults))
            raise told(IntakeError([fault for fault in standard.faults if fault.severity == "error"]))
        arrival = Arrival(
            origin=SourceKey(source or channel, source_key), channel=channel, form=tokenized(desk, standard),
            terms=self._cif._trust.get(source or channel, Terms()),
            business_time=None if business_time is None else to_micros(business_time),
        )  # fmt: skip
        done = consent.register_with(desk, arrival, consents, needed=capture.consents, actor=actor)
        if done.outcome is register_flow.Outcome.REFUSED:
            raise InputError(
                "this source key belongs to a party of another kind; give the new one a key of its own",
                path="$", rule=done.rule, cif_no=done.cif_no,
            )  # fmt: skip
        return done

    def candidates(
        self, form: Party, *, channel: str, actor: Actor, purpose: Purpose, occasion: str = "lead"
    ) -> list[candidates_flow.CandidateMatch]:
        """
        Whom a form may be, heaviest first, without registering it; of customers whom *actor* may see.

        Args:
            form: `Individual` or `Organization`.
            channel: Channel it came by.
            actor, purpose: On whose behalf, what for.
            occasion: What the form must hold.

        Raises:
            IntakeError: The form has faults; all of them at once.
            AccessError: *actor* has seen as many customers in this hour as the policy allows.
            NotFoundOrNotAllowedError: The policy does not let *actor* link.
        """
        desk = self._desk
        authorize(desk, actor, Action.LINK, "candidates", purpose)
        _check_names(channel, channel, "none")
        kind = kind_of(form)
        capture = desk.standards.of(kind, occasion, channel)
        standard = capture.check(desk.standardizer.standardize(kind, plain_values(form)), today=desk.today())
        if standard.refused:
            refuse(desk, actor, "candidates", purpose, rule="intake", channel=channel, faults=counted(standard.faults))
            raise told(IntakeError([fault for fault in standard.faults if fault.severity == "error"]))
        arrival = Arrival(origin=SourceKey(channel, ""), channel=channel, form=tokenized(desk, standard), terms=Terms())
        return candidates_flow.candidates(desk, arrival, actor=actor, purpose=purpose)

    def as_of(
        self, cif_no: str, *, actor: Actor, purpose: Purpose, valid: date | None = None, known: datetime | None = None,
        sink: Sink = Sink.DISPLAY,
    ) -> query.CustomerView:  # fmt: skip
        """A customer of a day, as they were known at an aware instant; see `bankcif.flows.as_of.as_of`."""
        when = None if known is None else instant(known, 0)
        return as_of_flow.as_of(
            self._desk, as_cif_no(cif_no), valid=valid, known=when, actor=actor, purpose=purpose, sink=sink
        )

    def step(
        self, cif_no: str, name: str, *, reason: str, evidence: str = "", actor: Actor, purpose: Purpose
    ) -> transition.Stepped:
        """Takes a customer a step along their life cycle, of `bankcif.party.TRANSITIONS`; see `bankcif.flows.transition`."""
        return transition.step(
            self._desk, as_cif_no(cif_no), name, reason=reason, evidence=evidence, actor=actor, purpose=purpose
        )

    def override(
        self,
        cif_no: str,
        values: Mapping[str, Any],
        *,
        release: Release | str = Release.SOURCES_CHANGE,
        until: date | None = None,
        reason: str,
        actor: Actor,
        purpose: Purpose,
    ) -> override_flow.Overridden:
        """
        Sets values above what sources say; of protected fields, once a second person approves.

        Args:
            cif_no: The customer.
            values: Field name to value, as forms have them.
            release: When it ends by itself: once sources say something new (``sources_change``), or on a day (``expiry``).
            until: The last day on which it stands.
            reason: Why, in one's own words; kept sealed.
            actor, purpose: On whose behalf, what for.

        Raises:
            InputError: Nothing to override, or an end that is missing or over.
            IntakeError: A value has faults; all of them at once.
            NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* override a field.
        """
        if release not in set(Release):
            raise InputError(f"an override ends by {' or '.join(Release)}", rule="release")
        return override_flow.override(
            self._desk, as_cif_no(cif_no), values, release=Release(release), until=until, reason=reason, actor=actor,
            purpose=purpose,
        )  # fmt: skip

    def end_override(
        self, cif_no: str, field: str, *, reason: str, actor: Actor, purpose: Purpose
    ) -> override_flow.Overridden:
        """Ends the override of a field before its time; see `bankcif.flows.override`."""
        return override_flow.end_override(
            self._desk, as_cif_no(cif_no), field, reason=reason, actor=actor, purpose=purpose
        )

    def rebuild(self, *, actor: Actor, purpose: Purpose = Purpose.OPERATIONS) -> int:
        """
        Makes every golden record anew and tells how many changed: after a change of survivorship rules, and every day, since
        overrides expire.
        """
        return override_flow.rebuild_all(self._desk, actor=actor, purpose=purpose)

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
        _need_register(desk, actor, "draft")
        made = draft(
            desk.standards.of(kind, occasion, channel), captured, mrz=mrz, standardizer=desk.standardizer,
            schemes=desk.schemes, today=desk.today(),
        )  # fmt: skip
        note(desk, actor, "draft", channel=channel, count=1)
        return made

    def find(
        self,
        *,
        actor: Actor,
        purpose: Purpose,
        identifier: tuple[str, str] | None = None,
        phone: str | None = None,
        email: str | None = None,
        account: tuple[str, str] | None = None,
        name: str | None = None,
        birth_date: date | None = None,
        organization: str | None = None,
        where: str = "",
        after: str | None = None,
        limit: int = 50,
        sink: Sink = Sink.DISPLAY,
    ) -> list[query.CustomerView]:
        """
        Customers with an equal number, phone, e-mail, account or card, organization's name, or name and birth date, or several of these, of a rule; see
        `bankcif.flows.query.find`.
        """
        return query.find(
            self._desk, actor=actor, purpose=purpose, identifier=identifier, phone=phone, email=email, account=account, name=name,
            birth_date=birth_date, organization=organization, where=where, after=as_cif_no(after) if after else None, limit=limit, sink=sink,
        )  # fmt: skip

    def get(self, cif_no: str, *, actor: Actor, purpose: Purpose, sink: Sink = Sink.DISPLAY) -> query.CustomerView:
        """One customer, masked as for where it goes; see `bankcif.flows.query.view`."""
        return query.view(self._desk, as_cif_no(cif_no), actor=actor, purpose=purpose, sink=sink)

    def search(
        self,
        name: str,
        *,
        actor: Actor,
        purpose: Purpose,
        kind: PartyKind = PartyKind.INDIVIDUAL,
        birth_year: int | None = None,
        branch: str | None = None,
        where: str = "",
        after: str | None = None,
        limit: int = 50,
        sink: Sink = Sink.DISPLAY,
    ) -> search_flow.Found:
        """
        People with a name like this one beside their birth year or branch, or organizations, in a store that is founded for it; see
        `bankcif.flows.search.search`.
        """
        return search_flow.search(
            self._desk, name, kind=kind, birth_year=birth_year, branch=branch, where=where, after=after, limit=limit,
            actor=actor, purpose=purpose, sink=sink,
        )  # fmt: skip

    def customer360(
        self, cif_no: str, *, actor: Actor, purpose: Purpose, sink: Sink = Sink.DISPLAY
    ) -> whole.Customer360:
        """Everything of a customer in one call, as far as *actor* may see it; see `bankcif.flows.whole.customer360`."""
        return whole.customer360(self._desk, as_cif_no(cif_no), actor=actor, purpose=purpose, sink=sink)

    def reveal(self, cif_no: str, fields: Collection[str], *, actor: Actor, purpose: Purpose) -> dict[str, Any]:
        """Fields in clear, audited; see `bankcif.flows.query.reveal`."""
        return query.reveal(self._desk, as_cif_no(cif_no), fields, actor=actor, purpose=purpose)

    def browse(
        self,
        *,
        where: str = "",
        order: str = "cif_no",
        descending: bool = False,
        after: str | None = None,
        limit: int = 50,
        total: bool = False,
        actor: Actor,
        purpose: Purpose,
        sink: Sink = Sink.DISPLAY,
    ) -> browsing.Page:
        """A page of the customers whom *actor* may see, masked, of those of a rule; see `bankcif.flows.browse.browse`."""
        return browsing.browse(
            self._desk,
            where=where,
            order=order,
            descending=descending,
            after=after,
            limit=limit,
            total=total,
            actor=actor,
            purpose=purpose,
            sink=sink,
        )

    def count(self, *, where: str = "", by: str | None = None, actor: Actor, purpose: Purpose) -> Mapping[Any, int]:
        """How many customers *actor* may see, of those of a rule, by value of a plain fact; see `bankcif.flows.browse.count`."""
        return browsing.count(self._desk, where=where, by=by, actor=actor, purpose=purpose)

    def break_glass(self, cif_no: str, *, reason: str, actor: Actor, purpose: Purpose) -> glass.Glass:
        """Sees one customer in an emergency; a second person reviews it afterwards. See `bankcif.flows.glass`."""
        return glass.break_glass(self._desk, as_cif_no(cif_no), reason=reason, actor=actor, purpose=purpose)


class Verifications(Group):
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
            self._desk, as_cif_no(cif_no), fields, method=method, level=level, evidence=evidence, confirmed=confirmed,
            valid_until=valid_until, actor=actor, purpose=purpose,
        )  # fmt: skip

    def check(self, cif_no: str, verifier: GuardedVerifier, *, actor: Actor, purpose: Purpose) -> verify_flow.Verified:
        """Asks an outside system and records its answer; see `bankcif.flows.verify.check`."""
        return verify_flow.check(self._desk, verifier, as_cif_no(cif_no), actor=actor, purpose=purpose)

    def states(self, cif_no: str, *, actor: Actor, purpose: Purpose) -> Mapping[str, VerifiedField]:
        """Where each checked field stands."""
        return verify_flow.states(self._desk, as_cif_no(cif_no), actor=actor, purpose=purpose)


def _need_register(desk: Desk, actor: Actor, what: str) -> None:
    """Lets *actor* go on only if the policy lets them register, for any purpose."""
    if desk.policy.allows(actor, Action.REGISTER).effect is Effect.DENY:
        raise refuse(desk, actor, what, None)
    assure(desk, actor, Action.REGISTER, what, None)


def _check_names(channel: str, source: str, source_key: str) -> None:
    for name, value, longest in (("channel", channel, 64), ("source", source, 64), ("source_key", source_key, 128)):
        if not value or len(value) > longest or not value.isprintable():
            raise ConfigurationError(f"{name} is one to {longest} printable characters", rule=name)
    if source.startswith("bankcif."):
        raise ConfigurationError(
            "a source's name does not begin with bankcif.: those are the library's own", rule="source"
        )
