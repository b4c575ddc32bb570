"""
The relations around a customer as a picture: SVG, nothing loaded, nothing running.

Who stands above somebody, as a parent or a shareholder, is drawn above them, who stands below them below, and equals beside each other. Persons are round,
organizations square; a line leads from the first of a relation to the second and is named after what the first is.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from unicodedata import east_asian_width

import attrs

from .._text import Language, label
from ..flows.related import Picture, RelatedParty, RelationView
from ..party import RELATIONS, PartyKind, RelationKind, RelationRule, role_label

__all__ = ["relation_picture"]

_WIDTH, _HEIGHT = 168, 52
_GAP_X, _GAP_Y, _MARGIN = 72, 120, 40
_HEAD = 34
_SWEEPS = 8
_FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What a document of XML 1.0 may not hold. Source: its recommendation, production 2."""
_LETTERS = 20
"""How many half-width characters of a name there is room for."""
_LETTER, _LINE = 6.4, 17
"""How wide a half-width character of a line's words is, and how high they are."""
_ALONG = (0.5, 0.38, 0.62, 0.28, 0.72, 0.2, 0.8)
"""Where along a line its words may stand, the best place first."""
_STYLE = (
    "text{font:13px system-ui,-apple-system,'Noto Sans CJK SC','Microsoft YaHei',sans-serif;fill:#1f2933}"
    ".small{font-size:11px;fill:#52606d}.on{font-size:11.5px;paint-order:stroke;stroke:#fff;stroke-width:4px}"
    ".box{fill:#fff;stroke:#7b8794;stroke-width:1.2}.it{fill:#e6f0fa;stroke:#1f5f99;stroke-width:2}"
    ".shut{stroke-dasharray:4 3;fill:#f5f7fa}.line{fill:none;stroke:#9aa5b1;stroke-width:1.3}.title{font-size:15px;font-weight:600}"
)


@attrs.define
class _Box:
    party: RelatedParty
    rank: int
    column: float
    x: float = 0
    y: float = 0


@attrs.frozen
class _Line:
    """Relations from the one who is drawn above, or beside, to the other, with what they are called."""

    upper: int
    lower: int
    words: tuple[str, ...]
    level: bool
    down: bool


def relation_picture(picture: Picture, language: Language = "zh") -> str:
    """
    *picture* as an SVG document.

    Args:
        picture: As `CIF.relations.picture` gives it: what is not shown there is not shown here.
        language: Of its words.
    """
    lines = _lines(picture, language)
    boxes = _placed(picture.parties, lines)
    width = max(box.x + _WIDTH for box in boxes.values()) + _MARGIN
    height = max(box.y + _HEIGHT for box in boxes.values()) + _MARGIN + (22 if picture.withheld else 0)
    title = _text(label("relations_around", language))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
        f' role="img" lang="{language}" aria-label="{title}">',
        f"<style>{_STYLE}</style>",
        '<defs><marker id="to" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse">'
        '<path d="M0 0 8 4 0 8z" fill="#9aa5b1"/></marker></defs>',
        f'<rect width="100%" height="100%" fill="#fff"/><text class="title" x="{_MARGIN}" y="{_HEAD - 6}">{title}</text>',
        *_drawn_lines(lines, boxes),
        *(_drawn_box(box, language, at == 0) for at, box in enumerate(boxes.values())),
    ]
    if picture.withheld:
        note = label("more_behind", language).format(count=picture.withheld)
        parts.append(f'<text class="small" x="{_MARGIN}" y="{height - 14:.0f}">{_text(note)}</text>')
    return "\n".join([*parts, "</svg>\n"])


def _text(said: str) -> str:
    """Words as they stand in a picture; what no XML may hold, such as a control character in a name, is left out."""
    return html.escape(_FORBIDDEN.sub("", said))


def _lines(picture: Picture, language: Language) -> list[_Line]:
    """One line for all relations that lead the same way between the same two."""
    words: dict[tuple[int, int, bool, bool], list[str]] = {}
    for one, other, relation in picture.lines:
        rule = RELATIONS[relation.kind]
        first, second = (other, one) if relation.role == rule.first else (one, other)
        down = relation.kind is not RelationKind.GROUP_MEMBER  # a member is said to be one of a head, who is above
        upper, lower = (first, second) if down else (second, first)
        key = (min(upper, lower), max(upper, lower), True, True) if rule.symmetric else (upper, lower, False, down)
        words.setdefault(key, []).append(_words(rule, relation, language))
    return [_Line(*key[:2], tuple(dict.fromkeys(said)), *key[2:]) for key, said in words.items()]


