"""The library's own implementations pass the contracts that a bank's must pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from tests.storage.servers import NAMES, Server

from bankcif import LocalKeyProvider
from bankcif.identifiers import IdentifierScheme, SchemeSet
from bankcif.storage import MemoryKeyStore, MemoryRepository, Repository, upgrade
from bankcif.storage.key_store import SqliteKeyStore
from bankcif.storage.schema import SCHEMA
from bankcif.storage.sql import SqlRepository
from bankcif.storage.sql_keys import SqlKeyStore
from bankcif.testing.contracts import (
    IdentifierSchemeContract,
    KeyProviderContract,
    KeyStoreContract,
    RepositoryContract,
)


class TestMemoryRepository(RepositoryContract):
    @pytest.fixture
    def repository(self) -> Repository:
        return MemoryRepository()


class SqlRepositoryContract(RepositoryContract):
    @pytest.fixture
    def url(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def tenant(self) -> str:
        """Another one for each test, so that they may share a database."""
        return uuid4().hex

    @pytest.fixture
    def repository(self, url: str, tenant: str) -> Iterator[Repository]:
        opened = SqlRepository.open(url, tenant, create=True)
        yield opened
        opened.close()

    @pytest.fixture
    def reopened(self, url: str, tenant: str, repository: Repository) -> Iterator[Callable[[], Repository]]:
        made: list[SqlRepository] = []

        def again() -> Repository:
            made.append(SqlRepository.open(url, tenant, create=False))
            return made[-1]

        yield again
        for one in made:
            one.close()


class TestSqliteRepository(SqlRepositoryContract):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'cif.db'}"


@pytest.mark.server
class TestPostgresqlRepository(SqlRepositoryContract):
    @pytest.fixture
    def url(self, postgresql_url: str) -> str:
        return postgresql_url


@pytest.fixture(scope="module")
def partitioned_url(postgresql: Server) -> Iterator[str]:
    """A database of PostgreSQL whose tables are split into eight parts by hash."""
    with postgresql.database() as made:
        assert upgrade.upgrade(made, partitions=8) == (None, SCHEMA)
        yield made


@pytest.mark.server
class TestPartitionedRepository(SqlRepositoryContract):
    @pytest.fixture
    def url(self, partitioned_url: str) -> str:
        return partitioned_url


@pytest.mark.server
class TestMariadbRepository(SqlRepositoryContract):
    @pytest.fixture
    def url(self, mariadb_url: str) -> str:
        return mariadb_url


class TestMemoryKeyStore(KeyStoreContract):
    @pytest.fixture
    def key_store(self) -> MemoryKeyStore:
        return MemoryKeyStore()


class TestSqliteKeyStore(KeyStoreContract):
    @pytest.fixture
    def key_store(self, tmp_path: Path) -> Iterator[SqliteKeyStore]:
        opened = SqliteKeyStore(tmp_path / "keys.db")
        yield opened
        opened.close()


@pytest.mark.server
class TestSqlKeyStore(KeyStoreContract):
    @pytest.fixture(params=NAMES)
    def key_store(self, request: pytest.FixtureRequest) -> Iterator[SqlKeyStore]:
        server: Server = request.getfixturevalue(request.param)
        with server.database() as url:
            opened = SqlKeyStore(url)
            yield opened
            opened.close()


class TestLocalKeyProvider(KeyProviderContract):
    @pytest.fixture
    def provider(self, tmp_path: Path) -> LocalKeyProvider:
        LocalKeyProvider.generate().write(tmp_path / "keys.json")
        return LocalKeyProvider.from_file(tmp_path / "keys.json")


VALID = {
    "cn.resident_id": [
        "11010519491231002X",
        "110105491231002",
        "１１０１０５１９４９１２３１００２ｘ",
        "810000199408230021",
    ],
    "cn.uscc": ["91350100M000100Y43", "91350100m000100y43"],
    "phone": ["13800138001", "+86 138-0013-8001", "010-65529988转12", "+852 2345 6789"],
    "card": ["4111 1111 1111 1111", "6222021234567890"],
    "email": ["Li.Wei@Example.COM", "a+b@sub.domain.cn", "ａｂ@qq.com"],
    "cn.passport": [
        "E12345678",
        "e1234 5678",
        "EA1234567",
        "G12345678",
        "150123456",
        "DE1234567",
        "S.1234567",
        "KJ1234567",
    ],
    "cn.hk_mo_permit": ["H12345678", "M12345678", "H1234567802"],
    "cn.tw_permit": ["12345678", "1234567801", "1234567801(B)"],
    "cn.exit_permit": ["C12345678", "CA1234567", "T12345678", "L12345678"],
    "hk.hkid": ["A123456(3)", "AB987654(3)", "Ａ１２３４５６（３）"],
    "mo.bir": ["1234567(8)", "5123456(7)", "71234568"],
    "tw.national_id": ["A123456789", "a123456789"],
    "tw.residence": ["A800000014", "FA12345689"],
    "passport": ["E12345678", "C01X00T47", "AB 12345"],
    "cn.organization_code": ["D2143569-X", "d2143569x"],
    "cn.business_license": ["110108000000016", "110108 0000 00016"],
    "cn.tax_number": ["110108D2143569X", "91350100M000100Y43", "11010519491231002X00"],
    "cn.cnaps": ["102100099996"],
    "lei": ["5493000IBP32UQZ0KL24", "5493 000I BP32 UQZ0 KL24"],
    "bic": ["ICBKCNBJ", "ICBKCNBJXXX"],
    "iban": ["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432"],
    "stdnum.de.idnr": ["36574261809", "36 574 261 809"],
    "stdnum.cn.ric": ["360426199101010071"],
    "cn.military": ["军字第1234567号", "军１２３４５６７", "武 字第 12345678 号", "20161234567"],
    "cn.household_register": ["123456789", "11010519491231002X"],
    "sg.nric": ["S1234567D", "T1234567J", "F1234567N", "G1234567X", "M1234567K"],
    "gb.nino": ["AB123456C", "ab 12 34 56 c"],
    "id.nik": ["3204110609970001", "3204114609970001"],
    "vn.cccd": ["001090123456", "079301123456"],
    "icao.mrz": [
        "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10",
        "p<utoeriksson<<anna<maria<<<<<<<<<<<<<<<<<<<\nl898902c36uto7408122f1204159ze184226b<<<<<10",
    ],
}
INVALID = {
    "cn.resident_id": ["", "110105194912310021", "11010519491331002X", "1101051949123100", "abcdefghijklmnopqr"],
    "cn.uscc": ["", "91350100M000100Y44", "91350100I000100Y43", "9135010"],
    "phone": ["", "abc", "95588", "10086", "123", "1410012345678"],
    "card": ["", "4111111111111112", "41111", "4111x11111111111"],
    "email": ["", "a", "a@b", "a@@b.com", "a b@c.com", "@b.com", "a@-b.com", ".a@b.com"],
    "cn.passport": ["", "EI1234567", "E1234567", "Q12345678", "12345678"],
    "cn.hk_mo_permit": ["", "H1234567", "X12345678", "H123456789"],
    "cn.tw_permit": ["", "1234567", "123456789", "1234567A"],
    "cn.exit_permit": ["", "CO1234567", "X12345678"],
    "hk.hkid": ["", "A123456(4)", "AB987654(4)", "1123456(3)", "A12345(3)", "A123456(B)"],
    "mo.bir": ["", "2234567(8)", "123456(7)", "123456A(8)"],
    "tw.national_id": ["", "A123456788", "A323456789", "AA23456789", "A12345678"],
    "tw.residence": ["", "A800000015", "A123456789", "FE12345689"],
    "passport": ["", "E123", "E12345678901234X", "E12_45678"],
    "cn.organization_code": ["", "D2143569-1", "D21435691X", "D214_569X"],
    "cn.business_license": ["", "11010800000001", "11010800000001X"],
    "cn.tax_number": ["", "110108D2143569", "91350100M000100Y44", "11010519491231002X--", "11010519491231003X00"],
    "cn.cnaps": ["", "10210009999", "10210009999X"],
    "lei": ["", "5493000IBP32UQZ0KL25", "5493000IBP32UQZ0KL2"],
    "bic": ["", "ICBKCNB", "1CBKCNBJ"],
    "iban": ["", "DE89370400440532013001", "XX00"],
    "stdnum.de.idnr": ["", "36574261808", "3657426180"],
    "icao.mrz": [
        "",
        "P<UTO",
        "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C37UTO7408122F1204159ZE184226B<<<<<10",
        "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<1?",
    ],
    "cn.military": ["", "军", "军字第", "军字第123号", "军字第1234_567号", "X" * 30],
    "cn.household_register": ["", "12345678", "11010519491231002Y"],
    "sg.nric": ["", "S1234567E", "X1234567D", "S123456D"],
    "gb.nino": ["", "QQ123456C", "GB123456C", "AB123456E", "AO123456C"],
    "id.nik": ["", "3204113213970001", "3204117209970001", "320411060997001"],
    "vn.cccd": ["", "101090123456", "00109012345"],
    "stdnum.cn.ric": ["", "111111194912310028", "360426199101010072"],
}


class TestSchemes(IdentifierSchemeContract):
    @pytest.fixture(params=sorted(VALID))
    def name(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    @pytest.fixture
    def scheme(self, schemes: SchemeSet, name: str) -> IdentifierScheme:
        return schemes[name]

    @pytest.fixture
    def valid(self, name: str) -> list[str]:
        return VALID[name]

    @pytest.fixture
    def invalid(self, name: str) -> list[str]:
        return INVALID[name]
