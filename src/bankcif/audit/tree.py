"""
One Merkle tree over every entry, so that a single signed hash vouches for all of them.

A tree is never kept. Its *frontier*, at most 64 hashes of the perfect subtrees that it is made of, is enough to let it
grow, and a frontier with the leaves that came after it proves whatever concerns those leaves. So growing, and proving
from one checkpoint to a later one, cost what was appended between, however long the log is.

Source: RFC 6962, Certificate Transparency (2013), clause 2.1; the two verifications as in RFC 9162 (2021), clauses
2.1.3.2 and 2.1.4.2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import attrs

from ..errors import AuditError

__all__ = ["EMPTY", "Frontier", "Growth", "is_consistent", "is_included", "leaf_hash"]

EMPTY = hashlib.sha256(b"").digest()
"""Root of a tree without leaves."""

_SIZE = 32
_MOST_LEAVES = 2**63 - 1


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf that holds *data*."""
    return hashlib.sha256(b"\0" + data).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


@attrs.frozen
class Frontier:
    """
    A tree, as far as it takes to let it grow.

    Attributes:
        size: How many leaves it has.
        pieces: The hashes of its perfect subtrees, largest first; one for each binary one of *size*.

    Raises:
        AuditError: There are more or fewer, or one is none.
    """

    size: int = 0
    pieces: tuple[bytes, ...] = ()

    def __attrs_post_init__(self) -> None:
        fits = 0 <= self.size <= _MOST_LEAVES and len(self.pieces) == self.size.bit_count()
        if not fits or not _are_hashes(self.pieces):
            raise AuditError("a frontier has one hash for each binary one of its size", rule="frontier")

    @property
    def root(self) -> bytes:
        """The tree's hash; 32 bytes."""
        if not self.pieces:
            return EMPTY
        found = self.pieces[-1]
        for piece in reversed(self.pieces[:-1]):
            found = _node(piece, found)
        return found

    def grown(self, leaves: Iterable[bytes]) -> Frontier:
        """The tree with further *leaves* (their hashes) behind it; one hash or two for each."""
        size, pieces = self.size, list(self.pieces)
        for leaf in leaves:
            carried, size = leaf, size + 1
            # A leaf completes as many subtrees as the new size has trailing zeros.
            for _ in range((size & -size).bit_length() - 1):
                carried = _node(pieces.pop(), carried)
            pieces.append(carried)
        return Frontier(size, tuple(pieces))


class Growth:
    """
    What can be proved of a tree by its frontier at some size and the leaves that came after.

    Args:
        start: The frontier.
        leaves: Hashes of the leaves behind it.
    """

    def __init__(self, start: Frontier, leaves: Sequence[bytes]) -> None:
        self._start, self._leaves = start, leaves
        self._size = start.size + len(leaves)
        self._pieces: dict[tuple[int, int], bytes] = {}
        first = 0
        for piece in start.pieces:
            last = first + _piece_size(start.size - first)
            self._pieces[first, last] = piece
            first = last

    def consistency(self) -> list[bytes]:
        """
        The proof that the tree only grew since its frontier; empty if it did not grow, or had been empty.

        Cost: a hash for each of the leaves.
        """
        return self._consistency(self._start.size, 0, self._size, known=True) if self._start.size else []

    def inclusion(self, index: int) -> list[bytes]:
        """
        The proof that leaf *index* (from 0) stands where it stands in the tree as it is now.

        Raises:
            AuditError: The leaf came before the frontier, or is none.

        Cost: a hash for each of the leaves.
        """
        if not self._start.size <= index < self._size:
            raise AuditError("the leaf does not stand behind the frontier", rule="leaf")
        return self._path(index, 0, self._size)

    def _consistency(self, old: int, first: int, last: int, *, known: bool) -> list[bytes]:
        """RFC 6962's SUBPROOF over the leaves *first* to *last*, where the old tree ends at *old*."""
        if old == last:
            return [] if known else [self._hash(first, last)]
        middle = first + _split(last - first)
        if old <= middle:
            return [*self._consistency(old, first, middle, known=known), self._hash(middle, last)]
        return [*self._consistency(old, middle, last, known=False), self._hash(first, middle)]

    def _path(self, index: int, first: int, last: int) -> list[bytes]:
        if last - first == 1:
            return []
        middle = first + _split(last - first)
        if index < middle:
            return [*self._path(index, first, middle), self._hash(middle, last)]
        return [*self._path(index, middle, last), self._hash(first, middle)]

    def _hash(self, first: int, last: int) -> bytes:
        """The hash over the leaves *first* to *last*: a piece of the frontier, or made of leaves, or of both."""
        piece = self._pieces.get((first, last))
        if piece is not None:
            return piece
        if first >= self._start.size:
            begin = first - self._start.size
            return Frontier().grown(self._leaves[begin : begin + last - first]).root
        middle = first + _split(last - first)
        return _node(self._hash(first, middle), self._hash(middle, last))


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether *proof* shows that the leaf with hash *leaf* is leaf *index* of the tree of *size* leaves under *root*."""
    if not 0 <= index < size <= _MOST_LEAVES or not _are_hashes([leaf, root, *proof]):
        return False
    at, last, found = index, size - 1, leaf
    for each in proof:
        if not last:
            return False
        if at & 1 or at == last:
            found = _node(each, found)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            found = _node(found, each)
        at, last = at >> 1, last >> 1
    return not last and found == root


def is_consistent(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether *proof* shows that the tree of *new* leaves begins with the tree of *old* leaves."""
    if not 0 <= old <= new <= _MOST_LEAVES or not _are_hashes([old_root, new_root, *proof]):
        return False
    if old == new:
        return not proof and old_root == new_root
    if not old:
        return not proof and old_root == EMPTY
    # A tree that is one perfect subtree is the proof's first hash, which is then left out.
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = path[0]
    for each in path[1:]:
        if not last:
            return False
        if at & 1 or at == last:
            before, after = _node(each, before), _node(each, after)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            after = _node(after, each)
        at, last = at >> 1, last >> 1
    return not last and before == old_root and after == new_root


def _piece_size(size: int) -> int:
    """The largest power of two that is not more than *size*."""
    return 1 << size.bit_length() - 1


def _split(size: int) -> int:
    """The largest power of two that is less than *size*, which is at least 2."""
    return 1 << (size - 1).bit_length() - 1


def _are_hashes(found: Sequence[bytes]) -> bool:
    return all(len(one) == _SIZE for one in found)
