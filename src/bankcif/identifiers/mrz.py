"""Machine-readable zones of travel documents: cards, passports and visas."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from datetime import date
from zoneinfo import ZoneInfo

import attrs

from .._clock import Clock, LocalDay
from ..party import countries_by_alpha3
from .scheme import Issue, NumberFacts, Scheme, Severity, Verdict, normalize, verdict

__all__ = ["Mrz", "MrzFacts", "mrz_check"]

_VALUES = {character: value for value, character in enumerate(string.digits + string.ascii_uppercase)} | {"<": 0}
_FILLER = "<"
_COUNTRY_LETTERS = frozenset(string.ascii_uppercase + _FILLER)

Span = tuple[int, int, int]
"""Line, first character and end, from 0."""


@attrs.frozen(kw_only=True)
class _Layout:
    """Where the parts of one size stand; a check digit stands right behind its part. Source: ICAO Doc 9303."""

    kind: str
    lines: int
    width: int
    issuer: Span = (0, 2, 5)
    names: Span
    number: Span = (1, 0, 9)
    nationality: Span = (1, 10, 13)
    birth: Span = (1, 13, 19)
    sex: Span = (1, 20, 21)
    expiry: Span = (1, 21, 27)
    optional: Span
    optional_check: Span | None = None
    composite: tuple[Span, ...] = ()
    composite_check: Span | None = None
    long_numbers: bool = False


_TD1 = _Layout(
    kind="TD1", lines=3, width=30, names=(2, 0, 30), number=(0, 5, 14), nationality=(1, 15, 18), birth=(1, 0, 6),
    sex=(1, 7, 8), expiry=(1, 8, 14), optional=(0, 15, 30), long_numbers=True,
    composite=((0, 5, 30), (1, 0, 7), (1, 8, 15), (1, 18, 29)), composite_check=(1, 29, 30),
)  # fmt: skip
_TD2 = _Layout(
    kind="TD2", lines=2, width=36, names=(0, 5, 36), optional=(1, 28, 35), long_numbers=True,
    composite=((1, 0, 10), (1, 13, 20), (1, 21, 35)), composite_check=(1, 35, 36),
)  # fmt: skip
_TD3 = _Layout(
    kind="TD3", lines=2, width=44, names=(0, 5, 44), optional=(1, 28, 42), optional_check=(1, 42, 43),
    composite=((1, 0, 10), (1, 13, 20), (1, 21, 43)), composite_check=(1, 43, 44),
)  # fmt: skip
_MRV_A = _Layout(kind="MRV-A", lines=2, width=44, names=(0, 5, 44), optional=(1, 28, 44))
_MRV_B = _Layout(kind="MRV-B", lines=2, width=36, names=(0, 5, 36), optional=(1, 28, 36))


@attrs.frozen(kw_only=True, repr=False)
class MrzFacts(NumberFacts):
    """
    What a zone says of document and holder; `kind` is its size, ``TD1`` to ``MRV-B``.

    Attributes:
        document: One or two letters, such as ``P`` or ``I``.
        issuer: Issuing state as written, without fillers.
        nationality: As written, without fillers: Germany writes ``D``.
        number: The whole document number, long ones too.
        surname: Primary identifier, words apart by a space; empty where there is none.
        given_names: Secondary identifier; empty for a person of one name.
        expires: Last day of validity; None where it is unreadable.
        optional: The optional data, without fillers at the end.
    """

    document: str
    issuer: str
    nationality: str
    number: str
    surname: str
    given_names: str
    expires: date | None
    optional: str


def mrz_check(text: str) -> str:
    """
    The check digit of *text*, of digits, letters A to Z and ``<``: weights 7 3 1, modulus 10.

    Source: ICAO Doc 9303 part 3, 4.9.
    """
    return str(sum((7, 3, 1)[i % 3] * _VALUES[character] for i, character in enumerate(text)) % 10)


class Mrz(Scheme):
    """
    Zones of three lines of 30, two of 36 and two of 44 characters, with or without breaks between the lines.

    Each check digit has a rule of its own: ``mrz_number``, ``mrz_birth``, ``mrz_expiry``, ``mrz_optional`` and
    ``mrz_composite``. Positions count through all lines, without breaks. A birth date is of the latest century in which
    it is not in the future; an expiry date lies within fifty years of today.

    Source: ICAO Doc 9303, parts 3 to 7.
    """

    name = "icao.mrz"
    source = "ICAO Doc 9303"

    def __init__(self, *, clock: Clock, zone: ZoneInfo) -> None:
        self._today = LocalDay(clock, zone)

    def validate(self, text: str) -> Verdict:
        given = normalize(text)
        zone = "" if given is None else "".join(given.split()).upper()
        layout = _layout_of(zone)
        if layout is None:
            return verdict(self.name, zone, [Issue("length")])
        for position, character in enumerate(zone):
            if character not in _VALUES:
                return verdict(self.name, zone, [Issue("characters", Severity.ERROR, position)])
        today = self._today()
        issues = [*_checks(_Zone(layout, zone)), *_contents(_Zone(layout, zone), today)]
        return verdict(self.name, zone, issues)

    def format(self, text: str) -> str:
        """The zone, a line a line."""
        zone = self.compact(text)
        layout = _layout_of(zone)
        assert layout is not None
        return "\n".join(zone[at : at + layout.width] for at in range(0, len(zone), layout.width))

    def parse(self, text: str) -> MrzFacts | None:
        """What a valid zone says; None for an invalid one."""
        found = self.validate(text).value
        if found is None:
            return None
        layout = _layout_of(found)
        assert layout is not None
        zone, today = _Zone(layout, found), self._today()
        surname, _, given = zone[layout.names].rstrip(_FILLER).partition("<<")
        nationality = _bare(zone[layout.nationality])
        alpha3: Mapping[str, str] = countries_by_alpha3()
        return MrzFacts(
            kind=layout.kind, document=_bare(found[:2]), issuer=_bare(zone[layout.issuer]), nationality=nationality,
            country=alpha3.get({"D": "DEU"}.get(nationality, nationality)),
            number=zone.number().replace(_FILLER, ""), surname=_words(surname), given_names=_words(given),
            birth_date=_birth(zone[layout.birth], today), sex={"M": "1", "F": "2"}.get(zone[layout.sex]),
            expires=_expiry(zone[layout.expiry], today), optional=zone[layout.optional].rstrip(_FILLER),
        )  # fmt: skip


@attrs.frozen
class _Zone:
    """A zone with its layout; asked for a span, it gives the text there."""

    layout: _Layout
    text: str

    def __getitem__(self, span: Span) -> str:
        return self.text[self.at(span) : self.at(span) + span[2] - span[1]]

    def at(self, span: Span) -> int:
        """Position of a span's first character."""
        return span[0] * self.layout.width + span[1]

    def check_of(self, span: Span) -> tuple[int, str]:
        """Position and character of the check digit behind a part."""
        at = self.at(span) + span[2] - span[1]
        return at, self.text[at]

    def overflow(self) -> str:
        """
        The end of a document number of more than nine characters, with its check digit, from the optional data; empty
        where the number fits.
        """
        if not self.layout.long_numbers or self.check_of(self.layout.number)[1] != _FILLER:
            return ""
        return self[self.layout.optional].partition(_FILLER)[0]

    def number(self) -> str:
        """The whole document number, fillers and all."""
        return self[self.layout.number] + self.overflow()[:-1]


