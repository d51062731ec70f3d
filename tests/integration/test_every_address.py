"""Every address of the application, by everybody: nothing of another area, nothing without an account.

The addresses are those that the application declares: a new one that this file does not know how to ask fails
here until it says what stands for its parameters and who may come.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from psycopg import sql

from dashboard.app import create_app
from dashboard.forgery import HEADER, SAFE_METHODS
from dashboard.gate import is_open
from pipeline.accounts import Role
from services.audit import Audit
from storage.database import Connection, connect
from tests.chinese_pages import english_on
from tests.dashboard_routes import Address, addresses_of, queries_wanted
from tests.filled_city import (
    BILLED_MONTH,
    BILLED_UNTIL,
    FOREIGN,
    FOREIGN_CUSTOMER,
    OWN,
    OWN_CUSTOMER,
    fill_both_areas,
    waiting_order,
)
from tests.fix_dashboard import NOW, browsing
from tests.page_texts import without_form_secrets
from tests.tester import let_in

UNKNOWN = "nowhere-at-all"
UNKNOWN_WISH = "910999"
PLACES: Sequence[str] = (
    *("meter", "episode", "case", "point", "customer", "incident", "area", "subject"),
    *("order", "asked_id"),
)
"""Parameters of paths that name something of one area."""
OTHERS = {
    "month": BILLED_MONTH,
    "session": "1",
    "token": "1",
    "deed": "acknowledge",
    "until": f"{BILLED_UNTIL}",
}
"""Those that do not."""
ELSEWHERE = (
    ("/api/episodes/{episode}/curves/", {"name": "voltages"}),
    ("/accounts/", {"name": "tester"}),
    ("/customer", {"kind": "csv"}),
    ("", {"kind": "meter"}),
)
"""Those that stand for different things, by the beginnings of paths; the first that fits holds."""
LISTED: Mapping[str, Sequence[str]] = {
    "subject": ("/load?kind=meter", "/api/load?kind=meter"),
    "area": ("/losses", "/api/losses"),
    "meter": ("/forecasts", "/api/forecasts"),
    "point": ("/quality", "/api/quality", "/bills", "/api/bills"),
    "asked_id": ("/flows",),
}
"""Where lists name things that are worked out or asked for, by what they name."""
WANTED = {
    "since": (NOW - timedelta(days=2)).isoformat(),
    "until": NOW.isoformat(),
    "at": (NOW - timedelta(hours=2)).isoformat(),
    "quantity": "voltage_a",
}
"""Values of queries that an address wants."""
BODIES: Mapping[str, Mapping[str, Any]] = {
    "/cases/{case}": {"data": {"outcome": "confirmed", "episodes": ["e"]}},
    "/api/cases/{case}/feedback": {"json": {"outcome": "confirmed", "episodes": ["e"]}},
    "/episodes": {"data": {"deed": "acknowledge", "episodes": ["{episode}@0"]}},
    "/episodes/{episode}": {"data": {"deed": "acknowledge"}},
    "/api/episodes/{episode}/{deed}": {"json": {}},
    "/incidents/{incident}": {"data": {"note": "mine"}},
    "/api/incidents/{incident}/acknowledgement": {"json": {"note": "mine"}},
    "/readings": {"data": {"meters": ["{meter}"]}},
    "/api/readings": {"json": {"meters": ["{meter}"]}},
    "/orders": {"data": {"meter": "{meter}", "order": "relay-open"}},
    "/api/orders": {"json": {"meter": "{meter}", "order": "relay-open"}},
}
"""What an address that changes something wants."""
WRITTEN = (
    *("account", "api_token", "episode", "episode_feedback"),
    *("inspection_case", "incident", "read_request"),
)
"""Tables that people write to by the pages."""
ADMINISTRATORS = ("/accounts", "/audit", "/api/accounts", "/api/audit")
"""Where the addresses begin that only administrators may ask for."""
OWN_ACCOUNT = ("/logout", "/account/")
"""Where the addresses begin that change something of the caller's own account."""
NAMED_THERE = """
    SELECT unnest(ARRAY[m.id, p.id, p.name, p.customer, i.address, a.id, a.name]) FROM installation AS i
    JOIN meter AS m USING (meter_id) JOIN service_point AS p ON p.id = i.service_point
    JOIN area AS a ON a.id = p.area WHERE a.id = %(area)s
    UNION SELECT s.id FROM suspension AS s JOIN service_point AS p ON p.id = s.service_point
    WHERE p.area = %(area)s
    UNION SELECT e.id FROM episode AS e JOIN meter AS m ON m.id = e.meter
    JOIN installation AS i USING (meter_id) JOIN service_point AS p ON p.id = i.service_point
    WHERE p.area = %(area)s
"""
NOT_TRANSLATED = ("/audit", "/api/docs")
"""Pages that show addresses and words as they came, and descriptions for programmers."""
DESCRIPTIONS = frozenset({"/openapi.json", "/api/docs"})
"""Of the application itself, whatever the database holds: its examples happen to be named as in the city."""
NEVER_ENDS = frozenset({"/api/live"})
"""Streams of events; their own tests say what they tell to whom."""


