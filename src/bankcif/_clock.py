"""Time and chance, handed in: nothing else in the library reads a clock or draws a random number."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

__all__ = [
    "FOREVER",
    "Clock",
    "FixedClock",
    "IdSource",
    "LocalDay",
    "SystemClock",
    "SystemIds",
    "from_micros",
    "local_date",
    "start_of",
    "to_micros",
]

FOREVER = 2**63 - 1
"""Behind every instant, in microseconds."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Clock(Protocol):
    """Tells the instant (aware, UTC)."""

    def now(self) -> datetime: ...


class IdSource(Protocol):
    """Gives unpredictable bytes, for keys, nonces and customer numbers."""

    def draw(self, count: int) -> bytes: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until it is moved; for tests and replays."""

    def __init__(self, instant: datetime) -> None:
        self._instant = instant.astimezone(UTC)

    def now(self) -> datetime:
        return self._instant

    def advance(self, by: timedelta) -> None:
        self._instant += by


class SystemIds:
    """The operating system's source of randomness."""

    def draw(self, count: int) -> bytes:
        return os.urandom(count)


def to_micros(instant: datetime) -> int:
    """Microseconds since 1970-01-01 UTC, as instants rest in a store; *instant* must be aware."""
    return (instant - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The reverse of `to_micros`."""
    return _EPOCH + timedelta(microseconds=micros)


def local_date(instant: datetime, zone: ZoneInfo) -> date:
    """The calendar day of *instant* in the tenant's zone."""
    return instant.astimezone(zone).date()


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of *day* in the tenant's zone, UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


class LocalDay:
    """Today in the tenant's zone, as *clock* goes; the day is kept until the earliest instant at which it may end."""

    def __init__(self, clock: Clock, zone: ZoneInfo) -> None:
        self._clock = clock
        self._zone = zone
        never = datetime.max.replace(tzinfo=UTC)
        # One tuple, so that two threads never see one day's end with another day.
        self._kept = (never, never, date.max)

    def __call__(self) -> date:
        now = self._clock.now()
        since, until, day = self._kept
        if since <= now < until:
            return day
        day = local_date(now, self._zone)
        if day < date.max:
            # A midnight may come twice, or not at all, where clocks are moved.
            next_day = day + timedelta(days=1)
            midnights = (datetime.combine(next_day, time(fold=fold), self._zone).astimezone(UTC) for fold in (0, 1))
            self._kept = (now, min(midnights), day)
        return day
