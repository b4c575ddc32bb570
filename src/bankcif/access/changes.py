"""Which changes of a customer take a second person, beside those of protected fields: rules of a policy, as data."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

import attrs

from ..context import Actor
from ..errors import InputError, PolicyError
from ..party import FIELD_NAMES, Money
from .grants import is_label
from .rows import RowRule, row_rule

__all__ = ["ChangeRule", "change_rules"]

_KEYS = {"id", "fields", "when", "above", "channels", "roles"}


@attrs.frozen(kw_only=True)
class ChangeRule:
    """
    A change takes a second person if it is of all that the rule names: of these fields, of such a customer, of a larger amount, by these channels, asked for by these
    roles. What it does not name is of any.

    Attributes:
        id: Stands in the log as the rule that decided.
        fields: Of which fields; of any if empty.
        when: Of which customers, over their plain facts.
        above: Of which new amount on, itself not included, and of any in another currency.
        channels, roles: By which channels, and who asks.
    """

    id: str
    fields: frozenset[str] = frozenset()
    when: RowRule | None = None
    above: Money | None = None
    channels: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()

    def is_about(
        self,
        values: Mapping[str, Any],
        actor: Actor,
        channel: str,
        record: Mapping[str, Any],
        known: Mapping[str, Any],
    ) -> bool:
        """
        Whether a change takes a second person by this rule.

        Args:
            values: The new values in stored form.
            actor, channel: Who asks, and how it came.
            record: The customer's plain facts.
            known: What row rules know of the actor.
        """
        touched = [values[name] for name in values if not self.fields or name in self.fields]
        return (
            bool(touched)
            and (not self.channels or channel in self.channels)
            and (not self.roles or not self.roles.isdisjoint(actor.roles))
            and (self.above is None or any(_is_above(value, self.above) for value in touched))
            and (self.when is None or self.when.holds(record, known))
        )

    def document(self) -> dict[str, Any]:
        """The rule as a policy has it."""
        lists = {"fields": self.fields, "channels": self.channels, "roles": self.roles}
        return {
            "id": self.id, **{name: sorted(said) for name, said in lists.items() if said},
            **({"when": self.when.text} if self.when else {}),
            **({"above": f"{self.above.currency} {self.above.amount}"} if self.above else {}),
        }  # fmt: skip


def _is_above(value: Any, most: Money) -> bool:
    if not isinstance(value, Mapping) or "minor" not in value:
        return False
    return bool(value["currency"] != most.currency or value["minor"] > most.minor)


def change_rules(entries: Any) -> tuple[ChangeRule, ...]:
    """
    The rules in a policy's ``[[change]]``.

    Raises:
        PolicyError: One has an unknown key, or names what does not exist.
    """
    if not isinstance(entries, list | tuple) or not all(isinstance(entry, Mapping) for entry in entries):
        raise PolicyError("[[change]] is a list of tables, each with an id", rule="policy")
    found = tuple(_rule_of(entry) for entry in entries)
    if len({one.id for one in found}) < len(found):
        raise PolicyError("each [[change]] has an id of its own", rule="policy")
    return found


def _rule_of(entry: Mapping[str, Any]) -> ChangeRule:
    name = entry.get("id")
    if not isinstance(name, str) or not is_label(name):
        raise PolicyError("the id of a [[change]] is one to 64 printable characters", rule="policy")
    if unknown := set(entry) - _KEYS:
        raise PolicyError(f"change {name} has unknown keys: {', '.join(sorted(unknown))}", rule="policy")
    lists = {key: _names(entry.get(key, ()), key, name) for key in ("fields", "channels", "roles")}
    if other := sorted(lists["fields"] - FIELD_NAMES):
        raise PolicyError(f"change {name}: {', '.join(other)} is no field of the catalogue", rule="policy")
    when = entry.get("when")
    if when is not None and not isinstance(when, str):
        raise PolicyError(f"change {name}: when is a text", rule="policy")
    return ChangeRule(
        id=name, when=None if when is None else row_rule(when, name), above=_amount(entry.get("above"), name), **lists
    )


def _names(said: Any, key: str, name: str) -> frozenset[str]:
    if not isinstance(said, Collection) or isinstance(said, str) or not all(isinstance(one, str) for one in said):
        raise PolicyError(f"change {name}: {key} is a list of names", rule="policy")
    return frozenset(said)


def _amount(said: Any, name: str) -> Money | None:
    if said is None:
        return None
    found: Money | None = None
    parts = said.split() if isinstance(said, str) else []
    try:
        found = Money(Decimal(parts[1]), parts[0]) if len(parts) == 2 else None
    except (InputError, ArithmeticError):
        found = None
    if found is None:
        raise PolicyError(f"change {name}: above is a currency and an amount, such as CNY 500000", rule="policy")
    return found
