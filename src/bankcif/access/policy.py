"""
The access policy: role x purpose x action x relation x field x sink, deny by default, as data.

A decision is a few look-ups in an index that is built when the policy is read.
"""

from __future__ import annotations

import enum
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

import attrs

from .._toml import read_toml
from ..approval import Operation
from ..context import Actor, Decision, Effect, Purpose, Relation, Sink
from ..errors import PolicyError
from ..party import CATALOGUE, FIELD_NAMES, DataGroup, PartyKind, Rest
from .requirements import KeyOperation, Requirement, key_operations, requirement_of

__all__ = ["APART", "READING", "Action", "FieldDecision", "Grant", "Policy", "default_policy"]


class Action(enum.StrEnum):
    """What a policy grants."""

    VIEW = "view"
    FIND = "find"
    REVEAL = "reveal"
    REGISTER = "register"
    LOAD = "load"
    RELEASE = "release"
    LINK = "link"
    APPROVE = "approve"
    AUDIT = "audit"
    REPORT = "report"
    VERIFY = "verify"
    KEYS = "keys"
    ERASE = "erase"
    POLICY = "policy"
    EXPORT = "export"
    BREAK_GLASS = "break_glass"
    OPERATORS = "operators"


@attrs.frozen
class FieldDecision:
    """What may be seen of one field: the decision, and the mask profile where it is to mask."""

    decision: Decision
    profile: str = "staff"


@attrs.frozen(kw_only=True)
class Grant:
    """
    One line of a policy: these roles, for these purposes, standing so to the customer, may do these actions on these
    fields, where the values go to these sinks.

    Attributes:
        id: Stands in the audit log as the rule that decided.
        clear: Fields that are shown as they are; all rest in plain.
        profile: Mask profile of the others.
    """

    id: str
    roles: tuple[str, ...]
    purposes: tuple[Purpose, ...]
    actions: tuple[Action, ...]
    relations: frozenset[Relation]
    sinks: tuple[Sink, ...]
    fields: frozenset[str]
    clear: frozenset[str]
    profile: str

    def decision(self, action: Action, field: str) -> FieldDecision:
        """What this grant by itself says of one of its fields."""
        effect = Effect.PERMIT if action is Action.REVEAL or field in self.clear else Effect.MASK
        return FieldDecision(Decision(effect, self.id), self.profile)


_E = TypeVar("_E", bound=enum.StrEnum)
_Place = tuple[str, Purpose, Action, Sink, Relation]
_MOST_COMBINATIONS = 10_000
_KEYS = {"id", "roles", "purposes", "relations", "actions", "fields", "clear", "profile", "sinks"}
READING = frozenset({Action.VIEW, Action.FIND, Action.REVEAL, Action.EXPORT, Action.BREAK_GLASS})
"""Actions by which customers are seen."""
APART = frozenset({Action.POLICY, Action.OPERATORS})
"""Actions that no role has together with one of `READING`: who decides who sees what, or who is who, sees no customer."""

_DENIED = FieldDecision(Decision(Effect.DENY, "default"))


class Policy:
    """
    Decides; frozen after reading. Every decision is a few look-ups, however many grants there are.

    Args:
        version: Version of the document.
        grants: In the order of the document; of two that say as much, the earlier decides.
        requirements: How whoever does an action must have been recognized; an action that is not named asks for nothing.
        operations: What each key operation takes; the minimum for one that is not named.

    Raises:
        PolicyError: A role may both define policies, or keep operators, and see customers.
    """

    def __init__(
        self,
        version: str,
        grants: Sequence[Grant],
        *,
        requirements: Mapping[Action, Requirement] | None = None,
        operations: Mapping[Operation, KeyOperation] | None = None,
    ) -> None:
        self.version = version
        self.grants = tuple(grants)
        self.requirements = dict(requirements or {})
        self.operations: Mapping[Operation, KeyOperation] = {**key_operations({}), **(operations or {})}
        self._allowed: dict[tuple[str, Purpose, Action], str] = {}
        self._fields: dict[_Place, dict[str, FieldDecision]] = {}
        for grant in self.grants:
            self._add(grant)
        both = {role for role, _, action in self._allowed if action in APART} & self._readers()
        if both:
            raise PolicyError(
                f"{', '.join(sorted(both))} may define policies or keep operators, and see customers; no role does both",
                rule="policy",
            )
        self._decided: dict[tuple[frozenset[str], Action, Purpose, frozenset[Relation], Sink], _Decisions] = {}

    def _add(self, grant: Grant) -> None:
        for role, purpose, action in product(grant.roles, grant.purposes, grant.actions):
            self._allowed.setdefault((role, purpose, action), grant.id)
            for sink, relation in product(grant.sinks, grant.relations):
                known = self._fields.setdefault((role, purpose, action, sink, relation), {})
                for field in grant.fields:
                    found = grant.decision(action, field)
                    if field not in known or _says_more(found, known[field]):
                        known[field] = found

    def _readers(self) -> set[str]:
        return {role for role, _, action in self._allowed if action in READING}

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
        if not isinstance(table.get("version"), str) or set(table) - {"version", "grant", "require", "operation"}:
            raise PolicyError(
                "a policy has a version (text), [[grant]], [require.ACTION] and [operation.NAME], nothing else",
                rule="policy",
            )
        if not _is_label(table["version"]):
            raise PolicyError("a policy's version is one to 64 printable characters", rule="policy")
        required = table.get("require", {})
        if not isinstance(required, Mapping) or not set(required) <= set(Action):
            raise PolicyError(f"[require.ACTION] names one of {', '.join(Action)}", rule="policy")
        return cls(
            table["version"], [_grant(entry) for entry in table.get("grant", ())],
            requirements={Action(name): requirement_of(entry, f"require {name}") for name, entry in required.items()},
            operations=key_operations(table.get("operation", {})),
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
                    "profile": one.profile,
                }
                for one in self.grants
            ],
            "require": {action.value: one.document() for action, one in sorted(self.requirements.items())},
            "operation": {name.value: one.document() for name, one in sorted(self.operations.items())},
        }  # fmt: skip

    @property
    def profiles(self) -> frozenset[str]:
        """Names of the mask profiles that grants show fields by."""
        return frozenset(grant.profile for grant in self.grants)

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
    ) -> Mapping[str, FieldDecision]:
        """Every field that is not denied, with its decision; computed once for each combination that occurs."""
        standing = frozenset({relations}) if isinstance(relations, Relation) else relations
        key = (actor.roles, action, purpose, standing, sink)
        found = self._decided.get(key)
        if found is None:
            found = self._best(key)
            if len(self._decided) < _MOST_COMBINATIONS:
                self._decided[key] = found
        return found

    def _best(self, key: tuple[frozenset[str], Action, Purpose, frozenset[Relation], Sink]) -> _Decisions:
        """For each field the decision that shows most, over all roles and relations."""
        roles, action, purpose, standing, sink = key
        best: dict[str, FieldDecision] = {}
        for role, relation in product(sorted(roles), (*sorted(standing - {Relation.ANY}), Relation.ANY)):
            for field, found in self._fields.get((role, purpose, action, sink, relation), {}).items():
                if field not in best or _says_more(found, best[field]):
                    best[field] = found
        return best


