"""Stores on database servers: what is refused and how it is said, waiting for each other, connections that go, TLS."""

from __future__ import annotations

import contextlib
import io
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError
from tests.storage.certificates import certified
from tests.storage.servers import NAMES, Server, free_port, own_postgresql

from bankcif import CIF, Limits, LocalKeyProvider
from bankcif.errors import ConfigurationError, ConflictError, MissingExtraError, StorageError, StoreOpenError
from bankcif.party import CifNo
from bankcif.storage import _mysql, _postgresql, _server
from bankcif.storage.sql import SqlRepository, reach
from bankcif.testing.contracts.rows import A, B, party

SECRET = "geheim-7351"
pytestmark = pytest.mark.server


@pytest.fixture(params=NAMES)
def on(request: pytest.FixtureRequest) -> Server:
    """A server, each in turn."""
    found: Server = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def url(on: Server) -> Iterator[str]:
    with on.database() as made:
        yield made


@pytest.fixture
def repository(url: str) -> Iterator[SqlRepository]:
    opened = SqlRepository.open(url, "t", create=True)
    yield opened
    opened.close()


def refused(url: str | URL, **more: Any) -> StoreOpenError:
    """How the store at *url* is refused; it never tells the password."""
    if isinstance(url, URL):
        url = url.render_as_string(hide_password=False)
    with pytest.raises(StoreOpenError) as caught:
        SqlRepository.open(url, "t", **{"create": True, **more})
    error: BaseException | None = caught.value
    while error is not None:
        assert SECRET not in f"{error} {error!r} {error.args}"
        error = error.__cause__ or error.__context__
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_server_that_does_not_answer(on: Server) -> None:
    place = on.url.set(drivername=on.name, host="127.0.0.1", port=free_port(), query={}, password=SECRET)
    told = refused(place)
    assert "does not answer" in str(told)
    assert told.rule == "open"


def test_a_user_who_is_not_let_in(on: Server) -> None:
    if on.name == "mariadb":
        on.run("CREATE OR REPLACE USER bankcif_guest IDENTIFIED BY 'something else'")
    told = refused(on.url.set(drivername=on.name, username="bankcif_guest", password=SECRET, database="test"))
    assert "check user, password" in str(told)


def test_a_database_that_is_not_there(on: Server) -> None:
    told = refused(on.url.set(drivername=on.name, database="bankcif_nowhere", password=SECRET))
    assert "no database of this name" in str(told) or "check user, password" in str(told)


def test_a_url_without_a_database(on: Server) -> None:
    assert "names no database" in str(refused(on.url.set(drivername=on.name)._replace(database=None)))


def test_a_database_of_another_encoding(on: Server) -> None:
    how = {
        "postgresql": "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0",
        "mariadb": "CHARACTER SET latin1",
    }
    with on.database(how[on.name]) as made:
        told = refused(made)
    assert "latin1" in str(told).casefold()
    assert "make it anew" in str(told)


def test_a_database_of_something_else(on: Server, url: str) -> None:
    engine = create_engine(_driver(url))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE ledger (account INTEGER)"))
    engine.dispose()
    assert "something else" in str(refused(url))
    assert "something else" in str(refused(url, create=False))


def test_an_empty_database_that_shall_not_be_made_a_store(url: str) -> None:
    assert "bankcif init" in str(refused(url, create=False))


