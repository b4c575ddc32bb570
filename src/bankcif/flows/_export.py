"""What is exported, for whom and what for; and what comes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from .._canonical import sha256
from ..context import Purpose
from ..errors import AuditError, InputError
from ..party import countries_by_alpha3
from ..tagging import AudiencePlan

__all__ = ["EXPORTED", "HOME", "Export", "ExportSpec", "Mark", "Recipient", "read_exported", "said_exported"]

HOME = "CN"
"""Where the bank is, by ISO 3166 code: what goes anywhere else goes abroad."""
EXPORTED = "exported"
"""Action of the entries that name whose data went."""


@attrs.frozen(kw_only=True)
class Recipient:
    """
    Who gets an export.

    Attributes:
        name: Who; stands in the log and in the mark.
        country: Where they are, by ISO 3166 code.
        inside: Whether they are of the house: then the key is the CIF number, and masks are those of staff.
    """

    name: str
    country: str = HOME
    inside: bool = False

    def __attrs_post_init__(self) -> None:
        if not self.name or len(self.name) > 64 or not self.name.isprintable() or "," in self.name:
            raise InputError("a recipient's name is one to 64 printable characters without a comma", rule="recipient")
        if self.country not in countries_by_alpha3().values():
            raise InputError("a recipient's country is a code of ISO 3166", rule="recipient")


@attrs.frozen(kw_only=True)
class ExportSpec:
    """
    What is exported, for whom and what for.

    Attributes:
        fields: Of the catalogue, in the order of the columns.
        recipient: Who gets it.
        purpose: What for.
        cif_nos: These customers; all whom the actor may export if None.
        where: Of them, those of this rule over plain facts; see `bankcif.rules.parse`.
        audience: Of them, those whom a campaign addresses, by their tags.
    """

    fields: tuple[str, ...]
    recipient: Recipient
    purpose: Purpose
    cif_nos: tuple[str, ...] | None = None
    where: str = ""
    audience: AudiencePlan | None = None

    @property
    def digest(self) -> str:
        """Of all of it, in hexadecimal: what a second person approves."""
        named = () if self.cif_nos is None else tuple(sorted(set(self.cif_nos)))
        plan = self.audience
        chosen: tuple[str | int, ...] = (
            () if plan is None else (len(plan.names), *plan.names, plan.campaign, repr(plan.control_share))
        )
        if plan is not None and plan.as_of is not None:
            chosen = (*chosen, "as of", plan.as_of.isoformat())
        if plan is not None and plan.channel:
            chosen = (*chosen, "by", plan.channel)
        return sha256(
            "bankcif/v1/export" if plan is None else "bankcif/v1/export-audience", *chosen, len(self.fields), *self.fields, self.recipient.name, self.recipient.country,
            int(self.recipient.inside), self.purpose.value, self.where, int(self.cif_nos is not None), *named,
        ).hex()  # fmt: skip


@attrs.frozen(kw_only=True)
class Mark:
    """
    What an export says of itself.

    Attributes:
        id: Stands in the log.
        actor, at: Who took it, and when; microseconds since 1970, UTC.
        recipient, purpose: For whom and what for.
        digest: Of what was asked.
    """

    id: str
    actor: str
    at: int
    recipient: Recipient
    purpose: Purpose
    digest: str


@attrs.frozen(kw_only=True)
class Export:
    """
    Columns of masked values.

    Attributes:
        columns: ``key`` first, then the fields in the order asked for; None where a value is missing or withheld.
        rows: How many customers.
        k: How many customers share what is shown of one, at least; 0 of nobody.
        withheld: Fields that some customers have and the policy does not let go.
        mark: What it says of itself.
        waterfall: Of an audience, from its segment to who is addressed, step by step; the steps add up.
    """

    columns: Mapping[str, Sequence[Any]]
    rows: int
    k: int
    withheld: tuple[str, ...]
    mark: Mark
    waterfall: tuple[tuple[str, int], ...] = ()


# A recipient's name has no comma, so that what stands behind it is read as it was written.
_SAID = re.compile(r"([^,]+),what:[0-9a-f]+,to:([^,]+),in:([A-Z]{2})(/inside)?(?:,|$)")


def said_exported(mark_id: str, digest: str, recipient: Recipient) -> str:
    """To whom an export went, as its entries in the log begin to say by which rule."""
    inside = "/inside" if recipient.inside else ""
    return f"{mark_id},what:{digest[:32]},to:{recipient.name},in:{recipient.country}{inside}"


def read_exported(rule: str) -> tuple[str, Recipient]:
    """
    The reverse of `said_exported`: the id in the mark, and to whom it went.

    Raises:
        AuditError: The entry was not written by this library.
    """
    said = _SAID.match(rule)
    if said is None:
        raise AuditError("an entry of the log on an export can not be read", rule="audit")
    return said[1], Recipient(name=said[2], country=said[3], inside=bool(said[4]))
