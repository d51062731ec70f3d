"""Areas for the benchmark of detectors: homes along a line, whose voltages move together, behind a meter."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.archive_records import AreaMember, MemberRole
from pipeline.contracts import Contract, Suspension
from pipeline.model import MeterId
from pipeline.registry import Area, Installation, Meter, Ratio, Registry, ServicePoint, Wiring
from services.benchmarks.fleet_months import (
    ENDS_AT,
    NOMINAL_V,
    OWN_PERCENT_PER_KW,
    PHASES,
    STOPPED_DAYS,
    FleetMonths,
    Floats,
    course_of,
    grid_of,
    planned_work,
)

AREA_METERS: Final = 200
"""Meters of an area, its supply meter among them; one member in ten has three phases."""
THREE_PHASE_EVERY: Final = 10
SUPPLY_CT: Final = 40.0
TRUNK_PERCENT_PER_KW: Final = 0.012
"""What a kW on the phase takes off at the end of an area's line, % of nominal."""
BUSY_KW: Final = 0.8
_THREE: Final = Wiring.THREE_PHASE_FOUR_WIRE


def areas(meters: int, days: int) -> FleetMonths:
    """Return areas, each of homes along a line behind its supply meter: their voltages move together."""
    starts_at = grid_of(days)
    sizes = [min(AREA_METERS, meters - first) for first in range(0, meters, AREA_METERS)]
    parts = [_line(np.random.default_rng(place), size, starts_at) for place, size in enumerate(sizes)]
    names = [f"A{place}-{number}" for place, size in enumerate(sizes) for number in range(size)]
    areas_of = [f"A{place}" for place, size in enumerate(sizes) for _ in range(size)]
    begin = ENDS_AT - timedelta(days=days)
    return FleetMonths(
        registry=Registry(
            meters=[
                Meter(id=MeterId(name), wiring=Wiring.ONE_PHASE if _is_one_phase(name) else _THREE)
                for name in names
            ],
            installations=[
                Installation(meter=MeterId(name), service_point=name, bus=area)
                for name, area in zip(names, areas_of, strict=True)
            ],
            service_points=[
                ServicePoint(id=name, area=area) for name, area in zip(names, areas_of, strict=True)
            ],
            areas=[Area(id=area) for area in dict.fromkeys(areas_of)],
            area_members=[_member(name, area) for name, area in zip(names, areas_of, strict=True)],
            contracts=[
                Contract(service_point=name, category="by day" if _number(name) % 5 else "by night")
                for name in names
                if _number(name)
            ],
            ratios=[Ratio(meter=MeterId(name), ct=SUPPLY_CT) for name in names if not _number(name)],
            suspensions=[
                Suspension(
                    id=name,
                    service_point=name,
                    starts_at=begin - timedelta(days=STOPPED_DAYS),
                    ends_at=begin,
                )
                for name in names
                if _number(name) == 1
            ],
            work_orders=list(planned_work(names, begin)),
        ),
        starts_at=starts_at,
        kw=np.concatenate([kw for kw, _ in parts], axis=1),
        volts=np.concatenate([volts for _, volts in parts], axis=1),
        ratio=np.array([1.0 if _number(name) else SUPPLY_CT for name in names]),
    )


def _line(random: np.random.Generator, size: int, starts_at: NDArray[np.datetime64]) -> tuple[Floats, Floats]:
    """Return loads and voltages of one area's meters; the first of them is its supply meter."""
    shape = len(PHASES), size, len(starts_at)
    number = np.arange(size)
    kw = course_of(starts_at, number % 5 > 0, BUSY_KW) * random.lognormal(0.0, 0.4, shape)
    one = np.array([_is_one_phase(f"-{n}") for n in number])
    kw[1:, one] = 0.0
    hangs_on = np.where(one, number % len(PHASES), -1)
    kw[:, 0] = 0.0
    loads = np.stack(
        [kw[0, hangs_on == phase].sum(axis=0) + kw[phase, ~one].sum(axis=0) for phase in range(len(PHASES))]
    )
    kw[:, 0] = loads * 1.02
    steps = random.normal(0.0, 0.15, (len(PHASES), len(starts_at)))
    supply = 102.0 + np.cumsum(steps, axis=1) * 0.1 + random.normal(0.0, 0.3, (1, len(starts_at)))
    along = (number / size)[:, None]
    percent = np.full(shape, np.nan)
    for phase in range(len(PHASES)):
        left = supply[phase] - TRUNK_PERCENT_PER_KW * along * loads[phase]
        for element, rows in ((0, hangs_on == phase), (phase, ~one)):
            own = OWN_PERCENT_PER_KW * kw[element, rows] * (number[rows] > 0)[:, None]
            percent[element, rows] = left[rows] - own
    percent += random.normal(0.0, 0.03, shape)
    return kw, percent * NOMINAL_V / 100.0


def _member(name: str, area: str) -> AreaMember:
    number = _number(name)
    return AreaMember(
        area=area,
        service_point=name,
        role=MemberRole.MEMBER if number else MemberRole.SUPPLY,
        phase="ABC"[number % len(PHASES)] if _is_one_phase(name) else None,
    )


def _number(name: str) -> int:
    """Return the number of a meter within its area; 0 is the supply meter."""
    return int(name.rpartition("-")[2])


def _is_one_phase(name: str) -> bool:
    return _number(name) % THREE_PHASE_EVERY > 0
