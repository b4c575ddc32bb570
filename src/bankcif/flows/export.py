"""
Exporting: authorize -> open -> mask -> audit -> columns.

What leaves is masked as the policy says for exports, kept by a key that is a pseudonym for this recipient unless they are of the
house, and marked with who took it, when and for whom. How many customers share what is shown of one (k) stands in the log, and
a policy that asks for more is kept to. Files are made of it by `bankcif.render`.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..access import Action, ExportLimits, to_lowered
from ..approval import Approval, Operation, execute
from ..context import Actor, Sink
from ..errors import AccessError, FourEyesError, InputError, NotFoundOrNotAllowedError
from ..party import FIELD_NAMES
from ..rules import needs, parse
from ..storage import UnitOfWork
from ._export import Export, ExportSpec, Mark, Recipient
from ._gathered import Gathered, entries_of
from ._leaving import decided, population
from ._policy import policy_ground
from ._proposals import need_kept, proposed, settle, write_proposal
from ._reasons import need_reason
from ._tags import catalogue_ground
from .audiences import need_names
from .desk import Desk, authorize, hour_of, over_cap, record, refuse, spend, told
from .say import tag_is_granted

__all__ = ["Export", "ExportSpec", "Mark", "Recipient", "export", "ground_of_export", "propose_export"]

_MOST_NAMED = 10_000


def propose_export(desk: Desk, spec: ExportSpec, *, reason: str, actor: Actor) -> Approval:
    """
    Proposes an export of more customers than one person may take; a second person decides, and then *actor* takes it, once.

    What is approved is what is asked, of as many customers as it would be now and at most a tenth more, under the policy in
    force now.

    Raises:
        InputError: A field, customer or rule that is none.
        NotFoundOrNotAllowedError: The policy does not let *actor* export this there.
    """
    limits = _limits(desk, spec, actor, "propose_export")
    need_reason(reason)
    detail = {
        "what": ",".join(spec.fields)[:500], "digest": spec.digest, "recipient": spec.recipient.name,
        "country": spec.recipient.country, "purpose": spec.purpose.value, "where": spec.where,
    }  # fmt: skip
    if spec.audience is not None:
        detail["audience"] = spec.audience.text
    with desk.unit_of_work() as unit:
        pages = population(desk, unit, spec, actor)
        count = sum(len(decided(desk, unit, spec, page, actor)) for page in pages)
        few = spec.audience is not None and limits.least_k > 1 and count < limits.least_k
        if not few:
            detail["customers"] = str(count)
            approval = proposed(desk, Operation.EXPORT, (), detail, _ground(unit, detail), actor, reason=reason)
            write_proposal(desk, unit, approval, actor)
    if few:
        refuse(desk, actor, "propose_export", spec.purpose, fields=spec.fields, rule="k_anonymity")
        raise AccessError(f"fewer than {limits.least_k} customers would be addressed", rule="k_anonymity")
    return approval


def ground_of_export(_desk: Desk, unit: UnitOfWork, approval: Approval) -> dict[str, str]:
    """What an export stands on, as it is now: the policy in force, and, of an audience, the catalogue that says who has which tag."""
    return _ground(unit, approval.detail)


def _ground(unit: UnitOfWork, detail: Mapping[str, str]) -> dict[str, str]:
    return {**policy_ground(unit), **(catalogue_ground(unit) if "audience" in detail else {})}


def export(desk: Desk, spec: ExportSpec, *, actor: Actor, approval_id: str | None = None) -> Export:
    """
    Exports what *spec* asks for, as far as the policy lets it go.

    Args:
        desk: Collaborators.
        spec: What is exported.
        actor: Who takes it.
        approval_id: Of the approved proposal, where more customers are exported than one person may.

    Raises:
        AccessError: Fewer customers than the policy asks for share what is shown of one, or *actor* has exported as many in
            this hour as they may; audited.
        FourEyesError: It takes a second person, or the proposal is not approved, not this one's, or was used, or more customers
            would go or another policy is in force than when it was proposed.
        InputError: A field, customer or rule that is none.
        NotFoundOrNotAllowedError: The policy does not let *actor* export this there.
        StepUpRequired: They were not recognized as the policy asks.

    Cost: opens the golden groups that the fields are of; memory grows with the cells.
    """
    limits = _limits(desk, spec, actor, "export")
    refused: AccessError
    try:
        with desk.unit_of_work() as unit:
            gathered = Gathered(desk, spec, limits.least_k)
            for page in population(desk, unit, spec, actor):
                allowed = decided(desk, unit, spec, page, actor, gathered.ended)
                gathered.add(unit, [row for row, _ in page if row.cif_no in allowed], allowed)
            made = gathered.masked(actor)
            _need_within(desk, unit, limits, made, actor)
            approved = None
            if approval_id is not None or not _may_alone(desk, unit, limits, made, actor):
                approved = _use_approval(desk, unit, spec, limits, made.rows, actor, approval_id)
            record(desk, unit, entries_of(gathered, made, approved, actor))
            unit.commit()
        return made
    except AccessError as error:
        refused = error
    if refused.rule == "cap":
        raise over_cap(desk, actor, Action.EXPORT, "export", spec.purpose)
    refuse(desk, actor, "export", spec.purpose, fields=spec.fields, rule=refused.rule)
    raise told(refused)


def _limits(desk: Desk, spec: ExportSpec, actor: Actor, what: str) -> ExportLimits:
    """What the export keeps to, once it is one that may be at all."""
    authorize(desk, actor, Action.EXPORT, what, spec.purpose, operation=spec.digest)
    if not spec.fields or len(set(spec.fields)) < len(spec.fields) or not set(spec.fields) <= FIELD_NAMES:
        raise InputError("name the fields of the catalogue to export, each once", path="$.fields", rule="unknown_field")
    if spec.cif_nos is not None and not 0 < len(spec.cif_nos) <= _MOST_NAMED:
        raise InputError(f"name 1 to {_MOST_NAMED:,} customers, or none for all", path="$.cif_nos", rule="too_many")
    chosen_by = _chosen_by(spec.where) if spec.where else set()
    limits = desk.policy.export_limits(actor, spec.purpose)
    if limits is None:
        raise refuse(desk, actor, what, spec.purpose, fields=spec.fields)
    told_by_choice = {
        name
        for name in chosen_by
        if not desk.policy.shown_in_clear(actor, Action.EXPORT, spec.purpose, name, Sink.EXPORT)
    }
    if told_by_choice:
        raise refuse(desk, actor, what, spec.purpose, fields=tuple(sorted(told_by_choice)), rule="where")
    if spec.audience is not None:
        if spec.cif_nos is not None:
            raise InputError(
                "an audience is chosen of a segment, and not of customers who are named",
                path="$.cif_nos",
                rule="audience",
            )
        catalogue = need_names(desk, spec.audience.names)
        grants = [one for one in desk.policy.grants_of(actor) if Action.EXPORT in one.actions]
        named = {field for one in grants for field in one.fields}
        hidden = tuple(name for name in spec.audience.names if not tag_is_granted(catalogue, named, name))
        if hidden:
            raise refuse(desk, actor, what, spec.purpose, fields=hidden, rule="audience_tags")
    if spec.recipient.country not in limits.countries:
        raise refuse(desk, actor, what, spec.purpose, fields=spec.fields, rule=f"country:{spec.recipient.country}")
    if spec.recipient.inside and spec.recipient.name not in limits.inside:
        raise refuse(desk, actor, what, spec.purpose, fields=spec.fields, rule="not_inside")
    return limits


def _chosen_by(where: str) -> set[str]:
    """The fields of the catalogue that a rule speaks of: who is chosen by one learns it of everybody in the file."""
    tree = parse(where)
    to_lowered(tree)
    called = {"branch": "home_branch"}
    return {called.get(name, name) for name in needs(tree).fields} & FIELD_NAMES


def _need_within(desk: Desk, unit: UnitOfWork, limits: ExportLimits, made: Export, actor: Actor) -> None:
    """Raises `AccessError` if too few customers share what is shown of one, or *actor* has exported as many as they may."""
    if made.k < limits.least_k and (made.rows or (limits.least_k > 1 and made.waterfall)):
        raise AccessError(
            f"fewer than {limits.least_k} customers share what is shown of one; ask for fewer fields",
            rule="k_anonymity",
        )
    if not spend(desk, unit, actor, Action.EXPORT, max(made.rows, 1)):
        raise AccessError("the cap is reached", rule="cap")


def _may_alone(desk: Desk, unit: UnitOfWork, limits: ExportLimits, made: Export, actor: Actor) -> bool:
    """Whether what *actor* exported in this hour without a second person is, with this, within what one person may."""
    return unit.usage.add(actor.person, "export_alone", hour_of(desk), made.rows) <= limits.alone


def _use_approval(
    desk: Desk,
    unit: UnitOfWork,
    spec: ExportSpec,
    limits: ExportLimits,
    rows: int,
    actor: Actor,
    approval_id: str | None,
) -> Approval:
    """Uses the approval up, in the unit of the export that it is for, and gives it as it stands then."""
    if approval_id is None:
        raise FourEyesError(
            f"more than {limits.alone} customers in an hour take a second person; propose the export, and take it once it is approved",
            rule="bulk",
        )
    approval = next(iter(unit.work.approvals(ids=[approval_id])), None)
    if approval is None or (approval.operation, approval.maker) != (Operation.EXPORT, actor.id):
        raise NotFoundOrNotAllowedError("there is no such proposal of yours", rule="no_proposal")
    need_kept(desk, approval)
    persons = desk.policy.operations[Operation.EXPORT].persons
    if approval.detail["digest"] != spec.digest:
        raise FourEyesError("what was approved is another export than this one", rule="four_eyes")
    if rows * 10 > int(approval.detail["customers"]) * 11:
        raise FourEyesError(
            f"{rows} customers would go, and {approval.detail['customers']} were approved; propose the export anew",
            rule="four_eyes",
        )
    after = execute(approval, ground=_ground(unit, approval.detail), now=desk.now(), persons=persons)
    return settle(desk, unit, approval, after)
