"""The registry of models: proposed by one person with their card, approved by another, in force until another of the name or to their last day."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from .._canonical import dumps, loads
from ..access import Action, is_label
from ..analytics import ModelCard
from ..approval import Approval, Operation
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..errors import InputError
from ..rules import Inputs
from ..storage import UnitOfWork
from ..tagging import Catalogue
from ._columns import fields_named
from ._models import model_marked, model_named, model_row, need_model_tag, opened_model
from ._policy import policy_ground
from ._proposals import proposed, write_proposal
from ._reasons import need_reason
from .desk import Desk, authorize, record, refuse

__all__ = ["ModelInForce", "change_model", "ground_of_model", "models", "propose_model", "proposed_model"]

_MOST_BYTES = 1_000_000


@attrs.frozen(kw_only=True)
class ModelInForce:
    """A model that is or was in force, or waits: its card, by which proposal, and the instants between which it was, in microseconds."""

    card: ModelCard
    proposal: str
    since: int | None
    until: int | None


def propose_model(desk: Desk, card: ModelCard, *, reason: str, actor: Actor, purpose: Purpose) -> Approval:
    """
    Proposes a model in place of the one of its name that is in force, if there is one; a second person decides.

    Raises:
        InputError: It is in force already, has expired, is too large, or names a tag that is no model tag of the catalogue in force.
        NotFoundOrNotAllowedError: The policy does not let *actor* publish, or not what reads such fields.
    """
    authorize(desk, actor, Action.CATALOGUE, "propose_model", purpose)
    need_reason(reason)
    if not isinstance(card, ModelCard):
        raise InputError("a model is proposed with its card", path="$.card", rule="model")
    card = ModelCard.from_document(loads(dumps(card.document())))  # however it was built, it is one that can be read
    if card.until < desk.today():
        raise InputError("the model's last day lies in the past", path="$.until", rule="model")
    if not is_label(card.version):
        raise InputError("a model's version is one to 64 printable characters", path="$.version", rule="model")
    _need_tags(desk, card)
    _need_readable(desk, card.model.inputs, actor, "propose_model", purpose)
    row = model_row(card, "")
    if len(row.document) > _MOST_BYTES:
        raise InputError(f"a model has {_MOST_BYTES:,} bytes at most", path="$.model", rule="model")
    with desk.unit_of_work() as unit:
        active = unit.models.active(card.name)
        if active is not None and active.digest == row.digest:
            raise InputError("this model is in force already", path="$.version", rule="model")
        detail = {"what": f"{card.name} {card.version}", "digest": row.digest.hex(), "name": card.name, "tag": card.tag}
        if taken := _giving(desk, unit, card.tag) - {card.name}:
            raise InputError(
                f"the model {min(taken)} gives this tag; one tag is one model's", path="$.tag", rule="model"
            )
        approval = proposed(
            desk,
            Operation.MODEL,
            (),
            detail,
            {**_ground(desk, unit, card.name, card.tag), **policy_ground(unit)},
            actor,
            reason=reason,
        )
        unit.models.put(model_marked(desk.digester, attrs.evolve(row, id=approval.id)))
        write_proposal(desk, unit, approval, actor)
    return approval


def proposed_model(desk: Desk, approval_id: str, *, actor: Actor, purpose: Purpose) -> ModelCard:
    """
    The card of a proposal, for whoever decides about it.

    Raises:
        NotFoundOrNotAllowedError: There is no such proposal, or the policy does not let *actor* publish.
        PolicyError: It was changed behind the library's back.
    """
    authorize(desk, actor, Action.CATALOGUE, "proposed_model", purpose)
    with desk.unit_of_work() as unit:
        row = unit.models.get(approval_id)
        if row is not None:
            record(
                desk, unit, [AuditEntry.by(actor, "proposed_model", desk.now(), purpose=purpose, rule=model_named(row))]
            )
            unit.commit()
    if row is None:
        raise refuse(desk, actor, "proposed_model", purpose, rule="no_proposal")
    return opened_model(row, desk.digester)


def models(desk: Desk, *, actor: Actor, purpose: Purpose) -> tuple[ModelInForce, ...]:
    """
    All models that were proposed, by name and then by when they came into force; those that never did last.

    Raises:
        NotFoundOrNotAllowedError: The policy does not let *actor* publish.
        PolicyError: One was changed behind the library's back.
    """
    authorize(desk, actor, Action.CATALOGUE, "models", purpose)
    with desk.unit_of_work() as unit:
        rows = unit.models.all()
        record(desk, unit, [AuditEntry.by(actor, "models", desk.now(), purpose=purpose, count=len(rows))])
        unit.commit()
    found = [
        ModelInForce(card=opened_model(row, desk.digester), proposal=row.id, since=row.since, until=row.until)
        for row in rows
    ]
    return tuple(sorted(found, key=lambda one: (one.card.name, one.since is None, one.since or 0, one.proposal)))


def ground_of_model(desk: Desk, unit: UnitOfWork, approval: Approval) -> dict[str, str]:
    """What a change of model stands on, as it is now: the model of its name in force, others that give its tag, and the policy."""
    unit.keys.lock()  # of two that are approved at once, one finds another model in force
    return {
        **_ground(desk, unit, approval.detail.get("name", ""), approval.detail.get("tag", "")),
        **policy_ground(unit),
    }


def change_model(desk: Desk, unit: UnitOfWork, approval: Approval, actor: Actor, now: int) -> dict[str, str]:
    """Carries out an approved change."""
    new, old = unit.models.get(approval.id), unit.models.active(approval.detail["name"])
    if new is None or new.digest.hex() != approval.detail["digest"]:
        raise InputError("the proposed model is not what was proposed", rule="model")
    opened_model(new, desk.digester)
    if old is not None:
        now = max(now, (old.since or 0) + 1)  # a clock that was set back does not make the new one the older
        unit.models.put(model_marked(desk.digester, attrs.evolve(old, until=now)))
    unit.models.put(model_marked(desk.digester, attrs.evolve(new, since=now, until=None)))
    record(
        desk,
        unit,
        [
            AuditEntry(
                at=now, actor=actor.id, action="model_in_force", rule=f"{new.name}:{new.version}:{new.digest.hex()}"
            )
        ],
    )
    return {}


def _need_readable(desk: Desk, inputs: Inputs, actor: Actor, what: str, purpose: Purpose) -> None:
    """Refuses who proposes what reads fields that they may not read."""
    grants = [
        one for one in desk.policy.grants_of(actor) if Action.CATALOGUE in one.actions and purpose in one.purposes
    ]
    granted = {field for grant in grants for field in grant.fields}
    read = {one for column in (*inputs.fields, *inputs.collections, *inputs.others) for one in fields_named(column)}
    missing: Sequence[str] = sorted(read - granted)
    if missing:
        raise refuse(desk, actor, what, purpose, fields=tuple(missing), rule="rule_fields")


def _ground(desk: Desk, unit: UnitOfWork, name: str, tag: str) -> dict[str, str]:
    active = unit.models.active(name)
    return {"model": active.id if active else "", "giving": ",".join(sorted(_giving(desk, unit, tag) - {name}))}


def _giving(desk: Desk, unit: UnitOfWork, tag: str) -> set[str]:
    """Names of the models in force that give a tag."""
    there = [row for row in unit.models.all() if tag and row.since is not None and row.until is None]
    return {row.name for row in there if opened_model(row, desk.digester).tag == tag}


def _need_tags(desk: Desk, card: ModelCard) -> None:
    """Raises `InputError` where the catalogue in force lacks a tag that a model gives or reads, or a model reads its own."""
    known = Catalogue.of("") if desk.tags is None else desk.tags.evaluator.catalogue
    if card.tag:
        need_model_tag(desk, card)
    unknown = sorted(set(card.model.inputs.tags) - set(known.order))
    if unknown or f"tag:{card.tag}" in card.model.inputs.tags:
        problem = (
            f"the catalogue in force has no {', '.join(unknown)}"
            if unknown
            else "a model does not read the tag that it gives"
        )
        raise InputError(problem, path="$.model", rule="unknown_tag")
