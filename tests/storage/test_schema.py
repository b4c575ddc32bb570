"""Versions of the tables: kept stores come to the newest, another library's are told apart, and roles have what they need."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from tests.conftest import ALL_ROLES, NOW, known
from tests.flows.test_register import register
from tests.storage.servers import NAMES, Server

from bankcif import CIF, Actor, LocalKeyProvider, Outcome, Purpose
from bankcif._clock import FixedClock
from bankcif.analytics import churn_scorecard
from bankcif.errors import StorageError, StoreOpenError
from bankcif.party import ReferenceTables
from bankcif.storage import schema, sql, upgrade
from bankcif.storage.roles import roles

KEPT = Path(__file__).parent / "schemas"
STEWARD = Actor(id="s.wu", roles=ALL_ROLES, branch="b")
ALL = ["sqlite", *(pytest.param(name, marks=pytest.mark.server) for name in NAMES)]

NEXT = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "0007", "0006"

def upgrade():
    with op.batch_alter_table("meeting") as table:
        table.add_column(sa.Column("extra", sa.Integer, nullable=True))
    op.create_table("novelty", sa.Column("tenant", sa.String(32), primary_key=True))
"""


def run(url: str, *statements: str) -> list[list[object]]:
    """What a stranger's statements give."""
    found = []
    engine = create_engine(driver(url))
    try:
        with engine.begin() as connection:
            for statement in statements:
                done = connection.exec_driver_sql(statement)
                found.append([tuple(row) for row in done] if done.returns_rows else [])
    finally:
        engine.dispose()
    return found


def driver(url: str) -> str:
    made = make_url(url)
    names = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "mariadb": "mariadb+pymysql"}
    return made.set(drivername=names[made.get_backend_name()]).render_as_string(hide_password=False)


def test_the_versions_are_those_of_the_migrations() -> None:
    assert tuple(step.revision for step in upgrade._scripts().walk_revisions())[::-1] == schema.SCHEMAS


@pytest.mark.parametrize("version", schema.SCHEMAS)
def test_a_kept_store_of_each_version_comes_to_the_newest_with_what_it_holds(
    version: str, tmp_path: Path, tables: ReferenceTables
) -> None:
    for name in ("cif", "cif-keys"):
        with closing(sqlite3.connect(tmp_path / f"{name}.db")) as database:
            database.executescript((KEPT / version / f"{name}.sql").read_text(encoding="utf-8"))
    shutil.copyfile(KEPT / version / "root.json", tmp_path / "keys.json")
    (tmp_path / "keys.json").chmod(0o600)
    url = f"sqlite:///{tmp_path / 'cif.db'}"
    assert upgrade.current(url) == version
    assert upgrade.upgrade(url) == (version, schema.SCHEMA)
    assert upgrade.differences(url) == []
    keys = LocalKeyProvider.from_file(tmp_path / "keys.json")
    with CIF.open(url, tenant="t", keys=keys, tables=tables, create=False) as cif:
        assert cif.audit.verify(actor=STEWARD).intact
        found = cif.customers.find(phone="15412345670", actor=STEWARD, purpose=Purpose.SERVICE)
        assert len(found) == 2
        assert register(cif, STEWARD, "new").outcome is Outcome.NEW
        if version > "0001":
            manager = known(Actor(id="m.li", roles={"relationship_manager"}, branch="b"))
            tags = cif.tags.portrait(found[0].cif_no, actor=manager, purpose=Purpose.SERVICE).tags
            assert "tag:prime_age" in {one.name for one in tags}
        if version > "0002":
            asked = {"actor": STEWARD, "purpose": Purpose.OPERATIONS}
            assert {one.rule for one in cif.quality.findings(**asked)} >= {"occupation_there", "identifiers_there"}
            assert cif.quality.figures(**asked)[0].rules
        if version > "0003":
            (model,) = cif.scoring.models(actor=known(Actor(id="t.mei", roles={"tag_officer"})))
            assert (model.card.name, model.card.model) == ("churn", churn_scorecard())
        if version > "0004":
            sync = known(Actor(id="svc.crm", roles={"crm_sync"}), datetime.now(UTC))
            told = cif.feeds.take("crm", actor=sync).changes
            assert [one.fields for one in told] == [("name", "phone")], "of the one who came since, and of nobody again"


