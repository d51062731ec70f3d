"""A month of two simulated meters: through the wire into the database, judged by the flow, an episode."""

from __future__ import annotations

import asyncio
import json
import math
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from prefect import get_client
from pydantic import SecretStr

from collectors.bus import BusOwner
from collectors.targets import MeterRead
from detectors.quality.month_violations import DETECTOR
from flows.power_quality import power_quality
from pipeline.model import EVERYTHING, Snapshot, Verdict
from pipeline.quantities import Quantity
from pipeline.timegrid import slots
from services.detect import detect_recent
from services.quality import judge_stored
from services.settings import Settings
from services.wiring import bus_plans
from simulators.fleet.build import Fleet, build_fleet
from simulators.fleet.file import parse_fleet
from simulators.fleet.serving import ServedFleet
from storage.database import connect
from storage.episodes import list_episodes
from storage.quality_judgements import judged_months
from storage.rectifications import rectifications
from storage.registry import save_registry
from storage.writer import ReadingWriter
from tests.integration.served_fleet import served

ZONE = ZoneInfo("Asia/Shanghai")
MONTH = date(2026, 10, 1)
BEGIN = datetime(2026, 10, 1, tzinfo=ZONE).astimezone(UTC)
END = datetime(2026, 11, 1, tzinfo=ZONE).astimezone(UTC)
NOW = END + timedelta(days=1, hours=9)
EVERY_S = 7200
GB = "GB/T 14549-1993"
FLEET = """
[fleet]
history_days = 35
live_every_s = 7200
spectrum_every_s = 7200
[[area]]
id = "TQ"
[[bus]]
id = "feeders"
protocol = "dlt645"
[[meters]]
id = "OVER"
bus = "feeders"
address = "1"
profile = "dlt645_2007_three_phase"
wiring = "3P3W"
ct = 20
pt = 100
max_current_a = 6
area = "TQ"
service_point = "MILL"
category = "large industry"
capacity_kva = 3150
supply_voltage_kv = 10
load = "continuous"
peak_kw = 1500
harmonics = "six_pulse"
[[meters]]
id = "TWIN"
bus = "feeders"
address = "2"
profile = "dlt645_2007_three_phase"
wiring = "3P3W"
ct = 20
pt = 100
max_current_a = 6
area = "TQ"
service_point = "PUMPS"
category = "large industry"
capacity_kva = 3150
supply_voltage_kv = 10
load = "continuous"
peak_kw = 1500
harmonics = "clean"
[[supply]]
service_point = "MILL"
short_circuit_mva = 150
agreed_mva = 3.15
equipment_mva = 20
point_class = "C"
[[supply]]
service_point = "PUMPS"
short_circuit_mva = 150
agreed_mva = 3.15
equipment_mva = 20
[[fault]]
deed = "harmonics"
meter = "OVER"
days_ago = 33
days = 33
voltage_factor = 3.0
current_factor = 1.5
why = "a filter of the mill is out"
"""


class SimulatedClock:
    """The time of meters and collector: a month passes in seconds."""

    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> datetime:
        return self.now


async def read_month(fleet: ServedFleet, settings: Settings, clock: SimulatedClock) -> list[Snapshot]:
    """Poll every hour of the month over the wire, as the scheduler does."""
    (plan,) = bus_plans(fleet.registry, settings, NOW)
    owner = BusOwner(plan.owner.bus, now=clock, lock_dir=settings.lock_dir)
    found: list[Snapshot] = []

    async def keep(read: MeterRead) -> None:
        assert read.snapshot is not None, read.cause
        found.append(read.snapshot)

    owner.acquire()
    try:
        for slot_at in slots(BEGIN, END, EVERY_S):
            clock.now = slot_at
            await owner.read_slot(plan.targets, slot_at, keep, periods_s=(EVERY_S,))
    finally:
        await owner.close()
    return found


@pytest.fixture
def month_read(database_url: str, tmp_path: Path) -> Fleet:
    """Return a fleet whose October was read each hour, with what it said in the database."""
    clock = SimulatedClock()
    fleet = build_fleet(parse_fleet(FLEET, "month"), NOW)
    settings = Settings(database_url=SecretStr(database_url), lock_dir=tmp_path)
    with served(fleet, clock) as running, connect(database_url) as connection:
        save_registry(connection, running.registry)
        snapshots = asyncio.run(read_month(running, settings, clock))
        ReadingWriter(connection).write(snapshots)
    assert len(snapshots) == 2 * 31 * 12
    return fleet


