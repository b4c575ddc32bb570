"""One customer in, one masked view out: the library in forty lines."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from bankcif import CIF, Actor, AuthContext, Individual, LocalKeyProvider, Outcome, Purpose, party_from

folder = Path(tempfile.mkdtemp())
LocalKeyProvider.generate().write(folder / "keys.json")
keys = LocalKeyProvider.from_file(folder / "keys.json")

# Who the bank's single sign-on recognized, by two factors, just now.
signed_on = AuthContext(methods=("pwd", "otp"), assurance=2, at=datetime.now(UTC))
teller = Actor(id="t.zhou", roles={"teller"}, branch="B-0571-01", auth=signed_on)
auditor = Actor(id="a.qian", roles={"auditor"})

form = party_from(
    {
        "name": "欧阳小明",
        "identifiers": [{"scheme": "cn.resident_id", "number": "880101199003071098"}],
        "phone": "154-0000-8000",
        "address": "浙江省杭州市西湖区文三路1号",
        "home_branch": "B-0571-01",
    },
    Individual,
)
print(form.phone)  # ****** : input prints its mask

with CIF.open(f"sqlite:///{folder}/cif.db", tenant="demo", keys=keys) as cif:
    done = cif.customers.register(form, channel="counter", source_key="A-77812", actor=teller)
    if done.outcome is Outcome.POSSIBLE_MATCH:  # stored all the same: done.cif_no
        print("a person decides:", done.task_id)

    view = cif.customers.get(done.cif_no, actor=teller, purpose=Purpose.SERVICE)
    print(view.name, view.phone, view.address, view.identifiers)
    print("masked:", view.masked_fields, "withheld:", view.withheld)

    phone = cif.customers.reveal(done.cif_no, {"phone"}, actor=teller, purpose=Purpose.SERVICE)["phone"]
    print("revealed:", phone)

    for line in cif.audit.who(done.cif_no, actor=auditor):
        print(line.actor, line.action, line.purpose, line.fields)
    print("log intact:", cif.audit.verify(actor=auditor).intact)
