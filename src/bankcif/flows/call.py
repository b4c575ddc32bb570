"""
One call of the public API: a span for the bank's tracing, and an entry in the log however it ends.

A flow tells the log what it did or refused. What fails in another way, such as a term that is none, or a store that is
locked, is told here, once, so that no attempt is missing. Spans carry ids and names, never values.

Source: OpenTelemetry semantic conventions 1.37, attributes ``user.id`` and ``error.type``.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
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
        with _traced(self._desk, span, actor, purpose) as known:
            try:
                return function(self, *args, actor=known, **more)
            except BaseException as error:
                failed = error
            _tell(self._desk, known, action, purpose, failed)
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


@contextmanager
def _traced(desk: Desk, span: str, actor: Actor, purpose: object) -> Iterator[Actor]:
    """A span around a call, if the bank traces; *actor* then carries the trace's id into the log, unless it has one."""
    trace = _tracing()
    if trace is None:
        yield actor
        return
    names = {"bankcif.tenant": desk.tenant, "user.id": actor.id, "bankcif.purpose": str(purpose or "")}
    tracer = trace.get_tracer("bankcif", __version__)
    with tracer.start_as_current_span(
        f"bankcif.{span}", attributes=names, record_exception=False, set_status_on_exception=False
    ) as current:
        context = current.get_span_context()
        if context.is_valid and not actor.correlation:
            actor = attrs.evolve(actor, correlation=format(context.trace_id, "032x"))
        try:
            yield actor
        except BaseException as error:
            code = error.code if isinstance(error, BankCIFError) else type(error).__name__
            current.set_attribute("error.type", code)
            current.set_status(trace.StatusCode.ERROR)
            raise


@cache
def _tracing() -> Any:
    """OpenTelemetry's API, where it is installed."""
    try:
        return import_module("opentelemetry.trace")
    except ImportError:
        return None
