"""Days of 23 and 25 hours from registers in the database to final intervals, findings, days and bills."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from pydantic import SecretStr

from pipeline.contracts import Contract
from pipeline.model import EVERYTHING, MeterId, Snapshot
from pipeline.quantities import Quantity
from pipeline.registry import Area, Installation, Meter, Registry, ServicePoint
from pipeline.timegrid import local_clock, local_day
from services.derive import derive_recent
from services.settings import Settings
from services.vee_edits import Stretch, edit
from services.vee_energy import energies
from services.vee_recent import vee_recent
from storage.database import connect
from storage.finals import final_series
from storage.registry import save_registry
from storage.vee_findings import findings
from storage.writer import ReadingWriter
from tests.integration.test_final_intervals import WANG

BERLIN = ZoneInfo("Europe/Berlin")
M = MeterId("M")
SLOT = timedelta(minutes=15)
DAYS_BEFORE = 9
REGISTRY = Registry(
    meters=[Meter(id=M, zone=BERLIN)],
    installations=[Installation(meter=M, service_point="P")],
    service_points=[ServicePoint(id="P", area="B")],
    areas=[Area(id="B", zone=BERLIN)],
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A day on which the clocks change."""

    day: date
    hours: int

    @property
    def span(self) -> tuple[datetime, datetime]:
        return local_day(self.day, BERLIN)


SPRING, AUTUMN = Change(day=date(2026, 3, 29), hours=23), Change(day=date(2026, 10, 25), hours=25)


def _store(url: str, change: Change) -> datetime:
    """Store a read every quarter, 0.25 kWh each, none for three hours at the change; return the end."""
    begins, ends = change.span
    first, last = begins - timedelta(days=DAYS_BEFORE), ends + timedelta(hours=6)
    snapshots = []
    for n in range((last - first) // SLOT + 1):
        at = first + n * SLOT
        if begins + timedelta(hours=1) < at < begins + timedelta(hours=4):
            continue
        values = {Quantity.ACTIVE_ENERGY_IMPORT: 100 + n * 0.25}
        snapshots.append(Snapshot(meter=M, taken_at=at, received_at=at, values=values))
    with connect(url) as connection:
        save_registry(connection, REGISTRY)
        ReadingWriter(connection).write(snapshots)
    return last


@pytest.mark.parametrize("change", [SPRING, AUTUMN], ids=["23 hours", "25 hours"])
def test_a_day_has_the_slots_that_its_clock_has_and_loses_no_energy(
    any_database_url: str, change: Change
) -> None:
    settings = Settings(database_url=SecretStr(any_database_url))
    now = _store(any_database_url, change)
    derive_recent(DAYS_BEFORE + 2, settings, now)
    first = vee_recent(DAYS_BEFORE + 2, settings, now)
    begins, ends = change.span
    with connect(any_database_url) as connection:
        finals = final_series(connection, scope=EVERYTHING, starts_at=begins, ends_at=ends, minutes=15)
        (point,) = energies(connection, REGISTRY, change.span, points=["P"], totals=[])
        told = findings(connection, scope=EVERYTHING, starts_at=begins, ends_at=ends)
    assert len(finals) == change.hours * 4
    assert finals.amounts.tolist() == [0.25] * len(finals)
    assert finals.quality.tolist().count("E") == 12
    assert (point.known_kwh, point.missing) == (change.hours * 1.0, 0)
    # By the hour the day is as every other: it is neither low nor high for being short or long.
    assert [f.rule for f in told] == []
    assert first.bills == []
    assert vee_recent(DAYS_BEFORE + 2, settings, now).changed == 0
    days, minutes = local_clock(finals.starts_at, BERLIN)
    assert len(set(days.tolist())) == 1
    hour_of_change = np.count_nonzero(minutes // 60 == 2)
    assert hour_of_change == {23: 0, 25: 8}[change.hours]


def test_the_hour_that_comes_twice_is_edited_once(any_database_url: str) -> None:
    settings = Settings(database_url=SecretStr(any_database_url))
    now = _store(any_database_url, AUTUMN)
    derive_recent(DAYS_BEFORE + 2, settings, now)
    second = datetime(2026, 10, 25, 2, 15, tzinfo=BERLIN, fold=1)
    settled_sunday = Registry(
        meters=REGISTRY.meters,
        installations=REGISTRY.installations,
        service_points=REGISTRY.service_points,
        areas=REGISTRY.areas,
        contracts=[Contract(service_point="P", settlement_day=25)],
    )
    with connect(any_database_url) as connection:
        save_registry(connection, settled_sunday)
        done = edit(
            connection,
            Stretch(meter=M, energy="import_kwh", starts_at=second.astimezone(UTC)),
            1.0,
            WANG,
            "clock",
            now,
        )
        begins, ends = AUTUMN.span
        finals = final_series(connection, scope=EVERYTHING, starts_at=begins, ends_at=ends, minutes=15)
    assert np.flatnonzero(finals.amounts == 1.0).tolist() == [13]
    assert [bill.month for bill in done.bills] == ["2026-11"]
