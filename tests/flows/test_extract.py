"""Extracting columns: as rules see them, by pseudonyms, what the policy shows and no more, now and as of a day."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import attrs
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from tests.conftest import ALL_ROLES, known
from tests.flows.test_erase import EVERY_CONCERN
from tests.flows.test_register import register
from tests.flows.test_tags import LOOSE, OFFICER, publish, segment, tag

from bankcif import CIF, Actor, Policy, Purpose
from bankcif._clock import FixedClock
from bankcif.access import MaskProfiles, default_profiles
from bankcif.analytics import KEY, Snapshot, manifest_of
from bankcif.errors import (
    AccessError,
    FileError,
    InputError,
    KeyMissingError,
    NotFoundOrNotAllowedError,
    PolicyError,
)
from bankcif.flows import _extracted, extract as flow
from bankcif.party import ConsentUse, Organization, RelationKind, party_from
from bankcif.rules import OTHER, days, opened_record, opened_schema, reader_of, row_fields, row_reader
from bankcif.tagging import Catalogue

ANALYTICS, OPERATIONS = Purpose.ANALYTICS, Purpose.OPERATIONS
STEWARD = known(Actor(id="s.wu", roles=ALL_ROLES, branch="b"))
SECOND = known(Actor(id="s.two", roles=ALL_ROLES, branch="hq"))
ANALYST = known(Actor(id="a.na", roles={"analyst"}))
ASK: dict[str, Any] = {"actor": ANALYST, "purpose": ANALYTICS}
TODAY = date(2026, 11, 24)
HOLDINGS = [
    {"product": "fund", "opened_on": "2024-01-01", "balance": {"amount": "1000.50", "currency": "CNY"}, "scheme": "card", "number": "9900880000000007"},
    {"product": "loan", "status": "closed", "opened_on": "2020-05-05", "closed_on": "2023-01-01"},
]  # fmt: skip


def analysing(**more: Any) -> Policy:
    document = LOOSE.document()
    mine = {"id": "analyst", "roles": ["analyst"], "purposes": ["analytics"], "actions": ["extract"], "sinks": ["export"], "profile": "analyst",
            "fields": ["*", "tag:*", "segment:*"], **more}  # fmt: skip
    privacy = {"id": "privacy", "roles": ["steward"], "purposes": ["compliance"], "actions": ["erase"]}
    grants = [one for one in document["grant"] if "extract" not in one["actions"]]
    return Policy.from_document({**document, "grant": [*grants, mine, privacy], "version": "analysing"})


@pytest.fixture
def founding_policy() -> Policy:
    return analysing()


@pytest.fixture
def three(cif: CIF) -> tuple[str, str, str]:
    """Two persons and a company."""
    one = register(
        cif, STEWARD, "1", birth_date="1990-02-14", identifiers=None, sex="1", occupation="1", holdings=HOLDINGS, address="浙江省杭州市西湖区文三路1号",
        aum={"amount": "12345.67", "currency": "CNY"}, interactions=[{"channel": "branch", "type": "complaint", "on": "2026-11-01"}],
    ).cif_no  # fmt: skip
    other = register(
        cif, STEWARD, "2", name="李四", phone="15499999999", identifiers=None, sex="2", home_branch="c"
    ).cif_no
    form = party_from({"name": "山谷贸易有限公司", "phone": "15412340003", "home_branch": "b"}, Organization)
    firm = cif.customers.register(form, channel="counter", source_key="3", actor=STEWARD, occasion="lead").cif_no
    return str(one), str(other), str(firm)


def rows_of(table: Any) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name != KEY} for row in table.to_pylist()]


def test_columns_have_the_types_and_values_of_their_fields(cif: CIF, three: tuple[str, str, str]) -> None:
    names = (
        "kind",
        "sex",
        "branch",
        "birth_date",
        "birth_year",
        "aum",
        "aum_currency",
        "has_phone",
        "address",
        "prefecture",
    )
    made = cif.extract([*names, "holdings", "interactions"], **ASK)
    found = {row["sex"]: row for row in rows_of(made.customers)}
    assert found["1"] == {
        "kind": "individual", "sex": "1", "branch": "b", "birth_date": date(1990, 2, 1), "birth_year": 1990, "aum": 1234567, "aum_currency": "CNY",
        "has_phone": True, "address": "浙江省杭州市******", "prefecture": "3301",
    }  # fmt: skip
    assert (found[None]["kind"], found[None]["aum"], len(made)) == ("organization", None, 3)
    assert made.customers.schema.field("birth_date").type == pa.date32()
    assert {name: made.columns[name].shown for name in ("sex", "birth_date", "address")} == {
        "sex": "exact",
        "birth_date": "month",
        "address": "masked",
    }
    holdings = rows_of(made.rows["holdings"])
    assert [(row["product"], row["status"], row["balance"], row["closed_on"]) for row in holdings] == [
        ("fund", "open", 100050, None), ("loan", "closed", None, date(2023, 1, 1)),
    ]  # fmt: skip
    assert set(made.rows["holdings"].column_names) == {KEY, *row_fields("holdings")}, (
        "no number, token or mask is a column"
    )
    assert made.rows["interactions"][KEY].to_pylist() == [
        key
        for key, sex in zip(made.customers[KEY].to_pylist(), made.customers["sex"].to_pylist(), strict=True)
        if sex == "1"
    ]
    assert made.as_of == TODAY
    assert repr(made).startswith("Snapshot(3 customers as of 2026-11-24")
    assert "990088" not in str(made.rows["holdings"].to_pylist())


def test_keys_are_pseudonyms_of_a_purpose_and_the_same_again(cif: CIF, three: tuple[str, str, str]) -> None:
    one, again = (cif.extract(["sex"], **ASK).customers[KEY].to_pylist() for _ in range(2))
    assert one == again
    assert len(set(one)) == 3
    assert not set(one) & set(three)
    wider = analysing(purposes=["analytics", "risk"])
    with Under(cif, wider):
        other = cif.extract(["sex"], actor=ANALYST, purpose=Purpose.RISK).customers[KEY].to_pylist()
    assert not set(one) & set(other), "two purposes can not be put together"


PLAIN = (
    "kind",
    "sex",
    "birth_year",
    "branch",
    "manager",
    "life_cycle",
    "review_state",
    "prefecture",
    "occupation",
    "nationality",
    "customer_since",
)


def test_plain_facts_are_read_as_they_rest_and_come_to_the_same_as_opened_ones(
    cif: CIF, three: tuple[str, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for size in (1, 2, 20_000):
        monkeypatch.setattr(flow, "_PAGE", size)
        plain = cif.extract(PLAIN, **ASK)
        with monkeypatch.context() as patch:
            patch.setattr(flow, "_is_plain", lambda *_: False)
            opened = cif.extract(PLAIN, **ASK)
        assert plain.customers.sort_by(KEY) == opened.customers.sort_by(KEY)
        assert (plain.columns, plain.k, plain.withheld) == (opened.columns, opened.k, opened.withheld)


def test_pages_of_any_size_come_to_the_same(
    cif: CIF, three: tuple[str, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["sex", "aum", "holdings"]
    whole = cif.extract(names, **ASK)
    for size in (1, 2, 3):
        monkeypatch.setattr(_extracted, "_AT_ONCE", size)
        monkeypatch.setattr(flow, "_FLUSH", size)
        for as_of in (None, TODAY - timedelta(1)):
            made = cif.extract(names, as_of=as_of, **ASK)
            if as_of is None:
                assert (
                    made.customers == whole.customers.combine_chunks()
                    or made.customers.to_pylist() == whole.customers.to_pylist()
                )
                assert made.rows["holdings"].to_pylist() == whole.rows["holdings"].to_pylist()
            else:
                assert (len(made), made.customers.column_names) == (0, [KEY]), "nobody was known yet"


@pytest.mark.parametrize("parts", [2, 3, 64])
def test_parts_are_the_whole(cif: CIF, three: tuple[str, str, str], parts: int, clock: FixedClock) -> None:
    for n in range(12):
        register(
            cif,
            STEWARD,
            f"m{n}",
            name="赵钱孙李周吴郑王冯陈褚卫"[n] + "云飞",
            phone=f"1541234{n:04}",
            identifiers=None,
            sex="1",
        )
    clock.advance(timedelta(days=1))
    ask = {"actor": known(ANALYST, clock.now()), "purpose": ANALYTICS}
    for names, as_of in ((["sex", "branch"], None), (["sex", "aum", "holdings"], None), (["sex", "holdings"], TODAY)):
        whole = cif.extract(names, as_of=as_of, **ask)
        made = [flow.extract(cif._desk, names, as_of=as_of, part=(at, parts), **ask) for at in range(parts)]
        assert [key for one in made for key in one.customers[KEY].to_pylist()] == whole.customers[KEY].to_pylist()
        assert sum(one.rows["holdings"].num_rows for one in made if "holdings" in one.rows) == (
            2 if "holdings" in names else 0
        )
        assert Snapshot.joined(made).customers.to_pylist() == whole.customers.to_pylist()
        assert (Snapshot.joined(made).k, Snapshot.joined(made).columns) == (whole.k, whole.columns)


def test_a_part_is_one_of_some_and_none_where_all_are_to_be_alike(cif: CIF, three: tuple[str, str, str]) -> None:
    for part in ((1, 1), (-1, 2), (0, 0), (0, 65)):
        with pytest.raises(InputError, match="in 1 to 64 parts"):
            flow.extract(cif._desk, ["sex"], part=part, **ASK)
    with Under(cif, analysing(least_k=2)), pytest.raises(AccessError):
        flow.extract(cif._desk, ["life_cycle"], part=(0, 2), **ASK)


# What the policy shows


class Under:
    """Another policy for a while."""

    def __init__(self, cif: CIF, policy: Policy, masks: MaskProfiles | None = None) -> None:
        self._cif, self._policy, self._masks = cif, policy, masks

    def __enter__(self) -> None:
        desk = self._before = self._cif._CIF__desk  # type: ignore[attr-defined]
        self._cif._CIF__desk = attrs.evolve(desk, policy=self._policy, masks=self._masks or desk.masks)  # type: ignore[attr-defined]

    def __exit__(self, *_: object) -> None:
        self._cif._CIF__desk = self._before  # type: ignore[attr-defined]


def profiles(**columns: Any) -> MaskProfiles:
    found = default_profiles()
    analyst = attrs.evolve(
        found.of("analyst"),
        columns={name: tuple(one) if isinstance(one, list) else one for name, one in columns.items()},
    )
    return attrs.evolve(found, profiles={**found.profiles, "analyst": analyst})


def test_a_profile_says_how_much_of_each_field_stands_in_the_columns(cif: CIF, three: tuple[str, str, str]) -> None:
    shown: list[Any] = []
    names = ["birth_date", "age", "aum", "occupation", "income_band", "holdings"]
    for columns in (
        {"*": "exact"}, {"*": "exact", "birth_date": "year", "aum": [0, 10_000, 50_000]}, {"aum": [20_000, 50_000]}, {},
    ):  # fmt: skip
        with Under(cif, analysing(), profiles(**columns)):
            made = cif.extract(names, **ASK)
        (row,) = [one for one in rows_of(made.customers) if one.get("birth_date") is not None]
        shown.append(
            (
                row.get("birth_date"),
                row.get("age"),
                row.get("aum"),
                row.get("occupation"),
                sorted(made.rows),
                made.withheld,
            )
        )
    assert shown == [
        (date(1990, 2, 14), 36, 1234567, "1", ["holdings"], ()),
        (date(1990, 1, 1), None, 1_000_000, "1", ["holdings"], ("age",)),
        (date(1990, 1, 1), None, 2_000_000, "1", [], ("age", "income_band", "holdings")),
        (date(1990, 1, 1), None, None, "1", [], ("age", "aum", "income_band", "holdings")),
    ]  # fmt: skip


@pytest.mark.parametrize("columns", [
    {"cif_no": "exact"}, {"name": "exact"}, {"shoes": "exact"}, {"sex": "year"}, {"birth_date": "week"}, {"aum": []}, {"aum": [2, 1]}, {"aum": [1, 1]},
    {"aum": ["1"]}, {"sex": [1]}, {"aum": True}, [],
])  # fmt: skip
def test_a_profile_shows_no_more_than_rules_compare(columns: Any) -> None:
    entry = {"identifier": {"hidden": 4}, "card": {"hidden": 4}, "mobile": {"hidden": 4}, "fixed": {"hidden": 4}, "email": {"hidden": 3}, "employer": {"hidden": 4},
             "han_name": "hidden", "latin_name": "hidden", "region_levels": 0, "year": False}  # fmt: skip
    with pytest.raises(PolicyError, match="profile staff"):
        MaskProfiles.from_document(
            {"version": "1", "profile": {"staff": {**entry, "columns": columns}, "outside": entry}}
        )


def test_who_may_not_extract_does_not_and_what_is_not_granted_is_withheld(
    cif: CIF, three: tuple[str, str, str]
) -> None:
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.extract(["sex"], actor=STEWARD, purpose=OPERATIONS)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.extract(["sex"], actor=ANALYST, purpose=Purpose.MARKETING)
    with Under(cif, analysing(fields=["sex", "@holding"])):
        made = cif.extract(["sex", "aum", "birth_year", "holdings", "interactions"], **ASK)
        assert set(made.withheld) == {"aum", "birth_year", "interactions"} - (
            {"aum"} if "aum" in made.columns else set()
        )
        assert set(made.customers.column_names) <= {KEY, "sex", "aum"}


def test_a_grant_of_some_customers_is_of_those(cif: CIF, three: tuple[str, str, str]) -> None:
    with Under(cif, analysing(when="branch = 'c'")):
        made = cif.extract(["sex", "branch"], **ASK)
    assert rows_of(made.customers) == [{"sex": "2", "branch": "c"}]
    cif.erasures.restrict(three[1], reason="asked", actor=STEWARD)
    assert sorted(one["branch"] for one in rows_of(cif.extract(["branch"], **ASK).customers)) == ["b", "b"]


def test_where_a_purpose_rests_on_consent_only_who_consented_is_there(cif: CIF, three: tuple[str, str, str]) -> None:
    document = {**analysing().document(), "basis": {"analytics": "consent"}}
    with Under(cif, Policy.from_document(document)):
        assert len(cif.extract(["sex"], **ASK)) == 0
        cif.consents.grant(
            three[0], ConsentUse(purpose="analytics"), text="1", reason="r", actor=STEWARD, purpose=OPERATIONS
        )
        assert rows_of(cif.extract(["sex", "branch"], **ASK).customers) == [{"sex": "1", "branch": "b"}]


def test_too_few_alike_and_too_many_in_an_hour_are_refused_and_kept_in_the_log(
    cif: CIF, three: tuple[str, str, str]
) -> None:
    auditor = Actor(id="a.sun", roles={"auditor"})
    with Under(cif, analysing(least_k=2)):
        assert cif.extract(["life_cycle"], **ASK).k == 3
        with pytest.raises(AccessError, match="fewer than 2 customers share"):
            cif.extract(["sex"], **ASK)
    capped = Policy.from_document({**analysing().document(), "cap": {"extract": {"per_hour": 2}}})
    with Under(cif, capped), pytest.raises(AccessError, match="as many customers in this hour"):
        cif.extract(["sex"], **ASK)
    deeds = [one for one in cif.audit.deeds(ANALYST.id, actor=auditor) if one.action == "extract"]
    assert [(one.outcome, one.count) for one in deeds] == [("done", 3), ("refused", 0), ("refused", 0)]
    assert ("k:3" in deeds[0].rule, deeds[0].fields) == (True, ("life_cycle",))


@pytest.mark.parametrize("names", [[], ["sex", "sex"], ["shoes"], ["cif_no"], ["tag:none"], "sex", ["sex"] * 201, ["relationships.other_sex"],
    ["relationships", "relationships.other_shoes"], ["relationships", "relationships.role"]])  # fmt: skip
def test_what_can_not_be_asked_for_is_refused(cif: CIF, names: Any) -> None:
    with pytest.raises(InputError):
        cif.extract(names, **ASK)


def test_nobody_is_told_of_a_day_to_come(cif: CIF) -> None:
    with pytest.raises(InputError, match="day to come"):
        cif.extract(["sex"], as_of=TODAY + timedelta(1), **ASK)


# Tags, and days behind


def test_tags_are_columns(cif: CIF, three: tuple[str, str, str]) -> None:
    publish(cif, Catalogue.of("1", tag("local", "branch = 'b'"), segment("offer", "not tag('local')")))
    unknown = cif.extract(["tag:local"], **ASK)
    assert unknown.customers["tag:local"].to_pylist() == [None] * 3, "nobody has a portrait yet"
    cif.tags.renew(actor=OFFICER)
    made = cif.extract(["branch", "tag:local", "segment:offer"], **ASK)
    assert sorted((row["branch"], row["tag:local"], row["segment:offer"]) for row in rows_of(made.customers)) == [
        ("b", True, False), ("b", True, False), ("c", False, True),
    ]  # fmt: skip
    with Under(cif, analysing(fields=["*", "tag:*"])):
        assert cif.extract(["tag:local", "segment:offer"], **ASK).withheld == ("segment:offer",)


def test_as_of_a_day_everybody_is_as_they_stood_at_its_end(
    cif: CIF, three: tuple[str, str, str], clock: FixedClock
) -> None:
    one, other, _ = three
    publish(cif, Catalogue.of("1", tag("clerk", "occupation = '3'")))
    cif.tags.renew(actor=OFFICER)
    names = ["sex", "occupation", "branch", "life_cycle", "holdings", "tag:clerk"]
    first = {row["sex"]: row for row in rows_of(cif.extract(names, **ASK).customers)}
    clock.advance(timedelta(days=10))
    again = {
        "identifiers": None,
        "birth_date": "1990-02-14",
        "sex": "1",
        "occupation": "3",
        "home_branch": "c",
        "holdings": HOLDINGS[:1],
    }
    register(cif, STEWARD, "1", **again)
    merge = cif.matches.propose_merge(one, other, accept=EVERY_CONCERN, reason="one", actor=known(STEWARD, clock.now()))
    cif.approvals.approve(merge.id, actor=known(SECOND, clock.now()))
    clock.advance(timedelta(days=10))
    ask = {"actor": known(ANALYST, clock.now()), "purpose": ANALYTICS}
    now = cif.extract(names, **ask)
    assert (len(now), now.rows["holdings"].num_rows) == (2, 1)
    then = cif.extract(names, as_of=TODAY, **ask)
    assert {row["sex"]: row for row in rows_of(then.customers)} == first
    assert (len(then), then.as_of, sorted(then.rows["holdings"]["product"].to_pylist())) == (3, TODAY, ["fund", "loan"])
    assert set(now.customers[KEY].to_pylist()) < set(then.customers[KEY].to_pylist()), (
        "who was merged has the key that they had"
    )
    cif.erasures.restrict(one, reason="asked", actor=known(STEWARD, clock.now()))
    assert len(cif.extract(names, as_of=TODAY, **ask)) == 1, "of who is restricted now, no day is told"


# Relations

OF_OTHERS = ["relationships", "relationships.other_home_branch", "relationships.other_sex"]
SAY: dict[str, Any] = {"actor": STEWARD, "purpose": OPERATIONS, "reason": "seen"}


def related(made: Snapshot) -> list[tuple[Any, ...]]:
    """Role, branch and sex of the other one of each relation."""
    rows = made.rows["relationships"].to_pylist()
    return sorted(
        (row["role"], row.get("other_home_branch"), row.get("other_sex"))
        for row in sorted(rows, key=lambda row: row["role"])
    )


def test_a_relation_tells_of_the_other_one_what_may_be_shown_of_them(cif: CIF, three: tuple[str, str, str]) -> None:
    one, other, firm = three
    cif.relations.add(one, RelationKind.GUARANTOR, other, **SAY)
    cif.relations.add(one, RelationKind.SHAREHOLDER, firm, share="30", **SAY)
    whole = [("guaranteed", "c", "2"), ("guarantor", "b", "1"), ("held", "b", None), ("shareholder", "b", "1")]
    made = cif.extract(OF_OTHERS, **ASK)
    assert related(made) == whole
    assert made.columns["relationships.other_home_branch"].shown == "exact"
    assert {"other", "cif_no"}.isdisjoint(made.rows["relationships"].column_names), "nobody's number"
    with Under(cif, analysing(when="branch = 'b'")):
        assert related(cif.extract(OF_OTHERS, **ASK)) == [
            ("guaranteed", None, None), ("held", "b", None), ("shareholder", "b", "1"),
        ], "nothing of whom the grant is not of"  # fmt: skip
    with Under(cif, analysing(fields=["relationships", "sex"])):
        narrow = cif.extract(OF_OTHERS, **ASK)
        assert narrow.withheld == ("relationships.other_home_branch",)
        assert "other_home_branch" not in narrow.rows["relationships"].column_names
        assert [row[2] for row in related(narrow)] == ["2", "1", None, "1"]
    with Under(cif, analysing(fields=["sex", "home_branch"])):
        assert set(cif.extract(OF_OTHERS, **ASK).withheld) == set(OF_OTHERS)
    with Under(cif, analysing(), profiles(relationships="exact")):
        assert set(cif.extract(OF_OTHERS, **ASK).withheld) <= {"relationships.other_sex"}
    cif.erasures.restrict(other, reason="asked", actor=STEWARD)
    assert related(cif.extract(OF_OTHERS, **ASK)) == [("held", "b", None), ("shareholder", "b", "1")]


def test_parts_are_the_whole_of_relations_too(cif: CIF, three: tuple[str, str, str]) -> None:
    one, other, _ = three
    cif.relations.add(one, RelationKind.GUARANTOR, other, **SAY)
    for policy in (analysing(), analysing(when="branch = 'b'")):
        with Under(cif, policy):
            whole = cif.extract(OF_OTHERS, **ASK)
            for parts in (2, 3, 8):
                made = Snapshot.joined(
                    [flow.extract(cif._desk, OF_OTHERS, part=(n, parts), **ASK) for n in range(parts)]
                )
                assert related(made) == related(whole)
                assert (made.columns, made.withheld) == (whole.columns, whole.withheld)


def test_where_nobody_has_a_relation_its_columns_are_there_all_the_same(cif: CIF, three: tuple[str, str, str]) -> None:
    made = cif.extract(OF_OTHERS, **ASK)
    assert made.withheld == ()
    assert {"role", "other_home_branch", "other_sex"} < set(made.rows["relationships"].column_names)
    assert made.rows["relationships"].num_rows == 0


def test_of_others_nothing_is_told_where_so_many_are_to_be_alike(cif: CIF, three: tuple[str, str, str]) -> None:
    with Under(cif, analysing(least_k=2)):
        with pytest.raises(AccessError, match="share what is shown"):
            cif.extract(["life_cycle", *OF_OTHERS], **ASK)
        assert len(cif.extract(["life_cycle", "relationships"], **ASK)) == 3


def test_a_column_of_others_that_some_do_not_show_says_so(cif: CIF, three: tuple[str, str, str]) -> None:
    one, other, firm = three
    cif.relations.add(one, RelationKind.GUARANTOR, other, **SAY)
    cif.relations.add(one, RelationKind.SHAREHOLDER, firm, share="30", **SAY)
    with Under(cif, analysing(when="branch = 'b'")):
        assert cif.extract(OF_OTHERS, **ASK).columns["relationships.other_home_branch"].shown == "exact+none"


def test_where_a_purpose_rests_on_consent_nothing_is_told_of_whoever_did_not(
    cif: CIF, three: tuple[str, str, str]
) -> None:
    one, other, _ = three
    cif.relations.add(one, RelationKind.GUARANTOR, other, **SAY)
    use = ConsentUse(purpose="analytics")
    with Under(cif, Policy.from_document({**analysing().document(), "basis": {"analytics": "consent"}})):
        cif.consents.grant(one, use, text="1", reason="r", actor=STEWARD, purpose=OPERATIONS)
        assert related(cif.extract(OF_OTHERS, **ASK)) == [("guaranteed", None, None)]
        cif.consents.grant(other, use, text="1", reason="r", actor=STEWARD, purpose=OPERATIONS)
        assert related(cif.extract(OF_OTHERS, **ASK)) == [("guaranteed", "c", "2"), ("guarantor", "b", "1")]


def test_as_of_a_day_the_other_one_is_as_they_stood_then(
    cif: CIF, three: tuple[str, str, str], clock: FixedClock
) -> None:
    one, other, firm = three
    cif.relations.add(one, RelationKind.GUARANTOR, other, **SAY)
    first = related(cif.extract(OF_OTHERS, **ASK))
    clock.advance(timedelta(days=10))
    register(cif, STEWARD, "2", name="李四", phone="15499999999", identifiers=None, sex="2", home_branch="b")
    cif.relations.add(one, RelationKind.SHAREHOLDER, firm, share="30", **{**SAY, "actor": known(STEWARD, clock.now())})
    ask = {"actor": known(ANALYST, clock.now()), "purpose": ANALYTICS}
    assert related(cif.extract(OF_OTHERS, **ask))[0] == ("guaranteed", "b", "2")
    assert related(cif.extract(OF_OTHERS, as_of=TODAY, **ask)) == first == [("guaranteed", "c", "2"), ("guarantor", "b", "1")]  # fmt: skip


def test_as_of_a_day_nobody_learns_that_the_other_one_was_merged_later(
    cif: CIF, three: tuple[str, str, str], clock: FixedClock
) -> None:
    one, other, _ = three
    third = register(
        cif, STEWARD, "5", name="王五", phone="15499999995", identifiers=None, sex="2", home_branch="c"
    ).cif_no
    cif.relations.add(one, RelationKind.GUARANTOR, other, **SAY)
    clock.advance(timedelta(days=10))
    say = known(STEWARD, clock.now())
    merge = cif.matches.propose_merge(third, other, accept=EVERY_CONCERN, reason="one", actor=say)
    cif.approvals.approve(merge.id, actor=known(SECOND, clock.now()))
    names = ["relationships", "relationships.other_life_cycle", "relationships.other_review_state"]
    then = cif.extract(names, as_of=TODAY, actor=known(ANALYST, clock.now()), purpose=ANALYTICS)
    states = [(row["other_life_cycle"], row["other_review_state"]) for row in then.rows["relationships"].to_pylist()]
    assert states == [("active", None), ("active", None)]


# The law: a column is what a rule sees


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_reader_reads_what_the_record_of_a_customer_says(data: st.DataObject) -> None:
    day = st.dates(date(1900, 1, 1), date(2100, 1, 1)).map(date.isoformat)
    money = st.fixed_dictionaries({"minor": st.integers(-(10**9), 10**9), "currency": st.sampled_from(["CNY", "JPY"])})
    values = data.draw(st.fixed_dictionaries({}, optional={
        "birth_date": day, "sex": st.sampled_from("12"), "aum": money, "name": st.sampled_from(["张伟", ""]), "customer_since": day, "bounces": st.integers(0, 9),
        "holdings": st.lists(st.fixed_dictionaries({"product": st.sampled_from(["fund", "loan"])}, optional={"opened_on": day, "balance": money}), max_size=3),
        "transactions": st.lists(st.fixed_dictionaries({"period": st.sampled_from(["2026-10", "2026", "2026-13"]), "count": st.integers(0, 5)}), max_size=3),
        "identifiers": st.lists(st.fixed_dictionaries({"scheme": st.just("passport"), "number": st.just("E1")}, optional={"long_term": st.just(True), "valid_until": day}), max_size=2),
    }))  # fmt: skip
    record = opened_record({}, values)
    for name in opened_schema().fields.keys() - {
        "cif_no",
        "kind",
        "life_cycle",
        "review_state",
        "branch",
        "manager",
        "prefecture",
        "age",
    }:
        assert reader_of(name)(values) == record[name], name
    for name in opened_schema().collections.keys() - {"birthdays"}:
        fields = row_fields(name)
        assert row_reader(name, TODAY)(values) == [tuple(row.get(field) for field in fields) for row in record[name]]
        assert not [field for field in fields if field.startswith(OTHER)]


def test_birthdays_are_those_near_the_day_and_only_where_the_day_is_shown(
    cif: CIF, three: tuple[str, str, str]
) -> None:
    assert cif.extract(["birthdays"], **ASK).withheld == ("birthdays",), "of the month nobody learns the day"
    with Under(cif, analysing(), profiles(**{"*": "exact"})):
        made = cif.extract(["birthdays"], **ASK)
    assert made.rows["birthdays"]["on"].to_pylist() == [date(2026, 2, 14), date(2027, 2, 14), date(2028, 2, 14)]


# Kept as files


@pytest.fixture
def snapshot(cif: CIF, three: tuple[str, str, str]) -> Snapshot:
    return cif.extract(["sex", "branch", "birth_date", "aum", "has_phone", "holdings"], **ASK)


def test_a_snapshot_is_written_and_read_again(snapshot: Snapshot, tmp_path: Path) -> None:
    for parts in (1, 2, 5):
        home = snapshot.write(tmp_path / f"s{parts}", parts=parts)
        again = Snapshot.read(home)
        assert again.customers.to_pylist() == snapshot.customers.to_pylist()
        assert again.rows["holdings"].to_pylist() == snapshot.rows["holdings"].to_pylist()
        assert again.customers.schema == snapshot.customers.schema
        assert (again.columns, again.as_of, again.purpose, again.k, again.id) == (
            snapshot.columns, snapshot.as_of, snapshot.purpose, snapshot.k, snapshot.id,
        )  # fmt: skip
        assert len(list((home / "customers").iterdir())) == parts
        assert home.stat().st_mode & 0o077 == 0, "its owner's alone"
    said = manifest_of(tmp_path / "s1")
    assert (said["customers"], said["rows"], said["as_of"], said["purpose"]) == (
        3,
        {"holdings": 2},
        "2026-11-24",
        "analytics",
    )
    with pytest.raises(FileError, match="is there already"):
        snapshot.write(tmp_path / "s1")
    with pytest.raises(FileError, match="cannot be written"):
        snapshot.write(tmp_path / "no" / "such")
    with pytest.raises(InputError, match="1 to 1024 parts"):
        snapshot.write(tmp_path / "s9", parts=0)
    assert {one.name for one in tmp_path.iterdir()} == {"s1", "s2", "s5"}, "nothing else is left"


def damages() -> Iterator[tuple[str, Any]]:
    def part(home: Path) -> Path:
        return home / "customers" / "part-0000.parquet"

    yield "was changed", lambda home: part(home).write_bytes(part(home).read_bytes() + b"x")
    yield "other files", lambda home: part(home).unlink()
    yield "other files", lambda home: (home / "customers" / "more.parquet").write_bytes(b"")
    yield "holds no snapshot", lambda home: (home / "manifest.json").unlink()
    yield "holds no snapshot", lambda home: (home / "manifest.json").write_text("[1]")
    yield "not whole", lambda home: edited(home, columns=None)
    yield "holds no snapshot", lambda home: edited(home, format="bankcif/snapshot/99")
    yield "other rows", lambda home: edited(home, customers=4)


def edited(home: Path, **more: Any) -> None:
    said = json.loads((home / "manifest.json").read_text())
    (home / "manifest.json").write_text(json.dumps({**said, **more}))


@pytest.mark.parametrize(("sentence", "damage"), list(damages()))
def test_a_snapshot_that_is_not_as_it_was_written_is_refused(
    snapshot: Snapshot, tmp_path: Path, sentence: str, damage: Any
) -> None:
    home = snapshot.write(tmp_path / "s")
    damage(home)
    with pytest.raises(FileError, match=sentence):
        Snapshot.read(home)


def test_it_goes_to_polars_and_pandas_and_rests_as_rules_compare_it(snapshot: Snapshot) -> None:
    polars = pytest.importorskip("polars")
    frame = snapshot.to_polars()
    assert frame.schema["birth_date"] == polars.Date
    assert frame.height == 3
    assert snapshot.resting()["birth_date"].to_pylist().count(days(date(1990, 2, 1))) == 1
    with pytest.raises(InputError, match="no rows of shoes; it has holdings"):
        snapshot.to_polars("shoes")
    pandas: Any = importlib.import_module("pandas")
    assert snapshot.to_pandas("holdings").dtypes["balance"] == pandas.Int64Dtype()


def test_where_a_rotation_takes_a_key_meanwhile_the_page_is_read_again(
    cif: CIF, three: tuple[str, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, tries = _extracted._opened, []

    def missing(desk: Any, rows: Any) -> Any:
        tries.append(len(rows))
        if len(tries) % 2:
            raise KeyMissingError("gone", rule="key_missing")
        return opened(desk, rows)

    whole = cif.extract(["sex", "aum", "holdings"], **ASK)
    monkeypatch.setattr(_extracted, "_opened", missing)
    assert cif.extract(["sex", "aum", "holdings"], **ASK).customers.to_pylist() == whole.customers.to_pylist()
    assert tries == [tries[0]] * 2

    def never(desk: Any, rows: Any) -> Any:
        raise KeyMissingError("gone", rule="key_missing")

    monkeypatch.setattr(_extracted, "_opened", never)
    with pytest.raises(KeyMissingError):
        cif.extract(["sex", "aum"], **ASK)
