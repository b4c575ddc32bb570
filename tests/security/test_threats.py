"""Attacks of the threat table that no other test carries out by itself; docs/explanation/threat-model.md names one for each line."""

from __future__ import annotations

import shutil
import socket
import struct
import threading
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from tests.conftest import TRUST, known
from tests.flows.test_browse import Under, grant, policy
from tests.flows.test_register import register

from bankcif import CIF, Actor, LocalKeyProvider, Purpose
from bankcif._canonical import dumps
from bankcif._clock import FixedClock
from bankcif.errors import (
    AccessError,
    BankCIFError,
    FourEyesError,
    NotFoundOrNotAllowedError,
    StoreOpenError,
)
from bankcif.flows.export import ExportSpec, Recipient
from bankcif.party import ReferenceTables

SERVICE = Purpose.SERVICE


def test_a_stolen_backup_without_key_store_or_key_file_does_not_open(
    sqlite_cif: CIF, steward: Actor, tables: ReferenceTables, clock: FixedClock, keys: LocalKeyProvider, tmp_path: Path
) -> None:
    """Threat 2: copies of the database, and of the key store, in whatever company but that of the key file."""
    done = register(sqlite_cif, steward, "1")
    sqlite_cif.close()
    stolen = tmp_path / "stolen"
    stolen.mkdir()

    def opened(*names: str, provider: LocalKeyProvider) -> CIF:
        for path in stolen.iterdir():
            path.unlink()
        for name in names:
            shutil.copy(tmp_path / name, stolen / name)
        return CIF.open(
            f"sqlite:///{stolen / 'cif.db'}",
            tenant="t",
            keys=provider,
            tables=tables,
            trust=TRUST,
            clock=clock,
            create=False,
        )

    stranger = LocalKeyProvider.generate()
    for names, provider in (
        (("cif.db",), keys), (("cif.db",), stranger), (("cif.db", "cif-keys.db"), stranger), (("cif-keys.db",), keys),
    ):  # fmt: skip
        with pytest.raises(BankCIFError) as caught:
            opened(*names, provider=provider)
        assert "张" not in str(caught.value)
    with opened("cif.db", "cif-keys.db", provider=keys) as whole:
        assert whole.customers.get(done.cif_no, actor=steward, purpose=SERVICE).name == "张**"


def test_the_keys_of_tags_are_in_no_file(
    sqlite_cif: CIF, steward: Actor, keys: LocalKeyProvider, tmp_path: Path
) -> None:
    """Threat 9: without its key, a tag can not be compared with those of all numbers there could be."""
    register(sqlite_cif, steward, "1")
    path = tmp_path / "elsewhere.keys"
    keys.write(path)
    secrets = [word for word in path.read_text("utf-8").replace('"', " ").split() if len(word) > 30]
    assert len(secrets) >= 2
    import base64

    raw = [base64.b64decode(word.strip(",") + "==") for word in secrets]
    held = b"".join(one.read_bytes() for one in tmp_path.iterdir() if one.suffix != ".keys")
    assert len(held) > 100_000
    for one, word in zip(raw, secrets, strict=True):
        assert one not in held
        assert one.hex().encode() not in held
        assert word.encode() not in held


def test_somebody_who_tries_one_number_after_another_is_stopped(cif: CIF, steward: Actor, clock: FixedClock) -> None:
    """Threats 5 and 9: numbers are tried by the search itself; finding nobody counts as well."""
    register(cif, steward, "1")
    actor = Actor(id="x", roles={"r"})
    with Under(cif, policy(grant("g", actions=["find"]), cap={"find": {"per_hour": 3}})):
        for n in range(3):
            assert cif.customers.find(phone=f"1540000000{n}", actor=actor, purpose=SERVICE) == []
        with pytest.raises(AccessError) as caught:
            cif.customers.find(phone="15412345678", actor=actor, purpose=SERVICE)
        assert caught.value.rule == "cap"
        clock.advance(timedelta(hours=1))
        assert len(cif.customers.find(phone="15412345678", actor=actor, purpose=SERVICE)) == 1


