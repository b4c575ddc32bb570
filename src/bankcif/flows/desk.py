"""The desk: everything a flow works with, chosen once by the composition root."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import attrs

from .._canonical import sha256
from .._clock import FOREVER, Clock, IdSource, local_date, start_of, to_micros
from ..access import Action, AuthPlan, MaskProfiles, Policy, Requirement
from ..audit import AuditEntry, Outcome
from ..context import Actor, Effect, Purpose
from ..errors import (
    AccessError,
    BankCIFError,
    ConflictError,
    InputError,
    NotFoundOrNotAllowedError,
    StepUpRequired,
    StorageError,
)
from ..identifiers import SchemeSet
from ..intake import CaptureStandards, Standardizer
from ..matching import LinkPolicy, MatchModel
from ..merging import SurvivorshipRules
from ..party import CodeLists, PartyKind
from ..protection import DataKeys, Sealer, Tagger, Taggers
from ..quality import Gauge, RuleBook
from ..storage import LOST, Repository, UnitOfWork
from ..upkeep import RequestPlan, RetentionPlan, ReviewPlan
from ._indexes import written_by
from ._policy import PolicyWatch
from ._tagging import Tagging
from ._tags import TagsInForce, TagWatch
from .log import LogWriter

__all__ = [
    "Desk",
    "Tagging",
    "assure",
    "authorize",
    "destroy_retired",
    "destroy_retired_later",
    "hour_of",
    "need_assurance",
    "need_purpose",
    "note",
    "operation_digest",
    "over_cap",
    "record",
    "refuse",
    "retire",
    "retried",
    "spend",
    "told",
]

T = TypeVar("T")
E = TypeVar("E", bound=BankCIFError)
_LOGGER = logging.getLogger("bankcif")
_PAUSES = (0.1, 0.5, 2.0)
"""Seconds between tries after a lost connection."""
_HOUR = 3_600_000_000


@attrs.frozen(kw_only=True, repr=False)
class Desk:
    """
    The collaborators of all flows.

    Attributes:
        taggers: Make the tags of blind indexes, by version.
        digester: Makes keyed digests of contents, and tokens.
        survivorship: By which golden records are made.
        policy, watch: By which the call works, from its beginning to its end; what tells when another comes, for the next call's desk.
        tags, tag_watch: The tag catalogue by which portraits are made in this call, if there is one; and what tells when another comes.
        reviews: How customers are reviewed.
        retention, requests: How long what is kept, and until when what customers ask about their data is answered.
        quality, gauge: What is asked of data, and what looks into values for it.
        log: Writes the audit log.
        wait: Waits so many seconds, for a server to come back.
    """

    tenant: str
    zone: ZoneInfo
    clock: Clock
    ids: IdSource
    repository: Repository
    data_keys: DataKeys
    sealer: Sealer
    taggers: Taggers
    digester: Tagger
    schemes: SchemeSet
    codes: CodeLists
    standardizer: Standardizer
    standards: CaptureStandards
    models: Mapping[PartyKind, MatchModel]
    link_policy: LinkPolicy
    survivorship: SurvivorshipRules
    policy: Policy
    watch: PolicyWatch
    tags: TagsInForce | None
    tag_watch: TagWatch
    masks: MaskProfiles
    reviews: ReviewPlan
    retention: RetentionPlan
    requests: RequestPlan
    quality: RuleBook
    gauge: Gauge
    authentication: AuthPlan
    log: LogWriter
    wait: Callable[[float], None]

    @contextmanager
    def unit_of_work(self) -> Iterator[UnitOfWork]:
        """A unit of work; behind it, whatever it committed, the log is vouched for if that is due."""
        with self.repository.unit_of_work() as unit:
            yield unit
        self.log.settle()

    def now(self) -> int:
        """The instant in microseconds since 1970, UTC."""
        return to_micros(self.clock.now())

    def today(self) -> date:
        """The day in the tenant's zone."""
        return local_date(self.clock.now(), self.zone)

    def span(self, since: date | None, until: date | None) -> tuple[int, int]:
        """The instants from the first day to the end of the last, in the tenant's zone; open where None. Raises `InputError` if the last is before the first."""
        if since is not None and until is not None and until < since:
            raise InputError("the last day is before the first", path="$.until", rule="period")
        first = 0 if since is None else to_micros(start_of(since, self.zone))
        open_end = until is None or until >= date.max - timedelta(days=1)  # there a zone may fall off the calendar
        return first, FOREVER if open_end or until is None else to_micros(
            start_of(until + timedelta(days=1), self.zone)
        )

    def tagging(self, unit: UnitOfWork) -> Tagging:
        """What makes tags in *unit*: the store says which version is searched, and whether another is being filled."""
        return Tagging(written=written_by(self.taggers, unit.keys.store()))

    def likely_tagging(self, unit: UnitOfWork) -> Tagging:
        """What made tags the last time; for who asks by `tagging` behind it, once nobody can change that any more."""
        _, written = self.taggers.lately
        return Tagging(written=written) if written else self.tagging(unit)


