"""Grants: one line of a policy, as it is read and as it decides by itself."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import product
from typing import Any, TypeVar

import attrs

from ..context import Decision, Effect, Purpose, Relation, Sink
from ..errors import PolicyError
from ..party import CATALOGUE, FIELD_NAMES, DataGroup, PartyKind, Rest
from .rows import RowRule, row_rule

__all__ = [
    "Action",
    "ExportLimits",
    "FieldDecision",
    "Grant",
    "Place",
    "grant_of",
    "is_clear",
    "is_label",
    "says_more",
    "take_in",
]

_E = TypeVar("_E", bound=enum.StrEnum)
_KEYS = {
    "id",
    "roles",
    "purposes",
    "relations",
    "actions",
    "fields",
    "clear",
    "profile",
    "sinks",
    "when",
    "alone",
    "least_k",
    "countries",
    "inside",
}


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
    OVERRIDE = "override"
    KEYS = "keys"
    ERASE = "erase"
    POLICY = "policy"
    EXPORT = "export"
    BREAK_GLASS = "break_glass"
    OPERATORS = "operators"
    REVIEW = "review"
    BROWSE = "browse"
    TAG = "tag"
    CATALOGUE = "catalogue"
    PORTRAY = "portray"
    CONSENT = "consent"
    RELATE = "relate"
    CHANGE = "change"
    WORK = "work"
    TRANSITION = "transition"
    REVIEW_CUSTOMER = "review_customer"
    EXAMINE = "examine"
    FINDINGS = "findings"
    RETAIN = "retain"
    REQUESTS = "requests"
    WATCH = "watch"
    EXTRACT = "extract"


Place = tuple[str, Purpose, Action, Sink, Relation]
"""What a grant is found by: a role, a purpose, an action, a sink, and a relation."""
BY_CUSTOMER = frozenset(
    {
        Action.VIEW,
        Action.FIND,
        Action.REVEAL,
        Action.BROWSE,
        Action.EXPORT,
        Action.VERIFY,
        Action.OVERRIDE,
        Action.REPORT,
        Action.TAG,
        Action.CONSENT,
        Action.RELATE,
        Action.CHANGE,
        Action.WORK,
        Action.TRANSITION,
        Action.REVIEW_CUSTOMER,
        Action.FINDINGS,
        Action.RETAIN,
        Action.REQUESTS,
        Action.WATCH,
        Action.EXTRACT,
    }
)
"""Actions that are asked of one customer after another, so that relations and row rules decide them."""
_TAGS = re.compile(
    r"tag:(?:\*|@(?:demographic|behaviour|value|risk|own)|[a-z][a-z0-9_]{0,63})|segment:(?:\*|[a-z][a-z0-9_]{0,63})"
    r"|(?:step|finding):(?:\*|[a-z][a-z0-9_]{0,63})"
)
"""Beside fields a grant names tags and segments: one, a family of tags, or all; steps of the life cycle; and findings that reminders hang on."""
MOST_ALONE = 1000
"""Of how many customers no policy lets one person alone export more in an hour."""


@attrs.frozen
class FieldDecision:
    """What may be seen of one field: the decision, and the mask profile where it is to mask."""

    decision: Decision
    profile: str = "staff"


@attrs.frozen(kw_only=True)
class ExportLimits:
    """
    What an export keeps to.

    Attributes:
        alone: How many customers one person may export in an hour of the clock; more take a second one. At most `MOST_ALONE`.
        least_k: How many customers must share whatever is shown of one, at least.
        countries: Where a recipient may be, by ISO 3166 code.
        inside: Names of the recipients that are of the house.
    """

    alone: int = 100
    least_k: int = 1
    countries: frozenset[str] = frozenset({"CN"})
    inside: frozenset[str] = frozenset()


@attrs.frozen(kw_only=True)
class Grant:
    """
    One line of a policy: these roles, for these purposes, standing so to the customer, may do these actions on these
    fields, where the values go to these sinks.

    Attributes:
        id: Stands in the audit log as the rule that decided.
        clear: Fields that are shown as they are; all rest in plain.
        profile: Mask profile of the others.
        when: The customers it is about, beside the relation; all if None.
        limits: What an export by it keeps to.
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
    when: RowRule | None = None
    limits: ExportLimits = attrs.field(factory=ExportLimits)

    @property
    def places(self) -> Iterator[Place]:
        """Every combination it is about."""
        return product(self.roles, self.purposes, self.actions, self.sinks, sorted(self.relations))

    def decision(self, action: Action, field: str) -> FieldDecision:
        """What this grant by itself says of one of its fields."""
        return self._decisions[Effect.PERMIT if action is Action.REVEAL or field in self.clear else Effect.MASK]

    @cached_property
    def _decisions(self) -> Mapping[Effect, FieldDecision]:
        """All that it ever says: a policy asks for every field in every place."""
        return {
            effect: FieldDecision(Decision(effect, self.id), self.profile) for effect in (Effect.PERMIT, Effect.MASK)
        }

    def adds_to(self, known: FieldDecision | None, action: Action, field: str) -> bool:
        """Whether this grant shows more of *field* than *known* does."""
        return known is None or says_more(self.decision(action, field), known)


