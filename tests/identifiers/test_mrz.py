"""
Machine-readable zones.

Source of the zones: the specimens of ICAO Doc 9303, parts 4 to 7, of the invented state UTO; the long number is the
example of part 5.
"""

from __future__ import annotations

import string
from datetime import date

import pytest
from hypothesis import given, strategies as st

from bankcif.identifiers import Mrz, MrzFacts, SchemeSet
from bankcif.identifiers.mrz import mrz_check

TD1 = """I<UTOD231458907<<<<<<<<<<<<<<<
7408122F1204159UTO<<<<<<<<<<<6
ERIKSSON<<ANNA<MARIA<<<<<<<<<<"""
TD1_LONG = """I<UTOD23145890<7349<<<<<<<<<<<
3407127M9507122UTO<<<<<<<<<<<2
STEVENSON<<PETER<JOHN<<<<<<<<<"""
TD2 = """I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<
D231458907UTO7408122F1204159<<<<<<<6"""
TD3 = """P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<
L898902C36UTO7408122F1204159ZE184226B<<<<<10"""
MRV_A = """V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<
L8988901C4XXX4009078F96121096ZE184226B<<<<<<"""
MRV_B = """V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<
L8988901C4XXX4009078F9612109<<<<<<<<"""
SPECIMENS = {"TD1": TD1, "TD2": TD2, "TD3": TD3, "MRV-A": MRV_A, "MRV-B": MRV_B}


@pytest.fixture(scope="module")
def scheme(schemes: SchemeSet) -> Mrz:
    found = schemes["icao.mrz"]
    assert isinstance(found, Mrz)
    return found


def facts(scheme: Mrz, text: str) -> MrzFacts:
    found = scheme.parse(text)
    assert found is not None, scheme.validate(text).issues
    return found


def td3(*, names: str = "ERIKSSON<<ANNA", state: str = "UTO", born: str = "740812", expires: str = "300101") -> str:
    """A passport's zone with every check digit right."""
    number = "L898902C3"
    second = f"{number}{mrz_check(number)}{state}{born}{mrz_check(born)}F{expires}{mrz_check(expires)}{'<' * 15}"
    composite = mrz_check(second[:10] + second[13:20] + second[21:43])
    return f"P<{state}{names:<<39}" + second + composite


@pytest.mark.parametrize("kind", SPECIMENS)
def test_the_specimens_are_valid_and_read(scheme: Mrz, kind: str) -> None:
    found = facts(scheme, SPECIMENS[kind])
    assert (found.kind, found.surname, found.given_names, found.sex) == (kind, "ERIKSSON", "ANNA MARIA", "2")
    assert scheme.format(SPECIMENS[kind].replace("\n", "")) == SPECIMENS[kind]


def test_a_passport_tells_everything_it_holds(scheme: Mrz) -> None:
    found = facts(scheme, TD3)
    assert (found.document, found.issuer, found.number, found.nationality) == ("P", "UTO", "L898902C3", "UTO")
    assert (found.birth_date, found.expires) == (date(1974, 8, 12), date(2012, 4, 15))
    assert (found.optional, found.country) == ("ZE184226B", None)
    assert [(i.rule, i.severity) for i in scheme.validate(TD3).issues] == [("expired", "warning")]


def test_a_long_document_number_goes_on_in_the_optional_data(scheme: Mrz) -> None:
    assert facts(scheme, TD1_LONG).number == "D23145890734"
    wrong = TD1_LONG.replace("7349", "7348")
    assert {(i.rule, i.position) for i in scheme.validate(wrong).issues} >= {("mrz_number", 18)}


@pytest.mark.parametrize(
    ("old", "new", "rules"),
    [
        ("L898902C36", "L898902C37", {"mrz_number", "mrz_composite"}),
        ("7408122F", "7408123F", {"mrz_birth", "mrz_composite"}),
        ("1204159Z", "1204158Z", {"mrz_expiry", "mrz_composite"}),
        ("<<<<<10", "<<<<<20", {"mrz_optional", "mrz_composite"}),
        ("<<<<<10", "<<<<<11", {"mrz_composite"}),
        ("7408122F", "7408122Q", {"code"}),
        ("C36UTO", "C36U1O", {"country_code"}),
    ],
)
def test_each_check_digit_has_its_own_name(scheme: Mrz, old: str, new: str, rules: set[str]) -> None:
    verdict = scheme.validate(TD3.replace(old, new))
    assert {issue.rule for issue in verdict.issues if issue.severity == "error"} == rules
    assert verdict.value is None


def test_a_person_of_one_name_has_no_given_name(scheme: Mrz) -> None:
    found = facts(scheme, td3(names="SUHARTO"))
    assert (found.surname, found.given_names) == ("SUHARTO", "")


def test_a_name_that_fills_its_field_may_be_cut(scheme: Mrz) -> None:
    assert "name_truncated" in {i.rule for i in scheme.validate(td3(names="A" * 39)).issues}


def test_germany_writes_one_letter(scheme: Mrz) -> None:
    found = facts(scheme, td3(state="D<<"))
    assert (found.nationality, found.issuer, found.country) == ("D", "D", "DE")


@pytest.mark.parametrize(
    ("born", "year"), [("261124", 2026), ("261125", 1926), ("000229", 2000), ("991231", 1999), ("270101", 1927)]
)
def test_nobody_is_born_in_the_future(scheme: Mrz, born: str, year: int) -> None:
    found = facts(scheme, td3(born=born)).birth_date
    assert found is not None
    assert found.year == year


@pytest.mark.parametrize(("expires", "year"), [("761231", 2076), ("770101", 1977), ("260101", 2026), ("990101", 1999)])
def test_an_expiry_date_lies_within_fifty_years(scheme: Mrz, expires: str, year: int) -> None:
    found = facts(scheme, td3(expires=expires)).expires
    assert found is not None
    assert found.year == year


def test_a_birth_date_may_be_open(scheme: Mrz) -> None:
    assert facts(scheme, td3(born="74<<<<")).birth_date is None
    assert [i.rule for i in scheme.validate(td3(born="740230")).issues] == ["birth_date"]


@given(st.dates(date(1927, 1, 1), date(2026, 11, 24)))
def test_every_birth_date_of_the_last_hundred_years_is_read_back(scheme: Mrz, born: date) -> None:
    assert facts(scheme, td3(born=f"{born:%y%m%d}")).birth_date == born


@given(st.integers(0, 43), st.sampled_from(string.digits + string.ascii_uppercase + "<"))
def test_one_wrong_digit_of_the_second_line_is_found(scheme: Mrz, at: int, character: str) -> None:
    zone = TD3.replace("\n", "")
    wrong = zone[: 44 + at] + character + zone[45 + at :]
    digits = zone[44 + at].isdigit() and character.isdigit()
    # Weights 7, 3 and 1 are coprime to 10, so that one digit for another is always seen.
    assert not digits or scheme.is_valid(wrong) == (wrong == zone)


def test_facts_do_not_show_themselves(scheme: Mrz) -> None:
    assert "ERIKSSON" not in repr(facts(scheme, TD3))
    assert "ERIKSSON" not in repr(scheme.validate(TD3))
