"""Cleaning a file of duplicates, and learning from it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow.csv import read_csv

from bankcif.engines import LocalEngine
from bankcif.engines.pairs import weigh
from bankcif.errors import FileError, MappingError, TrainingError
from bankcif.flows.dedupe import dedupe
from bankcif.flows.dedupe_files import cluster_tables, pair_tables, write_tables
from bankcif.flows.file_rows import read_labels, read_lanes
from bankcif.flows.train import Labels, train_model
from bankcif.intake import FileMap, open_columns
from bankcif.matching import LinkPolicy, MatchModel, default_model
from bankcif.party import PartyKind
from bankcif.testing.factories import make_world
from bankcif.testing.linking import LINKING_COLUMNS as COLUMNS, linking_rows

MODEL = default_model(PartyKind.INDIVIDUAL)


class CountingIds:
    """Draws the same bytes in every run."""

    def __init__(self) -> None:
        self._drawn = 0

    def draw(self, length: int) -> bytes:
        self._drawn += 1
        return self._drawn.to_bytes(length)


def write(path: Path, rows: Sequence[Sequence[str]], columns: Sequence[str] = COLUMNS) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(pa.table({name: [row[at] or None for row in rows] for at, name in enumerate(columns)}), path)
    else:
        path.write_text("\n".join([",".join(columns), *(",".join(row) for row in rows)]) + "\n", encoding="utf-8")
    return path


def person(
    key: str, name: str, *, number: str = "", phone: str = "", born: str = "", truth: str = ""
) -> tuple[str, ...]:
    return (key, name, number, phone, born, "", "", "", truth)


ID, CHILD = "880101199003071098", "880101201811250019"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some thousand rows of made-up people."""
    rows = list(linking_rows(make_world(3000, 0, 5), 5))
    return write(tmp_path_factory.mktemp("world") / "rows.parquet", rows)


def test_a_file_of_made_up_people_is_linked_well_without_labels(world: Path) -> None:
    reading = read_lanes([world], truth="person")
    trained = train_model(reading.lanes, MODEL, version="t", ids=CountingIds())
    for found in (dedupe(reading, learn=False).evaluations(), dedupe(reading, model=trained.model).evaluations()):
        assert found["automatic"].precision > 0.999
        assert found["links"].precision > 0.99
        assert found["links"].recall > 0.95


