"""The portfolio: what the file comes to on one page, with a page of each report beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

import attrs

from .._text import Language, label
from ..access import Action
from ..analytics import Report, ReportBook
from ..context import Actor, Purpose
from ..errors import AccessError, BankCIFError, InputError, NotFoundOrNotAllowedError
from ..flows import audiences, examine, report as _report
from ..flows.desk import Desk, authorize
from ..render import Chart, Section, page, report_sections

__all__ = ["portfolio_pages"]

INDEX = "index.html"
_SHOWN = (
    "customers_by_life_cycle", "customers_by_sex_and_age", "customers_by_branch", "customers_by_tenure", "customers_by_tier", "customers_by_value",
    "products_held", "products_each", "transactions_by_month", "dormancy", "campaigns", "interactions_by_month",
)  # fmt: skip
"""The reports whose first chart stands on the page, in this order."""
_MOST_TAGS = 40


def portfolio_pages(
    desk: Desk, book: ReportBook, *, as_of: date | None, language: Language, actor: Actor, purpose: Purpose
) -> dict[str, str]:  # fmt: skip
    """
    The pages by their names: one that shows the first chart of each report, tags, what models say and data quality, and one for each report with all of its charts. What *actor* may not see, or of
    which there is nothing, is named with the reason instead.

    Raises:
        NotFoundOrNotAllowedError: The policy does not let *actor* make reports.
    """
    authorize(desk, actor, Action.REPORT, "report", purpose)
    made_at = desk.clock.now()
    sections: list[Section] = []
    pages: dict[str, str] = {}
    for name in _SHOWN:
        make = partial(_report.report, desk, book[name], as_of=as_of, actor=actor, purpose=purpose)
        found = _or_why(book[name].label(language), language, make)
        if isinstance(found, Section):
            sections.append(found)
            continue
        assert isinstance(found, Report), "a report was asked for"
        own = report_sections(found, language, desk.codes)
        file = f"{name}.html"
        back = label("portfolio", language), INDEX
        pages[file] = page(found.spec.label(language), own, language=language, made_at=made_at, back=back)
        sections.append(attrs.evolve(own[0], link=file))
    asked: Mapping[str, Any] = {"actor": actor, "purpose": purpose}
    for title, of in (("portfolio_tags", _tags), ("portfolio_quality", _quality)):
        sections.append(_as_section(_or_why(label(title, language), language, partial(of, desk, language, asked))))
    return {INDEX: page(label("portfolio", language), sections, language=language, made_at=made_at), **pages}


def _as_section(found: Section | Report) -> Section:
    assert isinstance(found, Section), "a section was asked for"
    return found


def _or_why(title: str, language: Language, make: Callable[[], Section | Report]) -> Section | Report:
    """What *make* gives, or a section that says why there is none."""
    why = ""
    try:
        return make()
    except (NotFoundOrNotAllowedError, AccessError, InputError) as error:
        why = _said(error, language)
    return Section(
        title=title, note=label("portfolio_not", language).format(why=why), columns=(), rows=(), chart=Chart.NONE
    )


def _said(error: BankCIFError, language: Language) -> str:
    """Why, in the reader's language."""
    if isinstance(error, NotFoundOrNotAllowedError):
        return label("portfolio_denied", language)
    words = {
        "k_anonymity": "portfolio_few",
        "nothing_counted": "portfolio_nothing",
        "unknown_tag": "portfolio_no_tag",
        "cap": "portfolio_cap",
    }
    return label(words[error.rule], language) if error.rule in words else str(error)


def _tags(desk: Desk, language: Language, asked: Mapping[str, Any]) -> Section:
    """The tags that most customers have, each with how many; those that models give first."""
    if desk.tags is None:
        raise InputError(label("tags_none", language), rule="catalogue")
    tags = desk.tags.evaluator.catalogue.tags
    names: Sequence[str] = [f"tag:{name}" for name in tags]
    counts = audiences.count_tags(desk, names, **asked)
    told = [(tags[name.removeprefix("tag:")], many) for name, many in counts.items() if name and many]
    order = sorted(told, key=lambda one: (one[0].kind != "model", -(one[1] or 0), one[0].name))[:_MOST_TAGS]
    if not order:
        raise InputError(label("tags_none", language), rule="catalogue")
    rows = [(one.label(language), many or 0, label(f"family_{one.family.value}", language)) for one, many in order]
    columns = tuple(label(name, language) for name in ("tag", "customers", "family"))
    return Section(title=label("portfolio_tags", language), columns=columns, rows=rows)


def _quality(desk: Desk, language: Language, asked: Mapping[str, Any]) -> Section:
    days = examine.figures(desk, "all", **asked)
    if not days:
        raise InputError(label("quality_never", language), rule="quality")
    rows = [
        (one.label(language), figure.rate, figure.numerator, figure.denominator)
        for one, figure in desk.quality.by_dimension(days[-1].rules).items()
        if figure.rate is not None
    ]
    columns = tuple(label(name, language) for name in ("dimension", "rate", "numerator", "denominator"))
    return Section(title=label("portfolio_quality", language), columns=columns, rows=rows, percent=True)
