"""Feeds: which other systems are told of every change, and of what. Two persons put them into force, as all of a policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from ..context import Purpose, Relation
from ..errors import PolicyError
from ..party import FIELD_NAMES, countries_by_alpha3
from .grants import Action, Grant, is_label

__all__ = ["Feed", "feeds_of"]

_KEYS = {"id", "role", "purpose", "fields", "reveal", "recipient", "country", "inside", "per_hour"}
_OF_PERSONS = frozenset({Relation.TICKET, Relation.BREAK_GLASS})


@attrs.frozen(kw_only=True)
class Feed:
    """
    A standing export: its consumer gets the whole file once, and then every customer who changed.

    Attributes:
        id: Its name; stands in the log.
        role: Who takes it for the consumer; by its grants to export, and by no other of theirs, it is decided what goes of whom.
        purpose: What for.
        fields: Of the catalogue. A change that touches none of them, nor what decides who may see whom, is not told.
        reveal: Those of the fields that go as they are, where a grant to reveal lets them; the others go masked.
        recipient, country, inside: To whom, as in an export.
        per_hour: How many customers go in an hour of the clock, at most; no limit if None. What a person may export in an hour does not count.
    """

    id: str
    role: str
    purpose: Purpose
    fields: tuple[str, ...]
    reveal: frozenset[str] = frozenset()
    recipient: str
    country: str = "CN"
    inside: bool = False
    per_hour: int | None = None

    def need_grants(self, grants: Sequence[Grant]) -> None:
        """
        Raises `PolicyError` if its role may not do for its purpose what it takes, or may it by a ticket or broken glass: these end by themselves, and nobody
        would tell its consumer.
        """
        for action in (Action.EXPORT, Action.REVEAL) if self.reveal else (Action.EXPORT,):
            mine = [
                one
                for one in grants
                if self.role in one.roles and self.purpose in one.purposes and action in one.actions
            ]
            if not mine:
                raise PolicyError(
                    f"feed {self.id}: {self.role} may not {action} for {self.purpose}; give it a grant", rule="policy"
                )
            if any(one.relations & _OF_PERSONS for one in mine):
                raise PolicyError(
                    f"feed {self.id}: a grant of {self.role} is by ticket or broken glass, which are for persons; give the role none",
                    rule="policy",
                )

    def document(self) -> dict[str, Any]:
        """The feed as a policy has it."""
        return {
            "id": self.id, "role": self.role, "purpose": self.purpose.value, "fields": list(self.fields),
            **({"reveal": sorted(self.reveal)} if self.reveal else {}),
            "recipient": self.recipient, "country": self.country, "inside": self.inside,
            **({} if self.per_hour is None else {"per_hour": self.per_hour}),
        }  # fmt: skip


def feeds_of(entries: Any) -> dict[str, Feed]:
    """
    The feeds in a policy's ``[[feed]]``, by name.

    Raises:
        PolicyError: One has an unknown key, or names what does not exist.
    """
    if not isinstance(entries, list | tuple) or not all(isinstance(entry, Mapping) for entry in entries):
        raise PolicyError("[[feed]] is a list of tables, each with an id", rule="policy")
    found = [_feed_of(entry) for entry in entries]
    named = {one.id: one for one in found}
    if len(named) < len(found):
        raise PolicyError("each [[feed]] has an id of its own", rule="policy")
    return named


def _feed_of(entry: Mapping[str, Any]) -> Feed:
    name = entry.get("id")
    if not isinstance(name, str) or not is_label(name) or "," in name:
        raise PolicyError("the id of a [[feed]] is one to 64 printable characters without a comma", rule="policy")
    if unknown := set(entry) - _KEYS:
        raise PolicyError(f"feed {name} has unknown keys: {', '.join(sorted(unknown))}", rule="policy")
    if not isinstance(entry.get("role"), str) or not is_label(entry["role"]):
        raise PolicyError(f"feed {name}: role is the name of a role", rule="policy")
    fields = _names(entry, "fields", name)
    reveal = _names(entry, "reveal", name) if "reveal" in entry else []
    if other := sorted(set(fields) - FIELD_NAMES):
        raise PolicyError(f"feed {name}: {', '.join(other)} is no field of the catalogue", rule="policy")
    if other := sorted(set(reveal) - set(fields)):
        raise PolicyError(f"feed {name}: {', '.join(other)} is to be revealed, and none of its fields", rule="policy")
    if not isinstance(entry.get("purpose"), str) or entry["purpose"] not in set(Purpose):
        raise PolicyError(f"feed {name}: purpose is one of {', '.join(Purpose)}", rule="policy")
    recipient, country, inside = entry.get("recipient"), entry.get("country", "CN"), entry.get("inside", False)
    if not isinstance(recipient, str) or not is_label(recipient) or "," in recipient:
        raise PolicyError(
            f"feed {name}: recipient is a name of one to 64 printable characters without a comma", rule="policy"
        )
    if not isinstance(country, str) or country not in countries_by_alpha3().values() or type(inside) is not bool:
        raise PolicyError(f"feed {name}: country is a code of ISO 3166, and inside is true or false", rule="policy")
    per_hour = entry.get("per_hour")
    if per_hour is not None and (type(per_hour) is not int or per_hour < 1):
        raise PolicyError(f"feed {name}: per_hour is a number above zero", rule="policy")
    return Feed(
        id=name, role=entry["role"], purpose=Purpose(entry["purpose"]), fields=tuple(dict.fromkeys(fields)),
        reveal=frozenset(reveal), recipient=recipient, country=country, inside=inside, per_hour=per_hour,
    )  # fmt: skip


def _names(entry: Mapping[str, Any], key: str, name: str) -> list[str]:
    said = entry.get(key)
    if not isinstance(said, list) or not said or not all(isinstance(one, str) for one in said):
        raise PolicyError(f"feed {name} needs {key}, a list of names", rule="policy")
    return said
