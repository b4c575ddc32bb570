"""
Every public method leaves an entry (M39): each one is called as somebody who may, and as somebody who may not, and the log
must tell of both. A method that is not listed here fails the test that counts them.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from tests.access.authenticator_double import Device
from tests.conftest import NOW, TRUST, insides, known
from tests.flows.test_register import form, register
from tests.flows.test_tags import LOOSE, tag

from bankcif import CIF, Actor, LocalKeyProvider, MemoryKeyStore, MemoryRepository, Purpose, _tasks, read_channel
from bankcif._clock import FixedClock
from bankcif.access import AuthPlan, PasskeyPlan, PasswordPlan
from bankcif.access.authentication import code_at
from bankcif.access.policy import Policy
from bankcif.analytics import Dimension, Measure, ModelCard, ReportSpec, Scorecard, ScoreItem
from bankcif.errors import AccessError, AuditError
from bankcif.flows.change import ChangeSet
from bankcif.flows.clean import Campaign
from bankcif.flows.export import ExportSpec, Recipient
from bankcif.flows.relate import Said
from bankcif.flows.sample import Sample
from bankcif.intake import GuardedVerifier
from bankcif.interop import CloudEventsFile
from bankcif.merging import Assurance
from bankcif.party import ConsentUse, Organization, PartyKind, ReferenceTables, RelationKind
from bankcif.storage._memory_unit import Unit
from bankcif.tagging import AudiencePlan, Catalogue, Reminder, TagKind
from bankcif.testing.verifiers import FakeVerifier
from bankcif.upkeep import LogNotifier, RequestKind, RetentionPlan, WatchEntry

ALL = frozenset(
    {
        "relationship_manager",
        "teller",
        "steward",
        "loader",
        "auditor",
        "compliance",
        "key_custodian",
        "privacy_officer",
        "tag_officer",
        "marketing",
        "analyst",
    }
)
WHO = known(Actor(id="w.all", roles=ALL, branch="b"))
SECOND = known(Actor(id="w.two", roles={*ALL}, branch="b"))
OFFICER = known(Actor(id="o.teng", roles={"policy_officer", "operator_admin"}))
THIRD = known(Actor(id="w.three", roles={*ALL}))
TAGS = Catalogue.of("1", tag("local", "home_branch = 'b'"), tag("careful"))
DUE = date(2026, 12, 1)
CARD = ModelCard(
    name="all", version="1", zh="全部", en="All", use="A test.", limits="Says it of everybody.", owner="o", until=date(2027, 1, 1), code="0", tag="leaving", least=1,
    model=Scorecard(name="all", version="1", items=[ScoreItem(code="A", when="kind = 'individual'", points=1)]),
)  # fmt: skip
ALONG = ReportSpec(name="r", dimensions=[Dimension(name="kind", of="kind")], measures=[Measure(name="customers")])
MARKETING_USE = ConsentUse(purpose="marketing")
NOBODY = Actor(id="x.nobody")
SERVICE, OPERATIONS, COMPLIANCE = Purpose.SERVICE, Purpose.OPERATIONS, Purpose.COMPLIANCE


@attrs.define
class World:
    """A file with two customers, a held row, and proposals that wait."""

    cif: CIF
    folder: Path
    channel: Any = None
    cif_no: str = ""
    other: str = ""
    batch: str = ""
    merge: str = ""
    erasure: str = ""


@pytest.fixture
def world(tables: ReferenceTables, tmp_path: Path) -> World:
    cif = CIF(
        repository=MemoryRepository(), tenant="t", keys=LocalKeyProvider.generate(), key_store=MemoryKeyStore(),
        tables=tables, trust=TRUST, clock=FixedClock(NOW), authentication=AUTH, policy=FED, name_search=["home_branch"],
    )  # fmt: skip
    found = World(cif, tmp_path)
    found.cif_no = register(cif, WHO, "1").cif_no
    found.other = register(cif, WHO, "2", identifiers=None, phone="15499999999", name="李四").cif_no
    (tmp_path / "app.toml").write_text(_CHANNEL, encoding="utf-8")
    (tmp_path / "app.csv").write_text("no,name,idno,phone\n7,王五,,15455555555\n8,???,,1\n", encoding="utf-8")
    found.channel = read_channel(tmp_path / "app.toml")
    cif.load(tmp_path / "app.csv", found.channel, actor=WHO)
    found.batch = cif.held.rows(actor=WHO, purpose=OPERATIONS)[0].batch
    found.merge = cif.matches.propose_merge(found.cif_no, found.other, actor=WHO, reason="same").id
    return found


_CHANNEL = """\
name = "app"
format = "csv"
encoding = "utf-8"
key = "no"
kind = "individual"
requires = "lead"
[columns]
no = ""
name = "name"
idno = "identifiers.cn.resident_id"
phone = "phone"
"""

AUTH = AuthPlan(
    password=PasswordPlan(iterations=1, memory_kib=8, lanes=1),
    passkey=PasskeyPlan(rp_id="bank.example", rp_name="Bank", origins=("https://bank.example",)),
)
Call = Callable[[World, Actor], object]
DAY = datetime(2026, 1, 1, tzinfo=UTC)


def _policy() -> Policy:
    return Policy.from_document({**FED.document(), "version": "other"})


def _merged(w: World) -> str:
    w.cif.approvals.approve(w.merge, actor=SECOND)
    return w.other


def _overridden(w: World) -> str:
    w.cif.customers.override(w.cif_no, {"former_name": "张旧"}, reason="r", actor=SECOND, purpose=OPERATIONS)
    return w.cif_no


def _task(w: World) -> str:
    register(w.cif, SECOND, "twin", identifiers=None)
    return w.cif.matches.tasks(actor=SECOND, purpose=OPERATIONS)[0].id


def _restricted(w: World) -> str:
    w.cif.erasures.restrict(w.cif_no, reason="asked", actor=SECOND)
    return w.cif_no


def _erased(w: World) -> str:
    proposal = w.cif.erasures.propose(_restricted(w), reason="over", actor=SECOND)
    w.cif.approvals.approve(proposal.id, actor=attrs.evolve(SECOND, id="w.three", person="w.three"))
    return proposal.id


FED = Policy.from_document({**LOOSE.document(), "feed": [
    {"id": "f", "role": "compliance", "purpose": "compliance", "fields": ["sex"], "recipient": "audit", "inside": True},
]})  # fmt: skip
SPEC = ExportSpec(fields=("sex",), recipient=Recipient(name="audit", inside=True), purpose=COMPLIANCE)


def _keeper(actor: Actor) -> Actor:
    return OFFICER if actor is WHO else actor


def _with_code(w: World) -> tuple[str, str, str]:
    w.cif.operators.add_code("t.a", actor=OFFICER)
    return "t.a", "totp", "0"


def _no_passkey(w: World, actor: Actor) -> None:
    asked = w.cif.operators.begin_passkey("t.a", actor=OFFICER)
    w.cif.operators.finish_passkey(
        asked.id, Device(origin="https://bank.example").make(asked.options), actor=_keeper(actor)
    )


def _no_step_up(w: World, actor: Actor) -> None:
    made = w.cif.operators.add_code(WHO.id, actor=OFFICER)
    w.cif.approvals.approve(made.proposal, actor=attrs.evolve(OFFICER, id="o.yun", person="o.yun"))
    code = code_at(base64.b32decode(made.secret), int(NOW.timestamp()) // 30, AUTH.code)
    w.cif.operators.step_up(code, actor=actor)


def _no_finish(w: World, actor: Actor) -> None:
    device = Device(origin="https://bank.example")
    enrol = w.cif.operators.begin_passkey(WHO.id, actor=WHO)
    w.cif.operators.finish_passkey(enrol.id, device.make(enrol.options), actor=WHO)
    asked = w.cif.operators.begin_step_up("0" * 64, actor=WHO)
    w.cif.operators.finish_step_up(asked.id, device.sign(asked.options), actor=actor)


def _granted(w: World) -> CIF:
    w.cif.consents.grant(w.cif_no, MARKETING_USE, text="1", reason="r", actor=SECOND, purpose=SERVICE)
    return w.cif


def _related(w: World) -> str:
    return w.cif.relations.add(w.cif_no, RelationKind.AGENT, w.other, reason="r", actor=SECOND, purpose=SERVICE)


def _case(w: World) -> str:
    return w.cif.reviews.open(w.cif_no, "periodic", reason="r", actor=SECOND, purpose=COMPLIANCE)


SECOND_SAYS: dict[str, Any] = {"reason": "r", "actor": SECOND, "purpose": COMPLIANCE}


def _requested(w: World, kind: RequestKind = RequestKind.COPY, *, approved: bool = False) -> str:
    case = w.cif.requests.open(w.cif_no, kind, evidence="1", **SECOND_SAYS).id
    if approved:
        w.cif.requests.approve(w.cif_no, case, **{**SECOND_SAYS, "actor": THIRD})
    return case


def _held(w: World) -> str:
    return w.cif.retention.hold(w.cif_no, "inquiry", evidence="1", **SECOND_SAYS)


def _overdue(w: World) -> CIF:
    """With a customer who is restricted and kept by no term, among so many that one is no mistake."""
    w.cif._CIF__desk = attrs.evolve(w.cif._CIF__desk, retention=RetentionPlan(most_percent=50))  # type: ignore[attr-defined]
    _restricted(w)
    return w.cif


def _run(w: World) -> str:
    return _overdue(w).retention.propose_run(**SECOND_SAYS).id


def _flagged(w: World) -> str:
    return w.cif.flags.add(w.cif_no, "fraud", source="s", evidence="1", **SECOND_SAYS).id


@attrs.frozen
class _List:
    name: str = "list"
    version: str = "1"

    def entries(self) -> list[WatchEntry]:
        return [WatchEntry(id="1", flag="pep", kind=PartyKind.INDIVIDUAL, names=("张伟国",))]


def _hit(w: World) -> str:
    w.cif.flags.screen([_List()], actor=SECOND, purpose=COMPLIANCE)
    return w.cif.flags.possible(actor=SECOND, purpose=COMPLIANCE)[0].id


MISSING, SAMPLE, CAMPAIGN = "aml_class_there", Sample(field="phone", day=NOW.date()), Campaign(name="c")


def _examined(w: World) -> CIF:
    w.cif.quality.run(actor=SECOND, purpose=OPERATIONS)
    return w.cif


def _another(actor: Actor) -> Actor:
    """Somebody who did not bring the customers in, where *actor* did."""
    return SECOND if actor is WHO else actor


def _put_right(w: World, actor: Actor) -> None:
    _examined(w)
    w.cif.changes.make(w.cif_no, attrs.evolve(CHANGE, values={"occupation": "1"}), actor=SECOND, purpose=OPERATIONS)
    w.cif.quality.close(w.cif_no, "occupation_there", actor=actor, purpose=OPERATIONS)


def _appealed(w: World) -> CIF:
    _examined(w).quality.appeal(w.cif_no, MISSING, reason="r", actor=WHO, purpose=OPERATIONS)
    return w.cif


CHANGE = ChangeSet(values={"preferred_time": "evening"}, code="customer_request", text="r")


def _scheduled(w: World) -> str:
    later = attrs.evolve(CHANGE, effective=(DAY + timedelta(days=800)).date())
    return w.cif.changes.make(w.cif_no, later, actor=SECOND, purpose=OPERATIONS).id


def _firm(w: World) -> str:
    made = Organization(name="远山投资有限公司", home_branch="b", phone="15599999999")
    done = w.cif.customers.register(made, channel="counter", source_key="firm", actor=SECOND, occasion="lead")
    return str(done.cif_no)


def _tagged(w: World, *, again: bool = False) -> CIF:
    for version in ("1", "2") if again else ("1",):
        catalogue = attrs.evolve(TAGS, version=version)
        w.cif.approvals.approve(w.cif.tags.propose(catalogue, reason="r", actor=SECOND).id, actor=THIRD)
    return w.cif


def _reminded(w: World, *, done: bool = False) -> CIF:
    watch = Reminder(name="watch", of="tag:known", zh="看", en="look", roles=("watcher",))
    everybody = tag("known", "kind = 'individual' or kind = 'organization'")
    catalogue = Catalogue.of("reminding", everybody, watch)
    w.cif.approvals.approve(w.cif.tags.propose(catalogue, reason="r", actor=SECOND).id, actor=THIRD)
    w.cif.tags.renew(actor=SECOND)
    if done:
        w.cif.reminders.done(w.cif_no, "watch", reason="r", actor=SECOND, purpose=SERVICE)
    return w.cif


def _said(w: World) -> CIF:
    _tagged(w).tags.say(w.cif_no, "careful", until=DUE, reason="r", actor=SECOND, purpose=SERVICE)
    return w.cif


def _many(w: World) -> CIF:
    """As many as a report tells of, and a day that passed since they came."""
    for n in range(12):
        register(w.cif, SECOND, f"m{n}", name=f"王{chr(0x4E00 + n)}", phone=f"154000000{n:02}", identifiers=None)
    clock = w.cif._desk.clock
    assert isinstance(clock, FixedClock)
    clock.advance(timedelta(days=1))
    return w.cif


def _scoring(w: World) -> CIF:
    """A model in force, and its tag."""
    proposal = w.cif.tags.propose(Catalogue.of("m", tag("leaving", kind=TagKind.MODEL)), reason="r", actor=WHO)
    w.cif.approvals.approve(proposal.id, actor=SECOND)
    w.cif.approvals.approve(w.cif.scoring.propose(CARD, reason="r", actor=WHO).id, actor=SECOND)
    return w.cif


def _scored(w: World) -> CIF:
    _scoring(w).scoring.run("all", actor=SECOND, purpose=SERVICE)
    return w.cif


VERIFIER = GuardedVerifier(verifier=FakeVerifier())

CALLS: dict[str, Call] = {
    "load": lambda w, a: w.cif.load(w.folder / "app.csv", w.channel, actor=a),
    "receive": lambda w, a: w.cif.receive(
        [{"no": "9", "name": "赵六", "idno": "", "phone": ""}], w.channel, key="k", actor=a
    ),
    "extract": lambda w, a: w.cif.extract(["sex", "holdings"], actor=a, purpose=Purpose.ANALYTICS),
    "Scoring.propose": lambda w, a: w.cif.scoring.propose(attrs.evolve(CARD, tag=""), reason="r", actor=a),
    "Scoring.proposed": lambda w, a: w.cif.scoring.proposed(
        w.cif.scoring.propose(attrs.evolve(CARD, tag=""), reason="r", actor=SECOND).id, actor=a
    ),
    "Scoring.models": lambda w, a: w.cif.scoring.models(actor=a),
    "Scoring.run": lambda w, a: _scoring(w).scoring.run("all", actor=a, purpose=SERVICE),
    "Scoring.recompute": lambda w, a: _scored(w).scoring.recompute(w.cif_no, "leaving", actor=a, purpose=SERVICE),
    "Reports.portfolio": lambda w, a: _many(w).reports.portfolio(actor=a),
    "Reports.make": lambda w, a: _many(w).reports.make("customers_by_life_cycle", actor=a),
    "Reports.movement": lambda w, a: _many(w).reports.movement(ALONG, since=NOW.date(), actor=a),
    "summarize": lambda w, a: w.cif.summarize(actor=a, purpose=OPERATIONS),
    "verify": lambda w, a: w.cif.verify(actor=a),
    "fault_counts": lambda w, a: w.cif.fault_counts(actor=a, purpose=OPERATIONS),
    "Customers.register": lambda w, a: register(w.cif, a, "3"),
    "Customers.draft": lambda w, a: w.cif.customers.draft({"name": "张三"}, channel="app", actor=a),
    "Customers.find": lambda w, a: w.cif.customers.find(phone="15412345678", actor=a, purpose=SERVICE),
    "Customers.get": lambda w, a: w.cif.customers.get(w.cif_no, actor=a, purpose=SERVICE),
    "Customers.search": lambda w, a: w.cif.customers.search("张伟国", branch="b", actor=a, purpose=SERVICE),
    "Customers.customer360": lambda w, a: w.cif.customers.customer360(w.cif_no, actor=a, purpose=SERVICE),
    "Customers.reveal": lambda w, a: w.cif.customers.reveal(w.cif_no, {"phone"}, actor=a, purpose=COMPLIANCE),
    "Customers.override": lambda w, a: w.cif.customers.override(
        w.cif_no, {"former_name": "张旧"}, reason="r", actor=a, purpose=OPERATIONS
    ),
    "Customers.end_override": lambda w, a: w.cif.customers.end_override(
        _overridden(w), "former_name", reason="r", actor=a, purpose=OPERATIONS
    ),
    "Customers.rebuild": lambda w, a: w.cif.customers.rebuild(actor=a),
    "Customers.candidates": lambda w, a: w.cif.customers.candidates(form(), channel="app", actor=a, purpose=OPERATIONS),
    "Customers.browse": lambda w, a: w.cif.customers.browse(actor=a, purpose=Purpose.RELATIONSHIP),
    "Customers.count": lambda w, a: w.cif.customers.count(actor=a, purpose=Purpose.RELATIONSHIP),
    "Customers.break_glass": lambda w, a: w.cif.customers.break_glass(w.cif_no, reason="r", actor=a, purpose=SERVICE),
    "Matches.tasks": lambda w, a: w.cif.matches.tasks(actor=a, purpose=OPERATIONS),
    "Matches.preview_merge": lambda w, a: w.cif.matches.preview_merge(w.cif_no, w.other, actor=a, purpose=OPERATIONS),
    "Matches.explain": lambda w, a: w.cif.matches.explain(_task(w), actor=a, purpose=OPERATIONS),
    "Matches.queue": lambda w, a: w.cif.matches.queue(actor=a, purpose=OPERATIONS),
    "Matches.take": lambda w, a: w.cif.matches.take(actor=a, purpose=OPERATIONS),
    "Matches.assign": lambda w, a: w.cif.matches.assign([_task(w)], "x", actor=a, purpose=OPERATIONS),
    "Matches.review": lambda w, a: w.cif.matches.review(_task(w), "unsure", reason="r", actor=a, purpose=OPERATIONS),
    "Matches.agreement": lambda w, a: w.cif.matches.agreement(actor=a, purpose=OPERATIONS),
    "Matches.labels": lambda w, a: w.cif.matches.labels(actor=a, purpose=OPERATIONS),
    "Matches.link_file": lambda w, a: w.cif.matches.link_file(actor=a, purpose=OPERATIONS),
    "Matches.propose_merge": lambda w, a: w.cif.matches.propose_merge(w.cif_no, w.other, actor=a, reason="r"),
    "Matches.propose_unmerge": lambda w, a: w.cif.matches.propose_unmerge(_merged(w), actor=a, reason="r"),
    "Matches.not_a_match": lambda w, a: w.cif.matches.not_a_match(w.cif_no, w.other, actor=a, reason="r"),
    "Approvals.waiting": lambda w, a: w.cif.approvals.waiting(actor=a, purpose=OPERATIONS),
    "Approvals.mine": lambda w, a: w.cif.approvals.mine(actor=a),
    "Approvals.approve": lambda w, a: w.cif.approvals.approve(w.merge, actor=SECOND if a is WHO else a),
    "Approvals.reject": lambda w, a: w.cif.approvals.reject(w.merge, actor=SECOND if a is WHO else a),
    "Verifications.record": lambda w, a: w.cif.verifications.record(
        w.cif_no, ["phone"], method="original", level=Assurance.LOW, evidence="e", actor=a, purpose=SERVICE
    ),
    "Verifications.check": lambda w, a: w.cif.verifications.check(w.cif_no, VERIFIER, actor=a, purpose=SERVICE),
    "Verifications.states": lambda w, a: w.cif.verifications.states(w.cif_no, actor=a, purpose=SERVICE),
    "Held.rows": lambda w, a: w.cif.held.rows(actor=a, purpose=OPERATIONS),
    "Held.show": lambda w, a: w.cif.held.show(w.batch, 3, actor=a, purpose=OPERATIONS),
    "Held.release": lambda w, a: w.cif.held.release(
        w.batch, 3, w.channel, actor=a, purpose=OPERATIONS, corrections={"name": "王五", "phone": "15455555556"}
    ),
    "Held.refuse": lambda w, a: w.cif.held.refuse(w.batch, 3, reason="r", actor=a, purpose=OPERATIONS),
    "Held.expire": lambda w, a: w.cif.held.expire(actor=a, purpose=OPERATIONS),
    "Erasures.restrict": lambda w, a: w.cif.erasures.restrict(w.cif_no, reason="r", actor=a),
    "Erasures.lift": lambda w, a: w.cif.erasures.lift(_restricted(w), reason="r", actor=a),
    "Erasures.propose": lambda w, a: w.cif.erasures.propose(_restricted(w), reason="r", actor=a),
    "Erasures.certificate": lambda w, a: w.cif.erasures.certificate(_erased(w), actor=a),
    "Keys.propose_rotation": lambda w, a: w.cif.keys.propose_rotation("data", reason="r", actor=a),
    "Keys.rotate": lambda w, a: w.cif.keys.rotate(actor=a),
    "Keys.rotations": lambda w, a: w.cif.keys.rotations(actor=a),
    "Keys.check": lambda w, a: w.cif.keys.check(actor=a),
    "Keys.rebuild_index": lambda w, a: w.cif.keys.rebuild_index(actor=a),
    "Approvals.withdraw": lambda w, a: w.cif.approvals.withdraw(w.merge, actor=a),
    "Approvals.expire": lambda w, a: w.cif.approvals.expire(actor=a),
    "Operators.set_password": lambda w, a: w.cif.operators.set_password("t.a", "a long password", actor=_keeper(a)),
    "Operators.add_code": lambda w, a: w.cif.operators.add_code("t.a", actor=_keeper(a)),
    "Operators.begin_passkey": lambda w, a: w.cif.operators.begin_passkey("t.a", actor=_keeper(a)),
    "Operators.finish_passkey": _no_passkey,
    "Operators.factors": lambda w, a: w.cif.operators.factors("t.a", actor=_keeper(a)),
    "Operators.remove": lambda w, a: w.cif.operators.remove(*_with_code(w), actor=_keeper(a)),
    "Operators.unlock": lambda w, a: w.cif.operators.unlock("t.a", actor=_keeper(a)),
    "Operators.step_up": _no_step_up,
    "Operators.begin_step_up": lambda w, a: w.cif.operators.begin_step_up("0" * 64, actor=a),
    "Operators.finish_step_up": _no_finish,
    "Exports.propose": lambda w, a: w.cif.exports.propose(SPEC, reason="r", actor=a),
    "Exports.take": lambda w, a: w.cif.exports.take(SPEC, actor=a),
    "Feeds.take": lambda w, a: w.cif.feeds.take("f", actor=a),
    "Feeds.acknowledge": lambda w, a: w.cif.feeds.acknowledge(w.cif.feeds.take("f", actor=WHO), actor=a),
    "Feeds.deliver": lambda w, a: w.cif.feeds.deliver(
        "f", CloudEventsFile(w.folder / "f", feed="f", tenant="t"), actor=a
    ),
    "Feeds.begin": lambda w, a: w.cif.feeds.begin("f", actor=a),
    "Feeds.states": lambda w, a: w.cif.feeds.states(actor=a),
    "Feeds.cut": lambda w, a: w.cif.feeds.cut(actor=a),
    "Access.review": lambda w, a: w.cif.access.review([WHO], DAY, DAY + timedelta(days=900), actor=a),
    "Access.could_see": lambda w, a: w.cif.access.could_see(w.cif_no, [WHO], actor=a),
    "Policies.propose": lambda w, a: w.cif.policies.propose(_policy(), reason="r", actor=OFFICER if a is WHO else a),
    "Customers.step": lambda w, a: w.cif.customers.step(
        w.cif_no, "freeze", reason="r", evidence="1", actor=a, purpose=COMPLIANCE
    ),
    "Reviews.open": lambda w, a: w.cif.reviews.open(w.cif_no, "periodic", reason="r", actor=a, purpose=COMPLIANCE),
    "Reviews.tick": lambda w, a: w.cif.reviews.tick(
        w.cif_no, _case(w), ["identity"], reason="r", actor=a, purpose=COMPLIANCE
    ),
    "Reviews.close": lambda w, a: w.cif.reviews.close(
        w.cif_no, _case(w), "failed", limits=["x"], reason="r", actor=a, purpose=COMPLIANCE
    ),
    "Reviews.of": lambda w, a: w.cif.reviews.of(w.cif_no, actor=a, purpose=COMPLIANCE),
    "Requests.open": lambda w, a: w.cif.requests.open(
        w.cif_no, RequestKind.COPY, evidence="1", reason="r", actor=a, purpose=COMPLIANCE
    ),
    "Requests.approve": lambda w, a: w.cif.requests.approve(
        w.cif_no, _requested(w), reason="r", actor=a, purpose=COMPLIANCE
    ),
    "Requests.refuse": lambda w, a: w.cif.requests.refuse(
        w.cif_no, _requested(w), "repeated", reason="r", actor=a, purpose=COMPLIANCE
    ),
    "Requests.withdraw": lambda w, a: w.cif.requests.withdraw(
        w.cif_no, _requested(w), reason="r", actor=a, purpose=COMPLIANCE
    ),
    "Requests.carry_out": lambda w, a: w.cif.requests.carry_out(
        w.cif_no, _requested(w, RequestKind.RESTRICT, approved=True), reason="r", actor=a, purpose=COMPLIANCE
    ),
    "Requests.copy": lambda w, a: w.cif.requests.copy(
        w.cif_no, _requested(w, approved=True), reason="r", actor=a, purpose=COMPLIANCE
    ),
    "Requests.of": lambda w, a: w.cif.requests.of(w.cif_no, actor=a, purpose=COMPLIANCE),
    "Requests.waiting": lambda w, a: w.cif.requests.waiting(actor=a, purpose=COMPLIANCE),
    "Retention.of": lambda w, a: w.cif.retention.of(w.cif_no, actor=a, purpose=COMPLIANCE),
    "Retention.hold": lambda w, a: w.cif.retention.hold(
        w.cif_no, "inquiry", evidence="1", reason="r", actor=a, purpose=COMPLIANCE
    ),
    "Retention.release": lambda w, a: w.cif.retention.release(
        w.cif_no, _held(w), reason="r", actor=a, purpose=COMPLIANCE
    ),
    "Retention.preview": lambda w, a: w.cif.retention.preview(actor=a, purpose=COMPLIANCE),
    "Retention.restrict_ended": lambda w, a: w.cif.retention.restrict_ended(reason="r", actor=a, purpose=COMPLIANCE),
    "Retention.propose_run": lambda w, a: _overdue(w).retention.propose_run(reason="r", actor=a, purpose=COMPLIANCE),
    "Retention.approve_run": lambda w, a: w.cif.retention.approve_run(_run(w), actor=a, purpose=COMPLIANCE),
    "Retention.certificate": lambda w, a: w.cif.retention.certificate(_run(w), actor=a, purpose=COMPLIANCE),
    "Flags.screen": lambda w, a: w.cif.flags.screen([], actor=a, purpose=COMPLIANCE),
    "Flags.possible": lambda w, a: w.cif.flags.possible(actor=a, purpose=COMPLIANCE),
    "Flags.decide": lambda w, a: w.cif.flags.decide(
        w.cif_no, _hit(w), confirm=False, reason="r", actor=a, purpose=COMPLIANCE
    ),
    "Flags.add": lambda w, a: w.cif.flags.add(
        w.cif_no, "fraud", source="s", evidence="1", reason="r", actor=a, purpose=COMPLIANCE
    ),
    "Flags.end": lambda w, a: w.cif.flags.end(w.cif_no, _flagged(w), reason="r", actor=a, purpose=COMPLIANCE),
    "Flags.of": lambda w, a: w.cif.flags.of(w.cif_no, actor=a, purpose=COMPLIANCE),
    "Quality.run": lambda w, a: w.cif.quality.run(actor=a, purpose=OPERATIONS),
    "Quality.figures": lambda w, a: _examined(w).quality.figures(actor=a, purpose=OPERATIONS),
    "Quality.findings": lambda w, a: _examined(w).quality.findings(actor=a, purpose=OPERATIONS),
    "Quality.assign": lambda w, a: _examined(w).quality.assign(w.cif_no, MISSING, "t", actor=a, purpose=OPERATIONS),
    "Quality.accept": lambda w, a: _examined(w).quality.accept(
        w.cif_no, MISSING, DUE, reason="r", actor=a, purpose=OPERATIONS
    ),
    "Quality.dismiss": lambda w, a: _examined(w).quality.dismiss(
        w.other, MISSING, reason="r", actor=_another(a), purpose=OPERATIONS
    ),
    "Quality.close": _put_right,
    "Quality.report": lambda w, a: w.cif.quality.report(w.cif_no, "phone", reason="r", actor=a, purpose=OPERATIONS),
    "Quality.appeal": lambda w, a: _examined(w).quality.appeal(
        w.cif_no, MISSING, reason="r", actor=a, purpose=OPERATIONS
    ),
    "Quality.decide_appeal": lambda w, a: _appealed(w).quality.decide_appeal(
        w.cif_no, MISSING, grant=True, reason="r", actor=attrs.evolve(_another(a), branch=None), purpose=OPERATIONS
    ),
    "Quality.scorecard": lambda w, a: _examined(w).quality.scorecard("branch", actor=a, purpose=OPERATIONS),
    "Quality.ageing": lambda w, a: _examined(w).quality.ageing(actor=a, purpose=OPERATIONS),
    "Quality.page": lambda w, a: _examined(w).quality.page(language="en", actor=a, purpose=OPERATIONS),
    "Quality.workbook": lambda w, a: _examined(w).quality.workbook(language="zh", actor=a, purpose=OPERATIONS),
    "Quality.draw": lambda w, a: w.cif.quality.draw(SAMPLE, actor=a, purpose=OPERATIONS),
    "Quality.verified_accuracy": lambda w, a: w.cif.quality.verified_accuracy(SAMPLE, actor=a, purpose=OPERATIONS),
    "Quality.suggestions": lambda w, a: _examined(w).quality.suggestions(CAMPAIGN, actor=a, purpose=OPERATIONS),
    "Quality.clean": lambda w, a: _examined(w).quality.clean(CAMPAIGN, actor=a, purpose=OPERATIONS),
    "Quality.clean_one": lambda w, a: _examined(w).quality.clean_one(
        CAMPAIGN, w.cif_no, "pinyin_of_name", actor=a, purpose=OPERATIONS
    ),
    "Changes.make": lambda w, a: w.cif.changes.make(w.cif_no, CHANGE, actor=a, purpose=OPERATIONS),
    "Changes.cancel": lambda w, a: w.cif.changes.cancel(
        w.cif_no, _scheduled(w), reason="r", actor=a, purpose=OPERATIONS
    ),
    "Changes.of": lambda w, a: w.cif.changes.of(w.cif_no, actor=a, purpose=SERVICE),
    "Customers.as_of": lambda w, a: w.cif.customers.as_of(w.cif_no, actor=a, purpose=SERVICE),
    "Reminders.waiting": lambda w, a: _reminded(w).reminders.waiting(actor=a, purpose=SERVICE),
    "Reminders.done": lambda w, a: _reminded(w).reminders.done(w.cif_no, "watch", reason="r", actor=a, purpose=SERVICE),
    "Reminders.snooze": lambda w, a: _reminded(w).reminders.snooze(
        w.cif_no, "watch", (NOW + timedelta(days=5)).date(), reason="r", actor=a, purpose=SERVICE
    ),
    "Reminders.reopen": lambda w, a: _reminded(w, done=True).reminders.reopen(
        w.cif_no, "watch", reason="r", actor=a, purpose=SERVICE
    ),
    "Reminders.deliver": lambda w, a: _reminded(w).reminders.deliver(LogNotifier(), actor=a, purpose=OPERATIONS),
    "Reminders.contacted": lambda w, a: w.cif.reminders.contacted(w.cif_no, reached=False, actor=a, purpose=OPERATIONS),
    "Consents.grant": lambda w, a: w.cif.consents.grant(
        w.cif_no, MARKETING_USE, text="1", reason="r", actor=a, purpose=SERVICE
    ),
    "Consents.deny": lambda w, a: w.cif.consents.deny(w.cif_no, MARKETING_USE, reason="r", actor=a, purpose=SERVICE),
    "Consents.withdraw": lambda w, a: _granted(w).consents.withdraw(
        w.cif_no, MARKETING_USE, reason="r", actor=a, purpose=SERVICE
    ),
    "Consents.allows": lambda w, a: w.cif.consents.allows(w.cif_no, MARKETING_USE, actor=a, purpose=SERVICE),
    "Relations.add": lambda w, a: w.cif.relations.add(
        w.cif_no, RelationKind.AGENT, w.other, reason="r", actor=a, purpose=SERVICE
    ),
    "Relations.end": lambda w, a: w.cif.relations.end(w.cif_no, _related(w), reason="r", actor=a, purpose=SERVICE),
    "Relations.correct": lambda w, a: w.cif.relations.correct(
        w.cif_no, _related(w), Said(evidence="1"), reason="r", actor=a, purpose=SERVICE
    ),
    "Relations.retract": lambda w, a: w.cif.relations.retract(
        w.cif_no, _related(w), reason="r", actor=a, purpose=SERVICE
    ),
    "Relations.of": lambda w, a: w.cif.relations.of(w.cif_no, actor=a, purpose=SERVICE),
    "Relations.owners": lambda w, a: w.cif.relations.owners(_firm(w), actor=a, purpose=SERVICE),
    "Relations.household": lambda w, a: w.cif.relations.household(w.cif_no, actor=a, purpose=SERVICE),
    "Relations.group": lambda w, a: w.cif.relations.group(w.cif_no, actor=a, purpose=SERVICE),
    "Relations.exposure": lambda w, a: w.cif.relations.exposure(w.cif_no, ["loan"], actor=a, purpose=SERVICE),
    "Relations.picture": lambda w, a: w.cif.relations.picture(w.cif_no, actor=a, purpose=SERVICE),
    "Tags.preview": lambda w, a: w.cif.tags.preview(TAGS, actor=a),
    "Tags.propose": lambda w, a: w.cif.tags.propose(TAGS, reason="r", actor=a),
    "Tags.proposed": lambda w, a: w.cif.tags.proposed(w.cif.tags.propose(TAGS, reason="r", actor=SECOND).id, actor=a),
    "Tags.roll_back": lambda w, a: _tagged(w, again=True).tags.roll_back(reason="r", actor=a),
    "Tags.published": lambda w, a: w.cif.tags.published(actor=a),
    "Tags.renew": lambda w, a: _tagged(w).tags.renew(actor=a),
    "Tags.say": lambda w, a: _tagged(w).tags.say(w.cif_no, "careful", until=DUE, reason="r", actor=a, purpose=SERVICE),
    "Tags.veto": lambda w, a: _tagged(w).tags.veto(w.cif_no, "local", until=DUE, reason="r", actor=a, purpose=SERVICE),
    "Tags.take_back": lambda w, a: _said(w).tags.take_back(w.cif_no, "careful", reason="r", actor=a, purpose=SERVICE),
    "Tags.audience": lambda w, a: _tagged(w).tags.audience(
        AudiencePlan(campaign="c", segment="tag:local"), actor=a, purpose=Purpose.MARKETING
    ),
    "Tags.count": lambda w, a: _tagged(w).tags.count(["tag:local"], actor=a, purpose=Purpose.MARKETING),
    "Tags.movement": lambda w, a: _tagged(w).tags.movement("tag:local", DAY, DAY, actor=a, purpose=Purpose.MARKETING),
    "Tags.overlap": lambda w, a: _tagged(w).tags.overlap(
        "tag:local", "tag:careful", actor=a, purpose=Purpose.MARKETING
    ),
    "Tags.portrait": lambda w, a: _tagged(w).tags.portrait(w.cif_no, actor=a, purpose=SERVICE),
    "Tags.why": lambda w, a: _tagged(w).tags.why(w.cif_no, "tag:local", actor=a, purpose=SERVICE),
    "Audit.verify": lambda w, a: w.cif.audit.verify(actor=a),
    "Audit.who": lambda w, a: w.cif.audit.who(w.cif_no, actor=a),
    "Audit.shared": lambda w, a: w.cif.audit.shared(w.cif_no, actor=a),
    "Audit.deeds": lambda w, a: w.cif.audit.deeds("t", actor=a),
    "Audit.incident": lambda w, a: w.cif.audit.incident(DAY, DAY + timedelta(days=900), actor=a),
    "Audit.checkpoint": lambda w, a: w.cif.audit.checkpoint(actor=a),
    "Audit.forward": lambda w, a: w.cif.audit.forward(actor=a),
    "Audit.prove": lambda w, a: (w.cif.audit.checkpoint(actor=WHO), w.cif.audit.prove("s0", 1, actor=a)),
}
WITHOUT_CUSTOMERS = {
    "open": "opens the file; an empty one's founding is an entry",
    "close": "lets go of it",
    "Policies.in_force": "the process's own configuration",
    "Reports.book": "what ships with the library",
    "Reports.page": "another form of figures that were told",
    "Reports.workbook": "another form of figures that were told",
    "Reports.csv": "another form of figures that were told",
    "Reports.pictures": "another form of figures that were told",
    "Reports.sections": "another form of figures that were told",
    "Requests.readable": "another form of a copy that was made",
    "Quality.rules": "the process's own configuration",
    "Tags.in_force": "the process's own configuration",
    "Audit.key": "the log's public key",
    "Operators.is_enrolled": "leaves an entry under the name that is asked about: tests/flows/test_authenticate.py",
    "Operators.begin_log_in": "asks whoever is there; who they are is told with the answer",
    "Operators.log_in": "recognizes whoever it is, under their own name: tests/flows/test_authenticate.py",
    "Operators.finish_log_in": "as log_in",
    "Operators.change_password": "as log_in",
}
"""What needs no entry, and why."""


def public() -> set[str]:
    """Every public method of the file and of its groups of tasks."""
    groups = [getattr(_tasks, name) for name in _tasks.__all__]
    found = {name for name in vars(CIF) if not name.startswith("_")}
    return found | {f"{group.__name__}.{name}" for group in groups for name in vars(group) if not name.startswith("_")}


def test_every_public_method_is_called_below() -> None:
    assert public() == CALLS.keys() | WITHOUT_CUSTOMERS.keys()


def entries(cif: CIF, actors: set[str]) -> list[dict[str, Any]]:
    import json

    with cif._repository.unit_of_work() as unit:
        found = [json.loads(row.body) for row in unit.trail.between(0, 2**63 - 1)]
    return [one for one in found if one["actor"] in actors]


@pytest.mark.parametrize("name", sorted(CALLS))
def test_it_leaves_an_entry(world: World, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted around the method itself, since what sets the scene leaves entries too."""
    group, _, method = name.rpartition(".")
    owner: Any = getattr(_tasks, group) if group else CIF
    right, left = getattr(owner, method), list[int]()

    def counted(self: Any, *args: Any, **more: Any) -> Any:
        before = len(entries(world.cif, {WHO.id, OFFICER.id, SECOND.id}))
        done = right(self, *args, **more)
        left.append(len(entries(world.cif, {WHO.id, OFFICER.id, SECOND.id})) - before)
        return done

    monkeypatch.setattr(owner, method, counted)
    CALLS[name](world, WHO)
    assert left
    assert left[-1] > 0


