"""Source records: sealed when they come in, opened when they are compared or merged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any

import attrs

from .._canonical import dumps
from ..access.masking import card_at_rest
from ..context import Actor
from ..intake import Standard
from ..matching import Features, blocking_keys, features_of
from ..merging import Override, Statement, Terms, Verification
from ..party import CATALOGUE, CifNo, Fault, PartyKind, SourceKey
from ..protection import DataKey, Place, Tagger
from ..storage import UnitOfWork
from ..storage.rows import ClaimRow, IndexRow, SourceRow
from .desk import Desk, Tagging

__all__ = [
    "Arrival",
    "Record",
    "content_tag",
    "counted",
    "index_rows",
    "open_records",
    "seal_record",
    "source_place",
    "statement_of",
    "tokenized",
]

_FORMAT = 1


@attrs.frozen(kw_only=True, repr=False)
class Arrival:
    """
    A standardized, checked form on its way in.

    Attributes:
        origin: Source and source key.
        channel: Channel it came by.
        form: The standardized form; numbers of holdings are tokens already.
        terms: How far the source is believed.
        business_time: The source's own time in microseconds, or None.
        delivery: Keyed digest of file and line, or None.
        verification: The check, of a record that is one.
        override: That it is a person's decision, if it is one.
        word: What it says of a tag, in stored form, of a record that does.
    """

    origin: SourceKey
    channel: str
    form: Standard
    terms: Terms
    business_time: int | None = None
    delivery: bytes | None = None
    verification: Verification | None = None
    override: Override | None = None
    word: Mapping[str, Any] | None = None


@attrs.frozen(kw_only=True, repr=False)
class Record:
    """
    An opened source record.

    Attributes:
        cif_no: Whose it is now.
        kind: A person's or an organization's.
        statement: What it says.
        key: Its data key.
        identifying: Schemes whose numbers identify one party.
    """

    cif_no: CifNo
    kind: PartyKind
    statement: Statement
    key: DataKey
    identifying: frozenset[str]

    @cached_property
    def features(self) -> Features:
        """What of it is compared, made when it is first asked for: most records that are opened never are."""
        return features_of(self.kind, _evidence(self.kind, self.statement), self.identifying)

    def features_from(self, field: str) -> Features:
        """What of one field is compared: to take a name apart costs more than all the others."""
        said = _evidence(self.kind, self.statement)
        return features_of(self.kind, {field: said[field]} if field in said else {}, self.identifying)


def _evidence(kind: PartyKind, said: Statement) -> Mapping[str, Any]:
    """
    What a record tells the matcher: of a person's decision only what one person may decide, or two did; a value that was cleared tells nothing. What waits for a second one is no evidence of who somebody is.
    """
    if said.override is None:
        return said.values
    if said.override.waits:
        return {}
    catalogue = CATALOGUE[kind]
    return {
        name: value
        for name, value in said.values.items()
        if value is not None and (name in said.terms.may_change or not catalogue[name].protected)
    }


def tokenized(desk: Desk, form: Standard) -> Standard:
    """*form* with account and card numbers replaced by a token and a masked form: the numbers never rest."""
    holdings = form.values.get("holdings")
    if not holdings:
        return form
    replaced = []
    for holding in holdings:
        number = holding.get("number")
        if number is not None:
            token = desk.digester.claim("holding", holding.get("scheme") or "", number).hex()
            holding = {k: v for k, v in holding.items() if k != "number"}  # noqa: PLW2901 (a copy without it)
            holding |= {"token": token, "masked": card_at_rest(number)}
        replaced.append(holding)
    return attrs.evolve(form, values={**form.values, "holdings": replaced})


def counted(faults: Iterable[Fault]) -> dict[str, int]:
    """How often each rule was broken, for the log; what is only an information is left out."""
    names = [f"{one.severity}:{one.rule}" for one in faults if one.severity != "info"]
    return dict(sorted(Counter(names).items())) if names else {}


def content_tag(desk: Desk, arrival: Arrival) -> bytes:
    """Keyed digest of what a form says, to recognize the same delivery."""
    content: dict[str, Any] = {
        "kind": arrival.form.kind.value, "values": arrival.form.values, "at": arrival.business_time,
    }  # fmt: skip
    if arrival.override is not None:
        content["override"] = arrival.override.stored()
    if arrival.word is not None:
        content["word"] = arrival.word
    return desk.digester.digest("content", dumps(content))


def source_place(row: SourceRow) -> Place:
    """
    Where a source record belongs, and what rests of it in plain: who delivered it, when, and by which channel is as little
    changed in the database as what it says.
    """
    owner = (
        *row.place, row.channel, row.received_at, row.business_time, row.actor, row.person, row.content_tag,
        row.delivery_tag, row.restricted_at,
    )  # fmt: skip
    return Place(table="source_record", owner=owner, group="source-record")


def seal_record(
    desk: Desk,
    arrival: Arrival,
    *,
    record_no: int,
    key: DataKey,
    received_at: int,
    content: bytes,
    actor: Actor,
) -> SourceRow:
    """
    The row of *arrival*.

    The payload holds ``format`` (1), ``kind``, ``values``, ``given`` (what the channel wrote, where standardizing
    changed it), ``faults`` (path, rule, severity), ``terms`` (how far the source is believed) and, of a check,
    ``verification``, of a decision ``override``, of what is said of a tag ``word``.
    """
    form = arrival.form
    payload = {
        "format": _FORMAT,
        "kind": form.kind.value,
        "values": form.values,
        "given": form.given,
        "faults": [[fault.path, fault.rule, fault.severity] for fault in form.faults],
        "terms": arrival.terms.stored(),
    }
    if arrival.verification is not None:
        payload["verification"] = arrival.verification.stored()
    if arrival.override is not None:
        payload["override"] = arrival.override.stored()
    if arrival.word is not None:
        payload["word"] = arrival.word
    bare = SourceRow(
        source=arrival.origin.source, source_key=arrival.origin.key, record_no=record_no, channel=arrival.channel,
        received_at=received_at, business_time=arrival.business_time, actor=actor.id, person=actor.person, key_id=key.id,
        content_tag=content, delivery_tag=arrival.delivery, sealed=b"",
    )  # fmt: skip
    return attrs.evolve(bare, sealed=desk.sealer.seal(payload, key, source_place(bare)))


def open_records(
    desk: Desk,
    rows: Sequence[tuple[CifNo, SourceRow]],
    known: Mapping[tuple[str, str, int], Record] = MappingProxyType({}),
) -> list[Record]:
    """
    Opens *rows*, in their order; *known* are records that are opened already, by place.

    Raises:
        KeyMissingError, SealError: A record does not open; nothing of the others is given out.
    """
    closed = {row.key_id for _, row in rows if row.place not in known}
    keys = desk.data_keys.get(closed) if closed else {}
    return [known.get(row.place) or _open(desk, cif_no, row, keys[row.key_id]) for cif_no, row in rows]


def _open(desk: Desk, cif_no: CifNo, row: SourceRow, key: DataKey) -> Record:
    payload: Mapping[str, Any] = desk.sealer.open(row.sealed, key, source_place(row))
    kind = PartyKind(payload["kind"])
    return Record(
        cif_no=cif_no,
        kind=kind,
        statement=statement_of(
            row, payload["values"], Terms.of_stored(payload["terms"]), payload.get("verification"), payload.get("override"),
            payload.get("word"),
        ),
        key=key,
        identifying=desk.link_policy.identifying,
    )  # fmt: skip


def index_rows(tagging: Tagging, one: Record, cif_no: CifNo | None = None) -> list[IndexRow]:
    """The rows under which a record is found, in every version that is written; *cif_no* is whose it is, if that changes."""
    keys = dict.fromkeys((*blocking_keys(one.features), *tagging.kept_keys(one.features)))
    return tagging.rows([(key, None) for key in keys], one.statement.place, cif_no or one.cif_no)


def tagged_anew(unit: UnitOfWork, tagging: Tagging, records: Iterable[Record]) -> int:
    """Makes tags and claims of *records* under the version that is being filled; how many tags there are."""
    searched, filled = tagging.written
    rows: list[IndexRow] = []
    claimed: dict[tuple[str, ...], CifNo] = {}
    for one in records:
        rows += index_rows(Tagging(written=(filled,)), one)
        for key in blocking_keys(one.features):
            if key.index == "identifier":
                claimed.setdefault(key.value, one.cif_no)
    unit.indexes.add(rows)
    if not claimed:
        return len(rows)
    # A claim in the new version is whose it is in the old one.
    held = unit.claims.claim([_claim(searched, value, cif_no) for value, cif_no in claimed.items()])
    holders = {value: held["identifier", searched.claim("identifier", *value)] for value in claimed}
    unit.claims.claim([_claim(filled, value, holder) for value, holder in holders.items()])
    return len(rows)


def _claim(tagger: Tagger, value: tuple[str, ...], cif_no: CifNo) -> ClaimRow:
    return ClaimRow(
        index_name="identifier", index_version=tagger.version, tag=tagger.claim("identifier", *value), cif_no=cif_no
    )


def statement_of(
    row: SourceRow,
    values: Mapping[str, Any],
    terms: Terms,
    check: Mapping[str, Any] | None = None,
    override: Mapping[str, Any] | None = None,
    word: Mapping[str, Any] | None = None,
) -> Statement:
    """A record as survivorship hears it."""
    return Statement(
        origin=SourceKey(row.source, row.source_key), record_no=row.record_no, channel=row.channel,
        received_at=row.received_at, business_time=row.business_time, values=values, terms=terms,
        restricted=row.restricted_at is not None, actor=row.actor, person=row.person,
        verification=None if check is None else Verification.of_stored(check),
        override=None if override is None else Override.of_stored(override), word=word,
    )  # fmt: skip
