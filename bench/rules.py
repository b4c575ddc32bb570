"""
Rules and tags: one simple rule on one record, and the starter catalogue over a million customers on Polars, beside Polars written by hand.

The frames are made up, with a customer's plain fields and three rows each of holdings and dealings; what is asked by hand are the
catalogue's tags, as somebody who knows Polars would write them. Its ladder of tiers stands apart: twelve monthly balances of each customer, beside
the same months replayed by hand in NumPy, from rows that have been put into a table of customers and months.
"""

from __future__ import annotations

import statistics
import time
from datetime import date, timedelta
from typing import Any

import attrs
import numpy as np
import polars as pl

from bankcif.rules import Kind, Schema, compiled, lower, opened_record, opened_schema, parse
from bankcif.rules.columns import holding
from bankcif.tagging import Catalogue, Evaluator, TierScale, starter_catalogue

__all__ = ["frames", "rules"]

TODAY = date(2026, 11, 27)
NOW = (TODAY - date(1970, 1, 1)).days
SIMPLE = "aum >= CNY 1000000 and not tag('dormant')"
OFTEN = 100_000


def rules(customers: int = 1_000_000, rounds: int = 5) -> dict[str, Any]:
    """A rule on a record; all tags over *customers*; and what one customer's tags cost."""
    return {**_one(), **_many(customers, rounds), **_tiers(customers, rounds)}


def _one() -> dict[str, Any]:
    schema = opened_schema(tags=["dormant"])
    rule = lower(parse(SIMPLE), schema)
    holds, known = compiled(rule), rule.known(TODAY)
    record = opened_record({"kind": "individual"}, {"aum": {"minor": 200_000_000, "currency": "CNY"}}) | {
        "tag:dormant": False
    }
    evaluator = Evaluator(starter_catalogue())
    rows = [{"period": "2026-10", "channel": "app", "type": "salary", "count": 3}] * 12
    full = opened_record(
        {"kind": "individual"},
        {"birth_date": "1990-01-01", "transactions": rows, "aum": {"minor": 9, "currency": "CNY"}},
    )
    found = {
        "a simple rule on one record, µs": _micros(lambda: holds(record, known), OFTEN),
        "all starter tags of one customer, µs": _micros(lambda: evaluator.verdicts(full, TODAY), 1000),
        "the next day on which one of them can turn, µs": _micros(
            lambda: evaluator.next_change(full, evaluator.verdicts(full, TODAY), TODAY), 200
        ),
    }  # fmt: skip
    for what, micros in found.items():
        print(f"{what}: {micros:,.2f}")
    return found


def _micros(work: Any, times: int) -> float:
    taken = []
    for _ in range(5):
        started = time.perf_counter()
        for _ in range(times):
            work()
        taken.append((time.perf_counter() - started) / times * 1e6)
    return statistics.median(taken)


def frames(customers: int, schema: Schema | None = None) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """Made-up customers with the columns of *schema*, of tags if None, and three rows each of every collection."""
    made = np.random.default_rng(7)
    schema = opened_schema() if schema is None else schema

    def text(size: int, *choices: str) -> pl.Series:
        return pl.Series(np.array(choices)[made.integers(0, len(choices), size)])

    def column(name: str, kind: Kind, size: int) -> Any:
        if kind is Kind.BOOLEAN:
            return made.random(size) < 0.9
        if name.endswith("currency"):
            return text(size, "CNY", "CNY", "CNY", "USD")
        if kind is Kind.MONEY:
            return (made.lognormal(9, 2.5, size) * 100).astype(np.int64)
        if kind is Kind.DATE:
            return made.integers(NOW - (25_000 if name == "birth_date" else 2_000), NOW + 30, size)
        if kind is Kind.INTEGER:
            return made.integers(0, 30, size)
        if kind is Kind.DECIMAL:
            return made.integers(0, 10**8, size)
        known = {
            "product": ("current", "time_deposit", "fund", "wealth", "mortgage", "credit_card"), "status": ("open", "open", "closed"),
            "type": ("salary", "cash", "campaign", "complaint", "service"), "channel": ("app", "counter", "third_party"),
            "outcome": ("accepted", "declined"), "aml_class": ("low", "low", "medium", "high"), "income_band": ("A", "B", "C", "D"),
            "investment_grade": ("C1", "C2", "C3", "C4", "C5"), "occupation": tuple("0135789N"), "watch_flag": ("Y", "N"),
            "kind": ("individual",), "nationality": ("CN", "CN", "US"),
        }  # fmt: skip
        return text(size, *known.get(name, ("a", "b", "c")))

    def frame(of: Any, keys: Any) -> pl.DataFrame:
        columns = {
            name: column(name, field.kind, len(keys)) for name, field in of.items() if field.kind is not Kind.AGE
        }
        return pl.DataFrame({"key": keys, **columns})

    ids = np.arange(customers)
    rows = {
        name: frame(of, np.sort(made.integers(0, customers, 3 * customers))) for name, of in schema.collections.items()
    }
    return frame(schema, ids), rows


