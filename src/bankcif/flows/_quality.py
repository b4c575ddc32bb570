"""Asking the quality rules of customers as they stand, and keeping what came out and what is to be put right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial

import attrs

from .._canonical import dumps, loads
from .._clock import from_micros, local_date
from ..merging import GoldenRecord, Statement, confirmed_at
from ..party import CifNo, PartyKind
from ..quality import LIVE, REPORTED, Outcome, State, followed
from ..storage import UnitOfWork
from ..storage.quality_rows import FindingRow, SheetRow
from ..storage.rows import PartyRow
from ._golden import golden_of, verified_tag
from ._portrait import day_tag, looked_at, others_of, record_for_rules
from ._records import open_records
from .desk import Desk

__all__ = ["Examined", "Sheet", "assess", "examined", "ground_of_finding", "sheet_of"]

_OURS = "bankcif."
Counted = Mapping[str, int]


@attrs.frozen(kw_only=True, repr=False)
class Examined:
    """
    A customer of whom the rules were asked.

    Attributes:
        row: The customer.
        golden: Their golden record.
        outcomes: What came out, by rule.
        confirmed: By field, when its value was last confirmed, in microseconds.
        told_by: By field, the channel and the operator that its value came by.
        founded_by: Those of the record that the customer came into the file by.
        counted: What was counted of them over the file.
        due: The day on which something else can come out.
    """

    row: PartyRow
    golden: GoldenRecord
    outcomes: Mapping[str, Outcome]
    confirmed: Mapping[str, int]
    told_by: Mapping[str, tuple[str, str]]
    founded_by: tuple[str, str]
    counted: Counted
    due: date | None


@attrs.frozen
class Sheet:
    """
    What came out of the rules for a customer, as it rests.

    Attributes:
        letters: A letter for each rule of the book, in their order: `bankcif.quality.Outcome`.
        places: For each rule, the place in *by* of who brought the value that it is about.
        by: Pairs of channel and operator.
        counted: As in `Examined`.
    """

    letters: str
    places: Sequence[int]
    by: Sequence[tuple[str, str]]
    counted: Counted


def sheet_of(row: SheetRow) -> Sheet:
    """A sheet. It rests as JSON, its attributes under ``o``, ``w``, ``by`` and ``c``."""
    said = loads(row.detail)
    return Sheet(letters=said["o"], places=said["w"], by=said["by"], counted=said["c"])


def examined(
    desk: Desk, unit: UnitOfWork, rows: Sequence[PartyRow], counted: Mapping[CifNo, Counted]
) -> dict[CifNo, Examined]:
    """
    What comes out of the rules for these customers today; *counted* is what was counted over the file.

    Cost: opens every record of theirs.
    """
    today = desk.today()
    spoken: dict[CifNo, list[Statement]] = {row.cif_no: [] for row in rows}
    for one in open_records(desk, unit.sources.of_parties(list(spoken))) if rows else ():
        spoken[one.cif_no].append(one.statement)
    goldens = {row.cif_no: golden_of(desk, PartyKind(row.kind), spoken[row.cif_no], row.anchor) for row in rows}
    facts = unit.copies.facts(list(goldens)) if rows else {}
    others = others_of(unit, {cif_no: golden.values for cif_no, golden in goldens.items()}) if rows else {}
    found = {}
    for row in rows:
        cif_no, kind = row.cif_no, PartyKind(row.kind)
        golden, statements = goldens[cif_no], spoken[cif_no]
        confirmed = confirmed_at(
            kind, statements, golden, golden.values, anchor=row.anchor, digest=partial(verified_tag, desk), today=today,
            rules=desk.survivorship,
        )  # fmt: skip
        mine = counted.get(cif_no, {})
        measured = desk.gauge.measured(
            kind, golden.values, counted=mine,
            confirmed={name: local_date(from_micros(at), desk.zone) for name, at in confirmed.items()},
            sources=len({one.origin.source for one in statements if not one.origin.source.startswith(_OURS)}),
        )  # fmt: skip
        record = record_for_rules(row, golden.values, facts.get(cif_no), others[cif_no]) | measured
        told_by = {one.place: (one.channel, one.actor) for one in statements}
        found[cif_no] = Examined(
            row=row, golden=golden, outcomes=desk.quality.examine(record, today), confirmed=confirmed,
            told_by={name: told_by[one.place] for name, one in golden.provenance.items() if one.place in told_by},
            founded_by=told_by.get(row.anchor, ("", "")), counted=mine, due=desk.quality.next_change(record, today),
        )  # fmt: skip
    return found


def assess(
    desk: Desk, unit: UnitOfWork, rows: Sequence[PartyRow], counted: Mapping[CifNo, Counted], now: int
) -> dict[CifNo, tuple[int, int]]:
    """
    Asks the rules of these customers, who are locked, and keeps what came out.

    Returns:
        Of each customer whose findings changed, how many came and how many ended.
    """
    found = examined(desk, unit, rows, counted)
    before = unit.sheets.get(list(found)) if found else {}
    sheets = [_sheet(desk, one) for one in found.values()]
    unit.sheets.put([row for row in sheets if before.get(row.cif_no) != row])
    known: dict[CifNo, list[FindingRow]] = {cif_no: [] for cif_no in found}
    for row in unit.findings.of(list(found)) if found else ():
        known[row.cif_no].append(row)
    changed = {}
    for cif_no, one in found.items():
        came, ended = _follow(desk, unit, one, known[cif_no], now)
        if came or ended:
            changed[cif_no] = (came, ended)
    return changed


def ground_of_finding(desk: Desk, one: Examined, rule: str) -> bytes:
    """What a finding was found in: a keyed digest of the value that its rule is about, which no other customer's equals."""
    field = rule.removeprefix(REPORTED) if rule.startswith(REPORTED) else desk.quality.rules[rule].field
    return desk.digester.digest("finding", dumps([one.row.cif_no, field, one.golden.values.get(field)]))


