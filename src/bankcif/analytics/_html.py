"""Results as tables, for notebooks; pages and pictures are made elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Protocol

from .fitting import Fit

__all__ = ["Parametric", "html_table", "parameter_table"]

_PLACES = 4


def html_table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table of HTML; numbers with few places, everything escaped."""
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(_cell(one))}</td>' for one in row)}</tr>" for row in rows)
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


class Parametric(Protocol):
    """A model that is its parameters."""

    @property
    def name(self) -> str:
        """As the literature calls it."""
        ...

    @property
    def parameters(self) -> Mapping[str, float]:
        """By name."""
        ...

    @property
    def fit(self) -> Fit | None:
        """What they were fitted by; None where they were given."""
        ...


def parameter_table(model: Parametric) -> str:
    """A model as its parameters, each with its standard error, where it was fitted."""
    fit = model.fit
    caption = (
        f"{model.name}, of parameters that were given"
        if fit is None
        else f"{model.name}, fitted on {fit.customers:,} customers"
    )
    rows = [(name, value, None if fit is None else fit.errors[name]) for name, value in model.parameters.items()]
    return html_table(caption, ("parameter", "value", "standard error"), rows)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.{_PLACES}f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