def _many(customers: int, rounds: int) -> dict[str, Any]:
    own, rows = frames(customers)
    whole = starter_catalogue()
    catalogue = attrs.evolve(whole, tags={name: one for name, one in whole.tags.items() if one.floor is None})
    evaluator, sixty, pairs, plain, some = Evaluator(catalogue), Evaluator(first(catalogue, 60)), [], [], []
    flat = {
        name: rule
        for name in catalogue.order
        if (rule := catalogue.lowered(name)) is not None and not [*rule.gathered()]
    }
    flat = {
        name: rule for name, rule in flat.items() if not catalogue.needs(name).tags | catalogue.needs(name).segments
    }
    for _ in range(rounds):
        started = time.perf_counter()
        found = evaluator.in_columns(
            own.lazy(), key="key", today=TODAY, collections={name: one.lazy() for name, one in rows.items()}
        ).collect()
        ours = time.perf_counter() - started
        started = time.perf_counter()
        by_hand(own, rows)
        pairs.append((ours, time.perf_counter() - started))
        started = time.perf_counter()
        holding(flat, catalogue.schema, own.lazy(), key="key", today=TODAY).collect()
        plain.append(time.perf_counter() - started)
        started = time.perf_counter()
        sixty.in_columns(
            own.lazy(), key="key", today=TODAY, collections={name: one.lazy() for name, one in rows.items()}
        ).collect()
        some.append(time.perf_counter() - started)
    ratios = sorted(ours / hand for ours, hand in pairs)
    took, hand = (statistics.median(each) for each in zip(*pairs, strict=True))
    print(
        f"{found.width - 1} definitions over {customers:,} customers and {3 * customers:,} rows of each collection: {took:.2f} s; written by "
        f"hand {hand:.2f} s; ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}, {rounds} interleaved rounds); "
        f"the {len(flat)} without rows {statistics.median(plain):.2f} s; the first sixty tags {statistics.median(some):.2f} s ({min(some):.2f} to {max(some):.2f})"
    )
    return {
        "all tags, s": took,
        "by hand, s": hand,
        "ratio": statistics.median(ratios),
        "without rows, s": statistics.median(plain),
        "sixty tags, s": statistics.median(some),
    }


def first(catalogue: Catalogue, count: int) -> Catalogue:
    """The first so many tags of a catalogue that have a rule, in the order in which they are evaluated."""
    ruled = [name.removeprefix("tag:") for name in catalogue.order if catalogue.lowered(name) is not None]
    chosen = {name: catalogue.tags[name] for name in ruled[:count]}
    return attrs.evolve(catalogue, tags=chosen, segments={}, reminders={})


