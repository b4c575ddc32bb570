"""Tags: what somebody with a login, with the database, or with a wrong clock might try."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st
from tests.conftest import ALL_ROLES, insides, known
from tests.flows.test_audiences import CATALOGUE, MARKETER, MARKETING, PLAN, spec
from tests.flows.test_browse import Under
from tests.flows.test_register import register
from tests.flows.test_tags import FIRST, LOOSE, MANAGER, OFFICER, SECOND, SERVICE, STEWARD, names, publish, tag

from bankcif import CIF, Actor, Policy, Purpose
from bankcif._clock import FixedClock
from bankcif.access import default_policy
from bankcif.context import AuthContext
from bankcif.errors import AccessError, FourEyesError, InputError, NotFoundOrNotAllowedError, PolicyError
from bankcif.flows._portrait import looked_at
from bankcif.flows.audiences import told_steps
from bankcif.party import CifNo
from bankcif.storage.portrait_rows import PORTRAIT
from bankcif.tagging import Catalogue, TagKind, is_control

CHECKER = known(Actor(id="s.two", roles=ALL_ROLES, branch="b"))
KEEPER = known(Actor(id="c.fan", roles={"compliance", "privacy_officer"}))
UNTIL = date(2026, 12, 20)


@pytest.fixture
def founding_policy() -> Policy:
    return LOOSE


@pytest.fixture
def tagged(cif: CIF) -> CIF:
    publish(cif, FIRST)
    return cif


def said(cif: CIF, number: str, name: str, until: date = UNTIL, how: str = "say") -> None:
    getattr(cif.tags, how)(number, name, until=until, reason="r", actor=MANAGER, purpose=SERVICE)


def test_who_is_restricted_does_not_keep_renewing_busy(tagged: CIF, clock: FixedClock) -> None:
    done = register(tagged, STEWARD, "1", identifiers=None, birth_date="2008-12-01")
    other = register(tagged, STEWARD, "2", identifiers=None, birth_date="2008-12-02", phone="15499999999", name="李四")
    tagged.erasures.restrict(done.cif_no, reason="r", actor=KEEPER)
    clock.advance(timedelta(days=40))
    looks: list[int] = []
    assert tagged.tags.renew(actor=OFFICER, progress=looks.append) == 1
    assert looks[-1] <= 4
    assert "tag:adult" in names(tagged, other.cif_no)
    tagged.erasures.lift(done.cif_no, reason="r", actor=KEEPER)
    tagged.tags.renew(actor=OFFICER)
    assert "tag:adult" in names(tagged, done.cif_no)


def test_a_portrait_is_looked_at_before_its_day_and_on_it(tagged: CIF) -> None:
    leads = set()
    for n in range(2000):
        number, due = CifNo(f"C{n:016}"), date(2027, 3, 17)
        early = looked_at(tagged._desk, number, due, date(2026, 11, 24))
        leads.add((due - early).days)
        assert looked_at(tagged._desk, number, due, early) == due
    assert leads == set(range(28))
    assert looked_at(tagged._desk, CifNo("C"), date(2026, 11, 25), date(2026, 11, 24)) == date(2026, 11, 25)


def test_no_rule_speaks_of_one_customer(tagged: CIF) -> None:
    done = register(tagged, STEWARD, "1")
    wrong = Catalogue.of("2", tag("x", f"cif_no = '{done.cif_no}' and age >= 36"))
    for work in (
        lambda: tagged.tags.preview(wrong, actor=OFFICER),
        lambda: tagged.tags.propose(wrong, reason="r", actor=OFFICER),
    ):
        with pytest.raises(InputError, match="does not speak of customers' numbers"):
            work()


def test_counts_of_few_are_not_told_and_asking_is_capped(cif: CIF) -> None:
    publish(cif, CATALOGUE)
    for n in range(8):
        register(cif, STEWARD, str(n), identifiers=None, phone=f"1540000000{n}", name="王李张刘陈杨赵黄"[n] + "伟军", home_branch="bc"[n == 0],
                 birth_date=f"{1980 + n}-02-01")  # fmt: skip
    with Under(cif, Policy.from_document({**default_policy().document(), "basis": {}})):
        (change,) = [one for one in cif.tags.preview(Catalogue.of("2", tag("first", "birth_date < 1981-01-01")), actor=OFFICER).changes
                     if one.name == "tag:first"]  # fmt: skip
        assert (change.had, change.enter, change.leave) == (0, None, 0)
        asked: dict[str, Any] = {"actor": MARKETER, "purpose": MARKETING}
        assert cif.tags.count(["tag:far", "tag:adult", "tag:careful"], **asked) == {
            "": 8,
            "tag:far": None,
            "tag:adult": 8,
            "tag:careful": 0,
        }
        for one in (lambda: cif.tags.overlap("tag:far", "tag:adult", **asked),):
            with pytest.raises(AccessError, match="fewer than 5"):
                one()
        steps = cif.tags.audience(attrs.evolve(PLAN, control_share=0.0), actor=MARKETER)
        assert steps == (), "one is of another branch, which is not told by itself"
        few = attrs.evolve(PLAN, segment="tag:far", exclusions=())
        assert cif.tags.audience(few, actor=MARKETER) == ()
        with pytest.raises(AccessError, match="fewer than 5"):
            cif.exports.propose(spec(audience=few), reason="r", actor=MARKETER)
    capped = {**LOOSE.document(), "cap": {"report": {"per_hour": 2}, "catalogue": {"per_hour": 1}}}
    with Under(cif, Policy.from_document(capped)):
        for _ in range(2):
            cif.tags.count(["tag:far"], actor=known(Actor(id="k.two", roles={"marketing"})), purpose=MARKETING)
        with pytest.raises(AccessError):
            cif.tags.count(["tag:far"], actor=known(Actor(id="k.two", roles={"marketing"})), purpose=MARKETING)
        cif.tags.preview(CATALOGUE, actor=SECOND)
        with pytest.raises(AccessError):
            cif.tags.preview(CATALOGUE, actor=SECOND)


def test_an_audience_is_not_of_named_customers_and_its_control_group_is_nobodys_choice(cif: CIF) -> None:
    publish(cif, CATALOGUE)
    numbers = [
        register(cif, STEWARD, str(n), identifiers=None, phone=f"154000000{n:02}", name="王李张刘陈杨赵黄"[n % 8] + "伟军国强"[n // 8], birth_date=f"{1960 + n}-02-01").cif_no
        for n in range(30)
    ]  # fmt: skip
    with pytest.raises(InputError, match="not of customers who are named"):
        cif.exports.take(spec(cif_nos=(numbers[0],)), actor=MARKETER)
    # A name for which only one is drawn, by what everybody can compute.
    share = 0.02
    named = next(
        f"c{n}" for n in range(100_000) if [is_control(f"c{n}", one, share) for one in numbers] == [True] + [False] * 29
    )
    drawn = dict(
        cif.tags.audience(attrs.evolve(PLAN, campaign=named, exclusions=(), control_share=share), actor=MARKETER)
    )["control"]
    others = {
        dict(
            cif.tags.audience(
                attrs.evolve(PLAN, campaign=f"{named}{n}", exclusions=(), control_share=0.5), actor=MARKETER
            )
        )["control"]
        for n in range(5)
    }
    assert len(others) > 1
    assert drawn in range(-6, 1)


def test_what_a_customer_has_stands_nowhere_in_plain(tagged: CIF) -> None:
    done = register(tagged, STEWARD, "1")
    said(tagged, done.cif_no, "careful")
    names(tagged, done.cif_no)
    tagged.customers.customer360(done.cif_no, actor=MANAGER, purpose=SERVICE)
    tagged.tags.renew(actor=OFFICER, whole=True)
    data = insides(tagged)
    with tagged._repository.unit_of_work() as unit:
        bodies = [row.body for row in unit.trail.between(0, 2**62)]
    plain = [
        *bodies,
        *(
            repr(row).encode()
            for table in (data.sources, data.links, data.reasons, data.outbox, data.portraits)
            for row in table.rows.values()
        ),
    ]
    assert not [one for one in plain if b"careful" in one or b"tag:adult" in one or b"tag:local" in one]


def test_one_catalogue_stands_behind_two_that_came_at_once(tagged: CIF) -> None:
    rows = insides(tagged).catalogues.rows
    ((first, row),) = rows.items()
    rows["twin"] = attrs.evolve(row, id="twin", since=(row.since or 0) + 1)
    publish(tagged, Catalogue.of("2", tag("careful")))
    assert [one.version for one in rows.values() if one.until is None and one.since is not None] == ["2"]
    assert rows[first].until is not None


def test_a_word_that_another_overshadows_stands_again(tagged: CIF, clock: FixedClock) -> None:
    one = register(tagged, STEWARD, "1")
    two = register(tagged, STEWARD, "2", identifiers=None, phone="15499999999", name="李四", home_branch="b")
    said(tagged, one.cif_no, "careful", date(2026, 12, 20))
    said(tagged, two.cif_no, "careful", date(2026, 11, 28), "veto")
    merge = tagged.matches.propose_merge(one.cif_no, two.cif_no, actor=STEWARD, reason="r")
    tagged.approvals.approve(merge.id, actor=CHECKER)
    assert "tag:careful" not in names(tagged, one.cif_no)
    clock.advance(timedelta(days=5))
    assert "tag:careful" in names(tagged, one.cif_no)
    assert tagged.tags.renew(actor=OFFICER) == 1
    assert tagged.tags.renew(actor=OFFICER, whole=True) == 0


def test_an_older_portrait_that_was_put_back_is_found(tagged: CIF) -> None:
    done = register(tagged, STEWARD, "1")
    said(tagged, done.cif_no, "local", how="veto")
    data = insides(tagged)
    (latest,) = [
        key for key, row in data.golden.rows.items() if row.data_group == PORTRAIT and row.superseded_at is None
    ]
    del data.golden.rows[latest]
    before = (latest[0], latest[1], latest[2] - 1)
    data.golden.rows[before] = data.golden.rows[before]._replace(superseded_at=None)
    data.portraits.rows[done.cif_no] = attrs.evolve(data.portraits.rows[done.cif_no], version=before[2])
    assert "tag:local" in names(tagged, done.cif_no), "what was said rests in the portrait"
    assert tagged.tags.renew(actor=OFFICER, whole=True) == 1, "and in the record of its own"
    assert "tag:local" not in names(tagged, done.cif_no)


def test_whoever_decides_sees_what_was_proposed(tagged: CIF) -> None:
    other = Catalogue.of("2", tag("careful"), tag("rich", "aum > CNY 5"))
    made = tagged.tags.propose(other, reason="r", actor=OFFICER)
    assert tagged.tags.proposed(made.id, actor=SECOND).document() == other.document()
    for number, who in ((made.id, MANAGER), ("none", SECOND)):
        with pytest.raises(NotFoundOrNotAllowedError):
            tagged.tags.proposed(number, actor=who)
    waiting = tagged.exports.propose(spec(audience=attrs.evolve(PLAN, segment="tag:local", exclusions=("tag:careful",))),
                                     reason="r", actor=MARKETER) if register(tagged, STEWARD, "1") else None  # fmt: skip
    assert waiting is not None
    assert waiting.detail["audience"] == "tag:local without tag:careful; campaign spring, 50.00% left alone"


def test_what_was_approved_falls_with_the_policy_and_the_catalogue_it_stood_on(tagged: CIF) -> None:
    register(tagged, STEWARD, "1")
    plan = spec(audience=attrs.evolve(PLAN, segment="tag:local", exclusions=(), control_share=0.0))
    export = tagged.exports.propose(plan, reason="r", actor=MARKETER)
    tagged.approvals.approve(export.id, actor=CHECKER)
    publish(tagged, Catalogue.of("2", tag("local", "home_branch = 'b' and kind = 'individual'")))
    with pytest.raises(FourEyesError):
        tagged.exports.take(plan, actor=MARKETER, approval_id=export.id)
    made = tagged.tags.propose(Catalogue.of("3", tag("careful")), reason="r", actor=OFFICER)
    officer = known(Actor(id="o.teng", roles={"policy_officer"}))
    another = known(Actor(id="o.yun", roles={"policy_officer"}))
    change = tagged.policies.propose(
        Policy.from_document({**LOOSE.document(), "version": "stricter"}), reason="r", actor=officer
    )
    tagged.approvals.approve(change.id, actor=another)
    with pytest.raises(FourEyesError):
        tagged.approvals.approve(made.id, actor=SECOND)


def test_no_portrait_of_a_day_to_come_and_no_parts_of_what_is_masked(tagged: CIF, clock: FixedClock) -> None:
    done = register(
        tagged, STEWARD, "1", identifiers=None, birth_date="2008-12-01", aum={"amount": "600000", "currency": "CNY"}
    )
    for ahead in (timedelta(days=7), timedelta(days=2_000_000)):
        with pytest.raises(InputError, match="day to come"):
            tagged.tags.portrait(done.cif_no, at=clock.now() + ahead, actor=MANAGER, purpose=SERVICE)
    publish(
        tagged,
        Catalogue.of(
            "2",
            tag("rich_and_old", "aum >= CNY 500000 and age >= 90"),
            tag("rich", "aum >= CNY 500000"),
            tag("careful"),
        ),
    )
    with pytest.raises(NotFoundOrNotAllowedError):
        tagged.tags.why(done.cif_no, "tag:rich_and_old", actor=MANAGER, purpose=SERVICE)
    assert tagged.tags.why(done.cif_no, "tag:rich", actor=MANAGER, purpose=SERVICE).holds


def test_words_that_are_over_explain_nothing(tagged: CIF, clock: FixedClock) -> None:
    done = register(tagged, STEWARD, "1")
    said(tagged, done.cif_no, "careful", date(2026, 11, 25))
    clock.advance(timedelta(days=5))
    assert "segment:offer" in names(tagged, done.cif_no)
    assert tagged.tags.why(done.cif_no, "segment:offer", actor=MANAGER, purpose=SERVICE).holds


def test_a_later_word_counts_though_the_clock_was_set_back(tagged: CIF, clock: FixedClock) -> None:
    done = register(tagged, STEWARD, "1")
    said(tagged, done.cif_no, "local", how="veto")
    clock.advance(timedelta(hours=-1))
    assert tagged.tags.take_back(done.cif_no, "local", reason="r", actor=MANAGER, purpose=SERVICE)
    assert "tag:local" in names(tagged, done.cif_no)


def test_a_word_stands_only_where_the_tag_lets_it(tagged: CIF) -> None:
    done = register(tagged, STEWARD, "1")
    said(tagged, done.cif_no, "careful")
    tagged.tags.say(done.cif_no, "score", evidence="m-1", reason="r", actor=MANAGER, purpose=SERVICE)
    publish(tagged, Catalogue.of("2", tag("careful", "age >= 90"), tag("score"), tag("far", "home_branch != 'b'")))
    assert names(tagged, done.cif_no) == set()
    publish(tagged, Catalogue.of("3", tag("other")))
    assert not tagged.tags.take_back(done.cif_no, "careful", reason="r", actor=MANAGER, purpose=SERVICE), (
        "though the tag is gone"
    )
    publish(tagged, FIRST)
    assert "tag:careful" not in names(tagged, done.cif_no)
    assert "tag:score" in names(tagged, done.cif_no)


def test_a_veto_ends_and_is_ones_own_word(tagged: CIF) -> None:
    done = register(tagged, STEWARD, "1")
    with pytest.raises(InputError, match="3,660 days at most"):
        said(tagged, done.cif_no, "local", date.max, "veto")
    behalf = attrs.evolve(MANAGER, on_behalf_of="m.boss")
    with pytest.raises(InputError, match="one's own word"):
        tagged.tags.veto(done.cif_no, "local", until=UNTIL, reason="r", actor=behalf, purpose=SERVICE)
    with Under(tagged, default_policy()):
        publish(tagged, Catalogue.of("2", tag("sanction", "home_branch = 'b'", family="risk"), tag("careful")))
        with pytest.raises(NotFoundOrNotAllowedError):
            said(tagged, done.cif_no, "sanction", how="veto")


def test_what_was_said_of_who_is_erased_is_gone_from_whom_they_were_merged_with(tagged: CIF) -> None:
    one = register(tagged, STEWARD, "1")
    two = register(tagged, STEWARD, "2", identifiers=None, phone="15499999999", name="李四")
    said(tagged, two.cif_no, "careful")
    merge = tagged.matches.propose_merge(one.cif_no, two.cif_no, actor=STEWARD, reason="r")
    tagged.approvals.approve(merge.id, actor=CHECKER)
    apart = tagged.matches.propose_unmerge(two.cif_no, actor=STEWARD, reason="r")
    tagged.approvals.approve(apart.id, actor=CHECKER)
    view = tagged.tags.portrait(one.cif_no, actor=MANAGER, purpose=SERVICE)
    assert "tag:careful" in view.left
    tagged.erasures.restrict(two.cif_no, reason="r", actor=KEEPER)
    erase = tagged.erasures.propose(two.cif_no, reason="r", actor=KEEPER)
    tagged.approvals.approve(erase.id, actor=known(Actor(id="c.two", roles={"compliance", "privacy_officer"})))
    view = tagged.tags.portrait(one.cif_no, actor=MANAGER, purpose=SERVICE)
    assert "tag:careful" not in view.left
    assert {each.name for each in view.tags} >= {"tag:adult"}


def test_a_running_process_tells_an_older_catalogue_and_none(tagged: CIF, clock: FixedClock) -> None:
    rows = insides(tagged).catalogues.rows
    old = dict(rows)
    clock.advance(timedelta(days=1))
    publish(tagged, Catalogue.of("2", tag("careful")))
    assert tagged.tags.in_force is not None
    for state in (old, {}):
        rows.clear()
        rows.update(state)
        clock.advance(timedelta(minutes=1))
        with pytest.raises(PolicyError, match="not by two persons"):
            _ = tagged.tags.in_force


def test_a_catalogue_has_a_name_and_a_size(tagged: CIF) -> None:
    for version in ("", "1" * 65, "1\x1b[2J"):
        with pytest.raises(InputError, match="printable characters"):
            tagged.tags.propose(Catalogue.of(version, tag("careful")), reason="r", actor=OFFICER)
    many = Catalogue.of("2", *(tag(f"t{n}", kind=TagKind.IMPORTED) for n in range(1_001)))
    with pytest.raises(InputError, match="1,000 definitions"):
        tagged.tags.preview(many, actor=OFFICER)


def test_any_catalogue_of_before_can_come_back(tagged: CIF, clock: FixedClock) -> None:
    for version in ("2", "3"):
        clock.advance(timedelta(days=1))
        publish(tagged, Catalogue.of(version, tag("careful"), tag(f"t{version}", "age >= 18")))
    first = tagged.tags.published(actor=OFFICER)[0]
    back = tagged.tags.roll_back(first.proposal, reason="r", actor=OFFICER)
    tagged.approvals.approve(back.id, actor=SECOND)
    assert tagged.tags.in_force is not None
    assert tagged.tags.in_force.version == "1"
    with pytest.raises(InputError, match="no such catalogue"):
        tagged.tags.roll_back("none", reason="r", actor=OFFICER)


def test_who_publishes_catalogues_defines_no_policies() -> None:
    document = default_policy().document()
    both = {
        "id": "g",
        "roles": ["policy_officer"],
        "purposes": ["operations"],
        "actions": ["catalogue"],
        "fields": ["*"],
    }
    with pytest.raises(PolicyError, match="no role does both"):
        Policy.from_document({**document, "grant": [*document["grant"], both]})


def test_accounts_are_searched_by_nothing_else(cif: CIF) -> None:
    steward = attrs.evolve(STEWARD, auth=AuthContext(methods=("pwd",), assurance=1, at=cif._desk.clock.now()))
    for wrong in (
        {"account": ("", "")},
        {"account": ("", "9900880000000015")},
        {"account": ("card", "9900880000000015"), "birth_date": date(1990, 1, 1)},
    ):
        with pytest.raises(InputError):
            cif.customers.find(**wrong, actor=steward, purpose=Purpose.SERVICE)  # type: ignore[arg-type]


@given(st.lists(st.integers(0, 40), min_size=3, max_size=3), st.integers(0, 40), st.integers(0, 60), st.integers(1, 12))
def test_a_waterfall_tells_no_step_of_few_and_adds_up(out: list[int], control: int, addressed: int, k: int) -> None:
    ended = {**dict(zip(PLAN.exclusions, out, strict=True)), "control": control, "addressed": addressed, "": 7}
    told = told_steps(PLAN, ended, k)
    if told:
        (_, start), *steps, (_, last) = told
        assert start + sum(count for _, count in steps) == last == addressed
        assert start == sum(out) + control + addressed
        assert all(count == 0 or -count >= k for _, count in steps)
        assert last == 0 or last >= k
    else:
        assert 0 < addressed < k or sum(n for n in (*out, control) if n < k) > 0
