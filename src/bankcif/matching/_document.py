"""Match models as JSON: written, and read with every fault named."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import BankCIFError
from ..party import PartyKind
from .blocking import BlockingRule
from .compare import COMPARATORS
from .comparison import Alternative, Comparison, DeterministicRule, model_error
from .frequencies import Frequencies
from .lanes import Lane
from .model import MODEL_FORMAT, MatchModel

__all__ = ["read", "written"]


def written(model: MatchModel) -> dict[str, Any]:
    """*model* as JSON."""
    by_name = {c.name: c for c in model.comparisons}
    return {
        "format": MODEL_FORMAT,
        "version": model.version,
        "kind": model.kind.value,
        "source": model.source,
        "prior_bits": model.prior_millibits / 1000,
        "possible_bits": model.possible_millibits / 1000,
        "link_bits": model.link_millibits / 1000,
        "comparisons": [
            {
                "name": c.name, "comparator": c.comparator, "unless": list(c.unless),
                "levels": [
                    {"level": label, "m": m, "u": u, "bits": int(bits) / 1000}
                    for label, m, u, bits in zip(c.labels[1:], c.m, c.u, c.millibits[1:], strict=True)
                ],
            }
            for c in model.comparisons
        ],
        "alternatives": [
            {
                "name": a.name, "share_bits": a.share_bits,
                "chances": {name: dict(zip(by_name[name].labels[1:], chances, strict=True)) for name, chances in a.chances.items()},
            }
            for a in model.alternatives
        ],
        "frequencies": [_frequencies(one, by_name[one.comparison]) for one in model.frequencies],
        "blocking": [
            {"name": r.name, "parts": list(r.parts), "narrower": list(r.narrower)} for r in model.blocking
        ],
        "deterministic": [
            {"name": r.name, "at_least": {name: by_name[name].label(level) for name, level in r.at_least.items()}}
            for r in model.deterministic
        ],
    }  # fmt: skip


def _frequencies(one: Frequencies, comparison: Comparison) -> dict[str, Any]:
    return {
        "comparison": one.comparison, "levels": [comparison.label(level) for level in one.levels],
        "lane": one.lane.name.lower(), "salt": f"{one.salt:016x}",
        "tags": base64.b64encode(one.tags.astype("<u4").tobytes()).decode("ascii"),
        "millibits": base64.b64encode(one.bits.astype("<i4").tobytes()).decode("ascii"),
        "tag_bits": one.tag_bits, "rest_bits": one.rest_millibits / 1000,
    }  # fmt: skip


def read(document: Any) -> MatchModel:
    """
    The model of *document*.

    Raises:
        ConfigurationError: It has another shape, names what is not known, or holds chances that are none.
    """
    if not isinstance(document, Mapping) or document.get("format") != MODEL_FORMAT:
        raise model_error(f'the match model is no JSON object with "format": "{MODEL_FORMAT}"')
    model, missing = None, ""
    try:
        model = _model(document)
    except BankCIFError:
        raise
    except KeyError as error:
        missing = str(error.args[0]) if error.args else ""
    except (TypeError, ValueError, AttributeError, OverflowError):
        pass
    if model is None:
        about = f": {missing} is missing" if missing.isidentifier() else ""
        raise model_error(f"the match model does not have the shape of one{about}")
    return model


def _model(document: Mapping[str, Any]) -> MatchModel:
    comparisons = tuple(map(_comparison, document["comparisons"]))
    by_name = {c.name: c for c in comparisons}

    def of(name: str) -> Comparison:
        if name not in by_name:
            raise model_error(f"the model names comparisons that it does not have: {name}")
        return by_name[name]

    return MatchModel(
        version=_text(document["version"]), kind=PartyKind(document["kind"]), source=_text(document.get("source", "")),
        prior_millibits=_millibits(document["prior_bits"]), comparisons=comparisons,
        possible_millibits=_millibits(document["possible_bits"]), link_millibits=_millibits(document["link_bits"]),
        alternatives=tuple(
            Alternative(
                name=_text(a["name"]), share_bits=_millibits(a["share_bits"]) / 1000,
                chances={name: _chances(of(name), chances) for name, chances in a["chances"].items()},
            )
            for a in document.get("alternatives", ())
        ),
        frequencies=tuple(_read_frequencies(one, of(one["comparison"])) for one in document.get("frequencies", ())),
        blocking=tuple(
            BlockingRule(name=_text(r["name"]), parts=tuple(r["parts"]), narrower=tuple(r.get("narrower", ())))
            for r in document.get("blocking", ())
        ),
        deterministic=tuple(
            DeterministicRule(
                name=_text(r["name"]),
                at_least={name: _level(of(name), label) for name, label in r["at_least"].items()},
            )
            for r in document.get("deterministic", ())
        ),
    )  # fmt: skip


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _millibits(value: Any) -> int:
    return round(1000 * float(value))


def _comparison(table: Mapping[str, Any]) -> Comparison:
    name, comparator = _text(table["name"]), table["comparator"]
    if comparator not in COMPARATORS:
        raise model_error(f"comparison {name} names an unknown comparator; known are {', '.join(sorted(COMPARATORS))}")
    labels = [level["level"] for level in table["levels"]]
    if tuple(labels) != COMPARATORS[comparator].labels[1:]:
        raise model_error(
            f"comparison {name} must have the levels of {comparator}: {', '.join(COMPARATORS[comparator].labels[1:])}"
        )
    return Comparison(
        name=name, comparator=comparator, unless=tuple(table.get("unless", ())),
        m=tuple(float(level["m"]) for level in table["levels"]), u=tuple(float(level["u"]) for level in table["levels"]),
    )  # fmt: skip


def _level(comparison: Comparison, label: str) -> int:
    if label not in comparison.labels:
        raise model_error(
            f"comparison {comparison.name} has no level of that name; it has {', '.join(comparison.labels)}"
        )
    return comparison.labels.index(label)


def _chances(comparison: Comparison, chances: Mapping[str, float]) -> tuple[float, ...]:
    for label in chances:
        _level(comparison, label)
    return tuple(float(chances[label]) for label in comparison.labels[1:])


def _read_frequencies(table: Mapping[str, Any], comparison: Comparison) -> Frequencies:
    labels: Sequence[str] = table["levels"]
    tags = np.frombuffer(base64.b64decode(table["tags"], validate=True), "<u4").astype(np.uint32)
    bits = np.frombuffer(base64.b64decode(table["millibits"], validate=True), "<i4").astype(np.int32)
    lane = Lane.__members__.get(str(table["lane"]).upper())
    tag_bits = table.get("tag_bits", 32)
    if type(tag_bits) is not int or not 6 <= tag_bits <= 32:
        raise model_error(f"the tags of the frequencies of {comparison.name} have 6 to 32 bits")
    if lane is None or len(tags) != len(bits) or (np.diff(tags.astype(np.int64), append=1 << tag_bits) <= 0).any():
        raise model_error(f"the frequencies of {comparison.name} do not have the shape of some")
    return Frequencies(
        comparison=comparison.name, levels=tuple(_level(comparison, label) for label in labels), lane=lane,
        salt=int(table["salt"], 16) & ((1 << 64) - 1), tags=tags, bits=bits, rest_millibits=_millibits(table["rest_bits"]),
        tag_bits=tag_bits,
    )  # fmt: skip
