"""Founding a store: an empty one is made ours; any other must belong to these keys and this key store."""

from __future__ import annotations

from .._canonical import encode
from .._clock import Clock, IdSource, to_micros
from ..errors import StoreOpenError, WrongKeyError
from ..protection import Aes256Gcm, IndexPlan, KeyProvider, KeyStore, Suite, Tagger, suite_of
from ..storage import Repository
from ..storage.rows import StoreRow

__all__ = ["STORE_FORMAT", "check_place", "found_store"]

STORE_FORMAT = 3
_CHECK = b"bankcif store check"


def found_store(
    repository: Repository,
    key_store: KeyStore,
    keys: KeyProvider,
    tenant: str,
    ids: IdSource,
    clock: Clock,
    expected_customers: int,
    *,
    suite: Suite | None,
    create: bool,
) -> StoreRow:
    """
    What the store says of itself, after checking that keys and key store are its own; founds an empty one.

    Raises:
        StoreOpenError: There is no store and *create* is not set, it is of another format, or of another suite than
            *suite*.
        WrongKeyError: Keys or key store belong to another store.
        ConfigurationError: The store's suite can not be computed here.
    """
    plan = IndexPlan(expected_customers=expected_customers)
    store = repository.identity()
    if store is None and not create:
        raise StoreOpenError(f"the database holds no customer file of tenant {tenant}; make one with  bankcif init")
    if store is None:
        if key_store.identity():
            raise WrongKeyError(
                "the key store belongs to another store than this empty one; name a new key store", rule="key_store"
            )
        chosen = suite or Aes256Gcm()
        chosen.probe()
        store_id = ids.draw(16).hex()
        associated = check_place(tenant, store_id)
        store = repository.found(
            StoreRow(
                store_id=store_id, format=STORE_FORMAT, suite=chosen.number, expected_customers=expected_customers,
                index_version=plan.version, kek_id=keys.kek_id, key_check=keys.wrap([(_CHECK, associated)])[0],
                index_check=Tagger(provider=keys, tenant=tenant, plan=plan, suite=chosen).claim("check", store_id),
                created_at=to_micros(clock.now()),
            )
        )  # fmt: skip
    if store.format != STORE_FORMAT:
        raise StoreOpenError("the store is of another format than this library's", rule="format")
    used_suite = suite_of(store.suite)
    if suite is not None and suite.number != store.suite:
        raise StoreOpenError(
            f"the store is sealed with {used_suite.name}, and a store keeps its suite; leave the suite out",
            rule="suite",
        )
    used_suite.probe()
    plan = IndexPlan(expected_customers=store.expected_customers, version=store.index_version)
    keys.unwrap([(store.key_check, check_place(tenant, store.store_id))], kek_id=store.kek_id)
    if (
        Tagger(provider=keys, tenant=tenant, plan=plan, suite=used_suite).claim("check", store.store_id)
        != store.index_check
    ):
        raise WrongKeyError("the index keys are not those of this store; use its own key file", rule="index_root")
    if key_store.identity() != store.store_id:
        with repository.unit_of_work() as unit:
            used = unit.sources.count() > 0
        if used and not key_store.identity():
            raise WrongKeyError(
                "the key store is empty, but the database holds customers: name the key store that was made with it, "
                "or restore it from its backup",
                rule="key_store",
            )
        key_store.bind(store.store_id)
    return store


def check_place(tenant: str, store_id: str) -> bytes:
    """The associated data of a store's key check."""
    return encode("bankcif/v1/store-check", tenant, store_id)
