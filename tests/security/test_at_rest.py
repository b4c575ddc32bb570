"""
Threat 1, a database administrator: the whole demo and a customer marked in every sealed field, then every byte that was left
anywhere is searched for what came in.

What is searched: the database with its write-ahead log as the running process leaves it and after it closed, the key
store, the list of held rows, the report, an export, everything printed, everything logged.
"""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.conftest import known
from tests.flows.test_browse import Under, policy
from tests.security.test_canaries import spoken

from bankcif import CIF, Actor, Individual, LocalKeyProvider, Organization, Purpose, party_from
from bankcif._clock import SystemClock
from bankcif.cli import main
from bankcif.cli.demo import _FILES, demo_data
from bankcif.errors import IntakeError
from bankcif.flows.change import ChangeSet
from bankcif.flows.export import ExportSpec, Recipient
from bankcif.intake import read_channel
from bankcif.intake.readers import read_rows
from bankcif.merging import Assurance
from bankcif.party import CATALOGUE, ConsentUse, PartyKind, ReferenceTables, RelationKind, Rest
from bankcif.render import csv_text
from bankcif.upkeep import RequestKind

SEALED = {kind: {one.name for one in CATALOGUE[kind].values() if one.rests is not Rest.PLAIN} for kind in PartyKind}
PLAIN_OF_CHILDREN = {"status", "opened_on", "closed_on", "valid_until", "long_term", "role"}

PERSON: dict[str, Any] = {
    "name": "金丝雀名", "former_name": "金丝雀曾", "pinyin_name": "JINSIQUE PINYIN", "foreign_name": "CANARY FOREIGN",
    "phone": "15498765432", "email": "jinsique@canary.example", "address": "云汉省星河市织女区金丝雀路98765号",
    "birth_date": "1987-06-05", "employer": "金丝雀雇主有限公司", "tax_number": "CANARYTAX0001",
    "biometric_reference": "canary-biometric-0001", "politically_exposed": "1", "watch_flag": "1",
    "credit_rating": "canary-rating-01", "credit_rating_source": "canary-bureau-01",
    "assets": {"amount": "98765432.11", "currency": "CNY"}, "liabilities": {"amount": "98765432.22", "currency": "CNY"},
    "aum": {"amount": "98765432.33", "currency": "CNY"},
    "identifiers": [{"scheme": "passport", "number": "EC5838279"}],
    "holdings": [{"product": "card", "scheme": "card", "number": "4111111111111111"}],
    "transactions": [
        {"period": "1987-06-04", "channel": "canary-counter-01", "type": "canary-type-01", "count": 98765431,
         "total": {"amount": "98765432.34", "currency": "CNY"}},
    ],
    "tax_residences": [{"country": "SG", "tin": "CANARYTIN0001", "certified_on": "1987-06-07", "evidence": "canary-form-01"}],
    "balances": [{"month": "1987-06", "book": "canary-book-01", "average": {"amount": "98765432.35", "currency": "CNY"}}],
    "interactions": [
        {"channel": "canary-line-01", "type": "canary-complaint-01", "on": "1987-06-08", "campaign": "canary-campaign-01",
         "outcome": "金丝雀结果", "due": "1987-06-09"},
    ],
}  # fmt: skip
COMPANY: dict[str, Any] = {
    "name": "金丝雀科技有限公司", "phone": "15498765433", "email": "jinsique2@canary.example",
    "address": "云汉省星河市织女区金丝雀路98766号", "business_scope": "金丝雀养殖及销售", "founded_on": "1988-06-05",
    "legal_representative": "金丝雀法", "controller": "金丝雀控", "beneficial_owner": "金丝雀益", "tax_number": "CANARYTAX0002",
    "credit_rating": "canary-rating-02", "credit_rating_source": "canary-bureau-02", "watch_flag": "1",
    "registered_capital": {"amount": "98765432.44", "currency": "CNY"},
    "assets": {"amount": "98765432.55", "currency": "CNY"}, "liabilities": {"amount": "98765432.66", "currency": "CNY"},
    "aum": {"amount": "98765432.77", "currency": "CNY"},
    "identifiers": [{"scheme": "cn.uscc", "number": "91350100M000100Y43"}],
    "holdings": [{"product": "card", "scheme": "card", "number": "4012888888881881"}],
    "transactions": [
        {"period": "1988-06-04", "channel": "canary-counter-02", "type": "canary-type-02", "count": 98765434,
         "total": {"amount": "98765432.78", "currency": "CNY"}},
    ],
    "tax_residences": [{"country": "SG", "tin": "CANARYTIN0002", "certified_on": "1988-06-07", "evidence": "canary-form-02"}],
    "balances": [{"month": "1988-06", "book": "canary-book-02", "average": {"amount": "98765432.79", "currency": "CNY"}}],
    "interactions": [
        {"channel": "canary-line-02", "type": "canary-complaint-02", "on": "1988-06-03", "campaign": "canary-campaign-02",
         "outcome": "金丝雀答复", "due": "1988-06-02"},
    ],
}  # fmt: skip


def leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, one in value.items():
            if name not in PLAIN_OF_CHILDREN | {"scheme", "product", "currency", "kind", "direction", "country"}:
                yield from leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from leaves(one)
    else:
        yield str(value)


def forms_of(value: str) -> Iterator[str]:
    """How a value might rest: as it came, without blanks, as digits alone; a mobile without its country, an amount in cents."""
    yield value
    yield value.replace(" ", "")
    digits = "".join(c for c in value if c.isascii() and c.isdigit())
    if len(digits) >= 11:  # of fewer, some stand by chance in some instant
        yield digits[-11:] if len(digits) in {12, 13} else digits


def planted_by_the_files() -> set[str]:
    """Every value of every sealed field in the demo's channel files, but those that a plain field has too."""
    sealed: set[str] = set()
    plain: set[str] = set()
    for name, mapping in _FILES:
        channel = read_channel(demo_data() / "channels" / mapping)
        columns = {one.name: one.to for one in channel.columns.values()}
        for row in read_rows(demo_data() / name, channel):
            for column, text in row.values.items():
                field, _, rest = columns.get(column, "").partition(".")
                kept = field in SEALED[PartyKind.INDIVIDUAL] and rest.rpartition(".")[2] not in PLAIN_OF_CHILDREN
                (sealed if kept else plain).update(forms_of(text))
    return sealed - plain


class Haystack:
    """Bytes in which many values are looked for at once: by their first three bytes, then eight, then whole."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def found(self, values: Iterable[str]) -> set[str]:
        spelled: dict[bytes, str] = {}
        for value in values:
            for encoding in ("utf-8", "utf-16-le", "gb18030"):
                raw = value.encode(encoding)
                if len(raw) >= 8:  # of ten thousand values of six bytes, one stands by chance in every few hundred runs
                    spelled[raw] = value
        starts = np.zeros(1 << 24, bool)
        starts[[int.from_bytes(raw[:3], "little") for raw in spelled]] = True
        heads = {self._data[at : at + 8] for at in self._starting(starts)}
        return {value for raw, value in spelled.items() if raw[:8] in heads and self._holds(raw)}

    def _holds(self, raw: bytes) -> bool:
        at = self._data.find(raw)
        while at >= 0:
            beside = self._data[max(at - 1, 0) : at] + self._data[at + len(raw) : at + len(raw) + 1]
            # Within a longer number, such as an instant, or a digest in hexadecimal, eight digits stand by chance.
            if not (raw.isdigit() and len(raw) < 11 and any(one in b"0123456789abcdef" for one in beside)):
                return True
            at = self._data.find(raw, at + 1)
        return False

    def _starting(self, starts: NDArray[np.bool_], step: int = 1 << 22) -> Iterator[int]:
        for first in range(0, len(self._data), step):
            part = np.frombuffer(self._data, np.uint8, min(step + 2, len(self._data) - first), first).astype(np.uint32)
            three = part[:-2] | part[1:-1] << np.uint32(8) | part[2:] << np.uint32(16)
            yield from (np.flatnonzero(starts[three]) + first).tolist()


def everything_in(folder: Path) -> Haystack:
    return Haystack(b"\0".join(path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()))


def test_the_search_finds_what_is_there() -> None:
    data = "x金丝雀y".encode() + "15498765432".encode("utf-16-le") + "织女区北".encode("gb18030") + b"CANARIES"
    planted = {"金丝雀", "15498765432", "织女区北", "CANARIES", "CANARIESX", "15498765433"}
    assert Haystack(data).found(planted) == planted - {"CANARIESX", "15498765433"}
    assert Haystack(b'"at":1795640020030316').found({"20030316"}) == set()
    assert Haystack(b'"born":"20030316"').found({"20030316"}) == {"20030316"}
    assert len(planted_by_the_files()) > 20_000
    for kind, form in ((PartyKind.INDIVIDUAL, PERSON), (PartyKind.ORGANIZATION, COMPANY)):
        assert SEALED[kind] == set(form) & SEALED[kind] | {
            "consents",
            "flags",
            "holds",
            "relationships",
            "requests",
            "reviews",
            "states",
        }


def test_nothing_of_the_demo_rests_in_plain(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    folder = tmp_path / "demo"
    with pytest.raises(SystemExit) as ended:
        main(["demo", "--out", str(folder)])
    printed = capsys.readouterr()
    assert ended.value.code == 0, printed.err
    planted = planted_by_the_files()
    keys = LocalKeyProvider.from_file(folder / "keys.json")
    tables = ReferenceTables.read(Path(str(files("bankcif"))) / "testing" / "data")
    running = tmp_path / "running"
    with CIF.open(f"sqlite:///{folder / 'cif.db'}", tenant="demo", keys=keys, tables=tables) as cif:
        marked = work_with_every_field(cif)
        shutil.copytree(folder, running)  # with its write-ahead log, as a process that ends now leaves it
        exported = export_everything(cif, marked)
    planted |= {
        text
        for form in (PERSON, COMPANY)
        for value in form.values()
        for leaf in leaves(value)
        for text in forms_of(leaf)
    }
    planted |= {*marked.secrets, "old@canary.example", "15498765499"}
    for place in (running, folder):
        held = everything_in(place)
        assert held.found(["counter.csv", *marked.cif_nos.values(), "m.8801-02.2"]) == {
            "counter.csv", *marked.cif_nos.values(), "m.8801-02.2",
        }  # fmt: skip
        assert held.found(planted) == set(), f"a value rests in plain in {place.name}"
    # What the profile shows as it is, may be printed though it rests sealed: an organization's name, a card's dates.
    said = Haystack("\0".join([printed.out, printed.err, exported, caplog.text, spoken(marked.error)]).encode())
    shown = {COMPANY["name"], COMPANY["business_scope"]} | {
        one for one in planted if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", one)
    }
    assert said.found(planted - shown) == set()
    assert PERSON["birth_date"] not in exported


class Marked:
    """The marked customers, the operator's secrets, and what an exception said."""

    def __init__(self, cif_nos: dict[PartyKind, str], secrets: set[str], error: BaseException) -> None:
        self.cif_nos, self.secrets, self.error = cif_nos, secrets, error


