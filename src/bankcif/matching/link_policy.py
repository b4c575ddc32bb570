"""
The link policy: what the bank does with a match weight.

Only an equal, valid identification number together with a compatible name links by itself; a contradiction (two
different numbers of one scheme, two birth dates under one number) never does. Everything else that weighs enough is a
possible match, for a person to decide.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

import attrs

from ..party import PartyKind

__all__ = ["Link", "LinkPolicy"]

# Names of levels, as the comparators number them.
_ID_EQUAL = 3
_BIRTH_EQUAL = 3
_NAME_COMPATIBLE = {PartyKind.INDIVIDUAL: 4, PartyKind.ORGANIZATION: 3}


class Link(enum.StrEnum):
    """What to do with a pair."""

    AUTOMATIC = "automatic"
    POSSIBLE = "possible"
    NONE = "none"


@attrs.frozen(kw_only=True)
class LinkPolicy:
    """
    Data beside the match model.

    Attributes:
        version: Version of the policy.
        identifying: Schemes whose valid number identifies one party.
        possible_millibits: From which weight on a pair is a possible match.
        automatic: Whether the policy links at all; without, every link is a person's.
    """

    version: str = "2026-11"
    identifying: frozenset[str] = frozenset({"cn.resident_id", "cn.uscc"})
    possible_millibits: int = 3000
    automatic: bool = True

    def decide(self, kind: PartyKind, levels: Mapping[str, int], weight_millibits: int) -> tuple[Link, str]:
        """
        What to do with a pair, and by which rule.

        Args:
            kind: Party kind of both.
            levels: Level of every comparison, whether counted or not.
            weight_millibits: The model's weight.
        """
        same_number = levels["id_number"] == _ID_EQUAL
        compatible = levels["name"] >= _NAME_COMPATIBLE[kind]
        contradicted = levels.get("birth_date", 0) not in (0, _BIRTH_EQUAL)
        if self.automatic and same_number and compatible and not contradicted:
            return Link.AUTOMATIC, "identifier+name"
        if same_number:
            return Link.POSSIBLE, "contradiction" if compatible else "identifier"
        if weight_millibits >= self.possible_millibits:
            return Link.POSSIBLE, "weight"
        return Link.NONE, "weight"
