"""Reminders: there while a tag is, done and put off by persons, told once a day, and closed by the cure."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st
from tests.conftest import ALL_ROLES, known
from tests.flows.test_register import register
from tests.flows.test_tags import LOOSE, publish, tag

from bankcif import CIF, Actor, Policy, Purpose
from bankcif._clock import FixedClock
from bankcif.errors import ConfigurationError, DeliveryError, InputError, NotFoundOrNotAllowedError, RuleError
from bankcif.merging import Assurance
from bankcif.quality import starter_rules
from bankcif.tagging import (
    Catalogue,
    Held,
    Portrait,
    Reminder,
    Said,
    TodoState,
    Verdict,
    Word,
    starter_catalogue,
    todos,
)
from bankcif.testing.contracts import NotifierContract
from bankcif.upkeep import Count, LogNotifier, Notice, Notifier, SmtpNotifier

SERVICE, OPERATIONS = Purpose.SERVICE, Purpose.OPERATIONS
STEWARD = Actor(id="s.wu", roles=ALL_ROLES, branch="b")
LI = known(Actor(id="m.li", roles={"relationship_manager"}, branch="b"))
AN = known(Actor(id="m.an", roles={"relationship_manager"}, branch="b"))
TELLER = known(Actor(id="t.1", roles={"teller"}, branch="b"))
BATCH = Actor(id="b.1", roles={"batch"})
RENEW: dict[str, Any] = {"actor": BATCH, "purpose": OPERATIONS}
ASK: dict[str, Any] = {"actor": LI, "purpose": SERVICE}
RENEWAL = Reminder(
    name="renewal", of="tag:expired", zh="换证", en="Renew it", roles=("relationship_manager",), due_days=10, escalate_days=5,
    escalate_to=("teller",), snooze_days=20, again_days=30,
)  # fmt: skip
CATALOGUE = Catalogue.of(
    "1",
    tag("expired", "exists(identifiers where long_term = false and valid_until < today)"),
    tag("quiet", "bounces >= 2"),
    RENEWAL,
    Reminder(name="reach", of="tag:quiet", zh="联系", en="Reach them", roles=("teller",), snooze_days=0),
)


def working() -> Policy:
    document = LOOSE.document()
    batch = {"id": "batch", "roles": ["batch"], "purposes": ["operations"], "actions": ["portray"]}
    feeds = {
        "id": "feeds",
        "roles": ["batch"],
        "purposes": ["operations"],
        "actions": ["change"],
        "fields": ["bounces", "last_reached_on"],
    }
    return Policy.from_document({**document, "grant": [*document["grant"], batch, feeds], "version": "working"})


@pytest.fixture
def founding_policy() -> Policy:
    return working()


def documented(cif: CIF, until: str, *, key: str = "1", **more: Any) -> str:
    papers = [{"scheme": "passport", "number": f"E7390512{key}", "valid_until": until}]
    form = {"manager": "m.li", "phone": f"1549999999{key}", "name": "赵钱孙李周吴郑王冯陈"[int(key)] + "伟军", **more}
    return str(register(cif, STEWARD, key, identifiers=papers, **form).cif_no)


@pytest.fixture
def cif_no(cif: CIF) -> str:
    publish(cif, CATALOGUE)
    return documented(cif, "2026-11-30")


def waiting(cif: CIF, actor: Actor = LI) -> list[tuple[str, str, str]]:
    return [(one.cif_no, one.name, one.state.value) for one in cif.reminders.waiting(actor=actor, purpose=SERVICE)]


def test_it_is_there_once_the_tag_is_and_gone_with_the_cure(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    assert waiting(cif) == []
    clock.advance(timedelta(days=7))
    cif.tags.renew(**RENEW)
    assert waiting(cif) == [(cif_no, "renewal", "open")]
    cif.tags.renew(**RENEW)
    assert waiting(cif) == [(cif_no, "renewal", "open")], "run twice gives one"
    (one,) = cif.reminders.waiting(**ASK)
    assert (one.zh, one.en, one.owner, one.since, one.due) == (
        "换证",
        "Renew it",
        "m.li",
        date(2026, 12, 1),
        date(2026, 12, 11),
    )
    documented(cif, "2036-11-30")
    cif.approvals.approve(cif.approvals.waiting(actor=known(STEWARD, clock.now()), purpose=OPERATIONS)[0].id, actor=known(Actor(id="s.two", roles=ALL_ROLES, branch="b"), clock.now()))  # fmt: skip
    assert waiting(cif) == [], "what takes the tag away closes it"


def test_it_becomes_late_and_is_told_to_others(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    states = []
    for _ in range(26):
        clock.advance(timedelta(days=1))
        cif.tags.renew(**RENEW)
        mine, theirs = waiting(cif), waiting(cif, TELLER)
        states.append((mine[0][2] if mine else "", bool(theirs)))
    assert states == [("", False)] * 6 + [("open", False)] * 11 + [("overdue", False)] * 5 + [("escalated", True)] * 4


def test_it_is_for_the_manager_and_for_nobody_else_s(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    documented(cif, "2026-11-25", key="2", manager=None)
    clock.advance(timedelta(days=7))
    cif.tags.renew(**RENEW)
    assert {one[0] for one in waiting(cif)} == {cif_no} | {one[0] for one in waiting(cif, AN)}
    assert len(waiting(cif, AN)) == 1, "who has no manager is any manager's of the branch"
    elsewhere = known(Actor(id="m.li2", roles={"relationship_manager"}, branch="c"))
    assert waiting(cif, elsewhere) == []
    with pytest.raises(NotFoundOrNotAllowedError):
        waiting(cif, Actor(id="s.x", roles={"steward"}, branch="b"))


def test_it_is_put_off_done_and_comes_again(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    clock.advance(timedelta(days=7))
    cif.tags.renew(**RENEW)
    cif.reminders.snooze(cif_no, "renewal", clock.now().date() + timedelta(days=3), reason="on a journey", **ASK)
    whole = cif.customers.customer360(cif_no, **ASK).reminders
    assert [(one.state, one.by, one.reason) for one in whole] == [(TodoState.SNOOZED, "m.li", "on a journey")]
    assert waiting(cif) == []
    clock.advance(timedelta(days=4))
    assert waiting(cif) == [(cif_no, "renewal", "open")]
    cif.reminders.done(cif_no, "renewal", reason="called them", **ASK)
    assert waiting(cif) == []
    with pytest.raises(InputError, match="no such reminder waits"):
        cif.reminders.done(cif_no, "renewal", reason="again", **ASK)
    cif.reminders.reopen(cif_no, "renewal", reason="the wrong one", **ASK)
    assert waiting(cif) == [(cif_no, "renewal", "open")]
    cif.reminders.done(cif_no, "renewal", reason="called them", **ASK)
    clock.advance(timedelta(days=29))
    assert waiting(cif) == []
    clock.advance(timedelta(days=1))
    assert waiting(cif) == [(cif_no, "renewal", "escalated")], "the document is as old as it was"


REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "today": ("snooze", {"name": "renewal", "until": date(2026, 12, 1)}, "a day ahead"),
    "too far": ("snooze", {"name": "renewal", "until": date(2026, 12, 22)}, "for 20 days at most"),
    "what is not put off": ("snooze", {"name": "reach", "until": date(2026, 12, 3)}, "no such reminder waits"),
    "none of it": ("done", {"name": "shoes"}, "no such reminder waits"),
    "nothing to take back": ("reopen", {"name": "renewal"}, "nothing stands that was said"),
    "no reason": ("done", {"name": "renewal", "reason": " "}, "a reason is needed"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_can_not_be_said_is_refused(cif: CIF, cif_no: str, clock: FixedClock, what: str) -> None:
    clock.advance(timedelta(days=7))
    cif.tags.renew(**RENEW)
    method, more, said = REFUSED[what]
    with pytest.raises(InputError, match=said):
        getattr(cif.reminders, method)(cif_no, **{"reason": "r", **ASK, **more})
    assert waiting(cif) == [(cif_no, "renewal", "open")]


def test_whoever_may_not_work_on_a_customer_says_nothing_of_their_reminders(cif: CIF, cif_no: str) -> None:
    for actor in (
        Actor(id="s.x", roles={"steward"}, branch="b"),
        known(Actor(id="m.x", roles={"relationship_manager"}, branch="c")),
    ):
        with pytest.raises(NotFoundOrNotAllowedError):
            cif.reminders.done(cif_no, "renewal", reason="r", actor=actor, purpose=SERVICE)


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "a task for each customer and day": ({"again_days": 1}, "a task for each customer and day"),
    "of nothing": ({"of": "expired"}, "of tag:NAME, segment:NAME or finding:RULE"), "nobody": ({"roles": ()}, "names the roles"),
    "no sentence": ({"zh": " "}, "in Chinese and English"), "half of an escalation": ({"escalate_to": ()}, "belong together"),
    "days behind": ({"due_days": -1}, "within 0 to 3,660 days"), "put off for years": ({"snooze_days": 400}, "for 0 to 366 days"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_a_reminder_that_makes_no_sense_is_refused(what: str) -> None:
    more, said = BAD[what]
    with pytest.raises(RuleError, match=said):
        attrs.evolve(RENEWAL, **more)


def test_a_catalogue_says_its_reminders_again() -> None:
    document = CATALOGUE.document()
    assert Catalogue.from_document(document) == CATALOGUE
    assert "reminder" not in attrs.evolve(CATALOGUE, reminders={}).document()
    with pytest.raises(RuleError, match="there is no tag:shoes"):
        attrs.evolve(CATALOGUE, reminders={"x": attrs.evolve(RENEWAL, of="tag:shoes")})
    for table in ({"roles": "teller"}, {"roles": ["teller"], "who": 1}, {}):
        with pytest.raises(RuleError, match="reminder x"):
            Catalogue.from_document({**document, "reminder": {"x": {"of": "tag:quiet", "zh": "a", "en": "a", **table}}})
    known_ones = {*starter_catalogue().order, *(f"finding:{rule}" for rule in starter_rules().rules)}
    assert {one.of for one in starter_catalogue().reminders.values()} <= known_ones


# Reachability


def test_what_comes_back_counts_and_reaching_them_ends_it(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    for n in range(2):
        cif.reminders.contacted(cif_no, reached=False, evidence=f"bounce {n}", actor=BATCH, purpose=OPERATIONS)
        clock.advance(timedelta(seconds=1))
    assert waiting(cif, TELLER) == [(cif_no, "reach", "open")]
    with pytest.raises(InputError, match="not put off"):
        cif.reminders.snooze(cif_no, "reach", date(2026, 12, 3), reason="r", actor=TELLER, purpose=SERVICE)
    cif.reminders.contacted(cif_no, reached=True, actor=BATCH, purpose=OPERATIONS)
    assert waiting(cif, TELLER) == []
    assert cif.customers.get(cif_no, actor=LI, purpose=SERVICE).values["bounces"] == 0
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.reminders.contacted("C0", reached=True, actor=BATCH, purpose=OPERATIONS)


# Telling


class Told(Notifier):
    def __init__(self, *, deaf: bool = False) -> None:
        self.deaf, self.notices = deaf, list[Notice]()

    def notify(self, notice: Notice) -> None:
        if self.deaf and notice.to == "m.li":
            raise DeliveryError("deaf", rule="notifier")
        self.notices.append(notice)


def test_everybody_is_told_once_a_day_and_again_what_did_not_arrive(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    documented(cif, "2026-11-25", key="2")
    clock.advance(timedelta(days=7))
    cif.tags.renew(**RENEW)
    for _ in range(2):
        cif.reminders.contacted(cif_no, reached=False, actor=BATCH, purpose=OPERATIONS)
    deaf = Told(deaf=True)
    assert cif.reminders.deliver(deaf, **RENEW) == attrs.evolve(cif.reminders.deliver(deaf, **RENEW), sent=1, before=0)
    assert [one.to for one in deaf.notices] == ["teller"]
    hears = Told()
    found = cif.reminders.deliver(hears, **RENEW)
    assert (found.sent, found.before, found.failed) == (1, 1, 0)
    (notice,) = hears.notices
    assert (notice.to, dict(notice.counts)) == ("m.li", {"renewal": Count(zh="换证", en="Renew it", waits=2, fresh=2)})
    assert cif_no not in repr(notice) + notice.text("zh"), "who is meant they see in the store"
    assert cif.reminders.deliver(hears, **RENEW).sent == 0
    clock.advance(timedelta(days=1))
    assert cif.reminders.deliver(hears, **RENEW).sent == 2
    assert hears.notices[-2].counts["renewal"].fresh == 0
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.reminders.deliver(hears, actor=LI, purpose=SERVICE)


def test_without_a_catalogue_there_is_nothing_to_be_done(cif: CIF) -> None:
    register(cif, STEWARD, "1", identifiers=None)
    assert waiting(cif) == []
    assert cif.reminders.deliver(Told(), **RENEW).sent == 0


class Mailbox(socketserver.StreamRequestHandler):
    """As much of a mail server as takes a message."""

    letters: list[str]
    refuse = False

    def handle(self) -> None:
        self.wfile.write(b"220 test\r\n")
        lines: list[str] | None = None
        for raw in self.rfile:
            line = raw.decode().rstrip("\r\n")
            if lines is not None:
                if line == ".":
                    type(self).letters.append("\n".join(lines))
                    lines = None
                    self.wfile.write(b"250 ok\r\n")
                else:
                    lines.append(line)
            elif line.upper() == "DATA":
                lines = []
                self.wfile.write(b"354 go on\r\n")
            elif line.upper() == "QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"550 no\r\n" if self.refuse and line.upper().startswith("RCPT") else b"250 ok\r\n")


@pytest.fixture
def mailbox() -> Iterator[tuple[type[Mailbox], int]]:
    box = type("Box", (Mailbox,), {"letters": []})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), box) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield box, server.server_address[1]
        server.shutdown()


NOTICE = Notice(
    id="a" * 32, to="m.li", day=date(2026, 12, 1), counts={"renewal": Count(zh="换证", en="Renew it", waits=3, fresh=1, overdue=1)}
)  # fmt: skip


def test_a_notice_is_sent_by_mail(mailbox: tuple[type[Mailbox], int]) -> None:
    box, port = mailbox
    mail = SmtpNotifier(
        host="127.0.0.1",
        port=port,
        sender="cif@bank.example",
        addresses={"m.li": "li@bank.example"},
        tls="none",
        language="en",
    )
    mail.notify(NOTICE)
    mail.notify(attrs.evolve(NOTICE, to="nobody"))
    (letter,) = box.letters
    for line in ("Subject: Reminders of customers, 2026-12-01", "To: li@bank.example", f"Message-ID: <{'a' * 32}@bankcif>",
                 "Renew it: 3 to be done, of which 1 new, 1 overdue, 0 escalated"):  # fmt: skip
        assert line in letter
    assert "li@bank.example" not in repr(mail)
    box.refuse = True
    with pytest.raises(DeliveryError, match="tried again"):
        mail.notify(NOTICE)
    with pytest.raises(DeliveryError):
        attrs.evolve(mail, port=1, timeout=0.5).notify(NOTICE)
    for wrong in ({"host": "mail.example"}, {"tls": "maybe"}):
        with pytest.raises(ConfigurationError):
            attrs.evolve(mail, **wrong)


class TestLogNotifier(NotifierContract):
    @pytest.fixture
    def notifier(self) -> Notifier:
        return LogNotifier()


class TestSmtpNotifier(NotifierContract):
    @pytest.fixture
    def notifier(self, mailbox: tuple[type[Mailbox], int]) -> Notifier:
        return SmtpNotifier(
            host="127.0.0.1", port=mailbox[1], sender="cif@bank.example", addresses={"m.li": "a@b.example"}, tls="none"
        )


# The law


def day(n: int) -> date:
    return date(2026, 1, 1) + timedelta(n)


@given(
    since=st.integers(0, 30), today=st.integers(0, 120), said=st.one_of(st.none(), st.sampled_from([Said.DONE, Said.SNOOZED])), at=st.integers(0, 120),
    lasts=st.one_of(st.none(), st.integers(0, 40)),
)  # fmt: skip
def test_of_every_day_it_is_in_one_state_and_the_days_alone_decide(
    since: int, today: int, said: Said | None, at: int, lasts: int | None
) -> None:
    words = (
        ()
        if said is None
        else (
            Word(tag="reminder:renewal", said=said, until=None if lasts is None else day(at + lasts), at=at, actor="a"),
        )
    )
    held = Held(since=day(since), why=Verdict.RULE, version="1", evidence="")
    found = todos([RENEWAL], Portrait(has={"tag:expired": held}, words=words), day(today), day)
    again = todos([RENEWAL], Portrait(has={"tag:expired": held}, words=words), day(today), day)
    assert found == again
    (one,) = found
    counts = at >= since or (said is Said.DONE and today < at + 7)
    heard = said is not None and counts and (lasts is None or at + lasts >= today)
    assert one.waits is not heard
    if one.waits:
        late = today - since
        assert one.state is (TodoState.ESCALATED if late > 15 else TodoState.OVERDUE if late > 10 else TodoState.OPEN)
    assert todos([RENEWAL], Portrait(words=words), day(today), day) == (), "without the tag there is none"


@given(held=st.lists(st.booleans(), min_size=20, max_size=60))
def test_whatever_a_tag_does_nobody_is_asked_for_the_same_every_day(held: list[bool]) -> None:
    """Somebody does it each time it waits, and the tag comes and goes as it likes."""
    first, since, done, asked = date(2026, 1, 1), None, None, []
    for at, has in enumerate(held):
        today = first + timedelta(at)
        since = (since or today) if has else None
        if since is None:
            continue
        words = (
            ()
            if done is None
            else (Word(tag="reminder:renewal", said=Said.DONE, until=None, at=done.toordinal(), actor="m.li"),)
        )
        portrait = Portrait(
            has={"tag:expired": Held(since=since, why=Verdict.RULE, version="1", evidence="")}, words=words
        )
        (one,) = todos([attrs.evolve(RENEWAL, again_days=None)], portrait, today, date.fromordinal)
        if one.waits:
            asked.append(today)
            done = today
    assert all((later - before).days >= 7 for before, later in pairwise(asked))


def test_a_change_of_circumstances_asks_for_a_new_tax_certification(cif: CIF) -> None:
    publish(cif, starter_catalogue())
    form = {
        "birth_date": "1990-02-01",
        "nationality": "CN",
        "tax_residence": "CN",
        "manager": "m.li",
        "identifiers": None,
    }
    cif_no = str(register(cif, STEWARD, "1", **form).cif_no)

    def asked() -> list[date]:
        waits = cif.reminders.waiting(**ASK)
        return [one.due for one in waits if (one.cif_no, one.name) == (cif_no, "certify_tax_again")]

    assert asked() == []
    register(cif, STEWARD, "1", **{**form, "nationality": "FR"})
    assert asked() == [date(2026, 11, 24) + timedelta(days=90)]
    register(cif, STEWARD, "1", **{**form, "nationality": "FR", "tax_residence": "BOTH", "tax_residences": [{"country": "FR", "no_tin": "not_issued", "certified_on": "2026-11-24"}]})  # fmt: skip
    assert asked() == []


def at(cif: CIF, clock: FixedClock, day: str) -> None:
    """Goes on to noon of a day, and does what `bankcif daily` does."""
    clock.advance(datetime.combine(date.fromisoformat(day), time(4), UTC) - clock.now())
    cif.customers.rebuild(actor=known(STEWARD, clock.now()), purpose=OPERATIONS)
    cif.tags.renew(**RENEW)


def test_the_starter_reminders_come_and_go_with_the_calendar(cif: CIF, clock: FixedClock) -> None:
    publish(cif, starter_catalogue())
    cif_no = documented(
        cif, "2027-03-01", manager="m.li", birth_date="1990-12-05", investment_grade="C3", investment_grade_until="2026-12-31"
    )  # fmt: skip
    compliance = known(Actor(id="c.he", roles={"compliance"}))

    def asked(actor: Actor = LI, purpose: Purpose = SERVICE) -> set[str]:
        found = cif.reminders.waiting(actor=actor, purpose=purpose)
        return {one.name for one in found if one.cif_no == cif_no} - {"complete_due_diligence"}

    days = {
        "2026-11-24": set(),
        "2026-11-27": set(),
        "2026-11-28": {"birthday"},
        "2026-11-30": {"birthday"},
        "2026-12-01": {"birthday", "document_ends"},
        "2026-12-05": {"birthday", "document_ends"},
        "2026-12-06": {"document_ends"},
        "2027-01-01": {"document_ends", "assess_again"},
        "2027-03-01": {"document_ends", "assess_again"},
        "2027-03-02": {"renew_document", "assess_again"},
    }
    seen = {}
    for day in days:
        at(cif, clock, day)
        seen[day] = asked()
    assert seen == days
    reviews = {}
    for day in ("2027-10-24", "2027-10-25"):
        at(cif, clock, day)
        reviews[day] = "review_customer" in asked(known(compliance, clock.now()), Purpose.COMPLIANCE)
    assert reviews == {"2027-10-24": False, "2027-10-25": True}, "thirty days before a year is over"


def test_nobody_is_reminded_of_who_died_or_closed(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    clock.advance(timedelta(days=7))
    cif.tags.renew(**RENEW)
    assert waiting(cif) == [(cif_no, "renewal", "open")]
    clerk = known(TELLER, clock.now())
    cif.customers.step(
        cif_no, "report_death", reason="told by the family", evidence="file 7", actor=clerk, purpose=SERVICE
    )
    assert waiting(cif) == []
    assert cif.reminders.deliver(Told(), **RENEW).sent == 0
    with pytest.raises(InputError, match="no such reminder"):
        cif.reminders.done(cif_no, "renewal", reason="r", **ASK)
    assert cif.customers.customer360(cif_no, **ASK).reminders == ()


STALE = Catalogue.of(
    "1",
    Reminder(
        name="confirm_phone", of="finding:phone_fresh", zh="核对电话", en="Confirm the phone", roles=("relationship_manager",),
        due_days=10, again_days=30,
    ),
)  # fmt: skip


def examined(cif: CIF, clock: FixedClock) -> None:
    cif.quality.run(actor=known(STEWARD, clock.now()), purpose=OPERATIONS)


def confirmed(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    said = {"method": "one_time_code", "level": Assurance.SUBSTANTIAL, "evidence": "code 7"}
    cif.verifications.record(cif_no, ["phone"], **said, actor=known(STEWARD, clock.now()), purpose=OPERATIONS)


def test_what_grew_stale_is_asked_for_until_it_is_confirmed(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    """What the nightly run finds is a reminder as what a tag says is: once, put off, done, and cured."""
    publish(cif, STALE)
    cif_no = str(register(cif, STEWARD, "7", identifiers=None, manager="m.li").cif_no)
    confirmed(cif, cif_no, clock)
    examined(cif, clock)
    mine = [one for one in waiting(cif) if one[0] == cif_no]
    assert mine == []
    clock.advance(timedelta(days=366))
    examined(cif, clock)
    examined(cif, clock)
    (one,) = [one for one in cif.reminders.waiting(**ASK) if one.cif_no == cif_no]
    assert (one.name, one.since, one.due) == ("confirm_phone", date(2027, 11, 25), date(2027, 12, 5))
    told = Told()
    assert cif.reminders.deliver(told, **RENEW).sent == 1
    cif.reminders.snooze(cif_no, "confirm_phone", date(2027, 11, 27), reason="on holiday", **ASK)
    assert cif_no not in {one[0] for one in waiting(cif)}
    clock.advance(timedelta(days=3))
    assert cif_no in {one[0] for one in waiting(cif)}
    confirmed(cif, cif_no, clock)
    examined(cif, clock)
    assert cif_no not in {one[0] for one in waiting(cif)}, "confirmed, it is asked for no more"


def test_a_finding_that_is_accepted_asks_nobody(cif: CIF, clock: FixedClock) -> None:
    publish(cif, STALE)
    cif_no = str(register(cif, STEWARD, "7", identifiers=None, manager="m.li").cif_no)
    examined(cif, clock)
    assert (cif_no, "confirm_phone", "open") in waiting(cif), "nobody knows when it was said"
    officer: dict[str, Any] = {"actor": known(STEWARD, clock.now()), "purpose": OPERATIONS}
    cif.quality.accept(cif_no, "phone_fresh", until=date(2026, 12, 24), reason="they are abroad", **officer)
    assert waiting(cif) == []


@pytest.mark.parametrize("of", ["finding:", "finding:No", "finding:a b", "finding:x'", "rule:phone_fresh"])
def test_a_reminder_hangs_on_what_there_can_be(of: str) -> None:
    with pytest.raises(RuleError, match="finding:RULE"):
        attrs.evolve(RENEWAL, of=of)


def test_a_reminder_of_a_rule_that_there_is_not_is_not_published(cif: CIF) -> None:
    wrong = Catalogue.of("2", attrs.evolve(RENEWAL, of="finding:phone_frsh"))
    with pytest.raises(InputError, match="phone_frsh"):
        cif.tags.propose(wrong, reason="r", actor=known(Actor(id="o.1", roles={"tag_officer"})))
