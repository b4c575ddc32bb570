"""Drafts: filled in from what was read, told where from, and nothing until a person confirms."""

from __future__ import annotations

from typing import Any

import pytest

from bankcif import CIF, Actor, Outcome, Purpose
from bankcif.errors import InputError, IntakeError, NotFoundOrNotAllowedError
from bankcif.party import PartyKind

# The specimen of ICAO Doc 9303 part 4, and one with a country that there is; check digits by the standard's rule.
SPECIMEN = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
NUMBER = "880101199003071098"


def made(cif: CIF, steward: Actor, captured: dict[str, Any], **more: Any) -> Any:
    return cif.customers.draft(captured, channel="counter", actor=steward, **more)


def test_a_resident_id_fills_in_what_it_says(cif: CIF, steward: Actor) -> None:
    number = {"scheme": "cn.resident_id", "number": NUMBER}
    draft = made(cif, steward, {"name": "张伟国", "identifiers": [number], "phone": "15412345678"})
    assert (draft.values["birth_date"], draft.values["sex"], draft.values["nationality"]) == ("1990-03-07", "1", "CN")
    assert draft.origins["birth_date"] == "cn.resident_id"
    assert draft.origins["name"] == "captured"
    assert draft.missing == ()
    with cif._desk.unit_of_work() as unit:
        assert unit.sources.count() == 0, "a draft is not stored"
    done = cif.customers.register(draft.confirmed(), channel="counter", source_key="1", actor=steward)
    assert done.outcome is Outcome.NEW
    assert cif.customers.reveal(done.cif_no, ["birth_date"], actor=steward, purpose=Purpose.COMPLIANCE)


def test_a_zone_fills_in_a_foreigner_s_form(cif: CIF, steward: Actor) -> None:
    draft = made(cif, steward, {"phone": "15412345678"}, mrz=SPECIMEN)
    assert draft.values["name"] == "ERIKSSON ANNA MARIA"
    assert draft.values["identifiers"] == [{"scheme": "passport", "number": "L898902C3", "valid_until": "2012-04-15"}]
    assert (draft.values["birth_date"], draft.values["sex"]) == ("1974-08-12", "2")
    assert draft.origins["sex"] == "icao.mrz"
    assert draft.missing == ("nationality",), "Utopia is no country"
    assert "document_expired" in {fault.rule for fault in draft.faults}
    form = draft.confirmed(nationality="SE", foreign_name=None)
    assert cif.customers.register(form, channel="counter", source_key="1", actor=steward).outcome is Outcome.NEW


def test_what_was_captured_stands_and_a_contradiction_is_told(cif: CIF, steward: Actor) -> None:
    captured = {
        "name": "张伟国",
        "birth_date": "1990-03-08",
        "identifiers": [{"scheme": "cn.resident_id", "number": NUMBER}],
    }
    draft = made(cif, steward, captured)
    assert draft.values["birth_date"] == "1990-03-08"
    assert ("$.birth_date", "id_birth_date") in {(fault.path, fault.rule) for fault in draft.faults}


def test_a_person_corrects_what_is_wrong(cif: CIF, steward: Actor) -> None:
    draft = made(cif, steward, {"name": "张3", "phone": "15412345678"}, occasion="lead")
    assert [(fault.path, fault.rule) for fault in draft.faults if fault.severity == "error"] == [
        ("$.name", "characters")
    ]
    with pytest.raises(IntakeError):
        cif.customers.register(draft.confirmed(), channel="c", source_key="1", actor=steward, occasion="lead")
    fixed = draft.confirmed(name="张伟")
    assert cif.customers.register(fixed, channel="c", source_key="1", actor=steward, occasion="lead").cif_no


def test_wrong_input_is_refused(cif: CIF, steward: Actor) -> None:
    with pytest.raises(InputError, match="machine-readable zone") as caught:
        made(cif, steward, {}, mrz=SPECIMEN.replace("L898902C3", "L898902C4"))
    assert "L898902" not in str(caught.value)
    with pytest.raises(InputError, match="machine-readable zone"):
        made(cif, steward, {}, mrz=SPECIMEN, kind=PartyKind.ORGANIZATION)
    with pytest.raises(NotFoundOrNotAllowedError):
        made(cif, Actor(id="m", roles={"marketing"}), {})
