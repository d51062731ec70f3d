"""The account that Grafana reads with: it sees the views of the schema ``grafana`` and nothing else."""

from __future__ import annotations

from typing import Final

from psycopg import sql

from pipeline.errors import ConfigError
from storage.database import Connection, storage_errors

SCHEMA: Final = "grafana"
STATEMENT_S: Final = 30
MOST_CONNECTIONS: Final = 10


def make_reader(connection: Connection, name: str, password: str) -> None:
    """Make the account, or set its password and rights anew.

    The server is sent what it keeps of the password, never the password: statements may be logged.

    Raises:
        ConfigError: If an account of that name is more than a reader: it is left alone.
        StorageError: If the database is away, or this account may make none.
    """
    with storage_errors(f"making the reader {name}"), connection.transaction():
        there = connection.execute(
            "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolname = current_user FROM pg_roles "
            "WHERE rolname = %s",
            (name,),
        ).fetchone()
        if there is not None and there[0]:
            raise ConfigError(f"the account {name!r} is there and is no reader; choose another name")
        role = sql.Identifier(name)
        for statement in (
            "CREATE ROLE {role}"
            if there is None
            else "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}",
            "ALTER ROLE {role} LOGIN NOINHERIT PASSWORD {password} CONNECTION LIMIT {most}",
            "ALTER ROLE {role} SET default_transaction_read_only = on",
            "ALTER ROLE {role} SET statement_timeout = {timeout}",
            "ALTER ROLE {role} SET search_path = {schema}",
            "GRANT CONNECT ON DATABASE {database} TO {role}",
            "GRANT USAGE ON SCHEMA {schema} TO {role}",
            "GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}",
            "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT ON TABLES TO {role}",
        ):
            connection.execute(
                sql.SQL(statement).format(
                    role=role,
                    password=sql.Literal(_verifier(connection, name, password)),
                    most=sql.Literal(MOST_CONNECTIONS),
                    timeout=sql.Literal(f"{STATEMENT_S}s"),
                    schema=sql.Identifier(SCHEMA),
                    database=sql.Identifier(connection.info.dbname),
                )
            )


def _verifier(connection: Connection, name: str, password: str) -> str:
    """Return what the server keeps of a password, of the kind that its ``password_encryption`` names."""
    encoding = connection.info.encoding
    kept = connection.pgconn.encrypt_password(password.encode(encoding), name.encode(encoding))
    return kept.decode()
