"""Laws of data quality: a run over what changed comes to the same as one over everybody, and planted defects are found."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from tests.conftest import NOW
from tests.flows.test_erase import EVERY_CONCERN
from tests.flows.test_quality import ASK, SECOND, STEWARD, asking
from tests.flows.test_register import form, register

from bankcif import CIF, LocalKeyProvider, MemoryKeyStore, MemoryRepository, Purpose
from bankcif._clock import FixedClock
from bankcif.errors import BankCIFError
from bankcif.flows.change import ChangeSet
from bankcif.identifiers import check_character
from bankcif.merging import Assurance
from bankcif.quality import Finding
from bankcif.testing import synthetic_tables

TABLES = synthetic_tables()
PEOPLE = ("赵云飞", "钱学礼", "孙大圣", "李时珍", "周树人")
PHONES = ("15412340001", "15412340002", None)
some = st.integers(0, len(PEOPLE) - 1)
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("deliver"), some, st.sampled_from(PHONES), st.sampled_from(["1", "8", None])),
        st.tuples(st.just("change"), some, st.sampled_from(["phone", "occupation"]), st.sampled_from(["15412340001", "15412340009", None, "1"])),
        st.tuples(st.just("confirm"), some, st.just("phone"), st.booleans()),
        st.tuples(st.just("merge"), some, some, st.none()),
        st.tuples(st.just("unmerge"), some, st.none(), st.none()),
        st.tuples(st.just("accept"), some, st.just("occupation_there"), st.integers(1, 400)),
        st.tuples(st.just("dismiss"), some, st.just("occupation_there"), st.none()),
        st.tuples(st.just("restrict"), some, st.none(), st.none()),
        st.tuples(st.just("wait"), st.integers(1, 400), st.none(), st.none()),
        st.tuples(st.just("run"), st.just(0), st.none(), st.none()),
    ),
    max_size=14,
)  # fmt: skip


def made(clock: FixedClock) -> CIF:
    return CIF(
        repository=MemoryRepository(), tenant="t", keys=LocalKeyProvider.generate(), key_store=MemoryKeyStore(), tables=TABLES,
        clock=clock, policy=asking(),
    )  # fmt: skip


def deliver(cif: CIF, person: int, phone: str | None, occupation: str | None) -> None:
    register(
        cif, STEWARD, f"k{person}", name=PEOPLE[person], identifiers=None, phone=phone, email="a@qq.com" if phone is None else None,
        birth_date=f"19{70 + person}-01-0{person + 1}", occupation=occupation,
    )  # fmt: skip


def happen(cif: CIF, clock: FixedClock, numbers: dict[int, str], event: tuple[Any, ...]) -> None:
    what, who, one, other = event
    if what == "wait":
        clock.advance(timedelta(days=who))
        return
    if what == "run":
        cif.quality.run(**ASK)
        return
    if what == "deliver":
        deliver(cif, who, one, other)
        return
    why = {"reason": "so it is", **ASK}
    cif_no = numbers[who]
    if what == "change":
        waits = cif.changes.make(cif_no, ChangeSet(values={one: other}, code="correction", text="so it is"), **ASK)
        if waits.approval:
            cif.approvals.approve(waits.approval, actor=SECOND)
    elif what == "confirm":
        cif.verifications.record(
            cif_no, [one], method="operator", level=Assurance.LOW, evidence="call", confirmed=other, **ASK
        )
    elif what == "merge":
        merge = cif.matches.propose_merge(cif_no, numbers[one], accept=EVERY_CONCERN, reason="one", actor=STEWARD)
        cif.approvals.approve(merge.id, actor=SECOND)
    elif what == "unmerge":
        cif.approvals.approve(cif.matches.propose_unmerge(cif_no, reason="two", actor=STEWARD).id, actor=SECOND)
    elif what == "accept":
        cif.quality.accept(cif_no, one, cif._desk.today() + timedelta(other), **why)
    elif what == "dismiss":
        cif.quality.dismiss(cif_no, one, reason="so it is", actor=SECOND, purpose=Purpose.OPERATIONS)
    else:
        cif.erasures.restrict(cif_no, reason="asked", actor=STEWARD, purpose=Purpose.COMPLIANCE)


def kept(cif: CIF) -> tuple[Any, ...]:
    with cif._desk.repository.unit_of_work() as unit:
        sheets = [(row.cif_no, row.detail, row.book) for row in unit.sheets.page("", 99)]
        findings = [
            (row.cif_no, row.rule, row.number, row.state, row.until) for row in unit.findings.page(("", "", 0), 999)
        ]
    return sheets, findings, cif.quality.figures(**ASK), cif.quality.figures("staff", **ASK)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(events=EVENTS)
def test_a_run_over_what_changed_comes_to_the_same_as_one_over_everybody(events: list[tuple[Any, ...]]) -> None:
    clock = FixedClock(NOW)
    with made(clock) as cif:
        for person in range(len(PEOPLE)):
            deliver(cif, person, "15412340001", None)
        with cif._desk.repository.unit_of_work() as unit:
            numbers = {
                int(link.source_key[1:]): str(link.home)
                for link in unit.crosswalk.all_current()
                if link.source_key.startswith("k")
            }
        cif.quality.run(**ASK)
        for event in events:
            try:
                happen(cif, clock, numbers, event)
            except BankCIFError:
                continue  # what cannot be done is refused, and changes nothing
        cif.quality.run(**ASK)
        once = kept(cif)
        again = cif.quality.run(**ASK)
        assert (again.looked_at, again.opened, again.ended) == (0, 0, 0)
        whole = cif.quality.run(whole=True, **ASK)
        assert (whole.opened, whole.ended) == (0, 0)
        assert kept(cif) == once


def number_of(year: int, order: int) -> str:
    first = f"330106{year}0307{order:03d}"
    return first + check_character(first)


def planted(cif: CIF) -> dict[str, set[str]]:
    """A hundred and twenty customers as they should be, of whom some have one defect each; who has which, by rule."""
    found: dict[str, set[str]] = {}
    surnames, given_names = "赵钱孙李周吴郑王冯陈", "梅兰竹菊松柏枫桐槐榆杨柳"
    defects: dict[int, tuple[str, dict[str, Any]]] = {
        1: ("occupation_there", {"occupation": None}), 2: ("phone_no_filler", {"phone": "15412345678"}),
        3: ("sex_as_in_document", {"sex": "2"}), 4: ("address_understood", {"address": "文三路1号"}),
        5: ("email_no_typo", {"email": "li@gmial.com"}), 6: ("document_not_expired", {"until": "2020-01-01"}),
        7: ("pinyin_as_name", {"pinyin_name": "ZHANG SAN"}), 8: ("nationality_there", {"nationality": None}),
        9: ("child_no_credit child_has_guardian", {"year": 2014, "holdings": [{"product": "mortgage", "status": "open", "opened_on": "2024-01-01"}]}),
        10: ("holding_dates", {"holdings": [{"product": "fund", "status": "closed", "opened_on": "2024-02-01", "closed_on": "2024-01-01"}]}),
        11: ("address_detailed", {"address": "浙江省杭州市西湖区"}), 12: ("no_bounces", {"bounces": 4}),
        13: ("manager_of_wealth", {"aum": {"amount": "900000", "currency": "CNY"}, "manager": None}),
        14: ("risk_grade_dated", {"investment_grade_until": None}),
    }  # fmt: skip
    shared = range(20, 26)
    for n in range(120):
        rule, said = defects.get(n % 40, ("", {}))
        more = {**said}
        year = more.pop("year", 1970 + n % 30)
        number = number_of(year, 3 + 2 * n)  # odd, of a man
        values: dict[str, Any] = {
            "name": surnames[n % 10] + given_names[n // 10] + surnames[(n * 7 + 3) % 10], "sex": "1", "nationality": "CN", "occupation": "1",
            "identifiers": [{"scheme": "cn.resident_id", "number": number, "valid_until": more.pop("until", "2040-01-01")}],
            "birth_date": f"{year}-03-07", "phone": "15412300000" if n in shared else f"154123{46000 + n}",
            "address": f"浙江省杭州市西湖区文三路{n + 1}号", "tax_residence": "CN", "aml_class": "low", "employer": "某某公司", "manager": "m.li",
            "customer_since": "2024-01-01", "investment_grade": "C2", "investment_grade_until": "2027-06-01", "last_reached_on": "2026-10-01",
            "interactions": [{"channel": "branch", "type": "visit", "on": "2024-01-01"}],
            **more,
        }  # fmt: skip
        cif_no = delivered(cif, f"p{n}", values)
        if n % 40 == 15:
            cif.changes.make(
                cif_no, ChangeSet(values={"customer_since": "1960-01-01"}, code="correction", text="typed"), **ASK
            )
            for rule in (
                "days_after_birth",
                "review_in_time",
            ):  # who came so long ago would have been reviewed long ago
                found.setdefault(rule, set()).add(cif_no)
        for each in rule.split():
            found.setdefault(each, set()).add(cif_no)
        if n in shared:
            found.setdefault("phone_of_few", set()).add(cif_no)
    alike = {
        "name": "欧阳修文", "sex": "1", "birth_date": "1980-05-05", "nationality": "CN", "occupation": "1", "identifiers": None, "phone": "15412399999",
        "address": "浙江省杭州市西湖区文三路999号", "tax_residence": "CN", "aml_class": "low", "employer": "某某公司", "customer_since": "2026-11-01",
    }  # fmt: skip
    twins = {delivered(cif, f"twin{n}", alike) for n in range(2)}
    assert len(twins) == 2, "nothing but a person says that they are one"
    found["no_possible_duplicate"] = found["identifiers_there"] = twins
    return found


def delivered(cif: CIF, key: str, values: dict[str, Any]) -> str:
    """Who came by a source that says when it knew."""
    said = {
        "channel": "counter",
        "source_key": key,
        "actor": STEWARD,
        "occasion": "lead",
        "business_time": NOW - timedelta(days=10),
    }
    return str(cif.customers.register(form(**values), **said).cif_no)


def test_planted_defects_are_found_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    """Recall and precision of each rule, over customers who have one defect each or none; printed."""
    with made(FixedClock(NOW)) as cif:
        wanted = planted(cif)
        cif.quality.run(**ASK)
        found: dict[str, set[str]] = {}
        kinds: set[Finding] = set()
        for rule in cif._desk.quality.names:
            for one in cif.quality.findings(rule=rule, limit=500, **ASK):
                found.setdefault(one.rule, set()).add(str(one.cif_no))
                kinds.add(one.kind)
    with capsys.disabled():
        print()  # noqa: T201 (kept in the docs)
        for rule in sorted(wanted.keys() | found.keys()):
            who, told = wanted.get(rule, set()), found.get(rule, set())
            recall, precision = (len(who & told) / len(one) if one else 1 for one in (who, told))
            print(f"  {rule:<24} recall {recall:.2f}  precision {precision:.2f}  of {len(told)}")  # noqa: T201
    assert found == wanted, "by none of all the rules is anybody found who has no defect"
    assert kinds == set(Finding) - {Finding.REPORTED}
