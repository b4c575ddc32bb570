"""
Writes ``docs/reference/rules.md`` from the definitions of the rule language, so that the page says what the code does.

    python tools/write_rules_page.py
"""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

from bankcif import rules
from bankcif.rules import json_schema
from bankcif.rules.expression import Function, Operator, TextPart
from bankcif.rules.lower import MOST_LEAVES, MOST_VALUES
from bankcif.rules.parse import MOST_DEPTH, MOST_PARTS, parse
from bankcif.rules.schema import Kind
from bankcif.rules.terms import MOST_AGGREGATES
from bankcif.rules.tokens import MOST_CHARACTERS

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "rules.md"
NODES = ("Compare", "In", "Between", "TextMatch", "Missing", "Holds", "And", "Or", "Not", "Arithmetic", "Elapsed", "Aggregate",
         "RelativeDay", "Parameter")  # fmt: skip
KINDS = {
    Kind.TEXT: ("Unicode", "`'text'` or `\"text\"`; compared by code points, after NFKC of what the rule says"),
    Kind.INTEGER: ("64 bits", "`42`"),
    Kind.DECIMAL: ("64 bits, in units of its last digit", "`0.75`, with no more digits than the field has"),
    Kind.MONEY: ("64 bits, in minor units of its currency", "`CNY 1000000.50`; of one currency, or beside a field of currencies"),
    Kind.DATE: ("days since 1970-01-01", "`2026-11-25`, `today`, `today - 30 days`, `today + 1 year`"),
    Kind.INSTANT: ("microseconds since 1970-01-01, UTC", "`2026-11-25T08:00:00+08:00`"),
    Kind.BOOLEAN: ("true or false", "`true`, `false`; compared by `=` and `!=` alone"),
    Kind.AGE: ("not at all: it follows from a birth date, or from a class", "`18`, 0 to 150"),
}  # fmt: skip
EXAMPLES = (
    ("aum >= CNY 1000000 and not tag('dormant')", "one million yuan, and not dormant"),
    ("age >= 18 and home_branch in ('B-0101', 'B-0102')", "an adult of one of two branches"),
    ("customer_since < today - 1 year", "a customer for more than a year"),
    (
        "sum(holdings.balance where balance_currency = 'CNY' and status = 'active') > CNY 50000",
        "more than 50,000 yuan in what is open",
    ),
    (
        "count(interactions where type = 'complaint' within 90 days) = 0",
        "no complaint in the last 90 days, today among them",
    ),
    ("days_since(last_reached_on) > 180 or last_reached_on is missing", "not reached for half a year, or never"),
    ("last(interactions.outcome) = 'declined'", "who declined when asked last"),
    ("assets >= liabilities", "who owns at least what they owe, in one currency"),
)


def page() -> str:
    """The whole page."""
    grammar = inspect.getdoc(inspect.getmodule(parse)) or ""
    _, _, behind = grammar.partition("\n\n")
    lines, _, rest = behind.partition("\n\n")
    out = [
        "# The rule language",
        "",
        "Made by `python tools/write_rules_page.py` from the definitions in `bankcif.rules`.",
        "",
        "A rule says of which customers something holds: which rows an actor may see, who is exported, who has a tag, is in a segment or "
        "belongs to an audience. It is written as text, built in Python (`bankcif.rules.build`), and stored as JSON. It runs on one "
        "record, in the store, and on whole columns (Polars, DuckDB, Spark), and gives the same customers everywhere.",
        "",
        "| rule | holds of |",
        "|---|---|",
        *(f"| `{text}` | {said} |" for text, said in EXAMPLES),
        "",
        "## Text",
        "",
        "```text",
        inspect.cleandoc(lines),
        "```",
        "",
        rest.strip().replace("\n", " "),
        "",
        "## Types",
        "",
        "| type | rests as | as a rule says it |",
        "|---|---|---|",
        *(f"| {kind} | {KINDS[kind][0]} | {KINDS[kind][1]} |" for kind in Kind),
        "",
        "A date, an amount or a number is never turned into another: what does not fit is refused when the rule is defined, with the place "
        "in its text or tree. A month or year before a day is the same day of that month, or its last where it has no such day. Who was born "
        "on 29 February is a year older on 1 March of other years.",
        "",
        "## Parts",
        "",
        "| part | what it says |",
        "|---|---|",
        *(f"| `{name}` | {_said(name)} |" for name in NODES),
        "",
        f"Signs: {_listed(Operator)}. Parts of texts: {_listed(TextPart)}. Gathered: {_listed(Function)}.",
        "",
        "## What is missing",
        "",
        "Inside, a comparison with a missing value is neither true nor false; a rule holds if it is true, and of nobody else.",
        "",
        "| | true | unknown | false |",
        "|---|---|---|---|",
        "| `not` | false | unknown | true |",
        "| `and` true | true | unknown | false |",
        "| `and` unknown | unknown | unknown | false |",
        "| `and` false | false | false | false |",
        "| `or` true | true | true | true |",
        "| `or` unknown | true | unknown | unknown |",
        "| `or` false | true | unknown | false |",
        "",
        "So neither `city = 'a'` nor `not city = 'a'` holds of a customer without a city; `city is missing` does. The sum of no rows is 0, "
        "their count and how many different values they have too; their smallest, largest and last are missing. What is reckoned with a "
        "missing value is missing. An amount of another currency is neither more nor less than one. Somebody has a tag or not: that is never "
        "missing.",
        "",
        "## Limits",
        "",
        f"{MOST_CHARACTERS:,} characters, {MOST_DEPTH} levels, {MOST_LEAVES} comparisons, those over rows among them, "
        f"{MOST_VALUES:,} values in a list, {MOST_PARTS} parts of what is reckoned, and {MOST_AGGREGATES} different things gathered from rows. What is reckoned fits 64 bits whatever the fields hold, or is refused: a field that is reckoned "
        "with says how large it is at most (money: 10 trillion yuan unless it says otherwise), and a customer has 4,096 rows in a "
        "collection at most.",
        "",
        "In the store an age is known by classes that begin at 14, 16, 18, 46 and 60, so `age >= 18` is asked there and `age >= 25` is not; "
        "it needs the birth date opened. There is no division: shares belong to reports.",
        "",
        "## JSON",
        "",
        "```json",
        json.dumps(rules.as_document(parse(EXAMPLES[0][0])), ensure_ascii=False, indent=2),
        "```",
        "",
        "The JSON Schema (`bankcif.rules.json_schema()`):",
        "",
        "```json",
        json.dumps(json_schema(), ensure_ascii=False),
        "```",
        "",
    ]
    return "\n".join(out)


def _said(name: str) -> str:
    """A definition's own words, in one line."""
    doc = inspect.getdoc(getattr(rules, name)) or ""
    said, _, attributes = doc.partition("\n\nAttributes:\n")
    found = " ".join(said.split())
    if attributes:
        whole = re.sub(r"\n +", " ", inspect.cleandoc(attributes))
        found += " " + " ".join(
            f"*{line.partition(':')[0]}*:{line.partition(':')[2]}" for line in whole.split("\n") if line
        )
    return found.replace("``", "`").replace("|", "\\|")


def _listed(values: type[Operator] | type[TextPart] | type[Function]) -> str:
    return ", ".join(f"`{one.value}`" for one in values)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
