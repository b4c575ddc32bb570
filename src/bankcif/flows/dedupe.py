"""
Cleaning a file of duplicates: read -> standardize -> block -> compare -> cluster -> write, beside any store.

The rows are standardized and compared by what registers a customer; nothing is stored but the result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np
from numpy.typing import NDArray

from .._clock import IdSource
from .._extras import need
from ..engines import BlockReport, Edges, Engine, LocalEngine, Pairs, Progress, silent, threads, weigh
from ..errors import ConfigurationError, TrainingError
from ..matching import (
    Clusters,
    Evaluation,
    Lanes,
    LinkPolicy,
    MatchModel,
    cluster,
    evaluate,
)
from ..matching.lanes import BASE, MASK, mix
from .file_rows import Reading, check_keys
from .train import Labels, train_model

if TYPE_CHECKING:
    from .link_state import LinkState

__all__ = ["Deduped", "dedupe", "dedupe_more"]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Deduped:
    """
    What a run found.

    Attributes:
        reading: The rows.
        model: What weighed the pairs.
        learned: Whether it was learned from these rows.
        remarks: What was not learned and why.
        pairs: All pairs that were compared.
        edges: Those that tell something.
        links: Of them, which link: by the policy, or since they weigh as much as the model asks of a link.
        clusters, automatic: The clusters of all links, and of those that the policy makes by itself.
    """

    reading: Reading
    model: MatchModel
    learned: bool
    remarks: tuple[str, ...]
    pairs: Pairs
    edges: Edges
    links: NDArray[np.bool_]
    clusters: Clusters
    automatic: Clusters

    @property
    def reports(self) -> tuple[BlockReport, ...]:
        """What became of each blocking rule."""
        return self.pairs.reports

    def without_lanes(self) -> Deduped:
        """The same without the numbers of the rows, a third of all: for who only writes what was found."""
        return attrs.evolve(self, reading=attrs.evolve(self.reading, lanes=self.reading.lanes[:0].copy()))

    def evaluations(self) -> dict[str, Evaluation]:
        """Against the truth, if there is one: of all links, and of those that the policy makes by itself."""
        truth = self.reading.truth
        if truth is None:
            return {}
        return {
            "links": evaluate(self.clusters.founder, truth),
            "automatic": evaluate(self.automatic.founder, truth),
        }


def dedupe(
    reading: Reading, *, model: MatchModel | None = None, learn: bool = True, policy: LinkPolicy | None = None,
    engine: Engine | None = None, labels: Labels | None = None, ids: IdSource | None = None,
    progress: Progress = silent,
) -> Deduped:  # fmt: skip
    """
    Which rows of a file are one party.

    Args:
        reading: The rows; see `read_lanes`.
        model: What weighs them; without one, the one that ships for their kind is taken, with the prior of so many rows.
        learn: Whether a model that was not given learns from the rows; one that can not says why in `Deduped.remarks`.
        policy: What links by itself.
        engine: Who joins and compares.
        labels: What persons said of some pairs; learned from.
        ids: What is random in learning; by default it follows from the rows, so that the same rows give the same clusters.
        progress: Told what is being done and how far it is.
    """
    policy, engine = policy or LinkPolicy(), engine or LocalEngine()
    start = model or reading.default_model()
    pairs = engine.pairs(reading.lanes, start, progress)
    learned: MatchModel = start
    remarks: tuple[str, ...] = ()
    if model is None and learn:
        learned, remarks = _learned(reading, start, pairs, labels, ids, progress)
    progress("link", 0.0)
    edges = weigh(pairs, reading.lanes, learned, policy)
    return _clustered(reading, learned, pairs, edges, learned=learned is not start, remarks=remarks)


def dedupe_more(
    state: LinkState, more: Reading, *, policy: LinkPolicy | None = None, engine: Engine | None = None,
    progress: Progress = silent,
) -> Deduped:  # fmt: skip
    """
    Links further rows to those of *state*: the clusters are those of linking all of them at once with the model and the capped
    keys of the state, and only pairs with a new row are compared.

    Args:
        state: What an earlier run left.
        more: The new rows; `Deduped.pairs` tells of theirs, everything else of all rows.
        policy: What links by itself; the one that the state was linked by.
        engine: Who joins and compares.
        progress: Told what is being done and how far it is.

    Raises:
        FileError: A row key stands in the state already.
        ConfigurationError: The rows are of another kind, or the link policy is another.
    """
    pa = need("pyarrow", extra="columns")
    policy, engine = policy or LinkPolicy(), engine or LocalEngine()
    if more.kind is not state.kind or policy.to_document() != state.policy:
        raise ConfigurationError(
            "the rows are of another kind than those of the link state, or the link policy is another; link all rows anew",
            rule="link_state",
        )
    keys = pa.chunked_array([*state.keys.chunks, *more.keys.chunks])
    check_keys(keys, "the link state and the new rows")
    reading = Reading(
        lanes=np.concatenate((state.lanes, more.lanes)), keys=keys, truth=None, kind=state.kind, columns=more.columns
    )
    pairs = engine.pairs(reading.lanes, state.model, progress, capped=state.capped, since=len(state.lanes))
    progress("link", 0.0)
    new = weigh(pairs, reading.lanes, state.model, policy)
    edges = Edges.joined(state.edges, new)
    return _clustered(reading, state.model, attrs.evolve(pairs, capped=state.capped), edges, learned=False, remarks=())


def _clustered(
    reading: Reading, model: MatchModel, pairs: Pairs, edges: Edges, *, learned: bool, remarks: tuple[str, ...]
) -> Deduped:
    heavy = edges.weight_millibits >= model.link_millibits
    links = edges.automatic | heavy

    def clusters_of(which: NDArray[np.bool_], apart: NDArray[np.bool_]) -> Clusters:
        # A link by rule is stronger than any by weight.
        strength = edges.weight_millibits + edges.automatic * np.int32(1_000_000)
        forbidden = zip(edges.left[apart].tolist(), edges.right[apart].tolist(), strict=True)
        return cluster(reading.lanes, edges.left[which], edges.right[which], strength[which], forbidden)

    with threads(None) as pool:
        # What contradicts itself and yet weighs enough is a slip more likely than somebody else.
        every = pool.submit(clusters_of, links, edges.contradicted & ~heavy)
        automatic = pool.submit(clusters_of, edges.automatic, edges.contradicted)
    return Deduped(
        reading=reading, model=model, learned=learned, remarks=remarks, pairs=pairs, edges=edges, links=links,
        clusters=every.result(), automatic=automatic.result(),
    )  # fmt: skip


def _learned(
    reading: Reading, start: MatchModel, pairs: Pairs, labels: Labels | None, ids: IdSource | None, progress: Progress
) -> tuple[MatchModel, tuple[str, ...]]:
    """The model learned from these rows, or *start* and the reason."""
    version = f"{start.version}+file"
    ids = ids or _FromRows(reading.lanes)
    try:
        trained = train_model(
            reading.lanes, start, version=version, pairs=pairs, labels=labels, ids=ids, progress=progress
        )
    except TrainingError as error:
        return start, (str(error),)
    return trained.model, trained.remarks


class _FromRows:
    """Draws bytes that follow from rows."""

    def __init__(self, lanes: Lanes) -> None:
        self._state = int(np.bitwise_xor.reduce(lanes.sum(axis=1, dtype=np.uint64)))

    def draw(self, count: int) -> bytes:
        found = b""
        while len(found) < count:
            self._state = mix((self._state + BASE) & MASK)
            found += self._state.to_bytes(8)
        return found[:count]
