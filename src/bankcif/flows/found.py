"""Founding a store: an empty one is made ours; any other must belong to these keys and this key store."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from .._canonical import dumps, encode
from .._clock import Clock, IdSource, to_micros
from ..errors import StoreOpenError, WrongKeyError
from ..matching import FULL_TAG_INDEXES
from ..protection import Aes256Gcm, Frequency, IndexPlan, KeyProvider, KeyStore, Suite, Tagger, Taggers, suite_of
from ..storage import Repository
from ..storage.rows import StoreRow
from ._indexes import index_check, indexes_wanted, written_by

__all__ = ["STORE_FORMAT", "Founded", "Founding", "check_place", "found_store"]

STORE_FORMAT = 8
_CHECK = b"bankcif store check"


@attrs.frozen(kw_only=True)
class Founding:
    """
    What an empty store is founded with; a store that exists keeps its own.

    Attributes:
        expected_customers: N, from which tags are planned.
        frequencies: How often the parts of an index's values occur; the library's table if None.
        suite: Cipher suite; AES-256-GCM if None. A store that exists must have this one, if it is named.
        create: Whether an empty store is founded at all.
        name_search: Beside what people are searched by a name that is spelled otherwise: ``birth_year``, ``home_branch``, or both; and
            ``organization``, if organizations are.
    """

    expected_customers: int = 1_000_000
    frequencies: Mapping[str, Frequency] | None = None
    suite: Suite | None = None
    create: bool = True
    name_search: frozenset[str] = frozenset()


@attrs.frozen(kw_only=True, repr=False)
class Founded:
    """An open store's id and suite, what makes its tags, and what makes its digests."""

    store_id: str
    suite: Suite
    taggers: Taggers
    digester: Tagger


def found_store(
    repository: Repository,
    key_store: KeyStore,
    keys: KeyProvider,
    tenant: str,
    founding: Founding,
    *,
    ids: IdSource,
    clock: Clock,
) -> Founded:
    """
    Opens what the store says of itself, after checking that keys and key store are its own; founds an empty one.

    Raises:
        StoreOpenError: There is no store and none shall be made, or it is of another format or another suite.
        WrongKeyError: Keys or key store belong to another store.
        ConfigurationError: The store's suite can not be computed here, or an index would give values away.
    """
    store = repository.identity()
    if store is None:
        if not founding.create:
            raise StoreOpenError(
                f"the database holds no customer file of tenant {tenant}; make one with  bankcif init", rule="empty"
            )
        bound = bool(key_store.identity())
        store = repository.identity()  # whoever founds it at this moment binds the key store behind it
        if bound and store is None:
            raise WrongKeyError(
                "the key store belongs to another store than this empty one; name a new key store", rule="key_store"
            )
        store = store or repository.found(_new(keys, tenant, founding, ids, clock))
    if store.format != STORE_FORMAT:
        raise StoreOpenError("the store is of another format than this library's", rule="format")
    suite = suite_of(store.suite)
    if founding.suite is not None and founding.suite.number != store.suite:
        raise StoreOpenError(
            f"the store is sealed with {suite.name}, and a store keeps its suite; leave the suite out", rule="suite"
        )
    suite.probe()
    keys.unwrap([(store.key_check, check_place(tenant, store.store_id))], kek_id=store.kek_id)
    taggers = Taggers(provider=keys, tenant=tenant, suite=suite)
    written_by(taggers, store)
    _bind(repository, key_store, store)
    digester = taggers.of(IndexPlan(bits={}, version=store.digest_version))
    return Founded(store_id=store.store_id, suite=suite, taggers=taggers, digester=digester)


def _new(keys: KeyProvider, tenant: str, founding: Founding, ids: IdSource, clock: Clock) -> StoreRow:
    """What a new store says of itself."""
    suite = founding.suite or Aes256Gcm()
    suite.probe()
    wanted = indexes_wanted(founding.name_search)
    plan = IndexPlan.of(founding.expected_customers, wanted, full=FULL_TAG_INDEXES, frequencies=founding.frequencies)
    store_id = ids.draw(16).hex()
    bare = StoreRow(
        store_id=store_id, format=STORE_FORMAT, suite=suite.number, expected_customers=founding.expected_customers,
        index_version=plan.version, index_next=0, digest_version=plan.version, index_bits=dumps(dict(plan.bits)), kek_id=keys.kek_id,
        key_check=keys.wrap([(_CHECK, check_place(tenant, store_id))])[0],
        index_check=b"", created_at=to_micros(clock.now()),
    )  # fmt: skip
    tagger = Tagger(provider=keys, tenant=tenant, plan=plan, suite=suite)
    return attrs.evolve(bare, index_check=index_check(tagger, bare))


def _bind(repository: Repository, key_store: KeyStore, store: StoreRow) -> None:
    """Makes the key store the store's own, unless it is already."""
    if key_store.identity() == store.store_id:
        return
    with repository.unit_of_work() as unit:
        used = unit.sources.count() > 0
    if used and not key_store.identity():
        raise WrongKeyError(
            "the key store is empty, but the database holds customers: name the key store that was made with it, or "
            "restore it from its backup",
            rule="key_store",
        )
    key_store.bind(store.store_id)


def check_place(tenant: str, store_id: str) -> bytes:
    """The associated data of a store's key check."""
    return encode("bankcif/v1/store-check", tenant, store_id)
