"""A process that registers the same customers as others do at the same moment; prints their numbers as JSON."""

import json
import sys

from bankcif import CIF, Actor, Individual, LocalKeyProvider, party_from
from bankcif.testing import synthetic_tables

url, folder, number, times = sys.argv[1:]
actor = Actor(id="s.wu", roles={"steward"})
keys = LocalKeyProvider.from_file(f"{folder}/keys.json")
found = []
with CIF.open(url, tenant="t", keys=keys, key_store=f"{folder}/keys.db", tables=synthetic_tables()) as cif:
    for n in range(int(times)):
        same_key = party_from({"name": "张伟", "phone": f"154{n:08}"}, Individual)
        same_number = party_from(
            {"name": "李娜", "identifiers": [{"scheme": "cn.resident_id", "number": "880101199003071098"}]}, Individual
        )
        one = cif.customers.register(same_key, channel="app", source_key=f"K{n}", actor=actor, occasion="lead")
        other = cif.customers.register(
            same_number, channel=f"c{number}", source_key=f"K{n}", actor=actor, occasion="lead"
        )
        no_number = party_from({"name": "王芳", "phone": f"155{n:08}"}, Individual)
        alike = cif.customers.register(
            no_number, channel=f"p{number}", source_key=f"K{n}", actor=actor, occasion="lead"
        )
        found.append((one.cif_no, other.cif_no, alike.cif_no))
print(json.dumps(found))  # noqa: T201 (its answer)
