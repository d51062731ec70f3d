"""Attacks on the web server, tried on every parameter of every route; the last lines tell how many."""

from __future__ import annotations

import http.client
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest
import uvicorn

from dashboard.app import create_app
from dashboard.cookies import SESSION
from dashboard.forgery import HEADER, form_secret
from dashboard.gate import is_open
from dashboard.slow_clients import GUARDS, PatientProtocol
from pipeline.accounts import Role
from services.cases import work_out_cases
from storage.database import connect
from tests.fix_dashboard import NOW, PLANT
from tests.integration.attacks import (
    ENDS_THE_SESSION,
    INJECTIONS,
    LEAKS,
    TRAVERSALS,
    Place,
    changing,
    methods_of,
    places,
    query_of,
    routes,
)
from tests.tester import TESTERS_TOKEN, let_in

KNOWN = {
    "meter": PLANT,
    "customer": "华光铸造有限公司",
    "name": "wang",
    "deed": "note",
    "incident": "incident-1",
}
"""What stands in addresses, so that what comes with them gets as far as the database."""
CASE_FIELDS: dict[str, list[str]] = {"episodes": []}
FIELDS: dict[str, dict[str, list[str]]] = {
    "/cases/{case}": CASE_FIELDS,
    "/api/cases/{case}/feedback": CASE_FIELDS,
    "/episodes": {"episodes": []},
}
"""What bodies name that is there, by address; filled from the city."""
NOT_REACHED = {405, 413, 422}
"""What is answered before anything but the form of a body was looked at."""
GROWING = {"account", "episode_feedback"}
"""Tables to which forms that fit add rows, whatever their texts are."""
INCIDENT = """
    INSERT INTO incident (id, cause, place, severity, state, starts_at, opened_at, reopened, areas,
                          signals, meters)
    VALUES (%(id)s, 'communication', '', 30, 'open', %(at)s, %(at)s, 0, '{TA-01}', 1, 1)
"""
LONGEST_S = 15.0
"""An answer that takes longer has run what was injected (20 s of sleep) or hangs."""
EVIL = "evil.example"
TRIED: Counter[str] = Counter()


class HastyProtocol(PatientProtocol):
    """The same with the patience of a test."""

    request_within_s = 3.0
    takes_again_within_s = 3.0


