"""Loading files: good rows in, bad rows held, twice is once, stopped is no harm."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import TRUST, insides, keys_fit

from bankcif import CIF, Actor, LocalKeyProvider, Outcome, Purpose
from bankcif.errors import ConfigurationError, FileError, InputError, NotFoundOrNotAllowedError
from bankcif.flows.load import LoadedRow
from bankcif.party import ReferenceTables
from bankcif.testing.factories import forms, make_world

MAPPING = """
name = "app"
source = "{source}"
format = "jsonl"
key = "uid"
requires = "lead"
[columns]
uid = ""
name = "name"
phone = "phone"
idno = "identifiers.cn.resident_id"
"""

PEOPLE = list(forms(make_world(1300, 0, seed=5)))


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    path = tmp_path / "app.toml"
    path.write_text(MAPPING.format(source="app"), encoding="utf-8")
    return path


def line(n: int, **more: Any) -> str:
    person = PEOPLE[n]
    row = {"uid": f"U{n}", "name": person["name"], "phone": person["phone"], "idno": person["identifiers"][0]["number"]}
    return json.dumps({**row, **more}, ensure_ascii=False)


def write(tmp_path: Path, lines: list[str]) -> Path:
    path = tmp_path / "app.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def contents(cif: CIF) -> dict[str, Any]:
    """All rows of a store in memory, but for the log's."""
    data = insides(cif)
    names = (
        "parties",
        "golden",
        "facts",
        "sources",
        "links",
        "claims",
        "indexes",
        "tasks",
        "approvals",
        "staged",
        "outbox",
    )
    return {name: dict(getattr(data, name).rows) for name in names}


def test_good_rows_come_in_and_bad_ones_are_held(cif: CIF, steward: Actor, tmp_path: Path, mapping: Path) -> None:
    lines = [line(0), line(1, idno="110105194912310021"), "{broken", line(2), line(3, phone="12", idno="")]
    report = cif.load(write(tmp_path, lines), mapping, actor=steward)
    assert (report.rows, report.outcomes) == (5, {Outcome.NEW: 2})
    assert [(row.line, [(f.path, f.rule) for f in row.faults]) for row in report.held] == [
        (2, [("$.identifiers[0].number", "check_digit")]),
        (3, [("$", "broken_row")]),
        (5, [("$.phone", "not_possible")]),
    ]
    with cif._desk.unit_of_work() as unit:
        staged = unit.staging.rows()
    assert [row.line for row in staged] == [2, 3, 5]
    assert all(b"110105194912310021" not in row.sealed + row.faults for row in staged)


def test_the_same_file_again_changes_nothing(cif: CIF, steward: Actor, tmp_path: Path, mapping: Path) -> None:
    # Two rows of one key that differ, and a bad row: none of them may come in twice.
    path = write(tmp_path, [line(0), line(0, name="张三"), line(0), line(1), "{broken"])
    first: list[LoadedRow] = []
    second: list[LoadedRow] = []
    cif.load(path, mapping, actor=steward, each=first.append)
    before = contents(cif)
    again = cif.load(path, mapping, actor=steward, each=second.append)
    assert contents(cif) == before
    assert again.outcomes == {Outcome.UNCHANGED: 4}
    assert [row.cif_no for row in first] == [row.cif_no for row in second]


def test_the_same_rows_in_another_file_change_nothing_either(
    cif: CIF, steward: Actor, tmp_path: Path, mapping: Path
) -> None:
    cif.load(write(tmp_path, [line(0), line(1)]), mapping, actor=steward)
    before = contents(cif)
    report = cif.load(write(tmp_path, [line(1), line(0)]), mapping, actor=steward)
    assert report.outcomes == {Outcome.UNCHANGED: 2}
    assert contents(cif) == before


def test_rows_of_one_batch_meet_each_other(cif: CIF, steward: Actor, tmp_path: Path, mapping: Path) -> None:
    path = write(tmp_path, [line(0), line(0, uid="other"), line(0, uid="third", idno="")])
    report = cif.load(path, mapping, actor=steward)
    assert report.outcomes == {Outcome.NEW: 1, Outcome.LINKED: 1, Outcome.POSSIBLE_MATCH: 1}
    assert report.waiting == 1