def named(found: tuple[str, Address] | Address) -> str:
    method, address = found if isinstance(found, tuple) else ("GET", found)
    return f"{method} {address.path}"


def _addresses() -> list[tuple[str, Address]]:
    app = create_app("postgresql://nowhere.invalid/none")
    found = [(method, address) for address in addresses_of(app) for method in address.methods - {"HEAD"}]
    return sorted(found, key=named)


ADDRESSES = _addresses()
GUARDED = [
    (method, address)
    for method, address in ADDRESSES
    if not is_open(address.path) and address.path != "/static"
]
READ = [address for method, address in GUARDED if method in SAFE_METHODS and address.path not in NEVER_ENDS]
OF_ONE_PLACE = [address for address in READ if set(re.findall(r"{(\w+)", address.path)) & set(PLACES)]
CHANGING = [(method, address) for method, address in GUARDED if method not in SAFE_METHODS]
CHANGING_OTHERS = [found for found in CHANGING if not found[1].path.startswith(OWN_ACCOUNT)]
"""But for the caller's own account, which everybody may change."""


@dataclass(frozen=True, slots=True)
class World:
    """The city with a little more in both areas, and everybody who asks."""

    nobody: httpx.Client
    viewer: httpx.Client
    """Of all areas."""
    engineer: httpx.Client
    """Of one."""
    administrator: httpx.Client
    own: Mapping[str, str]
    foreign: Mapping[str, str]
    secrets: frozenset[str]
    """Ids and names of the other area."""
    url: str
    orders: Audit

    def written(self) -> list[Any]:
        """Return all that people may have written."""
        with connect(self.url) as connection:
            query = sql.SQL("SELECT t::text FROM {} AS t ORDER BY 1")
            rows = [connection.execute(query.format(sql.Identifier(each))).fetchall() for each in WRITTEN]
            return [*rows, [entry.hash for entry in self.orders.entries()]]


