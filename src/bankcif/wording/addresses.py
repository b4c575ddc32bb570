"""Addresses: province, prefecture and county read off the front, the rest in a form that can be compared."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

import attrs

from ..party import Division, Divisions
from .characters import LEGACY, simplify

__all__ = ["Address", "AddressBook"]

_SHORTENED = re.compile(
    r"(?:特别行政区|维吾尔自治区|壮族自治区|回族自治区|自治区|自治州|自治县|地区|省|市|区|县|旗|盟)\Z"
)
_BUILDING = re.compile(r"(\d)\s*(?:幢|栋|座|号楼)")
_ROOM = re.compile(r"(\d)\s*(?:室|房)")
_SPACES = re.compile(r"[\s,，。.、]+")


@attrs.frozen(kw_only=True, repr=False)
class Address:
    """
    An address taken apart.

    Attributes:
        text: As written, width and spaces folded.
        code: Six-digit division after GB/T 2260, as deep as was recognized; empty if none was.
        region: Names of the recognized levels, outermost first.
        detail: What stands behind them.
        key: The detail as it is compared: simplified, one word for buildings and rooms, no punctuation.
    """

    text: str
    code: str
    region: tuple[str, ...]
    detail: str
    key: str


class AddressBook:
    """
    Reads addresses with a division table.

    Built once from the table (some 10 ms); `read` costs a few microseconds. A level may be missing or shortened
    (浙江杭州西湖区); a county's name that several prefectures share is taken only below a recognized level.
    """

    def __init__(self, divisions: Divisions) -> None:
        self._divisions = divisions
        self._below: dict[str, dict[str, Division]] = {}
        prefectures: dict[str, list[Division]] = {}
        for division in divisions:
            parent = _parent(division.code)
            level = self._below.setdefault(parent, {})
            for name in _names(division):
                if name not in level or level[name].former:
                    level[name] = division
            if division.code.endswith("00") and parent:
                for name in _names(division):
                    prefectures.setdefault(name, []).append(division)
        # A prefecture alone is clear if only one has the name, such as 杭州市.
        self._prefectures: Mapping[str, Division] = {
            name: found[0] for name, found in prefectures.items() if len({one.code for one in found}) == 1
        }
        self._longest = max(map(len, (n for level in self._below.values() for n in level)), default=0)

    def read(self, text: str) -> Address:
        """Takes *text* apart; never fails, an address without a known division has no code."""
        written = " ".join(unicodedata.normalize("NFKC", text.translate(LEGACY)).split())
        rest = _SPACES.sub("", simplify(written))
        found: list[Division] = []
        province = self._take(rest, self._below.get("", {}))
        if province is not None:
            found.append(province[0])
            rest = rest[province[1] :]
        else:
            prefecture = self._take(rest, self._prefectures)
            if prefecture is not None:
                found += [
                    self._divisions.get(prefecture[0].code[:2] + "0000") or prefecture[0],
                    prefecture[0],
                ]
                rest = rest[prefecture[1] :]
        while found and not _is_county(found[-1].code):
            step = self._step(rest, found[-1].code)
            if step is None:
                break
            found.append(step[0])
            rest = rest[step[1] :]
        names = tuple(dict.fromkeys(d.name for d in found if d.name not in ("市辖区", "县")))
        key = _ROOM.sub(r"\1室", _BUILDING.sub(r"\1号楼", rest)).casefold()
        return Address(
            text=written, code=found[-1].code if found else "", region=names, detail=rest,
            key=key.replace("-", "").replace("#", ""),
        )  # fmt: skip

    def _step(self, rest: str, code: str) -> tuple[Division, int] | None:
        """The next level below *code*; the nameless middle level of a municipality (市辖区) is passed through."""
        below = self._below.get(code, {})
        found = self._take(rest, below)
        if found is not None:
            return found
        for middle in {d.code: d for d in below.values()}.values():
            if middle.name in ("市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"):
                found = self._take(rest, self._below.get(middle.code, {}))
                if found is not None:
                    return found
        if code.endswith("0000"):
            # A county named straight behind its province, where only one prefecture has it.
            hits = [
                hit
                for middle in {d.code: d for d in below.values()}.values()
                if (hit := self._take(rest, self._below.get(middle.code, {}))) is not None
            ]
            if len({hit[0].code for hit in hits}) == 1:
                return hits[0]
        return None

    def _take(self, text: str, names: Mapping[str, Division]) -> tuple[Division, int] | None:
        for size in range(min(self._longest, len(text)), 1, -1):
            division = names.get(text[:size])
            if division is not None:
                return division, size
        return None


def _names(division: Division) -> list[str]:
    """The division's name and, where something is left of it, its short form."""
    simple = simplify(division.name)
    short = _SHORTENED.sub("", simple)
    return [simple, short] if len(short) > 1 and short != simple else [simple]


def _is_county(code: str) -> bool:
    return not code.endswith("00")


def _parent(code: str) -> str:
    if code.endswith("0000"):
        return ""
    return code[:2] + "0000" if code.endswith("00") else code[:4] + "00"