def test_training_finds_how_many_matches_there_are(world: Path) -> None:
    reading = read_lanes([world], truth="person")
    trained = train_model(reading.lanes, MODEL, version="2026-x", ids=CountingIds())
    assert reading.truth is not None
    counts: dict[int, int] = {}
    for party in reading.truth.tolist():
        counts[party] = counts.get(party, 0) + 1
    true = sum(count * (count - 1) // 2 for count in counts.values())
    assert trained.matches == pytest.approx(true, rel=0.1)
    assert trained.model.version == "2026-x"
    again = train_model(reading.lanes, MODEL, version="2026-x", ids=CountingIds())
    assert again.model.to_document() == trained.model.to_document()
    MatchModel.from_document(json.loads(json.dumps(trained.model.to_document())))


def test_labels_are_taken_as_they_are_and_what_meets_nowhere_is_told(world: Path) -> None:
    reading = read_lanes([world])
    plain = train_model(reading.lanes, reading.default_model(), version="t", ids=CountingIds())
    pairs = LocalEngine().pairs(reading.lanes, reading.default_model())
    weight = reading.default_model().weights(pairs.patterns)
    sure = np.flatnonzero(weight > 20_000)[:300]
    lost = (0, int(np.flatnonzero(~np.isin(np.arange(len(reading.lanes)), pairs.right))[1]))
    labels = Labels(
        left=np.append(pairs.left[sure].astype(np.int64), lost[0]),
        right=np.append(pairs.right[sure].astype(np.int64), lost[1]),
        same=np.zeros(len(sure) + 1, np.bool_),
    )
    told = train_model(reading.lanes, reading.default_model(), version="t", labels=labels, ids=CountingIds())
    # Three hundred sure matches are said to be none: so many fewer are found.
    assert plain.matches - told.matches > 250
    assert "1 labelled pairs meet under no blocking rule and were not learned from" in told.remarks
    assert "300 labels" in told.model.source
    agreeing = attrs.evolve(labels, same=np.ones(len(sure) + 1, np.bool_))
    same = train_model(reading.lanes, reading.default_model(), version="t", labels=agreeing, ids=CountingIds())
    assert same.matches == pytest.approx(plain.matches, rel=0.01)


@pytest.mark.parametrize(
    ("row", "good"),
    [
        ("A,B,yes", True),
        ("B,A,否", True),
        ("A,A,yes", False),
        ("A,Z,yes", False),
        ("A,B,maybe", False),
        ("A,,no", False),
    ],
)
def test_labels_are_read_from_a_file(tmp_path: Path, row: str, good: bool) -> None:
    reading = read_lanes([write(tmp_path / "a.csv", [person("A", "张伟"), person("B", "李娜")])])
    path = tmp_path / "labels.csv"
    path.write_text(f"left_key,right_key,same\n{row}\n", encoding="utf-8")
    if good:
        labels = read_labels(path, reading)
        assert {int(labels.left[0]), int(labels.right[0])} == {0, 1}
        assert labels.same.tolist() == [row.endswith("yes")]
    else:
        with pytest.raises(FileError, match="line 2"):
            read_labels(path, reading)


def test_too_few_matches_are_refused(tmp_path: Path) -> None:
    rows = [person(f"R{n}", f"张{chr(0x4E00 + n)}", phone=f"154{n:08}") for n in range(100)]
    reading = read_lanes([write(tmp_path / "a.csv", rows)])
    with pytest.raises(TrainingError, match="are matches"):
        train_model(reading.lanes, MODEL, version="t")


def clusters(path: Path, **more: Any) -> dict[str, str]:
    """Row key to the row key of its cluster's founder."""
    found = dedupe(read_lanes([path], **more))
    keys = found.reading.keys.to_pylist()
    return {key: keys[founder] for key, founder in zip(keys, found.clusters.founder.tolist(), strict=True)}


def test_csv_and_parquet_give_the_same(tmp_path: Path) -> None:
    rows = [
        person("A", "张伟国", number=ID),
        person("B", "張偉國", number=ID.lower()),
        person("C", "李娜", phone="15400008000"),
    ]
    expected = {"A": "A", "B": "A", "C": "C"}
    assert clusters(write(tmp_path / "a.csv", rows)) == clusters(write(tmp_path / "a.parquet", rows)) == expected


def test_a_childs_record_under_a_parents_number_stays_apart_and_is_asked_about(tmp_path: Path) -> None:
    rows = [
        person("A", "张伟国", number=ID, phone="15400008000", born="19900307"),
        person("B", "张小明", number=ID, phone="15400008000", born="20181125"),
        person("C", "张伟国", number=ID, phone="15400008000"),
    ]
    found = dedupe(read_lanes([write(tmp_path / "a.csv", rows)]))
    assert found.clusters.founder.tolist() == [0, 1, 0]
    asked = {
        (int(a), int(b)) for a, b, p in zip(found.edges.left, found.edges.right, found.edges.possible, strict=True) if p
    }
    assert (0, 1) in asked


def test_a_chain_over_a_record_without_a_number_is_cut(tmp_path: Path) -> None:
    rows = [
        person("A", "张伟国", number=ID, phone="15400008000"),
        person("B", "张伟国", phone="15400008000"),
        person("C", "张伟国", number=CHILD, phone="15400008000"),
    ]
    found = dedupe(read_lanes([write(tmp_path / "a.csv", rows)]))
    assert found.clusters.founder[0] != found.clusters.founder[2]
    assert len(found.clusters.cut)


def test_headers_in_chinese_and_gb18030_are_known(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(
        "客户号,姓名,证件号码,手机号\n1,张伟国,880101199003071098,15400008000\n2,张伟国,880101199003071098,\n".encode(
            "gb18030"
        )
    )
    assert clusters(path) == {"1": "1", "2": "1"}


def test_parts_of_a_name_are_joined_and_a_file_may_have_no_key(tmp_path: Path) -> None:
    rows = [("Weiguo", "Zhang", "15400008000"), ("Zhang", "Weiguo", "+86 154 0000 8000")]
    path = write(tmp_path / "a.csv", rows, ("first_name", "surname", "mobile"))
    assert clusters(path) == {"1": "1", "2": "1"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"a,b\n1,2\n", "no column of .* is known"),
        (b"name,phone\n", "has no rows"),
        (b"name,phone\n,\n,\n", "no row of .* holds a name"),
        (b"row_id,name\nA,x\nA,y\n", "stand there more than once"),
        (b"row_id,name\nA,x\n,y\n", "have no row key"),
        (b"name,name\nx,y\n", "must name every column once"),
        (b"PAR1 and then nothing", "no whole Parquet file"),
        (b"\x00\x01\x02\xff\xfe\xfd" * 30, "neither Parquet nor text"),
        (b"name,phone\n" + "张伟,1\n".encode() * 9_000 + b"\xff\xfe,2\n", "can not be read to its end"),
    ],
)  # fmt: skip
def test_a_file_that_can_not_be_used_is_refused_in_one_sentence(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises((FileError, MappingError), match=message):
        read_lanes([path])


def test_a_file_without_a_header_tells_no_value(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("张伟国,880101199003071098,15400008000\n李娜,,15400009000\n", encoding="utf-8")
    for given in (None, FileMap(columns={"name": ("name",)})):
        with pytest.raises((FileError, MappingError)) as caught:
            read_lanes([path], given)
        for value in ("张伟国", "880101199003071098", "15400008000"):
            assert value not in str(caught.value)


def test_a_missing_file_or_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="does not exist"):
        read_lanes([tmp_path / "none.csv"])
    path = write(tmp_path / "a.csv", [person("A", "张伟")])
    with pytest.raises(FileError, match="no column shoe"):
        read_lanes([path], FileMap(columns={"name": ("shoe",)}))
    with pytest.raises(MappingError, match="there is no scheme shoe"):
        read_lanes([path], FileMap(columns={"document.shoe": ("name",)}))
    with pytest.raises(FileError, match="no column who"):
        read_lanes([path], truth="who")


def test_ten_thousand_rows_on_one_phone_do_not_stop_a_run(tmp_path: Path) -> None:
    rows = [person(f"R{n}", "张王李赵陈"[n % 5] + chr(0x4E00 + n), phone="15400008000") for n in range(10_000)]
    found = dedupe(read_lanes([write(tmp_path / "a.parquet", rows)]))
    report = next(report for report in found.reports if report.rule == "phone")
    assert (report.largest, report.narrowed, report.capped, report.left_out) == (10_000, 1, 0, 0)
    numbers = [person(f"R{n}", "", phone="15400008000") for n in range(10_000)]
    found = dedupe(read_lanes([write(tmp_path / "b.parquet", numbers)]))
    report = next(report for report in found.reports if report.rule == "phone")
    assert (report.narrowed, report.left_out) == (1, 10_000)
    assert len(found.pairs) < 1_000_000


def test_a_file_with_more_rows_than_it_says_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"row_id": ["1", "2"], "name": ["王伟", "李娜"]}), path)
    monkeypatch.setattr("bankcif.flows.file_rows.open_columns", lambda path: attrs.evolve(open_columns(path), rows=1))
    with pytest.raises(FileError, match="more rows than it says"):
        read_lanes([path])


