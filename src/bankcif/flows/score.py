"""
Asking a model in force of the customers: its tag is said or taken back where it stands otherwise; and telling a score again from what was known when it was said.

A first look over all customers finds whose tag would turn; of each of these the score is computed once more within the transaction that says so, so that the word and what it rests on are of one
instant. What the word rests on is sealed with it. Words of people stand beside it, and a veto above it.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import attrs

from .._canonical import sha256
from ..access import Action
from ..analytics import ModelCard, score_of
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..errors import InputError, NotFoundOrNotAllowedError
from ..party import CifNo, LifeCycle
from ..rules import Inputs, opened_record
from ..storage import UnitOfWork
from ..storage.model_rows import ModelRow
from ..storage.rows import PartyRow
from ..tagging import ByModel, Catalogue, Portrait, Said, Tag, Word, standing
from ._columns import fields_named
from ._decided import Asked, with_party
from ._extracted import Person, Wanted, people
from ._models import model_named, need_model_tag, opened_model
from ._opened import open_goldens
from ._portrait import open_portraits, others_of, record_for_rules
from ._relations import current, granted_to
from ._then import as_it_was
from .desk import Desk, assure, authorize, need_purpose, over_cap, record, refuse, spend
from .say import keep_word, tag_is_granted

__all__ = ["Recomputed", "ScoreRun", "recompute", "score"]

_RENEW_DAYS, _MOST_DAYS = 7, 3_660


@attrs.frozen(kw_only=True)
class ScoreRun:
    """
    What asking a model of the customers came to.

    Attributes:
        model: Name, version and the first digits of its digest.
        customers: How many it was asked of.
        given, taken: Of how many its tag was said, and of how many taken back.
        stayed: Of how many it stood and stands.
        left_out: How many were changed, closed or taken out of reach meanwhile; the next run asks again.
        digest: Over the scores of all, in order: the same customers under the same model come to the same.
    """

    model: str
    customers: int
    given: int
    taken: int
    stayed: int
    left_out: int
    digest: str


@attrs.frozen(kw_only=True, repr=False)
class Recomputed:
    """A score as a model's word on a tag rests on it, and as it is computed again from what was known when it was said."""

    model: str
    then: str
    again: str

    def __repr__(self) -> str:
        return f"Recomputed({self.model}, {'the same' if self.same else 'another'})"

    @property
    def same(self) -> bool:
        """Whether both are the same, bit for bit."""
        return self.then == self.again


class _Turned(enum.Enum):
    """What becomes of a model's word on a customer."""

    GIVEN = "given"
    TAKEN = "taken"
    STAYED = "stayed"
    NOTHING = "nothing"


@attrs.frozen
class _Asking:
    """A model that is asked: its card and row, its tag, and the last day for which it speaks."""

    card: ModelCard
    row: ModelRow
    tag: Tag
    last: date

    def standing_of(self, words: Iterable[Word], today: date) -> Word | None:
        """What stands of what models said of the tag; the last of several, which there are behind a merge."""
        mine = [one for one in standing(words, today) if one.tag == self.tag.name and one.by is not None]
        return max(mine, key=lambda one: one.at, default=None)

    def turned(self, points: float, word: Word | None) -> _Turned:
        """What is to become of the word."""
        if not self.card.meets(points):
            return _Turned.NOTHING if word is None else _Turned.TAKEN
        return _Turned.GIVEN if word is None else _Turned.STAYED

    def is_stale(self, word: Word | None, today: date) -> bool:
        """Whether a word that stands is to be said again: it ends soon and could go on, or another version said it."""
        if word is None or word.by is None:
            return False
        soon = word.until is not None and word.until <= today + timedelta(_RENEW_DAYS) and word.until < self.last
        return soon or word.by.model != self.row.id


