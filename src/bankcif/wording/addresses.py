"""
Addresses: the division read off the front with a table that knows old names, the rest taken apart by level, and two
addresses compared level by level. What the customer wrote is kept beside.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache

import attrs

from ..party import Division, Divisions
from .characters import modern, simplify
from .levels import Level, address_key, read_levels

__all__ = ["Address", "AddressBook", "AddressComparison", "compare_addresses"]

# The peoples whose names stand in names of autonomous divisions and are left out in speech (延边州, 兰坪县).
_PEOPLES = (
    "蒙古|回|藏|维吾尔|苗|彝|壮|布依|朝鲜|满|侗|瑶|白|土家|哈尼|哈萨克|傣|黎|傈僳|佤|畲|高山|拉祜|水|东乡|纳西|景颇|柯尔克孜|土|"
    "达斡尔|仫佬|羌|布朗|撒拉|毛南|仡佬|锡伯|阿昌|普米|塔吉克|怒|乌孜别克|鄂温克|德昂|保安|裕固|独龙|鄂伦春|门巴|珞巴|基诺|各"
)
_AUTONOMOUS = re.compile(rf"(?:(?:{_PEOPLES})族?)+自治([州县旗])\Z")
_SHORTENED = re.compile(r"(?:特别行政区|维吾尔自治区|壮族自治区|回族自治区|自治区|地区|新区|省|市|区|县|旗|盟)\Z")
_KINDS = frozenset("省市区县旗盟")
# Divisions, outermost first, and how many characters name them.
Reading = tuple[list[Division], int]
# By its first two characters: each name, with the places of its divisions in the table, and whether it is their whole name.
# Tuples of text and numbers, which the garbage collector soon leaves alone: there are tens of thousands, alive for good.
Marked = tuple[int, bool]
Names = Mapping[str, Sequence[tuple[str, tuple[Marked, ...]]]]
_NOTHING: Reading = ([], 0)
_NAMELESS = frozenset({"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划", "直辖县级"})
_FRONT = re.compile(r"(?:中华人民共和国|中国)?(?:(?P<postcode>\d{6})(?=\D))?(?:中华人民共和国|中国)?")
_POSTCODE = re.compile(r"(?:邮政编码|邮编)(\d{6})|(?<=\D)(\d{6})\Z")
_BRACKETS = re.compile(r"[(\[【〔〈《「][^()\[\]【】〔〕〈〉《》「」]{0,60}[)\]】〕〉》」]")
_BETWEEN_NUMBERS = re.compile(r"(?<=\d)[\s,，、;；]+(?=\d)")
_SPACES = re.compile(r"(?<!\d)[\s,，。、;；:：./\"'“”]+|[\s,，。、;；:：./\"'“”]+(?!\d)")
_MARKS = re.compile(r"[^\w-]")
_SIX_DIGITS = re.compile(r"\d{6}")
_DASHES = re.compile(r"[\u2010-\u2015\u2212~—]+|(?<=\d)/(?=\d)")
# Behind a name a dash only separates; behind a house number it says which part of it.
_BETWEEN_NAMES = re.compile(r"(?<=[\u3400-\u9fff])(?<!号)-(?=[\u3400-\u9fff\d])")
# How divisions are called beside the short forms that follow from their names.
_SPOKEN = {"内蒙古自治区": ("内蒙",)}
# How much a level says. Province and prefecture follow from the county; a road with its number is the place.
_WEIGHTS: Mapping[str, int] = {
    "province": 1, "prefecture": 2, "county": 6, Level.TOWNSHIP: 2, Level.VILLAGE: 3, Level.ROAD: 6, Level.NUMBER: 8,
    Level.COMPOUND: 4, Level.BUILDING: 6, Level.UNIT: 3, Level.FLOOR: 1, Level.ROOM: 8,
}  # fmt: skip


@attrs.frozen(kw_only=True, repr=False)
class Address:
    """
    An address taken apart.

    Attributes:
        text: As written, width and spaces folded.
        code: Six-digit division of today after GB/T 2260, as deep as was recognized; empty if none was.
        region: Names of the recognized levels today, outermost first.
        former: The innermost division that was written and has another code or name today.
        postcode: Six digits in front, at the end or behind 邮编; empty if there are none.
        detail: What stands behind the division.
        levels: The detail by level: names as written, numbers in digits.
        key: The levels that tell one home from another, to compare for equality.
    """

    text: str
    code: str
    region: tuple[str, ...]
    former: Division | None
    postcode: str
    detail: str
    levels: Mapping[Level, str]
    key: str


@attrs.frozen(kw_only=True)
class AddressComparison:
    """
    Two addresses, level by level.

    Attributes:
        same, different: Levels that both have: ``province``, ``prefecture``, ``county``, then those of `Level`.
        similarity: Weight of the equal levels among those that both have, from 0 to 1; 0 if they share none.
    """

    same: tuple[str, ...]
    different: tuple[str, ...]
    similarity: float


class AddressBook:
    """
    Reads addresses with a division table.

    Its index is built once for each table, when the first address is read (some 50 ms); `read` costs some 30 µs. A level may be missing or shortened (浙江杭州西湖区,
    延边州), and a name that is no longer in use leads to where the place lies today; a county's name that several places
    share is taken only below a recognized level.

    Args:
        divisions: The division table.
        postcode_zones: Province code to the first two digits of its postcodes.
    """

    def __init__(self, divisions: Divisions, *, postcode_zones: Mapping[str, tuple[str, ...]] | None = None) -> None:
        self._divisions = divisions
        self._zones = postcode_zones or {}
        self._rows = tuple(divisions)

    @cached_property
    def _tables(self) -> tuple[Mapping[str, Names], Names]:
        return _index(self._divisions)

    def read(self, text: str) -> Address:
        """Takes *text* apart; never fails, an address without a known division has no code."""
        written = " ".join(unicodedata.normalize("NFKC", modern(text)).split())
        rest, postcode = simplify(written), ""
        if _MARKS.search(rest):  # most addresses are characters and digits alone
            rest = _BRACKETS.sub("", rest)
            rest = _SPACES.sub("", _BETWEEN_NUMBERS.sub(" ", _DASHES.sub("-", rest)))
        if _SIX_DIGITS.search(rest) or rest.startswith("中"):
            rest, postcode = _without_postcode(rest)
        if "-" in rest:
            rest = _BETWEEN_NAMES.sub("", rest)
        found, rest = self._division(rest)
        if found and rest.startswith(found[0].name):  # forms put what was chosen before what was written in full
            again, further = self._division(rest)
            if len(again) > 1 and again[0].code == found[0].code:  # else it is a road's name, as 天津路's in 天津
                found, rest = max(found, again, key=lambda one: one[-1].code.rstrip("0")), further
        last = found[-1] if found else None
        today = self._divisions.get(last.today) if last is not None and last.today else last
        levels = read_levels(rest.upper(), county_known=today is not None and _is_county(today.code))
        return Address(
            text=written, code=today.code if today else "", region=self._region(today, found),
            former=next((one for one in reversed(found) if one.former), None), postcode=postcode, detail=rest, levels=levels, key=address_key(levels),
        )  # fmt: skip

    def postcode_fits(self, address: Address) -> bool:
        """Whether the address's postcode lies in a zone of its province; True where one of them is not known."""
        zones = self._zones.get(address.code[:2] + "0000")
        return not (zones and address.postcode) or address.postcode.startswith(zones)

    def division_length(self, text: str) -> int:
        """How many characters at the front of *text*, which is simplified, name a division; 0 if none do."""
        return len(text) - len(self._division(text)[1])

    def _division(self, rest: str) -> tuple[list[Division], str]:
        """The divisions at the front of *rest*, and what stands behind them."""
        best = _NOTHING
        below, alone = self._tables
        for table in (below.get("", {}), alone):
            for division, size in _matches(self._rows, rest, table):
                # 北京市北京市朝阳区; but 吉林省吉林市 is a province and its prefecture.
                again = next((len(name) for name in _names(division) if rest.startswith(name, size)), 0)
                for start in {size, size + again}:
                    deeper, further = self._descend(rest[start:], division.code)
                    best = _better(best, ([division, *deeper], start + further))
        return best[0], rest[best[1] :]

    def _descend(self, rest: str, code: str) -> Reading:
        best = _NOTHING
        if _is_county(code) or not rest:
            return best
        for division, size in _matches(self._rows, rest, self._tables[0].get(code, {})):
            through = division.name in _NAMELESS  # 杭州市市辖区西湖区: the county stands behind it
            deeper, further = self._descend(rest[size:], code if through else division.code)
            best = _better(best, (deeper if through and deeper else [division, *deeper], size + further))
        return best

    def _region(self, today: Division | None, found: list[Division]) -> tuple[str, ...]:
        if today is None:
            return ()
        code = today.code
        known = [self._divisions.get(one) for one in dict.fromkeys((code[:2] + "0000", code[:4] + "00", code))]
        if None in known or today.former:
            known = list(found)
        return tuple(dict.fromkeys(one.name for one in known if one is not None and one.name not in _NAMELESS))


