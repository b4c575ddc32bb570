"""Purposes that rest on consent: of who did not consent nothing is shown, found, revealed or exported, by any way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.conftest import ALL_ROLES, known
from tests.flows.test_register import register
from tests.flows.test_tags import loose, publish, segment, tag

from bankcif import CIF, Actor, Policy, Purpose
from bankcif._clock import FixedClock
from bankcif.errors import ConfigurationError, NotFoundOrNotAllowedError, PolicyError
from bankcif.flows.export import ExportSpec, Recipient
from bankcif.party import ConsentUse
from bankcif.tagging import AudiencePlan, Catalogue

MARKETING = Purpose.MARKETING
STEWARD = Actor(id="s.wu", roles=ALL_ROLES, branch="b")
SELLER = known(Actor(id="k.bai", roles={"seller"}))
CHECKER = known(Actor(id="s.two", roles=ALL_ROLES, branch="b"))
ASK: dict[str, Any] = {"actor": SELLER, "purpose": MARKETING}
SAY: dict[str, Any] = {"actor": STEWARD, "purpose": Purpose.OPERATIONS, "reason": "said so"}
ANY = ConsentUse(purpose="marketing")
CONTACT = ConsentUse(purpose="marketing", data_group="contact")
INSURER = ConsentUse(purpose="marketing", recipient="Example Insurance")
ABROAD = ConsentUse(purpose="marketing", recipient="Example Insurance", country="SG")
EVERY_WAY = ["view", "find", "reveal", "export", "report"]


def resting(**more: Any) -> Policy:
    document = loose().document()
    sells = {
        "id": "sells", "roles": ["seller"], "purposes": ["marketing"], "actions": EVERY_WAY, "sinks": ["display", "export"],
        "fields": ["name", "sex", "phone", "preferred_channel", "home_branch", "tag:*", "segment:*", "relationships"], "alone": 100, "inside": ["campaigns"],
        "countries": ["CN", "SG"], "least_k": 1,
    }  # fmt: skip
    grants = [one for one in document["grant"] if "marketing" not in one["purposes"]] + [sells]
    return Policy.from_document(
        {**document, "grant": grants, "version": "resting", "basis": {"marketing": "consent"}, **more}
    )


@pytest.fixture
def founding_policy() -> Policy:
    return resting()


@pytest.fixture
def two(cif: CIF) -> tuple[str, str]:
    """Somebody who consents to marketing by the bank, and somebody who says nothing."""
    one = register(cif, STEWARD, "1", identifiers=None, sex="1", birth_date="1990-02-01").cif_no
    other = register(cif, STEWARD, "2", identifiers=None, name="李四", phone="15499999999", sex="1").cif_no
    cif.consents.grant(one, ANY, text="1", **SAY)
    return one, other


def exported(cif: CIF, *, to: Recipient | None = None, **more: Any) -> Any:
    fields = more.pop("fields", ("sex",))
    spec = ExportSpec(
        fields=fields, recipient=to or Recipient(name="campaigns", inside=True), purpose=MARKETING, **more
    )
    return cif.exports.take(spec, actor=SELLER)


def test_by_no_way_is_anything_shown_of_who_did_not_consent(cif: CIF, two: tuple[str, str]) -> None:
    one, other = two
    assert cif.customers.get(one, **ASK).name == "张**"
    assert cif.customers.reveal(one, ["phone"], **ASK) == {"phone": "+8615412345678"}
    assert [view.cif_no for view in cif.customers.find(phone="15412345678", **ASK)] == [one]
    assert cif.customers.find(phone="15499999999", **ASK) == []
    assert exported(cif).columns["key"] == [one]
    assert exported(cif, cif_nos=(one, other)).columns["key"] == [one]
    for refused in (
        lambda: cif.customers.get(other, **ASK),
        lambda: cif.customers.reveal(other, ["phone"], **ASK),
        lambda: cif.tags.portrait(other, **ASK),
        lambda: cif.relations.of(other, **ASK),
        lambda: cif.customers.customer360(other, **ASK),
    ):
        with pytest.raises(NotFoundOrNotAllowedError):
            refused()
    # For what does not rest on consent they are customers as any other.
    assert cif.customers.get(other, actor=STEWARD, purpose=Purpose.SERVICE).name == "李*"


def test_what_is_withdrawn_or_over_is_shown_no_more(cif: CIF, two: tuple[str, str], clock: FixedClock) -> None:
    one, other = two
    until = clock.now().date() + timedelta(days=1)
    cif.consents.grant(other, ANY, text="1", until=until, **SAY)
    assert len(exported(cif).columns["key"]) == 2
    cif.consents.withdraw(one, ANY, **SAY)
    assert exported(cif).columns["key"] == [other]
    clock.advance(timedelta(days=2))
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.customers.get(other, actor=known(SELLER, clock.now()), purpose=MARKETING)


def test_a_consent_to_one_group_of_data_shows_that_group_alone(cif: CIF, two: tuple[str, str]) -> None:
    _, other = two
    cif.consents.grant(other, CONTACT, text="1", **SAY)
    shown = cif.customers.get(other, **ASK)
    assert (shown.phone, shown.name) == ("154****9999", None)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.customers.reveal(other, ["name", "phone"], **ASK)
    assert cif.customers.reveal(other, ["phone"], **ASK) == {"phone": "+8615499999999"}
    assert exported(cif, fields=("phone",)).rows == 2
    assert exported(cif, fields=("sex",)).rows == 1


def test_nobody_is_found_by_what_they_did_not_consent_to(cif: CIF, two: tuple[str, str]) -> None:
    _, other = two
    cif.consents.grant(other, CONTACT, text="1", **SAY)
    assert [view.cif_no for view in cif.customers.find(phone="15499999999", **ASK)] == [other]
    assert exported(cif, fields=("phone",)).rows == 2
    assert exported(cif, fields=("phone",), where="sex = '1'").rows == 1, "nor chosen by it"
    cif.consents.withdraw(other, CONTACT, **SAY)
    cif.consents.grant(other, ConsentUse(purpose="marketing", data_group="identity"), text="1", **SAY)
    assert cif.customers.get(other, **ASK).name == "李*"
    assert cif.customers.find(phone="15499999999", **ASK) == []


def test_who_refuses_some_of_their_data_does_not_consent_to_all(cif: CIF, two: tuple[str, str]) -> None:
    one, _ = two
    publish(cif, Catalogue.of("1", tag("local", "home_branch = 'b'"), segment("offer", "tag('local')")))
    assert cif.tags.portrait(one, **ASK).tags
    cif.consents.deny(one, ConsentUse(purpose="marketing", data_group="finance"), **SAY)
    assert cif.customers.get(one, **ASK).name == "张**"
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.tags.portrait(one, **ASK)
    steps = cif.tags.audience(AudiencePlan(campaign="spring", segment="segment:offer"), **ASK)
    assert steps[2] == ("consent", -2)


def test_what_leaves_the_bank_takes_a_consent_that_names_to_whom_and_where_to(cif: CIF, two: tuple[str, str]) -> None:
    _, other = two
    here, abroad = Recipient(name="Example Insurance"), Recipient(name="Example Insurance", country="SG")
    assert exported(cif, to=here).rows == 0
    cif.consents.grant(other, INSURER, text="1", **SAY)
    assert (exported(cif, to=here).rows, exported(cif, to=abroad).rows) == (1, 0)
    cif.consents.grant(other, ABROAD, text="1", **SAY)
    assert exported(cif, to=abroad).rows == 1
    assert exported(cif, to=Recipient(name="Another")).rows == 0
    assert exported(cif).rows == 1, "who may give it away may not use it by that"


def test_an_audience_has_a_step_for_who_did_not_consent(cif: CIF, two: tuple[str, str]) -> None:
    one, _ = two
    publish(cif, Catalogue.of("1", tag("local", "home_branch = 'b'"), segment("offer", "tag('local')")))
    plan = AudiencePlan(campaign="spring", segment="segment:offer")
    steps = (("segment:offer", 2), ("not_there", 0), ("consent", -1), ("control", 0), ("addressed", 1))
    assert cif.tags.audience(plan, **ASK) == steps
    made = exported(cif, audience=plan)
    assert (made.waterfall, made.columns["key"]) == (steps, [one])
    cif.consents.deny(one, ANY, **SAY)
    assert cif.tags.audience(plan, **ASK)[2] == ("consent", -2)


def test_an_audience_by_one_way_is_of_who_consented_to_it(cif: CIF, two: tuple[str, str]) -> None:
    """Who refused text messages is in no campaign by text message, and who consented to those alone in no other."""
    one, other = two
    publish(cif, Catalogue.of("1", tag("local", "home_branch = 'b'"), segment("offer", "tag('local')")))
    by_sms = ConsentUse(purpose="marketing", channel="sms")
    cif.consents.deny(one, by_sms, **SAY)
    cif.consents.grant(other, by_sms, text="1", **SAY)
    found = {}
    for way in ("", "sms", "email"):
        plan = AudiencePlan(campaign="spring", segment="segment:offer", channel=way)
        steps, made = cif.tags.audience(plan, **ASK), exported(cif, audience=plan)
        assert made.waterfall == steps
        found[way] = made.columns["key"]
    assert found == {"": [one], "sms": [other], "email": [one]}


def test_what_was_approved_by_one_way_is_not_taken_by_another(cif: CIF, two: tuple[str, str]) -> None:
    specs = {
        way: ExportSpec(
            fields=("name",), recipient=Recipient(name="campaigns", inside=True), purpose=MARKETING,
            audience=AudiencePlan(campaign="spring", segment="segment:offer", channel=way),
        )
        for way in ("", "sms", "email")
    }  # fmt: skip
    assert len({one.digest for one in specs.values()}) == 3
    assert specs["sms"].audience is not None
    assert "by sms" in specs["sms"].audience.text
    with pytest.raises(ConfigurationError, match="addressed by app, email, phone, post, sms"):
        AudiencePlan(campaign="spring", segment="segment:offer", channel="none")


def test_no_campaign_addresses_who_died(cif: CIF, two: tuple[str, str]) -> None:
    one, other = two
    cif.consents.grant(other, ANY, text="1", **SAY)
    publish(cif, Catalogue.of("1", tag("local", "home_branch = 'b'"), segment("offer", "tag('local')")))
    plan = AudiencePlan(campaign="spring", segment="segment:offer")
    assert exported(cif, audience=plan).rows == 2
    teller = Actor(id="t.1", roles={"teller"}, branch="b")
    cif.customers.step(
        one, "report_death", reason="told by the family", evidence="file 7", actor=teller, purpose=Purpose.SERVICE
    )
    steps = (("segment:offer", 2), ("not_there", -1), ("consent", 0), ("control", 0), ("addressed", 1))
    assert cif.tags.audience(plan, **ASK) == steps
    made = exported(cif, audience=plan)
    assert (made.waterfall, made.columns["key"]) == (steps, [other])


def test_of_a_child_a_guardian_consents(cif: CIF) -> None:
    child = register(cif, STEWARD, "3", identifiers=None, birth_date="2020-01-01").cif_no
    cif.consents.grant(child, ANY, text="1", guardian=True, **SAY)
    assert cif.customers.get(child, **ASK).name == "张**"


def test_that_nothing_was_consented_to_is_told_to_who_may_ask(cif: CIF, two: tuple[str, str]) -> None:
    document = resting().document()
    document["grant"][-1]["fields"] += ["consents"]
    asking = Policy.from_document({**document, "version": "asking"})
    from tests.flows.test_browse import Under

    with Under(cif, asking):
        assert cif.consents.allows(two[1], ANY, **ASK).answer == "missing"
        shown = cif.customers.get(two[1], **ASK)
        assert (shown.values, shown.withheld) == ({}, ()), "not even what there is of them"
        assert cif.customers.find(phone="15499999999", **ASK) == [], "who looks at them is told, who seeks is not"


def test_a_refusal_of_one_side_of_a_merge_forbids(cif: CIF, two: tuple[str, str]) -> None:
    from tests.flows.test_relations import merged

    one, other = two
    cif.consents.deny(other, ANY, **SAY)
    merged(cif, one, other)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.customers.get(one, **ASK)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a purpose there is not": ({"basis": {"fun": "consent"}}, "says of a purpose"),
    "a basis there is not": ({"basis": {"marketing": "whim"}}, "what it rests on: consent"),
    "no table": ({"basis": "consent"}, "says of a purpose"),
    "browsing for what rests on consent": ({"basis": {"relationship": "consent"}}, "not browsed for relationship"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_basis_that_makes_no_sense_is_refused(what: str) -> None:
    more, said = REFUSED[what]
    with pytest.raises(PolicyError, match=said):
        resting(**more)


def test_a_policy_says_its_bases_again(cif: CIF) -> None:
    assert Policy.from_document(resting().document()).document() == resting().document()
    assert "basis" not in loose().document(), "a policy without any is the document that it was"
