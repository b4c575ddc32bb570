"""The public API as its users call it, for the type checker; never run."""

from __future__ import annotations

from datetime import date
from typing import assert_type

from bankcif import (
    CIF,
    Actor,
    Individual,
    LocalKeyProvider,
    Money,
    Organization,
    Outcome,
    Purpose,
    Sensitive,
    Terms,
    party_from,
)
from bankcif.flows.portray import PortraitView
from bankcif.rules import And, Lowered, lower, opened_schema
from bankcif.rules.build import field, tag
from bankcif.tagging import Catalogue

keys = LocalKeyProvider.from_file("keys.json")
actor = Actor(id="t", roles={"teller"}, branch="b")
form = Individual(name=Sensitive("张伟"), birth_date=Sensitive(date(1990, 3, 7)), aum=Sensitive(Money("1.00", "CNY")))
company = Organization(name=Sensitive("恒瑞科技有限公司"))

with CIF.open("sqlite:///cif.db", tenant="t", keys=keys, trust={"counter": Terms(trust=90)}) as cif:
    done = cif.customers.register(form, channel="counter", source_key="1", actor=actor)
    assert_type(done.outcome, Outcome)
    view = cif.customers.get(done.cif_no, actor=actor, purpose=Purpose.SERVICE)
    assert_type(view.masked_fields, tuple[str, ...])
    for candidate in done.candidates:
        assert_type(candidate.weight_bits, float)
    cif.customers.register(party_from({"name": "张伟"}, Individual), channel="c", source_key="2", actor=actor)
    cif.customers.get("C", actor=actor)  # type: ignore[call-arg]  # a read without a purpose
    whole = cif.customers.customer360(done.cif_no, actor=actor, purpose=Purpose.SERVICE)
    assert_type(whole.portrait, PortraitView)
    assert_type(cif.customers.search("张伟国", birth_year=1990, actor=actor, purpose=Purpose.SERVICE).more, bool)
    assert_type(cif.tags.in_force, Catalogue | None)
    assert_type(cif.tags.renew(actor=actor), int)
    assert_type(
        cif.tags.veto("C", "senior", until=date(2027, 1, 1), reason="r", actor=actor, purpose=Purpose.SERVICE), bool
    )
    cif.tags.veto("C", "senior", reason="r", actor=actor, purpose=Purpose.SERVICE)  # type: ignore[call-arg]  # without an end

rich = (field("aum") >= Money("1000000", "CNY")) & ~tag("dormant")
assert_type(rich, And)
assert_type(lower(rich, opened_schema(tags=["dormant"])), Lowered)
