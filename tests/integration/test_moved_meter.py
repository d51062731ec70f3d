"""A meter that was moved today: what each area is told of it through the API and the pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from psycopg.types.json import Jsonb

from dashboard.app import create_app
from pipeline.accounts import Role
from pipeline.alarms.model import Incident, IncidentState, Signal, Source
from pipeline.contracts import Contract
from pipeline.coverage import Cause, CoverageEntry, CoverageStatus
from pipeline.model import Episode, MeterId, Severity, Snapshot, Verdict
from pipeline.quantities import Group, Quantity
from pipeline.registry import Area, Bus, Installation, Meter, Registry, ServicePoint
from services.audit import Audit
from services.order_record import Order, OrderRecord
from services.persons import Person
from storage.asked_readings import add_asked, add_results, note_requests
from storage.coverage import CoverageLedger
from storage.database import Connection, connect
from storage.forecasts import StoredForecast, save_forecasts
from storage.incidents import save_incidents
from storage.registry import save_registry
from storage.requests import file_request
from storage.writer import ReadingWriter
from tests.fix_dashboard import NOW, browsing, save_episode
from tests.tester import let_in

MOVED: Final = NOW.replace(hour=5, minute=0, second=0)
"""13:00 in Shanghai, of the day that the pages are asked on."""
MIDNIGHT: Final = NOW.replace(day=19, hour=16, minute=0, second=0)
HOUR: Final = timedelta(hours=1)
BEFORE, AFTER = MOVED - HOUR, MOVED + HOUR
M1, OF_A, OF_B = MeterId("M-MOVED"), MeterId("M-OF-A"), MeterId("M-OF-B")
BUS: Final = "bus-1"
HIDDEN_V, SHOWN_V = 211.5, 233.5
"""Voltages before and after."""
ARCHIVE: Final = Registry(
    meters=[Meter(id=each) for each in (M1, OF_A, OF_B)],
    areas=[Area(id=name, name=f"台区 {name}") for name in "AB"],
    service_points=[
        ServicePoint(id=f"SP-{n}{name}", area=name, customer=f"{n}{name} 公司")
        for name in "AB"
        for n in (1, 2)
    ],
    contracts=[
        Contract(service_point=f"SP-1{name}", capacity_kva=630.0, contract_demand_kw=100.0) for name in "AB"
    ],
    buses=[Bus(id=BUS, url="tcp://127.0.0.1:4001")],
    installations=[
        Installation(meter=M1, service_point="SP-1A", bus=BUS, address="1", ends_at=MOVED),
        Installation(meter=M1, service_point="SP-1B", bus=BUS, address="1", starts_at=MOVED),
        Installation(meter=OF_A, service_point="SP-2A", bus=BUS, address="2"),
        Installation(meter=OF_B, service_point="SP-2B", bus=BUS, address="3"),
    ],
)


@dataclass(frozen=True, slots=True)
class World:
    """Who asks, and the numbers of the wishes of before and after."""

    a: httpx.Client
    b: httpx.Client
    whole: httpx.Client
    asked: Mapping[datetime, int]


@pytest.fixture(scope="module")
def world(
    plain_server_url: str, _plain_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    from tests.fix_database import _database  # noqa: PLC0415 -- the plug-in beside this one

    with pytest.MonkeyPatch.context() as patch, _database(plain_server_url, _plain_template) as url:
        path = tmp_path_factory.mktemp("orders") / "audit.jsonl"
        patch.setenv("KILOWATCH_AUDIT_FILE", str(path))
        patch.setenv("KILOWATCH_ALLOW_WRITES", "relay")
        with connect(url) as connection:
            asked = _fill(connection)
        _ask_for_orders(path)
        apps = [create_app(url, clock=lambda: NOW) for _ in range(3)]
        let_in(apps[0], "a", "token-a", Role.ENGINEER, frozenset("A"))
        let_in(apps[1], "b", "token-b", Role.ENGINEER, frozenset("B"))
        with (
            browsing(apps[0], "token-a") as a,
            browsing(apps[1], "token-b") as b,
            browsing(apps[2]) as whole,
        ):
            yield World(a, b, whole, asked)


@pytest.fixture(autouse=True, params=["queries and rows", "queries alone"])
def _by(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask under the database's own policies, and as on a server that has no role for them."""
    if request.param == "queries alone":
        monkeypatch.setattr("dashboard.asking.limited_to", lambda _connection, _scope: nullcontext())


