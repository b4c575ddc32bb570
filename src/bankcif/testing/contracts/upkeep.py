"""What every store must do for rotations, policies, erasure and verification."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

import attrs
import pytest

from ...approval import Operation, propose
from ...context import Actor
from ...errors import ConflictError
from ...party import CifNo, SourceKey
from ...storage import Repository
from ...storage.model_rows import ModelRow
from ...storage.portrait_rows import PORTRAIT, CatalogueRow, PortraitRow
from ...storage.rows import (
    ChallengeRow,
    ClaimRow,
    CredentialRow,
    GoldenRow,
    IndexRow,
    NotAMatchRow,
    PolicyRow,
    ReasonRow,
    RotationRow,
    StoreRow,
)
from .rows import A, B, C, approval, index, link, party, source, task

__all__ = ["UpkeepContract"]


_FACTOR = CredentialRow(
    operator="t", kind="totp", id="a1", key_id=b"k" * 16, sealed=b"s", added_by="o", added_at=1,
    nonce=b"n" * 8, mark=b"m" * 16,
)  # fmt: skip
_CHALLENGE = ChallengeRow(id=b"c" * 16, what="log_in", operator="t", nonce=b"n" * 32, operation="", expires_at=9)


class UpkeepContract:
    """
    The part of `RepositoryContract` about keys, policies, operators and what is deleted for good; it has the same fixtures.
    """

    def test_a_factor_is_changed_from_the_version_it_stands_at(
        self, repository: Repository, reopened: Callable[[], Repository]
    ) -> None:
        other = attrs.evolve(_FACTOR, id="a2", kind="passkey")
        with repository.unit_of_work() as unit:
            unit.credentials.add(_FACTOR)
            unit.credentials.add(other)
            unit.credentials.add(attrs.evolve(_FACTOR, operator="u", id="a3"))
            unit.commit()
        used = attrs.evolve(_FACTOR, step=7, failures=1, locked_until=5, used_at=3, version=2)
        with reopened().unit_of_work() as unit:
            assert unit.credentials.of("t") == [other, _FACTOR]
            assert unit.credentials.of("nobody") == []
            assert [row.id for row in unit.credentials.page(("", "", ""), 9)] == ["a2", "a1", "a3"]
            assert [row.id for row in unit.credentials.page(("t", "passkey", "a2"), 1)] == ["a1"]
            assert [row.id for row in unit.credentials.page(("t", "totp", "a1"), 9)] == ["a3"]
            assert (unit.credentials.at("a2"), unit.credentials.at("a9")) == (other, None)
            unit.credentials.change(used)
            assert unit.credentials.at("a1") == used
            with pytest.raises(ConflictError):
                unit.credentials.change(used)
            with pytest.raises(ConflictError):
                unit.credentials.change(attrs.evolve(used, id="a9", version=3))
            unit.credentials.drop(used)
            unit.credentials.drop(used)
            assert unit.credentials.of("t") == [other]
        with pytest.raises(ConflictError), repository.unit_of_work() as unit:
            unit.credentials.add(_FACTOR)
            unit.commit()

    def test_a_challenge_is_answered_once(self, repository: Repository, reopened: Callable[[], Repository]) -> None:
        with repository.unit_of_work() as unit:
            unit.credentials.ask(_CHALLENGE, 1)
            unit.commit()
        with reopened().unit_of_work() as unit:
            assert unit.credentials.answered(b"x" * 16) is None
            assert unit.credentials.answered(_CHALLENGE.id) == _CHALLENGE
            assert unit.credentials.answered(_CHALLENGE.id) is None
        with repository.unit_of_work() as unit:
            unit.credentials.ask(attrs.evolve(_CHALLENGE, id=b"d" * 16), 10)
            assert unit.credentials.answered(_CHALLENGE.id) is None  # it was over

    def test_rotations_and_retired_keys_last_until_they_are_done(
        self, repository: Repository, reopened: Callable[[], Repository]
    ) -> None:
        running = RotationRow(id="r1", what="data", started_at=5)
        with repository.unit_of_work() as unit:
            unit.keys.put_rotation(running)
            unit.keys.put_rotation(RotationRow(id="r0", what="wrapping", started_at=6))
            unit.keys.retire([(b"a" * 16, b"m" * 16), (b"b" * 16, b"n" * 16)])
            unit.keys.retire([(b"a" * 16, b"m" * 16), (b"a" * 16, b"o" * 16)])
            unit.commit()
        with reopened().unit_of_work() as unit:
            assert [row.id for row in unit.keys.rotations()] == ["r1", "r0"]
            assert set(unit.keys.retired()) == {(b"a" * 16, b"m" * 16), (b"a" * 16, b"o" * 16), (b"b" * 16, b"n" * 16)}
            unit.keys.put_rotation(attrs.evolve(running, cursor=A, done=3, finished_at=9))
            unit.keys.forget([(b"a" * 16, b"m" * 16), (b"a" * 16, b"o" * 16), (b"b" * 16, b"o" * 16)])
            assert unit.keys.rotations()[0] == attrs.evolve(running, cursor=A, done=3, finished_at=9)
            assert list(unit.keys.retired()) == [(b"b" * 16, b"n" * 16)]

    def test_what_the_store_says_of_itself_can_be_restated(self, repository: Repository) -> None:
        said = StoreRow(
            store_id="s", format=1, suite=1, expected_customers=1000, index_version=1, index_next=0, digest_version=1, index_bits=b"{}", kek_id="k1", key_check=b"c",
            index_check=b"t" * 16, created_at=1,
        )  # fmt: skip
        assert repository.found(said) == repository.found(attrs.evolve(said, store_id="other")) == said
        with repository.unit_of_work() as unit:
            unit.keys.restate(attrs.evolve(said, kek_id="k2"))
        assert repository.identity() == said
        with repository.unit_of_work() as unit:
            unit.keys.restate(attrs.evolve(said, kek_id="k2"))
            unit.commit()
        assert repository.identity() == attrs.evolve(said, kek_id="k2")

    def test_a_version_of_tags_and_claims_is_dropped_by_pages(self, repository: Repository) -> None:
        def tags(version: int) -> list[IndexRow]:
            return [index(bytes([n, version]) * 8)._replace(index_version=version) for n in range(3)]

        def claim(version: int) -> ClaimRow:
            return ClaimRow(index_name="i", index_version=version, tag=bytes([version]) * 16, cif_no=A)

        with repository.unit_of_work() as unit:
            unit.indexes.add([*tags(1), *tags(2)])
            unit.indexes.add(tags(2))  # once more is nothing
            both = [row._replace(index_version=1) for row in tags(2)[:1]]
            unit.indexes.add(both)  # cut tags of two versions may be equal
            unit.claims.claim([claim(1), claim(2)])
            dropped = list[int]()
            place: bytes | None = b""
            while place is not None:
                number, place = unit.indexes.drop_version(1, place, 2)
                dropped.append(number)
            assert sum(dropped) == len(tags(1)) + len(both)
            assert max(dropped) <= 3, "two, and what else has the tag of the last of them"
            assert unit.indexes.drop_version(1, b"", 99) == (0, None)
            assert [unit.claims.drop_version(1, 2) for _ in range(2)] == [1, 0]
            left = unit.indexes.find({row.tag for row in (*tags(1), *tags(2))})
            assert {row.index_version for row in left} == {2}
            assert unit.claims.claim([attrs.evolve(claim(1), cif_no=B)]) == {("i", claim(1).tag): B}
            assert unit.claims.claim([attrs.evolve(claim(2), cif_no=B)]) == {("i", claim(2).tag): A}

    def test_one_policy_is_in_force(self, repository: Repository) -> None:
        first = PolicyRow(digest=b"1" * 32, version="1", document=b"{}", mark=b"m" * 16, since=5)
        second = PolicyRow(digest=b"2" * 32, version="2", document=b"[]", mark=b"m" * 16)
        with repository.unit_of_work() as unit:
            assert unit.policies.active() is None
            unit.policies.put(second)
            assert unit.policies.active() is None
            unit.policies.put(first)
            unit.commit()
        with repository.unit_of_work() as unit:
            assert (unit.policies.active(), unit.policies.get(second.digest)) == (first, second)
            unit.policies.put(attrs.evolve(first, until=7))
            unit.policies.put(attrs.evolve(second, since=7))
            assert unit.policies.active() == attrs.evolve(second, since=7)
            assert unit.policies.get(b"3" * 32) is None

    def test_one_catalogue_is_in_force_and_it_is_known_which_was(self, repository: Repository) -> None:
        first = CatalogueRow(id="a", digest=b"1" * 32, version="1", document=b"{}", mark=b"m" * 16, since=5)
        second = CatalogueRow(id="b", digest=b"2" * 32, version="2", document=b"[]", mark=b"m" * 16)
        again = attrs.evolve(first, id="c", since=None)
        with repository.unit_of_work() as unit:
            assert (unit.catalogues.active(), unit.catalogues.at(9)) == (None, None)
            for row in (second, first, again):
                unit.catalogues.put(row)
            unit.commit()
        with repository.unit_of_work() as unit:
            assert (unit.catalogues.active(), unit.catalogues.get("b")) == (first, second)
            unit.catalogues.put(attrs.evolve(first, until=7))
            unit.catalogues.put(attrs.evolve(second, since=7, until=9))
            unit.catalogues.put(attrs.evolve(again, since=9))
            found = [None if row is None else row.id for row in map(unit.catalogues.at, (4, 5, 6, 7, 8, 9, 99))]
            assert found == [None, "a", "a", "b", "b", "c", "c"]
            assert unit.catalogues.active() == attrs.evolve(again, since=9)
            assert unit.catalogues.get("d") is None
            assert [row.id for row in unit.catalogues.all()] == ["a", "b", "c"]

    def test_one_model_of_a_name_is_in_force(self, repository: Repository) -> None:
        first = ModelRow(id="a", name="churn", version="1", digest=b"1" * 32, document=b"{}", mark=b"m" * 16, since=5)
        second = attrs.evolve(first, id="b", version="2", since=None)
        other = attrs.evolve(first, id="c", name="value")
        with repository.unit_of_work() as unit:
            assert unit.models.active("churn") is None
            for row in (second, first, other):
                unit.models.put(row)
            unit.commit()
        with repository.unit_of_work() as unit:
            assert (unit.models.active("churn"), unit.models.active("value"), unit.models.get("b")) == (
                first,
                other,
                second,
            )
            unit.models.put(attrs.evolve(first, until=7))
            assert unit.models.active("churn") is None
            unit.models.put(attrs.evolve(second, since=7))
            assert unit.models.active("churn") == attrs.evolve(second, since=7)
            assert unit.models.get("d") is None
            assert [row.id for row in unit.models.all()] == ["a", "b", "c"]

    def test_portraits_are_read_apart_and_found_by_their_day_and_catalogue(self, repository: Repository) -> None:
        def group(cif_no: CifNo, name: str, version: int) -> GoldenRow:
            return GoldenRow(
                cif_no=cif_no, data_group=name, version=version, recorded_at=version, key_id=b"k" * 16, sealed=b"s"
            )

        def known(cif_no: CifNo, catalogue: bytes, due: bytes | None) -> PortraitRow:
            return PortraitRow(cif_no=cif_no, version=1, catalogue=catalogue * 32, party_version=1, due=due)

        with repository.unit_of_work() as unit:
            unit.parties.add([party(A), party(B), party(C)])
            unit.copies.put_golden([group(A, "identity", 1), group(A, PORTRAIT, 1), group(B, PORTRAIT, 1)])
            unit.copies.put_golden([group(A, PORTRAIT, 2)])
            unit.portraits.put([known(A, b"1", b"d" * 8), known(B, b"2", b"e" * 8)])
            unit.commit()
        with repository.unit_of_work() as unit:
            assert [(row.data_group, row.version) for row in unit.copies.golden([A])] == [("identity", 1)]
            assert [(row.cif_no, row.version) for row in unit.portraits.current([A, B, C])] == [(A, 2), (B, 1)]
            assert len(unit.copies.history([A])) == 3
            assert unit.portraits.get([A, C]) == {A: known(A, b"1", b"d" * 8)}
            assert unit.portraits.due([b"d" * 8, b"e" * 8, b"f" * 8], "", 9) == [A, B]
            assert unit.portraits.due([b"d" * 8, b"e" * 8], "", 1) == [A]
            assert unit.portraits.due([b"d" * 8, b"e" * 8], A, 9) == [B]
            assert unit.portraits.behind(b"1" * 32, "", 9) == [B, C]
            assert unit.portraits.behind(b"1" * 32, "", 1) == [B]
            assert unit.portraits.behind(b"1" * 32, B, 9) == [C]
            assert unit.portraits.with_group(PORTRAIT, "", 9) == [A, B], "each once, whatever went before"
            assert unit.portraits.with_group(PORTRAIT, A, 9) == [B]
            assert unit.portraits.with_group(PORTRAIT, "", 1) == [A]
            assert unit.portraits.with_group("identity", "", 9) == [A]
            unit.parties.update([party(A, version=2)])
            assert unit.portraits.behind(b"1" * 32, "", 9) == [A, B, C], "A has changed since"
            unit.portraits.put([attrs.evolve(known(A, b"1", b"d" * 8), party_version=2)])
            unit.parties.update([party(C, version=2)._replace(life_cycle="restricted")])
            unit.portraits.put([known(B, b"1", None)])
            assert unit.portraits.behind(b"1" * 32, "", 9) == []
            assert unit.portraits.due([b"e" * 8], "", 9) == []
            unit.erasure.parties([A])
            assert (unit.portraits.get([A]), unit.portraits.current([A])) == ({}, [])
            assert set(unit.portraits.get([A, B])) == {B}

    def test_what_is_erased_is_gone_and_nothing_else(self, repository: Repository) -> None:
        def golden(cif_no: CifNo, version: int) -> GoldenRow:
            return GoldenRow(
                cif_no=cif_no,
                data_group="identity",
                version=version,
                recorded_at=version,
                key_id=b"k" * 16,
                sealed=b"s",
            )

        other = index(b"b" * 16, "l")
        with repository.unit_of_work() as unit:
            unit.parties.add([party(A), party(B)])
            unit.sources.add([source("k"), source("l")])
            unit.crosswalk.add([link("k"), link("l", cif_no=B)])
            unit.crosswalk.add([link("k", 1)])
            unit.indexes.add([index(b"a" * 16), other])
            unit.copies.put_golden([golden(A, 1), golden(B, 1)])
            unit.copies.put_golden([golden(A, 2), golden(B, 2)])
            unit.work.add_tasks([task("1")])
            unit.crosswalk.put_not_a_match(NotAMatchRow(low=A, high=B, actor="t", at=1))
            unit.erasure.records([source("k").place, ("s", "none", 0)])
            unit.erasure.links([SourceKey("s", "k")])
            unit.indexes.remove([index(b"a" * 16), index(b"c" * 16)])
            unit.erasure.parties([A])
            unit.erasure.superseded([B])
            unit.commit()
        with repository.unit_of_work() as unit:
            assert unit.sources.at([source("k").place, source("l").place]) == [source("l")]
            assert (unit.crosswalk.history(SourceKey("s", "k")), unit.crosswalk.of_parties([A])) == ([], [])
            assert list(unit.crosswalk.history(SourceKey("s", "l"))) == [link("l", cif_no=B)]
            assert unit.indexes.find([b"a" * 16, b"b" * 16]) == [other]
            assert unit.copies.history([A, B]) == [golden(B, 2)]
            assert (unit.work.tasks(), unit.crosswalk.not_matches([A, B])) == ([], [])
            assert set(unit.parties.get([A, B])) == {A, B}

    def test_reasons_are_kept_found_and_deleted(
        self, repository: Repository, reopened: Callable[[], Repository]
    ) -> None:
        one = ReasonRow(about="approval:p1", cif_no=A, key_id=b"k" * 16, sealed=b"s")
        other = ReasonRow(about="apart:x", cif_no=B, key_id=b"l" * 16, sealed=b"t")
        alone = ReasonRow(about="held:1", cif_no=CifNo(""), key_id=b"m" * 16, sealed=b"u")
        with repository.unit_of_work() as unit:
            for row in (one, other, alone):
                unit.reasons.put(row)
            unit.commit()
        again = attrs.evolve(one, key_id=b"n" * 16, sealed=b"v")
        with reopened().unit_of_work() as unit:
            assert unit.reasons.get(["approval:p1", "none"]) == {"approval:p1": one}
            assert (unit.reasons.of([A, B]), unit.reasons.of([A])) == ([other, one], [one])
            unit.reasons.put(again)
            assert unit.reasons.page("", 9) == [other, again, alone]
            assert (unit.reasons.page("", 1), unit.reasons.page("apart:x", 1)) == ([other], [again])
            unit.reasons.drop([other, other, alone])
            assert unit.reasons.page("", 9) == [again]

    def test_proposals_are_deleted_by_id(self, repository: Repository) -> None:
        with repository.unit_of_work() as unit:
            unit.work.add_approvals([approval("p2"), approval("p1")])
            assert [one.id for one in unit.work.approvals_page("", 9)] == ["p1", "p2"]
            assert [one.id for one in unit.work.approvals_page("", 1)] == ["p1"]
            assert [one.id for one in unit.work.approvals_page("p1", 1)] == ["p2"]
            unit.erasure.approvals(["p1", "none"])
            assert [one.id for one in unit.work.approvals_page("", 9)] == ["p2"]

    def test_a_proposal_may_concern_no_customer(self, repository: Repository) -> None:
        about_keys = propose(
            id="p9", operation=Operation.ROTATE_KEYS, subjects=(), detail={"what": "data"}, base={}, maker=Actor(id="t"),
            expires_at=10,
        )  # fmt: skip
        with repository.unit_of_work() as unit:
            unit.work.add_approvals([about_keys])
            assert unit.work.approvals(ids=["p9"]) == [about_keys]
            assert unit.work.approvals(cif_no=A) == []

    def test_a_snapshot_reads_what_stood_at_one_moment(self, repository: Repository) -> None:
        """Who writes meanwhile either waits or is not seen."""

        def write() -> None:
            with repository.unit_of_work() as unit:
                unit.parties.add([party(B)])
                unit.parties.update([party(A, version=2)])
                unit.commit()

        with repository.unit_of_work() as unit:
            unit.parties.add([party(A)])
            unit.commit()
        writer = Thread(target=write)
        with repository.snapshot() as unit:
            writer.start()
            writer.join(0.2)
            assert unit.parties.get([A, B]) == {A: party(A)}
        writer.join()
        with repository.snapshot() as unit:
            assert unit.parties.get([A, B]) == {A: party(A, version=2), B: party(B)}
        with repository.unit_of_work() as unit:
            unit.parties.update([party(B, version=2)])  # units behind it write as those before
            unit.commit()
