"""Capture standards: what a form must hold, and what must agree."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from bankcif.errors import ConfigurationError
from bankcif.identifiers import SchemeSet
from bankcif.identifiers.cn import check_character
from bankcif.intake import CaptureStandards, Standardizer, capture_standards
from bankcif.party import PartyKind, ReferenceTables, age_on
from bankcif.wording import AddressBook

TODAY = date(2026, 11, 24)
USCC = "91350100M000100Y43"

OURS = """
version = "7"
[[standard]]
kind = "individual"
occasion = "account"
required = ["name"]
[[standard]]
kind = "individual"
occasion = "account"
channel = "app"
required = ["name", "phone"]
conditions = [{ when = "sex=1", require = ["occupation"] }]
"""


@pytest.fixture(scope="module")
def standardizer(tables: ReferenceTables, schemes: SchemeSet) -> Standardizer:
    return Standardizer(schemes=schemes, addresses=AddressBook(tables.divisions), codes=tables.codes)


def faults(
    standardizer: Standardizer, values: dict[str, Any], kind: PartyKind = PartyKind.INDIVIDUAL, occasion: str = "lead"
) -> dict[str, str]:
    form = standardizer.standardize(kind, values)
    checked = capture_standards().of(kind, occasion).check(form, today=TODAY)
    return {f"{fault.path} {fault.rule}": fault.severity for fault in checked.faults if fault.severity != "info"}


def resident(born: str) -> str:
    first = f"110105{born}002"
    return first + check_character(first)


def card(born: str, issued: str, **ends: object) -> dict[str, Any]:
    document = {"scheme": "cn.resident_id", "number": resident(born), "valid_from": issued, **ends}
    return {"name": "王芳", "identifiers": [document]}


# Source: Resident Identity Card Law of the PRC, art. 5: five, ten and twenty years, and without end, by age at issue.
@pytest.mark.parametrize(
    ("born", "issued", "ends", "fits"),
    [
        ("20150601", "2025-05-31", {"valid_until": "2030-05-31"}, True),
        ("20150601", "2025-05-31", {"valid_until": "2035-05-31"}, False),
        ("20081124", "2024-11-24", {"valid_until": "2034-11-24"}, True),
        ("20081125", "2024-11-24", {"valid_until": "2029-11-24"}, True),
        ("20000101", "2026-01-02", {"valid_until": "2046-01-02"}, True),
        ("20000101", "2025-12-31", {"valid_until": "2035-12-31"}, True),
        ("19800101", "2026-01-01", {"long_term": True}, True),
        ("19800101", "2025-12-31", {"long_term": True}, False),
        ("19800101", "2026-01-01", {"valid_until": "2046-01-01"}, False),
        ("20000301", "2024-02-29", {"valid_until": "2034-02-28"}, True),
        ("20000301", "2024-02-29", {"valid_until": "2034-03-01"}, True),
        ("20000301", "2024-02-29", {"valid_until": "2034-03-02"}, False),
        ("20000301", "2024-02-29", {}, True),
    ],
)
def test_a_card_ends_when_one_issued_at_that_age_does(
    standardizer: Standardizer, born: str, issued: str, ends: dict[str, Any], fits: bool
) -> None:
    found = faults(standardizer, card(born, issued, **ends))
    assert found == ({} if fits else {"$.identifiers[0].valid_until document_term": "warning"})


def test_nothing_is_issued_before_birth(standardizer: Standardizer) -> None:
    found = faults(standardizer, card("20000301", "1999-01-01", valid_until="2027-01-01"))
    assert found == {
        "$.identifiers[0].valid_from before_birth": "error",
        "$.identifiers[0].valid_until document_term": "warning",
    }


@pytest.mark.parametrize(
    "born",
    [{"birth_date": "1990-03-07"}, {"identifiers": [{"scheme": "cn.resident_id", "number": resident("19900307")}]}],
)
@pytest.mark.parametrize(
    ("path", "day", "more"),
    [
        ("$.customer_since", "1990-03-06", lambda day: {"customer_since": day}),
        ("$.last_reached_on", "1989-01-01", lambda day: {"last_reached_on": day}),
        ("$.investment_grade_until", "1950-12-31", lambda day: {"investment_grade_until": day}),
        ("$.holdings[0].opened_on", "1980-01-01", lambda day: {"holdings": [{"product": "saving", "opened_on": day}]}),
        ("$.holdings[0].closed_on", "1990-03-06", lambda day: {"holdings": [{"product": "saving", "closed_on": day}]}),
        ("$.interactions[0].on", "1985-05-05", lambda day: {"interactions": [{"channel": "branch", "type": "visit", "on": day}]}),
        ("$.tax_residences[0].certified_on", "1970-02-01",
         lambda day: {"tax_residences": [{"country": "FR", "no_tin": "not_issued", "certified_on": day}]}),
    ],
)  # fmt: skip
def test_nothing_happens_before_birth(
    standardizer: Standardizer, born: dict[str, Any], path: str, day: str, more: Callable[[str], dict[str, Any]]
) -> None:
    assert faults(standardizer, {"name": "王芳", "phone": "15412340001", **born, **more(day)}) == {
        f"{path} before_birth": "error"
    }
    on_the_day = faults(standardizer, {"name": "王芳", "phone": "15412340001", **born, **more("1990-03-07")})
    assert not [fault for fault in on_the_day if "before_birth" in fault]
    assert not [
        fault
        for fault in faults(standardizer, {"name": "王芳", "phone": "15412340001", **more(day)})
        if "before_birth" in fault
    ]


@pytest.mark.parametrize("day", ["1799-12-31", "2201-01-01", "9998-12-31"])
@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("$.birth_date", lambda day: {"birth_date": day}),
        ("$.investment_grade_until", lambda day: {"investment_grade_until": day}),
        ("$.identifiers[0].valid_until", lambda day: {"identifiers": [{"scheme": "passport", "number": "E73905126", "valid_until": day}]}),
        ("$.interactions[0].due", lambda day: {"interactions": [{"channel": "branch", "type": "visit", "on": "2026-01-01", "due": day}]}),
    ],
)  # fmt: skip
def test_a_day_lies_between_1800_and_2200(
    standardizer: Standardizer, day: str, path: str, more: Callable[[str], dict[str, Any]]
) -> None:
    assert faults(standardizer, {"name": "王芳", "phone": "15412340001", **more(day)}) == {f"{path} day_range": "error"}


@pytest.mark.parametrize(
    ("spans", "refused"),
    [
        ([("2016-05-01", "2026-05-01"), ("2026-05-01", "2046-05-01")], False),
        ([("2016-05-01", "2026-05-01"), ("2026-04-30", "2046-04-30")], True),
        ([("2016-05-01", "long"), ("2020-01-01", "2030-01-01")], True),
        ([("2026-05-02", "2046-05-01"), ("2016-05-01", "2026-05-01")], False),
        ([("2016-05-01", "2046-05-01"), ("2026-05-02", None)], False),
    ],
)
def test_of_one_number_one_document_is_valid_at_a_time(
    standardizer: Standardizer, spans: list[tuple[str, str | None]], refused: bool
) -> None:
    def documents(*numbers: str) -> list[dict[str, Any]]:
        return [
            {"scheme": "passport", "number": number, "valid_from": begins, **({"long_term": True} if ends == "long" else {"valid_until": ends} if ends else {})}
            for number, (begins, ends) in zip(numbers, spans, strict=True)
        ]  # fmt: skip

    def overlaps(*numbers: str) -> bool:
        found = faults(standardizer, {"name": "王芳", "phone": "15412340001", "identifiers": documents(*numbers)})
        return any("validity_overlap" in fault for fault in found)

    assert overlaps("E73905126", "E73905126") is refused
    assert not overlaps("E73905126", "E73905127"), "who renews a passport has two for a while"


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"tax_number": USCC}, {}),
        ({"tax_number": "350100M000100Y4"}, {}),
        ({"tax_number": "9135 0100 m000 100y 43"}, {}),
        ({"tax_number": "350100D2143569X"}, {"$.tax_number uscc_tax_number": "warning"}),
        ({"tax_number": "11010519491231002X"}, {"$.tax_number uscc_tax_number": "warning"}),
        ({"tax_number": "ABC"}, {}),
    ],
)
def test_a_tax_number_agrees_with_the_credit_code(
    standardizer: Standardizer, more: dict[str, Any], found: dict[str, str]
) -> None:
    values = {"name": "恒瑞科技有限公司", "identifiers": [{"scheme": "cn.uscc", "number": USCC}], **more}
    assert faults(standardizer, values, PartyKind.ORGANIZATION) == found


@pytest.mark.parametrize(
    ("scheme", "number", "rule"),
    [
        ("cn.organization_code", "M000100Y-4", None),
        ("cn.organization_code", "D2143569-X", "uscc_organization_code"),
        ("cn.tax_number", "350100M000100Y4", None),
        ("cn.tax_number", "350100D2143569X", "uscc_tax_number"),
    ],
)
def test_so_do_an_organization_s_other_numbers(
    standardizer: Standardizer, scheme: str, number: str, rule: str | None
) -> None:
    numbers = [{"scheme": "cn.uscc", "number": USCC}, {"scheme": scheme, "number": number}]
    found = faults(standardizer, {"name": "恒瑞科技", "identifiers": numbers}, PartyKind.ORGANIZATION)
    assert found == ({} if rule is None else {f"$.identifiers[1].number {rule}": "warning"})


@pytest.mark.parametrize(("born", "refused"), [("20081124", False), ("20081125", True)])
def test_a_minor_gets_no_credit_card(standardizer: Standardizer, born: str, refused: bool) -> None:
    values = {
        "name": "王芳", "identifiers": [{"scheme": "cn.resident_id", "number": resident(born)}], "phone": "15412345670",
        "occupation": "8", "address": "星河市长庚区银河路1号",
    }  # fmt: skip
    found = faults(standardizer, values, occasion="credit_card")
    assert found == ({"$.birth_date minor": "error"} if refused else {})


@given(st.dates(date(1900, 1, 1), date(2026, 1, 1)), st.integers(0, 100))
def test_a_birthday_makes_a_year_older(born: date, years: int) -> None:
    if (born.month, born.day) != (2, 29):
        day = born.replace(year=born.year + years)
        assert age_on(born, day) == years
        assert age_on(born, date.fromordinal(day.toordinal() - 1)) == years - 1


@pytest.mark.parametrize("missing", ["name", "identifiers", "phone"])
def test_an_agent_is_identified_in_full(standardizer: Standardizer, missing: str) -> None:
    values: dict[str, Any] = {
        "name": "赵敏", "phone": "15412345670", "identifiers": [{"scheme": "cn.resident_id", "number": resident("19800101")}],
    }  # fmt: skip
    assert faults(standardizer, values, occasion="agent") == {}
    told = {name: value for name, value in values.items() if name != missing}
    assert faults(standardizer, told, occasion="agent") == {f"$.{missing} required": "error"}


def test_nobody_certifies_on_a_day_to_come(standardizer: Standardizer) -> None:
    rows = [{"country": "SG", "tin": "1", "certified_on": "2099-12-31"}]
    assert faults(standardizer, {"name": "王芳", "phone": "15412345670", "tax_residences": rows}) == {
        "$.tax_residences[0].certified_on future": "error"
    }


@pytest.mark.parametrize("kind", PartyKind)
@pytest.mark.parametrize(("stated", "asked"), [("CN", False), ("FOREIGN", True), ("BOTH", True)])
def test_who_is_resident_for_tax_abroad_names_a_country(
    standardizer: Standardizer, kind: PartyKind, stated: str, asked: bool
) -> None:
    scheme, number = ("cn.uscc", USCC) if kind is PartyKind.ORGANIZATION else ("cn.resident_id", resident("19800101"))
    values: dict[str, Any] = {
        "name": "恒瑞科技", "phone": "15412345670", "identifiers": [{"scheme": scheme, "number": number}], "tax_residence": stated,
    }  # fmt: skip
    asks = {"$.tax_residences conditional": "error"} if asked else {}
    assert faults(standardizer, values, kind, occasion="account") == asks
    named = {**values, "tax_residences": [{"country": "SG", "tin": "S1"}]}
    assert not any(severity == "error" for severity in faults(standardizer, named, kind, occasion="account").values())


def test_a_passport_asks_for_nationality_and_birth_date(standardizer: Standardizer) -> None:
    values = {"name": "Ann Lee", "identifiers": [{"scheme": "passport", "number": "C01X00T47"}], "phone": "15412345670"}
    assert faults(standardizer, values, occasion="account") == {
        "$.nationality conditional": "error", "$.birth_date conditional": "error",
    }  # fmt: skip


def test_a_channel_may_have_a_standard_of_its_own(standardizer: Standardizer, tmp_path: Path) -> None:
    file = tmp_path / "standards.toml"
    file.write_text(OURS, encoding="utf-8")
    standards = CaptureStandards.read(file)
    form = standardizer.standardize(PartyKind.INDIVIDUAL, {"name": "王芳", "sex": "1"})
    everybody, app = (standards.of(PartyKind.INDIVIDUAL, "account", channel) for channel in ("counter", "app"))
    assert everybody.version == "7"
    assert everybody.check(form, today=TODAY).faults == ()
    assert {f"{f.path} {f.rule}" for f in app.check(form, today=TODAY).faults} == {
        "$.phone required", "$.occupation conditional",
    }  # fmt: skip
    with pytest.raises(ConfigurationError, match="there are account"):
        standards.of(PartyKind.INDIVIDUAL, "lead")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[[standard]]", "[[", "is not TOML"),
        ('version = "7"', "", "lacks the key version"),
        ('kind = "individual"', 'kind = "robot"', "another shape"),
        ('kind = "individual"', 'kind = "individual"\ncolour = 1', "colour is not a key"),
        ('required = ["name"]', 'required = ["nickname"]', "nickname is not a field"),
        ('when = "sex=1"', 'when = "hair=1"', "hair is not a field"),
        ('occasion = "account"', "", "lacks the key occasion"),
        ('when = "sex=1", ', "", "is incomplete"),
    ],
)
def test_a_mistake_in_a_file_of_standards_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    file = tmp_path / "standards.toml"
    file.write_text(OURS.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=said):
        CaptureStandards.read(file)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        CaptureStandards.read(tmp_path / "none.toml")