@pytest.fixture(scope="module", autouse=True)
def _summary(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    # Any: pytest's own, which bears no public type
    capture: Any = request.config.pluginmanager.getplugin("capturemanager")
    told = ", ".join(f"{kind} {count}" for kind, count in sorted(TRIED.items()))
    with ExitStack() as stack:
        if capture is not None:
            stack.enter_context(capture.global_and_fixture_disabled())
        print(f"\nattacks: {sum(TRIED.values())} on {len(routes())} routes ({told})")  # noqa: T201 - the result


@contextmanager
def served(url: str) -> Iterator[str]:
    """Serve as the command does, but for the patience; gives the address."""
    app = create_app(url, clock=lambda: NOW)
    let_in(app, "wang", "token-of-wang", Role.VIEWER)
    let_in(app)
    options: dict[str, Any] = {**GUARDS, "http": HastyProtocol}
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", server_header=False, **options)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        thread.join(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(20)


@pytest.fixture(scope="module")
def address(city_url: str) -> Iterator[str]:
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
    with served(city_url) as address:
        yield address


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[httpx.Client]:
    known = {HEADER: form_secret(TESTERS_TOKEN)}
    with httpx.Client(
        base_url=address, timeout=LONGEST_S, cookies={SESSION: TESTERS_TOKEN}, headers=known
    ) as client:
        yield client


@pytest.fixture
def raw(address: str) -> Iterator[http.client.HTTPConnection]:
    """A connection that sends an address as it is given; httpx would clean it."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=LONGEST_S)
    yield connection
    connection.close()


@pytest.mark.timeout(900)
def test_nothing_injected_is_run_or_shown_as_code(client: httpx.Client, city_url: str) -> None:
    before = _rows(city_url)
    broken = []
    reached: Counter[tuple[str, str]] = Counter()
    for place in places():
        for kind, payload in INJECTIONS.items():
            TRIED["injection into a body" if place.in_body else "injection"] += 1
            try:
                answer = _ask(client, place, payload)
            except httpx.TransportError as error:
                broken.append(f"{place.method} {place.path} {place.parameter} ({kind}): no answer, {error!r}")
                continue
            if place.in_body:
                reached[place.method, place.path] += answer.status_code not in NOT_REACHED
            if wrong := _what_is_wrong(answer, payload):
                broken.append(f"{place.method} {place.path} {place.parameter} ({kind}): {wrong}")
    for route in routes():
        if "GET" in methods_of(route) and route.path not in ENDS_THE_SESSION:
            # What was taken and kept is shown by pages that nobody attacks.
            answer = client.get(_filled(route.path), params=query_of(route))
            if wrong := _what_is_wrong(answer, ""):
                broken.append(f"GET {route.path} afterwards: {wrong}")
    assert broken == []
    assert {route for route, count in reached.items() if not count} == set()
    after = _rows(city_url)
    assert {t: n for t, n in after.items() if t not in GROWING} == {
        t: n for t, n in before.items() if t not in GROWING
    }
    assert all(after[table] >= before[table] for table in GROWING)


def test_every_field_of_every_body_is_a_place() -> None:
    found = {(place.path, place.parameter, place.kind) for place in places() if place.in_body}
    assert {
        ("/account/tokens", "name", "form"),
        ("/episodes", "assignee", "form"),
        ("/login", "next", "form"),
        ("/readings", "meters", "form"),
        ("/api/episodes/{episode}/{deed}", "text", "json"),
        ("/api/readings", "area", "json"),
    } <= found
    assert {parameter for _, parameter, _ in found}.isdisjoint({"form", "body", "wish"})


@pytest.mark.parametrize("traversal", TRAVERSALS)
def test_no_path_leads_out_of_its_folder(raw: http.client.HTTPConnection, traversal: str) -> None:
    starts = {place.path.partition("{")[0] for place in places() if place.kind == "path"}
    folders = ["/static/", "/static/vendor/", *sorted(starts)]
    for folder in folders:
        raw.request("GET", folder + traversal, headers={"Cookie": f"{SESSION}={TESTERS_TOKEN}"})
        answer = raw.getresponse()
        body = answer.read().decode("utf-8", "replace")
        TRIED["path traversal"] += 1
        assert answer.status < 500, folder
        assert not any(leak in body for leak in LEAKS), folder


def test_a_body_that_is_too_long_is_refused_by_every_route_that_takes_one(client: httpx.Client) -> None:
    for route in routes():
        for method in changing(route):
            answer = client.request(method, _filled(route.path), content=b"x" * (1 << 21))
            TRIED["oversized body"] += 1
            assert answer.status_code == 413, route.path


@pytest.mark.parametrize("depth", [1_000, 100_000])
def test_a_body_nested_without_end_is_refused(client: httpx.Client, depth: int) -> None:
    for body in (b"[" * depth, b'{"a":' * depth, b"[" * depth + b"]" * depth):
        answer = client.post(
            "/api/cases/nobody/feedback", content=body, headers={"Content-Type": "application/json"}
        )
        TRIED["nested body"] += 1
        assert answer.status_code in {400, 404, 422}


def test_heads_and_addresses_that_are_too_long_are_refused(raw: http.client.HTTPConnection) -> None:
    long = "x" * 100_000
    for path, headers in (
        (f"/api/meters?q={long}", {}),
        ("/api/meters", {"X-Long": long}),
        ("/api/meters", {"Cookie": long}),
        ("/api/meters", {f"X-{n}": "x" * 100 for n in range(1000)}),
    ):
        TRIED["oversized head"] += 1
        try:
            raw.request("GET", path, headers=headers)
            assert raw.getresponse().status in {400, 414, 431}
        except (ConnectionError, http.client.HTTPException):
            pass  # refused before all of it was sent
        raw.close()


def test_slow_senders_are_let_go_and_hold_up_nobody(address: str, client: httpx.Client) -> None:
    head = f"GET /api/meters HTTP/1.1\r\nHost: x\r\nCookie: {SESSION}={TESTERS_TOKEN}\r\n"
    body = head.replace("GET /api/meters", "POST /api/cases/x/feedback") + "Content-Length: 1000\r\n\r\n{"
    with ExitStack() as stack:
        waiting = [stack.enter_context(_opened(address)) for _ in range(300)]
        for n, each in enumerate(waiting):
            each.sendall(("", head, body)[n % 3].encode())
            TRIED["slow client"] += 1
        began = time.monotonic()
        assert client.get("/api/meters").status_code == 200
        assert time.monotonic() - began < HastyProtocol.request_within_s
        for each in waiting:
            each.settimeout(LONGEST_S)
            assert _is_closed(each)


def test_who_takes_nothing_of_an_answer_keeps_no_connection_of_the_database(
    address: str, client: httpx.Client
) -> None:
    asked = (
        f"GET /api/export/readings?since=2026-10-21T00:00:00Z&until=2026-11-20T00:00:00Z&quantity=voltage_a "
        f"HTTP/1.1\r\nHost: x\r\nCookie: {SESSION}={TESTERS_TOKEN}\r\n\r\n"
    )
    with ExitStack() as stack:
        for _ in range(20):
            each = stack.enter_context(_opened(address, buffer_bytes=2048))
            each.sendall(asked.encode())
            TRIED["slow reader"] += 1
        time.sleep(0.5)
        assert client.get("/api/meters").status_code == 200


def test_many_connections_at_once_are_all_answered(address: str) -> None:
    statuses: Counter[int] = Counter()

    def ask() -> None:
        for _ in range(5):
            with httpx.Client(base_url=address, cookies={SESSION: TESTERS_TOKEN}, timeout=60) as own:
                statuses[own.get("/api/meters?limit=1").status_code] += 1

    threads = [threading.Thread(target=ask) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    TRIED["parallel connection"] += 200
    assert statuses.total() == 200
    assert set(statuses) <= {200, 503}
    assert statuses[200] > 100


def test_a_forged_host_gets_into_no_answer(client: httpx.Client) -> None:
    forged = {"Host": EVIL, "X-Forwarded-Host": EVIL, "Forwarded": f"host={EVIL}", "X-Original-URL": "/login"}
    for route in routes():
        if "GET" not in methods_of(route):
            continue
        for cookies in ({}, {SESSION: TESTERS_TOKEN}):
            asked = client.base_url.join(_filled(route.path))
            request = httpx.Request("GET", asked, headers=forged, cookies=cookies, params=query_of(route))
            with httpx.Client(timeout=60) as bare:
                answer = bare.send(request)
            TRIED["forged host"] += 1
            assert EVIL not in answer.text, route.path
            assert EVIL not in str(answer.headers), route.path


def test_every_change_from_a_page_of_another_site_is_refused(address: str, city_url: str) -> None:
    before = _rows(city_url)
    origin = {"Origin": f"https://{EVIL}", "Sec-Fetch-Site": "cross-site"}
    for route in routes():
        for method in changing(route):
            for headers in ({}, origin, {**origin, HEADER: form_secret("another session")}):
                with httpx.Client(base_url=address, cookies={SESSION: TESTERS_TOKEN}, timeout=60) as other:
                    answer = other.request(method, _filled(route.path), headers=headers, data={"a": "b"})
                TRIED["forged form"] += 1
                assert answer.status_code == 403, (route.path, headers)
    assert _rows(city_url) == before


def test_without_a_session_nothing_is_told(address: str) -> None:
    for route in routes():
        for method in methods_of(route):
            for cookies in ({}, {SESSION: "guessed"}, {SESSION: "' OR 1=1 --"}):
                with httpx.Client(base_url=address, cookies=cookies, timeout=60) as nobody:
                    answer = nobody.request(method, _filled(route.path), params=query_of(route))
                TRIED["no session"] += 1
                if not is_open(route.path):
                    assert answer.status_code in {303, 401, 403}, (method, route.path)
                assert PLANT not in answer.text.replace(_filled(route.path), "").replace(
                    quote(_filled(route.path), safe=""), ""
                )


def _ask(client: httpx.Client, place: Place, payload: str) -> httpx.Response:
    path = _filled(place.path, {place.parameter: payload} if place.kind == "path" else {})
    query = {**place.query, place.parameter: payload} if place.kind == "query" else place.query
    body = {
        **place.others,
        **FIELDS.get(place.path, {}),
        place.parameter: [payload] if place.is_list else payload,
    }
    headers = {}
    if place.kind == "header" and payload.isascii() and payload.isprintable():
        headers[place.parameter] = payload
    return client.request(
        place.method,
        path,
        params=query,
        data=body if place.kind == "form" else None,
        json=body if place.kind == "json" else None,
        headers=headers,
    )


def _what_is_wrong(answer: httpx.Response, payload: str) -> str:
    if answer.status_code >= 500:
        return f"status {answer.status_code}"
    if "x-kw-attack" in answer.headers:
        return "a header came out"
    if "1337" in answer.text and "1337" not in payload:
        return "a template was run"
    return (
        _what_came_out(answer.text) if answer.headers.get("content-type", "").startswith("text/html") else ""
    )


def _what_came_out(page: str) -> str:
    if "<script>kw_attack" in page:
        return "a script came out"
    if re.search(r"<[^<>]*\sonfocus=kw_attack", re.sub(r'"[^"]*"', '""', page)):
        return "an attribute came out"
    if re.search(r"""(?:href|src|action)=["']?javascript:""", page):
        return "an address came out"
    return ""


def _filled(path: str, given: dict[str, str] | None = None) -> str:
    values = KNOWN | (given or {})
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: quote(values.get(found[1], "x"), safe=""), path)


def _rows(url: str) -> dict[str, int]:
    """Return how many rows the tables have that requests could change."""
    tables = ("meter", "episode", "episode_feedback", "final_interval", "account", "installation", "bill")
    with connect(url) as connection:
        return {
            table: len(connection.execute(f"SELECT 1 FROM {table}").fetchall())  # noqa: S608 - our own names
            for table in tables
        }


@contextmanager
def _opened(address: str, buffer_bytes: int | None = None) -> Iterator[socket.socket]:
    parts = urlsplit(address)
    with socket.socket() as opened:
        if buffer_bytes is not None:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        opened.connect((parts.hostname, parts.port))
        yield opened


def _is_closed(opened: socket.socket) -> bool:
    """Wait until the other side lets go."""
    try:
        while opened.recv(4096):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True