def compare_addresses(one: Address, other: Address) -> AddressComparison:
    """Two addresses by level; a level that one of them lacks says nothing."""
    same: list[str] = []
    different: list[str] = []
    first, second = _all_levels(one), _all_levels(other)
    for level in _WEIGHTS:
        if level in first and level in second:
            (same if first[level].casefold() == second[level].casefold() else different).append(level)
    total = sum(_WEIGHTS[level] for level in (*same, *different))
    return AddressComparison(
        same=tuple(same), different=tuple(different),
        similarity=sum(_WEIGHTS[level] for level in same) / total if total else 0.0,
    )  # fmt: skip


def _all_levels(address: Address) -> dict[str, str]:
    code = address.code
    found = {"province": code[:2]} if code else {}
    if code[2:4] not in ("", "00"):
        found["prefecture"] = code[:4]
    if code and _is_county(code):
        found["county"] = code
    return {**found, **{str(level): name for level, name in address.levels.items()}}


def _without_postcode(text: str) -> tuple[str, str]:
    """*text* without country and postcode, and the postcode."""
    front = _FRONT.match(text)
    postcode = (front["postcode"] or "") if front else ""
    rest = text[front.end() :] if front else text
    behind = None if postcode else _POSTCODE.search(rest)
    if behind is None:
        return rest, postcode
    return rest[: behind.start()] + rest[behind.end() :], behind[1] or behind[2]


