"""Reports of the store: by what the policy shows, of whom it is about, logged, and never of fewer than it lets be told."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import attrs
import pytest
from tests.conftest import ALL_ROLES, NOW, known
from tests.flows.test_register import register
from tests.flows.test_tags import LOOSE, OFFICER, publish, tag

from bankcif import CIF, Actor, Policy, Purpose
from bankcif._canonical import dumps, sha256
from bankcif._clock import FixedClock
from bankcif.analytics import ABSENT, Dimension, Measure, ModelCard, ReportSpec, Scorecard, ScoreItem
from bankcif.errors import AccessError, InputError, NotFoundOrNotAllowedError
from bankcif.tagging import Catalogue, TagKind

STEWARD = known(Actor(id="s.wu", roles=ALL_ROLES, branch="b"))
ANALYST = known(Actor(id="a.na", roles={"analyst"}))
ASK: dict[str, Any] = {"actor": ANALYST, "purpose": Purpose.ANALYTICS}
MANY = 12


def reporting(**more: Any) -> Policy:
    document = LOOSE.document()
    mine = {"id": "figures", "roles": ["analyst"], "purposes": ["analytics"], "actions": ["report"], "profile": "counted",
            "fields": ["*", "tag:*", "segment:*"], **more}  # fmt: skip
    grants = [one for one in document["grant"] if "analyst" not in one["roles"]]
    return Policy.from_document({**document, "grant": [*grants, mine], "version": "reporting"})


@pytest.fixture
def founding_policy() -> Policy:
    return reporting()


@pytest.fixture
def many(cif: CIF) -> list[str]:
    """Twelve persons: eight men of one branch, four women of another."""
    return [
        str(
            register(
                cif, STEWARD, f"k{n}", name=f"王{chr(0x4E00 + n)}", phone=f"154000000{n:02}", identifiers=None, sex="1" if n < 8 else "2",
                home_branch="b" if n < 8 else "c", birth_date=f"19{60 + n}-05-05", aum={"amount": f"{n}000.00", "currency": "CNY"},
                holdings=[{"product": "fund", "balance": {"amount": "10.00", "currency": "CNY"}}] if n % 2 else None,
            ).cif_no
        )
        for n in range(MANY)
    ]  # fmt: skip


def spec(*dimensions: Dimension, k: int = 1, **more: Any) -> ReportSpec:
    return ReportSpec(
        **{"name": "r", "dimensions": dimensions, "measures": [Measure(name="customers")], "k": k, **more}
    )


SEX = Dimension(name="sex", of="sex")


def counts(report: Any, measure: str = "customers") -> dict[Any, Any]:
    return {place: figures[measure] and figures[measure].numerator for place, figures in report.rows(sums=True)}


def entries(cif: CIF, action: str) -> list[dict[str, Any]]:
    with cif._repository.unit_of_work() as unit:
        found = [json.loads(row.body) for row in unit.trail.between(0, 2**63 - 1)]
    return [one for one in found if one["action"] == action]


def test_figures_of_the_store(cif: CIF, many: list[str]) -> None:
    assert len(many) == MANY
    assert counts(cif.reports.make(spec(SEX), **ASK)) == {("1",): 8, ("2",): 4, (None,): 12}
    mean = Measure(name="mean", kind="mean", of="aum", currency="CNY")
    found = cif.reports.make(spec(SEX, measures=[mean]), **ASK)
    figure = found.figure("mean", sex="2")
    assert figure is not None
    assert (figure.numerator, figure.denominator) == (38_000_00, 4)
    of_funds = spec(
        Dimension(name="product", of="product"),
        over="holdings",
        measures=[Measure(name="customers"), Measure(name="held", kind="rows")],
    )
    assert counts(cif.reports.make(of_funds, **ASK)) == {("fund",): 6, (None,): 6}
    by_age = spec(Dimension(name="age", of="age", bands=[60]))
    assert counts(cif.reports.make(by_age, **ASK)) == {("<60",): 5, ("60+",): 7, (None,): 12}, "as of 2026-11-24"


def test_a_report_of_the_library_by_its_name(cif: CIF, many: list[str]) -> None:
    found = cif.reports.make("customers_by_life_cycle", **ASK)
    figure = found.figure("customers")
    assert figure is not None
    assert figure.numerator == len(many) == MANY
    assert found.k == 5
    with pytest.raises(InputError, match="there are customers_by_sex_and_age"):
        cif.reports.make("nothing", **ASK)
    assert "products_held" in cif.reports.book.reports


def test_tags_are_dimensions_where_the_policy_names_them(cif: CIF, many: list[str]) -> None:
    publish(cif, Catalogue.of("1", tag("rich", "aum >= CNY 6000")))
    cif.tags.renew(actor=OFFICER)
    rich = spec(Dimension(name="rich", rules={"rich": "tag('rich')"}))
    assert counts(cif.reports.make(rich, **ASK)) == {("rich",): 6, ("",): 6, (None,): 12}
    with pytest.raises(InputError, match="no tag:poor"):
        cif.reports.make(spec(Dimension(name="poor", rules={"poor": "tag('poor')"})), **ASK)
    assert many


def test_the_log_names_the_report_and_no_value(cif: CIF, many: list[str]) -> None:
    asked = spec(SEX, where="home_branch = 'b'")
    cif.reports.make(asked, **ASK)
    (entry,) = entries(cif, "report")
    assert (entry["actor"], entry["count"], set(entry["fields"])) == ("a.na", 8, {"sex", "home_branch"})
    assert entry["rule"].startswith("r,")
    assert "as_of:2026-11-24,k:1,withheld:0" in entry["rule"]
    assert "'b'" not in str(entry)
    assert not any(number in str(entry) for number in many)


@pytest.mark.parametrize("founding_policy", [reporting(least_k=6)])
def test_the_policy_may_ask_for_more(cif: CIF, many: list[str], founding_policy: Policy) -> None:
    assert founding_policy.version == "reporting"
    found = cif.reports.make(spec(SEX), **ASK)
    assert counts(found) == {("1",): None, ("2",): None, (None,): 12}
    assert found.k == 6
    with pytest.raises(AccessError, match="fewer than 6") as refused:
        cif.reports.make(spec(SEX, where="sex = '2'"), **ASK)
    assert refused.value.__context__ is None
    assert [one["rule"] for one in entries(cif, "report") if one["outcome"] == "refused"] == ["k_anonymity"]
    assert many


@pytest.mark.parametrize("founding_policy", [reporting(fields=["sex", "home_branch"])])
def test_a_dimension_that_the_policy_does_not_show_is_refused(
    cif: CIF, many: list[str], founding_policy: Policy
) -> None:
    assert counts(cif.reports.make(spec(SEX), **ASK))[(None,)] == MANY
    for wrong in (
        spec(Dimension(name="job", of="occupation")),
        spec(SEX, where="aum > CNY 5"),
        spec(SEX, over="holdings"),
    ):
        with pytest.raises(NotFoundOrNotAllowedError):
            cif.reports.make(wrong, **ASK)
    assert many
    assert founding_policy


@pytest.mark.parametrize("founding_policy", [reporting(profile="analyst")])
def test_what_is_shown_in_part_is_no_matter_of_rules(cif: CIF, many: list[str], founding_policy: Policy) -> None:
    with pytest.raises(InputError, match="only in part"):
        cif.reports.make(spec(Dimension(name="age", of="age", bands=[60])), **ASK)
    by_year = spec(Dimension(name="born", of="birth_date", by="year"))
    assert len(cif.reports.make(by_year, **ASK).levels["born"]) == MANY
    assert many
    assert founding_policy


@pytest.mark.parametrize("founding_policy", [reporting(when="home_branch = 'b'")])
def test_only_whom_the_grant_is_about_is_counted(cif: CIF, many: list[str], founding_policy: Policy) -> None:
    assert counts(cif.reports.make(spec(SEX), **ASK)) == {("1",): 8, (None,): 8}
    assert many
    assert founding_policy


def test_who_may_not_report_is_refused_and_nobody_there_is_told(cif: CIF) -> None:
    with pytest.raises(InputError, match="nobody is counted"):
        cif.reports.make(spec(SEX), **ASK)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.reports.make(spec(SEX), actor=known(Actor(id="t", roles={"teller"})), purpose=Purpose.ANALYTICS)
    with pytest.raises(InputError, match="a day to come"):
        cif.reports.make(spec(SEX), as_of=date(2999, 1, 1), **ASK)


def test_movement_between_two_days(cif: CIF, many: list[str], clock: FixedClock) -> None:
    clock.advance(timedelta(days=10))
    form = cif.customers.get(many[0], actor=STEWARD, purpose=Purpose.OPERATIONS)
    assert form is not None
    register(
        cif,
        STEWARD,
        "k0",
        name="王一",
        phone="15400000000",
        identifiers=None,
        sex="1",
        home_branch="c",
        birth_date="1960-05-05",
    )
    register(cif, STEWARD, "new", name="赵六", phone="15411111111", identifiers=None, sex="2", home_branch="c")
    along = spec(Dimension(name="branch", of="home_branch"))
    found = cif.reports.movement(along, since=NOW.date(), **ASK)
    assert counts(found)[ABSENT, "c"] == 1
    assert (counts(found)["b", "b"], counts(found)["c", "c"], counts(found)["b", "c"]) == (7, 4, 1)
    assert (found.since, found.as_of) == (NOW.date(), NOW.date() + timedelta(days=10))
    with pytest.raises(InputError, match="nobody is counted"):
        cif.reports.movement(along, since=date(2020, 1, 1), **ASK)


def test_a_page_a_workbook_and_a_table(cif: CIF, many: list[str]) -> None:
    made = [
        cif.reports.make(spec(SEX, zh="性别结构", en="By sex", k=2), **ASK),
        cif.reports.make("customers_by_life_cycle", **ASK),
    ]
    html = cif.reports.page(made, language="zh")
    assert "性别结构" in html
    assert "男" in html
    assert "截至 2026-11-24，统计 12 位客户" in html
    assert cif.reports.page(made, title="我的报表").count("我的报表") == 2
    assert cif.reports.workbook(made, language="en")[:2] == b"PK"
    lines = cif.reports.csv(made[0], language="en").splitlines()
    assert lines[0].startswith("# By sex 2026-11-24")
    assert lines[1:] == [
        "Sex,customers,customers Numerator,customers Denominator",
        "male,8,8,12",
        "female,4,4,12",
        "all,12,12,12",
    ]
    assert many


def test_the_portfolio_says_what_is_not_shown_and_why(cif: CIF, many: list[str]) -> None:
    publish(cif, Catalogue.of("1", tag("rich", "aum >= CNY 6000")))
    cif.tags.renew(actor=OFFICER)
    pages = cif.reports.portfolio(language="zh", **ASK)
    index = pages["index.html"]
    assert {"customers_by_sex_and_age.html", "customers_by_value.html"} <= pages.keys()
    assert "rich" in index
    assert index.count("未显示：客户数不足") >= 2, "of transactions and interactions there are none"
    assert "未显示：生效的标签目录中没有所需标签" in index, "the tiers"
    assert not any(number in page for page in pages.values() for number in many)
    assert any(one["action"] == "report" for one in entries(cif, "report"))
    assert "未显示：尚未运行质量规则" in index
    assert "quality.html" not in pages
    cif.quality.run(actor=STEWARD, purpose=Purpose.OPERATIONS)
    pages = cif.reports.portfolio(language="en", **ASK)
    (section,) = [one for one in pages["index.html"].split("<section")[1:] if "Data quality</h2>" in one]
    assert 'href="quality.html"' in section
    assert "Completeness" in section
    assert 'href="index.html"' in pages["quality.html"]


def chiefly() -> Policy:
    """Two who count may publish models and have them speak, and the analyst may only count."""
    document = reporting().document()
    chief = {
        "id": "chief", "roles": ["chief"], "purposes": ["analytics", "operations"], "actions": ["report", "catalogue", "tag"], "fields": ["*", "tag:*", "segment:*"],
        "clear": ["sex"], "profile": "counted",
    }  # fmt: skip
    return Policy.from_document({**document, "grant": [*document["grant"], chief], "version": "chiefly"})


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("founding_policy", [chiefly()])
def test_the_portfolio_tells_what_models_say_and_who_may_read_of_them(cif: CIF, founding_policy: Policy) -> None:
    assert founding_policy
    chief, other = (known(Actor(id=name, roles={"chief"})) for name in ("c.shi", "c.gao"))
    publish(cif, Catalogue.of("1", tag("leaving", kind=TagKind.MODEL), tag("rich", "aum >= CNY 6000")))
    cif.tags.renew(actor=OFFICER)
    assert "未显示：没有产生标签的模型" in cif.reports.portfolio(language="zh", **ASK)["index.html"]
    card = ModelCard(
        name="churn", version="7", zh="流失", en="Churn", use="Who is called first.", limits="None known.", owner="o", until=date(2027, 6, 1), code="0", tag="leaving",
        least=1, model=Scorecard(name="churn", version="7", items=[ScoreItem(code="M", when="sex = '1'", points=1, zh="男", en="male")]),
    )  # fmt: skip
    cif.approvals.approve(cif.scoring.propose(card, reason="r", actor=chief).id, actor=other)
    cif.scoring.run("churn", actor=chief, purpose=Purpose.ANALYTICS)
    for actor, linked in ((ANALYST, False), (chief, True)):
        pages = cif.reports.portfolio(language="en", actor=actor, purpose=Purpose.ANALYTICS)
        (section,) = [one for one in pages["index.html"].split("<section")[1:] if "What models say" in one]
        assert ">8<" in section, "eight men may leave"
        assert ("rich" in section, "rich" in pages["index.html"]) == (False, True)
        assert ("Churn 7" in section, "2027-06-01" in section, 'href="models.html"' in section) == (linked,) * 3
        assert ("models.html" in pages) is linked
    assert "Who is called first." in pages["models.html"]
    assert {one["outcome"] for one in entries(cif, "models")} == {"done"}, (
        "who may not read of them was not refused, but not told"
    )


@pytest.mark.parametrize("founding_policy", [reporting(least_k=6)])
def test_nobody_is_told_apart_by_what_is_refused(cif: CIF, many: list[str], founding_policy: Policy) -> None:
    answers = set()
    for where in ("birth_date = 1967-05-05", "birth_date = 1999-05-05", "birth_date = 1967-05-05 and aum >= CNY 1"):
        with pytest.raises(AccessError) as refused:
            cif.reports.make(spec(SEX, where=where), **ASK)
        answers.add((type(refused.value), str(refused.value), refused.value.rule))
    assert len(answers) == 1
    assert founding_policy
    assert many


def capped() -> Policy:
    document = reporting().document()
    return Policy.from_document(
        {**document, "cap": {**document.get("cap", {}), "report": {"per_hour": 2}}, "version": "capped"}
    )


@pytest.mark.parametrize("founding_policy", [capped()])
def test_refused_reports_count_against_the_cap(cif: CIF, many: list[str], founding_policy: Policy) -> None:
    for _ in range(2):
        with pytest.raises(AccessError, match="fewer than 5"):
            cif.reports.make(spec(SEX, where="birth_date = 1967-05-05", k=5), **ASK)
    with pytest.raises(AccessError, match="in this hour"):
        cif.reports.make(spec(SEX), **ASK)
    assert founding_policy
    assert many


@pytest.mark.parametrize("founding_policy", [capped()])
def test_so_do_those_that_are_refused_for_another_reason(cif: CIF, many: list[str], founding_policy: Policy) -> None:
    for _ in range(2):  # where one customer may be told of, that there is none is told as such
        with pytest.raises(InputError, match="no customers are counted") as refused:
            cif.reports.make(spec(SEX, where="birth_date = 1901-05-05"), **ASK)
        assert refused.value.__context__ is None
    with pytest.raises(AccessError, match="in this hour"):
        cif.reports.make(spec(SEX), **ASK)
    assert founding_policy
    assert many


def test_reports_tell_nothing_of_the_other_ones_of_relations_where_k_counts(cif: CIF, many: list[str]) -> None:
    of_others = Measure(name="female", kind="share", of="other_sex = '2'")
    with pytest.raises(InputError, match="other ones of relations"):
        cif.reports.make(spec(over="relationships", measures=[of_others], k=5), **ASK)
    assert many


def test_the_log_knows_a_report_by_a_keyed_digest(cif: CIF, many: list[str]) -> None:
    asked = spec(SEX, where="birth_date != 1967-05-05")
    cif.reports.make(asked, **ASK)
    (entry,) = entries(cif, "report")
    assert sha256("bankcif/v1/report", dumps(attrs.asdict(asked))).hex()[:16] not in entry["rule"]
    assert many


def test_a_movement_as_a_table(cif: CIF, many: list[str], clock: FixedClock) -> None:
    clock.advance(timedelta(days=1))
    found = cif.reports.movement("customers_by_tenure", since=NOW.date(), **ASK)
    lines = cif.reports.csv(found, language="en").splitlines()
    assert lines[1].startswith("Tenure 2026-11-24,Tenure 2026-11-25,Customers,Customers Numerator")
    assert len(lines) > 2
    assert many
