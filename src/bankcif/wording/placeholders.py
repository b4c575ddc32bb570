"""Junk that stands where a value should: recognized, and taken as missing with a reason."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["FILLER_DATES", "FILLER_WORDS", "is_placeholder"]

FILLER_DATES = frozenset({"0001-01-01", "1900-01-01", "1970-01-01"})
"""Days that systems write where there is none."""

# Source: placeholder texts of customer files, gathered by hand.
FILLER_WORDS = frozenset(
    (
        "无 未知 不详 暂无 不清楚 空 没有 null none nil n/a na - -- --- . 0 1 test 测试 123456 111111 同上 本市 "
        "见身份证 同身份证 见附件 待补 待补充 保密 拒绝提供 a@a.com test@test.com xxx"
    ).split()
) | {form for day in FILLER_DATES for form in (day, day.replace("-", ""), day.replace("-", "/"))}
"""Texts that stand where a value should, folded, in small letters."""

_LONGEST = 32  # no filler is longer, whatever its width and spaces
_REPEATED_MOBILE = re.compile(r"1[3-9](\d)\1{8}")
_REPEATED = re.compile(r"(.)\1{3,}\Z", re.DOTALL)
_SAMPLES = frozenset({"13800138000", "13800000000", "13000000000", "13888888888", "13900000000", "12345678901"})
_DIGITS = re.compile(r"\D+")
_RUN = "01234567890123456789"


def is_placeholder(text: str, *, number: bool = False) -> bool:
    """
    Whether *text* is no value but a filler such as 无, N/A, 1900-01-01 or 0000.

    Args:
        text: The text as it came.
        number: Whether it should be a number: then repeated and running digits and well-known samples count too.
    """
    if len(text) > _LONGEST and not number:
        return False
    head = text[:64]
    folded = (head if head.isascii() else unicodedata.normalize("NFKC", head)).strip().casefold()
    if not folded or folded in FILLER_WORDS:
        return True
    if not number:
        return False
    digits = folded if folded.isdigit() else _DIGITS.sub("", folded)
    national = digits.removeprefix("86") if len(digits) == 13 else digits
    return bool(
        _REPEATED.match(national)
        or national in _SAMPLES
        or (len(national) >= 6 and (national in _RUN or national in _RUN[::-1]))
        or _REPEATED_MOBILE.fullmatch(national)
    )
