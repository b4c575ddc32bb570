"""
Two years in the life of a file of customers, from a seed: papers expire and are renewed, people move, say so late or ahead, are merged and
parted, withdraw consent, are handed over to other staff and branches; and now and then the process dies. At the end the laws hold.

Five hundred customers at every change, two thousand with ``nox -s endurance``.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from random import Random
from typing import Any

import attrs
import pytest
from tests.conftest import ALL_ROLES, NOW, TRUST, known
from tests.flows.test_erase import EVERY_CONCERN
from tests.flows.test_tags import LOOSE, tag
from tests.security.mortal import Fate, InMemory, Killed, Mortal, MortalRepository

from bankcif import CIF, Actor, Individual, LocalKeyProvider, Policy, Purpose, party_from
from bankcif._clock import FixedClock
from bankcif.approval import Approval
from bankcif.errors import InputError
from bankcif.flows.change import ChangeSet
from bankcif.flows.examine import UnitFigures
from bankcif.party import CifNo, ConsentAnswer, ConsentUse, ReferenceTables
from bankcif.quality import Score
from bankcif.tagging import Catalogue, Reminder
from bankcif.upkeep import Notice

WEEKS, CRASH = 104, 0.08
BRANCHES = tuple(f"b{n}" for n in range(8))
STAFF = tuple(f"m.{n}" for n in range(20))
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许"
MARKETING = ConsentUse(purpose="marketing")
CATALOGUE = Catalogue.of(
    "1",
    tag("expired", "exists(identifiers where long_term = false and valid_until < today)"),
    tag("expiring", "exists(identifiers where long_term = false and valid_until >= today and valid_until < today + 30 days)"),
    tag("elder", "age >= 60"),
    tag("of_b1", "home_branch = 'b1'"),
    Reminder(name="renewal", of="tag:expired", zh="换证", en="Renew it", roles=("relationship_manager",), due_days=10),
    Reminder(name="ahead", of="tag:expiring", zh="将到期", en="Renew it soon", roles=("relationship_manager",)),
)  # fmt: skip


def policy() -> Policy:
    document = LOOSE.document()
    actions = [
        "change",
        "examine",
        "findings",
        "report",
        "verify",
        "link",
        "approve",
        "portray",
        "consent",
        "work",
        "audit",
        "view",
    ]
    everything = {"id": "everything", "roles": ["keeper"], "purposes": ["operations", "service"], "fields": ["*", "tag:*"], "clear": ["occupation"], "actions": actions}  # fmt: skip
    return Policy.from_document({**document, "grant": [*document["grant"], everything], "version": "two years"})


@attrs.define
class Person:
    """What the simulation itself knows of a customer, to compare with what the file says."""

    form: dict[str, Any]
    cif_no: str
    papers: date
    unit: dict[str, str]
    said: list[tuple[datetime, datetime, str]] = attrs.field(
        factory=list
    )  # occupations: from when on, known since when, which
    consent: ConsentAnswer = ConsentAnswer.MISSING

    def occupation(self, valid: date, known_at: datetime, zone: Any) -> str:
        """Of what was known by then, what holds since the latest instant up to the end of that day; of one instant, what was said last."""
        end = datetime.combine(valid + timedelta(days=1), time(), zone)
        said = [one for one in self.said if one[0] < end and one[1] <= known_at]
        return max(said, key=lambda one: one[:2])[2] if said else str(self.form["occupation"])


class Post:
    """A notifier that keeps what it was given."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []

    def notify(self, notice: Notice) -> None:
        self.notices.append(notice)


