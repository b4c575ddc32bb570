"""
Numbers of organizations and banks.

Sources of the numbers: D2143569-X is the example of GB 11714-1997; 110108000000016 of the rules on registration
numbers; 91350100M000100Y43 of GB 32100-2015; 5493000IBP32UQZ0KL24 is a published example of ISO 17442.
"""

from __future__ import annotations

import string

import pytest
from hypothesis import given, strategies as st
from stdnum import lei
from stdnum.iso7064 import mod_11_10 as reference

from bankcif.identifiers import SchemeSet, UnifiedSocialCreditCode
from bankcif.identifiers.organization import mod_11_10, mod_97_10


def found(schemes: SchemeSet, scheme: str, text: str) -> dict[str, tuple[str, int | None]]:
    return {issue.rule: (issue.severity.value, issue.position) for issue in schemes[scheme].validate(text).issues}


@pytest.mark.parametrize(
    ("scheme", "text", "issues"),
    [
        ("cn.organization_code", "D2143569-X", {}),
        ("cn.organization_code", "D2143569-0", {"check_digit": ("error", 8)}),
        ("cn.business_license", "110108000000016", {}),
        ("cn.business_license", "110108000000017", {"check_digit": ("warning", 14)}),
        ("cn.cnaps", "102100099996", {}),
        ("cn.cnaps", "102100099990", {"check_digit": ("warning", 11)}),
        ("cn.tax_number", "110108D2143569X", {"legacy_form": ("info", None)}),
        ("cn.tax_number", "110108D21435690", {"legacy_form": ("info", None), "check_digit": ("warning", 14)}),
        ("cn.tax_number", "91350100M000100Y44", {"check_digit": ("error", 17)}),
        ("cn.tax_number", "91350100M000100Y4", {"length": ("error", None)}),
        ("lei", "5493000IBP32UQZ0KL24", {}),
        ("lei", "5493000IBP32UQZ0KL42", {"check_digit": ("error", 18)}),
    ],
)
def test_verdict(schemes: SchemeSet, scheme: str, text: str, issues: dict[str, tuple[str, int | None]]) -> None:
    assert found(schemes, scheme, text) == issues


def test_old_and_new_numbers_of_an_organization_meet(schemes: SchemeSet) -> None:
    uscc = schemes["cn.uscc"]
    assert isinstance(uscc, UnifiedSocialCreditCode)
    facts = uscc.parse("91350100M000100Y43")
    assert facts is not None
    assert (facts.kind, facts.region) == ("91", "350100")
    assert schemes["cn.organization_code"].compact("M000100Y-4") == facts.organization_code
    assert uscc.parse("91350100M000100Y44") is None


@given(st.text(string.digits, min_size=1, max_size=20))
def test_our_mod_11_10_is_the_standard_s(first: str) -> None:
    assert mod_11_10(first) == reference.calc_check_digit(first)


@given(st.text(string.digits + string.ascii_uppercase, min_size=18, max_size=18))
def test_our_check_of_an_lei_is_the_standard_s(first: str) -> None:
    assert lei.is_valid(first + mod_97_10(first))