def record(desk: Desk, unit: UnitOfWork, entries: Sequence[AuditEntry]) -> None:
    """Appends *entries* to the log, in the transaction of what they tell of."""
    desk.log.append(unit, entries)


def refuse(
    desk: Desk,
    actor: Actor,
    action: str,
    purpose: Purpose | None,
    *,
    subjects: tuple[str, ...] = (),
    fields: tuple[str, ...] = (),
    rule: str = "default",
    channel: str = "",
    faults: Mapping[str, int] | None = None,
) -> NotFoundOrNotAllowedError:
    """
    Audits a refusal in a unit of its own and gives the error to raise: one answer for "not found" and "not allowed".
    """
    with desk.unit_of_work() as unit:
        entry = AuditEntry.by(
            actor, action, desk.now(), purpose=purpose,
            outcome=Outcome.REFUSED, subjects=subjects, fields=fields, rule=rule, channel=channel, faults=faults or {},
        )  # fmt: skip
        record(desk, unit, [entry])
        unit.commit()
    return told(
        NotFoundOrNotAllowedError(
            f"there is no such customer, or the policy does not let {actor.id} do this for this purpose", rule=rule
        )
    )


def told(error: E) -> E:
    """*error*, of which the log tells."""
    error.audited = True
    return error


def note(desk: Desk, actor: Actor, action: str, *, purpose: Purpose | None = None, **more: Any) -> None:
    """Appends an entry in a unit of its own, before anything leaves; *more* are attributes of `AuditEntry`."""
    with desk.unit_of_work() as unit:
        record(desk, unit, [AuditEntry.by(actor, action, desk.now(), purpose=purpose, **more)])
        unit.commit()


def need_purpose(desk: Desk, actor: Actor, action: str, purpose: object) -> None:
    """
    Every read names its purpose.

    Raises:
        AccessError: It names none; audited.
    """
    if isinstance(purpose, Purpose):
        return
    refuse(desk, actor, action, None, rule="purpose")
    raise told(AccessError("a read names its purpose; there is no default", rule="purpose"))


def authorize(desk: Desk, actor: Actor, action: Action, what: str, purpose: Purpose, *, operation: str = "") -> None:
    """
    Lets *actor* go on only if the policy grants *action* for *purpose*.

    Raises:
        AccessError: No purpose was named; audited under *what*.
        NotFoundOrNotAllowedError: The policy does not grant it; audited under *what*.
        StepUpRequired: They were not recognized as the policy asks; audited under *what*.
    """
    need_purpose(desk, actor, what, purpose)
    if desk.policy.allows(actor, action, purpose).effect is Effect.DENY:
        raise refuse(desk, actor, what, purpose)
    assure(desk, actor, action, what, purpose, operation=operation)


def assure(
    desk: Desk, actor: Actor, action: Action, what: str, purpose: Purpose | None, *, operation: str = ""
) -> None:
    """
    Lets *actor* go on only if they were recognized as the policy asks for *action*.

    Raises:
        StepUpRequired: They were not; audited under *what*.
    """
    need_assurance(desk, actor, desk.policy.requirement(action), what, purpose, operation=operation)


