"""What commands share: options, opening a store, operators, output."""

from __future__ import annotations

import os
import re
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import click

from .._clock import from_micros
from ..audit import NoteKey, Witness
from ..cif import CIF
from ..context import Actor, Purpose
from ..errors import ConfigurationError
from ..party import ReferenceTables
from ..protection import KeyProvider, LocalKeyProvider, TransitKeyProvider
from ._output import emit

__all__ = [
    "DEFAULT_OPERATORS",
    "Session",
    "StoreOptions",
    "customer_command",
    "emit",
    "fingerprint",
    "is_key_service",
    "key_provider",
    "read_operators",
    "read_secret",
    "store_command",
    "table",
    "told",
]

DEFAULT_DB = "sqlite:///cif.db"
DEFAULT_KEYS = "keys.json"
DEFAULT_OPERATORS = "operators.toml"


@attrs.frozen(kw_only=True)
class StoreOptions:
    """Which store, who vouches for its log, who gets it, and how the answer is printed."""

    db: str
    keys: str
    key_store: str | None
    operators: str
    policy: str | None
    tables: str | None
    tenant: str
    witnesses: tuple[str, ...]
    witness_keys: tuple[str, ...]
    sink: str | None
    as_json: bool

    def open(self, *, create: bool = False, provider: KeyProvider | None = None, **more: Any) -> CIF:
        """The store; it must exist unless *create*. *more* are further arguments of `CIF.open`."""
        from ..access import Policy
        from ..audit import JsonLinesSink, NoteKey

        keys = [NoteKey.read(text) for text in self.witness_keys]
        return CIF.open(
            self.db,
            tenant=self.tenant,
            keys=provider or key_provider(self.keys),
            key_store=self.key_store,
            create=create,
            policy=Policy.read(Path(self.policy)) if self.policy else None,
            tables=ReferenceTables.read(Path(self.tables)) if self.tables else None,
            witnesses=[witness_of(name, keys) for name in self.witnesses],
            sinks=[JsonLinesSink(self.sink)] if self.sink else [],
            **more,
        )


@attrs.frozen(kw_only=True)
class Session(StoreOptions):
    """Of which store, who asks, and what for."""

    operator: str
    purpose: Purpose

    def actor(self, cif: CIF) -> Actor:
        """
        The operator, as the operators file describes them; recognized by what they are enrolled with, if they are.

        Raises:
            AuthenticationError: They were not recognized.
            ConfigurationError: They are not in the operators file, or nobody can be asked for a password.
        """
        found = read_operators(Path(self.operators)).get(self.operator)
        if found is None:
            raise ConfigurationError(
                f"the operator {self.operator} is not in {self.operators}; add them there with their roles",
                rule="operator",
            )
        if not cif.operators.is_enrolled(self.operator):
            return found
        password = read_secret("BANKCIF_PASSWORD", f"password of {self.operator}")
        code = os.environ.get("BANKCIF_CODE")
        if code is None and sys.stdin.isatty():
            code = str(click.prompt("one-time code (none)", default="", show_default=False, err=True))
        return attrs.evolve(
            found, auth=cif.operators.log_in(self.operator, password, code or None, origin="command line")
        )


def witness_of(name: str, keys: Sequence[NoteKey]) -> Witness:
    """
    The witness that ``--witness`` names: an ``https://…`` prefix (with its ``--witness-key``), an SQLAlchemy URL, or a file.

    Raises:
        ConfigurationError: The address is not one to trust, or its key is not named.
        StoreOpenError: The URL names no database that is supported.
    """
    from ..audit import FileWitness, HttpWitness

    if name.startswith(("https://", "http://")):
        return HttpWitness(name, keys=keys)
    if "://" in name:
        from ..storage.witness import SqlWitness

        return SqlWitness(name)
    return FileWitness(name)


def is_key_service(keys: str) -> bool:
    """Whether *keys* is an address rather than a file."""
    return keys.startswith(("https://", "http://"))


