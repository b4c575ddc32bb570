"""Registering: one person, one customer; and what an attacker tries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.conftest import ALL_ROLES, known

from bankcif import (
    CIF,
    Actor,
    Individual,
    LocalKeyProvider,
    MemoryKeyStore,
    MemoryRepository,
    Organization,
    Outcome,
    Purpose,
    Terms,
    party_from,
)
from bankcif.errors import ConfigurationError, FourEyesError, IntakeError, NotFoundOrNotAllowedError, StorageError
from bankcif.party import CifNo, ReferenceTables
from bankcif.storage import LOST

ID = "880101199003071098"
OTHER_ID = "880101198505051236"


def form(**more: Any) -> Individual:
    values: dict[str, Any] = {
        "name": "张伟国",
        "identifiers": [{"scheme": "cn.resident_id", "number": ID}],
        "phone": "15412345678",
        "home_branch": "b",
        **more,
    }
    made = party_from({name: value for name, value in values.items() if value is not None}, Individual)
    assert isinstance(made, Individual)
    return made


AUDITOR = Actor(id="a.sun", roles={"auditor"})


def register(cif: CIF, actor: Actor, key: str, *, channel: str = "counter", **more: Any) -> Any:
    return cif.customers.register(form(**more), channel=channel, source_key=key, actor=actor, occasion="lead")


def clear(cif: CIF, actor: Actor, cif_no: str, *names: str) -> dict[str, Any]:
    return cif.customers.reveal(cif_no, names, actor=actor, purpose=Purpose.COMPLIANCE)


def test_a_first_customer_is_new(cif: CIF, steward: Actor) -> None:
    done = register(cif, steward, "1")
    assert done.outcome is Outcome.NEW
    view = cif.customers.get(done.cif_no, actor=steward, purpose=Purpose.SERVICE)
    assert view.name == "张**"
    assert view.phone == "154****5678"


@pytest.mark.parametrize("name", ["张伟国", "張偉國", "章炜国", "ZHANG WEIGUO", "Weiguo Zhang"])
def test_an_equal_number_and_a_compatible_name_link(cif: CIF, steward: Actor, name: str) -> None:
    first = register(cif, steward, "1")
    second = register(cif, steward, "2", channel="card", name=name)
    assert (second.outcome, second.cif_no) == (Outcome.LINKED, first.cif_no)


def test_an_equal_number_under_another_name_is_a_person_s_to_decide(cif: CIF, steward: Actor) -> None:
    father = register(cif, steward, "1")
    child = register(cif, steward, "2", name="张小明", phone="15487654321")
    assert child.outcome is Outcome.POSSIBLE_MATCH
    assert child.cif_no != father.cif_no
    assert [c.cif_no for c in child.candidates] == [father.cif_no]
    assert child.task_id == child.candidates[0].task_id


def test_two_birth_dates_under_one_number_never_link(cif: CIF, steward: Actor) -> None:
    register(cif, steward, "1", birth_date="1990-03-07")
    assert register(cif, steward, "2", birth_date="1991-03-07").outcome is Outcome.POSSIBLE_MATCH


def test_two_different_numbers_never_link(cif: CIF, steward: Actor) -> None:
    register(cif, steward, "1")
    other = register(cif, steward, "2", identifiers=[{"scheme": "cn.resident_id", "number": OTHER_ID}])
    assert other.outcome in (Outcome.NEW, Outcome.POSSIBLE_MATCH)


def test_a_form_that_changes_nothing_is_in_the_log(cif: CIF, steward: Actor) -> None:
    """Its answer tells whose the source key is, as any other does."""
    first = register(cif, steward, "1")
    again = register(cif, steward, "1")
    assert (again.outcome, again.cif_no) == (Outcome.UNCHANGED, first.cif_no)
    told = [(one.action, one.outcome, one.rule) for one in cif.audit.who(first.cif_no, actor=AUDITOR)]
    assert told == [("register", "done", "new:new"), ("register", "done", "unchanged:repeat")]


def test_name_and_phone_alone_are_a_possible_match(cif: CIF, steward: Actor) -> None:
    register(cif, steward, "1")
    assert register(cif, steward, "2", identifiers=None).outcome is Outcome.POSSIBLE_MATCH


def test_a_phone_of_hundreds_is_no_ground_to_compare_and_it_is_said(cif: CIF, steward: Actor) -> None:
    hotline = "15400000000"
    for n in range(201):
        done = register(cif, steward, f"{n}", name=f"{'赵钱孙李周吴郑王冯陈'[n % 10]}{'一二三四五六七八九十'[n // 10 % 10]}", phone=hotline,
                        identifiers=None)  # fmt: skip
        assert done.capped == (() if n <= 50 else ("phone",)), "from fifty on not all of them were compared"
    done = register(cif, steward, "late", name="赵一", phone=hotline, identifiers=None)
    assert (done.outcome, done.capped) == (Outcome.NEW, ("phone",))
    other = register(cif, steward, "other", name="赵一", phone=hotline, identifiers=None, email="z@example.com")
    again = register(cif, steward, "again", name="赵一", phone=hotline, identifiers=None, email="z@example.com")
    assert again.outcome is Outcome.POSSIBLE_MATCH, "a narrower key still finds them"
    assert [one.cif_no for one in again.candidates] == [other.cif_no]


def test_a_customer_s_own_history_hides_nobody(cif: CIF, steward: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bankcif.flows._meet._LARGEST_BLOCK", 40)
    for n in range(50):
        register(cif, steward, "own", identifiers=None, birth_date="1990-03-07", occupation=str(n % 2 + 3))
    done = register(cif, steward, "twin", channel="card", identifiers=None, birth_date="1990-03-07")
    assert (done.outcome, done.capped) == (Outcome.POSSIBLE_MATCH, ())


def test_a_phone_of_sixty_hides_nobody_who_shares_more(cif: CIF, steward: Actor) -> None:
    first = register(cif, steward, "0", name="冯甲乙", identifiers=None, phone="15411111111", birth_date="1990-03-07")
    for n in range(60):
        name = f"{'赵钱孙李周吴郑王冯陈'[n % 10]}{'一二三四五六七八九十'[n // 10 % 10]}"
        register(cif, steward, f"s{n}", name=name, phone="15400000000", identifiers=None)
    done = register(
        cif, steward, "x", channel="card", name="冯甲乙", phone="15400000000", identifiers=None, birth_date="1990-03-07"
    )
    assert done.outcome is Outcome.POSSIBLE_MATCH
    assert first.cif_no in {one.cif_no for one in done.candidates}
    assert done.capped == ("phone",), "of those on the phone not all were compared"


@pytest.mark.parametrize("name", ["Иван Петров", "김민수", "ナカムラ"])
def test_names_of_other_scripts_are_found_by_name_and_birth_date(cif: CIF, steward: Actor, name: str) -> None:
    first = register(cif, steward, "1", name=name, identifiers=None, phone="15411111111", birth_date="1990-03-07")
    done = register(
        cif, steward, "2", channel="card", name=name, identifiers=None, phone="15422222222", birth_date="1990-03-07"
    )
    assert [one.cif_no for one in done.candidates] == [first.cif_no]


def test_a_fifteen_digit_number_links_to_its_eighteen_digit_form(cif: CIF, steward: Actor) -> None:
    first = register(cif, steward, "1")
    old = ID[:6] + ID[8:17]
    second = register(cif, steward, "2", identifiers=[{"scheme": "cn.resident_id", "number": old}])
    assert second.cif_no == first.cif_no


def test_the_same_source_key_is_the_same_customer_whatever_it_says(cif: CIF, steward: Actor) -> None:
    first = register(cif, steward, "1")
    second = register(cif, steward, "1", name="李娜", identifiers=None, phone="15400000001")
    assert (second.outcome, second.cif_no) == (Outcome.UPDATED, first.cif_no)


def test_the_same_form_again_changes_nothing(cif: CIF, steward: Actor) -> None:
    first = register(cif, steward, "1")
    before = cif.customers.get(first.cif_no, actor=steward, purpose=Purpose.SERVICE).version
    again = register(cif, steward, "1")
    assert (again.outcome, again.cif_no) == (Outcome.UNCHANGED, first.cif_no)
    assert cif.customers.get(first.cif_no, actor=steward, purpose=Purpose.SERVICE).version == before


def test_organizations_link_by_their_code(cif: CIF, steward: Actor) -> None:
    def company(name: str) -> Organization:
        made = party_from(
            {"name": name, "identifiers": [{"scheme": "cn.uscc", "number": "91350100M000100Y43"}]}, Organization
        )
        assert isinstance(made, Organization)
        return made

    first = cif.customers.register(
        company("恒瑞科技（星河）有限公司"), channel="counter", source_key="1", actor=steward
    )
    second = cif.customers.register(
        company("恒瑞科技星河有限责任公司"), channel="partner", source_key="1", actor=steward
    )
    third = cif.customers.register(company("瑞恒贸易有限公司"), channel="card", source_key="1", actor=steward)
    assert second.cif_no == first.cif_no
    assert third.outcome is Outcome.POSSIBLE_MATCH


def test_a_refused_form_names_every_fault_and_no_value(cif: CIF, steward: Actor) -> None:
    with pytest.raises(IntakeError) as caught:
        register(cif, steward, "1", name="张3", phone="1541234567")
    assert {(f.path, f.rule) for f in caught.value.faults} == {("$.name", "characters"), ("$.phone", "length")}
    assert "张3" not in str(caught.value)


def test_who_may_not_register_is_refused_and_audited(cif: CIF, steward: Actor) -> None:
    with pytest.raises(NotFoundOrNotAllowedError):
        register(cif, Actor(id="x"), "1")
    assert cif.audit.verify(actor=steward).entries == 2  # the founding, and the refusal


def test_candidates_are_told_only_to_those_who_may_decide_them(cif: CIF, steward: Actor) -> None:
    register(cif, steward, "1")
    teller = Actor(id="t", roles={"teller"}, branch="elsewhere")
    done = register(cif, teller, "2", identifiers=None)
    assert done.outcome is Outcome.POSSIBLE_MATCH
    assert done.candidates == ()
    assert done.task_id is not None


def test_candidates_are_told_only_to_those_who_may_see_them(cif: CIF, steward: Actor) -> None:
    """Threat 14: whoever may decide about matches in one branch does not learn who is a customer of another."""
    from tests.flows.test_browse import Under, grant, policy

    near = register(cif, steward, "1", home_branch="near").cif_no
    far = register(cif, steward, "2", home_branch="far", identifiers=None).cif_no
    linker = known(Actor(id="m.x", roles={"r"}, branch="near"))
    work = {"actions": ["register", "link"], "fields": [], "purposes": ["operations"]}
    sight = {"purposes": ["operations"], "fields": ["name"], "actions": ["view"]}
    for lines, expected in (
        ([], set()),
        ([grant("see", **sight, relations=["branch"])], {near}),
        ([grant("see", **sight, when="home_branch = 'far'")], {far}),
        ([grant("see", **sight)], {near, far}),
    ):
        with Under(cif, policy(grant("work", **work), *lines)):
            done = register(cif, linker, f"new-{len(lines)}{expected}", identifiers=None)
            assert (done.outcome, done.task_id is not None) == (Outcome.POSSIBLE_MATCH, True)
            assert {one.cif_no for one in done.candidates} & {near, far} == expected
            told = {cif_no for task in cif.matches.tasks(actor=linker, purpose=Purpose.OPERATIONS)
                    for cif_no in (task.cif_no, task.other)}  # fmt: skip
            assert told & {near, far} <= expected


class TestAttackThroughMatching:
    """Threat 10: a record with the victim's number and the attacker's phone."""

    def test_a_linked_partner_row_leaves_the_golden_phone_and_proposes(self, cif: CIF, steward: Actor) -> None:
        victim = register(cif, steward, "1")
        attack = register(cif, steward, "9", channel="partner", phone="15466666666")
        assert (attack.outcome, attack.cif_no) == (Outcome.LINKED, victim.cif_no)
        assert attack.proposed == ("phone",)
        assert clear(cif, steward, victim.cif_no, "phone")["phone"] == "+8615412345678"
        waiting = cif.approvals.waiting(actor=steward, purpose=Purpose.OPERATIONS)
        assert [(one.detail["field"], one.detail["source"]) for one in waiting] == [("phone", "partner")]

    def test_a_missing_phone_is_not_filled_by_a_stranger(self, cif: CIF, steward: Actor) -> None:
        victim = register(cif, steward, "1", phone=None, address="星河市长庚区银河路1号")
        attack = register(cif, steward, "9", channel="partner", phone="15466666666")
        assert attack.proposed == ("phone",)
        assert clear(cif, steward, victim.cif_no, "phone")["phone"] is None

    def test_delivering_twice_does_not_help(self, cif: CIF, steward: Actor) -> None:
        victim = register(cif, steward, "1")
        register(cif, steward, "9", channel="partner")
        register(cif, steward, "9", channel="partner", phone="15466666666")
        assert clear(cif, steward, victim.cif_no, "phone")["phone"] == "+8615412345678"

    def test_nor_does_moving_the_customer_to_the_attacker_s_branch(self, cif: CIF, steward: Actor) -> None:
        victim = register(cif, steward, "1")
        register(cif, steward, "9", channel="partner", home_branch="evil")
        assert clear(cif, steward, victim.cif_no, "home_branch")["home_branch"] == "b"

    def test_a_merge_keeps_the_survivor_s_phone(self, cif: CIF, steward: Actor, checker: Actor) -> None:
        victim = register(cif, steward, "1")
        attack = register(cif, steward, "9", channel="partner", name="张小明", phone="15466666666")
        proposal = cif.matches.propose_merge(victim.cif_no, attack.cif_no, actor=steward, reason="same person")
        cif.approvals.approve(proposal.id, actor=checker)
        assert clear(cif, steward, victim.cif_no, "phone", "name") == {"phone": "+8615412345678", "name": "张伟国"}

    def test_not_even_the_counter_changes_a_document_alone(self, cif: CIF, steward: Actor, checker: Actor) -> None:
        """D11: a change of ID is a key operation, and no configuration makes it another."""
        passport = [{"scheme": "passport", "number": "EC5838279"}]
        customer = register(cif, steward, "1")
        again = register(cif, steward, "1", identifiers=passport, phone="15477777777")
        assert (again.cif_no, again.proposed) == (customer.cif_no, ("identifiers",))
        shown = clear(cif, steward, customer.cif_no, "identifiers", "phone")
        assert ([one["scheme"] for one in shown["identifiers"]], shown["phone"]) == (
            ["cn.resident_id"],
            "+8615477777777",
        )
        (waiting,) = cif.approvals.waiting(actor=checker, purpose=Purpose.OPERATIONS)
        with pytest.raises(FourEyesError):
            cif.approvals.approve(waiting.id, actor=steward)
        cif.approvals.approve(waiting.id, actor=checker)
        changed = clear(cif, steward, customer.cif_no, "identifiers")["identifiers"]
        assert {one["scheme"] for one in changed} == {"passport", "cn.resident_id"}

    def test_no_source_is_trusted_with_documents(self, tables: ReferenceTables, keys: LocalKeyProvider) -> None:
        with pytest.raises(ConfigurationError, match="two persons") as caught:
            CIF(
                repository=MemoryRepository(), key_store=MemoryKeyStore(), keys=keys, tenant="t", tables=tables,
                trust={"counter": Terms(trust=90, may_change=frozenset({"phone", "identifiers"}))},
            )  # fmt: skip
        assert caught.value.rule == "two_persons"

    def test_the_bank_s_own_counter_changes_it(self, cif: CIF, steward: Actor) -> None:
        victim = register(cif, steward, "9", channel="partner")
        register(cif, steward, "1", phone="15477777777")
        assert clear(cif, steward, victim.cif_no, "phone")["phone"] == "+8615477777777"

    def test_an_approved_proposal_becomes_golden(self, cif: CIF, steward: Actor, checker: Actor) -> None:
        victim = register(cif, steward, "1")
        register(cif, steward, "9", channel="partner", phone="15466666666")
        waiting = cif.approvals.waiting(actor=steward, purpose=Purpose.OPERATIONS)
        assert cif.customers.get(victim.cif_no, actor=steward, purpose=Purpose.SERVICE).pending[0].field == "phone"
        cif.approvals.approve(waiting[0].id, actor=checker)
        assert clear(cif, steward, victim.cif_no, "phone")["phone"] == "+8615466666666"
        assert not cif.approvals.waiting(actor=steward, purpose=Purpose.OPERATIONS)

    def test_a_rejected_one_does_not(self, cif: CIF, steward: Actor, checker: Actor) -> None:
        victim = register(cif, steward, "1")
        register(cif, steward, "9", channel="partner", phone="15466666666")
        waiting = cif.approvals.waiting(actor=steward, purpose=Purpose.OPERATIONS)
        cif.approvals.reject(waiting[0].id, actor=checker)
        assert clear(cif, steward, victim.cif_no, "phone")["phone"] == "+8615412345678"

    def test_who_delivered_it_does_not_approve_it(self, cif: CIF, steward: Actor, checker: Actor) -> None:
        insider, other_id = (known(Actor(id=name, roles=ALL_ROLES, person="s.xu")) for name in ("s.xu", "s.xu2"))
        victim = register(cif, steward, "1")
        register(cif, insider, "9", channel="partner", phone="15466666666")
        (proposal,) = cif.approvals.waiting(actor=checker, purpose=Purpose.OPERATIONS)
        assert proposal.maker == "s.xu"
        for one in (insider, other_id):
            with pytest.raises(FourEyesError, match="two different people"):
                cif.approvals.approve(proposal.id, actor=one)
        assert clear(cif, steward, victim.cif_no, "phone")["phone"] == "+8615412345678"

    def test_a_proposal_keeps_its_maker_through_a_merge(self, cif: CIF, steward: Actor, checker: Actor) -> None:
        victim = register(cif, steward, "1")
        insider = known(Actor(id="s.xu", roles=ALL_ROLES, branch="b"))
        stranger = register(cif, insider, "9", channel="partner", identifiers=None, phone="15466666666")
        merged = cif.matches.propose_merge(victim.cif_no, stranger.cif_no, actor=steward, reason="same person")
        cif.approvals.approve(merged.id, actor=checker)
        (proposal,) = cif.approvals.waiting(actor=checker, purpose=Purpose.OPERATIONS)
        assert (proposal.detail["field"], proposal.maker) == ("phone", "s.xu")
        with pytest.raises(FourEyesError, match="two different people"):
            cif.approvals.approve(proposal.id, actor=insider)

    def test_a_proposal_falls_with_the_value_it_stood_beside(self, cif: CIF, steward: Actor, checker: Actor) -> None:
        victim = register(cif, steward, "1")
        register(cif, checker, "9", channel="partner", phone="15466666666")
        (first,) = cif.approvals.waiting(actor=steward, purpose=Purpose.OPERATIONS)
        register(cif, steward, "1", phone="15477777777")
        (second,) = cif.approvals.waiting(actor=steward, purpose=Purpose.OPERATIONS)
        assert first.id != second.id
        assert first.base != second.base
        with pytest.raises(FourEyesError, match="withdrawn before"):
            cif.approvals.approve(first.id, actor=steward)
        cif.approvals.approve(second.id, actor=steward)
        assert clear(cif, steward, victim.cif_no, "phone")["phone"] == "+8615466666666"
        actions = [one.action for one in cif.audit.who(victim.cif_no, actor=steward)]
        assert (actions.count("propose"), actions.count("withdraw")) == (2, 1)

    def test_a_value_that_became_golden_by_itself_is_proposed_no_more(
        self, cif: CIF, steward: Actor, checker: Actor
    ) -> None:
        register(cif, steward, "1")
        register(cif, checker, "9", channel="partner", phone="15466666666")
        register(cif, steward, "1", phone="15466666666")
        assert not cif.approvals.waiting(actor=steward, purpose=Purpose.OPERATIONS)

    def test_two_differing_values_wait_beside_each_other(self, cif: CIF, steward: Actor, checker: Actor) -> None:
        victim = register(cif, steward, "1")
        register(cif, checker, "8", channel="partner", phone="15466666666")
        register(cif, checker, "9", channel="partner", phone="15488888888")
        first, second = cif.approvals.waiting(actor=steward, purpose=Purpose.OPERATIONS)
        cif.approvals.approve(first.id, actor=steward)
        (again,) = cif.approvals.waiting(actor=steward, purpose=Purpose.OPERATIONS)
        assert again.detail == second.detail
        assert again.id != second.id
        cif.approvals.approve(again.id, actor=steward)
        phones = {"8": "+8615466666666", "9": "+8615488888888"}
        assert clear(cif, steward, victim.cif_no, "phone")["phone"] == phones[again.detail["source_key"]]


def test_card_numbers_rest_as_token_and_mask(cif: CIF, steward: Actor) -> None:
    card = "4111111111111111"
    done = register(cif, steward, "1", holdings=[{"product": "card", "scheme": "card", "number": card}])
    held = clear(cif, steward, done.cif_no, "holdings")["holdings"]
    assert held[0]["masked"] == "411111******1111"
    assert card not in str(held)


def test_a_number_that_was_never_given_is_not_found(cif: CIF, steward: Actor) -> None:
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.customers.get(CifNo("C0000000000000000"), actor=steward, purpose=Purpose.SERVICE)


@pytest.mark.parametrize("committed", [False, True])
def test_a_form_whose_answer_was_lost_with_the_connection_is_stored_once(
    cif: CIF, steward: Actor, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    waited: list[float] = []
    object.__setattr__(cif._desk, "wait", waited.append)
    repository = cif._repository
    real, lost = repository.unit_of_work, []

    @contextmanager
    def losing() -> Iterator[Any]:
        with real() as unit:
            commit = unit.commit

            def once() -> None:
                if not lost:
                    lost.append(1)
                    if committed:
                        commit()
                    raise StorageError("gone", rule=LOST)
                commit()

            monkeypatch.setattr(unit, "commit", once)
            yield unit

    monkeypatch.setattr(repository, "unit_of_work", losing)
    done = register(cif, steward, "1")
    assert (lost, waited) == ([1], [0.1])
    assert done.outcome is (Outcome.UNCHANGED if committed else Outcome.NEW)
    found = cif.customers.find(phone="15412345678", actor=steward, purpose=Purpose.SERVICE)
    assert [view.cif_no for view in found] == [done.cif_no]


def test_a_connection_that_stays_lost_is_told(cif: CIF, steward: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    object.__setattr__(cif._desk, "wait", waited.append)

    def gone() -> Any:
        raise StorageError("gone", rule=LOST)

    with monkeypatch.context() as patched, pytest.raises(StorageError, match="gone"):
        patched.setattr(cif._repository, "unit_of_work", gone)
        register(cif, steward, "1")
    assert waited == [0.1, 0.5, 2.0]
