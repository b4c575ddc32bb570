"""Operators: enrolled by who keeps them, recognized or not with one answer, locked after failures, each attempt in the log."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import attrs
import pytest
from tests.access.authenticator_double import ORIGIN, RP_ID, Device
from tests.conftest import NOW, known
from tests.flows.test_register import register
from tests.flows.test_rotate import ONE, begin

from bankcif import CIF, Actor, LocalKeyProvider, MemoryKeyStore, MemoryRepository, Policy, Purpose
from bankcif._clock import FixedClock
from bankcif.access import AuthPlan, PasskeyPlan, PasswordPlan, default_policy
from bankcif.access.authentication import code_at
from bankcif.approval import ApprovalState
from bankcif.context import AuthContext
from bankcif.errors import (
    AuthenticationError,
    ConfigurationError,
    FourEyesError,
    InputError,
    KeyMissingError,
    NotFoundOrNotAllowedError,
    StepUpRequired,
)
from bankcif.party import ReferenceTables

CHEAP = PasswordPlan(iterations=1, memory_kib=8, lanes=1)
PASSKEYS = PasskeyPlan(rp_id=RP_ID, rp_name="Bank", origins=(ORIGIN,))
PLAN = AuthPlan(password=CHEAP, passkey=PASSKEYS)
KEEPER, SECOND = (Actor(id=one, roles={"operator_admin"}) for one in ("o.xia", "o.yun"))
AUDITOR = Actor(id="a.sun", roles={"auditor"})
ZHOU = Actor(id="t.zhou", roles={"compliance"}, branch="b")
SECRET = "a long enough password"


class Bank:
    """One store under one clock, with an operator who has a password and a token."""

    def __init__(self, tables: ReferenceTables, clock: FixedClock) -> None:
        self.clock, self.repository = clock, MemoryRepository()
        self._more: dict[str, Any] = {
            "keys": LocalKeyProvider.generate(), "key_store": MemoryKeyStore(), "tables": tables, "clock": clock,
        }  # fmt: skip
        self.cif = self.open()
        self.cif.operators.set_password("t.zhou", SECRET, actor=KEEPER)
        self.secret = self.token("t.zhou", "totp")

    def token(self, operator: str, kind: Literal["totp", "hotp"]) -> bytes:
        """The secret of a token that one keeper gave and another approved."""
        made = self.cif.operators.add_code(operator, kind, actor=KEEPER)
        self.cif.approvals.approve(made.proposal, actor=SECOND)
        return base64.b32decode(made.secret)

    def open(self, plan: AuthPlan = PLAN, **more: Any) -> CIF:
        return CIF(repository=self.repository, tenant="t", authentication=plan, **self._more, **more)

    def code(self, after: int = 0) -> str:
        return code_at(self.secret, int(self.clock.now().timestamp()) // 30 + after, PLAN.code)

    def tried(self, who: str = "t.zhou") -> list[tuple[str, str, str]]:
        return [(one.action, one.outcome, one.rule) for one in self.cif.audit.deeds(who, actor=AUDITOR)]


@pytest.fixture
def bank(tables: ReferenceTables, clock: FixedClock) -> Iterator[Bank]:
    made = Bank(tables, clock)
    yield made
    made.cif.close()


@pytest.mark.parametrize("when", ["while it is compared", "before it is opened"])
def test_a_rotation_in_the_middle_of_a_log_in_costs_nobody_an_attempt(
    bank: Bank, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    from bankcif.flows import authenticate

    clock.advance(timedelta(minutes=1))
    begin(bank.cif, "data")
    name = "password_matches" if when == "while it is compared" else "may_be_an_id"
    real = getattr(authenticate, name)

    def meanwhile(*args: Any) -> Any:
        monkeypatch.setattr(authenticate, name, real)
        bank.cif.keys.rotate(actor=ONE)
        return real(*args)

    monkeypatch.setattr(authenticate, name, meanwhile)
    assert bank.cif.operators.log_in("t.zhou", SECRET).assurance == 1
    assert [one.failures for one in bank.repository._data.credentials.rows.values()] == [0, 0]


def test_password_and_code_are_two_factors(bank: Bank) -> None:
    one = bank.cif.operators.log_in("t.zhou", SECRET)
    assert one == AuthContext(methods=("password",), assurance=1, at=NOW)
    two = bank.cif.operators.log_in("t.zhou", SECRET, bank.code(), origin="desk-4")
    assert two == AuthContext(methods=("password", "totp"), assurance=2, at=NOW)
    assert bank.tried() == [("log_in", "done", "password"), ("log_in", "done", "password+totp")]
    assert [line.origin for line in bank.cif.audit.deeds("t.zhou", actor=AUDITOR)] == ["", "desk-4"]


WRONG = {
    "another password": lambda b: b.cif.operators.log_in("t.zhou", SECRET + "x"),
    "no password": lambda b: b.cif.operators.log_in("t.zhou", ""),
    "a code that is none": lambda b: b.cif.operators.log_in("t.zhou", SECRET, "000000"),
    "a code of later": lambda b: b.cif.operators.log_in("t.zhou", SECRET, b.code(9)),
    "the wrong password with the right code": lambda b: b.cif.operators.log_in("t.zhou", "x", b.code()),
    "a name that is nobody's": lambda b: b.cif.operators.log_in("t.nobody", SECRET),
    "a name like a password": lambda b: b.cif.operators.log_in("my secret password", SECRET, "123456"),
    "a name that cannot be": lambda b: b.cif.operators.log_in("\ud800" * 300, SECRET),
    "an operator without a token": lambda b: b.cif.operators.log_in("t.plain", SECRET, "123456"),
}


@pytest.mark.parametrize("case", sorted(WRONG))
def test_whatever_is_wrong_has_one_answer(bank: Bank, case: str) -> None:
    bank.cif.operators.set_password("t.plain", SECRET, actor=KEEPER)
    with pytest.raises(AuthenticationError) as caught:
        WRONG[case](bank)
    said = str(caught.value)
    assert said == "the operator was not recognized: unknown, wrong, used before, or locked for a while"
    assert (caught.value.__cause__, caught.value.__context__, caught.value.rule) == (None, None, "authentication")


class TestRowsChangedInTheDatabase:
    """Threat 4: who can write the table of factors and has no key."""

    def rows(self, bank: Bank) -> Any:
        return bank.repository._data.credentials.rows

    def damage(self, bank: Bank) -> list[str]:
        return [one.what.partition(": ")[2] for one in bank.cif.audit.verify(actor=AUDITOR).damage]

    @pytest.mark.parametrize(
        "change", [{"step": -1}, {"locked_until": 0, "failures": 0}, {"used_at": 1}, {"version": 9}]
    )
    def test_a_used_code_is_not_given_back_nor_a_lock_taken_away(self, bank: Bank, change: dict[str, Any]) -> None:
        code = bank.code()
        bank.cif.operators.log_in("t.zhou", SECRET, code)
        for _ in range(PLAN.attempts):
            with pytest.raises(AuthenticationError):
                bank.cif.operators.log_in("t.zhou", SECRET, "000000")
        assert self.damage(bank) == []
        rows = self.rows(bank)
        key = ("t.zhou", "totp", "0")
        rows[key] = attrs.evolve(rows[key], **change)
        with pytest.raises(AuthenticationError):
            bank.cif.operators.log_in("t.zhou", SECRET, code)
        assert bank.tried()[-1] == ("log_in", "refused", "factor_mark")
        with pytest.raises(InputError, match="somebody changed the row"):
            bank.cif.operators.unlock("t.zhou", actor=KEEPER)
        assert self.damage(bank) == ["it is not as the log left it"]
        bank.cif.operators.remove("t.zhou", "totp", "0", actor=KEEPER)  # what is left to do
        assert self.damage(bank) == []

    def test_a_password_s_row_is_not_believed_either(self, bank: Bank) -> None:
        rows = self.rows(bank)
        rows["t.zhou", "password", "0"] = attrs.evolve(rows["t.zhou", "password", "0"], failures=-99)
        with pytest.raises(AuthenticationError):
            bank.cif.operators.log_in("t.zhou", SECRET)
        assert bank.tried()[-1][2] == "factor_mark"

    def test_a_row_that_was_put_back_as_it_once_stood_is_found(self, bank: Bank) -> None:
        before, code = dict(self.rows(bank)), bank.code()
        bank.cif.operators.log_in("t.zhou", SECRET, code)
        assert self.damage(bank) == []
        self.rows(bank).update(before)
        bank.cif.operators.log_in("t.zhou", SECRET, code)  # its mark is right: only the log knows
        self.rows(bank).update(before)
        told = "it was put back as it once stood: the log knows version"
        twice = "it came to this version twice, so it was put back in between"
        # The password's, and the token's; both were used again from where they once stood.
        assert sorted(self.damage(bank)) == [twice, twice, f"{told} 2", f"{told} 3"]

    @pytest.mark.parametrize("by", ["rotation", "removal"])
    def test_nothing_that_moves_a_factor_on_hides_that_it_was_put_back(
        self, bank: Bank, clock: FixedClock, by: str
    ) -> None:
        place, code = ("t.zhou", "totp", "0"), bank.code()
        stood = self.rows(bank)[place]
        bank.cif.operators.log_in("t.zhou", SECRET, code)
        self.rows(bank)[place] = stood
        assert self.damage(bank) == ["it was put back as it once stood: the log knows version 3"]
        if by == "rotation":
            clock.advance(timedelta(minutes=1))
            begin(bank.cif, "data")
            bank.cif.keys.rotate(actor=ONE)
        else:
            bank.cif.operators.remove("t.zhou", "totp", "0", actor=KEEPER)
        assert self.damage(bank) == ["it came to this version twice, so it was put back in between"]

    def test_guessing_on_from_a_row_that_is_put_back_is_told(self, bank: Bank) -> None:
        place = ("t.zhou", "password", "0")
        stood = self.rows(bank)[place]
        for n in range(PLAN.attempts * 2):
            self.rows(bank)[place] = stood
            with pytest.raises(AuthenticationError):
                bank.cif.operators.log_in("t.zhou", f"guess {n}")
        assert self.rows(bank)[place].locked_until == 0  # nothing but the log knows
        assert self.damage(bank) == ["it came to this version twice, so it was put back in between"]

    def test_a_row_that_names_another_s_key_does_not_end_the_other(self, bank: Bank) -> None:
        bank.cif.operators.set_password("t.b", SECRET, actor=KEEPER)
        mine, other = ("t.zhou", "totp", "0"), ("t.b", "password", "0")
        self.rows(bank)[mine] = attrs.evolve(self.rows(bank)[mine], key_id=self.rows(bank)[other].key_id)
        bank.cif.operators.remove("t.zhou", "totp", "0", actor=KEEPER)
        assert self.damage(bank) == ["it is gone"]
        assert bank.cif.operators.log_in("t.b", SECRET).assurance == 1
        assert self.damage(bank) == ["it is gone"]

    def test_a_damaged_factor_does_not_stop_a_rotation(self, bank: Bank, clock: FixedClock) -> None:
        place = ("t.zhou", "totp", "0")
        row = self.rows(bank)[place]
        self.rows(bank)[place] = attrs.evolve(row, sealed=row.sealed[:-1] + bytes([row.sealed[-1] ^ 1]))
        clock.advance(timedelta(minutes=1))
        begin(bank.cif, "data")
        assert bank.cif.keys.rotate(actor=ONE)[0].finished_at is not None
        assert self.damage(bank) == ["it is not as the log left it"]

    def test_a_row_that_was_taken_out_or_put_in_is_found(self, bank: Bank) -> None:
        rows = self.rows(bank)
        taken = rows.pop(("t.zhou", "totp", "0"))
        assert self.damage(bank) == ["it is gone"]
        rows["t.zhou", "totp", "0"] = taken
        assert self.damage(bank) == []
        bank.cif.operators.remove("t.zhou", "totp", "0", actor=KEEPER)
        assert self.damage(bank) == []
        rows["t.zhou", "totp", "0"] = taken
        assert self.damage(bank) == ["it was taken away, and is there again"]
        bank.cif.operators.remove("t.zhou", "totp", "0", actor=KEEPER)  # however old, it is brought to rest
        assert self.damage(bank) == []

    def test_a_rotation_does_not_heal_what_was_changed(self, bank: Bank) -> None:
        rows = self.rows(bank)
        rows["t.zhou", "totp", "0"] = attrs.evolve(rows["t.zhou", "totp", "0"], step=-2)
        bank.clock.advance(timedelta(days=1))
        now = bank.clock.now()
        custodians = [known(Actor(id=one, roles={"key_custodian"}), now) for one in ("k1", "k2")]
        proposal = bank.cif.keys.propose_rotation("data", reason="r", actor=custodians[0])
        bank.cif.approvals.approve(proposal.id, actor=custodians[1])
        bank.cif.keys.rotate(actor=custodians[0])
        assert self.damage(bank) == ["it is not as the log left it"]

    @pytest.mark.parametrize("change", [{"expires_at": 2**62}, {"operator": "t.zhou"}, {"operation": "ab" * 32}])
    def test_a_question_to_a_passkey_is_answered_as_it_was_put(self, bank: Bank, change: dict[str, Any]) -> None:
        device = Device()
        enrol(bank.cif, device)
        asked = bank.cif.operators.begin_log_in()
        response = device.sign(asked.options)
        rows = bank.repository._data.challenges.rows
        (id_,) = rows
        rows[id_] = attrs.evolve(rows[id_], **change)
        with pytest.raises(AuthenticationError):
            bank.cif.operators.finish_log_in(asked.id, response)
        again = bank.cif.operators.begin_log_in()
        assert bank.cif.operators.finish_log_in(again.id, device.sign(again.options))[0] == "t.zhou"


def test_a_name_that_is_nobody_s_is_kept_as_a_tag(bank: Bank) -> None:
    """A password is easily typed into the field of the name."""
    with pytest.raises(AuthenticationError):
        bank.cif.operators.log_in("my secret password", SECRET)
    with bank.repository.unit_of_work() as unit:
        bodies = b"".join(row.body for row in unit.trail.between(0, 2**63 - 1))
    assert b"my secret" not in bodies
    assert b'"terms":{"operator":"' in bodies
    assert bank.tried("bankcif.nobody") == [("log_in", "refused", "unknown")]


def test_as_much_work_is_done_for_a_name_that_is_nobody_s(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    import bankcif.flows.authenticate as flow

    costs: list[str] = []
    real = flow.password_matches
    monkeypatch.setattr(
        flow, "password_matches", lambda p, encoded, plan: costs.append(encoded.split("$")[3]) or real(p, encoded, plan)
    )
    for name in ("t.zhou", "t.nobody"):
        with pytest.raises(AuthenticationError):
            bank.cif.operators.log_in(name, "x")
    assert costs == ["m=8,t=1,p=1"] * 2


def test_a_code_is_used_once_by_whoever_is_first(bank: Bank) -> None:
    code = bank.code()
    bank.cif.operators.log_in("t.zhou", SECRET, code)
    with pytest.raises(AuthenticationError):
        bank.cif.operators.log_in("t.zhou", SECRET, code)
    other = bank.open()
    with pytest.raises(AuthenticationError):
        other.operators.log_in("t.zhou", SECRET, code)
    bank.clock.advance(timedelta(seconds=30))
    assert other.operators.log_in("t.zhou", SECRET, bank.code()).assurance == 2


def test_a_counter_token_goes_on_where_it_was(bank: Bank) -> None:
    secret = bank.token("t.hotp", "hotp")
    bank.cif.operators.set_password("t.hotp", SECRET, actor=KEEPER)
    codes = [code_at(secret, step, PLAN.code) for step in range(30)]
    for step, good in ((0, True), (0, False), (3, True), (2, False), (4, True), (20, False)):
        if good:
            assert bank.cif.operators.log_in("t.hotp", SECRET, codes[step]).methods == ("password", "hotp")
        else:
            with pytest.raises(AuthenticationError):
                bank.cif.operators.log_in("t.hotp", SECRET, codes[step])


def test_a_factor_is_locked_after_failures_and_opens_again(bank: Bank) -> None:
    for _ in range(PLAN.attempts):
        with pytest.raises(AuthenticationError):
            bank.cif.operators.log_in("t.zhou", "wrong")
    with pytest.raises(AuthenticationError):
        bank.cif.operators.log_in("t.zhou", SECRET)  # the right one does not help now
    assert bank.tried()[-1] == ("log_in", "refused", "locked")
    bank.clock.advance(timedelta(minutes=PLAN.lock_minutes))
    assert bank.cif.operators.log_in("t.zhou", SECRET).assurance == 1


def test_a_success_forgets_failures(bank: Bank) -> None:
    for _ in range(3):
        for _ in range(PLAN.attempts - 1):
            with pytest.raises(AuthenticationError):
                bank.cif.operators.log_in("t.zhou", "wrong")
        bank.cif.operators.log_in("t.zhou", SECRET)


def test_codes_are_limited_by_themselves(bank: Bank) -> None:
    for _ in range(PLAN.attempts):
        with pytest.raises(AuthenticationError):
            bank.cif.operators.log_in("t.zhou", SECRET, "000000")
    with pytest.raises(AuthenticationError):
        bank.cif.operators.log_in("t.zhou", SECRET, bank.code())
    assert bank.cif.operators.log_in("t.zhou", SECRET).assurance == 1  # the password is not what failed
    bank.cif.operators.unlock("t.zhou", actor=KEEPER)
    assert bank.cif.operators.log_in("t.zhou", SECRET, bank.code()).assurance == 2


def test_a_failed_login_uses_nothing_up(bank: Bank) -> None:
    code = bank.code()
    with pytest.raises(AuthenticationError):
        bank.cif.operators.log_in("t.zhou", "wrong", code)
    assert bank.cif.operators.log_in("t.zhou", SECRET, code).assurance == 2


def test_a_password_is_hashed_anew_at_another_cost(bank: Bank) -> None:
    def sealed() -> bytes:
        return next(row.sealed for row in bank.repository._data.credentials.rows.values() if row.kind == "password")

    before = sealed()
    bank.cif.operators.log_in("t.zhou", SECRET)
    assert sealed() == before
    dearer = bank.open(attrs.evolve(PLAN, password=attrs.evolve(CHEAP, iterations=2)))
    dearer.operators.log_in("t.zhou", SECRET)
    assert sealed() != before
    assert dearer.operators.log_in("t.zhou", SECRET).assurance == 1


def test_an_operator_changes_their_password(bank: Bank) -> None:
    bank.cif.operators.change_password("t.zhou", SECRET, "another long password")
    with pytest.raises(AuthenticationError):
        bank.cif.operators.log_in("t.zhou", SECRET)
    assert bank.cif.operators.log_in("t.zhou", "another long password").assurance == 1
    with pytest.raises(AuthenticationError):
        bank.cif.operators.change_password("t.zhou", "wrong", "yet another password")
    with pytest.raises(InputError):
        bank.cif.operators.change_password("t.zhou", "another long password", "short")
    assert [one[0] for one in bank.tried()].count("change_password") == 2


def enrol(cif: CIF, device: Device, actor: Actor = KEEPER, operator: str = "t.zhou") -> Any:
    asked = cif.operators.begin_passkey(operator, actor=actor)
    made = cif.operators.finish_passkey(asked.id, device.make(asked.options), actor=actor)
    if made.proposal:
        cif.approvals.approve(made.proposal, actor=SECOND)
    return made


def test_one_keeper_alone_is_nobody_else_at_two_factors(bank: Bank) -> None:
    """Threat 6: whoever gives the factors knows them."""
    cif, device = bank.cif, Device()
    cif.operators.set_password("s.wang", SECRET, actor=KEEPER)
    made = cif.operators.add_code("s.wang", actor=KEEPER)
    code = code_at(base64.b32decode(made.secret), int(bank.clock.now().timestamp()) // 30, PLAN.code)
    asked = cif.operators.begin_passkey("s.wang", actor=KEEPER)
    key = cif.operators.finish_passkey(asked.id, device.make(asked.options), actor=KEEPER)
    assert cif.operators.log_in("s.wang", SECRET).assurance == 1
    with pytest.raises(AuthenticationError):
        cif.operators.log_in("s.wang", SECRET, code)
    for _ in range(2):
        request = cif.operators.begin_log_in()
        with pytest.raises(AuthenticationError):
            cif.operators.finish_log_in(request.id, device.sign(request.options))
    assert {rule for _, outcome, rule in bank.tried("s.wang") if outcome == "refused"} == {"unconfirmed"}
    shown = cif.operators.factors("s.wang", actor=KEEPER)
    assert [(one.kind, one.confirmed) for one in shown] == [("passkey", False), ("password", True), ("totp", False)]
    for proposal in (made.proposal, key.proposal):
        with pytest.raises(FourEyesError, match="two different people"):
            cif.approvals.approve(proposal, actor=KEEPER)
        with pytest.raises(FourEyesError, match="two different people"):
            cif.approvals.approve(proposal, actor=attrs.evolve(KEEPER, id="o.xia2", person=KEEPER.person))
    waiting = cif.approvals.waiting(actor=SECOND, purpose=Purpose.OPERATIONS)
    assert {one.detail["what"] for one in waiting} == {"totp of s.wang", "passkey of s.wang"}
    for one in waiting:
        assert cif.approvals.approve(one.id, actor=SECOND).state is ApprovalState.EXECUTED
    assert cif.operators.log_in("s.wang", SECRET, code).assurance == 2
    request = cif.operators.begin_log_in()
    assert cif.operators.finish_log_in(request.id, device.sign(request.options))[1].assurance == 3
    assert cif.audit.verify(actor=AUDITOR).damage == ()


def test_a_keeper_is_not_another_keeper_by_a_password_that_they_gave_them(bank: Bank) -> None:
    """Threat 6: the maker sets the checker's password, and approves as them."""
    cif = bank.cif
    made = cif.operators.add_code("s.wang", actor=KEEPER)
    cif.operators.set_password(SECOND.id, SECRET, actor=KEEPER)
    as_second = attrs.evolve(SECOND, auth=cif.operators.log_in(SECOND.id, SECRET))
    for who in (SECOND, as_second):
        with pytest.raises(FourEyesError, match="by two factors"):
            cif.approvals.approve(made.proposal, actor=who)
    assert cif.approvals.approve(made.proposal, actor=known(SECOND)).state is ApprovalState.EXECUTED


