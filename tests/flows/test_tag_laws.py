"""
Portraits that are kept are those that are made from nothing, after any sequence of changes: of customers, late ones too, merges and
unmerges, words and vetoes, days, and catalogues.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from tests.conftest import ALL_ROLES, NOW, TRUST, known
from tests.flows.test_register import register
from tests.flows.test_tags import (
    AGES,
    FIRST,
    LADDER,
    LOOSE,
    MANAGER,
    OFFICER,
    SERVICE,
    STEWARD,
    averages,
    publish,
    segment,
    tag,
)

from bankcif import CIF, Actor, LocalKeyProvider, MemoryKeyStore, MemoryRepository
from bankcif._clock import FixedClock
from bankcif.errors import InputError
from bankcif.flows._golden import open_goldens
from bankcif.flows._portrait import open_portraits, others_of, record_for_rules, words_of
from bankcif.flows._records import open_records
from bankcif.party import CifNo, Money, ReferenceTables, RelationKind
from bankcif.storage.portrait_rows import IDLE
from bankcif.tagging import Catalogue, Evaluator, TagKind, heard, said_of

CHECKER = known(Actor(id="s.two", roles=ALL_ROLES, branch="b"))
BOSS = known(Actor(id="m.li", roles={"relationship_manager", *ALL_ROLES}, branch="b"))
RELATED = Catalogue.of(
    "4", tag("careful"), tag("vouches", "count(relationships where role = 'guaranteed' and other_home_branch = 'c') >= 1"),
    tag("bound", "count(relationships where until is missing or until >= today) >= 1"), tag("friend_of_old", "max(relationships.other_birth_year) < 1990"),
)  # fmt: skip
CATALOGUES = [
    FIRST,
    Catalogue.of(
        "2", AGES, tag("adult", "age >= 19", group="ages", priority=1), tag("careful"), tag("score", kind=TagKind.MODEL),
        tag("young_branch", "home_branch = 'c' and not tag('adult')"), segment("offer", "not tag('careful')"),
    ),
    LADDER,
    attrs.evolve(LADDER, version="other floors", tags={
        **LADDER.tags, "gold": attrs.evolve(LADDER.tags["gold"], floor=Money(10_000, "CNY"), grace_months=1), "careful": tag("careful"),
    }),
    Catalogue.of("3", tag("careful"), tag("new", "customer_since > today - 40 days"), tag("merged", "has_email = true and has_phone = true")),
    RELATED,
]  # fmt: skip
PEOPLE = 3
who = st.integers(0, PEOPLE - 1)
told = st.tuples(
    st.just("register"),
    who,
    st.fixed_dictionaries(
        {},
        optional={
            "birth_date": st.sampled_from(["2008-12-01", "1966-12-20", "1990-01-01", "2007-11-30"]),
            "home_branch": st.sampled_from(["b", "c"]),
            "customer_since": st.sampled_from(["2026-11-01", "2020-01-01"]),
            "email": st.just("a@b.cn"),
            "balances": st.builds(
                lambda first, amounts: averages(*amounts, first=first),
                st.integers(6, 12),
                st.lists(st.sampled_from([10, 20_000, 60_000, 7_000_000]), min_size=1, max_size=4),
            ).map(lambda rows: [row for row in rows if row["month"] <= "2026-12"]),
        },
    ),
)
said = st.one_of(
    st.tuples(st.just("say"), who, st.sampled_from(["careful", "score", "private"]), st.integers(0, 20)),
    st.tuples(st.just("veto"), who, st.sampled_from(["adult", "local", "careful", "gold"]), st.integers(0, 20)),
    st.tuples(st.just("take_back"), who, st.sampled_from(["careful", "score", "adult", "local"])),
)  # fmt: skip
passed = st.one_of(st.tuples(st.just("days"), st.integers(1, 30)), st.tuples(st.just("renew")))
published = st.tuples(st.just("publish"), st.integers(0, len(CATALOGUES) - 1))
shaped = st.one_of(st.tuples(st.just("merge"), who, who), st.tuples(st.just("unmerge"), who))
related = st.one_of(st.tuples(st.just("relate"), who, who, st.integers(0, 20)), st.tuples(st.just("part"), who))
calm = st.one_of(related, told, said, passed, published)
steps = st.one_of(calm, shaped)


class World:
    """A file, and the numbers of the customers as they were first given."""

    def __init__(self, tables: ReferenceTables, first: Catalogue = FIRST) -> None:
        self.clock = FixedClock(NOW)
        self.cif = CIF(
            repository=MemoryRepository(), policy=LOOSE, tenant="t", keys=LocalKeyProvider.generate(), key_store=MemoryKeyStore(),
            tables=tables, trust=TRUST, clock=self.clock,
        )  # fmt: skip
        self.numbers: dict[int, str] = {}
        publish(self.cif, first)
        for n in range(PEOPLE):
            self.step("register", n, {"birth_date": ("2008-12-01", "1966-12-20", "1990-01-01")[n]})

    def step(self, what: str, *given: Any) -> None:
        if what == "register":
            n, more = given
            self.clock.advance(timedelta(seconds=1))
            values = {"name": "王李张"[n] + "伟国", "identifiers": None, "phone": f"1541234567{n}", **more}
            done = register(self.cif, STEWARD, f"k{n}", **{"home_branch": "b", "manager": "m.li", **values})
            self.numbers.setdefault(n, done.cif_no)
        elif what == "publish":
            with suppress(InputError):
                publish(self.cif, CATALOGUES[given[0]])
        elif what == "days":
            self.clock.advance(timedelta(days=given[0]))
        elif what == "renew":
            self.cif.tags.renew(actor=OFFICER)
        elif given[0] in self.numbers:
            self.about(what, *given)

    def about(self, what: str, n: int, *given: Any) -> None:
        number = self.numbers[n]
        with suppress(InputError):
            if what in ("say", "veto"):
                name, days = given
                until = (self.clock.now() + timedelta(days=days + 1)).date()
                more = {"evidence": "m"} if what == "say" else {}
                getattr(self.cif.tags, what)(number, name, until=until, reason="r", actor=BOSS, purpose=SERVICE, **more)
            elif what == "take_back":
                self.cif.tags.take_back(number, *given, reason="r", actor=BOSS, purpose=SERVICE)
            elif what == "merge" and given[0] in self.numbers:
                other = self.numbers[given[0]]
                self.approve(self.cif.matches.propose_merge(number, other, actor=STEWARD, reason="r").id)
            elif what == "relate" and given[0] in self.numbers:
                until = (self.clock.now() + timedelta(days=given[1])).date() if given[1] else None
                ask: dict[str, Any] = {"actor": BOSS, "purpose": SERVICE, "reason": "r"}
                self.cif.relations.add(number, RelationKind.GUARANTOR, self.numbers[given[0]], until=until, **ask)
            elif what == "part":
                for one in self.cif.relations.of(number, ever=True, actor=BOSS, purpose=SERVICE)[:1]:
                    self.cif.relations.retract(number, one.id, actor=BOSS, purpose=SERVICE, reason="r")
            elif what == "unmerge":
                self.approve(self.cif.matches.propose_unmerge(number, actor=STEWARD, reason="r").id)

    def approve(self, proposal: str) -> None:
        self.cif.approvals.approve(proposal, actor=CHECKER)

    def kept(self) -> dict[str, set[str]]:
        """What the portraits say that are kept."""
        with self.cif._repository.unit_of_work() as unit:
            numbers = [CifNo(one) for one in dict.fromkeys(self.numbers.values())]
            return {cif_no: set(one.has) for cif_no, one in open_portraits(self.cif._desk, unit, numbers).items()}

    def made(self) -> dict[str, set[str]]:
        """What the rules and the words say, from golden records and source records alone."""
        desk, found = self.cif._desk, {}
        assert desk.tags is not None
        evaluator = Evaluator(Catalogue.from_document(desk.tags.evaluator.catalogue.document()))
        with self.cif._repository.unit_of_work() as unit:
            rows = unit.parties.get([CifNo(one) for one in self.numbers.values()])
            for cif_no, row in rows.items():
                if row.life_cycle in IDLE:
                    continue
                said = words_of(one.statement for one in open_records(desk, unit.sources.of_parties([cif_no])))
                words = said_of(evaluator.catalogue, heard(said, desk.today()))
                values, facts = open_goldens(desk, unit, [cif_no])[cif_no], unit.copies.facts([cif_no])[cif_no]
                others = others_of(unit, {cif_no: values})[cif_no]
                verdicts = evaluator.verdicts(record_for_rules(row, values, facts, others), desk.today(), words)
                found[cif_no] = {name for name, verdict in verdicts.items() if verdict.has}
        return found

    def seen(self, at: datetime | None = None) -> dict[str, set[str]]:
        """What somebody is shown, now or of an instant."""
        return {
            number: {one.name for one in self.cif.tags.portrait(number, at=at, actor=MANAGER, purpose=SERVICE).tags}
            for number in dict.fromkeys(self.numbers.values())
        }


@pytest.mark.parametrize("first", [FIRST, LADDER, RELATED], ids=["rules", "ladder", "relations"])
@given(st.lists(steps, min_size=5, max_size=16))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_kept_step_by_step_is_what_is_made_from_nothing(
    tables: ReferenceTables, first: Catalogue, done: list[Any]
) -> None:
    world = World(tables, first)
    for step in done:
        world.step(*step)
        made = world.made()
        assert {number: names for number, names in world.seen().items() if number in made} == made
    world.step("renew")
    assert world.kept() == world.made()
    assert world.cif.tags.renew(actor=OFFICER, whole=True) == 0


@given(st.lists(calm, min_size=5, max_size=16))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_seen_is_seen_again_as_of_then(tables: ReferenceTables, done: list[Any]) -> None:
    world = World(tables)
    shown: list[tuple[datetime, dict[str, set[str]]]] = []
    for step in done:
        world.step(*step)
        shown.append((world.clock.now(), world.seen()))
        world.clock.advance(timedelta(seconds=1))
    for moment, names in shown:
        assert world.seen(moment) == names


@given(st.lists(calm, max_size=6))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_tags_come_back_when_a_merge_is_undone(tables: ReferenceTables, done: list[Any]) -> None:
    world = World(tables)
    for step in done:
        world.step(*step)
    before = world.seen()
    one, two = world.numbers[0], world.numbers[1]
    world.approve(world.cif.matches.propose_merge(one, two, actor=STEWARD, reason="r").id)
    world.approve(world.cif.matches.propose_unmerge(two, actor=STEWARD, reason="r").id)
    assert world.seen() == before