def _better(one: Reading, other: Reading) -> Reading:
    """The reading that explains more text, then the one with fewer former names, then the later one."""
    if one[1] != other[1]:
        return one if one[1] > other[1] else other
    return max(one, other, key=_newness)


def _newness(reading: Reading) -> tuple[int, str]:
    former = [division.until for division in reading[0] if division.former]
    return -len(former), max(former, default="")


def _by_front(names: Mapping[str, list[Marked]]) -> Names:
    """*names* by their first two characters, longest first."""
    found: dict[str, list[tuple[str, tuple[Marked, ...]]]] = {}
    for name in sorted(names, key=len, reverse=True):
        found.setdefault(name[:2], []).append((name, tuple(names[name])))
    return {front: tuple(named) for front, named in found.items()}


def _matches(rows: Sequence[Division], text: str, names: Names) -> list[tuple[Division, int]]:
    """The divisions with the longest name at the front of *text*; a short name stands before no other kind's word."""
    for name, found in names.get(text[:2], ()):
        if text.startswith(name):
            size = len(name)
            alone = text[size : size + 1] not in _KINDS
            return [(rows[number], size) for number, whole in found if whole or alone]
    return []


@lru_cache(maxsize=4)
def _index(divisions: Divisions) -> tuple[Mapping[str, Names], Names]:
    """What stands below each division, and what is clear alone; once for each table."""
    below: dict[str, dict[str, list[Marked]]] = {}
    alone: dict[str, list[Marked]] = {}
    rows = tuple(divisions)
    for number, division in enumerate(rows):
        code, county = division.code, _is_county(division.code)
        parent = _parent(code)
        # A county often stands straight behind its province, and in a municipality always does.
        above = (parent, code[:2] + "0000") if county else (parent,)
        for place, name in enumerate(_names(division)):
            marked = (number, place == 0)
            for one in above:
                below.setdefault(one, {}).setdefault(name, []).append(marked)
            # A prefecture alone may be shortened, a county not: its short name may be a street's.
            if parent and division.name not in _NAMELESS and (place == 0 or not county):
                alone.setdefault(name, []).append(marked)
    clear = {name: found for name, found in alone.items() if _one_place(rows, found)}
    return {code: _by_front(names) for code, names in below.items()}, _by_front(clear)


def _names(division: Division) -> list[str]:
    """The division's name and, where something is left of it, its short forms."""
    simple = simplify(division.name)
    own = _AUTONOMOUS.search(simple)
    stem = simple[: own.start()] if own else _SHORTENED.sub("", simple)
    if own and not stem:  # 鄂伦春自治旗 is called by the people's name alone
        stem = simple[: own.start(1)].removesuffix("自治").removesuffix("族")
    if len(stem) < 2 or stem == simple or division.name in _NAMELESS:
        return [simple]
    if simple.endswith("自治区"):
        return [simple, f"{stem}自治区", stem, *_SPOKEN.get(simple, ())]
    return [simple, stem, stem + own[1]] if own else [simple, stem]


def _one_place(rows: Sequence[Division], found: Sequence[Marked]) -> bool:
    """Whether all of *found* lie in one place today; a former name without a known place does not count."""
    named = [rows[number] for number, _ in found]
    places = {one.today or one.code for one in named if one.today or not one.former}
    return len(places) == 1


def _is_county(code: str) -> bool:
    return not code.endswith("00")


def _parent(code: str) -> str:
    if code.endswith("0000"):
        return ""
    return code[:2] + "0000" if code.endswith("00") else code[:4] + "00"
