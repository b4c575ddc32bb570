"""
Blind indexes: keyed tags that find equal values without storing them.

Tag = the suite's HMAC under a key derived for (tenant, index, version), cut to the index's length. Full tags (128 bits)
stand only where values are nearly all distinct, so that their frequencies say nothing; the others are cut so short
that every tag is shared by several records. Beside a tag stands a check value of value and record: with the key it tells
who really has the value and who only shares the tag, without a record being opened; without the key it tells nothing,
since no two records' are of the same input.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NoReturn

from .._canonical import Part, encode
from ..errors import ConfigurationError
from .index_plan import FULL_BITS, IndexPlan
from .providers import KeyProvider
from .suites import Mac, Suite

__all__ = ["CLAIM_BYTES", "SEVERAL", "Tagger", "Taggers"]

CLAIM_BYTES = 16
_CHECK_BYTES = 4
SEVERAL = bytes(_CHECK_BYTES)
"""The check value of a record that has several values of one tag: it tells none of them."""


class Tagger:
    """Makes tags; holds derived keys, so it refuses copying and pickling."""

    def __init__(self, *, provider: KeyProvider, tenant: str, plan: IndexPlan, suite: Suite) -> None:
        self._suite = suite
        self._root = provider.index_root(plan.version)
        self._tenant = tenant
        self._plan = plan
        self._macs: dict[str, Mac] = {}

    @property
    def version(self) -> int:
        """Version of the indexes this tagger writes."""
        return self._plan.version

    @property
    def indexes(self) -> Collection[str]:
        """The indexes that are planned."""
        return self._plan.bits.keys()

    def claim(self, use: str, *value: Part) -> bytes:
        """A full tag of 16 bytes, by which two writers of one value meet."""
        return self._mac("claim/" + use)(encode(*value))[:CLAIM_BYTES]

    def search(self, index: str, *value: Part) -> bytes:
        """
        The tag of 16 bytes under which *value* stands in *index*, cut to the planned bits with zeros behind.

        Raises:
            ConfigurationError: The index is not in the plan.
        """
        bits = self._plan.bits.get(index)
        if bits is None:
            raise ConfigurationError(f"the index {index} is not in this store's plan", path=index, rule="index_plan")
        tag = self._mac(index)(encode(*value))[:CLAIM_BYTES]
        return (
            tag if bits == FULL_BITS else (int.from_bytes(tag, "big") >> FULL_BITS - bits).to_bytes(8, "big") + bytes(8)
        )

    def checks(self, index: str, value: Sequence[Part], places: Iterable[bytes]) -> list[bytes]:
        """
        The check values, of 4 bytes, that the record at each of *places*, in the canonical encoding, has *value* in *index*; a
        stranger's is the same once in four billion.
        """
        mac, head = self._mac("check/" + index), encode(len(value), *value)
        return [mac(head + place)[:_CHECK_BYTES] for place in places]

    def digest(self, use: str, content: bytes) -> bytes:
        """A keyed digest of 16 bytes, for telling two contents apart without showing either."""
        return self._mac("digest/" + use)(content)[:CLAIM_BYTES]

    def digests(self, use: str, contents: Iterable[bytes]) -> list[bytes]:
        """As `digest`, of many contents."""
        mac = self._mac("digest/" + use)
        return [mac(content)[:CLAIM_BYTES] for content in contents]

    def secret(self, use: str) -> bytes:
        """A key of 32 bytes for a use of its own, the same whenever the store is opened."""
        return self._key("secret/" + use)

    def _mac(self, use: str) -> Mac:
        mac = self._macs.get(use)
        if mac is None:
            mac = self._macs[use] = self._suite.keyed(self._key(use))
        return mac

    def _key(self, use: str) -> bytes:
        return self._suite.derive(self._root, encode("bankcif/v1/index", self._tenant, use, self._plan.version))

    def __repr__(self) -> str:
        return f"Tagger(version {self._plan.version})"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("keys can not be pickled or copied")


class Taggers:
    """
    The taggers of a store, one for each index plan; refuses copying and pickling.

    Args:
        provider: Holds the roots.
        tenant: Bound into every tag.
        suite: Makes the tags.

    Attributes:
        lately: What the store said of its indexes when it was asked last, and the taggers that came of it: all whose tags are written, the one that is
            searched first.
    """

    def __init__(self, *, provider: KeyProvider, tenant: str, suite: Suite) -> None:
        self._provider = provider
        self._tenant = tenant
        self._suite = suite
        self.lately: tuple[object, tuple[Tagger, ...]] = (None, ())

    def of(self, plan: IndexPlan) -> Tagger:
        """The tagger of *plan*. Raises `WrongKeyError` if the provider has no root of its version."""
        return Tagger(provider=self._provider, tenant=self._tenant, plan=plan, suite=self._suite)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("keys can not be pickled or copied")
