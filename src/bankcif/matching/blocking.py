"""
Blocking keys: the values under which records meet before they are compared.

In the store a new record is looked up under `blocking_keys`; each names its index and rests as a keyed tag only. In a
file records meet under the `BlockingRule`s of the model, whose keys are numbers computed from their lanes.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import attrs
import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigurationError
from ..party import PartyKind
from .features import Features
from .lanes import Lane, Lanes, Row

__all__ = [
    "FULL_TAG_INDEXES",
    "INDEX_PARTS",
    "KEY_PARTS",
    "ORGANIZATION_LIKE",
    "BlockingKey",
    "BlockingRule",
    "blocking_keys",
]

_MOST_READINGS = 2

INDEX_PARTS: Mapping[str, tuple[str, ...]] = {
    "identifier": ("identifier",),
    "phone": ("phone",),
    "email": ("email",),
    "organization_name": ("organization_name",),
    "reading_birth": ("reading", "birth_date"),
    "letters_birth": ("letters", "birth_date"),
    "holding": ("holding",),
}
"""Each index, and what its values are made of: from this it is planned how long its tags may be."""

ORGANIZATION_LIKE = "organization_like"
"""The index by which organizations are searched by a name that is spelled otherwise."""

FULL_TAG_INDEXES = frozenset({"identifier", "organization_name", ORGANIZATION_LIKE})
"""
Indexes whose tags are not cut: their values are nearly all distinct, or public, so that frequencies say nothing.
"""


@attrs.frozen(cache_hash=True)  # it is looked up forty times a record
class BlockingKey:
    """An index and the value under which a record stands in it."""

    index: str
    value: tuple[str, ...] = attrs.field(repr=False)


def blocking_keys(record: Features) -> list[BlockingKey]:
    """
    The keys of *record*: exact identifiers, phone, e-mail, and the name's sound and words with the birth date.

    A name alone is no key: its frequency would give it away, and its block would hold thousands. Its characters are none
    either: names of the same characters sound alike, so that they meet already.
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
        keys += [
            BlockingKey("reading_birth", (sound, record.born))
            for sound in record.readings[:_MOST_READINGS] or (record.name_key,)
        ]
        if record.letters:
            keys.append(BlockingKey("letters_birth", (record.letters, record.born)))
    return keys


_WHOLE = (1 << 64) - 1

KEY_PARTS: Mapping[str, tuple[tuple[Lane, int], ...]] = {
    "identifier": ((Lane.ID, _WHOLE),),
    "document": ((Lane.DOCUMENT, _WHOLE), (Lane.DOCUMENT_2, _WHOLE), (Lane.DOCUMENT_3, _WHOLE)),
    "phone": ((Lane.PHONE, _WHOLE),),
    "email": ((Lane.EMAIL, _WHOLE),),
    "mailbox": ((Lane.MAILBOX, _WHOLE),),
    "name": ((Lane.KEY, _WHOLE),),
    "sound": ((Lane.SOUND, _WHOLE), (Lane.SOUND_2, _WHOLE), (Lane.SOUND_3, _WHOLE)),
    "usual_sound": ((Lane.SOUND, _WHOLE),),
    "words": ((Lane.WORDS, _WHOLE),),
    "surname": ((Lane.SURNAME, _WHOLE),),
    "given_name": ((Lane.CHARS, _WHOLE),),
    "beginning": ((Lane.CHARS, (1 << 15) - 1),),
    "born": ((Lane.BORN, _WHOLE),),
    "birth_year": ((Lane.BORN, (1 << 16) - 1),),
    "birthday": ((Lane.BORN, (1 << 32) - (1 << 16)),),
    "sex": ((Lane.FLAGS, 3),),
    "region": ((Lane.REGION, _WHOLE),),
    "address": ((Lane.ADDRESS, _WHOLE),),
    "house": ((Lane.HOUSE, _WHOLE),),
}
"""
What the keys of a file may be made of: the lanes that a part may stand in, and which bits of each count. A key with a part
that may stand in several is a key for each.
"""


# Which comparison has nothing new to say where records met by a part.
_SEEN_BY = {
    "identifier": "id_number", "document": "document", "phone": "phone", "email": "email", "mailbox": "email",
    "name": "name", "sound": "name", "usual_sound": "name", "words": "name", "surname": "name", "given_name": "name",
    "beginning": "name", "born": "birth_date", "birth_year": "birth_date", "birthday": "birth_date", "sex": "sex",
    "region": "region", "address": "address", "house": "address",
}  # fmt: skip


@attrs.frozen(kw_only=True)
class BlockingRule:
    """
    Records that agree on all *parts* meet.

    Attributes:
        name: How reports call it.
        parts: What its key is made of; see `KEY_PARTS`.
        narrower: Further parts, added one after another where a block is too large to be compared whole.
    """

    name: str
    parts: tuple[str, ...]
    narrower: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        unknown = sorted({*self.parts, *self.narrower} - KEY_PARTS.keys())
        if unknown or not self.parts:
            raise ConfigurationError(
                f"blocking rule {self.name} names parts that there are not: {', '.join(unknown) or 'none at all'}",
                rule="match_model",
            )

        if sum(len(KEY_PARTS[name]) > 1 for name in (*self.parts, *self.narrower)) > 1:
            raise ConfigurationError(
                f"blocking rule {self.name} has two parts that may stand in several places; one at most",
                rule="match_model",
            )

    @property
    def sees(self) -> frozenset[str]:
        """The comparisons that have nothing new to say of pairs that meet by this rule."""
        return frozenset(_SEEN_BY[part] for part in self.parts)

    def keys(self, lanes: Lanes, narrowed: int = 0) -> NDArray[np.uint64]:
        """
        The keys of each record, 0 where a part is missing; shape (places, records): a part may stand in several lanes.

        Args:
            lanes: The records.
            narrowed: How many of the narrower parts are added.
        """
        from .kernels.meeting import fill_keys

        every = list(product(*(KEY_PARTS[name] for name in (*self.parts, *self.narrower[:narrowed]))))
        found = np.empty((len(every), len(lanes)), np.uint64)
        for place, chosen in enumerate(every):
            fill_keys(lanes, chosen, found[place])
            for earlier in found[:place]:  # one value in two places is one key
                found[place][found[place] == earlier] = 0
        return found

    def meets(self, one: Row, other: Row) -> bool:
        """Whether two records agree on all parts: whatever each stands in on the one side, on the other."""
        return all(
            any(
                one[here] & bits and one[here] & bits == other[there] & more
                for (here, bits), (there, more) in product(KEY_PARTS[name], KEY_PARTS[name])
            )
            for name in self.parts
        )
