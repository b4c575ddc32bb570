"""The customer information file: the composition root, and the one place that picks concrete classes."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any
from zoneinfo import ZoneInfo

from ._clock import Clock, IdSource, SystemClock, SystemIds, to_micros
from .access import Action, Policy, default_policy
from .approval import Approval
from .audit import AuditReport
from .context import Actor, Effect, Purpose
from .errors import ConfigurationError, ForkError, InputError, IntakeError, StoreOpenError
from .flows import analyze, link as link_flow, load as load_flow, maintain, merge, query, register as register_flow
from .flows._records import Arrival, tokenized
from .flows.desk import Desk, refuse
from .flows.found import STORE_FORMAT, found_store
from .identifiers import SchemeSet, standard_schemes
from .intake import CaptureStandards, Channel, Standardizer, capture_standards, read_channel
from .matching import LinkPolicy, MatchModel, default_model
from .merging import Terms
from .party import CifNo, Party, PartyKind, ReferenceTables, SourceKey, kind_of, plain_values
from .protection import Aes256Gcm, DataKeys, IndexPlan, KeyProvider, KeyStore, Sealer, Tagger
from .storage import Repository
from .storage.rows import TaskRow
from .wording import AddressBook

__all__ = ["CIF"]


class CIF:
    """
    A customer information file of one tenant.

    One per process, safe for threads, refused after a fork. Close it, or use it as a context manager.

    Args:
        repository: The store.
        tenant: Bank or legal entity; at most 32 characters.
        keys: Key provider.
        key_store: Where wrapped data keys rest.
        policy: Access policy; the example policy if None.
        schemes: Identifier schemes; those of the library over *tables* if None.
        tables: Reference tables.
        trust: How far each source is believed, by source; a source that is not named is believed half and changes
            no protected field.
        models: Match models by party kind.
        link_policy: What the bank does with a match weight.
        zone: The tenant's calendar.
        clock, ids: Time and chance.
        expected_customers: Planned size, decides the length of search tags; used when an empty store is founded.
        create: Whether an empty store is founded; otherwise it is refused.

    Raises:
        WrongKeyError: Keys, key store and store do not belong together.
        StoreOpenError: The store is empty and *create* is not set, or of another format.
    """

    def __init__(
        self,
        *,
        repository: Repository,
        tenant: str,
        keys: KeyProvider,
        key_store: KeyStore,
        policy: Policy | None = None,
        schemes: SchemeSet | None = None,
        tables: ReferenceTables | None = None,
        standards: CaptureStandards | None = None,
        trust: Mapping[str, Terms] | None = None,
        models: Mapping[PartyKind, MatchModel] | None = None,
        link_policy: LinkPolicy | None = None,
        zone: ZoneInfo | None = None,
        clock: Clock | None = None,
        ids: IdSource | None = None,
        expected_customers: int = 1_000_000,
        create: bool = True,
    ) -> None:
        if not tenant or len(tenant) > 32 or not tenant.isprintable():
            raise ConfigurationError("a tenant's name is one to 32 printable characters", rule="tenant")
        self._pid = os.getpid()
        self._repository, self._key_store = repository, key_store
        zone = zone or ZoneInfo("Asia/Shanghai")
        clock, ids, tables = clock or SystemClock(), ids or SystemIds(), tables or ReferenceTables()
        schemes = schemes or standard_schemes(clock=clock, zone=zone, tables=tables)
        store = found_store(repository, key_store, keys, tenant, ids, clock, expected_customers, create=create)
        plan = IndexPlan(expected_customers=store.expected_customers, version=store.index_version)
        suite = Aes256Gcm()
        if store.format != STORE_FORMAT or store.suite != suite.number:
            raise StoreOpenError("the store is of another format or cipher suite than this library's", rule="format")
        self._trust = dict(trust or {})
        self.__desk = Desk(
            tenant=tenant, zone=zone, clock=clock, ids=ids, repository=repository,
            data_keys=DataKeys(tenant=tenant, store=key_store, provider=keys, ids=ids),
            sealer=Sealer(suite=suite, tenant=tenant, ids=ids),
            tagger=Tagger(provider=keys, tenant=tenant, plan=plan),
            schemes=schemes, codes=tables.codes,
            standardizer=Standardizer(
                schemes=schemes, codes=tables.codes,
                addresses=AddressBook(tables.divisions, postcode_zones=tables.small.postcode_zones),
            ),
            standards=standards or capture_standards(),
            models=models or {kind: default_model(kind) for kind in PartyKind},
            link_policy=link_policy or LinkPolicy(), policy=policy or default_policy(),
        )  # fmt: skip
        self.customers = Customers(self)
        self.matches = Matches(self)
        self.approvals = Approvals(self)
        self.audit = Audit(self)

    @classmethod
    def open(
        cls,
        url: str,
        *,
        tenant: str,
        keys: KeyProvider,
        key_store: str | Path | None = None,
        create: bool = True,
        **more: Any,
    ) -> CIF:
        """
        Opens the store at the SQLAlchemy URL *url*.

        Args:
            url: Such as ``sqlite:///cif.db``.
            tenant: Bank or legal entity.
            keys: Key provider.
            key_store: File of the key store; beside an SQLite database by default, as ``NAME-keys.db``. In production
                give it a place of its own, with backups of its own.
            create: Whether a missing database is made.
            more: The other arguments of `CIF`.

        Raises:
            StoreOpenError: The database or the key store cannot be opened.
            WrongKeyError: Keys, key store and store do not belong together.
        """
        from .storage.key_store import SqliteKeyStore
        from .storage.sql import SqlRepository

        repository = SqlRepository.open(url, tenant, create=create)
        opened: SqliteKeyStore | None = None
        try:
            opened = SqliteKeyStore(key_store or _key_store_beside(url), create=create)
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
        return self.__desk

    def load(
        self,
        path: str | Path,
        channel: Channel | str | Path,
        *,
        actor: Actor,
        purpose: Purpose = Purpose.OPERATIONS,
        progress: Callable[[int], None] | None = None,
        each: Callable[[load_flow.LoadedRow], None] | None = None,
    ) -> load_flow.LoadReport:
        """Loads a channel's file; see `bankcif.flows.load.load`. *channel* may be the path of its mapping."""
        mapping = channel if isinstance(channel, Channel) else read_channel(Path(channel))
        return load_flow.load(
            self._desk, Path(path), mapping, actor=actor, purpose=purpose, progress=progress, each=each
        )

    def summarize(self, *, actor: Actor, purpose: Purpose) -> analyze.Summary:
        """The file in numbers; see `bankcif.flows.analyze.summarize`."""
        return analyze.summarize(self._desk, actor=actor, purpose=purpose)

    def check_keys(self) -> int:
        """
        Opens every data key and every source record's seal and returns how many keys there are.

        Raises:
            KeyMissingError, WrongKeyError: A key is missing or does not open.
        """
        return maintain.check_keys(self._desk, self._key_store)

    def close(self) -> None:
        """Lets go of store and key store."""
        self._repository.close()
        self._key_store.close()

    def __enter__(self) -> CIF:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Task:
    def __init__(self, cif: CIF) -> None:
        self._cif = cif

    @property
    def _desk(self) -> Desk:
        return self._cif._desk


