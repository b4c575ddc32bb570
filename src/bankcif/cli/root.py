"""The command `bankcif`: which module holds which command, so that one that needs no store loads none."""

from __future__ import annotations

from importlib import import_module

import click

from .. import __version__

__all__ = ["bankcif"]

_ALONE = {"dedupe": ".dedupe"}
"""Commands that stand in a module of their own and are loaded without the others."""


class _Commands(click.Group):
    """Loads commands when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*_ALONE, *_others().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _ALONE:
            command: click.Command = getattr(import_module(_ALONE[cmd_name], __package__), cmd_name)
            return command
        return _others().get_command(ctx, cmd_name)


def _others() -> click.Group:
    from .commands import commands

    return commands


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)  # fmt: skip
@click.version_option(__version__)
def bankcif() -> None:
    """The customer information file: every customer once, whole, correct, up to date and protected."""
