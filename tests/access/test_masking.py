"""Mask profiles as data, and masks over whole columns."""

from __future__ import annotations

import copy
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st
from tests.flows.test_register import register

from bankcif import CIF, Actor, LocalKeyProvider, MemoryKeyStore, MemoryRepository, Policy, Purpose
from bankcif.access import HIDDEN, MASKS, Ends, MaskProfile, MaskProfiles, default_profiles, mask, mask_column
from bankcif.context import Sink
from bankcif.errors import PolicyError
from bankcif.party import ReferenceTables

TABLE: dict[str, Any] = tomllib.loads(files("bankcif.access").joinpath("data", "masking.toml").read_text("utf-8"))
NAMES = sorted(default_profiles().profiles)


def changed(*path: str, to: Any) -> dict[str, Any]:
    """The library's document with one entry set."""
    table = copy.deepcopy(TABLE)
    at: Any = table
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = to
    return table


texts = st.one_of(
    st.text(max_size=24),
    st.from_regex(r"\+861[0-9]{10}", fullmatch=True),
    st.from_regex(r"\+86(10|2[0-9]|[3-9][0-9]{2})[0-9]{4,9}", fullmatch=True),
    st.from_regex(r"\+[0-9]{5,15}(;ext=[0-9]{1,4})?", fullmatch=True),
    st.from_regex(r"[0-9]{17}[0-9X]", fullmatch=True),
    st.from_regex(r"[0-9]{10,20}", fullmatch=True),
    st.from_regex(r"[a-z.]{1,8}@[a-z]{1,5}\\.cn", fullmatch=True),
    st.sampled_from(["张伟", "欧阳小明", "诸葛", "李", "Peter Lee", "1990-03-07", "星河科技有限公司"]),
)
ends = st.builds(Ends, first=st.integers(0, 4), last=st.integers(0, 4), hidden=st.integers(4, 8))
profiles = st.builds(
    MaskProfile, name=st.just("any"), identifier=ends, card=ends,
    mobile=st.builds(Ends, first=st.integers(0, 3), last=st.integers(0, 4), hidden=st.integers(4, 8)), fixed=ends,
    email=ends, employer=ends, han_name=st.sampled_from(["surname", "last", "hidden"]),
    latin_name=st.sampled_from(["last_word", "hidden"]), region_levels=st.integers(0, 3), year=st.booleans(), interactions=st.sampled_from([frozenset(), frozenset({"app"})]),
)  # fmt: skip


@given(
    st.sampled_from(sorted(MASKS)),
    st.lists(st.none() | texts | st.sampled_from(["+8613800138001", "11010519491231002X"]), max_size=12)
    | st.lists(st.one_of(texts, st.integers(), st.lists(texts, max_size=2), st.dictionaries(texts, texts, max_size=2))),
    profiles | st.sampled_from(NAMES),
)
def test_a_column_says_what_every_value_says(rule: str, values: list[Any], profile: Any) -> None:
    expected = [None if value is None else mask(rule, value, profile) for value in values]
    assert mask_column(rule, values, profile) == expected


@given(texts, profiles)
def test_no_profile_shows_more_than_the_least(text: str, profile: MaskProfile) -> None:
    for rule in ("identifier", "card", "phone"):
        shown = mask(rule, text, profile)
        assert shown == HIDDEN or set(shown) <= {"*"} or shown.count("*") >= 4
    assert "*" in mask("name", text or "x", profile)
    local = mask("email", text, profile).partition("@")[0]
    assert local == HIDDEN or local.endswith("***")


@given(texts)
def test_the_profile_of_nothing_shows_nothing(text: str) -> None:
    nothing = default_profiles().of("nothing")
    for rule in ("identifier", "card", "phone", "name", "employer", "year"):
        assert set(mask(rule, text, nothing)) <= {"*"}
    assert mask("address", {"region": ["云汉省", "星河市"]}, nothing) == HIDDEN


@given(texts, st.sampled_from(["identifier", "card", "phone", "name", "employer", "year"]))
def test_outside_sees_no_more_than_staff(text: str, rule: str) -> None:
    shown, less = mask(rule, text, "staff"), mask(rule, text, "outside")
    assert sum(c != "*" for c in less) <= sum(c != "*" for c in shown) or rule == "name"


def test_a_log_shows_nothing_by_any_profile() -> None:
    masks = default_profiles()
    for name in NAMES:
        assert masks.of(name, Sink.LOG).name == "nothing"
        assert masks.of(name, Sink.DISPLAY).name == name