def test_a_server_that_offers_no_tls_is_told_nothing(tables: ReferenceTables, tmp_path: Path) -> None:
    """Threat 15: a server must encrypt and prove who it is, before it is told even whose password comes."""
    heard = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection:
                        heard.extend(connection.recv(8))
                        connection.sendall(b"N")  # no TLS here
                        heard.extend(connection.recv(1000))

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        url = f"postgresql://clerk:geheim@127.0.0.1:{listening.getsockname()[1]}/bank?tls=verify"
        with pytest.raises(StoreOpenError, match="TLS"):
            CIF.open(url, tenant="t", keys=LocalKeyProvider.generate(), tables=tables, key_store=tmp_path / "k.db")
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(5)
    request = struct.pack(">II", 8, 80877103)  # Source: PostgreSQL documentation, "Message Formats", SSLRequest
    assert heard
    assert heard == request * (len(heard) // len(request))


CHANGE = "UPDATE approval SET "


@pytest.mark.parametrize(
    "change",
    [
        CHANGE + "state = 'approved'",
        CHANGE + """state = 'approved', checks = '[{"actor":"z","person":"z","behalf":"","at":1}]'""",
        CHANGE + "maker = 'x', maker_person = 'x'",
        CHANGE + """checks = '[{"actor":"z","person":"z","behalf":"","at":1}]'""",
        CHANGE + "mark = X'00'",
    ],
)
def test_an_approval_that_was_changed_in_the_database_is_carried_out_by_nobody(
    sqlite_cif: CIF, steward: Actor, tmp_path: Path, change: str
) -> None:
    """Threats 3 and 11: who writes the table invents a second person."""
    import sqlite3

    one = register(sqlite_cif, steward, "1").cif_no
    other = register(sqlite_cif, steward, "2", identifiers=None, phone="15499999999", name="李四").cif_no
    checker = known(Actor(id="s.li", roles={"steward"}))
    proposal = sqlite_cif.matches.propose_merge(one, other, actor=steward, reason="r")
    with sqlite3.connect(tmp_path / "cif.db") as raw:
        raw.execute(change)
    with pytest.raises(FourEyesError) as caught:
        sqlite_cif.approvals.approve(proposal.id, actor=checker)
    assert caught.value.rule == "four_eyes"
    assert sqlite_cif.customers.get(other, actor=steward, purpose=SERVICE).cif_no == other


def test_an_export_is_not_taken_by_an_approval_that_nobody_gave(
    sqlite_cif: CIF, steward: Actor, tmp_path: Path
) -> None:
    import sqlite3

    register(sqlite_cif, steward, "1")
    taker = known(Actor(id="x", roles={"r"}))
    line = grant("g", actions=["export"], sinks=["export"], fields=["sex"], alone=0, inside=["x"])
    spec = ExportSpec(fields=("sex",), recipient=Recipient(name="x", inside=True), purpose=SERVICE)
    with Under(sqlite_cif, policy(line)):
        proposal = sqlite_cif.exports.propose(spec, actor=taker, reason="r")
        checks = """[{"actor":"z","person":"z","behalf":"","at":1}]"""
        with sqlite3.connect(tmp_path / "cif.db") as raw:
            raw.execute("UPDATE approval SET state = 'approved', checks = ?", (checks.encode(),))
        with pytest.raises(FourEyesError, match="does not stand where it was left"):
            sqlite_cif.exports.take(spec, actor=taker, approval_id=proposal.id)


def test_a_glass_that_nobody_broke_shows_nothing(sqlite_cif: CIF, steward: Actor, tmp_path: Path) -> None:
    """Threat 11: an emergency is written into the table, or ends later than it did."""
    import sqlite3

    import attrs

    done = register(sqlite_cif, steward, "1")
    actor = known(Actor(id="x", roles={"r"}))
    near = grant("g", actions=["view"], relations=["break_glass"])
    breaks = grant("b", actions=["break_glass"])
    with Under(sqlite_cif, policy(near, breaks)):
        broken = sqlite_cif.customers.break_glass(done.cif_no, actor=actor, purpose=SERVICE, reason="r")
        assert sqlite_cif.customers.get(done.cif_no, actor=actor, purpose=SERVICE)
        with sqlite_cif._repository.unit_of_work() as unit:
            (row,) = unit.work.approvals(ids=[broken.id])
        later = attrs.evolve(row, detail={**row.detail, "until": str(2**60)})
        later = attrs.evolve(later, digest=later.bound())
        with sqlite3.connect(tmp_path / "cif.db") as raw:
            raw.execute("UPDATE approval SET detail = ?, digest = ?", (dumps(dict(later.detail)), later.digest))
        with pytest.raises(NotFoundOrNotAllowedError):
            sqlite_cif.customers.get(done.cif_no, actor=actor, purpose=SERVICE)
