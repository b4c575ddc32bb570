"""Results as tables, for notebooks; pages and pictures are made elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

__all__ = ["html_table", "parameter_table"]

_PLACES = 4


def html_table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table of HTML; numbers with few places, everything escaped."""
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(_cell(one))}</td>' for one in row)}</tr>" for row in rows)
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def parameter_table(
    model: object, parameters: Mapping[str, float], errors: Mapping[str, float] | None, customers: int | None
) -> str:
    """A model as its parameters, each with its standard error, where it was fitted."""
    caption = (
        f"{model}, of parameters that were given"
        if customers is None
        else f"{model}, fitted on {customers:,} customers"
    )
    rows = [(name, value, None if errors is None else errors[name]) for name, value in parameters.items()]
    return html_table(caption, ("parameter", "value", "standard error"), rows)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.{_PLACES}f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
