"""`bankcif …`: the command line, thin over the public API; the only place that reads the environment."""

from __future__ import annotations

import gc
import sys

from .._extras import need
from ..errors import BankCIFError, MissingExtraError, StepUpRequired

__all__ = ["main"]

_NEW_OBJECTS = 50_000
"""
Behind so many new objects circles of garbage are searched for. Hardly any of what a command loads is garbage: at Python's own 700 searching it takes a
tenth of its start.
"""


def main(arguments: list[str] | None = None) -> None:
    """
    Runs a command and ends the process: 0 done, 1 a finding, 2 wrong use or an error.

    Args:
        arguments: Words after ``bankcif``; those of the process if None.
    """
    if arguments is None:
        gc.set_threshold(_NEW_OBJECTS)
    status = _status(arguments)
    if arguments is None:  # the process ends: going through all that is left, for circles to collect, would take long
        gc.freeze()
    sys.exit(status)


def _status(arguments: list[str] | None) -> int:
    try:
        click = need("click", extra="cli")
        need("rich", extra="cli")
    except MissingExtraError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    from ._process import Process
    from .root import bankcif

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")
    try:
        return int(
            bankcif.main(args=arguments, prog_name="bankcif", standalone_mode=False, obj=Process(own=arguments is None))
            or 0
        )
    except click.ClickException as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        print("stopped; what was committed is kept, and the same command can be run again", file=sys.stderr)
        return 130
    except StepUpRequired as error:
        print(f"error: {error}: enrol a password and a token (bankcif operator), and give both", file=sys.stderr)
        return 2
    except BankCIFError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 0
    except Exception as error:
        what = (
            "there is not enough memory" if isinstance(error, MemoryError) else f"an unexpected {type(error).__name__}"
        )
        print(f"error: {what}; nothing more was written", file=sys.stderr)
        return 2
