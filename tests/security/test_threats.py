"""Attacks of the threat table that no other test carries out by itself; docs/explanation/threat-model.md names one for each line."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from tests.conftest import TRUST
from tests.flows.test_browse import Under, grant, policy
from tests.flows.test_register import register

from bankcif import CIF, Actor, LocalKeyProvider, Purpose
from bankcif._clock import FixedClock
from bankcif.errors import AccessError, BankCIFError, ConfigurationError, StoreOpenError
from bankcif.party import ReferenceTables

SERVICE = Purpose.SERVICE


def test_a_stolen_backup_opens_without_neither_key_store_nor_key_file(
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
        assert isinstance(caught.value, StoreOpenError | ConfigurationError) or caught.value.code
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


@pytest.mark.parametrize("url", ["postgresql://h/b", "mysql+pymysql://h/b?ssl_disabled=true", "oracle://h/b"])
def test_a_database_elsewhere_is_not_spoken_to(url: str, tables: ReferenceTables, tmp_path: Path) -> None:
    """Threat 15: none is supported yet, so nothing goes over a wire without TLS."""
    with pytest.raises(StoreOpenError) as caught:
        CIF.open(url, tenant="t", keys=LocalKeyProvider.generate(), tables=tables, key_store=tmp_path / "k.db")
    assert "not supported yet" in str(caught.value)