def test_a_factor_that_was_given_anew_is_approved_anew(bank: Bank) -> None:
    first = bank.cif.operators.add_code("s.wang", actor=KEEPER)
    bank.clock.advance(timedelta(seconds=1))
    second = bank.cif.operators.add_code("s.wang", actor=KEEPER)
    with pytest.raises(FourEyesError, match="what it stands on was changed"):
        bank.cif.approvals.approve(first.proposal, actor=SECOND)
    bank.cif.operators.remove("s.wang", "totp", "0", actor=KEEPER)
    with pytest.raises(FourEyesError, match="what it stands on was changed"):
        bank.cif.approvals.approve(second.proposal, actor=SECOND)


def test_a_passkey_says_who_it_is_and_is_the_highest_level(bank: Bank) -> None:
    device, synced = Device(), Device(synced=True)
    assert enrol(bank.cif, device).device_bound
    enrol(bank.cif, synced)
    for one, level in ((device, 3), (synced, 2)):
        asked = bank.cif.operators.begin_log_in()
        who, auth = bank.cif.operators.finish_log_in(asked.id, one.sign(asked.options), origin="desk-4")
        assert (who, auth.methods, auth.assurance, auth.at) == ("t.zhou", ("passkey",), level, NOW)
    assert bank.tried() == [("log_in", "done", "passkey")] * 2


