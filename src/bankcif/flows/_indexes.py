"""
The indexes of a store: which it has, how long their tags are, and what makes them.

A store says so of itself, and whoever works with it believes it once its check was seen to be right: whoever has the database and not the keys can not have
longer tags made, which would tell who has the same phone. While a rotation is on its way the store names two plans, and everybody writes by both.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import attrs

from .._canonical import dumps, loads
from ..errors import ConfigurationError, FourEyesError, WrongKeyError
from ..matching import FULL_TAG_INDEXES, INDEX_PARTS, SEARCH_PARTS
from ..protection import Frequency, IndexPlan, Tagger, Taggers
from ..storage.rows import StoreRow

__all__ = [
    "approved_bits",
    "beginning",
    "bits_anew",
    "changes_told",
    "index_check",
    "index_plans",
    "indexes_wanted",
    "need_as_approved",
    "switched",
    "written_by",
]


def indexes_wanted(name_search: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The indexes of a store, and what the values of each are made of."""
    unknown = sorted(set(name_search) - SEARCH_PARTS.keys())
    if unknown:
        raise ConfigurationError(
            f"names are searched by {', '.join(SEARCH_PARTS)}, and not by {', '.join(unknown)}",
            rule="index_plan",
        )
    wanted: dict[str, tuple[str, ...]] = {**INDEX_PARTS}
    for beside in sorted(set(name_search)):
        wanted |= SEARCH_PARTS[beside]
    return wanted


_NEXT = "next"
"""Under this name stand the bits of the version that is being filled, where they are others than those of the one that is searched."""


def index_plans(store: StoreRow) -> tuple[IndexPlan, IndexPlan]:
    """The plan of the version that is searched, and that of the one after it: another, while a rotation to another is on its way."""
    bits = loads(store.index_bits)
    following = bits.pop(_NEXT, bits)
    return IndexPlan(bits=bits, version=store.index_version), IndexPlan(bits=following, version=store.index_version + 1)


def bits_anew(
    store: StoreRow, name_search: Collection[str] | None, frequencies: Mapping[str, Frequency] | None
) -> Mapping[str, int]:
    """
    The bits of each index, if names are searched beside *name_search* from now on, beside what they are if None. An index that the store has keeps its length;
    one that the library has had only since the store was founded is there, too.

    Raises:
        ConfigurationError: Names are not searched beside that, or an index would give values away.
    """
    known = index_plans(store)[0].bits
    if name_search is None:
        name_search = [beside for beside, indexes in SEARCH_PARTS.items() if indexes.keys() <= known.keys()]
    wanted = indexes_wanted(name_search)
    more = {name: parts for name, parts in wanted.items() if name not in known}
    if frequencies is not None and not more:
        raise ConfigurationError(
            "no index is new, and those that stay keep their length; leave the frequencies out", rule="index_plan"
        )
    plan = IndexPlan.of(store.expected_customers, more, full=FULL_TAG_INDEXES, frequencies=frequencies)
    return {name: plan.bits[name] if name in more else known[name] for name in wanted}


def changes_told(store: StoreRow, bits: Mapping[str, int], frequencies: Mapping[str, Frequency] | None) -> str:
    """What a second person is to see of a plan: the indexes that come, with the bits of their tags, those that go, and whether by a bank's own frequencies."""
    known = index_plans(store)[0].bits
    told = [f"+{name}:{bits[name]}" for name in sorted(bits.keys() - known.keys())]
    told += [f"-{name}" for name in sorted(known.keys() - bits.keys())]
    return " ".join([*told, *(["own frequencies"] if told and frequencies is not None else [])])


def approved_bits(store: StoreRow, detail: Mapping[str, str]) -> Mapping[str, int]:
    """The plan that two persons agreed on, as their approval says it; that of now, where it was proposed before there was another to choose."""
    said = detail.get("bits")
    bits: Mapping[str, int] = index_plans(store)[0].bits if said is None else loads(said.encode())
    return bits


def need_as_approved(store: StoreRow, detail: Mapping[str, str]) -> None:
    """
    Raises `FourEyesError` unless the version that is filled is the one of this approval: whoever has the database could put back what the store said of its
    indexes before.
    """
    _, following = index_plans(store)
    if store.index_next != following.version or following.bits != approved_bits(store, detail):
        raise FourEyesError(
            "what the store says of its next index is not what was approved; have that looked into", rule="four_eyes"
        )


def beginning(taggers: Taggers, store: StoreRow, bits: Mapping[str, int]) -> StoreRow:
    """What a store says of itself once its next version, of these *bits*, is being filled. Raises `WrongKeyError` if there is no root of it."""
    plan, _ = index_plans(store)
    taggers.of(IndexPlan(bits=bits, version=plan.version + 1))
    said = dict(plan.bits) if bits == plan.bits else {**plan.bits, _NEXT: dict(bits)}
    bare = attrs.evolve(store, index_next=plan.version + 1, index_bits=dumps(said))
    return attrs.evolve(bare, index_check=index_check(taggers.of(plan), bare))


def switched(taggers: Taggers, store: StoreRow) -> StoreRow:
    """What it says once that version is searched."""
    _, following = index_plans(store)
    bare = attrs.evolve(
        store, index_version=following.version, index_next=0, index_bits=dumps(dict(following.bits))
    )  # fmt: skip
    return attrs.evolve(bare, index_check=index_check(taggers.of(following), bare))


def written_by(taggers: Taggers, store: StoreRow) -> tuple[Tagger, ...]:
    """
    What makes the tags that a store wants written: of the version that is searched, and of the next where it is being filled. What it says is believed once its
    check was seen to be right.

    Raises:
        WrongKeyError: The index keys are not its own, or what it says of itself was changed.
    """
    said = (store.index_version, store.index_next, store.index_bits, store.index_check)
    lately, written = taggers.lately
    if lately != said:
        written = tuple(map(taggers.of, index_plans(store)[: 2 if store.index_next else 1]))
        if store.index_next not in (0, store.index_version + 1) or index_check(written[0], store) != store.index_check:
            raise WrongKeyError(
                "the index keys are not those of this store, or what it says of itself was changed; use its own key file",
                rule="index_root",
            )
        taggers.lately = said, written
    return written


def index_check(tagger: Tagger, store: StoreRow) -> bytes:
    """
    A tag over what a store says of itself and its tags are made by: that the roots are its own, and that nobody lengthened
    the tags or changed the suite in the database.
    """
    return tagger.claim(
        "check", store.store_id, str(store.suite), str(store.expected_customers), store.index_bits.decode(),
        str(store.digest_version), str(tagger.version),
    )  # fmt: skip