def _fill(connection: Connection) -> Mapping[datetime, int]:
    save_registry(connection, ARCHIVE)
    _fill_ledger(connection)
    for at, volts in ((BEFORE, HIDDEN_V), (AFTER, SHOWN_V)):
        values = {Quantity.VOLTAGE_A: volts}
        ReadingWriter(connection).write([Snapshot(meter=M1, taken_at=at, received_at=at, values=values)])
    for number, (at, point) in enumerate(((BEFORE, "SP-1A"), (BEFORE, None), (AFTER, None))):
        save_episode(connection, _episode(f"e{number}", at, point))
    save_forecasts(connection, [_forecast(M1, 99.0), _forecast(OF_B, 44.0)])
    signals = [_signal("s1", "A", OF_A), _signal("s2", "A", M1), _signal("s3", "B", OF_B)]
    save_incidents(connection, [INCIDENT], signals, dict.fromkeys(("s1", "s2", "s3"), INCIDENT.id), [])
    return {at: _asked(connection, at, volts) for at, volts in ((BEFORE, HIDDEN_V), (AFTER, SHOWN_V))}


def _fill_ledger(connection: Connection) -> None:
    """Yesterday and today by the hour: all of the moved meter is missing up to the move, none since."""
    slots = [MIDNIGHT + n * HOUR for n in range(-24, 15)]
    CoverageLedger(connection).record(
        [
            CoverageEntry(
                meter=meter,
                group=Group.ELECTRICAL,
                slot_at=slot,
                status=CoverageStatus.MISSING if meter == M1 and slot < MOVED else CoverageStatus.GOT,
                cause=Cause.CHECKSUM if meter == M1 and slot < MOVED else None,
            )
            for meter in (M1, OF_A, OF_B)
            for slot in slots
        ]
    )


def _episode(name: str, at: datetime, point: str | None) -> Episode:
    return Episode(
        id=name,
        detector="voltage_deviation",
        version=1,
        meter=M1,
        service_point=point,
        starts_at=at,
        ends_at=None,
        detected_at=at,
        verdict=Verdict.ABNORMAL,
        severity=Severity.CRITICAL if at < MOVED else Severity.MINOR,
        score=1.0,
        message="m",
        parameters={},
    )


def _forecast(meter: MeterId, month_kw: float) -> StoredForecast:
    return StoredForecast(
        meter=meter,
        starts_at=AFTER,
        model="m",
        minutes=15,
        p10=[1.0],
        p50=[1.0],
        p90=[1.0],
        max_p50_kw=4.0,
        max_p90_kw=4.0,
        month=date(2026, 11, 1),
        month_so_far_kw=month_kw,
        month_so_far_coverage=1.0,
        month_p50_kw=month_kw,
        month_p90_kw=month_kw,
    )


INCIDENT: Final = Incident(
    id="i1",
    cause="voltage",
    place="",
    severity=Severity.MAJOR,
    state=IncidentState.OPEN,
    starts_at=BEFORE,
    ends_at=None,
    opened_at=BEFORE,
    areas=("A", "B"),
    signals=3,
    meters=3,
)


def _signal(name: str, area: str, meter: MeterId) -> Signal:
    return Signal(
        id=name,
        source=Source.EPISODE,
        what="voltage_deviation",
        severity=Severity.MAJOR,
        starts_at=BEFORE,
        ends_at=None,
        meter=meter,
        service_point=None,
        area=area,
        bus=BUS,
        facts={},
    )


def _asked(connection: Connection, at: datetime, volts: float) -> int:
    """File a wish for the moved meter; of the one before a request tells, of the other the flow."""
    number = add_asked(connection, [M1], "somebody", at)
    told = {"meter": M1, "failure": "", "taken_at": at.isoformat(), "values": {"voltage_a": volts}}
    if at > MOVED:
        add_results(connection, number, {M1: told})
        return number
    request = file_request(connection, bus=BUS, kind="present", meter=M1, filed_by="somebody")
    connection.execute(
        "UPDATE read_request SET filed_at = %s, result = %s WHERE id = %s",
        (at, Jsonb({"meters": [told]}), request),
    )
    note_requests(connection, number, [request], "no flow")
    return number


def _ask_for_orders(path: Path) -> None:
    audit = Audit(path)
    for at in (BEFORE, AFTER):
        record = OrderRecord(
            order=Order(
                kind="relay", url="dlt645+tcp://127.0.0.1:1/1", arguments={"order": "open", "meter": M1}
            ),
            requested_by=Person(account="pages/somebody"),
            requested_at=at,
            expires_at=at + 8 * HOUR,
        )
        audit.append("requested", record.id, at, record.details())


def told(client: httpx.Client, path: str) -> Any:  # Any: JSON
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_what_is_due_and_missing_today_is_counted_from_the_move_on(world: World) -> None:
    for client, meters in ((world.a, {OF_A: (15, 15)}), (world.b, {M1: (2, 2), OF_B: (15, 15)})):
        listed = {each["meter"]: each for each in told(client, "/api/meters")}
        assert {name: (one["due"], one["arrived"]) for name, one in listed.items()} == meters
        fleet = told(client, "/api/fleet")
        in_all = sum(due for due, _ in meters.values())
        assert (fleet["today"]["due"], fleet["today"]["in_time"]) == (in_all, in_all)
        assert (fleet["causes"], fleet["missing"]) == ([], [])
        assert fleet["last_cycle"]["due"] == len(meters)
    whole = told(world.whole, "/api/fleet")
    assert (whole["today"]["due"], whole["today"]["in_time"], whole["causes"][0]["reads"]) == (45, 32, 13)


