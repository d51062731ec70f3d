"""The list of incidents and one incident, in both languages, and who takes it on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from dashboard.app import create_app
from pipeline.accounts import Role
from pipeline.alarms.records import AlarmChannel, AlarmRoute, ChannelKind
from pipeline.registry import Registry
from services.alarm_settings import AlarmSettings
from services.alarms import look
from storage.database import connect
from storage.registry import save_registry
from tests.fix_dashboard import NOW, PLANT, browsing
from tests.tester import let_in

EN, ZH = {"Accept-Language": "en"}, {"Accept-Language": "zh-CN"}


@pytest.fixture(scope="module")
def url(city_url: str) -> str:
    """The city after a look: its episodes are incidents, one of them held back and one that was told."""
    with connect(city_url) as connection:
        save_registry(
            connection,
            Registry(
                alarm_channels=[
                    AlarmChannel(id=name, kind=ChannelKind.EMAIL, address="a@grid.example")
                    for name in ("duty", "chief")
                ],
                alarm_routes=[
                    AlarmRoute(id="all", channels=("duty",)),
                    AlarmRoute(id="chief", channels=("chief",), after_min=60),
                ],
            ),
        )
        look(connection, AlarmSettings(), NOW)
    return city_url


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[httpx.Client]:
    with browsing(create_app(url, clock=lambda: NOW + timedelta(minutes=5))) as client:
        yield client


@pytest.fixture(scope="module")
def plant(client: httpx.Client) -> str:
    """The address of the plant's incident."""
    for incident in client.get("/api/incidents").json()["incidents"]:
        signals = client.get(f"/api/incidents/{incident['id']}/signals").json()
        if any(signal["meter"] == PLANT for signal in signals):
            return f"/incidents/{incident['id']}"
    raise AssertionError("no incident of the plant")


def text_of(answer: httpx.Response) -> str:
    """What a reader sees, without tags."""
    assert answer.status_code == 200, answer.text
    without = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", answer.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", without)


def test_the_list_shows_open_incidents_in_both_languages(client: httpx.Client) -> None:
    english = text_of(client.get("/incidents", headers=EN))
    assert "Load during suspension" in english
    assert "service point SP-001" in english
    chinese = text_of(client.get("/incidents", headers=ZH))
    assert "用电户 SP-001" in chinese
    assert "Severity" not in chinese


def test_the_list_is_narrowed_in_the_address(client: httpx.Client) -> None:
    assert "No incident passes these filters." in text_of(client.get("/incidents?state=merged", headers=EN))
    assert "No incident passes these filters." in text_of(client.get("/incidents?taken=yes", headers=EN))
    assert client.get("/incidents?state=nonsense").status_code == 422


def test_an_incident_says_what_it_is_made_of_who_was_told_and_what_is_held_back(
    client: httpx.Client, plant: str
) -> None:
    shown = text_of(client.get(plant, headers=EN))
    assert PLANT in shown, shown
    assert "New incident → duty by route all not sent yet" in shown
    assert "Held back for route chief: escalation, unless somebody acknowledges it (until" in shown
    assert "by nobody" in shown
    assert 'href="/episodes/' in client.get(plant).text


def test_an_engineer_acknowledges_it_and_whoever_did_so_first_stays(client: httpx.Client, plant: str) -> None:
    answer = client.post(plant, data={"note": "crew is on its way"}, follow_redirects=True)
    (line,) = client.get("/api/audit?event=change&limit=1").json()["lines"]
    assert line["after"] == {"incident": plant.rpartition("/")[2], "note": "crew is on its way"}
    shown = text_of(answer)
    assert "crew is on its way" in shown
    api = f"/api{plant}"
    before = client.get(api).json()
    assert before["acknowledged_by"].startswith("tester")
    again = client.post(f"{api}/acknowledgement", json={"note": "seen", "name": "another"})
    assert again.status_code == 200
    assert again.json()["acknowledged_at"] == before["acknowledged_at"]
    assert again.json()["acknowledged_by"] == before["acknowledged_by"]
    assert again.json()["note"] == "seen"


