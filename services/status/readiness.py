"""Whether a service can work: the database answers, has the schema, lets accounts in, carries notices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from pipeline.errors import StorageError
from storage.area_scope import RoleState, role_state
from storage.database import Connection
from storage.migrate import status
from storage.notify_probe import notifications_arrive


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Ready, or what is in the way and what to do about it."""

    reasons: Sequence[str] = ()

    @property
    def ready(self) -> bool:
        """Whether nothing is in the way."""
        return not self.reasons

    def as_json(self) -> dict[str, object]:
        """Return what a probe is answered."""
        return {"status": "ready" if self.ready else "not ready", "reasons": list(self.reasons)}


def database_readiness(connect: Callable[[], AbstractContextManager[Connection]]) -> Readiness:
    """Look at the database; ``connect`` opens a connection that may write, for ``NOTIFY``.

    The reasons name no address and no account: probes are answered to everybody.
    """
    try:
        with connect() as connection:
            schema = status(connection)
            if schema.pending:
                return Readiness(
                    reasons=[f"{len(schema.pending)} migrations are pending: run 'kilowatch db migrate'"]
                )
            if role_state(connection) is RoleState.LOCKED_OUT:
                return Readiness(reasons=["accounts with areas may read nothing: run 'kilowatch db migrate'"])
            if not notifications_arrive(connection):
                return Readiness(
                    reasons=[
                        "LISTEN brings nothing: connect to the server itself or to a pool in session mode"
                    ]
                )
    except StorageError:
        return Readiness(reasons=["the database does not answer: look into the log"])
    return Readiness()
