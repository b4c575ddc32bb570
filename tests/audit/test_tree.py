"""The Merkle tree: known roots and proofs, and the laws of growing and proving."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, strategies as st

from bankcif.audit.tree import EMPTY, Frontier, Growth, is_consistent, is_included, leaf_hash
from bankcif.errors import AuditError

# Leaves, roots and proofs of the Certificate Transparency reference implementation (github.com/transparency-dev/merkle,
# testonly/constants.go and testonly/reference_test.go).
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
LEAVES = [leaf_hash(bytes.fromhex(one)) for one in INPUTS]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
_N = {
    "0": "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "1": "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "4": "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    "0-1": "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "2-3": "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "4-5": "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "6-7": "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "0-3": "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4-7": "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
}
INCLUSIONS = [
    (0, 1, []),
    (0, 2, ["1"]),
    (1, 2, ["0"]),
    (2, 3, ["0-1"]),
    (1, 5, ["0", "2-3", "4"]),
    (0, 8, ["1", "2-3", "4-7"]),
    (5, 8, ["4", "6-7", "0-3"]),
]
CONSISTENCIES = [
    (1, 1, []),
    (1, 8, ["1", "2-3", "4-7"]),
    (2, 5, ["2-3", "4"]),
    (6, 8, ["4-5", "6-7", "0-3"]),
]


def named(nodes: list[str]) -> list[bytes]:
    return [bytes.fromhex(_N[name]) for name in nodes]


def root(leaves: list[bytes]) -> bytes:
    """RFC 6962, clause 2.1, as it is written."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return hashlib.sha256(b"\1" + root(leaves[:k]) + root(leaves[k:])).digest()


def leaves(count: int) -> list[bytes]:
    return [leaf_hash(b"%d" % n) for n in range(count)]


@pytest.mark.parametrize(("size", "expected"), list(enumerate(ROOTS)))
def test_roots_are_the_reference_s(size: int, expected: str) -> None:
    assert Frontier().grown(LEAVES[:size]).root.hex() == expected


@pytest.mark.parametrize(("index", "size", "proof"), INCLUSIONS)
def test_inclusion_proofs_are_the_reference_s(index: int, size: int, proof: list[str]) -> None:
    assert Growth(Frontier(), LEAVES[:size]).inclusion(index) == named(proof)
    assert is_included(LEAVES[index], index, size, named(proof), bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("old", "new", "proof"), CONSISTENCIES)
def test_consistency_proofs_are_the_reference_s(old: int, new: int, proof: list[str]) -> None:
    grown = Growth(Frontier().grown(LEAVES[:old]), LEAVES[old:new])
    assert grown.consistency() == named(proof)
    assert is_consistent(old, new, named(proof), bytes.fromhex(ROOTS[old]), bytes.fromhex(ROOTS[new]))


def test_every_proof_of_every_small_tree_is_accepted() -> None:
    """Sizes to 40, every frontier before, every leaf behind it."""
    every = leaves(40)
    for new in range(41):
        whole = root(every[:new])
        for old in range(new + 1):
            start = Frontier().grown(every[:old])
            growth = Growth(start, every[old:new])
            assert start.root == root(every[:old])
            assert is_consistent(old, new, growth.consistency(), start.root, whole)
        for index in range(new):
            proofs = [
                Growth(Frontier().grown(every[:old]), every[old:new]).inclusion(index) for old in (0, index // 2, index)
            ]
            assert proofs[0] == proofs[-1] == proofs[1]
            assert is_included(every[index], index, new, proofs[0], whole)


@given(st.integers(0, 300), st.lists(st.integers(0, 60), max_size=6))
def test_growing_in_steps_is_growing_at_once(first: int, steps: list[int]) -> None:
    every = leaves(first + sum(steps))
    tree, at = Frontier().grown(every[:first]), first
    for step in steps:
        tree, at = tree.grown(every[at : at + step]), at + step
    assert tree == Frontier().grown(every)
    assert tree.root == root(every)


@given(st.integers(1, 70), st.data())
def test_a_proof_that_is_bent_is_refused(size: int, data: st.DataObject) -> None:
    every = leaves(size)
    whole, index = root(every), data.draw(st.integers(0, size - 1))
    proof = Growth(Frontier(), every).inclusion(index)
    other = b"\7" * 32
    for bent in [[*proof, other], proof[:-1] if proof else [other], [other, *proof[1:]] if proof else [other]]:
        assert not is_included(every[index], index, size, bent, whole)
    assert not is_included(other, index, size, proof, whole)
    assert not is_included(every[index], index, size, proof, other)
    assert not is_included(every[index], size, size, proof, whole)
    assert not is_included(every[index], -1, size, proof, whole)
    assert not is_included(every[index], index, size, [one[:31] for one in proof] or [b""], whole)


@given(st.integers(0, 70), st.integers(0, 70), st.data())
def test_a_consistency_proof_that_is_bent_is_refused(one: int, two: int, data: st.DataObject) -> None:
    old, new = sorted((one, two))
    every, other = leaves(new), b"\7" * 32
    proof = Growth(Frontier().grown(every[:old]), every[old:]).consistency()
    roots = root(every[:old]), root(every)
    assert not is_consistent(old, new, proof, other, roots[1])
    assert not is_consistent(new + 1, new, proof, *roots)
    assert not is_consistent(old, new, proof, roots[0][:31], roots[1])
    assert not is_consistent(old, new, [*proof, other], *roots)
    if old:  # of an empty tree every tree is a growth
        assert not is_consistent(old, new, proof, roots[0], other)
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        assert not is_consistent(old, new, [*proof[:at], other, *proof[at + 1 :]], *roots)
        assert not is_consistent(old, new, proof[:-1], *roots)


@given(st.integers(2, 60), st.data())
def test_another_history_is_not_consistent(size: int, data: st.DataObject) -> None:
    """Two trees that differ in an early leaf: no proof leads from one to the other."""
    every = leaves(size)
    old = data.draw(st.integers(1, size - 1))
    forged = [*every]
    forged[data.draw(st.integers(0, old - 1))] = b"\7" * 32
    proof = Growth(Frontier().grown(forged[:old]), forged[old:]).consistency()
    assert not is_consistent(old, size, proof, root(every[:old]), root(forged))


def test_an_empty_tree_has_the_empty_root() -> None:
    assert Frontier().root == EMPTY
    assert is_consistent(0, 3, [], EMPTY, b"\1" * 32)


def test_a_frontier_has_as_many_hashes_as_its_size_has_ones() -> None:
    for size, pieces in [(3, (b"\0" * 32,)), (-1, ()), (2**63, (b"\0" * 32,)), (1, (b"\0" * 31,))]:
        with pytest.raises(AuditError, match="one hash for each"):
            Frontier(size, pieces)


@pytest.mark.parametrize("index", [-1, 3, 8])
def test_what_does_not_stand_behind_the_frontier_is_not_proved(index: int) -> None:
    with pytest.raises(AuditError):
        Growth(Frontier().grown(LEAVES[:4]), LEAVES[4:]).inclusion(index)
