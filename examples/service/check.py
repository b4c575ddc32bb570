"""Drives the service as its front end would: registers, finds, looks, steps up, and lets a second person decide."""

import io
import json
import logging
import time
from datetime import UTC, datetime
from typing import Any

import jwt
from app import log, service
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi.testclient import TestClient
from jwt.algorithms import ECAlgorithm

from bankcif import CIF, LocalKeyProvider, MemoryKeyStore, MemoryRepository
from bankcif.access import OidcSignOn
from bankcif.testing import synthetic_tables

provider = ec.generate_private_key(ec.SECP256R1())  # in place of the bank's sign-on
published = {"keys": [{**json.loads(ECAlgorithm.to_jwk(provider.public_key())), "kid": "1", "alg": "ES256"}]}
sign_on = OidcSignOn(
    issuer="https://sso.bank.example", audience="cif", keys=published, person="employee_no", branch="unit"
)


def headers(who: str, *roles: str, by: tuple[str, ...] = ("pwd",)) -> dict[str, str]:
    """A request of somebody who logged in just now."""
    now = int(time.time())
    said = {"iss": "https://sso.bank.example", "aud": "cif", "sub": who, "iat": now, "exp": now + 300, "auth_time": now, "amr": [*by],
            "roles": [*roles], "unit": "B1", "employee_no": f"E-{who}"}  # fmt: skip
    return {"authorization": f"Bearer {jwt.encode(said, provider, algorithm='ES256', headers={'kid': '1'})}"}


said = io.StringIO()
log.addHandler(logging.StreamHandler(said))
log.setLevel(logging.INFO)
cif = CIF(
    repository=MemoryRepository(),
    tenant="demo",
    keys=LocalKeyProvider.generate(),
    key_store=MemoryKeyStore(),
    tables=synthetic_tables(),
)
client = TestClient(service(cif, sign_on), raise_server_exceptions=False)
teller, steward = headers("t.zhou", "teller"), headers("s.wu", "steward")

assert client.get("/health").json() == {"status": "ok"}
assert "/customers/{cif_no}" in client.get("/openapi.json").json()["paths"]
assert client.get("/customers/C1?purpose=service").status_code == 401


def register(key: str, name: str, phone: str) -> Any:
    values = {"name": name, "phone": phone, "home_branch": "B1", "birth_date": "1990-03-07"}
    return client.post(
        "/customers",
        json={"channel": "counter", "source_key": key, "occasion": "lead", "values": values},
        headers=teller,
    )


first, second = register("1", "王芳", "15412340001").json(), register("2", "王方", "15412340002").json()
print("registered:", first["outcome"], second["outcome"])
wrong = register("3", "王芳", "1")
assert (wrong.status_code, wrong.json()["code"], "15412340001" in wrong.text) == (422, "intake", False), wrong.text

found = client.post("/customers/find?purpose=service", json={"phone": "15412340001"}, headers=teller).json()
assert [one["cif_no"] for one in found] == [first["cif_no"]]
seen = client.get(f"/customers/{first['cif_no']}?purpose=service", headers=teller).json()
print("seen:", seen["fields"], "withheld:", seen["withheld"])
assert "15412340001" not in json.dumps(seen)
assert client.get(f"/customers/{first['cif_no']}?purpose=service", headers=headers("x", "nobody")).status_code == 404

more = client.post(f"/customers/{first['cif_no']}/reveal?purpose=service", json=["phone"], headers=teller)
assert (more.status_code, more.json()["code"], more.json()["level"]) == (401, "step_up_required", 2), more.text
stepped = headers("t.zhou", "teller", by=("pwd", "otp"))
shown = client.post(f"/customers/{first['cif_no']}/reveal?purpose=service", json=["phone"], headers=stepped)
assert "15412340001" in shown.json()["phone"], shown.text

proposal = client.post(f"/matches/{first['cif_no']}/{second['cif_no']}?reason=same", headers=steward).json()["proposal"]
assert client.post(f"/approvals/{proposal}/approve", headers=steward).status_code == 409, "nobody approves their own"
other = headers("s.he", "steward")
assert [one["id"] for one in client.get("/approvals", headers=other).json()] == [proposal]
assert client.post(f"/approvals/{proposal}/approve", headers=other).json() == {"state": "executed"}

last = client.get("/health", headers={"x-correlation-id": "front-77"})
assert last.headers["x-correlation-id"] == "front-77"
lines = [json.loads(line) for line in said.getvalue().splitlines()]
assert {"correlation", "method", "route", "status", "ms"} == set(lines[0])
assert first["cif_no"] not in said.getvalue()
print(f"{len(lines)} requests, each a line of JSON without a value; {datetime.now(UTC):%Y}")
