"""Options by which a command is told whom a campaign is to address."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

import click

from ..tagging import AudiencePlan

__all__ = ["audience_options"]


def audience_options(*, required: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Gives a command the argument ``plan``: an `AudiencePlan`, or None where no segment is named and none is *required*."""

    def with_plan(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def planned(
            *given: Any,
            segment: str | None,
            without: tuple[str, ...],
            campaign: str | None,
            control: float,
            as_of: datetime | None,
            by: str,
            **more: Any,
        ) -> Any:
            if segment is None and (without or campaign or control or as_of or by):
                raise click.UsageError("an audience is chosen of a segment: name it with --segment")
            if segment is not None and not campaign:
                raise click.UsageError("name the campaign with --campaign; its name decides about the control group")
            plan = None
            if segment is not None:
                plan = AudiencePlan(
                    campaign=campaign or "",
                    segment=segment,
                    exclusions=without,
                    control_share=control / 100,
                    as_of=None if as_of is None else as_of.date(),
                    channel=by,
                )
            return function(*given, plan=plan, **more)

        for option in reversed(_OPTIONS):
            planned = option(planned)
        return click.option(
            "--segment", required=required, help="Of whom an audience is chosen: segment:NAME or tag:NAME."
        )(planned)

    return with_plan


_OPTIONS = (
    click.option(
        "--without", multiple=True, metavar="NAME",
        help="Leave out who has this tag or is in this segment; may be given again, in the order in which they are counted.",
    ),
    click.option("--campaign", help="Name of the campaign."),
    click.option(
        "--control", type=click.FloatRange(0, 100), default=0.0, show_default=True, help="Per cent who are left alone."
    ),
    click.option("--by", default="", metavar="CHANNEL", help="By which way they are addressed, such as sms: of who consented to it."),
    click.option(
        "--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Who was in the segment at the end of that day; who may not be addressed is of today."
    ),
)  # fmt: skip
