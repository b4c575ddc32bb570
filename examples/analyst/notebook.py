# %% [markdown]
# # An analyst's morning
# Columns of the customers by pseudonymous keys, what they hold together, how a segment differs, who may leave, and a report. Cells are marked by `# %%`; open it in a notebook, or run it as a script.

# %%
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import polars as pl

from bankcif import CIF, Actor, Individual, LocalKeyProvider, MemoryKeyStore, MemoryRepository, Purpose, party_from
from bankcif.analytics import KEY, Baskets, NextProduct, churn_scorecard, contrasts, held_by
from bankcif.testing import synthetic_tables

# %% A made-up file of four hundred customers
draw = Random(7)  # noqa: S311  (made-up data, the same each time)
today = datetime.now(UTC).date()
cif = CIF(
    repository=MemoryRepository(),
    tenant="demo",
    keys=LocalKeyProvider.generate(),
    key_store=MemoryKeyStore(),
    tables=synthetic_tables(),
)
loader, analyst = Actor(id="l.wu", roles={"loader"}), Actor(id="a.na", roles={"analyst"})
for n in range(400):
    products = {"deposit", *draw.sample(["card", "fund", "loan"], draw.randint(0, 2))}
    months = [today.replace(day=1) - timedelta(days=31 * back) for back in range(12)]
    said = {
        "name": f"王{chr(0x4E00 + n)}", "phone": f"15412341{n:03}", "sex": draw.choice("12"), "home_branch": f"B{n % 5}",
        "aum": {"amount": str(draw.randint(1, 900) * 1000), "currency": "CNY"},
        "holdings": [{"product": one, "opened_on": "2024-01-01"} for one in products],
        "transactions": [{"period": month.strftime("%Y-%m"), "channel": "app", "type": "pay", "count": draw.randint(1, 9)} for month in months if draw.random() < 0.8],
    }  # fmt: skip
    cif.customers.register(
        party_from(said, Individual), channel="core", source_key=str(n), actor=loader, occasion="lead"
    )

# %% Columns: what the policy shows for analyses, and nothing that names anybody
card = churn_scorecard()
fields = dict.fromkeys(["sex", "home_branch", "aum", "aum_currency", "holdings", *card.inputs.names])
snapshot = cif.extract([*fields], actor=analyst, purpose=Purpose.ANALYTICS)
print(snapshot)

# %% What is held together, and what to offer next
holdings = snapshot.to_polars("holdings")
held = held_by(holdings[KEY].to_list(), holdings["product"].to_list())
model = NextProduct.fitted(
    Baskets.of_rows(holdings[KEY].to_list(), holdings["product"].to_list(), customers=len(snapshot)), least=20
)
for offer in model.offers({"deposit", "card"}):
    print(f"who has a deposit and a card takes {offer.product} with {offer.probability:.0%}")

# %% Who may leave, and why
scores = card.scores(snapshot)
print(scores.group_by("band").agg(pl.len()).sort("band"))
print([card.item(code).zh for code in scores.sort("points", descending=True)["reasons"][0]])

# %% How those with points differ from those without
customers = snapshot.to_polars().join(scores, on=KEY)
segment = (customers["points"] > 0).to_numpy()
figures = {"female": (customers["sex"] == "2").to_numpy(), "aum": customers["aum"].to_numpy() / 100}
for one in contrasts(segment, figures):
    print(
        f"{one.figure}: {one.inside:,.2f} and {one.outside:,.2f}, effect {one.effect:.2f}, by chance {one.adjusted:.2f}"
    )

# %% A report for others: counts of at least ten customers, as a page
made = [
    cif.reports.make(name, actor=analyst) for name in ("products_held", "customers_by_value", "transactions_by_month")
]
page = Path(tempfile.mkdtemp()) / "report.html"
page.write_text(cif.reports.page(made), encoding="utf-8")
print(made[0].figure("customers", product="fund"), f"{page.stat().st_size:,} bytes")