def value_95(fleet: Fleet, order: int, *, in_amperes: bool) -> float:
    """Return the 95 % value of an order in the mill's own model at the reads, of the worst element."""
    (mill, _twin) = fleet.meters
    worst = 0.0
    for phase in "ac":
        kind = "current" if in_amperes else "voltage"
        found = []
        for at in slots(BEGIN, END, EVERY_S):
            percent = mill.model.spectrum(at)[Quantity(f"{kind}_harmonic_{phase}")][order]
            shown = mill.model.read(at)
            rms_a = 20.0 * shown[Quantity(f"current_{phase}")]
            fundamental_a = rms_a / math.hypot(1.0, shown[Quantity(f"current_thd_{phase}")] / 100.0)
            found.append(percent / 100.0 * fundamental_a if in_amperes else percent)
        worst = max(worst, sorted(found)[math.ceil(0.95 * len(found)) - 1])
    return worst


@pytest.mark.usefixtures("prefect_server")
def test_a_month_through_wire_database_and_flow(
    database_url: str, month_read: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", database_url)
    assert (
        power_quality(month=MONTH, report_folder=str(tmp_path / "reports"), pdf=False, responsible="张工")
        == 2
    )
    with get_client(sync_client=True) as client:
        (of_classes,) = [a.data for a in client.read_artifacts() if a.key == "power-quality-network"]
    assert [row["points"] for row in json.loads(str(of_classes))] == [
        "0 of 0", "0 of 0", "1 of 1", "0 of 0", "1 of 1",
    ]  # fmt: skip
    report = json.loads((tmp_path / "reports" / "MILL" / "report.json").read_text("utf-8"))
    assert report["verdict"] == "violating"
    assert {f.name for f in (tmp_path / "reports" / "PUMPS").iterdir()} >= {"report.zh.html", "report.json"}
    with connect(database_url) as connection:
        under_way = {(r.violation.check, r.violation.subject) for r in rectifications(connection)}
        assert {r.service_point for r in rectifications(connection)} == {"MILL"}
        mill, pumps = judged_months(connection, scope=EVERYTHING, first=MONTH, last=MONTH)
        episodes = [stored.episode for stored in list_episodes(connection, scope=EVERYTHING)]
    assert (mill.service_point, pumps.service_point) == ("MILL", "PUMPS")
    told = {(row["check"], row["subject"]): row for row in mill.documents if row["standard"] == GB}
    for order in (5, 7, 11, 13):
        voltage, current = told["harmonic_voltage", f"h{order}"], told["harmonic_current", f"h{order}"]
        assert voltage["verdict"] == current["verdict"] == "violating"
        assert voltage["n"] == 31 * 12
        assert voltage["rank"] == math.ceil(0.95 * 31 * 12)
        assert voltage["coverage"] == 1.0
        assert voltage["value"] == pytest.approx(value_95(month_read, order, in_amperes=False), abs=0.006)
        assert current["value"] == pytest.approx(value_95(month_read, order, in_amperes=True), rel=0.01)
    # 20 A at 100 MVA, a short-circuit power of 150 MVA, 3.15 of 20 MVA, alpha 1.2 for order 5.
    limit_a = 20.0 * 150.0 / 100.0 * (3.15 / 20.0) ** (1.0 / 1.2)
    assert told["harmonic_current", "h5"]["limit"] == pytest.approx(limit_a, rel=1e-9)
    assert under_way == {
        (row["check"], row["subject"] or row["phase"])
        for row in mill.documents
        if row["verdict"] == "violating" and (row["standard"] or "").startswith("GB/T")
    }
    assert [row for row in pumps.documents if row["standard"] == GB and row["verdict"] == "violating"] == []
    assert sorted(str(e.evidence["check"]) for e in episodes) == ["harmonic_current", "harmonic_voltage"]
    assert {(e.service_point, e.verdict, e.starts_at, e.ends_at) for e in episodes} == {
        ("MILL", Verdict.ABNORMAL, BEGIN, END)
    }
    # Judged again, and looked at by the detectors' own flow: nothing is doubled, nothing withdrawn.
    again = judge_stored(MONTH, settings=Settings(database_url=SecretStr(database_url)), now=NOW)
    assert [point.verdict.value for point in again] == ["violating", "not decidable"]
    detect_recent(40, settings=Settings(database_url=SecretStr(database_url)), now=NOW)
    with connect(database_url) as connection:
        known = [s.episode for s in list_episodes(connection, scope=EVERYTHING, detector=DETECTOR)]
    assert known == episodes
