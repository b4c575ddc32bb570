"""Spark does what the local engine does, bit for bit; and says in a sentence why it can not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import attrs
import numpy as np
import pytest
from tests.flows.test_dedupe import write

from bankcif.engines import Engine, LocalEngine, Pairs, SparkEngine
from bankcif.errors import ConfigurationError, MissingExtraError
from bankcif.flows.dedupe import dedupe
from bankcif.flows.file_rows import read_lanes
from bankcif.matching import MatchModel, default_model
from bankcif.party import PartyKind
from bankcif.testing.contracts import EngineContract
from bankcif.testing.factories import make_world
from bankcif.testing.linking import linking_rows

SPARK = SparkEngine(master="local[2]", settings={"spark.sql.shuffle.partitions": "2", "spark.driver.memory": "1g"})
MODEL = default_model(PartyKind.INDIVIDUAL)


class TestLocalEngine(EngineContract):
    @pytest.fixture
    def engine(self) -> Callable[[int], Engine]:
        return lambda cap: LocalEngine(most_records=cap, batch=50)


@pytest.mark.spark
class TestSparkEngine(EngineContract):
    @pytest.fixture
    def engine(self) -> Callable[[int], Engine]:
        return lambda cap: attrs.evolve(SPARK, most_records=cap, batch=50)


def columns(pairs: Pairs) -> list[list[int]]:
    order = np.lexsort((pairs.right, pairs.left))
    return [getattr(pairs, name)[order].tolist() for name in ("left", "right", "patterns", "met")]


@pytest.mark.spark
def test_a_file_is_linked_alike_on_both(tmp_path: Path) -> None:
    reading = read_lanes([write(tmp_path / "rows.parquet", list(linking_rows(make_world(700, 0, 5), 5)))])
    model: MatchModel = attrs.evolve(MODEL, blocking=MODEL.blocking[:4]).for_records(len(reading.lanes))
    for cap in (4,):
        local, spark = LocalEngine(most_records=cap), attrs.evolve(SPARK, most_records=cap)
        one, other = (dedupe(reading, model=model, engine=engine) for engine in (local, spark))
        assert columns(one.pairs) == columns(other.pairs)
        assert one.pairs.reports == other.pairs.reports
        for keys, others in zip(one.pairs.capped, other.pairs.capped, strict=True):
            assert [part.tolist() for part in keys] == [part.tolist() for part in others]
        assert one.edges.weight_millibits.tolist() == other.edges.weight_millibits.tolist()
        assert one.clusters.founder.tolist() == other.clusters.founder.tolist()
        assert len(one.edges) > 100
        # And each weighs what it weighs when one of the two comes in.
        for at in range(0, len(one.edges), 7):
            left, right = (reading.lanes[row].tolist() for row in (one.edges.left[at], one.edges.right[at]))
            assert model.pair(left, right).weight_millibits == one.edges.weight_millibits[at]


WITHOUT = """
import sys
from bankcif.engines import SparkEngine
from bankcif.errors import BankCIFError
from bankcif.matching import default_model
from bankcif.party import PartyKind
import numpy as np
{}
try:
    SparkEngine({}).pairs(np.zeros((3, 25), np.uint64), default_model(PartyKind.INDIVIDUAL))
except BankCIFError as error:
    print(type(error).__name__, error)
"""


def said(before: str, arguments: str = "", **environment: str) -> str:
    """What an interpreter of its own says of it."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(before, arguments)], check=False, capture_output=True, text=True,
        env={"PATH": "/nowhere", **environment},
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.stdout.strip()


def test_without_pyspark_it_is_said_what_to_install() -> None:
    assert said("sys.modules['pyspark'] = None; sys.modules['pyspark.sql'] = None") == (
        f"{MissingExtraError.__name__} this needs the package pyspark: install it with  pip install 'bankcif[spark]'"
    )


@pytest.mark.spark
def test_without_java_it_is_said_that_it_is_missing() -> None:
    found = said("", JAVA_HOME="/nowhere")
    assert found.startswith(ConfigurationError.__name__)
    assert "Java" in found
    assert "\n" not in found


@pytest.mark.spark
def test_a_master_that_is_none_is_said_in_a_sentence() -> None:
    import os

    found = said(
        "", "master='nothing'", PATH=os.environ["PATH"], **{k: v for k, v in os.environ.items() if k == "JAVA_HOME"}
    )
    assert found.startswith(f"{ConfigurationError.__name__} Spark does not do this: it did not start; check its master")
    assert "\n" not in found
