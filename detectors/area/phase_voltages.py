"""The voltages of an area's meters by phase and hour, with what those of one phase have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from detectors.area.day_hours import HOUR, DayHours
from detectors.ratings import Ratings, ratings
from pipeline.archive_records import AreaMember, MemberRole
from pipeline.block import MeterMatrix
from pipeline.quantities import Quantity
from pipeline.registry import Installation, Registry, Role, Wiring
from pipeline.timegrid import from_numpy

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Real = TypeVar("Real", Floats, Singles)
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]
PHASES = "ABC"
FEWEST = 3
"""Channels of a phase without which nothing is said of what they have in common."""
LOST_PERCENT = 60.0
"""Phase break limit of DL/T 645-2007 meters, % of nominal."""
VOLTAGES = {phase: Quantity(f"voltage_{phase.lower()}") for phase in PHASES}
POWERS = {phase: Quantity(f"active_power_{phase.lower()}") for phase in PHASES}


@dataclass(frozen=True, slots=True)
class Channel:
    """One voltage of one meter, and the phase that it is filed on ("" where nobody filed one)."""

    meter: str
    phase: str
    row: int
    is_member: bool
    is_one_phase: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaVoltages:
    """The channels of one area by the hours of its local days; arrays of shape (days, hours, channels).

    An hour is what was read at its first slot; NaN where that is missing, or the day has no such hour.
    """

    area: str
    channels: Sequence[Channel]
    percent: Singles
    """Voltage in % of nominal."""
    kw: Singles
    """Power on that phase at the same instants, primary side."""
    in_common: Mapping[str, Singles]
    """By phase: the median of the channels of each hour, shape (days, hours), NaN where fewer than enough."""
    spread: Mapping[str, Singles]
    """By phase: upper less lower quartile: how much the line takes off on its way."""
    hours: DayHours
    first_day: int
    """The place of the first local day among the window's days."""

    def of_phase(self, phase: str) -> Ints:
        """Return the places of the members' channels that are filed on a phase."""
        chosen = [n for n, c in enumerate(self.channels) if c.is_member and c.phase == phase]
        return np.array(chosen, np.intp)

    def supply_of(self, phase: str) -> Singles:
        """Return the voltage of a phase at the area's supply meters; NaN where none shows it."""
        chosen = [n for n, c in enumerate(self.channels) if not c.is_member and c.phase == phase]
        nothing = np.full(self.percent.shape[:2], np.nan, np.float32)
        return self.percent[..., chosen[0]] if chosen else nothing


def area_voltages(
    window: MeterMatrix, registry: Registry, each_minutes: int = HOUR
) -> Iterator[AreaVoltages]:
    """Yield the voltages of each area of the window, areas in order; of all slots or so many minutes apart.

    A meter counts that stays in its area for the whole window.
    """
    daily = window.daily
    if daily is None or not len(window.starts_at) or Quantity.VOLTAGE_A not in window.values:
        return
    rated = ratings(window, registry)
    hours_of: dict[ZoneInfo, DayHours] = {}
    for area, channels in sorted(_channels(window, registry).items()):
        zone = daily.zones[channels[0].row]
        hours = hours_of.setdefault(zone, DayHours.of(window.starts_at, window.minutes, zone, each_minutes))
        percent = _percent(window, rated, channels, hours)
        filed = np.array([channel.phase for channel in channels])
        places = {phase: np.flatnonzero(filed == phase) for phase in PHASES}
        quartiles = {phase: _quartiles(np.take(percent, own, axis=-1)) for phase, own in places.items()}
        yield AreaVoltages(
            area=area,
            channels=channels,
            percent=percent,
            kw=_kw(window, rated, channels, hours),
            in_common={phase: middle for phase, (_, middle, _) in quartiles.items()},
            spread={phase: upper - lower for phase, (lower, _, upper) in quartiles.items()},
            hours=hours,
            first_day=int(hours.days[0]) - int(daily.days[0].astype(np.int64)),
        )


def _channels(window: MeterMatrix, registry: Registry) -> dict[str, list[Channel]]:
    row_of = {meter: row for row, meter in enumerate(window.meters)}
    first, last = from_numpy(window.starts_at[0]), from_numpy(window.starts_at[-1])
    found: dict[str, list[Channel]] = {}
    for member in registry.area_members:
        for installation in registry.installations_by_point.get(member.service_point, ()):
            stays = _stays(member, first, last) and _stays(installation, first, last)
            if stays and installation.role is Role.MAIN and installation.meter in row_of:
                row = row_of[installation.meter]
                found.setdefault(member.area, []).extend(_of_meter(member, installation, row, registry))
    return {area: sorted(channels, key=_place) for area, channels in found.items()}


