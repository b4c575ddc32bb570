"""The statements about models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, select

from . import _tables as t
from ._clauses import mine
from ._mapped import Mapped
from .model_rows import ModelRow

__all__ = ["MODEL", "MODEL_QUERIES"]

MODEL = Mapped(t.SCORE_MODEL, ModelRow)
MODEL_QUERIES: Mapping[str, Any] = {
    "model_active": select(*MODEL.columns).where(
        mine(t.SCORE_MODEL), t.SCORE_MODEL.c.name == bindparam("model"), t.SCORE_MODEL.c.since.is_not(None), t.SCORE_MODEL.c.until.is_(None)),
    "models": select(*MODEL.columns).where(mine(t.SCORE_MODEL)).order_by(t.SCORE_MODEL.c.id),
    "model_get": select(*MODEL.columns).where(mine(t.SCORE_MODEL), t.SCORE_MODEL.c.id == bindparam("id")),
}  # fmt: skip
