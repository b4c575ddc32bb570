"""What every call keeps to: requirements, the digest of the one operation, counts in the log, a log that cannot be written."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from tests.conftest import NOW, insides, known
from tests.flows.test_authenticate import KEEPER, PLAN, SECOND, SECRET
from tests.flows.test_browse import Under
from tests.flows.test_export import PARTNER, TAKER, grant, policy, spec
from tests.flows.test_register import register
from tests.security.test_every_method import CALLS, WHO, World, world

from bankcif import CIF, Actor, LocalKeyProvider, MemoryKeyStore, MemoryRepository, Policy, Purpose, _tasks
from bankcif._clock import FixedClock
from bankcif.access import Action, default_policy
from bankcif.access.authentication import code_at
from bankcif.context import AuthContext
from bankcif.errors import AuditError, AuthenticationError, BankCIFError, ConfigurationError, StepUpRequired
from bankcif.flows import _gathered
from bankcif.flows.export import ExportSpec, Recipient
from bankcif.flows.log import LogWriter
from bankcif.merging import Assurance
from bankcif.party import ReferenceTables
from bankcif.protection import Aes256Gcm
from bankcif.storage.key_store import SqliteKeyStore
from bankcif.storage.sql import SqlRepository

__all__ = ["world"]  # the fixture


def asking(action: Action, **more: Any) -> Policy:
    """The example policy, with a requirement of *action*."""
    table = default_policy().document()
    table["require"][action.value] = {"level": 3, "max_age_minutes": 5, **more}
    return Policy.from_document({**table, "version": "asking"})


ASKED: dict[Action, Callable[[CIF, str, Actor], object]] = {
    Action.VIEW: lambda cif, cif_no, a: cif.customers.get(cif_no, actor=a, purpose=Purpose.OPERATIONS),
    Action.FIND: lambda cif, _, a: cif.customers.find(phone="15412345678", actor=a, purpose=Purpose.OPERATIONS),
    Action.REVEAL: lambda cif, cif_no, a: cif.customers.reveal(cif_no, {"phone"}, actor=a, purpose=Purpose.COMPLIANCE),
    Action.REGISTER: lambda cif, _, a: register(cif, a, "9"),
    Action.LINK: lambda cif, cif_no, a: cif.matches.propose_merge(cif_no, cif_no, actor=a, reason="r"),
    Action.APPROVE: lambda cif, _, a: cif.approvals.waiting(actor=a, purpose=Purpose.OPERATIONS),
    Action.AUDIT: lambda cif, cif_no, a: cif.audit.who(cif_no, actor=a),
    Action.REPORT: lambda cif, _, a: cif.summarize(actor=a, purpose=Purpose.OPERATIONS),
    Action.VERIFY: lambda cif, cif_no, a: cif.verifications.record(
        cif_no, ["phone"], method="call_back", level=Assurance.HIGH, evidence="e-1", actor=a, purpose=Purpose.OPERATIONS
    ),
    Action.OVERRIDE: lambda cif, cif_no, a: cif.customers.override(
        cif_no, {"former_name": "张旧"}, reason="r", actor=a, purpose=Purpose.OPERATIONS
    ),
    Action.KEYS: lambda cif, _, a: cif.keys.check(actor=a),
    Action.ERASE: lambda cif, cif_no, a: cif.erasures.restrict(cif_no, reason="r", actor=a),
    Action.EXPORT: lambda cif, _, a: cif.exports.take(spec("sex"), actor=a),
    Action.LOAD: lambda cif, _, a: cif.held.rows(actor=a, purpose=Purpose.OPERATIONS),
    Action.RELEASE: lambda cif, _, a: cif.held.refuse("00", 1, reason="r", actor=a, purpose=Purpose.OPERATIONS),
    Action.REVIEW: lambda cif, _, a: cif.access.review([], NOW, NOW, actor=a),
    Action.OPERATORS: lambda cif, _, a: cif.operators.unlock("t.x", actor=a),
    Action.POLICY: lambda cif, _, a: cif.policies.propose(default_policy(), reason="r", actor=a),
}
EVERYTHING = frozenset({"teller", "steward", "auditor", "compliance", "key_custodian", "privacy_officer"})
ROLES = {Action.APPROVE: {"steward"}, Action.OPERATORS: {"operator_admin"}, Action.POLICY: {"policy_officer"}}


@pytest.mark.parametrize("action", sorted(ASKED))
def test_every_action_asks_as_the_policy_says(cif: CIF, steward: Actor, action: Action) -> None:
    cif_no = register(cif, steward, "1").cif_no
    weak = AuthContext(methods=("password",), assurance=1, at=NOW)
    who = Actor(id="w", roles=ROLES.get(action, EVERYTHING), branch="b", auth=weak)
    with Under(cif, asking(action)):
        with pytest.raises(StepUpRequired) as caught:
            ASKED[action](cif, cif_no, who)
        assert caught.value.level == 3
        told = cif.audit.deeds("w", actor=known(Actor(id="a.sun", roles={"auditor"})))[-1]
    assert (told.outcome, told.rule.partition(":")[0]) == ("refused", "step_up")


def test_what_is_confirmed_is_one_operation_to_its_last_word(cif: CIF, steward: Actor) -> None:
    """A device that signed one is no leave for another: of another customer, field, purpose, recipient."""
    one = register(cif, steward, "1").cif_no
    other = register(cif, steward, "2", identifiers=None, phone="15499999999", name="李四").cif_no

    def digest(call: Callable[[], object]) -> str:
        with pytest.raises(StepUpRequired) as caught:
            call()
        return caught.value.operation

    who = known(Actor(id="w", roles={"compliance", "teller", "relationship_manager"}, branch="x"))
    with Under(cif, asking(Action.REVEAL, bound=True)):
        reveals = [
            digest(lambda n=number, f=fields, p=purpose: cif.customers.reveal(n, f, actor=who, purpose=p))  # type: ignore[misc]
            for number, fields, purpose in (
                (one, {"phone"}, Purpose.COMPLIANCE), (other, {"phone"}, Purpose.COMPLIANCE),
                (one, {"name"}, Purpose.COMPLIANCE), (one, {"phone", "name"}, Purpose.COMPLIANCE),
            )
        ]  # fmt: skip
    teller = known(Actor(id="w", roles={"compliance", "teller"}, branch="b"))
    with Under(cif, asking(Action.REVEAL, bound=True)):
        reveals.append(digest(lambda: cif.customers.reveal(one, {"phone"}, actor=teller, purpose=Purpose.SERVICE)))
    with Under(cif, asking(Action.BREAK_GLASS, bound=True)):
        glasses = [
            digest(lambda n=number, p=purpose: cif.customers.break_glass(n, reason="r", actor=who, purpose=p))  # type: ignore[misc]
            for number, purpose in (
                (one, Purpose.SERVICE), (other, Purpose.SERVICE), (one, Purpose.RELATIONSHIP),
            )
        ]  # fmt: skip
    asked = policy(grant(), require={"export": {"level": 2, "bound": True}})
    with Under(cif, asked):
        exports = [
            digest(lambda s=one_of: cif.exports.take(s, actor=TAKER))  # type: ignore[misc]
            for one_of in (spec("sex"), spec("sex", recipient=PARTNER), spec("name"))
        ]
    for found in (reveals, glasses, exports):
        assert all(len(one_of) == 64 for one_of in found)
        assert len(set(found)) == len(found)


def test_every_word_of_an_export_is_in_its_digest() -> None:
    base = ExportSpec(
        fields=("sex",), recipient=Recipient(name="x"), purpose=Purpose.RISK, cif_nos=("C1",), where="true"
    )
    others = [
        attrs.evolve(base, fields=("name",)), attrs.evolve(base, fields=("sex", "name")), attrs.evolve(base, purpose=Purpose.AUDIT),
        attrs.evolve(base, cif_nos=None), attrs.evolve(base, cif_nos=("C2",)), attrs.evolve(base, where=""),
        attrs.evolve(base, recipient=Recipient(name="y")), attrs.evolve(base, recipient=Recipient(name="x", country="SG")),
        attrs.evolve(base, recipient=Recipient(name="x", inside=True)),
    ]  # fmt: skip
    assert len({one.digest for one in [base, *others]}) == len(others) + 1


def test_every_query_is_in_the_log_with_how_many_it_gave(cif: CIF, steward: Actor) -> None:
    for n, name in enumerate(("张三", "李四", "王五")):
        register(cif, steward, str(n), name=name, identifiers=None, phone="15400000001" if n < 2 else "15400000002")
    browses = {
        "id": "b",
        "roles": ["w"],
        "purposes": ["service"],
        "actions": ["find", "browse", "report"],
        "fields": ["name"],
    }
    who = known(Actor(id="w", roles={"w"}))
    with Under(cif, policy(browses)):
        found = cif.customers.find(phone="15400000001", actor=who, purpose=Purpose.SERVICE)
        assert cif.customers.find(phone="15499999998", actor=who, purpose=Purpose.SERVICE) == []
        page = cif.customers.browse(limit=2, actor=who, purpose=Purpose.SERVICE)
        cif.customers.count(actor=who, purpose=Purpose.SERVICE)
        cif.summarize(actor=who, purpose=Purpose.SERVICE)
    told = [(one.action, one.count) for one in cif.audit.deeds("w", actor=known(Actor(id="a", roles={"auditor"})))]
    assert (len(found), len(page.views)) == (2, 2)
    assert told == [("find", 2), ("find", 0), ("browse", 2), ("count", 3), ("summarize", 3)]


def test_a_large_export_is_in_the_log_of_each_of_its_customers(
    cif: CIF, steward: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_gathered, "_SUBJECTS", 2)
    numbers = {
        register(cif, steward, str(n), name=name, identifiers=None, phone=f"1540000000{n}").cif_no
        for n, name in enumerate(("张三", "李四", "王五", "赵六", "钱七"))
    }
    with Under(cif, policy(grant())):
        cif.exports.take(spec("sex"), actor=TAKER)
    told = [
        one for one in cif.audit.deeds(TAKER.id, actor=Actor(id="a", roles={"auditor"})) if one.action == "exported"
    ]
    assert [one.count for one in told] == [2, 2, 1]
    assert {cif_no for one in told for cif_no in one.subjects} == numbers


@pytest.mark.parametrize("name", sorted(CALLS))
def test_what_can_not_be_told_to_the_log_is_not_done(world: World, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log fails from when the method itself begins, not while its scene is set."""
    group, _, method = name.rpartition(".")
    owner: Any = getattr(_tasks, group) if group else CIF
    right, fails, before = getattr(owner, method), [False], list[object]()
    append = LogWriter.append

    def appended(self: LogWriter, *args: Any) -> None:
        if fails[0]:
            raise AuditError("the log is full", rule="full")
        append(self, *args)

    def state() -> object:
        data = insides(world.cif)
        return [
            {key: value for key, value in table.rows.items() if table is not data.heads}
            for table in (data.parties, data.sources, data.links, data.approvals, data.tasks, data.staged, data.credentials,
                          data.policies, data.rotations, data.audit)
        ]  # fmt: skip

    def called(self: Any, *args: Any, **more: Any) -> Any:
        before[:] = [state()]
        fails[0] = True
        try:
            return right(self, *args, **more)
        finally:
            fails[0] = False

    monkeypatch.setattr(LogWriter, "append", appended)
    monkeypatch.setattr(owner, method, called)
    with pytest.raises(BankCIFError):
        CALLS[name](world, WHO)
    assert before
    assert state() == before[0]


