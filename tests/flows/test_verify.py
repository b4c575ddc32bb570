"""Verification: bound to the value, lost with it, moved by a merge; outside checks that fail are no errors."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st
from tests.conftest import ALL_ROLES
from tests.flows.test_merge import merge, three, unmerge
from tests.flows.test_register import register

from bankcif import CIF, Actor, Purpose
from bankcif._clock import FixedClock
from bankcif.errors import ConfigurationError, InputError, NotFoundOrNotAllowedError
from bankcif.intake import Answer, Doubt, GuardedVerifier, VerifierAnswer
from bankcif.merging import Assurance, VerificationState, VerifiedField
from bankcif.testing.verifiers import FakeVerifier, VerifierContract

S = VerificationState
OPERATIONS = Purpose.OPERATIONS
REGISTRY = ("name", "identifiers.cn.resident_id")


def guarded(*answers: Answer | Exception | float, **more: Any) -> GuardedVerifier:
    settings = {"timeout_s": 0.2, "attempts": 2, "wait_s": 0.0, "sleep": lambda _: None, "failures": 4} | more
    return GuardedVerifier(verifier=FakeVerifier(answers=answers or (Answer.CONFIRMED,)), **settings)


def asked(guard: GuardedVerifier) -> int:
    assert isinstance(guard.verifier, FakeVerifier)
    return guard.verifier.asked


def said(cif: CIF, actor: Actor, cif_no: str) -> dict[str, VerificationState]:
    found = cif.verifications.states(cif_no, actor=actor, purpose=OPERATIONS)
    return {path: field.state for path, field in found.items()}


def by_hand(cif: CIF, actor: Actor, cif_no: str, *fields: str, **more: Any) -> Mapping[str, VerifiedField]:
    settings: dict[str, Any] = {
        "method": "document_seen", "level": Assurance.HIGH, "evidence": "scan-1", "purpose": OPERATIONS,
    }  # fmt: skip
    return cif.verifications.record(cif_no, fields, actor=actor, **{**settings, **more}).states


def test_a_person_s_check_stands_with_its_method_level_time_and_evidence(cif: CIF, steward: Actor) -> None:
    cif_no = register(cif, steward, "1").cif_no
    assert said(cif, steward, cif_no) == {}
    found = by_hand(cif, steward, cif_no, "name", "identifiers.cn.resident_id")
    assert {path: field.state for path, field in found.items()} == dict.fromkeys(REGISTRY, S.VERIFIED)
    last = found["name"].last
    assert last is not None
    assert (last.method, last.level, last.evidence, last.actor) == ("document_seen", Assurance.HIGH, "scan-1", "s.wu")
    assert last.at == cif._desk.now()
    assert said(cif, steward, cif_no) == dict.fromkeys(REGISTRY, S.VERIFIED)


def test_it_is_lost_when_the_value_changes_and_does_not_come_back(cif: CIF, steward: Actor, clock: FixedClock) -> None:
    cif_no = register(cif, steward, "1", phone="15412345678").cif_no
    by_hand(cif, steward, cif_no, "phone", method="one_time_code")
    by_hand(cif, steward, cif_no, "name")
    for phone in ("15412345679", "15412345678"):
        clock.advance(timedelta(days=1))
        register(cif, steward, "1", phone=phone)
        found = cif.verifications.states(cif_no, actor=steward, purpose=OPERATIONS)
        assert (found["phone"].state, found["phone"].lost) == (S.UNVERIFIED, True), "even with the old value again"
        assert found["name"].state is S.VERIFIED
    clock.advance(timedelta(days=1))
    by_hand(cif, steward, cif_no, "phone", method="one_time_code")
    assert said(cif, steward, cif_no)["phone"] is S.VERIFIED


def test_a_confirmation_of_the_same_value_keeps_it(cif: CIF, steward: Actor, clock: FixedClock) -> None:
    cif_no = register(cif, steward, "1").cif_no
    by_hand(cif, steward, cif_no, "phone")
    clock.advance(timedelta(days=1))
    register(cif, steward, "1", email="new@example.com")
    register(cif, steward, "77", channel="card")
    assert said(cif, steward, cif_no) == {"phone": S.VERIFIED}


def test_it_expires_and_a_failed_one_is_told(cif: CIF, steward: Actor, clock: FixedClock) -> None:
    cif_no = register(cif, steward, "1").cif_no
    by_hand(cif, steward, cif_no, "phone", valid_until=date(2026, 12, 1))
    assert said(cif, steward, cif_no) == {"phone": S.VERIFIED}
    clock.advance(timedelta(days=8))
    assert said(cif, steward, cif_no) == {"phone": S.EXPIRED}
    by_hand(cif, steward, cif_no, "phone", confirmed=False)
    assert said(cif, steward, cif_no) == {"phone": S.FAILED}


def test_it_moves_with_a_merge_and_comes_back_with_an_unmerge(cif: CIF, clock: FixedClock) -> None:
    maker = Actor(id="s.wu", roles=ALL_ROLES, branch="b")
    a, b, _ = three(cif)
    by_hand(cif, maker, b, "phone")
    before = {cif_no: said(cif, maker, cif_no) for cif_no in (a, b)}
    clock.advance(timedelta(days=1))
    merge(cif, a, b)
    assert said(cif, maker, a) == {"phone": S.UNVERIFIED}, "the survivor's own phone is another"
    clock.advance(timedelta(days=1))
    unmerge(cif, b)
    assert {cif_no: said(cif, maker, cif_no) for cif_no in (a, b)} == before


def test_an_outside_check_is_asked_recorded_and_audited(cif: CIF, steward: Actor) -> None:
    cif_no = register(cif, steward, "1").cif_no
    verifier = guarded(Answer.CONFIRMED, Answer.DENIED)
    done = cif.verifications.check(cif_no, verifier, actor=steward, purpose=OPERATIONS)
    assert done.doubt is None
    assert {field.state for field in done.states.values()} == {S.VERIFIED}
    assert done.states["name"].last.valid_until == date(2027, 11, 24)  # type: ignore[union-attr]
    done = cif.verifications.check(cif_no, verifier, actor=steward, purpose=OPERATIONS)
    assert {field.state for field in done.states.values()} == {S.FAILED}
    log = cif.audit.who(cif_no, actor=steward, purpose=Purpose.AUDIT)
    rules = [line.rule for line in log if line.action.startswith("verify")]
    asked = "identity_registry:asked"
    assert rules == [asked, "identity_registry:confirmed", asked, "identity_registry:denied"]


@pytest.mark.parametrize(
    ("answers", "doubt", "times"),
    [
        ((RuntimeError("张伟国 11010519491231002X"),), Doubt.UNAVAILABLE, 2),
        ((RuntimeError("once"), Answer.CONFIRMED), None, 2),
        ((0.6,), Doubt.TIMEOUT, 2),
        ((Answer.UNKNOWN,), Doubt.UNKNOWN, 1),
    ],
    ids=["error", "error, then an answer", "silence", "unknown"],
)
def test_a_failure_is_unverified_and_no_error(
    cif: CIF, steward: Actor, answers: tuple[Any, ...], doubt: Doubt | None, times: int
) -> None:
    cif_no = register(cif, steward, "1").cif_no
    verifier = guarded(*answers)
    done = cif.verifications.check(cif_no, verifier, actor=steward, purpose=OPERATIONS)
    assert done.doubt is doubt
    assert asked(verifier) == times
    assert said(cif, steward, cif_no) == ({} if doubt else dict.fromkeys(REGISTRY, S.VERIFIED))


def test_the_circuit_opens_and_closes_again(cif: CIF, steward: Actor) -> None:
    cif_no = register(cif, steward, "1").cif_no
    verifier = guarded(*[OSError()] * 4, Answer.CONFIRMED, pause_s=0.2, attempts=1)

    def ask() -> Doubt | None:
        return cif.verifications.check(cif_no, verifier, actor=steward, purpose=OPERATIONS).doubt

    assert [ask() for _ in range(6)] == [Doubt.UNAVAILABLE] * 4 + [Doubt.CIRCUIT_OPEN] * 2
    assert asked(verifier) == 4, "while it is open nothing is asked"
    time.sleep(0.25)
    assert ask() is None
    assert asked(verifier) == 5


class _Changing(FakeVerifier):
    """Somebody changes the customer's name while the outside system thinks."""

    meanwhile: Any = None

    def check(self, values: Mapping[str, Any], timeout_s: float) -> VerifierAnswer:
        self.meanwhile()
        return super().check(values, timeout_s)


