"""Customers in the forms of other systems: what goes out comes back, what is lost is told, published samples are read."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from bankcif import Individual, Organization, party_from
from bankcif.errors import InputError
from bankcif.identifiers import split_e164
from bankcif.interop import SHAPES, Fineract, Iso20022, Loss, OpenBank, party_from_xml, party_to_xml
from bankcif.party import FORMS, Money, PartyKind
from bankcif.testing import strategies

P, ORG = PartyKind
MODELS = {P: Individual, ORG: Organization}
MORE = st.fixed_dictionaries(
    {},
    optional={
        "sex": st.sampled_from("12"), "nationality": st.just("CN"), "former_name": strategies.han_names, "pinyin_name": st.just("LI MING"), "foreign_name": st.just("Bill Smith"),
        "home_branch": st.sampled_from(["12", "B-1"]), "manager": st.sampled_from(["7", "m.li"]), "customer_since": st.just("2020-01-02"), "credit_rating": st.just("AA"),
        "credit_rating_source": st.just("bureau"), "preferred_channel": st.sampled_from(["phone", "sms", "email", "app", "post", "none"]), "employer": st.just("某某公司"),
    },
)  # fmt: skip
people = st.builds(lambda form, more: {**form, **more}, strategies.forms(), MORE)
firms = st.fixed_dictionaries(
    {"name": st.sampled_from(["星河科技有限公司", "Galaxy Ltd"])},
    optional={
        "identifiers": st.lists(st.sampled_from([
            {"scheme": "cn.uscc", "number": "91330106MA00000001"}, {"scheme": "lei", "number": "3003000000000000000X"}, {"scheme": "bank.customer_no", "number": "C-17"},
            {"scheme": "bic", "number": "GALXCNBJ"},
        ]), unique_by=lambda one: one["scheme"]), "phone": st.just("+862112345678"), "founded_on": st.just("2001-02-03"), "address": st.just("上海市浦东新区一路1号"),
        "legal_representative": st.just("李明"), "industry": st.just("I"),
    },
)  # fmt: skip


def sorted_rows(values: dict[str, Any]) -> dict[str, Any]:
    return {name: sorted(said, key=str) if isinstance(said, list) else said for name, said in values.items()}


@settings(max_examples=120)
@pytest.mark.parametrize("name", sorted(SHAPES))
@given(data=st.data())
def test_what_goes_out_comes_back_but_for_what_is_told_to_be_lost(name: str, data: st.DataObject) -> None:
    shape = SHAPES[name]
    kind = P if name == "open_bank" else data.draw(st.sampled_from([P, ORG]))  # which knows no organizations
    values = data.draw(people if kind is P else firms)
    if "phone" in values and values["phone"].startswith("1"):
        values["phone"] = "+86" + values["phone"]
    made = shape.out(kind, values)
    json.dumps(made.document)
    lost = {one.path for one in made.lost}
    assert lost <= set(FORMS[kind])
    back = shape.take(made.document)
    assert back.kind is kind or not (values.get("identifiers") or name != "iso20022"), (
        "of nobody's numbers it is not told"
    )
    if back.kind is kind:
        kept = {field: said for field, said in values.items() if field not in lost and said != []}
        for field, said in sorted_rows(kept).items():
            assert sorted_rows(back.values).get(field) == said, field
        assert set(back.values) <= set(values) | {"home_branch"}
        party_from(back.values, MODELS[back.kind])


def test_every_field_of_a_form_is_carried_or_told_to_be_lost() -> None:
    full = {name: "x" for name in FORMS[P] if name not in ("identifiers", "holdings", "transactions", "balances", "interactions", "tax_residences", "phone", "birth_date", "aum", "assets", "liabilities")}  # fmt: skip
    full |= {
        "phone": "+8615412340001",
        "birth_date": date(1990, 2, 3),
        "aum": Money("1", "CNY"),
        "holdings": [{"product": "x", "opened_on": date(2020, 1, 1)}],
        "preferred_channel": "sms",
        "customer_since": "2020-01-02",
    }
    for shape in SHAPES.values():
        made = shape.out(P, full)
        lost = {one.path for one in made.lost}
        back = set(shape.take(made.document).values)
        assert set(full) <= lost | back | {"credit_rating_source"}, shape.name
        assert all(one.why for one in made.lost)
        assert "15412340001" not in repr(made)


# Source: Open Bank Project, documentation of the customer of version 3.1.0; its example values.
OBP = {
    "bank_id": "gh.29.uk", "customer_id": "7uy8a7e4-6d02-40e3-a129-0b2bf89de8uh", "customer_number": "5987953", "legal_name": "Eveline Tripman",
    "mobile_phone_number": "+44 07972 444 876", "email": "eveline@example.com", "face_image": {"url": "www.openbankproject", "date": "1100-01-01T00:00:00Z"},
    "date_of_birth": "1100-01-01T00:00:00Z", "relationship_status": "single", "dependants": 2, "dob_of_dependants": ["1100-01-01T00:00:00Z"],
    "credit_rating": {"rating": "OBP", "source": "OBP"}, "credit_limit": {"currency": "EUR", "amount": "10"}, "highest_education_attained": "Master",
    "employment_status": "worker", "kyc_status": True, "last_ok_date": "1100-01-01T00:00:00Z", "title": "Dr.", "branch_id": "DERBY6", "name_suffix": "Sr",
}  # fmt: skip
# Source: Apache Fineract, documentation of the clients API; its example.
FINERACT = {
    "id": 1, "accountNo": "000000001", "externalId": "786YYH7", "status": {"id": 300, "code": "clientStatusType.active", "value": "Active"}, "active": True,
    "activationDate": [2009, 3, 4], "firstname": "Petra", "lastname": "Yton", "displayName": "Petra Yton", "gender": {"active": False, "mandatory": False},
    "officeId": 1, "officeName": "Head Office", "isStaff": False, "timeline": {"submittedOnDate": [2009, 3, 4]},
    "legalForm": {"id": 1, "code": "legalFormType.person", "value": "Person"},
    "clientNonPersonDetails": {"constitution": {"active": False}, "mainBusinessLine": {"active": False}},
}  # fmt: skip
# Source: ISO 20022, credit transfer initiation, usage guide: its example of an initiating party.
ISO = """<Dbtr xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><Nm>ABC Corporation</Nm><PstlAdr><StrtNm>Times Square</StrtNm><BldgNb>7</BldgNb>
<PstCd>NY 10036</PstCd><TwnNm>New York</TwnNm><Ctry>US</Ctry></PstlAdr></Dbtr>"""


def paths(lost: tuple[Loss, ...]) -> set[str]:
    return {one.path for one in lost}


def test_a_published_customer_of_the_open_bank_project_is_read() -> None:
    found = OpenBank().take(OBP)
    assert found.values == {
        "name": "Eveline Tripman", "phone": "+44 07972 444 876", "email": "eveline@example.com", "home_branch": "DERBY6",
        "identifiers": [{"scheme": "bank.customer_no", "number": "5987953"}], "credit_rating": "OBP", "credit_rating_source": "OBP",
    }  # fmt: skip
    assert paths(found.lost) == {
        "$.bank_id", "$.customer_id", "$.face_image", "$.date_of_birth", "$.relationship_status", "$.dependants", "$.dob_of_dependants", "$.credit_limit",
        "$.highest_education_attained", "$.employment_status", "$.kyc_status", "$.last_ok_date", "$.title", "$.name_suffix",
    }  # fmt: skip
    party_from(found.values, Individual)
    back = OpenBank(bank_id="gh.29.uk").out(found.kind, found.values)
    assert back.document == {
        name: OBP[name]
        for name in (
            "bank_id",
            "customer_number",
            "legal_name",
            "mobile_phone_number",
            "email",
            "branch_id",
            "credit_rating",
        )
    }
    assert back.lost == ()


def test_a_published_client_of_fineract_is_read() -> None:
    found = Fineract().take(FINERACT)
    assert (found.kind, found.values) == (P, {
        "name": "Petra Yton", "home_branch": "1", "customer_since": "2009-03-04", "identifiers": [{"scheme": "bank.customer_no", "number": "786YYH7"}],
    })  # fmt: skip
    assert paths(found.lost) == {"$.id", "$.accountNo", "$.status", "$.active", "$.displayName", "$.officeName", "$.timeline"} | (
        {"$.isStaff"} if FINERACT["isStaff"] not in (None, "", [], {}) else set()
    )  # fmt: skip
    made = Fineract().out(found.kind, found.values).document
    assert made == {
        "legalFormId": 1, "dateFormat": "yyyy-MM-dd", "locale": "en", "fullname": "Petra Yton", "submittedOnDate": "2009-03-04", "officeId": 1, "externalId": "786YYH7",
    }  # fmt: skip


def test_a_company_of_fineract_and_its_gender_and_days() -> None:
    firm = {
        "fullname": "Galaxy Ltd",
        "legalForm": {"code": "legalFormType.entity"},
        "dateOfBirth": "2001-02-03",
        "clientNonPersonDetails": {"incorpNumber": "17"},
        "odd": 1,
    }
    found = Fineract().take(firm)
    assert (found.kind, found.values) == (ORG, {"name": "Galaxy Ltd", "founded_on": "2001-02-03"})
    assert paths(found.lost) == {"$.clientNonPersonDetails", "$.odd"}
    person = Fineract().take({"firstname": "A", "middlename": "B", "lastname": "C", "gender": {"name": "Female"}})
    assert person.values == {"name": "A B C", "sex": "2"}
    assert paths(Fineract().take({"gender": {"name": "Moon"}}).lost) == {"$.gender"}


def test_a_published_party_of_iso_20022_is_read() -> None:
    found = Iso20022().take(party_from_xml(ISO))
    assert found.values == {"name": "ABC Corporation", "address": "New York Times Square 7 NY 10036"}
    assert paths(found.lost) == {"$.PstlAdr.Ctry"}


def test_a_party_of_iso_20022_in_xml_stands_in_the_order_of_the_schema() -> None:
    values = {
        "name": "李明", "phone": "+8615412340001", "email": "li@example.com", "address": "云汉省星河市长庚区银河路1号" * 6, "preferred_channel": "sms",
        "identifiers": [{"scheme": "passport", "number": "EC1234567", "issuer": "SG"}, {"scheme": "cn.passport", "number": "E12345678"}, {"scheme": "hk.hkid", "number": "A123456(3)"}],
    }  # fmt: skip
    made = Iso20022().out(P, values)
    text = party_to_xml(made.document, tag="Dbtr", namespace="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09")
    places = [text.index(f"<{tag}>") for tag in ("Nm", "PstlAdr", "Id", "CtctDtls")]
    assert places == sorted(places)
    assert "<MobNb>+86-15412340001</MobNb>" in text
    assert "<Cd>CCPT</Cd>" in text
    assert "<Prtry>hk.hkid</Prtry>" in text
    back = Iso20022().take(party_from_xml(text)).values
    assert back == {
        **values,
        "identifiers": [values["identifiers"][0], values["identifiers"][1], values["identifiers"][2]],
    }  # type: ignore[index]


def test_an_organization_of_iso_20022_has_its_lei_and_bic() -> None:
    said = {
        "name": "G",
        "identifiers": [
            {"scheme": "lei", "number": "L"},
            {"scheme": "bic", "number": "B"},
            {"scheme": "cn.uscc", "number": "U"},
        ],
    }
    made = Iso20022().out(ORG, said).document
    assert made["Id"]["OrgId"] == {"LEI": "L", "AnyBIC": "B", "Othr": [{"Id": "U", "SchmeNm": {"Cd": "COID"}}]}
    born = Iso20022().take(
        {
            "Id": {"PrvtId": {"DtAndPlcOfBirth": {"BirthDt": "1990-01-02", "CityOfBirth": "X", "CtryOfBirth": "FR"}}},
            "CtryOfRes": "FR",
        }
    )
    assert born.values == {"birth_date": "1990-01-02"}
    assert len(born.lost) == 3


def test_what_is_too_long_is_cut_and_told() -> None:
    made = Iso20022().out(P, {"name": "长" * 150, "address": "路" * 600, "phone": "110", "identifiers": [{"scheme": "passport", "number": "9" * 40, "valid_until": "2030-01-01"}], "preferred_channel": "none"})  # fmt: skip
    assert len(made.document["Nm"]) == 140
    assert len(made.document["PstlAdr"]["AdrLine"]) == 7
    assert paths(made.lost) == {"name", "address", "phone", "identifiers", "preferred_channel"}


def test_a_customer_after_the_national_standard_has_several_of_each() -> None:
    said = {
        "客户内部唯一标识": "C-17", "客户类别": "个人", "名称": [{"名称类型": "法定名称", "名称": "李明"}, {"名称类型": "曾用名称", "名称": "李小明"}, {"名称类型": "艺名", "名称": "x"}],
        "识别标识": [{"标识类型": "居民身份证", "标识号码": "1", "发放机构": "某局", "有效期止": "2030-01-01"}, {"标识类型": "会员卡", "标识号码": "2", "长期有效": True}],
        "地址": [{"详细地址": "甲"}, {"详细地址": "乙"}], "电话号码": [{"国家代码": "86", "号码": "15412340001"}, {"号码": "2"}], "职业": "x",
    }  # fmt: skip
    found = SHAPES["gbt31186"].take(said)
    assert found.values == {
        "name": "李明", "former_name": "李小明", "address": "甲", "phone": "+8615412340001",
        "identifiers": [{"scheme": "bank.customer_no", "number": "C-17"}, {"scheme": "cn.resident_id", "number": "1", "issuer": "某局", "valid_until": "2030-01-01"},
                        {"scheme": "会员卡", "number": "2", "long_term": True}],
    }  # fmt: skip
    assert paths(found.lost) == {"$.名称[2]", "$.地址[1]", "$.电话号码[1]", "$.职业"}


@pytest.mark.parametrize(("name", "document", "path"), [
    ("open_bank", {"legal_name": ["x"]}, "$.legal_name"), ("open_bank", {"date_of_birth": "yesterday"}, "$.date_of_birth"), ("open_bank", {"dependants": 1, "email": True}, "$.email"),
    ("fineract", {"dateOfBirth": [2000, 13, 1]}, "$.dateOfBirth"), ("fineract", {"activationDate": {"a": 1}}, "$.activationDate"), ("iso20022", {"Id": "x"}, "$.Id"),
    ("iso20022", {"PstlAdr": {"AdrLine": [1]}}, "$.PstlAdr.AdrLine"), ("iso20022", {"Id": {"PrvtId": {"Othr": ["x"]}}}, "$.Id.PrvtId.Othr[0]"), ("gbt31186", {}, "$.客户类别"),
    ("gbt31186", {"客户类别": "个人", "名称": "x"}, "$.名称"), ("gbt31186", {"客户类别": "个人", "识别标识": ["x"]}, "$.识别标识"),
])  # fmt: skip
def test_what_is_no_document_is_refused_with_its_place_and_no_value(
    name: str, document: dict[str, Any], path: str
) -> None:
    with pytest.raises(InputError) as caught:
        SHAPES[name].take(document)
    assert caught.value.path == path
    assert "yesterday" not in str(caught.value)


@pytest.mark.parametrize("text", ["<a", "<!DOCTYPE a><a><b>1</b></a>", '<!DOCTYPE a [<!ENTITY x "y">]><a><b>&x;</b></a>', "<a>text</a>", "<a><b>1</b><b>2</b></a>", "<a>" + "x" * 1_000_001 + "</a>"])  # fmt: skip
def test_xml_that_is_no_party_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        party_from_xml(text)


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader_of_xml(text: str) -> None:
    try:
        party_from_xml(text)
    except InputError:
        pass


def test_a_number_is_split_at_its_country_code() -> None:
    assert [split_e164(one) for one in ("+8615412340001", "+14155550100;ext=9", "+85251234567", "123", "+x")] == [
        ("86", "15412340001"), ("1", "4155550100"), ("852", "51234567"), ("", "123"), ("", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "document"), [
    ("fineract", {"fullname": "x", "legalForm": {"id": 1}, "dateOfBirth": [10**20, 1, 1]}), ("open_bank", {"legal_name": "x", "credit_rating": "AAA"}),
])  # fmt: skip
def test_what_is_out_of_all_bounds_is_refused(name: str, document: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        SHAPES[name].take(document)


def test_a_number_that_would_lose_its_zeros_is_told_to_be_lost() -> None:
    for branch in ("0010", "²", "B-1"):
        made = SHAPES["fineract"].out(P, {"name": "李明", "home_branch": branch})
        assert "officeId" not in made.document
        assert [one.path for one in made.lost if one.path == "home_branch"] == ["home_branch"]
    with pytest.raises(InputError, match="deep"):
        party_from_xml("<a>" * 400 + "x" + "</a>" * 400)
