"""Passwords, one-time codes, passkeys and tokens of a single sign-on, each by itself."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import attrs
import cbor2
import cryptography_vectors
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, strategies as st
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from tests.access.authenticator_double import ORIGIN, RP_ID, Device

from bankcif._clock import FixedClock, SystemIds
from bankcif.access import AuthPlan, CodePlan, OidcSignOn, PasskeyPlan, PasswordPlan
from bankcif.access.authentication import (
    accepted_step,
    challenge_of,
    code_at,
    credential_id_in,
    dummy_hash,
    hash_password,
    is_stale,
    login_options,
    password_matches,
    proven,
    provisioning,
    registered,
    registration_options,
)
from bankcif.access.requirements import Requirement
from bankcif.context import AuthContext
from bankcif.errors import AuthenticationError, ConfigurationError, InputError

CHEAP = PasswordPlan(iterations=1, memory_kib=8, lanes=1)
NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
MICROS = 1_000_000


def vectors(name: str) -> Iterator[dict[str, str]]:
    found: dict[str, str] = {}
    with cryptography_vectors.open_vector_file(name, "r") as file:
        for line in file:
            key, equals, value = line.partition("=")
            if key.strip() == "COUNT" and found:
                yield found
                found = {}
            if equals and not line.startswith("#"):
                found[key.strip()] = value.strip()
    yield found


class TestPassword:
    @given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=12, max_size=40))
    def test_it_is_recognized_and_no_other_is(self, password: str) -> None:
        encoded = hash_password(password, CHEAP, SystemIds())
        assert password_matches(password, encoded, CHEAP)
        assert not password_matches(password + "x", encoded, CHEAP)
        assert not password_matches(password[1:], encoded, CHEAP)
        assert password not in encoded

    def test_two_hashes_of_one_password_differ(self) -> None:
        assert hash_password("twelve letters", CHEAP, SystemIds()) != hash_password(
            "twelve letters", CHEAP, SystemIds()
        )

    def test_ways_to_type_one_character_are_one(self) -> None:
        encoded = hash_password("caf\u00e9 caf\u00e9 caf\u00e9", CHEAP, SystemIds())
        assert password_matches("cafe\u0301 cafe\u0301 cafe\u0301", encoded, CHEAP)

    @pytest.mark.parametrize(
        "password", ["", "short", "a" * 11, "a" * 257, "twelve\nletters", "twelve \ud800 letters", "e\u0301" * 6]
    )
    def test_what_can_be_no_password_is_refused_without_it(self, password: str) -> None:
        with pytest.raises(InputError) as caught:
            hash_password(password, CHEAP, SystemIds())
        assert not password or password not in str(caught.value)

    @pytest.mark.parametrize("password", ["", "a" * 300, "x\0y", "\ud800"])
    def test_anything_may_be_tried(self, password: str) -> None:
        assert not password_matches(password, dummy_hash(CHEAP), CHEAP)

    def test_a_dummy_costs_what_a_real_one_costs(self) -> None:
        assert not is_stale(dummy_hash(CHEAP), CHEAP)
        assert dummy_hash(CHEAP) == dummy_hash(CHEAP)

    def test_another_cost_is_told(self) -> None:
        encoded = hash_password("twelve letters", CHEAP, SystemIds())
        assert not is_stale(encoded, CHEAP)
        for other in ({"iterations": 2}, {"memory_kib": 16}, {"lanes": 2, "memory_kib": 16}):
            assert is_stale(encoded, attrs.evolve(CHEAP, **other))
        assert is_stale("$argon2i$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA", CHEAP)

    def test_the_form_is_that_of_the_reference(self) -> None:
        """A hash that another implementation made is recognized."""
        # Source: phc-winner-argon2, test.c, version 0x13, Argon2id, t = 2, m = 2^16, p = 1, "password" with "somesalt".
        known = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
        assert password_matches("password", known, CHEAP)
        assert not password_matches("passwore", known, CHEAP)

    @pytest.mark.parametrize(
        "wrong", [{"iterations": 0}, {"lanes": 0}, {"memory_kib": 7}, {"shortest": 7}, {"longest": 8}]
    )
    def test_a_plan_is_checked(self, wrong: dict[str, int]) -> None:
        with pytest.raises(ConfigurationError):
            attrs.evolve(CHEAP, **wrong)


class TestCodes:
    @pytest.mark.parametrize("vector", [*vectors("twofactor/rfc-4226.txt")], ids=lambda v: v["COUNTER"])
    def test_by_counter_as_rfc_4226(self, vector: dict[str, str]) -> None:
        secret = vector["SECRET"].encode()
        assert code_at(secret, int(vector["COUNTER"], 16), CodePlan()) == vector["HOTP"]

    @pytest.mark.parametrize("vector", [*vectors("twofactor/rfc-6238.txt")], ids=lambda v: v["MODE"] + v["TIME"])
    def test_by_time_as_rfc_6238(self, vector: dict[str, str]) -> None:
        plan = CodePlan(digits=8, algorithm=vector["MODE"], drift=0)
        secret, now = vector["SECRET"].encode(), int(vector["TIME"]) * MICROS
        step = accepted_step(secret, vector["TOTP"], "totp", last=-1, now=now, plan=plan)
        assert step == int(vector["TIME"]) // 30

    @given(st.binary(min_size=20, max_size=20), st.integers(0, 10**6), st.integers(-4, 4))
    def test_a_clock_may_be_off_by_its_drift(self, secret: bytes, period: int, off: int) -> None:
        now = (period + 10) * 30 * MICROS
        code = code_at(secret, period + 10 + off, CodePlan())
        found = accepted_step(secret, code, "totp", last=-1, now=now, plan=CodePlan())
        if abs(off) <= 1:
            assert found is not None
            assert code_at(secret, found, CodePlan()) == code
        else:
            assert found is None or code_at(secret, found, CodePlan()) == code  # one in a million is the same

    @pytest.mark.parametrize("kind", ["totp", "hotp"])
    def test_a_code_is_good_once(self, kind: Any) -> None:
        secret, now = b"s" * 20, 59 * MICROS
        code = code_at(secret, 1, CodePlan())
        assert accepted_step(secret, code, kind, last=0, now=now, plan=CodePlan()) == 1
        assert accepted_step(secret, code, kind, last=1, now=now, plan=CodePlan()) is None

    def test_a_token_may_be_some_presses_ahead(self) -> None:
        secret, plan = b"s" * 20, CodePlan(ahead=3)
        for step, found in ((5, 5), (8, 8), (9, None), (4, None)):
            assert accepted_step(secret, code_at(secret, step, plan), "hotp", last=4, now=0, plan=plan) == found

    @pytest.mark.parametrize("code", ["", "12345", "１２３４５６", "abcdef", "1" * 1000, "\ud800", "75522 4x"])
    def test_anything_may_be_tried(self, code: str) -> None:
        assert accepted_step(b"12345678901234567890", code, "hotp", last=-1, now=0, plan=CodePlan()) is None

    def test_spaces_in_a_code_are_passed_over(self) -> None:
        assert accepted_step(b"12345678901234567890", "755 224", "hotp", last=-1, now=0, plan=CodePlan()) == 0

    def test_an_app_is_told_by_its_address(self) -> None:
        made = provisioning(
            b"12345678901234567890", "t.zhou", "totp", CodePlan(issuer="测试银行", digits=8, algorithm="SHA256")
        )
        parts = urlsplit(made.uri)
        assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
        assert parts.path == "/%E6%B5%8B%E8%AF%95%E9%93%B6%E8%A1%8C:t.zhou"
        assert {key: value[0] for key, value in parse_qs(parts.query).items()} == {
            "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "issuer": "测试银行", "algorithm": "SHA256", "digits": "8",
            "period": "30",
        }  # fmt: skip
        assert base64.b32decode(made.secret) == b"12345678901234567890"
        assert made.secret not in repr(made)
        assert "counter=0" in provisioning(b"s" * 20, "t", "hotp", CodePlan()).uri

    def test_the_qr_code_is_a_picture(self) -> None:
        svg = provisioning(b"12345678901234567890", "t.zhou", "totp", CodePlan()).qr_svg()
        assert re.search(r"<svg[^>]+>.*</svg>", svg, re.DOTALL)

    @pytest.mark.parametrize(
        "wrong",
        [{"digits": 5}, {"digits": 9}, {"algorithm": "MD5"}, {"period": 0}, {"drift": 11}, {"ahead": -1}, {"issuer": "a:b"},
         {"issuer": ""}],
    )  # fmt: skip
    def test_a_plan_is_checked(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ConfigurationError):
            CodePlan(**wrong)


PLAN = PasskeyPlan(rp_id=RP_ID, rp_name="Bank", origins=(ORIGIN,))
BOUND = attrs.evolve(PLAN, device_bound=True)
CHALLENGE = challenge_of(b"n" * 32, "")


def enrolled(device: Device, plan: PasskeyPlan = PLAN) -> Any:
    options = registration_options(plan, "t.zhou", b"h" * 32, CHALLENGE, [], 5)
    return registered(plan, device.make(options), CHALLENGE)


class TestPasskey:
    def test_a_key_that_was_enrolled_proves_its_owner(self) -> None:
        device = Device()
        key = enrolled(device)
        assert (key.credential_id, key.device_bound, key.count) == (device.credential_id, True, 1)
        answer = device.sign(login_options(PLAN, CHALLENGE, 5))
        done = proven(PLAN, answer, CHALLENGE, key)
        assert done is not None
        assert (done.count, done.device_bound) == (2, True)
        assert proven(PLAN, json.dumps(answer), CHALLENGE, key) == done
        assert credential_id_in(answer) == device.credential_id

    def test_what_is_asked_wants_the_owner_and_names_no_key(self) -> None:
        asked = json.loads(login_options(PLAN, CHALLENGE, 5))
        assert asked["userVerification"] == "required"
        assert not asked.get("allowCredentials")
        made = json.loads(registration_options(PLAN, "t.zhou", b"h" * 32, CHALLENGE, [b"known"], 5))
        assert made["authenticatorSelection"]["userVerification"] == "required"
        assert len(made["excludeCredentials"]) == 1

    @pytest.mark.parametrize(
        "device",
        [
            Device(verifies=False),
            Device(origin="https://evil.example"),
            Device(origin="https://cif.bank.example.evil.com"),
        ],
    )
    def test_a_device_that_did_not_see_its_owner_or_is_elsewhere_enrols_nothing(self, device: Device) -> None:
        with pytest.raises(InputError, match="does not hold"):
            enrolled(device)

    def test_a_key_that_may_leave_its_device_is_not_taken_where_it_may_not(self) -> None:
        assert not enrolled(Device(synced=True)).device_bound
        with pytest.raises(InputError, match="may leave its device"):
            enrolled(Device(synced=True), BOUND)
        assert enrolled(Device(), BOUND).device_bound

    def test_another_challenge_origin_domain_key_or_unseen_owner_proves_nothing(self) -> None:
        device, other = Device(), Device()
        key, others = enrolled(device), enrolled(other)
        options = login_options(PLAN, CHALLENGE, 5)
        assert proven(PLAN, device.sign(options), challenge_of(b"m" * 32, ""), key) is None
        assert proven(PLAN, device.sign(options), challenge_of(b"n" * 32, "ab"), key) is None
        assert proven(PLAN, device.sign(options, rp_id="evil.example"), CHALLENGE, key) is None
        assert proven(PLAN, device.sign(options), CHALLENGE, others) is None
        device.origin = "https://evil.example"
        assert proven(PLAN, device.sign(options), CHALLENGE, key) is None
        device.origin, device.verifies = ORIGIN, False
        assert proven(PLAN, device.sign(options), CHALLENGE, key) is None

    def test_a_count_that_goes_back_tells_of_a_copy(self) -> None:
        device = Device()
        key = enrolled(device)
        options = login_options(PLAN, CHALLENGE, 5)
        used = attrs.evolve(key, count=9)
        device.count = 8
        assert proven(PLAN, device.sign(options), CHALLENGE, used) is None  # 9 again
        assert proven(PLAN, device.sign(options), CHALLENGE, used) is not None  # 10
        still = Device(counts=False)
        assert proven(PLAN, still.sign(options), CHALLENGE, enrolled(still)) is not None  # one that never counts

    def test_a_bound_key_that_comes_back_unbound_proves_nothing(self) -> None:
        device = Device()
        key = enrolled(device)
        device.synced = True
        assert proven(PLAN, device.sign(login_options(PLAN, CHALLENGE, 5)), CHALLENGE, key) is None

    def test_a_key_that_may_leave_its_device_does_not_come_back_bound(self) -> None:
        """Whoever took a synced key out clears one bit of what it signs; clause 7.2, step 18."""
        device = Device(synced=True)
        key = enrolled(device)
        device.synced = False
        assert proven(PLAN, device.sign(login_options(PLAN, CHALLENGE, 5)), CHALLENGE, key) is None

    def test_a_page_in_a_stranger_s_frame_enrols_and_proves_nothing(self) -> None:
        device = Device()
        key = enrolled(device)
        device.framed = True
        assert proven(PLAN, device.sign(login_options(PLAN, CHALLENGE, 5)), CHALLENGE, key) is None
        with pytest.raises(InputError):
            enrolled(device)

    @pytest.mark.parametrize("key", [b"\x80", cbor2.dumps({1: 2, 3: -7, -1: 1, -2: b"x" * 32, -3: b"y" * 32}),
                                     cbor2.dumps({1: 2, 3: -7, -1: 99, -2: b"x" * 32, -3: b"y" * 32})])  # fmt: skip
    def test_a_key_that_can_never_prove_anything_is_not_enrolled(self, key: bytes) -> None:
        device = Device()
        options = registration_options(PLAN, "t.zhou", b"h" * 32, CHALLENGE, [], 5)
        answer = device.make(options)
        attested = cbor2.loads(base64.urlsafe_b64decode(answer["response"]["attestationObject"] + "=="))
        data = attested["authData"]
        attested["authData"] = data[: 37 + 16 + 2 + 32] + key
        answer["response"]["attestationObject"] = base64.urlsafe_b64encode(cbor2.dumps(attested)).decode().rstrip("=")
        with pytest.raises(InputError, match="does not hold"):
            registered(PLAN, answer, CHALLENGE)

    @pytest.mark.parametrize(
        "response",
        [
            "[" * 19_000,
            {"id": "x" * 30_000},
            "",
            "{}",
            "[]",
            "null",
            "x" * 30_000,
            {},
            {"id": 1},
            {"rawId": "x", "response": []},
        ],
    )
    def test_any_answer_is_understood(self, response: Any) -> None:
        key = enrolled(Device())
        assert proven(PLAN, response, CHALLENGE, key) is None
        assert credential_id_in(response) == b""
        with pytest.raises(InputError):
            registered(PLAN, response, CHALLENGE)

    @pytest.mark.parametrize(
        "wrong",
        [{"rp_id": ""}, {"rp_name": ""}, {"origins": ()}, {"origins": ("http://cif.bank.example",)},
         {"origins": ("http://localhost.evil.example",)}],
    )  # fmt: skip
    def test_a_plan_is_checked(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ConfigurationError):
            attrs.evolve(PLAN, **wrong)


class TestSingleSignOn:
    PRIVATE = ec.generate_private_key(ec.SECP256R1())
    OTHER = ec.generate_private_key(ec.SECP256R1())
    KEYS: ClassVar[dict[str, Any]] = {
        "keys": [{**json.loads(ECAlgorithm.to_jwk(PRIVATE.public_key())), "kid": "k1", "use": "sig", "alg": "ES256"}]
    }
    CLOCK = FixedClock(NOW)

    def sign_on(self, **more: Any) -> OidcSignOn:
        given = {"issuer": "https://sso.bank.example", "audience": "cif", "keys": self.KEYS, **more}
        return OidcSignOn(**given)

    def token(self, key: Any = None, algorithm: str = "ES256", kid: str = "k1", **more: Any) -> str:
        now = int(NOW.timestamp())
        claims = {
            "iss": "https://sso.bank.example", "aud": "cif", "sub": "t.zhou", "iat": now - 10, "exp": now + 290,
            "auth_time": now - 600, "roles": ["teller"], "branch": "B1", "amr": ["pwd", "otp"], **more,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, key or self.PRIVATE, algorithm=algorithm, headers={"kid": kid})

    def test_a_token_becomes_an_actor(self) -> None:
        found = self.sign_on(person="emp").actor(self.token(emp="P-17"), clock=self.CLOCK)
        assert (found.id, found.roles, found.branch, found.person) == ("t.zhou", {"teller"}, "B1", "P-17")
        assert found.auth == AuthContext(methods=("pwd", "otp"), assurance=2, at=NOW - timedelta(seconds=600))

    def test_a_token_without_the_instant_of_the_log_in_is_of_any_age(self) -> None:
        """It may be renewed from a session of last week; requirements of age are not met by it."""
        found = self.sign_on().actor(self.token(auth_time=None), clock=self.CLOCK)
        assert found.auth is not None
        assert found.auth.at.year == 1970
        assert Requirement(max_age_minutes=10**6).missing(found.auth, NOW, "") == ("age",)

    @pytest.mark.parametrize("person", [None, "", ["x"], {"a": 1}, True])
    def test_two_accounts_of_one_person_do_not_pass_for_two(self, person: Any) -> None:
        with pytest.raises(AuthenticationError):
            self.sign_on(person="employee_no").actor(self.token(employee_no=person), clock=self.CLOCK)
        assert self.sign_on(person="employee_no").actor(self.token(employee_no=17), clock=self.CLOCK).person == "17"

    @pytest.mark.parametrize(
        "claims",
        [{"azp": "another"}, {"aud": ["cif", "other"]}, {"aud": ["cif", "other"], "azp": "other"}, {"branch": {"x": 1}},
         {"sub": "bankcif.policy"}, {"exp": 10**400}, {"auth_time": 10**400}],
    )  # fmt: skip
    def test_what_is_meant_for_somebody_else_or_makes_no_sense_is_refused(self, claims: dict[str, Any]) -> None:
        with pytest.raises(AuthenticationError):
            self.sign_on().actor(self.token(**claims), clock=self.CLOCK)
        self.sign_on().actor(self.token(aud=["cif", "other"], azp="cif"), clock=self.CLOCK)

    def test_a_key_for_encrypting_signs_nothing(self) -> None:
        keys = {"keys": [{**self.KEYS["keys"][0], "use": "enc"}]}
        with pytest.raises(AuthenticationError):
            self.sign_on(keys=keys).actor(self.token(), clock=self.CLOCK)

    def test_a_key_that_does_not_name_its_algorithm_takes_those_of_its_kind(self) -> None:
        private = rsa.generate_private_key(65537, 2048)
        keys = {"keys": [{**json.loads(RSAAlgorithm.to_jwk(private.public_key())), "kid": "k1"}]}
        for algorithm in ("PS256", "RS256"):
            token = self.token(private, algorithm)
            assert self.sign_on(keys=keys).actor(token, clock=self.CLOCK).id == "t.zhou"
        with pytest.raises(AuthenticationError):
            self.sign_on(keys=keys, algorithms=("ES256",)).actor(self.token(private, "RS256"), clock=self.CLOCK)

    @pytest.mark.parametrize(
        ("claims", "level"),
        [
            ({"amr": ["pwd"]}, 1), ({"amr": ["mfa"]}, 2), ({"amr": ["otp"]}, 1), ({"amr": None}, 1), ({"acr": "gold"}, 3),
            ({"acr": "unknown", "amr": ["pwd", "hwk"]}, 2),
        ],
    )  # fmt: skip
    def test_its_level_is_what_the_provider_says(self, claims: dict[str, Any], level: int) -> None:
        found = self.sign_on(levels={"gold": 3}).actor(self.token(**claims), clock=self.CLOCK)
        assert found.auth is not None
        assert found.auth.assurance == level

    def test_what_is_no_token_of_this_provider_for_this_service_is_refused(self) -> None:
        now = int(NOW.timestamp())
        bent = self.token().split(".")
        bent[1] = base64.urlsafe_b64encode(b'{"sub":"admin"}').decode().rstrip("=")
        public = jwt.encode({"sub": "x"}, b"k" * 32, algorithm="HS256", headers={"kid": "k1"})
        naked = ".".join([base64.urlsafe_b64encode(b'{"alg":"none","kid":"k1"}').decode().rstrip("="), bent[1], ""])
        rsa_key = rsa.generate_private_key(65537, 2048)
        for token in (
            "", "x", "a.b.c", "x" * 30_000, "\ud800", ".".join(bent), public, naked, self.token(self.OTHER),
            self.token(kid="k2"), self.token(iss="https://evil.example"), self.token(aud="other"),
            self.token(aud=["cif", "other"]), self.token(exp=now - 31), self.token(iat=now + 31), self.token(nbf=now + 31),
            self.token(exp=None), self.token(sub=None), self.token(iat=None), self.token(rsa_key, "RS256"),
            self.token(roles="teller"), self.token(amr="pwd"), self.token(roles=[1]), self.token(auth_time="x"),
            self.token(auth_time=10**30), self.token(sub="x" * 65), self.token(amr=["x" * 99]),
        ):  # fmt: skip
            with pytest.raises(AuthenticationError):
                self.sign_on().actor(token, clock=self.CLOCK)
        assert self.sign_on().actor(self.token(exp=now - 29, aud=["cif"]), clock=self.CLOCK).id == "t.zhou"
        assert self.sign_on().actor(self.token(aud=["cif", "other"], azp="cif"), clock=self.CLOCK).id == "t.zhou"

    def test_a_nonce_is_the_one_that_was_sent(self) -> None:
        assert self.sign_on().actor(self.token(nonce="n"), clock=self.CLOCK, nonce="n").id
        for token in (self.token(nonce="m"), self.token()):
            with pytest.raises(AuthenticationError):
                self.sign_on().actor(token, clock=self.CLOCK, nonce="n")

    def test_a_set_of_keys_is_asked_by_name(self) -> None:
        rsa_key = rsa.generate_private_key(65537, 2048)
        second = {**json.loads(RSAAlgorithm.to_jwk(rsa_key.public_key())), "kid": "k2", "alg": "RS256"}
        both = self.sign_on(keys={"keys": [*self.KEYS["keys"], second]})
        assert both.actor(self.token(rsa_key, "RS256", "k2"), clock=self.CLOCK).id == "t.zhou"
        assert both.actor(self.token(), clock=self.CLOCK).id == "t.zhou"

    @pytest.mark.parametrize(
        "wrong",
        [{"algorithms": ("HS256",)}, {"algorithms": ("none",)}, {"algorithms": ()}, {"issuer": ""}, {"audience": ""}],
    )
    def test_a_sign_on_is_checked(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ConfigurationError):
            self.sign_on(**wrong)


class TestRequirement:
    AUTH = AuthContext(methods=("passkey",), assurance=2, at=NOW, operation="ab")

    @pytest.mark.parametrize(
        ("asks", "auth", "after", "operation", "missing"),
        [
            (Requirement(), None, 0, "", ()),
            (Requirement(level=2), AUTH, 10**6, "", ()),
            (Requirement(level=3), AUTH, 0, "", ("level",)),
            (Requirement(level=1), None, 0, "", ("level",)),
            (Requirement(max_age_minutes=5), AUTH, 5, "", ()),
            (Requirement(max_age_minutes=5), AUTH, 5.1, "", ("age",)),
            (Requirement(max_age_minutes=5), AUTH, -1, "", ()),
            (Requirement(max_age_minutes=5), AUTH, -2, "", ("age",)),
            (Requirement(max_age_minutes=5), None, 0, "", ("age",)),
            (Requirement(bound=True), AUTH, 0, "ab", ()),
            (Requirement(bound=True), AUTH, 0, "cd", ("operation",)),
            (Requirement(bound=True), AUTH, 0, "", ("operation",)),
            (Requirement(bound=True), None, 0, "ab", ("operation",)),
            (Requirement(level=3, max_age_minutes=1, bound=True), AUTH, 9, "cd", ("level", "age", "operation")),
        ],
    )  # fmt: skip
    def test_it_says_what_is_missing(
        self, asks: Requirement, auth: AuthContext | None, after: float, operation: str, missing: tuple[str, ...]
    ) -> None:
        assert asks.missing(auth, NOW + timedelta(minutes=after), operation) == missing


@pytest.mark.parametrize("wrong", [{"attempts": 0}, {"lock_minutes": 0}, {"challenge_minutes": 61}])
def test_the_plan_of_all_is_checked(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError):
        AuthPlan(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [{"assurance": 0}, {"assurance": 4}, {"methods": ()}, {"methods": ("x" * 33,)}, {"at": datetime(2026, 1, 1)}],  # noqa: DTZ001
)
def test_how_somebody_was_recognized_is_checked(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        AuthContext(**{"methods": ("password",), "assurance": 1, "at": NOW, **wrong})
