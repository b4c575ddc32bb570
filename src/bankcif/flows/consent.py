"""
Consent: what a customer allows, refuses and withdraws, taken down with who took it, and asked before their data is used.

A statement is a source record like any other, so it moves with a merge and comes back with an unmerge. Of one subject the last statement
stands; behind a merge that of each side, and a refusal of one forbids, until the customer says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import attrs

from .._canonical import dumps
from ..access import Action, FieldDecision
from ..context import Actor, Effect, Purpose
from ..errors import InputError
from ..intake import Standard
from ..merging import Terms
from ..party import (
    CifNo,
    ConsentAnswer,
    ConsentState,
    ConsentUse,
    DataGroup,
    LifeCycle,
    PartyKind,
    SourceKey,
    code_lists,
    consent_answer,
    consent_subject,
    need_consent,
)
from ..storage import UnitOfWork
from ..storage.rows import PartyRow
from ._consented import spoken_of
from ._decided import Asked, Decided, keep_decided, with_party
from ._looked import looked_at
from ._opened import born_of, is_child, open_golden
from ._reasons import need_reason
from ._records import Arrival
from ._relations import granted_to
from .desk import Desk, assure, refuse
from .register import Outcome, Registered, register

__all__ = ["CONSENTS", "Allowed", "Stated", "allowed", "register_with", "state"]

CONSENTS = "bankcif.consent"
"""Source of what customers say of the use of their data."""
_MOST_GIVEN = 50
_MOST_STANDING = 500
_REFERENCE = re.compile(r"[^\s].{0,199}")


@attrs.frozen(kw_only=True)
class Stated:
    """
    A statement to be taken down.

    Attributes:
        state: What is said.
        use: Of what use.
        text: Version of the text that was shown to whoever grants.
        evidence: Reference to what proves it; never a customer's value.
        since: From which day; today if None.
        until: The last day of what is granted; None for no end.
        guardian: Whether a guardian says it for a child.
    """

    state: ConsentState
    use: ConsentUse
    text: str = ""
    evidence: str = attrs.field(default="", repr=False)
    since: date | None = None
    until: date | None = None
    guardian: bool = False

    def row(self, today: date) -> dict[str, Any]:
        """In stored form; what is nothing is left out."""
        since = today if self.since is None else self.since
        said = {
            **attrs.asdict(self.use), "state": self.state.value, "text": self.text, "evidence": self.evidence,
            "since": since.isoformat(), "until": None if self.until is None else self.until.isoformat(), "guardian": self.guardian,
        }  # fmt: skip
        return {name: value for name, value in said.items() if value not in (None, "", False)}


@attrs.frozen(kw_only=True)
class Allowed:
    """
    Whether a use of a customer's data is allowed today.

    Attributes:
        cif_no: The customer.
        answer: Whether, or what is in its way.
        since, until: The days of the statement that says so; None if there is none, or no last day.
        text: The version of the text that was shown.
    """

    cif_no: CifNo
    answer: ConsentAnswer
    since: date | None = None
    until: date | None = None
    text: str = ""


def state(desk: Desk, cif_no: CifNo, stated: Stated, *, reason: str, actor: Actor, purpose: Purpose) -> ConsentAnswer:
    """
    Takes down what a customer says of a use of their data; whether that use is allowed from then on.

    Args:
        desk: Collaborators.
        cif_no: The customer.
        stated: What is said.
        reason: How it came to be said, in the actor's words.
        actor, purpose: Who takes it down, what for.

    Raises:
        InputError: There is no such purpose, channel, data group or country, or the statement can not be; the message says why.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* take down their consents.
    """
    need_reason(reason)
    _need_known(stated)

    def work(unit: UnitOfWork, row: PartyRow) -> tuple[ConsentAnswer]:
        values = _keep(desk, unit, row, [stated], asked, reason)
        child = is_child(row, values, desk.today())
        return (consent_answer(values.get("consents", ()), stated.use, desk.today(), child=child)[0],)

    def may(granted: Mapping[str, FieldDecision]) -> bool:
        return "consents" in granted

    asked = Asked(Action.CONSENT, "consent", ("consents",), actor, purpose)
    return with_party(desk, cif_no, asked, may, work)[0]


def allowed(desk: Desk, cif_no: CifNo, use: ConsentUse, *, actor: Actor, purpose: Purpose) -> Allowed:
    """
    Whether a customer allows a use of their data today, for whoever is about to use it.

    Raises:
        InputError: There is no such purpose, channel, data group or country.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not show *actor* their consents.
        AccessError: *actor* has seen as many customers in this hour as the policy allows.
    """
    _need_use(use)
    today = desk.today()
    return looked_at(
        desk, cif_no, "consents", "consent_of", actor, purpose, lambda row, values: _allowed(row, values, use, today)
    )


class _NotTheirsError(Exception):
    """That the policy does not let an actor take down the consents of a customer whom a form is of."""

    def __init__(self, cif_no: CifNo) -> None:
        super().__init__("not theirs")
        self.cif_no = cif_no


def register_with(
    desk: Desk, arrival: Arrival, given: Sequence[Stated], *, needed: Sequence[str] = (), actor: Actor
) -> Registered:
    """
    Registers a form, and takes down in the same transaction what the customer said with it; both or neither. *needed* are purposes to which they
    must have consented by then.

    Raises:
        InputError: There is no such purpose, channel, data group or country, a statement can not be, or a consent is missing.
        NotFoundOrNotAllowedError: The policy does not let *actor* take down consents; of a customer whom there was already, theirs.
    """
    if not (given or needed):
        return register(desk, [arrival], actor=actor)[0]
    if len(given) > _MOST_GIVEN:
        raise InputError(f"a form brings {_MOST_GIVEN} consents at most", path="$.consents", rule="consent")
    for one in given:
        _need_known(one)
    if given:
        assure(desk, actor, Action.CONSENT, "consent", None)
    if given and desk.policy.allows(actor, Action.CONSENT).effect is Effect.DENY:
        raise refuse(desk, actor, "consent", None, fields=("consents",))
    asked = Asked(Action.CONSENT, "consent", ("consents",), actor, Purpose.SERVICE)

    def also(unit: UnitOfWork, done: Sequence[Registered]) -> None:
        if done[0].outcome is not Outcome.REFUSED:
            row = unit.parties.lock([done[0].cif_no])[done[0].cif_no]
            # A customer whom there was may be somebody else's: who brings a form of them has not shown that they are there.
            known = done[0].outcome not in (Outcome.NEW, Outcome.POSSIBLE_MATCH)
            theirs = row.life_cycle != LifeCycle.RESTRICTED and not (known and not _is_theirs(desk, unit, row, actor))
            if given and not theirs:
                raise _NotTheirsError(row.cif_no)
            if given:
                _keep_given(desk, unit, row, given, asked, f"with a form by {arrival.channel}")
            if needed:
                _need_given(desk, unit, row, needed, theirs=theirs)

    problem: InputError | None = None
    try:
        return register(desk, [arrival], actor=actor, also=also)[0]
    except _NotTheirsError as error:
        whose = error.cif_no
    except InputError as error:
        if error.rule != "consent":
            raise
        problem, whose = error, CifNo(error.cif_no or "")
    refused = refuse(desk, actor, "consent", Purpose.SERVICE, subjects=(whose,) if whose else (), fields=("consents",))
    raise problem or refused


def _need_given(desk: Desk, unit: UnitOfWork, row: PartyRow, needed: Sequence[str], *, theirs: bool) -> None:
    """Raises `InputError` where a customer has not consented to one of these purposes; who may not look at what they said is not told that they did."""
    spoken = spoken_of(desk, unit, [row])[row.cif_no]
    missing = [
        purpose for purpose in needed if not (theirs and spoken.allows(ConsentUse(purpose=purpose), desk.today()))
    ]
    if missing:
        whose = "a guardian's consent" if spoken.child else "the customer's consent"
        raise InputError(
            f"nothing of them is kept on this occasion without {whose} to {' and '.join(missing)}; bring it with the form", path="$.consents",
            rule="consent",
        )  # fmt: skip


def _is_theirs(desk: Desk, unit: UnitOfWork, row: PartyRow, actor: Actor) -> bool:
    return any("consents" in granted_to(desk, unit, actor, Action.CONSENT, purpose, row) for purpose in Purpose)


def _keep_given(
    desk: Desk, unit: UnitOfWork, row: PartyRow, given: Sequence[Stated], asked: Asked, reason: str
) -> None:
    """Takes down those of *given* that say something new."""
    standing = open_golden(desk, unit, row).get("consents", ())
    fresh = [one for one in given if not _says_the_same(one, standing, desk.today())]
    if fresh:
        _keep(desk, unit, row, fresh, asked, reason)


def _says_the_same(stated: Stated, standing: Sequence[Mapping[str, Any]], today: date) -> bool:
    """Whether a form that is sent again says nothing new: where no first day is said, that on which it was first said stands."""
    said = stated.row(today)
    there = [one for one in standing if consent_subject(one) == consent_subject(said)]
    begun = {"since"} if stated.since is None and all(one["since"] <= today.isoformat() for one in there) else set()
    own = {"id", "over", *begun}
    return bool(there) and all(_without(one, own) == _without(said, own) for one in there)


def _without(row: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def _keep(
    desk: Desk, unit: UnitOfWork, row: PartyRow, stated: Sequence[Stated], asked: Asked, reason: str
) -> dict[str, Any]:
    """
    Writes statements as source records, and gives the golden values that follow. Of one subject the last of *stated* counts.

    Behind a merge the customer speaks for both sides: what they grant stands above what each had said, which comes back when they are parted; what they
    refuse each of them has refused.
    """
    row = unit.parties.lock([row.cif_no])[row.cif_no]  # of two who speak at once, one hears the other
    today, values = desk.today(), open_golden(desk, unit, row)
    born = born_of(PartyKind(row.kind), values)
    standing, child = values.get("consents", ()), is_child(row, values, today)
    rows = {consent_subject(said): said for said in (one.row(today) for one in stated)}
    for said in rows.values():
        need_consent(
            said, today, standing, child=child, born=date.fromisoformat(born) if born else None, cif_no=row.cif_no
        )
    fresh = {subject for subject, said in rows.items() if said["state"] == ConsentState.GRANTED}
    if (
        len(fresh | {consent_subject(one) for one in standing}) > _MOST_STANDING and fresh
    ):  # who refuses is always heard
        raise InputError(
            f"what a customer said stands of {_MOST_STANDING} uses at most", path="$", rule="consent", cif_no=row.cif_no
        )
    members = {link.home for link in unit.crosswalk.of_parties([row.cif_no])} | {row.cif_no}
    homes: dict[SourceKey, CifNo] = {}
    wanted: list[tuple[SourceKey, dict[str, Any]]] = []
    for subject, said in rows.items():
        keys = {member: _key(desk, member, subject) for member in sorted(members)}
        granted = said["state"] == ConsentState.GRANTED
        for member in [row.cif_no] if granted else [*keys]:
            homes[keys[member]] = member
            wanted.append((keys[member], said))
    last = {mark.source_key: mark.record_no for mark in unit.sources.marks(CONSENTS, [key.key for key, _ in wanted])}
    arrivals = []
    for key, said in wanted:
        own = f"{key.key}:{last.get(key.key, -1) + 1}"
        over = [
            one["id"]
            for one in standing
            if consent_subject(one) == consent_subject(said) and one["id"].partition(":")[0] != key.key
        ]
        known = {
            **said,
            "id": own,
            **({"over": sorted(over)} if over and said["state"] == ConsentState.GRANTED else {}),
        }
        form = Standard(kind=PartyKind(row.kind), values={"consents": [known]}, given={}, faults=())
        # Of one key the number of the record decides, and no clock.
        arrivals.append(Arrival(origin=key, channel="consent", terms=Terms(), business_time=None, form=form))
    # What was said of what is sealed; the log keeps whether two statements were the same.
    told = sorted(dumps([*subject, said["state"]]).decode() for subject, said in rows.items())
    same = desk.digester.digest("consent_said", dumps([row.cif_no, *told]))
    decided = Decided(row=row, arrivals=arrivals, homes=homes)
    rebuilt = keep_decided(desk, unit, [decided], asked, reason=reason, rule=f"consent:{same.hex()}")[0]
    return open_golden(desk, unit, rebuilt.row)


def _key(desk: Desk, cif_no: CifNo, subject: tuple[str | None, ...]) -> SourceKey:
    """Under what a customer's statements on a subject are kept; it tells nobody who reads the database of whom and of what they are."""
    return SourceKey(CONSENTS, desk.digester.digest("consent", dumps([cif_no, *subject])).hex())


