"""Every statement looks up what it names, in an empty store as in a full one, and with any number of keys."""

from __future__ import annotations

import re
import sqlite3

import pytest
from sqlalchemy import Integer, LargeBinary, String

from bankcif.storage._sql_session import _spoken
from bankcif.storage._statements import QUERIES
from bankcif.storage._tables import METADATA
from bankcif.storage.sql import SqlRepository

WHOLE = {
    "approvals", "checkpoints", "checkpoint_last", "checkpoint_size", "count", "heads", "lease_count", "lease_free", "links_all", "feeds",
    "parties_page", "retired", "rotations", "staged", "store", "store_locked", "store_restate", "stream_ends", "tasks",
    "policy_active", "catalogue_active", "catalogue_at", "catalogues",  # a handful of policies and catalogues
    "model_active", "models",  # and of models
    "portraits_behind",  # all customers, a page at a time
    "lease_mine", "lease_end",  # a handful of streams
    "tags_count",  # a verification
    "tags_of_version",  # a rotation, which reads them all
    "challenges_over",  # what is not over is deleted when it is used
}  # fmt: skip
"""What reads a table from its beginning, because that is what is asked."""


@pytest.fixture
def database(tmp_path):
    SqlRepository.open(f"sqlite:///{tmp_path / 'cif.db'}", "bank", create=True).close()
    with sqlite3.connect(tmp_path / "cif.db") as db:
        yield db


@pytest.mark.parametrize("keys", [1, 22, 500])
@pytest.mark.parametrize("name", sorted(QUERIES.keys() - WHOLE))
def test_a_statement_reads_only_what_it_names(database, name, keys):
    from sqlalchemy.dialects import sqlite

    spoken = _spoken(name, sqlite.dialect(), keys)
    given = [0] * spoken.text.count("?")
    assert len(spoken.order) <= len(given) + 1
    for _, _, _, step in database.execute("EXPLAIN QUERY PLAN " + spoken.text, given):
        assert not step.startswith("SCAN"), step
        assert not re.search(r"\(tenant=\?\)$", step), step


def test_a_store_of_before_gets_the_figures_when_it_is_opened(tmp_path):
    url = f"sqlite:///{tmp_path / 'cif.db'}"
    SqlRepository.open(url, "bank", create=True).close()
    with sqlite3.connect(tmp_path / "cif.db") as db:
        db.execute("DROP TABLE sqlite_stat1")
    SqlRepository.open(url, "bank", create=False).close()
    with sqlite3.connect(tmp_path / "cif.db") as db:
        assert db.execute("SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'crosswalk'").fetchone() == (2,)


def test_figures_of_the_banks_own_are_left_alone(tmp_path):
    url = f"sqlite:///{tmp_path / 'cif.db'}"
    SqlRepository.open(url, "bank", create=True).close()
    with sqlite3.connect(tmp_path / "cif.db") as db:
        db.execute("UPDATE sqlite_stat1 SET stat = '7 7 7' WHERE idx = 'crosswalk_party'")
    SqlRepository.open(url, "bank", create=False).close()
    with sqlite3.connect(tmp_path / "cif.db") as db:
        assert db.execute("SELECT stat FROM sqlite_stat1 WHERE idx = 'crosswalk_party'").fetchone() == ("7 7 7",)


FEW = {"tenant", "source", "index_name"}
"""Of what there are a handful in a whole table."""


@pytest.fixture(scope="module")
def full(postgresql):
    """A repository on PostgreSQL and a connection to it, with rows in its tables that its planner has looked at."""
    import psycopg
    from sqlalchemy.engine import make_url

    with postgresql.database() as url:
        repository = SqlRepository.open(url, "bank", create=True)
        with psycopg.connect(
            make_url(url).set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True
        ) as db:
            for table in METADATA.sorted_tables:
                if table.name not in ("store", "schema_version"):
                    columns = ", ".join(_filling(column) for column in table.columns)
                    db.execute(f"INSERT INTO {table.name} SELECT {columns} FROM generate_series(1, 2000) AS n")
            db.execute("ANALYZE")
            db.execute("SET enable_seqscan = off")  # of a table so small it would be right
            yield repository, db
        repository.close()


def _filling(column):
    if column.name in FEW:
        return "'bank'"
    if isinstance(column.type, LargeBinary):
        number = "n / 500" if column.name == "batch" else "n"
        return f"decode(lpad(to_hex({number}), {2 * (column.type.length or 16)}, '0'), 'hex')"
    return "lpad(n::text, 8, '0')" if isinstance(column.type, String) else "n"


@pytest.mark.server
@pytest.mark.parametrize("name", sorted(QUERIES.keys() - WHOLE - {"approval_add"}))
def test_so_it_does_on_postgresql(full, name):
    repository, db = full
    dialect = repository._engine.dialect
    spoken, types = _spoken(name, dialect), QUERIES[name].compile(dialect=dialect).binds
    given = []
    for each in spoken.order:
        type_ = types[each].type
        value = (
            bytes(type_.length or 16) if isinstance(type_, LargeBinary) else 0 if isinstance(type_, Integer) else "0"
        )
        if each.removeprefix("b_") in FEW:
            value = "bank"
        given.append([value] * 3 if each == "keys" else value)
    plan = "\n".join(row[0] for row in db.execute("EXPLAIN " + spoken.text, given))
    assert "Seq Scan" not in plan, plan
    for condition in re.findall(r"Index Cond: (.*)", plan):
        assert ") AND (" in condition, plan
    assert not re.search(r"Filter: .*= ANY", plan), plan
