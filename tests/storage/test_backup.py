"""The commands of the how-to, run: a copy comes back whole, its index can be made anew, and an older one is noticed by its witness."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs
import pytest
from sqlalchemy.engine import make_url
from tests.conftest import ALL_ROLES, NOW, TRUST, known
from tests.flows.test_register import register
from tests.storage.servers import NAMES, Server

from bankcif import CIF, Actor, LocalKeyProvider, Purpose
from bankcif._clock import FixedClock
from bankcif.audit import FileWitness, Witness
from bankcif.errors import AuditError
from bankcif.flows.log import LogPlan
from bankcif.party import ReferenceTables

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "back-up.md"
WHO = known(Actor(id="s.wu", roles=frozenset({*ALL_ROLES, "key_custodian", "privacy_officer"}), branch="b"))
SECOND = attrs.evolve(WHO, id="s.li", person="s.li")
TITLES = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mariadb": "MariaDB and MySQL"}


def commands(kind: str) -> list[str]:
    """The two blocks of commands under a heading of the how-to: to back up, and to restore."""
    section = HOW_TO.read_text(encoding="utf-8").partition(f"\n## {TITLES[kind]}\n")[2].partition("\n## ")[0]
    found = re.findall(r"```sh[^\n]*\n(.*?)```", section, re.DOTALL)
    assert len(found) == 2
    return found


@attrs.frozen
class Place:
    """Where a store and its copy are, and how the commands are told."""

    kind: str
    folder: Path
    url: str
    key_store: str
    restored: str
    restored_keys: str
    environment: Mapping[str, str]

    def run(self, script: str) -> None:
        environment = {**os.environ, **self.environment}
        subprocess.run(["sh", "-e", "-c", script], cwd=self.folder, env=environment, check=True, capture_output=True)


@pytest.fixture(params=["sqlite", *(pytest.param(name, marks=pytest.mark.server) for name in NAMES)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    kind = request.param
    for name in ("backup", "vault", "restored"):
        (tmp_path / name).mkdir()
    if kind == "sqlite":
        if shutil.which("sqlite3") is None:
            pytest.skip("NOT TESTED on sqlite: its command line is not installed")
        yield Place(
            kind, tmp_path, f"sqlite:///{tmp_path / 'cif.db'}", str(tmp_path / "cif-keys.db"),
            f"sqlite:///{tmp_path / 'restored' / 'cif.db'}", str(tmp_path / "restored" / "cif-keys.db"), {},
        )  # fmt: skip
        return
    server: Server = request.getfixturevalue(kind)
    with server.database() as one, server.database() as two, server.database() as three, server.database() as four:
        names = dict(zip(("CIF", "KEYS", "RESTORED", "RESTORED_KEYS"), (one, two, three, four), strict=True))
        if kind == "mariadb":
            (tmp_path / ".my.cnf").write_text(_client(server), encoding="utf-8")
            names = {name: str(make_url(url).database) for name, url in names.items()}
        yield Place(kind, tmp_path, one, two, three, four, {**names, "HOME": str(tmp_path)})


def _client(server: Server) -> str:
    """How the command line of MariaDB reaches *server*."""
    url = server.url
    where = {
        "user": url.username, "password": url.password, "host": url.host, "port": url.port,
        "socket": url.query.get("unix_socket"),
    }  # fmt: skip
    return "[client]\n" + "".join(f"{name}={value}\n" for name, value in where.items() if value)


def opened(url: str, key_store: str, keys: LocalKeyProvider, tables: ReferenceTables, *witnesses: Witness) -> CIF:
    return CIF.open(
        url, tenant="t", keys=keys, key_store=key_store, tables=tables, trust=TRUST, clock=FixedClock(NOW),
        witnesses=witnesses, log_plan=LogPlan(entries=2),
    )  # fmt: skip


def found(cif: CIF, phone: str) -> list[str]:
    return [view.cif_no for view in cif.customers.find(phone=phone, actor=WHO, purpose=Purpose.OPERATIONS)]


def test_a_copy_comes_back_whole(place: Place, keys: LocalKeyProvider, tables: ReferenceTables, tmp_path: Path) -> None:
    back_up, restore = commands(place.kind)
    witness = FileWitness(tmp_path / "witness.jsonl")
    with opened(place.url, place.key_store, keys, tables, witness) as cif:
        before = register(cif, WHO, "1", name="王一", identifiers=None, phone="15499990001").cif_no
        gone = register(cif, WHO, "2", name="李二", identifiers=None, phone="15499990002").cif_no
        data, held = back_up.strip().splitlines()
        place.run(data)
        # Between the two copies the store goes on: one comes, one is erased.
        register(cif, WHO, "3", name="赵三", identifiers=None, phone="15499990003")
        cif.erasures.restrict(gone, reason="r", actor=WHO)
        cif.approvals.approve(cif.erasures.propose(gone, reason="r", actor=WHO).id, actor=SECOND)
        place.run(held)
    place.run(restore)

    with pytest.raises(AuditError, match="has seen another log") as refused:
        opened(place.restored, place.restored_keys, keys, tables, witness)
    assert refused.value.rule in ("truncated", "witness_split")
    with opened(place.restored, place.restored_keys, keys, tables) as copy:
        report = copy.verify(actor=WHO)
        assert report.counts == {"record_sealed": 1}, "what was erased since stays erased"
        assert [one.cif_no for one in report.findings] == [gone]
        assert report.customers == 2
        assert found(copy, "15499990001") == [before]
        assert found(copy, "15499990003") == []
        assert register(copy, WHO, "1", name="王一", identifiers=None, phone="15499990001").outcome == "unchanged"
        assert register(copy, WHO, "3", name="赵三", identifiers=None, phone="15499990003").outcome == "new"

        with copy._repository.unit_of_work() as unit:
            unit.indexes.drop_version(1, b"", 10_000)
            unit.commit()
        assert found(copy, "15499990001") == []
        assert copy.keys.rebuild_index(actor=WHO).mended > 0
        assert found(copy, "15499990001") == [before]


def test_a_copy_of_store_and_keys_of_one_moment_is_in_order(
    place: Place, keys: LocalKeyProvider, tables: ReferenceTables
) -> None:
    back_up, restore = commands(place.kind)
    with opened(place.url, place.key_store, keys, tables) as cif:
        for number in range(5):
            register(cif, WHO, f"{number}", name="王一", identifiers=None, phone=f"1549999000{number}")
        place.run(back_up)
    place.run(restore)
    with opened(place.restored, place.restored_keys, keys, tables) as copy:
        report = copy.verify(actor=WHO)
    assert report.intact
    assert (report.customers, report.records) == (5, 5)
