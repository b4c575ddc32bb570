"""
Planning blind indexes: how long their tags are, so that frequencies give no value away, and which indexes must not be.

An observer of the table sees how many customers share each tag. If the customers of one value by themselves make its tag
stand out among the others, whoever knows how often values occur can name that value: the tag of 王 among surnames. So a
tag is cut until many values share it, and an index whose tags would have to be shorter than look-ups can bear is refused.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import attrs

from .._toml import read_toml
from ..errors import ConfigurationError

__all__ = ["FULL_BITS", "Frequencies", "Frequency", "IndexPlan", "PlannedIndex", "default_frequencies", "plan_index"]

FULL_BITS = 128
_STANDS_OUT = 3.0
"""Standard deviations by which the tag of the commonest value may exceed the others."""
_VALUES_A_TAG = 2
"""How many values share a tag at least; where each had its own, the order of frequencies would name them all."""
_FEWEST_VALUES = 1000
"""How many values an index has at least, counted as if all were equally frequent."""


@attrs.frozen(kw_only=True)
class Frequency:
    """
    How the values of one part are spread over customers.

    Attributes:
        heaviest: Share of the most frequent value, 0 to 1.
        collision: Chance that two customers agree, 0 to 1.
        distinct: Hardly two customers agree; the other two are not used.
        public: The values are in public registers, beside the parties' numbers.
    """

    heaviest: float = 0.0
    collision: float = 0.0
    distinct: bool = False
    public: bool = False


class Frequencies(dict[str, Frequency]):
    """The frequency of each part of an index, by name."""

    @classmethod
    def read(cls, path: Path) -> Frequencies:
        """
        The library's table with what the TOML file *path* says over it.

        Raises:
            ConfigurationError: The file is missing or malformed; the message says where.
        """
        table = read_toml(path, "frequencies", ConfigurationError, "frequencies")
        return cls({**default_frequencies(), **{name: _frequency(name, entry) for name, entry in table.items()}})


def _frequency(name: str, entry: Any) -> Frequency:
    known = {"source", "shares", "heaviest", "collision", "distinct", "public"}
    shares = entry.get("shares", []) if isinstance(entry, Mapping) else None
    good = (
        shares is not None
        and set(entry) <= known
        and isinstance(shares, list)
        and all(_is_share(share) for share in [*shares, entry.get("heaviest", 0), entry.get("collision", 0)])
        and sum(shares) <= 1 + 1e-9
        and all(isinstance(entry.get(flag, False), bool) for flag in ("distinct", "public"))
        and min(shares, default=1) > 0
        and (shares or entry.get("distinct") or entry.get("heaviest", 0) > 0)
    )
    if not good:
        raise ConfigurationError(
            f"the frequency of {name} needs shares, or heaviest and collision, or distinct = true; shares lie between 0 "
            f"and 1 and make at most 1 together",
            path=name,
            rule="frequencies",
        )
    flags = {"distinct": entry.get("distinct", False), "public": entry.get("public", False)}
    if shares:
        # What is not listed is spread over values that are no commoner than the last.
        rest = max(0.0, 1 - sum(shares))
        collision = sum(share * share for share in shares) + rest * min(shares)
        return Frequency(heaviest=max(shares), collision=collision, **flags)
    heaviest = float(entry.get("heaviest", 0))
    collision = float(entry.get("collision", heaviest))
    if not entry.get("distinct") and not heaviest * heaviest <= collision <= heaviest:
        raise ConfigurationError(
            f"the frequency of {name}: two values are equal at least as often as both are the commonest, and at most as often "
            f"as one is; give a collision between heaviest x heaviest and heaviest",
            path=name, rule="frequencies",
        )  # fmt: skip
    return Frequency(heaviest=heaviest, collision=collision, **flags)


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


@cache
def default_frequencies() -> Frequencies:
    """The table that ships with the library; the source of each part stands in it."""
    text = files(__package__ or "bankcif.protection").joinpath("data", "frequencies.toml").read_text("utf-8")
    return Frequencies({name: _frequency(name, entry) for name, entry in tomllib.loads(text).items()})


@attrs.frozen(kw_only=True)
class PlannedIndex:
    """
    An index as it is planned, and what it gives away.

    Attributes:
        name: The index.
        parts: What its value is made of.
        bits: Length of its tags; 128 where they are not cut.
        per_tag: Customers that share a tag, on average.
        heaviest: Customers of the most frequent value.
        spread: Standard deviation of the customers of a tag.
        refused: Why it must not be; empty if it may.
    """

    name: str
    parts: tuple[str, ...]
    bits: int
    per_tag: float
    heaviest: float
    spread: float
    refused: str = ""

    @property
    def stands_out(self) -> float:
        """By how many standard deviations the tag of the most frequent value exceeds the others."""
        return self.heaviest / self.spread if self.spread else 0.0


def plan_index(
    name: str, parts: Sequence[str], customers: int, frequencies: Mapping[str, Frequency], *, full: bool = False
) -> PlannedIndex:
    """
    Plans the index *name* over *parts* for a store of *customers*.

    A cut tag has at most floor(log2(N / 4)) bits, so that some four customers share it, and as many fewer as it takes for
    two values to share a tag and for the most frequent one not to stand out; but no fewer than leave sqrt(N) customers a
    tag, which a look-up must open. What has few values is refused at any length.

    Args:
        full: Whether tags are not cut: for values that hardly two customers share, or that are public.

    Raises:
        ConfigurationError: A part has no frequency.

    Source: 2 <= N / 2^b <= sqrt(N), the planner range in CipherSweet's documentation; the loads of a tag follow from N
    independent customers whose values are thrown at random into 2^b tags. Parts are taken as independent, which is careful
    for the heaviest value: real names and years are not, and spread further.
    """
    unknown = [part for part in parts if part not in frequencies]
    if unknown or not parts:
        raise ConfigurationError(
            f"the index {name} is over {', '.join(unknown) or 'nothing'}, of which no frequency is known; add it to the table",
            path=name,
            rule="index_plan",
        )
    found = [frequencies[part] for part in parts]
    distinct = any(one.distinct for one in found)
    heaviest = 1.0 if distinct else customers * math.prod(one.heaviest for one in found)
    collision = 1 / customers if distinct else math.prod(one.collision for one in found)
    if full:
        refused = "" if distinct else "a tag that is not cut shows how often each value occurs"
        return PlannedIndex(
            name=name, parts=tuple(parts), bits=FULL_BITS, per_tag=1.0, heaviest=heaviest, spread=0.0, refused=refused
        )
    values = 1 / collision
    planned = [
        PlannedIndex(
            name=name, parts=tuple(parts), bits=bits, per_tag=customers / 2**bits, heaviest=heaviest,
            spread=math.sqrt(customers**2 * collision / 2**bits + customers / 2**bits),
        )
        for bits in range(math.floor(math.log2(customers / 4)), 0, -1)
        if customers / 2**bits <= math.sqrt(customers)
    ]  # fmt: skip
    if values < _FEWEST_VALUES:
        refused = "it has so few values that whoever knows how often each occurs can name them; add a part to it"
        return attrs.evolve(planned[-1], refused=refused)
    hidden = next((one for one in planned if _hides(one, values)), None)
    return hidden or attrs.evolve(
        planned[-1],
        refused="its commonest value would stand out at every length that look-ups can bear; add a part to it",
    )


def _hides(planned: PlannedIndex, values: float) -> bool:
    """Whether frequencies name no value: they are all but equal, or each tag is shared and none stands out."""
    if planned.heaviest <= _VALUES_A_TAG:
        return True
    return values / 2**planned.bits >= _VALUES_A_TAG and planned.stands_out <= _STANDS_OUT


@attrs.frozen(kw_only=True)
class IndexPlan:
    """
    The lengths of a store's tags.

    Attributes:
        bits: Length of each index's tags; an index that is not in it is not written.
        version: Version of the index root key.
    """

    bits: Mapping[str, int]
    version: int = 1

    @classmethod
    def of(
        cls,
        expected_customers: int,
        indexes: Mapping[str, Sequence[str]],
        *,
        full: frozenset[str] = frozenset(),
        frequencies: Mapping[str, Frequency] | None = None,
        version: int = 1,
    ) -> IndexPlan:
        """
        The plan for *expected_customers* and *indexes* (the parts of each, by name).

        Raises:
            ConfigurationError: The number lies outside 1,000 to 10^10, where so short or long a tag protects nothing, or an
                index must not be.
        """
        if not 1_000 <= expected_customers <= 10**10:
            raise ConfigurationError("expected_customers must lie between 1,000 and 10^10", rule="index_plan")
        table = default_frequencies() if frequencies is None else frequencies
        bits = {}
        for name, parts in indexes.items():
            planned = plan_index(name, parts, expected_customers, table, full=name in full)
            if planned.refused:
                raise ConfigurationError(
                    f"the index {name} is refused: {planned.refused}", path=name, rule="index_plan"
                )
            bits[name] = planned.bits
        return cls(bits=bits, version=version)
