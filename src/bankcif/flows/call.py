"""
One call of the public API: a span for the bank's tracing, a duration for its metrics, and an entry in the log however it ends.

A flow tells the log what it did or refused. What fails in another way, such as a term that is none, or a store that is
locked, is told here, once, so that no attempt is missing. Spans carry ids and names, durations names alone, neither of them values.

Source: OpenTelemetry semantic conventions 1.37, attributes ``user.id`` and ``error.type``; metrics, durations in seconds.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from time import perf_counter
from typing import Any, TypeVar, cast

import attrs

from .. import __version__
from ..context import Actor, Purpose
from ..errors import BankCIFError
from .desk import Desk, refuse

__all__ = ["as_call"]

F = TypeVar("F", bound=Callable[..., Any])
_LOGGER = logging.getLogger("bankcif.audit")


def as_call(span: str, action: str) -> Callable[[F], F]:
    """
    Makes a method a call of the public API: one of something with a ``_desk``, that takes ``actor`` and perhaps ``purpose``.

    Args:
        span: Name of its span.
        action: What the log calls it.
    """
    return lambda function: _called(function, span, action)


def _called(function: F, span: str, action: str) -> F:
    parameters = inspect.signature(function).parameters
    default = parameters["purpose"].default if "purpose" in parameters else None

    @functools.wraps(function)
    def called(self: Any, *args: Any, actor: Actor, **more: Any) -> Any:
        purpose = more.get("purpose", default)
        with _watched(self._desk, span, actor, purpose) as call:
            try:
                done = function(self, *args, actor=call.actor, **more)
            except BaseException as error:
                failed = error
            else:
                call.outcome = str(getattr(done, "outcome", ""))
                return done
            _tell(self._desk, call.actor, action, purpose, failed)
            raise failed

    return cast(F, called)


def _tell(desk: Desk, actor: Actor, action: str, purpose: object, error: BaseException) -> None:
    """Leaves an entry of a failed attempt, unless a flow did."""
    if not isinstance(error, Exception) or getattr(error, "audited", False):
        return
    rule = (error.rule or error.code) if isinstance(error, BankCIFError) else "error"
    try:
        refuse(desk, actor, action, purpose if isinstance(purpose, Purpose) else None, rule=rule)
    except BankCIFError as problem:
        # The attempt failed and changed nothing; that its entry failed too is no reason to hide why it did.
        _LOGGER.warning("a failed attempt could not be told to the audit log (%s)", problem.code)


@attrs.define
class _Call:
    """A call as it goes on: who makes it, and what came of it where that has a name (``new``, ``linked``)."""

    actor: Actor
    outcome: str = ""


@contextmanager
def _watched(desk: Desk, span: str, actor: Actor, purpose: object) -> Iterator[_Call]:
    """
    A span around a call and a measurement of it, if the bank traces and measures; the call's actor then carries the trace's id into the log, unless they
    have one.
    """
    watching = _watching()
    if watching is None:
        yield _Call(actor)
        return
    trace, duration = watching
    shared = {"bankcif.tenant": desk.tenant, "bankcif.purpose": purpose.value if isinstance(purpose, Purpose) else ""}
    call, failed, started = _Call(actor), "", perf_counter()
    with trace.get_tracer("bankcif", __version__).start_as_current_span(
        f"bankcif.{span}",
        attributes={**shared, "user.id": actor.id},
        record_exception=False,
        set_status_on_exception=False,
    ) as current:
        context = current.get_span_context()
        if context.is_valid and not actor.correlation:
            call.actor = attrs.evolve(actor, correlation=format(context.trace_id, "032x"))
        try:
            yield call
        except BaseException as error:
            failed = error.code if isinstance(error, BankCIFError) else type(error).__name__
            current.set_attribute("error.type", failed)
            current.set_status(trace.StatusCode.ERROR)
            raise
        finally:
            told = {**shared, "bankcif.call": span, "bankcif.outcome": call.outcome, "error.type": failed}
            duration.record(perf_counter() - started, {name: value for name, value in told.items() if value})


@cache
def _watching() -> tuple[Any, Any] | None:
    """OpenTelemetry's API of traces, and what durations of calls are told to, where it is installed."""
    try:
        trace, metrics = import_module("opentelemetry.trace"), import_module("opentelemetry.metrics")
    except ImportError:
        return None
    return trace, metrics.get_meter("bankcif", __version__).create_histogram(
        "bankcif.call.duration", unit="s", description="How long a call of the library took."
    )
