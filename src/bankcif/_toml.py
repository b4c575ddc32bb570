"""The one way to read a bank's TOML file."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from .errors import BankCIFError

__all__ = ["read_toml"]


def read_toml(path: Path, what: str, error: type[BankCIFError], rule: str) -> dict[str, Any]:
    """
    The table in the TOML file *path*.

    Args:
        what: What it is, for the message, such as "policy".
        error, rule: What is raised if it is missing or not TOML in UTF-8; the message names the path and no content.
    """
    problem, table = "", {}
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        problem = "does not exist"
    except (OSError, ValueError):
        problem = "is not TOML in UTF-8"
    if problem:
        raise error(f"the {what} {path} {problem}", path=str(path), rule=rule)
    return table
