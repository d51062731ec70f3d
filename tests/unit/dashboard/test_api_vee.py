"""Findings, raw beside final intervals and edits, over the API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import numpy as np
import pytest
from pydantic import SecretStr

from dashboard.app import create_app
from pipeline.model import MeterId
from pipeline.registry import Installation, Meter, Registry, ServicePoint
from pipeline.timegrid import to_numpy
from services.persons import Person
from services.settings import Settings
from services.vee_edits import Stretch, edit
from services.vee_recent import vee_recent
from storage.database import connect
from storage.intervals import IntervalColumns, save_intervals
from storage.registry import save_registry
from tests.fix_dashboard import browsing

M = MeterId("M")
START = datetime(2026, 3, 2, tzinfo=UTC)
SLOT = timedelta(minutes=15)
NOW = START + 4 * SLOT
SPAN = {"since": START.isoformat(), "until": NOW.isoformat()}


@pytest.fixture
def client(plain_database_url: str) -> Iterator[httpx.Client]:
    kwh = np.array([1.0, np.nan, 1.0, -2.0])
    raw = IntervalColumns(
        meters=[M] * 4,
        starts_at=np.array([to_numpy(START + n * SLOT) for n in range(4)], dtype="datetime64[us]"),
        minutes=np.full(4, 15, dtype=np.int16),
        quality=np.where(np.isfinite(kwh), "A", "N"),
        energies={"import_kwh": kwh},
    )
    registry = Registry(
        meters=[Meter(id=M)],
        installations=[Installation(meter=M, service_point="P")],
        service_points=[ServicePoint(id="P")],
    )
    with connect(plain_database_url) as connection:
        save_registry(connection, registry)
        save_intervals(connection, raw, computed_at=NOW)
    vee_recent(1, Settings(database_url=SecretStr(plain_database_url)), NOW)
    with connect(plain_database_url) as connection:
        stretch = Stretch(meter=M, energy="import_kwh", starts_at=START)
        edit(connection, stretch, 4.0, Person(account="wang", host="desk"), "photo", NOW)
    with browsing(create_app(plain_database_url, clock=lambda: NOW)) as client:
        yield client


def test_findings_are_those_of_the_meter_and_the_rule(client: httpx.Client) -> None:
    found = client.get("/api/meters/M/findings", params=SPAN).json()
    assert {(f["rule"], f["slots"]) for f in found} == {("missing", 1), ("negative", 1)}
    only = client.get("/api/meters/M/findings", params={**SPAN, "rule": "missing"}).json()
    assert [f["starts_at"] for f in only] == ["2026-03-02T00:15:00Z"]


def test_raw_and_final_stand_side_by_side(client: httpx.Client) -> None:
    first, second, third, fourth = client.get("/api/meters/M/finals", params=SPAN).json()
    assert (first["raw"], first["final"], first["method"]) == (1.0, 4.0, "edited")
    assert (second["raw"], second["final"], second["quality"]) == (None, 1.0, "S")
    assert (third["raw"], third["final"], third["method"]) == (1.0, 1.0, "")
    # The last slot has no neighbour to draw a line to, and no day before; less than zero is no energy.
    assert (fourth["raw"], fourth["final"]) == (-2.0, None)
    assert (fourth["quality"], fourth["reason"]) == ("N", "negative")
    assert client.get("/api/meters/M/finals", params={**SPAN, "energy": "export_kwh"}).json() == []


def test_edits_say_who_and_why(client: httpx.Client) -> None:
    (line,) = client.get("/api/meters/M/edits").json()
    assert (line["before"], line["after"]) == (1.0, 4.0)
    assert (line["note"], line["author"]) == ("photo", "wang (wang@desk)")


def test_a_meter_that_is_not_there_is_told(client: httpx.Client) -> None:
    for path, asked in (("findings", SPAN), ("finals", SPAN), ("edits", {})):
        assert client.get(f"/api/meters/X/{path}", params=asked).status_code == 404
