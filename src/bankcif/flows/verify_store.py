"""
Verifying a whole store, as after a restore: the log and the customers as it left them, every source record opened, every link,
and the blind index against what the records say. What is wrong with the index can be made anew, since the records tell all of it.

The store goes on being used meanwhile: it is read by pages in short units, and whatever looks wrong is looked at once more with
its customers locked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import attrs

from ..access import Action
from ..audit import AuditEntry, AuditReport
from ..context import Actor, Purpose
from ..errors import ConflictError, KeyMissingError, SealError, StorageError
from ..matching import blocking_keys
from ..party import CifNo, LifeCycle, SourceKey
from ..storage import UnitOfWork
from ..storage.rows import ClaimRow, IndexKey, IndexRow, SourceRow
from ._pages import PAGE, pages
from ._records import Record, index_rows, open_records
from .desk import Desk, Tagging, authorize, note, record, retried
from .verify_log import verify_log

__all__ = ["StoreFinding", "StoreReport", "rebuild_index", "verify_store"]

_MOST_TOLD = 1000


@attrs.frozen
class StoreFinding:
    """
    Something that is wrong.

    Attributes:
        cif_no: With which customer; empty where none can be named.
        rule: What: ``record_sealed`` (a source record does not open), ``link_without_record``, ``record_without_link``,
            ``link_to_merged``, ``tag_missing``, ``tag_wrong`` (it names another customer, or another record's value), or
            ``tag_stray`` (no record has its value).
    """

    cif_no: str
    rule: str


@attrs.frozen(kw_only=True)
class StoreReport:
    """
    What a verification found.

    Attributes:
        log: Of the log, and of the customers as it left them; None where only the index was made anew.
        customers, records, tags: How many were looked at.
        keys: How many data keys the key store holds.
        counts: Findings by rule.
        findings: The first thousand.
        mended: How many tags were made anew or deleted.
    """

    log: AuditReport | None
    customers: int
    records: int
    tags: int
    keys: int
    counts: Mapping[str, int]
    findings: tuple[StoreFinding, ...]
    mended: int

    @property
    def intact(self) -> bool:
        """Whether nothing is wrong, or nothing any more."""
        return (self.log is None or self.log.intact) and sum(self.counts.values()) == self.mended


def verify_store(desk: Desk, *, actor: Actor, purpose: Purpose) -> StoreReport:
    """
    Verifies log, customers, records, links and blind index.

    Raises:
        ConflictError: A rotation of the index ended meanwhile: verify again.
        NotFoundOrNotAllowedError: The policy does not let *actor* audit.
        WrongKeyError: A key of the key store does not open under this provider.

    Cost: some 150 µs a customer beside that of `verify_log`; memory does not grow with the store.
    """
    authorize(desk, actor, Action.AUDIT, "verify_store", purpose)
    return _looked(desk, verify_log(desk, actor=actor, purpose=purpose), actor=actor, purpose=purpose)


def rebuild_index(desk: Desk, *, actor: Actor, purpose: Purpose) -> StoreReport:
    """
    Makes the blind index anew from the records: what is missing or wrong is written, strays are deleted. Records and links are looked
    at as `verify_store` does, the log is not. What a tag is made of depends on the link policy: the store must be opened with that of the
    service, or its tags are taken for strays.

    Raises:
        ConflictError: A rotation of the index ended meanwhile: begin again.
        NotFoundOrNotAllowedError: The policy does not let *actor* work with keys.
        WrongKeyError: A key of the key store does not open under this provider.
    """
    authorize(desk, actor, Action.KEYS, "rebuild_index", purpose)
    return _looked(desk, None, actor=actor, purpose=purpose)


def _looked(desk: Desk, log: AuditReport | None, *, actor: Actor, purpose: Purpose) -> StoreReport:
    """Looks at everything beside the log; mends the index, unless the log was verified."""
    if log is None:  # what is mended before something stops it has its entry
        note(desk, actor, "rebuild_index", purpose=purpose, rule="begun")
    keys = desk.data_keys.check_all()
    with desk.repository.snapshot() as unit:
        look = _Look(desk, unit.keys.store().index_version, rebuild=log is None)
    for page in pages(desk, lambda unit, after: unit.parties.page(after, PAGE), "", lambda row: row.cif_no):
        look.customers([row.cif_no for row in page])
    look.what_is_left_over()
    report = StoreReport(
        log=log, customers=look.seen["customers"], records=look.seen["records"], tags=look.seen["tags"], keys=keys,
        counts=dict(sorted(look.counts.items())), findings=tuple(look.findings), mended=look.mended,
    )  # fmt: skip
    with desk.unit_of_work() as unit:
        entry = AuditEntry.by(
            actor, "verify_store" if log else "rebuild_index", desk.now(), purpose=purpose,
            rule="intact" if report.intact else "damaged", count=report.customers, faults=report.counts,
        )  # fmt: skip
        record(desk, unit, [entry])
        unit.commit()
    return report


@attrs.frozen(kw_only=True)
class _State:
    """What was found of some customers: what is wrong, what there should be in the index, and what is there."""

    findings: Sequence[StoreFinding]
    opened: Sequence[Record]
    records: int
    wanted: Mapping[IndexKey, IndexRow]
    there: Mapping[IndexKey, IndexRow]

    @property
    def wrong(self) -> list[IndexRow]:
        """What should be in the index, and is not, or otherwise."""
        return [row for key, row in self.wanted.items() if self.there.get(key) != row]

    @property
    def doubtful(self) -> set[CifNo]:
        return {*(CifNo(one.cif_no) for one in self.findings), *(row.cif_no for row in self.wrong)}


class _Look:
    """One verification."""

    def __init__(self, desk: Desk, version: int, *, rebuild: bool) -> None:
        self._desk, self._version, self._rebuild = desk, version, rebuild
        self.seen: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.findings: list[StoreFinding] = []
        self.mended = 0

    def customers(self, cif_nos: Sequence[CifNo]) -> None:
        """Looks at some customers."""
        with self._desk.repository.snapshot() as unit:
            state = self._state(unit, cif_nos)
        self.seen.update(customers=len(cif_nos), records=state.records, tags=len(state.wanted))
        if state.doubtful:
            # What a writer was at in between looks wrong, too.
            state = retried(lambda: self._again(state.doubtful))
            self._tell(state.findings)
            self._tell(
                StoreFinding(row.cif_no, "tag_wrong" if row.key in state.there else "tag_missing")
                for row in state.wrong
            )
            self.mended += self._rebuild * len(state.wrong)

    def _again(self, doubtful: Collection[CifNo]) -> _State:
        """Looks at customers whom nobody changes meanwhile, and mends their tags if that is asked."""
        with self._desk.unit_of_work() as unit:
            unit.parties.lock(doubtful)
            state = self._state(unit, sorted(doubtful))
            if self._rebuild and state.wrong:
                unit.indexes.remove(state.wrong)
                unit.indexes.add(state.wrong)
                _claimed(unit, self._searched(unit), state.opened)
                unit.commit()
        return state

    def what_is_left_over(self) -> None:
        """Looks for tags and records of nobody, if there are more than customers account for."""
        tags = self._counted(lambda unit: unit.indexes.count(self._version))
        records = self._counted(lambda unit: unit.sources.count())
        if tags != self.seen["tags"] - (0 if self._rebuild else self.counts["tag_missing"]):
            for page in pages(
                self._desk, lambda unit, after: unit.indexes.page(after, PAGE), _FIRST, lambda row: row.key
            ):
                self._strays([row for row in page if row.index_version == self._version])
        if records != self.seen["records"]:
            for some in pages(
                self._desk, lambda unit, after: unit.sources.page(after, PAGE), ("", "", -1), lambda row: row.place
            ):
                self._unlinked(some)

    def _counted(self, count: Callable[[UnitOfWork], int]) -> int:
        """How many there are; -1 where counting them takes longer than a statement may, and they are gone through."""
        try:
            with self._desk.repository.snapshot() as unit:
                return count(unit)
        except StorageError as error:
            if error.rule != "time_limit":
                raise
        return -1

    def _searched(self, unit: UnitOfWork) -> Tagging:
        """The tags that are searched; others, if a rotation fills them, are not all there yet."""
        searched = self._desk.tagging(unit).written[0]
        if searched.version != self._version:
            raise ConflictError("a rotation of the index ended meanwhile; verify again", rule="index_version")
        return Tagging(written=(searched,))

    def _strays(self, rows: Sequence[IndexRow]) -> None:
        with self._desk.repository.snapshot() as unit:
            doubtful = self._without_value(unit, rows)
        if doubtful:
            strays = retried(lambda: self._strays_again(doubtful))
            self._tell(StoreFinding(row.cif_no, "tag_stray") for row in strays)
            self.mended += self._rebuild * len(strays)

    def _strays_again(self, doubtful: Sequence[IndexRow]) -> list[IndexRow]:
        """Looks at tags of customers whom nobody changes meanwhile, and deletes those of no record if that is asked."""
        with self._desk.unit_of_work() as unit:
            unit.parties.lock({row.cif_no for row in doubtful})
            strays = self._without_value(unit, unit.indexes.at([row.key for row in doubtful]))
            if self._rebuild and strays:
                unit.indexes.remove(strays)
                unit.commit()
        return strays

    def _without_value(self, unit: UnitOfWork, rows: Sequence[IndexRow]) -> list[IndexRow]:
        """Those of *rows* that no record makes."""
        found = unit.sources.at({row.place for row in rows})
        links = unit.crosswalk.current({row.origin for row in found}) if found else {}
        linked = [(links[row.origin].cif_no, row) for row in found if row.origin in links]
        opened, closed = _opened(self._desk, linked)
        tagging = self._searched(unit)
        made = {row.key for one in opened for row in index_rows(tagging, one)}
        unknown = {row.place for _, row in closed}  # of what does not open nobody can say
        return [row for row in rows if row.key not in made and row.place not in unknown]

    def _unlinked(self, rows: Sequence[SourceRow]) -> None:
        for _ in range(2):  # a registration was perhaps between the two
            with self._desk.repository.snapshot() as unit:
                links = unit.crosswalk.current({row.origin for row in rows}) if rows else {}
                rows = [row for row in rows if row.origin not in links]
                rows = unit.sources.at({row.place for row in rows}) if rows else []
        self._tell(StoreFinding("", "record_without_link") for _ in rows)

    def _state(self, unit: UnitOfWork, cif_nos: Sequence[CifNo]) -> _State:
        parties = unit.parties.get(cif_nos)
        links = unit.crosswalk.of_parties(cif_nos)
        found = unit.sources.of_parties(cif_nos)
        opened, closed = _opened(self._desk, found)
        origins = {row.origin for _, row in found}
        merged = {cif_no for cif_no, row in parties.items() if row.life_cycle == LifeCycle.MERGED}
        findings = [StoreFinding(cif_no, "record_sealed") for cif_no, _ in closed]
        findings += [
            StoreFinding(link.cif_no, "link_without_record")
            for link in links
            if SourceKey(link.source, link.source_key) not in origins
        ]
        findings += [StoreFinding(link.cif_no, "link_to_merged") for link in links if link.cif_no in merged]
        tagging = self._searched(unit)
        wanted = {row.key: row for one in opened for row in index_rows(tagging, one)}
        there = {row.key: row for row in unit.indexes.at(list(wanted))} if wanted else {}
        return _State(findings=findings, opened=opened, records=len(found), wanted=wanted, there=there)

    def _tell(self, found: Iterable[StoreFinding]) -> None:
        for one in found:
            self.counts[one.rule] += 1
            if len(self.findings) < _MOST_TOLD:
                self.findings.append(one)


_FIRST = (b"", "", "", -1, "", -1)


def _opened(desk: Desk, rows: Sequence[tuple[CifNo, SourceRow]]) -> tuple[list[Record], list[tuple[CifNo, SourceRow]]]:
    """The records that open, and the rows of those that do not."""
    try:
        return open_records(desk, rows), []
    except (KeyMissingError, SealError):
        pass
    opened, closed = [], []
    for row in rows:
        try:
            opened += open_records(desk, [row])
        except (KeyMissingError, SealError):
            closed.append(row)
    return opened, closed


def _claimed(unit: UnitOfWork, tagging: Tagging, opened: Sequence[Record]) -> None:
    """Claims the numbers of these records, as far as nobody holds them."""
    claims = [
        ClaimRow(index_name=key.index, index_version=version, tag=tag, cif_no=one.cif_no)
        for one in opened
        for key in blocking_keys(one.features)
        if key.index == "identifier"
        for version, tag in tagging.claims(key.index, key.value)
    ]
    if claims:
        unit.claims.claim(claims)
