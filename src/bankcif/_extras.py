"""The one way to import an optional package."""

from __future__ import annotations

import importlib
from typing import Any

from .errors import MissingExtraError

__all__ = ["need"]


def need(module: str, *, extra: str) -> Any:
    """
    Imports *module*, which belongs to the extra named *extra*.

    Raises:
        MissingExtraError: It is not installed; the message says what to install.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = error.name
    if missing is not None and missing.split(".")[0] != module.split(".", maxsplit=1)[0]:
        module = missing
    raise MissingExtraError(
        f"this needs the package {module.split('.')[0]}: install it with  pip install 'bankcif[{extra}]'",
        rule=extra,
    )
