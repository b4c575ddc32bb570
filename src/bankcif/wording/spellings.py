"""Whether two spellings may be one person's name, and on which ground."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache

from .characters import cantonese, lines, look_alike, readings, simplify_script
from .names import PARTICLES, PersonName, plain_letters

__all__ = ["Ground", "compatible", "full_given_name", "full_given_names", "spelling_keys", "writes_surname"]

_SHORTEST_CUT_HAN = 6
_SHORTEST_CUT_LATIN = 12
_MOST_OTHER_WORDS = 2


class Ground(enum.StrEnum):
    """On which ground two names are compatible, best first."""

    IDENTICAL = "identical"
    TRADITIONAL = "traditional"
    VARIANT = "variant"
    HOMOPHONE = "homophone"
    ROMANIZATION = "romanization"
    ORDER = "order"
    NICKNAME = "nickname"
    TRUNCATED = "truncated"
    LOOK_ALIKE = "look_alike"


def compatible(one: PersonName, other: PersonName) -> Ground | None:
    """
    Whether two spellings may be one person's name, and on which ground; None if they may not.

    One different character is not compatible, unless it sounds or looks alike: brothers, and fathers and sons, are
    named so. Two names are told to be cut only from six Han characters, or twelve letters, on.
    """
    if one.standard == other.standard:
        return Ground.IDENTICAL
    if one.han and other.han and simplify_script(one.standard) == simplify_script(other.standard):
        return Ground.TRADITIONAL
    if one.key == other.key:
        return Ground.VARIANT
    if one.han != other.han:
        return _across_scripts(*((one, other) if one.han else (other, one)))
    return _han(one, other) if one.han else _latin(one, other)


def spelling_keys(name: PersonName) -> Iterator[str]:
    """
    Keys of which two names share one where `compatible` finds a ground other than how Hong Kong, Taiwan and Southeast Asia write a surname, for which see
    `writes_surname`; many that share one have no ground.
    """
    yield f"k:{name.key}"
    yield from (f"r:{reading}" for reading in name.readings)
    if name.han:
        yield f"t:{name.key[:_SHORTEST_CUT_HAN]}"
        yield from (f"d:{name.key[:at]}{name.key[at + 1 :]}" for at in range(len(name.key)))
        return
    yield f"t:{name.key[:_SHORTEST_CUT_LATIN]}"
    for words in (list(name.words), _without_particles(name), _transliterated(name)):
        ordered = sorted(words)
        yield f"w:{' '.join(ordered)}"
        yield from (f"w:{' '.join(ordered[:at] + ordered[at + 1 :])}" for at in range(len(ordered)))


def _han(one: PersonName, other: PersonName) -> Ground | None:
    if len(one.key) == len(other.key):
        if not set(one.readings).isdisjoint(other.readings):
            return Ground.HOMOPHONE
        differing = [(a, b) for a, b in zip(one.key, other.key, strict=True) if a != b]
        return Ground.LOOK_ALIKE if len(differing) == 1 and look_alike(*differing[0]) else None
    return Ground.TRUNCATED if _cut(one.key, other.key, _SHORTEST_CUT_HAN) else None


def _latin(one: PersonName, other: PersonName) -> Ground | None:
    if not (one.letters and other.letters):
        return None
    if one.letters == other.letters:
        return Ground.ORDER
    if sorted(_transliterated(one)) == sorted(_transliterated(other)):
        return Ground.ROMANIZATION
    mine, theirs = _without_particles(one), _without_particles(other)
    if sorted(mine) == sorted(theirs):
        return Ground.ORDER
    if len(mine) == len(theirs):
        left, right = sorted(set(mine) - set(theirs)), sorted(set(theirs) - set(mine))
        if len(mine) > 1 and len(left) == len(right) == 1 and _familiar(left[0], right[0]):
            return Ground.NICKNAME
    return Ground.TRUNCATED if _cut(one.key, other.key, _SHORTEST_CUT_LATIN) else None


def _cut(one: str, other: str, shortest: int) -> bool:
    """Whether the shorter begins the longer, and is long enough to have filled a field."""
    short, long = sorted((one, other), key=len)
    return len(short) >= shortest and long.startswith(short)


def _without_particles(name: PersonName) -> list[str]:
    kept = [word for word in name.words if word not in PARTICLES]
    return kept if len(kept) > 1 else list(name.words)


# How travel documents write letters with marks. Source: ICAO Doc 9303 part 3, section 6.A.
_DOCUMENT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "æ": "ae", "ß": "ss", "þ": "th"})


def _transliterated(name: PersonName) -> list[str]:
    """The words of a Latin name as a travel document writes them."""
    words = name.standard.lower().translate(_DOCUMENT).replace(",", " ").split()
    return [plain for word in words if (plain := "".join(filter(str.isalpha, plain_letters(word))))]


@cache
def _canonical() -> dict[str, frozenset[str]]:
    """The full given names that a short or familiar one may stand for, itself among them where it is one."""
    found: dict[str, set[str]] = {}
    for full, shorts in lines("nicknames.tsv"):
        for form in (full, *shorts.split(",")):
            found.setdefault(form, set()).add(full)
    return {form: frozenset(fulls) for form, fulls in found.items()}


@cache
def full_given_names() -> dict[str, str]:
    """Every given name, short or not, to the one that it most likely stands for; see `full_given_name`."""
    forms: dict[str, int] = {full: len(shorts.split(",")) for full, shorts in lines("nicknames.tsv")}
    return {form: max((form, *fulls), key=lambda one: (forms.get(one, 0), one)) for form, fulls in _canonical().items()}


def full_given_name(word: str) -> str:
    """The given name that *word* most likely stands for: of all it may be short for, the one with most short forms."""
    return full_given_names().get(word, word)


def _familiar(one: str, other: str) -> bool:
    known = _canonical()
    return not known.get(one, frozenset({one})).isdisjoint(known.get(other, frozenset({other})))


def _across_scripts(han: PersonName, latin: PersonName) -> Ground | None:
    """
    A Han name beside letters: by pinyin, or as Hong Kong, Taiwan and Southeast Asia write it.

    Up to two further words are a name in another language (LEE Ka Fai Peter).
    """
    if not set(han.readings).isdisjoint(latin.readings):
        return Ground.ROMANIZATION
    if not han.surname or not han.given:
        return None
    words = [part for word in latin.words for part in word.split("-")]
    for at, word in enumerate(words):
        if not writes_surname(word, han.surname):
            continue
        for others in (words[at + 1 :], words[:at]):
            if _writes_given(others, han.given, len(words)):
                return Ground.ROMANIZATION
    return None


def _writes_given(words: Sequence[str], given: str, all_words: int) -> bool:
    """Whether neighbouring words among *words* spell the given name in one system."""
    for first in range(len(words)):
        for last in range(first + 1, min(len(words), first + len(given)) + 1):
            # The surname is one word more.
            if all_words - (last - first) - 1 > _MOST_OTHER_WORDS:
                continue
            text = "".join(words[first:last])
            if any(_spells(text, [system(character) for character in given]) for system in _SYSTEMS):
                return True
    return False


def _spells(text: str, syllables: Sequence[frozenset[str]]) -> bool:
    """Whether *text* is one spelling of each syllable in turn."""
    ends = {0}
    for options in syllables:
        ends = {at + len(option) for at in ends for option in options if text.startswith(option, at)}
    return len(text) in ends


def writes_surname(word: str, surname: str) -> bool:
    if any(_spells(word, [system(character) for character in surname]) for system in _SYSTEMS):
        return True
    return not _mandarin_of().get(word, frozenset()).isdisjoint(readings(surname) if len(surname) == 1 else ())


# Surnames of Hokkien, Teochew and Hakka families as Southeast Asia writes them. Source: general knowledge, unchecked.
_SOUTHEAST_ASIA = {
    "tan": "chen", "lim": "lin", "ong": "wang", "goh": "wu", "teo": "zhang", "koh": "xu", "chua": "cai", "tay": "zheng",
    "yeo": "yang", "sim": "shen", "chia": "xie", "ang": "hong", "khoo": "qiu", "quek": "guo", "kwek": "guo", "neo": "liang",
    "oei": "huang", "lau": "liu", "phua": "pan", "gan": "yan", "tjia": "xie", "liem": "lin", "thio": "zhang",
}  # fmt: skip


@cache
def _mandarin_of() -> dict[str, frozenset[str]]:
    """The Mandarin readings of a surname as it is spelled outside the mainland."""
    found = {spelling: set(mandarin.split(",")) for spelling, mandarin in lines("romanized_surnames.tsv")}
    for spelling, mandarin in _SOUTHEAST_ASIA.items():
        found.setdefault(spelling, set()).add(mandarin)
    return {spelling: frozenset(mandarin) for spelling, mandarin in found.items()}


@lru_cache(maxsize=8192)
def _pinyin(character: str) -> frozenset[str]:
    found = set(readings(character))
    return frozenset(
        spelling for reading in found for spelling in (reading, reading.replace("v", "u"), reading.replace("v", "yu"))
    )


@lru_cache(maxsize=8192)
def _taiwan(character: str) -> frozenset[str]:
    return frozenset(_wade_giles(reading) for reading in readings(character))


@lru_cache(maxsize=8192)
def _hong_kong(character: str) -> frozenset[str]:
    return frozenset(spelling for reading in cantonese(character) for spelling in _as_in_hong_kong(reading))


_SYSTEMS = (_pinyin, _hong_kong, _taiwan)

# Source: the Wade-Giles system as its tables are published; marks and apostrophes left out, as documents leave them.
_WG_WHOLE = {
    "zi": "tzu", "ci": "tzu", "si": "ssu", "zhi": "chih", "chi": "chih", "shi": "shih", "ri": "jih", "yi": "i",
    "yan": "yen", "you": "yu", "yong": "yung", "ye": "yeh", "yue": "yueh", "er": "erh", "ge": "ko", "ke": "ko",
    "he": "ho", "e": "o", "guo": "kuo", "kuo": "kuo", "huo": "huo", "shuo": "shuo", "gui": "kuei", "kui": "kuei",
}  # fmt: skip
_WG_INITIALS = (
    ("zh", "ch"), ("ch", "ch"), ("sh", "sh"), ("b", "p"), ("p", "p"), ("d", "t"), ("t", "t"), ("g", "k"), ("k", "k"),
    ("j", "ch"), ("q", "ch"), ("x", "hs"), ("z", "ts"), ("c", "ts"), ("r", "j"),
)  # fmt: skip
_WG_FINALS = (
    ("iong", "iung"), ("ong", "ung"), ("ian", "ien"), ("ie", "ieh"), ("ue", "ueh"), ("ve", "ueh"), ("uo", "o"),
    ("v", "u"),
)  # fmt: skip


def _wade_giles(pinyin: str) -> str:
    """A syllable of pinyin (ü as ``v``) in Wade-Giles without marks."""
    if pinyin in _WG_WHOLE:
        return _WG_WHOLE[pinyin]
    initial, written = next(((p, w) for p, w in _WG_INITIALS if pinyin.startswith(p)), ("", ""))
    rest = pinyin.removeprefix(initial)
    ending, other = next(((p, w) for p, w in _WG_FINALS if rest.endswith(p)), ("", ""))
    return written + rest.removesuffix(ending) + other


# Source: the romanization of Hong Kong's government as published descriptions give it; it is no standard: unchecked.
_HK_INITIALS = {
    "gw": ("kw", "gw"), "kw": ("kw",), "ng": ("ng", ""), "b": ("p", "b"), "p": ("p",), "m": ("m",), "f": ("f",),
    "d": ("t", "d"), "t": ("t",), "n": ("n", "l"), "l": ("l",), "g": ("k", "g"), "k": ("k",), "h": ("h",),
    "z": ("ch", "ts", "tz", "j"), "c": ("ch", "ts"), "s": ("s", "sh"), "j": ("y", ""), "w": ("w",), "": ("",),
}  # fmt: skip
_HK_FINALS = {
    "aa": ("a", "ah"), "aai": ("ai",), "aau": ("au",), "aam": ("am",), "aan": ("an",), "aang": ("ang",), "aap": ("ap",),
    "aat": ("at",), "aak": ("ak",), "am": ("am", "um"), "an": ("an", "un"), "ap": ("ap", "up"), "at": ("at", "ut"),
    "e": ("e", "eh"), "ei": ("ei", "ee", "i", "ay"), "i": ("i", "ee", "ze", "z"), "o": ("o", "oh"), "oi": ("oi", "oy"),
    "ou": ("o", "ou", "oo"), "u": ("u", "oo"), "un": ("un", "oon"), "oe": ("eu", "euh"), "oeng": ("eung",),
    "oek": ("euk",), "eoi": ("ui",), "eon": ("un", "on"), "eot": ("ut",), "yu": ("yu", "u", "ue", "ee"),
    "yun": ("yuen", "uen"), "yut": ("yuet", "uet"), "ing": ("ing",), "it": ("it",), "eng": ("eng", "ang"),
}  # fmt: skip


def _as_in_hong_kong(jyutping: str) -> Iterator[str]:
    """The spellings that a syllable of Jyutping may have in Hong Kong."""
    initial = next((one for one in _HK_INITIALS if one and jyutping.startswith(one)), "")
    if initial == jyutping:  # the syllables m and ng are their own
        yield jyutping
        return
    rest = jyutping.removeprefix(initial)
    for start in _HK_INITIALS[initial]:
        for end in _HK_FINALS.get(rest, (rest,)):
            yield start + end[start == "y" and end.startswith("y") :]
