"""Whose turn it is among the threads of a process."""

from __future__ import annotations

import threading
from collections import deque

__all__ = ["Turns"]


class Turns:
    """
    A lock that threads are given in the order in which they came.

    One of `threading` goes to whoever asks at the right moment, which is mostly who had it last; SQLite's own is asked for in sleeps that grow longer
    the longer somebody waits. Either lets one thread wait for seconds while another comes by hundreds of times.
    """

    def __init__(self) -> None:
        self._lock, self._taken = threading.Lock(), False
        self._waiting: deque[threading.Event] = deque()

    def take(self, seconds: float) -> bool:
        """Waits for a turn; false if it did not come within *seconds*. Whoever is interrupted while waiting is out of the queue."""
        with self._lock:
            if not self._taken:
                self._taken = True
                return True
            mine = threading.Event()
            self._waiting.append(mine)
        try:
            came = mine.wait(seconds)
        except (
            BaseException
        ):  # Ctrl-C: a turn that came at that moment is nobody's else, and everybody behind would wait for it
            if not self._left(mine):
                self.give()
            raise
        return came or not self._left(mine)

    def _left(self, mine: threading.Event) -> bool:
        """Leaves the queue; false if the turn came at that moment."""
        with self._lock:
            if mine.is_set():
                return False
            self._waiting.remove(mine)
            return True

    def give(self) -> None:
        """Ends a turn: the next one's begins."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._taken = False
