"""
Makes the match models that ship with the library.

    python tools/make_models.py
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import pyarrow as pa
import pyarrow.parquet as pq

from bankcif.flows.file_rows import read_lanes
from bankcif.flows.train import train_model
from bankcif.intake import FileMap
from bankcif.matching import COMPARATORS, Comparison
from bankcif.matching.model import MODEL_FORMAT, MatchModel
from bankcif.testing.factories import make_world
from bankcif.testing.linking import COMPANY_COLUMNS, LINKING_COLUMNS, company_rows, linking_rows

HERE = Path(__file__).parent.parent / "src" / "bankcif" / "matching" / "data"

SOURCE = (
    "Set by hand from the frequencies of Chinese names, birth dates and shared phones in general knowledge; u is the "
    "chance among unrelated pairs."
)
LEARNED = (
    "Halfway between chances set by hand and what was learned without labels from {rows} made-up rows of bankcif.testing "
    "(seed 20261126). The prior, and what else a pair may be, are as set by hand."
)


def comparison(name: str, comparator: str, m: list[float], u: list[float], *unless: str) -> dict[str, Any]:
    """One comparison; the first level's chances are what is left."""
    return {
        "name": name, "comparator": comparator, "unless": list(unless),
        "levels": [
            {"level": label, "m": a, "u": b}
            for label, a, b in zip(COMPARATORS[comparator].labels[1:], full(m), full(u), strict=True)
        ],
    }  # fmt: skip


def full(rest: list[float]) -> list[float]:
    """Chances with the first level's before them."""
    return [round(1 - sum(rest), 12), *rest]


def chances(comparator: str, rest: list[float]) -> dict[str, float]:
    """Chances of an alternative by level."""
    return dict(zip(COMPARATORS[comparator].labels[1:], full(rest), strict=True))


SHARED = {
    "phone": comparison("phone", "phone", [0.02, 0.70], [5e-5, 2e-6]),
    "email": comparison("email", "email", [0.03, 0.03, 0.84], [1e-4, 1e-4, 1e-6]),
    "document": comparison("document", "document", [0.03, 0.55, 0.17], [1e-6, 1e-7, 1e-7]),
    "region": comparison("region", "region", [0.10, 0.70], [0.03, 0.01], "id_number", "address"),
    "address": comparison(
        "address", "address", [0.04, 0.04, 0.10, 0.30, 0.35], [0.06, 0.006, 0.0002, 0.00002, 0.00001]
    ),
}

