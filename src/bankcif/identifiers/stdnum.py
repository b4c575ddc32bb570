"""Every scheme of python-stdnum under ``stdnum.<module>``, loaded on first use."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import re
from collections.abc import Iterator, Mapping
from types import ModuleType

from .scheme import IdentifierScheme, Issue, Scheme, Verdict, normalize, verdict

__all__ = ["StdnumLibrary", "StdnumScheme"]

_NAME = re.compile(r"stdnum\.[a-z0-9_]{1,32}(\.[a-z0-9_]{1,32})?")
_HELPERS = frozenset({"stdnum.exceptions", "stdnum.numdb", "stdnum.util"})
# What their exceptions mean in our rules, by class name.
_RULES = {
    "InvalidLength": "length",
    "InvalidFormat": "characters",
    "InvalidChecksum": "check_digit",
    "InvalidComponent": "component",
}


class StdnumScheme(Scheme):
    """
    One module of python-stdnum, in the shape of this library.

    Whatever the module raises becomes an issue: their own exceptions by their meaning, any other as ``unsupported``.

    Args:
        name: The scheme's name here.
        module: Its module, such as ``stdnum.de.idnr``.
    """

    def __init__(self, name: str, *, module: str) -> None:
        self.name = name
        self._path = module
        self._module: ModuleType | None = None

    @property
    def source(self) -> str:  # type: ignore[override]
        """The module, which names its own sources."""
        return f"python-stdnum, {self._path}"

    def validate(self, text: str) -> Verdict:
        given = normalize(text)
        if given is None or not given:
            return verdict(self.name, "", [Issue("length")])
        try:
            value = str(self._loaded().validate(given))
        except Exception as error:
            return verdict(self.name, given, [Issue(_rule(error))])
        stable = next((one for one in (self._compacted(value), value, given) if self._stays(one)), None)
        return verdict(self.name, stable or given, [] if stable else [Issue("unsupported")])

    def format(self, text: str) -> str:
        value = self.compact(text)
        try:
            written = str(self._loaded().format(value)) if hasattr(self._loaded(), "format") else value
        except Exception:
            written = value
        return written if self.validate(written).value == value else value

    def _compacted(self, value: str) -> str:
        try:
            return str(self._loaded().compact(value))
        except Exception:
            return value

    def _stays(self, value: str) -> bool:
        """
        Whether *value* is itself a valid number; some modules return what they refuse.

        Of those that stay, the one without separators is the number, so that equal numbers are equal texts.
        """
        try:
            self._loaded().validate(value)
        except Exception:
            return False
        return True

    def _loaded(self) -> ModuleType:
        if self._module is None:
            self._module = importlib.import_module(self._path)
        return self._module


def _rule(error: Exception) -> str:
    return next((_RULES[cls.__name__] for cls in type(error).__mro__ if cls.__name__ in _RULES), "unsupported")


class StdnumLibrary(Mapping[str, IdentifierScheme]):
    """All modules of python-stdnum as schemes; nothing of it is imported until one is asked for."""

    def __init__(self) -> None:
        self._known: dict[str, StdnumScheme] = {}

    def __getitem__(self, name: str) -> IdentifierScheme:
        found = self._known.get(name)
        if found is None:
            if not self._exists(name):
                raise KeyError(name)
            found = self._known[name] = StdnumScheme(name, module=name)
        return found

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (name in self._known or self._exists(name))

    def __iter__(self) -> Iterator[str]:
        root = _folder()
        for module in pkgutil.iter_modules([root], "stdnum."):
            if module.ispkg:
                country = f"{root}/{module.name.removeprefix('stdnum.')}"
                yield from (inner.name for inner in pkgutil.iter_modules([country], module.name + "."))
            elif module.name not in _HELPERS:
                yield module.name

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _exists(self, name: str) -> bool:
        # A name may come from a customer's file: only the plain name of a module that validates is looked for.
        if not _NAME.fullmatch(name) or name in _HELPERS:
            return False
        try:
            found = importlib.util.find_spec(name)
        except (ImportError, ValueError):
            return False
        return found is not None and found.submodule_search_locations is None


def _folder() -> str:
    spec = importlib.util.find_spec("stdnum")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return spec.submodule_search_locations[0]
