"""The models that ship are those that the script makes, of made-up people and companies."""

from __future__ import annotations

import json
import runpy
from importlib.resources import files
from pathlib import Path

import pytest

from bankcif.matching import MatchModel, default_model, features_of, lanes_of
from bankcif.party import PartyKind
from bankcif.testing.factories import make_world
from bankcif.testing.linking import company_rows

TOOL = Path(__file__).parent.parent.parent / "tools" / "make_models.py"


def test_the_script_makes_the_models_that_ship() -> None:
    """That for companies and the Latin one; the other is made alike, which takes half a minute: run the script, and see no change."""
    tool = runpy.run_path(str(TOOL))
    rows = company_rows(make_world(0, 20_000, 20261126), 1)
    made: dict[str, MatchModel] = {
        "organization": tool["trained"](tool["ORGANIZATION"], rows, tool["COMPANIES"], tool["COMPANY_COLUMNS"]),
        "individual-latin": MatchModel.from_document(tool["LATIN"]),
    }
    for name, model in made.items():
        shipped = json.loads(files("bankcif.matching").joinpath("data", f"{name}.json").read_text(encoding="utf-8"))
        assert json.loads(json.dumps(model.to_document())) == shipped, name


@pytest.mark.parametrize("kind", PartyKind)
def test_a_better_level_never_weighs_less_than_a_difference(kind: PartyKind) -> None:
    model = default_model(kind)
    for comparison in model.comparisons:
        assert comparison.weights[1] == min(comparison.weights[1:]), comparison.name
        assert comparison.weights[-1] > 0
    assert "made-up rows" in model.source


def test_latin_records_of_one_postcode_meet_whatever_else_is_written() -> None:
    one = features_of(PartyKind.INDIVIDUAL, {"name": "Jacobie Tilley", "region": "486900"}, ())
    other = features_of(PartyKind.INDIVIDUAL, {"name": "Blake Moody", "region": "486900"}, ())
    model = default_model(PartyKind.INDIVIDUAL, latin=True)
    assert [rule.name for rule in model.blocking if rule.meets(lanes_of(one), lanes_of(other))] == ["region"]
