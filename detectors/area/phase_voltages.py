"""The voltages of an area's meters by phase, with what those of one phase have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from detectors.ratings import Ratings, ratings
from pipeline.archive_records import AreaMember, MemberRole
from pipeline.block import MeterMatrix
from pipeline.quantities import Quantity
from pipeline.registry import Installation, Registry, Role, Wiring
from pipeline.timegrid import from_numpy, local_clock

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]
PHASES = "ABC"
FEWEST = 4
"""Channels of a phase without which nothing is said of what they have in common."""
LOST_PERCENT = 60.0
"""Phase break limit of DL/T 645-2007 meters, % of nominal."""
VOLTAGES = {phase: Quantity(f"voltage_{phase.lower()}") for phase in PHASES}
POWERS = {phase: Quantity(f"active_power_{phase.lower()}") for phase in PHASES}


@dataclass(frozen=True, slots=True, order=True)
class Channel:
    """One voltage of one meter, and the phase that it is filed on ("" where nobody filed one)."""

    meter: str
    phase: str
    row: int
    is_member: bool
    is_one_phase: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaVoltages:
    """The channels of one area; arrays of shape (channels, slots)."""

    area: str
    channels: Sequence[Channel]
    percent: Floats
    """Voltage in % of nominal."""
    kw: Floats
    """Power on that phase at the same instant, primary side."""
    in_common: Mapping[str, Floats]
    """By phase: the median of the channels of each slot, shape (slots,), NaN where fewer than enough."""
    spread: Mapping[str, Floats]
    """By phase: upper less lower quartile: how much the line takes off on its way."""
    edges: Ints
    """The slots at which the area's local days begin."""
    first_day: int
    """The place of the first of them among the window's days."""

    def of_phase(self, phase: str) -> Ints:
        """Return the places of the members' channels that are filed on a phase."""
        chosen = [n for n, c in enumerate(self.channels) if c.is_member and c.phase == phase]
        return np.array(chosen, np.intp)

    def supply_of(self, phase: str) -> Floats:
        """Return the voltage of a phase at the area's supply meters; NaN where none shows it."""
        chosen = [n for n, c in enumerate(self.channels) if not c.is_member and c.phase == phase]
        return self.percent[chosen[0]] if chosen else np.full(self.percent.shape[1], np.nan)


def area_voltages(window: MeterMatrix, registry: Registry) -> Iterator[AreaVoltages]:
    """Yield the voltages of each area of the window, areas in order.

    A meter counts that stays in its area for the whole window.
    """
    daily = window.daily
    if daily is None or not len(window.starts_at) or Quantity.VOLTAGE_A not in window.values:
        return
    rated = ratings(window, registry)
    for area, channels in sorted(_channels(window, registry).items()):
        percent = np.stack([_percent(window, rated, channel) for channel in channels])
        filed = np.array([channel.phase for channel in channels])
        by_phase = {phase: percent[filed == phase] for phase in PHASES}
        zone = daily.zones[channels[0].row]
        days, _ = local_clock(window.starts_at, zone)
        yield AreaVoltages(
            area=area,
            channels=channels,
            percent=percent,
            kw=np.stack([_kw(window, rated, channel) for channel in channels]),
            in_common={phase: _quantile(own, 0.5) for phase, own in by_phase.items()},
            spread={phase: _quantile(own, 0.75) - _quantile(own, 0.25) for phase, own in by_phase.items()},
            edges=np.flatnonzero(np.diff(days, prepend=days[0] - 1)),
            first_day=int(days[0]) - int(daily.days[0].astype(np.int64)),
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
    return {area: sorted(channels) for area, channels in found.items()}


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


def _percent(window: MeterMatrix, rated: Ratings, channel: Channel) -> Floats:
    """Return a voltage in % of nominal; one near zero is a loss and no voltage of the line."""
    quantity = Quantity.VOLTAGE_A if channel.is_one_phase else VOLTAGES[channel.phase]
    values = window.values.get(quantity)
    if values is None:
        return np.full(len(window.starts_at), np.nan)
    percent = values[channel.row].astype(np.float64) * (100.0 / rated.nominal_v[channel.row])
    masked = window.mask_of("" if channel.is_one_phase else channel.phase)
    lost = percent < LOST_PERCENT if masked is None else (percent < LOST_PERCENT) | masked[channel.row]
    kept: Floats = np.where(lost, np.nan, percent)
    return kept


def _kw(window: MeterMatrix, rated: Ratings, channel: Channel) -> Floats:
    if channel.is_one_phase:
        total: Floats = window.power_kw[channel.row]
        return total
    values = window.values.get(POWERS[channel.phase])
    if values is None:
        return np.full(len(window.starts_at), np.nan)
    kw: Floats = values[channel.row].astype(np.float64) * rated.ratio[channel.row]
    return kw


def _quantile(rows: Floats, share: float) -> Floats:
    """Return a quantile of the known values of each column, the lower of two; NaN for fewer than enough."""
    if len(rows) < FEWEST:
        return np.full(rows.shape[1], np.nan)
    ordered = np.sort(rows, axis=0)
    count = np.isfinite(rows).sum(axis=0)
    place = np.floor(share * np.maximum(count - 1, 0)).astype(np.intp)
    picked: Floats = np.where(count >= FEWEST, ordered[place, np.arange(rows.shape[1])], np.nan)
    return picked


def within(flags: Bools, days: int) -> Bools:
    """Return the days that lie in a trailing stretch of so many days at whose end a flag stands."""
    reached = flags.copy()
    for back in range(1, min(days, flags.shape[1])):
        reached[:, :-back] |= flags[:, back:]
    return reached


def trailing(sums: Floats, days: int) -> Floats:
    """Return the sum of each day and those before it, so many together, along the last axis."""
    total = np.cumsum(sums, axis=-1)
    earlier = np.zeros_like(total)
    earlier[..., days:] = total[..., :-days] if total.shape[-1] > days else 0.0
    return total - earlier