class Seeded:
    """Chance that is the same in every run."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def draw(self, count: int) -> bytes:
        return self._random.randbytes(count)


class World:
    """The bank: a store that outlives processes, a clock, and customers."""

    def __init__(self, tables: ReferenceTables, seed: int, customers: int) -> None:
        self.customers = customers
        self.random, self.ids, self.clock, self.post = Random(seed), Seeded(seed), FixedClock(NOW), Post()
        self.tables, self.keys, self.store = tables, LocalKeyProvider.generate(), InMemory()
        self.cif = self.process(0)
        self.people: list[Person] = []
        self.counts: Counter[str] = Counter()
        self.apart: set[str] = set()  # who was ever merged: of them the simulation itself knows nothing
        self.cards: list[tuple[str, date, date, Sequence[Score], Sequence[UnitFigures]]] = []
        self.seen: list[tuple[str, datetime, frozenset[str], Mapping[str, Any], set[str]]] = []
        self.resent = 0

    def process(self, at: int) -> CIF:
        """A process that begins, and dies at its call number *at* out of it; never if that is 0."""
        repository, key_store = self.store.connected()
        fate = Fate(0)
        begun = CIF(
            repository=MortalRepository(repository, fate), key_store=Mortal(key_store, fate), keys=self.keys, tenant="t", tables=self.tables,
            trust=TRUST, clock=self.clock, ids=self.ids, policy=policy(),
        )  # fmt: skip
        fate.left = at
        return begun

    def publish(self) -> None:
        proposal = self.cif.tags.propose(CATALOGUE, reason="new rules", **self.ask)
        self.cif.approvals.approve(proposal.id, actor=self.who("s.two"))

    def who(self, name: str = "s.wu") -> Actor:
        return known(
            Actor(id=name, roles={*ALL_ROLES, "keeper", "tag_officer", "key_custodian"}, branch="b0"), self.clock.now()
        )

    @property
    def ask(self) -> dict[str, Any]:
        return {"actor": self.who(), "purpose": Purpose.OPERATIONS}

    @property
    def say(self) -> dict[str, Any]:
        return {"actor": self.who(), "reason": "seen"}

    @property
    def today(self) -> date:
        return self.cif._desk.today()

    def alone(self) -> list[Person]:
        return [one for one in self.people if one.cif_no not in self.apart]

    def retired(self) -> dict[str, str]:
        """Who was merged, with who stayed."""
        with self.cif._desk.unit_of_work() as unit:
            rows = unit.parties.get([CifNo(one) for one in self.apart]).values()
            return {row.cif_no: row.merged_into for row in rows if row.merged_into}

    def persons(self, cif_no: str) -> frozenset[str]:
        """The numbers that lead to the customer to whom this one leads, theirs with them."""
        retired = self.retired()
        to = retired.get(cif_no, cif_no)
        return frozenset({to, *(number for number, other in retired.items() if other == to)})

    def open(self, n: int) -> None:
        """A new customer. One in ten is another number of the one before, which only a person can say."""
        random, alike = self.random, n - 1 if n % 10 == 9 else n
        papers = self.today + timedelta(days=random.randrange(-20, 900))
        born = date(1940 + random.randrange(60), 1 + random.randrange(12), 1 + random.randrange(28))
        form = {
            "name": f"{SURNAMES[alike % 20]}{chr(0x4E00 + alike)}{chr(0x5200 + n % 50)}", "phone": f"154{20_000_000 + alike}",
            "birth_date": born.isoformat(), "home_branch": random.choice(BRANCHES), "manager": random.choice(STAFF), "occupation": "1",
            "identifiers": [passport(n, papers)], "address": "上海市浦东新区一路1号" if n % 3 else None,
        }  # fmt: skip
        unit = {name: form[name] for name in ("manager", "home_branch")}
        done = self.deliver(f"k{n}", form)
        self.people.append(Person(form=form, cif_no=str(done.cif_no), papers=papers, unit=unit))

    # What happens, each as a function that may be done again behind a crash.

    def change(self, one: Person, effective: date | None = None, **values: Any) -> None:
        made = ChangeSet(values=values, code="correction", text="as they say", effective=effective)
        try:
            waits = self.cif.changes.make(one.cif_no, made, **self.ask)
        except InputError as error:
            if error.rule != "unchanged":
                raise
            return  # a process that died had done it, or they moved to where they were
        if waits.approval:
            self.cif.approvals.approve(waits.approval, actor=self.who("s.two"))

    def renewal(self, one: Person) -> None:
        until = self.today + timedelta(days=self.random.randrange(200, 3_000))
        number = 5_000_000 + self.random.randrange(90_000_000)
        self.surely(partial(self.change, one, identifiers=[passport(number, until)]))
        one.papers = until

    def occupation(self, one: Person) -> None:
        days = self.random.choice([None, None, -200, -30, -3, 0, 2, 40])
        effective = None if days is None else max(self.today + timedelta(days=days), NOW.date())
        before = one.occupation(effective or self.today, self.clock.now(), self.cif._desk.zone)
        code = self.random.choice("13456".replace(before, ""))
        self.surely(partial(self.change, one, effective, occupation=code))
        now = self.clock.now()
        since = now if effective is None else datetime.combine(effective, time(), self.cif._desk.zone)
        one.said.append((since, now, code))

    def move(self, one: Person) -> None:
        street = self.random.randrange(1, 200)
        one.unit["home_branch"] = self.random.choice(BRANCHES)
        values = {"address": f"浙江省杭州市西湖区文三路{street}号", "home_branch": one.unit["home_branch"]}
        self.surely(partial(self.change, one, **values))

    def late(self, one: Person) -> None:
        """The channel delivers what it knew a while ago."""
        form = {**one.form, "address": f"北京市海淀区中关村大街{self.random.randrange(1, 90)}号"}
        then = max(self.clock.now() - timedelta(days=self.random.randrange(200)), NOW)
        key = f"k{self.people.index(one)}"
        self.surely(lambda: self.deliver(key, form, then))

    def deliver(self, key: str, form: dict[str, Any], then: datetime | None = None) -> Any:
        made = party_from({name: value for name, value in form.items() if value is not None}, Individual)
        return self.cif.customers.register(
            made, channel="counter", source_key=key, actor=self.who(), occasion="lead", business_time=then
        )

    def consent(self, one: Person) -> None:
        say: dict[str, Any] = {**self.ask, "reason": "said so"}
        if one.consent is ConsentAnswer.GRANTED:
            self.surely(lambda: self.cif.consents.withdraw(one.cif_no, MARKETING, **say))
            one.consent = ConsentAnswer.REFUSED
        else:
            self.surely(lambda: self.cif.consents.grant(one.cif_no, MARKETING, text="2026", **say))
            one.consent = ConsentAnswer.GRANTED

    def merge(self, one: Person) -> None:
        n = self.people.index(one) // 10 * 10 + 9
        first, second = self.people[n - 1].cif_no, self.people[n].cif_no
        self.apart |= {first, second}
        if not self.retired().keys() & {first, second}:
            self.decided(lambda: self.cif.matches.propose_merge(first, second, accept=EVERY_CONCERN, **self.say))

    def unmerge(self, one: Person) -> None:
        if retired := sorted(self.retired()):
            second = self.random.choice(retired)
            self.decided(lambda: self.cif.matches.propose_unmerge(second, **self.say))

    def decided(self, propose: Callable[[], Approval]) -> None:
        """Proposes and approves; whoever looks behind a process that died finds what still waits."""
        if not self.perhaps(lambda: self.cif.approvals.approve(propose().id, actor=self.who("s.two"))):
            for one in self.cif.approvals.waiting(**self.ask):
                if one.operation in ("merge", "unmerge"):
                    self.cif.approvals.approve(one.id, actor=self.who("s.two"))

    def handover(self, field: str, units: Sequence[str]) -> None:
        """All customers of a manager, or of a branch, are somebody else's from now on."""
        old, new = self.random.sample(units, 2)
        for one in self.alone():
            if one.unit[field] == old:
                self.surely(partial(self.change, one, **{field: new}))
                one.unit[field] = new
                self.counts[f"handed over by {field}"] += 1

    # Processes that die

    def perhaps(self, work: Callable[[], object]) -> bool:
        """Does *work*, in a process that may die on the way; tells whether it lived."""
        if self.random.random() >= CRASH:
            work()
            return True
        self.cif, lived = self.process(self.random.randrange(1, 60)), True
        try:
            work()
        except Killed:
            lived = False
            self.counts["crash"] += 1
        self.cif = self.process(0)
        return lived

    def surely(self, work: Callable[[], object]) -> None:
        """Does *work*, and does it again if the process died on the way."""
        if not self.perhaps(work):
            work()

    # Weeks and months

    def week(self) -> None:
        self.clock.advance(timedelta(days=7))
        happenings = [
            self.renewal,
            self.occupation,
            self.occupation,
            self.move,
            self.late,
            self.consent,
            self.merge,
            self.merge,
            self.unmerge,
        ]
        for _ in range(self.customers // 80):
            self.clock.advance(timedelta(minutes=self.random.randrange(1, 90)))
            happening, one = self.random.choice(happenings), self.random.choice(self.people)
            if happening in (self.merge, self.unmerge) or one.cif_no not in self.apart:
                happening(one)
                self.counts[happening.__name__] += 1
        self.surely(lambda: self.cif.tags.renew(**self.ask))
        before = self.counts["crash"]
        self.surely(lambda: self.cif.reminders.deliver(self.post, **self.ask))
        self.resent += self.counts["crash"] - before
        assert self.cif.reminders.deliver(self.post, **self.ask).sent == 0

    def quarter(self, since: date) -> None:
        self.cif.approvals.expire(**self.ask)
        self.surely(lambda: self.cif.customers.rebuild(**self.ask))
        self.surely(lambda: self.cif.tags.renew(**self.ask))
        self.surely(lambda: self.cif.quality.run(**self.ask))
        for scope in ("branch", "manager"):
            self.cards.append((scope, since, self.today, *self.scores(scope, since, self.today)))
        for one in self.random.sample(self.people, 12):
            at = self.clock.now()
            self.seen.append((one.cif_no, at, self.persons(one.cif_no), *self.shown(one.cif_no, at)))
        self.clock.advance(timedelta(seconds=1))

    def scores(self, scope: str, first: date, last: date) -> tuple[Sequence[Score], Sequence[UnitFigures]]:
        return (
            self.cif.quality.scorecard(scope, first, last, **self.ask),
            self.cif.quality.figures(scope, since=last, until=last, **self.ask),
        )

    def examined(self) -> tuple[Any, ...]:
        """What the quality rules found, whole."""
        with self.cif._desk.unit_of_work() as unit:
            sheets = [(row.cif_no, row.detail, row.book) for row in unit.sheets.page("", self.customers)]
            findings = [
                (row.cif_no, row.rule, row.number, row.state) for row in unit.findings.page(("", "", 0), 99_999)
            ]
        return sheets, findings, self.cif.quality.figures(**self.ask), self.cif.quality.figures("staff", **self.ask)

    def shown(self, cif_no: str, at: datetime) -> tuple[Mapping[str, Any], set[str]]:
        day = at.astimezone(self.cif._desk.zone).date()
        view = self.cif.customers.as_of(cif_no, valid=day, known=at, **self.ask)
        portrait = self.cif.tags.portrait(cif_no, at=at, **self.ask)
        return view.values, {one.name for one in portrait.tags}


def passport(number: int, until: date) -> dict[str, str]:
    return {"scheme": "passport", "number": f"E{number:08}", "valid_until": until.isoformat()}


def lived(tables: ReferenceTables, seed: int, customers: int) -> World:
    """The two years."""
    world = World(tables, seed, customers)
    world.publish()
    for n in range(customers):
        world.open(n)
    since = world.today
    world.quarter(since)
    for week in range(1, WEEKS + 1):
        world.week()
        if week in (20, 71):
            world.handover("manager", STAFF)
        if week in (45, 90):
            world.handover("home_branch", BRANCHES)
        if week % 13 == 0:
            world.quarter(since)
            since = world.today
    return world


def test_two_years_end_as_the_laws_say(
    tables: ReferenceTables, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    endures = request.config.getoption("--hypothesis-profile") == "endurance"
    world = lived(tables, seed=20261124, customers=2_000 if endures else 500)
    with capsys.disabled():
        sys.stdout.write(f"\ntwo years of {world.customers} customers: {dict(sorted(world.counts.items()))}\n")
    assert world.counts["crash"] > 20, "or nothing is said about processes that die"
    assert len(world.retired()) > 10
    incremental_equals_full(world)
    replay_equals_state(world)
    what_was_seen_is_seen_again(world)
    the_file_says_what_happened(world)
    tasks_are_there_once(world)
    scores_are_stable(world)
    report = world.cif.verify(actor=world.who())
    assert report.log.intact
    assert not report.counts


def incremental_equals_full(world: World) -> None:
    """Portraits and findings that were kept week by week are those of all customers made anew."""
    world.cif.customers.rebuild(**world.ask)
    world.cif.tags.renew(**world.ask)
    assert world.cif.tags.renew(whole=True, **world.ask) == 0
    world.cif.quality.run(**world.ask)
    before = world.examined()
    whole = world.cif.quality.run(whole=True, **world.ask)
    assert (whole.opened, whole.ended) == (0, 0)
    assert world.examined() == before


def replay_equals_state(world: World) -> None:
    """Golden records are those that survivorship makes of all that was ever said; the index is that of the golden records."""
    assert world.cif.customers.rebuild(**world.ask) == 0
    assert world.cif.keys.rebuild_index(actor=world.who()).mended == 0


def what_was_seen_is_seen_again(world: World) -> None:
    """Whatever came in late, was corrected, or was merged and parted since: as of then it is what was shown then, of who is the same persons today."""
    compared = 0
    for cif_no, at, persons, values, tags in world.seen:
        if world.persons(cif_no) == persons:
            assert world.shown(cif_no, at) == (values, tags), (cif_no, at)
            compared += 1
    assert compared > len(world.seen) // 2


def the_file_says_what_happened(world: World) -> None:
    """Occupations at four pairs of a day and a knowledge, papers and consents, against the simulation's own books."""
    now, zone = world.clock.now(), world.cif._desk.zone
    for one in world.random.sample(world.alone(), world.customers // 14):
        for back_valid, back_known in ((0, 0), (0.4, 0), (0.4, 0.4), (0.7, 0.2)):
            at = now - back_known * (now - NOW)
            valid = (now - back_valid * (now - NOW)).date()
            view = world.cif.customers.as_of(one.cif_no, valid=valid, known=at, **world.ask)
            assert view.values["occupation"] == one.occupation(valid, at, zone)
        assert world.cif.consents.allows(one.cif_no, MARKETING, **world.ask).answer is one.consent


def tasks_are_there_once(world: World) -> None:
    """Every customer whose papers are over has one task, and nobody else; nobody is told twice but by who died while telling."""
    tasks: Counter[tuple[str, str]] = Counter()
    for manager in STAFF:
        actor = known(Actor(id=manager, roles={"relationship_manager"}, branch="b0"), world.clock.now())
        waiting = world.cif.reminders.waiting(limit=500, actor=actor, purpose=Purpose.SERVICE)
        tasks.update((str(one.cif_no), one.name) for one in waiting)
    assert set(tasks.values()) == {1}
    over = {one.cif_no for one in world.alone() if one.papers < world.today}
    assert {cif_no for cif_no, name in tasks if name == "renewal" and cif_no not in world.apart} == over
    assert over, "or nothing is said about tasks"
    told = Counter(one.id for one in world.post.notices)
    assert sum(count - 1 for count in told.values()) <= world.resent
    with world.cif._desk.unit_of_work() as unit:
        pairs = Counter(frozenset((row.cif_no, row.other)) for row in unit.work.tasks())
    assert set(pairs.values()) == {1}


def scores_are_stable(world: World) -> None:
    """Scorecards of each quarter are those that were told then, whoever moved or was handed over since."""
    for scope, first, last, scores, figures in world.cards:
        assert world.scores(scope, first, last) == (scores, figures), (scope, first, last)