_NUMBERS = "profile staff: card has first, last and hidden, numbers from 0 to 32"
_PARTS = "mask profiles have a version (text), [profile.NAME] and [sink.NAME]"
_ALL = f"profile staff must name {', '.join(sorted(TABLE['profile']['staff'].keys() - {'interactions', 'columns'}))} and nothing else"


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (changed("profile", "staff", "identifier", to={"first": 6, "last": 4, "hidden": 3}), "profile staff: identifier hides at least 4 characters"),
        (changed("profile", "staff", "mobile", to={"first": 4, "last": 4, "hidden": 4}), "profile staff: mobile hides at least 4 characters"),
        (changed("profile", "staff", "email", to={"first": 1, "hidden": 1}), "profile staff: email hides at least 2 characters"),
        (changed("profile", "staff", "card", to={"first": -1, "hidden": 4}), _NUMBERS),
        (changed("profile", "staff", "card", to={"first": 33, "hidden": 4}), _NUMBERS),
        (changed("profile", "staff", "card", to={"middle": 1, "hidden": 4}), _NUMBERS),
        (changed("profile", "staff", "card", to=4), _NUMBERS),
        (changed("profile", "staff", "han_name", to="clear"), "profile staff: han_name is one of surname, last, hidden"),
        (changed("profile", "staff", "region_levels", to=True), "profile staff: region_levels is one of 0, 1, 2, 3"),
        (changed("profile", "staff", "year", to=1), "profile staff: year is one of True, False"),
        (changed("profile", "staff", "more", to=1), "profile staff must name more and nothing else"),
        (changed("profile", "staff", to={}), _ALL), (changed("profile", "staff", to=[]), _ALL),
        (changed("profile", to={}), "mask profiles name at least staff and outside"),
        (changed("sink", to={"fax": {}}), "sink fax: a sink is one of display, print, export, log and names profiles"),
        (changed("sink", to={"log": {"staff": "none"}}), "sink log: a sink is one of display, print, export, log and names profiles"),
        (changed("version", to=1), _PARTS), (changed("more", to=1), _PARTS), (changed("profile", to=[]), _PARTS),
        (changed("sink", to=[]), _PARTS), ({"version": "1"}, "mask profiles name at least staff and outside"),
    ],
)  # fmt: skip
def test_profiles_that_show_too_much_or_make_no_sense_are_refused(table: dict[str, Any], words: str) -> None:
    with pytest.raises(PolicyError) as caught:
        MaskProfiles.from_document(table)
    assert (str(caught.value), caught.value.rule) == (words, "masking")


def test_profiles_need_no_sinks_and_may_show_or_hide_up_to_32_characters() -> None:
    table = changed("profile", "staff", "card", to={"first": 0, "last": 32, "hidden": 32})
    del table["sink"]
    two = MaskProfiles.from_document(
        {**table, "profile": {name: table["profile"][name] for name in ("staff", "outside")}}
    )
    assert two.of("staff", Sink.LOG).card == Ends(first=0, last=32, hidden=32)


def test_profiles_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "masks.toml"
    for words in (f"the mask profiles {path} do", "not TOML"):
        with pytest.raises(PolicyError, match=words) as caught:
            MaskProfiles.read(path)
        assert caught.value.rule == "masking"
        path.write_text("[", encoding="utf-8")
    path.write_text(files("bankcif.access").joinpath("data", "masking.toml").read_text("utf-8"), encoding="utf-8")
    assert MaskProfiles.read(path) == default_profiles()
    with pytest.raises(PolicyError, match="no mask profile"):
        default_profiles().of("strict")


def test_a_bank_s_own_profile_is_what_a_view_shows(tables: ReferenceTables, steward: Actor) -> None:
    shown = {**TABLE["profile"]["staff"], "mobile": {"last": 3, "hidden": 8}}
    masks = MaskProfiles.from_document(changed("profile", "ours", to=shown))
    grant = {
        "id": "g",
        "roles": ["steward"],
        "purposes": ["service"],
        "actions": ["view", "register"],
        "fields": ["phone"],
    }
    policy = Policy.from_document({"version": "1", "grant": [{**grant, "profile": "ours"}]})

    def opened(own: MaskProfiles | None) -> CIF:
        return CIF(
            repository=MemoryRepository(), tenant="t", keys=LocalKeyProvider.generate(), key_store=MemoryKeyStore(),
            tables=tables, policy=policy, masks=own,
        )  # fmt: skip

    with pytest.raises(PolicyError, match="no mask profile ours"):
        opened(None)
    cif = opened(masks)
    done = register(cif, steward, "1")
    assert cif.customers.get(done.cif_no, actor=steward, purpose=Purpose.SERVICE).phone == "********678"


def test_every_field_of_a_profile_is_in_the_document() -> None:
    for entry in TABLE["profile"].values():
        assert set(entry) == {a.name for a in attrs.fields(MaskProfile)} - {"name"}