def score(
    desk: Desk, name: str, *, actor: Actor, purpose: Purpose, progress: Callable[[int], None] | None = None
) -> ScoreRun:
    """
    Asks the model *name* of the customers on whose tags *actor* may speak, and says or takes back its tag where it stands otherwise. Where the purpose rests on consent, of those who
    consented; of nobody whose data is restricted.

    Raises:
        InputError: There is no such model in force, its last day is past, or its tag is no model tag of the catalogue in force.
        NotFoundOrNotAllowedError: The policy does not let *actor* speak on tags.
        PolicyError: The model was changed behind the library's back.

    Cost: opens the groups that the model reads, of every customer; writes only where the tag turns, or would end soon.
    """
    authorize(desk, actor, Action.TAG, "score", purpose)
    asking, catalogue = _in_force(desk, name)
    card, row, today = asking.card, asking.row, desk.today()
    inputs, said = card.model.inputs, model_named(row)
    behind = {one for column in (*inputs.fields, *inputs.collections) for one in fields_named(column)}
    others = bool(inputs.others) or "relationships" in inputs.collections
    wanted = Wanted.of(behind, tags=True, others=others, then=None, actor=actor, purpose=purpose, action=Action.TAG)
    _tell(desk, actor, purpose, f"{said} begun", 0)
    found, left_out = Counter[_Turned](), 0
    digest = sha256("bankcif/v1/scores", row.digest)
    for page in people(desk, wanted):
        for one in page:
            if one.party["life_cycle"] == LifeCycle.RESTRICTED or not tag_is_granted(
                catalogue, one.granted, f"tag:{asking.tag.name}"
            ):
                continue
            points, exact, _ = score_of(card.model, _record(one, inputs), today)
            digest = sha256("bankcif/v1/scores", digest, one.cif_no, exact)
            word = asking.standing_of(one.words, today)
            turned = asking.turned(points, word)
            if turned in (_Turned.GIVEN, _Turned.TAKEN) or (turned is _Turned.STAYED and asking.is_stale(word, today)):
                try:
                    turned = _say(desk, asking, catalogue, one.cif_no, actor, purpose)
                except NotFoundOrNotAllowedError:  # restricted, closed or taken out of reach since the page was read
                    left_out += 1
                    continue
            found[turned] += 1
        if progress is not None:
            progress(found.total())
    given, taken, stayed = (found[one] for one in (_Turned.GIVEN, _Turned.TAKEN, _Turned.STAYED))
    _tell(
        desk,
        actor,
        purpose,
        f"{said} given:{given} taken:{taken} left_out:{left_out} scores:{digest.hex()[:32]}",
        found.total(),
    )
    return ScoreRun(
        model=said,
        customers=found.total(),
        given=given,
        taken=taken,
        stayed=stayed,
        left_out=left_out,
        digest=digest.hex(),
    )


def _say(desk: Desk, asking: _Asking, catalogue: Catalogue, cif_no: CifNo, actor: Actor, purpose: Purpose) -> _Turned:
    """Computes the score of a customer as they stand within one transaction, and says what follows from it."""
    card, row, tag = asking.card, asking.row, asking.tag
    asked = Asked(Action.TAG, "tag", ("tag",), actor, purpose)

    def work(unit: UnitOfWork, party: PartyRow) -> tuple[_Turned]:
        today, inputs = desk.today(), card.model.inputs
        values = open_goldens(desk, unit, [party.cif_no])[party.cif_no]
        portrait = open_portraits(desk, unit, [party.cif_no]).get(party.cif_no, Portrait())
        beside = others_of(unit, {party.cif_no: values})[party.cif_no]
        bare = record_for_rules(party, values, unit.copies.facts([party.cif_no]).get(party.cif_no), beside)
        points, exact, _ = score_of(card.model, _with_tags(bare, inputs, portrait.has), today)
        word = asking.standing_of(portrait.words, today)
        turned = asking.turned(points, word)
        if turned is _Turned.NOTHING or (turned is _Turned.STAYED and not asking.is_stale(word, today)):
            return (turned,)
        has = turned is not _Turned.TAKEN
        by = ByModel(
            model=row.id,
            score=exact,
            day=today,
            of=party.cif_no,
            tags=tuple(name for name in inputs.tags if name in portrait.has),
        )
        new = Word(
            tag=tag.name, said=Said.HAS if has else None, until=asking.last if has else None, evidence=model_named(row), at=desk.now(), actor=actor.id, by=by
        )  # fmt: skip
        keep_word(desk, unit, party, new, asked, f"model {card.name} {card.version}")
        return (turned,)

    return with_party(desk, cif_no, asked, lambda granted: tag_is_granted(catalogue, granted, f"tag:{tag.name}"), work)[
        0
    ]


