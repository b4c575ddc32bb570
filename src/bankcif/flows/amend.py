"""Amending: an approved value becomes a source record of its own, and the golden record follows."""

from __future__ import annotations

import attrs

from ..approval import Approval
from ..context import Actor
from ..errors import InputError
from ..intake import Standard
from ..merging import DECISIONS, Terms
from ..party import CifNo, LifeCycle, SourceKey
from ..storage import UnitOfWork
from ..storage.rows import LinkRow
from ._as_of import values_where
from ._golden import changed_fields, golden_of, ground_of, ground_of_values, proposed_by, rebuild
from ._records import Arrival, content_tag, index_rows, seal_record, statement_of
from ._reshape import standing
from .desk import Desk

__all__ = ["change", "ground_of_change"]


def ground_of_change(desk: Desk, unit: UnitOfWork, approval: Approval) -> dict[str, str]:
    """What a proposed change stands on, as it is now: a digest of the field's golden value."""
    party, _ = standing(desk, unit, CifNo(approval.subjects[0]))
    if "change" not in approval.detail:
        golden = golden_of(desk, party.kind, party.after, party.anchor)
        return {field: ground_of(desk, party.cif_no, golden, field) for field in changed_fields(approval)}
    place = proposed_by(approval).place
    over = next((one.override for one in party.after if one.place == place), None)
    assert party.row is not None, "a party that is changed is there"
    values = values_where(desk, unit, party.row, over)
    return {field: ground_of_values(desk, party.cif_no, values, field) for field in changed_fields(approval)}


def change(desk: Desk, unit: UnitOfWork, approval: Approval, actor: Actor, now: int) -> dict[str, str]:
    """Carries out an approved change: its values become a source record, which may change the fields."""
    party, opened = standing(desk, unit, CifNo(approval.subjects[0]))
    if party.row is not None and party.row.life_cycle == LifeCycle.RESTRICTED:
        raise InputError(
            "a restricted customer is not changed; lift the restriction first", rule="restricted", cif_no=party.cif_no
        )
    proposed = proposed_by(approval)
    fields = changed_fields(approval)
    said = next((one for one in opened if one.statement.place == proposed.place), None)
    if said is None:
        raise InputError("the record that proposed this value is not this customer's any more", rule="stale")
    # A later decision stands, even where clocks of two hosts differ or two decisions share an instant.
    tonight = desk.span(None, desk.today())[1]  # what is decided of a day ahead is no earlier decision
    decided = [one.statement.business_time or 0 for one in opened if one.statement.origin.source == DECISIONS]
    decided = [at for at in decided if at < tonight]
    over = said.statement.override
    override = None if over is None else attrs.evolve(over, waits=False)
    # What a person changes holds from its day on, and not from the one on which somebody agreed.
    at = over.effective if over is not None and over.effective is not None else max((now, *(at + 1 for at in decided)))
    arrival = Arrival(
        origin=SourceKey(DECISIONS, approval.id), channel="approval",
        form=Standard(kind=said.kind, values={field: said.statement.values[field] for field in fields}, given={}, faults=()),
        terms=Terms(trust=100, may_change=frozenset(fields)), business_time=at, override=override,
    )  # fmt: skip
    sealed = seal_record(
        desk, arrival, record_no=0, key=desk.data_keys.take(1)[0], received_at=now, content=content_tag(desk, arrival),
        actor=actor,
    )  # fmt: skip
    unit.sources.add([sealed])
    link = LinkRow(
        source=sealed.source, source_key=sealed.source_key, number=0, home=party.cif_no, cif_no=party.cif_no,
        reason="approval", weight_millibits=None, actor=actor.id, since=now,
    )  # fmt: skip
    unit.crosswalk.add([link])
    approved = attrs.evolve(statement_of(sealed, arrival.form.values, arrival.terms), override=arrival.override)
    if over is not None:  # what one person said of a protected field was no evidence; what two did is
        heard = attrs.evolve(said, statement=approved, cif_no=party.cif_no)
        unit.indexes.add(index_rows(desk.tagging(unit), heard))
    rebuilt = rebuild(desk, unit, [attrs.evolve(party, after=[*party.before, approved])], actor=actor, now=now)
    return {cif: one.row.stamp for cif, one in rebuilt.items()}
