"""`bankcif dedupe` as a user drives it: right input, wrong input, one clear sentence, nothing left of what failed."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from bankcif.cli import main
from bankcif.matching.link_policy import POLICY_FORMAT
from bankcif.testing.factories import make_world
from bankcif.testing.linking import LINKING_COLUMNS, linking_rows

ID = "880101199003071098"
ROWS = f"""row_id,name,id_no,phone,birth_date
A,张伟国,{ID},15400008000,19900307
B,張偉國,,+86 154 0000 8000,19900307
C,张小明,{ID},15400008000,20181125
D,李娜,,15400009000,19850214
"""


def run(*arguments: object, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    return int(ended.value.code or 0), said.out, said.err


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


def test_pandas_and_linear_algebra_are_not_looked_for(rows: Path, tmp_path: Path) -> None:
    """
    Arrow imports pandas, where it is installed, to see whether what it is given is of pandas: a third of a second a run; the compiler looks for
    SciPy's linear algebra, a tenth of one and 25 MiB.
    """
    refuse = (
        "import sys\n"
        "class Refused:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        assert name not in ('pandas', 'scipy.linalg')\n"
        "sys.meta_path.insert(0, Refused())\n"
        "from bankcif.cli import main\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        "    assert 'scipy.linalg.cython_blas' not in sys.modules, 'whoever wants it finds it again'\n"
    )
    for out in ("out.parquet", "out.csv"):
        words = ["dedupe", str(rows), "--out", str(tmp_path / out), "--json"]
        done = subprocess.run([sys.executable, "-c", refuse, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_clusters_and_pairs_are_written(rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.csv"
    status, said, _ = run("dedupe", rows, "--out", out, capsys=capsys)
    assert status == 0
    assert "4 rows are 3 parties" in said
    assert "read: name from name; national from id_no; phone from phone; birth_date from birth_date" in said
    found = {row["row_key"]: row["cluster_id"] for row in table(out)}
    assert found == {"A": "A", "B": "A", "C": "C", "D": "D"}
    by_keys = {(pair["left_key"], pair["right_key"]): pair for pair in table(tmp_path / "out.pairs.csv")}
    assert by_keys["A", "B"]["outcome"] == "likely"
    assert by_keys["A", "C"]["outcome"] == "contradicted"
    assert by_keys["A", "C"]["instead"] == "household"
    assert by_keys["A", "C"]["id_number"] == "equal with another birth date"
    text = out.read_text(encoding="utf-8") + (tmp_path / "out.pairs.csv").read_text(encoding="utf-8") + said
    for value in ("张伟国", "15400008000", ID, "19900307"):
        assert value not in text


@pytest.mark.parametrize(("language", "title"), [("zh", "哪些行属于同一客户"), ("en", "Which rows are one party")])
def test_a_report_shows_charts_and_no_values(
    rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], language: str, title: str
) -> None:
    report = tmp_path / "report.html"
    status, _, _ = run(
        "dedupe", rows, "--out", tmp_path / "o.csv", "--report", report, "--lang", language, capsys=capsys
    )
    made = report.read_text(encoding="utf-8")
    assert status == 0
    assert title in made
    assert made.count("<svg") >= 6
    assert "A – C" in made
    for value in ("张伟国", "15400008000", ID, "19900307"):
        assert value not in made


def test_a_model_of_splink_is_read_and_what_is_not_taken_over_is_told(
    rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "splink.json"
    levels = [
        {"sql_condition": '"phone_l" = "phone_r"', "m_probability": 0.9, "u_probability": 0.0001},
        {"sql_condition": "ELSE", "m_probability": 0.1, "u_probability": 0.9999},
    ]
    document = {
        "probability_two_random_records_match": 0.1,
        "comparisons": [{"output_column_name": "phone", "comparison_levels": levels}],
        "blocking_rules_to_generate_predictions": [{"blocking_rule": 'l."phone" = r."phone"'}],
    }
    model.write_text(json.dumps(document), encoding="utf-8")
    _, said, _ = run("dedupe", rows, "--out", tmp_path / "o.csv", "--model", model, "--json", capsys=capsys)
    told = json.loads(said)
    assert told["candidate_pairs"] == 3
    assert any("name is not compared" in remark for remark in told["model"]["remarks"])


def test_rows_that_come_later_are_linked_to_those_that_were(
    rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state, out = tmp_path / "state", tmp_path / "o.csv"
    run("dedupe", rows, "--out", out, "--state", state, capsys=capsys)
    later = tmp_path / "later.csv"
    later.write_text(f"row_id,name,id_no,phone,birth_date\nE,张伟国,{ID},,\n", encoding="utf-8")
    status, said, _ = run("dedupe", later, "--out", out, "--state", state, "--json", capsys=capsys)
    assert status == 0
    assert json.loads(said)["records"] == 5
    assert {row["row_key"]: row["cluster_id"] for row in table(out)} == {
        "A": "A",
        "B": "A",
        "C": "C",
        "D": "D",
        "E": "A",
    }
    status, _, error = run("dedupe", later, "--out", out, "--state", state, capsys=capsys)
    assert status == 2
    assert "more than once" in error


def test_another_link_policy_links_by_itself_what_it_says(
    rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy, out, state = tmp_path / "policy.json", tmp_path / "o.csv", tmp_path / "state"
    rows.write_text(f"{ROWS}E,张伟国,{ID},,\n", encoding="utf-8")
    run("dedupe", rows, "--out", out, capsys=capsys)
    assert {row["row_key"]: row["automatic_cluster_id"] for row in table(out)}["E"] == "A"
    policy.write_text(json.dumps({"format": POLICY_FORMAT, "automatic": False}), encoding="utf-8")
    run("dedupe", rows, "--out", out, "--link-policy", policy, "--state", state, capsys=capsys)
    assert all(row["automatic_cluster_id"] == row["row_key"] for row in table(out))
    status, _, error = run("dedupe", rows, "--out", out, "--state", state, capsys=capsys)
    assert status == 2
    assert "the link policy is another" in error


def test_json_a_stored_model_and_the_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "in.csv"
    with source.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([LINKING_COLUMNS, *linking_rows(make_world(1500, 0, 3), 3)])
    model, out = tmp_path / "model.json", tmp_path / "out.parquet"
    status, said, _ = run(
        "dedupe", source, "--out", out, "--truth", "person", "--save-model", model, "--json", capsys=capsys
    )
    first = json.loads(said)
    assert status == 0
    assert first["model"]["learned_from_file"] is True
    assert {"records", "candidate_pairs", "links", "clusters", "seconds", "peak_memory_mib"} <= first.keys()
    assert first["estimated"]["precision"] == pytest.approx(first["precision"], abs=0.02)
    assert {"one", "other", "pairs", "correlation"} == first["dependences"][0].keys()
    assert first["precision"] > 0.99
    assert first["f1"] > 0.97
    assert set(first["seconds"]) == {"read", "compare", "learn", "link", "write", "total"}
    one = pq.read_table(out).to_pylist()
    status, said, _ = run("dedupe", source, "--out", out, "--model", model, "--json", capsys=capsys)
    second = json.loads(said)
    assert (second["links"], second["clusters"]) == (first["links"], first["clusters"])
    assert second["model"]["given"] is True
    assert pq.read_table(out).to_pylist() == one


def test_too_few_rows_to_learn_from_are_weighed_as_shipped(
    rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, said, _ = run("dedupe", rows, "--out", tmp_path / "out.csv", "--json", capsys=capsys)
    model = json.loads(said)["model"]
    assert model["learned_from_file"] is False
    assert "are needed to learn from" in model["remarks"][0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("none.csv", "--out", "o.csv"), "does not exist"),
        (("rows.csv", "--out", "o.txt"), "must end in .parquet or .csv"),
        (("rows.csv", "--out", "rows.csv"), "is an input"),
        (("rows.csv", "--out", "no/o.csv"), "folder no does not exist"),
        (("rows.csv", "--out", "o.csv", "--model", "none.json"), "does not exist"),
        (("rows.csv", "--out", "o.csv", "--model", "rows.csv"), "is not JSON"),
        (("rows.csv", "--out", "o.csv", "--model", "other.json"), "is no JSON object with"),
        (("rows.csv", "--out", "o.csv", "--link-policy", "none.json"), "does not exist"),
        (("rows.csv", "--out", "o.csv", "--link-policy", "other.json"), "is no JSON object with"),
        (("rows.csv", "--out", "o.csv", "--map", "map.toml"), "there is no target shoe_size"),
        (("rows.csv", "--out", "o.csv", "--truth", "who"), "no column who"),
        (("rows.csv", "--out", "o.csv", "--labels", "none.csv"), "does not exist"),
        (("rows.csv", "--out", "o.csv", "--labels", "rows.csv", "--no-training"), "labels are to learn from"),
        (("rows.csv",), "--out"),
    ],
)  # fmt: skip
def test_wrong_use_is_one_sentence_and_leaves_nothing(
    rows: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(rows.parent)
    Path("other.json").write_text("{}", encoding="utf-8")
    Path("map.toml").write_text('[columns]\nshoe_size = "name"\n', encoding="utf-8")
    before = names(rows.parent)
    status, _, error = run("dedupe", *arguments, capsys=capsys)
    assert status == 2
    assert message in error
    assert names(rows.parent) == before
    assert rows.read_text(encoding="utf-8") == ROWS


@pytest.mark.parametrize(
    ("failure", "status", "message"),
    [(OSError(28, "No space left on device"), 2, "can not be written"), (KeyboardInterrupt(), 130, "stopped")],
    ids=["full disk", "interrupt"],
)
def test_what_fails_while_it_writes_leaves_nothing(
    rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    failure: BaseException, status: int, message: str,
) -> None:  # fmt: skip
    def fail(path: Path, schema: object, **_: object) -> None:
        path.write_bytes(b"PAR1")
        raise failure

    monkeypatch.setattr(pq, "ParquetWriter", fail)
    before = names(tmp_path)
    ended, _, error = run("dedupe", rows, "--out", tmp_path / "out.parquet", capsys=capsys)
    assert (ended, names(tmp_path)) == (status, before)
    assert message in error


def test_memory_that_is_short_is_one_sentence(
    rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def short(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("bankcif.flows.dedupe.weigh", short)
    status, _, error = run("dedupe", rows, "--out", tmp_path / "out.parquet", capsys=capsys)
    assert status == 2
    assert "memory" in error
    assert names(tmp_path) == ["rows.csv"]
