"""What databases behind a network have in common: TLS, and connections that went while nobody used them."""

from __future__ import annotations

import time
from collections.abc import Container
from typing import Any

import attrs
from sqlalchemy import event, exc
from sqlalchemy.engine import URL, Engine
from sqlalchemy.pool import ConnectionPoolEntry

from ..errors import StoreOpenError
from ._database import is_local

__all__ = ["Tls", "known_words", "pinged", "tls_of"]

_FRESH = 5.0
"""Seconds in which a connection that was used is taken for alive."""


@attrs.frozen
class Tls:
    """
    How what is sent is protected.

    Attributes:
        mode: ``verify``: encrypted, to a server whose certificate names it; ``encrypt``: encrypted, to whoever answers; ``off``:
            in plain, if the server does not ask for more.
        ca: File of the certificates that vouch for the server's; those of the system if empty.
    """

    mode: str
    ca: str = ""


def tls_of(url: URL, *, elsewhere: bool = False) -> tuple[Tls, URL]:
    """
    What *url* says of TLS, and the URL without it: ``tls`` and ``tls_ca`` of its query. A server on another machine is verified
    unless the URL says otherwise; so is one that may be *elsewhere*, since the URL does not say where it is.

    Raises:
        StoreOpenError: It says what is not known, or says it in the words of one driver.
    """
    others = sorted(name for name in url.query if name.startswith("ssl"))
    mode, ca = (url.query.get(name, "") for name in ("tls", "tls_ca"))
    if not mode:
        mode = "verify" if ca or elsewhere or not is_local(url) else "off"
    if others or mode not in ("verify", "encrypt", "off") or not isinstance(ca, str) or (ca and mode != "verify"):
        raise StoreOpenError(
            "TLS is said as  ?tls=verify  (with &tls_ca=FILE for a certificate of your own), ?tls=encrypt  or  ?tls=off",
            rule="tls",
        )
    return Tls(mode, ca), url.difference_update_query(["tls", "tls_ca"])


def known_words(url: URL, known: Container[str]) -> None:
    """Raises `StoreOpenError` if the query of *url* has a word that its driver does not take."""
    if odd := sorted(word for word in url.query if word not in known):
        raise StoreOpenError(f"the URL says what its driver does not know: {', '.join(odd)}", rule="url")


def pinged(engine: Engine) -> None:
    """Lets a connection that was not used for some seconds be tried before it is used, and replaced if it went."""

    def came(connection: Any, record: ConnectionPoolEntry, _: object) -> None:
        if time.monotonic() - record.info.get("used", 0.0) < _FRESH:
            return
        problem: Exception | None = None
        try:
            alive = engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            alive, problem = False, error
        if not alive:
            raise exc.DisconnectionError("the connection went") from problem

    def went(_: object, record: ConnectionPoolEntry) -> None:
        record.info["used"] = time.monotonic()

    event.listen(engine, "checkout", came)
    event.listen(engine, "checkin", went)
