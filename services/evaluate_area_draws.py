"""Areas drawn from real homes: thirty members, some with panels, a supply meter that sees a loss, a thief."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from pipeline.archive_records import AreaMember, MemberRole
from pipeline.block import MeterMatrix
from pipeline.contracts import Contract
from pipeline.daily_reduction import with_daily_rows
from pipeline.model import MeterId
from pipeline.registry import Area, Installation, Meter, Ratio, Registry, ServicePoint
from pipeline.timegrid import to_numpy
from services.evaluate_curves import HOMES_FROM, QUARTER, Homes
from simulators.physics.local_time import local_times
from simulators.physics.shapes import sunshine
from simulators.theft_attacks import attacked

Floats = NDArray[np.float64]
ZONE: Final = ZoneInfo("Europe/Zurich")
MEMBERS: Final = 30
"""As far as there are so many homes."""
GENERATORS: Final = 2
"""Of the members, those with panels (declared): the source has hardly any, so the sun is synthetic."""
PANELS_KW: Final = 5.0
CLOUDS: Final = (0.1, 1.0)
"""Share of a clear day's sun that a day gives, from and to."""
THEFT_DAYS: Final = (14, 21)
"""How long a theft has gone on at the end, from and to: whoever looks is not told."""
CT: Final = 20.0
STEP_KWH: Final = 0.01
"""Of every register; the supply meter's counts 20-fold."""
FIXED_SHARE: Final = 0.008
SQUARE_SHARE: Final = 0.022
"""Technical loss at the mean load, as shares of it: what never changes, and what goes with the square."""
SLOT_NOISE: Final = 0.10
DAY_NOISE: Final = 0.06
"""Of the technical loss, standard deviations: unbalance, reactive power and temperature move it."""
METER_ERROR: Final = 0.005
"""Standard deviation of the members' own errors; the supply meter's is half of it."""
VACANT_SHARE: Final = 0.15
"""What an empty home still draws of its usual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaDraw:
    """One area as its meters show it, and the truth."""

    window: MeterMatrix
    registry: Registry
    thief: str | None
    """His service point."""
    theft_days: int
    stolen_kwh: float
    stolen_percent: float
    """Of the energy that the supply meter brought while he stole."""


def draw_area(
    homes: Homes, random: Generator, kind: str | None, *, look_alike: bool, noise: float = 1.0
) -> AreaDraw:
    """Draw an area with a thief of a kind, or without any.

    With ``look_alike`` another home stands empty from the same day on: it uses less, and nothing is lost.
    ``noise`` is how many times the usual noise and meters' errors are.
    """
    chosen = homes.part(_some(len(homes.names), MEMBERS, random))
    thief, vacant, *others = random.permutation(len(chosen.names)).tolist()
    feeding = others[:GENERATORS]
    drawn = chosen.kwh.copy()
    drawn[feeding] -= _sun_kwh(drawn.shape[1:], random)
    days = drawn.shape[1]
    theft_days = int(random.integers(THEFT_DAYS[0], THEFT_DAYS[1] + 1))
    since = slice(days - theft_days, None)
    if look_alike:
        drawn[vacant, since] *= VACANT_SHARE
    metered = drawn * (1.0 + noise * METER_ERROR * random.standard_normal((len(drawn), 1, 1)))
    if kind is not None:
        honest = metered[thief : thief + 1]
        metered[thief, since] = attacked(kind, honest[:, : days - theft_days], honest[:, since], random)[0]
    supplied = _supplied(drawn, random, noise)
    stolen = float(drawn[thief, since].sum() - metered[thief, since].sum()) if kind is not None else 0.0
    names = list(chosen.names)
    return AreaDraw(
        window=_window(names, metered, supplied),
        registry=_registry(names, {names[row] for row in feeding}),
        thief=f"P-{names[thief]}" if kind is not None else None,
        theft_days=theft_days,
        stolen_kwh=stolen,
        stolen_percent=100.0 * stolen / float(supplied.reshape(days, -1)[since].sum()),
    )


def _sun_kwh(shape: tuple[int, ...], random: Generator) -> Floats:
    days, slots = shape
    clear = sunshine(local_times(HOMES_FROM, days * slots, QUARTER, ZONE)).reshape(shape)
    clouds = random.uniform(*CLOUDS, size=(days, 1))
    sun: Floats = PANELS_KW * QUARTER / 60.0 * clear * clouds
    return sun


def _some(of: int, most: int, random: Generator) -> NDArray[np.bool_]:
    chosen = np.zeros(of, np.bool_)
    chosen[random.permutation(of)[:most]] = True
    return chosen


def _supplied(drawn: Floats, random: Generator, noise: float) -> Floats:
    """Return what the supply meter brings: all that is drawn, net, and the loss of iron and lines."""
    net = drawn.sum(axis=0)
    mean, square = float(np.abs(net).mean()), float((net**2).mean())
    technical = FIXED_SHARE * mean + SQUARE_SHARE * mean * net**2 / square
    moved = SLOT_NOISE * random.standard_normal(net.shape) + DAY_NOISE * random.standard_normal((len(net), 1))
    error = 1.0 + noise * METER_ERROR / 2.0 * random.standard_normal()
    supplied: Floats = ((net + technical * (1.0 + noise * moved)) * error).ravel()
    return supplied


def _counted(kwh: Floats, step_kwh: float) -> Floats:
    """Return energies as a register of such steps shows them."""
    total = np.rint(np.cumsum(kwh, axis=1) / step_kwh)
    counted: Floats = np.diff(total, axis=1, prepend=0.0) * step_kwh
    return counted


def _window(names: list[MeterId], metered: Floats, supplied: Floats) -> MeterMatrix:
    net = np.vstack([metered.reshape(len(names), -1), supplied])
    steps = np.append(np.full(len(names), STEP_KWH), STEP_KWH * CT)
    flows = [
        np.vstack([_counted(flow[:-1], STEP_KWH), _counted(flow[-1:], STEP_KWH * CT)])
        for flow in (net.clip(0.0), (-net).clip(0.0))
    ]
    starts_at = to_numpy(HOMES_FROM) + np.arange(net.shape[1]) * np.timedelta64(QUARTER * 60_000_000, "us")
    window = MeterMatrix(
        meters=[*names, MeterId("SUPPLY")],
        starts_at=starts_at,
        minutes=QUARTER,
        values={},
        import_kwh=flows[0],
        quality=np.full(net.shape, "A"),
        step_kwh=steps,
        power_kw=np.full(net.shape, np.nan),
        energies={"export_kwh": flows[1]},
    )
    return with_daily_rows(window, _registry(names, set()))


def _registry(names: list[MeterId], feeding: set[MeterId]) -> Registry:
    points = [f"P-{name}" for name in names]
    return Registry(
        meters=[Meter(id=name) for name in (*names, MeterId("SUPPLY"))],
        installations=[
            Installation(meter=name, service_point=f"P-{name}") for name in (*names, MeterId("SUPPLY"))
        ],
        ratios=[Ratio(meter=MeterId("SUPPLY"), ct=CT)],
        areas=[Area(id="T", zone=ZONE)],
        service_points=[ServicePoint(id=point, area="T") for point in (*points, "P-SUPPLY")],
        contracts=[
            Contract(service_point=f"P-{name}", category="residential", generation=name in feeding)
            for name in names
        ],
        area_members=[
            *(AreaMember(area="T", service_point=point) for point in points),
            AreaMember(area="T", service_point="P-SUPPLY", role=MemberRole.SUPPLY),
        ],
    )
