"""Witnesses in a file, in a second database, and over HTTP."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.audit.witness_double import SECONDS, WitnessDouble, running

from bankcif.audit import FileWitness, HttpWitness, NoteKey, NoteSigner, Witness
from bankcif.audit.note import COSIGNATURE, signatures_in
from bankcif.errors import ConfigurationError, StoreOpenError, WitnessError
from bankcif.storage.witness import SqlWitness
from bankcif.testing.contracts import WitnessContract

OTHER = NoteSigner("bankcif/contract", b"o" * 32)


class TestFileWitness(WitnessContract):
    @pytest.fixture
    def witness(self, tmp_path: Path) -> Witness:
        return FileWitness(tmp_path / "witness.jsonl", keys=[self.SIGNER.key])

    def test_without_keys_it_takes_any_log_by_its_form(self, tmp_path: Path) -> None:
        FileWitness(tmp_path / "any.jsonl").add(self._note(3), 0, [])

    def test_it_takes_no_checkpoint_of_another_key(self, witness: Witness) -> None:
        text = self._note(3).partition("\n\n")[0] + "\n"
        with pytest.raises(WitnessError, match="not signed by a key"):
            witness.add(OTHER.sign(text), 0, [])

    def test_one_file_serves_several_logs(self, witness: Witness, tmp_path: Path) -> None:
        open_to_all = FileWitness(tmp_path / "witness.jsonl")
        open_to_all.add(self._note(3), 0, [])
        other = self._note(5).replace("bankcif/contract", "bankcif/second")
        open_to_all.add(other, 0, [])
        open_to_all.add(self._note(8), 3, self._proof(3, 8))
        assert list(open_to_all.kept("bankcif/second")) == [other]

    def test_a_line_that_a_crash_cut_short_is_passed_over(self, witness: Witness, tmp_path: Path) -> None:
        witness.add(self._note(3), 0, [])
        path = tmp_path / "witness.jsonl"
        path.write_bytes(path.read_bytes() + b'{"origin": "bankcif/contract", "no')
        witness.add(self._note(8), 3, self._proof(3, 8))
        assert len(witness.kept("bankcif/contract")) == 2

    def test_the_last_line_is_found_in_a_long_file(self, witness: Witness, tmp_path: Path) -> None:
        witness.add(self._note(3), 0, [])
        with (tmp_path / "witness.jsonl").open("ab") as file:
            file.write(b'{"origin": "bankcif/other", "note": ""}\n' * 5000)
        witness.add(self._note(8), 3, self._proof(3, 8))

    def test_what_was_written_is_never_written_again(self, witness: Witness, tmp_path: Path) -> None:
        witness.add(self._note(3), 0, [])
        before = (tmp_path / "witness.jsonl").read_bytes()
        witness.add(self._note(3), 3, [])
        assert (tmp_path / "witness.jsonl").read_bytes() == before
        witness.add(self._note(8), 3, self._proof(3, 8))
        assert (tmp_path / "witness.jsonl").read_bytes().startswith(before)

    def test_a_place_that_cannot_be_written_is_silent(self, tmp_path: Path) -> None:
        with pytest.raises(WitnessError) as caught:
            FileWitness(tmp_path / "missing" / "w").add(self._note(3), 0, [])
        assert caught.value.rule == "witness_silent"

    def test_of_many_processes_one_is_first(self, tmp_path: Path) -> None:
        path = tmp_path / "witness.jsonl"
        pipe = subprocess.PIPE
        offering = [
            subprocess.Popen([sys.executable, "-c", _OFFER, str(path)], stdin=pipe, stdout=pipe, text=True)
            for _ in range(8)
        ]
        for one in offering:
            assert one.stdin is not None
            one.stdin.write(self._note(3))
            one.stdin.close()
            one.stdin = None
        done = [one.communicate(timeout=60)[0].strip() for one in offering]
        assert sorted(done) == ["taken", *["witness_conflict"] * 7]
        assert len(FileWitness(path).kept("bankcif/contract")) == 1


_OFFER = """
import sys
from bankcif.audit import FileWitness
from bankcif.errors import WitnessError
try:
    FileWitness(sys.argv[1]).add(sys.stdin.read(), 0, [])
    print("taken")
