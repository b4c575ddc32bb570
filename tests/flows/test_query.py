"""Reading: authorize, find, open, verify, mask, audit, return."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, strategies as st
from tests.conftest import ALL_ROLES, NOW, TRUST, known, shorten
from tests.flows.test_register import ID, register

from bankcif import CIF, Actor, LocalKeyProvider, MemoryKeyStore, MemoryRepository, Organization, Purpose, party_from
from bankcif._clock import FixedClock
from bankcif.audit import AuditEntry
from bankcif.errors import IdentifierError, InputError, NotFoundOrNotAllowedError, RuleError
from bankcif.identifiers.cn import check_character
from bankcif.party import ReferenceTables, as_cif_no, new_cif_no
from bankcif.protection import DataKey, Place, Sealer

SERVICE = Purpose.SERVICE


@pytest.mark.parametrize("text", [ID, ID[:6] + " " + ID[6:], "８８０１０１１９９００３０７１０９８", ID[:6] + ID[8:17]])
def test_any_spelling_of_a_number_finds_its_customer(cif: CIF, steward: Actor, text: str) -> None:
    done = register(cif, steward, "1")
    found = cif.customers.find(identifier=("cn.resident_id", text), actor=steward, purpose=SERVICE)
    assert [view.cif_no for view in found] == [done.cif_no]


@pytest.mark.parametrize("text", ["15412345678", "+86 154-1234-5678", "１５４１２３４５６７８"])
def test_any_spelling_of_a_phone_finds_its_customer(cif: CIF, steward: Actor, text: str) -> None:
    done = register(cif, steward, "1")
    assert [v.cif_no for v in cif.customers.find(phone=text, actor=steward, purpose=SERVICE)] == [done.cif_no]


@pytest.mark.parametrize("name", ["张伟国", "張偉國", "章炜国", "zhang weiguo"])
def test_a_name_with_birth_date_finds_by_characters_and_sound(cif: CIF, steward: Actor, name: str) -> None:
    done = register(cif, steward, "1")
    found = cif.customers.find(name=name, birth_date=date(1990, 3, 7), actor=steward, purpose=SERVICE)
    assert [view.cif_no for view in found] == [done.cif_no]


def test_one_person_of_many_records_is_one_hit(cif: CIF, steward: Actor) -> None:
    register(cif, steward, "1")
    register(cif, steward, "2", channel="card")
    register(cif, steward, "3", channel="partner", phone="15466666666")
    assert len(cif.customers.find(phone="15412345678", actor=steward, purpose=SERVICE)) == 1
    assert len(cif.customers.find(phone="15466666666", actor=steward, purpose=SERVICE)) == 1


def test_strangers_that_share_a_cut_tag_are_not_found(
    cif: CIF, steward: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    shorten(cif, phone=1)
    for n in range(12):
        register(
            cif, steward, str(n), name=f"王{'伟芳国强敏静丽磊军洋勇艳'[n]}", phone=f"154000000{n:02}", identifiers=None
        )
    opened = _places_opened(cif, monkeypatch)
    found = cif.customers.find(phone="15400000003", actor=steward, purpose=SERVICE)
    assert [view.name for view in found] == ["王*"]
    assert [place.owner[1] for place in opened if place.table == "source_record"] == ["3"]  # no stranger was opened


def _places_opened(cif: CIF, monkeypatch: pytest.MonkeyPatch) -> list[Place]:
    """Where everything stood that is opened from now on."""
    sealer, opened = type(cif._desk.sealer), []
    open_as_ever = sealer.open

    def noting(self: Sealer, sealed: bytes, key: DataKey, place: Place) -> object:
        opened.append(place)
        return open_as_ever(self, sealed, key, place)

    monkeypatch.setattr(sealer, "open", noting)
    return opened


def test_a_search_needs_a_way(cif: CIF, steward: Actor) -> None:
    wrong: dict[str, Any]
    for wrong in (
        {}, {"name": "张伟"}, {"birth_date": date(2000, 1, 1)}, {"phone": "15412345678", "name": "张伟"},
        {"phone": "15412345678", "limit": 0}, {"phone": "15412345678", "limit": 51},
    ):  # fmt: skip
        with pytest.raises(InputError):
            cif.customers.find(**wrong, actor=steward, purpose=SERVICE)


CARD = "9900880000000015"
WAYS: dict[str, dict[str, Any]] = {
    "phone": {"phone": "154 0000 0001"}, "mail": {"email": "One@example.com"}, "card": {"account": ("card", CARD)},
    "name": {"name": "張偉國", "birth_date": date(1990, 1, 1)},
}  # fmt: skip
HAS: dict[str, dict[str, Any]] = {
    "phone": {"phone": "15400000001"}, "mail": {"email": "one@example.com"},
    "card": {"holdings": [{"product": "card", "scheme": "card", "number": CARD}]},
    "name": {"name": "张伟国", "birth_date": "1990-01-01"},
}  # fmt: skip


@pytest.fixture(scope="module")
def lacking(tables: ReferenceTables) -> Iterator[tuple[CIF, dict[str, str]]]:
    """A store of customers each of whom lacks one of `HAS`, by its name; and one who has all."""
    steward = known(Actor(id="s.wu", roles=ALL_ROLES, branch="b"))
    with CIF(
        repository=MemoryRepository(), tenant="t", keys=LocalKeyProvider.generate(), key_store=MemoryKeyStore(), tables=tables,
        trust=TRUST, clock=FixedClock(NOW),
    ) as cif:  # fmt: skip
        numbers = {}
        for n, lacks in enumerate([*HAS, "nothing"]):
            values = {
                "identifiers": None,
                "name": f"赵{'一二三四五'[n]}",
                "birth_date": f"195{n}-05-05",
                "phone": f"1549999999{n}",
            }
            for name, said in HAS.items():
                values |= said if name != lacks else {}
            numbers[lacks] = register(cif, steward, str(n), **values).cif_no
        yield cif, numbers


@pytest.mark.parametrize("chosen", [some for size in range(1, 5) for some in combinations(HAS, size)], ids="+".join)
def test_several_ways_find_who_bears_all_of_them(
    lacking: tuple[CIF, dict[str, str]], steward: Actor, chosen: tuple[str, ...]
) -> None:
    cif, numbers = lacking
    ask = {key: value for name in chosen for key, value in WAYS[name].items()}
    found = {view.cif_no for view in cif.customers.find(**ask, actor=steward, purpose=SERVICE)}
    assert found == {number for lacks, number in numbers.items() if lacks not in chosen}


def test_a_customer_bears_what_any_of_their_records_says(cif: CIF, steward: Actor) -> None:
    done = register(cif, steward, "1")
    assert register(cif, steward, "2", phone="15400000002").cif_no == done.cif_no
    number: dict[str, Any] = {"identifier": ("cn.resident_id", ID), "actor": steward, "purpose": SERVICE}
    for phone in ("15412345678", "15400000002"):
        assert [view.cif_no for view in cif.customers.find(phone=phone, **number)] == [done.cif_no]
    assert cif.customers.find(phone="15400000003", **number) == []


def test_a_term_that_many_share_narrows_another(cif: CIF, steward: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """By itself it is refused; beside one that few have it is not."""
    monkeypatch.setattr("bankcif.flows.query._MOST_HITS", 2)
    numbers = []
    for n, name in enumerate("伟芳娜敏静"):
        values = {"name": f"张{name}", "birth_date": f"19{60 + n}-01-01", "email": f"n{n}@example.com"}
        numbers.append(register(cif, steward, str(n), identifiers=None, **values).cif_no)
    ask: dict[str, Any] = {"phone": "15412345678", "actor": steward, "purpose": SERVICE}
    with pytest.raises(InputError, match="shared by too many"):
        cif.customers.find(**ask)
    assert [view.cif_no for view in cif.customers.find(email="n3@example.com", **ask)] == [numbers[3]]
    assert cif.customers.find(email="nobody@example.com", **ask) == []


def test_who_is_found_is_paged_by_number(cif: CIF, steward: Actor) -> None:
    done = {
        register(cif, steward, str(n), identifiers=None, name=f"张{name}", birth_date=f"19{60 + n}-01-01", email=None).cif_no
        for n, name in enumerate("伟芳娜敏静")
    }  # fmt: skip
    ask: dict[str, Any] = {"phone": "15412345678", "actor": steward, "purpose": SERVICE}
    seen: list[str] = []
    while page := cif.customers.find(**ask, limit=2, after=seen[-1] if seen else ""):
        seen += [view.cif_no for view in page]
    assert seen == sorted(done)


@pytest.mark.parametrize(
    "way",
    [
        {"phone": "15412345678"}, {"email": "zhang.wg@example.com"}, {"identifier": ("cn.resident_id", ID)},
        {"name": "張偉國", "birth_date": date(1990, 3, 7)}, {"account": ("card", "6200 0000 0000 0005")},
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    ("where", "holds"),
    [
        ("", True), ('home_branch = "b"', True), ('home_branch = "c"', False), ("customer_since < 2022-01-01", True),
        ('customer_since < 2022-01-01 and not home_branch = "b"', False), ('kind = "individual"', True),
        ('kind = "organization"', False), ("manager is missing", True),
    ],
)  # fmt: skip
def test_a_rule_over_plain_facts_goes_with_every_way_to_search(
    cif: CIF, steward: Actor, way: dict[str, Any], where: str, holds: bool
) -> None:
    done = register(
        cif, steward, "1", email="zhang.wg@example.com", home_branch="b", customer_since="2020-05-06",
        holdings=[{"product": "card", "scheme": "card", "number": "6200000000000005"}],
    )  # fmt: skip
    found = cif.customers.find(**way, where=where, actor=steward, purpose=SERVICE)
    assert [one.cif_no for one in found] == ([done.cif_no] if holds else [])


def test_a_rule_chooses_among_several_who_share_a_value(cif: CIF, steward: Actor) -> None:
    since = {}
    for n, (name, day) in enumerate([("王伟", "2019-01-01"), ("李娜", "2021-01-01"), ("赵敏", "2023-01-01")]):
        since[day] = register(
            cif, steward, str(n), name=name, identifiers=None, birth_date=None, customer_since=day
        ).cif_no
    found = cif.customers.find(
        phone="15412345678", where="customer_since >= 2021-01-01", actor=steward, purpose=SERVICE
    )
    assert {one.cif_no for one in found} == {since["2021-01-01"], since["2023-01-01"]}
    with cif._repository.unit_of_work() as unit:
        entry = AuditEntry.of_body([row.body for row in unit.trail.between(0, 2**62, steward.id)][-1])
    assert entry.action == "find"
    assert set(entry.terms) == {"phone", "where"}
    assert "customer_since" in entry.fields
    assert "2021" not in entry.terms["where"]


@pytest.mark.parametrize(
    ("where", "error", "said"),
    [
        ("customer_since <", RuleError, "should stand"), ("cif_no starts with 'C'", InputError, "does not ask for numbers"),
        ("age >= 18", NotFoundOrNotAllowedError, "not"), ("shoe_size = 3", RuleError, "shoe_size"),
    ],
)  # fmt: skip
def test_a_rule_that_would_tell_what_is_masked_is_refused(
    cif: CIF, steward: Actor, where: str, error: type[Exception], said: str
) -> None:
    register(cif, steward, "1")
    manager = known(Actor(id="m.li", roles={"relationship_manager"}, branch="b"))
    with pytest.raises(error, match=said):
        cif.customers.find(phone="15412345678", where=where, actor=manager, purpose=SERVICE)


def test_an_invalid_term_is_refused_without_the_term(cif: CIF, steward: Actor) -> None:
    with pytest.raises(IdentifierError) as caught:
        cif.customers.find(phone="secret-term", actor=steward, purpose=SERVICE)
    assert "secret" not in str(caught.value)


def test_a_view_holds_masks_only(cif: CIF, steward: Actor) -> None:
    done = register(cif, steward, "1", email="zhang.wg@example.com", address="星河市长庚区银河路1号")
    view = cif.customers.get(done.cif_no, actor=steward, purpose=SERVICE)
    text = repr(view) + str(view.values) + str(vars(type(view)))
    for value in ("张伟国", ID, "15412345678", "zhang.wg", "银河路"):
        assert value not in text
    assert set(view.masked_fields) == {"identifiers", "phone", "email", "address", "name"}
    assert view.birth_date is None
    with pytest.raises(AttributeError):
        _ = view.shoe_size


def test_relation_decides(cif: CIF, steward: Actor) -> None:
    done = register(cif, steward, "1", home_branch="b", manager="m.1")
    for actor, purpose, allowed in (
        (Actor(id="t", roles={"teller"}, branch="b"), SERVICE, True),
        (Actor(id="t", roles={"teller"}, branch="other"), SERVICE, False),
        (Actor(id="t", roles={"teller"}), SERVICE, False),
        (Actor(id="t", roles={"teller"}, branch="b"), Purpose.MARKETING, False),
        (Actor(id="m.1", roles={"relationship_manager"}), Purpose.RELATIONSHIP, True),
        (Actor(id="m.2", roles={"relationship_manager"}), Purpose.RELATIONSHIP, False),
        (Actor(id="nobody"), SERVICE, False),
    ):
        if allowed:
            assert cif.customers.get(done.cif_no, actor=actor, purpose=purpose).cif_no == done.cif_no
        else:
            with pytest.raises(NotFoundOrNotAllowedError):
                cif.customers.get(done.cif_no, actor=actor, purpose=purpose)


def test_a_customer_who_may_not_be_seen_is_not_found_either(cif: CIF, steward: Actor) -> None:
    register(cif, steward, "1", home_branch="elsewhere")
    teller = known(Actor(id="t", roles={"teller"}, branch="b"))
    assert cif.customers.find(phone="15412345678", actor=teller, purpose=SERVICE) == []


def test_not_found_and_not_allowed_read_the_same(cif: CIF, steward: Actor) -> None:
    done = register(cif, steward, "1", home_branch="elsewhere")
    teller = known(Actor(id="t", roles={"teller"}, branch="b"))
    said = []
    for cif_no in (done.cif_no, "C0000000000000000"):
        with pytest.raises(NotFoundOrNotAllowedError) as caught:
            cif.customers.get(cif_no, actor=teller, purpose=SERVICE)
        said.append((str(caught.value), caught.value.cif_no, caught.value.rule))
    assert said[0] == said[1]


def test_reveal_gives_all_or_nothing(cif: CIF, steward: Actor) -> None:
    done = register(cif, steward, "1")
    teller = known(Actor(id="t", roles={"teller"}, branch="b"))
    assert cif.customers.reveal(done.cif_no, {"phone"}, actor=teller, purpose=SERVICE) == {"phone": "+8615412345678"}
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.customers.reveal(done.cif_no, {"phone", "identifiers"}, actor=teller, purpose=SERVICE)
    with pytest.raises(InputError):
        cif.customers.reveal(done.cif_no, {"shoe_size"}, actor=teller, purpose=SERVICE)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.customers.reveal(done.cif_no, set(), actor=teller, purpose=SERVICE)


def test_every_look_and_every_refusal_is_in_the_log(cif: CIF, steward: Actor) -> None:
    done = register(cif, steward, "1")
    teller = known(Actor(id="t", roles={"teller"}, branch="b"))
    cif.customers.get(done.cif_no, actor=teller, purpose=SERVICE)
    cif.customers.find(phone="15412345678", actor=teller, purpose=SERVICE)
    cif.customers.reveal(done.cif_no, {"phone"}, actor=teller, purpose=SERVICE)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.customers.get(done.cif_no, actor=Actor(id="x"), purpose=SERVICE)
    lines = [(one.actor, one.action, one.outcome) for one in cif.audit.who(done.cif_no, actor=steward)]
    assert lines == [
        ("s.wu", "register", "done"),
        ("t", "view", "done"),
        ("t", "find", "done"),
        ("t", "reveal", "done"),
        ("x", "view", "refused"),
    ]


def test_a_search_term_rests_in_the_log_as_a_tag(cif: CIF, steward: Actor) -> None:
    register(cif, steward, "1")
    cif.customers.find(phone="15412345678", actor=steward, purpose=SERVICE)
    with cif._desk.unit_of_work() as unit:
        bodies = b"".join(row.body for row in unit.trail.between(0, 2**63 - 1))
    assert b"15412345678" not in bodies
    assert b'"terms":{"phone":' in bodies


def test_only_an_auditor_reads_the_log(cif: CIF, steward: Actor) -> None:
    done = register(cif, steward, "1")
    teller = known(Actor(id="t", roles={"teller"}, branch="b"))
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.audit.who(done.cif_no, actor=teller)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.audit.verify(actor=teller)


def test_a_term_that_too_many_share_is_refused(cif: CIF, steward: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    import bankcif.flows.query as flow

    monkeypatch.setattr(flow, "_MOST_HITS", 2)
    for n in range(3):
        register(cif, steward, str(n), name=f"王{'伟芳国'[n]}", identifiers=None)
    with pytest.raises(InputError, match="too many"):
        cif.customers.find(phone="15412345678", actor=steward, purpose=SERVICE)


def test_a_card_finds_all_who_hold_it_by_its_token(cif: CIF) -> None:
    held = {"product": "card", "scheme": "card", "number": CARD}
    steward = known(Actor(id="s.wu", roles=ALL_ROLES, branch="b"))
    one = register(cif, steward, "1", holdings=[held])
    two = register(cif, steward, "2", identifiers=None, phone="15499999999", name="李四", holdings=[held])
    register(cif, steward, "3", identifiers=None, phone="15488888888", name="王五")
    ask: dict[str, Any] = {"actor": steward, "purpose": Purpose.SERVICE}
    for written in (CARD, "9900 8800 0000 0015", "".join(chr(ord(digit) + 0xFEE0) for digit in CARD)):
        assert {view.cif_no for view in cif.customers.find(account=("card", written), **ask)} == {
            one.cif_no,
            two.cif_no,
        }
    assert cif.customers.find(account=("card", "9900880000000023"), **ask) == []
    (both,) = cif.customers.find(account=("card", CARD), phone="15499999999", **ask)
    assert both.cif_no == two.cif_no
    for wrong in ("x", f"{CARD}x"):
        with pytest.raises(InputError) as caught:
            cif.customers.find(account=("card", wrong), **ask)
        assert CARD not in str(caught.value)
    assert one.outcome.value == two.outcome.value == "new", "who holds one card with somebody is not somebody"


@pytest.mark.parametrize(
    "typed",
    [str.lower, lambda no: f" {no[:5]} {no[5:9]}-{no[9:]} ", lambda no: no.translate({n: n + 0xFEE0 for n in range(0x21, 0x7F)}),
     lambda no: no.replace("0", "o").replace("1", "l")],
)  # fmt: skip
def test_a_customer_number_is_found_however_it_is_typed(cif: CIF, steward: Actor, typed: Callable[[str], str]) -> None:
    done = register(cif, steward, "1")
    ask: dict[str, Any] = {"actor": steward, "purpose": SERVICE}
    assert cif.customers.get(typed(done.cif_no), **ask).cif_no == done.cif_no
    assert cif.customers.customer360(typed(done.cif_no), **ask).view.cif_no == done.cif_no


@given(st.integers(0, 2**80 - 1))
def test_a_number_that_is_written_as_it_is_kept_stays(number: int) -> None:
    class Drawn:
        def draw(self, count: int) -> bytes:
            return number.to_bytes(count, "big")

    made = new_cif_no(Drawn())
    assert as_cif_no(made) == made
    assert as_cif_no(made.lower()) == made


def test_what_is_too_long_for_a_number_is_not_gone_through() -> None:
    """Some characters become eighteen when they are folded."""
    long = "\ufdfa" * 65
    assert as_cif_no(long) == long
    assert as_cif_no("c" + " " * 63) == "C"


def test_an_id_number_is_found_with_a_small_x(cif: CIF, steward: Actor) -> None:
    number = next(f"88010119900307{n:03}X" for n in range(1000) if check_character(f"88010119900307{n:03}") == "X")
    done = register(cif, steward, "1", identifiers=[{"scheme": "cn.resident_id", "number": number}])
    for written in (number, number.lower(), number.translate({n: n + 0xFEE0 for n in range(0x21, 0x7F)})):
        (view,) = cif.customers.find(identifier=("cn.resident_id", written), actor=steward, purpose=SERVICE)
        assert view.cif_no == done.cif_no


def company(cif: CIF, steward: Actor, number: str, name: str) -> str:
    form = party_from({"name": name, "phone": f"1540000010{number[-1]}", "home_branch": steward.branch}, Organization)
    return cif.customers.register(form, channel="counter", source_key=number, actor=steward, occasion="lead").cif_no


def test_an_organization_is_found_by_its_name(cif: CIF, steward: Actor) -> None:
    """In any script, width and brackets, and whatever form of company it is written with; never a person."""
    one = company(cif, steward, "o1", "云汉星河科技有限公司")
    company(cif, steward, "o2", "云汉银河科技有限公司")
    register(cif, steward, "1", name="云汉")
    ask: dict[str, Any] = {"actor": steward, "purpose": SERVICE}
    for written in (
        "云汉星河科技有限公司",
        "雲漢星河科技有限公司",
        " 云汉星河科技 有限公司 ",
        "云汉星河科技股份有限公司",
    ):
        assert [view.cif_no for view in cif.customers.find(organization=written, **ask)] == [one], written
    assert cif.customers.find(organization="无人科技有限公司", **ask) == []
    assert cif.customers.find(organization="云汉星河科技有限公司", where="kind = 'individual'", **ask) == []
    for wrong in ({"organization": ""}, {"organization": "***"}):
        with pytest.raises(InputError, match="not a name of an organization"):
            cif.customers.find(**wrong, **ask)
    assert cif.customers.find(organization="云汉星河科技有限公司", phone="15400000000", **ask) == []
    assert [
        view.cif_no for view in cif.customers.find(organization="云汉星河科技有限公司", phone="15400000101", **ask)
    ] == [one]