@pytest.fixture(scope="module")
def world(city_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch:
        # Control is switched on, and the record of orders is the tests' own.
        audit = tmp_path_factory.mktemp("orders") / "audit.jsonl"
        patch.setenv("KILOWATCH_AUDIT_FILE", str(audit))
        patch.setenv("KILOWATCH_ALLOW_WRITES", "relay")
        yield from _world(city_url, Audit(audit))


def _world(city_url: str, audit: Audit) -> Iterator[World]:
    with connect(city_url) as connection:
        fill_both_areas(connection, city_url)
        own, foreign = (_things(connection, audit, area) for area in (OWN, FOREIGN))
        secrets = _secrets(connection)
    apps = [create_app(city_url, clock=lambda: NOW) for _ in range(4)]
    let_in(apps[1], "viewer", "viewers-token", Role.VIEWER)
    let_in(apps[2], "engineer", "engineers-token", Role.ENGINEER, frozenset({OWN}))
    with (
        browsing(apps[0], None) as nobody,
        browsing(apps[1], "viewers-token") as viewer,
        browsing(apps[2], "engineers-token") as engineer,
        browsing(apps[3]) as administrator,
    ):
        yield World(nobody, viewer, engineer, administrator, own, foreign, secrets, city_url, audit)


def _things(connection: Connection, audit: Audit, area: str) -> dict[str, str]:
    """Return an id of each kind of thing that lies in an area."""
    row = connection.execute(
        "SELECT (SELECT min(m.id) FROM meter AS m JOIN installation USING (meter_id) "
        "        JOIN service_point AS p ON p.id = service_point WHERE area = %(area)s), "
        "(SELECT min(e.id) FROM episode AS e JOIN meter AS m ON m.id = e.meter "
        "        JOIN installation AS i USING (meter_id) JOIN service_point AS p ON p.id = i.service_point "
        "        WHERE area = %(area)s AND e.detector = 'voltage_deviation'), "
        "(SELECT min(b.service_point) FROM bill AS b JOIN service_point AS p ON p.id = b.service_point "
        "        WHERE area = %(area)s)",
        {"area": area},
    ).fetchone()
    assert row is not None
    meter, episode, point = row
    case = connection.execute(
        "SELECT min(c.id) FROM inspection_case AS c JOIN episode AS e ON e.id = ANY (c.episodes) "
        "JOIN meter AS m ON m.id = e.meter JOIN installation USING (meter_id) "
        "JOIN service_point AS p ON p.id = installation.service_point WHERE area = %s",
        (area,),
    ).fetchone()
    incident = connection.execute("SELECT min(id) FROM incident WHERE areas = ARRAY[%s]", (area,)).fetchone()
    wish = connection.execute(
        "SELECT a.asked_id FROM asked_reading AS a JOIN meter AS m ON m.id = ANY (a.meters) "
        "JOIN installation USING (meter_id) JOIN service_point AS p ON p.id = service_point WHERE area = %s",
        (area,),
    ).fetchone()
    customer = OWN_CUSTOMER if area == OWN else FOREIGN_CUSTOMER
    found = (meter, episode, case and case[0], point, customer, incident and incident[0], area, meter)
    things = dict(zip(PLACES, (*found, waiting_order(audit, meter), wish and wish[0]), strict=True))
    assert all(things.values()), f"{area} lacks something: {things}"
    return {name: str(thing) for name, thing in things.items()}


def _secrets(connection: Connection) -> frozenset[str]:
    """Return what names anything of the other area and nothing of one's own."""
    rows = connection.execute(NAMED_THERE, {"area": FOREIGN}).fetchall()
    # Addresses on a bus may be short numbers, which stand on any page.
    return frozenset(text for (text,) in rows if text and len(text) > 3)


def filled(address: Address, things: Mapping[str, str]) -> str:
    """Return an address with its parameters filled in, and with the queries that it wants."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name in things:
            return quote(things[name], safe="")
        others = [stands for path, stands in ELSEWHERE if address.path.startswith(path) and name in stands]
        assert others or name in OTHERS, f"{address.path}: say in this file what stands for {{{name}}}"
        return others[0][name] if others else OTHERS[name]

    path = re.sub(r"\{(\w+)(?::\w+)?\}", value, address.path)
    wanted = queries_wanted(address)
    given = {**WANTED, **things}
    assert set(wanted) <= set(given), f"{address.path}: say in this file what it is asked: {wanted}"
    return path + (f"?{urlencode({name: given[name] for name in wanted})}" if wanted else "")


def body_of(address: Address, things: Mapping[str, str]) -> dict[str, Any]:
    """Return what an address that changes something wants, about the things of one area."""

    def named_in(value: Any) -> Any:  # Any: what a form or JSON holds
        if isinstance(value, Mapping):
            return {key: named_in(each) for key, each in value.items()}
        if isinstance(value, list):
            return [named_in(each) for each in value]
        return re.sub(r"{(\w+)}", lambda match: things[match[1]], value)

    return {kind: named_in(fields) for kind, fields in BODIES.get(address.path, {}).items()}


def shape_of(answer: httpx.Response, asked: Mapping[str, str]) -> tuple[int, str]:
    """Return status and text of an answer without what was asked for and without secrets of forms."""
    text = without_form_secrets(answer.text)
    for each in asked.values():
        text = text.replace(quote(each, safe=""), "*").replace(quote(each), "*").replace(each, "*")
    return answer.status_code, text


@pytest.mark.parametrize("found", GUARDED, ids=named)
def test_without_an_account_nothing_is_reached(world: World, found: tuple[str, Address]) -> None:
    method, address = found
    answer = world.nobody.request(method, filled(address, world.own))
    if answer.status_code == 303:
        assert answer.headers["Location"].startswith("/login")
    else:
        assert answer.status_code == 401
    assert not [secret for secret in world.secrets if secret in without_form_secrets(answer.text)]


@pytest.mark.parametrize("by", ["queries and rows", "queries alone"])
@pytest.mark.parametrize("address", READ, ids=named)
def test_of_another_area_nothing_appears(
    world: World, address: Address, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if by == "queries alone":  # as on a server whose user may not make the role of row-level security
        monkeypatch.setattr("dashboard.asking.limited_to", lambda _connection, _scope: nullcontext())
    answer = world.engineer.get(filled(address, world.own))
    if address.path.startswith(ADMINISTRATORS):
        assert answer.status_code == 403
    else:
        assert answer.status_code == 200, answer.text
    if address.path in DESCRIPTIONS:
        return
    text = without_form_secrets(answer.content.decode("utf-8", "replace"))
    assert sorted(secret for secret in world.secrets if secret in text) == []


@pytest.mark.parametrize("address", READ, ids=named)
def test_a_page_in_chinese_holds_no_english(world: World, address: Address) -> None:
    answer = world.administrator.get(filled(address, world.own), headers={"Accept-Language": "zh-CN"})
    if answer.headers.get("Content-Language") != "zh" or address.path.startswith(NOT_TRANSLATED):
        return
    known = [*world.own.values(), "tester", "viewer", "engineer", "somebody", "broker", "python-httpx"]
    assert english_on(answer.text, known) == []


@pytest.mark.parametrize("address", OF_ONE_PLACE, ids=named)
def test_what_lies_in_another_area_is_told_like_what_is_nowhere(world: World, address: Address) -> None:
    nowhere = {**dict.fromkeys(PLACES, UNKNOWN), "asked_id": UNKNOWN_WISH}
    foreign = world.engineer.get(filled(address, world.foreign))
    unknown = world.engineer.get(filled(address, nowhere))
    assert foreign.status_code in {403, 404}
    assert shape_of(foreign, world.foreign) == shape_of(unknown, nowhere)


@pytest.mark.parametrize("address", READ, ids=named)
def test_a_viewer_reads_all_but_what_is_administrators(world: World, address: Address) -> None:
    path = filled(address, world.foreign)
    wanted = 403 if address.path.startswith(ADMINISTRATORS) else 200
    assert world.viewer.get(path).status_code == wanted
    assert world.administrator.get(path).status_code == 200


LISTS = [(name, path) for name, paths in LISTED.items() for path in paths]


@pytest.mark.parametrize(("name", "path"), LISTS, ids=[path for _, path in LISTS])
def test_a_list_names_what_is_ones_own_and_to_whoever_sees_all_the_other_too(
    world: World, name: str, path: str
) -> None:
    own, foreign = world.own[name], world.foreign[name]
    told = world.engineer.get(path)
    assert told.status_code == 200
    assert own in told.text
    assert foreign not in told.text
    assert foreign in world.viewer.get(path).text


@pytest.mark.parametrize("found", CHANGING_OTHERS, ids=named)
def test_a_viewer_changes_nothing_but_their_own_account(world: World, found: tuple[str, Address]) -> None:
    method, address = found
    answer = world.viewer.request(method, filled(address, world.own), **body_of(address, world.own))
    assert answer.status_code == 403


@pytest.mark.parametrize("found", CHANGING, ids=named)
def test_nothing_changes_that_no_page_of_ours_sent(world: World, found: tuple[str, Address]) -> None:
    method, address = found
    body = body_of(address, world.own)
    answer = world.administrator.request(method, filled(address, world.own), headers={HEADER: ""}, **body)
    assert answer.status_code == 403


@pytest.mark.parametrize("found", CHANGING_OTHERS, ids=named)
def test_nothing_of_another_area_is_changed(world: World, found: tuple[str, Address]) -> None:
    method, address = found
    before = world.written()
    body = body_of(address, world.foreign)
    answer = world.engineer.request(method, filled(address, world.foreign), **body)
    # A list of which nothing is one's own may be passed over; what does not fit was not understood.
    assert answer.status_code in {303, 403, 404}, (
        f"{address.path}: say in this file what it takes: {answer.text}"
    )
    assert world.written() == before


def test_what_everybody_may_ask_for_is_known() -> None:
    assert sorted({address.path for _, address in ADDRESSES if is_open(address.path)}) == [
        "/health",
        "/login",
        "/metrics",
        "/ready",
    ]