def test_tables_are_laid_out_as_the_library_does_it_itself(url: str) -> None:
    assert upgrade.current(url) is None
    assert "holds no customer file" in upgrade.differences(url)[0]
    assert upgrade.upgrade(url) == (None, schema.SCHEMA)
    assert upgrade.upgrade(url) == (schema.SCHEMA, schema.SCHEMA)
    assert upgrade.differences(url) == []


def test_statements_that_are_printed_lay_out_the_same(url: str) -> None:
    kind = make_url(url).get_backend_name()
    printed = upgrade.statements(kind)
    if kind == "sqlite":
        with closing(sqlite3.connect(str(make_url(url).database))) as database:
            database.executescript(printed)
    else:
        run(url, *(one for one in printed.split(";\n") if one))
    assert upgrade.differences(url) == []
    sql.SqlRepository.open(url, "t", create=False).close()
    assert upgrade.statements(kind, schema.SCHEMA).startswith("-- ")
    with pytest.raises(StorageError, match="no version 0000"):
        upgrade.statements(kind, "0000")


def test_what_differs_is_told(url: str) -> None:
    upgrade.upgrade(url)
    run(
        url,
        "ALTER TABLE meeting ADD COLUMN odd INTEGER",
        "DROP TABLE usage" if "mariadb" not in url else "DROP TABLE `usage`",
    )
    told = "\n".join(upgrade.differences(url))
    assert "odd" in told
    assert "usage" in told


