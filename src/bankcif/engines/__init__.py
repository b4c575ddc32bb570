"""Whole-file work: who joins the blocks of a file and has its pairs compared."""

from .blocks import BlockReport, Blocks, Capped, blocks_of
from .engine import Engine, Progress, silent
from .local import LocalEngine
from .pairs import Edges, Pairs, patterns_among, weigh
from .spark import SparkEngine
from .threads import threads

__all__ = [
    "BlockReport",
    "Blocks",
    "Capped",
    "Edges",
    "Engine",
    "LocalEngine",
    "Pairs",
    "Progress",
    "SparkEngine",
    "blocks_of",
    "patterns_among",
    "silent",
    "threads",
    "weigh",
]
