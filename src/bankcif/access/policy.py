"""
The access policy: role x purpose x action x relation x field x sink, deny by default, as data.

A decision is a few look-ups in an index that is built when the policy is read.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any

from .._toml import read_toml
from ..approval import Operation
from ..context import Actor, Decision, Effect, Purpose, Relation, Sink
from ..errors import PolicyError
from ..rules import And, Expression, Or
from .basis import LawfulBasis, bases_of
from .changes import ChangeRule, change_rules
from .conditional import ConditionalGrants
from .feeds import Feed, feeds_of
from .grants import Action, ExportLimits, FieldDecision, Grant, Place, grant_of, is_clear, is_label, says_more, take_in
from .requirements import KeyOperation, Requirement, key_operations, least_of, need_least, requirement_of
from .rows import standing

__all__ = ["APART", "READING", "SEEING", "Action", "FieldDecision", "Grant", "Policy", "default_policy"]


_MOST_COMBINATIONS = 10_000
READING = frozenset(
    {Action.VIEW, Action.FIND, Action.REVEAL, Action.BROWSE, Action.EXPORT, Action.BREAK_GLASS, Action.EXTRACT}
)
"""Actions by which customers are seen."""
SEEING = READING | {Action.RELEASE, Action.CATALOGUE}
"""Actions that show values of customers: those by which they are seen, working on rows that were held, and trying rules on all of them."""
_CAPPED = READING | {Action.REPORT, Action.CATALOGUE}
"""Actions that a policy may cap: by customers who are seen, and by counts that are asked for."""
APART = frozenset({Action.POLICY, Action.OPERATORS})
"""Actions that no role has together with one of `SEEING`: who decides who sees what, or who is who, sees no customer."""

_DENIED = FieldDecision(Decision(Effect.DENY, "default"))


class Policy:
    """
    Decides; frozen after reading. Every decision is a few look-ups, however many grants there are.

    Args:
        version: Version of the document.
        grants: In the order of the document; of two that say as much, the earlier decides.
        requirements: How whoever does an action must have been recognized; an action that is not named asks for the
            least there is.
        operations: What each key operation takes; the minimum for one that is not named.
        caps: How many customers an operator may see by an action in an hour of the clock; no limit for one not named.
        bases: What the use of data for a purpose rests on; for one that rests on consent nothing is shown of who did not consent.
        changes: Which changes take a second person, beside those of protected fields.
        feeds: Which other systems are told of every change, by name.

    Raises:
        PolicyError: A role may both define policies, or keep operators, and see customers; customers are browsed for a purpose that rests on consent,
            which the database does not know of; or the role of a feed exports nothing for its purpose, or does by a ticket or broken glass.
    """

    def __init__(
        self,
        version: str,
        grants: Sequence[Grant],
        *,
        requirements: Mapping[Action, Requirement] | None = None,
        operations: Mapping[Operation, KeyOperation] | None = None,
        caps: Mapping[Action, int] | None = None,
        bases: Mapping[Purpose, LawfulBasis] | None = None,
        changes: Sequence[ChangeRule] = (),
        feeds: Mapping[str, Feed] | None = None,
    ) -> None:
        self.version = version
        self.grants = tuple(grants)
        self.requirements = {action: need_least(action.value, one) for action, one in (requirements or {}).items()}
        self.operations: Mapping[Operation, KeyOperation] = {**key_operations({}), **(operations or {})}
        self.caps = dict(caps or {})
        self.bases: Mapping[Purpose, LawfulBasis] = dict(bases or {})
        self.changes = tuple(changes)
        self.feeds: Mapping[str, Feed] = dict(feeds or {})
        self._relations: dict[tuple[str, Action], set[Relation]] = {}
        self._allowed: dict[tuple[str, Purpose, Action], str] = {}
        self._fields: dict[Place, dict[str, FieldDecision]] = {}
        self._conditional: dict[Place, ConditionalGrants] = {}
        for grant in self.grants:
            self._add(grant)
        both = {role for role, _, action in self._allowed if action in APART} & self._seers()
        if both:
            raise PolicyError(
                f"{', '.join(sorted(both))} may define policies or keep operators, and see customers; no role does both",
                rule="policy",
            )
        browsed = {purpose for _, purpose, action in self._allowed if action is Action.BROWSE}
        hidden = sorted(one for one in browsed if self.bases.get(one) is LawfulBasis.CONSENT)
        if hidden:
            raise PolicyError(
                f"customers are not browsed for {', '.join(hidden)}, which rests on consent: the database does not know who consented; "
                "let them be counted by their tags, or exported",
                rule="policy",
            )
        for feed in self.feeds.values():
            feed.need_grants(self.grants)
        self._decided: dict[_Key, _Decisions] = {}
        self._found: dict[tuple[frozenset[str], Purpose, Action, Sink, bool], Sequence[Grant]] = {}

    def _add(self, grant: Grant) -> None:
        for place in grant.places:
            role, purpose, action, _, relation = place
            self._relations.setdefault((role, action), set()).add(relation)
            self._allowed.setdefault((role, purpose, action), grant.id)
            if grant.when is not None:
                self._conditional.setdefault(place, ConditionalGrants()).add(grant)
            else:
                take_in(self._fields.setdefault(place, {}), grant, action)

    def _seers(self) -> set[str]:
        return {role for role, _, action in self._allowed if action in SEEING}

    @classmethod
    def read(cls, path: Path) -> Policy:
        """
        The policy in the TOML file *path*.

        Raises:
            PolicyError: It cannot be read, or names what does not exist; the message says where.
        """
        return cls.from_document(read_toml(path, "policy", PolicyError, "policy"))

    @classmethod
    def from_document(cls, table: Mapping[str, Any]) -> Policy:
        """
        The policy in a parsed document.

        Raises:
            PolicyError: A grant has an unknown key, role-less, or names what does not exist.
        """
        if not isinstance(table.get("version"), str) or set(table) - {
            "version",
            "grant",
            "require",
            "operation",
            "cap",
            "basis",
            "change",
            "feed",
        }:
            raise PolicyError(
                "a policy has a version (text), [[grant]], [require.ACTION], [operation.NAME], [cap.ACTION], [basis], [[change]] and [[feed]], nothing else",
                rule="policy",
            )
        if not is_label(table["version"]):
            raise PolicyError("a policy's version is one to 64 printable characters", rule="policy")
        required = table.get("require", {})
        if not isinstance(required, Mapping) or not set(required) <= set(Action):
            raise PolicyError(f"[require.ACTION] names one of {', '.join(Action)}", rule="policy")
        return cls(
            table["version"], [grant_of(entry) for entry in table.get("grant", ())],
            requirements={Action(name): requirement_of(entry, f"require {name}") for name, entry in required.items()},
            operations=key_operations(table.get("operation", {})), caps=_caps(table.get("cap", {})),
            bases=bases_of(table.get("basis", {})), changes=change_rules(table.get("change", ())),
            feeds=feeds_of(table.get("feed", ())),
        )  # fmt: skip

    def document(self) -> dict[str, Any]:
        """The policy as `from_document` takes it, every name written out."""
        return {
            "version": self.version,
            "grant": [
                {
                    "id": one.id, "roles": list(one.roles), "purposes": [p.value for p in one.purposes],
                    "actions": [a.value for a in one.actions], "relations": sorted(r.value for r in one.relations),
                    "sinks": [s.value for s in one.sinks], "fields": sorted(one.fields), "clear": sorted(one.clear),
                    "profile": one.profile, **({"when": one.when.text} if one.when else {}),
                    "alone": one.limits.alone, "least_k": one.limits.least_k,
                    "countries": sorted(one.limits.countries), "inside": sorted(one.limits.inside),
                }
                for one in self.grants
            ],
            "require": {action.value: one.document() for action, one in sorted(self.requirements.items())},
            "cap": {action.value: {"per_hour": most} for action, most in sorted(self.caps.items())},
            "operation": {name.value: one.document() for name, one in sorted(self.operations.items())},
            **({"basis": {purpose.value: one.value for purpose, one in sorted(self.bases.items())}} if self.bases else {}),
            **({"change": [one.document() for one in self.changes]} if self.changes else {}),
            **({"feed": [one.document() for one in self.feeds.values()]} if self.feeds else {}),
        }  # fmt: skip

    def requirement(self, action: Action) -> Requirement:
        """How whoever does *action* must have been recognized."""
        found = self.requirements.get(action)
        return least_of(action.value) if found is None else found

    @property
    def profiles(self) -> frozenset[str]:
        """Names of the mask profiles that grants show fields by."""
        return frozenset(grant.profile for grant in self.grants)

    def relations_for(self, actor: Actor, actions: Iterable[Action]) -> set[Relation]:
        """The ways to stand to a customer that some grant asks for by which *actor* does one of *actions*: how else they stand decides nothing there."""
        return {one for each in product(actor.roles, actions) for one in self._relations.get(each, ())}

    def allows(self, actor: Actor, action: Action, purpose: Purpose | None = None) -> Decision:
        """Whether *actor* may do *action* for some customer and field; *purpose* None asks for any purpose."""
        for role in sorted(actor.roles):
            for each in Purpose if purpose is None else (purpose,):
                found = self._allowed.get((role, each, action))
                if found is not None:
                    return Decision(Effect.PERMIT, found)
        return _DENIED.decision

    def decide(
        self,
        actor: Actor,
        action: Action,
        purpose: Purpose,
        relations: Relation | frozenset[Relation],
        field: str,
        sink: Sink = Sink.DISPLAY,
    ) -> FieldDecision:
        """What *actor* may see of *field* of a customer to whom they stand in *relations*, where it goes to *sink*."""
        return self.granted(actor, action, purpose, relations, sink).get(field, _DENIED)

    def granted(
        self,
        actor: Actor,
        action: Action,
        purpose: Purpose,
        relations: Relation | frozenset[Relation],
        sink: Sink = Sink.DISPLAY,
        record: Mapping[str, Any] | None = None,
        known: Mapping[str, Any] | None = None,
    ) -> Mapping[str, FieldDecision]:
        """
        Every field that is not denied, with its decision; computed once for each combination that occurs.

        Args:
            actor, action, purpose: Who does what, and what for.
            relations: How they stand to the customer.
            sink: Where the values go.
            record: The customer's plain facts, by the names of `customer_schema`; without them no grant with a row rule
                applies.
            known: What row rules know of the actor, as `row_parameters` gives it.
        """
        stands = frozenset({relations}) if isinstance(relations, Relation) else relations
        key = (actor.roles, action, purpose, stands, sink)
        found = self._decided.get(key)
        if found is None:
            found = self._best(key)
            if len(self._decided) < _MOST_COMBINATIONS:
                self._decided[key] = found
        if not self._conditional or record is None or known is None:
            return found
        return self._with_conditional(found, key, record, known)

    @property
    def has_row_rules(self) -> bool:
        """Whether some grant has a row rule, so that a decision needs a customer's facts."""
        return bool(self._conditional)

    def visible(
        self,
        actor: Actor,
        action: Action,
        purpose: Purpose,
        *,
        sink: Sink = Sink.DISPLAY,
        ticketed: Collection[str] = (),
        broken: Collection[str] = (),
    ) -> Expression:
        """
        The customers of whom *actor* may see something, or who are counted in a report of theirs, as one rule: what the store is
        asked, and what is asked again of each that it gives.
        """
        grants = self._of(actor, action, purpose, sink, of_fields=action is not Action.REPORT)
        return Or(
            tuple(
                And((stands, grant.when.tree)) if grant.when else stands
                for grant in grants
                for stands in [standing(one, ticketed, broken) for one in sorted(grant.relations)]
            )
        )

    def is_even(self, actor: Actor, action: Action, purpose: Purpose, sink: Sink = Sink.DISPLAY) -> bool:
        """Whether every grant by which *actor* does *action* is about everybody, so that of each customer the same may be seen."""
        grants = self._of(actor, action, purpose, sink)
        return bool(grants) and all(one.when is None and Relation.ANY in one.relations for one in grants)

    def is_whole(self, actor: Actor, action: Action, purpose: Purpose) -> bool:
        """Whether some grant lets *actor* do *action* for the whole file, whoever the customer is."""
        grants = self._of(actor, action, purpose, Sink.DISPLAY, of_fields=False)
        return any(one.when is None and Relation.ANY in one.relations for one in grants)

    def export_limits(self, actor: Actor, purpose: Purpose, action: Action = Action.EXPORT) -> ExportLimits | None:
        """What an export of *actor* keeps to, or by another *action*: the strictest of every grant it may come by; None if there is none."""
        grants = self._of(actor, action, purpose, Sink.EXPORT)
        if not grants:
            return None
        return ExportLimits(
            alone=min(one.limits.alone for one in grants), least_k=max(one.limits.least_k for one in grants),
            countries=frozenset.intersection(*(one.limits.countries for one in grants)),
            inside=frozenset.intersection(*(one.limits.inside for one in grants)),
        )  # fmt: skip

    def least_k(self, actor: Actor, action: Action, purpose: Purpose) -> int:
        """Of how many customers a count that *actor* is given by *action* must be, at least: the strictest of the grants it may come by."""
        grants = self._of(actor, action, purpose, Sink.DISPLAY, of_fields=False)
        return max((one.limits.least_k for one in grants), default=1)

    def grants_of(self, actor: Actor) -> list[Grant]:
        """Every grant that names one of *actor*'s roles, in the order of the document."""
        return [grant for grant in self.grants if not actor.roles.isdisjoint(grant.roles)]

    def shown_in_clear(
        self, actor: Actor, action: Action, purpose: Purpose, field: str, sink: Sink = Sink.DISPLAY
    ) -> bool:
        """Whether every grant by which *actor* sees somebody shows *field* as it is, so that sorting or choosing by it tells no more."""
        grants = self._of(actor, action, purpose, sink)
        return bool(grants) and all(field in one.fields and is_clear(one, field) for one in grants)

    def _of(
        self, actor: Actor, action: Action, purpose: Purpose, sink: Sink, *, of_fields: bool = True
    ) -> Sequence[Grant]:
        """The grants by which *actor* does *action* there, in the order of the document; looked for once for each such place."""
        key = (actor.roles, purpose, action, sink, of_fields)
        found = self._found.get(key)
        if found is None:
            found = [
                grant
                for grant in self.grants
                if not actor.roles.isdisjoint(grant.roles)
                and purpose in grant.purposes
                and action in grant.actions
                and sink in grant.sinks
                and (grant.fields or not of_fields)
            ]
            if len(self._found) < _MOST_COMBINATIONS:
                self._found[key] = found
        return found

    def _with_conditional(
        self, found: _Decisions, key: _Key, record: Mapping[str, Any], known: Mapping[str, Any]
    ) -> _Decisions:
        roles, action, purpose, stands, sink = key
        best: dict[str, FieldDecision] | None = None
        for role, relation in product(sorted(roles), sorted({*stands, Relation.ANY})):
            conditional = self._conditional.get((role, purpose, action, sink, relation))
            for grant in conditional.that_hold(record, known) if conditional else ():
                best = dict(found) if best is None else best
                take_in(best, grant, action)
        return found if best is None else best

    def _best(self, key: _Key) -> _Decisions:
        """For each field the decision that shows most, over all roles and relations."""
        roles, action, purpose, stands, sink = key
        best: dict[str, FieldDecision] = {}
        for role, relation in product(sorted(roles), (*sorted(stands - {Relation.ANY}), Relation.ANY)):
            for field, found in self._fields.get((role, purpose, action, sink, relation), {}).items():
                if field not in best or says_more(found, best[field]):
                    best[field] = found
        return best


_Decisions = Mapping[str, FieldDecision]
_Key = tuple[frozenset[str], Action, Purpose, frozenset[Relation], Sink]


def _caps(table: Any) -> dict[Action, int]:
    good = (
        isinstance(table, Mapping)
        and set(table) <= _CAPPED
        and all(
            isinstance(entry, Mapping)
            and set(entry) == {"per_hour"}
            and type(entry["per_hour"]) is int
            and entry["per_hour"] > 0
            for entry in table.values()
        )
    )
    if not good:
        raise PolicyError(f"[cap.ACTION] has per_hour, for one of {', '.join(sorted(_CAPPED))}", rule="policy")
    return {Action(name): entry["per_hour"] for name, entry in table.items()}


@cache
def default_policy() -> Policy:
    """The example policy that ships with the library."""
    return Policy.from_document(tomllib.loads(files(__package__).joinpath("data", "policy.toml").read_text("utf-8")))