def test_a_holding_that_rests_masked_shows_no_more_than_its_number_would() -> None:
    for ends_ in (
        Ends(first=6, last=4, hidden=8),
        Ends(first=6, last=4, hidden=4),
        Ends(last=2, hidden=4),
        Ends(hidden=4),
    ):
        profile = attrs.evolve(default_profiles().of("staff"), card=ends_)
        (holding,) = mask("holdings", [{"masked": "622202******1234"}], profile)
        digits = sum(c.isdigit() for c in holding["number"])
        assert digits <= sum(c.isdigit() for c in mask("card", "6222021234561234", profile))


@pytest.mark.parametrize("profile", NAMES)
@pytest.mark.parametrize(
    ("rule", "plain", "others"),
    [
        ("phone", ["+8615400000001", "+8619900000009", "+8610000000000", "+8619999999999"],
         ["+8625400000001", "+861540000000a", "+86154000000/1", "+86154000000:1", "+8715400000001", "+861012345678", "+85212345678", "x" * 14, ""]),
        ("identifier", ["11010519491231002X", "110105194912310021", "~" * 18, "\x7f" * 18],
         ["1101051949123100\u00e92", "11010519491231\u0080002", "张" * 18, "EX000001", "1", "", "x" * 19]),
    ],
)  # fmt: skip
def test_a_column_of_the_usual_values_is_masked_at_once_and_says_the_same(
    rule: str, plain: list[str], others: list[str], profile: str
) -> None:
    mixed = [value for pair in zip(plain * 3, (*others, None, *others), strict=False) for value in pair]
    for values in (plain, plain[:1], [], [None], [*plain, None], mixed, mixed[::-1], [*mixed, 7], others):
        assert mask_column(rule, values, profile) == [
            None if one is None else mask(rule, one, profile) for one in values
        ]


def test_a_column_is_masked_at_once_by_any_ends() -> None:
    staff = default_profiles().of("staff")
    for shown in (
        Ends(hidden=4),
        Ends(first=7, last=7, hidden=4),
        Ends(first=7, last=7, hidden=5),
        Ends(first=3, last=4, hidden=4),
    ):
        profile = attrs.evolve(staff, identifier=shown, mobile=shown)
        for rule, value in (("identifier", "11010519491231002X"), ("phone", "+8615400000001")):
            assert mask_column(rule, [value, value], profile) == [mask(rule, value, profile)] * 2
    assert (
        mask("identifier", "11010519491231002X", attrs.evolve(staff, identifier=Ends(first=7, last=7, hidden=5)))
        == "*" * 18
    )
    assert mask("identifier", "1", staff) == "****"


