"""What every store must do."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import pytest

from ...approval import ApprovalState, Check
from ...errors import ConflictError
from ...party import CifNo, DataGroup, SourceKey, facts_from
from ...party.models import PartyKind
from ...storage import Repository
from ...storage.rows import (
    ClaimRow,
    FactRow,
    GoldenRow,
    NotAMatchRow,
    ReviewRow,
    StagedRow,
    StoreRow,
)
from .log import LogContract
from .outbox import OutboxContract
from .quality import QualityContract
from .rows import A, B, approval, index, link, party, source, task
from .search import SearchContract
from .upkeep import UpkeepContract

__all__ = ["RepositoryContract"]


class RepositoryContract(UpkeepContract, LogContract, OutboxContract, SearchContract, QualityContract):
    """
    What every store must do. The fixture ``repository`` gives an empty one; ``reopened`` a function that gives the
    same store opened anew (a store in memory gives itself).
    """

    @pytest.fixture
    def repository(self) -> Repository:
        raise NotImplementedError

    @pytest.fixture
    def reopened(self, repository: Repository) -> Callable[[], Repository]:
        return lambda: repository

    def test_commit_keeps_and_leaving_undoes(self, repository: Repository, reopened: Callable[[], Repository]) -> None:
        with repository.unit_of_work() as unit:
            unit.parties.add([party(A)])
            unit.sources.add([source()])
            unit.commit()
        with repository.unit_of_work() as unit:
            unit.parties.add([party(B)])
            unit.parties.update([party(A, version=2)])
            unit.sources.add([source("other")])
        with reopened().unit_of_work() as unit:
            assert set(unit.parties.get([A, B])) == {A}
            assert unit.parties.get([A])[A] == party(A)
            assert unit.sources.count() == 1

    def test_an_exception_undoes_everything(self, repository: Repository) -> None:
        with pytest.raises(RuntimeError), repository.unit_of_work() as unit:
            unit.parties.add([party(A)])
            unit.claims.claim([ClaimRow(index_name="i", index_version=1, tag=b"t" * 16, cif_no=A)])
            raise RuntimeError
        with repository.unit_of_work() as unit:
            assert not unit.parties.get([A])
            unit.claims.claim([ClaimRow(index_name="i", index_version=1, tag=b"t" * 16, cif_no=B)])
            unit.commit()

    def test_a_unit_sees_its_own_writes(self, repository: Repository) -> None:
        with repository.unit_of_work() as unit:
            unit.parties.add([party(A)])
            assert unit.parties.get([A, B]) == {A: party(A)}

    def test_a_number_is_given_once(self, repository: Repository) -> None:
        with repository.unit_of_work() as unit:
            unit.parties.add([party(A)])
            unit.commit()
        with pytest.raises(ConflictError), repository.unit_of_work() as unit:
            unit.parties.add([party(A)])
            unit.commit()

    def test_looking_again_changes_nothing(self, repository: Repository) -> None:
        with repository.unit_of_work() as unit:
            unit.parties.add([party(A)])
            unit.commit()
        repository.look_again()
        with repository.unit_of_work() as unit:
            assert unit.parties.get([A]) == {A: party(A)}

    def test_what_is_locked_is_what_is_there(self, repository: Repository) -> None:
        """That others wait is for who has several writers to show; alone, a unit never waits for itself."""
        with repository.unit_of_work() as unit:
            unit.parties.add([party(A)])
            assert unit.parties.lock([B, A, A]) == {A: party(A)}
            assert unit.parties.lock([]) == {}
            unit.parties.update([party(A, version=2)])
            assert unit.parties.lock([A]) == {A: party(A, version=2)}
            unit.commit()

    def test_an_update_needs_the_version_before(self, repository: Repository) -> None:
        with repository.unit_of_work() as unit:
            unit.parties.add([party(A)])
            unit.parties.update([party(A, version=2, branch="x")])
            unit.commit()
        with pytest.raises(ConflictError), repository.unit_of_work() as unit:
            unit.parties.update([party(A, version=2)])
        with pytest.raises(ConflictError), repository.unit_of_work() as unit:
            unit.parties.update([party(B, version=2)])
        with repository.unit_of_work() as unit:
            assert unit.parties.get([A])[A].branch == "x"

    def test_a_new_golden_version_ends_the_one_before(self, repository: Repository) -> None:
        def golden(version: int, group: str = "identity") -> GoldenRow:
            return GoldenRow(
                cif_no=A, data_group=group, version=version, recorded_at=version, key_id=b"k" * 16, sealed=b"s"
            )

        with repository.unit_of_work() as unit:
            unit.copies.put_golden([golden(1), golden(1, "contact")])
            unit.copies.put_golden([golden(3)])
            assert unit.copies.golden([A, B]) == [golden(1, "contact"), golden(3)]
            assert unit.copies.golden([A, B], [DataGroup.IDENTITY, DataGroup.RISK]) == [golden(3)]
            assert unit.copies.golden([A, B], list(DataGroup)) == unit.copies.golden([A, B])
            assert unit.copies.golden([A, B], []) == []
            unit.copies.end_golden([A], 9)
            assert unit.copies.golden([A]) == []
            assert [row.superseded_at for row in unit.copies.history([A])] == [9, 3, 9]

    def test_records_and_golden_versions_are_sealed_anew(self, repository: Repository) -> None:
        first = GoldenRow(cif_no=A, data_group="identity", version=1, recorded_at=1, key_id=b"k" * 16, sealed=b"s")
        second = first._replace(version=2, recorded_at=2)
        new = b"n" * 16
        with repository.unit_of_work() as unit:
            unit.sources.add([source("k", 0), source("k", 1)])
            unit.crosswalk.add([link("k", cif_no=A)])
            unit.copies.put_golden([first])
            unit.copies.put_golden([second])
            ended = first._replace(superseded_at=2)
            assert unit.copies.history([A, B]) == [ended, second]
            again = [row._replace(key_id=new, sealed=b"again") for row in (ended, second)]
            unit.copies.reseal(again)
            assert unit.copies.history([A]) == again
            unit.sources.reseal({b"k" * 16: source("k", 1, key_id=new, sealed=b"again", received_at=9)})
            rows = [row for _, row in unit.sources.of_parties([A])]
            assert rows == [source("k", 0), source("k", 1, key_id=new, sealed=b"again")]  # and nothing else of it
            unit.commit()
        with pytest.raises(ConflictError), repository.unit_of_work() as unit:
            unit.sources.reseal({b"k" * 16: source("k", 1, key_id=b"x" * 16, sealed=b"late")})

    def test_parties_are_paged_by_number(self, repository: Repository) -> None:
        with repository.unit_of_work() as unit:
            unit.parties.add([party(B), party(A)])
            assert [row.cif_no for row in unit.parties.page("", 1)] == [A]
            assert [row.cif_no for row in unit.parties.page(A, 9)] == [B]
            assert list(unit.parties.page(B, 9)) == []

    def test_facts_replace_earlier_ones(self, repository: Repository) -> None:
        from datetime import date

        def fact(sex: str) -> FactRow:
            values = facts_from(PartyKind.INDIVIDUAL, {"sex": sex}, born="1990-02-28", today=date(2026, 2, 28))
            return FactRow(cif_no=A, values=values)

        with repository.unit_of_work() as unit:
            unit.copies.put_facts([fact("1")])
            unit.copies.put_facts([fact("2")])
            assert unit.copies.facts([A, B]) == {A: fact("2")}

    def test_records_are_found_by_party_place_and_key(self, repository: Repository) -> None:
        with repository.unit_of_work() as unit:
            rows = [source("k", 0), source("k", 1, delivery_tag=b"f" * 16), source("l", 0)]
            unit.sources.add(rows)
            unit.crosswalk.add([link("k", cif_no=A), link("l", cif_no=B)])
            assert unit.sources.of_parties([A]) == [(A, rows[0]), (A, rows[1])]
            assert unit.sources.places([A]) == [(A, rows[0].place), (A, rows[1].place)]
            assert unit.sources.at([("s", "k", 1), ("s", "none", 0)]) == [rows[1]]
            marks = unit.sources.marks("s", ["k", "none"])
            assert [(m.record_no, m.content_tag, m.delivery_tag) for m in marks] == [
                (0, bytes(16), None),
                (1, b"\x01" * 16, b"f" * 16),
            ]
            assert unit.sources.marks("other", ["k"]) == []

    def test_a_record_is_never_overwritten(self, repository: Repository) -> None:
        with pytest.raises(ConflictError) as refused, repository.unit_of_work() as unit:
            unit.sources.add([source()])
            unit.sources.add([source(sealed=b"other")])
            unit.commit()
        # What a database says of it, which names the key, does not travel with the error.
        assert (refused.value.__cause__, refused.value.__context__) == (None, None)

    def test_many_keys_are_found_in_one_call(self, repository: Repository) -> None:
        numbers = [CifNo(f"C{n:016}") for n in range(1203)]
        with repository.unit_of_work() as unit:
            unit.parties.add([party(n) for n in numbers])
            assert len(unit.parties.get(numbers)) == len(numbers)

    def test_a_moved_link_ends_the_one_before(self, repository: Repository) -> None:
        key = SourceKey("s", "k")
        with repository.unit_of_work() as unit:
            unit.crosswalk.add([link("k")])
            unit.crosswalk.add([link("k", 1, B)])
            assert unit.crosswalk.current([key]) == {key: link("k", 1, B)}
            assert unit.crosswalk.history(key) == [link("k", until=2), link("k", 1, B)]
            assert unit.crosswalk.of_parties([A]) == []
            assert list(unit.crosswalk.all_current()) == [link("k", 1, B)]

    def test_two_writers_of_one_source_key_conflict(self, repository: Repository) -> None:
        with repository.unit_of_work() as unit:
            unit.crosswalk.add([link("k")])
            unit.commit()
        with pytest.raises(ConflictError), repository.unit_of_work() as unit:
            unit.crosswalk.add([link("k", cif_no=B)])
            unit.commit()
        with pytest.raises(ConflictError), repository.unit_of_work() as unit:
            unit.crosswalk.add([link("k", 2, B)])
            unit.commit()

    def test_a_pair_is_kept_apart_once(self, repository: Repository) -> None:
        row = NotAMatchRow(low=A, high=B, actor="t", at=1)
        with repository.unit_of_work() as unit:
            unit.crosswalk.put_not_a_match(row)
            unit.crosswalk.put_not_a_match(attrs.evolve(row, actor="again"))
            assert unit.crosswalk.not_matches([B]) == [row]
            assert unit.crosswalk.not_matches([A, B]) == [row]
            for ends in (A, B):
                unit.crosswalk.end_not_matches([ends, CifNo("C0")], 7)
                assert unit.crosswalk.not_matches([A]) == [attrs.evolve(row, until=7)]
                unit.crosswalk.end_not_matches([ends], 8)
                assert unit.crosswalk.not_matches([A]) == [attrs.evolve(row, until=7)]
                unit.crosswalk.put_not_a_match(row)
                assert unit.crosswalk.not_matches([A]) == [row]

    def test_a_claim_is_held_by_the_first(self, repository: Repository) -> None:
        tag = ("i", b"t" * 16)
        with repository.unit_of_work() as unit:
            assert unit.claims.claim([ClaimRow(index_name="i", index_version=1, tag=tag[1], cif_no=A)]) == {tag: A}
            assert unit.claims.claim([ClaimRow(index_name="i", index_version=1, tag=tag[1], cif_no=B)]) == {tag: A}
            unit.claims.release([tag], B)
            assert unit.claims.claim([ClaimRow(index_name="i", index_version=1, tag=tag[1], cif_no=B)]) == {tag: A}
            unit.claims.release([tag], A)
            assert unit.claims.claim([ClaimRow(index_name="i", index_version=1, tag=tag[1], cif_no=B)]) == {tag: B}

    def test_tags_find_and_move(self, repository: Repository) -> None:
        rows = [index(b"1" * 16), index(b"1" * 16, "l"), index(b"2" * 16)]
        with repository.unit_of_work() as unit:
            unit.indexes.add(rows)
            assert len(unit.indexes.find([b"1" * 16])) == 2
            unit.indexes.move([rows[0]], B)
            found = {(row.source_key, row.tag): row.cif_no for row in unit.indexes.find([b"1" * 16, b"2" * 16])}
            assert found == {("k", b"1" * 16): B, ("l", b"1" * 16): A, ("k", b"2" * 16): A}

    @pytest.mark.parametrize("most", [1, 2, 3, 9])
    def test_of_a_tag_no_more_rows_are_read_than_asked_for(self, repository: Repository, most: int) -> None:
        rows = [index(b"1" * 16, f"k{n}") for n in range(5)] + [index(b"2" * 16)]
        one, two = ("phone", b"1" * 16), ("phone", b"2" * 16)
        with repository.unit_of_work() as unit:
            unit.indexes.add(rows)
            found = unit.indexes.find_some([("phone", tag * 16) for tag in (b"1", b"2", b"3")], most)
            assert {key: len(some) for key, some in found.items()} == {one: min(most, 5), two: 1}
            assert {row for some in found.values() for row in some} <= set(rows)
            assert all((row.index_name, row.tag) == key for key, some in found.items() for row in some)
            unit.indexes.add([index(b"1" * 16, "other", "email"), index(b"2" * 16, "other", "email")])
            phones = unit.indexes.find_some([("phone", b"1" * 16), ("phone", b"2" * 16)], most)
            assert {key: len(some) for key, some in phones.items()} == {one: min(most, 5), two: 1}
            assert {row.index_name for some in phones.values() for row in some} == {"phone"}
            both = unit.indexes.find_some([("email", b"1" * 16), ("phone", b"1" * 16)], most)
            assert {key: len(some) for key, some in both.items()} == {one: min(most, 5), ("email", b"1" * 16): 1}
            assert unit.indexes.find_some([("name", b"1" * 16)], most) == {}
            # However many are asked for, each row comes once.
            others = [("phone", bytes([0, n % 256, n // 256]) + b"0" * 13) for n in range(499)]
            many = unit.indexes.find_some([*others, ("email", b"1" * 16), ("phone", b"1" * 16)], most)
            assert {key: len(some) for key, some in many.items()} == {one: min(most, 5), ("email", b"1" * 16): 1}
            assert len(unit.indexes.find([b"2" * 16])) == 2

    def test_tasks_open_once_and_change_one_version_at_a_time(self, repository: Repository) -> None:
        with repository.unit_of_work() as unit:
            unit.work.add_tasks([task("a", 1), task("b", 2)])
            unit.work.add_tasks([task("a", 9)])
            assert [one.id for one in unit.work.tasks(state="open", cif_nos=[B])] == ["b", "a"]
            assert unit.work.tasks(cif_nos=["C0"]) == []  # type: ignore[list-item]
            assert [one.id for one in unit.work.tasks(most=1)] == ["b"]
            assert [one.id for one in unit.work.tasks(state="open", most=1)] == ["b"]
            assert [one.id for one in unit.work.tasks(ids=["a", "x"])] == ["a"]
            taken = attrs.evolve(task("a"), version=2, assignee="t", assigned_at=2)
            unit.work.change_task(taken)
            closed = attrs.evolve(taken, version=3, state="merged", closed_at=2, actor="t", reason="r", reviews=1)
            unit.work.change_task(closed)
            assert unit.work.tasks(state="merged") == [closed]
            for stale in (taken, closed, attrs.evolve(closed, version=5), attrs.evolve(task("z"), version=2)):
                with pytest.raises(ConflictError):
                    unit.work.change_task(stale)

    def test_reviews_are_kept_in_their_order(self, repository: Repository) -> None:
        first = ReviewRow(task_id="a", number=1, actor="x", person="x", verdict="same", at=1)
        rows = [first, attrs.evolve(first, number=2, person="y"), attrs.evolve(first, task_id="b")]
        with repository.unit_of_work() as unit:
            for row in rows:
                unit.reviews.add(row)
            unit.commit()
        with pytest.raises(ConflictError), repository.unit_of_work() as unit:
            unit.reviews.add(first)
            unit.commit()
        with repository.unit_of_work() as unit:
            assert unit.reviews.of(["a"]) == rows[:2]
            assert unit.reviews.of(["b", "c"]) == rows[2:]
            assert unit.reviews.page(("", 0), 2) == rows[:2]
            assert unit.reviews.page(("a", 1), 9) == rows[1:]

    def test_proposals_are_decided_once(self, repository: Repository) -> None:
        checked = attrs.evolve(approval(), checks=(Check(actor="c", person="P", at=3),))
        decided = attrs.evolve(checked, state=ApprovalState.APPROVED)
        with repository.unit_of_work() as unit:
            unit.work.add_approvals([approval()])
            unit.work.add_approvals([attrs.evolve(approval(), state=ApprovalState.REJECTED), approval("p2")])
            assert unit.work.approvals(cif_no=B) == [approval(), approval("p2")]
            unit.work.settle_approval(approval(), checked)
            with pytest.raises(ConflictError):
                unit.work.settle_approval(approval(), decided)
            unit.work.settle_approval(checked, decided)
            for late in (approval(), checked):
                with pytest.raises(ConflictError):
                    unit.work.settle_approval(late, attrs.evolve(decided, state=ApprovalState.REJECTED))
            with pytest.raises(ConflictError):
                unit.work.settle_approval(approval("p3"), approval("p3"))
            assert unit.work.approvals(ids=["p1"]) == [decided]
            assert unit.work.approvals(states=["proposed"]) == [approval("p2")]
            assert unit.work.approvals(states=["rejected"]) == []
            other = attrs.evolve(approval("p4"), maker="somebody else", expires_at=1)
            unit.work.add_approvals([other])
            assert unit.work.approvals(states=["proposed", "approved"]) == [other, decided, approval("p2")]
            assert unit.work.approvals(maker=(other.maker, other.operation.value)) == [other]
            assert unit.work.approvals(maker=(other.maker, "break_glass")) == []
            assert unit.work.approvals(maker=(decided.maker, decided.operation.value), states=["approved"]) == [decided]

    def test_held_rows_are_held_once(self, repository: Repository) -> None:
        row = StagedRow(
            batch=b"b" * 16, line=7, channel="c", key_id=b"k" * 16, sealed=b"s", faults=b"[]", actor="t", staged_at=1,
            expires_at=2,
        )  # fmt: skip
        with repository.unit_of_work() as unit:
            unit.staging.add([row])
            unit.staging.add([attrs.evolve(row, staged_at=5)])
            assert unit.staging.rows() == [row]
            other = attrs.evolve(row, line=8)
            unit.staging.add([other])
            assert unit.staging.rows((row.batch, 7)) == [row]
            assert unit.staging.rows((row.batch, 9)) == []
            assert set(unit.staging.lines(row.batch, [7, 8, 9])) == {7, 8}
            assert unit.staging.lines(b"none" * 4, [7]) == set()
            rest = sorted([row, other], key=lambda one: one.place)
            assert unit.staging.page((b"", 0), 9) == rest
            assert (unit.staging.page((b"", 0), 1), unit.staging.page(rest[0].place, 9)) == (rest[:1], rest[1:])
            unit.staging.drop([other])
            anew = attrs.evolve(row, key_id=b"n" * 16, sealed=b"t")
            unit.staging.change(anew)
            assert unit.staging.rows() == [anew]
            decided = attrs.evolve(anew, state="released", sealed=b"")
            unit.staging.change(decided)
            unit.staging.add([row])
            assert unit.staging.rows() == [decided]
            with pytest.raises(ConflictError):
                unit.staging.change(decided)
            unit.staging.drop([decided, decided])
            assert unit.staging.rows() == []

    def test_a_store_is_founded_once(self, repository: Repository, reopened: Callable[[], Repository]) -> None:
        row = StoreRow(
            store_id="one", format=1, suite=1, expected_customers=1000, index_version=1, index_next=0, digest_version=1, index_bits=b"{}", kek_id="k",
            key_check=b"c", index_check=b"i" * 16, created_at=1,
        )  # fmt: skip
        assert repository.identity() is None
        assert repository.found(row) == row
        assert repository.found(attrs.evolve(row, store_id="two")) == row
        assert reopened().identity() == row
        with reopened().unit_of_work() as unit:  # and then its units can wait for each other
            unit.keys.lock()
            unit.indexes.meet([])
            unit.indexes.meet([bytes([n]) * 16 for n in range(200)])
            unit.indexes.meet_all()
            assert unit.keys.store() == row