def test_an_answer_about_a_value_that_has_changed_meanwhile_is_not_recorded(cif: CIF, steward: Actor) -> None:
    cif_no = register(cif, steward, "1").cif_no
    fake = _Changing()
    fake.meanwhile = lambda: register(cif, steward, "1", name="张伟民")
    done = cif.verifications.check(cif_no, GuardedVerifier(verifier=fake), actor=steward, purpose=OPERATIONS)
    assert done.doubt is Doubt.VALUE_CHANGED
    assert said(cif, steward, cif_no) == {}


class _Together(FakeVerifier):
    """Answers only when as many ask at the same time."""

    barrier = threading.Barrier(4)

    def check(self, values: Mapping[str, Any], timeout_s: float) -> VerifierAnswer:
        self.barrier.wait(timeout_s)
        return VerifierAnswer(answer=Answer.CONFIRMED, evidence="together")


def test_one_who_waits_keeps_nobody_else_waiting() -> None:
    guard = GuardedVerifier(verifier=_Together(), timeout_s=20, attempts=1)
    answers: list[Any] = []
    threads = [threading.Thread(target=lambda: answers.append(guard.ask({"name": "x"}))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.evidence for answer in answers] == ["together"] * 4


def test_a_failure_leaves_nothing_of_its_words_behind() -> None:
    guard = guarded(RuntimeError("张伟国 11010519491231002X"))
    guard.ask({"name": "张伟国"})
    assert "张伟国" not in repr(vars(guard._breaker))


@pytest.mark.parametrize("wrong", [{"level": "sure"}, {"method": "seen by me"}], ids=str)
def test_a_verifier_that_names_no_method_or_level_is_refused_before_it_is_asked(
    cif: CIF, steward: Actor, wrong: dict[str, str]
) -> None:
    cif_no = register(cif, steward, "1").cif_no
    guard = GuardedVerifier(verifier=FakeVerifier(**wrong))  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError):
        cif.verifications.check(cif_no, guard, actor=steward, purpose=OPERATIONS)
    assert asked(guard) == 0


