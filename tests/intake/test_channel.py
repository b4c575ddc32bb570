"""Channel mappings: a mistake is told when the mapping is read, with its key."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import ZONE

from bankcif.errors import FileError, MappingError
from bankcif.intake import Channel, map_row, read_channel
from bankcif.party import PartyKind

GOOD = """
name = "c"
format = "csv"
key = "id"
[columns]
id = ""
who = "name"
day = { to = "birth_date", dates = ["%d/%m/%Y"] }
sex = { to = "sex", codes = { M = "1", F = "2" } }
no = { to = "identifiers", scheme_column = "type", schemes = { A = "cn.resident_id" } }
until = "identifiers.valid_until"
type = ""
card = "holdings.card"
tel = "phone"
"""


def read(tmp_path: Path, text: str) -> Channel:
    path = tmp_path / "channel.toml"
    path.write_text(text, encoding="utf-8")
    return read_channel(path)


def test_a_row_is_mapped(tmp_path: Path) -> None:
    row = {
        "id": " 7 ", "who": "张伟", "day": "31/12/1949", "sex": "F", "no": "110105", "type": "A", "until": "长期",
        "card": "99", "tel": "13800138000",
    }  # fmt: skip
    mapped = map_row(row, read(tmp_path, GOOD), ZONE)
    assert mapped.source_key == "7"
    assert mapped.kind is PartyKind.INDIVIDUAL
    assert mapped.values == {
        "name": "张伟",
        "birth_date": "1949-12-31",
        "sex": "2",
        "identifiers": [{"number": "110105", "scheme": "cn.resident_id", "valid_until": "长期"}],
        "holdings": [{"number": "99", "scheme": "card", "product": "card"}],
        "phone": "13800138000",
    }
    assert mapped.faults == ()


BALANCES = """
name = "b"
format = "csv"
key = "id"
[columns]
id = ""
month = "balances.month"
average = { to = "balances.average", currency = "CNY" }
"""


@pytest.mark.parametrize("month", ["2026-10", "202610", "2026-10-31"])
def test_a_row_brings_the_balance_of_a_month(tmp_path: Path, month: str) -> None:
    mapped = map_row({"id": "7", "month": month, "average": "50000.00"}, read(tmp_path, BALANCES), ZONE)
    assert mapped.values == {
        "balances": [{"month": "2026-10", "book": "b:7", "average": {"amount": "50000.00", "currency": "CNY"}}]
    }
    booked = read(tmp_path, BALANCES + 'account = "balances.book"\n')
    row = {"id": "7", "month": month, "average": "1", "account": "a-3"}
    assert map_row(row, booked, ZONE).values["balances"][0]["book"] == "a-3"
    assert map_row({"id": "7", "month": month}, booked, ZONE).values == {}, "a month without an amount is none"
    refused = map_row(row, read(tmp_path, 'allowed = ["name"]\n' + BALANCES), ZONE)
    assert (refused.values, [(one.path, one.rule) for one in refused.faults]) == (
        {},
        [("$.balances", "field_not_allowed")],
    )


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ('x = "balances.average"', "columns.x.currency is missing"),
        ('x = "balances.size"', "columns.x.to is not a field"),
        ('x = "balances"', "columns.x.to is not a field"),
    ],
)
def test_a_wrong_column_of_a_balance_is_told(tmp_path: Path, column: str, said: str) -> None:
    with pytest.raises(MappingError, match=said):
        read(tmp_path, BALANCES + column + "\n")


TAXED = """
name = "b"
format = "csv"
key = "id"
[columns]
id = ""
c1 = { to = "tax_residences.country", codes = { "702" = "SG" } }
t1 = "tax_residences.tin"
d1 = { to = "tax_residences.certified_on", dates = ["%Y%m%d"] }
c2 = "tax_residences.2.country"
r2 = "tax_residences.2.no_tin"
"""


def test_a_row_brings_tax_residences(tmp_path: Path) -> None:
    channel = read(tmp_path, TAXED)
    row = {"id": "7", "c1": "702", "t1": "S1", "d1": "20261102", "c2": "US", "r2": "not_issued"}
    assert map_row(row, channel, ZONE).values == {
        "tax_residences": [
            {"country": "SG", "tin": "S1", "certified_on": "2026-11-02"}, {"country": "US", "no_tin": "not_issued"},
        ]
    }  # fmt: skip
    assert map_row({"id": "7", "t1": "S1"}, channel, ZONE).values == {"tax_residences": [{"tin": "S1"}]}, (
        "which is refused"
    )
    unknown = map_row({"id": "7", "c1": "999", "t1": "S1"}, channel, ZONE)
    assert (unknown.values, [one.rule for one in unknown.faults]) == ({"tax_residences": [{"tin": "S1"}]}, ["code"])
    with pytest.raises(MappingError, match=r"columns\.x\.to is not a field"):
        read(tmp_path, TAXED + 'x = "tax_residences.size"\n')


def test_what_cannot_be_translated_is_a_fault(tmp_path: Path) -> None:
    mapped = map_row({"id": "", "sex": "X", "no": "12", "type": "Z", "day": "31.12.49"}, read(tmp_path, GOOD), ZONE)
    assert {(f.path, f.rule, f.severity) for f in mapped.faults} == {
        ("$", "key", "error"),
        ("$.sex", "code", "warning"),
        ("$.identifiers", "unknown_scheme", "error"),
    }
    assert mapped.values["birth_date"] == "31.12.49"  # for standardizing to refuse


def test_a_kind_column_tells_persons_from_companies(tmp_path: Path) -> None:
    text = GOOD.replace(
        'key = "id"', 'key = "id"\nkind = { column = "type", codes = { A = "individual", B = "organization" } }'
    )
    channel = read(tmp_path, text)
    assert map_row({"id": "1", "type": "B"}, channel, ZONE).kind is PartyKind.ORGANIZATION
    assert [f.rule for f in map_row({"id": "1", "type": "?"}, channel, ZONE).faults] == ["kind"]


def test_an_agreement_limits_the_fields(tmp_path: Path) -> None:
    channel = read(tmp_path, GOOD.replace('key = "id"', 'key = "id"\nallowed = ["name"]'))
    mapped = map_row({"id": "1", "who": "张伟", "tel": "13912345670", "card": "99"}, channel, ZONE)
    assert mapped.values == {"name": "张伟"}
    assert {(f.path, f.rule) for f in mapped.faults} == {
        ("$.phone", "field_not_allowed"),
        ("$.holdings", "field_not_allowed"),
    }


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('name = "c"', ""), "name is missing"),
        (('format = "csv"', 'format = "xml"'), "format must be one of"),
        (('key = "id"', 'key = "no such"'), "key names a column"),
        (('key = "id"', 'key = "id"\nencoding = "klingon"'), "encoding"),
        (('key = "id"', 'key = "id"\ntrust = 101'), "trust"),
        (('key = "id"', 'key = "id"\nmore = 1'), "more is not a key"),
        (('key = "id"', 'key = "id"\nmay_change = ["nothing"]'), "nothing is not a field"),
        (('key = "id"', 'key = "id"\nmay_change = ["identifiers"]'), "changed by two persons"),
        (('key = "id"', 'key = "id"\nbusiness_time = "no such"'), "business_time names a column"),
        (('key = "id"', 'key = "id"\ndelimiter = ",,"'), "delimiter"),
        (('key = "id"', 'key = "id"\nkind = "robot"'), "kind must be"),
        (('who = "name"', 'who = "nickname"'), "nickname|not a field"),
        (('who = "name"', 'who = "cvv"'), "never stored"),
        (('who = "name"', 'who = "aum"'), "currency"),
        (('who = "name"', "who = 3"), "wrong type|columns"),
        (('who = "name"', 'who = { to = "name", colour = "red" }'), "colour"),
        (('dates = ["%d/%m/%Y"]', 'dates = ["%Q"]'), "date forms"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, change: tuple[str, str], words: str) -> None:
    with pytest.raises(MappingError, match=words):
        read(tmp_path, GOOD.replace(*change))


def test_no_toml_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="not TOML"):
        read(tmp_path, "name = ")
    with pytest.raises(FileError, match="does not exist"):
        read_channel(tmp_path / "none.toml")
