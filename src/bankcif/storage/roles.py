"""
Who may do what in the database, as SQL for its administrator: least privilege, by what each needs.

* ``bankcif_migration`` makes and changes tables: whoever runs `bankcif db upgrade`.
* ``bankcif_service`` reads and writes rows: whoever opens the store. It takes nothing out of the log and changes nothing in it.
* ``bankcif_report`` reads plain facts: reports over customers without names and numbers.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Table
from sqlalchemy.engine import Dialect, make_url

from ..errors import StorageError
from . import _tables as t
from .partitions import PARTS

__all__ = ["ROLES", "roles"]

ROLES = ("bankcif_migration", "bankcif_service", "bankcif_report")
_MIGRATION, _SERVICE, _REPORT = ROLES
_STAYS = frozenset({"store", "party", "audit_head", "feed"})
"""Tables of which no row is deleted."""
_READ = frozenset({"schema_version"})
_PLAIN = frozenset({"party", "fact", "schema_version"})


def roles(kind: str, database: str, schema: str = "public", *, again: bool = False) -> str:
    """
    The statements that make the roles and grant what each needs, for tables that are laid out.

    Args:
        kind: ``postgresql``, ``mariadb`` or ``mysql``.
        database: Name of the database.
        schema: Of the tables, on PostgreSQL.
        again: Whether the roles are there, and are granted what tables need that an upgrade made.

    Raises:
        StorageError: Databases of this kind have no roles.
    """
    if kind not in ("postgresql", "mariadb", "mysql"):
        raise StorageError(
            f"a database of kind {kind} has no roles; protect its file by the rights of the file system", rule="roles"
        )
    made = _postgresql(database, schema) if kind == "postgresql" else _mysql(kind, database)
    return "".join(f"{one};\n" for one in made if not (again and one.startswith("CREATE ROLE")))


def _granted(table: Table) -> str:
    """What the service may do with *table*."""
    if table.name in _READ:
        return "SELECT"
    if table.name in t.GROWS:
        return "SELECT, INSERT"
    return "SELECT, INSERT, UPDATE" if table.name in _STAYS else "SELECT, INSERT, UPDATE, DELETE"


def _postgresql(database: str, schema: str) -> Iterator[str]:
    dialect = _dialect("postgresql")
    quoted = dialect.identifier_preparer.quote
    base, space = quoted(database), quoted(schema)
    yield f"REVOKE ALL ON DATABASE {base} FROM PUBLIC"
    yield f"REVOKE ALL ON SCHEMA {space} FROM PUBLIC"
    for role in ROLES:
        yield f"CREATE ROLE {role} NOLOGIN"
        yield f"GRANT CONNECT ON DATABASE {base} TO {role}"
        yield f"GRANT USAGE ON SCHEMA {space} TO {role}"
    yield f"GRANT CREATE ON SCHEMA {space} TO {_MIGRATION}"
    for table in t.METADATA.sorted_tables:
        name = f"{space}.{quoted(table.name)}"
        yield f"ALTER TABLE {name} OWNER TO {_MIGRATION}"
        yield f"GRANT {_granted(table)} ON {name} TO {_SERVICE}"
        if table.name in _PLAIN:
            yield f"GRANT SELECT ON {name} TO {_REPORT}"
    # Whoever owns a table does not thereby own its parts.
    yield (
        f"DO $$ DECLARE part regclass; BEGIN FOR part IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = "  # noqa: S608 (only names)
        f"to_regnamespace('{PARTS}') LOOP EXECUTE 'ALTER TABLE ' || part || ' OWNER TO {_MIGRATION}'; END LOOP; "
        f"IF to_regnamespace('{PARTS}') IS NOT NULL THEN ALTER SCHEMA {PARTS} OWNER TO {_MIGRATION}; END IF; END $$"
    )
    yield f"ALTER FUNCTION {space}.bankcif_only_grows() OWNER TO {_MIGRATION}"


def _mysql(kind: str, database: str) -> Iterator[str]:
    quoted = _dialect(kind).identifier_preparer.quote
    base = quoted(database)
    for role in ROLES:
        yield f"CREATE ROLE {role}"
    yield f"GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, TRIGGER, REFERENCES ON {base}.* TO {_MIGRATION}"
    for table in t.METADATA.sorted_tables:
        name = f"{base}.{quoted(table.name)}"
        yield f"GRANT {_granted(table)} ON {name} TO {_SERVICE}"
        if table.name in _PLAIN:
            yield f"GRANT SELECT ON {name} TO {_REPORT}"


def _dialect(kind: str) -> Dialect:
    driver = {"postgresql": "psycopg", "mariadb": "pymysql", "mysql": "pymysql"}[kind]
    made: Dialect = make_url(f"{kind}+{driver}://").get_dialect()()
    return made
