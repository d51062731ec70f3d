"""Every address of the application, by everybody: nothing of another area, nothing without an account.

The addresses are those that the application declares: a new one that this file does not know how to ask fails
here until it says what stands for its parameters and who may come.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from psycopg.types.json import Jsonb
from pydantic import SecretStr

from dashboard.app import create_app
from dashboard.forgery import HEADER, SAFE_METHODS
from dashboard.gate import is_open
from pipeline.accounts import Role
from services.cases import work_out_cases
from services.settings import Settings
from services.settle_stored import settle_stored
from storage.database import Connection, connect
from storage.registry import save_registry
from tests.dashboard_routes import Address, addresses_of, queries_wanted
from tests.fix_dashboard import NOW, browsing, city
from tests.settled_plants import TARIFF
from tests.tester import let_in

OWN, FOREIGN = "TA-02", "TA-01"
UNKNOWN = "nowhere-at-all"
OWN_CUSTOMER, FOREIGN_CUSTOMER = "新华纺织有限公司", "华光铸造有限公司"
MONTH = "2026-10"
PLACES = ("meter", "episode", "case", "point", "customer")
"""Parameters of paths that name something of one area."""
OTHERS = {"month": MONTH, "kind": "csv", "session": "1", "token": "1"}
"""Those that do not; see also :data:`NAMES`."""
NAMES = {"/api/episodes/{episode}/curves/{name}": "voltages", "/accounts/{name}": "tester"}
"""What ``name`` stands for, by the beginning of a path."""
WANTED = {"since": (NOW - timedelta(days=2)).isoformat(), "until": NOW.isoformat(), "quantity": "voltage_a"}
"""Values of queries that an address wants."""
BODIES: Mapping[str, Mapping[str, Any]] = {
    "/cases/{case}": {"data": {"outcome": "confirmed", "episodes": ["e"]}},
    "/api/cases/{case}/feedback": {"json": {"outcome": "confirmed", "episodes": ["e"]}},
}
"""What an address that changes something wants."""
ADMINISTRATORS = ("/accounts", "/audit", "/api/accounts", "/api/audit")
"""Where the addresses begin that only administrators may ask for."""
OWN_ACCOUNT = ("/logout", "/account/")
"""Where the addresses begin that change something of the caller's own account."""
SEEN_HERE_TOO = """
    INSERT INTO episode (id, detector, version, meter, service_point, starts_at, ends_at, detected_at,
                         verdict, severity, score, energy_kwh, message, parameters, evidence)
    SELECT 'own-' || row_number() OVER (), detector, version, 'M-3001', NULL, starts_at, ends_at, detected_at,
           verdict, severity, score, energy_kwh, message, parameters, evidence
    FROM episode WHERE detector = 'voltage_deviation'
"""
"""The city's low voltage lies in the other area: the same at a meter of one's own."""
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


@pytest.fixture(scope="module")
def world(city_url: str) -> Iterator[World]:
    with connect(city_url) as connection:
        _enlarge(connection, city_url)
        own, foreign = (_things(connection, area) for area in (OWN, FOREIGN))
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
        yield World(nobody, viewer, engineer, administrator, own, foreign, secrets)


def _enlarge(connection: Connection, url: str) -> None:
    """Give the other area a customer and a contract too, and both areas cases and bills."""
    registry = city()
    points = [
        replace(point, customer=OWN_CUSTOMER) if point.id == "SP-030" else point
        for point in registry.service_points
    ]
    (contract,) = registry.contracts
    contracts = [contract, replace(contract, service_point="SP-030")]
    tariffs = [replace(TARIFF, id=str(contract.tariff))]
    save_registry(connection, replace(registry, service_points=points, contracts=contracts, tariffs=tariffs))
    curve = {"unit": "V", "minutes": 15, "lines": {"voltage_a": [[NOW.isoformat(), 231.0]]}}
    connection.execute(
        "UPDATE episode SET evidence = evidence || %s WHERE detector = 'voltage_deviation'",
        (Jsonb({"voltages": curve}),),
    )
    connection.execute(SEEN_HERE_TOO)
    work_out_cases(connection, NOW)
    list(settle_stored(MONTH, settings=Settings(database_url=SecretStr(url)), now=NOW))


