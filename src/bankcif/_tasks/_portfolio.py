"""The portfolio: what the file comes to on one page, with a page of each report beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cached_property, partial
from typing import Any

import attrs

from .._text import Language, label
from ..access import Action
from ..analytics import ModelCard, Report, ReportBook
from ..context import Actor, Effect, Purpose
from ..errors import AccessError, BankCIFError, InputError, NotFoundOrNotAllowedError
from ..flows import audiences, models, report as _report
from ..flows.desk import Desk, authorize
from ..render import Chart, Section, analysis_sections, page, report_sections
from ..tagging import Tag, TagKind
from ._quality_page import figures_told

__all__ = ["portfolio_pages"]

INDEX, _MODELS, _QUALITY = "index.html", "models.html", "quality.html"
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
    told = _Told(desk, language, {"actor": actor, "purpose": purpose})
    for title, of in told.sections.items():
        found = _as_section(_or_why(label(title, language), language, of))
        sections.append(found)
        if found.link:
            back = label("portfolio", language), INDEX
            pages[found.link] = page(
                found.title, told.behind[found.link](), language=language, made_at=made_at, back=back
            )
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
        "quality": "quality_never",
        "cap": "portfolio_cap",
    }
    return label(words[error.rule], language) if error.rule in words else str(error)


@attrs.frozen(slots=False)
class _Told:
    """What tags and data quality come to, for one reader; customers are counted once for all tags."""

    desk: Desk
    language: Language
    asked: Mapping[str, Any]

    @property
    def sections(self) -> Mapping[str, Callable[[], Section]]:
        """What stands on the page, by title."""
        return {
            "portfolio_models": self.by_models,
            "portfolio_tags": self.by_others,
            "portfolio_quality": self.by_quality,
        }

    @property
    def behind(self) -> Mapping[str, Callable[[], Sequence[Section]]]:
        """What stands on the pages to which they lead."""
        return {
            _MODELS: lambda: [one for card in self.models for one in analysis_sections(card, self.language)],
            _QUALITY: lambda: self.quality,
        }

    @cached_property
    def models(self) -> Sequence[ModelCard]:
        """The models in force that give a tag, as far as the policy lets the reader know of them."""
        if self.desk.policy.allows(self.asked["actor"], Action.CATALOGUE, self.asked["purpose"]).effect is Effect.DENY:
            return ()
        known = models.models(self.desk, **self.asked)
        return [one.card for one in known if one.since is not None and one.until is None and one.card.tag]

    @cached_property
    def _tags(self) -> Sequence[tuple[Tag, int]]:
        """The tags that somebody has, each with how many, most first."""
        if self.desk.tags is None:
            raise InputError(label("tags_none", self.language), rule="catalogue")
        tags = self.desk.tags.evaluator.catalogue.tags
        counts = audiences.count_tags(self.desk, [f"tag:{name}" for name in tags], **self.asked)
        there = [(tags[name.removeprefix("tag:")], many) for name, many in counts.items() if name and many]
        return sorted(there, key=lambda one: (-one[1], one[0].name))

    def by_models(self) -> Section:
        """Of whom models say something: how many have each model's tag, and for how long the model may be used."""
        cards = {card.tag: card for card in self.models}
        found = [(tag, many) for tag, many in self._tags if tag.kind is TagKind.MODEL]
        if not found:
            raise InputError(label("models_none", self.language), rule="catalogue")
        rows = [(tag.label(self.language), many, *self._of_model(cards.get(tag.name))) for tag, many in found]
        columns = self._head("tag", "customers", *(("model", "card_until") if cards else ()))
        return Section(
            title=label("portfolio_models", self.language), columns=columns, rows=[row[: len(columns)] for row in rows], link=_MODELS if cards else ""
        )  # fmt: skip

    def _of_model(self, card: ModelCard | None) -> tuple[str, str]:
        if card is None:
            return "", ""
        return f"{card.zh if self.language == 'zh' else card.en} {card.version}", card.until.isoformat()

    def by_others(self) -> Section:
        """The tags that most customers have otherwise, each with how many."""
        found = [(tag, many) for tag, many in self._tags if tag.kind is not TagKind.MODEL][:_MOST_TAGS]
        if not found:
            raise InputError(label("tags_none", self.language), rule="catalogue")
        rows = [
            (tag.label(self.language), many, label(f"family_{tag.family.value}", self.language)) for tag, many in found
        ]
        return Section(
            title=label("portfolio_tags", self.language), columns=self._head("tag", "customers", "family"), rows=rows
        )

    @cached_property
    def quality(self) -> Sequence[Section]:
        """The quality report."""
        return figures_told(self.desk, self.language, **self.asked)

    def by_quality(self) -> Section:
        """How good the data is, by dimension."""
        return attrs.evolve(self.quality[0], title=label("portfolio_quality", self.language), link=_QUALITY)

    def _head(self, *names: str) -> tuple[str, ...]:
        return tuple(label(name, self.language) for name in names)
