"""
The crosswalk: which party each source key belongs to, through merges and unmerges.

Each source key has a *home*: the party it was linked to by evidence. A merge is an edge from the retired party to the
survivor; an unmerge takes the edge away. Where a key belongs is the root above its home, so merges and unmerges in any
order and number only ever add and remove edges, and undoing one gives back exactly what was there before.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import InputError
from ..party import CifNo, SourceKey

__all__ = ["check_merge", "relocate", "root_of"]

Edges = Mapping[CifNo, CifNo]
"""Retired party to the party it was merged into."""


def root_of(cif_no: CifNo, edges: Edges) -> CifNo:
    """The party that *cif_no* stands for today."""
    seen = {cif_no}
    while cif_no in edges:
        cif_no = edges[cif_no]
        if cif_no in seen:
            raise InputError("merges run in a circle", rule="merge_circle", cif_no=cif_no)
        seen.add(cif_no)
    return cif_no


def check_merge(survivor: CifNo, retired: CifNo, edges: Edges) -> None:
    """
    Whether *retired* may be merged into *survivor*.

    Raises:
        InputError: They are the same, or one was merged already.
    """
    if survivor == retired:
        raise InputError("a party can not be merged into itself", rule="merge_self", cif_no=survivor)
    for cif_no in (survivor, retired):
        if cif_no in edges:
            raise InputError(
                f"{cif_no} was merged into {edges[cif_no]}; merge that one, or unmerge first",
                rule="merge_retired",
                cif_no=cif_no,
            )


def relocate(homes: Mapping[SourceKey, CifNo], edges: Edges) -> dict[SourceKey, CifNo]:
    """Where each source key of *homes* belongs under *edges*."""
    return {key: root_of(home, edges) for key, home in homes.items()}