def _things(connection: Connection, area: str) -> dict[str, str]:
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
    customer = OWN_CUSTOMER if area == OWN else FOREIGN_CUSTOMER
    things = dict(zip(PLACES, (meter, episode, case[0] if case else None, point, customer), strict=True))
    assert all(things.values()), f"{area} lacks something: {things}"
    return things


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
        if name == "name":
            return next((stands for path, stands in NAMES.items() if address.path.startswith(path)), "")
        assert name in OTHERS, f"{address.path}: say in this file what stands for {{{name}}}"
        return OTHERS[name]

    path = re.sub(r"\{(\w+)(?::\w+)?\}", value, address.path)
    wanted = queries_wanted(address)
    assert set(wanted) <= set(WANTED), f"{address.path}: say in this file what it is asked: {wanted}"
    return path + (f"?{urlencode({name: WANTED[name] for name in wanted})}" if wanted else "")


def shape_of(answer: httpx.Response, asked: Mapping[str, str]) -> tuple[int, str]:
    """Return status and text of an answer without what was asked for and without secrets of forms."""
    text = re.sub(r'name="csrf" value="[^"]*"', "", answer.text)
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
    assert not [secret for secret in world.secrets if secret in answer.text]


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
    text = answer.content.decode("utf-8", "replace")
    assert sorted(secret for secret in world.secrets if secret in text) == []


@pytest.mark.parametrize("address", OF_ONE_PLACE, ids=named)
def test_what_lies_in_another_area_is_told_like_what_is_nowhere(world: World, address: Address) -> None:
    nowhere = dict.fromkeys(PLACES, UNKNOWN)
    foreign = world.engineer.get(filled(address, world.foreign))
    unknown = world.engineer.get(filled(address, nowhere))
    assert foreign.status_code in {403, 404}
    assert shape_of(foreign, world.foreign) == shape_of(unknown, nowhere)


@pytest.mark.parametrize("address", READ, ids=named)
def test_a_viewer_reads_all_but_what_is_administrators(world: World, address: Address) -> None:
    path = filled(address, world.foreign)
    expected = 403 if address.path.startswith(ADMINISTRATORS) else 200
    assert world.viewer.get(path).status_code == expected
    assert world.administrator.get(path).status_code == 200


@pytest.mark.parametrize("found", CHANGING, ids=named)
def test_a_viewer_changes_nothing_but_their_own_account(world: World, found: tuple[str, Address]) -> None:
    method, address = found
    if address.path.startswith(OWN_ACCOUNT):
        pytest.skip("a viewer's own")
    answer = world.viewer.request(method, filled(address, world.own), **BODIES.get(address.path, {}))
    assert answer.status_code == 403


@pytest.mark.parametrize("found", CHANGING, ids=named)
def test_nothing_changes_that_no_page_of_ours_sent(world: World, found: tuple[str, Address]) -> None:
    method, address = found
    body = BODIES.get(address.path, {})
    answer = world.administrator.request(method, filled(address, world.own), headers={HEADER: ""}, **body)
    assert answer.status_code == 403


@pytest.mark.parametrize("found", CHANGING, ids=named)
def test_nothing_of_another_area_is_changed(world: World, found: tuple[str, Address]) -> None:
    method, address = found
    if address.path.startswith(OWN_ACCOUNT):
        pytest.skip("of the caller's own account")
    answer = world.engineer.request(method, filled(address, world.foreign), **BODIES.get(address.path, {}))
    expected = {403} if address.path.startswith(ADMINISTRATORS) else {403, 404}
    assert answer.status_code in expected, f"{address.path}: say in this file what it takes: {answer.text}"


def test_what_everybody_may_ask_for_is_known() -> None:
    assert sorted({address.path for _, address in ADDRESSES if is_open(address.path)}) == [
        "/health",
        "/login",
        "/metrics",
        "/ready",
    ]