def _place(channel: Channel) -> tuple[str, str, int]:
    return channel.meter, channel.phase, channel.row


def _of_meter(
    member: AreaMember, installation: Installation, row: int, registry: Registry
) -> Iterator[Channel]:
    meter = registry.meter_by_id.get(installation.meter)
    is_member = member.role is MemberRole.MEMBER
    if meter is None or meter.wiring is Wiring.THREE_PHASE_THREE_WIRE:
        return
    one = meter.wiring is Wiring.ONE_PHASE
    for phase in [member.phase or ""] if one else PHASES:
        yield Channel(installation.meter, phase, row, is_member, one)


def _stays(entry: AreaMember | Installation, first: datetime, last: datetime) -> bool:
    return (entry.starts_at is None or entry.starts_at <= first) and (
        entry.ends_at is None or entry.ends_at > last
    )


def _percent(window: MeterMatrix, rated: Ratings, channels: Sequence[Channel], hours: DayHours) -> Singles:
    """Return voltages in % of nominal; one near zero is a loss and no voltage of the line."""
    rows = np.array([channel.row for channel in channels], np.intp)
    taken = np.full((len(channels), hours.slots.size), np.nan, np.float32)
    for phases, quantity, own in _shown(channels, VOLTAGES):
        column, masked = window.values.get(quantity), window.mask_of(phases)
        if column is not None:
            taken[own] = hours.taken(column, rows[own])
        if masked is not None:
            explained = hours.taken(masked.astype(np.float32), rows[own])
            taken[own] = np.where(explained > 0, np.nan, taken[own])
    percent = hours.by_day(taken)
    percent *= (100.0 / rated.nominal_v[rows]).astype(np.float32)
    percent[percent < LOST_PERCENT] = np.nan
    return percent


def _kw(window: MeterMatrix, rated: Ratings, channels: Sequence[Channel], hours: DayHours) -> Singles:
    """Return the power on each channel's phase, primary side."""
    rows = np.array([channel.row for channel in channels], np.intp)
    taken = np.full((len(channels), hours.slots.size), np.nan, np.float32)
    for phases, quantity, own in _shown(channels, POWERS):
        if not phases:
            taken[own] = hours.taken(window.power_kw, rows[own])
        elif quantity in window.values:
            shown = hours.taken(window.values[quantity], rows[own])
            is_constant = rated.ratio.shape[1] == 1
            ratio = rated.ratio[rows[own]] if is_constant else hours.taken(rated.ratio, rows[own])
            taken[own] = shown * ratio.astype(np.float32)
    return hours.by_day(taken)


def _shown(
    channels: Sequence[Channel], quantities: Mapping[str, Quantity]
) -> Iterator[tuple[str, Quantity, Ints]]:
    """Yield which channels show which quantity: single-phase meters ("") what they call phase A."""
    shown = np.array(["" if channel.is_one_phase else channel.phase for channel in channels])
    for phase in ("", *PHASES):
        own = np.flatnonzero(shown == phase)
        if len(own):
            yield phase, quantities[phase or PHASES[0]], own


def _quartiles(percent: Singles) -> tuple[Singles, Singles, Singles]:
    """Return the quartiles of the known channels of each hour, the lower of two; NaN for too few."""
    if percent.shape[-1] < FEWEST:
        nothing = np.full(percent.shape[:-1], np.nan, np.float32)
        return nothing, nothing, nothing
    count = np.isfinite(percent).sum(axis=-1)
    ordered = np.sort(percent, axis=-1)  # puts NaN last
    places = (((np.maximum(count - 1, 0) * quarter) // 4)[..., None] for quarter in (1, 2, 3))
    lower, middle, upper = (
        np.where(count >= FEWEST, np.take_along_axis(ordered, place, axis=-1)[..., 0], np.float32(np.nan))
        for place in places
    )
    return lower, middle, upper


def within(flags: Bools, days: int) -> Bools:
    """Return the days that lie in a trailing stretch of so many days at whose end a flag stands."""
    reached = flags.copy()
    for back in range(1, min(days, flags.shape[1])):
        reached[:, :-back] |= flags[:, back:]
    return reached


def trailing(sums: Real, days: int, axis: int = -1) -> Real:
    """Return the sum of each day and those before it, so many together, along the axis of days."""
    by_day = np.moveaxis(sums, axis, 0)
    together = by_day.copy()
    for back in range(1, min(days, len(by_day))):
        together[back:] += by_day[:-back]
    return np.moveaxis(together, 0, axis)