except WitnessError as error:
    print(error.rule)
"""


class TestSqlWitness(WitnessContract):
    @pytest.fixture
    def witness(self, tmp_path: Path) -> Iterator[Witness]:
        found = SqlWitness(f"sqlite:///{tmp_path / 'witness.db'}", keys=[self.SIGNER.key])
        yield found
        found.close()

    def test_it_remembers_when_opened_anew(self, witness: Witness, tmp_path: Path) -> None:
        witness.add(self._note(3), 0, [])
        again = SqlWitness(f"sqlite:///{tmp_path / 'witness.db'}")
        assert list(again.kept("bankcif/contract")) == [self._note(3)]
        again.close()

    def test_a_database_that_is_none_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(StoreOpenError):
            SqlWitness(f"sqlite:///{tmp_path / 'missing' / 'w.db'}")
        (tmp_path / "w.db").write_bytes(b"not a database at all, certainly not" * 40)
        broken = SqlWitness(f"sqlite:///{tmp_path / 'w.db'}")
        for asked in (lambda: broken.add(self._note(3), 0, []), lambda: broken.kept("bankcif/contract")):
            with pytest.raises(WitnessError) as caught:
                asked()
            assert caught.value.rule == "witness_silent"
        broken.close()


class TestHttpWitness(WitnessContract):
    @pytest.fixture
    def double(self) -> Iterator[WitnessDouble]:
        with running() as found:
            found.logs["bankcif/contract"] = self.SIGNER.key
            yield found

    @pytest.fixture
    def witness(self, double: WitnessDouble) -> Witness:
        return HttpWitness(double.url, keys=[double.signer.key])

    def test_it_brings_a_cosignature(self, witness: Witness, double: WitnessDouble) -> None:
        note = self._note(3)
        line = witness.add(note, 0, [])
        assert signatures_in(note + line, [double.signer.key]) == {"witness.example/w1": SECONDS}

    def test_an_answer_that_the_witness_did_not_sign_is_none(self, double: WitnessDouble) -> None:
        stranger = HttpWitness(double.url, keys=[NoteKey("witness.example/w1", b"k" * 32, COSIGNATURE)])
        with pytest.raises(WitnessError, match="did not sign") as caught:
            stranger.add(self._note(3), 0, [])
        assert caught.value.rule == "witness_refused"

    @pytest.mark.parametrize(
        ("status", "body", "rule"),
        [
            (500, "", "witness_refused"), (403, "", "witness_refused"), (301, "", "witness_refused"),
            (200, "", "witness_refused"), (200, "junk\n" * 9, "witness_refused"), (200, "\0", "witness_refused"),
            (409, "no number", "witness_refused"), (409, "9" * 40, "witness_refused"), (409, "5\n", "witness_conflict"),
            (422, "", "witness_split"),
        ],
    )  # fmt: skip
    def test_any_answer_is_understood(
        self, witness: Witness, double: WitnessDouble, status: int, body: str, rule: str
    ) -> None:
        double.instead = [(status, body)]
        with pytest.raises(WitnessError) as caught:
            witness.add(self._note(3), 0, [])
        assert caught.value.rule == rule

    def test_no_answer_is_silence(self) -> None:
        witness = HttpWitness("http://127.0.0.1:9/prefix", keys=[NoteKey("w", b"k" * 32, COSIGNATURE)], timeout=0.5)
        with pytest.raises(WitnessError) as caught:
            witness.add(self._note(3), 0, [])
        assert caught.value.rule == "witness_silent"

    def test_plain_http_and_a_witness_without_a_key_are_refused(self) -> None:
        key = NoteKey("w", b"k" * 32, COSIGNATURE)
        with pytest.raises(ConfigurationError, match="https"):
            HttpWitness("http://witness.example/prefix", keys=[key])
        with pytest.raises(ConfigurationError, match="key"):
            HttpWitness("https://witness.example/prefix", keys=[self.SIGNER.key])

    def test_its_name_holds_no_password(self) -> None:
        key = NoteKey("w", b"k" * 32, COSIGNATURE)
        assert HttpWitness("https://user:secret@w.example/p/", keys=[key]).name == "https://w.example/p"
