"""
Splink on the same file, in a process of its own: a careful model, with the same cleaned columns handed to it.

    python bench/rival.py PREPARED.parquet MODEL.json OUT.parquet [chinese|febrl]

Trains if MODEL.json is not there and stores it; else takes it. Prints seconds by step and peak memory as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

THRESHOLD = 0.9
OTHERS = (0.5, 0.99, 0.999, 0.9999)


def chinese() -> tuple[Any, list[Any], list[Any]]:
    """Settings for customers of a Chinese bank, the rules for the prior, and those to train by."""
    import splink.comparison_level_library as cll
    import splink.comparison_library as cl
    from splink import SettingsCreator, block_on

    name = cl.CustomComparison(
        output_column_name="name",
        comparison_levels=[
            cll.NullLevel("name_simplified"),
            cll.ExactMatchLevel("name_simplified", term_frequency_adjustments=True),
            cll.ExactMatchLevel("name_pinyin", term_frequency_adjustments=True),
            cll.LevenshteinLevel("name_simplified", 1),
            cll.ExactMatchLevel("surname", term_frequency_adjustments=True),
            cll.ElseLevel(),
        ],
    )
    settings = SettingsCreator(
        link_type="dedupe_only", unique_id_column_name="row_id", retain_matching_columns=False,
        retain_intermediate_calculation_columns=False,
        blocking_rules_to_generate_predictions=[
            block_on("id15"), block_on("phone"), block_on("email"), block_on("name_pinyin", "birth_date"),
            block_on("surname", "birth_date"), block_on("name_pinyin", "house"),
        ],
        comparisons=[
            name,
            cl.DamerauLevenshteinAtThresholds("id15", [1]),
            cl.DamerauLevenshteinAtThresholds("phone", [1]).configure(term_frequency_adjustments=True),
            cl.ExactMatch("email"),
            cl.DamerauLevenshteinAtThresholds("birth_date", [1]),
            cl.ExactMatch("sex"),
            cl.JaroWinklerAtThresholds("address", [0.95, 0.85]),
        ],
    )  # fmt: skip
    prior = [block_on("id15", "name_simplified"), block_on("name_simplified", "birth_date", "phone")]
    return settings, prior, [block_on("id15"), block_on("phone"), block_on("name_simplified", "birth_date")]


def febrl() -> tuple[Any, list[Any], list[Any]]:
    """The same for the FEBRL files, fixed before any of its scores was seen here."""
    import splink.comparison_library as cl
    from splink import SettingsCreator, block_on

    often = {"term_frequency_adjustments": True}
    settings = SettingsCreator(
        link_type="dedupe_only", unique_id_column_name="row_id", retain_matching_columns=False,
        blocking_rules_to_generate_predictions=[
            block_on("soc_sec_id"), block_on("given_name"), block_on("surname"), block_on("date_of_birth"),
            block_on("postcode"), block_on("address_1"), block_on("suburb", "street_number"),
            "l.given_name = r.surname and l.surname = r.given_name",
        ],
        comparisons=[
            cl.ForenameSurnameComparison("given_name", "surname"),
            cl.DateOfBirthComparison("date_of_birth", input_is_string=True, datetime_format="%Y%m%d"),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
            cl.DamerauLevenshteinAtThresholds("street_number", [1]).configure(**often),
            cl.JaroWinklerAtThresholds("address_1", [0.9, 0.7]).configure(**often),
            cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]).configure(**often),
        ],
    )  # fmt: skip
    prior = [block_on("soc_sec_id"), block_on("given_name", "surname", "date_of_birth")]
    return settings, prior, [block_on("date_of_birth"), block_on("postcode")]


def main(source: Path, stored: Path, out: Path, which: str) -> None:
    """Runs Splink and prints what it took."""
    seconds: dict[str, float] = {}
    started = time.perf_counter()

    def step(name: str) -> None:
        nonlocal started
        seconds[name] = round(time.perf_counter() - started, 3)
        started = time.perf_counter()

    import duckdb
    from splink import DuckDBAPI, Linker

    settings, prior, passes = {"chinese": chinese, "febrl": febrl}[which]()
    connection = duckdb.connect()
    connection.execute(f"create table inp as select * from read_parquet('{source}')")
    step("read")
    api = DuckDBAPI(connection=connection)
    linker = Linker(api.register("inp"), str(stored) if stored.exists() else settings, log_level=None)
    if not stored.exists():
        linker.training.estimate_probability_two_random_records_match(prior, recall=0.7)
        linker.training.estimate_u_using_random_sampling(max_pairs=1.1e6, seed=1)
        for rule in passes:
            linker.training.estimate_parameters_using_expectation_maximisation(rule)
        linker.misc.save_model_to_json(str(stored), overwrite=True)
        step("train")
    predicted = linker.inference.predict(threshold_match_probability=0.5)
    step("predict")
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        predicted, threshold_match_probability=THRESHOLD
    )
    step("cluster")
    connection.execute(f"copy (select row_id, cluster_id from {clusters.physical_name}) to '{out}' (format parquet)")
    step("write")
    seconds["total"] = round(sum(seconds.values()), 3)
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))
    # Beside what was timed: other thresholds, of which the comparison takes the best in hindsight.
    for threshold in OTHERS:
        found = linker.clustering.cluster_pairwise_predictions_at_threshold(
            predicted, threshold_match_probability=threshold
        )
        path = out.with_suffix(f".{threshold}.parquet")
        connection.execute(f"copy (select row_id, cluster_id from {found.physical_name}) to '{path}' (format parquet)")
    print(json.dumps({"seconds": seconds, "peak_memory_mib": round(peak, 1)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4] if len(sys.argv) > 4 else "chinese")
