"""
Asking a model in force of the customers: its tag is said or taken back where it stands otherwise; and telling a score again from what was known when it was said.

Nothing but the tag leaves: it is a word of the model's, whose evidence says which model said it and by which score.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from typing import Any

import attrs

from .._canonical import sha256
from .._clock import from_micros, local_date
from ..access import Action
from ..analytics import ModelCard, score_of
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..errors import InputError
from ..party import CifNo
from ..rules import Inputs, opened_record
from ..storage import UnitOfWork
from ..storage.model_rows import ModelRow
from ..tagging import Catalogue, Portrait, Said, heard
from ._columns import fields_named
from ._extracted import Person, Wanted, people
from ._models import model_named, need_model_tag, opened_model
from ._portrait import open_portraits, record_for_rules
from ._relations import current, granted_to
from ._then import as_it_was
from .desk import Desk, assure, authorize, need_purpose, record, refuse
from .say import say, tag_is_granted

__all__ = ["Recomputed", "ScoreRun", "recompute", "score"]


@attrs.frozen(kw_only=True)
class ScoreRun:
    """
    What asking a model of the customers came to.

    Attributes:
        model: Name, version and the first digits of its digest.
        customers: How many it was asked of.
        given, taken: Of how many its tag was said, and of how many taken back.
        stayed: Of how many it stood and stands.
        digest: Over the scores of all, in order: the same customers under the same model come to the same.
    """

    model: str
    customers: int
    given: int
    taken: int
    stayed: int
    digest: str


@attrs.frozen(kw_only=True)
class Recomputed:
    """A score as a word on a tag has it, and as it is computed again from what was known when it was said."""

    model: str
    then: str
    again: str

    @property
    def same(self) -> bool:
        """Whether both are the same, bit for bit."""
        return self.then == self.again


def score(
    desk: Desk, name: str, *, actor: Actor, purpose: Purpose, progress: Callable[[int], None] | None = None
) -> ScoreRun:
    """
    Asks the model *name* of the customers on whose tags *actor* may speak, and says or takes back its tag where it stands otherwise.

    Raises:
        InputError: There is no such model in force, its last day is past, or its tag is no model tag of the catalogue in force.
        NotFoundOrNotAllowedError: The policy does not let *actor* speak on tags.
        PolicyError: The model was changed behind the library's back.

    Cost: opens the groups that the model reads, of every customer; writes only where the tag turns.
    """
    authorize(desk, actor, Action.TAG, "score", purpose)
    card, row = _in_force(desk, name)
    catalogue, tag = need_model_tag(desk, card)
    today = desk.today()
    last = card.until if tag.valid_days is None else min(card.until, today + timedelta(tag.valid_days))
    inputs, said = card.model.inputs, model_named(row)
    behind = {one for column in (*inputs.fields, *inputs.collections) for one in fields_named(column)}
    wanted = Wanted.of(
        behind,
        tags=True,
        others=bool(inputs.others) or "relationships" in inputs.collections,
        then=None,
        actor=actor,
        purpose=purpose,
        action=Action.TAG,
    )
    customers = given = taken = stayed = 0
    digest = sha256("bankcif/v1/scores", row.digest)
    for page in people(desk, wanted):
        for one in page:
            if not tag_is_granted(catalogue, one.granted, f"tag:{tag.name}"):
                continue
            points, exact, _ = score_of(card.model, _record(one, inputs), today)
            digest = sha256("bankcif/v1/scores", digest, one.cif_no, exact)
            had, has = f"tag:{tag.name}" in (one.has or ()), card.meets(points)
            customers, given, taken, stayed = (
                customers + 1,
                given + (has and not had),
                taken + (had and not has),
                stayed + (had and has),
            )
            if had != has:
                say(
                    desk, one.cif_no, tag.name, Said.HAS if has else None, until=last if has else None, reason=f"model {card.name} {card.version}",
                    evidence=f"{said} {exact}" if has else "", actor=actor, purpose=purpose,
                )  # fmt: skip
        if progress is not None:
            progress(customers)
    with desk.unit_of_work() as unit:
        entry = AuditEntry.by(
            actor,
            "score",
            desk.now(),
            purpose=purpose,
            count=customers,
            rule=f"{said} given:{given} taken:{taken} scores:{digest.hex()[:32]}",
        )
        record(desk, unit, [entry])
        unit.commit()
    return ScoreRun(model=said, customers=customers, given=given, taken=taken, stayed=stayed, digest=digest.hex())


def recompute(desk: Desk, cif_no: CifNo, tag: str, *, actor: Actor, purpose: Purpose) -> Recomputed:
    """
    The score by which a model gave a customer its tag, computed again from what was known when it was said. States without a history, such as the life cycle, are those of
    today.

    Raises:
        InputError: No model's word stands on this tag.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not show *actor* this tag.
        PolicyError: The model was changed behind the library's back.
    """
    need_purpose(desk, actor, "recompute", purpose)
    assure(desk, actor, Action.VIEW, "recompute", purpose)
    catalogue = Catalogue.of("") if desk.tags is None else desk.tags.evaluator.catalogue
    found: Recomputed | None = None
    with desk.unit_of_work() as unit:
        row = current(unit, cif_no, purpose)
        allowed = row is not None and tag_is_granted(
            catalogue, granted_to(desk, unit, actor, Action.VIEW, purpose, row), f"tag:{tag}"
        )
        if row is not None and allowed:
            words = heard(open_portraits(desk, unit, [row.cif_no]).get(row.cif_no, Portrait()).words, desk.today())
            word = words.get(tag)
            model, then = _told_by(desk, unit, "" if word is None else word.evidence)
            if word is None or model is None:
                raise InputError("no model's word stands on this tag", path="$.tag", rule="unsaid", cif_no=row.cif_no)
            day = local_date(from_micros(word.at), desk.zone)
            then_so = as_it_was(desk, unit, [row], word.at, day).get(row.cif_no)
            if then_so is None:
                raise InputError(
                    "nothing is known of the customer of then under this number",
                    path="$.cif_no",
                    rule="unsaid",
                    cif_no=row.cif_no,
                )
            sitter, portrait = then_so
            card = opened_model(model, desk.digester)
            asked = _with_tags(
                record_for_rules(sitter.row, sitter.values, sitter.facts, sitter.others),
                card.model.inputs,
                portrait.has,
            )
            _, again, _ = score_of(card.model, asked, day)
            found = Recomputed(model=model_named(model), then=then, again=again)
            entry = AuditEntry.by(
                actor,
                "recompute",
                desk.now(),
                purpose=purpose,
                subjects=(row.cif_no,),
                count=1,
                fields=(f"tag:{tag}",),
                rule=model_named(model),
            )
            record(desk, unit, [entry])
            unit.commit()
    if found is None:
        raise refuse(desk, actor, "recompute", purpose, subjects=(row.cif_no,) if row else (), fields=(f"tag:{tag}",))
    return found


def _record(one: Person, inputs: Inputs) -> Mapping[str, Any]:
    """A customer as the rules of a model see them."""
    party = {"cif_no": one.cif_no, **one.party}
    others = {number: known for number, (_, known) in one.others.items()}
    return _with_tags(opened_record(party, one.values, others), inputs, one.has or ())


def _with_tags(record: Mapping[str, Any], inputs: Inputs, has: Collection[str]) -> Mapping[str, Any]:
    return {**record, **{name: name in has for name in inputs.tags}}


def _told_by(desk: Desk, unit: UnitOfWork, evidence: str) -> tuple[ModelRow | None, str]:
    """The model that a word's evidence names, and the score."""
    said, _, exact = evidence.rpartition(" ")
    return next((row for row in unit.models.all() if model_named(row) == said), None), exact


def _in_force(desk: Desk, name: str) -> tuple[ModelCard, ModelRow]:
    with desk.repository.unit_of_work() as unit:
        row = unit.models.active(name)
    if row is None:
        raise InputError("there is no such model in force", path="$.name", rule="unknown_model")
    card = opened_model(row, desk.digester)
    if card.until < desk.today():
        raise InputError(
            f"the model {card.name} {card.version} was to be used until {card.until}; approve another",
            path="$.name",
            rule="model_expired",
        )
    if not card.tag:
        raise InputError(f"the model {card.name} {card.version} gives no tag", path="$.name", rule="model")
    return card, row
