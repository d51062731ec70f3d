"""Each cause of a missing reading shows in the worklist, by every key, in command and API."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from dashboard.access import scope_of_request
from dashboard.app import create_app
from pipeline.coverage import Cause, CoverageEntry, CoverageStatus
from pipeline.model import EVERYTHING, MeterId, Scope, Snapshot
from pipeline.ports import Unmatched
from pipeline.quantities import Group, Quantity
from pipeline.registry import Area, Bus, Installation, Meter, Registry, ServicePoint
from storage.coverage import CoverageBy, CoverageLedger
from storage.database import connect
from storage.registry import save_registry
from storage.unmatched import UnmatchedStore
from storage.worklist import missing_causes_by
from storage.writer import ReadingWriter
from tests.fix_dashboard import browsing
from tests.unit.cli.invoke import invoker

NOW = datetime.now(UTC).replace(microsecond=0)
HOUR = timedelta(hours=1)
CAUSES = [cause for cause in Cause if cause is not Cause.NOT_IN_ARCHIVE]
METERS = {cause: MeterId(f"M-{cause.name}") for cause in CAUSES}
STRANGER = MeterId("STRANGER")
SPAN = {"since": (NOW - 20 * HOUR).isoformat(), "until": (NOW + HOUR).isoformat()}


@pytest.fixture
def site_url(plain_database_url: str) -> str:
    """A database in which one reading is missing for each cause, and a stranger was heard twice."""
    registry = Registry(
        meters=[Meter(id=meter) for meter in METERS.values()],
        areas=[Area(id="TA-1"), Area(id="TA-2")],
        service_points=[ServicePoint(id="P1", area="TA-1"), ServicePoint(id="P2", area="TA-2")],
        buses=[Bus(id="B1", url="tcp://127.0.0.1:1"), Bus(id="B2", url="tcp://127.0.0.1:2")],
        installations=[
            Installation(
                meter=meter,
                service_point="P1" if cause is Cause.LINK else "P2",
                bus="B1" if cause is Cause.LINK else "B2",
            )
            for cause, meter in METERS.items()
        ],
    )
    entries = [
        CoverageEntry(
            meter=meter,
            group=Group.REGISTER,
            slot_at=NOW - 2 * HOUR,
            status=CoverageStatus.MISSING,
            cause=cause,
        )
        for cause, meter in METERS.items()
    ]
    got = [
        CoverageEntry(meter=meter, group=Group.REGISTER, slot_at=NOW - 3 * HOUR, status=CoverageStatus.GOT)
        for meter in METERS.values()
    ]
    told = Snapshot(
        meter=STRANGER,
        taken_at=NOW - 2 * HOUR,
        received_at=NOW - 2 * HOUR,
        values={Quantity.ACTIVE_ENERGY_IMPORT: 1.0},
    )
    heard = Unmatched(
        received_at=NOW - HOUR, source="t/x", reason="unknown device", key=STRANGER, payload=b"{}"
    )
    other = Unmatched(received_at=NOW - HOUR, source="t/x", reason="not JSON", key="", payload=b"?")
    with connect(plain_database_url) as connection:
        save_registry(connection, registry)
        CoverageLedger(connection).record([*entries, *got])
        ReadingWriter(connection).write([told])
        UnmatchedStore(connection).keep([heard, other])
    return plain_database_url


@pytest.mark.parametrize("by", list(CoverageBy))
def test_every_cause_is_counted_under_every_key(site_url: str, by: CoverageBy) -> None:
    with connect(site_url) as connection:
        found = missing_causes_by(
            connection, by, scope=EVERYTHING, starts_at=NOW - 20 * HOUR, ends_at=NOW + HOUR
        )
    readings = {cause: sum(e.readings for e in found if e.cause is cause) for cause in Cause}
    counted: dict[Cause, int] = dict.fromkeys(CAUSES, 1)
    assert readings == counted | {Cause.NOT_IN_ARCHIVE: 2}
    keys = {entry.cause: entry.key for entry in found}
    expected = {
        CoverageBy.METER: (METERS[Cause.LINK], STRANGER),
        CoverageBy.BUS: ("B1", ""),
        CoverageBy.AREA: ("TA-1", ""),
        CoverageBy.PROFILE: ("", ""),
        CoverageBy.GROUP: ("register", ""),
    }
    if by is CoverageBy.DAY:
        assert all(abs(date.fromisoformat(key) - NOW.date()).days <= 1 for key in keys.values())
    else:
        assert (keys[Cause.LINK], keys[Cause.NOT_IN_ARCHIVE]) == expected[by]


def test_the_api_tells_strangers_to_who_sees_all_areas_only(site_url: str) -> None:
    app = create_app(site_url, clock=lambda: NOW)
    with browsing(app) as client:
        causes = client.get("/api/missing/causes", params={**SPAN, "by": "meter"}).json()
    assert {entry["cause"] for entry in causes} == {cause.value for cause in Cause}
    assert (causes[0]["key"], causes[0]["readings"]) == (STRANGER, 2)
    app = create_app(site_url, clock=lambda: NOW)
    app.dependency_overrides[scope_of_request] = lambda: Scope(frozenset({"TA-1"}))
    with browsing(app) as client:
        causes = client.get("/api/missing/causes", params={**SPAN, "by": "meter"}).json()
    assert [(entry["key"], entry["cause"]) for entry in causes] == [(METERS[Cause.LINK], "link")]


def test_the_commands_tell_rate_and_worklist(
    site_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kilowatch = invoker(monkeypatch, capsys)
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", site_url)
    rates = {line["bus"]: line for line in kilowatch("coverage", "--by", "bus", "--json").lines}
    assert (rates["B1"]["expected"], rates["B1"]["got"], rates["B1"]["share"]) == (2, 1, 0.5)
    assert "50.00%" in kilowatch("coverage", "--by", "area").out
    lines = kilowatch("missing", "--by", "meter", "--json").lines
    assert {line["cause"] for line in lines} == {cause.value for cause in Cause}
    assert "not in archive" in kilowatch("missing", "--by", "day").out