@pytest.mark.parametrize("name", [[["王"]], [b"\xff\xfe"]], ids=["lists", "bytes that are no text"])
def test_a_column_that_is_no_text_is_refused(tmp_path: Path, name: list[Any]) -> None:
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"row_id": ["1"], "name": name}), path)
    with pytest.raises(FileError, match="can not be read to its end"):
        read_lanes([path])


def test_many_threads_read_what_one_reads_and_every_run_says_the_same(world: Path) -> None:
    unkeyed = attrs.evolve(FileMap.guessed(COLUMNS, world), key="")
    one, two = (read_lanes([world, world], unkeyed, workers=count) for count in (1, 5))
    assert (one.lanes == two.lanes).all()
    assert one.keys.to_pylist() == two.keys.to_pylist()
    first, second = dedupe(read_lanes([world])), dedupe(read_lanes([world]))
    assert first.learned
    assert first.model.to_document() == second.model.to_document()
    assert first.clusters.founder.tolist() == second.clusters.founder.tolist()


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_what_is_written_part_by_part_is_what_is_written_at_once(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    found = dedupe(read_lanes([world]), learn=False)
    written = []
    for name, rows in (("once", 1 << 20), ("parts", 700)):
        monkeypatch.setattr("bankcif.flows.dedupe_files._ROWS", rows)
        files = [tmp_path / f"{name}{suffix}", tmp_path / f"{name}.pairs{suffix}"]
        write_tables({files[0]: lambda: cluster_tables(found), files[1]: lambda: pair_tables(found)})
        read = pq.read_table if suffix == ".parquet" else read_csv
        written.append([read(path).to_pylist() for path in files])
    assert written[0] == written[1]
    clusters, pairs = written[0]
    assert len(clusters) == len(found.reading.lanes)
    assert len(pairs) == len(found.edges)
    weights = [pair["weight_bits"] for pair in pairs]
    assert weights == sorted(weights, reverse=True)


def test_many_threads_weigh_what_one_weighs(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reading = read_lanes([world])
    found = dedupe(reading)
    monkeypatch.setattr("bankcif.engines.pairs._MANY", 1_000)
    for workers in (1, 3):
        edges = weigh(found.pairs, reading.lanes, found.model, LinkPolicy(), workers=workers)
        for name in ("left", "right", "weight_millibits", "patterns", "automatic", "possible", "contradicted"):
            assert getattr(edges, name).tolist() == getattr(found.edges, name).tolist(), name
    parts = attrs.evolve(found.pairs).counted()
    for one, other in zip(parts, found.pairs.counted(), strict=True):
        assert one.tolist() == other.tolist()


def test_without_the_numbers_of_its_rows_a_result_writes_the_same(world: Path) -> None:
    found = dedupe(read_lanes([world]), learn=False)
    lean = found.without_lanes()
    assert len(lean.reading.lanes) == 0
    for tables in (cluster_tables, pair_tables):
        assert [part.to_pylist() for part in tables(lean)] == [part.to_pylist() for part in tables(found)]
