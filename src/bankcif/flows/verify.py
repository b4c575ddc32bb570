"""
Verifying: authorize -> open -> ask outside -> record, and where each field of a customer stands.

A check is a source record that asserts nothing: it names what it saw by a keyed digest, so that it holds for exactly that
value. Asking outside happens between two transactions; what it saw must still stand when the answer is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import attrs

from ..access import Action
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..errors import ConfigurationError, InputError
from ..intake import Answer, Doubt, GuardedVerifier, Standard
from ..merging import Assurance, Terms, Verification, VerifiedField, value_at, verification_states
from ..party import CATALOGUE, FIELD_NAMES, CifNo, PartyKind, SourceKey
from ..storage import UnitOfWork
from ..storage.rows import LinkRow, PartyRow
from ._golden import golden_of, rebuild, verified_tag
from ._records import Arrival, Record, content_tag, open_records, seal_record
from ._relations import current, granted_to
from ._reshape import standing
from .desk import Desk, assure, need_purpose, record, refuse, retried

__all__ = ["Verified", "check", "record_check", "states"]

_SOURCE = "bankcif.verification"
_LONGEST = 200
_MOST_FIELDS = 20


@attrs.frozen(kw_only=True)
class Verified:
    """
    What became of a check.

    Attributes:
        states: Where each checked field stands now.
        doubt: Why the outside check gave nothing to record; None if it did.
    """

    states: Mapping[str, VerifiedField]
    doubt: Doubt | None = None


def record_check(
    desk: Desk,
    cif_no: CifNo,
    fields: Sequence[str],
    *,
    method: str,
    level: Assurance,
    evidence: str,
    confirmed: bool,
    valid_until: date | None,
    actor: Actor,
    purpose: Purpose,
) -> Verified:
    """
    Records that *actor* checked the values that *fields* have now.

    Raises:
        InputError: A field that there is none of, or a method or evidence that is none.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* verify one of the fields.
    """
    _need_words(method, evidence)
    paths = tuple(dict.fromkeys(fields))

    def write(unit: UnitOfWork, party: _Party) -> Verified:
        empty = next((path for path, value in party.values.items() if value is None), None)
        if empty is not None:
            raise InputError("there is no value to verify", path=f"$.{empty}", rule="required", cif_no=party.row.cif_no)
        checked = Verification(
            fields=paths, value_tag=verified_tag(desk, party.values), confirmed=confirmed, method=method, level=level,
            evidence=evidence, actor=actor.id, at=desk.now(), valid_until=valid_until,
        )  # fmt: skip
        return _write(desk, unit, party, checked, actor, purpose)

    return _with_party(desk, cif_no, paths, actor, purpose, write)


def check(desk: Desk, verifier: GuardedVerifier, cif_no: CifNo, *, actor: Actor, purpose: Purpose) -> Verified:
    """
    Asks *verifier* about the values it needs and records its answer; without one they stay as they were.

    Raises:
        ConfigurationError: The verifier's method or level is none.
        InputError: It needs a field that there is none of.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* verify one of the fields.
    """
    paths, method = tuple(verifier.verifier.fields), verifier.verifier.method
    if verifier.verifier.level not in set(Assurance) or not _is_word(method):
        raise ConfigurationError(
            f"a verifier has a short name as its method, and a level of {', '.join(Assurance)}", rule="configuration"
        )
    asked: Mapping[str, Any] = {}

    def prepare(unit: UnitOfWork, party: _Party) -> Verified:
        nonlocal asked
        asked = party.values
        doubt = Doubt.VALUE_MISSING if None in asked.values() else None
        if doubt is None:
            # Values leave the library: that is in the log before they do.
            record(desk, unit, [_entry(desk, party.row, paths, f"{method}:asked", "verify_ask", actor, purpose)])
        return Verified(states=_states(desk, party.row, party.opened), doubt=doubt)

    before = _with_party(desk, cif_no, paths, actor, purpose, prepare)
    if before.doubt is not None:
        return before
    said = verifier.ask(asked)

    def write(unit: UnitOfWork, party: _Party) -> Verified:
        doubt = said if isinstance(said, Doubt) else Doubt.VALUE_CHANGED if party.values != asked else None
        if isinstance(said, Doubt) or doubt is not None:
            record(desk, unit, [_entry(desk, party.row, paths, f"{method}:{doubt}", "verify", actor, purpose)])
            return Verified(states=_states(desk, party.row, party.opened), doubt=doubt)
        checked = Verification(
            fields=paths, value_tag=verified_tag(desk, asked), confirmed=said.answer is Answer.CONFIRMED, method=method,
            level=Assurance(verifier.verifier.level), evidence=said.evidence, actor=actor.id, at=desk.now(),
            valid_until=verifier.valid_until(desk.today()),
        )  # fmt: skip
        return _write(desk, unit, party, checked, actor, purpose)

    return _with_party(desk, cif_no, paths, actor, purpose, write)


def states(desk: Desk, cif_no: CifNo, *, actor: Actor, purpose: Purpose) -> Mapping[str, VerifiedField]:
    """
    Where each checked field of a customer stands, of those that *actor* may see.

    Raises:
        NotFoundOrNotAllowedError: There is no such customer, or nothing of them may be seen.
    """
    need_purpose(desk, actor, "verifications", purpose)
    assure(desk, actor, Action.VIEW, "verifications", purpose)
    with desk.unit_of_work() as unit:
        row = current(unit, cif_no, purpose)
        seen = {} if row is None else granted_to(desk, unit, actor, Action.VIEW, purpose, row)
        found: dict[str, VerifiedField] = {}
        if row is not None and seen:
            known = _states(desk, row, open_records(desk, unit.sources.of_parties([row.cif_no])))
            found = {path: state for path, state in known.items() if path.partition(".")[0] in seen}
            record(desk, unit, [_entry(desk, row, tuple(found), "", "verifications", actor, purpose)])
            unit.commit()
    if row is None or not seen:
        raise refuse(desk, actor, "verifications", purpose, subjects=(row.cif_no,) if row else ())
    return found


@attrs.frozen(kw_only=True, repr=False)
class _Party:
    """A party today, its opened records, and the golden values at the paths in question."""

    row: PartyRow
    opened: Sequence[Record]
    values: Mapping[str, Any]


def _with_party(
    desk: Desk,
    cif_no: CifNo,
    paths: tuple[str, ...],
    actor: Actor,
    purpose: Purpose,
    work: Callable[[UnitOfWork, _Party], Verified],
) -> Verified:
    """Does *work* in one transaction, on the party as it stands, if *actor* may verify all of *paths*."""
    need_purpose(desk, actor, "verify", purpose)
    assure(desk, actor, Action.VERIFY, "verify", purpose)
    if not 0 < len(paths) <= _MOST_FIELDS or not all(_is_path(desk, path) for path in paths):
        raise InputError("name fields to verify, such as phone or identifiers.passport", rule="unknown_field")
    names = tuple(dict.fromkeys(path.partition(".")[0] for path in paths))

    def once() -> Verified | PartyRow | None:
        with desk.unit_of_work() as unit:
            row = current(unit, cif_no, purpose)
            if row is None:
                return None
            kind = PartyKind(row.kind)
            if not set(names) <= set(CATALOGUE[kind]):
                raise InputError("name fields to verify, such as phone or identifiers.passport", rule="unknown_field")
            granted = granted_to(desk, unit, actor, Action.VERIFY, purpose, row)
            if not set(names) <= set(granted):
                return row
            opened = open_records(desk, unit.sources.of_parties([row.cif_no]))
            golden = golden_of(desk, kind, [one.statement for one in opened], row.anchor).values
            values = {path: value_at(golden, path) for path in paths}
            found = work(unit, _Party(row=row, opened=opened, values=values))
            unit.commit()
        return found

    found = retried(once)
    if isinstance(found, Verified):
        return found
    raise refuse(
        desk, actor, "verify", purpose, subjects=(found.cif_no,) if found else (), fields=names if found else ()
    )


def _write(
    desk: Desk,
    unit: UnitOfWork,
    party: _Party,
    checked: Verification,
    actor: Actor,
    purpose: Purpose,
) -> Verified:
    row = party.row
    # A later check counts, even where clocks of two hosts differ or two checks share an instant.
    earlier = [one.statement.verification.at for one in party.opened if one.statement.verification is not None]
    checked = attrs.evolve(checked, at=max((checked.at, *(at + 1 for at in earlier))))
    arrival = Arrival(
        origin=SourceKey(_SOURCE, desk.ids.draw(16).hex()), channel="verification",
        form=Standard(kind=PartyKind(row.kind), values={}, given={}, faults=()), terms=Terms(), verification=checked,
    )  # fmt: skip
    sealed = seal_record(
        desk, arrival, record_no=0, key=desk.data_keys.take(1)[0], received_at=desk.now(),
        content=content_tag(desk, arrival), actor=actor,
    )  # fmt: skip
    unit.sources.add([sealed])
    link = LinkRow(
        source=sealed.source, source_key=sealed.source_key, number=0, home=row.cif_no, cif_no=row.cif_no,
        reason="verification", weight_millibits=None, actor=actor.id, since=checked.at,
    )  # fmt: skip
    unit.crosswalk.add([link])
    touched, opened = standing(desk, unit, row.cif_no)
    before = [one for one in touched.before if one.place != sealed.place]
    rebuilt = rebuild(desk, unit, [attrs.evolve(touched, before=before)], actor=actor, now=desk.now())
    outcome = "confirmed" if checked.confirmed else "denied"
    entry = _entry(desk, row, checked.fields, f"{checked.method}:{outcome}", "verify", actor, purpose)
    record(desk, unit, [attrs.evolve(entry, digests={row.cif_no: rebuilt[row.cif_no].row.stamp})])
    known = _states(desk, row, opened)
    return Verified(states={path: known[path] for path in checked.fields})


def _states(desk: Desk, row: PartyRow, opened: Sequence[Record]) -> dict[str, VerifiedField]:
    """The states, to be given out: without the tags, by which two customers' equal values could be told."""
    known = verification_states(
        PartyKind(row.kind), [one.statement for one in opened], anchor=row.anchor, today=desk.today(),
        rules=desk.survivorship,
        digest=lambda values: verified_tag(desk, values),
    )  # fmt: skip
    return {
        path: attrs.evolve(state, last=attrs.evolve(state.last, value_tag="") if state.last else None)
        for path, state in known.items()
    }


def _entry(
    desk: Desk, row: PartyRow, fields: tuple[str, ...], rule: str, action: str, actor: Actor, purpose: Purpose
) -> AuditEntry:
    return AuditEntry.by(
        actor, action, desk.now(), purpose=purpose, subjects=(row.cif_no,), count=1,
        fields=fields, rule=rule,
    )  # fmt: skip


def _is_path(desk: Desk, path: str) -> bool:
    """Whether *path* is a field, or ``identifiers`` with a scheme in use or one of the bank's own."""
    name, dot, scheme = path.partition(".")
    if not dot:
        return name in FIELD_NAMES
    return name == "identifiers" and (scheme in desk.schemes or (scheme.startswith("bank.") and scheme.isascii()))


def _is_word(text: str) -> bool:
    return text.isascii() and text.replace("_", "").isalnum() and len(text) <= 64


def _need_words(method: str, evidence: str) -> None:
    if not _is_word(method):
        raise InputError("a method is a short name, such as document_seen", rule="method")
    if not evidence.strip() or len(evidence) > _LONGEST or not evidence.isprintable():
        raise InputError("evidence is a reference of at most 200 printable characters, never a value", rule="evidence")
