"""
Outside checks: does the identity registry know this name with this number, does the operator know this phone's owner?

A bank brings a `Verifier`; `GuardedVerifier` stands around it with a time-out, retries and a circuit breaker, so that a
check that fails is "unverified" and never an error or a wait without end.
"""

from __future__ import annotations

import enum
import threading
import time
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from queue import Empty, SimpleQueue
from typing import Any, Protocol

import attrs

from .._extras import need
from ..errors import ConfigurationError

__all__ = ["Answer", "Doubt", "GuardedVerifier", "Verifier", "VerifierAnswer"]

_LONGEST_EVIDENCE = 200


class Answer(enum.StrEnum):
    """What an outside check says."""

    CONFIRMED = "confirmed"
    DENIED = "denied"
    UNKNOWN = "unknown"


class Doubt(enum.StrEnum):
    """Why a value stays unverified after a check was asked for."""

    UNKNOWN = "unknown"
    TIMEOUT = "timeout"
    UNAVAILABLE = "unavailable"
    CIRCUIT_OPEN = "circuit_open"
    VALUE_CHANGED = "value_changed"
    VALUE_MISSING = "value_missing"


@attrs.frozen(kw_only=True)
class VerifierAnswer:
    """
    An answer and the reference under which the outside system keeps it.

    Attributes:
        answer: What it says.
        evidence: At most 200 printable characters; a reference, never a value.
    """

    answer: Answer
    evidence: str = ""


class Verifier(Protocol):
    """An outside check, such as of name and resident ID with the identity registry."""

    @property
    def method(self) -> str:
        """What verification records call it, such as ``identity_registry``."""

    @property
    def level(self) -> str:
        """How much a confirmation proves: ``low``, ``substantial`` or ``high``."""

    @property
    def fields(self) -> tuple[str, ...]:
        """What it needs, all checked together: fields (``name``) or documents of a scheme (``identifiers.passport``)."""

    @property
    def valid_days(self) -> int | None:
        """For how many days a confirmation counts; None for no end."""

    def check(self, values: Mapping[str, Any], timeout_s: float) -> VerifierAnswer:
        """
        Asks outside.

        Args:
            values: Stored value by each of `fields`; numbers of documents are a list.
            timeout_s: After so many seconds nobody waits for the answer any more.

        Raises:
            Exception: Anything; it counts as unavailable, and its message goes nowhere.
        """


class _FailedError(Exception):
    """An attempt came to nothing; says only how, never what was asked or answered."""

    def __init__(self, doubt: Doubt) -> None:
        super().__init__(doubt.value)
        self.doubt = doubt


@attrs.define(kw_only=True, repr=False)
class GuardedVerifier:
    """
    A verifier that fails in bounded time and without a word of what it was asked.

    Each attempt counts for the circuit breaker: when as many in a row have failed, nothing is asked until the pause is
    over; then one attempt decides.

    Attributes:
        verifier: The bank's own.
        timeout_s: Seconds for each attempt.
        attempts: How often it is asked at most.
        wait_s: Seconds before the second attempt, doubled before each further one.
        failures: Failures in a row that open the circuit.
        pause_s: Seconds it stays open.
        sleep: Waits between attempts.
    """

    verifier: Verifier
    timeout_s: float = 5.0
    attempts: int = 3
    wait_s: float = 0.2
    failures: int = 5
    pause_s: float = 60.0
    sleep: Callable[[float], None] = time.sleep
    _breaker: Any = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        if self.timeout_s <= 0 or self.pause_s <= 0 or self.attempts < 1 or self.failures < 1:
            raise ConfigurationError("a guarded verifier needs a time-out, a pause, an attempt and a failure limit above "
                                     "zero", rule="configuration")  # fmt: skip
        self._breaker = need("circuitbreaker", extra="verify").CircuitBreaker(
            failure_threshold=self.failures, recovery_timeout=self.pause_s, name=self.verifier.method
        )

    def valid_until(self, today: date) -> date | None:
        """Last day on which a confirmation of *today* counts."""
        days = self.verifier.valid_days
        return None if days is None else today + timedelta(days=days)

    def ask(self, values: Mapping[str, Any]) -> VerifierAnswer | Doubt:
        """The verifier's answer, or why there is none; never raises for what the verifier does. Threads ask side by side."""
        tenacity = need("tenacity", extra="verify")
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self.attempts), sleep=self.sleep, reraise=True,
            wait=tenacity.wait_exponential(multiplier=self.wait_s, min=self.wait_s, max=self.timeout_s),
            retry=tenacity.retry_if_exception(lambda error: error.doubt is not Doubt.CIRCUIT_OPEN),
        )  # fmt: skip
        try:
            answer: VerifierAnswer = retrying(self._attempt, dict(values))
        except _FailedError as failed:
            return failed.doubt
        return Doubt.UNKNOWN if answer.answer is Answer.UNKNOWN else answer

    def _attempt(self, values: Mapping[str, Any]) -> VerifierAnswer:
        if self._breaker.opened:
            raise _FailedError(Doubt.CIRCUIT_OPEN)
        answer: VerifierAnswer = self._breaker.call(self._once, values)
        return answer

    def _once(self, values: Mapping[str, Any]) -> VerifierAnswer:
        """One attempt in a thread of its own, which is left behind when time is up."""
        said: SimpleQueue[Any] = SimpleQueue()

        def work() -> None:
            try:
                said.put(self.verifier.check(values, self.timeout_s))
            except Exception:  # its words may be a customer's value: they go no further, and nothing keeps them
                said.put(None)

        threading.Thread(target=work, daemon=True, name=f"verify-{self.verifier.method}").start()
        late, answer = False, None
        try:
            answer = said.get(timeout=self.timeout_s)
        except Empty:
            late = True
        if not isinstance(answer, VerifierAnswer) or not _is_reference(answer.evidence):
            raise _FailedError(Doubt.TIMEOUT if late else Doubt.UNAVAILABLE)
        return answer


def _is_reference(text: Any) -> bool:
    return isinstance(text, str) and len(text) <= _LONGEST_EVIDENCE and (not text or text.isprintable())