@pytest.fixture
def later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library of a later version, that adds a column and a table."""
    scripts = tmp_path / "migrations"
    shutil.copytree(upgrade._SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / "v0007.py").write_text(NEXT, encoding="utf-8")
    monkeypatch.setattr(upgrade, "_SCRIPTS", scripts)
    for module in (schema, upgrade):
        monkeypatch.setattr(module, "SCHEMAS", ("0001", "0002", "0003", "0004", "0005", "0006", "0007"))
        monkeypatch.setattr(module, "SCHEMA", "0007")


@pytest.fixture
def old(url: str) -> str:
    """A store with a row, of the version before."""
    opened = sql.SqlRepository.open(url, "t", create=True)
    with opened.unit_of_work() as unit:
        unit.audit.lease(b"h" * 16, 0, 1)
        unit.commit()
    opened.close()
    return url


def test_an_older_store_is_told_untouched_and_upgraded_with_its_rows(old: str, later: None) -> None:
    with pytest.raises(
        StoreOpenError, match="of version 0006, and this library works with 0007; run  bankcif db upgrade"
    ):
        sql.SqlRepository.open(old, "t", create=True)
    assert upgrade.current(old) == "0006"
    assert upgrade.upgrade(old) == ("0006", "0007")
    assert run(old, "SELECT extra FROM meeting", "SELECT tenant FROM novelty", "SELECT stream FROM audit_head") == [
        [], [], [("s0",)],
    ]  # fmt: skip
    assert upgrade.current(old) == "0007"
    sql.SqlRepository.open(old, "t", create=False).close()


def test_statements_since_a_version_do_the_same(old: str, later: None) -> None:
    kind = make_url(old).get_backend_name()
    if kind == "sqlite":
        with pytest.raises(StorageError, match="bankcif db upgrade  alone"):
            upgrade.statements(kind, "0006")
        return
    printed = [one.strip() for one in upgrade.statements(kind, "0006").split(";") if one.strip()]
    run(old, *(one for one in printed if one.split()[-1] not in ("BEGIN", "COMMIT")))
    assert upgrade.current(old) == "0007"
    assert run(old, "SELECT extra FROM meeting") == [[]]


def test_a_newer_store_is_told_and_left_as_it_is(old: str) -> None:
    run(old, "UPDATE schema_version SET version_num = '0009'")
    for work in (
        lambda: sql.SqlRepository.open(old, "t", create=True),
        lambda: sql.SqlRepository.open(old, "t", create=False),
        lambda: upgrade.upgrade(old),
    ):
        with pytest.raises(StoreOpenError, match="newer than this library"):
            work()
    assert "newer" in upgrade.differences(old)[0]
    assert upgrade.current(old) == "0009"


def test_laying_out_that_was_interrupted_is_carried_on(url: str) -> None:
    upgrade.upgrade(url)
    run(url, "DELETE FROM schema_version", "DROP TABLE meeting")
    sql.SqlRepository.open(url, "t", create=True).close()
    assert upgrade.differences(url) == []


def test_a_store_from_before_there_were_versions_is_not_touched(url: str, tmp_path: Path) -> None:
    keys = LocalKeyProvider.generate()
    CIF.open(url, tenant="t", keys=keys, key_store=tmp_path / "keys.db").close()
    run(url, "DROP TABLE schema_version")
    with pytest.raises(StoreOpenError, match="something else"):
        CIF.open(url, tenant="t", keys=keys, key_store=tmp_path / "keys.db")
    with pytest.raises(StoreOpenError, match="something else"):
        upgrade.upgrade(url)


def test_the_commands_say_what_is_and_exit_by_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from bankcif.cli import main

    place = ["--db", f"sqlite:///{tmp_path / 'cif.db'}"]

    def said(*words: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main(["db", *words])
        told = capsys.readouterr()
        return int(str(ended.value.code)), (told.out + told.err).strip()

    assert said("current", *place)[0] == 2
    assert said("upgrade", *place) == (0, f"tables of version {schema.SCHEMA} are laid out")
    assert said("upgrade", *place, "--json") == (0, f'{{"before": "{schema.SCHEMA}", "after": "{schema.SCHEMA}"}}')
    assert said("current", *place)[0] == 0
    assert said("check", *place) == (0, "the tables are as this library lays them out")
    run(place[1], "ALTER TABLE meeting ADD COLUMN odd INTEGER")
    assert said("check", *place)[0] == 1
    run(place[1], "UPDATE schema_version SET version_num = '0009'")
    code, told = said("current", *place)
    assert (code, "newer than this library" in told) == (1, True)
    assert "CREATE TABLE party" in said("sql", *place, "--kind", "mariadb")[1]
    assert said("roles", *place)[0] == 2
    assert "GRANT SELECT, INSERT ON cif.audit_entry TO bankcif_service" in said("roles", "--db", "mariadb:///cif")[1]
    assert "name the database" in said("roles", "--db", "mariadb://")[1]


def test_a_file_has_no_roles() -> None:
    with pytest.raises(StorageError, match="rights of the file system"):
        roles("sqlite", "cif.db")


@pytest.mark.server
@pytest.mark.parametrize(
    ("name", "parts"), [*((name, None) for name in NAMES), pytest.param("postgresql", 4, id="postgresql-split")]
)
def test_roles_may_do_what_they_need_and_nothing_else(
    name: str, parts: int | None, request: pytest.FixtureRequest, tmp_path: Path, tables: ReferenceTables
) -> None:
    server: Server = request.getfixturevalue(name)
    with server.database() as url:
        upgrade.upgrade(url, partitions=parts)
        made = make_url(url)
        users = {
            role: f"{role.removeprefix('bankcif_')}_{(made.database or '')[-6:]}"
            for role in ("bankcif_migration", "bankcif_service", "bankcif_report")
        }
        granted = roles(name, made.database or "")
        for role, user in users.items():
            granted = granted.replace(role, f"{user}_role")
        run(url, *(one for one in granted.split(";\n") if one))
        # An upgrade makes tables that nobody has rights on yet.
        other = upgrade.statements(name).split("CREATE TABLE feed (")[1].split(";")[0]
        run(url, "DROP TABLE feed", f"CREATE TABLE feed ({other.partition(' PARTITION')[0]}")
        again = roles(name, made.database or "", again=True)
        for role, user in users.items():
            again = again.replace(role, f"{user}_role")
        assert "CREATE ROLE" not in again
        run(url, *(one for one in again.split(";\n") if one))
        for user in users.values():
            server.run(*({
                "postgresql": [f"CREATE ROLE {user} LOGIN INHERIT", f"GRANT {user}_role TO {user}"],
                "mariadb": [f"CREATE USER {user}", f"GRANT {user}_role TO {user}", f"SET DEFAULT ROLE {user}_role FOR {user}"],
            }[name]))  # fmt: skip
        as_ = {role: made.set(username=user).render_as_string(hide_password=False) for role, user in users.items()}
        try:
            _service_works(as_["bankcif_service"], tmp_path, tables)
            forbidden = {
                "bankcif_service": [
                    "UPDATE audit_entry SET actor = 'x'", "DELETE FROM audit_entry", "DELETE FROM audit_subject",
                    "UPDATE audit_checkpoint SET note = ''", "DELETE FROM party", "DROP TABLE party", "CREATE TABLE mine (a INTEGER)",
                    "UPDATE schema_version SET version_num = '9'",
                ],
                "bankcif_report": [
                    "SELECT * FROM source_record", "SELECT * FROM credential", "SELECT * FROM audit_entry", "SELECT * FROM blind_index",
                    "UPDATE fact SET kind = 'x'", "DELETE FROM fact",
                ],
            }  # fmt: skip
            if parts:
                # What the service may not do with a table it may not do with a part of it.
                part = [f"{deed} bankcif_parts.audit_entry_0" for deed in ("DELETE FROM", "TRUNCATE", "SELECT * FROM")]
                forbidden["bankcif_service"] += [*part, "DROP TABLE bankcif_parts.party_3"]
                forbidden["bankcif_report"] += part
            for role, deeds in forbidden.items():
                for deed in deeds:
                    with pytest.raises(DBAPIError) as caught:
                        run(as_[role], deed)
                    assert "denied" in str(caught.value.orig) or "must be owner" in str(caught.value.orig), deed
            ((count,),) = run(
                as_["bankcif_report"], "SELECT count(*) FROM party JOIN fact ON fact.cif_no = party.cif_no"
            )[0:1][0:1][0]
            assert count == 1
            run(as_["bankcif_migration"], "ALTER TABLE party ADD COLUMN extra INTEGER")
        finally:
            if name == "postgresql":
                run(url, f"REASSIGN OWNED BY {users['bankcif_migration']}_role TO CURRENT_USER",
                    *(f"DROP OWNED BY {user}_role" for user in users.values()))  # fmt: skip
            for user in users.values():
                server.run(f"DROP USER {user}", f"DROP ROLE {user}_role")


def _service_works(url: str, folder: Path, tables: ReferenceTables) -> None:
    """Founds the store and registers somebody twice, with no right to make a table."""
    keys = LocalKeyProvider.generate()
    with CIF.open(
        url, tenant="t", keys=keys, key_store=folder / "keys.db", tables=tables, clock=FixedClock(NOW)
    ) as cif:
        assert register(cif, STEWARD, "1").outcome is Outcome.NEW
        assert register(cif, STEWARD, "2", channel="card").outcome is Outcome.LINKED
        assert cif.audit.verify(actor=STEWARD).intact
        cif.audit.checkpoint(actor=STEWARD)
        assert cif.feeds.cut(actor=STEWARD) == 2
