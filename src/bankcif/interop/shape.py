"""What every shape of another system does: customers out into its form and in from it, each with a report of what is lost on the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Protocol

import attrs

from ..errors import InputError
from ..party import FORMS, Money, PartyKind

__all__ = ["Converted", "Loss", "Shape", "Taken", "bare", "clipped", "left_over", "text_of"]


@attrs.frozen
class Loss:
    """
    Something that the other side has no place for.

    Attributes:
        path: Of a customer the field, and of a document the place in it, such as ``$.credit_limit``; never a value.
        why: In a sentence.
    """

    path: str
    why: str


@attrs.frozen(kw_only=True)
class Converted:
    """A customer in another system's form, **in clear**, and what of them is not in it."""

    document: Mapping[str, Any] = attrs.field(repr=False)
    lost: tuple[Loss, ...]


@attrs.frozen(kw_only=True)
class Taken:
    """
    What a document says of a customer, and what of it is lost.

    Attributes:
        kind: A person or an organization.
        values: As `bankcif.party_from` takes them.
    """

    kind: PartyKind
    values: Mapping[str, Any] = attrs.field(repr=False)
    lost: tuple[Loss, ...]


class Shape(Protocol):
    """The form of another system."""

    @property
    def name(self) -> str:
        """A word."""

    def out(self, kind: PartyKind, values: Mapping[str, Any]) -> Converted:
        """A customer in this form; *values* as `bankcif.party_to` gives them, or `Customers.reveal`."""

    def take(self, document: Mapping[str, Any]) -> Taken:
        """
        What a document in this form says.

        Raises:
            InputError: It is none; the message names the place and no value.
        """


def bare(kind: PartyKind, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as JSON has them, of the fields that a form may carry; what is empty is left out."""
    return {name: _bare(values[name]) for name in FORMS[kind] if values.get(name) not in (None, "", [], ())}


def left_over(kind: PartyKind, values: Mapping[str, Any], carried: Iterable[str]) -> Iterator[Loss]:
    """A loss for each field that there is and that was not carried."""
    done = set(carried)
    for name in bare(kind, values):
        if name not in done:
            yield Loss(name, "there is no place for it")


def clipped(text: str, most: int, path: str, lost: list[Loss]) -> str:
    """*text*, cut where it is longer than its place; the loss is told."""
    if len(text) > most:
        lost.append(Loss(path, f"it is longer than {most} characters, and was cut"))
    return text[:most]


def text_of(document: Mapping[str, Any], name: str, path: str) -> str:
    """The text under *name*, empty if there is none. Raises `InputError` if it is something else."""
    value = document.get(name)
    if value is None:
        return ""
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise InputError("text is expected", path=f"{path}.{name}", rule="interop")
    return str(value).strip()


def _bare(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Money):
        return {"amount": str(value.amount), "currency": value.currency}
    if isinstance(value, list | tuple):
        return [{name: _bare(said) for name, said in row.items() if said is not None} for row in value]
    return value
