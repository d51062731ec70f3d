"""Users of the database server: who owns the schema, who works in it, who reads the views of ``grafana``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import psycopg
from psycopg import sql

from pipeline.errors import ConfigError, SchemaMissingError
from storage.area_scope import MAKE_ROLE, ROLE
from storage.database import Connection, storage_errors
from storage.database_rights import Rights

READABLE: Final = "grafana"
STATEMENT_S: Final = 30
MOST_CONNECTIONS: Final = 10
"""Of a reader: what Grafana asks must leave room for the services."""
MAINTENANCE: Final = "postgres"
"""The database that every server has: from there others are made."""


_ROWS: Final = sql.SQL("SELECT, INSERT, UPDATE, DELETE")
_STATEMENTS: Final[Mapping[Rights, tuple[str, ...]]] = {
    Rights.OWN: (
        "ALTER ROLE {user} LOGIN INHERIT PASSWORD {password} CONNECTION LIMIT -1",
        "ALTER DATABASE {database} OWNER TO {user}",
        "GRANT {scoped} TO {user}",
    ),
    Rights.WRITE: (
        "ALTER ROLE {user} LOGIN INHERIT PASSWORD {password} CONNECTION LIMIT -1",
        "GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {user}",
        "GRANT USAGE ON SCHEMA public TO {user}",
        "GRANT {rows} ON ALL TABLES IN SCHEMA public TO {user}",
        "REVOKE INSERT, UPDATE, DELETE ON schema_level, schema_migration FROM {user}",
        "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {user}",
        # What later migrations make.
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT {rows} ON TABLES TO {user}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT USAGE ON SEQUENCES TO {user}",
        "GRANT {scoped} TO {user}",
    ),
    Rights.READ: (
        "ALTER ROLE {user} LOGIN NOINHERIT PASSWORD {password} CONNECTION LIMIT {most}",
        "ALTER ROLE {user} SET default_transaction_read_only = on",
        "ALTER ROLE {user} SET statement_timeout = {timeout}",
        "ALTER ROLE {user} SET search_path = {readable}",
        "GRANT CONNECT ON DATABASE {database} TO {user}",
        "GRANT USAGE ON SCHEMA {readable} TO {user}",
        "GRANT SELECT ON ALL TABLES IN SCHEMA {readable} TO {user}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {readable} GRANT SELECT ON TABLES TO {user}",
    ),
}
_TAKEN_BACK: Final = (
    "ALTER ROLE {user} RESET ALL",
    "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {user}",
    "REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {user}",
    "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public REVOKE ALL ON TABLES FROM {user}",
    "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public REVOKE ALL ON SEQUENCES FROM {user}",
    "REVOKE {scoped} FROM {user}",
)
"""From a user that is there: what it had by other rights than those that it gets now."""


def make_database(maintenance: Connection, name: str) -> bool:
    """Make a database in UTF-8 where it is missing, open to nobody yet; tells whether it was made.

    Raises:
        StorageError: If the server is away, or this user may make none.
    """
    with storage_errors(f"making the database {name}"):
        there = maintenance.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
        if there is not None:
            return False
        # A cluster made under the locale C keeps bytes, not characters, unless it is told.
        for statement in (
            "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'",
            "REVOKE CONNECT ON DATABASE {} FROM PUBLIC",
        ):
            maintenance.execute(sql.SQL(statement).format(sql.Identifier(name)))
    return True


def make_user(connection: Connection, name: str, password: str, rights: Rights) -> None:
    """Make a user of the connection's database, or set its password and rights anew.

    The server is sent what it keeps of the password, never the password: statements may be logged.

    Raises:
        ConfigError: If a user of that name has more rights than these and is left alone, or if the
            connection's own user may not make any.
        SchemaMissingError: If there are no tables yet that a right could be given on.
        StorageError: If the database is away or refuses.
    """
    with storage_errors(f"making the user {name}"), _told_who_may(connection), connection.transaction():
        is_there = _refuse_greater(connection, name, rights)
        owner = _owner_of_tables(connection)
        if rights is Rights.OWN and owner not in {None, name}:
            raise ConfigError(
                f"the tables of this database are {owner!r}'s: name it, or give {name!r} --rights write"
            )
        if rights is not Rights.OWN and owner is None:
            raise SchemaMissingError(
                f"there are no tables that {name!r} could be let see. Next step: run 'kilowatch db migrate'"
            )
        names = {
            "user": name,
            "owner": owner or name,
            "scoped": ROLE,
            "readable": READABLE,
            "database": connection.info.dbname,
        }
        values = {
            "password": _verifier(connection, name, password),
            "most": MOST_CONNECTIONS,
            "timeout": f"{STATEMENT_S}s",
        }
        before: tuple[str, ...] = _TAKEN_BACK if is_there else ("CREATE ROLE {user}",)
        if is_there and rights is Rights.OWN:
            before = ()  # rights on what it owns are its own
        for statement in (MAKE_ROLE, *before, *_STATEMENTS[rights]):
            connection.execute(
                sql.SQL(statement).format(
                    **{key: sql.Identifier(name) for key, name in names.items()},
                    **{key: sql.Literal(value) for key, value in values.items()},
                    rows=_ROWS,
                )
            )


def _refuse_greater(connection: Connection, name: str, rights: Rights) -> bool:
    """Tell whether a user is there; one that may more than it would get is left alone."""
    found = connection.execute(
        "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolname = current_user, "
        "pg_has_role(oid, (SELECT datdba FROM pg_database WHERE datname = current_database()), 'MEMBER') "
        "FROM pg_roles WHERE rolname = %s",
        (name,),
    ).fetchone()
    if found is None:
        return False
    makes_others, owns = found
    if makes_others or (owns and rights is not Rights.OWN):
        raise ConfigError(
            f"the user {name!r} is there and may do more than {rights.value}; choose another name"
        )
    return True


def _owner_of_tables(connection: Connection) -> str | None:
    row = connection.execute(
        "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = to_regclass('public.schema_migration')"
    ).fetchone()
    return None if row is None else str(row[0])


@contextmanager
def _told_who_may(connection: Connection) -> Iterator[None]:
    """Say who can make users where the connection's own user may not."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise ConfigError(
            f"{connection.info.user} may not make users ({error.diag.message_primary}). Next step: run this "
            "as the server's superuser, on the server itself: runuser -u postgres -- env "
            f"KILOWATCH_DATABASE_URL=postgresql:///{connection.info.dbname} kilowatch db user ..."
        ) from error


def _verifier(connection: Connection, name: str, password: str) -> str:
    """Return what the server keeps of a password, of the kind that its ``password_encryption`` names."""
    encoding = connection.info.encoding
    kept = connection.pgconn.encrypt_password(password.encode(encoding), name.encode(encoding))
    return kept.decode()
