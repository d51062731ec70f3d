"""The dashboard in a process of its own, with somebody logged in, for benchmarks that ask it from outside."""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from pipeline.accounts import Role
from pipeline.errors import NoAnswerError
from services.accounts import NewAccount, add_account
from services.embedded import free_port
from services.login import SessionRules, Visitor, open_session
from services.persons import this_person
from services.processes import Children
from services.wiring import utc_now
from storage.database import connect

COOKIE: Final = "kilowatch_session"
"""The name of the cookie of somebody who is logged in, over plain HTTP."""
READY_MOST_S: Final = 60.0
LOOK_S: Final = 0.1
VISITOR: Final = Visitor(address="127.0.0.1", agent="kilowatch bench")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningDashboard:
    """A dashboard that answers, and the cookie of an administrator."""

    address: str
    token: str


@contextmanager
def running_dashboard(url: str, *, account: str = "bench") -> Iterator[RunningDashboard]:
    """Run ``kilowatch dashboard`` on a free port over a migrated database, with a new account.

    Raises:
        NoAnswerError: If it does not begin to answer.
        ChildDiedError: If it ends by itself.
    """
    token = _logged_in(url, account)
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="kilowatch-bench-") as folder:
        # One account asks here for many people: it is not held to what one may ask.
        environment = {"KILOWATCH_DATABASE_URL": url, "KILOWATCH_DASHBOARD_REQUESTS_PER_MINUTE": "0"}
        with Children(Path(folder), environment) as children:
            children.start_kilowatch("dashboard", ["dashboard", "--host", "127.0.0.1", "--port", str(port)])
            address = f"http://127.0.0.1:{port}"
            _wait_for(address, children)
            yield RunningDashboard(address=address, token=token)
            children.check()


def _logged_in(url: str, name: str) -> str:
    """Make an administrator, so that the server's start makes none, and open a session."""
    with connect(url) as connection:
        account = add_account(
            connection,
            NewAccount(name=name, role=Role.ADMINISTRATOR),
            secrets.token_urlsafe(24),
            this_person(),
            utc_now(),
        )
        return open_session(connection, account, VISITOR, utc_now(), SessionRules())


def _wait_for(address: str, children: Children) -> None:
    deadline = time.monotonic() + READY_MOST_S
    while True:
        children.check()
        try:
            if httpx.get(f"{address}/health", timeout=5.0).is_success:
                return
        except httpx.TransportError:
            pass
        if time.monotonic() > deadline:
            raise NoAnswerError(f"the dashboard does not begin: {children.last_words('dashboard')}")
        time.sleep(LOOK_S)