def test_a_passkey_s_answer_is_good_once_and_for_a_while(bank: Bank) -> None:
    device = Device()
    enrol(bank.cif, device)
    asked = bank.cif.operators.begin_log_in()
    answer = device.sign(asked.options)
    bank.cif.operators.finish_log_in(asked.id, answer)
    late = bank.cif.operators.begin_log_in()
    bank.clock.advance(timedelta(minutes=PLAN.challenge_minutes, seconds=1))
    for request_id, response in ((asked.id, answer), (late.id, device.sign(late.options)), ("zz", answer), ("00", {})):
        with pytest.raises(AuthenticationError):
            bank.cif.operators.finish_log_in(request_id, response)


def test_a_copy_of_a_passkey_is_told_and_in_the_end_locked(bank: Bank) -> None:
    device = Device()
    enrol(bank.cif, device)
    for _ in range(PLAN.attempts):
        device.count = 0
        asked = bank.cif.operators.begin_log_in()
        with pytest.raises(AuthenticationError):
            bank.cif.operators.finish_log_in(asked.id, device.sign(asked.options))
    device.count = 50
    asked = bank.cif.operators.begin_log_in()
    with pytest.raises(AuthenticationError):
        bank.cif.operators.finish_log_in(asked.id, device.sign(asked.options))
    assert [rule for _, _, rule in bank.tried()] == ["passkey"] * PLAN.attempts + ["locked"]


