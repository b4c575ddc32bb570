"""Held rows: corrected and released by a person, refused, expired; batches over an interface; agreements."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from tests.conftest import ALL_ROLES, NOW, insides, keys_fit, known
from tests.flows.test_browse import Under
from tests.flows.test_load import PEOPLE, line, write
from tests.flows.test_register import register
from tests.flows.test_rotate import ONE, begin

from bankcif import CIF, Actor, AuthContext, MemoryRepository, Outcome, Policy, Purpose
from bankcif._clock import FixedClock
from bankcif.access import default_policy
from bankcif.errors import (
    AccessError,
    ConfigurationError,
    InputError,
    IntakeError,
    KeyMissingError,
    MappingError,
    NotFoundOrNotAllowedError,
    StepUpRequired,
)
from bankcif.intake import Agreement, Channel, read_channel
from bankcif.storage.rows import StagedRow

ASK: dict[str, Any] = {"actor": known(Actor(id="s.wu", roles=ALL_ROLES, branch="b")), "purpose": Purpose.OPERATIONS}
MAPPING = """
name = "app"
format = "jsonl"
key = "uid"
requires = "lead"
trust = 90
{more}
[columns]
uid = ""
name = "name"
phone = "phone"
idno = "identifiers.cn.resident_id"
"""
BAD_ID = "110105194912310021"


@pytest.fixture
def channel(tmp_path: Path) -> Channel:
    return mapped(tmp_path, "")


def mapped(tmp_path: Path, more: str) -> Channel:
    path = tmp_path / "app.toml"
    path.write_text(MAPPING.format(more=more), encoding="utf-8")
    return read_channel(path)


def row(n: int, **more: str) -> dict[str, str]:
    person = PEOPLE[n]
    return {
        "uid": f"U{n}", "name": person["name"], "phone": person["phone"], "idno": person["identifiers"][0]["number"],
    } | more  # fmt: skip


def loaded(cif: CIF, tmp_path: Path, channel: Channel) -> str:
    """A file with one bad row, which stands at line 2; its batch."""
    cif.load(write(tmp_path, [line(0), line(1, idno=BAD_ID), "{broken"]), channel, **ASK)
    return cif.held.rows(**ASK)[0].batch


def test_a_held_row_tells_where_and_why_and_not_what(cif: CIF, tmp_path: Path, channel: Channel) -> None:
    loaded(cif, tmp_path, channel)
    second, third = cif.held.rows(**ASK)
    assert (second.line, second.channel, second.actor) == (2, "app", "s.wu")
    assert [(fault.path, fault.rule) for fault in second.faults] == [("$.identifiers[0].number", "check_digit")]
    assert third.faults[0].rule == "broken_row"
    assert BAD_ID not in repr(second)


def test_a_person_sees_it_corrects_it_and_lets_it_in(cif: CIF, tmp_path: Path, channel: Channel) -> None:
    batch = loaded(cif, tmp_path, channel)
    assert cif.held.show(batch, 2, **ASK) == row(1, idno=BAD_ID)
    assert cif.held.show(batch, 3, **ASK) == {"": "{broken"}
    with pytest.raises(IntakeError):
        cif.held.release(batch, 2, channel, **ASK)
    done = cif.held.release(batch, 2, channel, corrections={"idno": row(1)["idno"]}, **ASK)
    assert done.outcome is Outcome.NEW
    made = cif.held.release(batch, 3, channel, corrections=row(2), **ASK)
    assert made.outcome is Outcome.NEW
    assert cif.held.rows(**ASK) == []
    log = cif.audit.who(done.cif_no, actor=ASK["actor"])
    assert log[-1].action == "release"
    assert log[-1].rule.endswith(":2:idno")


def test_the_file_loaded_again_brings_neither_a_released_nor_a_refused_row_back(
    cif: CIF, tmp_path: Path, channel: Channel
) -> None:
    batch = loaded(cif, tmp_path, channel)
    done = cif.held.release(batch, 2, channel, corrections={"idno": row(1)["idno"]}, **ASK)
    cif.held.refuse(batch, 3, reason="cut off in transfer", **ASK)
    before = cif.customers.get(done.cif_no, **ASK).version
    loaded_again = cif.load(tmp_path / "app.jsonl", channel, **ASK)
    assert loaded_again.outcomes[Outcome.NEW] == 0
    assert cif.held.rows(**ASK) == []
    assert cif.customers.get(done.cif_no, **ASK).version == before
    for decided in (2, 3):
        with pytest.raises(NotFoundOrNotAllowedError):
            cif.held.show(batch, decided, **ASK)
        with pytest.raises(NotFoundOrNotAllowedError):
            cif.held.release(batch, decided, channel, **ASK)


@pytest.mark.parametrize("decision", ["refused", "released"])
def test_of_a_decided_row_nothing_stays_sealed_and_its_key_is_gone(
    cif: CIF, tmp_path: Path, channel: Channel, decision: str
) -> None:
    batch = loaded(cif, tmp_path, channel)
    with cif._desk.unit_of_work() as unit:
        keys = [row.key_id for row in unit.staging.rows()]
    assert len(cif._key_store.read(keys)) == 2
    if decision == "refused":
        cif.held.refuse(batch, 2, reason="a test", **ASK)
    else:
        cif.held.release(batch, 2, channel, corrections={"idno": row(1)["idno"]}, **ASK)
    with cif._desk.unit_of_work() as unit:
        second, third = unit.staging.rows()
    assert (second.state, second.sealed, third.state) == (decision, b"", "held")
    assert third.sealed
    assert set(cif._key_store.read(keys)) == {third.key_id}, "a backup of the row does not open any more"
    assert keys_fit(cif)


def test_a_file_loaded_again_makes_no_keys_for_rows_that_wait(cif: CIF, tmp_path: Path, channel: Channel) -> None:
    loaded(cif, tmp_path, channel)
    before = cif._key_store.page(limit=10**6)
    cif.load(tmp_path / "app.jsonl", channel, **ASK)
    assert cif._key_store.page(limit=10**6) == before


def staged(cif: CIF) -> dict[tuple[bytes, int], StagedRow]:
    return insides(cif).staged.rows


def test_a_damaged_row_stops_no_rotation(cif: CIF, tmp_path: Path, channel: Channel, clock: FixedClock) -> None:
    loaded(cif, tmp_path, channel)
    place, damaged = next(iter(staged(cif).items()))
    staged(cif)[place] = attrs.evolve(damaged, sealed=damaged.sealed[:-1] + bytes([damaged.sealed[-1] ^ 1]))
    before = {row.key_id for row in staged(cif).values()}
    clock.advance(timedelta(minutes=1))
    begin(cif, "data")
    assert cif.keys.rotate(actor=ONE)[0].finished_at is not None
    assert set(cif._key_store.read(before)) == {damaged.key_id}


@pytest.mark.parametrize("by", ["refusal", "expiry"])
def test_a_row_that_names_another_s_key_does_not_take_it_along(
    cif: CIF, tmp_path: Path, channel: Channel, steward: Actor, clock: FixedClock, by: str
) -> None:
    """Whoever writes the table has no key destroyed by it."""
    customer = register(cif, steward, "77").cif_no
    batch = loaded(cif, tmp_path, channel)
    with cif._desk.unit_of_work() as unit:
        ((_, record),) = unit.sources.of_parties([customer])
    place, row_ = next(iter(staged(cif).items()))
    staged(cif)[place] = attrs.evolve(row_, key_id=record.key_id)
    if by == "refusal":
        cif.held.refuse(batch, row_.line, reason="cannot be opened", **ASK)
    else:
        clock.advance(timedelta(days=91))
        assert cif.held.expire(**ASK) == 2
    assert cif._key_store.read([record.key_id])
    assert keys_fit(cif)


def test_a_note_of_a_retired_key_that_somebody_wrote_destroys_nothing(cif: CIF, steward: Actor) -> None:
    from bankcif.flows.desk import destroy_retired

    customer = register(cif, steward, "77").cif_no
    with cif._desk.unit_of_work() as unit:
        ((_, record),) = unit.sources.of_parties([customer])
        odd: Any = (
            "text" if isinstance(cif._repository, MemoryRepository) else b"x" * 16
        )  # a database takes bytes alone
        unit.keys.retire([(record.key_id, bytes(16)), (record.key_id, odd)])
        unit.commit()
    destroy_retired(cif._desk)
    assert keys_fit(cif)
    with cif._desk.unit_of_work() as unit:
        assert not unit.keys.retired()


def test_a_release_in_the_middle_of_a_rotation_leaves_no_key(
    cif: CIF, tmp_path: Path, channel: Channel, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bankcif.flows import held

    batch = loaded(cif, tmp_path, channel)
    clock.advance(timedelta(minutes=1))
    begin(cif, "data")
    real = held.take_in

    def meanwhile(*args: Any) -> Any:
        monkeypatch.setattr(held, "take_in", real)
        cif.keys.rotate(actor=ONE)
        return real(*args)

    monkeypatch.setattr(held, "take_in", meanwhile)
    cif.held.release(batch, 2, channel, corrections={"idno": row(1)["idno"]}, **ASK)
    decided = next(one for one in staged(cif).values() if one.line == 2)
    assert (decided.state, cif._key_store.read([decided.key_id])) == ("released", {})


def test_a_check_of_keys_asks_for_those_of_held_rows(cif: CIF, tmp_path: Path, channel: Channel) -> None:
    loaded(cif, tmp_path, channel)
    cif._key_store.destroy([next(iter(staged(cif).values())).key_id])
    with pytest.raises(KeyMissingError):
        keys_fit(cif)


def test_a_rotation_of_data_keys_reaches_rows_that_wait_while_their_file_is_loaded(
    cif: CIF, tmp_path: Path, channel: Channel, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bankcif.flows import load, rotate

    monkeypatch.setattr(rotate, "_HELD_AT_ONCE", 2)
    monkeypatch.setattr(load, "_BATCH", 3)
    old: set[bytes] = set()
    rows = [row(n, idno=BAD_ID) for n in range(5)]
    cif.receive(rows[:3], channel, key="a", **ASK)

    def rows_then_a_rotation() -> Iterator[dict[str, Any]]:
        yield from rows[:3]
        with cif._desk.unit_of_work() as unit:
            old.update(one.key_id for one in unit.staging.rows())
        assert len(cif._key_store.read(old)) == 6
        clock.advance(timedelta(minutes=1))
        begin(cif, "data")
        assert cif.keys.rotate(actor=ONE)[0].finished_at is not None
        yield from rows[3:]

    cif.receive(rows_then_a_rotation(), channel, key="b", **ASK)
    assert not cif._key_store.read(old)
    assert len(cif.held.rows(**ASK)) == 8
    for waiting in cif.held.rows(**ASK):
        assert cif.held.show(waiting.batch, waiting.line, **ASK)["idno"] == BAD_ID
    assert keys_fit(cif)


def test_seeing_a_held_row_is_unmasking(cif: CIF, tmp_path: Path, channel: Channel) -> None:
    batch = loaded(cif, tmp_path, channel)
    for weak in (None, AuthContext(methods=("password",), assurance=1, at=NOW)):
        with pytest.raises(StepUpRequired):
            cif.held.show(batch, 2, actor=attrs.evolve(ASK["actor"], auth=weak), purpose=Purpose.OPERATIONS)
    table = default_policy().document()
    table["cap"]["reveal"] = {"per_hour": 1}
    with Under(cif, Policy.from_document(table)):
        cif.held.show(batch, 2, **ASK)
        other_id = attrs.evolve(ASK["actor"], id="s.wu2", person="s.wu")
        with pytest.raises(AccessError, match="in this hour"):
            cif.held.show(batch, 2, actor=other_id, purpose=Purpose.OPERATIONS)


def test_after_its_term_a_row_and_its_key_are_gone(
    sqlite_cif: CIF, tmp_path: Path, channel: Channel, clock: FixedClock
) -> None:
    cif = sqlite_cif
    batch = loaded(cif, tmp_path, channel)
    with cif._desk.unit_of_work() as unit:
        key_id = unit.staging.rows()[0].key_id
    assert cif.held.expire(**ASK) == 0
    clock.advance(timedelta(days=91))
    assert cif.held.rows(**ASK) == []
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.held.show(batch, 2, actor=known(ASK["actor"], clock.now()), purpose=Purpose.OPERATIONS)
    assert cif.held.expire(**ASK) == 2
    with cif._desk.unit_of_work() as unit:
        assert unit.staging.rows() == []
    with pytest.raises(KeyMissingError):
        cif._desk.data_keys.get([key_id])
    assert cif.audit.verify(actor=ASK["actor"]).intact
    assert keys_fit(cif)


def test_a_batch_over_an_interface_twice_is_once(cif: CIF, channel: Channel) -> None:
    rows = [row(0), row(1, idno=BAD_ID), row(2), {"uid": "x", "shoe": "42"}]
    first = cif.receive(rows, channel, key="2026-11-24/1", **ASK)
    assert first.outcomes == {Outcome.NEW: 2}
    assert [(one.line, one.faults[0].rule) for one in first.held] == [(2, "check_digit"), (4, "unknown_column")]
    again = cif.receive(rows, channel, key="2026-11-24/1", **ASK)
    assert again.outcomes == {Outcome.UNCHANGED: 2}
    assert len(cif.held.rows(**ASK)) == 2
    changed = cif.receive([row(0, phone=row(5)["phone"])], channel, key="2026-11-24/1", **ASK)
    assert changed.outcomes[Outcome.UNCHANGED] == 0, "what says something else is not lost, whatever its key"


@pytest.mark.parametrize("wrong", [None, 3, {"uid": 3}, {1: "x"}], ids=str)
def test_a_row_that_is_none_is_held(cif: CIF, channel: Channel, wrong: Any) -> None:
    report = cif.receive([wrong], channel, key="k", **ASK)
    assert report.held[0].faults[0].rule == "broken_row"


def test_text_that_can_not_be_written_holds_its_row_and_no_other(cif: CIF, tmp_path: Path, channel: Channel) -> None:
    broken = line(1).replace(PEOPLE[1]["name"], "\\ud800")
    report = cif.load(write(tmp_path, [line(0), broken, line(2)]), channel, **ASK)
    assert report.outcomes == {Outcome.NEW: 2}
    assert [(one.line, one.faults[0].path, one.faults[0].rule) for one in report.held] == [(2, "$.name", "encoding")]
    assert cif.held.show(cif.held.rows(**ASK)[0].batch, 2, **ASK) == {"": broken}
    given = cif.receive([row(3, name="\ud800"), row(4)], channel, key="1", **ASK)
    assert [one.faults[0].rule for one in given.held] == ["encoding"]
    assert given.outcomes == {Outcome.NEW: 1}


def test_a_row_over_an_interface_has_a_file_s_limits(cif: CIF, channel: Channel) -> None:
    rows = [row(0, name="x" * 5000), row(1, name="x" * 1_000_000)]
    report = cif.receive(rows, channel, key="1", **ASK)
    assert [(one.faults[0].path, one.faults[0].rule) for one in report.held] == [
        ("$.name", "too_long"),
        ("$", "too_long"),
    ]
    with cif._desk.unit_of_work() as unit:
        assert all(len(one.sealed) < 100_000 for one in unit.staging.rows())


def test_a_broken_row_is_shown_in_its_own_encoding(cif: CIF, tmp_path: Path, channel: Channel) -> None:
    path = tmp_path / "app.jsonl"
    path.write_bytes("{张伟".encode("gb18030"))
    cif.load(path, attrs.evolve(channel, encoding="gb18030"), **ASK)
    assert cif.held.show(cif.held.rows(**ASK)[0].batch, 1, **ASK) == {"": "{张伟"}


@pytest.mark.parametrize("key", ["", "x" * 129, "a\nb"])
def test_an_idempotency_key_is_short_and_printable(cif: CIF, channel: Channel, key: str) -> None:
    with pytest.raises(ConfigurationError, match="idempotency"):
        cif.receive([], channel, key=key, **ASK)


def test_who_may_not_release_sees_nothing(cif: CIF, tmp_path: Path, channel: Channel) -> None:
    batch = loaded(cif, tmp_path, channel)
    loader = {**ASK, "actor": Actor(id="batch", roles={"loader"})}
    assert len(cif.held.rows(**loader)) == 2
    for attempt in (
        lambda: cif.held.show(batch, 2, **loader), lambda: cif.held.release(batch, 2, channel, **loader),
        lambda: cif.held.refuse(batch, 2, reason="x", **loader), lambda: cif.held.expire(**loader),
        lambda: cif.held.rows(actor=Actor(id="t", roles={"teller"}), purpose=Purpose.SERVICE),
    ):  # fmt: skip
        with pytest.raises(NotFoundOrNotAllowedError):
            attempt()
    assert len(cif.held.rows(**ASK)) == 2


def test_wrong_corrections_are_refused(cif: CIF, tmp_path: Path, channel: Channel) -> None:
    batch = loaded(cif, tmp_path, channel)
    with pytest.raises(InputError, match="no such column"):
        cif.held.release(batch, 2, channel, corrections={"shoe": "42"}, **ASK)
    with pytest.raises(InputError, match="came by channel app"):
        cif.held.release(batch, 2, attrs.evolve(channel, name="other"), **ASK)
    with pytest.raises(InputError, match="reason"):
        cif.held.refuse(batch, 2, reason=" ", **ASK)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.held.show("no such batch", 2, **ASK)


def test_an_agreement_that_has_ended_lets_nothing_in(cif: CIF, tmp_path: Path, clock: FixedClock) -> None:
    channel = mapped(tmp_path, '[agreement]\npurposes = ["operations"]\nexpires = 2026-11-24')
    assert cif.receive([row(0)], channel, key="1", **ASK).outcomes == {Outcome.NEW: 1}
    clock.advance(timedelta(days=1))
    with pytest.raises(AccessError, match="ended on 2026-11-24"):
        cif.receive([row(1)], channel, key="2", **ASK)
    with cif._desk.unit_of_work() as unit:
        assert b"agreement_expired" in list(unit.trail.between(0, 2**63 - 1))[-1].body


def test_an_agreement_covers_its_purposes_only() -> None:
    agreement = Agreement(purposes=frozenset({Purpose.OPERATIONS}))
    assert agreement.broken(date(2026, 11, 24), Purpose.OPERATIONS) == ""
    assert agreement.broken(date(2026, 11, 24), Purpose.MARKETING) == "agreement_purpose"
    assert Agreement().broken(date(2026, 11, 24), Purpose.MARKETING) == ""


def test_a_field_beyond_the_agreement_is_refused_and_audited(cif: CIF, tmp_path: Path) -> None:
    channel = mapped(tmp_path, 'allowed = ["name", "identifiers"]')
    seen: list[Any] = []
    report = cif.receive([row(0), row(1)], channel, key="1", each=seen.append, **ASK)
    assert report.warnings["field_not_allowed"] == 2
    assert cif.customers.get(seen[0].cif_no, **ASK).phone is None
    with cif._desk.unit_of_work() as unit:
        entries = [
            entry.body for entry in unit.trail.between(0, 2**63 - 1) if b'"rule":"field_not_allowed"' in entry.body
        ]
    assert len(entries) == 1
    assert b"refused" in entries[0]
    assert b"phone" in entries[0]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('[agreement]\npurposes = ["fun"]', "agreement.purposes"), ('[agreement]\nexpires = "soon"', "agreement.expires"),
        ("[agreement]\nexpires = 2026-11-24T10:00:00", "agreement.expires"), ("[agreement]\nmore = 1", "agreement.more"),
    ],
)  # fmt: skip
def test_an_agreement_of_another_shape_is_refused(tmp_path: Path, more: str, said: str) -> None:
    with pytest.raises(MappingError, match=said):
        mapped(tmp_path, more)


def test_faults_are_counted_by_rule_channel_and_operator(cif: CIF, channel: Channel, clock: FixedClock) -> None:
    bo = {**ASK, "actor": Actor(id="s.bo", roles=ALL_ROLES, branch="b")}
    cif.receive([row(0), row(1, idno=BAD_ID), row(2, idno=BAD_ID), {"uid": "9", "shoe": "1"}], channel, key="1", **ASK)
    cif.receive([row(3, idno=BAD_ID), row(4, phone="13800138000")], channel, key="2", **bo)
    with pytest.raises(IntakeError):
        register(cif, bo["actor"], "1", identifiers=[{"scheme": "cn.resident_id", "number": BAD_ID}])
    clock.advance(timedelta(days=1))
    with pytest.raises(IntakeError):
        register(cif, bo["actor"], "1", name="A#")

    def counts(**more: Any) -> dict[tuple[str, str, str, str], int]:
        found = cif.fault_counts(**ASK, **more)
        return {(one.severity, one.rule, one.channel, one.actor): one.count for one in found}

    assert counts() == {
        ("error", "check_digit", "app", "s.wu"): 2, ("error", "unknown_column", "app", "s.wu"): 1,
        ("error", "check_digit", "app", "s.bo"): 1, ("error", "check_digit", "counter", "s.bo"): 1,
        ("error", "characters", "counter", "s.bo"): 1, ("warning", "placeholder", "app", "s.bo"): 1, ("warning", "sample_number", "counter", "s.bo"): 2,
    }  # fmt: skip
    assert next(iter(counts(since=date(2026, 11, 25)))) == ("error", "characters", "counter", "s.bo")
    assert sum(counts(until=date(2026, 11, 24)).values()) == 7
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.fault_counts(actor=Actor(id="t", roles={"teller"}), purpose=Purpose.SERVICE)
    assert cif.audit.verify(actor=ASK["actor"]).intact