@pytest.mark.parametrize(
    ("rule", "value", "staff", "outside"),
    [
        ("phone", "+8615400000001", "154****0001", "154******01"),
        ("phone", "+861062345678", "010-******78", "010-******78"),
        ("phone", "+8659112345", HIDDEN, HIDDEN),
        ("phone", "+861061234567;ext=8", "010-******67", "010-******67"),
        ("phone", "+8521234", "+*****34", "+*****34"),
        ("phone", "+852123", HIDDEN, HIDDEN),
        ("phone", "85212345678", HIDDEN, HIDDEN),
        ("email", "abcd@a.example", "a***@a.example", "a***@a.example"),
        ("email", "abc@a.example", "***@a.example", "***@a.example"),
        ("email", "a@b@c", HIDDEN, HIDDEN),
        ("email", "@c", HIDDEN, HIDDEN),
        ("email", "abcd", HIDDEN, HIDDEN),
        ("name", "张伟", "张*", "*伟"),
        ("name", "欧阳小明", "欧阳**", "***明"),
        ("name", "诸葛", "**", "*葛"),
        ("name", "李", "*", "*"),
        ("name", "Peter Lee", "*** Lee", "***"),
        ("name", "Peter van der Lee", "*** Lee", "***"),
        ("name", "Peter", "***", "***"),
        ("name", " ", HIDDEN, HIDDEN),
        ("address", {"region": ["云汉省", "星河市", "天枢区"], "rest": "1"}, "云汉省星河市天枢区" + HIDDEN, "云汉省星河市" + HIDDEN),
        ("address", {}, HIDDEN, HIDDEN),
        ("year", "1990-03-07", "1990-**-**", "1990-**-**"),
        ("year", "1990-3-07", HIDDEN, HIDDEN),
        ("employer", "星河科技有限", "星河****", "****"),
        ("employer", "星河科技有", "****", "****"),
        ("card", "6222021234561234", "622202******1234", "************1234"),
        ("card", "62220212341234", "622202****1234", "**********1234"),
        ("card", "622202123412", "********3412", "********3412"),
        ("card", "62220212341", HIDDEN, HIDDEN),
        ("identifier", "EX0001", "E****1", "E****1"),
        ("identifier", "EX001", "*****", "*****"),
        ("hidden", "x", HIDDEN, HIDDEN),
        ("clear", "x", "x", "x"),
        ("shoe", "x", HIDDEN, HIDDEN),
        ("phone", 15400000001, HIDDEN, HIDDEN),
        ("holdings", [{
            "product": "card", "status": "open", "opened_on": "2020-01-01", "closed_on": None, "role": "holder", "balance": 1,
            "masked": "622202******1234", "token": "t",
        }, {"balance": 2}],
         [{"product": "card", "status": "open", "opened_on": "2020-01-01", "closed_on": None, "role": "holder", "number": "622202******1234"}, {}],
         [{"product": "card", "status": "open", "opened_on": "2020-01-01", "closed_on": None, "role": "holder", "number": "********1234"}, {}]),
        ("interactions", [{"on": "2026-11-01", "channel": "app", "type": "complaint", "outcome": "zhang.weiguo", "due": None, "campaign": "A 1"},
                          {"on": "yesterday", "direction": "inbound", "type": "divorced", "note": "x"}],
         [{"on": "2026-11-01", "channel": "app", "type": "complaint", "outcome": HIDDEN, "campaign": HIDDEN},
          {"on": HIDDEN, "direction": "inbound", "type": HIDDEN}], HIDDEN),
        ("interactions", ["x"], HIDDEN, HIDDEN),
        ("tax_residences", [{"country": "SG", "tin": "S1", "certified_on": "2026-11-02", "evidence": "f"}, {"country": "US", "no_tin": "not_issued"}],
         [{"country": "SG", "certified_on": "2026-11-02"}, {"country": "US", "no_tin": "not_issued"}], HIDDEN),
        ("identifiers", [{"scheme": "CN_RIC", "number": "11010519491231002X", "valid_until": "2030-01-01", "long_term": False, "issuer": "y"},
                         {"scheme": "PASSPORT", "number": "EX0001"}],
         [{"scheme": "CN_RIC", "number": "1****************X", "valid_until": "2030-01-01", "long_term": False},
          {"scheme": "PASSPORT", "number": "E****1"}],
         [{"scheme": "CN_RIC", "number": "1****************X", "valid_until": "2030-01-01", "long_term": False},
          {"scheme": "PASSPORT", "number": "E****1"}]),
    ],
)  # fmt: skip
def test_the_shipped_profiles_show_exactly_this(rule: str, value: Any, staff: Any, outside: Any) -> None:
    assert mask(rule, value) == mask(rule, value, "staff") == mask(rule, value, default_profiles().of("staff")) == staff
    assert mask(rule, value, "outside") == outside
    assert mask_column(rule, [value], "outside") == [outside]
    assert mask_column(rule, [value, None, value, 3.5]) == [staff, None, staff, mask(rule, 3.5)]


def test_a_number_from_elsewhere_keeps_two_digits_whatever_a_fixed_line_keeps() -> None:
    profile = attrs.evolve(default_profiles().of("staff"), fixed=Ends(last=4, hidden=4))
    assert mask("phone", "+85212345678", profile) == "+*********78"
    assert mask("phone", "+861062345678", profile) == "010-****5678"


def test_a_hidden_name_has_two_asterisks_however_long_it_is() -> None:
    nothing = default_profiles().of("nothing")
    assert [mask("name", name, nothing) for name in ("李", "张伟", "欧阳小明", "Peter Lee")] == ["*", "**", "**", "***"]


@pytest.mark.parametrize(
    ("ends", "shown"),
    [
        (Ends(first=6, last=4, hidden=6), "622202******1234"),
        (Ends(first=6, last=4, hidden=7), "********1234"),
        (Ends(first=7, last=5, hidden=4), "622202******1234"),
        (Ends(first=5, last=4, hidden=4), "********1234"),
        (Ends(first=6, last=3, hidden=4), "********234"),
        (Ends(first=6, last=0, hidden=4), HIDDEN),
    ],
)
def test_what_rests_masked_is_shown_as_far_as_the_profile_goes(ends: Ends, shown: str) -> None:
    profile = attrs.evolve(default_profiles().of("staff"), card=ends)
    assert mask("holdings", [{"masked": "622202******1234"}], profile) == [{"number": shown}]


def test_a_number_at_rest_shows_six_and_four() -> None:
    from bankcif.access.masking import card_at_rest

    assert [card_at_rest(number) for number in ("6222021234561234", "622202123412", "1234")] == [
        "622202******1234", "********3412", HIDDEN,
    ]  # fmt: skip
