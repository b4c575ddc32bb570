"""Each statement by which a customer is taken in names the key its table is distributed by; and the tables can be split by it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from tests.flows.test_register import register
from tests.flows.test_verify_store import KEEPER, opened, peopled, verified
from tests.storage.servers import Server

from bankcif import CIF, Purpose
from bankcif.errors import StorageError
from bankcif.party import ReferenceTables
from bankcif.storage import _tables as t, partitions, upgrade
from bankcif.storage._sql_session import Session
from bankcif.storage.sql import SqlRepository

FEW = {
    "store",
    "audit_checkpoint",
    "audit_cursor",
    "rotation",
    "policy",
    "schema_version",
    "retired_key",
    "tag_catalogue",
    "score_model",
    "feed",
}
"""Tables with a few rows a tenant, which every machine could have."""
SECOND = {
    "crosswalk by cif_no": "the records of a customer who is there already",
    "not_a_match by high": "whom somebody keeps apart from whom, by the other side",
    "approval by other, subject": "what waits for a decision about a customer whose values changed",
    "audit_head by holder": "the stream of this process, once",
}
"""What goes by a second index: every part is asked, or a distributed database has that index as a table of its own."""


@contextmanager
def heard() -> Iterator[set[str]]:
    """Every statement that goes to the database within."""
    said: set[str] = set()
    driver, flush, run = Session._driver, Session.flush, Session.run

    def driven(session, statement, values, *, many=False):
        said.add(statement)
        return driver(session, statement, values, many=many)

    def flushed(session):
        said.update(one.text for one in session._inserts)
        return flush(session)

    def ran(session, statement, params=None):
        said.add(str(statement.compile(dialect=session.connection.dialect)))
        return run(session, statement, params)

    with (
        mock.patch.object(Session, "_driver", driven),
        mock.patch.object(Session, "flush", flushed),
        mock.patch.object(Session, "run", ran),
    ):
        yield said


def tables_without_their_key(statement: str) -> set[str]:
    """The tables of *statement* whose distribution key it does not fix, with the columns that it looks them up by."""
    words = " ".join(statement.split())
    inserted = re.match(r"INSERT INTO (\w+) \(([^)]*)\)", words)
    if inserted:
        table, columns = inserted.group(1), re.split(r"[,\s\"`]+", inserted.group(2))
        return set() if table in FEW or t.DISTRIBUTED_BY[table] in columns else {table}
    where = words.partition(" WHERE ")[2]
    fixed = set(re.findall(r"\b(\w+\.\w+) (?:= [?%]|= ANY|IN \()", where))
    # A row that is joined is looked up by what the other row has.
    fixed |= {one for one, other in re.findall(r"(\w+\.\w+) = (\w+)\.\w+", where) if not one.startswith(f"{other}.")}
    named = set(re.findall(r"(?:FROM|UPDATE|,) (\w+)(?=,| WHERE|$| SET)", words.partition(" ORDER BY ")[0])) & set(
        t.METADATA.tables
    )
    assert named, statement
    found = set()
    for table in named - FEW:
        if f"{table}.{t.DISTRIBUTED_BY[table]}" not in fixed:
            by = ", ".join(sorted(
                {column for one in fixed for of, _, column in [one.partition(".")] if of == table} - {"tenant", "source", "stream"}
            ))  # fmt: skip
            found.add(f"{table} by {by}")
    return found


@pytest.fixture
def cif(tables: ReferenceTables, tmp_path: Path) -> Iterator[CIF]:
    repository = SqlRepository.open(f"sqlite:///{tmp_path / 'cif.db'}", "t", create=True)
    with opened(repository, "t", tables) as made:
        yield made


def test_every_table_is_distributed_or_small() -> None:
    assert t.DISTRIBUTED_BY.keys() | FEW == t.METADATA.tables.keys()
    for name, column in t.DISTRIBUTED_BY.items():
        assert column in t.METADATA.tables[name].columns


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT party.kind FROM party WHERE party.tenant = ? AND party.branch = ?",
        "UPDATE claim SET cif_no=? WHERE claim.tenant = ? AND claim.index_name = ?",
        "DELETE FROM blind_index WHERE blind_index.tenant = ?",
        "INSERT INTO fact (tenant, kind) VALUES (?, ?)",
        "SELECT fact.kind FROM party, fact WHERE party.cif_no = ? AND fact.kind = party.kind",
        "SELECT party.kind FROM party, fact WHERE party.kind = ? AND fact.cif_no = party.cif_no",
    ],
)
def test_a_statement_without_the_key_is_noticed(statement: str) -> None:
    assert tables_without_their_key(statement)


def first_of_all(cif: CIF, n: int = 0) -> None:
    register(cif, KEEPER, f"new{n}", name="周新", identifiers=None, phone=f"154888800{n:02}")


WORK: dict[str, tuple[Callable[[CIF], object], set[str]]] = {
    "somebody new": (first_of_all, {"audit_head by holder"}),
    "the same again": (lambda cif: [first_of_all(cif), first_of_all(cif)], {"audit_head by holder"}),
    "somebody known by a number": (
        lambda cif: [register(cif, KEEPER, "a"), register(cif, KEEPER, "b")],
        {"audit_head by holder", "crosswalk by cif_no", "not_a_match by high", "approval by other, subject"},
    ),
    "somebody who may be another": (
        lambda cif: [register(cif, KEEPER, key, name="钱七", identifiers=None, phone="15499990088") for key in "ab"],
        {"audit_head by holder", "crosswalk by cif_no", "not_a_match by high", "approval by other, subject"},
    ),
    "a change": (
        lambda cif: [
            first_of_all(cif),
            register(cif, KEEPER, "new0", name="周新", identifiers=None, phone="15488880099"),
        ],
        {"audit_head by holder", "crosswalk by cif_no", "not_a_match by high", "approval by other, subject"},
    ),
}


@pytest.mark.parametrize("what", WORK)
def test_what_is_asked_to_take_in_a_customer_names_the_key(cif: CIF, what: str) -> None:
    do, allowed = WORK[what]
    with heard() as said:
        do(cif)
    assert any(one.startswith("INSERT INTO party ") for one in said)
    found = set().union(*map(tables_without_their_key, said))
    assert found <= allowed
    assert allowed <= SECOND.keys()


@pytest.mark.server
def test_a_store_on_eight_parts_does_all_that_another_does(postgresql: Server, tables: ReferenceTables) -> None:
    with postgresql.database() as url:
        assert upgrade.upgrade(url, partitions=8)[0] is None
        assert upgrade.differences(url) == []
        with opened(SqlRepository.open(url, "t", create=False), "t", tables) as cif:
            report = verified(peopled(cif))
            assert report.intact
            assert report.customers == 7
            first_of_all(cif)
            assert len(cif.customers.find(phone="15488880000", actor=KEEPER, purpose=Purpose.OPERATIONS)) == 1
            assert verified(cif).intact
        engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
        with engine.connect() as connection:
            for table in ("party", "blind_index", "source_record"):
                asked = text(f"SELECT count(DISTINCT tableoid), count(*) FROM {table}")
                used, rows = connection.execute(asked).one()
                assert used > 2
                assert rows > 7
            for part in ("audit_entry_0", "audit_subject_7"):
                for deed in (f"DELETE FROM bankcif_parts.{part}", f"TRUNCATE bankcif_parts.{part}"):
                    with pytest.raises(DBAPIError, match="the audit log only grows"):
                        connection.execute(text(deed))
                    connection.rollback()
            plan = connection.execute(
                text("EXPLAIN SELECT * FROM party WHERE tenant = 't' AND cif_no = ANY ('{C1,C2}')")
            ).scalars()
            asked_parts = set(re.findall(r"Scan .*?on (party_\d)", "\n".join(plan)))
            assert 1 <= len(asked_parts) <= 2, "only the parts of these customers are read"
        engine.dispose()
        with pytest.raises(StorageError, match="there already"):
            upgrade.upgrade(url, partitions=8)


def test_what_cannot_be_split_is_refused_and_nothing_is_laid_out(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'cif.db'}"
    with pytest.raises(StorageError, match="other databases split them by themselves"):
        upgrade.upgrade(url, partitions=8)
    assert not (tmp_path / "cif.db").exists()
    for many in (1, -3, partitions.MOST + 1):
        with pytest.raises(StorageError, match="2 to 64"):
            upgrade.statements("postgresql", partitions=many)
    printed = upgrade.statements("postgresql", partitions=4)
    assert printed.count("PARTITION BY HASH (cif_no)") == 8
    assert printed.count("PARTITION OF party ") == 4
    assert printed.count("PARTITION OF outbox ") == 4
