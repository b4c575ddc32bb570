"""Planning blind indexes: what a tag's frequency gives away, measured on tags that were really made."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st

from bankcif import CIF, LocalKeyProvider, MemoryKeyStore, MemoryRepository
from bankcif._canonical import dumps
from bankcif.errors import ConfigurationError, WrongKeyError
from bankcif.flows._indexes import index_plans
from bankcif.matching import FULL_TAG_INDEXES, INDEX_PARTS, blocking_keys, features_of
from bankcif.party import PartyKind, ReferenceTables
from bankcif.protection import (
    FULL_BITS,
    Aes256Gcm,
    Frequencies,
    Frequency,
    IndexPlan,
    Tagger,
    default_frequencies,
    plan_index,
)

TABLE = default_frequencies()
sizes = st.integers(1_000, 10**10)


@given(sizes)
def test_the_store_s_own_indexes_are_safe_at_every_size(customers: int) -> None:
    plan = IndexPlan.of(customers, INDEX_PARTS, full=FULL_TAG_INDEXES)
    assert set(plan.bits) == set(INDEX_PARTS)
    for name, bits in plan.bits.items():
        if name in FULL_TAG_INDEXES:
            assert bits == FULL_BITS
        else:
            assert 2 <= customers / 2**bits <= math.sqrt(customers)


@pytest.mark.parametrize(("customers", "bits"), [(1_000, 7), (1_000_000, 17), (700_000_000, 27)])
def test_tags_are_as_long_as_four_customers_a_tag_allow(customers: int, bits: int) -> None:
    assert IndexPlan.of(customers, INDEX_PARTS).bits["phone"] == bits


@pytest.mark.parametrize("part", ["surname", "residue_of_one", "sex", "home_branch", "district", "birth_year"])
def test_a_part_of_few_values_alone_is_refused(part: str) -> None:
    for customers in (10_000, 1_000_000, 100_000_000):
        planned = plan_index("trial", [part], customers, TABLE)
        assert "few values" in planned.refused, (part, customers)
        with pytest.raises(ConfigurationError, match="refused"):
            IndexPlan.of(customers, {"trial": (part,)})


@pytest.mark.parametrize("beside", ["birth_year", "home_branch"])
def test_a_residue_of_one_character_stands_only_beside_another_part(beside: str) -> None:
    planned = plan_index("trial", ["residue_of_one", beside], 1_000_000, TABLE)
    assert planned.refused == ""
    assert planned.bits < 17  # cut further than four customers a tag
    assert planned.stands_out <= 3
    assert plan_index("trial", ["residue_of_one"], 1_000_000, TABLE).refused


def test_the_library_indexes_no_residue_and_no_surname_alone() -> None:
    # A name of two characters leaves one, which is a surname half of the time.
    for values in ({"name": "张伟"}, {"name": "张伟", "birth_date": "1990-03-07", "sex": "1"}, {"name": "李"}):
        keys = blocking_keys(features_of(PartyKind.INDIVIDUAL, values, frozenset()))
        for key in keys:
            assert len(key.value) > 1, key.index
    assert all(len(parts) > 1 for name, parts in INDEX_PARTS.items() if not TABLE[parts[0]].distinct), INDEX_PARTS


def test_a_full_tag_is_for_what_hardly_two_customers_share() -> None:
    assert plan_index("x", ["identifier"], 10**6, TABLE, full=True).refused == ""
    assert "how often" in plan_index("x", ["name", "birth_date"], 10**6, TABLE, full=True).refused


@pytest.mark.parametrize(
    "change",
    [{"index_bits": dumps({"phone": 127, "name": 127})}, {"expected_customers": 10}, {"digest_version": 2}],
)  # fmt: skip
def test_a_store_whose_tags_were_lengthened_in_the_database_does_not_open(
    keys: LocalKeyProvider, tables: ReferenceTables, change: dict[str, Any]
) -> None:
    """Threat 8: full tags of a phone would tell equal ones."""
    repository, store, more = (
        MemoryRepository(),
        MemoryKeyStore(),
        {"tenant": "t", "keys": keys.renewed(), "tables": tables},
    )
    CIF(repository=repository, key_store=store, **more).close()  # type: ignore[arg-type]
    with repository.unit_of_work() as unit:
        unit.keys.restate(attrs.evolve(unit.keys.store(), **change))
        unit.commit()
    with pytest.raises(WrongKeyError, match="was changed"):
        CIF(repository=repository, key_store=store, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(("parts", "safe"), [(("surname",), False), (("surname", "birth_year"), True)])
def test_the_plan_agrees_with_tags_that_were_made(parts: tuple[str, ...], safe: bool) -> None:
    # 200,000 customers with surnames of the table; years as spread as the table says.
    customers, random = 200_000, Random(7)
    shares = [0.0725, 0.0719, 0.0683, 0.0538, 0.0453] + [0.0229] * 10 + [0.0005] * 920
    surnames = random.choices(range(len(shares)), shares, k=customers)
    years = random.choices(range(62), k=customers) if len(parts) > 1 else [0] * customers
    table = {**TABLE, "birth_year": Frequency(heaviest=1 / 62, collision=1 / 62)}
    planned = plan_index("trial", parts, customers, table)
    assert (planned.refused == "") is safe
    values = Counter(zip(surnames, years, strict=True))
    heaviest = max(values.items(), key=lambda one: one[1])[0]
    # Whoever guesses that the fullest tag is the commonest value's, against stores with keys of their own.
    right = 0
    for n in range(10 if safe else 20):
        provider = LocalKeyProvider({"k": bytes(32)}, "k", {1: bytes([n]) * 32})
        plan = IndexPlan(bits={"trial": planned.bits})
        tagger = Tagger(provider=provider, tenant="t", plan=plan, suite=Aes256Gcm())
        loads: Counter[bytes] = Counter()
        for value, count in values.items():
            loads[tagger.search("trial", *value)] += count
        right += loads.most_common(1)[0][0] == tagger.search("trial", *heaviest)
    assert right <= 2 if safe else right >= 8


def test_a_bank_s_own_frequencies_decide(tmp_path: Path) -> None:
    path = tmp_path / "frequencies.toml"
    path.write_text('[birth_date]\nsource = "all born on one day"\nheaviest = 0.9\ncollision = 0.9\n', encoding="utf-8")
    own = Frequencies.read(path)
    assert own["surname"] == TABLE["surname"]
    with pytest.raises(ConfigurationError, match="reading_birth is refused"):
        CIF(
            repository=MemoryRepository(), tenant="t", keys=LocalKeyProvider.generate(), key_store=MemoryKeyStore(),
            frequencies={**own, "name": Frequency(heaviest=0.5, collision=0.5)},
        )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "[x]\n", "[x]\nshares = [1.5]\n", "[x]\nshares = [0.6, 0.6]\n", "[x]\nheaviest = -1\n", "x = 1\n", "[x\n",
        "[x]\nheaviest = true\n", '[x]\nshares = "0.5"\n', "[x]\nmore = 1\n", "[x]\ndistinct = 1\n", "[x]\nheaviest = 0\n",
    ],
)  # fmt: skip
def test_a_malformed_table_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "frequencies.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        Frequencies.read(path)
    assert caught.value.rule == "frequencies"


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="does not exist"):
        Frequencies.read(tmp_path / "none.toml")


@pytest.mark.parametrize("customers", [0, 999, 10**10 + 1])
def test_a_size_at_which_tags_protect_nothing_is_refused(customers: int) -> None:
    with pytest.raises(ConfigurationError, match="between 1,000"):
        IndexPlan.of(customers, INDEX_PARTS)


def test_an_index_without_frequencies_or_plan_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no frequency"):
        plan_index("x", ["shoe_size"], 10**6, TABLE)
    with pytest.raises(ConfigurationError, match="nothing"):
        plan_index("x", [], 10**6, TABLE)
    tagger = Tagger(provider=LocalKeyProvider.generate(), tenant="t", plan=IndexPlan(bits={}), suite=Aes256Gcm())
    with pytest.raises(ConfigurationError, match="not in this store's plan"):
        tagger.search("phone", "x")


def test_every_frequency_has_a_source() -> None:
    import tomllib
    from importlib.resources import files

    text = files("bankcif.protection").joinpath("data", "frequencies.toml").read_text("utf-8")
    for name, entry in tomllib.loads(text).items():
        assert entry["source"], name


def test_the_plan_stays_with_the_store() -> None:
    # Whatever the table says later, tags are as long as they were when the store was founded.
    repository, store, keys = MemoryRepository(), MemoryKeyStore(), LocalKeyProvider.generate()

    def opened(customers: int) -> CIF:
        return CIF(repository=repository, tenant="t", keys=keys, key_store=store, expected_customers=customers)

    def bits(cif: CIF) -> dict[str, int]:
        with cif._desk.unit_of_work() as unit:
            return dict(index_plans(unit.keys.store())[0].bits)

    first = bits(opened(10_000))
    assert bits(opened(10**9)) == first


def test_tags_of_claims_and_indexes_are_apart() -> None:
    plan = IndexPlan(bits={"identifier": FULL_BITS})
    tagger = Tagger(provider=LocalKeyProvider.generate(), tenant="t", plan=plan, suite=Aes256Gcm())
    assert tagger.claim("identifier", "x") != tagger.search("identifier", "x")
