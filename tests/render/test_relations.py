"""The picture of relations is a document that any reader of XML takes, whatever a name holds."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from hypothesis import given, strategies as st

from bankcif.flows.related import Picture, RelatedParty
from bankcif.party import CifNo, PartyKind
from bankcif.render.relations import relation_picture


@given(st.text(max_size=30))
def test_any_name_makes_a_document(name: str) -> None:
    party = RelatedParty(place=1, cif_no=CifNo("C1"), kind=PartyKind.INDIVIDUAL, name=name)
    drawn = relation_picture(Picture(parties=(party,), lines=(), withheld=0))
    drawn.encode()
    assert ET.fromstring(drawn).tag == "{http://www.w3.org/2000/svg}svg"
