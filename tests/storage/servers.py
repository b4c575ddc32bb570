"""
Database servers for the tests: one that a URL of the environment names, else one on the standard port or socket, else a cluster
of our own, made from the installed binaries and gone with the tests. A database that cannot be had is told at the end of the run.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import attrs
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

NAMES = ("postgresql", "mariadb")
VARIABLES = {"postgresql": "BANKCIF_TEST_POSTGRESQL", "mariadb": "BANKCIF_TEST_MYSQL"}


@attrs.frozen
class Server:
    """
    A server where the tests may make databases.

    Attributes:
        url: Of a user who may, on a database that is there.
        name: ``postgresql`` or ``mariadb``.
    """

    url: URL
    name: str

    def run(self, *statements: str) -> None:
        """Runs *statements*, each by itself."""
        engine = create_engine(self.url, isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                for statement in statements:
                    connection.execute(text(statement))
        finally:
            engine.dispose()

    @contextmanager
    def database(self, how: str = "") -> Iterator[str]:
        """The URL of a new database, empty and dropped behind; *how* it is made, if not in the library's way."""
        name = f"bankcif_test_{uuid4().hex[:12]}"
        standard = {
            "postgresql": "ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0",
            "mariadb": "CHARACTER SET utf8mb4",
        }
        self.run(f"CREATE DATABASE {name} {how or standard[self.name]}")
        try:
            plain = self.url.set(drivername=self.name, database=name)
            yield plain.render_as_string(hide_password=False)
        finally:
            self.run(f"DROP DATABASE {name}" + (" WITH (FORCE)" if self.name == "postgresql" else ""))


@contextmanager
def server(name: str) -> Iterator[Server | str]:
    """The server *name*; its name and why it cannot be had, if it cannot."""
    given = os.environ.get(VARIABLES[name])
    places = [make_url(given)] if given else _STANDARD[name]()
    for url in places:
        if _answers(url):
            yield Server(url, name)
            return
    if given:
        yield f"{name}: {VARIABLES[name]} names a server that does not answer"
        return
    try:
        with OWN[name]() as own:
            yield Server(own.url, name)
    except FileNotFoundError as error:
        yield f"{name}: no server answers, and none is installed ({error.args[0]})"


def _answers(url: URL) -> bool:
    try:
        engine = create_engine(url)
    except ModuleNotFoundError:
        return False
    try:
        with engine.connect():
            return True
    except (SQLAlchemyError, OSError, RuntimeError):
        return False
    finally:
        engine.dispose()


def _standard_postgresql() -> list[URL]:
    users = (None, "postgres")
    hosts: list[Mapping[str, Any]] = [{"query": {"host": "/var/run/postgresql"}}, {"host": "127.0.0.1"}]
    return [
        URL.create("postgresql+psycopg", username=user, database="postgres", **host) for host in hosts for user in users
    ]


def _standard_mariadb() -> list[URL]:
    socket_ = {"query": {"unix_socket": "/run/mysqld/mysqld.sock"}}
    hosts: list[Mapping[str, Any]] = [socket_, {"host": "127.0.0.1"}]
    return [URL.create("mariadb+pymysql", username="root", database="mysql", **host) for host in hosts]


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def folder_of(user: str) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """A folder for a server's files, and as whom to start it: servers refuse to be started by root."""
    with tempfile.TemporaryDirectory(prefix="bankcif-", dir="/tmp") as made:
        path, who = Path(made), {}
        if os.geteuid() == 0:
            try:
                found = pwd.getpwnam(user)
            except KeyError:
                raise FileNotFoundError(f"no user {user}") from None
            os.chown(path, found.pw_uid, found.pw_gid)
            who = {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
        yield path, who


@attrs.define
class Own:
    """
    A server of our own.

    Attributes:
        url: Of its owner.
        start: How it is started, as whom, and in which folder its log is.
    """

    url: URL
    start: Sequence[Any]
    who: Mapping[str, Any]
    folder: Path
    _process: subprocess.Popen[Any] | None = None

    def begin(self) -> None:
        """Starts it, and waits until it answers; again, if it waits for what is left of the one before."""
        until = time.monotonic() + 60
        while True:
            if self._process is None or self._process.poll() is not None:
                with (self.folder / "log").open("a") as log:
                    self._process = subprocess.Popen(self.start, stderr=log, **self.who)
            if _answers(self.url):
                return
            assert time.monotonic() < until, (self.folder / "log").read_text()[-2000:]
            time.sleep(0.1)

    def kill(self) -> None:
        """Ends it as a loss of power would, but for what the operating system has not yet written."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """Ends it."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()


@contextmanager
def own_postgresql(*settings: str, files: Mapping[str, bytes] | None = None) -> Iterator[Own]:
    """
    A cluster of PostgreSQL that ends with the block, with *settings* of ``postgresql.conf`` and *files* beside it. Its owner is let
    in as they are, everybody else by their password.
    """
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not binaries:
        raise FileNotFoundError("initdb")
    home, port = binaries[-1].parent, free_port()
    with folder_of("postgres") as (folder, who):
        data = folder / "data"
        made: list[Any] = [
            home / "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ]
        subprocess.run(made, check=True, capture_output=True, **who)
        place = (f"port = {port}", f"unix_socket_directories = '{folder}'", "listen_addresses = '127.0.0.1'")
        with (data / "postgresql.conf").open("a") as out:
            out.writelines(f"{setting}\n" for setting in (*place, *settings))
        (data / "pg_hba.conf").write_text(
            "local all all trust\nhost all postgres all trust\nhost all all all scram-sha-256\n"
        )
        for name, content in (files or {}).items():
            (data / name).write_bytes(content)
            (data / name).chmod(0o600)
            os.chown(data / name, who.get("user", -1), who.get("group", -1))
        url = URL.create("postgresql+psycopg", username="postgres", host="127.0.0.1", port=port, database="postgres")
        with _running(Own(url, [home / "postgres", "-D", data], who, folder)) as own:
            yield own


@contextmanager
def own_mariadb(*settings: str) -> Iterator[Own]:
    """A server of MariaDB that ends with the block, with *settings* as its options."""
    daemon, install = (
        shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") for name in ("mariadbd", "mariadb-install-db")
    )
    if daemon is None or install is None:
        raise FileNotFoundError("mariadbd")
    port = free_port()
    with folder_of("mysql") as (folder, who):
        data = folder / "data"
        made = [
            install,
            "--no-defaults",
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ]
        subprocess.run(made, check=True, capture_output=True, **who)
        start = [daemon, "--no-defaults", f"--datadir={data}", f"--port={port}", f"--socket={folder / 'sock'}",
                 "--bind-address=127.0.0.1", f"--pid-file={folder / 'pid'}", *settings]  # fmt: skip
        url = URL.create("mariadb+pymysql", username="root", host="127.0.0.1", port=port, database="mysql")
        with _running(Own(url, start, who, folder)) as own:
            yield own


@contextmanager
def _running(own: Own) -> Iterator[Own]:
    try:
        own.begin()
        yield own
    finally:
        own.end()


OWN: Mapping[str, Callable[[], Any]] = {"postgresql": own_postgresql, "mariadb": own_mariadb}
_STANDARD: Mapping[str, Callable[[], list[URL]]] = {"postgresql": _standard_postgresql, "mariadb": _standard_mariadb}