def says_more(one: FieldDecision, other: FieldDecision) -> bool:
    """Whether *one* shows more: clear more than masked, and any profile more than that of outside channels."""
    if one.decision.effect is not other.decision.effect:
        return one.decision.effect is Effect.PERMIT
    return other.profile == "outside" and one.profile != "outside"


def take_in(best: dict[str, FieldDecision], grant: Grant, action: Action) -> None:
    """Puts what *grant* says into *best* wherever it says more."""
    for field in grant.fields:
        if grant.adds_to(best.get(field), action, field):
            best[field] = grant.decision(action, field)


def is_label(text: str) -> bool:
    """Whether *text* may stand in the log and on a terminal."""
    return 0 < len(text) <= 64 and text.isprintable()


def grant_of(entry: Mapping[str, Any]) -> Grant:
    """
    The grant in a policy's table.

    Raises:
        PolicyError: It has an unknown key, or names what does not exist.
    """
    name = entry.get("id", "?")
    if not isinstance(name, str) or not is_label(name):
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
    actions = tuple(_member(Action, value, name) for value in _listed(entry, "actions", name))
    whole = sorted(set(actions) - BY_CUSTOMER)
    if whole and (entry.get("when") is not None or "any" not in entry.get("relations", ["any"])):
        raise PolicyError(
            f"grant {name}: {', '.join(whole)} is decided for the whole file; give it a grant without relations and row rule",
            rule="policy",
        )
    return Grant(
        id=name, roles=tuple(_listed(entry, "roles", name)),
        purposes=tuple(_member(Purpose, value, name) for value in _listed(entry, "purposes", name)),
        actions=actions,
        relations=frozenset(_member(Relation, value, name) for value in entry.get("relations", ["any"])),
        sinks=tuple(_member(Sink, value, name) for value in entry.get("sinks", ["display"])),
        fields=_fields(entry.get("fields", ()), name) | clear, clear=clear, profile=entry.get("profile", "staff"),
        limits=_limits(entry, name),
        when=None if entry.get("when") is None else row_rule(_text(entry, "when", name), name),
    )  # fmt: skip


def _limits(entry: Mapping[str, Any], name: str) -> ExportLimits:
    alone, least_k = entry.get("alone", 100), entry.get("least_k", 1)
    countries, inside = entry.get("countries", ["CN"]), entry.get("inside", [])
    good = type(alone) is int and 0 <= alone <= MOST_ALONE and type(least_k) is int and least_k >= 1
    if (
        not good
        or not isinstance(countries, list)
        or not all(isinstance(one, str) and len(one) == 2 for one in countries)
    ):
        raise PolicyError(
            f"grant {name}: alone is a number up to {MOST_ALONE}, least_k one above zero, countries a list of two-letter codes",
            rule="policy",
        )
    if not isinstance(inside, list) or not all(isinstance(one, str) and is_label(one) for one in inside):
        raise PolicyError(f"grant {name}: inside is a list of recipients' names", rule="policy")
    return ExportLimits(alone=alone, least_k=least_k, countries=frozenset(countries), inside=frozenset(inside))


def _text(entry: Mapping[str, Any], key: str, name: str) -> str:
    if not isinstance(entry[key], str):
        raise PolicyError(f"grant {name}: {key} is a text", rule="policy")
    return str(entry[key])


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
        elif name in FIELD_NAMES or _TAGS.fullmatch(name):
            found.add(name)
        else:
            raise PolicyError(f"grant {grant}: {name!r} is not a field of the catalogue", rule="policy")
    return frozenset(found)


def _rests_plain(name: str) -> bool:
    return all(CATALOGUE[kind][name].rests is Rest.PLAIN for kind in PartyKind if name in CATALOGUE[kind])


def is_clear(grant: Grant, field: str) -> bool:
    """Whether *grant* shows *field* as it is: by name, or since its mask hides nothing."""
    return field in grant.clear or all(
        CATALOGUE[kind][field].mask == "clear" for kind in PartyKind if field in CATALOGUE[kind]
    )
