"""An archive of two meters that is filed in the database, for the questions that storage answers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import pytest

from pipeline.contracts import Contract, Suspension
from pipeline.model import MeterId, Origin, Scope, Snapshot, Value
from pipeline.quantities import Quantity
from pipeline.registry import (
    Area,
    Bus,
    Installation,
    Meter,
    MqttSource,
    Ratio,
    Registry,
    Schedule,
    ServicePoint,
)
from pipeline.tariff import (
    BasicTerms,
    DayKind,
    DaySchedule,
    Each,
    EnergyCharge,
    FixedCharge,
    LossTerms,
    MarketEnergy,
    Period,
    Span,
    Step,
    StepsOver,
    Tariff,
)
from pipeline.vee_records import Estimation, LoadProfile, Sense, Temperature, Total, TotalMember
from storage.database import Connection
from storage.registry import save_registry

Q = Quantity
M1, M2 = MeterId("M1"), MeterId("M2")
START = datetime(2026, 3, 1, tzinfo=UTC)
SLOT = timedelta(minutes=15)
END = START + 4 * SLOT
Arguments: TypeAlias = dict[str, Any]  # Any: keyword arguments that several questions share
NORTH = Scope(frozenset({"north"}))

REGISTRY = Registry(
    meters=[Meter(id=M1), Meter(id=M2, resolution=0.1)],
    installations=[
        Installation(meter=M1, service_point="SP1", bus="B1", address="1", profile="dlt645_2007"),
        Installation(
            meter=M2,
            service_point="SP2",
            profile="primary_meter",
            starts_at=START,
            opening={"active_energy_import": 0.4, "active_energy_import_t1": 0.0},
        ),
    ],
    ratios=[Ratio(meter=M1, ct=20.0), Ratio(meter=M1, ct=30.0, starts_at=START + 2 * SLOT)],
    service_points=[ServicePoint(id="SP1", area="north"), ServicePoint(id="SP2", area="south")],
    areas=[Area(id="north"), Area(id="south")],
    contracts=[Contract(service_point="SP1", capacity_kva=630.0, settlement_day=25)],
    totals=[Total(id="T", name="plant")],
    total_members=[
        TotalMember(total="T", meter=M1),
        TotalMember(total="T", meter=M2, sense=Sense.SUBTRACT),
        TotalMember(total="T", meter=M2, starts_at=START),
    ],
    load_profiles=[LoadProfile(id="L", working_day=(1.0, 2.0), day_off=(1.0,))],
    estimations=[Estimation(id="E", category="office", rules=("class profile",), profile="L")],
    temperatures=[Temperature(area="north", day=date(2026, 3, 1), mean_c=-3.5)],
    suspensions=[Suspension(id="S1", service_point="SP1", starts_at=START, ends_at=None)],
    transformers=[],
    area_members=[],
    work_orders=[],
    protected_supplies=[],
    supplies=[],
    thresholds=[],
    alarm_channels=[],
    alarm_routes=[],
    tariffs=[
        Tariff(
            id="two-part",
            starts_at=START,
            charges=(
                EnergyCharge(item="energy", prices={Period.PEAK: Decimal("0.9000")}, price=Decimal("0.5")),
                EnergyCharge(item="fund", price=Decimal("-0.0010"), months=(6, 7), power_factor=False),
            ),
            fixed=(FixedCharge(item="rent", price=Decimal("12.5"), each=Each.YEAR),),
            schedules=(
                DaySchedule(
                    spans=(Span(from_minute=1380, to_minute=1440, period=Period.PEAK),), days=DayKind.WORKING
                ),
            ),
            holidays=(date(2026, 10, 1),),
            rates={1: Period.PEAK, 2: Period.FLAT},
            steps=(Step(above_kwh=Decimal(200), added=Decimal("0.05")),),
            steps_over=StepsOver.YEAR,
            basic=BasicTerms(demand_price=Decimal("38.0"), waiving=("stop",)),
            power_factor=True,
            losses=LossTerms(copper_percent=Decimal("1.5")),
        ),
        Tariff(id="two-part", starts_at=END, charges=(EnergyCharge(item="energy", price=Decimal(1)),)),
    ],
    market_energies=[
        MarketEnergy(service_point="SP1", month="2026-03", price=Decimal("0.4213"), share=Decimal("0.75")),
    ],
    buses=[Bus(id="B1", url="tcp://127.0.0.1:1")],
    schedules=[Schedule(group="register", every_s=900)],
    mqtt_sources=[
        MqttSource(id="G", topic="a/#", meters=("M2",)),
        MqttSource(
            id="H",
            topic="tele/+/SENSOR",
            dialect="tasmota",
            template="tele/{device}/SENSOR",
            devices={"plug": "M1"},
            quantities={"P": "active_power * 0.001"},
            zone=ZoneInfo("Europe/Berlin"),
            ask=False,
        ),
    ],
)


@pytest.fixture
def archive(database: Connection) -> Connection:
    save_registry(database, REGISTRY)
    return database


def reading(
    values: dict[Quantity, Value], meter: MeterId, at: datetime, origin: Origin = Origin.PRESENT
) -> Snapshot:
    return Snapshot(meter=meter, taken_at=at, received_at=at, values=values, origin=origin)
