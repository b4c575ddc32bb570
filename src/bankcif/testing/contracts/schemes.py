"""What every scheme must do."""

from __future__ import annotations

import pytest

from ...errors import IdentifierError
from ...identifiers import IdentifierScheme, Severity

__all__ = ["IdentifierSchemeContract"]


class IdentifierSchemeContract:
    """
    What every scheme must do. Fixtures: ``scheme``; ``valid``, texts it accepts; ``invalid``, texts it refuses.
    """

    @pytest.fixture
    def scheme(self) -> IdentifierScheme:
        raise NotImplementedError

    @pytest.fixture
    def valid(self) -> list[str]:
        raise NotImplementedError

    @pytest.fixture
    def invalid(self) -> list[str]:
        raise NotImplementedError

    def test_it_has_a_name_and_a_source(self, scheme: IdentifierScheme) -> None:
        assert scheme.name
        assert scheme.source

    def test_valid_texts_have_a_normalized_value_that_stays(self, scheme: IdentifierScheme, valid: list[str]) -> None:
        for text in valid:
            value = scheme.compact(text)
            assert scheme.is_valid(text)
            assert scheme.compact(value) == value
            assert scheme.compact(scheme.format(text)) == value

    def test_invalid_texts_get_an_error_and_no_value(self, scheme: IdentifierScheme, invalid: list[str]) -> None:
        for text in invalid:
            verdict = scheme.validate(text)
            assert verdict.value is None
            assert any(issue.severity is Severity.ERROR for issue in verdict.issues)
            for verb in (scheme.compact, scheme.format):
                with pytest.raises(IdentifierError) as caught:
                    verb(text)
                assert len(text) < 4 or text not in str(caught.value)

    def test_no_text_raises(self, scheme: IdentifierScheme) -> None:
        for text in (
            "",
            " ",
            "\x00",
            "\ud800",
            "９" * 300,
            "-" * 1000,
            "１２３",
            "²³",
            "๑๒๓",
            "🙂" * 18,
            "a@b@c",
            "+" * 40,
        ):
            scheme.validate(text)
            scheme.is_valid(text)
