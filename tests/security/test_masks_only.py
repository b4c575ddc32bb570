"""
A view holds masks and nothing more, however one digs: in attributes, private or not, in closures, in what hangs on it; and what
comes in prints as a mask wherever it is put.
"""

from __future__ import annotations

import copy
import gc
import json
import logging
import pickle
import traceback
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any

import attrs
import cattrs
import pytest
from hypothesis import given, strategies as st
from tests.flows.test_browse import Under, policy
from tests.flows.test_register import register

from bankcif import CIF, Actor, Individual, Organization, Purpose, party_from
from bankcif.flows.export import ExportSpec, Recipient
from bankcif.party import CATALOGUE, FieldType, PartyKind, Rest, Sensitive

CANARY = "金丝雀"
VALUES = {
    "name": CANARY + "名", "phone": "15498765432", "email": "jinsique@canary.example", "birth_date": "1987-06-05",
    "address": f"云汉省星河市织女区{CANARY}路98765号", "employer": CANARY + "雇主有限公司", "credit_rating": "canary-rating",
    "tax_number": "CANARYTAX0001", "aum": {"amount": "98765432.33", "currency": "CNY"}, "former_name": CANARY + "曾",
    "identifiers": [{"scheme": "passport", "number": "EC9876543"}],
    "holdings": [{"product": "card", "scheme": "card", "number": "4111111111111111"}],
}  # fmt: skip
SECRET = (
    "金丝雀", "98765432", "jinsique", "1987-06-05", "canary-rating", "CANARYTAX", "9876543233", "EC9876543", "411111111111",
)  # fmt: skip


def hanging_on(root: Any, apart: set[int]) -> list[Any]:
    """Everything that can be reached from *root*, but code, and what stood there before."""
    seen, waiting, found = set(apart), [root], []
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, (ModuleType, type, FunctionType)):
            continue
        seen.add(id(one))
        found.append(one)
        waiting += gc.get_referents(one)
        slots = {name for kind in type(one).__mro__ for name in getattr(kind, "__slots__", ())}
        waiting += [getattr(one, name) for name in slots if hasattr(one, name)]
    return found


def plain(found: list[Any]) -> set[str]:
    texts = [one for one in found if isinstance(one, str)] + [
        repr(one) for one in found if isinstance(one, (bytes, int))
    ]
    texts += [one.decode("utf-8", "replace") for one in found if isinstance(one, bytes)]
    return {secret for secret in SECRET for text in texts if secret in text}


@pytest.fixture
def canary(cif: CIF, steward: Actor) -> str:
    form = party_from(VALUES, Individual)
    assert plain(hanging_on(form, set())), "the walk reaches what is there"
    return str(cif.customers.register(form, channel="counter", source_key="1", actor=steward, occasion="lead").cif_no)


def test_nothing_but_masks_hangs_on_a_view(cif: CIF, steward: Actor, canary: str) -> None:
    asking: dict[str, Callable[[], Any]] = {
        "get": lambda: cif.customers.get(canary, actor=steward, purpose=Purpose.COMPLIANCE),
        "find": lambda: cif.customers.find(phone=VALUES["phone"], actor=steward, purpose=Purpose.COMPLIANCE),  # type: ignore[arg-type]
        "who": lambda: cif.audit.who(canary, actor=steward),
    }
    for name, ask in asking.items():
        found = hanging_on(ask(), set())
        assert len(found) > 5
        assert plain(found) == set(), name


def test_nothing_but_masks_hangs_on_a_page_or_an_export(cif: CIF, steward: Actor, canary: str) -> None:
    fields = ["name", "phone", "email", "birth_date", "address", "identifiers", "holdings", "aum", "employer"]
    wide = {"id": "g", "roles": ["steward"], "purposes": ["compliance"], "fields": fields, "inside": ["x"]}
    with Under(
        cif, policy({**wide, "actions": ["browse"]}, {**wide, "id": "e", "actions": ["export"], "sinks": ["export"]})
    ):
        page = cif.customers.browse(actor=steward, purpose=Purpose.COMPLIANCE)
        spec = ExportSpec(fields=tuple(fields), recipient=Recipient(name="x", inside=True), purpose=Purpose.COMPLIANCE)
        export = cif.exports.take(spec, actor=steward)
    for one in (page, export):
        found = hanging_on(one, set())
        assert any(isinstance(text, str) and "****" in text for text in found)
        assert plain(found) == set()


