"""The local day that is kept is the day that is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import example, given, strategies as st

from bankcif._clock import FixedClock, LocalDay, local_date

# Clocks that are moved at midnight, by half an hour, or by a whole day, among others.
ZONES = [
    "Asia/Shanghai",
    "UTC",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Beirut",
    "Europe/London",
]


@given(
    st.sampled_from(ZONES),
    st.integers(-631_152_000, 2_524_608_000).map(lambda second: datetime.fromtimestamp(second, UTC)),
    st.lists(st.integers(-3 * 86_400, 3 * 86_400) | st.integers(-3600, 3600), max_size=12),
)
@example("America/Sao_Paulo", datetime(2018, 11, 4, 1, tzinfo=UTC), [3600, 3600, 3600, 80_000, 3600])
@example("Asia/Beirut", datetime(2020, 10, 24, 19, tzinfo=UTC), [3600] * 8)
@example("Pacific/Apia", datetime(2011, 12, 30, 8, tzinfo=UTC), [3600] * 8)
def test_it_is_the_day_of_the_instant_wherever_the_clock_goes(zone: str, start: datetime, steps: list[int]) -> None:
    clock = FixedClock(start)
    today = LocalDay(clock, ZoneInfo(zone))
    for step in [0, *steps]:
        clock.advance(timedelta(seconds=step))
        assert today() == local_date(clock.now(), ZoneInfo(zone))


def test_the_last_day_of_all() -> None:
    clock = FixedClock(datetime(9999, 12, 31, 12, tzinfo=UTC))
    assert LocalDay(clock, ZoneInfo("UTC"))().year == 9999
