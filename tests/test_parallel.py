"""A file loaded by several processes: the same as by one, whoever dies."""

from __future__ import annotations

import inspect
import json
import os
import pickle
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import attrs
import pytest

from bankcif import CIF, Actor, LocalKeyProvider, Outcome, Purpose, errors
from bankcif.errors import BankCIFError, ConfigurationError, FileError, NotFoundOrNotAllowedError, StorageError
from bankcif.flows.load import HeldRow
from bankcif.intake import Channel, read_channel
from bankcif.parallel import extract_in_processes, load_in_processes
from bankcif.testing import synthetic_tables
from bankcif.testing.factories import forms, make_world
from tests.conftest import ALL_ROLES, known
from tests.storage.servers import NAMES

WHO = Actor(id="s.wu", roles=ALL_ROLES, branch="b")
MAPPING = """
name = "app"
format = "jsonl"
key = "uid"
requires = "lead"
may_change = ["phone"]
[columns]
uid = ""
name = "name"
phone = "phone"
idno = "identifiers.cn.resident_id"
"""
ROWS = 1500


def opener(url: str, folder: Path) -> CIF:
    """Opens the store from what rests in *folder*."""
    return CIF.open(
        url, tenant="t", keys=LocalKeyProvider.from_file(folder / "keys.json"), key_store=folder / "keys.db",
        tables=synthetic_tables(),
    )  # fmt: skip


def failing(_folder: Path) -> CIF:
    """Fails in a way that nobody expects, with a value in its words."""
    raise ValueError("15412345678")


