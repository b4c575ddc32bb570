"""Watch lists: a hit is possible until a person has looked; flags have a source and an end."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from tests.conftest import ALL_ROLES, known
from tests.flows.test_browse import Under
from tests.flows.test_erase import EVERY_CONCERN
from tests.flows.test_register import ID, register
from tests.flows.test_tags import LOOSE

from bankcif import CIF, Actor, Policy, Purpose
from bankcif._clock import FixedClock
from bankcif.errors import ConfigurationError, FileError, FourEyesError, InputError, NotFoundOrNotAllowedError
from bankcif.flows.change import ChangeSet
from bankcif.party import PartyKind
from bankcif.rules import opened_record
from bankcif.upkeep import FileWatchList, FlagState, WatchEntry

COMPLIANCE = Purpose.COMPLIANCE
STEWARD = known(Actor(id="s.wu", roles=ALL_ROLES, branch="b"))
SECOND = known(Actor(id="s.two", roles=ALL_ROLES, branch="b"))
HE, SUN = (known(Actor(id=name, roles={"compliance"})) for name in ("c.he", "c.sun"))
ASK: dict[str, Any] = {"actor": HE, "purpose": COMPLIANCE}
SAY: dict[str, Any] = {**ASK, "reason": "looked into it"}
TODAY = date(2026, 11, 24)


@attrs.frozen
class Listed:
    """A list in memory."""

    name: str = "un"
    version: str = "2026-11"
    said: tuple[WatchEntry, ...] = ()

    def entries(self) -> tuple[WatchEntry, ...]:
        return self.said


def entry(id_: str, *names: str, **more: Any) -> WatchEntry:
    return WatchEntry(id=id_, flag="sanction", kind=PartyKind.INDIVIDUAL, names=names, **more)


def watching() -> Policy:
    document = LOOSE.document()
    more = {
        "id": "watch",
        "roles": ["compliance"],
        "purposes": ["compliance"],
        "actions": ["watch", "view", "change"],
        "fields": ["*"],
    }
    return Policy.from_document({**document, "grant": [*document["grant"], more], "version": "watch", "change": []})


@pytest.fixture
def founding_policy() -> Policy:
    return watching()


@pytest.fixture
def cif_no(cif: CIF) -> str:
    return str(register(cif, STEWARD, "1", name="张伟国", identifiers=None, birth_date="1970-02-01").cif_no)


LIST = Listed(
    said=(entry("E1", "章伟国", "ZHANG Weiguo", born=1970), entry("E2", "王小明"), entry("E3", "张伟国", born=1930))
)


def test_a_hit_is_possible_until_a_person_confirms_it(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    found = cif.flags.screen([LIST], **ASK)
    assert (found.customers, found.hits, found.ended) == (1, 2, 0)
    assert cif.flags.screen([LIST], **ASK).hits == 0, "run twice gives one hit"
    one, other = cif.flags.possible(**ASK)
    assert (one.cif_no, one.entry, one.score, one.kind, one.source, one.state, one.counts) == (
        cif_no, "E1", 85, "sanction", "un:2026-11", FlagState.POSSIBLE, False,
    )  # fmt: skip
    assert (other.entry, other.score) == ("E3", 70), "born in another year"
    with pytest.raises(InputError, match="on evidence"):
        cif.flags.decide(cif_no, one.id, confirm=True, **SAY)
    with pytest.raises(InputError, match="today or later"):
        cif.flags.decide(cif_no, one.id, confirm=True, evidence="file 7", until=TODAY - timedelta(1), **SAY)
    done = cif.flags.decide(cif_no, one.id, confirm=True, evidence="file 7", until=TODAY + timedelta(30), **SAY)
    assert (done.state, done.counts, done.decided_by, done.until) == ("confirmed", True, "c.he", TODAY + timedelta(30))
    cif.flags.decide(cif_no, other.id, confirm=False, **SAY)
    assert cif.flags.possible(**ASK) == ()
    with pytest.raises(InputError, match="no such case"):
        cif.flags.decide(cif_no, other.id, confirm=False, **SAY)
    clock.advance(timedelta(days=31))
    later = {"actor": known(HE, clock.now()), "purpose": COMPLIANCE}
    assert [flag.counts for flag in cif.flags.of(cif_no, **later)] == [False, False]


def test_what_was_dismissed_stays_so_until_a_name_is_another(cif: CIF, cif_no: str) -> None:
    alone = Listed(said=(LIST.said[0],))
    cif.flags.screen([alone], **ASK)
    (hit,) = cif.flags.possible(**ASK)
    cif.flags.decide(cif_no, hit.id, confirm=False, **SAY)
    assert cif.flags.screen([attrs.evolve(alone, version="2026-12")], **ASK).hits == 0
    assert cif.flags.screen([attrs.evolve(alone, said=(entry("E1", "张卫国", "章伟国", born=1970),))], **ASK).hits == 1
    assert cif.flags.screen([], **ASK).hits == 0


def test_a_hit_that_waits_ends_once_its_entry_is_gone_and_a_confirmed_one_does_not(cif: CIF, cif_no: str) -> None:
    cif.flags.screen([LIST], **ASK)
    one, other = cif.flags.possible(**ASK)
    cif.flags.decide(cif_no, one.id, confirm=True, evidence="file 7", **SAY)
    assert cif.flags.screen([Listed(said=(entry("E2", "王小明"),))], **ASK).ended == 1
    assert {flag.id: flag.state for flag in cif.flags.of(cif_no, **ASK)} == {one.id: "confirmed", other.id: "ended"}
    with pytest.raises(FourEyesError):
        cif.flags.end(cif_no, one.id, **SAY)
    assert cif.flags.end(cif_no, one.id, **{**SAY, "actor": SUN}).state == "ended"


def test_an_equal_number_is_a_hit_whatever_the_name(cif: CIF) -> None:
    cif_no = str(register(cif, STEWARD, "2", name="李四").cif_no)
    numbered = Listed(said=(entry("N1", "完全不同", numbers=(("cn.resident_id", ID),)),))
    assert cif.flags.screen([numbered], cif_no=cif_no, **ASK).hits == 1
    assert cif.flags.possible(**ASK)[0].score == 100


def test_flags_by_hand_have_a_source_and_an_end_and_follow_merges(cif: CIF, cif_no: str) -> None:
    other = str(register(cif, STEWARD, "2", name="钱学礼", identifiers=None, phone="15412340002").cif_no)
    flag = cif.flags.add(other, "fraud", source="fraud_system", evidence="case 9", until=TODAY + timedelta(9), **SAY)
    assert (flag.state, flag.counts, flag.source) == ("confirmed", True, "fraud_system")
    for more, problem in (
        ({"kind": "F!"}, "a kind is a word"),
        ({"source": ""}, "a source is a word"),
        ({"evidence": ""}, "names what it rests on"),
        ({"until": TODAY - timedelta(1)}, "today or later"),
    ):
        said = {"kind": "fraud", "source": "s", "evidence": "1", **more}
        with pytest.raises(InputError, match=problem):
            cif.flags.add(other, said.pop("kind"), **{**SAY, **said})  # type: ignore[arg-type]
    merge = cif.matches.propose_merge(cif_no, other, accept=EVERY_CONCERN, reason="one", actor=STEWARD)
    cif.approvals.approve(merge.id, actor=SECOND)
    assert [one.kind for one in cif.flags.of(cif_no, **ASK)] == ["fraud"], "the stricter side wins"
    cif.approvals.approve(cif.matches.propose_unmerge(other, reason="two", actor=STEWARD).id, actor=SECOND)
    assert cif.flags.of(cif_no, **ASK) == ()


def test_who_may_not_watch_is_told_nothing(cif: CIF, cif_no: str) -> None:
    clerk = {"actor": known(Actor(id="t.1", roles={"teller"}, branch="b")), "purpose": Purpose.SERVICE}
    for call in (
        lambda: cif.flags.screen([LIST], **clerk), lambda: cif.flags.of(cif_no, **clerk), lambda: cif.flags.possible(**clerk),
        lambda: cif.flags.add(cif_no, "fraud", source="s", evidence="1", reason="r", **clerk), lambda: cif.flags.screen([LIST], cif_no="C0", **ASK),
    ):  # fmt: skip
        with pytest.raises(NotFoundOrNotAllowedError):
            call()
    cif.flags.screen([LIST], **ASK)
    assert "flags" not in cif.customers.get(cif_no, **clerk).values


def test_a_new_name_of_the_customer_is_compared_too(cif: CIF, cif_no: str) -> None:
    renamed = Listed(said=(entry("E9", "周树人"),))
    assert cif.flags.screen([renamed], **ASK).hits == 0
    cif.changes.make(cif_no, ChangeSet(values={"former_name": "周树人"}, code="renamed", text="x"), **ASK)
    assert cif.flags.screen([renamed], **ASK).hits == 1


def test_rules_read_flags() -> None:
    said = opened_record(
        {}, {"flags": [{"id": "1", "kind": "pep", "source": "s", "state": "confirmed", "since": "2026-01-01"}]}
    )["flags"]
    assert [(one["kind"], one["state"]) for one in said] == [("pep", "confirmed")]


def test_a_list_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        "id,flag,party,name,aliases,born,scheme,number,until\n"
        "E1,sanction,individual,章伟国,ZHANG Weiguo; Zhang Wei-Guo,1970,passport,EC1234567,2030-01-01\n"
        "E1,sanction,individual,张伟国,,1970,,,\nE2,pep,organization,星河科技有限公司,,,,,\n",
        encoding="utf-8",
    )  # fmt: skip
    one, other = FileWatchList("un", path).entries()
    assert (one.names, one.born, one.numbers, one.until) == (
        ("章伟国", "ZHANG Weiguo", "Zhang Wei-Guo", "张伟国"), 1970, (("passport", "EC1234567"),), date(2030, 1, 1),
    )  # fmt: skip
    assert (other.kind, other.flag) == (PartyKind.ORGANIZATION, "pep")
    assert "章伟国" not in repr(one)
    before = FileWatchList("un", path).version
    for text, problem in (
        ("id,flag,party,name\nE1,pep,individual,x\nE1,sanction,individual,y\n", "line 3 .* another flag"),
        ("id,flag,party,name\nE1,pep,individual," + "x" * 200_000, "longer than"),
        ("id,flag,party\n", "has the columns"), ("id,flag,party,name,shoe\n", "has the columns"), ("id,flag,party,name\nE1,sanction,moon,x\n", "line 2"),
        ("id,flag,party,name\nE1,S!,individual,x\n", "line 2"), ("id,flag,party,name\nE1,sanction,individual,\n", "line 2"),
    ):  # fmt: skip
        path.write_text(text, encoding="utf-8")
        with pytest.raises(FileError, match=problem):
            list(FileWatchList("un", path).entries())
    assert FileWatchList("un", path).version != before
    path.write_bytes(b"\xff\xfe")
    for broken in (path, tmp_path / "none.csv"):
        with pytest.raises(FileError):
            list(FileWatchList("un", broken).entries())


def test_lists_and_bounds_that_cannot_be_are_refused(cif: CIF) -> None:
    for lists, least, error in (
        ([LIST, LIST], 70, InputError),
        ([LIST], 101, InputError),
        ([Listed(name="U N")], 70, ConfigurationError),
    ):
        with pytest.raises(error):
            cif.flags.screen(lists, least=least, **ASK)
    for more in ({"id": ""}, {"flag": "S"}, {"names": ()}):
        with pytest.raises(InputError):
            attrs.evolve(LIST.said[0], **more)


def test_what_a_person_dismissed_is_asked_anew_if_the_entry_says_another_thing(cif: CIF, cif_no: str) -> None:
    alone = Listed(said=(LIST.said[2],))
    cif.flags.screen([alone], **ASK)
    (hit,) = cif.flags.possible(**ASK)
    cif.flags.decide(cif_no, hit.id, confirm=False, **SAY)
    assert cif.flags.screen([alone], **ASK).hits == 0
    assert cif.flags.screen([Listed(said=(attrs.evolve(LIST.said[2], born=1970),))], **ASK).hits == 1


def test_a_confirmed_flag_that_is_over_does_not_hide_what_the_list_says_still(
    cif: CIF, cif_no: str, clock: FixedClock
) -> None:
    cif.flags.screen([Listed(said=(LIST.said[0],))], **ASK)
    (hit,) = cif.flags.possible(**ASK)
    cif.flags.decide(cif_no, hit.id, confirm=True, evidence="file 7", until=TODAY + timedelta(3), **SAY)
    ask = {"actor": known(HE, clock.now()), "purpose": COMPLIANCE}
    assert cif.flags.screen([Listed(said=(LIST.said[0],))], **ask).hits == 0
    clock.advance(timedelta(days=4))
    assert cif.flags.screen([Listed(said=(LIST.said[0],))], **{**ask, "actor": known(HE, clock.now())}).hits == 1


def test_more_likeness_asked_for_ends_nothing_that_waits(cif: CIF, cif_no: str) -> None:
    cif.flags.screen([LIST], **ASK)
    assert cif.flags.screen([LIST], least=90, **ASK).ended == 0
    assert len(cif.flags.possible(**ASK)) == 2


def test_every_entry_with_the_number_is_a_hit(cif: CIF) -> None:
    number = ("passport", "E73905121")
    both = Listed(said=tuple(entry(one, "某人", numbers=(number,)) for one in ("A", "B")))
    register(cif, STEWARD, "9", name="李四", identifiers=[{"scheme": "passport", "number": number[1]}])
    assert cif.flags.screen([both], **ASK).hits == 2


def test_two_operators_of_one_person_are_not_two_pairs_of_eyes(cif: CIF, cif_no: str) -> None:
    flag = cif.flags.add(cif_no, "fraud", source="desk", evidence="file 7", **SAY)
    again = attrs.evolve(HE, id="c.he-2", person="c.he")
    with pytest.raises(FourEyesError):
        cif.flags.end(cif_no, flag.id, **{**SAY, "actor": again})
    for one in (attrs.evolve(HE, id="c.a", person="he"), attrs.evolve(HE, id="c.b", person="he")):
        if one.id == "c.a":
            flag = cif.flags.add(cif_no, "court", source="desk", evidence="file 8", **{**SAY, "actor": one})
        else:
            with pytest.raises(FourEyesError):
                cif.flags.end(cif_no, flag.id, **{**SAY, "actor": one})
    assert cif.flags.end(cif_no, flag.id, **{**SAY, "actor": SUN}).state is FlagState.ENDED


def test_nobody_guesses_by_screening_of_whom_they_may_not_see_flags(cif: CIF, cif_no: str) -> None:
    other = str(register(cif, STEWARD, "2", name="李四", identifiers=None, phone="15499999998", home_branch="x").cif_no)
    document = watching().document()
    local = {
        "id": "local",
        "roles": ["local"],
        "purposes": ["compliance"],
        "relations": ["branch"],
        "actions": ["watch"],
        "fields": ["flags"],
    }
    policy = Policy.from_document({**document, "grant": [*document["grant"], local], "version": "local"})
    asks: dict[str, Any] = {"actor": known(Actor(id="l.1", roles={"local"}, branch="b")), "purpose": COMPLIANCE}
    guess, wrong = (Listed(said=(entry("E1", name),)) for name in ("李四", "王五"))
    with Under(cif, policy):
        for one in (guess, wrong):
            with pytest.raises(NotFoundOrNotAllowedError):
                cif.flags.screen([one], cif_no=other, **asks)
        both = Listed(said=(entry("E1", "李四"), entry("E2", "张伟国")))
        assert (cif.flags.screen([both], **asks).customers, cif.flags.screen([both], **asks).hits) == (1, 0)
    assert [one.cif_no for one in cif.flags.possible(**ASK)] == [cif_no]
