"""Out of the database: what points and totals used, and registers at instants that nobody read them."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from pipeline.errors import DataError
from pipeline.model import MeterId, Snapshot
from pipeline.quantities import Quantity
from pipeline.registry import Installation, Meter, Ratio, Registry, Role, ServicePoint
from pipeline.timegrid import to_numpy
from pipeline.vee_records import Estimation, LoadProfile, Sense, Total, TotalMember
from services.vee_energy import energies
from services.vee_registers import registers_at
from storage.database import Connection
from storage.intervals import IntervalColumns, save_intervals
from storage.registry import save_registry
from storage.writer import ReadingWriter

M, SUB = MeterId("M"), MeterId("S")
START = datetime(2026, 2, 28, 16, tzinfo=UTC)
"""Midnight of Sunday, 1 March, in Shanghai: a settlement day."""
SLOT = timedelta(minutes=15)
HOUR = timedelta(hours=1)
REGISTRY = Registry(
    meters=[Meter(id=M), Meter(id=SUB)],
    installations=[
        Installation(meter=M, service_point="P"),
        Installation(meter=SUB, service_point="P", role=Role.SUBTRACT),
    ],
    ratios=[Ratio(meter=M, ct=20.0)],
    service_points=[ServicePoint(id="P")],
    totals=[Total(id="T")],
    total_members=[
        TotalMember(total="T", meter=M, sense=Sense.SUBTRACT),
        TotalMember(total="T", meter=SUB, starts_at=START + 2 * SLOT),
    ],
)


def _intervals(meter: MeterId, begins: datetime, kwh: list[float]) -> IntervalColumns:
    return IntervalColumns(
        meters=[meter] * len(kwh),
        starts_at=np.array([to_numpy(begins + n * SLOT) for n in range(len(kwh))], dtype="datetime64[us]"),
        minutes=np.full(len(kwh), 15, dtype=np.int16),
        quality=np.full(len(kwh), "A"),
        energies={"import_kwh": np.array(kwh)},
    )


def _read(connection: Connection, at: datetime, register: float) -> None:
    values = {Quantity.ACTIVE_ENERGY_IMPORT: register}
    ReadingWriter(connection).write([Snapshot(meter=M, taken_at=at, received_at=at, values=values)])


@pytest.fixture
def archive(database: Connection) -> Connection:
    save_registry(database, REGISTRY)
    return database


def test_a_point_is_its_main_meter_less_its_sub_meters_and_a_total_the_signed_sum(
    archive: Connection,
) -> None:
    for meter, kwh in ((M, [5.0] * 4), (SUB, [2.0] * 4)):
        save_intervals(archive, _intervals(meter, START, kwh), computed_at=START)
    point, total = energies(archive, REGISTRY, (START, START + 5 * SLOT), points=["P"], totals=["T"])
    assert point.kwh[:4].tolist() == [3.0] * 4
    assert point.missing == 1
    assert total.kwh[:4].tolist() == [-5.0, -5.0, -3.0, -3.0]
    with pytest.raises(DataError, match="Q, U: no main meter or member"):
        energies(archive, REGISTRY, (START, START + SLOT), points=["Q"], totals=["U"])


def _at(connection: Connection, registry: Registry, at: datetime) -> tuple[float | None, str]:
    (found,) = registers_at(connection, registry, at=at, meters=[M], energy="import_kwh", primary=frozenset())
    return found.register, found.method


def test_a_register_at_midnight_is_found_by_the_best_rule_that_can(archive: Connection) -> None:
    assert _at(archive, REGISTRY, START) == (None, "")
    _read(archive, START - HOUR, 100.0)
    assert _at(archive, REGISTRY, START) == (None, "")
    _read(archive, START - 25 * HOUR, 76.0)
    # One kWh an hour on the meter's own side.
    assert _at(archive, REGISTRY, START) == (101.0, "mean use")
    # The class draws three times as much between 23:00 and midnight as in the 23 other hours.
    profiled = Registry(
        **{
            name: getattr(REGISTRY, name)
            for name in ("meters", "installations", "ratios", "service_points", "totals", "total_members")
        },
        load_profiles=[LoadProfile(id="L", working_day=(1.0,) * 23 + (3.0,), day_off=(1.0,) * 23 + (3.0,))],
        estimations=[Estimation(id="all", profile="L")],
    )
    # 24 kWh over 26 factors an hour each; 3 more ahead.
    assert _at(archive, profiled, START) == (round(100.0 + 24.0 * 3 / 26, 2), "class profile")
    _read(archive, START + HOUR, 104.0)
    assert _at(archive, REGISTRY, START) == (102.0, "prorated")
    # 60 kWh on the primary side behind a ratio of 20.
    save_intervals(archive, _intervals(M, START - HOUR, [15.0] * 4), computed_at=START)
    assert _at(archive, REGISTRY, START) == (103.0, "from intervals")
    _read(archive, START, 103.5)
    assert _at(archive, REGISTRY, START) == (103.5, "read")


def test_an_energy_or_meter_that_is_not_there_is_told(archive: Connection) -> None:
    with pytest.raises(DataError, match="has no register; expected one of import_kwh"):
        registers_at(archive, REGISTRY, at=START, meters=[M], energy="kwh", primary=frozenset())
    with pytest.raises(DataError, match="not in the archive: X"):
        registers_at(
            archive, REGISTRY, at=START, meters=[MeterId("X")], energy="import_kwh", primary=frozenset()
        )
