"""The areas (台区) of a connection: the database itself then gives no row of another (row-level security)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto

import psycopg

from pipeline.errors import StorageError
from pipeline.model import Scope
from storage.database import Connection, storage_errors

log = logging.getLogger("kilowatch.storage")

ROLE = "kilowatch_scoped"
"""What a connection becomes that reads for some areas: no owner, so policies hold for it."""
HIDDEN = ("account", "account_session", "api_token", "login_failure", "access_event")
"""Tables that it may not even look at."""
_NO_ROLE = (psycopg.errors.InvalidParameterValue, psycopg.errors.InsufficientPrivilege)
"""What the database says of a role that is not there, or that the connection may not take."""
MAKE_ROLE = """
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'kilowatch_scoped') THEN
        CREATE ROLE kilowatch_scoped NOLOGIN;
    END IF;
    IF NOT pg_has_role(current_user, 'kilowatch_scoped', 'MEMBER') THEN
        GRANT kilowatch_scoped TO current_user;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;  -- another database of this server made it just now
END
$$
"""
"""Makes it where it is missing, and lets the connection's user take it."""
_GRANTS = (
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {ROLE}",
    f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {ROLE}",
    f"REVOKE ALL ON {', '.join(HIDDEN)} FROM {ROLE}",
    f"REVOKE INSERT, UPDATE, DELETE ON schema_level, schema_migration FROM {ROLE}",
)


class RoleState(Enum):
    """What the role is worth to the connection's user."""

    READY = auto()
    LOCKED_OUT = auto()
    """It can be taken, but may not read: accounts with areas get errors, as after a restore by hand."""
    OUT_OF_REACH = auto()
    """It is not there, or this user may not take it: only the queries themselves keep to the areas."""


def role_state(connection: Connection) -> RoleState:
    """Look whether this user may take the role, and whether the role may read.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("looking at the role of accounts with areas"):
        row = connection.execute(
            "SELECT has_table_privilege(oid, 'meter', 'SELECT'), pg_has_role(current_user, oid, 'MEMBER') "
            "FROM pg_roles WHERE rolname = %s",
            (ROLE,),
        ).fetchone()
    if row is None or not row[1]:
        return RoleState.OUT_OF_REACH
    return RoleState.READY if row[0] else RoleState.LOCKED_OUT


def prepare_scoped_role(connection: Connection, *, told: bool = False) -> bool:
    """Make the role where it is missing, and give it the tables; tells whether that was possible.

    Whoever migrates may lack the right to make roles. Queries then still keep to the scope by themselves; the
    log warns of it, but where it was ``told`` before.
    """
    try:
        with connection.transaction():
            connection.execute(MAKE_ROLE.encode())
            for grant in _GRANTS:
                connection.execute(grant.encode())
    except psycopg.errors.InsufficientPrivilege as error:
        log.log(
            logging.DEBUG if told else logging.WARNING,
            "row-level security is off: the database's user may not make the role %s. Next step: as a "
            "superuser, CREATE ROLE %s NOLOGIN and GRANT it to that user, then 'kilowatch db migrate'",
            *(ROLE, ROLE),
            extra={"reason": " ".join(str(error).split())},
        )
        return False
    return True


@contextmanager
def limited_to(connection: Connection, scope: Scope) -> Iterator[None]:
    """Let a connection see rows of the scope's areas only, as long as the block lasts."""
    if scope.areas is None or not _take_role(connection, scope.areas):
        yield
        return
    try:
        yield
    finally:
        _leave_role(connection)


def _take_role(connection: Connection, areas: frozenset[str]) -> bool:
    try:
        with storage_errors("limiting a connection to areas"):
            connection.execute(
                # Policies make a small question look dear: compiling it would take longer than answering it.
                "SELECT set_config('kilowatch.areas', %s::text[]::text, false), "
                "set_config('jit', 'off', false), set_config('role', %s, false)",
                (sorted(areas), ROLE),
            )
    except StorageError as error:
        if not isinstance(error.__cause__, _NO_ROLE):
            raise
        log.warning("row-level security is off: there is no role %s to take", ROLE)
        return False
    return True


def _leave_role(connection: Connection) -> None:
    try:
        connection.execute("RESET ROLE; RESET jit; SELECT set_config('kilowatch.areas', '', false)")
    except psycopg.Error:
        # It must not serve anybody else as what it is: a pool makes another one.
        connection.close()
