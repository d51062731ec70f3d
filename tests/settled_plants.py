"""A small plant that is billed: archive, intervals and registers of its meter, for tests of settlement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
from pydantic import SecretStr

from pipeline.contracts import BasicCharge, Contract
from pipeline.model import MeterId, Origin, Snapshot
from pipeline.quantities import Quantity
from pipeline.registry import Area, Installation, Meter, Ratio, Registry, ServicePoint
from pipeline.tariff import BasicTerms, DaySchedule, EnergyCharge, Period, Span, Tariff
from pipeline.timegrid import slot_grid
from services.settings import Settings
from services.settle_again import rerate_stored
from services.settle_due import settle_due
from services.settle_stored import settle_stored
from storage.database import connect
from storage.intervals import IntervalColumns, save_intervals
from storage.registry import save_registry
from storage.writer import ReadingWriter

METER, POINT = MeterId("M"), "SP"
MARCH = datetime(2026, 2, 28, 16, tzinfo=UTC)
"""Midnight of 1 March in Shanghai, a settlement day."""
APRIL = datetime(2026, 3, 31, 16, tzinfo=UTC)
NOON = datetime(2026, 4, 1, 4, tzinfo=UTC)
"""When the bill of March is made."""
CT = 20.0
SLOT_KWH = 2.0
"""What each quarter of an hour uses: 96 x 31 of them are 5 952 kWh, 297.6 at the meter."""
OPENING = 1000.0
CLOSING = OPENING + 96 * 31 * SLOT_KWH / CT
TARIFF = Tariff(
    id="T",
    charges=(
        EnergyCharge(
            item="energy",
            prices={Period.PEAK: Decimal("0.9"), Period.VALLEY: Decimal("0.3")},
            price=Decimal("0.6"),
        ),
        EnergyCharge(item="network", price=Decimal("0.1")),
    ),
    schedules=(
        DaySchedule(
            spans=(
                Span(from_minute=0, to_minute=480, period=Period.VALLEY),
                Span(from_minute=480, to_minute=720, period=Period.PEAK),
            )
        ),
    ),
    basic=BasicTerms(demand_price=Decimal(40), capacity_price=Decimal(25)),
)
PLANT = Registry(
    meters=[Meter(id=METER)],
    installations=[Installation(meter=METER, service_point=POINT)],
    ratios=[Ratio(meter=METER, ct=CT)],
    service_points=[ServicePoint(id=POINT, name="Foundry", customer="Works", area="north")],
    areas=[Area(id="north")],
    contracts=[
        Contract(service_point=POINT, capacity_kva=100.0, basic_charge=BasicCharge.CAPACITY, tariff="T")
    ],
    tariffs=[TARIFF],
)


def plant(**changed: Sequence[object]) -> Registry:
    """Return the plant's archive with some of its tables replaced."""
    return replace(PLANT, **changed)  # type: ignore[arg-type]  # tables of any kind of record


def intervals(  # noqa: PLR0913 - what a test may want otherwise
    starts_at: datetime = MARCH,
    ends_at: datetime = APRIL,
    *,
    meter: MeterId = METER,
    kwh: float = SLOT_KWH,
    kvarh: float | None = None,
    missing: slice = slice(0, 0),
) -> IntervalColumns:
    """Return quarter hours that are all alike; some may be missing."""
    grid = slot_grid(starts_at, ends_at, 15)
    values = np.full(len(grid), kwh)
    values[missing] = np.nan
    energies = {"import_kwh": values}
    if kvarh is not None:
        energies["import_kvarh"] = np.full(len(grid), kvarh)
    return IntervalColumns(
        meters=[meter] * len(grid),
        starts_at=grid,
        minutes=np.full(len(grid), 15, dtype=np.int16),
        quality=np.where(np.isnan(values), "N", "A"),
        energies=energies,
        methods=["measured"] * len(grid),
    )


def reading(
    at: datetime,
    register: float,
    origin: Origin = Origin.SETTLEMENT_FREEZE,
    *,
    meter: MeterId = METER,
    more: Mapping[Quantity, float] | None = None,
) -> Snapshot:
    """Return what a meter's register showed."""
    values = {Quantity.ACTIVE_ENERGY_IMPORT: register, **(more or {})}
    return Snapshot(
        meter=meter, taken_at=at, received_at=at + timedelta(hours=1), origin=origin, values=values
    )


def make_bills(url: str) -> None:
    """Fill a database: the bill of March was made of an estimate and again of a freeze that came late.

    February has a bill too, which is refused: no meter read a thing in it.
    """
    settings = Settings(database_url=SecretStr(url))
    with connect(url) as connection:
        save_registry(connection, PLANT)
        save_intervals(connection, intervals(), computed_at=NOON)
        ReadingWriter(connection).write([reading(MARCH, OPENING)])
        list(settle_stored("2026-03", settings=settings, now=NOON))
        ReadingWriter(connection).write([reading(APRIL, CLOSING + 0.2)])
        list(rerate_stored(settings=settings, now=NOON))
        list(settle_stored("2026-02", settings=settings, now=NOON))


def make_interim_bills(url: str) -> None:
    """Fill a database: interim bills until 11 and 21 March, then the bill of March, which takes them off."""
    settings = Settings(database_url=SecretStr(url))
    thrice = plant(contracts=[replace(PLANT.contracts[0], interim_days=(11, 21))])
    with connect(url) as connection:
        save_registry(connection, thrice)
        save_intervals(connection, intervals(), computed_at=NOON)
        ReadingWriter(connection).write([reading(MARCH, OPENING)])
        for day in (10, 20):
            list(settle_due(settings, MARCH + timedelta(days=day)))
