"""Fills the form in, wrong and right, in both languages."""

from app import form

from bankcif import CIF, Actor, LocalKeyProvider, MemoryKeyStore, MemoryRepository
from bankcif.testing import synthetic_tables

teller = Actor(id="t.zhou", roles={"teller"}, branch="B1")
cif = CIF(
    repository=MemoryRepository(),
    tenant="demo",
    keys=LocalKeyProvider.generate(),
    key_store=MemoryKeyStore(),
    tables=synthetic_tables(),
)
client = form(cif, lambda: teller).test_client()

page = client.get("/").get_data(as_text=True)
assert "姓名 *" in page
assert "女" in page
assert "Name *" in client.get("/?lang=en").get_data(as_text=True)
wrong = client.post("/", data={"name": "王芳", "phone": "12"})
assert wrong.status_code == 422
assert 'role="alert"' in wrong.get_data(as_text=True)
print(wrong.get_data(as_text=True).split('role="alert">')[1].split("<")[0])
right = client.post("/", data={"name": "王芳", "phone": "154-1234-0001", "sex": "2", "home_branch": "B1"})
assert (right.status_code, right.headers["cache-control"]) == (200, "no-store")
said = right.get_data(as_text=True)
assert "已登记：C" in said
assert "王芳" not in said, "nothing of a customer stays on the screen"
