"""The customer information file: the composition root, and the one place that picks concrete classes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from . import _tasks as tasks
from ._clock import Clock, IdSource, SystemClock, SystemIds
from .access import AuthPlan, MaskProfiles, Policy, default_policy, default_profiles
from .analytics import Snapshot
from .audit import AuditSink, NoteSigner, Witness, origin_of
from .context import Actor, Purpose
from .errors import ConfigurationError, ForkError, PolicyError
from .flows import analyze, extract as extract_flow, load as load_flow, verify_store
from .flows._policy import PolicyWatch, policy_in_force
from .flows._tags import TagWatch
from .flows.call import as_call
from .flows.desk import Desk, destroy_retired_later, refuse
from .flows.found import Founding, found_store
from .flows.govern import found_policy
from .flows.log import LogPlan, LogWriter
from .identifiers import SchemeSet, standard_schemes
from .intake import CaptureStandards, Channel, Standardizer, capture_standards, read_channel
from .matching import LinkPolicy, MatchModel, default_model
from .merging import STANDARD_RULES, SurvivorshipRules, Terms
from .party import TWO_PERSONS, PartyKind, ReferenceTables
from .protection import DataKeys, Frequency, KeyProvider, KeyStore, Sealer, suite_of
from .quality import Gauge, RuleBook, starter_rules
from .storage import Limits, Repository, key_store_beside
from .upkeep import RequestPlan, RetentionPlan, ReviewPlan
from .wording import AddressBook

__all__ = ["CIF"]

_POLICY = Actor(id="bankcif.policy")
"""Under whom the log keeps that the policy in force was found changed."""


class CIF:
    """
    A customer information file of one tenant.

    One per process, safe for threads, refused after a fork. Close it, or use it as a context manager.

    Args:
        repository: The store.
        tenant: Bank or legal entity; at most 32 characters.
        keys: Key provider.
        key_store: Where wrapped data keys rest.
        policy: Access policy that an empty store is founded with, the library's example if None; of any other store, None or
            the one in force.
        masks: Mask profiles, which must have every profile that the policy names; the library's if None.
        authentication: How operators are recognized, where the library does it.
        schemes: Identifier schemes; those of the library over *tables* if None.
        tables: Reference tables.
        trust: How far each source is believed, by source; a source that is not named is believed half and changes
            no protected field.
        survivorship: How each field of a golden record survives; by trust if None. After a change of rules, `Customers.rebuild`
            brings the golden records that stand up to them.
        models: Match models by party kind.
        link_policy: What the bank does with a match weight.
        witnesses: Who remembers the checkpoints of the audit log; see `bankcif.audit.Witness`.
        sinks: Who gets a copy of every entry, such as the bank's security monitoring; see `bankcif.audit.AuditSink`.
        log_plan: How often checkpoints are made, and entries forwarded.
        review_plan: How customers are reviewed; the library's if None.
        retention_plan: How long what is kept; the library's if None.
        request_plan: Within how many days customers are answered about their data; the library's if None.
        quality: Rules of data quality; the library's if None.
        policy_seconds: How long at most a call is decided by a policy that another process replaced; at 0 each call looks, which
            takes some 100 µs.
        zone: The tenant's calendar.
        clock, ids: Time and chance.
        expected_customers: Planned size, decides the length of search tags; used when an empty store is founded.
        frequencies: How often names, years and the like occur among the bank's customers (`Frequencies.read`), by which an
            empty store's indexes are planned; the library's table if None.
        suite: Name of the cipher suite, ``AES-256-GCM`` or ``SM4-GCM``; an empty store is founded with the first if None,
            and a store keeps the one it was founded with.
        name_search: Beside what an empty store's people are searched by names that are spelled otherwise: ``birth_year``, ``home_branch``, or both, each some
            five index rows a record; ``organization``, if organizations are, some two rows for each character of their names. A store keeps what it was founded with.
        create: Whether an empty store is founded; otherwise it is refused.
        greet: Whether the witnesses are shown at once that the log grew since they last saw it; without, only what verifies
            the log tells.

    Raises:
        PolicyError: The policy is another than the one in force, or names a mask profile that is not there.
        WrongKeyError: Keys, key store and store do not belong together.
        StoreOpenError: The store is empty and *create* is not set, or of another format, or of another suite.
        AuditError: A witness has seen another log than this store's.
        ConfigurationError: The suite is unknown, or the installed ``cryptography`` does not compute it.
    """

    def __init__(
        self,
        *,
        repository: Repository,
        tenant: str,
        keys: KeyProvider,
        key_store: KeyStore,
        policy: Policy | None = None,
        masks: MaskProfiles | None = None,
        authentication: AuthPlan | None = None,
        schemes: SchemeSet | None = None,
        tables: ReferenceTables | None = None,
        standards: CaptureStandards | None = None,
        trust: Mapping[str, Terms] | None = None,
        survivorship: SurvivorshipRules | None = None,
        models: Mapping[PartyKind, MatchModel] | None = None,
        link_policy: LinkPolicy | None = None,
        witnesses: Sequence[Witness] = (),
        sinks: Sequence[AuditSink] = (),
        log_plan: LogPlan | None = None,
        review_plan: ReviewPlan | None = None,
        retention_plan: RetentionPlan | None = None,
        request_plan: RequestPlan | None = None,
        quality: RuleBook | None = None,
        policy_seconds: float = 5.0,
        zone: ZoneInfo | None = None,
        clock: Clock | None = None,
        ids: IdSource | None = None,
        expected_customers: int = 1_000_000,
        frequencies: Mapping[str, Frequency] | None = None,
        suite: str | None = None,
        name_search: Iterable[str] = (),
        create: bool = True,
        greet: bool = True,
    ) -> None:
        if not tenant or len(tenant) > 32 or not tenant.isprintable():
            raise ConfigurationError("a tenant's name is one to 32 printable characters", rule="tenant")
        shipped = {kind: default_model(kind) for kind in PartyKind}
        models, link_policy = models or shipped, link_policy or LinkPolicy()
        if problem := link_policy.unknown_to([*shipped.values(), *models.values()]):
            raise ConfigurationError(f"the link policy {problem}", rule="link_policy")
        self._pid, self._closed = os.getpid(), False
        self._repository, self._key_store = repository, key_store
        zone = zone or ZoneInfo("Asia/Shanghai")
        clock, ids, tables = clock or SystemClock(), ids or SystemIds(), tables or ReferenceTables()
        schemes = schemes or standard_schemes(clock=clock, zone=zone, tables=tables)
        addresses = AddressBook(tables.divisions, postcode_zones=tables.small.postcode_zones)
        founding = Founding(
            expected_customers=expected_customers, frequencies=frequencies,
            suite=None if suite is None else suite_of(suite), create=create, name_search=frozenset(name_search),
        )  # fmt: skip
        founded = found_store(repository, key_store, keys, tenant, founding, ids=ids, clock=clock)
        masks = masks or default_profiles()
        for name in (policy or default_policy()).profiles:
            masks.of(name)  # before it founds anything
        policy = policy_in_force(repository, founded.digester, policy)
        for name in policy.profiles:
            masks.of(name)  # refused now, not at the first view
        self._trust = _checked(trust or {})
        self.__desk = Desk(
            tenant=tenant, zone=zone, clock=clock, ids=ids, repository=repository,
            data_keys=DataKeys(tenant=tenant, store=key_store, provider=keys, ids=ids, clock=clock),
            sealer=Sealer(suite=founded.suite, tenant=tenant, ids=ids),
            taggers=founded.taggers, digester=founded.digester,
            schemes=schemes, codes=tables.codes,
            standardizer=Standardizer(
                schemes=schemes, codes=tables.codes,
                addresses=addresses,
            ),
            standards=standards or capture_standards(),
            models=models, link_policy=link_policy, survivorship=survivorship or STANDARD_RULES, policy=policy, masks=masks, reviews=review_plan or ReviewPlan(),
            retention=retention_plan or RetentionPlan(), requests=request_plan or RequestPlan(),
            quality=quality or starter_rules(), gauge=Gauge(schemes, addresses),
            watch=PolicyWatch(repository, founded.digester, masks, clock, policy_seconds, policy), tags=None,
            tag_watch=TagWatch(repository, founded.digester, clock, policy_seconds),
            authentication=authentication or AuthPlan(),
            log=LogWriter(
                repository=repository, tenant=tenant, clock=clock, holder=ids.draw(16), plan=log_plan or LogPlan(),
                signer=NoteSigner(origin_of(founded.store_id), founded.digester.secret("checkpoint")),
                witnesses=witnesses, sinks=sinks,
            ),
            wait=time.sleep,
        )  # fmt: skip
        found_policy(self.__desk)
        if greet:
            self.__desk.log.greet()
        destroy_retired_later(self.__desk)  # what a crash left between a commit and its keys
        self.customers = tasks.Customers(self)
        self.matches = tasks.Matches(self)
        self.approvals = tasks.Approvals(self)
        self.verifications = tasks.Verifications(self)
        self.held = tasks.Held(self)
        self.erasures = tasks.Erasures(self)
        self.keys = tasks.Keys(self)
        self.policies = tasks.Policies(self)
        self.tags = tasks.Tags(self)
        self.scoring = tasks.Scoring(self)
        self.changes = tasks.Changes(self)
        self.consents = tasks.Consents(self)
        self.relations = tasks.Relations(self)
        self.reminders = tasks.Reminders(self)
        self.reviews = tasks.Reviews(self)
        self.quality = tasks.Quality(self)
        self.flags = tasks.Flags(self)
        self.reports = tasks.Reports(self)
        self.requests = tasks.Requests(self)
        self.retention = tasks.Retention(self)
        self.operators = tasks.Operators(self)
        self.exports = tasks.Exports(self)
        self.feeds = tasks.Feeds(self)
        self.access = tasks.Access(self)
        self.audit = tasks.Audit(self)

    @classmethod
    def open(
        cls,
        url: str,
        *,
        tenant: str,
        keys: KeyProvider,
        key_store: str | Path | None = None,
        create: bool = True,
        limits: Limits | None = None,
        **more: Any,
    ) -> CIF:
        """
        Opens the store at the SQLAlchemy URL *url*.

        Args:
            url: Such as ``sqlite:///cif.db``, ``postgresql://USER@HOST/DATABASE`` or ``mariadb://USER@HOST/DATABASE``. A server on
                another machine is reached by TLS and must prove who it is; see `docs/how-to/databases.md`.
            tenant: Bank or legal entity.
            keys: Key provider.
            key_store: File of the key store, or SQLAlchemy URL of a database that holds nothing else; beside an SQLite database by
                default, as ``NAME-keys.db``. In production give it a place of its own, with backups of its own.
            create: Whether a missing database is made.
            limits: How long to wait for the database, and over how many connections to speak to it.
            more: The other arguments of `CIF`.

        Raises:
            StoreOpenError: The database or the key store cannot be opened.
            WrongKeyError: Keys, key store and store do not belong together.
        """
        from .storage.sql import SqlRepository

        repository = SqlRepository.open(url, tenant, create=create, limits=limits)
        opened: KeyStore | None = None
        try:
            opened = _key_store(key_store or key_store_beside(url), limits, create=create)
            return cls(repository=repository, tenant=tenant, keys=keys, key_store=opened, create=create, **more)
        except BaseException:
            repository.close()
            if opened is not None:
                opened.close()
            raise

    @property
    def _desk(self) -> Desk:
        if os.getpid() != self._pid:
            raise ForkError("this CIF was opened in another process; open one here", rule="fork")
        try:
            come = self.__desk.watch.come()
        except PolicyError as error:
            refuse(self.__desk, _POLICY, "policy_in_force", None, rule=error.rule)
            raise
        tags = self.__desk.tag_watch.in_force()
        if come is not None or tags is not self.__desk.tags:
            self.__desk = attrs.evolve(self.__desk, policy=come or self.__desk.policy, tags=tags)
        return self.__desk

    @as_call("load", "load")
    def load(
        self,
        source: str | Path | Iterable[Any],
        channel: Channel | str | Path,
        *,
        key: str = "",
        actor: Actor,
        purpose: Purpose = Purpose.OPERATIONS,
        progress: Callable[[int], None] | None = None,
        each: Callable[[load_flow.LoadedRow], None] | None = None,
        each_held: Callable[[load_flow.HeldRow], None] | None = None,
        part: tuple[int, int] = (0, 1),
    ) -> load_flow.LoadReport:
        """
        Loads a channel's file, or, under an idempotency key, batches of its columns: Arrow tables or record batches, or Polars data
        frames. See `bankcif.flows.load.load` and `load_batches`. *channel* may be the path of its mapping. *part* is of a file; see
        `bankcif.parallel`.
        """
        mapping = channel if isinstance(channel, Channel) else read_channel(Path(channel))
        told: dict[str, Any] = {
            "actor": actor, "purpose": purpose, "progress": progress, "each": each, "each_held": each_held,
        }  # fmt: skip
        if isinstance(source, str | Path):
            return load_flow.load(self._desk, Path(source), mapping, part=part, **told)
        return load_flow.load_batches(self._desk, source, mapping, key=key, **told)

    @as_call("receive", "load")
    def receive(
        self,
        rows: Iterable[Mapping[str, str]],
        channel: Channel,
        *,
        key: str,
        actor: Actor,
        purpose: Purpose = Purpose.OPERATIONS,
        each: Callable[[load_flow.LoadedRow], None] | None = None,
        each_held: Callable[[load_flow.HeldRow], None] | None = None,
    ) -> load_flow.LoadReport:
        """Takes in rows that came over an interface, under an idempotency key; see `bankcif.flows.load.receive`."""
        return load_flow.receive(
            self._desk, rows, channel, key=key, actor=actor, purpose=purpose, each=each, each_held=each_held
        )

    @as_call("extract", "extract")
    def extract(
        self, fields: Sequence[str], *, actor: Actor, purpose: Purpose = Purpose.ANALYTICS, as_of: date | None = None, part: tuple[int, int] = (0, 1),
    ) -> Snapshot:  # fmt: skip
        """Customers in columns, by pseudonymous keys; see `bankcif.flows.extract.extract`, and `bankcif.parallel` of *part*."""
        return extract_flow.extract(self._desk, fields, as_of=as_of, part=part, actor=actor, purpose=purpose)

    @as_call("summarize", "summarize")
    def summarize(self, *, actor: Actor, purpose: Purpose) -> analyze.Summary:
        """The file in numbers; see `bankcif.flows.analyze.summarize`."""
        return analyze.summarize(self._desk, actor=actor, purpose=purpose)

    @as_call("fault_counts", "fault_counts")
    def fault_counts(
        self, *, actor: Actor, purpose: Purpose, since: date | None = None, until: date | None = None
    ) -> list[analyze.FaultCount]:
        """Errors of intake by rule, channel and operator; see `bankcif.flows.analyze.fault_counts`."""
        return analyze.fault_counts(self._desk, actor=actor, purpose=purpose, since=since, until=until)

    @as_call("verify_store", "verify_store")
    def verify(self, *, actor: Actor, purpose: Purpose = Purpose.AUDIT) -> verify_store.StoreReport:
        """Verifies log, customers, records, links and blind index; see `bankcif.flows.verify_store.verify_store`."""
        return verify_store.verify_store(self._desk, actor=actor, purpose=purpose)

    def close(self) -> None:
        """Makes the last checkpoint of the log, and lets go of store and key store."""
        try:
            if os.getpid() == self._pid and not self._closed:
                self.__desk.log.close()
        finally:
            self._closed = True
            self._repository.close()
            self._key_store.close()

    def __enter__(self) -> CIF:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _key_store(place: str | Path, limits: Limits | None, *, create: bool) -> KeyStore:
    from .storage.key_store import SqliteKeyStore
    from .storage.sql_keys import SqlKeyStore

    if isinstance(place, str) and "://" in place and not place.startswith("sqlite:///"):
        return SqlKeyStore(place, create=create, limits=limits)
    return SqliteKeyStore(str(place).removeprefix("sqlite:///"), create=create, limits=limits)


def _checked(trust: Mapping[str, Terms]) -> dict[str, Terms]:
    """*trust*, of which no source may change what takes two persons. Raises `ConfigurationError` otherwise."""
    for source, terms in trust.items():
        alone = sorted(TWO_PERSONS & terms.may_change)
        if alone:
            raise ConfigurationError(
                f"the source {source} may not change {', '.join(alone)} by itself: two persons do; leave it out of may_change",
                rule="two_persons",
            )
    return dict(trust)
