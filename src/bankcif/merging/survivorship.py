"""
Survivorship: the golden record as a pure function of source records.

For each field the best assertion wins, by trust of the source in that field, then by the source's own time (never
the time of loading), then what stands already (the anchor's), then by completeness, then by source key. A protected field takes part only with records that may
change it: the party's anchor, and records of sources trusted for that field. What others say of it is *proposed*.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import attrs

from ..party import CATALOGUE, FieldType, PartyKind, SourceKey
from ..wording import Ground, compatible, organization_name, person_name

if TYPE_CHECKING:
    from .verification import Verification

__all__ = ["NOBODY", "GoldenRecord", "Proposal", "Provenance", "Statement", "Terms", "survive"]


@attrs.frozen(kw_only=True)
class Terms:
    """
    How far a source is believed, as it stood when the record came; kept with the record.

    Attributes:
        trust: 0 to 100 in general.
        trust_by_field: 0 to 100 by field.
        may_change: Protected fields it may change without approval.
    """

    trust: int = 50
    trust_by_field: Mapping[str, int] = attrs.field(factory=dict)
    may_change: frozenset[str] = frozenset()

    def stored(self) -> dict[str, Any]:
        """The form in sealed payloads."""
        return {
            "trust": self.trust, "trust_by_field": dict(self.trust_by_field), "may_change": sorted(self.may_change),
        }  # fmt: skip

    @classmethod
    def of_stored(cls, stored: Mapping[str, Any]) -> Terms:
        """The reverse of `stored`."""
        return cls(
            trust=stored["trust"], trust_by_field=stored["trust_by_field"],
            may_change=frozenset(stored["may_change"]),
        )  # fmt: skip


@attrs.frozen(kw_only=True, repr=False)
class Statement:
    """
    One source record as survivorship hears it.

    Attributes:
        origin: Source and source key.
        record_no: Number of the record under its source key, from 0.
        channel: Channel it came by.
        received_at: Microseconds since 1970, UTC; decides only whether it was known as of an instant.
        business_time: The source's own time in microseconds, or None.
        values: Stored values by field name.
        terms: How far the source is believed.
        restricted: Whether it was proven false, or its processing was restricted; then it is not heard.
        actor, person: Who delivered it; survivorship does not ask, approval does.
        verification: The check, of a record that is one; such a record asserts no value.
    """

    origin: SourceKey
    record_no: int
    channel: str
    received_at: int
    business_time: int | None
    values: Mapping[str, Any]
    terms: Terms
    restricted: bool = False
    actor: str = ""
    person: str = ""
    verification: Verification | None = None

    @property
    def place(self) -> tuple[str, str, int]:
        """Source, source key and record number."""
        return (self.origin.source, self.origin.key, self.record_no)


@attrs.frozen
class Provenance:
    """Where a golden value came from, and by which rule."""

    source: str
    source_key: str
    record_no: int
    rule: str

    @property
    def place(self) -> tuple[str, str, int]:
        """Source, source key and record number."""
        return (self.source, self.source_key, self.record_no)

    def stored(self) -> tuple[str, str, int, str]:
        """The form in sealed payloads."""
        return (self.source, self.source_key, self.record_no, self.rule)


@attrs.frozen
class Proposal:
    """A value that a record asserts of a protected field, which differs from the golden one; by reference, no value."""

    field: str
    source: str
    source_key: str
    record_no: int

    @property
    def place(self) -> tuple[str, str, int]:
        """Source, source key and record number."""
        return (self.source, self.source_key, self.record_no)


@attrs.frozen(kw_only=True, repr=False)
class GoldenRecord:
    """
    The merged truth of one party.

    Attributes:
        values: Stored values by field name.
        provenance: Where each came from; for children, where the first did.
        proposals: What waits for approval.
        channels: Channels that know the party.
    """

    values: Mapping[str, Any]
    provenance: Mapping[str, Provenance]
    proposals: tuple[Proposal, ...]
    channels: tuple[str, ...]


NOBODY = GoldenRecord(values={}, provenance={}, proposals=(), channels=())
"""The golden record of no records."""


def survive(
    kind: PartyKind, records: Sequence[Statement], *, anchor: tuple[str, str, int], as_of: int | None = None
) -> GoldenRecord:
    """
    The golden record of *records*; the same records give the same result, in whatever order they come.

    Args:
        kind: Party kind.
        records: All source records linked to the party.
        anchor: Place of the record that founded the party: it may set protected fields.
        as_of: Only records received until then are heard (microseconds); None hears all.
    """
    heard = sorted(
        (
            r
            for r in records
            if not r.restricted and r.verification is None and (as_of is None or r.received_at <= as_of)
        ),
        key=lambda record: record.place,
    )
    if len(heard) == 1:
        return _alone(kind, heard[0], anchor)
    said: dict[str, list[Statement]] = {}
    for record in heard:
        for name in record.values:
            said.setdefault(name, []).append(record)
    values: dict[str, Any] = {}
    provenance: dict[str, Provenance] = {}
    proposals: list[Proposal] = []
    catalogue = CATALOGUE[kind]
    # The catalogue's order, so that equal records give equal bytes.
    for name in sorted(said.keys() & catalogue.keys(), key=_order(kind).__getitem__):
        field, speaking = catalogue[name], said[name]
        entitled = speaking
        if field.protected:
            entitled = [r for r in speaking if r.place == anchor or name in r.terms.may_change]
        if entitled:
            ranked = _ranked(entitled, name, anchor)
            values[name] = ranked[0].values[name]
            rule = "only" if len(ranked) == 1 else _reason(ranked[0], ranked[1], name, anchor)
            if field.type is FieldType.CHILDREN and len(ranked) > 1:
                values[name], rule = _union(record.values[name] for record in ranked), "aggregate"
            provenance[name] = Provenance(*ranked[0].place, rule)
        if len(entitled) < len(speaking):
            others = _latest([record for record in speaking if record not in entitled])
            proposals += [
                Proposal(name, *record.place)
                for record in others
                if _differs(field.type, values.get(name), record.values[name])
            ]
    return GoldenRecord(
        values=values, provenance=provenance, proposals=tuple(proposals),
        channels=tuple(sorted({record.channel for record in heard})),
    )  # fmt: skip


def _alone(kind: PartyKind, record: Statement, anchor: tuple[str, str, int]) -> GoldenRecord:
    """What a single record comes to: the case of most parties, by the same rules with nothing to choose."""
    catalogue = CATALOGUE[kind]
    values: dict[str, Any] = {}
    proposals: list[Proposal] = []
    founding = record.place == anchor
    for name in sorted(record.values.keys() & catalogue.keys(), key=_order(kind).__getitem__):
        if founding or not catalogue[name].protected or name in record.terms.may_change:
            values[name] = record.values[name]
        else:
            proposals.append(Proposal(name, *record.place))
    return GoldenRecord(
        values=values, provenance=dict.fromkeys(values, Provenance(*record.place, "only")),
        proposals=tuple(proposals), channels=(record.channel,),
    )  # fmt: skip


@cache
def _order(kind: PartyKind) -> Mapping[str, int]:
    return {name: at for at, name in enumerate(CATALOGUE[kind])}


def _ranked(records: Sequence[Statement], name: str, anchor: tuple[str, str, int]) -> list[Statement]:
    """The last word of each source key, best first; what nothing tells apart stands in the order of source keys."""
    if len(records) == 1:
        return list(records)
    return sorted(_latest(records), key=lambda record: _rank(record, name, anchor), reverse=True)


def _latest(records: Iterable[Statement]) -> list[Statement]:
    """The last word of each source key: a newer record stands for an older one of the same key."""
    last: dict[SourceKey, Statement] = {}
    for record in records:
        known = last.get(record.origin)
        if known is None or (record.business_time or 0, record.record_no) >= (
            known.business_time or 0,
            known.record_no,
        ):
            last[record.origin] = record
    return list(last.values())


def _trust(record: Statement, name: str) -> int:
    return record.terms.trust_by_field.get(name, record.terms.trust)


def _rank(record: Statement, name: str, anchor: tuple[str, str, int]) -> tuple[int, int, bool, int]:
    value = record.values[name]
    completeness = len(value) if isinstance(value, str | list | dict) else 1
    return (_trust(record, name), record.business_time or 0, record.place == anchor, completeness)


def _reason(best: Statement, second: Statement, name: str, anchor: tuple[str, str, int]) -> str:
    steps = ("trust", "business_time", "established", "completeness")
    pairs = zip(steps, _rank(best, name, anchor), _rank(second, name, anchor), strict=True)
    return next((step for step, mine, theirs in pairs if mine != theirs), "source_key")


def _union(lists: Iterable[Sequence[Mapping[str, Any]]]) -> list[Mapping[str, Any]]:
    """Children of all records, each once; a document or holding that two records carry is one."""
    found: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for children in lists:
        for child in children:
            found.setdefault(_identity(child), child)
    return list(found.values())


def _identity(child: Mapping[str, Any]) -> tuple[Any, ...]:
    if "number" in child:
        return (child.get("scheme"), child["number"])
    if "token" in child:
        return (child.get("scheme"), child["token"])
    return tuple(sorted((name, str(value)) for name, value in child.items()))


def _differs(type_: FieldType, golden: Any, said: Any) -> bool:
    """Whether *said* is news beside *golden*; another spelling of the same value is none."""
    if golden is None:
        return True
    if type_ is FieldType.CHILDREN:
        return not {_identity(child) for child in said} <= {_identity(child) for child in golden}
    if type_ is FieldType.PERSON_NAME:
        same = (Ground.IDENTICAL, Ground.TRADITIONAL, Ground.VARIANT)
        return compatible(person_name(golden), person_name(said)) not in same
    if type_ is FieldType.ORGANIZATION_NAME:
        return organization_name(golden).core != organization_name(said).core
    if type_ is FieldType.ADDRESS:
        return (golden["code"], golden["key"]) != (said["code"], said["key"])
    return bool(golden != said)