@pytest.mark.parametrize("begun", [False, True])
def test_a_store_opens_only_where_its_suite_computes_what_it_should(
    tables: ReferenceTables, monkeypatch: pytest.MonkeyPatch, begun: bool
) -> None:
    repository, store, keys = MemoryRepository(), MemoryKeyStore(), LocalKeyProvider.generate()

    def opened() -> CIF:
        return CIF(repository=repository, tenant="t", keys=keys, key_store=store, tables=tables)

    if begun:
        opened().close()

    def wrong(self: Aes256Gcm) -> None:
        raise ConfigurationError("it computes something else here", rule="suite")

    monkeypatch.setattr(Aes256Gcm, "probe", wrong)
    with pytest.raises(ConfigurationError, match="something else"):
        opened()
    assert begun or repository.identity() is None


def test_what_is_committed_is_on_the_disk_what_is_deleted_is_gone_and_keys_are_their_owner_s(tmp_path: Path) -> None:
    repository = SqlRepository.open(f"sqlite:///{tmp_path / 'cif.db'}", "t", create=True)
    with repository._engine.connect() as connection:
        said = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("synchronous", "secure_delete", "journal_mode", "foreign_keys", "trusted_schema")
        }
    repository.close()
    assert said == {"synchronous": 2, "secure_delete": 1, "journal_mode": "wal", "foreign_keys": 1, "trusted_schema": 0}
    keys = SqliteKeyStore(tmp_path / "keys.db")
    for name, value in (("synchronous", 2), ("secure_delete", 1)):
        assert keys._connection.execute(f"PRAGMA {name}").fetchone() == (value,)
    keys.close()
    assert (tmp_path / "keys.db").stat().st_mode & 0o077 == 0


