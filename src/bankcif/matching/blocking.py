"""
Blocking keys: the values under which records meet before they are compared.

The same keys are looked up for a new record and joined for a whole file. Each names its index; in the store they rest
as keyed tags only.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ..party import PartyKind
from .features import Features

__all__ = ["FULL_TAG_INDEXES", "INDEX_PARTS", "BlockingKey", "blocking_keys"]

_MOST_READINGS = 2

INDEX_PARTS: Mapping[str, tuple[str, ...]] = {
    "identifier": ("identifier",),
    "phone": ("phone",),
    "email": ("email",),
    "organization_name": ("organization_name",),
    "name_birth": ("name", "birth_date"),
    "reading_birth": ("reading", "birth_date"),
    "letters_birth": ("letters", "birth_date"),
}
"""Each index, and what its values are made of: from this it is planned how long its tags may be."""

FULL_TAG_INDEXES = frozenset({"identifier", "organization_name"})
"""
Indexes whose tags are not cut: their values are nearly all distinct, or public, so that frequencies say nothing.
"""


@attrs.frozen
class BlockingKey:
    """An index and the value under which a record stands in it."""

    index: str
    value: tuple[str, ...] = attrs.field(repr=False)


def blocking_keys(record: Features) -> list[BlockingKey]:
    """
    The keys of *record*: exact identifiers, phone, e-mail, and the name with the birth date, in characters and sound.

    A name alone is no key: its frequency would give it away, and its block would hold thousands.
    """
    keys = [BlockingKey("identifier", pair) for pair in record.identifiers]
    if record.phone:
        keys.append(BlockingKey("phone", (record.phone,)))
    if record.email:
        keys.append(BlockingKey("email", (record.email,)))
    if record.kind is PartyKind.ORGANIZATION:
        if record.name_key:
            keys.append(BlockingKey("organization_name", (record.name_key,)))
    elif record.name_key and record.born:
        keys.append(BlockingKey("name_birth", (record.name_key, record.born)))
        keys += [BlockingKey("reading_birth", (sound, record.born)) for sound in record.readings[:_MOST_READINGS]]
        if record.letters:
            keys.append(BlockingKey("letters_birth", (record.letters, record.born)))
    return keys