def _tiers(customers: int, rounds: int, months: int = 12) -> dict[str, Any]:
    whole = starter_catalogue()
    catalogue = attrs.evolve(
        whole, segments={}, reminders={}, tags={name: one for name, one in whole.tags.items() if one.floor is not None}
    )
    evaluator, scale = Evaluator(catalogue), catalogue.ladders["tier"]
    made = np.random.default_rng(7)
    averages = (made.lognormal(11, 2, customers)[:, None] * made.lognormal(0, 0.7, (customers, months)) * 100).astype(
        np.int64
    )
    firsts = [(date(2025 + (10 + n) // 12, (10 + n) % 12 + 1, 1) - date(1970, 1, 1)).days for n in range(months)]
    own = pl.DataFrame({"key": np.arange(customers)})
    balances = pl.DataFrame(
        {"key": np.repeat(np.arange(customers), months), "month": np.tile(firsts, customers), "average": averages.ravel()}
    ).with_columns(average_currency=pl.lit("CNY"))  # fmt: skip
    pairs = []
    for _ in range(rounds):
        started = time.perf_counter()
        found = evaluator.in_columns(
            own.lazy(), key="key", today=TODAY, collections={"balances": balances.lazy()}
        ).collect()
        ours = time.perf_counter() - started
        started = time.perf_counter()
        places = tiers_by_hand(averages, scale)
        pairs.append((ours, time.perf_counter() - started))
    for at, tier in enumerate(scale.tiers):
        assert (found.sort("key")[f"tag:{tier.name}"].to_numpy() == (places == at)).all(), "ours and by hand are one"
    ratios = sorted(ours / hand for ours, hand in pairs)
    took, hand = (statistics.median(each) for each in zip(*pairs, strict=True))
    print(
        f"the tier of each of {customers:,} customers by {months} monthly balances: {took:.2f} s; by hand in NumPy, from a table, {hand:.2f} s; "
        f"ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
    )
    return {"tiers, s": took, "tiers by hand, s": hand}


def tiers_by_hand(averages: Any, scale: TierScale) -> Any:
    """Where on *scale* customers stand behind the last of *averages*, a row of months for each."""
    floors, grace = (
        np.array([one.floor.minor for one in scale.tiers]),
        np.array([one.grace_months for one in scale.tiers]),
    )
    reached = np.searchsorted(floors, averages, side="right") - 1
    place, watched = reached[:, 0].copy(), np.zeros(len(averages), dtype=np.int64)
    for month in range(1, averages.shape[1]):
        now = reached[:, month]
        watch = (now < place) & (watched + 1 < grace[place])
        watched = np.where(watch, watched + 1, 0)
        place = np.where(watch, place, now)
    return place


def _months(number: int) -> int:
    """Days since 1970 of the day so many months before."""
    year, month = divmod(TODAY.year * 12 + TODAY.month - 1 - number, 12)
    return (date(year, month + 1, min(TODAY.day, 28)) - date(1970, 1, 1)).days


def by_hand(own: pl.DataFrame, rows: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """The starter catalogue's tags and segments as Polars would have them."""
    c = pl.col
    year = (TODAY - timedelta(days=365) - date(1970, 1, 1)).days

    def years(number: int) -> int:
        return (TODAY.replace(year=TODAY.year - number) - date(1970, 1, 1)).days

    open_ = c("status") == "open"
    held = rows["holdings"].lazy().group_by("key").agg(
        *((open_ & (c("product") == one)).any().alias(f"h_{one}") for one in ("time_deposit", "insurance", "credit_card", "mortgage", "pension")),
        (open_ & c("product").is_in(["fund", "wealth", "gold"])).any().alias("h_invest"),
        (open_ & c("product").is_in(["fund", "gold"])).any().alias("h_risky"),
        (open_ & c("product").is_in(["mortgage", "consumer_loan", "credit_card"])).any().alias("h_debt"),
        c("product").filter(open_).n_unique().alias("h_kinds"), open_.sum().alias("h_open"),
        c("balance").filter(open_ & c("product").is_in(["current", "time_deposit"]) & (c("balance_currency") == "CNY")).sum().alias("h_sum"),
        (c("closed_on") > NOW - 90).any().alias("h_closed"),
    )  # fmt: skip
    recent, half = (c("month") > _months(3)) & (c("month") <= NOW), (c("month") > _months(6)) & (c("month") <= NOW)
    dealt = rows["transactions"].lazy().group_by("key").agg(
        c("count").filter(recent).sum().alias("t_3"), c("count").filter(half).sum().alias("t_6"),
        (recent & (c("channel") == "app")).any().alias("t_app"), (half & (c("channel") == "counter")).any().alias("t_counter"),
        (half & (c("channel") != "counter")).any().alias("t_other"), c("channel").filter(recent).n_unique().alias("t_channels"),
        c("count").filter(recent & (c("type") == "cash")).sum().alias("t_cash"), (recent & (c("type") == "salary")).any().alias("t_salary"),
        c("count").filter(recent & (c("channel") == "third_party")).sum().alias("t_third"),
    )  # fmt: skip
    lately, campaign = (c("on") > NOW - 90) & (c("on") <= NOW), c("type") == "campaign"
    met = rows["interactions"].lazy().group_by("key").agg(
        (campaign & (c("outcome") == "accepted") & (c("on") > _months(12)) & (c("on") <= NOW)).any().alias("i_yes"),
        (campaign & lately).sum().alias("i_asked"), (campaign & lately & (c("outcome") == "accepted")).any().alias("i_yes_90"),
        ((c("type") == "complaint") & lately).any().alias("i_complaint"),
        ((c("type") == "complaint") & (c("due") < NOW) & c("outcome").is_null()).any().alias("i_overdue"),
        ((c("type") == "service") & c("outcome").is_null()).any().alias("i_service"),
    )  # fmt: skip
    general = (
        c("channel").is_null() & c("data_group").is_null() & c("recipient").is_null() & (c("purpose") == "marketing")
    )
    stands = (c("since") <= NOW) & (c("until").is_null() | (c("until") >= NOW)) & ~c("guardian")
    allowed = rows["consents"].lazy().group_by("key").agg(
        (general & stands & (c("state") == "granted")).any().alias("c_granted"), ((c("purpose") == "marketing") & c("recipient").is_null() & (c("state") != "granted")).any().alias("c_refused"),
    )  # fmt: skip
    yuan = c("aum_currency") == "CNY"
    grades = c("investment_grade_until") >= NOW
    frame = (
        own.lazy()
        .join(held, on="key", how="left")
        .join(dealt, on="key", how="left")
        .join(met, on="key", how="left")
        .join(allowed, on="key", how="left")
    )
    born, since, aum = c("birth_date"), c("customer_since"), c("aum")
    first = {
        "child": born > years(14), "minor": (born <= years(14)) & (born > years(18)), "young": (born <= years(18)) & (born > years(30)),
        "prime": (born <= years(30)) & (born > years(45)), "middle": (born <= years(45)) & (born > years(60)), "senior": born <= years(60),
        **{f"job_{one}": c("occupation") == one for one in "81057N"}, "foreign": c("nationality") != "CN",
        "abroad": c("tax_residence").is_in(["FOREIGN", "BOTH"]), "new": since > NOW - 90, "old": since <= years(10),
        "organization": c("kind") == "organization", "sole": c("legal_form") == "sole_proprietor", "young_company": c("founded_on") > years(3),
        "very_active": c("t_3") >= 60, "active": (c("t_3") > 0) & (c("t_3") < 60), "quiet": (c("t_3") == 0) & (c("t_6") > 0),
        "dormant": (since <= _months(6)) & (c("t_6").fill_null(0) == 0), "mobile": c("t_app"), "counter_only": c("t_counter") & ~c("t_other"),
        "channels": c("t_channels") >= 3, "cash": c("t_cash") >= 10, "payroll": c("t_salary"), "third": c("t_third") >= 20,
        "responder": c("i_yes"), "tired": (c("i_asked") >= 3) & ~c("i_yes_90"), "complained": c("i_complaint"), "overdue": c("i_overdue"),
        "pending": c("i_service"), "app": c("preferred_channel") == "app", "evening": c("preferred_time") == "evening",
        "quiet_please": c("preferred_channel") == "none", "unreachable": (c("bounces") >= 3) | (c("last_reached_on") < year),
        "private": yuan & (aum >= 600_000_000), "wealthy": yuan & (aum >= 50_000_000) & (aum < 600_000_000),
        "affluent": yuan & (aum >= 5_000_000) & (aum < 50_000_000), "mass": yuan & (aum >= 0) & (aum < 5_000_000),
        "high": c("income_band") == "D", "low": c("income_band") == "A", "many": c("h_kinds") >= 4, "single": c("h_kinds") == 1,
        "none": c("h_open").fill_null(0) == 0, "saver": c("h_time_deposit"), "investor": c("h_invest"), "insured": c("h_insurance"),
        "card": c("h_credit_card"), "mortgage": c("h_mortgage"), "pension": c("h_pension"), "large": c("h_sum") >= 30_000_000,
        "closed": c("h_closed"), "conservative": c("investment_grade").is_in(["C1", "C2"]) & grades,
        "balanced": (c("investment_grade") == "C3") & grades, "aggressive": c("investment_grade").is_in(["C4", "C5"]) & grades,
        "expired": c("investment_grade_until") < NOW, "expiring": c("investment_grade_until").is_between(NOW, NOW + 30),
        **{f"aml_{one}": c("aml_class") == one for one in ("high", "medium", "low")}, "watched": c("watch_flag") == "Y",
        "exposed": c("politically_exposed") == "Y", "debt": (c("liabilities") > c("assets")) & (c("liabilities_currency") == c("assets_currency")),
        "risky": c("h_risky"), "loan": c("h_debt"), "no_document": ~c("has_identifiers"), "no_phone": ~c("has_phone"),
        "consent": c("c_granted") & ~c("c_refused").fill_null(False) & (born <= years(14)), "refused": c("c_refused"),
    }  # fmt: skip
    held_by = frame.select("key", *(one.fill_null(False).alias(name) for name, one in first.items()))
    enhanced = c("aml_high") | c("watched") | c("exposed")
    marketable = c("consent") & ~c("quiet_please") & ~c("tired") & ~c("complained") & ~enhanced & ~c("unreachable")
    return held_by.with_columns(
        (c("job_N") & c("senior")).alias("retired"), (c("payroll") & c("mortgage")).alias("payroll_and_loan"), enhanced.alias("enhanced"),
        (c("senior") & c("risky")).alias("senior_in_risk"), ((c("child") | c("minor")) & c("loan")).alias("minor_in_debt"),
        marketable.alias("marketable"), (c("high") & ~(c("wealthy") | c("private"))).alias("prospects"),
        (marketable & (c("balanced") | c("aggressive")) & ~(c("child") | c("minor"))).alias("fund_offer"),
    ).collect()  # fmt: skip


if __name__ == "__main__":
    rules()
