"""Customers of three phases for the benchmark of detectors: each has a contract, some have stopped."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Final

import numpy as np

from pipeline.archive_records import AreaMember, Transformer
from pipeline.contracts import Contract, Suspension
from pipeline.model import MeterId
from pipeline.registry import Area, Installation, Meter, Ratio, Registry, ServicePoint
from pipeline.tariff import EnergyCharge, Tariff
from services.benchmarks.fleet_months import (
    ENDS_AT,
    NOMINAL_V,
    OWN_PERCENT_PER_KW,
    PHASES,
    STOPPED_DAYS,
    STOPPED_EVERY,
    FleetMonths,
    course_of,
    grid_of,
    planned_work,
)

BUSY_KW: Final = 1.1
"""On a phase."""
TARIFF: Final = Tariff(id="T", charges=(EnergyCharge(item="energy", price=Decimal("0.6")),))


def customers(meters: int, days: int) -> FleetMonths:
    """Return customers of three phases with a contract each, of two classes."""
    random, starts_at = np.random.default_rng(1), grid_of(days)
    shape = len(PHASES), meters, len(starts_at)
    by_day = np.arange(meters) % 2 == 0
    kw = course_of(starts_at, by_day, BUSY_KW) * random.lognormal(0.0, 0.1, shape)
    kw[:, ::STOPPED_EVERY, : STOPPED_DAYS * 96] = 0.0
    network = random.normal(0.0, 0.5, (len(PHASES), 1, len(starts_at)))
    volts = NOMINAL_V * (1.0 + 0.01 * (network - OWN_PERCENT_PER_KW * kw))
    names = [f"M{number}" for number in range(meters)]
    begin = ENDS_AT - timedelta(days=days)
    return FleetMonths(
        registry=Registry(
            meters=[Meter(id=MeterId(name)) for name in names],
            installations=[Installation(meter=MeterId(name), service_point=name) for name in names],
            service_points=[ServicePoint(id=name, area="A0") for name in names],
            areas=[Area(id="A0")],
            area_members=[AreaMember(area="A0", service_point=name) for name in names],
            contracts=[
                Contract(
                    service_point=name,
                    capacity_kva=100.0,
                    category="by day" if day else "by night",
                    tariff=TARIFF.id,
                )
                for name, day in zip(names, by_day.tolist(), strict=True)
            ],
            ratios=[Ratio(meter=MeterId(name)) for name in names],
            transformers=[Transformer(id=name, service_point=name, capacity_kva=100.0) for name in names],
            suspensions=[
                Suspension(
                    id=name,
                    service_point=name,
                    starts_at=begin,
                    ends_at=begin + timedelta(days=STOPPED_DAYS),
                    transformers=(name,),
                )
                for name in names[::STOPPED_EVERY]
            ],
            tariffs=[TARIFF],
            work_orders=list(planned_work(names, begin)),
        ),
        starts_at=starts_at,
        kw=kw,
        volts=volts,
        ratio=np.ones(meters),
    )