INDIVIDUAL: dict[str, Any] = {
    "format": MODEL_FORMAT, "version": "2026-11", "kind": "individual", "source": SOURCE,
    "prior_bits": -19.0, "possible_bits": 0.0, "link_bits": 4.0,
    "comparisons": [
        comparison("name", "person_name", [0.02, 0.03, 0.02, 0.05, 0.05, 0.80],
                   [0.06, 0.006, 0.0004, 0.0004, 0.00002, 0.0002]),
        comparison("id_number", "id_number", [0.002, 0.01, 0.008, 0.004, 0.966], [1e-9, 2e-5, 2e-6, 2e-7, 1e-9]),
        SHARED["document"],
        SHARED["phone"],
        SHARED["email"],
        comparison("birth_date", "birth_date", [0.02, 0.005, 0.955], [0.002, 0.00003, 0.00004], "id_number"),
        comparison("sex", "sex", [0.99], [0.5], "id_number"),
        SHARED["region"],
        SHARED["address"],
    ],
    "alternatives": [
        {"name": "household", "share_bits": -17.0, "chances": {
            "name": chances("person_name", [0.40, 0.05, 0.002, 0.0005, 0.0001, 0.0003]),
            "id_number": chances("id_number", [0.004, 0.0004, 0.00005, 0.00002, 0.0001]),
            "phone": chances("phone", [0.002, 0.30]),
            "email": chances("email", [0.001, 0.001, 0.02]),
            "birth_date": chances("birth_date", [0.003, 0.00005, 0.0002]),
            "sex": chances("sex", [0.5]),
            "region": chances("region", [0.05, 0.90]),
            "address": chances("address", [0.03, 0.03, 0.08, 0.30, 0.45]),
        }},
        {"name": "twin", "share_bits": -23.0, "chances": {
            "name": chances("person_name", [0.45, 0.45, 0.005, 0.002, 0.0002, 0.0005]),
            "id_number": chances("id_number", [1e-6, 0.05, 0.005, 0.0002, 0.0002]),
            "phone": chances("phone", [0.002, 0.35]),
            "email": chances("email", [0.001, 0.001, 0.02]),
            "birth_date": chances("birth_date", [0.01, 0.001, 0.98]),
            "sex": chances("sex", [0.7]),
            "region": chances("region", [0.04, 0.94]),
            "address": chances("address", [0.03, 0.03, 0.08, 0.30, 0.45]),
        }},
        {"name": "namesake", "share_bits": -26.0, "chances": {
            "name": chances("person_name", [0.005, 0.005, 0.005, 0.06, 0.06, 0.86]),
            "id_number": chances("id_number", [1e-6, 0.002, 0.0002, 0.0001, 1e-6]),
            "birth_date": chances("birth_date", [0.01, 0.001, 0.985]),
            "sex": chances("sex", [0.9]),
        }},
        {"name": "former_holder", "share_bits": -19.0, "chances": {
            "phone": chances("phone", [0.001, 0.98]),
        }},
    ],
    "frequencies": [],
    "blocking": [
        {"name": "identifier", "parts": ["identifier"], "narrower": ["usual_sound", "born"]},
        {"name": "document", "parts": ["document"], "narrower": ["usual_sound"]},
        {"name": "phone", "parts": ["phone"], "narrower": ["usual_sound", "born"]},
        {"name": "email", "parts": ["email"], "narrower": ["usual_sound", "born"]},
        {"name": "sound+born", "parts": ["sound", "born"], "narrower": ["house", "phone"]},
        {"name": "surname+born", "parts": ["surname", "born"], "narrower": ["sex", "region", "house"]},
        {"name": "sound+house", "parts": ["sound", "house"], "narrower": ["birth_year", "born"]},
        {"name": "words+born", "parts": ["words", "born"], "narrower": ["house"]},
    ],
    "deterministic": [
        {"name": "identifier+name", "at_least": {"id_number": "equal", "name": "same reading or order"}},
        {"name": "document+name", "at_least": {"document": "equal and identifying", "name": "same reading or order"}},
    ],
}  # fmt: skip

# Files of people with Latin names: more is compared by letters, and more keys are needed, since names are spelled in more ways.
LATIN: dict[str, Any] = INDIVIDUAL | {
    "version": "2026-11-latin", "prior_bits": -17.0, "link_bits": 2.0,
    "comparisons": [
        c if c["name"] != "region" else c | {"unless": ["id_number"]} for c in INDIVIDUAL["comparisons"]
    ],
    "blocking": [
        *(rule for rule in INDIVIDUAL["blocking"] if rule["name"] != "words+born"),
        {"name": "words", "parts": ["words"], "narrower": ["born", "house"]},
        {"name": "born", "parts": ["born"], "narrower": ["house", "region"]},
        {"name": "birthday+house", "parts": ["birthday", "house"], "narrower": ["surname"]},
        {"name": "beginning+house", "parts": ["beginning", "house"], "narrower": ["birth_year", "region"]},
        {"name": "beginning+region", "parts": ["beginning", "region"], "narrower": ["birth_year", "house"]},
        {"name": "surname+region", "parts": ["surname", "region"], "narrower": ["birth_year", "house"]},
        {"name": "region+house", "parts": ["region", "house"], "narrower": ["surname"]},
        {"name": "region", "parts": ["region"], "narrower": ["birth_year", "house"]},
    ],
}  # fmt: skip

