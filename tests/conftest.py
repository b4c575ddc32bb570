"""Fixtures that many tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import HealthCheck, settings

from bankcif import CIF, Actor, LocalKeyProvider, MemoryKeyStore, MemoryRepository, Policy, Terms, standard_schemes
from bankcif._canonical import dumps
from bankcif._clock import FixedClock
from bankcif.access import default_policy
from bankcif.context import AuthContext
from bankcif.flows._indexes import index_check, index_plans
from bankcif.identifiers import SchemeSet
from bankcif.party import ReferenceTables
from bankcif.storage.sql import SqlRepository
from bankcif.testing import synthetic_tables
from tests.storage.servers import NAMES, Server, server

settings.register_profile("ci", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("endurance", deadline=None, max_examples=3000, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "mutation", deadline=None, max_examples=25, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
settings.load_profile("ci")

# A session of Spark lives for seconds here: code that is compiled quickly is done before code that is compiled well.
os.environ.setdefault("SPARK_SUBMIT_OPTS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")

COUNTER = frozenset({"name", "phone", "address", "email", "birth_date", "home_branch", "manager"})
TRUST = {"counter": Terms(trust=90, may_change=COUNTER), "partner": Terms(trust=30)}

_UNTESTED = "NOT TESTED on"
ALL_ROLES = frozenset({"teller", "steward", "loader", "auditor", "compliance"})


@pytest.fixture(scope="session")
def tables() -> ReferenceTables:
    return synthetic_tables()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture(scope="session")
def schemes(tables: ReferenceTables) -> SchemeSet:
    return standard_schemes(clock=FixedClock(NOW), zone=ZONE, tables=tables)


def _had(found: Server | str, config: pytest.Config) -> Server:
    if isinstance(found, str):
        (pytest.fail if config.getoption("--need-servers") else pytest.skip)(f"{_UNTESTED} {found}")
    return found


@pytest.fixture(scope="session")
def postgresql(pytestconfig: pytest.Config) -> Iterator[Server]:
    """A server of PostgreSQL; the test is skipped, and the end of the run tells, if there is none."""
    with server("postgresql") as found:
        yield _had(found, pytestconfig)


@pytest.fixture(scope="session")
def mariadb(pytestconfig: pytest.Config) -> Iterator[Server]:
    """A server of MariaDB or MySQL, likewise."""
    with server("mariadb") as found:
        yield _had(found, pytestconfig)


@pytest.fixture(scope="session")
def postgresql_url(postgresql: Server) -> Iterator[str]:
    """A database of PostgreSQL that tests share, each with a tenant of its own."""
    with postgresql.database() as made:
        yield made


@pytest.fixture(scope="session")
def mariadb_url(mariadb: Server) -> Iterator[str]:
    """A database of MariaDB or MySQL that tests share, each with a tenant of its own."""
    with mariadb.database() as made:
        yield made


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = (str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", ()) if report.longrepr)
    for told in sorted({reason for reason in skipped if _UNTESTED in reason}):
        terminalreporter.write_line(told.removeprefix("Skipped: "), red=True)


@pytest.fixture(params=["sqlite", *(pytest.param(name, marks=pytest.mark.server) for name in NAMES)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind, that nobody else uses."""
    if request.param == "sqlite":
        (tmp_path / "cif.db").touch()
        yield f"sqlite:///{tmp_path / 'cif.db'}"
        return
    with request.getfixturevalue(request.param).database() as made:
        yield made


@pytest.fixture
def keys() -> LocalKeyProvider:
    return LocalKeyProvider.generate()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("bankcif")
    group.addoption("--on", choices=["memory", *NAMES], default="memory", help="where the file of the fixture `cif` is")
    group.addoption("--need-servers", action="store_true", help="fail if a database server cannot be had")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs Spark runs in one process: each session of its own costs as much as several of these tests."""
    for item in items:
        if item.get_closest_marker("spark"):
            item.add_marker(pytest.mark.xdist_group("spark"))


@pytest.fixture
def founding_policy() -> Policy | None:
    """What the file of the fixture `cif` is founded with; a module may say another."""
    return None


@pytest.fixture
def cif(
    request: pytest.FixtureRequest, tables: ReferenceTables, clock: FixedClock, keys: LocalKeyProvider,
    founding_policy: Policy | None,
) -> Iterator[CIF]:  # fmt: skip
    """A file in memory, or on the server that ``--on`` names."""
    where = request.config.getoption("--on")
    if where == "memory":
        tenant, repository = "t", MemoryRepository()
    else:
        tenant = uuid4().hex
        repository = SqlRepository.open(request.getfixturevalue(f"{where}_url"), tenant, create=True)
    with CIF(
        repository=repository, tenant=tenant, keys=keys, key_store=MemoryKeyStore(), tables=tables, trust=TRUST, clock=clock,
        policy=founding_policy,
    ) as opened:  # fmt: skip
        yield opened


def insides(cif: CIF) -> Any:
    """The tables of a file in memory, to look into and to damage; on a server the test is skipped."""
    if not isinstance(cif._repository, MemoryRepository):
        pytest.skip("this looks into a store in memory")
    return cif._repository._data


@pytest.fixture
def sqlite_cif(tables: ReferenceTables, clock: FixedClock, keys: LocalKeyProvider, tmp_path: Path) -> Iterator[CIF]:
    """A file on SQLite."""
    with CIF.open(
        f"sqlite:///{tmp_path / 'cif.db'}", tenant="t", keys=keys, tables=tables, trust=TRUST, clock=clock
    ) as opened:
        yield opened


def keys_fit(cif: CIF) -> int:
    """How many data keys there are, all of which open."""
    return cif.keys.check(actor=Actor(id="k.he", roles={"key_custodian"}))


def shorten(cif: CIF, **bits: int) -> None:
    """Has an empty store make tags of so few bits, so that strangers share them."""
    with cif._desk.unit_of_work() as unit:
        store = unit.keys.store()
        plan = index_plans(store)[0]
        plan = attrs.evolve(plan, bits={**plan.bits, **bits})
        said = attrs.evolve(store, index_bits=dumps(dict(plan.bits)))
        unit.keys.restate(attrs.evolve(said, index_check=index_check(cif._desk.taggers.of(plan), said)))
        unit.commit()


def known(actor: Actor, at: datetime = NOW) -> Actor:
    """*actor*, recognized at *at* by a key that cannot leave its device."""
    return attrs.evolve(actor, auth=AuthContext(methods=("passkey",), assurance=3, at=at))


def ageless() -> Policy:
    """The library's policy, but that it does not matter how long ago an actor was recognized; for tests of years."""
    table = default_policy().document()
    for part in ("require", "operation"):
        table[part] = {
            name: {key: value for key, value in entry.items() if key != "max_age_minutes" or name == "break_glass"}
            for name, entry in table[part].items()
        }
    return Policy.from_document(table)


@pytest.fixture
def steward() -> Actor:
    """Somebody who may do nearly everything, at branch b."""
    return known(Actor(id="s.wu", roles=ALL_ROLES, branch="b"))


@pytest.fixture
def checker() -> Actor:
    """Somebody else who may approve."""
    return Actor(id="s.li", roles={"steward"})
