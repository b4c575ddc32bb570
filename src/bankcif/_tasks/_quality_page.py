"""The quality report: its figures as sections of a page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from .._text import Language
from ..context import Actor, Purpose
from ..errors import InputError
from ..flows import examine, scorecard
from ..flows.desk import Desk
from ..render import QualityView, Section, quality_sections

__all__ = ["figures_told"]

_TREND_DAYS = 400


def figures_told(desk: Desk, language: Language, *, actor: Actor, purpose: Purpose) -> list[Section]:
    """
    The sections, most general first.

    Raises:
        InputError: The rules of quality were not asked yet.
        NotFoundOrNotAllowedError: The policy does not let *actor* make reports of the whole file.
    """
    asked: dict[str, Any] = {"actor": actor, "purpose": purpose}
    today = desk.today()
    days = examine.figures(desk, "all", since=today - timedelta(_TREND_DAYS), until=today, **asked)
    if not days:
        raise InputError("the rules were not asked yet; run them first", rule="quality")
    branches = examine.figures(desk, "branch", **asked)
    view = QualityView(
        book=desk.quality, figures=days[-1].rules, trend={one.day: one.dimensions for one in days},
        branches={one.unit: list(one.rules.values()) for one in branches}, waiting=scorecard.ageing(desk, **asked).bands,
    )  # fmt: skip
    return quality_sections(view, language)
