"""Whole-file work: who joins the blocks of a file and has its pairs compared."""

from .blocks import BlockReport, Blocks, Capped, blocks_of
from .local import LocalEngine, Progress, silent
from .pairs import Edges, Pairs, weigh

__all__ = [
    "BlockReport",
    "Blocks",
    "Capped",
    "Edges",
    "LocalEngine",
    "Pairs",
    "Progress",
    "blocks_of",
    "silent",
    "weigh",
]
