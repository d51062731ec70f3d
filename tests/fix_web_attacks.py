"""A web server over the city to be attacked, who attacks it, and how much was tried."""

from __future__ import annotations

import http.client
import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from dashboard.app import create_app
from dashboard.cookies import SESSION
from dashboard.forgery import HEADER, form_secret
from dashboard.slow_clients import GUARDS, PatientProtocol
from pipeline.accounts import Role
from services.cases import work_out_cases
from storage.database import connect
from tests.fix_dashboard import NOW, PLANT
from tests.integration.attacks import routes
from tests.tester import TESTERS_TOKEN, let_in

KNOWN = {
    "meter": PLANT,
    "customer": "华光铸造有限公司",
    "name": "wang",
    "deed": "note",
    "incident": "incident-1",
    "month": "2026-11",
    "until": "2026-11-11",
    "asked_id": "1",
    "session": "1",
    "token": "1",
}
"""What stands in addresses, so that what comes with them gets as far as the database."""
KINDS = {"/customer": "csv", "/load/": "meter", "/api/load-curves/": "meter", "/api/load/": "meter"}
"""What stands for ``kind``, by the beginnings of addresses."""
CASE_FIELDS: dict[str, list[str]] = {"episodes": []}
FIELDS: dict[str, dict[str, list[str]]] = {
    "/cases/{case}": CASE_FIELDS,
    "/api/cases/{case}/feedback": CASE_FIELDS,
    "/episodes": {"episodes": []},
}
"""What bodies name that is there, by address; filled from the city."""
INCIDENT = """
    INSERT INTO incident (id, cause, place, severity, state, starts_at, opened_at, reopened, areas,
                          signals, meters)
    VALUES (%(id)s, 'communication', '', 30, 'open', %(at)s, %(at)s, 0, '{TA-01}', 1, 1)
"""
TESTERS_PASSWORD = "correct horse battery"  # noqa: S105 - of an account in a test's database
LONGEST_S = 15.0
"""An answer that takes longer has run what was injected (20 s of sleep) or hangs."""
TRIED: Counter[str] = Counter()


class HastyProtocol(PatientProtocol):
    """The same with the patience of a test."""

    request_within_s = 3.0
    takes_again_within_s = 3.0


@pytest.fixture(scope="module")
def attacks_told(request: pytest.FixtureRequest) -> Iterator[None]:
    """Tell at the end of a module how many attacks of each kind it tried."""
    TRIED.clear()
    yield
    # Any: pytest's own, which bears no public type
    capture: Any = request.config.pluginmanager.getplugin("capturemanager")
    told = ", ".join(f"{kind} {count}" for kind, count in sorted(TRIED.items()))
    with ExitStack() as stack:
        if capture is not None:
            stack.enter_context(capture.global_and_fixture_disabled())
        print(f"\nattacks: {sum(TRIED.values())} on {len(routes())} routes ({told})")  # noqa: T201 - the result


def attackable(url: str) -> FastAPI:
    """The application over a database, with an administrator and a viewer who are logged in."""
    app = create_app(url, clock=lambda: NOW)
    let_in(app, "wang", "token-of-wang", Role.VIEWER)
    let_in(app, password=TESTERS_PASSWORD)
    return app


@contextmanager
def served(app: FastAPI, protocol: type[PatientProtocol] = HastyProtocol) -> Iterator[uvicorn.Server]:
    """Serve as the command does, but for the patience."""
    options: dict[str, Any] = {**GUARDS, "http": protocol}
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", server_header=False, **options)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        thread.join(0.02)
    yield server
    server.should_exit = True
    thread.join(20)


def address_of(server: uvicorn.Server) -> str:
    """Return where a server is."""
    return f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"


@pytest.fixture(scope="module")
def attacked(city_url: str) -> Iterator[str]:
    """The address of a server over the city, with something of each kind that addresses name."""
    with connect(city_url) as connection:
        work_out_cases(connection, NOW)
        connection.execute(INCIDENT, {"id": KNOWN["incident"], "at": NOW})
        for name, query in (
            ("episode", "SELECT min(id) FROM episode"),
            ("case", "SELECT min(id) FROM inspection_case"),
        ):
            (KNOWN[name],) = connection.execute(query.encode()).fetchone() or ("",)
        (CASE_FIELDS["episodes"],) = connection.execute(
            "SELECT episodes FROM inspection_case WHERE id = %s", (KNOWN["case"],)
        ).fetchone() or ([],)
        FIELDS["/episodes"]["episodes"] = [f"{KNOWN['episode']}@0"]
    with served(attackable(city_url)) as server:
        yield address_of(server)


@pytest.fixture(scope="module")
def attacker(attacked: str) -> Iterator[httpx.Client]:
    """A browser of an administrator, whose every request bears the secret of a form."""
    known = {HEADER: form_secret(TESTERS_TOKEN)}
    with httpx.Client(
        base_url=attacked, timeout=LONGEST_S, cookies={SESSION: TESTERS_TOKEN}, headers=known
    ) as client:
        yield client


@pytest.fixture
def raw_attacker(attacked: str) -> Iterator[http.client.HTTPConnection]:
    """A connection that sends an address as it is given; httpx would clean it."""
    parts = urlsplit(attacked)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=LONGEST_S)
    yield connection
    connection.close()


def filled(path: str, given: Mapping[str, str] | None = None) -> str:
    """Return an address with what is there in place of its parameters, or with what is given."""
    kind = next((kind for start, kind in KINDS.items() if path.startswith(start)), "x")
    values = {**KNOWN, "kind": kind, **(given or {})}
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: quote(values.get(found[1], "x"), safe=""), path)