def test_a_view_says_masks_in_every_form(
    cif: CIF, steward: Actor, canary: str, caplog: pytest.LogCaptureFixture
) -> None:
    view = cif.customers.get(canary, actor=steward, purpose=Purpose.COMPLIANCE)
    caplog.set_level(logging.DEBUG)
    logging.getLogger("bank").info("%s %r %s", view, view, view.phone)
    said = [
        str(view), repr(view), f"{view}", f"{view.phone:>20}", json.dumps(attrs.asdict(view), default=str), caplog.text,
        repr(cattrs.Converter().unstructure(view)), repr(pickle.dumps(view)), repr(vars(type(view))), repr(copy.deepcopy(view)),
    ]  # fmt: skip
    assert not {secret for secret in SECRET for text in said if secret in text}
    with pytest.raises(AttributeError) as caught:
        _ = view.phone_in_clear
    assert not {secret for secret in SECRET if secret in "".join(traceback.format_exception(caught.value))}
    for name in ("_value", "_values", "__dict__", "_row", "_opened"):
        assert plain(hanging_on(getattr(view, name, None), set())) == set()


secrets = st.one_of(
    st.text(min_size=4), st.binary(min_size=4), st.integers(10**6), st.dates(), st.decimals(allow_nan=False, allow_infinity=False),
    st.lists(st.text(min_size=4), min_size=1),
)  # fmt: skip


@given(secrets)
def test_input_gives_the_mask_in_every_form(value: Any) -> None:
    one: Sensitive[Any] = Sensitive(value)
    assert one.unwrap() is value
    mask = "******"
    assert (str(one), f"{one}", f"{one:>8}", "%s" % one, f"{one!s}") == (mask, mask, "  ******", mask, mask)  # noqa: UP031
    assert repr(one) == f"{one!r}" == f"{[one]}"[1:-1] == "Sensitive(******)"
    assert not hasattr(one, "__dict__")
    assert one == Sensitive(value)
    assert one != value
    record = logging.LogRecord("bank", logging.INFO, "", 0, "%s %r", (one, one), None)
    assert record.getMessage() == "****** Sensitive(******)"
    for leave in (
        pickle.dumps, copy.copy, copy.deepcopy, json.dumps, bytes, int, float, list, dict, hash if isinstance(value, list) else pickle.dumps,
        lambda it: it + "", lambda it: it < it, lambda it: pickle.dumps(it, 0), iter, len, lambda it: it[0],
    ):  # fmt: skip
        with pytest.raises((TypeError, ValueError)) as caught:
            leave(one)
        assert mask not in repr(value)
        said = str(caught.value)
        assert not (
            isinstance(value, str) and value in said and value not in "a sensitive value can not be pickled or copied"
        )


def test_a_form_gives_the_mask_in_every_form(caplog: pytest.LogCaptureFixture) -> None:
    form = party_from(VALUES, Individual)
    caplog.set_level(logging.DEBUG)
    logging.getLogger("bank").warning("%s %r", form, form)
    logging.getLogger("bank").warning("%(a)s", {"a": attrs.asdict(form, recurse=False)})
    said = [
        str(form),
        repr(form),
        f"{form}",
        caplog.text,
        str(attrs.asdict(form)),
        str(attrs.astuple(form)),
        repr(attrs.evolve(form)),
    ]
    try:
        raise ValueError(form)
    except ValueError as error:
        said += traceback.format_exception(error)
    assert not {secret for secret in SECRET for text in said if secret in text}
    for leave in (pickle.dumps, copy.deepcopy, lambda it: json.dumps(attrs.asdict(it))):
        with pytest.raises(TypeError) as caught:
            leave(form)
        assert not {secret for secret in SECRET if secret in str(caught.value)}


def test_what_rests_sealed_comes_in_wrapped() -> None:
    for kind in (Individual, Organization):
        for field in attrs.fields(kind):
            entry = CATALOGUE[PartyKind(kind.__name__.lower())][field.name]
            if entry.rests is not Rest.PLAIN and entry.mask != "clear" and entry.type is not FieldType.CHILDREN:
                assert "Sensitive" in str(field.type), field.name


def test_what_was_revealed_is_the_caller_s_and_no_view_keeps_it(cif: CIF, steward: Actor, canary: str) -> None:
    values = cif.customers.reveal(canary, ["phone"], actor=steward, purpose=Purpose.COMPLIANCE)
    assert values == {"phone": "+8615498765432"}
    assert (
        plain(hanging_on(cif.customers.get(canary, actor=steward, purpose=Purpose.COMPLIANCE), {id(values)})) == set()
    )


def test_a_second_customer_s_values_hang_on_no_view_of_the_first(cif: CIF, steward: Actor, canary: str) -> None:
    other = register(cif, steward, "2", name="李四", phone="15411112222", identifiers=None)
    assert plain(hanging_on(cif.customers.get(other.cif_no, actor=steward, purpose=Purpose.COMPLIANCE), set())) == set()
