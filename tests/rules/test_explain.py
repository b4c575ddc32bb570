"""Why a rule holds or does not: every part, what is seen of it, and the fewest comparisons that settle it."""

from __future__ import annotations

from datetime import date
from itertools import combinations, product
from typing import Any

import attrs
from hypothesis import given, settings
from tests.rules.test_language import SCHEMA
from tests.rules.worlds import PARAMETERS, TODAY, World, worlds

from bankcif.party import Money
from bankcif.rules import And, Explained, Expression, Kind, Not, Or, RuleField, compiled, days, explain, lower, parse

RECORD: dict[str, Any] = {
    "aum": 120_000_000, "debt": None, "yen": 5, "branch": "B-1", "city": "杭州", "since": days(date(2020, 5, 1)), "seen_at": None,
    "born": days(date(1990, 1, 1)), "score": 75, "visits": 3, "cards": 2, "staff": False, "tag:dormant": False, "segment:wealth": True,
    "notes": [], "holdings": [
        {"product": "fund", "status": "active", "currency": "CNY", "balance": 500, "opened_on": 10, "rate": 1, "shares": 3, "size": 1},
        {"product": "card", "status": "closed", "currency": "CNY", "balance": 700, "opened_on": 20, "rate": 1, "shares": 3, "size": 1},
    ],
}  # fmt: skip


def shown(fields: frozenset[str], value: Any) -> str:
    said = f"{value.currency} {value.amount:f}" if isinstance(value, Money) else str(value)
    return f"{'+'.join(sorted(fields))}={said}"


def asked(text: str, **more: Any) -> Any:
    return explain(parse(text), SCHEMA, RECORD, today=TODAY, show=shown, **more)


def test_every_part_is_told_with_what_is_seen_of_it() -> None:
    found = asked("aum >= CNY 1000000 and (debt > CNY 5 or not city = '上海')", sources={"aum": "core, 2026-01-02"})
    assert found.holds
    both = found.tree
    assert (both.text, both.verdict) == ("and", True)
    rich, either = both.items
    assert (rich.text, rich.verdict) == ("aum >= CNY 1000000", True)
    (seen,) = rich.seen
    assert (seen.term, seen.value, seen.sources) == ("aum", "aum=CNY 1200000.00", ("core, 2026-01-02",))
    owing, elsewhere = either.items
    assert (owing.verdict, elsewhere.verdict) == (None, True)
    assert elsewhere.items[0].text == "city = '上海'"
    assert [one.text for one in found.because] == ["aum >= CNY 1000000", "city = '上海'"]


def test_why_not_is_the_fewest_that_forbid_it() -> None:
    found = asked("(aum < CNY 1 or cards > 5) and staff = true and not tag('dormant')")
    assert not found.holds
    assert [one.text for one in found.because] == ["staff = true"]
    assert [one.text for one in asked("debt > CNY 5").because] == ["debt > CNY 5"]
    assert asked("false").because == asked("true").because == ()


def test_what_is_gathered_and_reckoned_is_seen_with_all_that_it_is_made_of() -> None:
    told = {
        "sum(holdings.balance where currency = 'CNY' and status = 'active') > CNY 1":
            ("holdings+holdings.balance+holdings.currency+holdings.status=CNY 5.00",),
        "age >= 18": ("born=34",), "days_since(since) > 5": ("since=1399",), "since > 2020-01-01": ("since=2020-05-01",), "aum - debt > CNY 1": ("aum+debt=None",), "seen_at > 2020-01-01T00:00Z": ("seen_at=None",),
        "score > 0.5": ("score=0.75",), "today - since > 5": ("since=1399",), "aum * 2 > CNY 1": ("aum=CNY 2400000.00",),
        "cards * 2 > cards": ("cards=4", "cards=2"), "segment('wealth')": (),
        "branch = $x": ("branch=B-1",), "last(holdings.product) in ('card')": ("holdings+holdings.opened_on+holdings.product=card",),
    }  # fmt: skip
    for text, seen in told.items():
        found = asked(text, parameters={"x": "B-1"}, kinds=PARAMETERS)
        assert tuple(one.value for one in found.tree.seen) == seen, text


