from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from dashboard.day_registers import closed_days, registers_of
from pipeline.model import EVERYTHING, MeterId, Origin, Snapshot
from pipeline.quantities import Quantity
from pipeline.registry import Meter, Registry
from storage.database import Connection, connect
from storage.registry import save_registry
from storage.writer import ReadingWriter
from tests.meter_records import MIDNIGHT

SHANGHAI = ZoneInfo("Asia/Shanghai")
METER = MeterId("M")
TOTAL = Quantity.ACTIVE_ENERGY_IMPORT
LAST = date(2026, 11, 19)
"""The day that ``MIDNIGHT`` closes."""


@pytest.fixture
def registers(plain_database_url: str) -> Iterator[Connection]:
    with connect(plain_database_url) as connection:
        save_registry(connection, Registry(meters=[Meter(id=METER)]))
        yield connection


def store(connection: Connection, minutes: float, kwh: float, origin: Origin) -> None:
    at = MIDNIGHT + timedelta(minutes=minutes)
    snapshot = Snapshot(meter=METER, taken_at=at, received_at=at, origin=origin, values={TOTAL: kwh})
    ReadingWriter(connection).write([snapshot])


def closed(connection: Connection) -> list[tuple[date, float, float | None]]:
    days = closed_days(connection, METER, TOTAL, scope=EVERYTHING, last=LAST, days=3, zone=SHANGHAI)
    return [(day.day, day.values[TOTAL], day.used_kwh) for day in days]


def test_a_midnight_closes_the_day_before_and_a_freeze_goes_before_a_reading(registers: Connection) -> None:
    store(registers, 0, 105.0, Origin.DAILY_FREEZE)
    store(registers, 1, 105.5, Origin.PRESENT)
    store(registers, -24 * 60 + 20, 101.0, Origin.PRESENT)
    store(registers, -24 * 60 + 5, 100.0, Origin.PRESENT)
    assert closed(registers) == [(LAST, 105.0, 5.0), (LAST - timedelta(days=1), 100.0, None)]


def test_a_reading_long_after_midnight_closes_nothing(registers: Connection) -> None:
    store(registers, 75, 105.0, Origin.PRESENT)
    assert closed(registers) == []


def test_a_register_that_fell_tells_no_energy(registers: Connection) -> None:
    store(registers, -24 * 60, 100.0, Origin.DAILY_FREEZE)
    store(registers, 0, 3.0, Origin.DAILY_FREEZE)
    assert closed(registers)[0] == (LAST, 3.0, None)


def test_a_register_has_six_rates() -> None:
    assert [q.value for q in registers_of(TOTAL)][::6] == ["active_energy_import", "active_energy_import_t6"]