def test_one_by_one_and_in_a_batch_give_the_same(
    tables: ReferenceTables, steward: Actor, tmp_path: Path, mapping: Path
) -> None:
    from bankcif import MemoryKeyStore, MemoryRepository

    lines = [line(n % 40, uid=f"U{n}", **({"idno": ""} if n % 3 == 0 else {})) for n in range(90)]
    found = []
    for size in (1, 7, 500):
        import bankcif.flows.load as load_flow

        cif = CIF(
            repository=MemoryRepository(), tenant="t", keys=LocalKeyProvider.generate(), key_store=MemoryKeyStore(),
            tables=tables, trust=TRUST,
        )  # fmt: skip
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(load_flow, "_BATCH", size)
            rows: list[LoadedRow] = []
            cif.load(write(tmp_path, lines), mapping, actor=steward, each=rows.append)
        numbers = {cif_no: n for n, cif_no in enumerate(dict.fromkeys(row.cif_no for row in rows))}
        tasks = cif.matches.tasks(actor=steward, purpose=Purpose.OPERATIONS)
        pairs = sorted(tuple(sorted((numbers[t.cif_no], numbers[t.other]))) for t in tasks)
        found.append(([(numbers[row.cif_no], row.outcome) for row in rows], pairs))
    assert found[0] == found[1] == found[2]


def test_a_load_that_was_stopped_is_simply_run_again(
    tables: ReferenceTables, steward: Actor, tmp_path: Path, mapping: Path
) -> None:
    path = write(tmp_path, [line(n) for n in range(1200)])
    LocalKeyProvider.generate().write(tmp_path / "keys.json")
    keys = LocalKeyProvider.from_file(tmp_path / "keys.json")
    url = f"sqlite:///{tmp_path / 'cif.db'}"

    def stop(rows: int) -> None:
        raise KeyboardInterrupt

    with CIF.open(url, tenant="t", keys=keys, tables=tables) as cif, pytest.raises(KeyboardInterrupt):
        cif.load(path, mapping, actor=steward, progress=stop)
    with CIF.open(url, tenant="t", keys=keys, tables=tables, create=False) as cif:
        assert cif.audit.verify(actor=steward).intact
        report = cif.load(path, mapping, actor=steward)
        assert report.outcomes == {Outcome.UNCHANGED: 500, Outcome.NEW: 700}
        assert cif.audit.verify(actor=steward).intact
        assert keys_fit(cif) >= 1200