def test_the_page_of_the_meter_begins_with_the_move(world: World) -> None:
    assert world.a.get(f"/meters/{M1}").status_code == 404
    card = told(world.b, f"/api/meters/{M1}")
    assert (card["due"], card["arrived"], card["open_episodes"], card["worst_severity"]) == (2, 2, 1, 20)
    page, whole = (client.get(f"/meters/{M1}?lang=en").text for client in (world.b, world.whole))
    assert "Newest missing reads" in whole
    assert "Newest missing reads" not in page
    assert [text for text in ("11-19", "211.5") if text in page] == []
    strips = world.b.get(f"/meters/{M1}/coverage?lang=en").text
    assert "13:00" in strips
    assert [text for text in ("12:00", "11-19") if text in strips] == []


def test_the_areas_pages_show_its_voltages_since_the_move(world: World) -> None:
    page = world.b.get("/areas/B?lang=en").text
    assert f"{SHOWN_V}" in page
    assert f"{HIDDEN_V}" not in page


def test_its_findings_are_counted_where_it_hung_when_they_began(world: World) -> None:
    for client, customer, open_ones in ((world.a, "1A 公司", 2), (world.b, "1B 公司", 1)):
        (listed,) = told(client, "/api/customers")["customers"]
        assert (listed["customer"], listed["open_episodes"]) == (customer, open_ones)
    listed = world.b.get("/meter-list.csv").text.splitlines()
    (line,) = [line for line in listed if M1 in line]
    assert line.endswith(",minor,2,2,2026-11-20T06:00:00+00:00,1")


def test_a_month_in_which_it_was_moved_has_no_maximum_of_its_own(world: World) -> None:
    of_b = {card["meter"]: card for card in told(world.b, "/api/forecasts")["forecasts"]}
    assert {name: card["month_so_far_kw"] for name, card in of_b.items()} == {M1: None, OF_B: 44.0}
    assert (of_b[M1]["used_percent"], of_b[M1]["month_p90_kw"]) == (None, None)
    assert "99.0" not in world.b.get("/forecasts?lang=en").text
    assert "99.0" not in world.b.get(f"/forecasts/{M1}?lang=en").text
    assert "99.0" in world.whole.get(f"/forecasts/{M1}?lang=en").text
    assert told(world.a, "/api/forecasts")["forecasts"] == []


def test_a_wish_belongs_to_where_the_meter_hung_when_it_was_filed(world: World) -> None:
    for client, own, other, volts in (
        (world.a, BEFORE, AFTER, HIDDEN_V),
        (world.b, AFTER, BEFORE, SHOWN_V),
    ):
        (meter,) = told(client, f"/api/readings/{world.asked[own]}")["meters"]
        assert (meter["meter"], meter["values"]) == (M1, {"voltage_a": volts})
        assert f"{volts}" in client.get(f"/readings/{world.asked[own]}").text
        for path in ("/api/readings", "/readings"):
            assert client.get(f"{path}/{world.asked[other]}").status_code == 404
        flows = client.get("/flows").text
        assert f'"/readings/{world.asked[own]}"' in flows
        assert f'"/readings/{world.asked[other]}"' not in flows


def test_an_order_belongs_to_where_the_meter_hung_when_it_was_asked_for(world: World) -> None:
    before, after = ({each["id"] for each in told(client, "/api/orders")} for client in (world.a, world.b))
    assert len(before) == len(after) == 1
    assert {each["id"] for each in told(world.whole, "/api/orders")} == before | after
    assert world.a.get(f"/orders/{after.pop()}").status_code == 404
    assert world.b.get(f"/orders/{before.pop()}").status_code == 404


def test_an_incident_of_two_areas_is_counted_in_ones_own(world: World) -> None:
    for client, areas, signals in ((world.a, ["A"], {"s1", "s2"}), (world.b, ["B"], {"s3"})):
        (listed,) = told(client, "/api/incidents")["incidents"]
        assert (listed["areas"], listed["reaches_beyond"]) == (areas, True)
        assert listed["signals"] == listed["meters"] == len(signals)
        assert {each["id"] for each in told(client, "/api/incidents/i1/signals")} == signals
        page = client.get("/incidents/i1?lang=en").text
        assert "reaches into other areas too" in page
        assert "A, B" not in page
    whole = told(world.whole, "/api/incidents/i1")
    assert (whole["areas"], whole["signals"], whole["reaches_beyond"]) == (["A", "B"], 3, False)