def test_an_operator_who_is_recognized_enrols_a_passkey_of_their_own(bank: Bank) -> None:
    for actor in (ZHOU, Actor(id="t.other", roles={"teller"}, auth=known(ZHOU).auth)):
        with pytest.raises(NotFoundOrNotAllowedError):
            bank.cif.operators.begin_passkey("t.zhou", actor=actor)
    mine = attrs.evolve(ZHOU, auth=bank.cif.operators.log_in("t.zhou", SECRET, bank.code()))
    assert enrol(bank.cif, Device(), mine).kind == "passkey"
    asked = bank.cif.operators.begin_passkey("t.zhou", actor=mine)
    with pytest.raises(NotFoundOrNotAllowedError):
        bank.cif.operators.finish_passkey(asked.id, Device().make(asked.options), actor=known(Actor(id="t.other")))


def test_a_code_renews_no_level_that_it_does_not_have(bank: Bank) -> None:
    """Threat 15: an old session of a passkey, and one phished code."""
    old = Actor(id="t.zhou", auth=AuthContext(methods=("passkey",), assurance=3, at=NOW - timedelta(hours=10)))
    up = bank.cif.operators.step_up(bank.code(), actor=old)
    assert (up.assurance, up.at) == (2, NOW)


@pytest.mark.parametrize("name", ["my secret pass\ud800", "x" * 65, "", "a\nb"])
def test_what_can_be_no_name_is_nobody_s_on_every_store(sqlite_cif: CIF, name: str) -> None:
    with pytest.raises(AuthenticationError) as caught:
        sqlite_cif.operators.log_in(name, SECRET)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    with sqlite_cif._desk.unit_of_work() as unit:
        (entry,) = [row.body for row in unit.trail.between(0, 2**63 - 1) if b'"log_in"' in row.body]
    assert b"secret" not in entry


