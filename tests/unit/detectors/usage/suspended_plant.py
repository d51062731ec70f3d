"""The real steel plant, suspended for twenty days: what the tests of the suspended load begin from."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.usage.suspended_load import SuspendedLoad
from pipeline.block import MeterMatrix
from pipeline.contracts import BasicCharge, Contract, Suspension
from pipeline.model import Episode, MeterId
from pipeline.registry import Installation, Meter, Registry, ServicePoint
from tests.fix_windows import SHANGHAI, STEEL_DAYS, STEEL_FROM, grid, steel_kwh, window

STARTS_AT = grid(STEEL_FROM, STEEL_DAYS)
STOP = Suspension(
    id="S1",
    service_point="P1",
    starts_at=datetime(2018, 3, 8, tzinfo=SHANGHAI),
    ends_at=datetime(2018, 3, 28, tzinfo=SHANGHAI),
    setpoint_w=10_000.0,
)
REGISTRY = Registry(
    meters=(Meter(id=MeterId("m")),),
    installations=(Installation(meter=MeterId("m"), service_point="P1"),),
    service_points=(ServicePoint(id="P1"),),
    contracts=(Contract(service_point="P1", capacity_kva=800.0, basic_charge=BasicCharge.CAPACITY),),
    suspensions=(STOP,),
)


def slot_of(local: datetime) -> int:
    return int((local - STEEL_FROM) / timedelta(minutes=15))


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2018, 3, day, hour, minute, tzinfo=SHANGHAI)


def suspended(auxiliaries_kw: float = 5.0) -> NDArray[np.float64]:
    """The plant's real curve, with nothing but auxiliaries from the 8th to the 27th."""
    kwh = steel_kwh()
    kwh[slot_of(at(8)) : slot_of(at(28))] = auxiliaries_kw / 4
    return kwh


def with_nights(kwh: NDArray[np.float64], nights: tuple[int, ...] = (12, 13, 20)) -> NDArray[np.float64]:
    """80 kW from 22:00 to 04:00 of the next day."""
    for night in nights:
        kwh[slot_of(at(night, 22)) : slot_of(at(night + 1, 4))] = 20.0
    return kwh


def plant_window(kwh: NDArray[np.float64], **columns: Any) -> MeterMatrix:
    return window(STARTS_AT, {"m": kwh}, **columns)


def found(kwh: NDArray[np.float64], **changes: Any) -> list[Episode]:
    registry = replace(REGISTRY, suspensions=(replace(STOP, **changes),))
    return list(SuspendedLoad().detect(plant_window(kwh), registry))


def days_of(episode: Episode) -> dict[str, Mapping[str, Any]]:
    rows: Any = episode.evidence["days"]
    return {row["day"]: row for row in rows}