def test_a_server_that_is_too_old(on: Server, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As every server will be once."""
    monkeypatch.setattr(_postgresql, "_OLDEST", 990_000)
    monkeypatch.setattr(_mysql, "_OLDEST", {True: (99, 1), False: (99, 1)})
    told = refused(url)
    assert "the oldest that is supported" in str(told)
    assert told.rule == "schema"


def test_a_server_of_the_other_kind(mariadb: Server) -> None:
    with mariadb.database() as made:
        assert "write  mariadb://" in str(refused(make_url(made).set(drivername="mysql")))


def test_certificates_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate", encoding="utf-8")
    for name in ("ca.pem", "missing.pem"):
        told = refused(f"mariadb://h/d?tls_ca={tmp_path / name}")
        assert "cannot be read" in str(told)


def test_who_waits_for_another_that_lays_out_tables_is_told(mariadb: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_mysql, "_LAYOUT_SECONDS", 0)
    engine = create_engine(mariadb.url)
    with mariadb.database() as made, engine.connect() as other:
        elsewhere = make_url(made).database
        other.execute(text(f"SELECT GET_LOCK(CONCAT('bankcif ', MD5('{elsewhere}')), 1)"))
        with pytest.raises(StorageError, match="another process makes or changes the tables"):
            SqlRepository.open(made, "t", create=True)
        other.execute(text("SELECT RELEASE_ALL_LOCKS()"))
        SqlRepository.open(made, "t", create=True).close()
    engine.dispose()


def test_a_user_without_rights(on: Server, url: str) -> None:
    name = make_url(url).database
    if on.name == "mariadb":
        on.run("CREATE OR REPLACE USER bankcif_reader IDENTIFIED BY 'x'", f"GRANT SELECT ON {name}.* TO bankcif_reader")
    else:
        on.run("DROP ROLE IF EXISTS bankcif_reader", "CREATE ROLE bankcif_reader LOGIN")
    try:
        told = refused(make_url(url).set(username="bankcif_reader", password="x" if on.name == "mariadb" else None))
    finally:
        on.run("DROP USER bankcif_reader" if on.name == "mariadb" else "DROP ROLE bankcif_reader")
    assert "lacks rights" in str(told)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("oracle://h/d", "not supported"),
        ("postgresql+asyncpg://h/d", "psycopg"),
        ("mysql+mysqldb://h/d", "PyMySQL"),
        ("postgresql://h/d?sslmode=disable", "tls=off"),
        ("postgresql://h/d?tls=maybe", "tls=verify"),
        ("mariadb://h/d?tls=off&tls_ca=x.pem", "tls=verify"),
        ("postgresql://h/d?hosst=x", "hosst"),
        ("mariadb://h/d?sockett=x", "sockett"),
        ("no url", "none that SQLAlchemy knows"),
        (f"postgresql://clerk:{SECRET}@h:54{SECRET}/d", "none that SQLAlchemy knows"),
        (f"postgresql://clerk:p@x/{SECRET}@h/d", "%40"),
        (f"postgresql://clerk:p@{SECRET}@h/d", "%40"),
        (f"postgresql://h/d?password={SECRET}", "before the @"),
        (f"mariadb://h/d?passwd={SECRET}", "before the @"),
    ],
)
def test_a_url_that_cannot_be_used(place: str, words: str) -> None:
    assert words in str(refused(place))


@pytest.mark.parametrize(("place", "driver"), [("postgresql://h/d", "psycopg"), ("mariadb://h/d", "pymysql")])
def test_a_driver_that_is_not_installed(place: str, driver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, driver, None)
    with pytest.raises(MissingExtraError, match="pip install 'bankcif"):
        SqlRepository.open(place, "t", create=True)


def test_a_store_on_a_server_needs_a_key_store_of_its_own(url: str, tmp_path: Path) -> None:
    keys = LocalKeyProvider.generate()
    with pytest.raises(StoreOpenError, match="key_store="):
        CIF.open(url, tenant="t", keys=keys)
    CIF.open(url, tenant="t", keys=keys, key_store=tmp_path / "keys.db").close()


def test_keys_on_a_server_too(on: Server, url: str) -> None:
    keys = LocalKeyProvider.generate()
    with on.database() as second:
        CIF.open(url, tenant="t", keys=keys, key_store=second).close()
        CIF.open(url, tenant="t", keys=keys, key_store=second, create=False).close()
        with pytest.raises(StoreOpenError, match="something else"):
            CIF.open(url, tenant="t", keys=keys, key_store=url)


def test_limits_are_set_at_the_server(on: Server, url: str) -> None:
    limits = Limits(lock_seconds=3, statement_seconds=2, idle_seconds=7)
    opened = SqlRepository.open(url, "t", create=True, limits=limits)
    asked = {
        "postgresql": "SELECT current_setting('lock_timeout'), current_setting('statement_timeout'), "
        "current_setting('idle_in_transaction_session_timeout'), current_setting('transaction_isolation')",
        "mariadb": "SELECT @@innodb_lock_wait_timeout, @@max_statement_time, @@idle_transaction_timeout, @@tx_isolation",
    }
    slow = {"postgresql": "SELECT pg_sleep(5)", "mariadb": "SELECT max(md5(seq)) FROM seq_1_to_1000000000"}
    with opened._engine.connect() as connection:
        found = [str(value) for value in connection.execute(text(asked[on.name])).one()]
        begun = time.monotonic()
        with pytest.raises(DBAPIError):
            connection.execute(text(slow[on.name])).all()
        assert time.monotonic() - begun < 4.5
    opened.close()
    assert found[:3] == (["3s", "2s", "7s"] if on.name == "postgresql" else ["3", "2.0", "7"])
    assert found[3].casefold().replace("-", " ") == "read committed"


@pytest.mark.parametrize("seconds", [0, -1, 100_001, float("inf"), float("nan")])
def test_a_limit_is_more_than_nothing_and_no_more_than_a_day(seconds: float) -> None:
    with pytest.raises(ConfigurationError, match="lock_seconds"):
        Limits(lock_seconds=seconds)


def test_who_waits_too_long_is_told(on: Server, url: str) -> None:
    patient, other = (
        SqlRepository.open(url, "t", create=True, limits=Limits(lock_seconds=seconds)) for seconds in (30, 1)
    )
    with patient.unit_of_work() as unit:
        unit.parties.add([party(A)])
        unit.commit()
    with patient.unit_of_work() as unit:
        unit.parties.lock([A])
        with pytest.raises(StorageError, match="locked by another") as caught, other.unit_of_work() as late:
            late.parties.lock([A])
    assert not isinstance(caught.value, ConflictError)
    patient.close()
    other.close()


def _in_turn(repository: SqlRepository, wait: Callable[[Any], object]) -> tuple[bool, bool]:
    """Whether a second unit that comes while the first has what it waits for waits for it, and then goes on."""
    held, let_go, came = threading.Event(), threading.Event(), threading.Event()

    def first() -> None:
        with repository.unit_of_work() as unit:
            wait(unit)
            held.set()
            let_go.wait(20)

    def second() -> None:
        held.wait(20)
        with repository.unit_of_work() as unit:
            wait(unit)
            came.set()

    threads = [threading.Thread(target=work) for work in (first, second)]
    for thread in threads:
        thread.start()
    waited = held.wait(20) and not came.wait(0.5)
    let_go.set()
    went_on = came.wait(20)
    for thread in threads:
        thread.join()
    return waited, went_on


@pytest.fixture
def founded(url: str, tmp_path: Path) -> Iterator[SqlRepository]:
    CIF.open(url, tenant="t", keys=LocalKeyProvider.generate(), key_store=tmp_path / "keys.db").close()
    opened = SqlRepository.open(url, "t", create=False)
    yield opened
    opened.close()


def test_units_wait_for_the_same_party_tag_stream_or_store(founded: SqlRepository) -> None:
    with founded.unit_of_work() as unit:
        unit.parties.add([party(A), party(B)])
        unit.commit()
    waits: list[Callable[[Any], object]] = [
        lambda unit: unit.parties.lock([B, A]),
        lambda unit: unit.indexes.meet([b"x" * 16, b"y" * 16]),
        lambda unit: unit.audit.lease(b"h" * 16, 0, 1),
        lambda unit: unit.audit.last_checkpoint(),
        lambda unit: unit.keys.lock(),
    ]
    for wait in waits:
        assert _in_turn(founded, wait) == (True, True)


def test_units_do_not_wait_for_what_differs(founded: SqlRepository) -> None:
    with founded.unit_of_work() as unit:
        unit.parties.add([party(A), party(B)])
        unit.commit()
    for holder in (b"g" * 16, b"h" * 16):  # who begins a stream waits for whoever begins another
        with founded.unit_of_work() as unit:
            unit.audit.lease(holder, 0, 1)
            unit.commit()
    with founded.unit_of_work() as one, founded.unit_of_work() as other:
        one.parties.lock([A])
        other.parties.lock([B])
        one.indexes.meet([b"x" * 16])
        other.indexes.meet([b"y" * 16])
        first, second = one.audit.lease(b"g" * 16, 0, 1), other.audit.lease(b"h" * 16, 0, 1)
        assert first.stream != second.stream
        assert other.parties.get([A]).keys() == {A}  # who only reads waits for nobody


def test_meeting_points_that_are_gone_are_told(on: Server, founded: SqlRepository) -> None:
    if on.name == "postgresql":
        pytest.skip("there are none")
    with founded._own.connect() as connection:
        connection.execute(text("DELETE FROM meeting"))
        connection.commit()
    with pytest.raises(StorageError, match="meeting points"), founded.unit_of_work() as unit:
        unit.indexes.meet([b"x" * 16])


def test_two_who_lock_the_other_way_round_do_not_wait_for_ever(founded: SqlRepository) -> None:
    with founded.unit_of_work() as unit:
        unit.parties.add([party(A), party(B)])
        unit.commit()
    both, errors = threading.Barrier(2), []

    def work(first: CifNo, second: CifNo) -> None:
        try:
            with founded.unit_of_work() as unit:
                unit.parties.lock([first])
                both.wait(20)
                unit.parties.lock([second])
        except ConflictError as error:
            errors.append(error.rule)

    threads = [threading.Thread(target=work, args=pair) for pair in ((A, B), (B, A))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == ["conflict"]


def _cut(on: Server, url: str) -> None:
    """Ends every connection to the database."""
    name = make_url(url).database
    if on.name == "postgresql":
        on.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        return
    engine = create_engine(on.url)
    with engine.connect() as connection:
        asked = f"SELECT id FROM information_schema.processlist WHERE db = '{name}'"
        found = [row[0] for row in connection.execute(text(asked))]
    engine.dispose()
    on.run(*(f"KILL {number}" for number in found))


def test_a_connection_that_went_is_replaced_before_it_is_used(
    on: Server, url: str, repository: SqlRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    with repository.unit_of_work() as unit:
        unit.parties.add([party(A)])
        unit.commit()
    monkeypatch.setattr(_server, "_FRESH", 0.0)
    _cut(on, url)
    with repository.unit_of_work() as unit:
        assert unit.parties.get([A]).keys() == {A}


def test_a_connection_that_goes_as_a_unit_ends_is_nothing(
    on: Server, url: str, repository: SqlRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_server, "_FRESH", 0.0)
    with repository.unit_of_work() as unit:
        unit.parties.add([party(A)])
        unit.commit()
        _cut(on, url)
    with repository.unit_of_work() as unit:
        assert unit.parties.get([A]).keys() == {A}
        _cut(on, url)
    with pytest.raises(ValueError, match="mine"), repository.unit_of_work() as unit:
        unit.parties.add([party(B)])
        _cut(on, url)
        raise ValueError("mine")
    with repository.unit_of_work() as unit:
        assert unit.parties.get([A, B]).keys() == {A}


def test_a_connection_that_goes_within_a_unit_is_told_and_the_next_goes_on(
    on: Server, url: str, repository: SqlRepository
) -> None:
    with pytest.raises(StorageError) as caught, repository.unit_of_work() as unit:
        unit.parties.add([party(A)])
        _cut(on, url)
        unit.parties.get([B])
    assert caught.value.rule == "connection"
    assert caught.value.__cause__ is None
    with repository.unit_of_work() as unit:
        assert not unit.parties.get([A, B])
        unit.parties.add([party(A)])
        unit.commit()


def test_the_log_only_grows_for_who_comes_without_the_library(on: Server, url: str, founded: SqlRepository) -> None:
    engine = create_engine(_driver(url))
    deeds = [
        "UPDATE audit_entry SET at = 0",
        "DELETE FROM audit_entry",
        "DELETE FROM audit_subject",
        "DELETE FROM audit_checkpoint",
    ]
    for deed in [*deeds, *(["TRUNCATE audit_entry"] if on.name == "postgresql" else [])]:
        if ("subject" not in deed and "checkpoint" not in deed) or on.name == "postgresql":
            with pytest.raises(DBAPIError, match="only grows"), engine.begin() as connection:
                connection.execute(text(deed))
    engine.dispose()


def test_a_statement_of_somebody_else_is_refused(repository: SqlRepository) -> None:
    with repository._engine.connect() as connection:
        for words in ("UPDATE party SET branch = 'x'", "DELETE FROM party", "TRUNCATE TABLE party", "DROP TABLE party"):
            with pytest.raises(StorageError) as caught:
                connection.execute(text(words))
            assert caught.value.rule == "direct_write"


def test_text_is_told_apart_to_its_last_space(repository: SqlRepository) -> None:
    odd = [CifNo("Ca"), CifNo("CA"), CifNo("Ca "), CifNo("Cá"), CifNo("Cａ")]
    with repository.unit_of_work() as unit:
        unit.parties.add([party(number) for number in odd])
        unit.commit()
    with repository.unit_of_work() as unit:
        assert set(unit.parties.get(odd)) == set(odd)
        assert [row.cif_no for row in unit.parties.page("", 9)] == sorted(odd)


class TestTls:
    """A cluster of PostgreSQL with a certificate of its own, which asks for passwords."""

    @pytest.fixture(scope="class")
    @classmethod
    def place(cls, postgresql: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[URL, Path]]:
        folder = tmp_path_factory.mktemp("tls")
        authority, certificate, key = certified(folder, "localhost")
        settings = ("ssl = on", "ssl_cert_file = 'server.crt'", "ssl_key_file = 'server.key'")
        with own_postgresql(*settings, files={"server.crt": certificate, "server.key": key}) as own:
            url, server = own.url, Server(own.url, "postgresql")
            server.run(
                f"CREATE ROLE clerk LOGIN PASSWORD '{SECRET}'", "CREATE DATABASE bank OWNER clerk ENCODING 'UTF8'"
            )
            yield url.set(drivername="postgresql", username="clerk", password=SECRET, database="bank"), authority

    def test_a_server_whose_certificate_names_it_is_trusted(self, place: tuple[URL, Path]) -> None:
        url, authority = place
        known = url.set(host="localhost").update_query_dict({"tls": "verify", "tls_ca": str(authority)})
        opened = SqlRepository.open(known.render_as_string(hide_password=False), "t", create=True)
        with opened._engine.connect() as connection:
            assert connection.execute(text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")).scalar() is True
        opened.close()

    def test_one_whose_does_not_is_not(self, place: tuple[URL, Path], tmp_path: Path) -> None:
        url, authority = place
        for host, vouches in (("127.0.0.1", authority), ("localhost", certified(tmp_path, "other")[0])):
            told = refused(url.set(host=host).update_query_dict({"tls": "verify", "tls_ca": str(vouches)}))
            assert "TLS" in str(told)

    def test_encrypted_to_whoever_answers(self, place: tuple[URL, Path]) -> None:
        opened = SqlRepository.open(
            place[0].update_query_dict({"tls": "encrypt"}).render_as_string(hide_password=False), "t", create=True
        )
        with opened._engine.connect() as connection:
            assert connection.execute(text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")).scalar() is True
        opened.close()

    def test_a_wrong_password(self, place: tuple[URL, Path]) -> None:
        told = refused(place[0].set(password=SECRET + "x"))
        assert "check user, password" in str(told)


def test_a_server_without_tls_is_refused_where_it_must_be_encrypted(on: Server) -> None:
    place = on.url.set(drivername=on.name, host="127.0.0.1", query={"tls": "verify"}, database="test")
    assert "TLS" in str(refused(place))


@pytest.mark.parametrize(
    ("place", "mode"),
    [
        ("postgresql://db.bank.example/cif", "verify"),
        ("mariadb://10.1.2.3/cif", "verify"),
        ("mariadb://10.1.2.3/cif?tls=off", "off"),
        ("postgresql://db/cif?tls=encrypt", "encrypt"),
        ("postgresql:///cif", "off"),
        ("postgresql:///cif?host=/var/run/postgresql", "off"),
        ("postgresql:///cif?host=db.bank.example", "verify"),
        ("mariadb://127.0.0.1/cif", "off"),
        ("mariadb://localhost/cif?tls_ca=ca.pem", "verify"),
        ("postgresql://127.0.0.1.bank.example/cif", "verify"),
        ("postgresql://127.0.0.1/cif?host=db.bank.example", "verify"),
        ("postgresql://localhost/cif?hostaddr=10.1.2.3", "verify"),
        ("postgresql:///cif?host=/var/run/postgresql,db.bank.example", "verify"),
        ("postgresql:///cif?host=/var/run/postgresql&host=db.bank.example", "verify"),
        ("postgresql:///cif?host=/var/run/postgresql&host=localhost", "off"),
    ],
)
def test_whatever_leaves_the_machine_is_protected_unless_the_url_says_otherwise(place: str, mode: str) -> None:
    tls, rest = _server.tls_of(make_url(place))
    assert tls.mode == mode
    assert not {"tls", "tls_ca"} & rest.query.keys()


@pytest.mark.parametrize(
    ("place", "variables", "mode"),
    [
        ("postgresql:///cif", {}, "prefer"),
        ("postgresql:///cif", {"PGHOST": "db.bank.example"}, "verify-full"),
        ("postgresql:///cif", {"PGHOSTADDR": "10.1.2.3"}, "verify-full"),
        ("postgresql:///cif", {"PGSERVICE": "bank"}, "verify-full"),
        ("postgresql:///cif?service=bank", {}, "verify-full"),
        ("postgresql://localhost/cif", {"PGHOST": "db.bank.example", "PGSSLMODE": "disable"}, "prefer"),
    ],
)
def test_where_a_url_leaves_the_host_to_its_surroundings_they_are_looked_at(
    place: str, variables: dict[str, str], mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    asked: list[dict[str, Any]] = []
    real = _postgresql._arguments
    monkeypatch.setattr(_postgresql, "_arguments", lambda *words: asked.append(real(*words)) or asked[-1])
    engine, _ = reach(place, create=False)
    engine.dispose()
    assert [one["sslmode"] for one in asked] == [mode]


def test_what_is_made_is_told_without_the_password(on: Server, url: str, tmp_path: Path) -> None:
    from bankcif.cli import main

    place = make_url(url).set(username="root" if on.name == "mariadb" else "postgres", password=SECRET)
    kept = [
        "--keys",
        str(tmp_path / "keys.json"),
        "--operators",
        str(tmp_path / "operators.toml"),
        "--key-store",
        str(tmp_path / "k.db"),
    ]
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told), pytest.raises(SystemExit):
        main(["init", "--db", place.render_as_string(hide_password=False), *kept])
    assert SECRET not in told.getvalue()
    assert make_url(url).database in told.getvalue()


def _driver(url: str) -> URL:
    made = make_url(url)
    return made.set(drivername={"postgresql": "postgresql+psycopg", "mariadb": "mariadb+pymysql"}[made.drivername])


@pytest.mark.server
def test_postgresql_looks_at_what_was_loaded_at_once_and_lets_off_who_may_not(postgresql: Server) -> None:
    with postgresql.database() as url:
        repository = SqlRepository.open(url, "t", create=True)
        with repository._engine.connect() as connection:
            seen = text("SELECT reltuples FROM pg_class WHERE relname = 'party'")
            found = [connection.execute(seen).scalar_one()]
            for number in range(3):
                with repository.unit_of_work() as unit:
                    unit.parties.add([party(CifNo(f"C{number}{n:015}")) for n in range(100 * 4**number)])
                    unit.commit()
                repository.look_again()
                found.append(connection.execute(seen).scalar_one())
        assert found == [-1, 100, 500, 2100]
        repository.close()

        engine, name = create_engine(make_url(url).set(drivername="postgresql+psycopg")), f"bankcif_{uuid4().hex[:8]}"
        with engine.connect() as connection:  # nothing of this is committed
            connection.execute(text(f"CREATE ROLE {name}"))
            connection.execute(text("UPDATE pg_class SET reltuples = -1 WHERE relname = 'party'"))
            connection.execute(text(f"SET LOCAL ROLE {name}"))
            _postgresql.Postgresql().look_again(connection)
            assert connection.execute(seen).scalar_one() == -1
        engine.dispose()
