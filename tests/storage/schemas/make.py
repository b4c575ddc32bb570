"""
Keeps a small store of the version of tables that the library lays out, for the tests of later versions. Run once for a version,
before it is released; a store that is kept is never made anew.

    python tests/storage/schemas/make.py
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

from bankcif import CIF, Actor, AuthContext, Individual, LocalKeyProvider, Policy, Purpose, __version__, party_from
from bankcif.access import default_policy
from bankcif.analytics import ModelCard, churn_scorecard
from bankcif.storage.schema import SCHEMA
from bankcif.tagging import starter_catalogue
from bankcif.testing import synthetic_tables

HERE = Path(__file__).parent


def main() -> None:
    """Makes it."""
    out = HERE / SCHEMA
    if (out / "cif.sql").exists():
        sys.exit(f"the store of version {SCHEMA} is kept already")
    out.mkdir(exist_ok=True)
    LocalKeyProvider.generate().write(out / "root.json")
    keys, actor = (
        LocalKeyProvider.from_file(out / "root.json"),
        Actor(id="s.wu", roles={"steward", "teller"}, branch="b"),
    )
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/cif.db"
        with CIF.open(url, tenant="t", keys=keys, tables=synthetic_tables(), policy=_with_feed()) as cif:
            for n, name in enumerate(("张伟", "张玮", "李娜", "Anna Eriksson")):
                person = party_from(
                    {"name": name, "phone": f"1541234567{n // 2}", "birth_date": "1990-03-07", "home_branch": "b"},
                    Individual,
                )
                cif.customers.register(person, channel="counter", source_key=str(n), actor=actor, occasion="lead")
            signed_on = AuthContext(methods=("mtls",), assurance=2, at=datetime.now(UTC))
            sync = Actor(id="svc.crm", roles={"crm_sync"}, auth=signed_on)
            while (part := cif.feeds.take("crm", most=2, actor=sync)).is_new:
                cif.feeds.acknowledge(part, actor=sync)
            officers = [Actor(id=name, roles={"tag_officer"}) for name in ("t.mei", "t.an")]
            proposal = cif.tags.propose(starter_catalogue(), reason="first", actor=officers[0])
            cif.approvals.approve(proposal.id, actor=officers[1])
            cif.tags.renew(actor=officers[0])
            cif.quality.run(actor=actor, purpose=Purpose.OPERATIONS)
            card = ModelCard(
                name="churn", version="1", zh="流失预警", en="Who may leave", use="Who is called first.", limits="Points that people gave.", owner="retail",
                model=churn_scorecard(), until=date(2030, 1, 1), code=__version__,
            )  # fmt: skip
            cif.approvals.approve(cif.scoring.propose(card, reason="first", actor=officers[0]).id, actor=officers[1])
        for name in ("cif", "cif-keys"):
            with closing(sqlite3.connect(f"{folder}/{name}.db")) as database:
                (out / f"{name}.sql").write_text("\n".join(database.iterdump()) + "\n", encoding="utf-8")


def _with_feed() -> Policy:
    table = default_policy().document()
    grant = {
        "id": "crm", "roles": ["crm_sync"], "purposes": ["service"], "actions": ["export"], "sinks": ["export"], "fields": ["name", "phone"],
        "inside": ["CRM"],
    }  # fmt: skip
    feed = {
        "id": "crm", "role": "crm_sync", "purpose": "service", "fields": ["name", "phone"], "recipient": "CRM", "inside": True,
    }  # fmt: skip
    return Policy.from_document({**table, "grant": [*table["grant"], grant], "feed": [feed]})


if __name__ == "__main__":
    main()