def dying(url: str, folder: Path) -> CIF:
    """As `opener`, but one process ends itself after its first batch."""
    cif = opener(url, folder)
    mine = folder / "dies"
    try:
        os.close(os.open(mine, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return cif
    real = cif.load

    def load(*args: object, progress: Callable[[int], None], **more: object) -> object:
        def once(rows: int) -> None:
            progress(rows)
            os.kill(os.getpid(), signal.SIGKILL)

        return real(*args, progress=once, **more)  # type: ignore[arg-type]

    object.__setattr__(cif, "load", load)
    return cif


@pytest.fixture(autouse=True)
def found_by_other_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What opens the store stands in this file, which they import."""
    monkeypatch.syspath_prepend(Path(__file__).parents[1])


@pytest.fixture
def channel(tmp_path: Path) -> Channel:
    (tmp_path / "app.toml").write_text(MAPPING, encoding="utf-8")
    LocalKeyProvider.generate().write(tmp_path / "keys.json")
    return read_channel(tmp_path / "app.toml")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Rows of people, a tenth of them twice under another key, each key twice with another phone, and some that are held."""
    path = tmp_path / "app.jsonl"
    people = list(forms(make_world(ROWS, 0, seed=5)))
    lines = []
    for again in range(2):
        for n in range(ROWS // 2):
            person = people[n % (ROWS * 9 // 20)]
            row = {
                "uid": f"U{n}", "name": person["name"], "phone": f"154{again}{n:07}",
                "idno": person["identifiers"][0]["number"] if n % 50 else "wrong",
            }  # fmt: skip
            lines.append(json.dumps(row, ensure_ascii=False))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(params=["sqlite", *(pytest.param(name, marks=pytest.mark.server) for name in NAMES)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'cif.db'}"
        return
    with request.getfixturevalue(request.param).database() as url:
        yield url


def check(url: str, folder: Path) -> None:
    """What came in is whole, once, and each key stands at the later of its two rows."""
    with opener(url, folder) as cif:
        assert cif.verify(actor=WHO).intact
        with cif._repository.unit_of_work() as unit:
            links = list(unit.crosswalk.all_current())
            assert len(links) == ROWS // 2 - ROWS // 100
            parties = unit.parties.get({link.cif_no for link in links})
        assert len(parties) == len({link.cif_no for link in links}) < len(links), "a tenth came twice, as one customer"
        for number in (1, 51, 99):
            (view,) = cif.customers.find(phone=f"1541{number:07}", actor=WHO, purpose=Purpose.COMPLIANCE)
            clear = cif.customers.reveal(
                view.cif_no, {"phone"}, actor=known(WHO, datetime.now(UTC)), purpose=Purpose.COMPLIANCE
            )
            assert clear == {"phone": f"+861541{number:07}"}


def test_three_processes_make_of_a_file_what_one_makes(
    place: str, channel: Channel, file: Path, tmp_path: Path
) -> None:
    held: list[HeldRow] = []
    seen: list[int] = []
    report = load_in_processes(
        partial(opener, place, tmp_path), file, channel, processes=3, actor=WHO, progress=seen.append,
        each_held=held.append,
    )  # fmt: skip
    assert report.rows == ROWS
    assert seen[-1] == ROWS
    assert seen == sorted(seen)
    assert report.held_count == len(held) == ROWS // 50
    assert sorted(row.line for row in held) == [row.line for row in report.held]
    assert sum(report.outcomes.values()) == ROWS - ROWS // 50
    check(place, tmp_path)
    again = load_in_processes(partial(opener, place, tmp_path), file, channel, processes=2, actor=WHO)
    assert again.outcomes == {Outcome.UNCHANGED: ROWS - ROWS // 50}, (
        "other processes take other rows, and recognize them"
    )
    check(place, tmp_path)


def test_a_process_that_is_killed_is_told_and_the_same_file_again_brings_the_rest(
    place: str, channel: Channel, file: Path, tmp_path: Path
) -> None:
    with pytest.raises(StorageError, match="a process ended before it was done"):
        load_in_processes(partial(dying, place, tmp_path), file, channel, processes=2, actor=WHO)
    report = load_in_processes(partial(dying, place, tmp_path), file, channel, processes=2, actor=WHO)
    assert report.rows == ROWS
    assert report.outcomes[Outcome.UNCHANGED] > 0
    check(place, tmp_path)


def test_processes_extract_what_one_does(place: str, channel: Channel, file: Path, tmp_path: Path) -> None:
    """Opened side by side, and joined; the log has an entry of each part, and no process is given a key."""
    analyst, names = Actor(id="a.na", roles={"analyst"}), ["has_phone", "birth_year", "holdings", "branch"]
    with opener(place, tmp_path) as cif:
        cif.load(file, channel, actor=WHO)
        whole = cif.extract(names, actor=analyst)
    made = extract_in_processes(partial(opener, place, tmp_path), names, processes=2, actor=analyst)
    assert made.customers.to_pylist() == whole.customers.to_pylist()
    assert (made.k, made.columns, len(made)) == (whole.k, whole.columns, len(whole))
    with opener(place, tmp_path) as cif:
        entries = [one for one in cif.audit.deeds("a.na", actor=WHO) if one.action == "extract"]
        assert sorted(one.count for one in entries)[-1] == len(whole)
        assert sum(one.count for one in entries) == 2 * len(whole)
        assert len(entries) == 3
    with pytest.raises(NotFoundOrNotAllowedError):
        extract_in_processes(partial(opener, place, tmp_path), names, processes=2, actor=WHO, purpose=Purpose.MARKETING)
    with pytest.raises(ConfigurationError, match="1 to 64 processes"):
        extract_in_processes(partial(opener, place, tmp_path), names, processes=0, actor=analyst)


def test_what_one_process_refuses_is_the_caller_s_to_hear(
    channel: Channel, file: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'cif.db'}"
    work = partial(opener, url, tmp_path)
    with pytest.raises(NotFoundOrNotAllowedError):
        load_in_processes(work, file, channel, processes=2, actor=Actor(id="t", roles=set(), branch="b"))
    with pytest.raises(FileError):
        load_in_processes(work, tmp_path / "none.jsonl", channel, processes=2, actor=WHO)
    with pytest.raises((AttributeError, pickle.PicklingError), match="pickle"):
        load_in_processes(lambda: opener(url, tmp_path), file, channel, processes=2, actor=WHO)
    with pytest.raises(StorageError, match="unexpected ValueError") as failed:
        load_in_processes(partial(failing, tmp_path), file, channel, processes=1, actor=WHO)
    assert "15412345678" not in f"{failed.value}{capfd.readouterr()}"
    for many in (0, 65):
        with pytest.raises(ConfigurationError, match="1 to 64 processes"):
            load_in_processes(work, file, channel, processes=many, actor=WHO)


@attrs.frozen
class Wrong:
    path: str = "$.phone"
    rule: str = "length"


def every_error() -> Iterator[BankCIFError]:
    """One of each kind, made with whatever its class asks for."""
    known = {"message": "what happened", "faults": (Wrong(),), "rule": "why", "missing": ("level",), "operation": ""}
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, BankCIFError):
            asked = [one for one in inspect.signature(kind).parameters.values() if one.default is one.empty]
            first = [known.get(one.name, 3) for one in asked if one.kind is one.POSITIONAL_OR_KEYWORD]
            yield kind(*first, **{one.name: known.get(one.name, 3) for one in asked if one.kind is one.KEYWORD_ONLY})


@pytest.mark.parametrize("error", list(every_error()), ids=lambda one: type(one).__name__)
def test_errors_reach_another_process_as_they_are(error: BankCIFError) -> None:
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert (str(back), vars(back)) == (str(error), vars(error))
