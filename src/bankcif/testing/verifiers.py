"""A verifier that answers as it is told, and what every verifier must do."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import pytest

from ..intake import Answer, Verifier, VerifierAnswer
from ..merging import Assurance

__all__ = ["FakeVerifier", "VerifierContract"]


@attrs.define(kw_only=True)
class FakeVerifier:
    """
    A verifier for tests: gives *answers* in their order, the last one again and again.

    Attributes:
        answers: An `Answer`, an exception to raise, or a number of seconds to keep silent before confirming.
        asked: How often it was asked.
    """

    answers: Sequence[Answer | Exception | float] = (Answer.CONFIRMED,)
    method: str = "identity_registry"
    level: str = "high"
    fields: tuple[str, ...] = ("name", "identifiers.cn.resident_id")
    valid_days: int | None = 365
    asked: int = 0

    def check(self, values: Mapping[str, Any], timeout_s: float) -> VerifierAnswer:
        said = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        if isinstance(said, Exception):
            raise said
        if isinstance(said, float):
            time.sleep(said)
            said = Answer.CONFIRMED
        return VerifierAnswer(answer=said, evidence=f"fake-{self.asked}")


class VerifierContract:
    """
    What every `Verifier` must do. Give `verifier`, and values that it confirms and that it denies, in its test system.
    """

    confirmed: Mapping[str, Any]
    denied: Mapping[str, Any]

    @pytest.fixture
    def verifier(self) -> Verifier:
        raise NotImplementedError

    def test_it_says_what_it_is(self, verifier: Verifier) -> None:
        assert verifier.method.isascii()
        assert verifier.method.replace("_", "").isalnum()
        assert Assurance(verifier.level)
        assert verifier.fields
        assert verifier.valid_days is None or verifier.valid_days > 0

    def test_it_confirms_and_denies_with_a_reference(self, verifier: Verifier) -> None:
        for values, answer in ((self.confirmed, Answer.CONFIRMED), (self.denied, Answer.DENIED)):
            said = verifier.check(values, 30.0)
            assert said.answer is answer
            assert said.evidence
            assert len(said.evidence) <= 200

    def test_a_reference_holds_no_value(self, verifier: Verifier) -> None:
        said = verifier.check(self.confirmed, 30.0)
        for value in self.confirmed.values():
            for text in value if isinstance(value, list) else [value]:
                assert str(text) not in said.evidence