def test_the_tag_of_a_value_stays_inside(cif: CIF, steward: Actor) -> None:
    cif_no = register(cif, steward, "1").cif_no
    found = {
        **by_hand(cif, steward, cif_no, "phone"),
        **cif.verifications.states(cif_no, actor=steward, purpose=OPERATIONS),
    }
    assert [field.last.value_tag for field in found.values() if field.last] == [""]


def test_without_the_value_nothing_is_asked(cif: CIF, steward: Actor) -> None:
    cif_no = register(cif, steward, "1", identifiers=None).cif_no
    verifier = guarded()
    done = cif.verifications.check(cif_no, verifier, actor=steward, purpose=OPERATIONS)
    assert done.doubt is Doubt.VALUE_MISSING
    assert asked(verifier) == 0


@pytest.mark.parametrize(
    ("fields", "more", "rule"),
    [
        (["shoe_size"], {}, "unknown_field"), ([], {}, "unknown_field"), (["phone.x"], {}, "unknown_field"),
        (["address.text"], {}, "unknown_field"), (["identifiers.张伟"], {}, "unknown_field"),
        (["phone"] + [f"identifiers.bank.{n}" for n in range(20)], {}, "unknown_field"), (["employer"], {}, "required"),
        (["phone"], {"method": "seen by me"}, "method"), (["phone"], {"evidence": ""}, "evidence"),
        (["phone"], {"evidence": "a\nb"}, "evidence"),
    ],
)  # fmt: skip
def test_wrong_input_is_refused(cif: CIF, steward: Actor, fields: list[str], more: dict[str, str], rule: str) -> None:
    compliance = Actor(id="s.wu", roles=ALL_ROLES, branch="b")
    cif_no = register(cif, steward, "1").cif_no
    expected: type[Exception] = NotFoundOrNotAllowedError if fields == ["employer"] else InputError
    with pytest.raises(expected) as caught:
        by_hand(cif, compliance, cif_no, *fields, **more)
    if expected is InputError:
        assert caught.value.rule == rule  # type: ignore[attr-defined]
    with pytest.raises(InputError, match="no value"):
        by_hand(cif, compliance, cif_no, "identifiers.passport")