def _words(rule: RelationRule, relation: RelationView, language: Language) -> str:
    text = role_label(rule.first, language)
    if relation.share is not None:
        text += f" {relation.share} %"
    if relation.votes is not None and relation.votes != relation.share:
        text += f", {label('votes', language)} {relation.votes} %"
    return text


def _placed(parties: Sequence[RelatedParty], lines: Sequence[_Line]) -> dict[int, _Box]:
    """Each party with its place: in rows by who stands above whom, in each row near those they are joined to."""
    ranks = _ranks([one.place for one in parties], lines)
    rows: dict[int, list[_Box]] = {}
    boxes: dict[int, _Box] = {}
    for party in parties:
        row = rows.setdefault(ranks[party.place], [])
        boxes[party.place] = _Box(party, ranks[party.place], len(row))
        row.append(boxes[party.place])
    joined: dict[int, list[int]] = {}
    for line in lines:
        joined.setdefault(line.upper, []).append(line.lower)
        joined.setdefault(line.lower, []).append(line.upper)
    for sweep in range(_SWEEPS):
        for rank in sorted(rows, reverse=bool(sweep % 2)):
            _settle(rows[rank], joined, boxes)
    widest = max(len(row) for row in rows.values())
    for at, rank in enumerate(sorted(rows)):
        start = _MARGIN + (widest - len(rows[rank])) * (_WIDTH + _GAP_X) / 2
        for column, box in enumerate(rows[rank]):
            box.x, box.y = start + column * (_WIDTH + _GAP_X), _MARGIN + _HEAD + at * (_HEIGHT + _GAP_Y)
    return boxes


def _ranks(places: Sequence[int], lines: Sequence[_Line]) -> dict[int, int]:
    """
    In which row each stands: equals in one, everybody else below all who stand above them, and who has nobody above them right above somebody. Of a
    circle one line leads up.
    """
    equal = {place: place for place in places}

    def of(place: int) -> int:
        while equal[place] != place:
            place = equal[place]
        return place

    for line in lines:
        if line.level:
            equal[of(line.upper)] = of(line.lower)
    below: dict[int, set[int]] = {of(place): set() for place in places}
    for line in lines:
        upper, lower = of(line.upper), of(line.lower)
        if not line.level and upper != lower and upper not in _reached(lower, below):
            below[upper].add(lower)
    from_above = sorted(below, key=lambda one: -len(_reached(one, below)))  # who reaches more stands above
    rank = dict.fromkeys(below, 0)
    for one in from_above:
        for other in below[one]:
            rank[other] = max(rank[other], rank[one] + 1)
    under = {other for others in below.values() for other in others}
    for one in from_above:  # above whom nobody stands
        if one not in under and below[one]:
            rank[one] = min(rank[other] for other in below[one]) - 1
    return {place: rank[of(place)] for place in places}


def _reached(start: int, below: dict[int, set[int]]) -> set[int]:
    found, fresh = {start}, [start]
    while fresh:
        fresh = [other for one in fresh for other in below[one] if other not in found]
        found.update(fresh)
    return found


def _settle(row: list[_Box], joined: dict[int, list[int]], boxes: dict[int, _Box]) -> None:
    """Orders a row by the middle of those whom each is joined to."""
    middle = (len(row) - 1) / 2

    def wanted(box: _Box) -> float:
        near = [boxes[one].column for one in joined.get(box.party.place, ())]
        return sum(near) / len(near) if near else box.column

    row.sort(key=lambda box: (wanted(box), box.party.place))
    for at, box in enumerate(row):
        box.column = at - middle


