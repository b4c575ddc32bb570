"""
Personal names: a standard form, its parts, and the forms it is compared by.

The name as written is never changed; everything here stands beside it.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import Any

import attrs

from .characters import is_han, modern, readings, simplify

__all__ = [
    "HONORIFICS",
    "PARTICLES",
    "PersonName",
    "compound_surnames",
    "person_name",
    "special_surnames",
    "standard_form",
    "surname_length",
    "surname_readings",
    "titles",
]

_DOT = "\u00b7"
# Separators found in files where GB18030 A1A4 (·) belongs. Source: rule of twelve ministries, 民委发〔2016〕33号.
_DOTS = dict.fromkeys(map(ord, "\u2022\u30fb\uff65\u2027\u2219\u22c5\u16eb\ua78f\u25cf\uff0e.\u3002"), _DOT)
_MOST_READINGS = 4
_SPELLINGS = (("lve", "lue"), ("nve", "nue"), ("lv", "lu"), ("nv", "nu"))
_LETTERS = re.compile(r"[^a-z]+")
# What counters type around a name.
_TITLES = ("先生", "女士", "小姐", "太太", "同志", "老师", "教授", "经理")
HONORIFICS = frozenset("mr mrs ms miss mx dr prof sir madam mdm rev hon".split())
_BRACKETS = str.maketrans("【〔［〈《「『】〕］〉》」』", "(((((((" + ")))))))")
# Words that belong to the surname behind them. Source: general knowledge of European and Malay names; unchecked.
PARTICLES = frozenset(
    "van von der den de del della di da do dos das du la le les el al bin binti bte ibn abu ten ter zu zur af av".split()
)
# Letters that Unicode does not take apart.
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"})


@attrs.frozen(kw_only=True, repr=False)
class PersonName:
    """
    A personal name and what it is compared by.

    Attributes:
        standard: Legacy code points mended, full-width letters folded, one separator, no spaces between Han.
        key: Simplified form without separators, or the letters of a Latin name in lower case, in order.
        surname, given: Parts of a Han name; a Latin name has its last word as surname.
        readings: Letters of the whole name, surname's reading first, in every likely reading; of a Latin name in the
            orders it may be written in. At most four.
        words: The words of a Latin name in plain letters, in order.
        letters: The letters of a Latin name sorted by word, so that order does not count; empty for a Han name.
        han: Whether it is written in Han characters.
    """

    standard: str
    key: str
    surname: str
    given: str
    readings: tuple[str, ...]
    words: tuple[str, ...]
    letters: str
    han: bool


@cache
def _surnames() -> tuple[frozenset[str], dict[str, list[str]]]:
    text = files(__package__ or "bankcif.wording").joinpath("data", "surnames.toml").read_text(encoding="utf-8")
    table: dict[str, Any] = tomllib.loads(text)
    return frozenset(table["compound"]), table["readings"]


def compound_surnames() -> frozenset[str]:
    """Surnames of two characters, simplified."""
    return _surnames()[0]


def surname_readings(surname: str) -> tuple[str, ...]:
    """How *surname* is read, commonest first, where that differs from its characters; empty if it does not."""
    return tuple(_surnames()[1].get(surname, ()))


def special_surnames() -> dict[str, tuple[str, ...]]:
    """Every surname for which `surname_readings` has readings, with them."""
    return {surname: tuple(spoken) for surname, spoken in _surnames()[1].items()}


def titles() -> tuple[str, ...]:
    """What counters type behind a Chinese name; each of two characters."""
    return _TITLES


def standard_form(text: str) -> str:
    """
    *text* in the bank's form: legacy code points mended, full-width folded, titles off, separators as ·.

    Compatibility ideographs stay as they are: folding them would change a legal name.
    """
    mended = modern(text)
    if not mended.isascii():
        mended = _folded(mended)
    mended = " ".join(mended.split())
    if any(map(is_han, mended)):
        # A mark that stood by itself comes to a letter where the blank between them goes.
        return _bare(_folded(mended.replace(" ", "")).translate(_DOTS).translate(_BRACKETS))
    return _untitled(mended)


def _folded(text: str) -> str:
    """*text* in NFKC, with its Han characters as they are; marks stay with their letters."""
    runs = [(han, "".join(run)) for han, run in groupby(text, is_han)]
    return "".join(run if han else unicodedata.normalize("NFKC", run) for han, run in runs)


def _bare(text: str) -> str:
    """A Han name without what stands around it: titles, bracketed remarks, separators. One character at least stays."""
    start, end = 0, len(text)
    while end - start > 1:
        last = text[end - 1]
        title = next((one for one in _TITLES if text.endswith(one, start, end)), "")
        opened = text.rfind("(", start, end) if last == ")" else -1
        closed = text.find(")", start, end) if text[start] == "(" else -1
        if text[start] == _DOT:
            start += 1
        elif last == _DOT or last in ",、":
            end -= 1
        elif title and end - start > len(title) + 1:
            end -= len(title)
        elif opened == start:
            start, end = start + 1, end - 1
        elif opened > start:
            end = opened
        elif 0 < closed < end - 1:
            start = closed + 1
        else:
            break
    return text[start:end]


def _untitled(text: str) -> str:
    """A Latin name without honorifics before it."""
    words = text.split(" ")
    while len(words) > 1 and words[0].casefold().rstrip(".") in HONORIFICS:
        del words[0]
    return " ".join(words)


def person_name(text: str) -> PersonName:
    """The parts and match forms of the name *text*. Cost: some five microseconds."""
    standard = standard_form(text)
    if any(map(is_han, standard)):
        return _han_name(standard)
    words = [w for w in (_LETTERS.sub("", plain_letters(word)) for word in re.split(r"[\s,]+", standard)) if w]
    letters = "".join(words)
    split = _surname_at(words)
    return PersonName(
        standard=standard, key=letters or standard, surname="".join(words[split:]) if split else "",
        given="".join(words[:split]) if split else letters, readings=_orders(words), words=tuple(words),
        letters=" ".join(sorted(words)), han=False,
    )  # fmt: skip


def _surname_at(words: list[str]) -> int:
    """Where the surname of a Latin name begins: at its last word, or at the particles before it; 0 for one word."""
    at = len(words) - 1
    while at > 1 and words[at - 1] in PARTICLES:
        at -= 1
    return max(at, 0)


def _orders(words: list[str]) -> tuple[str, ...]:
    """The letters of a Latin name as written, with the last word in front, and with the first word behind."""
    if not words:
        return ()
    orders = (words, [words[-1], *words[:-1]], [*words[1:], words[0]])
    return tuple(dict.fromkeys("".join(order) for order in orders))


def plain_letters(word: str) -> str:
    """*word* in lower case without marks; letters that are no marked ones as their usual replacement."""
    decomposed = unicodedata.normalize("NFKD", word.casefold().translate(_PLAIN))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


_COMMON = re.compile("[\u4e00-\u9fa5]+")
"""The characters that Unicode had from its first version on; none is mended."""


def surname_length(text: str) -> int:
    """How many characters of the Han name *text* are its surname, as `person_name` splits it; 0 if it is not split."""
    if len(text) in (2, 3) and _COMMON.fullmatch(
        text
    ):  # nothing stands around it, and its separator would be no such character
        return _surname_size(text, simplify(text))
    standard = standard_form(text)
    return _surname_size(standard, simplify(standard.replace(_DOT, ""))) if any(map(is_han, standard)) else 0


def _surname_size(standard: str, key: str) -> int:
    # A name with a separator, or of five characters and more, is a name of another people: it has no surname to split.
    if _DOT in standard or len(key) > 4:
        return 0
    return 2 if len(key) > 1 and key[:2] in compound_surnames() else 1


def _han_name(standard: str) -> PersonName:
    key = simplify(standard.replace(_DOT, ""))
    size = _surname_size(standard, key)
    surname, given = key[:size], key[size:]
    return PersonName(
        standard=standard, key=key, surname=surname, given=given, readings=_name_readings(surname, given),
        words=(), letters="", han=True,
    )  # fmt: skip


def _name_readings(surname: str, given: str) -> tuple[str, ...]:
    _, special = _surnames()
    starts = special.get(surname) or _spoken(surname)
    found: dict[str, None] = {}
    for start in starts:
        for rest in _spoken(given):
            for spelling in _umlauts(start + rest):
                found[spelling] = None
    return tuple(found)[:_MOST_READINGS]


def _spoken(text: str) -> tuple[str, ...]:
    """Readings of *text*: the commonest of each character, and, for one polyphonic character, its alternatives."""
    if not text:
        return ("",)
    options = [readings(character) or (character,) for character in text]
    usual = "".join(option[0] for option in options)
    found = {usual: None}
    for index, option in enumerate(options):
        if len(found) >= _MOST_READINGS:
            break  # no more are kept, and each costs the whole name
        for other in option[1:3]:
            found["".join(other if i == index else o[0] for i, o in enumerate(options))] = None
    return tuple(found)


def _umlauts(letters: str) -> tuple[str, ...]:
    if "v" not in letters:
        return (letters,)
    plain = letters
    for written, other in _SPELLINGS:
        plain = plain.replace(written, other)
    return (letters, plain, letters.replace("lv", "lyu").replace("nv", "nyu"))
