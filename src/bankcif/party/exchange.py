"""
Party models from and to plain mappings (JSON).

`party_from` collects every fault with its path and raises once; no message holds a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, get_args, get_origin

import attrs
import cattrs
from cattrs.gen import make_dict_structure_fn

from .._text import Language, rule_text
from ..errors import InputError, IntakeError
from .models import (
    NOT_STORABLE,
    Holding,
    Identifier,
    Individual,
    Interaction,
    MonthlyBalance,
    Organization,
    Party,
    TaxResidence,
    TransactionSummary,
)
from .values import Money, Sensitive

__all__ = ["Fault", "party_from", "party_to", "plain_values"]


@attrs.frozen
class Fault:
    """
    Something wrong, or worth knowing, about one value.

    Attributes:
        path: Where, as a JSON path into the form.
        rule: Which rule, by its stable name.
        severity: ``error`` (the form is not taken), ``warning`` or ``info``.
    """

    path: str
    rule: str
    severity: str = "error"

    def said(self, language: Language = "en") -> str:
        """What the rule asks, in words for whoever sits at the form; never the value."""
        return rule_text(self.rule, language)


def _text(value: object, _: object = None) -> str:
    if not isinstance(value, str):
        raise InputError("text is expected", rule="text")
    return value


def _date(value: object, _: object = None) -> date:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(_text(value))
    except ValueError:
        pass
    raise InputError("a date is expected, as YYYY-MM-DD", rule="date")


def _integer(value: object, _: object = None) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError("a whole number is expected", rule="number")
    return value


def _boolean(value: object, _: object = None) -> bool:
    if not isinstance(value, bool):
        raise InputError("true or false is expected", rule="code")
    return value


def _money(value: object, _: object = None) -> Money:
    if isinstance(value, Money):
        return value
    if not isinstance(value, Mapping) or set(value) != {"amount", "currency"}:
        raise InputError("money is expected, as an amount and a currency", rule="money")
    amount = value["amount"]
    if isinstance(amount, bool) or not isinstance(amount, str | int | Decimal):
        raise InputError("an amount is a decimal number as text, never a binary float", rule="money")
    return Money(amount, _text(value["currency"]))


@cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=True, forbid_extra_keys=True)
    for cls, hook in ((str, _text), (date, _date), (int, _integer), (bool, _boolean), (Money, _money)):
        converter.register_structure_hook(cls, hook)

    def sensitive(value: object, target: Any) -> Sensitive[Any]:
        if isinstance(value, Sensitive):
            value = value.unwrap()
        return Sensitive(converter.structure(value, get_args(target)[0]))

    def is_sensitive(target: Any) -> bool:
        return get_origin(target) is Sensitive

    converter.register_structure_hook_func(is_sensitive, sensitive)
    for model in (
        Identifier,
        Holding,
        TransactionSummary,
        MonthlyBalance,
        TaxResidence,
        Interaction,
        Individual,
        Organization,
    ):
        converter.register_structure_hook(
            model, make_dict_structure_fn(model, converter, _cattrs_forbid_extra_keys=True)
        )
    converter.register_unstructure_hook_func(is_sensitive, lambda value: converter.unstructure(value.unwrap()))
    converter.register_unstructure_hook(Sensitive, lambda value: converter.unstructure(value.unwrap()))
    converter.register_unstructure_hook(date, date.isoformat)
    converter.register_unstructure_hook(Money, lambda m: {"amount": str(m.amount), "currency": m.currency})
    return converter


def _faults(error: BaseException, path: str) -> Iterator[Fault]:
    """Path and rule of every leaf of a cattrs error; its texts and values are dropped."""
    if isinstance(error, cattrs.ForbiddenExtraKeysError):
        for key in sorted(map(str, error.extra_fields)):
            rule = "not_storable" if key.casefold() in NOT_STORABLE else "unknown_field"
            # The name of an unknown field is whatever the caller sent, so only a plausible name is repeated.
            yield Fault(
                f"{path}.{key}" if key.isascii() and key.isidentifier() and len(key) <= 40 else f"{path}.?", rule
            )
        return
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            step = ""
            for note in getattr(inner, "__notes__", ()):
                if isinstance(note, cattrs.AttributeValidationNote):
                    step = f".{note.name}"
                elif isinstance(note, cattrs.IterableValidationNote):
                    step = f"[{note.index}]"
            yield from _faults(inner, path + step)
        return
    if isinstance(error, InputError):
        yield Fault(path, error.rule or "text")
    else:
        yield Fault(path, "required" if isinstance(error, KeyError) else "text")


def party_from(values: Mapping[str, Any], kind: type[Individual] | type[Organization]) -> Party:
    """
    A form from plain values, as a JSON body has them.

    Args:
        values: Field names to text, numbers, dates (or ``YYYY-MM-DD``), lists of mappings.
        kind: `Individual` or `Organization`.

    Raises:
        IntakeError: Unknown fields, secrets, or values of the wrong type; all at once, by path and rule.
    """
    faults: list[Fault]
    try:
        return _converter().structure(values, kind)
    except Exception as error:
        faults = list(_faults(error, "$"))
    raise IntakeError(faults)


def party_to(party: Party) -> dict[str, Any]:
    """Plain values of *party*, **in clear**: for the bank's own transport, never for display."""
    return {
        name: value
        for name, value in _converter().unstructure(party).items()
        if value is not None and value not in ([], ())
    }


def plain_values(party: Party) -> dict[str, Any]:
    """Field names to bare values (text, dates, money, mappings), empty ones left out; what intake standardizes."""
    found: dict[str, Any] = {}
    model: Any = type(party)
    for attribute in attrs.fields(model):
        value = getattr(party, attribute.name)
        if value is None or value == ():
            continue
        found[attribute.name] = _bare(value)
    return found


def _bare(value: Any) -> Any:
    if isinstance(value, Sensitive):
        return value.unwrap()
    if isinstance(value, tuple):
        return [
            {a.name: _bare(inner) for a in attrs.fields(type(one)) if (inner := getattr(one, a.name)) is not None}
            for one in value
        ]
    return value