def _drawn_lines(lines: Sequence[_Line], boxes: dict[int, _Box]) -> list[str]:
    """All lines, then all their words, so that no line runs through a word, and no word through another where there is room."""
    paths: list[str] = []
    words: list[str] = []
    taken: list[tuple[float, float, float, float]] = []
    for line in lines:
        upper, lower = boxes[line.upper], boxes[line.lower]
        points = _beside(upper, lower) if upper.rank == lower.rank else _across(upper, lower)
        (x1, y1), (x2, y2), (x3, y3) = points
        marker = "" if line.level else ' marker-end="url(#to)"' if line.down else ' marker-start="url(#to)"'
        paths.append(f'<path class="line" d="M{x1:.0f} {y1:.0f} Q{x2:.0f} {y2:.0f} {x3:.0f} {y3:.0f}"{marker}/>')
        words += _drawn_words(line.words, points, taken)
    return paths + words


def _drawn_words(
    said: Sequence[str], points: Sequence[tuple[float, float]], taken: list[tuple[float, float, float, float]]
) -> Iterable[str]:
    """The words of a line, a row each, where none stand yet."""
    width, height = max(_letters(text) for text in said) * _LETTER, len(said) * _LINE
    spots = []
    for along in _ALONG:
        x, y = (
            (1 - along) ** 2 * one + 2 * along * (1 - along) * two + along**2 * three
            for one, two, three in zip(*points, strict=True)
        )
        spots.append((x - width / 2, y - height / 2, x + width / 2, y + height / 2))
    spot = next((one for one in spots if not any(_meet(one, other) for other in taken)), spots[0])
    taken.append(spot)
    x = (spot[0] + spot[2]) / 2
    for at, text in enumerate(said):
        y = spot[1] + (at + 0.75) * _LINE
        yield f'<text class="on" x="{x:.0f}" y="{y:.0f}" text-anchor="middle">{_text(text)}</text>'


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _across(upper: _Box, lower: _Box) -> tuple[tuple[float, float], ...]:
    """From row to row; a longer way bends around what lies between."""
    down = lower.rank > upper.rank
    x1, y1 = upper.x + _WIDTH / 2, upper.y + (_HEIGHT if down else 0)
    x2, y2 = lower.x + _WIDTH / 2, lower.y + (0 if down else _HEIGHT)
    bend = 0 if abs(lower.rank - upper.rank) == 1 else _WIDTH + _GAP_X
    return (x1, y1), ((x1 + x2) / 2 + bend, (y1 + y2) / 2), (x2, y2)


def _beside(one: _Box, other: _Box) -> tuple[tuple[float, float], ...]:
    """Within a row: straight to a neighbour, in an arc over others."""
    left, right = (one, other) if one.x < other.x else (other, one)
    if right.x - left.x < _WIDTH + _GAP_X + 1:
        y = one.y + _HEIGHT / 2
        ends = ((left.x + _WIDTH, y), (right.x, y))
        start, end = ends if left is one else ends[::-1]
        return start, ((start[0] + end[0]) / 2, y), end
    x1, x2 = one.x + _WIDTH / 2, other.x + _WIDTH / 2
    return (x1, one.y), ((x1 + x2) / 2, one.y - 76), (x2, one.y)


def _drawn_box(box: _Box, language: Language, first: bool) -> str:
    party = box.party
    name = label("not_shown", language) if party.name is None else party.name
    style = "box it" if first else "box shut" if party.cif_no is None else "box"
    corner = _HEIGHT / 2 if party.kind is PartyKind.INDIVIDUAL else 5
    middle = box.x + _WIDTH / 2
    drawn = [
        f'<g><title>{_text(name)}</title><rect class="{style}" x="{box.x:.0f}" y="{box.y:.0f}" width="{_WIDTH}" '
        f'height="{_HEIGHT}" rx="{corner:.0f}"/>',
        f'<text x="{middle:.0f}" y="{box.y + (23 if party.cif_no else 31):.0f}" text-anchor="middle">{_text(_cut(name))}</text>',
    ]
    if party.cif_no is not None:
        drawn.append(
            f'<text class="small" x="{middle:.0f}" y="{box.y + 40:.0f}" text-anchor="middle">{_text(party.cif_no)}</text>'
        )
    return "".join([*drawn, "</g>"])


def _letters(text: str) -> int:
    """How wide *text* is, in half-width characters."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _cut(text: str) -> str:
    """As much of *text* as there is room for."""
    if _letters(text) <= _LETTERS:
        return text
    while _letters(text) >= _LETTERS:
        text = text[:-1]
    return text + "…"
