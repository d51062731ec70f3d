"""Attacks on the web server, tried on every parameter of every route; the last line counts them."""

from __future__ import annotations

import http.client
import re
from collections import Counter
from urllib.parse import quote

import httpx
import pytest

from dashboard.app import HEADERS
from dashboard.cookies import SESSION
from dashboard.forgery import HEADER, form_secret
from dashboard.gate import is_open
from storage.database import connect
from tests.fix_dashboard import PLANT
from tests.fix_web_attacks import FIELDS, TESTERS_PASSWORD, TRIED, filled
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
from tests.tester import TESTER, TESTERS_TOKEN

pytestmark = pytest.mark.usefixtures("attacks_told")

NOT_REACHED = {405, 413, 422}
"""What is answered before anything but the form of a body or query was looked at."""
GROWING = {"account", "episode_feedback"}
"""Tables to which forms that fit add rows, whatever their texts are."""
EVIL = "evil.example"


@pytest.mark.timeout(900)
def test_nothing_injected_is_run_or_shown_as_code(attacker: httpx.Client, city_url: str) -> None:
    before = _rows(city_url)
    broken = []
    reached: Counter[tuple[str, str]] = Counter()
    for place in places():
        for kind, payload in INJECTIONS.items():
            TRIED["injection into a body" if place.in_body else "injection"] += 1
            try:
                answer = _ask(attacker, place, payload)
            except httpx.TransportError as error:
                broken.append(f"{place.method} {place.path} {place.parameter} ({kind}): no answer, {error!r}")
                continue
            if place.in_body or (place.method, place.kind) == ("GET", "query"):
                reached[place.method, place.path] += answer.status_code not in NOT_REACHED
            if wrong := _what_is_wrong(answer, payload):
                broken.append(f"{place.method} {place.path} {place.parameter} ({kind}): {wrong}")
    for route in routes():
        if "GET" in methods_of(route) and route.path not in ENDS_THE_SESSION:
            # What was taken and kept is shown by pages that nobody attacks.
            answer = attacker.get(filled(route.path), params=query_of(route))
            if wrong := _what_is_wrong(answer, ""):
                broken.append(f"GET {route.path} afterwards: {wrong}")
    assert broken == []
    assert sorted(route for route, count in reached.items() if not count) == []
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
def test_no_path_leads_out_of_its_folder(raw_attacker: http.client.HTTPConnection, traversal: str) -> None:
    starts = {place.path.partition("{")[0] for place in places() if place.kind == "path"}
    folders = ["/static/", "/static/vendor/", *sorted(starts)]
    for folder in folders:
        raw_attacker.request("GET", folder + traversal, headers={"Cookie": f"{SESSION}={TESTERS_TOKEN}"})
        answer = raw_attacker.getresponse()
        body = answer.read().decode("utf-8", "replace")
        TRIED["path traversal"] += 1
        assert answer.status < 500, folder
        assert not any(leak in body for leak in LEAKS), folder


def test_a_forged_host_gets_into_no_answer(attacker: httpx.Client) -> None:
    forged = {"Host": EVIL, "X-Forwarded-Host": EVIL, "Forwarded": f"host={EVIL}", "X-Original-URL": "/login"}
    for route in routes():
        if "GET" not in methods_of(route):
            continue
        for cookies in ({}, {SESSION: TESTERS_TOKEN}):
            asked = attacker.base_url.join(filled(route.path))
            request = httpx.Request("GET", asked, headers=forged, cookies=cookies, params=query_of(route))
            with httpx.Client(timeout=60) as bare:
                answer = bare.send(request)
            TRIED["forged host"] += 1
            assert EVIL not in answer.text, route.path
            assert EVIL not in str(answer.headers), route.path


def test_every_change_from_a_page_of_another_site_is_refused(attacked: str, city_url: str) -> None:
    before = _rows(city_url)
    origin = {"Origin": f"https://{EVIL}", "Sec-Fetch-Site": "cross-site"}
    for route in routes():
        for method in changing(route):
            for headers in ({}, origin, {**origin, HEADER: form_secret("another session")}):
                with httpx.Client(base_url=attacked, cookies={SESSION: TESTERS_TOKEN}, timeout=60) as other:
                    answer = other.request(method, filled(route.path), headers=headers, data={"a": "b"})
                TRIED["forged form"] += 1
                assert answer.status_code == 403, (route.path, headers)
    assert _rows(city_url) == before


def test_no_cookie_that_was_planted_before_a_login_becomes_its_session(attacked: str, city_url: str) -> None:
    """Session fixation: what an attacker put into a browser opens nothing after its owner has logged in."""
    with connect(city_url) as connection:
        # The other attacks come from the same address, and some of them tried to log in.
        connection.execute("DELETE FROM login_failure")
    planted = "known to the attacker"
    with httpx.Client(base_url=attacked, cookies={SESSION: planted}, timeout=60) as victim:
        html = victim.get("/login").text
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', html))
        answer = victim.post("/login", data={"name": TESTER, "password": TESTERS_PASSWORD, **hidden})
    TRIED["planted session"] += 1
    assert answer.status_code == 303
    given = [cookie for cookie in answer.headers.get_list("Set-Cookie") if cookie.startswith(f"{SESSION}=")]
    assert len(given) == 1
    assert planted not in given[0]
    with httpx.Client(base_url=attacked, cookies={SESSION: planted}, timeout=60) as attackers:
        assert attackers.get("/api/account").status_code == 401


def test_without_a_session_nothing_is_told(attacked: str) -> None:
    for route in routes():
        for method in methods_of(route):
            for cookies in ({}, {SESSION: "guessed"}, {SESSION: "' OR 1=1 --"}):
                with httpx.Client(base_url=attacked, cookies=cookies, timeout=60) as nobody:
                    answer = nobody.request(method, filled(route.path), params=query_of(route))
                TRIED["no session"] += 1
                if not is_open(route.path):
                    assert answer.status_code in {303, 401, 403}, (method, route.path)
                assert PLANT not in answer.text.replace(filled(route.path), "").replace(
                    quote(filled(route.path), safe=""), ""
                )


def _ask(attacker: httpx.Client, place: Place, payload: str) -> httpx.Response:
    path = filled(place.path, {place.parameter: payload} if place.kind == "path" else {})
    query = {**place.query, place.parameter: payload} if place.kind == "query" else place.query
    body = {
        **place.others,
        **FIELDS.get(place.path, {}),
        place.parameter: [payload] if place.is_list else payload,
    }
    headers = {}
    if place.kind == "header" and payload.isascii() and payload.isprintable():
        headers[place.parameter] = payload
    return attacker.request(
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
    if missing := [name for name in (*HEADERS, "Cache-Control") if name not in answer.headers]:
        return f"without {', '.join(missing)}"
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


def _rows(url: str) -> dict[str, int]:
    """Return how many rows the tables have that requests could change."""
    tables = ("meter", "episode", "episode_feedback", "final_interval", "account", "installation", "bill")
    with connect(url) as connection:
        return {
            table: len(connection.execute(f"SELECT 1 FROM {table}").fetchall())  # noqa: S608 - our own names
            for table in tables
        }
