"""What every store must do with rules over plain facts, and with what operators used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ...access import to_lowered
from ...party import FACT_COLUMNS, CifNo
from ...rules import Lowered, parse
from ...storage import Order, Repository
from ...storage.rows import FactRow, PartyRow
from .rows import party

__all__ = ["SearchContract"]


def _rule(text: str) -> Lowered:
    return to_lowered(parse(text))


_KNOWN = {"actor": "m.1", "person": "p", "branch": "b1", "today": 20_000}


def _people() -> Iterator[tuple[PartyRow, FactRow]]:
    sexes, branches = ("1", "2", None), ("b1", "b2", None)
    for n in range(12):
        cif_no = CifNo(f"C{n:016}")
        facts: dict[str, Any] = dict.fromkeys(FACT_COLUMNS)
        facts.update(kind="individual", sex=sexes[n % 3], birth_year=None if n % 5 == 0 else 1960 + n % 4)
        yield (
            party(cif_no)._replace(branch=branches[n // 4], manager="m.1" if n % 2 else None),
            FactRow(cif_no=cif_no, values=facts),
        )


class SearchContract:
    """Pages, order and counts by one rule."""

    @pytest.fixture
    def filled(self, repository: Repository) -> Repository:
        people = list(_people())
        with repository.unit_of_work() as unit:
            unit.parties.add([row for row, _ in people])
            unit.copies.put_facts([facts for _, facts in people[:-1]])  # of the last nothing is known
            unit.commit()
        return repository

    @pytest.mark.parametrize(
        ("text", "numbers"),
        [
            ("true", range(12)), ("false", []), ("branch = $branch", range(4)), ("manager = $actor and sex = '2'", [1, 7]),
            ("birth_year > 1961", [2, 3, 6, 7]), ("not birth_year > 1961", [1, 4, 8, 9]), ("sex is missing", [2, 5, 8, 11]),
            ("kind is missing", [11]), ("age_class_on = $today", []), ("cif_no ends with '03'", [3]),
        ],
    )  # fmt: skip
    def test_a_rule_finds_its_parties(self, filled: Repository, text: str, numbers: list[int]) -> None:
        with filled.unit_of_work() as unit:
            found = unit.search.page(_rule(text), _KNOWN, Order(), None, 99)
            assert [row.cif_no for row, _ in found] == [f"C{n:016}" for n in numbers]
            assert unit.search.count(_rule(text), _KNOWN, None) == ({None: len(found)} if found else {})
            for row, facts in found:
                assert unit.parties.get([row.cif_no])[row.cif_no] == row
                assert row.cif_no == f"C{11:016}" or unit.copies.facts([row.cif_no])[row.cif_no] == facts

    @pytest.mark.parametrize("facts", [(), ("sex",), ("birth_year", "sex", "branch", "nothing of the kind")])
    def test_the_facts_that_are_asked_for_come_along(self, filled: Repository, facts: tuple[str, ...]) -> None:
        with filled.unit_of_work() as unit:
            for order in (Order(), Order("birth_year", descending=True)):
                whole = unit.search.page(_rule("birth_year > 1961 or kind is missing"), _KNOWN, order, None, 99)
                some = unit.search.page(_rule("birth_year > 1961 or kind is missing"), _KNOWN, order, None, 99, facts)
                asked = set(facts) & set(FACT_COLUMNS)
                assert [(row, {name: there.values[name] for name in asked}) for row, there in whole] == [
                    (row, there.values) for row, there in some
                ]

    @pytest.mark.parametrize("field", ["cif_no", "birth_year", "sex", "branch"])
    @pytest.mark.parametrize("descending", [False, True])
    @pytest.mark.parametrize("size", [1, 3, 5, 12])
    def test_pages_are_the_whole_in_order_the_missing_last(
        self, filled: Repository, field: str, descending: bool, size: int
    ) -> None:
        order, rule = Order(field, descending), _rule("true")

        def value(row: PartyRow, facts: FactRow) -> Any:
            return facts.values[field] if field in FACT_COLUMNS else getattr(row, field)

        with filled.unit_of_work() as unit:
            whole = [(value(*one), one[0].cif_no) for one in unit.search.page(rule, _KNOWN, order, None, 99)]
            paged: list[tuple[Any, str]] = []
            while True:
                page = unit.search.page(rule, _KNOWN, order, paged[-1] if paged else None, size)
                paged += [(value(*one), one[0].cif_no) for one in page]
                if len(page) < size:
                    break
        assert paged == whole
        assert len(whole) == 12
        there = [one for one in whole if one[0] is not None]
        assert whole[: len(there)] == there
        assert [v for v, _ in there] == sorted((v for v, _ in there), reverse=descending)
        for v in {v for v, _ in whole}:
            numbers = [number for each, number in whole if each == v]
            assert numbers == sorted(numbers)

    @pytest.mark.parametrize("size", [1, 5, 12, 99])
    @pytest.mark.parametrize(
        "text", ["true", "birth_year > 1961", "false", "branch in ('b1', 'b2') and sex is missing", "branch = $branch"]
    )
    def test_columns_are_those_of_the_pages(self, filled: Repository, text: str, size: int) -> None:
        names, rule = ("birth_year", "branch", "sex", "kind", "life_cycle"), _rule(text)
        with filled.unit_of_work() as unit:
            whole = [
                (row.cif_no, facts.values["birth_year"], row.branch, facts.values["sex"], facts.values["kind"], row.life_cycle)
                for row, facts in unit.search.page(rule, _KNOWN, Order(), None, 99)
            ]  # fmt: skip
            read: list[tuple[Any, ...]] = []
            while True:
                columns = unit.search.columns(rule, _KNOWN, names, read[-1][0] if read else "", size)
                assert len(columns) == 1 + len(names)
                if not columns[0]:
                    break
                read += zip(*columns, strict=True)
        assert read == whole

    def test_counts_by_value_add_up(self, filled: Repository) -> None:
        with filled.unit_of_work() as unit:
            assert unit.search.count(_rule("true"), _KNOWN, "sex") == {"1": 4, "2": 4, None: 4}
            assert unit.search.count(_rule("branch = 'b2'"), _KNOWN, "branch") == {"b2": 4}
            assert unit.search.count(_rule("false"), _KNOWN, "sex") == {}

    def test_an_unknown_parameter_meets_nobody(self, filled: Repository) -> None:
        unknown = {**_KNOWN, "branch": None}
        with filled.unit_of_work() as unit:
            for text in ("branch = $branch", "branch != $branch", "not branch in ('x', $branch)"):
                assert unit.search.page(_rule(text), unknown, Order(), None, 99) == []

    def test_what_was_used_adds_up_in_its_window(self, repository: Repository) -> None:
        with repository.unit_of_work() as unit:
            assert [unit.usage.add("t", "view", 7, n) for n in (1, 2, 3)] == [1, 3, 6]
            assert unit.usage.add("t", "reveal", 7, 1) == 1
            assert unit.usage.add("u", "view", 7, 5) == 5
            assert unit.usage.add("t", "view", 8, 1) == 1
            assert unit.usage.add("u", "view", 7, 1) == 6