_Decisions = Mapping[str, FieldDecision]


def _says_more(one: FieldDecision, other: FieldDecision) -> bool:
    """Whether *one* shows more: clear more than masked, and any profile more than that of outside channels."""
    if one.decision.effect is not other.decision.effect:
        return one.decision.effect is Effect.PERMIT
    return other.profile == "outside" and one.profile != "outside"


def _is_label(text: str) -> bool:
    """Whether *text* may stand in the log and on a terminal."""
    return 0 < len(text) <= 64 and text.isprintable()


def _grant(entry: Mapping[str, Any]) -> Grant:
    name = entry.get("id", "?")
    if not isinstance(name, str) or not _is_label(name):
        raise PolicyError("a grant's id is one to 64 printable characters", rule="policy")
    unknown = set(entry) - _KEYS
    if unknown:
        raise PolicyError(f"grant {name} has unknown keys: {', '.join(sorted(unknown))}", rule="policy")
    clear = _fields(entry.get("clear", ()), name)
    sealed = sorted(field for field in clear if not _rests_plain(field))
    if sealed:
        raise PolicyError(
            f"grant {name} shows sealed fields in clear ({', '.join(sealed)}); a view never does, grant the action reveal "
            f"instead",
            rule="policy",
        )
    if not isinstance(entry.get("profile", "staff"), str):
        raise PolicyError(f"grant {name}: profile is the name of a mask profile", rule="policy")
    return Grant(
        id=name, roles=tuple(_listed(entry, "roles", name)),
        purposes=tuple(_member(Purpose, value, name) for value in _listed(entry, "purposes", name)),
        actions=tuple(_member(Action, value, name) for value in _listed(entry, "actions", name)),
        relations=frozenset(_member(Relation, value, name) for value in entry.get("relations", ["any"])),
        sinks=tuple(_member(Sink, value, name) for value in entry.get("sinks", ["display"])),
        fields=_fields(entry.get("fields", ()), name) | clear, clear=clear, profile=entry.get("profile", "staff"),
    )  # fmt: skip


def _listed(entry: Mapping[str, Any], key: str, name: str) -> list[str]:
    found = entry.get(key)
    if not isinstance(found, list) or not found or not all(isinstance(value, str) for value in found):
        raise PolicyError(f"grant {name} needs {key}, a list of names", rule="policy")
    return found


def _member(kind: type[_E], value: str, name: str) -> _E:
    if value not in set(kind):
        raise PolicyError(f"grant {name}: {value!r} is none of {', '.join(kind)}", rule="policy")
    return kind(value)


def _fields(names: Iterable[str], grant: str) -> frozenset[str]:
    found: set[str] = set()
    for name in names:
        if name == "*":
            found |= FIELD_NAMES
        elif name.startswith("@") and name[1:] in set(DataGroup):
            found |= {f.name for kind in PartyKind for f in CATALOGUE[kind].in_group(DataGroup(name[1:]))}
        elif name in FIELD_NAMES:
            found.add(name)
        else:
            raise PolicyError(f"grant {grant}: {name!r} is not a field of the catalogue", rule="policy")
    return frozenset(found)


def _rests_plain(name: str) -> bool:
    return all(CATALOGUE[kind][name].rests is Rest.PLAIN for kind in PartyKind if name in CATALOGUE[kind])


@cache
def default_policy() -> Policy:
    """The example policy that ships with the library."""
    return Policy.from_document(tomllib.loads(files(__package__).joinpath("data", "policy.toml").read_text("utf-8")))
