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
    latin_name=st.sampled_from(["last_word", "hidden"]), region_levels=st.integers(0, 3), year=st.booleans(),
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


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (changed("profile", "staff", "identifier", to={"first": 6, "last": 4, "hidden": 3}), "hides at least 4"),
        (changed("profile", "staff", "mobile", to={"first": 4, "last": 4, "hidden": 4}), "hides at least 4"),
        (changed("profile", "staff", "email", to={"first": 1, "hidden": 1}), "hides at least 2"),
        (changed("profile", "staff", "card", to={"first": -1, "hidden": 4}), "numbers from 0"),
        (changed("profile", "staff", "card", to={"middle": 1, "hidden": 4}), "first, last and hidden"),
        (changed("profile", "staff", "card", to=4), "first, last and hidden"),
        (changed("profile", "staff", "han_name", to="clear"), "surname, last, hidden"),
        (changed("profile", "staff", "region_levels", to=True), "0, 1, 2, 3"),
        (changed("profile", "staff", "year", to=1), "True, False"),
        (changed("profile", "staff", "more", to=1), "more and nothing else"),
        (changed("profile", "staff", to={}), "must name"),
        (changed("profile", to={}), "at least staff and outside"),
        (changed("sink", to={"fax": {}}), "a sink is one of"),
        (changed("sink", to={"log": {"staff": "none"}}), "names profiles"),
        (changed("version", to=1), "have a version"),
        (changed("more", to=1), "have a version"),
        (changed("profile", to=[]), "have a version"),
    ],
)
def test_profiles_that_show_too_much_or_make_no_sense_are_refused(table: dict[str, Any], words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        MaskProfiles.from_document(table)


def test_profiles_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "masks.toml"
    with pytest.raises(PolicyError, match="does not exist"):
        MaskProfiles.read(path)
    path.write_text("[", encoding="utf-8")
    with pytest.raises(PolicyError, match="not TOML"):
        MaskProfiles.read(path)
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
