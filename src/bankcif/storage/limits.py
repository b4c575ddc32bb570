"""How long a store waits for its database."""

from __future__ import annotations

from typing import Any

import attrs

from ..errors import ConfigurationError

__all__ = ["Limits"]

_MOST = 100_000
"""Of any limit: more than a day."""


def _within(_: object, attribute: attrs.Attribute[Any], value: float) -> None:
    if not 0 < value <= _MOST:
        raise ConfigurationError(
            f"the limit {attribute.name} must be more than 0, and {_MOST:,} at most", rule="limits"
        )


@attrs.frozen(kw_only=True)
class Limits:
    """
    How long a store waits for its database, and over how many connections it speaks to it.

    Attributes:
        connect_seconds: For a connection to be made.
        lock_seconds: For another writer to end.
        statement_seconds: For one statement; reports over all customers may need more.
        idle_seconds: After which a server ends a transaction in which nothing is asked, so that a process that hangs holds
            nobody up.
        connections, more_connections: That are kept, and that may be made beside them and are closed again.
        wait_seconds: For one of them to be free.
        keep_seconds: After which a connection is replaced, before a firewall forgets it.
    """

    connect_seconds: float = attrs.field(default=10.0, validator=_within)
    lock_seconds: float = attrs.field(default=30.0, validator=_within)
    statement_seconds: float = attrs.field(default=60.0, validator=_within)
    idle_seconds: float = attrs.field(default=300.0, validator=_within)
    connections: int = attrs.field(default=5, validator=_within)
    more_connections: int = attrs.field(default=10, validator=_within)
    wait_seconds: float = attrs.field(default=30.0, validator=_within)
    keep_seconds: float = attrs.field(default=1800.0, validator=_within)