def test_a_fault_in_the_middle_of_a_batch_leaves_nothing_of_it(
    cif: CIF, steward: Actor, tmp_path: Path, mapping: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import bankcif.flows.register as flow

    before = contents(cif)

    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(flow, "record", fail)
    with pytest.raises(RuntimeError):
        cif.load(write(tmp_path, [line(0), line(1)]), mapping, actor=steward)
    assert contents(cif) == before


def test_who_may_not_load_is_refused(cif: CIF, tmp_path: Path, mapping: Path) -> None:
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.load(write(tmp_path, [line(0)]), mapping, actor=Actor(id="t", roles={"teller"}))


def test_a_missing_file_and_an_unknown_scheme_are_told_before_anything(
    cif: CIF, steward: Actor, tmp_path: Path, mapping: Path
) -> None:
    with pytest.raises(FileError):
        cif.load(tmp_path / "none.jsonl", mapping, actor=steward)
    mapping.write_text(MAPPING.format(source="app").replace("cn.resident_id", "cn.driving"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"cn\.driving"):
        cif.load(write(tmp_path, [line(0)]), mapping, actor=steward)


def test_an_occasion_without_a_standard_is_told_before_anything(
    cif: CIF, steward: Actor, tmp_path: Path, mapping: Path
) -> None:
    mapping.write_text(mapping.read_text(encoding="utf-8").replace('"lead"', '"everything"'), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="there are account, lead"):
        cif.load(write(tmp_path, [line(0)]), mapping, actor=steward)
    assert cif.audit.verify(actor=steward).entries == 2  # the founding, and the attempt


def test_sqlite_and_memory_come_to_the_same(
    cif: CIF, sqlite_cif: CIF, steward: Actor, tmp_path: Path, mapping: Path
) -> None:
    lines = [line(n % 60, uid=f"U{n % 70}", **({"idno": ""} if n % 4 == 0 else {})) for n in range(150)]
    path = write(tmp_path, lines)
    outcomes = []
    for one in (cif, sqlite_cif):
        report = one.load(path, mapping, actor=steward)
        summary = one.summarize(actor=steward, purpose=Purpose.OPERATIONS)
        outcomes.append((report.outcomes, report.waiting, summary))
    assert outcomes[0] == outcomes[1]


def as_text(n: int) -> dict[str, Any]:
    return json.loads(line(n))  # type: ignore[no-any-return]


def batches_of(kind: str, rows: list[dict[str, Any]], size: int) -> list[Any]:
    """*rows* as batches of the library *kind*."""
    parts = [rows[at : at + size] for at in range(0, len(rows), size)]
    if kind == "polars":
        polars = pytest.importorskip("polars")
        return [polars.DataFrame(part) for part in parts]
    arrow = pytest.importorskip("pyarrow")
    tables = [arrow.Table.from_pylist(part) for part in parts]
    return tables if kind == "arrow table" else [batch for table in tables for batch in table.to_batches()]


@pytest.mark.parametrize("kind", ["polars", "arrow table", "arrow record batch"])
def test_batches_of_columns_are_loaded_as_the_same_rows_of_a_file_are(
    cif: CIF, mapping: Path, steward: Actor, tmp_path: Path, kind: str
) -> None:
    rows = [as_text(n) for n in range(1100)]
    rows[3]["idno"] = "not a number"
    batches = batches_of(kind, rows, 700)
    report = cif.load(iter(batches), mapping, key="2026-11-27", actor=steward)
    assert (report.rows, report.held_count, report.outcomes[Outcome.NEW]) == (1100, 1, 1099)
    assert [row.line for row in report.held] == [4]
    again = cif.load(batches, mapping, key="2026-11-27", actor=steward)
    assert (again.outcomes[Outcome.UNCHANGED], again.rows) == (1099, 1100)
    assert len(cif.held.rows(actor=steward, purpose=Purpose.OPERATIONS)) == 1, "what was held is not held twice"
    file = write(tmp_path, [json.dumps(row, ensure_ascii=False) for row in rows])
    same = cif.load(file, mapping, actor=steward)
    assert (same.outcomes[Outcome.UNCHANGED], same.held_count) == (1099, 1)


def test_batches_need_a_key_and_the_columns_of_the_mapping(cif: CIF, mapping: Path, steward: Actor) -> None:
    polars = pytest.importorskip("polars")
    good = polars.DataFrame([as_text(0)])
    with pytest.raises(ConfigurationError, match="idempotency key"):
        cif.load([good], mapping, actor=steward)
    with pytest.raises(InputError, match="columns idno of the mapping are missing"):
        cif.load([good, good.drop("idno")], mapping, key="k", actor=steward)
    found = cif.customers.find(phone=as_text(0)["phone"], actor=steward, purpose=Purpose.OPERATIONS)
    assert len(found) == 1, "what came before it was taken in"
    for wrong in ([{"uid": "1"}], ["U1"], [None], [3]):
        with pytest.raises(InputError, match="an Arrow table or record batch, or a Polars data frame"):
            cif.load(wrong, mapping, key="k2", actor=steward)
    long = polars.DataFrame({**{name: [text] for name, text in as_text(1).items()}, "name": ["伟" * 70_000]})
    report = cif.load([long], mapping, key="k4", actor=steward)
    assert [row.faults[0].rule for row in report.held] == ["too_long"]
    nested = polars.DataFrame({**{name: [text] for name, text in as_text(1).items()}, "phone": [["1", "2"]]})
    report = cif.load([nested], mapping, key="k3", actor=steward)
    assert [(row.faults[0].path, row.faults[0].rule) for row in report.held] == [("$.phone", "broken_row")]


def test_numbers_and_days_of_columns_are_read_as_a_file_s_are(cif: CIF, mapping: Path, steward: Actor) -> None:
    arrow = pytest.importorskip("pyarrow")
    row = as_text(2)
    table = arrow.table({
        "uid": arrow.array([17], arrow.int64()), "name": [row["name"]], "idno": [row["idno"]],
        "phone": arrow.array([int(row["phone"])], arrow.int64()),
    })  # fmt: skip
    report = cif.load([table], mapping, key="numbers", actor=steward)
    assert report.outcomes[Outcome.NEW] == 1
    (view,) = cif.customers.find(phone=row["phone"], actor=steward, purpose=Purpose.OPERATIONS)
    assert view.phone