def _layout_of(zone: str) -> _Layout | None:
    visa = zone.startswith("V")
    return {90: _TD1, 72: _MRV_B if visa else _TD2, 88: _MRV_A if visa else _TD3}.get(len(zone))


def _checks(zone: _Zone) -> Iterator[Issue]:
    """Every check digit that does not match, each by its own name."""
    layout = zone.layout
    at, written = zone.check_of(layout.number)
    overflow = zone.overflow()
    if overflow:
        at, written = zone.at(layout.optional) + len(overflow) - 1, overflow[-1]
    if mrz_check(zone.number()) != written:
        yield Issue("mrz_number", Severity.ERROR, at)
    for rule, span in (("mrz_birth", layout.birth), ("mrz_expiry", layout.expiry)):
        at, written = zone.check_of(span)
        if mrz_check(zone[span]) != written:
            yield Issue(rule, Severity.ERROR, at)
    if layout.optional_check is not None:
        optional, written = zone[layout.optional], zone[layout.optional_check]
        empty = not optional.strip(_FILLER) and written == _FILLER
        if not empty and mrz_check(optional) != written:
            yield Issue("mrz_optional", Severity.ERROR, zone.at(layout.optional_check))
    if layout.composite_check is not None:
        whole = "".join(zone[span] for span in layout.composite)
        if mrz_check(whole) != zone[layout.composite_check]:
            yield Issue("mrz_composite", Severity.ERROR, zone.at(layout.composite_check))


def _contents(zone: _Zone, today: date) -> Iterator[Issue]:
    """What stands where something else belongs."""
    layout = zone.layout
    for span in (layout.issuer, layout.nationality):
        if not set(zone[span]) <= _COUNTRY_LETTERS:
            yield Issue("country_code", Severity.ERROR, zone.at(span))
    if zone[layout.sex] not in "MFX<":
        yield Issue("code", Severity.ERROR, zone.at(layout.sex))
    if not zone[layout.names].strip(_FILLER):
        yield Issue("required", Severity.ERROR, zone.at(layout.names))
    elif not zone[layout.names].endswith(_FILLER):
        yield Issue("name_truncated", Severity.INFO, zone.at(layout.names))
    born = zone[layout.birth]
    if _FILLER in born:
        yield Issue("birth_unknown", Severity.INFO, zone.at(layout.birth))
    elif _birth(born, today) is None:
        yield Issue("birth_date", Severity.ERROR, zone.at(layout.birth))
    expires = _expiry(zone[layout.expiry], today)
    if expires is None:
        yield Issue("date", Severity.WARNING, zone.at(layout.expiry))
    elif expires < today:
        yield Issue("expired", Severity.WARNING, zone.at(layout.expiry))


def _bare(text: str) -> str:
    return text.rstrip(_FILLER)


def _words(text: str) -> str:
    return " ".join(text.split(_FILLER)).strip()


def _birth(written: str, today: date) -> date | None:
    """The day of the latest century in which it is not in the future."""
    century = today.year // 100 * 100
    return next((day for first in (century, century - 100) if (day := _day(written, first)) and day <= today), None)


def _expiry(written: str, today: date) -> date | None:
    """The day whose year is nearest to today's, of the two ends of fifty years the later one."""
    if not written[:2].isdigit():
        return None
    first = today.year - 49
    year = first + (int(written[:2]) - first) % 100
    return _day(written, year // 100 * 100)


def _day(written: str, century: int) -> date | None:
    try:
        return date(century + int(written[:2]), int(written[2:4]), int(written[4:6]))
    except ValueError:
        return None
