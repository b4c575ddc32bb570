"""Text without characters that nobody sees."""

from __future__ import annotations

import re

__all__ = ["visible"]

# Source: the property Default_Ignorable_Code_Point of the Unicode Standard, DerivedCoreProperties.txt.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)


def visible(text: str) -> str:
    """*text* without characters that nobody sees: they come along when something is copied, and keep equal values apart."""
    return text if text.isascii() else _UNSEEN.sub("", text)
