"""A call of the public API: traced if the bank traces, and told to the log however it ends."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tests.flows.test_register import ID, register

from bankcif import CIF, Actor, Purpose
from bankcif.errors import BankCIFError, IdentifierError, InputError, NotFoundOrNotAllowedError, StorageError
from bankcif.flows import call

AUDITOR = Actor(id="a.sun", roles={"auditor"})
SERVICE = Purpose.SERVICE


@pytest.fixture(scope="module")
def exporter() -> InMemorySpanExporter:
    found = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(found))
    trace.set_tracer_provider(provider)
    return found


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> InMemorySpanExporter:
    exporter.clear()
    return exporter


def tried(cif: CIF, who: str) -> list[tuple[str, str, str]]:
    return [(line.action, line.outcome, line.rule) for line in cif.audit.deeds(who, actor=AUDITOR)]


def test_a_call_is_a_span_that_joins_the_log(cif: CIF, steward: Actor, spans: InMemorySpanExporter) -> None:
    done = register(cif, steward, "1")
    cif.customers.get(done.cif_no, actor=steward, purpose=SERVICE)
    first, second = spans.get_finished_spans()
    assert [first.name, second.name] == ["bankcif.customers.register", "bankcif.customers.get"]
    assert dict(second.attributes or {}) == {
        "bankcif.tenant": cif._desk.tenant, "user.id": "s.wu", "bankcif.purpose": "service"
    }  # fmt: skip
    lines = cif.audit.deeds("s.wu", actor=AUDITOR)
    assert [line.correlation for line in lines] == [
        format(one.context.trace_id, "032x") for one in (first, second) if one.context
    ]


def test_the_service_s_own_correlation_stands(cif: CIF, spans: InMemorySpanExporter) -> None:
    register(cif, Actor(id="s", roles={"steward"}, correlation="req-1"), "1")
    assert [line.correlation for line in cif.audit.deeds("s", actor=AUDITOR)] == ["req-1"]


def test_a_span_of_what_failed_says_how_and_no_value(cif: CIF, steward: Actor, spans: InMemorySpanExporter) -> None:
    register(cif, steward, "1")
    with pytest.raises(IdentifierError):
        cif.customers.find(phone="secret-term", actor=steward, purpose=SERVICE)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.customers.find(phone="15412345678", actor=Actor(id="x"), purpose=SERVICE)
    _, bad, denied = spans.get_finished_spans()
    for one, code in ((bad, "identifier"), (denied, "not_found_or_not_allowed")):
        assert (one.attributes or {})["error.type"] == code
        assert not one.status.is_ok
        assert one.events == ()
    for one in spans.get_finished_spans():
        for value in ("secret-term", "15412345678", ID, "张伟国"):
            assert value not in one.to_json()


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> InMemoryMetricReader:
    found = InMemoryMetricReader()
    made = MeterProvider([found]).get_meter("test").create_histogram("bankcif.call.duration", unit="s")
    monkeypatch.setattr(call, "_watching", lambda: (trace, made))
    return found


def test_a_call_is_measured_by_name_purpose_and_how_it_ended(
    cif: CIF, steward: Actor, reader: InMemoryMetricReader
) -> None:
    done = register(cif, steward, "1")
    register(cif, steward, "2", channel="card")
    for _ in range(3):
        cif.customers.get(done.cif_no, actor=steward, purpose=SERVICE)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.customers.get(done.cif_no, actor=Actor(id="x"), purpose=SERVICE)
    data = reader.get_metrics_data()
    assert data is not None
    (metric,) = data.resource_metrics[0].scope_metrics[0].metrics
    assert (metric.name, metric.unit) == ("bankcif.call.duration", "s")
    tenant = {"bankcif.tenant": cif._desk.tenant}
    register_ = {**tenant, "bankcif.call": "customers.register"}
    get = {**tenant, "bankcif.call": "customers.get", "bankcif.purpose": "service"}
    counts = {tuple(sorted((one.attributes or {}).items())): one.count for one in metric.data.data_points}
    assert counts == {
        tuple(sorted(one.items())): count
        for one, count in (
            ({**register_, "bankcif.outcome": "new"}, 1), ({**register_, "bankcif.outcome": "linked"}, 1),
            (get, 3), ({**get, "error.type": "not_found_or_not_allowed"}, 1),
        )
    }  # fmt: skip
    assert all(0 < one.sum < 60 for one in metric.data.data_points)
    said = data.to_json()
    for value in ("s.wu", done.cif_no, "15412345678", ID):
        assert value not in said, "no person stands in a metric"


def test_without_tracing_nothing_changes(cif: CIF, steward: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call, "_watching", lambda: None)
    register(cif, steward, "1")
    assert [line.correlation for line in cif.audit.deeds("s.wu", actor=AUDITOR)] == [""]


def test_every_failed_attempt_is_told_once(cif: CIF, steward: Actor, checker: Actor) -> None:
    done = register(cif, steward, "1")
    other = register(cif, steward, "2", identifiers=None, phone="15499999999", name="李四")
    who = Actor(id="w", roles=steward.roles)
    attempts = {
        "find": lambda: cif.customers.find(phone="abc", actor=who, purpose=SERVICE),
        "reveal": lambda: cif.customers.reveal(done.cif_no, {"shoe"}, actor=who, purpose=Purpose.COMPLIANCE),
        "propose_merge": lambda: cif.matches.propose_merge(done.cif_no, done.cif_no, actor=who, reason="r"),
        "propose_unmerge": lambda: cif.matches.propose_unmerge(other.cif_no, actor=who, reason="r"),
        "register": lambda: register(cif, who, "3", name="1"),
        "view": lambda: cif.customers.get("C", actor=who, purpose=SERVICE),
        "decide": lambda: cif.approvals.approve("nothing", actor=who),
        "load": lambda: cif.load("none.csv", "none.toml", actor=who),
        "incident": lambda: cif.audit.incident(None, None, actor=who),  # type: ignore[arg-type]
    }
    for attempt in attempts.values():
        with pytest.raises(BankCIFError):
            attempt()
    found = tried(cif, "w")
    assert [action for action, _, _ in found] == list(attempts)
    assert {outcome for _, outcome, _ in found} == {"refused"}
    assert {action: rule for action, _, rule in found}["register"] == "intake"
    assert cif.audit.verify(actor=AUDITOR).intact


def test_what_is_no_error_of_ours_is_told_too(cif: CIF, monkeypatch: pytest.MonkeyPatch) -> None:
    who = Actor(id="w", roles={"steward"})
    monkeypatch.setattr("bankcif.flows.query._terms", lambda *_, **__: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        cif.customers.find(phone="15412345678", actor=who, purpose=Purpose.OPERATIONS)
    assert tried(cif, "w") == [("find", "refused", "error")]


def test_a_failed_attempt_whose_entry_fails_too_raises_what_failed_first(
    sqlite_cif: CIF, steward: Actor, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with sqlite3.connect(tmp_path / "cif.db") as raw:
        raw.execute("DROP TABLE audit_entry")
        raw.execute("DROP TABLE blind_index")
    with pytest.raises(StorageError):
        sqlite_cif.customers.find(phone="15412345678", actor=steward, purpose=SERVICE)
    assert "a failed attempt could not be told to the audit log (storage)" in caplog.text


def test_input_errors_keep_what_they_say(cif: CIF, steward: Actor) -> None:
    with pytest.raises(InputError) as caught:
        cif.customers.find(actor=steward, purpose=SERVICE)
    assert (caught.value.rule, caught.value.__context__, caught.value.__cause__) == ("search", None, None)