def recompute(desk: Desk, cif_no: CifNo, tag: str, *, actor: Actor, purpose: Purpose) -> Recomputed:
    """
    The score on which a model's word on a customer's tag rests, computed again from what was known of them when it was said, under the number they had then. States without a history, such as the life
    cycle, are those of today.

    Raises:
        InputError: No word of a model stands on this tag, or nothing is known of then any more.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not show *actor* this tag and every field that the model reads.
        AccessError: *actor* has seen as many customers in this hour as the policy allows.
        PolicyError: The model was changed behind the library's back.
    """
    need_purpose(desk, actor, "recompute", purpose)
    assure(desk, actor, Action.VIEW, "recompute", purpose)
    catalogue = Catalogue.of("") if desk.tags is None else desk.tags.evaluator.catalogue
    found: Recomputed | None = None
    within, problem = True, ""
    with desk.unit_of_work() as unit:
        row = current(unit, cif_no, purpose)
        if row is not None:
            granted = granted_to(desk, unit, actor, Action.VIEW, purpose, row)
            word = _word(desk, unit, row, tag)
            model = None if word is None or word.by is None else unit.models.get(word.by.model)
            if not tag_is_granted(catalogue, granted, f"tag:{tag}"):
                row = row if granted else None
            elif word is None or word.by is None or model is None or model.since is None:
                problem = "no word of a model stands on this tag"
            else:
                card = opened_model(model, desk.digester)
                inputs = card.model.inputs
                read = {
                    one
                    for column in (*inputs.fields, *inputs.collections, *inputs.others)
                    for one in fields_named(column)
                }
                if read <= granted.keys() and all(tag_is_granted(catalogue, granted, name) for name in inputs.tags):
                    found, problem = _again(desk, unit, word.by, word.at, card, model_named(model))
            if found is not None:
                within = spend(desk, unit, actor, Action.VIEW, 1)
                entry = AuditEntry.by(
                    actor, "recompute", desk.now(), purpose=purpose, subjects=(row.cif_no,) if row else (), count=1, fields=(f"tag:{tag}",), rule=found.model
                )  # fmt: skip
                if within:
                    record(desk, unit, [entry])
                    unit.commit()
    if not within:
        raise over_cap(desk, actor, Action.VIEW, "recompute", purpose)
    if found is None:
        refused = refuse(
            desk,
            actor,
            "recompute",
            purpose,
            subjects=(row.cif_no,) if row else (),
            fields=(f"tag:{tag}",),
            rule="unsaid" if problem else "default",
        )
        raise InputError(problem, path="$.tag", rule="unsaid", cif_no=cif_no) if problem else refused
    return found


def _again(
    desk: Desk, unit: UnitOfWork, by: ByModel, at: int, card: ModelCard, named: str
) -> tuple[Recomputed | None, str]:
    """The score of the customer of then by the model of then, or why there is none."""
    party = unit.parties.get([CifNo(by.of)]).get(CifNo(by.of))
    stood = {} if party is None else as_it_was(desk, unit, [party], at, by.day)
    if party is None or party.cif_no not in stood:
        return None, "nothing is known of the customer of then any more"
    sitter, _ = stood[party.cif_no]
    bare = record_for_rules(sitter.row, sitter.values, sitter.facts, sitter.others)
    _, again, _ = score_of(card.model, _with_tags(bare, card.model.inputs, by.tags), by.day)
    return Recomputed(model=named, then=by.score, again=again), ""


def _word(desk: Desk, unit: UnitOfWork, row: PartyRow, tag: str) -> Word | None:
    """What stands today of what models said of a tag."""
    portrait = open_portraits(desk, unit, [row.cif_no]).get(row.cif_no, Portrait())
    mine = [one for one in standing(portrait.words, desk.today()) if one.tag == tag and one.by is not None]
    return max(mine, key=lambda one: one.at, default=None)


def _record(one: Person, inputs: Inputs) -> Mapping[str, Any]:
    """A customer as the rules of a model see them."""
    party = {"cif_no": one.cif_no, **one.party}
    others = {number: known for number, (_, known) in one.others.items()}
    return _with_tags(opened_record(party, one.values, others), inputs, one.has or ())


def _with_tags(record: Mapping[str, Any], inputs: Inputs, has: Collection[str]) -> Mapping[str, Any]:
    return {**record, **{name: name in has for name in inputs.tags}}


def _in_force(desk: Desk, name: str) -> tuple[_Asking, Catalogue]:
    with desk.repository.unit_of_work() as unit:
        row = unit.models.active(name)
    if row is None:
        raise InputError("there is no such model in force", path="$.name", rule="unknown_model")
    card, today = opened_model(row, desk.digester), desk.today()
    if card.until < today:
        raise InputError(
            f"the model {card.name} {card.version} was to be used until {card.until}; approve another", path="$.name", rule="model_expired"
        )  # fmt: skip
    if not card.tag:
        raise InputError(f"the model {card.name} {card.version} gives no tag", path="$.name", rule="model")
    catalogue, tag = need_model_tag(desk, card)
    days = _MOST_DAYS if tag.valid_days is None else tag.valid_days
    return _Asking(card, row, tag, min(card.until, today + timedelta(days))), catalogue


def _tell(desk: Desk, actor: Actor, purpose: Purpose, rule: str, count: int) -> None:
    with desk.unit_of_work() as unit:
        record(desk, unit, [AuditEntry.by(actor, "score", desk.now(), purpose=purpose, count=count, rule=rule)])
        unit.commit()