def test_one_code_at_the_same_moment_is_used_by_one(tables: ReferenceTables, tmp_path: Path) -> None:
    """Threat 15: two sessions, one code, on a file that both write."""
    clock, keys = FixedClock(NOW), LocalKeyProvider.generate()

    def opened() -> CIF:
        return CIF.open(
            f"sqlite:///{tmp_path / 'cif.db'}", tenant="t", keys=keys, tables=tables, clock=clock, authentication=PLAN
        )

    first, second = opened(), opened()
    first.operators.set_password("t.zhou", SECRET, actor=KEEPER)
    made = first.operators.add_code("t.zhou", actor=KEEPER)
    first.approvals.approve(made.proposal, actor=SECOND)
    import base64
    from datetime import timedelta

    for _ in range(5):
        clock.advance(timedelta(seconds=30))
        code = code_at(base64.b32decode(made.secret), int(clock.now().timestamp()) // 30, PLAN.code)
        gate, said = threading.Barrier(2), list[str]()

        def tries(cif: CIF, gate: threading.Barrier = gate, code: str = code, said: list[str] = said) -> None:
            gate.wait()
            try:
                cif.operators.log_in("t.zhou", SECRET, code)
                said.append("recognized")
            except AuthenticationError:
                said.append("refused")

        threads = [threading.Thread(target=tries, args=(one,)) for one in (first, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(said) == ["recognized", "refused"]
        first.operators.unlock("t.zhou", actor=KEEPER)
    first.close()
    second.close()
