"""
Blind indexes: keyed tags that find equal values without storing them.

Tag = the suite's HMAC under a key derived for (tenant, index, version), cut to the index's length. Full tags (128 bits)
stand only where values are nearly all distinct, so that their frequencies say nothing; the others are cut so short
that every tag is shared by several records, and what was found is verified after opening.
"""

from __future__ import annotations

import math
from typing import NoReturn

import attrs

from .._canonical import Part, encode
from ..errors import ConfigurationError
from .providers import KeyProvider
from .suites import Suite

__all__ = ["CLAIM_BYTES", "IndexPlan", "Tagger"]

CLAIM_BYTES = 16


@attrs.frozen(kw_only=True)
class IndexPlan:
    """
    How long search tags are, planned from the number of customers the store is made for.

    Attributes:
        expected_customers: N; tags have floor(log2(N / 4)) bits, so that about four customers share each.
        version: Version of the index root key.

    Raises:
        ConfigurationError: N is below 1,000 or above 10^10: so short or long a tag protects nothing.

    Source: for N records and b bits, 2 <= N / 2^b <= sqrt(N) keeps tags ambiguous and look-ups cheap, the planner
    range of CipherSweet's documentation.
    """

    expected_customers: int = 1_000_000
    version: int = 1

    def __attrs_post_init__(self) -> None:
        if not 1_000 <= self.expected_customers <= 10**10:
            raise ConfigurationError("expected_customers must lie between 1,000 and 10^10", rule="index_plan")

    @property
    def bits(self) -> int:
        """Length of a search tag in bits."""
        return math.floor(math.log2(self.expected_customers / 4))


class Tagger:
    """Makes tags; holds derived keys, so it refuses copying and pickling."""

    def __init__(self, *, provider: KeyProvider, tenant: str, plan: IndexPlan, suite: Suite) -> None:
        self._suite = suite
        self._root = provider.index_root(plan.version)
        self._tenant = tenant
        self._plan = plan
        self._keys: dict[str, bytes] = {}

    @property
    def version(self) -> int:
        """Version of the indexes this tagger writes."""
        return self._plan.version

    def claim(self, index: str, *value: Part) -> bytes:
        """A full tag of 16 bytes, for claims and for values that are nearly all distinct."""
        return self._suite.mac(self._key(index), encode(*value))[:CLAIM_BYTES]

    def search(self, index: str, *value: Part) -> bytes:
        """A cut tag of `IndexPlan.bits`, in 16 bytes with zeros behind, so that all tags rest in one column."""
        bits = self._plan.bits
        head = int.from_bytes(self._suite.mac(self._key(index), encode(*value))[:8], "big") >> (64 - bits)
        return head.to_bytes(8, "big") + bytes(8)

    def digest(self, use: str, content: bytes) -> bytes:
        """A keyed digest of 16 bytes, for telling two contents apart without showing either."""
        return self._suite.mac(self._key("digest/" + use), content)[:CLAIM_BYTES]

    def _key(self, index: str) -> bytes:
        key = self._keys.get(index)
        if key is None:
            info = encode("bankcif/v1/index", self._tenant, index, self._plan.version)
            key = self._keys[index] = self._suite.derive(self._root, info)
        return key

    def __repr__(self) -> str:
        return f"Tagger(version {self._plan.version})"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("keys can not be pickled or copied")
