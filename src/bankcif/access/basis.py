"""On what the use of data for each purpose rests."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

from ..context import Purpose
from ..errors import PolicyError

__all__ = ["LawfulBasis", "bases_of"]


class LawfulBasis(enum.StrEnum):
    """
    What makes it lawful to use data for a purpose.

    Source: the law on the protection of personal information (PIPL), art. 13 (1) to (7); what the law calls public reporting and what people made public
    themselves are one here.
    """

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_DUTY = "legal_duty"
    EMERGENCY = "emergency"
    PUBLIC = "public"
    OTHER_LAW = "other_law"


def bases_of(table: Any) -> dict[Purpose, LawfulBasis]:
    """
    The bases in a policy's ``[basis]``: a purpose, and what it rests on.

    Raises:
        PolicyError: It names what does not exist.
    """
    good = (
        isinstance(table, Mapping)
        and set(table) <= set(Purpose)
        and all(isinstance(value, str) and value in set(LawfulBasis) for value in table.values())
    )
    if not good:
        raise PolicyError(
            f"[basis] says of a purpose ({', '.join(Purpose)}) what it rests on: {', '.join(LawfulBasis)}",
            rule="policy",
        )
    return {Purpose(name): LawfulBasis(value) for name, value in table.items()}
