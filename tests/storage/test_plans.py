"""Every statement looks up what it names, in an empty store as in a full one, and with any number of keys."""

from __future__ import annotations

import re
import sqlite3

import pytest

from bankcif.storage._sql_session import _spoken
from bankcif.storage._statements import QUERIES
from bankcif.storage.sql import SqlRepository

WHOLE = {
    "approvals", "checkpoints", "checkpoint_last", "count", "heads", "lease_count", "lease_free", "links_all", "outbox",
    "parties_page", "retired", "rotations", "staged", "store", "store_locked", "store_restate", "stream_ends", "tasks",
    "policy_active",  # a handful of policies
    "lease_mine", "lease_end",  # a handful of streams
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