def key_provider(keys: str) -> KeyProvider:
    """
    The provider that ``--keys`` names: a key file, or ``https://HOST:PORT/MOUNT/KEY`` of a transit engine, whose token
    stands in BANKCIF_KEY_TOKEN and whose index key is ``KEY-index``.

    Raises:
        ConfigurationError: The address names no engine and key, or there is no token.
    """
    if not is_key_service(keys):
        return LocalKeyProvider.from_file(keys)
    base, _, path = keys.partition("://")[2].partition("/")
    mount, _, key = path.strip("/").rpartition("/")
    token = os.environ.get("BANKCIF_KEY_TOKEN", "")
    if not mount or not key or not token:
        raise ConfigurationError(
            "a key service is named as  https://HOST:PORT/MOUNT/KEY  and its token stands in BANKCIF_KEY_TOKEN",
            rule="key_service",
        )
    scheme = keys.partition("://")[0]
    return TransitKeyProvider(f"{scheme}://{base}", token=token, mount=mount, key=key, index_key=f"{key}-index")


def fingerprint(provider: KeyProvider) -> str:
    """Twelve digits that tell two key files apart; of a key service, the name of its key."""
    return provider.fingerprint if isinstance(provider, LocalKeyProvider) else provider.kek_id


def told(provider: KeyProvider) -> str:
    """The fingerprint, or the service's key, in words."""
    return ("fingerprint " if isinstance(provider, LocalKeyProvider) else "key ") + fingerprint(provider)


def read_operators(path: Path) -> dict[str, Actor]:
    """
    The operators in the TOML file *path*: a table for each, with ``roles``, and perhaps ``branch`` and ``person``.

    Raises:
        ConfigurationError: The file is missing or has another shape.
    """
    problem, parsed = "", {}
    try:
        parsed = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        problem = "does not exist; bankcif init writes one"
    except (OSError, ValueError):
        problem = "is not TOML in UTF-8"
    if not problem:
        try:
            return {
                name: Actor(
                    id=name, roles=frozenset(entry["roles"]), branch=entry.get("branch"),
                    person=entry.get("person", name),
                )
                for name, entry in parsed.items()
            }  # fmt: skip
        except (KeyError, TypeError, AttributeError):
            problem = 'does not have a table with roles = ["…"] for each operator'
    raise ConfigurationError(f"the operators file {path} {problem}", path=str(path), rule="operator")


_STORE_OPTIONS = (
    click.option(
        "--db", envvar="BANKCIF_DB", default=DEFAULT_DB, show_default=True, help="SQLAlchemy URL of the store."
    ),
    click.option(
        "--keys",
        envvar="BANKCIF_KEYS",
        default=DEFAULT_KEYS,
        show_default=True,
        help="Key file, or the address of a key service.",
    ),
    click.option("--key-store", help="Key store: a file, or the URL of a database of its own; beside an SQLite database by default."),
    click.option("--operators", default=DEFAULT_OPERATORS, show_default=True, help="Operators and their roles (TOML)."),
    click.option(
        "--policy", help="Access policy (TOML) that init founds a store with; of another store the one in force."
    ),
    click.option("--tables", help="Folder with further reference tables."),
    click.option("--tenant", default="bank", show_default=True, help="Bank or legal entity."),
    click.option(
        "--witness", "witnesses", multiple=True, envvar="BANKCIF_WITNESS",
        help="Who remembers the log's checkpoints: a file, a database's URL, or https://…; may be given again.",
    ),
    click.option(
        "--witness-key", "witness_keys", multiple=True, envvar="BANKCIF_WITNESS_KEY", help="Key of a witness on https."
    ),
    click.option("--sink", envvar="BANKCIF_SINK", help="File that gets a line of JSON for each entry of the log."),
    click.option("--json", "as_json", is_flag=True, help="Print JSON."),
)  # fmt: skip
_OWN = [attribute.name for attribute in attrs.fields(StoreOptions)]