def leaves_of(one: Explained) -> list[Explained]:
    if one.text in ("and", "or", "not"):
        return [leaf for item in one.items for leaf in leaves_of(item)]
    return [one]


def settled(one: Explained, known: dict[int, bool | None], at: list[int]) -> bool | None:
    """The verdict of a tree whose leaves have these verdicts."""
    if one.text == "not":
        inner = settled(one.items[0], known, at)
        return None if inner is None else not inner
    if one.text in ("and", "or"):
        found = [settled(item, known, at) for item in one.items]
        wins = one.text == "or"
        return wins if wins in found else None if None in found else not wins
    at[0] += 1
    return known[at[0] - 1]


@settings(max_examples=90)
@given(worlds(1))
def test_the_explanation_is_the_verdict_and_its_reasons_settle_it(world: World) -> None:
    for rule in world.rules.values():
        lowered = lower(rule, world.schema, PARAMETERS)
        holds, known = compiled(lowered), lowered.known(TODAY, world.known)
        for record in world.records[:2]:
            found = explain(
                rule, world.schema, record, today=TODAY, show=lambda _, value: str(value), parameters=world.known, kinds=PARAMETERS
            )  # fmt: skip
            assert found.holds is holds(record, known)
            leaves = leaves_of(found.tree)
            if len(leaves) > 5 or len({leaf.text for leaf in leaves}) < len(leaves):
                continue
            fewest = next(
                size for size in range(len(leaves) + 1)
                if any(_settle(found.tree, leaves, chosen) for chosen in combinations(range(len(leaves)), size))
            )  # fmt: skip
            assert len(found.because) == fewest


def _settle(tree: Explained, leaves: list[Explained], chosen: tuple[int, ...]) -> bool:
    """Whether these leaves, as they are, give the verdict whatever the others are."""
    verdict = tree.verdict is True
    free = [n for n in range(len(leaves)) if n not in chosen]
    for guess in product((True, False, None), repeat=len(free)):
        known = {n: leaves[n].verdict for n in chosen} | dict(zip(free, guess, strict=True))
        if (settled(tree, known, [0]) is True) is not verdict:
            return False
    return True


def test_one_comparison_is_one_reason_and_strange_values_are_shown_as_they_rest() -> None:
    assert [one.text for one in asked("cards = 2 and visits = 3 and cards = 2").because] == ["cards = 2", "visits = 3"]
    strange = {**RECORD, "seen_at": 2**62, "since": 10**7, "holdings": [{**RECORD["holdings"][0], "currency": "zz"}]}

    def seen(text: str) -> str:
        return explain(parse(text), SCHEMA, strange, today=TODAY, show=shown).tree.seen[0].value

    assert seen("seen_at > 2020-01-01T00:00Z") == f"seen_at={2**62}"
    assert seen("since > 2020-01-01") == f"since={10**7}"
    loose = attrs.evolve(
        SCHEMA, fields={**SCHEMA.fields, "worth": RuleField("worth", Kind.MONEY, currency_field="city")}
    )
    found = explain(parse("worth > CNY 1"), loose, {**RECORD, "worth": 5}, today=TODAY, show=shown)
    assert (found.holds, found.tree.seen[0].value) == (False, "worth=5")


def test_every_kind_of_part_can_be_explained() -> None:
    one: Expression = Not(And((parse("cards = 2"), Or((parse("staff = true"), parse("visits is not missing"))))))
    found = explain(one, SCHEMA, RECORD, today=TODAY, show=lambda _, value: str(value))
    assert not found.holds
    assert [each.text for each in found.because] == ["cards = 2", "visits is not missing"]
