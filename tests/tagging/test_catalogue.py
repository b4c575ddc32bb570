"""The catalogue: what fits together, what is refused with its name, and what each definition is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from bankcif.errors import ConfigurationError, RuleError
from bankcif.party import Sensitivity
from bankcif.rules import Kind, RuleField, Schema, parse
from bankcif.tagging import Catalogue, Family, Group, Segment, Tag, TagKind, starter_catalogue

LABELS = {"zh": "签", "en": "t", "about_zh": "说明", "about_en": "about", "owner": "retail"}


def tag(name: str, when: str | None = "aum > CNY 0", **more: Any) -> Tag:
    kind = TagKind.RULE if when is not None else TagKind.MANUAL
    given = {"family": Family.VALUE, "kind": kind, "valid_days": None if when else 30, **LABELS, **more}
    return Tag(name=name, when=None if when is None else parse(when), **given)


def segment(name: str, when: str) -> Segment:
    return Segment(name=name, when=parse(when), **LABELS)


def of(*definitions: Any, **more: Any) -> Catalogue:
    return Catalogue.of("1", *definitions, **more)


def test_the_starter_catalogue_explains_every_tag_in_both_languages() -> None:
    found = starter_catalogue()
    assert len(found.tags) >= 60
    assert {one.family for one in found.tags.values()} == set(Family)
    assert {one.kind for one in found.tags.values()} == set(TagKind)
    for one in [*found.tags.values(), *found.segments.values()]:
        assert one.label("zh") != one.label("en")
        assert any("\u4e00" <= letter <= "\u9fff" for letter in one.label("zh"))
        assert any("\u4e00" <= letter <= "\u9fff" for letter in one.about("zh"))
        assert one.about("en").isascii()
    for texts in ([one.zh for one in found.tags.values()], [one.en for one in found.tags.values()]):
        assert len(set(texts)) == len(texts)


def test_each_definition_stands_behind_what_its_rule_names_and_a_group_together() -> None:
    found = of(
        segment("s", "tag('c') or segment('q')"), tag("c", "tag('a') and age > 3"), tag("b", "tag('m')", group="g", priority=1),
        tag("a", "aum > CNY 5", group="g", priority=2), tag("m", None), segment("q", "tag('b')"), Group(name="g", zh="组", en="g"),
    )  # fmt: skip
    order = list(found.order)
    assert sorted(order) == ["segment:q", "segment:s", "tag:a", "tag:b", "tag:c", "tag:m"]
    assert order.index("tag:m") < order.index("tag:a")
    assert order.index("tag:b") == order.index("tag:a") + 1
    assert order.index("tag:b") < order.index("tag:c") < order.index("segment:s")
    assert order.index("segment:q") < order.index("segment:s")


def test_what_a_definition_depends_on_and_what_depends_on_it() -> None:
    found = starter_catalogue()
    assert found.inputs("segment:fund_offer").tags >= {"balanced", "grade_expired", "laundering_high", "watched"}
    assert "aml_class" in found.inputs("segment:fund_offer").fields
    assert set(found.impact("aml_class")) >= {
        "tag:laundering_high",
        "tag:enhanced_diligence",
        "segment:marketable",
        "segment:fund_offer",
    }
    assert "tag:retired" in found.impact("birth_date")
    assert found.impact("holdings.balance") == ("tag:large_deposit",)
    ages = {f"tag:{tag.name}" for tag in found.group_of("age_band")}
    of_children = {"tag:marketing_consent", "tag:not_for_marketing", "segment:marketable", "segment:fund_offer"}
    through_the_group = {"tag:senior_in_risk", "tag:retired", "tag:minor_in_debt", *ages, *of_children}
    assert set(found.impact("tag:senior")) == through_the_group
    assert found.impact("interactions.on")
    assert found.impact("nothing") == ()


def test_what_keeps_somebody_out_of_a_segment() -> None:
    found = of(
        tag("a"), tag("b"), tag("c"), tag("d", "not tag('c')"), segment("s", "tag('a') and not tag('b')"),
        segment("t", "segment('s') or tag('d')"), segment("u", "not (not segment('s') or segment('t'))"),
    )  # fmt: skip
    assert found.forbidding("segment:s") == {"tag:b"}
    assert found.forbidding("segment:t") == {"tag:b", "tag:c"}
    assert found.forbidding("segment:u") == {"segment:t", "tag:b"}
    assert found.forbidding("tag:a") == frozenset()


def test_a_tag_is_of_the_highest_class_of_all_that_it_depends_on() -> None:
    found = of(
        tag("plain", "home_branch = 'B'"), tag("sex_known", "sex is not missing"), tag("rich", "aum > CNY 5"), tag("via", "tag('rich')"),
        tag("own", "home_branch = 'B'", sensitivity=Sensitivity.C2S), tag("said", None), segment("s", "tag('said') or tag('plain')"),
        tag("bank", "score > 3"), more=Schema([RuleField("score", Kind.INTEGER)]),
    )  # fmt: skip
    classes = {name: found.sensitivity(name) for name in found.order}
    assert classes == {
        "tag:plain": "C1", "tag:sex_known": "C2", "tag:rich": "C2S", "tag:via": "C2S", "tag:own": "C2S", "tag:said": "C2",
        "segment:s": "C2", "tag:bank": "C2",
    }  # fmt: skip


def test_a_version_is_that_of_what_decides() -> None:
    one = tag("a", group="g", priority=1)
    assert one.version == attrs.evolve(one, en="other", about_zh="别的").version
    others = [
        attrs.evolve(one, **more)
        for more in ({"priority": 2}, {"group": ""}, {"valid_days": 5}, {"owner": "x"}, {"when": parse("age > 3")})
    ]
    assert len({one.version, *(other.version for other in others)}) == 6


REFUSED: dict[str, tuple[list[Any], str]] = {
    "an unknown field": ([tag("a", "shoe = 1")], "tag:a, when: character 1: shoe is not a field"),
    "an unknown tag": ([tag("a", "tag('b')")], "tag:a, when: character 1: there is no tag b"),
    "itself": ([tag("a", "not tag('a')")], "go in a circle: tag:a → tag:a"),
    "a circle": ([tag("a", "segment('s')"), segment("s", "tag('b')"), tag("b", "tag('a')")], "go in a circle"),
    "one of its group": (
        [tag("a", "tag('b')", group="g"), tag("b", group="g", priority=1), Group(name="g", zh="组", en="g")], "go in a circle: group:g → group:g",
    ),
    "no group": ([tag("a", group="g")], "tag a: there is no group g"),
    "one priority": ([tag("a", group="g"), tag("b", group="g"), Group(name="g", zh="组", en="g")], "two of its tags have one priority"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_does_not_fit_together_is_refused_by_name(what: str) -> None:
    definitions, said = REFUSED[what]
    with pytest.raises(RuleError, match=said):
        of(*definitions)


def test_a_definition_alone_may_be_wrong() -> None:
    for wrong, said in (
        (lambda: tag("A b"), "small letters"), (lambda: tag("a", zh=" "), "labels and a sentence"), (lambda: tag("a", valid_days=0), "1 to 3,660"),
        (lambda: tag("a", None, valid_days=None), "said again"), (lambda: tag("a", kind=TagKind.MODEL), "a rule tag, and no other"),
        (lambda: tag("a", None, kind=TagKind.RULE), "a rule tag, and no other"),
    ):  # fmt: skip
        with pytest.raises(RuleError, match=said):
            wrong()


TABLE = {"family": "value", **LABELS, "when": "aum > CNY 0"}
DOCUMENTS: dict[str, tuple[dict[str, Any], str]] = {
    "no version": ({"tag": {}}, "has a version"), "another part": ({"version": "1", "tags": {}}, "has a version"),
    "a wrong table": ({"version": "1", "tag": {"a": 5}}, "tag a: it may have about_en"),
    "tags in a list": ({"version": "1", "tag": []}, "tag : it may have"),
    "a stranger": ({"version": "1", "tag": {"a": {**TABLE, "colour": "red"}}}, "tag a: it may have"),
    "no label": ({"version": "1", "tag": {"a": {"family": "value", "when": "age > 1"}}}, "tag a: something is missing"),
    "no family": ({"version": "1", "tag": {"a": {**TABLE, "family": "shoes"}}}, "tag a: family is one of demographic, behaviour"),
    "no rule": ({"version": "1", "tag": {"a": {**TABLE, "when": "aum >"}}}, "tag a: when: character 6"),
    "no text": ({"version": "1", "tag": {"a": {**TABLE, "when": 7}}}, "tag a: something is missing, or of the wrong type"),
    "a number for a label": ({"version": "1", "group": {"g": {"zh": 1}}}, "group g: something is missing"),
    "a segment without a rule": ({"version": "1", "segment": {"s": LABELS}}, "segment s: something is missing"),
}  # fmt: skip


@pytest.mark.parametrize("what", DOCUMENTS)
def test_a_wrong_document_is_refused_with_where(what: str) -> None:
    document, said = DOCUMENTS[what]
    with pytest.raises(RuleError, match=said):
        Catalogue.from_document(document)


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "tags.toml"
    path.write_text(
        'version = "7"\n[tag.rich]\nfamily = "value"\nzh = "富"\nen = "Rich"\nabout_zh = "有钱"\nabout_en = "has money"\nowner = "retail"\n'
        "when = 'aum >= CNY 1000000'\nvalid_days = 31\nsensitivity = \"C2S\"\n", encoding="utf-8",
    )  # fmt: skip
    found = Catalogue.read(path)
    assert (found.version, found.tags["rich"].valid_days, found.sensitivity("tag:rich")) == ("7", 31, Sensitivity.C2S)
    with pytest.raises(ConfigurationError, match="does not exist"):
        Catalogue.read(tmp_path / "other.toml")
    path.write_text("version = ", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="is not TOML"):
        Catalogue.read(path)


def test_a_banks_own_fields_are_beside_the_librarys() -> None:
    with pytest.raises(RuleError, match="aum is a customer's already"):
        of(tag("a"), more=Schema([RuleField("aum", Kind.INTEGER)]))
