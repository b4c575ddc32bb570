"""Consent: what customers allow, refuse and withdraw."""

from __future__ import annotations

from datetime import date

from ..context import Actor, Purpose
from ..flows import consent
from ..party import ConsentAnswer, ConsentState, ConsentUse, as_cif_no
from ._group import Group

__all__ = ["Consents"]


class Consents(Group):
    """What customers say of the use of their data, and whether it allows one. See `bankcif.flows.consent`."""

    def grant(
        self,
        cif_no: str,
        use: ConsentUse,
        *,
        text: str,
        reason: str,
        actor: Actor,
        purpose: Purpose,
        since: date | None = None,
        until: date | None = None,
        evidence: str = "",
        guardian: bool = False,
    ) -> ConsentAnswer:
        """Takes down that a customer allows *use*, having been shown the version *text*; whether it is allowed now."""
        stated = consent.Stated(
            state=ConsentState.GRANTED,
            use=use,
            text=text,
            evidence=evidence,
            since=since,
            until=until,
            guardian=guardian,
        )
        return consent.state(self._desk, as_cif_no(cif_no), stated, reason=reason, actor=actor, purpose=purpose)

    def deny(
        self, cif_no: str, use: ConsentUse, *, reason: str, actor: Actor, purpose: Purpose, evidence: str = ""
    ) -> ConsentAnswer:
        """Takes down that a customer refuses *use*, and every narrower one."""
        stated = consent.Stated(state=ConsentState.DENIED, use=use, evidence=evidence)
        return consent.state(self._desk, as_cif_no(cif_no), stated, reason=reason, actor=actor, purpose=purpose)

    def withdraw(
        self, cif_no: str, use: ConsentUse, *, reason: str, actor: Actor, purpose: Purpose, evidence: str = ""
    ) -> ConsentAnswer:
        """Takes down that a customer takes back what they granted."""
        stated = consent.Stated(state=ConsentState.WITHDRAWN, use=use, evidence=evidence)
        return consent.state(self._desk, as_cif_no(cif_no), stated, reason=reason, actor=actor, purpose=purpose)

    def allows(self, cif_no: str, use: ConsentUse, *, actor: Actor, purpose: Purpose) -> consent.Allowed:
        """Whether a customer allows *use* today, and by what they said."""
        return consent.allowed(self._desk, as_cif_no(cif_no), use, actor=actor, purpose=purpose)
