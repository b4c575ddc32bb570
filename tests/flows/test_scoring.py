"""Models in force: two persons, cards that nobody changes, tags that they give, and scores that are told again bit for bit."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import attrs
import pytest
from tests.analytics.test_figures import TRAINED, logistic
from tests.conftest import ALL_ROLES, known
from tests.flows.test_register import register
from tests.flows.test_tags import LOOSE, OFFICER, SECOND, publish, tag

from bankcif import CIF, Actor, Policy, Purpose
from bankcif._clock import FixedClock
from bankcif.analytics import Figure, FigureModel, ModelCard, Scorecard, ScoreItem
from bankcif.errors import FourEyesError, InputError, NotFoundOrNotAllowedError, PolicyError
from bankcif.tagging import Catalogue, TagKind

MANAGER = known(Actor(id="m.1", roles={"relationship_manager"}, branch="b"))
STEWARD = known(Actor(id="s.wu", roles=ALL_ROLES, branch="b"))
SERVICE, OPERATIONS = Purpose.SERVICE, Purpose.OPERATIONS
TELL: dict[str, Any] = {"actor": MANAGER, "purpose": SERVICE}
TAGS = Catalogue.of("1", tag("leaving", kind=TagKind.MODEL), tag("local", "home_branch = 'b'"), tag("by_hand"))
POINTS = Scorecard(
    name="s", version="1",
    items=[ScoreItem(code="S", when="sex = '1'", points=30), ScoreItem(code="H", when="exists(holdings where status = 'open')", points=40), ScoreItem(code="L", when="tag('local')", points=1)],
)  # fmt: skip
FITTED = FigureModel(
    figures=[Figure(name="open", of="count(holdings where status = 'open')"), Figure(name="male", when="sex = '1'")], model=logistic({"open": 1.5, "male": 0.1}, -1.0)
)  # fmt: skip


LONG = [ScoreItem(code=str(n), when=f"exists(holdings where product = '{'x' * 15_000}')", points=1) for n in range(80)]


def card(model: Any = POINTS, **more: Any) -> ModelCard:
    said: dict[str, Any] = {
        "name": "churn", "version": "1", "zh": "流失", "en": "Churn", "use": "Who is called first.", "limits": "None known.", "owner": "retail", "model": model,
        "until": date(2027, 6, 1), "code": "0.1.0", "tag": "leaving", "least": 40 if model is POINTS else 0.5, "trained_on": None if model is POINTS else TRAINED,
    }  # fmt: skip
    return ModelCard(**{**said, **more})


def approve(cif: CIF, one: ModelCard) -> str:
    proposal = cif.scoring.propose(one, reason="better than before", actor=OFFICER)
    cif.approvals.approve(proposal.id, actor=SECOND)
    return proposal.id


def speaking() -> Policy:
    """Whoever publishes may read what a model reads, and managers say every tag of everybody."""
    document = LOOSE.document()
    mine = {
        "id": "speak",
        "roles": ["relationship_manager"],
        "purposes": ["service", "marketing", "compliance"],
        "actions": ["tag", "view"],
        "fields": ["tag:*", "segment:*", "sex", "holdings", "home_branch"],
    }
    return Policy.from_document({**document, "grant": [*document["grant"], mine], "version": "speaking"})


@pytest.fixture
def founding_policy() -> Policy:
    return speaking()


@pytest.fixture
def three(cif: CIF) -> tuple[str, str, str]:
    publish(cif, TAGS)
    holding = [{"product": "fund", "opened_on": "2024-01-01"}]
    one = register(cif, STEWARD, "1", sex="1", identifiers=None, holdings=holding)
    two = register(cif, STEWARD, "2", name="李四", sex="1", identifiers=None, phone="15499999999")
    third = register(
        cif,
        STEWARD,
        "3",
        name="王五",
        sex="2",
        identifiers=None,
        phone="15488888888",
        holdings=holding,
        home_branch="c",
    )
    return str(one.cif_no), str(two.cif_no), str(third.cif_no)


def has(cif: CIF, cif_no: str) -> bool:
    return "tag:leaving" in {one.name for one in cif.tags.portrait(cif_no, **TELL).tags}


def test_a_model_comes_into_force_by_two_persons(cif: CIF, three: tuple[str, ...]) -> None:
    proposal = cif.scoring.propose(card(), reason="first", actor=OFFICER)
    assert cif.scoring.proposed(proposal.id, actor=SECOND) == card()
    with pytest.raises(FourEyesError):
        cif.approvals.approve(proposal.id, actor=OFFICER)
    with pytest.raises(InputError, match="no such model in force"):
        cif.scoring.run("churn", **TELL)
    cif.approvals.approve(proposal.id, actor=SECOND)
    (one,) = cif.scoring.models(actor=OFFICER)
    assert (one.card, one.proposal, one.until) == (card(), proposal.id, None)
    with pytest.raises(InputError, match="in force already"):
        cif.scoring.propose(card(), reason="again", actor=OFFICER)
    approve(cif, card(version="2"))
    first, second = cif.scoring.models(actor=OFFICER)
    assert (first.card.version, second.card.version, first.until == second.since, second.until) == (
        "1",
        "2",
        True,
        None,
    )
    assert three


def test_of_two_that_are_proposed_one_comes_into_force(cif: CIF, three: tuple[str, ...]) -> None:
    one = cif.scoring.propose(card(), reason="one", actor=OFFICER)
    other = cif.scoring.propose(card(version="2"), reason="other", actor=OFFICER)
    cif.approvals.approve(one.id, actor=SECOND)
    with pytest.raises(FourEyesError, match="was changed since"):
        cif.approvals.approve(other.id, actor=SECOND)
    assert three


def test_a_model_gives_its_tag_and_takes_it_back(cif: CIF, three: tuple[str, ...], clock: FixedClock) -> None:
    approve(cif, card())
    run = cif.scoring.run("churn", **TELL)
    assert (run.customers, run.given, run.taken, run.stayed) == (3, 2, 0, 0)
    assert [has(cif, one) for one in three] == [True, False, True]
    same = cif.scoring.run("churn", **TELL)
    assert (same.given, same.taken, same.stayed, same.digest) == (0, 0, 2, run.digest), (
        "the same customers come to the same"
    )
    clock.advance(timedelta(days=1))
    register(
        cif,
        STEWARD,
        "1",
        sex="1",
        identifiers=None,
        holdings=[{"product": "fund", "opened_on": "2024-01-01", "status": "closed"}],
    )
    run = cif.scoring.run("churn", **TELL)
    assert (run.given, run.taken, run.stayed) == (0, 1, 1)
    assert [has(cif, one) for one in three] == [False, False, True]
    assert run.digest != same.digest


@pytest.mark.parametrize("model", [POINTS, FITTED])
def test_a_score_is_told_again_bit_for_bit(cif: CIF, three: tuple[str, ...], clock: FixedClock, model: Any) -> None:
    approve(cif, card(model))
    cif.scoring.run("churn", **TELL)
    first = cif.scoring.recompute(three[0], "leaving", **TELL)
    assert first.same
    assert first.then == ("71" if model is POINTS else (-1.0 + 1.5 + 0.1).hex())
    clock.advance(timedelta(days=40))
    register(
        cif,
        STEWARD,
        "1",
        sex="2",
        identifiers=None,
        holdings=[{"product": "fund", "opened_on": "2024-01-01", "status": "closed"}],
    )
    approve(cif, card(model, version="2", least=0.1))
    assert cif.scoring.recompute(three[0], "leaving", **TELL) == first, "by the model and the customer of then"
    with pytest.raises(InputError, match="no word of a model"):
        cif.scoring.recompute(three[1], "leaving", **TELL)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.scoring.recompute("C0", "leaving", **TELL)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.scoring.recompute(three[0], "leaving", actor=known(Actor(id="x", roles={"marketing"})), purpose=SERVICE)


def test_a_model_that_was_changed_behind_the_library_is_refused(cif: CIF, three: tuple[str, ...]) -> None:
    approve(cif, card())
    with cif._repository.unit_of_work() as unit:
        row = unit.models.active("churn")
        assert row is not None
        unit.models.put(attrs.evolve(row, document=row.document.replace(b"30", b"99")))
        unit.commit()
    for call in (lambda: cif.scoring.run("churn", **TELL), lambda: cif.scoring.models(actor=OFFICER)):
        with pytest.raises(PolicyError, match="changed in the database"):
            call()
    assert three


@pytest.mark.parametrize(
    ("one", "says"),
    [
        (card(tag="by_hand"), "no model tag"), (card(tag="nothing"), "no model tag"), (card(until=date(2026, 1, 1)), "lies in the past"),
        (card(Scorecard(name="s", version="1", items=LONG)), "bytes at most"),
    ],
)  # fmt: skip
def test_a_model_that_can_not_be_is_refused(cif: CIF, three: tuple[str, ...], one: ModelCard, says: str) -> None:
    with pytest.raises(InputError, match=says):
        cif.scoring.propose(one, reason="r", actor=OFFICER)
    assert three


def test_a_model_past_its_day_says_nothing(cif: CIF, three: tuple[str, ...], clock: FixedClock) -> None:
    approve(cif, card(until=date(2026, 12, 1)))
    approve(cif, card(name="silent", tag=""))
    cif.scoring.run("churn", **TELL)
    with pytest.raises(InputError, match="gives no tag"):
        cif.scoring.run("silent", **TELL)
    clock.advance(timedelta(days=10))
    with pytest.raises(InputError, match="until 2026-12-01"):
        cif.scoring.run("churn", **TELL)
    cif.tags.renew(actor=OFFICER)
    assert not has(cif, three[0]), "its tags end with it"


def test_nobody_proposes_what_they_may_not_read_or_scores_whom_they_may_not_tag(
    cif: CIF, three: tuple[str, ...]
) -> None:
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.scoring.propose(card(), reason="r", actor=known(Actor(id="t", roles={"teller"})))
    approve(cif, card())
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.scoring.run("churn", actor=known(Actor(id="t", roles={"analyst"})), purpose=SERVICE)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.scoring.proposed("0" * 32, actor=OFFICER)
    assert three


def test_the_log_names_the_model_and_no_score_of_anybody(cif: CIF, three: tuple[str, ...]) -> None:
    approve(cif, card())
    cif.scoring.run("churn", **TELL)
    with cif._repository.unit_of_work() as unit:
        entries = [json.loads(row.body) for row in unit.trail.between(0, 2**63 - 1)]
    done = {one["action"]: one for one in entries}
    assert done["model_in_force"]["rule"].startswith("churn:1:")
    assert done["score"]["count"] == 3
    assert "given:2 taken:0" in done["score"]["rule"]
    assert not [one for one in entries if " 71" in json.dumps(one)]
    assert three


def test_a_veto_stands_above_a_model_and_a_hand_beside_it(cif: CIF, three: tuple[str, ...]) -> None:
    approve(cif, card())
    cif.tags.veto(three[0], "leaving", until=date(2026, 12, 31), reason="complained", **TELL)
    cif.tags.say(three[1], "leaving", evidence="letter 7", reason="they said so", **TELL)
    for _ in range(2):
        cif.scoring.run("churn", **TELL)
        assert [has(cif, one) for one in three] == [False, True, True]
    cif.tags.take_back(three[0], "leaving", reason="it is settled", **TELL)
    assert has(cif, three[0]), "what the model said stands"


def test_nobody_makes_a_model_tell_by_writing_evidence_themselves(cif: CIF, three: tuple[str, ...]) -> None:
    probe = card(
        Scorecard(name="p", version="1", items=[ScoreItem(code="S", when="sex = '1'", points=1)]),
        name="probe",
        tag="leaving",
        trained_on=None,
    )
    cif.scoring.propose(probe, reason="to spy", actor=OFFICER)
    cif.tags.say(three[0], "leaving", evidence=f"probe 1 {probe.digest[:16]} 0", reason="r", **TELL)
    with pytest.raises(InputError, match="no word of a model"):
        cif.scoring.recompute(three[0], "leaving", **TELL)


def test_whoever_sees_the_tag_sees_no_score(cif: CIF, three: tuple[str, ...]) -> None:
    approve(cif, card())
    cif.scoring.run("churn", **TELL)
    held = next(one for one in cif.tags.portrait(three[0], **TELL).tags if one.name == "tag:leaving")
    assert "71" not in repr(held)
    assert "churn 1 " in repr(held)
    assert "71" not in repr(cif.scoring.recompute(three[0], "leaving", **TELL))


@pytest.mark.parametrize("founding_policy", [speaking()])
def test_nobody_is_scored_whose_data_is_restricted(cif: CIF, three: tuple[str, ...], founding_policy: Policy) -> None:
    approve(cif, card())
    officer = known(Actor(id="p.liu", roles={"privacy_officer"}))
    cif.erasures.restrict(three[0], reason="asked", actor=officer)
    for purpose in (SERVICE, Purpose.COMPLIANCE):
        assert cif.scoring.run("churn", actor=MANAGER, purpose=purpose).customers == 2
    assert founding_policy


def resting_on_consent() -> Policy:
    return Policy.from_document({**speaking().document(), "basis": {"marketing": "consent"}, "version": "consenting"})


@pytest.mark.parametrize("founding_policy", [resting_on_consent()])
def test_a_purpose_that_rests_on_consent_asks_only_who_consented(
    cif: CIF, three: tuple[str, ...], founding_policy: Policy
) -> None:
    approve(cif, card())
    assert cif.scoring.run("churn", actor=MANAGER, purpose=Purpose.MARKETING).customers == 0
    assert cif.scoring.run("churn", **TELL).customers == 3
    assert founding_policy
    assert three


def test_a_tag_that_would_lapse_is_said_again(cif: CIF, clock: FixedClock) -> None:
    publish(cif, Catalogue.of("1", tag("leaving", kind=TagKind.MODEL, valid_days=5), tag("local", "home_branch = 'b'")))
    one = str(register(cif, STEWARD, "1", sex="1", identifiers=None, holdings=[{"product": "fund"}]).cif_no)
    approve(cif, card())
    for _ in range(9):
        cif.scoring.run("churn", **TELL)
        cif.tags.renew(actor=OFFICER)
        assert has(cif, one)
        clock.advance(timedelta(days=1))


def test_a_score_is_told_under_the_number_of_then(cif: CIF, three: tuple[str, ...], clock: FixedClock) -> None:
    approve(cif, card())
    cif.scoring.run("churn", **TELL)
    first = cif.scoring.recompute(three[0], "leaving", **TELL)
    clock.advance(timedelta(days=1))
    proposal = cif.matches.propose_merge(
        three[1], three[0], actor=known(Actor(id="s.he", roles=ALL_ROLES, branch="b")), reason="same"
    )
    cif.approvals.approve(proposal.id, actor=known(Actor(id="s.wu", roles=ALL_ROLES, branch="b")))
    clock.advance(timedelta(days=1))
    assert cif.scoring.recompute(three[1], "leaving", **TELL) == first
    assert first.same


def test_one_tag_is_one_models_and_what_it_reads_is_there(cif: CIF, three: tuple[str, ...]) -> None:
    other = cif.scoring.propose(card(name="other"), reason="r", actor=OFFICER)
    approve(cif, card())
    with pytest.raises(FourEyesError):
        cif.approvals.approve(other.id, actor=SECOND)
    with pytest.raises(InputError, match="the model churn gives this tag"):
        cif.scoring.propose(card(name="other"), reason="r", actor=OFFICER)
    for when, says in (
        ("tag('nowhere')", "has no tag:nowhere"),
        ("tag('leaving')", "does not read the tag that it gives"),
    ):
        points = Scorecard(name="s", version="1", items=[ScoreItem(code="A", when=when, points=1)])
        with pytest.raises(InputError, match=says):
            cif.scoring.propose(card(points, name="third", trained_on=None), reason="r", actor=OFFICER)
    with pytest.raises(InputError, match="printable"):
        cif.scoring.propose(card(version="1\n2"), reason="r", actor=OFFICER)
    with pytest.raises(InputError, match="with its card"):
        cif.scoring.propose(None, reason="r", actor=OFFICER)  # type: ignore[arg-type]
    assert three


def test_an_older_model_that_is_put_back_is_told(cif: CIF, three: tuple[str, ...]) -> None:
    first = approve(cif, card())
    with cif._repository.unit_of_work() as unit:
        old = unit.models.get(first)
    approve(cif, card(version="2"))
    auditor = known(Actor(id="au", roles={"auditor"}))
    assert cif.audit.verify(actor=auditor).intact
    with cif._repository.unit_of_work() as unit:
        assert old is not None
        new = unit.models.active("churn")
        assert new is not None
        unit.models.put(old)
        unit.models.put(attrs.evolve(new, since=None))
        unit.commit()
    assert [one.what for one in cif.audit.verify(actor=auditor).damage if one.stream == "model churn"] == [
        "the model churn in force is not the last that the log says came into force"
    ]
    assert three
