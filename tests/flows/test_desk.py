"""Tags and check values: who has a value is found under it, and who only shares its tag is told apart."""

from __future__ import annotations

from hypothesis import given, strategies as st

from bankcif import LocalKeyProvider
from bankcif.flows.desk import Tagging
from bankcif.matching import BlockingKey
from bankcif.party import CifNo
from bankcif.protection import SEVERAL, Aes256Gcm, IndexPlan, Taggers

A = CifNo("A")
places = st.tuples(st.sampled_from(["core", "card"]), st.sampled_from(["K", "L"]), st.integers(0, 2))
values = st.sampled_from([BlockingKey("phone", (f"+86154{n}",)) for n in range(12)])


def _tagging(bits: int, versions: tuple[int, ...] = (1,)) -> Tagging:
    roots = {version: bytes([version]) * 32 for version in (1, 2)}
    provider = LocalKeyProvider({"kek-1": b"w" * 32}, "kek-1", roots, Aes256Gcm())
    taggers = Taggers(provider=provider, tenant="t", suite=Aes256Gcm())
    return Tagging(written=tuple(taggers.of(IndexPlan(bits={"phone": bits}, version=version)) for version in versions))


@given(st.sampled_from([1, 2, 128]), st.dictionaries(places, st.lists(values, max_size=3, unique=True)), values)
def test_under_a_key_are_found_those_who_have_it(
    bits: int, records: dict[tuple[str, str, int], list[BlockingKey]], wanted: BlockingKey
) -> None:
    tagging = _tagging(bits)
    rows = [
        row
        for place, keys in records.items()
        for row in tagging.rows([(key, tagging.tag(key)) for key in keys], place, A)
    ]
    assert len({row.key for row in rows}) == len(rows)
    bearing = tagging.bearing([row for row in rows if row.tag == tagging.tag(wanted)], wanted)
    assert {row.place for row in bearing} >= {place for place, keys in records.items() if wanted in keys}
    # Nobody else, but of records with several values of the tag, which only opening tells apart.
    assert all(wanted in records[row.place] for row in bearing if row.check != SEVERAL)
    shared = {
        place
        for place, keys in records.items()
        if [tagging.tag(key) for key in keys].count(tagging.tag(wanted)) > 1
    }  # fmt: skip
    assert {row.place for row in bearing if row.check == SEVERAL} == shared


@given(places, st.lists(values, min_size=1, max_size=3, unique=True))
def test_a_version_that_is_filled_has_rows_of_its_own(place: tuple[str, str, int], keys: list[BlockingKey]) -> None:
    both = _tagging(1, (1, 2))
    rows = both.rows([(key, both.tag(key)) for key in keys], place, A)
    for version in (1, 2):
        alone = _tagging(1, (version,))
        expected = alone.rows([(key, alone.tag(key)) for key in keys], place, A)
        assert [row for row in rows if row.index_version == version] == expected


def test_equal_values_of_two_records_have_unequal_check_values() -> None:
    tagging, key = _tagging(8), BlockingKey("phone", ("+8615400000000",))
    places = [("core", f"K-{n}", 0) for n in range(50)]
    rows = [row for place in places for row in tagging.rows([(key, tagging.tag(key))], place, A)]
    assert len({row.tag for row in rows}) == 1
    assert len({row.check for row in rows}) == len(rows)
