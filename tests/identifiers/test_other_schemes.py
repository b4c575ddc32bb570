"""Unified social credit codes, cards, phones, e-mail. Each table's source stands beside it."""

from __future__ import annotations

import gc
import weakref

import phonenumbers
import pytest
from hypothesis import given, strategies as st

from bankcif.identifiers import Card, Phone, SchemeSet
from bankcif.identifiers.card import luhn
from bankcif.identifiers.organization import organization_check, uscc_check
from bankcif.testing import strategies


def found(schemes: SchemeSet, scheme: str, text: str) -> tuple[str | None, dict[str, str]]:
    verdict = schemes[scheme].validate(text)
    return verdict.value, {issue.rule: issue.severity.value for issue in verdict.issues}


# Source: 91350100M000100Y43 is the worked example of GB 32100-2015, annex A.
@pytest.mark.parametrize(
    ("text", "value", "rules"),
    [
        ("91350100M000100Y43", "91350100M000100Y43", {}),
        ("9135 0100 M000 100Y 43", "91350100M000100Y43", {}),
        ("91350100M000100Y44", None, {"check_digit": "error"}),
        ("91350100M000100Y4", None, {"length": "error"}),
        ("91350100O000100Y43", None, {"characters": "error"}),
        ("9135010AM000100Y43", None, {"characters": "error"}),
    ],
)
def test_uscc(schemes: SchemeSet, text: str, value: str | None, rules: dict[str, str]) -> None:
    assert found(schemes, "cn.uscc", text) == (value, rules)


def uscc(head: str) -> str:
    inner = "M000100Y"
    first = head + inner + organization_check(inner)
    return first + uscc_check(first)


def test_an_unknown_type_and_region_are_warnings(schemes: SchemeSet) -> None:
    assert found(schemes, "cn.uscc", uscc("95999999"))[1] == {"type_code": "warning", "region_unknown": "warning"}


def test_the_army_s_and_farmers_codes_begin_with_letters(schemes: SchemeSet) -> None:
    assert found(schemes, "cn.uscc", uscc("A1350100"))[1] == {}
    assert found(schemes, "cn.uscc", uscc("N1350100"))[1] == {}


def test_the_inner_organization_code_is_checked_too(schemes: SchemeSet) -> None:
    first = "91350100M000100Y5"
    assert found(schemes, "cn.uscc", first + uscc_check(first))[1] == {"organization_code": "warning"}


def test_a_pilot_series_that_breaks_the_rule_is_a_warning(schemes: SchemeSet) -> None:
    assert found(schemes, "cn.uscc", "91350211M000100Y40")[1] == {"known_violator": "warning"}


# Source: the brands' published test numbers.
@pytest.mark.parametrize(
    ("number", "brand"),
    [
        ("4111111111111111", "visa"), ("5555555555554444", "mastercard"), ("2223003122003222", "mastercard"),
        ("378282246310005", "amex"), ("3530111333300000", "jcb"), ("36227206271667", "diners"),
        ("6200000000000005", "unionpay"),
    ],
)  # fmt: skip
def test_published_test_cards_pass(schemes: SchemeSet, number: str, brand: str) -> None:
    assert found(schemes, "card", number) == (number, {})
    assert schemes["card"].brand(number) == brand  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "value", "rules"),
    [
        ("4111 1111 1111 1111", "4111111111111111", {}),
        ("4111111111111112", None, {"check_digit": "error"}),
        ("6200000000000006", "6200000000000006", {"check_digit": "warning"}),
        ("990088000000000", "990088000000000", {}),
        ("99999999999999" + "0", None, {"brand_unknown": "warning", "check_digit": "error"}),
        ("411111", None, {"length": "error"}),
        ("4111-1111-1111-111a", None, {"characters": "error"}),
    ],
)
def test_card(schemes: SchemeSet, text: str, value: str | None, rules: dict[str, str]) -> None:
    if text == "990088000000000":
        text = value = next(text[:-1] + str(d) for d in range(10) if luhn(text[:-1] + str(d)))
    assert found(schemes, "card", text) == (value, rules)


