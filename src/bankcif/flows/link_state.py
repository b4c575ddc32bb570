"""
The link state: what a run leaves for the next, so that new rows are linked without comparing the old ones again.

A folder of six files. ``state.json`` says the format, how many rows there are and of what kind; ``model.json`` is the model,
frozen; ``lanes.npy`` holds the numbers of every row, ``keys.parquet`` the row keys, ``edges.npz`` the pairs that tell something,
``capped.npz`` the keys of the blocks that were not compared whole, by rule and narrower part. The numbers of a row tell what the
row told: the folder is to be kept as safe as the file it came from.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import attrs
import numpy as np

from .._extras import need
from ..engines import Capped, Edges
from ..errors import BankCIFError, FileError
from ..matching import Lane, Lanes, LinkPolicy, MatchModel
from ..party import PartyKind
from .dedupe import Deduped

__all__ = ["LinkState", "read_state", "write_state"]

_FORMAT = "bankcif.link_state/2"
_EDGES = ("left", "right", "weight_millibits", "patterns", "automatic", "possible", "contradicted")


@attrs.frozen(kw_only=True, eq=False, repr=False)
class LinkState:
    """
    What is kept of the rows that were linked.

    Attributes:
        lanes, keys: Their numbers, and their row keys as an Arrow array of texts, in the order in which they came.
        kind: Their party kind.
        model: What weighed them; it weighs what comes, too.
        policy: The link policy as a document.
        edges: Their pairs that tell something.
        capped: Of each blocking rule, what was not compared whole.
    """

    lanes: Lanes
    keys: Any
    kind: PartyKind
    model: MatchModel
    policy: Mapping[str, Any]
    edges: Edges
    capped: tuple[Capped, ...]

    @classmethod
    def of(cls, found: Deduped, policy: LinkPolicy | None = None) -> LinkState:
        """What *found* leaves."""
        return cls(
            lanes=found.reading.lanes, keys=found.reading.keys, kind=found.reading.kind, model=found.model,
            policy=(policy or LinkPolicy()).to_document(), edges=found.edges, capped=found.pairs.capped,
        )  # fmt: skip


def write_state(folder: Path, state: LinkState) -> None:
    """
    Writes *state*: whole, or the folder stays as it was.

    Raises:
        FileError: It can not be written, or *folder* holds something else.
    """
    if folder.exists() and not (folder / "state.json").is_file():
        raise _error(folder, "is no link state and is not overwritten")
    part = folder.with_name(f".{folder.name}.{secrets.token_hex(8)}.part")
    before = folder.with_name(f".{folder.name}.{secrets.token_hex(8)}.before")
    failed = False
    try:
        part.mkdir(mode=0o700)  # it tells what the rows told
        _write(part, state)
        if folder.exists():
            folder.replace(before)
        part.replace(folder)
    except OSError:
        failed = True
        if before.exists() and not folder.exists():
            before.replace(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(before, ignore_errors=True)
    if failed:
        raise _error(folder, "can not be written; check the folder, its permissions and the room on the disk")


def _write(folder: Path, state: LinkState) -> None:
    pa = need("pyarrow", extra="columns")
    import pyarrow.parquet as pq

    np.save(folder / "lanes.npy", state.lanes)
    pq.write_table(pa.table({"row_key": state.keys}), folder / "keys.parquet")
    np.savez(folder / "edges.npz", **{name: getattr(state.edges, name) for name in _EDGES})
    arrays: dict[str, Any] = {
        f"{rule}.{level}": keys for rule, capped in enumerate(state.capped) for level, keys in enumerate(capped)
    }
    np.savez(folder / "capped.npz", **arrays)
    (folder / "model.json").write_text(json.dumps(state.model.to_document(), ensure_ascii=False), encoding="utf-8")
    told = {
        "format": _FORMAT, "lanes": [lane.name.lower() for lane in Lane], "rows": len(state.lanes), "kind": state.kind.value,
        "policy": state.policy,
    }  # fmt: skip
    (folder / "state.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def read_state(folder: Path) -> LinkState:
    """
    The state in *folder*.

    Raises:
        FileError: It is missing, damaged, or of another version of the library.
    """
    need("pyarrow", extra="columns")
    if not (folder / "state.json").is_file():
        raise _error(folder, "holds no link state")
    state, other = None, False
    try:
        told = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        other = told.get("format") != _FORMAT or told.get("lanes") != [lane.name.lower() for lane in Lane]
        state = None if other else _read(folder, told)
    except (OSError, ValueError, KeyError, AttributeError, EOFError, BadZipFile, BankCIFError):
        pass
    if other:
        raise _error(folder, "was written by another version of the library; link all rows anew")
    if state is None:
        raise _error(folder, "is damaged; link all rows anew")
    return state


def _read(folder: Path, told: dict[str, Any]) -> LinkState:
    import pyarrow.parquet as pq

    model = MatchModel.from_document(json.loads((folder / "model.json").read_text(encoding="utf-8")))
    lanes = np.load(folder / "lanes.npy", allow_pickle=False)
    keys = pq.read_table(folder / "keys.parquet")["row_key"]
    if lanes.shape != (told["rows"], len(Lane)) or lanes.dtype != np.uint64 or len(keys) != told["rows"]:
        raise ValueError
    # Opened here, since what is no archive would stay open there.
    with (folder / "edges.npz").open("rb") as file, np.load(file, allow_pickle=False) as columns:
        edges = Edges(**{name: columns[name] for name in _EDGES})
    if any(len(getattr(edges, name)) != len(edges) for name in _EDGES) or any(
        getattr(edges, side).dtype != np.uint32 or getattr(edges, side).max(initial=0) >= max(len(lanes), 1)
        for side in ("left", "right")
    ):
        raise ValueError
    with (folder / "capped.npz").open("rb") as file, np.load(file, allow_pickle=False) as columns:
        capped = tuple(
            tuple(columns[name] for name in sorted(n for n in columns.files if n.split(".")[0] == str(rule)))
            for rule in range(len(model.blocking))
        )
    return LinkState(
        lanes=lanes, keys=keys, kind=PartyKind(told["kind"]), model=model, policy=told["policy"], edges=edges, capped=capped,
    )  # fmt: skip


def _error(folder: Path, why: str) -> FileError:
    return FileError(f"{folder} {why}", path=str(folder), rule="link_state")
