"""
Portraits: which tags a customer has, made anew whenever the golden record is, and when a day has turned what a rule says.

A portrait is a copy that can be rebuilt, and rests as a golden group of its own: sealed, in versions, with the customer's other copies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import attrs

from .._canonical import dumps
from ..errors import InputError
from ..merging import Statement
from ..party import CifNo, PartyKind
from ..protection import DataKey, Place
from ..rules import opened_record
from ..storage import UnitOfWork
from ..storage.portrait_rows import PORTRAIT, PortraitRow
from ..storage.rows import FactRow, GoldenRow, PartyRow
from ..tagging import WORD, Evaluator, Portrait, Word, draw
from ._opened import born_of
from ._relations import resolved, unrestricted
from .desk import Desk

__all__ = [
    "Sitter",
    "as_other",
    "day_tag",
    "drawn",
    "forget_what_left",
    "named_by",
    "need_past",
    "open_portraits",
    "others_of",
    "portrait_place",
    "portray",
    "record_for_rules",
    "retire_portraits",
    "stood",
    "words_of",
]

Others = Mapping[str, Mapping[str, Any]]
_DUE_BYTES = 8
_LEAD_DAYS = 28


@attrs.frozen(kw_only=True, repr=False)
class Sitter:
    """
    A customer of whom a portrait is made.

    Attributes:
        row: The party as it stands now.
        values: Golden values in stored form.
        facts: Plain facts, as they stand now.
        words: All that was said of tags, in its order; None for what the portrait before says.
        others: Those to whom they are related, as `others_of` gives them.
        key: The anchor's data key, where the portrait is to be kept.
        fresh: Whether it is a new party, which has no portrait.
    """

    row: PartyRow
    values: Mapping[str, Any]
    facts: FactRow | None
    words: Sequence[Word] | None
    others: Others = attrs.field(factory=dict)
    key: DataKey | None = None
    fresh: bool = False


def _kept_by(word: Mapping[str, Any]) -> str:
    """By which deed the reason of a word was kept."""
    return "remind" if word["tag"].startswith(WORD) else "tag"


def portrait_place(cif_no: CifNo, version: int) -> Place:
    """Where a portrait belongs."""
    return Place(table="golden_group", owner=(cif_no,), group=PORTRAIT, version=version)


def stood(row: GoldenRow, at: int) -> bool:
    """Whether this version of a golden group stood at an instant."""
    return row.recorded_at <= at and (row.superseded_at is None or row.superseded_at > at)


def need_past(desk: Desk, at: int) -> None:
    """Raises `InputError` where an instant lies ahead."""
    if at > desk.now():
        raise InputError("nobody knows the tags of a day to come", path="$.at", rule="future")


def words_of(statements: Iterable[Statement]) -> list[Word]:
    """What records say of tags, under each key in the order in which it was said; restricted ones are not heard."""
    said = sorted((one for one in statements if one.word is not None and not one.restricted), key=lambda one: one.place)
    return [
        attrs.evolve(
            Word.of_stored(one.word), key=one.origin.key, about=f"{_kept_by(one.word)}:{one.origin.key}:{one.record_no}"
        )
        for one in said
        if one.word is not None
    ]


def others_of(unit: UnitOfWork, values: Mapping[CifNo, Mapping[str, Any]]) -> dict[CifNo, Others]:
    """
    Facts and states of those to whom each of some customers is related, by the number that the relation names, from the golden *values* of each; none of
    who is erased or restricted, and of themself.
    """
    known = related(unit, values)
    return {
        cif_no: {
            other: known[other][1] for other in named_by(one) if other in known and known[other][0].cif_no != cif_no
        }
        for cif_no, one in values.items()
    }


def named_by(values: Mapping[str, Any]) -> set[CifNo]:
    """The numbers that the relations of golden *values* name."""
    return {CifNo(row["other"]) for row in values.get("relationships", ())}


def related(
    unit: UnitOfWork, values: Mapping[CifNo, Mapping[str, Any]]
) -> dict[CifNo, tuple[PartyRow, Mapping[str, Any]]]:
    """Those whom the relations in golden *values* name, by that number, with what rules read of them; none of who is erased or restricted."""
    numbers = {other for one in values.values() for other in named_by(one)}
    parties = unrestricted(resolved(unit, numbers) if numbers else {})
    facts = unit.copies.facts({row.cif_no for row in parties.values()}) if parties else {}
    return {number: (row, as_other(row, facts.get(row.cif_no))) for number, row in parties.items()}


def as_other(row: PartyRow, facts: FactRow | None) -> Mapping[str, Any]:
    """What a rule about somebody else reads of a customer."""
    known: Mapping[str, Any] = {} if facts is None else facts.values
    return {**known, "life_cycle": row.life_cycle, "review_state": row.review_state}


def record_for_rules(row: PartyRow, values: Mapping[str, Any], facts: FactRow | None, others: Others) -> dict[str, Any]:
    """A customer as the rules of tags see them."""
    known: Mapping[str, Any] = {} if facts is None else facts.values
    party = {
        "cif_no": row.cif_no, "kind": row.kind, "life_cycle": row.life_cycle, "review_state": row.review_state,
        "branch": row.branch, "manager": row.manager, "prefecture": known.get("prefecture"),
    }  # fmt: skip
    born = born_of(PartyKind(row.kind), values)
    return opened_record(party, {**values, "birth_date": born} if born else values, others)


def open_portraits(
    desk: Desk, unit: UnitOfWork, cif_nos: Sequence[CifNo], known: Iterable[DataKey] = ()
) -> dict[CifNo, Portrait]:
    """The portraits that stand of these parties; *known* are data keys that are opened already."""
    groups = unit.portraits.current(cif_nos) if cif_nos else ()
    keys = {key.id: key for key in known}
    missing = {group.key_id for group in groups} - keys.keys()
    if missing:
        keys |= desk.data_keys.get(missing)
    return {
        group.cif_no: Portrait.of_stored(
            desk.sealer.open(group.sealed, keys[group.key_id], portrait_place(group.cif_no, group.version))
        )
        for group in groups
    }


def day_tag(desk: Desk, day: date) -> bytes:
    """The keyed tag of a day, by which is found who is looked at on it."""
    return desk.digester.digest("portrait_due", day.isoformat().encode())[:_DUE_BYTES]


def looked_at(desk: Desk, cif_no: CifNo, due: date, today: date) -> date:
    """
    The day on which a portrait is looked at that can be another on the day *due*: some days before, as it falls, and then on the day itself. Whoever
    finds out which tag is of which day, by customers of their own, so learns of a birthday four weeks and no day, until it is near.
    """
    lead = desk.digester.digest("portrait_lead", f"{cif_no}:{due.isoformat()}".encode())[0] % _LEAD_DAYS
    early = date.fromordinal(max(due.toordinal() - lead, 1))
    return early if early > today else due


def portray(desk: Desk, unit: UnitOfWork, sitters: Sequence[Sitter], now: int) -> tuple[CifNo, ...]:
    """
    Makes the portraits of *sitters* by the catalogue in force, if there is one, and keeps those that say something new; returns whose these
    are. Each party is locked, or new.
    """
    tags, today = desk.tags, desk.today()
    if tags is None:
        return ()
    standing = [one for one in sitters if not one.fresh]
    numbers = [one.row.cif_no for one in standing]
    known = unit.portraits.get(numbers) if numbers else {}
    before = open_portraits(desk, unit, numbers, [one.key for one in standing if one.key is not None])
    others = others_of(unit, {one.row.cif_no: one.values for one in sitters})
    groups: list[GoldenRow] = []
    rows: list[PortraitRow] = []
    for one in sitters:
        cif_no = one.row.cif_no
        last = before.get(cif_no, Portrait())
        found, due = drawn(desk, tags.evaluator, attrs.evolve(one, others=others[cif_no]), last, today)
        version = known[cif_no].version if cif_no in known else 0
        if not (found.stands_as(last) and cif_no in before):
            assert one.key is not None, "a portrait that is kept is sealed"
            version += 1
            sealed = desk.sealer.seal(found.stored(), one.key, portrait_place(cif_no, version))
            groups.append(
                GoldenRow(
                    cif_no=cif_no, data_group=PORTRAIT, version=version, recorded_at=now, key_id=one.key.id, sealed=sealed
                )
            )  # fmt: skip
        rows.append(
            PortraitRow(
                cif_no=cif_no, version=version, catalogue=tags.digest, party_version=one.row.version,
                due=None if due is None else day_tag(desk, looked_at(desk, cif_no, due, today)),
            )
        )  # fmt: skip
    unit.copies.put_golden(groups)
    unit.portraits.put([row for row in rows if known.get(row.cif_no) != row])
    return tuple(group.cif_no for group in groups)


def retire_portraits(unit: UnitOfWork, cif_nos: Sequence[CifNo]) -> None:
    """Of parties that are retired no portrait is due any more; the portraits end with their other copies."""
    known = unit.portraits.get(cif_nos) if cif_nos else {}
    unit.portraits.put([attrs.evolve(row, due=None) for row in known.values() if row.due is not None])


def drawn(desk: Desk, evaluator: Evaluator, one: Sitter, before: Portrait, today: date) -> tuple[Portrait, date | None]:
    """The portrait of a customer on a day, and when it can be another by time alone."""
    said = before.words if one.words is None else one.words
    record = record_for_rules(one.row, one.values, one.facts, one.others)

    def digest(name: str, read: Mapping[str, Any]) -> str:
        return desk.digester.digest("evidence", dumps([one.row.cif_no, name, read])).hex()

    return draw(evaluator, record, said, today, before, digest)


def forget_what_left(desk: Desk, unit: UnitOfWork, cif_nos: Sequence[CifNo]) -> None:
    """Seals the portraits that stand anew without what went before them, which may have been said of somebody who is erased."""
    groups = unit.portraits.current(cif_nos) if cif_nos else ()
    keys = desk.data_keys.get({group.key_id for group in groups}) if groups else {}
    anew = []
    for group in groups:
        place = portrait_place(group.cif_no, group.version)
        found = Portrait.of_stored(desk.sealer.open(group.sealed, keys[group.key_id], place))
        sealed = desk.sealer.seal(attrs.evolve(found, left={}).stored(), keys[group.key_id], place)
        anew.append(group._replace(sealed=sealed))
    unit.copies.reseal(anew)