@given(strategies.cards(), st.integers(0, 15), st.sampled_from("0123456789"))
def test_one_wrong_digit_of_a_card_is_found(schemes: SchemeSet, number: str, at: int, digit: str) -> None:
    wrong = number[:at] + digit + number[at + 1 :]
    if wrong[:6] == "990088":
        assert schemes["card"].is_valid(wrong) == (wrong == number)


# Source: forms seen in customer files.
@pytest.mark.parametrize(
    ("text", "value", "rules"),
    [
        ("13800138001", "+8613800138001", {}),
        ("１３８００１３８００１", "+8613800138001", {}),
        ("138-0013-8001", "+8613800138001", {}),
        ("(+86)138 0013 8001", "+8613800138001", {}),
        ("+86(0)13800138001", "+8613800138001", {}),
        ("0086 138 0013 8001", "+8613800138001", {}),
        ("086 13800138001", "+8613800138001", {}),
        ("013800138001", "+8613800138001", {}),
        ("15400138001", "+8615400138001", {}),
        ("16400138001", "+8616400138001", {"unassigned_range": "warning"}),
        ("010-65529988", "+861065529988", {}),
        ("010-65529988-123", "+861065529988;ext=123", {}),
        ("010-65529988转123", "+861065529988;ext=123", {}),
        ("010-65529988分机 123", "+861065529988;ext=123", {}),
        ("13800138001/13900139001", "+8613800138001", {"several_numbers": "info"}),
        ("+852 2345 6789", "+85223456789", {}),
        ("95588", None, {"short_code": "error"}),
        ("12345", None, {"short_code": "error"}),
        ("1410012345678", None, {"iot": "error"}),
        ("1380013800", None, {"length": "error"}),
        ("+86 138001380011", None, {"length": "error"}),
        ("abc", None, {"not_possible": "error"}),
        ("", None, {"not_possible": "error"}),
    ],
)
def test_phone(schemes: SchemeSet, text: str, value: str | None, rules: dict[str, str]) -> None:
    assert found(schemes, "phone", text) == (value, rules)


def assigned(digits: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(digits, "CN"))
    except phonenumbers.NumberParseException:  # 17951 is a prefix to them, and what follows it too short
        return False


@pytest.mark.parametrize("text", ["+999 123", "call me", "0"])
def test_what_is_no_phone_keeps_nothing_of_whoever_asked(schemes: SchemeSet, text: str) -> None:
    class Mine:
        pass

    def asked() -> weakref.ref[Mine]:
        mine = Mine()
        assert found(schemes, "phone", text)[0] is None
        return weakref.ref(mine)

    gc.disable()
    try:
        assert asked()() is None, "a circle of frames holds it"
    finally:
        gc.enable()


def test_the_short_way_for_mobiles_agrees_with_phonenumbers_on_every_range(schemes: SchemeSet) -> None:
    # No rule of theirs looks at more than five digits.
    for head in range(13_000, 20_000):
        digits = f"{head}654321"
        value, rules = found(schemes, "phone", digits)
        assert value == "+86" + digits
        assert ("unassigned_range" not in rules) == (assigned(digits) or digits.startswith("154")), head


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.sampled_from(["", "+86", "86", "0086", "+86 ", "0", " "]))
def test_however_a_mobile_is_written_the_verdict_is_one(schemes: SchemeSet, digits: str, before: str) -> None:
    assert schemes["phone"].validate(before + digits) == schemes["phone"].validate(digits)


@pytest.mark.parametrize(
    ("text", "value", "rules"),
    [
        ("Li.Wei@Gmail.COM", "Li.Wei@gmail.com", {}),
        (" ａｂ＠163.com ", "ab@163.com", {}),
        ("a@例え.jp", "a@例え.jp", {}),
        ("a@qq.con", "a@qq.con", {"domain_typo": "warning"}),
        ("a@example.com", "a@example.com", {}),
        ("a@mail.test", "a@mail.test", {"reserved_domain": "warning"}),
        ("a@@b.com", None, {"at_sign": "error"}),
        ("a b@c.com", None, {"local_part": "error"}),
        ("a..b@c.com", None, {"local_part": "error"}),
        ("a@b", None, {"domain": "error"}),
        ("a@b..com", None, {"domain": "error"}),
        ("a@1.2.3.4", None, {"domain": "error"}),
        ("a" * 65 + "@b.com", None, {"local_part": "error"}),
    ],
)
def test_email(schemes: SchemeSet, text: str, value: str | None, rules: dict[str, str]) -> None:
    assert found(schemes, "email", text) == (value, rules)


