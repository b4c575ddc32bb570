"""What every witness must do."""

from __future__ import annotations

import pytest

from ...audit import Checkpoint, NoteSigner, Witness
from ...audit.tree import Frontier, Growth, leaf_hash
from ...errors import WitnessError

__all__ = ["WitnessContract"]

_LEAVES = [leaf_hash(b"%d" % n) for n in range(20)]
_ORIGIN = "bankcif/contract"


class WitnessContract:
    """
    What every witness must do. The fixture ``witness`` gives one that has seen nothing and takes checkpoints of the log
    ``bankcif/contract``, signed by `SIGNER`.
    """

    SIGNER = NoteSigner(_ORIGIN, b"c" * 32)

    @pytest.fixture
    def witness(self) -> Witness:
        raise NotImplementedError

    def _note(self, size: int, leaves: list[bytes] | None = None) -> str:
        root = Frontier().grown((leaves or _LEAVES)[:size]).root
        said = Checkpoint(origin=_ORIGIN, size=size, root=root, after=0, at=size, streams={"s0": size})
        return self.SIGNER.sign(said.text)

    def _proof(self, old: int, new: int, leaves: list[bytes] | None = None) -> list[bytes]:
        known = leaves or _LEAVES
        return Growth(Frontier().grown(known[:old]), known[old:new]).consistency()

    def _refused(self, witness: Witness, size: int, old: int, leaves: list[bytes] | None = None) -> WitnessError:
        with pytest.raises(WitnessError) as caught:
            witness.add(self._note(size, leaves), old, self._proof(old, size, leaves) if old <= size else [])
        return caught.value

    def test_it_takes_the_first_and_what_grew_from_it(self, witness: Witness) -> None:
        assert witness.name
        for old, new in ((0, 3), (3, 3), (3, 8), (8, 20)):
            witness.add(self._note(new), old, self._proof(old, new))

    def test_it_tells_what_it_holds_to_who_does_not_know(self, witness: Witness) -> None:
        witness.add(self._note(7), 0, [])
        for size, old in ((20, 0), (20, 3), (20, 8)):
            refused = self._refused(witness, size, old)
            assert (refused.rule, refused.size) == ("witness_conflict", 7)

    def test_it_takes_no_log_that_was_cut(self, witness: Witness) -> None:
        witness.add(self._note(7), 0, [])
        refused = self._refused(witness, 4, 4)
        assert (refused.rule, refused.size) == ("witness_conflict", 7)

    def test_it_takes_no_log_with_another_past(self, witness: Witness) -> None:
        witness.add(self._note(7), 0, [])
        other = [leaf_hash(b"x"), *_LEAVES[1:]]
        assert self._refused(witness, 20, 7, other).rule == "witness_split"
        assert self._refused(witness, 7, 7, other).rule == "witness_split"
        witness.add(self._note(20), 7, self._proof(7, 20))  # what it saw, it holds still

    def test_it_takes_nothing_that_is_no_checkpoint(self, witness: Witness) -> None:
        for note in ("", "text\n", self._note(3).replace("\n3\n", "\n4\n") + "x"):
            with pytest.raises(WitnessError) as caught:
                witness.add(note, 0, [])
            assert caught.value.rule == "witness_refused"

    def test_what_it_shows_is_what_it_took(self, witness: Witness) -> None:
        notes = [self._note(3), self._note(8)]
        witness.add(notes[0], 0, [])
        witness.add(notes[1], 3, self._proof(3, 8))
        shown = list(witness.kept(_ORIGIN))
        assert shown in (notes, [])  # one that can show nothing shows nothing
        assert list(witness.kept("bankcif/other")) == []