@pytest.mark.parametrize("name", sorted(CALLS))
def test_it_leaves_an_entry_when_it_is_refused(world: World, name: str) -> None:
    with pytest.raises(AccessError):
        CALLS[name](world, NOBODY)
    refused = entries(world.cif, {NOBODY.id})
    assert refused
    assert {one["outcome"] for one in refused} == {"refused"}


@pytest.mark.parametrize("what", ["append", "commit"])
@pytest.mark.parametrize("name", sorted(CALLS))
def test_it_gives_and_changes_nothing_if_its_entry_can_not_be_kept(
    world: World, name: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed append fails the operation, and what is read leaves only behind the commit of its entry."""
    group, _, method = name.rpartition(".")
    owner: Any = getattr(_tasks, group) if group else CIF
    right, given = getattr(owner, method), list[object]()
    failed: list[tuple[object, object]] = []

    def fails(*_: object) -> None:
        raise AuditError("the disk is full", rule="full")

    def without_a_log(self: Any, *args: Any, **more: Any) -> Any:
        before = stored(world.cif)
        with monkeypatch.context() as broken:
            if what == "append":
                broken.setattr(world.cif._desk.log, "append", fails)
            else:
                broken.setattr(Unit, "commit", fails)
            try:
                given.append(right(self, *args, **more))
            finally:
                failed.append((before, stored(world.cif)))

    monkeypatch.setattr(owner, method, without_a_log)
    with pytest.raises(AuditError):
        CALLS[name](world, WHO)
    assert given == []
    assert failed
    assert all(before == after for before, after in failed)


def stored(cif: CIF) -> dict[str, dict[Any, Any]]:
    """Every row of every table, but for who holds which stream of the log, and what passkeys are asked, which is used up by any answer."""
    tables = vars(insides(cif))
    return {
        name: dict(table.rows)
        for name, table in tables.items()
        if hasattr(table, "rows") and name not in ("heads", "challenges")
    }