def test_a_note_takes_the_place_of_one_that_was_seen_alone(client: httpx.Client, plant: str) -> None:
    (seen,) = re.findall(r'name="seen" value="(\w+)"', client.get(plant).text)
    first = client.post(plant, data={"note": "crew at the gate, 138 0000", "seen": seen})
    assert first.status_code == 303
    page = {**EN, "Referer": str(client.base_url.join(plant))}
    late = client.post(plant, data={"note": "I take it", "seen": seen}, headers=page)
    assert late.status_code == 409
    for each in ("Somebody else has written at this incident", "crew at the gate, 138 0000", ">I take it<"):
        assert each in late.text
    assert client.get(f"/api{plant}").json()["note"] == "crew at the gate, 138 0000"
    (again,) = re.findall(r'name="seen" value="(\w+)"', late.text)
    assert client.post(plant, data={"note": "I take it", "seen": again}).status_code == 303
    assert client.get(f"/api{plant}").json()["note"] == "I take it"


def test_lists_of_the_api_come_in_parts(client: httpx.Client, plant: str) -> None:
    whole = client.get("/api/incidents").json()
    part = client.get("/api/incidents?limit=1&offset=1")
    assert part.headers["X-Total-Count"] == str(whole["total"])
    assert part.json()["incidents"] == whole["incidents"][1:2]
    for list_of in ("signals", "messages"):
        assert client.get(f"/api{plant}/{list_of}?limit=1").headers["X-Total-Count"] == "1"


def test_an_unknown_incident_is_not_found(client: httpx.Client) -> None:
    for address in ("/incidents/none", "/api/incidents/none", "/api/incidents/none/signals"):
        assert client.get(address).status_code == 404
    assert client.post("/api/incidents/none/acknowledgement", json={}).status_code == 404


def test_a_viewer_of_another_area_sees_none_of_it_and_one_of_this_area_only_reads(
    url: str, plant: str
) -> None:
    app = create_app(url, clock=lambda: NOW)
    let_in(app, "south", "token-south", Role.ENGINEER, frozenset({"TA-02"}))
    with browsing(app, "token-south") as other:
        assert other.get(plant).status_code == 404
        assert other.get(f"/api{plant}/messages").status_code == 404
        assert other.post(plant, data={}).status_code == 404
        listed = other.get("/api/incidents").json()["incidents"]
        assert all("TA-02" in incident["areas"] for incident in listed)
    app = create_app(url, clock=lambda: NOW)
    let_in(app, "viewer", "token-viewer", Role.VIEWER, frozenset({"TA-01"}))
    with browsing(app, "token-viewer") as viewer:
        assert viewer.get(plant).status_code == 200
        assert "<textarea" not in viewer.get(plant).text
        assert viewer.post(plant, data={}).status_code == 403


def test_an_incident_of_two_areas_is_acknowledged_by_whoever_sees_both(url: str) -> None:
    spanning = """
        INSERT INTO incident (id, cause, place, severity, state, starts_at, opened_at, reopened, areas,
                              signals, meters)
        VALUES ('spanning', 'communication', '', 30, 'open', %(at)s, %(at)s, 0, '{TA-01,TA-02}', 1, 1)
    """
    with connect(url) as connection:
        connection.execute(spanning, {"at": NOW})
    app = create_app(url, clock=lambda: NOW + timedelta(minutes=5))
    let_in(app, "half", "half-token", Role.ENGINEER, frozenset({"TA-01"}))
    with browsing(app, "half-token") as half:
        assert 'name="note"' not in half.get("/incidents/spanning").text
        answer = half.post("/incidents/spanning", data={"note": "mine"}, headers=EN)
        assert answer.status_code == 403
        assert "reaches into other areas too" in answer.text
        assert half.post("/api/incidents/spanning/acknowledgement", json={}).status_code == 403
        assert half.get("/api/incidents/spanning").json()["acknowledged_by"] is None
    app = create_app(url, clock=lambda: NOW + timedelta(minutes=5))
    let_in(app, "whole", "whole-token", Role.ENGINEER, frozenset({"TA-01", "TA-02"}))
    with browsing(app, "whole-token") as whole:
        assert 'name="note"' in whole.get("/incidents/spanning").text
        assert whole.post("/incidents/spanning", data={"note": "ours"}).status_code == 303
        assert whole.get("/api/incidents/spanning").json()["acknowledged_by"] == "whole (whole@127.0.0.1)"
