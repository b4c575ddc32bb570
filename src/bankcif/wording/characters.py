"""
Tables of Han characters: simplified forms of traditional and variant characters, readings, legacy code points.

Tables load once, on first use. Their sources and licences stand at the top of each file in ``data/``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from .._visible import visible

__all__ = [
    "LEGACY",
    "cantonese",
    "is_han",
    "lines",
    "look_alike",
    "look_alikes",
    "modern",
    "reading_groups",
    "readings",
    "simplify",
    "simplify_script",
]

# Source: GB18030-2000 and GBK put these into the private use area; read as the characters that Unicode has since.
_LEGACY_TEXT = (
    (
        0xE816,
        "𠂇𠂉𠃌⺄㑳㑇⺈⺋龴㖞㘚㘎⺌⺗㥮㤘龵㧏㧟㩳㧐龶龷㭎㱮㳠⺧𡗗龸⺪䁖䅟⺮䌷⺳⺶⺷𢦏䎱䎬⺻䏝䓖䙡䙌龹䜣䜩䝼䞍⻊䥇䥺䥽䦂䦃䦅䦆䦟䦛䦷䦶龺𤇾䲣䲟䲠䲡䱷䲢䴓䴔䴕䴖䴗䴘䴙䶮龻",
    ),
)
LEGACY: Mapping[int, str] = {
    start + offset: character for start, text in _LEGACY_TEXT for offset, character in enumerate(text)
}
"""Private-use code points of old Chinese systems to real characters; for `str.translate`."""


_ANY_LEGACY = re.compile(f"[{''.join(map(chr, LEGACY))}]")


def modern(text: str) -> str:
    """*text* without what nobody sees, and with private-use characters of old Chinese systems as the characters that Unicode has since."""
    text = visible(text)
    return text.translate(LEGACY) if _ANY_LEGACY.search(text) else text


def is_han(character: str) -> bool:
    """Whether *character* is a Han character, extensions A to H, 〇 and compatibility ideographs included."""
    point = ord(character)
    return (
        0x4E00 <= point <= 0x9FFF
        or 0x3400 <= point <= 0x4DBF
        or 0x20000 <= point <= 0x323AF
        or 0xF900 <= point <= 0xFAFF
        or point == 0x3007
    )


def lines(name: str) -> list[tuple[str, str]]:
    """The two columns of a table in ``data/``."""
    text = files(__package__ or "bankcif.wording").joinpath("data", name).read_text(encoding="utf-8")
    pairs = (line.split("\t") for line in text.splitlines() if not line.startswith("#"))
    return [(left, right) for left, right in pairs]


@cache
def _traditional() -> Mapping[int, str]:
    return {ord(form): simple for simple, forms in lines("simplified.tsv") for form in forms}


@cache
def _simplified() -> Mapping[int, str]:
    variants = {ord(form): simple for simple, forms in lines("variants.tsv") for form in forms}
    known = {**variants, **_traditional()}
    # Compatibility ideographs are other code points of characters that there are; some keyboards give them.
    for point in (*range(0xF900, 0xFB00), *range(0x2F800, 0x2FA20)):
        plain = unicodedata.normalize("NFC", chr(point))
        if plain != chr(point):
            known.setdefault(point, known.get(ord(plain), plain))
    return known


@cache
def _alike() -> frozenset[str]:
    return frozenset(one + other for one, others in lines("look_alike.tsv") for other in others)


@cache
def _readings(name: str = "readings.tsv") -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for syllables, characters in lines(name):
        split = tuple(syllables.split(","))
        for character in characters:
            found[character] = split
    return found


def simplify(text: str) -> str:
    """
    *text* with traditional and variant characters in their simplified form; for comparing, never for keeping.

    The mapping joins characters (鍾 and 鐘 become 钟), so equal results mean compatible, not equal.
    """
    # Most text has none of these characters, and looking for them costs a tenth of translating.
    return text.translate(_simplified()) if _any_variant().search(text) else text


@cache
def _any_variant() -> re.Pattern[str]:
    # A character beyond the first plane counts as one: a set with single ones of them is searched ten times slower.
    first_plane = "".join(chr(point) for point in _simplified() if point < 0x10000)
    return re.compile(f"[{re.escape(first_plane)}\U00010000-\U0010ffff]")


def readings(character: str) -> tuple[str, ...]:
    """Readings of *character* without tone, commonest first; ü is ``v``. Empty if it has none."""
    return _readings().get(character, ())


def reading_groups() -> list[tuple[tuple[str, ...], str]]:
    """Every list of readings (see `readings`), with all characters that have it."""
    return [(tuple(syllables.split(",")), characters) for syllables, characters in lines("readings.tsv")]


def simplify_script(text: str) -> str:
    """*text* with traditional characters simplified and other variants left."""
    return text.translate(_traditional())


def look_alike(one: str, other: str) -> bool:
    """Whether two different characters are known to be mistaken for each other by their look."""
    return min(one, other) + max(one, other) in _alike()


def look_alikes() -> frozenset[str]:
    """Every pair of characters that `look_alike` knows, the lower first."""
    return _alike()


def cantonese(character: str) -> tuple[str, ...]:
    """Cantonese readings of *character* in Jyutping without tone, commonest first. Empty if it has none."""
    return _readings("cantonese.tsv").get(character, ())
