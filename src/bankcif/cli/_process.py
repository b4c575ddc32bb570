"""The process that a command runs in."""

from __future__ import annotations

import attrs

__all__ = ["Process"]


@attrs.frozen(kw_only=True)
class Process:
    """
    What a command may do with its process.

    Attributes:
        own: Whether it was started for the command, so that nobody else is in it.
    """

    own: bool = False
