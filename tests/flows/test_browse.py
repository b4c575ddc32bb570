"""Row rules: what the store gives is what the objects say, for pages, order and counts, whatever the policy."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from tests.conftest import NOW, TRUST, known
from tests.flows.test_register import register

from bankcif import CIF, Actor, LocalKeyProvider, MemoryKeyStore, MemoryRepository, Policy, Purpose
from bankcif._clock import FixedClock
from bankcif.access import Action, default_profiles, mask, row_parameters
from bankcif.audit import AuditEntry
from bankcif.context import Sink, Ticket
from bankcif.errors import AccessError, InputError, NotFoundOrNotAllowedError, PolicyError, RuleError
from bankcif.flows._relations import granted_to, record_of
from bankcif.party import ReferenceTables

SERVICE = Purpose.SERVICE
STEWARD = known(Actor(id="s.wu", roles={"steward"}, branch="b"))


def grant(name: str, **more: Any) -> dict[str, Any]:
    return {
        "id": name, "roles": ["r"], "purposes": ["service"], "actions": ["browse", "view", "find"],
        "fields": ["phone", "sex", "customer_since"], **more,
    }  # fmt: skip


SETUP = [
    {"id": "setup", "roles": ["steward"], "purposes": ["operations"], "actions": ["register"]},
    {"id": "audit", "roles": ["auditor"], "purposes": ["audit"], "actions": ["audit"]},
]


def policy(*grants: dict[str, Any], **more: Any) -> Policy:
    return Policy.from_document({"version": "t", "grant": [*SETUP, *grants], **more})


def people(cif: CIF) -> None:
    """A dozen customers over branches, managers, sexes, years and days; some know little of themselves."""
    surnames = "王李张刘陈杨赵黄周吴徐孙"
    for n in range(12):
        register(
            cif, STEWARD, f"{n}", name=f"{surnames[n]}{'伟芳国强敏静丽磊军洋勇艳'[n]}", phone=f"154{n:02}00{n:04}", identifiers=None,
            home_branch=("b1", "b2", None)[n % 3], manager=("m.1", "m.2")[n % 2] if n % 5 else None,
            sex=("1", "2", None)[n % 4 % 3], birth_date=f"{1960 + n}-03-07" if n % 3 else None,
            customer_since=None if n == 4 else date(2020, 1, 1 + n % 4).isoformat(),
        )  # fmt: skip


@pytest.fixture(scope="module", params=["memory", "sqlite"])
def files(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, tables: ReferenceTables
) -> Iterator[Any]:
    """Opens one filled store under any policy; the policy in force is put in place by hand."""
    keys, clock = LocalKeyProvider.generate(), FixedClock(NOW)
    more: dict[str, Any] = {"tenant": "t", "keys": keys, "tables": tables, "clock": clock, "trust": TRUST}
    if request.param == "memory":
        repository, store = MemoryRepository(), MemoryKeyStore()
        cif = CIF(repository=repository, key_store=store, policy=policy(), **more)
    else:
        path: Path = tmp_path_factory.mktemp("browse")
        cif = CIF.open(f"sqlite:///{path / 'cif.db'}", policy=policy(), **more)
    people(cif)
    yield cif
    cif.close()


class Under:
    """The file under another policy, as a process that opened it after the change would see it."""

    def __init__(self, cif: CIF, rules: Policy) -> None:
        self._desk, self._before, self._rules = cif._desk, cif._desk.policy, rules

    def __enter__(self) -> None:
        object.__setattr__(self._desk, "policy", self._rules)

    def __exit__(self, *_: object) -> None:
        object.__setattr__(self._desk, "policy", self._before)


def by_hand(cif: CIF, actor: Actor) -> list[tuple[Any, str]]:
    """Who is seen, decided customer by customer on the objects alone."""
    desk, found = cif._desk, []
    with cif._repository.unit_of_work() as unit:
        rows = unit.parties.page("", 99)
        for row in rows:
            if granted_to(desk, unit, actor, Action.BROWSE, SERVICE, row):
                facts = unit.copies.facts([row.cif_no]).get(row.cif_no)
                found.append((record_of(row, facts), row.cif_no))
    return found


rules = st.sampled_from(
    [
        "branch = $branch", "manager = $actor", "sex = '1'", "not sex = '1'", "sex is missing", "birth_year > 1965",
        "birth_year between 1960 and 1966 or branch in ('b2')", "customer_since >= 2020-01-03", "manager = $person and sex = '2'",
        "customer_since < $today", "customer_since < today - 5 years", "customer_since between today - 3000 days and 2020-01-02",
        "age < 60", "not age >= 60 or branch = 'b1'", "home_branch starts with 'b'", "false", "true", "not (branch = 'b1' or manager is missing)",
    ]
)  # fmt: skip
grants = st.lists(
    st.fixed_dictionaries(
        {"relations": st.lists(st.sampled_from(["any", "branch", "portfolio", "ticket"]), min_size=1, unique=True)},
        optional={"when": rules, "roles": st.just(["other"]), "clear": st.just(["sex"])},
    ),
    max_size=4,
)


def test_whoever_broke_the_glass_browses_by_it_where_a_grant_says_so(
    files: CIF, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And whatever others proposed meanwhile is not read for it: of that there is more every day."""
    breaking, viewing = (
        grant("breaking", actions=["break_glass"]),
        grant("viewing", relations=["break_glass"], actions=["view"]),
    )
    browsing = grant("browsing", relations=["break_glass"], actions=["browse"])
    actors = [known(Actor(id=name, roles={"r"})) for name in ("r.yu", "r.he")]
    with files._repository.unit_of_work() as unit:
        chosen = unit.parties.page("", 3)
    with Under(files, policy(breaking, viewing)):
        for actor, row in zip(actors, chosen, strict=False):
            files.customers.break_glass(row.cif_no, reason="an emergency", actor=actor, purpose=SERVICE)
    work, read = type(unit.work), list[Any]()
    real = work.approvals
    monkeypatch.setattr(work, "approvals", lambda self, **asked: read.extend(found := real(self, **asked)) or found)
    for actor, row in zip(actors, chosen, strict=False):
        with Under(files, policy(breaking, browsing)):
            assert [one.cif_no for one in files.customers.browse(actor=actor, purpose=SERVICE).views] == [row.cif_no]
            assert files.customers.count(actor=actor, purpose=SERVICE) == {None: 1}
    assert {one.maker for one in read} == {actor.id for actor in actors}
    assert len(read) == 4, "each time one's own alone"
    read.clear()
    with Under(files, policy(breaking, viewing, grant("branch", relations=["branch"], actions=["browse"]))):
        assert files.customers.browse(actor=actors[0], purpose=SERVICE).views == ()
    assert not read, "the glass does not let browse there"


