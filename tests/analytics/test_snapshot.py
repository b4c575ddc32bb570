"""How few rows of a snapshot share what is shown of one: as counting tuples tells it."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given, strategies as st

from bankcif.analytics import least_shared, snapshot

_ROWS = st.lists(
    st.tuples(
        st.sampled_from(("甲", "乙", "", None)), st.integers(0, 2) | st.none(), st.sampled_from((True, False, None)),
        st.sampled_from((date(2026, 1, 1), date(2026, 2, 1), None)),
    ),
    max_size=40,
)  # fmt: skip
_TYPES = (pa.string(), pa.int64(), pa.bool_(), pa.date32())


def table(rows: list[tuple[object, ...]], parts: int) -> pa.Table:
    """Of *parts* chunks, as several pages make it."""
    names = "abcd"
    cut = [rows[len(rows) * at // parts : len(rows) * (at + 1) // parts] for at in range(parts)]
    return pa.concat_tables(
        pa.table({name: pa.array([row[n] for row in part], _TYPES[n]) for n, name in enumerate(names)}) for part in cut
    )


@pytest.mark.parametrize("most", [1 << 24, 3], ids=["counted", "sorted"])
@given(rows=_ROWS, parts=st.integers(1, 3), columns=st.permutations("abcd"), count=st.integers(0, 4))
def test_the_fewest_rows_that_share_what_is_shown(
    most: int, rows: list[tuple[object, ...]], parts: int, columns: list[str], count: int
) -> None:
    chosen = columns[:count]
    shared = Counter(tuple(row["abcd".index(name)] for name in chosen) for row in rows)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(snapshot, "_MOST_PLACES", most)
        assert least_shared(table(rows, parts), chosen) == min(shared.values(), default=0)
