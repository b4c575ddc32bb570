"""Linking what came later: the same clusters as all at once, whatever the parts, and names of clusters that stay."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

from bankcif.engines import LocalEngine
from bankcif.errors import ConfigurationError, FileError
from bankcif.flows.dedupe import Deduped, dedupe, dedupe_more
from bankcif.flows.file_rows import Reading, column_reader
from bankcif.flows.link_state import LinkState, read_state, write_state
from bankcif.identifiers import Texts
from bankcif.matching import LinkPolicy, default_model
from bankcif.party import PartyKind
from bankcif.testing.factories import make_world
from bankcif.testing.linking import LINKING_COLUMNS, linking_rows

READER = column_reader(PartyKind.INDIVIDUAL)
FIELDS = {
    "name": "name",
    "id_no": "national",
    "phone": "phone",
    "birth_date": "birth_date",
    "sex": "sex",
    "address": "address",
    "email": "email",
}


def _world() -> Reading:
    rows = list(linking_rows(make_world(400, 0, 9), 9))
    columns = {field: Texts.of([row[LINKING_COLUMNS.index(name)] for row in rows]) for name, field in FIELDS.items()}
    keys = pa.chunked_array([pa.array([row[0] for row in rows], pa.large_string())])
    return Reading(lanes=READER.lanes(columns), keys=keys, truth=None, kind=PartyKind.INDIVIDUAL)


WORLD = _world()
MODEL = default_model(PartyKind.INDIVIDUAL).for_records(2000)


def part(start: int, stop: int) -> Reading:
    return attrs.evolve(WORLD, lanes=WORLD.lanes[start:stop], keys=WORLD.keys[start:stop])


def in_parts(bounds: list[int], engine: LocalEngine) -> Deduped:
    found = dedupe(part(0, bounds[0]), model=MODEL, engine=engine)
    for start, stop in zip(bounds, [*bounds[1:], len(WORLD.lanes)], strict=True):
        found = dedupe_more(LinkState.of(found), part(start, stop), engine=engine)
    return found


@settings(max_examples=25)
@given(
    st.lists(st.integers(1, len(WORLD.lanes) - 1), min_size=1, max_size=4, unique=True).map(sorted), st.integers(2, 100)
)
def test_parts_give_the_clusters_of_all_at_once_with_the_same_capped_keys(bounds: list[int], cap: int) -> None:
    engine = LocalEngine(most_records=cap)
    found = in_parts(bounds, engine)

    @attrs.frozen
    class Frozen:
        """All at once, with what the first part did not compare whole."""

        def pairs(self, lanes: object, model: object, progress: object) -> object:
            return engine.pairs(lanes, model, capped=found.pairs.capped)  # type: ignore[arg-type]

    once = dedupe(WORLD, model=MODEL, engine=Frozen())  # type: ignore[arg-type]
    assert found.clusters.founder.tolist() == once.clusters.founder.tolist()
    assert found.automatic.founder.tolist() == once.automatic.founder.tolist()
    for name in ("left", "right", "weight_millibits", "patterns", "automatic", "possible", "contradicted"):
        assert getattr(found.edges, name).tolist() == getattr(once.edges, name).tolist()


def test_a_cluster_keeps_its_name_when_rows_come() -> None:
    first = dedupe(part(0, 300), model=MODEL)
    more = dedupe_more(LinkState.of(first), part(300, len(WORLD.lanes)))
    before, after = first.clusters.founder, more.clusters.founder[:300]
    assert (after <= np.arange(300)).all()
    assert (after[after] == after).all()
    # A cluster is called by its first row. It has another name only where an older row came into it, or where it was cut: then the
    # part with that row keeps the name.
    for row in np.flatnonzero(before != after).tolist():
        assert after[row] < before[row] or after[before[row]] == before[row]
    assert all(right >= 300 for right in more.pairs.right.tolist())
    assert len(more.pairs) < len(first.pairs) + len(dedupe(WORLD, model=MODEL).pairs)


def test_a_state_comes_back_as_it_was(tmp_path: Path) -> None:
    found = dedupe(part(0, 300), model=MODEL, engine=LocalEngine(most_records=2))
    state = LinkState.of(found)
    folder = tmp_path / "state"
    for _ in range(2):  # a second time over the first
        write_state(folder, state)
    assert folder.stat().st_mode & 0o077 == 0, "nobody else reads it"
    back = read_state(folder)
    assert (back.lanes == state.lanes).all()
    assert back.keys.to_pylist() == state.keys.to_pylist()
    assert back.model.to_document() == state.model.to_document()
    assert [[keys.tolist() for keys in rule] for rule in back.capped] == [
        [keys.tolist() for keys in rule] for rule in state.capped
    ]
    assert any(len(keys) for rule in back.capped for keys in rule)
    one, other = (dedupe_more(s, part(300, 500)).clusters.founder.tolist() for s in (state, back))
    assert one == other
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


def test_pairs_of_rows_that_there_are_not_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    state = LinkState.of(dedupe(part(0, 50), model=MODEL))
    assert len(state.edges)
    beyond = attrs.evolve(state.edges, right=state.edges.right + np.uint32(50))
    write_state(folder, attrs.evolve(state, edges=beyond))
    with pytest.raises(FileError, match="is damaged"):
        read_state(folder)


@pytest.mark.parametrize("name", ["lanes.npy", "keys.parquet", "edges.npz", "capped.npz", "model.json", "state.json"])
def test_a_damaged_state_is_refused(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "state"
    write_state(folder, LinkState.of(dedupe(part(0, 50), model=MODEL)))
    (folder / name).write_bytes((folder / name).read_bytes()[:20])
    with pytest.raises(FileError, match="is damaged"):
        read_state(folder)


def test_a_state_of_another_version_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    write_state(folder, LinkState.of(dedupe(part(0, 50), model=MODEL)))
    told = json.loads((folder / "state.json").read_text(encoding="utf-8"))
    (folder / "state.json").write_text(json.dumps({**told, "lanes": told["lanes"][:-1]}), encoding="utf-8")
    with pytest.raises(FileError, match="another version"):
        read_state(folder)


def test_a_folder_that_holds_something_else_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(FileError, match="is no link state"):
        write_state(tmp_path, LinkState.of(dedupe(part(0, 5), model=MODEL)))
    with pytest.raises(FileError, match="holds no link state"):
        read_state(tmp_path)


def test_rows_that_do_not_belong_to_a_state_are_refused() -> None:
    state = LinkState.of(dedupe(part(0, 50), model=MODEL))
    with pytest.raises(FileError, match="stand there more than once"):
        dedupe_more(state, part(49, 60))
    with pytest.raises(ConfigurationError, match="another kind"):
        dedupe_more(state, attrs.evolve(part(50, 60), kind=PartyKind.ORGANIZATION))
    with pytest.raises(ConfigurationError, match="link policy is another"):
        dedupe_more(state, part(50, 60), policy=LinkPolicy(version="mine"))