@given(strategies.texts, st.sampled_from(["cn.uscc", "card", "phone", "email"]))
def test_no_text_raises_and_a_value_is_a_fixed_point(schemes: SchemeSet, text: str, name: str) -> None:
    value = schemes[name].validate(text).value
    assert value is None or schemes[name].compact(value) == value


def test_without_the_synthetic_tables_synthetic_data_is_flagged() -> None:
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    from bankcif import standard_schemes
    from bankcif._clock import FixedClock
    from bankcif.testing.factories import make_world

    plain = standard_schemes(clock=FixedClock(datetime(2026, 1, 1, tzinfo=UTC)), zone=ZoneInfo("Asia/Shanghai"))
    for person in make_world(50, 0, seed=1).people:
        for scheme, text, rule in (
            ("cn.resident_id", person.number, "region_unknown"),
            ("phone", person.phone, "unassigned_range"),
            ("email", person.email, "reserved_domain"),
            ("card", person.card, "brand_unknown"),
        ):
            verdict = plain[scheme].validate(text)
            assert verdict.valid
            assert rule in {issue.rule for issue in verdict.issues}


def test_an_unknown_scheme_names_the_known_ones(schemes: SchemeSet) -> None:
    from bankcif.errors import ConfigurationError

    with pytest.raises(ConfigurationError, match=r"cn\.resident_id"):
        schemes["cn.nothing"]


def test_a_bank_s_own_scheme_makes_a_new_set(schemes: SchemeSet) -> None:
    class Own:
        name = "bank.own"
        source = "the bank"

    larger = schemes.with_(Own())  # type: ignore[arg-type]
    assert "bank.own" in larger
    assert "bank.own" not in schemes


@pytest.mark.parametrize(
    ("text", "kind", "country", "extension"),
    [
        ("13912345670", "mobile", "CN", None),
        ("17012345670", "virtual_mobile", "CN", None),
        ("010-65529988转12", "fixed", "CN", "12"),
        ("400 820 8820", "shared_cost", "CN", None),
        ("800 820 8820", "toll_free", "CN", None),
        ("+852 6123 4567", "mobile", "HK", None),
        ("+853 6612 3456", "mobile", "MO", None),
        ("+886 912 345 678", "mobile", "TW", None),
        ("14212345670", "unknown", "CN", None),
        ("15412345670", "mobile", "CN", None),
    ],
)
def test_a_phone_tells_its_kind_and_home(
    schemes: SchemeSet, text: str, kind: str, country: str | None, extension: str | None
) -> None:
    scheme = schemes["phone"]
    assert isinstance(scheme, Phone)
    facts = scheme.parse(text)
    assert facts is not None
    assert (facts.kind, facts.country, facts.extension) == (kind, country, extension)


def test_no_phone_tells_nothing(schemes: SchemeSet) -> None:
    scheme = schemes["phone"]
    assert isinstance(scheme, Phone)
    assert scheme.parse("95588") is None


@pytest.mark.parametrize(
    ("text", "rule"),
    [("13800138000", "sample_number"), ("13888888888", "sample_number"), ("13912345678", "sample_number"),
     ("16512340001", "virtual_operator"), ("17112340001", "virtual_operator")],
)  # fmt: skip
def test_a_sample_and_a_virtual_operator_are_said_and_let_in(schemes: SchemeSet, text: str, rule: str) -> None:
    value, rules = found(schemes, "phone", text)
    assert value is not None
    assert rule in rules


# Source: the brands' published test numbers.
@pytest.mark.parametrize(
    ("text", "brand"),
    [("4111111111111111", "visa"), ("5555555555554444", "mastercard"), ("378282246310005", "amex"),
     ("3530111333300000", "jcb"), ("6222021234567890", "unionpay"), ("0000000000000000", "unknown")],
)  # fmt: skip
def test_a_card_tells_its_brand(schemes: SchemeSet, text: str, brand: str) -> None:
    scheme = schemes["card"]
    assert isinstance(scheme, Card)
    facts = scheme.parse(text)
    assert facts is not None
    assert facts.kind == brand
    assert scheme.parse("4111111111111112") is None
