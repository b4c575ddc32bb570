"""
For tests: contracts that every implementation of a Protocol must pass, synthetic customers, hypothesis strategies.

Nothing of the library imports this package.
"""

from importlib.resources import files
from pathlib import Path

from ..party import ReferenceTables

__all__ = ["synthetic_tables"]


def synthetic_tables() -> ReferenceTables:
    """The library's reference tables with those of synthetic data added, so that it is not flagged."""
    return ReferenceTables.read(Path(str(files(__name__).joinpath("data"))))
