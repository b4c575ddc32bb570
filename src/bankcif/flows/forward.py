"""
Forwarding the log to sinks: behind the operations, in a thread of its own, from where each sink left off.

Nothing waits for a sink, and nothing fails with it. How far one got is kept in the store, so that whoever forwards
next, in this process or another, goes on there.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence

from ..audit import AuditRow, AuditSink, ecs_line
from ..errors import BankCIFError
from ..storage import Repository

__all__ = ["Forwarder"]

_LOGGER = logging.getLogger("bankcif.audit")
_PAGE = 500


class Forwarder:
    """
    Brings the log to sinks.

    Args:
        repository: The store.
        tenant: Stands in every line.
        sinks: Who gets the entries.
        every: Seconds that entries are gathered for.
        patience: Seconds that closing waits for a sink.
    """

    def __init__(
        self,
        repository: Repository,
        tenant: str,
        sinks: Sequence[AuditSink],
        *,
        every: float = 1.0,
        patience: float = 5.0,
    ) -> None:
        self._repository, self._tenant, self._sinks = repository, tenant, tuple(sinks)
        self._every, self._patience = every, patience
        self._news, self._closing = threading.Event(), threading.Event()
        self._one_at_a_time = threading.Lock()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Says that there are new entries; never waits and never raises."""
        if not self._sinks or self._closing.is_set():
            return
        self._news.set()
        if self._thread is None:
            with self._one_at_a_time:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._work, name="bankcif-audit", daemon=True)
                    self._thread.start()

    def forward(self) -> Mapping[str, int]:
        """Brings every sink what it has not got; how many entries each got, or -1 where it failed."""
        with self._one_at_a_time:
            return {sink.name: self._bring(sink) for sink in self._sinks}

    def close(self) -> None:
        """Lets the thread bring what is left, as long as it has patience for it."""
        self._closing.set()
        self._news.set()
        if self._thread is not None:
            self._thread.join(self._patience)

    def _work(self) -> None:
        while True:
            self._news.wait()
            self._closing.wait(self._every)
            last = self._closing.is_set()
            self._news.clear()
            self.forward()
            if last:
                return

    def _bring(self, sink: AuditSink) -> int:
        count = 0
        try:
            with self._repository.snapshot() as unit:
                ends, got = unit.trail.ends(), unit.audit.cursor(sink.name)
            for stream, last in ends.items():
                number = got.get(stream, 0)
                while number < last:
                    with self._repository.snapshot() as unit:
                        rows = unit.trail.entries(stream, number, last, _PAGE)
                    if not rows:
                        break
                    sink.send([ecs_line(self._tenant, row) for row in rows])
                    number = self._got(sink.name, rows[-1])
                    count += len(rows)
        except BankCIFError as error:
            _LOGGER.warning("the audit log was not forwarded to %s (%s); it is tried again", sink.name, error.code)
            return -1
        except Exception as error:
            # Whatever a bank's own sink raises ends here, and of its words nothing is kept.
            _LOGGER.warning("the sink %s failed (%s); it is tried again", sink.name, type(error).__name__)
            return -1
        return count

    def _got(self, consumer: str, row: AuditRow) -> int:
        """Keeps how far *consumer* got; another process may have got further."""
        with self._repository.unit_of_work() as unit:
            number = max(row.number, unit.audit.cursor(consumer).get(row.stream, 0))
            unit.audit.move_cursor(consumer, row.stream, number)
            unit.commit()
        return number
