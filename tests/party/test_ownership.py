"""Who owns a company through chains and circles: laws, cases worked out by hand, and the threshold itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from bankcif.errors import InputError
from bankcif.party import (
    WHOLE,
    CifNo,
    Control,
    Ground,
    Stake,
    beneficial_owners,
    controlled_by,
    integrated_shares,
)

A, B, C, D = (CifNo(one) for one in "ABCD")
P, Q, R = (CifNo(one) for one in "PQR")
PERSONS = (P, Q, R)


def stake(holder: CifNo, company: CifNo, percent: float, votes: float | None = None) -> Stake:
    parts = round(percent * WHOLE / 100)
    return Stake(holder, company, parts, parts if votes is None else round(votes * WHOLE / 100))


def owners(
    *stakes: Stake, controls: Iterable[Control] = (), stated: Collection[CifNo] = (), in_charge: Collection[CifNo] = ()
) -> dict[CifNo, Ground]:
    found = beneficial_owners(A, stakes, list(controls), persons=PERSONS, stated=stated, in_charge=in_charge)
    return {one.cif_no: one.ground for one in found}


def test_shares_multiply_along_a_chain_and_add_up_over_chains() -> None:
    stakes = [
        stake(P, A, 10),
        stake(B, A, 50),
        stake(C, A, 40),
        stake(P, B, 50),
        stake(Q, B, 50),
        stake(P, C, 25),
        stake(R, C, 75),
    ]
    assert integrated_shares(A, stakes) == {P: Fraction(45, 100), Q: Fraction(1, 4), R: Fraction(3, 10)}


def test_a_quarter_exactly_makes_an_owner_and_the_least_less_does_not() -> None:
    half = [stake(P, B, 50), stake(B, A, 50)]
    assert owners(*half) == {P: Ground.SHARE}
    less = [Stake(P, B, WHOLE // 2 - 1, 0), stake(B, A, 50)]
    assert owners(*less) == {}


def test_a_circle_owns_through_itself() -> None:
    # P has 60 of A; the rest of A is A's own through B: all that is ever paid out reaches P.
    assert integrated_shares(A, [stake(P, A, 60), stake(B, A, 40), stake(A, B, 100)]) == {P: Fraction(1)}
    # x = .5 p + .5 y, y = .5 q + .5 x: two thirds and one third.
    stakes = [stake(P, A, 50), stake(B, A, 50), stake(Q, B, 50), stake(A, B, 50)]
    assert integrated_shares(A, stakes) == {P: Fraction(2, 3), Q: Fraction(1, 3)}


def test_a_circle_that_owns_itself_alone_has_no_owner() -> None:
    assert integrated_shares(A, [stake(B, A, 100), stake(A, B, 100)]) == {}
    assert integrated_shares(A, [stake(A, A, 100)]) == {}
    assert integrated_shares(A, []) == {}


SETS = st.integers(2, 7).flatmap(
    lambda number: st.tuples(
        st.just(number),
        st.lists(
            st.lists(st.integers(0, 5), min_size=number + 3, max_size=number + 3), min_size=number, max_size=number
        ),
    )
)


@given(SETS)
def test_persons_together_own_the_whole_where_every_share_is_known(drawn: tuple[int, list[list[int]]]) -> None:
    number, weights = drawn
    companies = [CifNo(f"c{at}") for at in range(number)]
    stakes = []
    for company, row in zip(companies, weights, strict=True):
        row[-1] += 1  # each has a person among its holders, so no circle owns itself alone
        left = WHOLE
        for holder, weight in zip((*companies, *PERSONS), row, strict=True):
            part = WHOLE * weight // sum(row)
            left -= part
            if part:
                stakes.append(Stake(holder, company, part, part))
        stakes.append(Stake(PERSONS[-1], company, left, left))
    for company in companies:
        found = integrated_shares(company, stakes)
        assert set(found) <= set(PERSONS)
        assert sum(found.values()) == 1
        for holder in PERSONS:  # it solves the equations it is meant to
            through = sum(
                Fraction(one.share, WHOLE) * (
                    Fraction(one.holder == holder) if one.holder in PERSONS
                    else integrated_shares(one.holder, stakes).get(holder, Fraction(0))
                )
                for one in stakes
                if one.company == company
            )  # fmt: skip
            assert found.get(holder, Fraction(0)) == through


def test_a_chain_of_twenty_thousand_companies_is_walked() -> None:
    chain = [CifNo(f"c{at}") for at in range(20_000)]
    stakes = [stake(holder, company, 100) for company, holder in pairwise(chain)]
    assert integrated_shares(chain[0], [*stakes, stake(P, chain[-1], 100)]) == {P: Fraction(1)}


def of(stakes: Iterable[Stake], controls: Iterable[Control] = ()) -> object:
    def stakes_of(holders: Collection[CifNo]) -> tuple[list[Stake], list[Control]]:
        return [one for one in stakes if one.holder in holders], [one for one in controls if one.holder in holders]

    return stakes_of


def test_votes_of_those_who_are_controlled_count_whole() -> None:
    # P has 51 of B and of C, who together have 60 of D: of its shares P owns less than a third, of its votes all sixty.
    stakes = [stake(P, B, 51), stake(P, C, 51), stake(B, D, 30), stake(C, D, 30)]
    assert controlled_by(P, of(stakes)) == {B: stake(P, B, 51).votes, C: stake(P, C, 51).votes, D: WHOLE * 6 // 10}  # type: ignore[arg-type]
    half = [stake(P, B, 50)]
    assert controlled_by(P, of(half)) == {}, "half of the votes is no majority"  # type: ignore[arg-type]
    assert controlled_by(P, of([stake(B, A, 80)], [Control(P, B)])) == {B: 0, A: WHOLE * 8 // 10}  # type: ignore[arg-type]


def test_circles_of_control_end() -> None:
    stakes = [stake(P, A, 60), stake(A, B, 60), stake(B, A, 40)]
    assert set(controlled_by(P, of(stakes))) == {A, B}  # type: ignore[arg-type]
    assert set(controlled_by(A, of(stakes))) == {B}  # type: ignore[arg-type]


CASES: dict[str, tuple[dict[CifNo, Ground], dict[CifNo, Ground]]] = {
    "votes without shares": (owners(stake(P, A, 1, 30), stake(Q, A, 99, 70)), {Q: Ground.SHARE, P: Ground.VOTES}),
    "control by other means": (owners(stake(Q, A, 100), controls=[Control(P, A)]), {Q: Ground.SHARE, P: Ground.CONTROL}),
    "control of who controls": (owners(stake(B, A, 100), controls=[Control(P, B)]), {P: Ground.VOTES}),
    "who was stated to be one": (owners(stake(P, A, 100), stated=[Q]), {P: Ground.SHARE, Q: Ground.STATED}),
    "nobody but who is in charge": (owners(stake(P, A, 24), stake(Q, A, 24), in_charge=[R]), {R: Ground.IN_CHARGE}),
    "who is in charge beside an owner": (owners(stake(P, A, 25), in_charge=[R]), {P: Ground.SHARE}),
    "an organization that nobody holds": (owners(stake(B, A, 100)), {}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_why_somebody_is_an_owner(case: str) -> None:
    found, expected = CASES[case]
    assert found == expected
    assert list(found) == list(expected), "the strongest ground first"


def test_a_circle_that_nobody_could_read_is_refused() -> None:
    circle = [CifNo(f"X{n}") for n in range(51)]
    pairs = [*pairwise(circle), (circle[-1], circle[0])]
    with pytest.raises(InputError, match="more than 50 companies own each other"):
        integrated_shares(circle[0], [stake(one, other, 50) for one, other in pairs])
    fewer = [stake(one, other, 50) for one, other in pairwise([*circle[:50], circle[0]])]
    assert integrated_shares(circle[0], [*fewer, stake(P, circle[0], 50)])[P] > Fraction(1, 2)
