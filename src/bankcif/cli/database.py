"""`bankcif db`: what a database administrator does: tables, versions, roles."""

from __future__ import annotations

import click

from ..errors import ConfigurationError
from ._shared import DEFAULT_DB, emit

__all__ = ["db"]

_KINDS = ["sqlite", "postgresql", "mariadb", "mysql"]


@click.group()
def db() -> None:
    """The database: bring its tables to this version, compare them, print statements and roles."""


_url = click.option(
    "--db", "url", envvar="BANKCIF_DB", default=DEFAULT_DB, show_default=True, help="SQLAlchemy URL of the store."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_kind = click.option("--kind", type=click.Choice(_KINDS), help="Of which database; that of --db by default.")


_partitions = click.option(
    "--partitions", type=int, default=0, metavar="N", help="Split new tables on PostgreSQL into N parts by hash."
)


@db.command("upgrade")
@_url
@_partitions
@_json
def upgrade(url: str, partitions: int, as_json: bool) -> int:
    """
    Bring the tables to this library's version, from any earlier one, or lay them out in an empty database. Stop what uses the store
    first, and back it up. Needs rights to make and change tables; see `db roles`.
    """
    from ..storage.upgrade import upgrade as run

    before, after = run(url, partitions=partitions)
    words = (
        f"tables of version {after} are laid out" if before is None
        else f"the tables are of version {after} already" if before == after
        else f"the tables went from version {before} to {after}"
    )  # fmt: skip
    emit(as_json, {"before": before, "after": after}, lambda: click.echo(words))
    return 0


@db.command("current")
@_url
@_json
def current(url: str, as_json: bool) -> int:
    """Tell of which version the tables are, and which this library works with; exit 1 if they differ."""
    from ..storage.schema import SCHEMA, problem_of
    from ..storage.upgrade import current as version_at

    version = version_at(url)
    problem = problem_of(version)
    words = f"the database {problem}" if problem else f"the tables are of version {version}, as this library's are"
    emit(as_json, {"version": version, "library": SCHEMA}, lambda: click.echo(words))
    return 1 if problem else 0


@db.command("check")
@_url
@_json
def check(url: str, as_json: bool) -> int:
    """Compare the tables with what this library lays out; exit 1 if they differ."""
    from ..storage.upgrade import differences

    found = differences(url)
    emit(
        as_json,
        {"differences": found},
        lambda: click.echo("\n".join(found) or "the tables are as this library lays them out"),
    )
    return 1 if found else 0


@db.command("sql")
@_url
@_kind
@click.option("--since", help="Version of the tables as they are; without, they are laid out anew.")
@_partitions
def sql(url: str, kind: str | None, since: str | None, partitions: int) -> int:
    """
    Print the statements that lay out the tables, or that bring them from a version to this library's, for whoever may change tables only
    by a script that others have read. Nothing is connected to.
    """
    from ..storage.sql import named
    from ..storage.upgrade import statements

    click.echo(statements(kind or named(url)[0], since, partitions=partitions), nl=False)
    return 0


@db.command("roles")
@_url
@_kind
@click.option("--database", help="Name of the database; that of --db by default.")
@click.option("--schema", default="public", show_default=True, help="Of the tables, on PostgreSQL.")
@click.option("--again", is_flag=True, help="The roles are there: what they need of tables that an upgrade made.")
def roles(url: str, kind: str | None, database: str | None, schema: str, again: bool) -> int:
    """
    Print the statements that make three roles with least privilege: bankcif_migration makes and changes tables, bankcif_service reads and
    writes rows but neither changes nor deletes the log's, bankcif_report reads plain facts. Nothing is connected to.
    """
    from ..storage.roles import roles as granted
    from ..storage.sql import named

    known, name = named(url)
    if not (database or name):
        raise ConfigurationError("name the database by --database", rule="database")
    click.echo(granted(kind or known, database or name, schema, again=again), nl=False)
    return 0
