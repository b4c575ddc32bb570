"""Every module of python-stdnum in our shape."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, strategies as st

from bankcif.errors import ConfigurationError
from bankcif.identifiers import SchemeSet, StdnumLibrary

NAMES = sorted(StdnumLibrary())
TEXTS = (
    "", " ", "0", "\x00", "\ud800", "９" * 300, "-" * 200, "²³", "๑๒๓", "111111194912310028", "133100199001011234",
    "A1B2C3D4E5", "123456789", "DE123456789", "00000000000", "X" * 30, "🙂", "<>&\"'", "a@b", "0x00",
)  # fmt: skip


def test_every_module_but_the_helpers_is_there() -> None:
    assert len(NAMES) > 200
    assert {"stdnum.de.idnr", "stdnum.cn.ric", "stdnum.es.nie", "stdnum.imei", "stdnum.iban"} <= set(NAMES)
    assert not {"stdnum.util", "stdnum.exceptions", "stdnum.numdb"} & set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_no_module_raises_and_a_valid_number_stays(schemes: SchemeSet, name: str) -> None:
    scheme = schemes[name]
    assert scheme.source
    for text in TEXTS:
        verdict = scheme.validate(text)
        assert verdict.scheme == name
        assert verdict.valid == (verdict.issues == ())
        if verdict.value is not None:
            assert scheme.compact(verdict.value) == verdict.value
            assert scheme.compact(scheme.format(text)) == verdict.value


@given(st.sampled_from(NAMES), st.text(max_size=40) | st.text("0123456789ABCDEFX-. ", max_size=24))
def test_no_text_raises(schemes: SchemeSet, name: str, text: str) -> None:
    verdict = schemes[name].validate(text)
    assert (verdict.value is None) == bool(verdict.issues)


@pytest.mark.parametrize(
    ("scheme", "text", "rule"),
    [
        ("stdnum.de.idnr", "36574261808", "check_digit"),
        ("stdnum.de.idnr", "3657426180", "length"),
        ("stdnum.de.idnr", "3657426180A", "characters"),
        ("stdnum.it.codicefiscale", "RCCMNL83S18D969", "length"),
        # Their region table raises KeyError here, which is none of their own exceptions.
        ("stdnum.cn.ric", "111111194912310028", "unsupported"),
    ],
)
def test_their_exceptions_become_our_issues(schemes: SchemeSet, scheme: str, text: str, rule: str) -> None:
    assert [issue.rule for issue in schemes[scheme].validate(text).issues] == [rule]


@pytest.mark.parametrize(
    "name", ["stdnum", "stdnum.", "stdnum.util", "stdnum.de", "stdnum.de.nothing", "stdnum.no_such.one", "stdnum..de",
             "stdnum.de.idnr.x", "os.path", "stdnum.DE.idnr"],
)  # fmt: skip
def test_what_is_no_module_of_theirs_is_no_scheme(schemes: SchemeSet, name: str) -> None:
    assert name not in schemes
    with pytest.raises(ConfigurationError):
        schemes[name]


def test_nothing_of_theirs_is_imported_before_it_is_asked_for() -> None:
    code = (
        "import sys; from bankcif import standard_schemes; s = standard_schemes(); s['cn.resident_id'].validate('1');"
        "print(sum(m.startswith('stdnum') for m in sys.modules)); s['stdnum.de.idnr'].validate('1');"
        "print('stdnum.de.idnr' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "True"]
