"""Hypothesis strategies for customers: valid numbers, names, and forms with what files really hold."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import strategies as st

from ..identifiers.card import luhn
from ..identifiers.cn import check_character

__all__ = ["birth_dates", "cards", "forms", "han_names", "mobiles", "resident_ids", "texts"]

_REGIONS = ("880101", "880102", "880201", "880301", "880421")

birth_dates = st.dates(min_value=date(1930, 1, 1), max_value=date(2020, 12, 31))
"""Days people now alive may have been born on."""

texts = st.text(st.characters(codec="utf-8"), max_size=60)
"""Anything that can be written."""

mobiles = st.from_regex(r"154[0-9]{8}", fullmatch=True)
"""Mobiles in the unassigned range of synthetic data."""

han_names = st.builds(
    lambda surname, given: surname + given,
    st.sampled_from(("王", "李", "张", "欧阳", "单", "刘", "陈")),
    st.text(st.sampled_from("伟芳国强敏静丽磊军洋勇艳杰娟涛明超霞平刚桂英华玉萍红娥玲"), min_size=1, max_size=2),
)
"""Names in Han characters."""


@st.composite
def resident_ids(draw: st.DrawFn, born: date | None = None) -> str:
    """Valid resident ID numbers of synthetic divisions."""
    day = born or draw(birth_dates)
    first = f"{draw(st.sampled_from(_REGIONS))}{day:%Y%m%d}{draw(st.integers(1, 995)):03}"
    return first + check_character(first)


@st.composite
def cards(draw: st.DrawFn) -> str:
    """Valid card numbers of the synthetic prefix."""
    body = "990088" + draw(st.from_regex(r"[0-9]{9}", fullmatch=True))
    return next(body + str(digit) for digit in range(10) if luhn(body + str(digit)))


@st.composite
def forms(draw: st.DrawFn) -> dict[str, Any]:
    """Forms of individuals that a capture standard accepts, as plain mappings."""
    born = draw(birth_dates)
    form: dict[str, Any] = {"name": draw(han_names), "phone": draw(mobiles)}
    if draw(st.booleans()):
        form["identifiers"] = [{"scheme": "cn.resident_id", "number": draw(resident_ids(born=born))}]
    if draw(st.booleans()):
        form["birth_date"] = born.isoformat()
    if draw(st.booleans()):
        form["address"] = draw(
            st.sampled_from(("云汉省星河市长庚区银河路1号", "月湖市玉兔区紫微路2号", "无人知道的地方"))
        )
    if draw(st.booleans()):
        form["email"] = draw(st.sampled_from(("a.li@example.com", "wang_1980@example.net")))
    return form
