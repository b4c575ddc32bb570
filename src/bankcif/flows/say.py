"""
Saying of a customer that they have a tag, or shall not have it: by a person, a model or another system, with a reason and an end.

What is said is a source record like any other, so it moves with a merge and comes back with an unmerge.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from .._canonical import dumps
from ..access import Action, FieldDecision
from ..context import Actor, Purpose
from ..errors import InputError
from ..intake import Standard
from ..merging import Terms
from ..party import CifNo, PartyKind, SourceKey
from ..storage import UnitOfWork
from ..storage.rows import PartyRow
from ..tagging import WORD, Catalogue, Said, Word, heard, need_sayable
from ._decided import Asked, Decided, keep_decided, with_party
from ._portrait import open_portraits, words_of
from ._reasons import need_reason
from ._records import Arrival, open_records
from .desk import Desk

__all__ = ["SAYINGS", "keep_word", "say", "tag_is_granted"]

SAYINGS = "bankcif.tag"
"""Source of what is said of tags."""


def say(
    desk: Desk,
    cif_no: CifNo,
    tag: str,
    said: Said | None,
    *,
    until: date | None,
    reason: str,
    evidence: str,
    actor: Actor,
    purpose: Purpose,
) -> bool:
    """
    Says of a customer that they have *tag*, or shall not have it; None takes back what was said.

    Args:
        desk: Collaborators.
        cif_no: The customer.
        tag: Its name.
        said: What.
        until: The last day on which it stands, in the bank's zone.
        reason: Why, in the actor's words.
        evidence: Reference to what it rests on.
        actor, purpose: On whose behalf, what for.

    Returns:
        Whether the customer has the tag now.

    Raises:
        InputError: There is no such tag, or this may not be said of it: the message says why. Nothing was said that could be taken back.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* say this tag of them.
    """
    need_reason(reason)
    if actor.on_behalf_of:
        raise InputError(
            "what is said of a tag is one's own word; nobody says it on another's behalf", rule="on_behalf_of"
        )
    name = f"tag:{tag}"

    def work(unit: UnitOfWork, row: PartyRow) -> tuple[bool]:
        known = catalogue.tags.get(tag)
        # What is said of a reminder stands among the words on tags, and is said by another action.
        if tag.startswith(WORD) or (known is None and said is not None):
            raise InputError("there is no such tag in the catalogue in force", path="$.tag", rule="unknown_tag")
        if known is not None:
            need_sayable(known, said, until, evidence, desk.today())
        word = Word(tag=tag, said=said, until=until, evidence=evidence, at=desk.now(), actor=actor.id)
        keep_word(desk, unit, row, word, asked, reason)
        found = open_portraits(desk, unit, [row.cif_no]).get(row.cif_no)
        return (found is not None and name in found.has,)

    catalogue = Catalogue.of("") if desk.tags is None else desk.tags.evaluator.catalogue

    def allowed(granted: Mapping[str, FieldDecision]) -> bool:
        return tag_is_granted(catalogue, granted, name)

    asked = Asked(Action.TAG, "tag", ("tag",), actor, purpose)
    return with_party(desk, cif_no, asked, allowed, work)[0]


def keep_word(desk: Desk, unit: UnitOfWork, row: PartyRow, word: Word, asked: Asked, reason: str) -> None:
    """
    Writes what is said of a tag, or of a reminder, as source records, and what follows from it. A model's words and those of people stand apart: neither takes back the other's.

    Raises:
        InputError: It takes back what nobody said.
    """
    # The key tells which tag of which customer to nobody who reads the database.
    whose = [row.cif_no, word.tag] if word.by is None else [row.cif_no, word.tag, "model"]
    own = SourceKey(SAYINGS, desk.digester.digest("tag_word", dumps(whose)).hex())
    # After merges it may have been said under the numbers of others; a person decides about all.
    spoken = words_of(one.statement for one in open_records(desk, unit.sources.of_parties([row.cif_no])))
    mine = [one for one in spoken if one.tag == word.tag and (one.by is None) is (word.by is None)]
    if word.said is None and word.tag not in heard(mine, desk.today()):
        raise InputError("nothing stands that was said of this tag", path="$.tag", rule="unsaid", cif_no=row.cif_no)
    arrivals = [
        Arrival(
            origin=origin, channel="tag", terms=Terms(), business_time=word.at, word=word.stored(),
            form=Standard(kind=PartyKind(row.kind), values={}, given={}, faults=()),
        )
        for origin in dict.fromkeys([own, *(SourceKey(SAYINGS, one.key) for one in mine)])
    ]  # fmt: skip
    # What was said of whom is sealed; the log keeps whether two words were the same.
    said = None if word.said is None else word.said.value
    same = desk.digester.digest("tag_said", dumps([row.cif_no, word.tag, said]))
    decided = Decided(row=row, arrivals=arrivals)
    keep_decided(desk, unit, [decided], asked, reason=reason, rule=f"word:{same.hex()}")


def tag_is_granted(catalogue: Catalogue, granted: Iterable[str], name: str) -> bool:
    """Whether *granted* names ``tag:NAME`` or ``segment:NAME``: itself, its family, or all."""
    kind, _, own = name.partition(":")
    asked = {name, f"{kind}:*"}
    tag = catalogue.tags.get(own)
    if kind == "tag" and tag is not None:
        asked.add(f"tag:@{tag.family.value}")
    return not asked.isdisjoint(granted)
