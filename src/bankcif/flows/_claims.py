"""Claims on numbers: two who register one number at the same moment see each other, and nobody is refused."""

from __future__ import annotations

from collections.abc import Collection

import attrs

from ..errors import ConflictError
from ..party import CifNo
from ..storage import UnitOfWork
from ..storage.rows import ClaimRow
from ._reshape import root_of

__all__ = ["Claims"]


@attrs.frozen
class _Claim:
    row: ClaimRow
    searched: bytes
    seen: set[CifNo] = attrs.field(factory=set)


class Claims:
    """The claims of one unit of work."""

    def __init__(self) -> None:
        self._claims: dict[tuple[str, bytes], _Claim] = {}

    def add(self, row: ClaimRow, searched: bytes, seen: Collection[CifNo]) -> None:
        """
        A claim to make.

        Args:
            row: The claim.
            searched: The tag by which records with the number are searched.
            seen: The parties that whoever brings the number met.
        """
        self._claims.setdefault((row.index_name, row.tag), _Claim(row, searched)).seen.update(seen)

    def make(self, unit: UnitOfWork) -> None:
        """
        Makes the claims that are free. One that a party holds whom nobody met goes to whoever brings the number, if the holder has
        no record with it any more: the record went to another party when one was unmerged.

        Raises:
            ConflictError: They have: somebody registered the number after we looked; start again and see them.
        """
        for tag, holder in unit.claims.claim([claim.row for claim in self._claims.values()]).items():
            claim = self._claims[tag]
            if holder in claim.seen or (root := _root(unit, holder)) in claim.seen:
                continue
            named = {
                row.cif_no for row in unit.indexes.find([claim.searched]) if row.index_name == claim.row.index_name
            }
            if root in {_root(unit, cif_no) for cif_no in named}:
                raise ConflictError("another writer registered the same identifier first", rule="claim")
            unit.claims.release([tag], holder)
            unit.claims.claim([claim.row])


def _root(unit: UnitOfWork, cif_no: CifNo) -> CifNo:
    """Whom a party is merged into in the end: it keeps its claims, and gives them back with everything when it is unmerged."""
    row = unit.parties.get([cif_no]).get(cif_no)
    return cif_no if row is None else root_of(unit, row).cif_no
