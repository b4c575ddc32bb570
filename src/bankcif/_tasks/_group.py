"""What every group of tasks is: methods over the desk of its file, each a call of the public API."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from .._clock import to_micros
from ..errors import InputError
from ..flows.call import as_call
from ..flows.desk import Desk
from ..merging import Terms

__all__ = ["Group", "instant"]

_LOGGED = {
    "customers.get": "view", "reviews.open": "open_review", "reviews.tick": "tick_review", "reviews.close": "close_review", "reviews.of": "review_of", "customers.step": "transition", "approvals.waiting": "proposals", "approvals.mine": "own_proposals", "approvals.approve": "decide",
    "approvals.reject": "decide", "verifications.record": "verify", "verifications.check": "verify",
    "verifications.states": "verifications", "held.rows": "held", "held.show": "show_held",
    "held.refuse": "refuse_row", "held.expire": "expire_held", "erasures.propose": "propose_erasure",
    "erasures.certificate": "certify", "keys.rotate": "rotate_keys", "keys.check": "check_keys",
    "operators.begin_passkey": "add_passkey", "operators.finish_passkey": "add_passkey",
    "operators.remove": "remove_factor", "operators.begin_step_up": "step_up", "operators.finish_step_up": "step_up",
    "exports.propose": "propose_export", "exports.take": "export", "feeds.take": "take_feed", "feeds.acknowledge": "acknowledge_feed", "feeds.deliver": "take_feed", "feeds.begin": "begin_feed",
    "feeds.states": "feed_states", "feeds.cut": "cut_outbox", "access.review": "review_access",
    "policies.propose": "propose_policy", "tags.preview": "preview_catalogue", "tags.proposed": "proposed_catalogue", "tags.audience": "preview_audience",
    "tags.count": "count_tags", "tags.propose": "propose_catalogue",
    "relations.add": "relate", "relations.end": "end_relation", "relations.correct": "correct_relation", "relations.retract": "retract_relation",
    "relations.of": "relations", "changes.make": "change", "changes.cancel": "cancel_change", "changes.of": "changes",
    "reminders.waiting": "reminders", "reminders.done": "remind", "reminders.snooze": "remind", "reminders.reopen": "remind", "reminders.deliver": "deliver_reminders",
    "flags.possible": "possible_flags", "flags.decide": "decide_flag", "flags.add": "flag", "flags.end": "end_flag", "flags.of": "flags_of",
    "scoring.propose": "propose_model", "scoring.proposed": "proposed_model", "scoring.run": "score",
    "reports.make": "report", "reports.movement": "report_movement", "reports.portfolio": "report",
    "requests.open": "open_request", "requests.approve": "approve_request", "requests.refuse": "refuse_request", "requests.withdraw": "withdraw_request",
    "requests.carry_out": "carry_out_request", "requests.copy": "subject_copy", "requests.of": "requests_of", "requests.waiting": "waiting_requests",
    "retention.of": "retention_of", "retention.release": "release_hold", "retention.preview": "retention_preview", "retention.certificate": "run_certificate",
    "quality.run": "examine", "quality.figures": "quality_figures", "quality.assign": "assign_finding", "quality.accept": "accept_finding",
    "quality.dismiss": "dismiss_finding", "quality.close": "close_finding", "quality.report": "report_finding", "quality.appeal": "appeal_finding",
    "quality.draw": "draw_sample", "quality.suggestions": "cleaning_proposals",
    "reminders.contacted": "change", "relations.picture": "relation_picture",
    "tags.roll_back": "propose_catalogue", "tags.say": "tag", "tags.veto": "tag", "tags.take_back": "tag", "audit.verify": "verify_log", "audit.who": "who_looked",
}  # fmt: skip
"""What the log calls a task, where that is not the method's name."""


class _File(Protocol):
    """What a group of tasks needs of its file."""

    @property
    def _desk(self) -> Desk: ...

    @property
    def _trust(self) -> Mapping[str, Terms]: ...


class Group:
    """A group of tasks; each of its public methods that is done on somebody's behalf is a call of the public API."""

    def __init_subclass__(cls) -> None:
        for name, function in list(vars(cls).items()):
            if not name.startswith("_") and callable(function) and "actor" in inspect.signature(function).parameters:
                group = cls.__name__.lower()
                setattr(cls, name, as_call(f"{group}.{name}", _LOGGED.get(f"{group}.{name}", name))(function))

    def __init__(self, cif: _File) -> None:
        self._cif = cif

    @property
    def _desk(self) -> Desk:
        return self._cif._desk


def instant(at: datetime | None, default: int) -> int:
    """Microseconds since 1970 of an aware instant, or *default* without one. Raises `InputError` if it is not aware."""
    if at is not None and at.tzinfo is None:
        raise InputError("an instant needs its time zone", rule="time")
    return default if at is None else to_micros(at)