CHOSEN = {
    "": lambda record: True,
    "customer_since >= 2020-01-03": lambda record: (record["customer_since"] or 0) >= 18264,
    "not customer_since >= 2020-01-03": lambda record: record["customer_since"] is not None and record["customer_since"] < 18264,
    "customer_since is missing or kind = 'organization'": lambda record: record["customer_since"] is None,
    "days_since(customer_since) > 10000": lambda record: False,
}  # fmt: skip


@given(
    grants, st.sampled_from(["b1", "b2", None]), st.sampled_from(["m.1", "m.2", "x"]), st.sampled_from(sorted(CHOSEN))
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_who_is_asked_for_is_chosen_among_those_who_are_seen(
    files: CIF, lines: list[dict[str, Any]], branch: str | None, who: str, where: str
) -> None:
    actor = Actor(id=who, roles={"r"}, branch=branch)
    with Under(files, policy(*(grant(f"g{n}", **line) for n, line in enumerate(lines)), grant("never", when="false"))):
        expected = [(record, number) for record, number in by_hand(files, actor) if CHOSEN[where](record)]
        page = files.customers.browse(where=where, total=True, actor=actor, purpose=SERVICE)
        assert {view.cif_no for view in page.views} == {number for _, number in expected}
        assert page.total == len(expected)
        assert files.customers.count(where=where, actor=actor, purpose=SERVICE) == {None: len(expected)}
        counted = files.customers.count(where=where, by="customer_since", actor=actor, purpose=SERVICE)
        assert sum(counted.values()) == len(expected)


def test_nobody_chooses_by_what_is_masked(files: CIF) -> None:
    actor = Actor(id="c", roles={"r"})
    refused = [
        "sex = '1'",
        "age >= 18",
        "birth_year > 1960",
        "aml_class = 'high'",
        "branch = 'b1'",
        "prefecture = '3301'",
        "life_cycle = 'active'",
    ]
    with Under(files, policy(grant("g", fields=["customer_since", "phone"]))):
        for ask in (files.customers.browse, files.customers.count):
            for where in refused:
                with pytest.raises(NotFoundOrNotAllowedError):
                    ask(where=where, actor=actor, purpose=SERVICE)
                with pytest.raises(NotFoundOrNotAllowedError):
                    ask(where=f"customer_since is missing or not ({where})", actor=actor, purpose=SERVICE)
            for where in (
                "phone = '1'",
                "name is missing",
                "count(holdings) > 1",
                "customer_since >",
                "customer_since = 1",
            ):
                with pytest.raises(RuleError):
                    ask(where=where, actor=actor, purpose=SERVICE)
    with Under(files, policy(grant("g", fields=["customer_since", "home_branch"]))):
        files.customers.browse(where="branch = 'b1' and kind = 'individual'", actor=actor, purpose=SERVICE)


def test_the_log_tells_that_two_searches_were_the_same_and_not_what_was_searched(files: CIF) -> None:
    actor = Actor(id="searcher", roles={"r"})
    with Under(files, policy(grant("g"))):
        for where in ("customer_since > 2020-01-01", "customer_since > 2020-01-01", "customer_since > 2020-01-02"):
            files.customers.browse(where=where, actor=actor, purpose=SERVICE)
    with files._repository.unit_of_work() as unit:
        bodies = [row.body for row in unit.trail.between(0, 2**62, "searcher")]
    one, same, other = (AuditEntry.of_body(body).terms["where"] for body in bodies[-3:])
    assert one == same != other
    assert not any(b"2020" in body for body in bodies)
    assert all("customer_since" in AuditEntry.of_body(body).fields for body in bodies[-3:])


def test_a_rule_is_one_of_the_customers_that_may_be_seen_in_an_hour(files: CIF) -> None:
    """Else a hundred rules that each find nobody tell what the cap forbids to look at."""
    nobody = "customer_since < 1990-01-01"
    for who, ask in (("capped", files.customers.browse), ("counted", files.customers.count)):
        actor = Actor(id=who, roles={"r"})
        with Under(files, policy(grant("g"), cap={"browse": {"per_hour": 3}})):
            for _ in range(3):
                ask(where=nobody, actor=actor, purpose=SERVICE)
            with pytest.raises(AccessError):
                ask(where=nobody, actor=actor, purpose=SERVICE)
    with Under(files, policy(grant("g"), cap={"browse": {"per_hour": 3}})):
        for _ in range(5):  # how many there are in all tells of nobody
            files.customers.count(actor=Actor(id="counts", roles={"r"}), purpose=SERVICE)


def test_numbers_are_not_asked_for_by_a_rule(files: CIF) -> None:
    actor = Actor(id="c", roles={"r"})
    with Under(files, policy(grant("g", fields=["customer_since"]))):
        for ask in (files.customers.browse, files.customers.count):
            for where in ("cif_no starts with 'A'", "customer_since is missing or not cif_no is missing"):
                with pytest.raises(InputError, match="does not ask for numbers"):
                    ask(where=where, actor=actor, purpose=SERVICE)
        with pytest.raises(InputError, match="by number is a list"):
            files.customers.count(by="cif_no", actor=actor, purpose=SERVICE)


def test_a_rule_leaves_room_for_the_row_rules_beside_it(files: CIF) -> None:
    """What is refused is told in the caller's words, never as a fault of the rule of all whom they may see."""
    actor = Actor(id="deep", roles={"r"}, branch="b1")
    deepest, deeper = ("not " * n + "customer_since is missing" for n in (12, 13))
    with Under(files, policy(grant("g", when=f"{'not ' * 11} (branch = $branch or sex = '1')"))):
        files.customers.browse(where=deepest, actor=actor, purpose=SERVICE)
        with pytest.raises(RuleError, match="levels deep"):
            files.customers.browse(where=deeper, actor=actor, purpose=SERVICE)
        many = " or ".join(f"customer_since > 20{n:02}-01-01" for n in range(10, 60))
        files.customers.browse(where=many, actor=actor, purpose=SERVICE)
        with pytest.raises(InputError, match="over 500 comparisons together"):
            files.customers.browse(where=" or ".join([many] * 10), actor=actor, purpose=SERVICE)
    with pytest.raises(PolicyError, match="levels deep"):
        policy(grant("g", when=f"{'not ' * 13} branch = $branch"))


@given(
    grants,
    st.sampled_from(["b1", "b2", None]),
    st.sampled_from(["m.1", "m.2", "x"]),
    st.sampled_from(["cif_no", "customer_since"]),
    st.booleans(),
    st.integers(1, 12),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_the_store_gives_what_the_objects_say(
    files: CIF, lines: list[dict[str, Any]], branch: str | None, who: str, order: str, descending: bool, size: int
) -> None:
    """M20: result of the query = filtered result in memory, for counts and order too."""
    cif = files
    with cif._repository.unit_of_work() as unit:
        some = unit.parties.page("", 2)[-1].cif_no
    ticket = Ticket(id="T1", cif_no=some, expires_at=NOW + timedelta(hours=1))
    actor = Actor(id=who, roles={"r"}, branch=branch, tickets=(ticket,))
    with Under(cif, policy(*(grant(f"g{n}", **line) for n, line in enumerate(lines)), grant("never", when="false"))):
        expected = by_hand(cif, actor)
        views, after = [], None
        while True:
            page = cif.customers.browse(
                order=order,
                descending=descending,
                after=after,
                limit=size,
                total=not after,
                actor=actor,
                purpose=SERVICE,
            )
            views += page.views
            assert page.total == (None if after else len(expected))
            after = page.after
            if after is None:
                break
        assert {view.cif_no for view in views} == {number for _, number in expected}
        assert len(views) == len(expected)
        values = {number: record[order] for record, number in expected}
        shown = [values[view.cif_no] for view in views]
        there = [value for value in shown if value is not None]
        assert shown[: len(there)] == sorted(there, reverse=descending)
        assert cif.customers.count(actor=actor, purpose=SERVICE) == {None: len(expected)}
        counted = cif.customers.count(by="sex", actor=actor, purpose=SERVICE)
        assert counted == Counter(record["sex"] for record, _ in expected)


def test_what_waits_is_masked_as_what_stands_wherever_it_goes(cif: CIF, steward: Actor) -> None:
    done = register(cif, steward, "1")
    register(cif, steward, "9", channel="partner", phone="15466666666")  # proposes a change
    see = {"roles": ["r"], "purposes": ["service"], "actions": ["view"], "fields": ["phone"]}
    with Under(cif, policy({"id": "g", **see, "sinks": ["display", "print", "log"]})):
        for sink in (Sink.DISPLAY, Sink.PRINT, Sink.LOG):
            view = cif.customers.get(done.cif_no, actor=known(Actor(id="w", roles={"r"})), purpose=SERVICE, sink=sink)
            profile = default_profiles().of("staff", sink)
            assert view.phone == mask("phone", "+8615412345678", profile)
            assert [one.value for one in view.pending] == [mask("phone", "+8615466666666", profile)]


def test_what_is_printed_is_masked_and_granted_as_the_policy_says_of_paper(cif: CIF, steward: Actor) -> None:
    """M41: display, print, export and log are asked apart."""
    done = register(cif, steward, "1")
    see = {"roles": ["r"], "purposes": ["service"], "actions": ["view", "find", "browse"]}
    who = known(Actor(id="w", roles={"r"}))
    rules = policy(
        {"id": "screen", **see, "fields": ["name", "phone", "email"]},
        {"id": "paper", **see, "fields": ["phone"], "sinks": ["print"], "profile": "outside"},
    )
    ask: dict[str, Any] = {"actor": who, "purpose": SERVICE}
    with Under(cif, rules):
        assert set(cif.customers.get(done.cif_no, **ask).values) == {"name", "phone"}
        for view in (
            cif.customers.get(done.cif_no, **ask, sink=Sink.PRINT),
            *cif.customers.find(phone="15412345678", **ask, sink=Sink.PRINT),
            *cif.customers.browse(**ask, sink=Sink.PRINT).views,
        ):
            assert view.values == {
                "phone": mask("phone", "+8615412345678", default_profiles().of("outside", Sink.PRINT))
            }
        with pytest.raises(NotFoundOrNotAllowedError):
            cif.customers.get(done.cif_no, **ask, sink=Sink.LOG)
        for call in (
            lambda: cif.customers.get(done.cif_no, **ask, sink=Sink.EXPORT),
            lambda: cif.customers.find(phone="15412345678", **ask, sink=Sink.EXPORT),
            lambda: cif.customers.browse(**ask, sink=Sink.EXPORT),
        ):
            with pytest.raises(InputError, match=r"exports\.take"):
                call()
    told = [one.rule for one in cif.audit.deeds("w", actor=Actor(id="a", roles={"auditor"})) if one.outcome == "done"]
    assert told == ["screen", "paper,sink:print", "paper,sink:print", "paper,sink:print"]


def test_a_row_rule_holds_for_every_way_of_seeing(cif: CIF, steward: Actor) -> None:
    one = register(cif, steward, "1", sex="1")
    other = register(cif, steward, "2", sex="2", identifiers=None, phone="15499999999", name="李四")
    actor = known(Actor(id="x", roles={"r"}))
    rules = policy(grant("only", when="sex = '1'", actions=["view", "find", "browse", "reveal", "verify"]))
    with Under(cif, rules):
        assert cif.customers.get(one.cif_no, actor=actor, purpose=SERVICE).phone
        assert cif.customers.reveal(one.cif_no, {"phone"}, actor=actor, purpose=SERVICE)["phone"]
        assert cif.customers.find(phone="15499999999", actor=actor, purpose=SERVICE) == []
        assert cif.verifications.states(one.cif_no, actor=actor, purpose=SERVICE) == {}
        for ask in (
            lambda: cif.customers.get(other.cif_no, actor=actor, purpose=SERVICE),
            lambda: cif.customers.reveal(other.cif_no, {"phone"}, actor=actor, purpose=SERVICE),
            lambda: cif.verifications.states(other.cif_no, actor=actor, purpose=SERVICE),
        ):
            with pytest.raises(NotFoundOrNotAllowedError):
                ask()


def test_who_is_restricted_erased_or_merged_is_on_no_page(cif: CIF, steward: Actor, checker: Actor) -> None:
    first = register(cif, steward, "1")
    second = register(cif, steward, "2", identifiers=None, phone="15499999999", name="李四")
    third = register(cif, steward, "3", identifiers=None, phone="15488888888", name="王五")
    merge = cif.matches.propose_merge(first.cif_no, second.cif_no, actor=steward, reason="r")
    cif.approvals.approve(merge.id, actor=checker)
    cif.erasures.restrict(third.cif_no, reason="r", actor=Actor(id="p", roles={"privacy_officer"}))
    actor = Actor(id="x", roles={"r"})
    with Under(cif, policy(grant("all", purposes=["service", "compliance"]))):
        assert [v.cif_no for v in cif.customers.browse(actor=actor, purpose=SERVICE).views] == [first.cif_no]
        assert cif.customers.count(actor=actor, purpose=Purpose.COMPLIANCE) == {None: 2}


def test_order_and_counts_by_what_is_masked_are_refused(files: CIF) -> None:
    actor = Actor(id="m.1", roles={"r"}, branch="b1")
    hidden = grant("hidden", fields=["phone", "aml_class"])
    partly = grant("partly", fields=["phone"], relations=["branch"])
    for rules, field in (
        (policy(hidden), "aml_class"),
        (policy(hidden, grant("g"), partly), "sex"),
        (policy(grant("g")), "birth_year"),
    ):
        with Under(files, rules):
            for ask in (
                lambda f=field: files.customers.browse(order=f, actor=actor, purpose=SERVICE),
                lambda f=field: files.customers.count(by=f, actor=actor, purpose=SERVICE),
            ):
                with pytest.raises(NotFoundOrNotAllowedError):
                    ask()
    with Under(files, policy(grant("g", clear=["aml_class"], fields=["phone"]))):
        files.customers.browse(order="aml_class", actor=actor, purpose=SERVICE)
    with Under(files, policy(grant("g"))):
        days = files.customers.count(by="customer_since", actor=actor, purpose=SERVICE)
        assert days == {date(2020, 1, n): 3 - (n == 1) for n in range(1, 5)} | {None: 1}
        for field in ("phone", "name", "shoe", "", "age"):
            with pytest.raises(InputError):
                files.customers.browse(order=field, actor=actor, purpose=SERVICE)
        for after in ("", "x", "W10=", "e30=", "\ud800"):
            with pytest.raises(InputError):
                files.customers.browse(after=after, actor=actor, purpose=SERVICE)
        for limit in (0, 101, -1):
            with pytest.raises(InputError):
                files.customers.browse(limit=limit, actor=actor, purpose=SERVICE)


def test_browsing_takes_a_grant_of_its_own_and_is_in_the_log(cif: CIF, steward: Actor) -> None:
    done = register(cif, steward, "1")
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.customers.browse(actor=steward, purpose=SERVICE)
    actor, auditor = Actor(id="x", roles={"r"}), Actor(id="a", roles={"auditor"})
    with Under(cif, policy(grant("g"))):
        cif.customers.browse(actor=actor, purpose=SERVICE)
        lines = [(line.actor, line.action) for line in cif.audit.who(done.cif_no, actor=auditor)]
        assert lines[-1] == ("x", "browse")


def test_a_cap_ends_what_an_operator_sees_in_an_hour(cif: CIF, steward: Actor, clock: FixedClock) -> None:
    """Threat 5: somebody with a valid login copies one customer after another."""
    done = register(cif, steward, "1")
    register(cif, steward, "2", identifiers=None, phone="15499999999", name="李四")
    actor = known(Actor(id="x", roles={"r"}))
    caps = {"view": {"per_hour": 2}, "reveal": {"per_hour": 1}, "find": {"per_hour": 1}, "browse": {"per_hour": 3}}
    line = grant("g", actions=["view", "find", "browse", "reveal"])
    ways = {
        "view": (2, lambda: cif.customers.get(done.cif_no, actor=actor, purpose=SERVICE)),
        "reveal": (1, lambda: cif.customers.reveal(done.cif_no, {"phone"}, actor=actor, purpose=SERVICE)),
        "find": (1, lambda: cif.customers.find(phone="15412345678", actor=actor, purpose=SERVICE)),
        "browse": (1, lambda: cif.customers.browse(actor=actor, purpose=SERVICE)),
    }
    with Under(cif, policy(line, cap=caps)):
        for most, ask in ways.values():
            for _ in range(most):
                ask()
            with pytest.raises(AccessError, match="in this hour") as caught:
                ask()
            assert caught.value.rule == "cap"
        auditor = Actor(id="a", roles={"auditor"})
        refused = [line.action for line in cif.audit.deeds("x", actor=auditor) if line.rule == "cap"]
        assert refused == list(ways)
        assert cif.customers.get(done.cif_no, actor=Actor(id="y", roles={"r"}), purpose=SERVICE)
        clock.advance(timedelta(hours=1))
        for _, ask in ways.values():
            ask()


@pytest.mark.parametrize(
    ("when", "said"),
    [("", "when: character 1"), ("phone = '1'", "not a field"), ("sex = 1", "type text"), ("branch = $who", r"\$who is not known"), (7, "is a text")],
)  # fmt: skip
def test_a_row_rule_is_checked_when_the_policy_is_read(when: Any, said: str) -> None:
    with pytest.raises(PolicyError, match=said):
        policy(grant("g", when=when))


def test_row_rules_survive_their_document() -> None:
    rules = policy(grant("g", when="sex = '1'"), cap={"view": {"per_hour": 5}})
    again = Policy.from_document(rules.document())
    assert (again.grants, again.caps, again.document()) == (rules.grants, rules.caps, rules.document())


@pytest.mark.parametrize(
    "cap",
    [{"view": 5}, {"view": {"per_hour": 0}}, {"view": {}}, {"load": {"per_hour": 1}}, [], {"view": {"per_hour": True}}],
)
def test_a_cap_is_checked_when_the_policy_is_read(cap: Any) -> None:
    with pytest.raises(PolicyError):
        policy(cap=cap)


def test_a_store_that_gives_somebody_too_many_is_asked_again(
    cif: CIF, steward: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The query is not trusted: each customer that it gives is decided on the object."""
    from bankcif.storage._memory_search import Search

    register(cif, steward, "1", sex="2")
    everybody = [(row, facts) for row, facts in _all(cif)]
    monkeypatch.setattr(Search, "page", lambda *_: everybody)
    with Under(cif, policy(grant("g", when="sex = '1'"))):
        assert cif.customers.browse(actor=Actor(id="x", roles={"r"}), purpose=SERVICE).views == ()


def _all(cif: CIF) -> list[tuple[Any, Any]]:
    with cif._repository.unit_of_work() as unit:
        rows = unit.parties.page("", 99)
        return [(row, unit.copies.facts([row.cif_no])[row.cif_no]) for row in rows]


def test_what_rules_know_of_an_actor() -> None:
    assert row_parameters(Actor(id="a", person="p"), date(1970, 1, 3)) == {
        "actor": "a", "person": "p", "branch": None, "today": 2
    }  # fmt: skip


def test_a_mark_is_where_a_page_of_this_order_ended_and_nothing_else(files: CIF) -> None:
    """It comes from the caller: whatever stands in it is refused, and never reaches the store."""
    actor = Actor(id="m", roles={"r"})

    def mark(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()

    with Under(files, policy(grant("g"))):
        for wrong in (
            "*",
            mark([]),
            mark(["sex", None, "C"]),
            mark(["customer_since", "1", "C"]),
            mark(["customer_since", True, "C"]),
            mark(["customer_since", 2**63, "C"]),
            mark(["customer_since", 1, "\0"]),
            mark(["customer_since", 1, "\ud800"]),
            mark(["customer_since", 1, 1]),
            mark(["customer_since", 1, "C" * 20_000]),
            base64.urlsafe_b64encode(b"[" * 9000).decode(),
        ):
            with pytest.raises(InputError, match="not where a page of this order ended"):
                files.customers.browse(order="customer_since", after=wrong, actor=actor, purpose=SERVICE)
        for wrong in (mark(["sex", "\0", "C"]), mark(["sex", 1, "C"])):
            with pytest.raises(InputError, match="not where a page of this order ended"):
                files.customers.browse(order="sex", after=wrong, actor=actor, purpose=SERVICE)
