"""
The chart of a section as a picture for a document: SVG, or PNG with the fonts of this machine.

An SVG is drawn with the fonts of whoever looks at it; a PNG with those that are here, so that Chinese text needs one of them.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from .._extras import need
from ..errors import ConfigurationError, InputError
from .page import FONTS, Section, drawn

__all__ = ["picture"]

_SCALE = 2.0
_PROBE = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><text x="4" y="30" font-size="24" font-family="{}">{}</text></svg>'
_DIFFERENT = "国龙"


def picture(section: Section, form: Literal["svg", "png"] = "svg") -> bytes:
    """
    The chart of *section* on white.

    Raises:
        InputError: The section has no chart, or nothing to draw.
        ConfigurationError: It has Chinese text, and no font here has such characters; it says which package to install.
        MissingExtraError: The extra ``report`` is not installed.
    """
    svg = drawn(section, background="white")
    if not svg:
        raise InputError("there is nothing to draw", path="$.section", rule="nothing_counted")
    if form == "svg":
        return svg.encode()
    converter = need("vl_convert", extra="report")
    if any(ord("一") <= ord(character) <= ord("鿿") for character in svg) and not _has_chinese(converter):
        raise ConfigurationError(
            "no font on this machine has Chinese characters, so that a picture would show boxes; install one, on Debian the package fonts-noto-cjk", rule="font"
        )  # fmt: skip
    return bytes(converter.svg_to_png(svg, scale=_SCALE))


@cache
def _has_chinese(converter: Any) -> bool:
    return _tells_apart(converter, _DIFFERENT)


def _tells_apart(converter: Any, pair: str) -> bool:
    """Whether a font here draws two characters: without one both are the same box."""
    one, other = (converter.svg_to_png(_PROBE.format(FONTS, character)) for character in pair)
    return bool(one != other)
