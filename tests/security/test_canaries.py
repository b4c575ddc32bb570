"""No customer's value in an error, a log, a `repr` or a file: marked values are pushed through, then searched for."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.flows.test_register import clear, register

from bankcif import CIF, Actor, Individual, Purpose, party_from
from bankcif.errors import BankCIFError
from bankcif.testing.factories import forms, make_world

CANARY = "金丝雀"
DIGITS = "15498765432"


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and everything that hangs on it."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__cause__, one.__context__]
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions


def spoken(error: BaseException) -> str:
    """Everything an error says: message, args, repr, notes, printed traceback, of its whole chain."""
    words = []
    for one in chain(error):
        words += [str(one), repr(one), repr(one.args), repr(getattr(one, "__notes__", ())), repr(vars(one))]
    words += traceback.format_exception_only(error)
    return " ".join(words)


def individual(**values: Any) -> Individual:
    made = party_from(values, Individual)
    assert isinstance(made, Individual)
    return made


FAILING: dict[str, Callable[[CIF, Actor], object]] = {
    "a name with digits": lambda cif, a: register(cif, a, "1", name=CANARY + "3"),
    "a name with a surrogate": lambda cif, a: register(cif, a, "1", name=CANARY + "\ud800"),
    "a name too long": lambda cif, a: register(cif, a, "1", name=CANARY * 90),
    "a wrong number": lambda cif, a: register(
        cif, a, "1", identifiers=[{"scheme": "cn.resident_id", "number": CANARY}]
    ),
    "an unknown scheme": lambda cif, a: register(cif, a, "1", identifiers=[{"scheme": CANARY, "number": "A17"}]),
    "a wrong phone": lambda cif, a: register(cif, a, "1", phone=CANARY),
    "a wrong e-mail": lambda cif, a: register(cif, a, "1", email=f"{CANARY}@@b"),
    "a wrong date": lambda _cif, _a: individual(birth_date=CANARY),
    "a wrong type": lambda _cif, _a: individual(name=[CANARY]),
    "a wrong child": lambda _cif, _a: individual(identifiers=[{"scheme": "x", "number": {"a": CANARY}}]),
    "an unknown field": lambda _cif, _a: individual(**{CANARY: CANARY}),
    "a wrong amount": lambda _cif, _a: individual(aum={"amount": CANARY, "currency": "CNY"}),
    "a search term": lambda cif, a: cif.customers.find(phone=CANARY, actor=a, purpose=Purpose.SERVICE),
    "a searched number": lambda cif, a: cif.customers.find(
        identifier=("cn.resident_id", CANARY), actor=a, purpose=Purpose.SERVICE
    ),
    "a searched name": lambda cif, a: cif.customers.find(
        name=CANARY + "\ud800", birth_date=date(1990, 3, 7), actor=a, purpose=Purpose.SERVICE
    ),
    "a searched e-mail with a surrogate": lambda cif, a: cif.customers.find(
        email=f"{CANARY}\ud800@b.com", actor=a, purpose=Purpose.SERVICE
    ),
    "a searched e-mail": lambda cif, a: cif.customers.find(email=CANARY, actor=a, purpose=Purpose.SERVICE),
}


@pytest.mark.parametrize("case", sorted(FAILING))
def test_no_error_says_a_value(cif: CIF, steward: Actor, case: str) -> None:
    with pytest.raises(BankCIFError) as caught:
        FAILING[case](cif, steward)
    assert CANARY not in spoken(caught.value)


def test_a_damaged_record_says_no_value(sqlite_cif: CIF, steward: Actor, tmp_path: Path) -> None:
    import sqlite3

    done = register(sqlite_cif, steward, "1", name=CANARY)
    with sqlite3.connect(tmp_path / "cif.db") as raw:
        raw.execute("UPDATE golden_group SET sealed = zeroblob(80)")
    with pytest.raises(BankCIFError) as caught:
        clear(sqlite_cif, steward, done.cif_no, "name")
    assert CANARY not in spoken(caught.value)


def test_a_driver_error_says_no_value(sqlite_cif: CIF, steward: Actor, tmp_path: Path) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "cif.db") as raw:
        raw.execute("DROP TABLE outbox")
    with pytest.raises(BankCIFError) as caught:
        register(sqlite_cif, steward, "canary-key", name=CANARY)
    words = spoken(caught.value)
    assert CANARY not in words
    assert "canary-key" not in words


def test_nothing_is_logged(cif: CIF, steward: Actor, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    done = register(cif, steward, "1", name=CANARY)
    cif.customers.get(done.cif_no, actor=steward, purpose=Purpose.SERVICE)
    assert CANARY not in caplog.text


def test_input_and_results_print_masks(cif: CIF, steward: Actor) -> None:
    form = individual(
        name=CANARY, phone=DIGITS, aum={"amount": "987654", "currency": "CNY"}, credit_rating=CANARY,
        identifiers=[{"scheme": "bank.no", "number": DIGITS}], birth_date="1990-03-07", employer=CANARY, home_branch="b",
    )  # fmt: skip
    done = cif.customers.register(form, channel="counter", source_key="1", actor=steward)
    view = cif.customers.get(done.cif_no, actor=steward, purpose=Purpose.SERVICE)
    for shown in (repr(form), str(form), f"{form.name} {form.phone:>20}", repr(done), repr(view), str(view)):
        assert CANARY not in shown
        assert DIGITS not in shown
        assert "987654" not in shown
        assert "1990-03" not in shown


def test_a_database_administrator_finds_no_value(sqlite_cif: CIF, steward: Actor, tmp_path: Path) -> None:
    """Threat 1: the files of the store, its write-ahead log and the key store are searched byte by byte."""
    planted: list[str] = []
    for n, form in enumerate(forms(make_world(40, 0, seed=9))):
        made = party_from(
            {**form, "holdings": [{"product": "card", "scheme": "card", "number": "4111111111111111"}]}, Individual
        )
        sqlite_cif.customers.register(made, channel="counter", source_key=f"K{n}", actor=steward)
        planted += [form["name"], form["phone"], form["email"], form["identifiers"][0]["number"], form["birth_date"]]
        planted += [form["address"][3:], form["phone"][3:], form["birth_date"].replace("-", "")]
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert b"K39" in held, "the search looks into the right files"
    for value in [*planted, "4111111111111111"]:
        assert value.encode() not in held, "a value rests in plain"
        assert value.encode("utf-16-le") not in held