def reported_outcome(desk: Desk, one: Examined, row: FindingRow) -> Outcome:
    """Whether what staff reported was looked into: the value is another, or was confirmed since."""
    field = row.rule.removeprefix(REPORTED)
    another = ground_of_finding(desk, one, row.rule) != row.ground
    return Outcome.PASSED if another or one.confirmed.get(field, 0) > row.opened_at else Outcome.FAILED


def _follow(desk: Desk, unit: UnitOfWork, one: Examined, known: Sequence[FindingRow], now: int) -> tuple[int, int]:
    """Opens, reopens and ends the findings of a customer."""
    live = {row.rule: row for row in known if State(row.state) in LIVE}
    numbers = {row.rule: row.number + 1 for row in known}
    outcomes = {**one.outcomes, **{rule: Outcome.NOT_APPLICABLE for rule in live if rule not in one.outcomes}}
    outcomes |= {rule: reported_outcome(desk, one, row) for rule, row in live.items() if rule.startswith(REPORTED)}
    came, ended, today = [], 0, desk.today()
    for rule, outcome in outcomes.items():
        row = live.get(rule)
        if row is None and outcome is not Outcome.FAILED:
            continue
        is_known = rule.startswith(REPORTED) or rule in desk.quality.rules
        ground = ground_of_finding(desk, one, rule) if is_known else b""
        state = followed(
            None if row is None else State(row.state), outcome, today=today, same=row is not None and row.ground == ground,
            until=None if row is None or row.until is None else date.fromordinal(row.until),
        )  # fmt: skip
        if row is None:
            came.append(_fresh(desk, one, rule, numbers.get(rule, 0), ground, now))
        elif state is not None and state != row.state:
            over = state not in LIVE
            ended += over
            unit.findings.change(
                attrs.evolve(
                    row, state=state.value, closed_at=now if over else None, until=None, version=row.version + 1,
                    ground=ground or row.ground,
                )
            )  # fmt: skip
    unit.findings.add(came)
    return len(came), ended


def _fresh(desk: Desk, one: Examined, rule: str, number: int, ground: bytes, now: int) -> FindingRow:
    channel, staff = one.told_by.get(desk.quality.rules[rule].field, one.founded_by)
    return FindingRow(
        cif_no=one.row.cif_no, rule=rule, number=number, state=State.OPEN.value, opened_at=now, ground=ground,
        branch=one.row.branch, manager=one.row.manager, channel=channel or None, staff=staff or None,
    )  # fmt: skip


def _sheet(desk: Desk, one: Examined) -> SheetRow:
    book, cif_no = desk.quality, one.row.cif_no
    told = [one.told_by.get(book.rules[name].field, one.founded_by) for name in book.names]
    by = sorted(set(told))
    detail = {
        "o": "".join(one.outcomes[name] for name in book.names), "w": [by.index(each) for each in told], "by": [list(each) for each in by],
        "c": dict(sorted(one.counted.items())),
    }  # fmt: skip
    due = None if one.due is None else day_tag(desk, looked_at(desk, cif_no, one.due, desk.today()))
    return SheetRow(cif_no=cif_no, book=book.digest, party_version=one.row.version, due=due, detail=dumps(detail))