def _allowed(row: PartyRow, values: Mapping[str, Any], use: ConsentUse, today: date) -> Allowed:
    answer, by = consent_answer(values.get("consents", ()), use, today, child=is_child(row, values, today))
    if by is None:
        return Allowed(cif_no=row.cif_no, answer=answer)
    until = by.get("until")
    return Allowed(
        cif_no=row.cif_no, answer=answer, since=date.fromisoformat(by["since"]),
        until=None if until is None else date.fromisoformat(until), text=by.get("text", ""),
    )  # fmt: skip


def _need_known(stated: Stated) -> None:
    _need_use(stated.use)
    for name, text in (("text", stated.text), ("evidence", stated.evidence)):
        _need_reference(name, text)


def _need_use(use: ConsentUse) -> None:
    codes = code_lists()
    words: Iterable[tuple[str, str | None, Iterable[str]]] = (
        ("purpose", use.purpose, list(Purpose)), ("channel", use.channel, codes["contact_channel"].labels.keys() - {"none"}),
        ("data_group", use.data_group, list(DataGroup)), ("country", use.country, codes["country"].labels),
    )  # fmt: skip
    for name, word, known in words:
        if word is not None and word not in set(known):
            listed = ", ".join(sorted(known)) if name != "country" else "two letters after ISO 3166"
            raise InputError(f"{name} is one of {listed}", path=f"$.{name}", rule="consent")
    _need_reference("recipient", use.recipient)
    if use.country is not None and use.recipient is None:
        raise InputError(
            "who consents to a country consents to a recipient there; name it", path="$.recipient", rule="consent"
        )


def _need_reference(name: str, text: str | None) -> None:
    if text and not (_REFERENCE.fullmatch(text) and text.isprintable()):
        raise InputError(f"{name} is at most 200 printable characters", path=f"$.{name}", rule="consent")
