"""
The part of an address below the county, taken apart: township, village, road, number, compound, building, unit, floor, room.

Rules only, no table of streets: what stands before a number is told by the word that ends it (镇, 路, 号, 幢, 室). A part
that no rule knows is the compound if it stands before a building or room, and is left out otherwise.

Source: the order of GB/T 31186.4 and of addresses in customer files; cases in ``bench/addresses.tsv``.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping

__all__ = ["Level", "address_key", "han_number", "read_levels"]


class Level(enum.StrEnum):
    """Levels of an address below the county, outermost first."""

    TOWNSHIP = "township"
    VILLAGE = "village"
    ROAD = "road"
    NUMBER = "number"
    COMPOUND = "compound"
    BUILDING = "building"
    UNIT = "unit"
    FLOOR = "floor"
    ROOM = "room"


_LEVELS = tuple(Level)
_DIGITS = "〇一二三四五六七八九"
_HAN_DIGIT = {digit: value for value, digit in enumerate(_DIGITS)} | {"零": 0, "两": 2}
_HAN = "一二三四五六七八九十百〇零两"
# Bounded, so that a long run of numerals is not read again from each of its places.
_N = rf"(?:\d{{1,12}}|[{_HAN}]{{1,12}})"
_HAN_NUMBER = re.compile(f"[{_HAN}]+")
_NAME = "[\u3007\u3400-\u9fff\U00020000-\U000323af·]"

_ZONE = re.compile(
    rf"{_NAME}{{0,8}}?(?:开发区|高新区|高新技术产业区|园区|新区|示范区|保税区|自贸区|农场)(?=.)|第{_N}区"
)
_DISTRICT = re.compile(rf"(?:九龙|新界|香港岛|{_NAME}{{1,4}}市)?{_NAME}{{1,4}}?(?<!小)区(?=.)")
_TOWNSHIP = re.compile(
    rf"((?:(?!号){_NAME}){{1,8}}?街道|(?:(?![路号]){_NAME}){{1,8}}?(?:镇|乡|苏木))(?:办事处|办)?(?![路街道巷村庄]|大街|大道|江)"
)
_VILLAGE = re.compile(
    rf"((?:(?![路号弄]){_NAME}){{1,8}}?村|{_NAME}{{1,10}}?(?:社区|居民委|嘎查))(?:居民委员会|居委会|民委员会|委会|委)?"
    rf"(?:(?<!新村)|(?={_N}[组队]))(?!东?[路街巷]|[东西南北中]?大[街道]|小区|(?:{_N})[幢栋座])"
)
# A hamlet or a group with a name, behind its village.
_HAMLET = re.compile(
    rf"(?!第?[{_HAN}]+[组队])(?:(?![路街道巷号]){_NAME}){{1,6}}(?:(?<=[村组屯庄队])(?=\d|\Z)|(?=\d+号))"
)
_ROAD = re.compile(
    rf"(?:[GSXY]?\d{{2,3}}(?=[国省县]道))?{_NAME}{{1,12}}?"
    rf"(?:大马路|大道|大街|道街|公路|胡同|[路街道巷]|里[{_HAN}]+条(?=\d)|里(?=\d+号(?!楼))|[{_HAN}]条(?=\d))"
    rf"(?:[东西南北中前后上下][路街道巷])?(?:{_NAME}{{0,3}}?(?:[{_HAN}东西南北中上下大]|\d)段|[东西南北](?=\d))?"
)
_SECTION = re.compile(r"([1-9])段\Z")
_GROUP = re.compile(r"村民小组|小组|社")
_ZEROS = re.compile(r"\A0+(?=\d)")
_CROSSING = re.compile(rf"[与和近、]{_NAME}{{1,10}}?(?:交叉口|交汇处|路口)|对面|交叉口")
_NUMBER = re.compile(
    rf"(?:第)?(?P<lanes>(?:{_N}(?:支弄|弄|巷|村民小组|小组|组|队|社(?!区)))*)"
    rf"(?P<house>(?:附|临)?{_N}(?:[-之]\d+)?[甲乙丙丁]?(?:号(?!楼|房)[甲乙丙丁]?|(?= ))(?:大?院)?(?:附\d+号?)?)?"
)
_PLAIN_NUMBER = re.compile(rf"\d+(?:-\d+)?(?=\Z|(?![号幢栋座楼单门层室房弄区期]){_NAME}{{2}})")
_BUILDING = re.compile(
    rf"(?:第)?(?P<b>[甲乙丙丁]?[A-Z]{{0,2}}{_N}[A-Z]?|[A-Z])(?:号楼|#楼|幢|栋|座|公寓|#|(?<=[A-Z])[楼区])"
    rf"|(?P<side>[东西南北主副])楼"
)
# Within a compound or a lane, a house number is a building.
_HOUSE = re.compile(rf"(?P<b>{_N})号(?=\d|\Z)")
_STOREYS = re.compile(rf"(?P<b>{_N})楼(?=(?P<unit>{_N}(?:单元|门))|-?(?P<room>\d{{3,5}}))")
_UNIT = re.compile(rf"(?P<u>{_N}|[甲乙丙丁东西南北中])(?:单元|门(?![面诊店]))")
_FLOOR = re.compile(rf"(?:地下|负|第)?(?P<f>B?{_N})(?:层|楼|F(?!\d))")
_ROOM = re.compile(
    # What stands before 期, 区 and the like is a part of a compound or a road, and no room.
    rf"(?P<m>[A-Z]{{0,2}}\d{{1,12}}(?:-\d{{1,12}})?[A-Z]?|[{_HAN}]{{2,6}}(?=室|号房|房)|[A-Z](?=[室座房户])|[东西南北中](?=户))"
    rf"(?:号房|店面|[室房铺户座号])?(?=\Z|[^\d期区段组社村里])"
)
_DASHED = re.compile(r"(?P<one>\d{1,12})-(?P<two>\d{1,12})(?:-(?P<three>\d{1,12}))?(?![\d-])(?:[室房号])?")
_TAIL = tuple(
    (pattern, level)
    for pattern, level in (
        (_BUILDING, Level.BUILDING), (_HOUSE, Level.BUILDING), (_UNIT, Level.UNIT), (_STOREYS, Level.BUILDING), (_FLOOR, Level.FLOOR),
        (_DASHED, None), (_ROOM, Level.ROOM),
    )
)  # fmt: skip
_TAIL_START = re.compile("|".join(re.sub(r"\?P<\w+>", "?:", pattern.pattern) for pattern, _ in _TAIL))


def read_levels(detail: str, *, county_known: bool = True) -> dict[Level, str]:
    """
    The levels of *detail*, which stands behind the county: names as written, numbers in digits without their word.

    Args:
        detail: Simplified, in NFKC and upper case, without brackets; a space only between two numbers.
        county_known: Whether the county was recognized; if not, an unknown district at the front is read over.
    """
    found: dict[Level, str] = {}
    rest = _skip(_ZONE, detail)
    if not county_known and rest == detail:
        rest = _skip(_DISTRICT, detail)
    rest = _name(_TOWNSHIP, rest, Level.TOWNSHIP, found)
    rest = _village(rest, found)
    road = _ROAD.match(rest)
    if road is not None and road[0].endswith("街") and Level.TOWNSHIP not in found:
        behind = _ROAD.match(rest, road.end())
        if behind is not None and len(behind[0]) > 2:
            found[Level.TOWNSHIP] = road[0]  # 石牌街华师路: the street is an office's short name
            rest, road = rest[road.end() :], _ROAD.match(rest[road.end() :])
    if road is not None:
        found[Level.ROAD] = _SECTION.sub(lambda match: _DIGITS[int(match[1])] + "段", road[0])
        rest = _skip(_CROSSING, rest[road.end() :])
    rest = _number(rest, found)
    start = _TAIL_START.search(rest)
    front = rest[: start.start()] if start else rest
    if Level.ROAD not in found and Level.NUMBER not in found and not front and start is None:
        return found
    front = front.strip("- ")
    if front:
        rest = _front(front, rest[start.start() :] if start else "", found)
    elif start:
        rest = rest[start.start() :]
    _tail(rest, found)
    return found


def address_key(levels: Mapping[Level, str]) -> str:
    """
    The levels that tell one home from another, in one text; empty if there are none.

    A township counts where there is no road, a compound where there is no road with a number, a floor where there is
    no room: people leave these out.
    """
    if not levels:
        return ""
    township, village, road, number, compound, building, unit, floor, room = (
        levels.get(level, "") for level in _LEVELS
    )
    if road:
        township = village = ""
        compound = "" if number else compound
    parts = (township, village, road, number, compound, building, unit, "" if room else floor, room)
    return "|".join(parts).strip("|").casefold()


def han_number(text: str) -> str:
    """Every run of Han numerals in *text* in digits: 二十三 is 23, 一〇二 is 102."""
    return _HAN_NUMBER.sub(lambda match: _digits(match[0]), text)


def _digits(han: str) -> str:
    if not any(unit in han for unit in "十百"):
        return "".join(str(_HAN_DIGIT[character]) for character in han)
    total, digit = 0, 0
    for character in han:
        if character in "十百":
            total += (digit or (1 if character == "十" else 0)) * (10 if character == "十" else 100)
            digit = 0
        else:
            digit = _HAN_DIGIT[character]
    return str(total + digit)


def _skip(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.match(text)
    return text[match.end() :] if match else text


def _name(pattern: re.Pattern[str], text: str, level: Level, found: dict[Level, str]) -> str:
    match = pattern.match(text)
    if match is None:
        return text
    found[level] = match[1]
    return text[match.end() :]


def _village(rest: str, found: dict[Level, str]) -> str:
    behind = _name(_VILLAGE, rest, Level.VILLAGE, found)
    if Level.VILLAGE in found and not _ROAD.match(behind):
        hamlet = _HAMLET.match(behind)
        if hamlet is not None:
            found[Level.VILLAGE] += hamlet[0]
            behind = behind[hamlet.end() :]
    return behind


def _number(rest: str, found: dict[Level, str]) -> str:
    match = _NUMBER.match(rest)
    house = match["house"] if match else None
    if match is not None and (match["lanes"] or house):
        plain = re.sub(r"[号院大 ]", "", house or "").replace("之", "-")
        lanes = _GROUP.sub("组", match["lanes"])
        found[Level.NUMBER] = han_number(lanes + plain)
        return rest[match.end() :].lstrip("- ")
    plain_number = _PLAIN_NUMBER.match(rest) if Level.ROAD in found else None
    if plain_number is not None:
        found[Level.NUMBER] = plain_number[0]
        return rest[plain_number.end() :]
    return rest


def _front(front: str, rest: str, found: dict[Level, str]) -> str:
    """What stands before building and room: the compound; before a house number, where no road was found, the road."""
    house = _NUMBER.match(rest)
    if Level.ROAD not in found and Level.NUMBER not in found and house is not None and house["house"]:
        compound = re.search(r"(?:新村|小区|花园|公寓|[园苑里村庄院])\Z", front)
        found[Level.COMPOUND if compound else Level.ROAD] = front
        if not compound:
            return _number(rest, found)
        return rest
    found[Level.COMPOUND] = front
    return rest


def _tail(rest: str, found: dict[Level, str]) -> None:
    """Building, unit, floor and room, in any order; what no rule knows between them is read over."""
    while rest:
        rest = rest.lstrip("- ")
        for pattern, level in _TAIL:
            match = pattern.match(rest)
            if match is None or not _taken(match, level, found):
                continue
            rest = rest[match.end() :]
            break
        else:
            further = _TAIL_START.search(rest, 1)
            rest = rest[further.start() :] if further else ""


def _taken(match: re.Match[str], level: Level | None, found: dict[Level, str]) -> bool:
    """Keeps what *match* says; False where another rule must read it."""
    if level is None:
        return _dashed(match, found)
    if level in found:
        if level is Level.BUILDING and Level.FLOOR in found and Level.ROOM not in found:
            level = Level.ROOM  # 10楼C座
        else:
            return False
    value = _ZEROS.sub("", han_number(match[match.lastindex or 1] if match.re is _BUILDING else match[1]))
    if match.re is _FLOOR and match[0].startswith(("地下", "负")):
        value = f"B{value}"
    if match.re is _STOREYS:
        # 18楼302 is room 302 of building 18; 12楼1203 is a room on the twelfth floor.
        room = match["room"]
        if room is not None and room.startswith(value):
            return False
    found[level] = value
    return True


def _dashed(match: re.Match[str], found: dict[Level, str]) -> bool:
    one, two, three = match["one"], match["two"], match["three"]
    if three is not None:
        levels: tuple[Level, ...] = (Level.BUILDING, Level.UNIT, Level.ROOM)
        values: tuple[str, ...] = (one, two, three)
    elif len(two) >= 3 and Level.UNIT not in found:
        levels = (Level.UNIT if Level.BUILDING in found else Level.BUILDING, Level.ROOM)
        values = (one, two)
    else:
        levels, values = (Level.ROOM,), (f"{one}-{two}",)
    if any(level in found for level in levels):
        return False
    found.update(zip(levels, (_ZEROS.sub("", value) for value in values), strict=True))
    return True
