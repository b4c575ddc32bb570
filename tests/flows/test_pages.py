"""Going through the file beside writers: what they do to a key in between is no damage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import ALL_ROLES, NOW, TRUST, ageless, known
from tests.flows.test_register import register

from bankcif import CIF, Actor, LocalKeyProvider, Purpose
from bankcif._clock import FixedClock
from bankcif.errors import KeyMissingError
from bankcif.flows._counted import counted_over_file
from bankcif.flows._pages import as_it_stands
from bankcif.party import ReferenceTables
from bankcif.tagging import starter_catalogue

ONE, OTHER = (known(Actor(id=name, roles={"key_custodian"})) for name in ("k.zhao", "k.qian"))
STEWARD = known(Actor(id="s.wu", roles=frozenset({*ALL_ROLES, "tag_officer"}), branch="b"))


@pytest.fixture
def opened(tmp_path: Path, tables: ReferenceTables) -> Iterator[Callable[..., CIF]]:
    """Opens one store on SQLite, a while later if that is said."""
    keys, made = LocalKeyProvider.generate(), list[CIF]()

    def store(later: int = 0) -> CIF:
        clock = FixedClock(NOW + timedelta(seconds=later))
        more: dict[str, Any] = {"keys": keys, "tables": tables, "trust": TRUST, "clock": clock, "policy": ageless()}
        made.append(CIF.open(f"sqlite:///{tmp_path / 'cif.db'}", tenant="t", **more))
        return made[-1]

    yield store
    for one in made:
        one.close()


@pytest.mark.parametrize("work", ["check", "count", "preview"])
def test_a_rotation_destroys_the_keys_of_a_page_that_was_just_read(
    opened: Callable[..., CIF], monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    cif, other = opened(), opened(5)
    for n in range(3):
        register(cif, STEWARD, str(n), phone="15400000000" if n else "15400000001", identifiers=None)
    proposal = other.keys.propose_rotation("data", reason="r", actor=ONE)
    other.approvals.approve(proposal.id, actor=OTHER)
    real, rotated = cif._desk.data_keys.get, list[str]()

    def get(ids: Iterable[bytes], *more: Any) -> Any:
        wanted = set(ids)
        if len(wanted) == 3 and not rotated:
            rotated.append("done")
            assert [row.what for row in other.keys.rotate(actor=ONE)] == ["data"]
        return real(wanted, *more)

    monkeypatch.setattr(cif._desk.data_keys, "get", get)
    if work == "check":
        assert cif.keys.check(actor=ONE) >= 3
    elif work == "count":
        assert [max(one.values()) for one in counted_over_file(cif._desk).values()] == [2, 2]
    else:
        preview = cif.tags.preview(starter_catalogue(), actor=STEWARD, purpose=Purpose.OPERATIONS)
        assert preview.customers == 3
    assert rotated


def test_a_key_that_is_not_there_is_told_in_the_end(opened: Callable[..., CIF]) -> None:
    cif, looks = opened(), list[int]()

    def read(_: Any) -> None:
        looks.append(1)
        raise KeyMissingError("gone", rule="key_missing")

    with pytest.raises(KeyMissingError):
        as_it_stands(cif._desk, read)
    assert len(looks) == 4