def need_assurance(
    desk: Desk, actor: Actor, requirement: Requirement, what: str, purpose: Purpose | None, *, operation: str
) -> None:
    """
    Lets *actor* go on only if they were recognized as *requirement* asks.

    Raises:
        StepUpRequired: They were not; audited under *what*.
    """
    missing = requirement.missing(actor.auth, desk.clock.now(), operation)
    if not missing:
        return
    refuse(desk, actor, what, purpose, rule=f"step_up:{'+'.join(missing)}")
    asks = {
        "level": f"be recognized at level {requirement.level}",
        "age": f"within the last {requirement.max_age_minutes} minutes",
        "operation": "for this one operation",
    }
    raise told(
        StepUpRequired(
            f"{actor.id} must {asks['level'] if 'level' in missing else 'be recognized anew'}"
            f"{''.join(', ' + asks[one] for one in missing if one != 'level')}",
            missing=missing, level=requirement.level, max_age_minutes=requirement.max_age_minutes,
            operation=operation if requirement.bound else "",
        )
    )  # fmt: skip


def spend(desk: Desk, unit: UnitOfWork, actor: Actor, action: Action, count: int) -> bool:
    """
    Counts *count* customers whom *actor*'s person sees by *action*, in *unit*, whatever their operator id, and tells whether they are within the policy's cap: if
    not, the unit is to be left without a commit, and `over_cap` raised behind it.
    """
    most = desk.policy.caps.get(action)
    if most is None or not count:
        return True
    return unit.usage.add(actor.person, action.value, hour_of(desk), count) <= most


def hour_of(desk: Desk) -> int:
    """The hour of the clock, as usage is counted by."""
    return desk.now() // _HOUR


def over_cap(desk: Desk, actor: Actor, action: Action, what: str, purpose: Purpose) -> AccessError:
    """Audits that a cap was reached, and gives the error to raise."""
    refuse(desk, actor, what, purpose, rule="cap")
    return told(
        AccessError(
            f"{actor.id} has seen as many customers in this hour as the policy allows "
            f"({desk.policy.caps[action]}); go on in the next",
            rule="cap",
        )
    )


def operation_digest(what: str, *parts: str) -> str:
    """The digest (hexadecimal) of one operation, for which an actor may have to be recognized."""
    return sha256("bankcif/v1/operation", what, len(parts), *parts).hex()


def destroy_retired(desk: Desk) -> None:
    """
    Destroys the data keys that committed units retired: first in the key store, then in the note of them, so that a
    crash between leaves a note and nothing else. A note that this library did not write destroys nothing.
    """
    with desk.unit_of_work() as unit:
        retired = unit.keys.retired()
    if not retired:
        return
    ours = {key_id for key_id, mark in retired if _is_ours(desk, key_id, mark)}
    if len(ours) < len(retired):
        _LOGGER.warning(
            "%d notes of retired keys were written by somebody else, and are passed over", len(retired) - len(ours)
        )
    desk.data_keys.destroy(ours)
    with desk.unit_of_work() as unit:
        unit.keys.forget(retired)
        unit.commit()


def retire(desk: Desk, unit: UnitOfWork, key_ids: Iterable[bytes]) -> None:
    """
    Notes that these data keys seal nothing any more, to be destroyed behind this unit. Whoever asks has opened what they
    sealed, or knows from a mark that it names its own key.
    """
    unit.keys.retire([(key_id, _retired_mark(desk, key_id)) for key_id in key_ids])


def _is_ours(desk: Desk, key_id: bytes, mark: bytes) -> bool:
    try:
        return hmac.compare_digest(mark, _retired_mark(desk, key_id))
    except TypeError:  # somebody wrote what is not even bytes
        return False


def _retired_mark(desk: Desk, key_id: bytes) -> bytes:
    return desk.digester.digest("retired", key_id)


def destroy_retired_later(desk: Desk) -> None:
    """
    As `destroy_retired`, behind what is committed: what fails now is tried again with the next decision, certificate or opening,
    and does not make what is done look as if it were not.
    """
    try:
        destroy_retired(desk)
    except StorageError as error:
        _LOGGER.warning("retired keys are not destroyed yet (%s); that is tried again", error.rule or error.code)


def retried(work: Callable[[], T], *, wait: Callable[[float], None] | None = None) -> T:
    """
    Runs *work*, again if another writer was first; then it sees what that one wrote, and decides anew.

    Args:
        work: Does everything in one unit.
        wait: Waits so many seconds; with it, work is run again after the connection was lost, too, when the server had time to come
            back: only what comes to the same if it had been committed.
    """
    for seconds in _PAUSES:
        try:
            return work()
        except ConflictError:
            continue
        except StorageError as error:
            if wait is None or error.rule != LOST:
                raise
            wait(seconds)
    return work()