def test_a_password_is_not_the_operator_s_id(bank: Bank) -> None:
    with pytest.raises(InputError, match="not the operator's id"):
        bank.cif.operators.set_password("an.operator.of.ours", "An.Operator.Of.Ours", actor=KEEPER)


def test_a_device_that_is_enrolled_is_not_asked_for_another_key(bank: Bank) -> None:
    device = Device()
    enrol(bank.cif, device)
    asked = json.loads(bank.cif.operators.begin_passkey("t.zhou", actor=KEEPER).options)
    (known,) = asked["excludeCredentials"]
    assert base64.urlsafe_b64decode(known["id"] + "==") == device.credential_id


def test_who_is_an_operator_does_not_show_by_what_a_key_service_is_asked(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Threat 14: a known name opens a factor, and an unknown one as much."""
    asked: list[int] = []
    provider = bank._more["keys"]
    right = type(provider).unwrap
    monkeypatch.setattr(
        type(provider),
        "unwrap",
        lambda self, wrapped, **more: asked.append(len(wrapped)) or right(self, wrapped, **more),
    )
    for name in ("t.zhou", "t.nobody"):
        with pytest.raises(AuthenticationError):
            bank.cif.operators.log_in(name, "wrong password")
    assert asked[0] == asked[1]
    assert len(asked) == 2


@pytest.mark.parametrize(
    "auth",
    [AuthContext(methods=("password",), assurance=1, at=NOW),
     AuthContext(methods=("password", "totp"), assurance=2, at=NOW - timedelta(minutes=11))],
)  # fmt: skip
def test_a_stolen_session_enrols_no_key_of_its_own(bank: Bank, auth: AuthContext) -> None:
    """Threat 15: it would be of the highest level from then on."""
    thief = Actor(id="t.zhou", auth=auth)
    with pytest.raises(StepUpRequired):
        bank.cif.operators.begin_passkey("t.zhou", actor=thief)
    asked = bank.cif.operators.begin_passkey("t.zhou", actor=known(thief))
    with pytest.raises(StepUpRequired):
        bank.cif.operators.finish_passkey(asked.id, Device().make(asked.options), actor=thief)
    assert [one.kind for one in bank.cif.operators.factors("t.zhou", actor=KEEPER)] == ["password", "totp"]


def test_a_key_is_enrolled_once(bank: Bank) -> None:
    device = Device()
    enrol(bank.cif, device)
    with pytest.raises(InputError, match="enrolled already"):
        enrol(bank.cif, device, operator="t.other")
    with pytest.raises(InputError, match="begin again"):
        bank.cif.operators.finish_passkey(
            "00" * 16, device.make(bank.cif.operators.begin_passkey("t.a", actor=KEEPER).options), actor=KEEPER
        )


def test_a_file_without_passkeys_takes_none(bank: Bank) -> None:
    plain = bank.open(attrs.evolve(PLAN, passkey=None))
    for ask in (
        plain.operators.begin_log_in,
        lambda: plain.operators.begin_passkey("t.zhou", actor=KEEPER),
        lambda: plain.operators.begin_step_up("0" * 64, actor=known(ZHOU)),
    ):
        with pytest.raises(ConfigurationError, match="no passkeys"):
            ask()


def bound_policy() -> Policy:
    """Revealing asks for level 2, a minute ago at most, and for this one operation."""
    table = default_policy().document()
    table["require"]["reveal"] = {"level": 2, "max_age_minutes": 1, "bound": True}
    return Policy.from_document({**table, "version": "bound"})


def test_a_step_up_signs_the_one_operation(tables: ReferenceTables, clock: FixedClock, steward: Actor) -> None:
    cif = CIF(
        repository=MemoryRepository(), tenant="t", keys=LocalKeyProvider.generate(), key_store=MemoryKeyStore(),
        tables=tables, clock=clock, authentication=PLAN, policy=bound_policy(),
    )  # fmt: skip
    one, other = register(cif, steward, "1"), register(cif, steward, "2", identifiers=None, phone="15499999999")
    device = Device()
    enrol(cif, device)
    cif.operators.set_password("t.zhou", SECRET, actor=KEEPER)
    zhou = attrs.evolve(ZHOU, auth=cif.operators.log_in("t.zhou", SECRET))
    reveal = {"fields": {"phone"}, "purpose": Purpose.COMPLIANCE}
    with pytest.raises(StepUpRequired) as caught:
        cif.customers.reveal(one.cif_no, actor=zhou, **reveal)  # type: ignore[arg-type]
    asks = caught.value
    assert (asks.missing, asks.level, asks.max_age_minutes) == (("level", "operation"), 2, 1)
    asked = cif.operators.begin_step_up(asks.operation, actor=zhou)
    strong = attrs.evolve(zhou, auth=cif.operators.finish_step_up(asked.id, device.sign(asked.options), actor=zhou))
    assert cif.customers.reveal(one.cif_no, actor=strong, **reveal)["phone"]  # type: ignore[arg-type]
    for number, fields in ((other.cif_no, {"phone"}), (one.cif_no, {"name"}), (one.cif_no, {"phone", "name"})):
        with pytest.raises(StepUpRequired) as caught:
            cif.customers.reveal(number, fields, actor=strong, purpose=Purpose.COMPLIANCE)
        assert caught.value.missing == ("operation",)
    clock.advance(timedelta(seconds=61))
    with pytest.raises(StepUpRequired) as caught:
        cif.customers.reveal(one.cif_no, actor=strong, **reveal)  # type: ignore[arg-type]
    assert caught.value.missing == ("age",)
    lines = [line.rule for line in cif.audit.deeds("t.zhou", actor=AUDITOR) if line.outcome == "refused"]
    assert lines == ["step_up:level+operation", *["step_up:operation"] * 3, "step_up:age"]


def test_a_step_up_is_answered_by_who_was_asked(bank: Bank) -> None:
    mine, others = Device(), Device()
    enrol(bank.cif, mine)
    enrol(bank.cif, others, operator="t.other")
    asked = bank.cif.operators.begin_step_up("0" * 64, actor=known(ZHOU))
    with pytest.raises(AuthenticationError):
        bank.cif.operators.finish_step_up(asked.id, others.sign(asked.options), actor=known(ZHOU))
    asked = bank.cif.operators.begin_step_up("0" * 64, actor=known(ZHOU))
    with pytest.raises(AuthenticationError):
        bank.cif.operators.finish_log_in(asked.id, mine.sign(asked.options))
    with pytest.raises(AuthenticationError):
        bank.cif.operators.begin_step_up("0" * 64, actor=ZHOU)
    with pytest.raises(InputError, match="digest"):
        bank.cif.operators.begin_step_up("phone of C1", actor=known(ZHOU))


def test_a_code_steps_up_who_logged_in(bank: Bank) -> None:
    with pytest.raises(AuthenticationError):
        bank.cif.operators.step_up(bank.code(), actor=ZHOU)
    auth = bank.cif.operators.log_in("t.zhou", SECRET)
    bank.clock.advance(timedelta(hours=2))
    zhou = attrs.evolve(ZHOU, auth=auth)
    up = bank.cif.operators.step_up(bank.code(), actor=zhou, operation="ab" * 32)
    assert up == AuthContext(
        methods=("password", "totp"), assurance=2, at=NOW + timedelta(hours=2), operation="ab" * 32
    )
    with pytest.raises(AuthenticationError):
        bank.cif.operators.step_up(bank.code(), actor=zhou)  # used
    only_code = attrs.evolve(ZHOU, auth=AuthContext(methods=("totp",), assurance=1, at=NOW))
    bank.clock.advance(timedelta(minutes=1))
    assert bank.cif.operators.step_up(bank.code(), actor=only_code).assurance == 1  # the same factor twice is one


def test_who_keeps_operators_enrols_others_and_sees_no_customer(bank: Bank, steward: Actor) -> None:
    done = register(bank.cif, steward, "1")
    with pytest.raises(NotFoundOrNotAllowedError):
        bank.cif.customers.get(done.cif_no, actor=known(KEEPER), purpose=Purpose.OPERATIONS)
    other_self = attrs.evolve(KEEPER, id="o.xia2", person="o.xia")
    for keeper in (KEEPER, other_self):
        with pytest.raises(NotFoundOrNotAllowedError):
            bank.cif.operators.set_password("o.xia", SECRET, actor=keeper)
    for name in ("", "x" * 65, "a\nb"):
        with pytest.raises(InputError):
            bank.cif.operators.set_password(name, SECRET, actor=KEEPER)
    for ask in (
        lambda: bank.cif.operators.set_password("t.a", SECRET, actor=steward),
        lambda: bank.cif.operators.add_code("t.zhou", actor=steward),
        lambda: bank.cif.operators.factors("t.zhou", actor=steward),
        lambda: bank.cif.operators.remove("t.zhou", "totp", "0", actor=steward),
        lambda: bank.cif.operators.unlock("t.zhou", actor=steward),
    ):
        with pytest.raises(NotFoundOrNotAllowedError):
            ask()
    with pytest.raises(InputError, match="totp or hotp"):
        bank.cif.operators.add_code("t.zhou", "sms", actor=KEEPER)  # type: ignore[arg-type]


def test_factors_are_shown_without_secrets_and_taken_away_with_their_key(bank: Bank) -> None:
    enrol(bank.cif, Device())
    found = bank.cif.operators.factors("t.zhou", actor=ZHOU)
    assert [(one.kind, one.device_bound, one.added_by) for one in found] == [
        ("passkey", True, "o.xia"), ("password", False, "o.xia"), ("totp", False, "o.xia"),
    ]  # fmt: skip
    key_ids = {row.kind: row.key_id for row in bank.repository._data.credentials.rows.values()}
    bank.cif.operators.remove("t.zhou", "totp", "0", actor=KEEPER)
    with pytest.raises(InputError, match="no such factor"):
        bank.cif.operators.remove("t.zhou", "totp", "0", actor=KEEPER)
    assert key_ids["totp"] in {key_id for key_id, _ in bank.repository._data.retired.rows}
    bank.open().close()  # destroys what was retired
    assert not bank._more["key_store"].read([key_ids["totp"]])
    with pytest.raises(AuthenticationError):
        bank.cif.operators.log_in("t.zhou", SECRET, bank.code())
    assert bank.cif.operators.is_enrolled("t.zhou")
    for nobody in ("t.nobody", "", "x" * 65, "a\nb", "\ud800"):
        assert not bank.cif.operators.is_enrolled(nobody)
    (asked,) = [one for one in bank.cif.audit.deeds("t.zhou", actor=AUDITOR) if one.action == "is_enrolled"]
    assert asked.count == 1
    asked_for_nobody = [
        one for one in bank.cif.audit.deeds("bankcif.nobody", actor=AUDITOR) if one.action == "is_enrolled"
    ]
    assert [one.count for one in asked_for_nobody] == [0] * 5


def test_an_operator_who_is_enrolled_anew_has_one_password_and_one_token(bank: Bank) -> None:
    bank.cif.operators.set_password("t.zhou", "another long password", actor=KEEPER)
    bank.cif.operators.add_code("t.zhou", actor=KEEPER)
    kinds = [one.kind for one in bank.cif.operators.factors("t.zhou", actor=KEEPER)]
    assert kinds == ["password", "totp"]
    with pytest.raises(AuthenticationError):
        bank.cif.operators.log_in("t.zhou", SECRET)


def test_secrets_rest_sealed_to_their_operator(
    tables: ReferenceTables, clock: FixedClock, keys: LocalKeyProvider, tmp_path: Path
) -> None:
    with CIF.open(
        f"sqlite:///{tmp_path / 'cif.db'}", tenant="t", keys=keys, tables=tables, clock=clock, authentication=PLAN
    ) as cif:
        cif.operators.set_password("t.zhou", SECRET, actor=KEEPER)
        made = cif.operators.add_code("t.zhou", actor=KEEPER)
        cif.approvals.approve(made.proposal, actor=SECOND)
        cif.operators.set_password("t.evil", SECRET, actor=KEEPER)
        held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        for value in (SECRET, made.secret, base64.b32decode(made.secret).hex(), "$argon2id$"):
            assert value.encode() not in held
        # A row moved under another name does not open.
        with cif._repository.unit_of_work() as unit:
            mine = next(row for row in unit.credentials.of("t.evil"))
            victim = next(row for row in unit.credentials.of("t.zhou") if row.kind == "password")
            unit.credentials.change(attrs.evolve(victim, sealed=mine.sealed, key_id=mine.key_id, version=2))
            unit.commit()
        from bankcif.errors import SealError

        with pytest.raises(SealError):
            cif.operators.log_in("t.zhou", SECRET)


def test_a_rotation_of_data_keys_reaches_what_operators_are_recognized_by(bank: Bank) -> None:
    one, other = (known(Actor(id=name, roles={"key_custodian"})) for name in ("k.zhao", "k.qian"))
    before = {row.key_id for row in bank.repository._data.credentials.rows.values()}
    bank.clock.advance(timedelta(minutes=1))
    proposal = bank.cif.keys.propose_rotation("data", reason="yearly", actor=one)
    bank.cif.approvals.approve(proposal.id, actor=other)
    (done,) = bank.cif.keys.rotate(actor=one)
    assert (done.done, done.finished_at is not None) == (3, True)
    after = {row.key_id for row in bank.repository._data.credentials.rows.values()}
    assert not before & after
    assert not bank._more["key_store"].read(before)
    assert bank.cif.operators.log_in("t.zhou", SECRET, bank.code()).assurance == 2
    bank._more["key_store"].destroy(after)
    with pytest.raises(KeyMissingError):
        bank.cif.keys.check(actor=one)


@pytest.mark.parametrize("operation", ["merge", "change", "policy"])
def test_a_checker_is_recognized_as_the_table_asks(
    tables: ReferenceTables, clock: FixedClock, steward: Actor, operation: str
) -> None:
    table = default_policy().document()
    table["operation"][operation] = {"persons": 2, "level": 3, "max_age_minutes": 5, "bound": True}
    cif = CIF(
        repository=MemoryRepository(), tenant="t", keys=LocalKeyProvider.generate(), key_store=MemoryKeyStore(),
        tables=tables, clock=clock, authentication=PLAN, policy=Policy.from_document(table),
    )  # fmt: skip
    one, other = register(cif, steward, "1"), register(cif, steward, "2", identifiers=None, phone="15499999999")
    officer = known(Actor(id="o.teng", roles={"policy_officer"}))
    if operation == "merge":
        proposal = cif.matches.propose_merge(one.cif_no, other.cif_no, actor=steward, reason="r").id
    elif operation == "policy":
        proposal = cif.policies.propose(
            Policy.from_document({**default_policy().document(), "version": "next"}), reason="r", actor=officer
        ).id
    else:
        register(cif, steward, "9", channel="partner", phone="15466666666")
        proposal = cif.approvals.waiting(actor=steward, purpose=Purpose.OPERATIONS)[0].id
    roles = {"policy_officer"} if operation == "policy" else {"steward"}
    device, checker = Device(), Actor(id="t.zhou", roles=roles)
    enrol(cif, device)
    for weak in (checker, known(checker)):
        with pytest.raises(StepUpRequired) as caught:
            cif.approvals.approve(proposal, actor=weak)
    assert caught.value.missing == ("operation",)
    asked = cif.operators.begin_step_up(caught.value.operation, actor=known(checker))
    auth = cif.operators.finish_step_up(asked.id, device.sign(asked.options), actor=known(checker))
    done = cif.approvals.approve(proposal, actor=attrs.evolve(checker, auth=auth))
    assert (done.state.value, done.checker) == ("executed", "t.zhou")
