"""
Tags over the whole file on Spark: a snapshot of columns as Parquet, and a catalogue asked of it on the executors.

    python job.py                       needs Java, and the extras spark and bulk
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from pyspark.sql import SparkSession, functions

from bankcif import CIF, Actor, Individual, LocalKeyProvider, MemoryKeyStore, MemoryRepository, Purpose, party_from
from bankcif.access import Policy, default_policy
from bankcif.flows.assign import assign, assign_on_spark, inputs_of
from bankcif.tagging import Catalogue, starter_catalogue
from bankcif.testing import synthetic_tables

LOADER, SCIENTIST = Actor(id="l.wu", roles={"loader"}), Actor(id="d.sci", roles={"scientist"})
WANTED = ("young_adult", "prime_age", "middle_aged", "senior")


def policy() -> Policy:
    """The example policy, and who may extract what tags read, as it is."""
    document = default_policy().document()
    columns = {
        "id": "tags-on-spark",
        "roles": ["scientist"],
        "purposes": ["analytics"],
        "sinks": ["export"],
        "actions": ["extract"],
        "profile": "counted",
        "fields": ["*"],
    }
    return Policy.from_document({**document, "grant": [*document["grant"], columns], "version": "with-spark"})


def main() -> None:
    cif = CIF(
        repository=MemoryRepository(), tenant="demo", keys=LocalKeyProvider.generate(), key_store=MemoryKeyStore(), tables=synthetic_tables(), policy=policy()
    )  # fmt: skip
    for n in range(200):
        form = party_from(
            {"name": f"王{chr(0x4E00 + n)}", "phone": f"15412340{n:03}", "birth_date": f"{1940 + n % 65}-05-01"},
            Individual,
        )
        cif.customers.register(form, channel="core", source_key=str(n), actor=LOADER, occasion="lead")

    every = starter_catalogue()
    tags = [tag for tag in every.tags.values() if tag.group == "life_stage" or tag.name in WANTED]
    catalogue = Catalogue.of("ages", *{every.groups[tag.group] for tag in tags if tag.group}, *tags)
    snapshot = cif.extract(inputs_of(catalogue).names, actor=SCIENTIST, purpose=Purpose.ANALYTICS)

    with tempfile.TemporaryDirectory() as place:
        folder = snapshot.write(Path(place) / "columns", parts=4)
        spark = (
            SparkSession.builder.master("local[2]").appName("tags").config("spark.ui.enabled", "false").getOrCreate()
        )
        told = assign_on_spark(spark, folder, catalogue)
        sums = told.agg(
            *(functions.sum(told[f"`tag:{tag.name}`"].cast("long")).alias(tag.name) for tag in tags)
        ).first()
        here = assign(snapshot, catalogue)
        for tag in tags:
            assert sums[tag.name] == here[f"tag:{tag.name}"].sum(), tag.name
            print(f"{tag.name}: {sums[tag.name]} customers, on Spark as on one machine")
        spark.stop()


if __name__ == "__main__":
    main()