class Customers(_Task):
    """Registering, finding, showing, revealing."""

    def register(
        self,
        form: Party,
        *,
        channel: str,
        source_key: str,
        actor: Actor,
        source: str | None = None,
        occasion: str = "account",
        business_time: datetime | None = None,
    ) -> register_flow.Registered:
        """
        Registers what a channel says of a customer.

        Args:
            form: `Individual` or `Organization`.
            channel: Channel it came by.
            source_key: The source's own id of the customer, at most 128 printable characters.
            actor: On whose behalf.
            source: The source, if it is not the channel's name.
            occasion: What the form must hold: that of an ``account``, a ``lead``, or another that has a standard.
            business_time: The source's own time of the form, aware.

        Raises:
            IntakeError: The form has faults; all of them at once.
            NotFoundOrNotAllowedError: The policy does not let *actor* register.
        """
        desk = self._desk
        if desk.policy.allows(actor, Action.REGISTER).effect is Effect.DENY:
            raise refuse(desk, actor, "register", None)
        _check_names(channel, source or channel, source_key)
        kind = kind_of(form)
        capture = desk.standards.of(kind, occasion, channel)
        standard = capture.check(desk.standardizer.standardize(kind, plain_values(form)), today=desk.today())
        if standard.refused:
            raise IntakeError([fault for fault in standard.faults if fault.severity == "error"])
        arrival = Arrival(
            origin=SourceKey(source or channel, source_key), channel=channel, form=tokenized(desk, standard),
            terms=self._cif._trust.get(source or channel, Terms()),
            business_time=None if business_time is None else to_micros(business_time),
        )  # fmt: skip
        done = register_flow.register(desk, [arrival], actor=actor)[0]
        if done.outcome is register_flow.Outcome.REFUSED:
            raise InputError(
                "this source key belongs to a party of another kind; give the new one a key of its own",
                path="$", rule=done.rule, cif_no=done.cif_no,
            )  # fmt: skip
        return done

    def find(
        self,
        *,
        actor: Actor,
        purpose: Purpose,
        identifier: tuple[str, str] | None = None,
        phone: str | None = None,
        email: str | None = None,
        name: str | None = None,
        birth_date: date | None = None,
    ) -> list[query.CustomerView]:
        """Customers with an equal number, phone or e-mail, or name and birth date; see `bankcif.flows.query.find`."""
        return query.find(
            self._desk, actor=actor, purpose=purpose, identifier=identifier, phone=phone, email=email, name=name,
            birth_date=birth_date,
        )  # fmt: skip

    def get(self, cif_no: str, *, actor: Actor, purpose: Purpose) -> query.CustomerView:
        """One customer, masked; see `bankcif.flows.query.view`."""
        return query.view(self._desk, CifNo(cif_no), actor=actor, purpose=purpose)

    def reveal(self, cif_no: str, fields: Collection[str], *, actor: Actor, purpose: Purpose) -> dict[str, Any]:
        """Fields in clear, audited; see `bankcif.flows.query.reveal`."""
        return query.reveal(self._desk, CifNo(cif_no), fields, actor=actor, purpose=purpose)


