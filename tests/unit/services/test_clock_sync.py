"""Clocks that the collector sets by itself, over the wire, on the simulator's own rule, with a database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from collectors.bus import BusOwner
from collectors.scheduler import BusPlan
from collectors.turns import Priority
from pipeline.errors import AuditError, NotAllowedError
from pipeline.model import MeterId
from pipeline.registry import Bus, Meter, Registry
from services import control_clock
from services.audit import Audit, Entry
from services.bus_reading import Station
from services.clock_sync import ClockSync, clock_sync_of
from services.control import OrderDesk
from services.control_clock import require_between_records
from services.control_settings import ControlSettings
from services.persons import Person
from services.settings import Settings
from services.store import Store
from services.wiring import load_profiles, target_of
from simulators.dlt645.traits import Traits
from simulators.dlt645_meter import Dlt645Meter
from simulators.line import serve_line
from storage.database import connect
from storage.registry import save_registry
from tests.unit.services.stations import storing
from tests.unit.simulators.dlt645.bench import ZONE, Load

PROFILE = "dlt645_2007_three_phase"
QUIET_MOMENT = datetime(2026, 3, 10, 12, 7, tzinfo=ZONE)
"""Seven minutes past a quarter: no load record, settlement or midnight is near."""


@dataclass
class Bench:
    """A bus of meters whose clocks are off by the given seconds."""

    url: str
    folder: Path
    offsets_s: tuple[float, ...]
    drift_s_per_day: float = 0.0
    shift: timedelta = field(default_factory=lambda: QUIET_MOMENT - datetime.now(UTC))
    meters: list[Dlt645Meter] = field(default_factory=list)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.shift

    @property
    def audit(self) -> Audit:
        return Audit(self.folder / "audit.jsonl")

    def off_s(self, number: int) -> float:
        clock = self.meters[number].core.clock
        return clock.offset_at(clock.true_now()).total_seconds()

    def go(
        self, *steps: Callable[[], object], busy: Callable[[BusPlan], Awaitable[None]] | None = None
    ) -> None:
        """Go one round, and one more after each step."""
        asyncio.run(self._go(steps, busy))

    async def _go(
        self, steps: tuple[Callable[[], object], ...], busy: Callable[[BusPlan], Awaitable[None]] | None
    ) -> None:
        self.meters = [
            Dlt645Meter(
                f"{number + 1:012}",
                Load(),
                self.now,
                zone=ZONE,
                memory_from=self.now() - timedelta(days=2),
                traits=Traits(clock_offset_s=offset_s, clock_drift_s_per_day=self.drift_s_per_day),
            )
            for number, offset_s in enumerate(self.offsets_s)
        ]
        archive = [Meter(id=MeterId(f"M{n}"), zone=ZONE) for n in range(len(self.meters))]
        registry = Registry(meters=archive)
        with connect(self.url) as connection:
            save_registry(connection, registry)
        line = await serve_line(self.meters, host="127.0.0.1")
        url = f"tcp://127.0.0.1:{line.port}"
        profile = load_profiles()[PROFILE]
        owner = BusOwner(Bus(id="b1", url=url, timeout_s=0.5), now=self.now, lock_dir=self.folder)
        targets = [target_of(m, f"{n + 1:012}", profile, url) for n, m in enumerate(archive)]
        plan = BusPlan(owner=owner, targets=targets)
        store = Store(self.url, registry)
        station = Station(
            database_url=self.url, profiles={meter.id: profile for meter in archive}, store=store
        )
        sync = ClockSync(
            control=OrderDesk(settings=ControlSettings(), person=Person(account="kw", name="collector")),
            audit=self.audit,
            meters=registry.meter_by_id,
            above_s=60.0,
            person_above_s=300.0,
        )
        async with storing(store):
            if busy is not None:
                await busy(plan)
            await sync.go_round(plan, station)
            for step in steps:
                step()
                await sync.go_round(plan, station)
        await owner.close()
        await line.close()


@pytest.fixture
def bench(plain_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = Bench(plain_database_url, tmp_path, (120.0, 20.0, -299.0, 900.0))
    monkeypatch.setattr(control_clock, "utc_now", made.now)
    return made


def told(entries: list[Entry]) -> list[tuple[str, str, object]]:
    return [
        (entry.event, str(entry.details["meter"])[-1], entry.details.get("read_back")) for entry in entries
    ]


def test_what_is_off_by_more_than_the_threshold_is_set_read_back_and_recorded(bench: Bench) -> None:
    bench.go()
    assert [abs(bench.off_s(n)) < 2.0 for n in (0, 2)] == [True, True]
    assert (bench.off_s(1), bench.off_s(3)) == (20.0, 900.0)
    entries = list(bench.audit.entries())
    assert told(entries) == [
        ("sending", "1", None),
        ("outcome", "1", "confirmed"),
        ("sending", "3", None),
        ("outcome", "3", "confirmed"),
    ]
    assert entries[0].details["offset_s"] == pytest.approx(120.0, abs=1.5)
    assert entries[0].details["by"]["name"] == "collector"
    assert entries[0].details["bus"] == "b1"
    with psycopg.connect(bench.url) as connection:
        rows = connection.execute(
            "SELECT m.id, clock_offset FROM electrical_reading JOIN meter AS m USING (meter_id) ORDER BY m.id"
        ).fetchall()
    assert [meter for meter, _ in rows] == ["M0", "M1", "M2", "M3"]
    assert [offset for _, offset in rows] == pytest.approx([120, 20, -299, 900], abs=1.5)


def test_a_clock_is_set_once_a_day_whoever_starts_anew(bench: Bench) -> None:
    bench.offsets_s = (120.0,)
    bench.go()
    bench.go()  # another process, another meter's memory of it: the audit alone knows
    assert bench.off_s(0) == 120.0
    assert len(bench.audit.entries()) == 2

    def tomorrow() -> None:
        bench.shift += timedelta(days=1)

    bench.go(tomorrow)
    assert abs(bench.off_s(0)) < 2.0
    assert len(bench.audit.entries()) == 4


@pytest.mark.parametrize(
    ("moment", "offset_s"),
    [
        (QUIET_MOMENT.replace(minute=2), -200.0),  # 12:00 would come twice
        (QUIET_MOMENT.replace(minute=14), 200.0),
        (QUIET_MOMENT.replace(minute=15, second=5), 61.0),
        (QUIET_MOMENT.replace(hour=0, minute=4), 70.0),
        (QUIET_MOMENT.replace(hour=23, minute=53), 200.0),
    ],
)
def test_nothing_is_set_near_an_instant_that_the_meter_records_or_across_one(
    bench: Bench, moment: datetime, offset_s: float
) -> None:
    bench.offsets_s = (offset_s,)
    bench.shift = moment - datetime.now(UTC)
    bench.go()
    assert bench.off_s(0) == offset_s
    assert bench.audit.entries() == ()


def test_a_meter_that_does_not_take_the_time_is_recorded_and_left_for_the_day(bench: Bench) -> None:
    bench.offsets_s = (120.0,)

    def refuse_from_now_on() -> None:
        bench.shift += timedelta(days=1)
        meter = bench.meters[0]
        meter.core.clock.set_to(meter.core.clock.true_now() + timedelta(seconds=200))
        assert meter.core.clock.obey_broadcast(meter.core.clock.now())  # it had its time today

    bench.go(refuse_from_now_on, lambda: None)
    assert bench.off_s(0) == pytest.approx(200.0)
    *_, sending, outcome = bench.audit.entries()
    assert (sending.event, outcome.event, outcome.details["read_back"]) == ("sending", "outcome", "differs")
    assert len(bench.audit.entries()) == 4


def test_what_is_off_by_more_is_left_to_a_person_and_said_once(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.offsets_s = (900.0,)
    bench.go(lambda: None, lambda: None)
    said = [record.getMessage() for record in caplog.records if "clock.person" in record.getMessage()]
    assert len(said) == 1
    assert "meter M0 is off by +900 s, more than 300 s" in said[0]
    assert bench.audit.entries() == ()


def test_an_order_waits_for_slots_and_people(bench: Bench) -> None:
    bench.offsets_s = (120.0,)
    order: list[str] = []

    async def busy(plan: BusPlan) -> None:
        turns = plan.owner._turns

        async def slot() -> None:
            await turns.take(Priority.LIVE)
            order.append("slot")
            turns.give_back()

        await turns.take(Priority.ON_DEMAND)

        async def clock() -> None:
            async with plan.owner.free_turn(plan.targets[0]):
                order.append("clock")

        waiting = [asyncio.create_task(clock()), asyncio.create_task(slot())]
        await asyncio.sleep(0)
        turns.give_back()
        await asyncio.gather(*waiting)

    bench.go(busy=busy)
    assert order == ["slot", "clock"]


def test_records_of_a_minute_leave_no_quiet_moment_and_do_not_forbid_it() -> None:
    local = QUIET_MOMENT.replace(minute=0)
    require_between_records(local, timedelta(seconds=100), 1)
    with pytest.raises(NotAllowedError, match="load record about 12:00:00 to 12:01:40"):
        require_between_records(local, timedelta(seconds=100), 15)


def test_it_is_off_by_default_and_needs_an_audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ControlSettings.model_fields:
        monkeypatch.delenv(f"KILOWATCH_{name.upper()}", raising=False)
    monkeypatch.setenv("KILOWATCH_ALLOW_CLOCK", "true")
    assert clock_sync_of(Settings(), Registry()) is None
    monkeypatch.setenv("KILOWATCH_ALLOW_CLOCK_SYNC", "true")
    monkeypatch.setenv("KILOWATCH_AUDIT_FILE", str(tmp_path / "audit.jsonl"))
    sync = clock_sync_of(Settings(), Registry())
    assert sync is not None
    assert (sync.above_s, sync.person_above_s) == (60.0, 300.0)
    (tmp_path / "audit.jsonl").write_text("forged\n")
    with pytest.raises(AuditError):
        clock_sync_of(Settings(), Registry())