ORGANIZATION: dict[str, Any] = {
    "format": MODEL_FORMAT, "version": "2026-11", "kind": "organization", "source": SOURCE,
    "prior_bits": -18.0, "possible_bits": 0.0, "link_bits": 4.0,
    "comparisons": [
        comparison("name", "organization_name", [0.02, 0.03, 0.02, 0.13, 0.78], [2e-3, 2e-5, 2e-6, 4e-6, 4e-6]),
        comparison("id_number", "credit_code", [1e-9, 0.01, 0.005, 0.005, 0.97], [1e-9, 1e-6, 1e-7, 5e-8, 2e-8]),
        SHARED["document"],
        SHARED["phone"],
        SHARED["email"],
        comparison("region", "region", [0.10, 0.75], [0.03, 0.01], "id_number", "address"),
        SHARED["address"],
    ],
    "alternatives": [
        {"name": "group", "share_bits": -15.0, "chances": {
            "name": chances("organization_name", [0.40, 0.10, 0.01, 0.01, 0.002]),
            "phone": chances("phone", [0.01, 0.40]),
            "email": chances("email", [0.01, 0.10, 0.10]),
            "address": chances("address", [0.05, 0.05, 0.10, 0.30, 0.30]),
        }},
        {"name": "former_holder", "share_bits": -19.0, "chances": {"phone": chances("phone", [0.001, 0.98])}},
    ],
    "frequencies": [],
    "blocking": [
        {"name": "identifier", "parts": ["identifier"], "narrower": ["name"]},
        {"name": "document", "parts": ["document"], "narrower": ["name"]},
        {"name": "phone", "parts": ["phone"], "narrower": ["name"]},
        {"name": "email", "parts": ["email"], "narrower": ["name"]},
        {"name": "name", "parts": ["name"], "narrower": ["region", "house"]},
        {"name": "address", "parts": ["address"], "narrower": ["name"]},
    ],
    "deterministic": [
        {"name": "identifier+name", "at_least": {"id_number": "equal", "name": "same core"}},
        {"name": "document+name", "at_least": {"document": "equal and identifying", "name": "same core"}},
    ],
}  # fmt: skip


def trained(
    document: dict[str, Any], rows: Iterator[tuple[str, ...]], columns: dict[str, list[str]], names: Sequence[str]
) -> MatchModel:
    """The model of *document* as it is learned, without labels, from made-up *rows*; of frequencies only those of names stay."""
    start = MatchModel.from_document(document)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        table = list(rows)
        pq.write_table(pa.table({name: [row[at] or None for row in table] for at, name in enumerate(names)}), path)
        reading = read_lanes([path], FileMap(key="row_id", columns=columns, kind=start.kind))
    found = train_model(
        reading.lanes, start.for_records(len(reading.lanes)), version=start.version, ids=Fixed(), fewest=20
    )
    for remark in found.remarks:
        print(f"{start.kind.value}: {remark}")
    learned = found.model
    # The chances are learned from a made-up file; how rare a match is, is the store's own.
    comparisons = tuple(halfway(one, other) for one, other in zip(start.comparisons, learned.comparisons, strict=True))
    return attrs.evolve(
        learned, comparisons=comparisons, alternatives=start.alternatives, prior_millibits=start.prior_millibits,
        frequencies=(),
        source=LEARNED.format(rows=len(reading.lanes)),
    )  # fmt: skip


class Fixed:
    """Draws the same bytes in every run, so that the models come out the same."""

    def __init__(self) -> None:
        self._drawn = 0

    def draw(self, length: int) -> bytes:
        """*length* bytes."""
        self._drawn += 1
        return hashlib.sha256(f"bankcif models {self._drawn}".encode()).digest()[:length]


def halfway(one: Comparison, other: Comparison) -> Comparison:
    """
    *one* with chances halfway to those of *other*: made-up rows have fewer mistakes than real ones, and a model that takes every
    difference for proof would part real customers.
    """
    m, u = (
        digits([(a + b) / 2 for a, b in zip(mine, theirs, strict=True)])
        for mine, theirs in ((one.m, other.m), (one.u, other.u))
    )
    return attrs.evolve(one, m=m, u=u)


def digits(chances: Sequence[float]) -> tuple[float, ...]:
    """*chances* rounded; the largest takes what is left."""
    found = [float(f"{one:.4g}") for one in chances]
    largest = found.index(max(found))
    found[largest] = round(1 - sum(one for at, one in enumerate(found) if at != largest), 12)
    return tuple(found)


PEOPLE = {
    "name": ["name"], "national": ["id_no"], "phone": ["phone"], "birth_date": ["birth_date"], "sex": ["sex"],
    "address": ["address"], "email": ["email"],
}  # fmt: skip
COMPANIES = {"name": ["name"], "national": ["code"], "phone": ["phone"], "address": ["address"]}


def models() -> dict[str, MatchModel]:
    """The models by the name of their file."""
    people = linking_rows(make_world(40_000, 0, 20261126), 1, worn=1.0)
    companies = company_rows(make_world(0, 20_000, 20261126), 1)
    return {
        "individual": trained(INDIVIDUAL, people, PEOPLE, LINKING_COLUMNS),
        "individual-latin": MatchModel.from_document(LATIN),
        "organization": trained(ORGANIZATION, companies, COMPANIES, COMPANY_COLUMNS),
    }


def main() -> None:
    """Writes the models."""
    for name, model in models().items():
        text = json.dumps(model.to_document(), ensure_ascii=False, indent=1)
        (HERE / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