WORDS, EVIDENCE = "canary reason in a person's words", "canary-evidence-0001"
CONSENT = ConsentUse(purpose="marketing", channel="sms", recipient="canary-recipient-01", country="SG")


def work_with_every_field(cif: CIF) -> Marked:
    """Registers, changes, is refused, finds, reveals; leaves a held row and an operator behind."""
    steward = known(Actor(id="s.wu", roles={"steward"}), SystemClock().now())
    compliance = known(Actor(id="c.sun", roles={"compliance", "privacy_officer"}), SystemClock().now())
    keeper = Actor(id="o.xia", roles={"operator_admin"})
    first = cif.customers.register(
        party_from(PERSON, Individual), channel="counter", source_key="canary-1", actor=steward, occasion="lead"
    )
    firm = cif.customers.register(
        party_from(COMPANY, Organization), channel="counter", source_key="canary-2", actor=steward, occasion="lead"
    )
    changed = {**PERSON, "phone": "15498765499", "email": "old@canary.example"}
    cif.customers.register(
        party_from(changed, Individual), channel="card", source_key="canary-3", actor=steward, occasion="lead"
    )
    with pytest.raises(IntakeError) as refused:
        cif.customers.register(
            party_from({**PERSON, "birth_date": "2087-06-05"}, Individual), channel="counter", source_key="canary-4",
            actor=steward, occasion="lead",
        )  # fmt: skip
    cif.customers.find(phone=PERSON["phone"], actor=compliance, purpose=Purpose.COMPLIANCE)
    view = cif.customers.get(first.cif_no, actor=compliance, purpose=Purpose.COMPLIANCE)
    assert "金丝雀名" not in repr(view)
    assert (
        cif.customers.reveal(first.cif_no, {"phone", "name"}, actor=compliance, purpose=Purpose.COMPLIANCE)["name"]
        == "金丝雀名"
    )
    channel = read_channel(demo_data() / "channels" / "partner.toml")
    column = {one.to: one.name for one in channel.columns.values() if one.to}
    rows = [{channel.key: "P-canary", column["name"]: "金丝雀名", column["phone"]: "金丝雀名15498765432"}]
    report = cif.receive(rows, channel, key="b1", actor=Actor(id="batch.loader", roles={"loader"}))
    assert report.held
    other = attrs.evolve(steward, id="s.li", person="s.li")
    company = cif.customers.register(
        party_from({"name": "另一家", "phone": "15400000042"}, Individual), channel="counter", source_key="canary-5",
        actor=steward, occasion="lead",
    )  # fmt: skip
    proposal = cif.matches.propose_merge(first.cif_no, company.cif_no, actor=steward, reason=WORDS)
    assert WORDS in {one.reason for one in cif.approvals.mine(actor=steward)}
    cif.approvals.reject(proposal.id, actor=other)
    cif.matches.not_a_match(first.cif_no, company.cif_no, actor=steward, reason=WORDS)
    waits = next(one for one in cif.held.rows(actor=steward, purpose=Purpose.OPERATIONS) if one.channel == channel.name)
    cif.held.refuse(waits.batch, waits.line, reason=WORDS, actor=steward, purpose=Purpose.OPERATIONS)
    cif.verifications.record(
        first.cif_no, ["phone"], method="call_back", level=Assurance.SUBSTANTIAL, evidence=EVIDENCE, actor=steward, purpose=Purpose.OPERATIONS
    )  # fmt: skip
    for number in (first.cif_no, firm.cif_no):
        cif.consents.grant(
            number, CONSENT, text="canary-text-0001", evidence=EVIDENCE, reason=WORDS, actor=steward, purpose=Purpose.OPERATIONS
        )  # fmt: skip
    cif.relations.add(
        first.cif_no, RelationKind.CONTROLLER, firm.cif_no, means="canary-means-0001", evidence=EVIDENCE, reason=WORDS, actor=steward,
        purpose=Purpose.OPERATIONS,
    )  # fmt: skip
    cif.changes.make(
        first.cif_no, ChangeSet(values={"employer": "金丝雀变更单位"}, code="correction", text=WORDS, evidence=EVIDENCE), actor=steward,
        purpose=Purpose.OPERATIONS,
    )  # fmt: skip
    for number in (first.cif_no, firm.cif_no):
        cif.customers.step(
            number, "fall_dormant", reason=WORDS, evidence=EVIDENCE, actor=steward, purpose=Purpose.OPERATIONS
        )
        case = cif.reviews.open(number, "canary_trigger", reason=WORDS, actor=compliance, purpose=Purpose.COMPLIANCE)
        cif.reviews.close(
            number, case, "failed", limits=["canary_limit"], evidence=EVIDENCE, reason=WORDS, actor=compliance, purpose=Purpose.COMPLIANCE
        )  # fmt: skip
        law: dict[str, Any] = {
            "evidence": EVIDENCE,
            "reason": WORDS,
            "actor": compliance,
            "purpose": Purpose.COMPLIANCE,
        }
        cif.flags.add(number, "canary_flag", source="canary_list", **law)
        cif.retention.hold(number, "canary_hold", **law)
        cif.requests.open(number, RequestKind.COPY, asked_by="heir", **law)
        cif.quality.report(number, "phone", reason=WORDS, actor=steward, purpose=Purpose.OPERATIONS)
    cif.operators.set_password("c.sun", "canary-password-0001", actor=keeper)
    code = cif.operators.add_code("c.sun", "totp", actor=keeper)
    numbers = {PartyKind.INDIVIDUAL: str(first.cif_no), PartyKind.ORGANIZATION: str(firm.cif_no)}
    return Marked(
        numbers, {"canary-password-0001", code.secret, WORDS, EVIDENCE, "canary-recipient-01", "canary-text-0001", "canary-means-0001", "canary_trigger", "canary_limit", "canary_flag", "canary_list", "canary_hold", "金丝雀变更单位"}, refused.value
    )  # fmt: skip