def store_command(function: Callable[..., Any]) -> Callable[..., Any]:
    """Makes *function* a command body that gets `StoreOptions` first."""

    def with_store(**options: Any) -> Any:
        own = {name: options.pop(name) for name in _OWN}
        return function(StoreOptions(**own), **options)

    return _with_options(with_store, function)


def _with_options(body: Callable[..., Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """*body* in the name of *function*, with what that declares and the options of a store."""
    body.__name__, body.__doc__ = function.__name__, function.__doc__
    body.__click_params__ = list(getattr(function, "__click_params__", []))  # type: ignore[attr-defined]
    for option in reversed(_STORE_OPTIONS):
        body = option(body)
    return body


def customer_command(function: Callable[..., Any]) -> Callable[..., Any]:
    """Makes *function* a command body that gets a `Session` first; it requires operator and purpose."""

    def with_session(operator: str, purpose: str, **options: Any) -> Any:
        own = {name: options.pop(name) for name in _OWN}
        return function(Session(**own, operator=operator, purpose=Purpose(purpose)), **options)

    wrapped = _with_options(with_session, function)
    wrapped = click.option("--purpose", required=True, type=click.Choice([p.value for p in Purpose]), help="What for.")(
        wrapped
    )
    return click.option("--as", "operator", envvar="BANKCIF_AS", required=True, help="Operator who asks.")(wrapped)


def read_secret(variable: str, asked: str, *, twice: bool = False) -> str:
    """
    A secret from the environment, or, where there is a terminal, from whoever sits there; it is not shown.

    Raises:
        ConfigurationError: There is neither.
    """
    found = os.environ.get(variable)
    if found is not None:
        return found
    if sys.stdin is None or not sys.stdin.isatty():
        raise ConfigurationError(f"nobody can be asked here for the {asked}; set {variable}", rule="secret")
    return str(click.prompt(asked, hide_input=True, confirmation_prompt=twice, err=True))


def read_value(value: str | None) -> str:
    """A value from the command line, or, without one, the next line of standard input. Raises `ConfigurationError` where that is closed."""
    if value is None and sys.stdin is None:
        raise ConfigurationError("standard input is closed; give the value, or pipe it in", rule="secret")
    return sys.stdin.readline().rstrip("\r\n") if value is None else value


def instant(micros: int) -> str:
    """An instant for people, to the second, UTC."""
    return from_micros(micros).strftime("%Y-%m-%d %H:%M:%S")


_COPIED = re.compile(r"(?=.*\d)[0-9A-Za-z:._-]{10,20}")
"""What people copy, such as a customer's number: it is not broken over lines."""


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Prints a table; columns that are numbers stand right, and what would steer a terminal is written out."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    if not rows:
        console.print(f"{title}: none", style=None)
        return
    drawn = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    room = console.width // 2
    for index, name in enumerate(columns):
        cells = [row[index] for row in rows]
        numeric = all(isinstance(cell, int | float) for cell in cells)
        copied = all(isinstance(cell, str) and _COPIED.fullmatch(cell) for cell in cells)
        room -= max(map(len, map(str, cells))) if copied else 0
        copied = copied and room >= 0  # the other columns have to be read, too
        drawn.add_column(name, justify="right" if numeric else "left", overflow="fold", no_wrap=copied)
    for row in rows:
        # Text, since a cell may be a customer's, and brackets in it are no markup.
        drawn.add_row(*(Text("" if cell is None else harmless(str(cell))) for cell in row))
    console.print(drawn)


def harmless(text: str) -> str:
    """*text* with everything that does not print, such as an escape sequence, written as Python writes it."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def shown(value: Any) -> str:
    """A masked value of a view, for people."""
    if isinstance(value, list):
        return "; ".join(shown(one) for one in value)
    if isinstance(value, Mapping):
        return " ".join(f"{name}={inner}" for name, inner in value.items())
    return str(value)
