"""
The access policy: role x purpose x relation x field, deny by default, as data.

A decision is one look-up in an index built when the policy is read.
"""

from __future__ import annotations

import enum
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

import attrs

from ..context import Actor, Decision, Effect, Purpose, Relation
from ..errors import PolicyError
from ..party import CATALOGUE, FIELD_NAMES, DataGroup, PartyKind, Rest

__all__ = ["Action", "FieldDecision", "Policy", "default_policy"]


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


@attrs.frozen
class FieldDecision:
    """What may be seen of one field: the decision, and the mask profile where it is to mask."""

    decision: Decision
    profile: str = "staff"


@attrs.frozen(kw_only=True)
class _Grant:
    id: str
    relations: frozenset[Relation]
    fields: frozenset[str]
    clear: frozenset[str]
    profile: str


_E = TypeVar("_E", bound=enum.StrEnum)
_MOST_COMBINATIONS = 10_000

_DENIED = FieldDecision(Decision(Effect.DENY, "default"))


class Policy:
    """
    Decides; frozen after reading.

    Args:
        version: Version of the document.
        grants: Grants by (role, purpose, action), in the order of the document.
    """

    def __init__(self, version: str, grants: Mapping[tuple[str, Purpose, Action], tuple[_Grant, ...]]) -> None:
        self.version = version
        self._grants = dict(grants)
        self._decided: dict[tuple[frozenset[str], Action, Purpose, Relation], Mapping[str, FieldDecision]] = {}

    @classmethod
    def read(cls, path: Path) -> Policy:
        """
        The policy in the TOML file *path*.

        Raises:
            PolicyError: It cannot be read, or names what does not exist; the message says where.
        """
        problem, table = "", {}
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            problem = "does not exist"
        except (OSError, ValueError):
            problem = "is not TOML in UTF-8"
        if problem:
            raise PolicyError(f"the policy {path} {problem}", path=str(path), rule="policy")
        return cls.from_document(table)

    @classmethod
    def from_document(cls, table: Mapping[str, Any]) -> Policy:
        """
        The policy in a parsed document.

        Raises:
            PolicyError: A grant has an unknown key, role-less, or names what does not exist.
        """
        index: dict[tuple[str, Purpose, Action], tuple[_Grant, ...]] = {}
        if not isinstance(table.get("version"), str) or set(table) - {"version", "grant"}:
            raise PolicyError("a policy has a version (text) and [[grant]] tables, nothing else", rule="policy")
        for entry in table.get("grant", ()):
            name = entry.get("id", "?")
            unknown = set(entry) - {"id", "roles", "purposes", "relations", "actions", "fields", "clear", "profile"}
            if unknown:
                raise PolicyError(f"grant {name} has unknown keys: {', '.join(sorted(unknown))}", rule="policy")
            purposes = [_member(Purpose, value, name) for value in _listed(entry, "purposes", name)]
            actions = [_member(Action, value, name) for value in _listed(entry, "actions", name)]
            relations = [_member(Relation, value, name) for value in entry.get("relations", ["any"])]
            clear = _fields(entry.get("clear", ()), name)
            sealed = sorted(field for field in clear if not _rests_plain(field))
            if sealed:
                raise PolicyError(
                    f"grant {name} shows sealed fields in clear ({', '.join(sealed)}); a view never does, grant the "
                    f"action reveal instead",
                    rule="policy",
                )
            if not isinstance(entry.get("profile", "staff"), str):
                raise PolicyError(f"grant {name}: profile is the name of a mask profile", rule="policy")
            grant = _Grant(
                id=name, relations=frozenset(relations), fields=_fields(entry.get("fields", ()), name) | clear,
                clear=clear, profile=entry.get("profile", "staff"),
            )  # fmt: skip
            for role in _listed(entry, "roles", name):
                for purpose in purposes:
                    for action in actions:
                        index[role, purpose, action] = (*index.get((role, purpose, action), ()), grant)
        return cls(table["version"], index)

    @property
    def profiles(self) -> frozenset[str]:
        """Names of the mask profiles that grants show fields by."""
        return frozenset(grant.profile for grants in self._grants.values() for grant in grants)

    def allows(self, actor: Actor, action: Action, purpose: Purpose | None = None) -> Decision:
        """Whether *actor* may do *action* for some customer and field; *purpose* None asks for any purpose."""
        for role in sorted(actor.roles):
            for each in Purpose if purpose is None else (purpose,):
                for grant in self._grants.get((role, each, action), ()):
                    return Decision(Effect.PERMIT, grant.id)
        return _DENIED.decision

    def decide(self, actor: Actor, action: Action, purpose: Purpose, relation: Relation, field: str) -> FieldDecision:
        """What *actor* may see of *field* of a customer to whom they stand in *relation*."""
        return self.granted(actor, action, purpose, relation).get(field, _DENIED)

    def granted(
        self, actor: Actor, action: Action, purpose: Purpose, relation: Relation
    ) -> Mapping[str, FieldDecision]:
        """Every field that is not denied, with its decision; computed once for each combination that occurs."""
        key = (actor.roles, action, purpose, relation)
        found = self._decided.get(key)
        if found is None:
            decisions = {name: self._decide(actor, action, purpose, relation, name) for name in FIELD_NAMES}
            found = {name: one for name, one in decisions.items() if one.decision.effect is not Effect.DENY}
            if len(self._decided) < _MOST_COMBINATIONS:
                self._decided[key] = found
        return found

    def _decide(self, actor: Actor, action: Action, purpose: Purpose, relation: Relation, field: str) -> FieldDecision:
        masked: FieldDecision | None = None
        for grant in self._matching(actor, action, purpose, relation):
            if field not in grant.fields:
                continue
            if action is Action.REVEAL or field in grant.clear:
                return FieldDecision(Decision(Effect.PERMIT, grant.id), grant.profile)
            # Of two grants that mask, the one that shows more decides.
            if masked is None or (masked.profile == "outside" and grant.profile == "staff"):
                masked = FieldDecision(Decision(Effect.MASK, grant.id), grant.profile)
        return masked or _DENIED

    def _matching(self, actor: Actor, action: Action, purpose: Purpose, relation: Relation) -> Iterable[_Grant]:
        for role in sorted(actor.roles):
            for grant in self._grants.get((role, purpose, action), ()):
                if Relation.ANY in grant.relations or relation in grant.relations:
                    yield grant


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