def export_everything(cif: CIF, marked: Marked) -> str:
    """An export of every sealed field, of all customers; of the marked ones each field rests, or the search would look for nothing."""
    taker = known(Actor(id="c.li", roles={"r"}), SystemClock().now())
    fields = tuple(sorted(SEALED[PartyKind.INDIVIDUAL]))
    wide = {
        "id": "out", "roles": ["r"], "purposes": ["compliance"], "actions": ["export"], "sinks": ["export"],
        "fields": sorted(set.union(*SEALED.values())), "alone": 0, "inside": ["audit"],
    }  # fmt: skip
    reveals = {**wide, "id": "reveals", "actions": ["reveal"], "sinks": ["display"]}
    approves = {"id": "approves", "roles": ["r"], "purposes": ["operations"], "actions": ["approve"]}
    spec = ExportSpec(fields=fields, recipient=Recipient(name="audit", inside=True), purpose=Purpose.COMPLIANCE)
    with Under(cif, policy(wide, reveals, approves)):
        for kind, cif_no in marked.cif_nos.items():
            there = cif.customers.reveal(cif_no, SEALED[kind], actor=taker, purpose=Purpose.COMPLIANCE)
            assert {name for name, value in there.items() if value} == SEALED[kind]
        proposal = cif.exports.propose(spec, reason="canaries", actor=taker)
        cif.approvals.approve(proposal.id, actor=attrs.evolve(taker, id="c.hu", person="c.hu"))
        done = cif.exports.take(spec, actor=taker, approval_id=proposal.id)
    assert done.rows > 4000
    return csv_text(done.columns, mark="canary test")
