"""
Models trained elsewhere: the JSON that Splink writes, read as a match model as far as it can be expressed.

A Splink level is a condition in SQL; ours are fixed. Each level of ours goes to the level of theirs that would have caught it
(equal, one edit, near, else), and shares its chances as ours are shared in the model that ships. What has no counterpart is
told in a sentence, never dropped in silence.

Source: the model files that Splink 4 and 5 write; what their fields mean is in Splink's documentation of settings.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from .blocking import BlockingRule
from .comparison import Comparison, model_error
from .model import MatchModel

__all__ = ["Imported", "from_splink", "is_splink"]

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "name": ("name", "full_name", "name_simplified", "姓名", "given_name_surname"),
    "id_number": ("id_number", "id_no", "idno", "id15", "national_id", "uscc", "证件号码", "身份证号"),
    "document": ("document", "passport", "soc_sec_id", "ssn"),
    "phone": ("phone", "mobile", "telephone", "手机号"),
    "email": ("email", "mail", "邮箱"),
    "birth_date": ("birth_date", "dob", "date_of_birth", "birthday", "出生日期"),
    "sex": ("sex", "gender", "性别"),
    "region": ("region", "postcode", "zip", "division"),
    "address": ("address", "addr", "address_1", "地址"),
}  # fmt: skip
_PARTS = {
    "name": "name", "id_number": "identifier", "document": "document", "phone": "phone", "email": "email",
    "birth_date": "born", "sex": "sex", "region": "region", "address": "address",
}  # fmt: skip

_PARTS_OF_NAMES = {
    "given_name": "given_name", "first_name": "given_name", "forename": "given_name", "surname": "surname",
    "last_name": "surname", "family_name": "surname", "name_pinyin": "sound",
}  # fmt: skip

# What each of our levels is in the words of the conditions that Splink's library makes.
_KINDS: Mapping[str, str] = {
    "identical": "equal", "equal": "equal", "same text": "equal", "same county": "equal", "equal and identifying": "equal",
    "variant form": "near", "same reading or order": "near", "look-alike or familiar": "near", "same home": "near",
    "same core and form": "near", "same core": "near", "same mailbox": "near", "same road": "near", "alike": "near",
    "one edit": "edit", "one digit": "edit", "neighbours swapped": "edit", "day and month swapped": "edit",
    "nearly the same": "edit", "other or no end": "edit",
}  # fmt: skip
_QUOTED = re.compile(r'"?(?P<side>[lr])"?\."?(?P<name>\w+)"?|"?(?P<column>\w+?)_(?P<end>[lr])"?(?=\W|$)')
_EQUAL = re.compile(r'^\W*"?(?:l\.)?"?(\w+?)(?:_l)?"?\s*=\s*"?(?:r\.)?"?(\w+?)(?:_r)?"?\W*$', re.IGNORECASE)
_DISTANCE = re.compile(r"(?:damerau_)?levenshtein\s*\(.*\)\s*<=\s*(\d+)", re.IGNORECASE | re.DOTALL)
_SIMILAR = re.compile(r"(?:jaro\w*|jaccard)\w*\s*\(.*\)\s*>=\s*([\d.]+)", re.IGNORECASE | re.DOTALL)


@attrs.frozen(kw_only=True)
class Imported:
    """
    A model read from another's file.

    Attributes:
        model: The model.
        remarks: What could not be taken over, in sentences.
    """

    model: MatchModel
    remarks: tuple[str, ...]


def is_splink(document: Any) -> bool:
    """Whether *document* looks like settings or a trained model of Splink."""
    return isinstance(document, Mapping) and "comparisons" in document and (
        "blocking_rules_to_generate_predictions" in document or "probability_two_random_records_match" in document
    )  # fmt: skip


def from_splink(document: Mapping[str, Any], start: MatchModel, columns: Mapping[str, str] | None = None) -> Imported:
    """
    The model of Splink's *document*.

    Args:
        document: Settings or a trained model, as Splink writes them.
        start: Whose comparisons it is read into, and whose chances stand where the document has none.
        columns: Splink's column to the name of a comparison of *start*; usual names are known.

    Raises:
        ConfigurationError: Nothing of it can be expressed.
    """
    reader = _Reader(start, columns or {})
    comparisons = list(start.comparisons)
    taken: set[str] = set()
    for one in document.get("comparisons", ()):
        found = reader.comparison(one)
        if found is None:
            continue
        if found.name in taken:
            reader.remark(f"a second comparison of {found.name} was left out; one was taken")
            continue
        taken.add(found.name)
        comparisons[[c.name for c in comparisons].index(found.name)] = found
    if not taken:
        raise model_error(
            "nothing in this Splink model compares what is compared here; say which of its columns is what, "
            f"among {', '.join(c.name for c in start.comparisons)}"
        )
    for name in sorted({c.name for c in comparisons} - taken):
        reader.remark(f"{name} is not compared in it; the chances of {start.version} stand")
    prior = start.prior_millibits
    chance = document.get("probability_two_random_records_match")
    if isinstance(chance, int | float) and 0 < chance < 1:
        prior = round(1000 * math.log2(chance / (1 - chance)))
    else:
        reader.remark("it holds no chance that two records match; the prior stands")
    blocking = reader.blocking(document.get("blocking_rules_to_generate_predictions", ())) or start.blocking
    more = (prior - start.prior_millibits) / 1000
    model = attrs.evolve(
        start, version=f"{start.version}+splink", source="Read from a model of Splink.", prior_millibits=prior,
        comparisons=tuple(comparisons), blocking=tuple(blocking), frequencies=(),
        alternatives=tuple(attrs.evolve(a, share_bits=a.share_bits + more) for a in start.alternatives),
    )  # fmt: skip
    return Imported(model=model, remarks=tuple(reader.remarks))


class _Reader:
    """Takes a document apart and keeps what could not be taken over."""

    def __init__(self, start: MatchModel, columns: Mapping[str, str]) -> None:
        self._by_name = {c.name: c for c in start.comparisons}
        self._columns = {name: field for field, names in _FIELDS.items() for name in names} | dict(columns)
        self.remarks: list[str] = []

    def remark(self, sentence: str) -> None:
        """Keeps a sentence once."""
        if sentence not in self.remarks:
            self.remarks.append(sentence)

    def _field(self, column: str) -> Comparison | None:
        return self._by_name.get(self._columns.get(column.lower(), ""))

    def comparison(self, one: Any) -> Comparison | None:
        """Ours with their chances; None if there is none."""
        label = _label(one)
        levels = one.get("comparison_levels", ()) if isinstance(one, Mapping) else ()
        names = [label, *(name for level in levels for name in _named(str(level.get("sql_condition", ""))))]
        ours = next((found for found in map(self._field, names) if found is not None), None)
        if ours is None:
            self.remark(f"the comparison {label} was left out: none of its columns is known here")
            return None
        chances: dict[str, list[float]] = {}
        for level in levels:
            if level.get("is_null_level"):
                continue
            if level.get("tf_adjustment_column"):
                self.remark(f"the term frequencies of {label} are not in the file; learn a model here to have them")
            kind = _kind(str(level.get("sql_condition", "")))
            m, u = level.get("m_probability"), level.get("u_probability")
            if kind is None:
                self.remark(
                    f"the level {level.get('label_for_charts', 'without a name')} of {label} has no counterpart here"
                )
            elif not _is_chance(m) or not _is_chance(u):
                self.remark(
                    f"a level of {label} was not trained; the chances of the model that ships stand for all of it"
                )
                return ours
            else:
                known = chances.setdefault(kind, [0.0, 0.0])
                known[0] += float(m)
                known[1] += float(u)
        if "else" not in chances or len(chances) < 2:
            self.remark(f"the comparison {label} was left out: it has no level that can be expressed here")
            return None
        return _shared(ours, chances)

    def blocking(self, rules: Sequence[Any]) -> list[BlockingRule]:
        """Their rules that are equalities of known columns."""
        found: dict[tuple[str, ...], BlockingRule] = {}
        for rule in rules:
            text = str(rule.get("blocking_rule", "") if isinstance(rule, Mapping) else rule)
            parts = []
            for condition in re.split(r"\band\b", text, flags=re.IGNORECASE):
                equal = _EQUAL.match(condition.strip().strip("()"))
                column = equal[1].lower() if equal and equal[1] == equal[2] else ""
                field = self._field(column)
                parts.append(_PARTS[field.name] if field is not None else _PARTS_OF_NAMES.get(column, ""))
            if not all(parts) or not parts:
                self.remark(f"the blocking rule {text} was left out: it is no equality of columns that are known here")
                continue
            key = tuple(dict.fromkeys(parts))
            found[key] = BlockingRule(name="+".join(key), parts=key)
        if not found:
            self.remark("none of its blocking rules could be taken over; those of the model that ships stand")
        return list(found.values())


def _label(one: Any) -> str:
    return str(one.get("output_column_name", "")) if isinstance(one, Mapping) else ""


def _named(condition: str) -> list[str]:
    return [match["name"] or match["column"] for match in _QUOTED.finditer(condition)]


def _is_chance(value: Any) -> bool:
    return isinstance(value, int | float) and 0 < value <= 1


def _kind(condition: str) -> str | None:
    """What a condition asks: equal, one edit, near, else; None if it is none of these."""
    plain = condition.strip()
    if plain.upper() == "ELSE":
        return "else"
    if _EQUAL.match(plain):
        return "equal"
    distance = _DISTANCE.search(plain)
    if distance:
        return "edit" if int(distance[1]) == 1 else "near"
    return "near" if _SIMILAR.search(plain) else None


def _shared(ours: Comparison, chances: Mapping[str, Sequence[float]]) -> Comparison:
    """Their chances over our levels: each goes where they would have caught it, and shares as ours do."""
    kinds = []
    for label in ours.labels[1:]:
        kind = _KINDS.get(label, "else")
        kinds.append(kind if kind in chances else "near" if kind == "edit" and "near" in chances else "else")
    if "equal" in chances and "equal" not in kinds:
        kinds[-1] = "equal"

    def spread(side: int, mine: Sequence[float]) -> tuple[float, ...]:
        total = sum(chances[kind][side] for kind in set(kinds))
        groups = {kind: sum(p for k, p in zip(kinds, mine, strict=True) if k == kind) for kind in set(kinds)}
        return tuple(chances[k][side] / total * p / groups[k] for k, p in zip(kinds, mine, strict=True))

    return attrs.evolve(ours, m=spread(0, ours.m), u=spread(1, ours.u))
