"""Whole-file work: who joins the blocks of a file and has its pairs compared."""

from .blocks import BlockReport, Blocks, blocks_of
from .edges import Edges
from .local import LocalEngine, Progress

__all__ = ["BlockReport", "Blocks", "Edges", "LocalEngine", "Progress", "blocks_of"]
