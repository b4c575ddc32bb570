"""What is told of groups of customers as sections of a page: segments, cohorts, states, products, worth; see `analyses`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from ..analytics import (
    Baskets,
    Cohorts,
    Contrast,
    Hits,
    HoldingRule,
    NextProduct,
    Place,
    RfmModel,
    SegmentReport,
    Transitions,
    Worth,
)
from ._told import Told, words
from .page import Chart, Section
from .reports import NOT_TOLD, NOTHING, Cell

__all__ = [
    "cohorts",
    "contrasted",
    "edges",
    "held_together",
    "hits",
    "next_product",
    "products",
    "segments",
    "transitions",
    "worth",
]

_MOST_RULES = 20
_MOST_TRIED = 200
_LEAST_WITHOUT, _MOST_WITHOUT = 3, 5
_TENTHS = 10
_CLOSE = 1e-6


def segments(result: SegmentReport, told: Told) -> list[Section]:
    total = sum(result.sizes.values())
    told.need(total)
    called = {name: told.name(name) if name else words(told.language, "left_over") for name in result.sizes}
    out = told.hides({(None,): total, **{(name,): many for name, many in result.sizes.items()}})
    sizes = [
        (called[name], *((NOT_TOLD, NOT_TOLD) if (name,) in out else (many / total if total else NOTHING, many)))
        for name, many in result.sizes.items()
    ]
    note = told.note("segments_note", customers=f"{total:,}")
    if result.shadowed:
        note += " " + words(told.language, "shadowed", names=", ".join(map(told.name, result.shadowed)))
    found = [
        Section(
            title=words(told.language, "segments"), note=note, columns=told.head("segment", "share", "customers"),
            rows=sizes, percent=True,
        )
    ]  # fmt: skip
    both = [
        (
            called[one],
            called[other],
            NOT_TOLD if told.few(many, *(abs(result.sizes[name] - many) for name in (one, other))) else many,
        )
        for (one, other), many in result.overlaps.items()
        if many
    ]
    if both:
        found.append(
            Section(
                title=words(told.language, "overlaps"), note=told.note("overlaps_note"),
                columns=told.head("segment", "also", "customers"), rows=both, chart=Chart.NONE,
            )
        )  # fmt: skip
    return found


def edges(result: RfmModel, told: Told) -> list[Section]:
    heads = told.head("recency", "frequency", "amount")
    edges = (result.recency, result.frequency, result.amount)
    rows = [(head, ", ".join(f"{_rounded(one):,}" for one in some)) for head, some in zip(heads, edges, strict=True)]
    return [
        Section(
            title=words(told.language, "scores"), note=words(told.language, "scores_note", currency=result.currency),
            columns=told.head("figure", "edges"), rows=rows, chart=Chart.NONE,
        )
    ]  # fmt: skip


def _rounded(edge: int) -> int:
    """To two digits: an edge may be what one customer has."""
    return round(edge, -max(len(str(abs(edge))) - 2, 0))


def cohorts(result: Cohorts, told: Told) -> list[Section]:
    months = range(result.active.shape[1])
    cells: list[tuple[Cell, ...]] = []
    line: list[tuple[Cell, ...]] = []
    whole = words(told.language, "all")
    shown: dict[tuple[int, int], bool] = {}
    enough = result.size >= told.k  # the others are in no sum either: what is left of it would tell of them
    for since in months:
        over = np.flatnonzero((result.active[:, since] >= 0) & enough).tolist()
        did = {result.months[at]: int(result.active[at, since]) for at in over}
        size = {result.months[at]: int(result.size[at]) for at in over}
        out = {place for counts in (did, {at: size[at] - did[at] for at in did}) for place in _hidden_of(counts, told)}
        for at in over:
            shown[at, since] = (result.months[at],) not in out
        active, of = sum(did.values()), sum(size.values())
        known = (None,) not in out and of >= told.k
        line.append((since, whole, active / of if known else NOT_TOLD, *((active, of) if known else (NOT_TOLD,) * 2)))
    for at, month in enumerate(result.months):
        for since in months:
            if result.active[at, since] < 0:
                continue
            active, of = int(result.active[at, since]), int(result.size[at])
            good = shown.get((at, since), False)
            cells.append((month, str(since), *((active / of, active, of) if good else (NOT_TOLD,) * 3)))
    shares = told.head("share", "active", "customers")
    return [
        Section(
            title=words(told.language, "cohorts"), note=told.note("cohorts_note"), columns=(*told.head("came", "since"), *shares),
            rows=cells, chart=Chart.HEAT, percent=True, across=tuple(map(str, months)),
        ),
        Section(
            title=words(told.language, "retention"), note=told.note("retention_note"),
            columns=(*told.head("since", "cohort"), *shares), rows=line, chart=Chart.LINES, percent=True,
        ),
    ]  # fmt: skip


def _hidden_of(counts: Mapping[str, int], told: Told) -> frozenset[Place]:
    return told.hides({(None,): sum(counts.values()), **{(name,): many for name, many in counts.items()}})


def transitions(result: Transitions, told: Told) -> list[Section]:
    names, counts = result.states, result.counts
    places: dict[Place, int] = {(None, None): int(counts.sum())}
    told.need(places[None, None])
    for at, one in enumerate(names):
        places[one, None], places[None, one] = int(counts[at].sum()), int(counts[:, at].sum())
        places |= {(one, other): int(counts[at, to]) for to, other in enumerate(names)}
    out = told.hides(places)
    rows: list[tuple[Cell, ...]] = []
    for one in names:
        whole = places[one, None]
        for other in names:
            many = places[one, other]
            if not whole:
                continue
            good = (one, other) not in out and (one, None) not in out
            rows.append((told.name(one), told.name(other), *((many / whole, many, whole) if good else (NOT_TOLD,) * 3)))
    came, left = (int(some.sum()) for some in (result.came, result.left))
    note = told.note(
        "transitions_note", customers=f"{places[None, None]:,}", **{
            name: f"{many:,}" if many == 0 or many >= told.k else NOT_TOLD for name, many in (("came", came), ("left", left))
        },
    )  # fmt: skip
    return [
        Section(
            title=words(told.language, "transitions"), note=note, columns=told.head("from", "to", "share", "customers", "of"), rows=rows,
            chart=Chart.HEAT, percent=True, across=tuple(map(told.name, names)),
        )
    ]  # fmt: skip


def products(result: Baskets, told: Told) -> list[Section]:
    held = {
        name: int(result.counts[(result.holdings >> place) & 1 == 1].sum())
        for place, name in enumerate(result.products)
    }
    whole = result.customers
    told.need(whole)
    # Who holds a product and who does not: both may be few.
    out = {name for name, many in held.items() if told.few(many, whole - many)}
    rows = [
        (told.name(name), *((NOT_TOLD, NOT_TOLD) if name in out else (many / whole, many)))
        for name, many in sorted(held.items(), key=lambda one: (-one[1], one[0]))
    ]
    sizes = np.bincount([int(one).bit_count() for one in result.holdings.tolist()], weights=result.counts)
    many_of = {str(number): int(many) for number, many in enumerate(sizes.tolist())}
    note = told.note("products_note", customers=f"{whole:,}")
    found = [
        Section(
            title=words(told.language, "products"), note=note, columns=told.head("product", "share", "customers"), rows=rows, percent=True
        )
    ]  # fmt: skip
    # As many products are held in all by the one table as by the other, so that what the one hides would follow from the other.
    if not out and not told.few(*many_of.values()):
        each = [(number, many / whole, many) for number, many in many_of.items()]
        found.append(
            Section(
                title=words(told.language, "how_many"), note=note, columns=told.head("number", "share", "customers"), rows=each, percent=True
            )
        )  # fmt: skip
    return found


def next_product(result: NextProduct, told: Told) -> list[Section]:
    return held_together(result.rules, told)


def held_together(rules: Sequence[HoldingRule], told: Told) -> list[Section]:
    """The rules of the greatest lift, of which enough customers are seen on both sides."""
    rows = [
        (
            f"{' + '.join(sorted(map(told.name, one.given)))} → {told.name(one.then)}", one.lift, one.support, one.confidence, one.leverage,
            NOTHING if one.conviction is None else one.conviction, one.both, one.of_given,
        )
        for one in _told_rules(rules, told)
    ]  # fmt: skip
    return [Section(
        title=words(told.language, "rules"), note=told.note("rules_note", number=len(rows), rules=f"{len(rules):,}"),
        columns=told.head("rule", "lift", "support", "confidence", "leverage", "conviction", "both", "given"), rows=rows,
        shares=frozenset({2, 3, 4}),
    )]  # fmt: skip


def _told_rules(rules: Sequence[HoldingRule], told: Told) -> list[HoldingRule]:
    """The rules of the greatest lift that can be told one beside the other: whatever is reckoned from their counts is of none, or of k and more."""
    known: dict[frozenset[str], int] = {}
    found: list[HoldingRule] = []
    for one in sorted(rules, key=lambda one: (-one.lift, -one.both, sorted(one.given), one.then))[:_MOST_TRIED]:
        then = frozenset({one.then})
        more = {
            frozenset[str](): one.customers,
            one.given: one.of_given,
            then: one.of_then,
            one.given | then: one.both,
        }
        if not _gives_away({**known, **more}, more.keys() - known.keys(), told):
            known |= more
            found.append(one)
        if len(found) == _MOST_RULES:
            break
    return found


def _gives_away(known: Mapping[frozenset[str], int], new: Set[frozenset[str]], told: Told) -> bool:
    """
    Whether the counts of who holds some products tell of few: who hold these and not all of those; these and neither all of those nor all of others; these and
    none of several. Only what *new* ones tell is looked at.
    """
    for some in known:
        for one, other in product([each for each in known if some <= each], repeat=2):
            both = one | other
            if both in known and not new.isdisjoint((some, one, other, both)):
                without = known[some] - known[one] - known[other] + known[both]
                if told.few(known[some] - known[one], without):
                    return True
    return any(told.few(count) for count in _of_none(known))


def _of_none(known: Mapping[frozenset[str], int]) -> Iterator[int]:
    """Of how many it follows that they hold some products and none of three to five others."""
    for some, more in product(known, repeat=2):
        without = sorted(more - some)
        if some <= more and _LEAST_WITHOUT <= len(without) <= _MOST_WITHOUT:
            parts = [some | frozenset(each) for size in range(len(without) + 1) for each in combinations(without, size)]
            if all(part in known for part in parts):
                yield sum((-1) ** len(part - some) * known[part] for part in parts)


def hits(result: Hits, told: Told) -> list[Section]:
    told.need(result.customers)
    ways = ((words(told.language, "offered"), result.hit), (words(told.language, "popular"), result.popular))
    rows = [
        (way, *((hit / result.customers, hit, result.customers) if not told.few(hit, result.customers - hit) else (NOT_TOLD,) * 3))
        for way, hit in ways
    ]  # fmt: skip
    return [
        Section(
            title=words(told.language, "hits"), note=told.note("hits_note"), columns=told.head("way", "share", "hit", "of"), rows=rows,
            percent=True,
        )
    ]  # fmt: skip


def contrasted(found: Sequence[Contrast], told: Told) -> list[Section]:
    rows = [
        (
            told.name(one.figure),
            *(
                (one.effect, one.inside, one.outside, one.difference, one.low, one.high, NOTHING if one.lift is None else one.lift, one.chance, one.adjusted,
                 one.of_inside, one.of_outside)
                if min(one.of_inside, one.of_outside) >= told.k and not told.few(*_counted(one))
                else (NOT_TOLD,) * 11
            ),
        )
        for one in sorted(found, key=lambda one: (-abs(one.effect), one.figure))
    ]  # fmt: skip
    return [Section(
        title=words(told.language, "contrasts"), note=told.note("contrasts_note"), chart=Chart.SIGNED, rows=rows,
        columns=told.head("figure", "effect", "inside", "outside", "difference", "low", "high", "lift", "chance", "adjusted", "of_inside", "of_outside"),
    )]  # fmt: skip


def _counted(one: Contrast) -> list[int]:
    """Of a share of each side, of how many it holds and of how many it does not; nothing of a mean."""
    sides = ((one.inside, one.of_inside), (one.outside, one.of_outside))
    counts = [share * many for share, many in sides]
    if not all(0 <= share <= 1 for share, _ in sides) or any(abs(count - round(count)) > _CLOSE for count in counts):
        return []
    return [
        part for count, (_, many) in zip(counts, sides, strict=True) for part in (round(count), many - round(count))
    ]


def worth(result: Worth, told: Told) -> list[Section]:
    told.need(len(result))
    tenths = min(_TENTHS, len(result) // told.k)
    parts: list[NDArray[np.int64]] = np.array_split(np.sort(result.minor)[::-1], tenths)
    whole = sum(result.minor.tolist())
    scale = float(result.total.amount) / whole if whole else 0.0
    rows = [
        (f"{at}/{tenths}", total / whole if whole else NOTHING, len(part), total * scale, total * scale / len(part))
        for at, part in enumerate(parts, 1)
        for total in [sum(part.tolist())]
    ]
    ahead = f"{result.horizon.amount:g} {words(told.language, f'unit_{result.horizon.unit}')}"
    note = words(
        told.language, "worth_note", customers=f"{len(result):,}", total=f"{result.currency} {result.total.amount:,}", ahead=ahead,
        discount=f"{result.discount.per_year:.2%}", model=result.model,
    )  # fmt: skip
    money = tuple(f"{head} ({result.currency})" for head in told.head("worth_sum", "worth_mean"))
    return [
        Section(
            title=words(told.language, "worth"), note=note, columns=(*told.head("tenth", "share", "customers"), *money), rows=rows,
            percent=True, shares=frozenset({1}),
        )
    ]  # fmt: skip