class Matches(_Task):
    """Possible matches, merging, unmerging, keeping apart."""

    def tasks(self, *, actor: Actor, purpose: Purpose) -> Sequence[TaskRow]:
        """The possible matches that wait, heaviest first."""
        return merge.open_tasks(self._desk, actor=actor, purpose=purpose)

    def link_file(self, *, actor: Actor, purpose: Purpose) -> link_flow.LinkReport:
        """Compares all records anew and opens a task for each possible match; see `bankcif.flows.link`."""
        return link_flow.link_file(self._desk, actor=actor, purpose=purpose)

    def propose_merge(self, survivor: str, retired: str, *, actor: Actor, reason: str) -> Approval:
        """Proposes to merge *retired* into *survivor*; a second person decides."""
        return merge.propose_merge(self._desk, CifNo(survivor), CifNo(retired), actor=actor, reason=reason)

    def propose_unmerge(self, retired: str, *, actor: Actor, reason: str) -> Approval:
        """Proposes to undo the merge of *retired*; a second person decides."""
        return merge.propose_unmerge(self._desk, CifNo(retired), actor=actor, reason=reason)

    def not_a_match(self, one: str, other: str, *, actor: Actor, reason: str) -> None:
        """Keeps two parties apart."""
        merge.not_a_match(self._desk, CifNo(one), CifNo(other), actor=actor, reason=reason)


class Approvals(_Task):
    """What a second person decides."""

    def waiting(self, *, actor: Actor, purpose: Purpose) -> Sequence[Approval]:
        """The proposals that wait, oldest first."""
        return merge.open_proposals(self._desk, actor=actor, purpose=purpose)

    def approve(self, approval_id: str, *, actor: Actor) -> Approval:
        """Approves a proposal and carries it out."""
        return merge.decide_proposal(self._desk, approval_id, approve=True, actor=actor)

    def reject(self, approval_id: str, *, actor: Actor) -> Approval:
        """Rejects a proposal."""
        return merge.decide_proposal(self._desk, approval_id, approve=False, actor=actor)


class Audit(_Task):
    """The log."""

    def verify(self, *, actor: Actor, purpose: Purpose = Purpose.AUDIT) -> AuditReport:
        """Verifies the whole log."""
        return query.verify_log(self._desk, actor=actor, purpose=purpose)

    def who(self, cif_no: str, *, actor: Actor, purpose: Purpose = Purpose.AUDIT) -> list[query.Looked]:
        """Who saw or changed a customer, oldest first."""
        return query.who_looked(self._desk, CifNo(cif_no), actor=actor, purpose=purpose)


def _check_names(channel: str, source: str, source_key: str) -> None:
    for name, value, longest in (("channel", channel, 64), ("source", source, 64), ("source_key", source_key, 128)):
        if not value or len(value) > longest or not value.isprintable():
            raise ConfigurationError(f"{name} is one to {longest} printable characters", rule=name)


def _key_store_beside(url: str) -> Path:
    name = url.rpartition("sqlite:///")[2].partition("?")[0]
    path = Path(name)
    return path.with_name(f"{path.stem}-keys.db")