def test_who_may_not_verify_is_refused_and_audited(cif: CIF, steward: Actor) -> None:
    cif_no = register(cif, steward, "1").cif_no
    other = Actor(id="t.zhao", roles={"teller"}, branch="elsewhere")
    fake = guarded()
    for attempt in (
        lambda: by_hand(cif, other, cif_no, "phone"),
        lambda: cif.verifications.check(cif_no, fake, actor=other, purpose=Purpose.SERVICE),
        lambda: cif.verifications.states(cif_no, actor=other, purpose=Purpose.SERVICE),
    ):
        with pytest.raises(NotFoundOrNotAllowedError):
            attempt()
    assert asked(fake) == 0
    log = cif.audit.who(cif_no, actor=steward, purpose=Purpose.AUDIT)
    assert [line.outcome for line in log if line.actor == "t.zhao"] == ["refused"] * 3
    with pytest.raises(NotFoundOrNotAllowedError):
        by_hand(cif, steward, "C0000000000000000", "phone")


def test_it_works_on_sqlite_too(sqlite_cif: CIF, steward: Actor) -> None:
    cif_no = register(sqlite_cif, steward, "1").cif_no
    done = sqlite_cif.verifications.check(cif_no, guarded(), actor=steward, purpose=OPERATIONS)
    assert {field.state for field in done.states.values()} == {S.VERIFIED}
    assert sqlite_cif.audit.verify(actor=steward).intact


@pytest.mark.parametrize("wrong", [{"timeout_s": 0}, {"attempts": 0}, {"failures": 0}, {"pause_s": 0}], ids=str)
def test_a_guard_without_limits_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        GuardedVerifier(verifier=FakeVerifier(), **wrong)


class _Careless(FakeVerifier):
    def check(self, values: Mapping[str, Any], timeout_s: float) -> Any:
        return VerifierAnswer(answer=Answer.CONFIRMED, evidence="x" * 201)


def test_an_answer_that_is_none_counts_as_unavailable() -> None:
    assert GuardedVerifier(verifier=_Careless(), sleep=lambda _: None).ask({}) is Doubt.UNAVAILABLE


@given(st.lists(st.sampled_from(["confirmed", "error", "slow"]), min_size=1, max_size=6))
def test_a_guard_never_raises_and_never_waits_longer_than_it_says(script: list[str]) -> None:
    answers = [{"confirmed": Answer.CONFIRMED, "error": OSError(), "slow": 0.05}[word] for word in script]
    guard = guarded(*answers, timeout_s=0.01)  # type: ignore[arg-type]
    start = time.monotonic()
    said = guard.ask({"name": "x"})
    assert isinstance(said, Doubt | VerifierAnswer)
    assert time.monotonic() - start < 5, "two attempts of a hundredth of a second, on a busy machine"
    assert threading.active_count() < 200


class TestFake(VerifierContract):
    """The fake passes what a bank's own verifier must pass, as far as it is scripted."""

    confirmed: Mapping[str, Any] = {"name": "张伟", "identifiers.cn.resident_id": ["11010519491231002X"]}
    denied: Mapping[str, Any] = {"name": "李娜", "identifiers.cn.resident_id": ["11010519491231002X"]}

    @pytest.fixture
    def verifier(self) -> FakeVerifier:
        return FakeVerifier(answers=(Answer.CONFIRMED, Answer.DENIED))
