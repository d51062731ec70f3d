"""Voltage without load (电压与负荷不一致, D28): the voltage falls as if more were drawn than is reported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detectors.area.phase_voltages import PHASES, VOLTAGES, AreaVoltages, area_voltages, trailing, within
from detectors.area.unexplained_drop import Drops, unexplained_drops
from detectors.catalogue import About, Effect, Kind, Needs, Together, detectors, parameter
from detectors.evidence import MARGIN_DAYS, MOST_POINTS
from detectors.hysteresis import Delays, Stretch, stretches_of
from detectors.shapes import Said, day_episode
from detectors.stretches import curve, number
from detectors.thresholds import Limit, limit
from pipeline.block import MeterMatrix
from pipeline.model import Episode, Json, Severity
from pipeline.quantities import Quantity
from pipeline.registry import Registry

POWERS = tuple(Quantity(f"active_power_{phase.lower()}") for phase in PHASES)
FEWEST_SLOPE = 0.25
"""A slope below this share of the neighbours' is not believed: the customer hardly drew anything."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Day:
    """What is judged of the channels of one phase, shape (channels, days)."""

    t: Floats
    hidden_kw: Floats
    slope: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class VoltageLoadConsistency:
    """Holds each member's voltage against his own load and his neighbours on the same phase.

    The voltage at the supply meter (network, tap changer) and the load of the phase along the line are taken
    away; of the rest, a drop beyond what the reported load made on the days before is unexplained. Its mean
    over some days is compared with how such means scatter. Without a supply meter that shows its voltages
    nothing is said.
    """

    trigger_t: float = parameter(5, "standard errors", "of the mean over the days", "own", Effect.TRIGGER)
    restore_t: float = parameter(2, "standard errors", "of one day", "own", Effect.RESTORE)
    least_kw: float = parameter(0.1, "kW", "hidden on the mean of the days", "own", Effect.TRIGGER)
    days: float = parameter(7, "days", "looked at together", "own", Effect.ON_DELAY)
    restore_days: float = parameter(2, "days", "two days in a row", "own", Effect.OFF_DELAY)
    gap_days: float = parameter(7, "days", "so many unknown days end a stretch", "own", Effect.GAP)
    fewest_days: float = parameter(7, "days", "learnt from before a day is judged", "own")
    most_days: float = parameter(28, "days", "learnt from", "own")
    known_share: float = parameter(0.8, "1", "of a day's slots", "own")

    about: ClassVar[About] = About(
        name="voltage_load_consistency",
        number="D28",
        version=2,
        kind=Kind.DAYS,
        together=Together.AREA,
        needs=Needs(
            quantities=(*VOLTAGES.values(), Quantity.ACTIVE_POWER, *POWERS),
            daily=True,
            essential=("quantities",),
            archive=("area_member", "installation", "meter"),
        ),
        suppressed_by=("topology",),
        messages=("episode.voltage_without_load",),
        severity=Severity.MAJOR,
        dated=("trigger_t", "restore_t", "least_kw"),
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return one episode for each member's phase and stretch of days."""
        asked = [
            (voltages, phase)
            for voltages in area_voltages(window, registry)
            for phase in PHASES
            if len(voltages.of_phase(phase)) and np.isfinite(voltages.supply_of(phase)).any()
        ]
        learn = int(self.fewest_days), int(self.most_days)
        return [
            episode
            for (voltages, phase), drops in zip(
                asked, unexplained_drops(asked, learn, self.known_share), strict=True
            )
            for episode in self._of_phase(window, registry, voltages, phase, drops)
        ]

    def _of_phase(
        self, window: MeterMatrix, registry: Registry, voltages: AreaVoltages, phase: str, drops: Drops
    ) -> Iterator[Episode]:
        rows = np.array([voltages.channels[n].row for n in drops.chosen], np.intp)

        def number_of(name: str) -> Floats:
            values = limit(self, name, window, registry).values[rows]
            days = slice(voltages.first_day, voltages.first_day + drops.mean.shape[1])
            return values[:, days] if values.shape[1] > 1 else values

        judged = self._judged(drops)
        stands_out = (judged.t > number_of("trigger_t")) & (judged.hidden_kw > number_of("least_kw"))
        if not stands_out.any():
            return
        daily_t = drops.mean / drops.scatter
        restore = number_of("restore_t")
        begins = within(stands_out, int(self.days)) & (daily_t > restore)
        delays = Delays(off=self.restore_days, gap=self.gap_days)
        for stretch in stretches_of(begins, daily_t <= restore, np.isfinite(daily_t), delays):
            yield self._episode(window, registry, (voltages, phase, drops, judged), stretch)

    def _judged(self, drops: Drops) -> _Day:
        together = int(self.days)
        known = np.isfinite(drops.mean)
        count = trailing(known.astype(np.float64), together)
        mean = trailing(np.nan_to_num(drops.mean), together) / np.maximum(count, 1.0)
        slope = believed(drops.slope)
        enough = known & (count >= together)
        return _Day(
            t=np.where(enough, mean * np.sqrt(count) / np.where(known, drops.scatter, 1.0), np.nan),
            hidden_kw=np.where(enough, mean / slope, np.nan),
            slope=slope,
        )

    def _episode(
        self,
        window: MeterMatrix,
        registry: Registry,
        found: tuple[AreaVoltages, str, Drops, _Day],
        stretch: Stretch,
    ) -> Episode:
        voltages, phase, drops, judged = found
        place, days = stretch.row, slice(stretch.first, stretch.end)
        channel = voltages.channels[drops.chosen[place]]
        slope = float(judged.slope[place, stretch.first])
        hidden = drops.drop[place] / slope
        energy = float(np.nansum(hidden[days])) * voltages.hours.minutes / 60.0
        t = float(np.nanmax(judged.t[place, days])) if np.isfinite(judged.t[place, days]).any() else 0.0
        drop = float(np.nanmean(drops.mean[place, days]))
        shown = slice(max(stretch.first - 1, 0), stretch.end + 1)
        known = np.isfinite(drops.mean[place, days])
        reported_kw = voltages.kw[..., drops.chosen[place]]
        said = Said(
            key=f"{voltages.area} {phase}",
            message="episode.voltage_without_load",
            parameters={
                "area": voltages.area,
                "phase": phase,
                "drop_percent": round(drop, 3),
                "hidden_kw": round(float(np.nanmax(hidden[days])), 2),
                "energy_kwh": round(max(energy, 0.0), 1),
                "t": round(t, 1),
                "days": int(known.sum()),
            },
            score=round(float(np.clip(drops.explained[place, stretch.first], 0.0, 1.0)), 3),
            energy_kwh=round(max(energy, 0.0), 3),
            evidence={
                "area": voltages.area,
                "slope_percent_per_kw": number(slope, 4),
                "neighbours_slope": number(float(np.nanmedian(drops.slope[:, stretch.first])), 4),
                "r2_before": number(float(drops.explained[place, stretch.first])),
                "days": _rows(window, found, stretch, limit(self, "trigger_t", window, registry)),
                "hidden_kw": {
                    "unit": "kW",
                    "minutes": voltages.hours.minutes,
                    "lines": {
                        "unexplained": _by_hour(window, voltages, hidden, shown),
                        "reported": _by_hour(window, voltages, reported_kw, shown),
                    },
                },
                "energy_is": "unexplained drop divided by what a reported kW took off before",
            },
        )
        moved = stretch._replace(
            row=channel.row,
            first=stretch.first + voltages.first_day,
            end=stretch.end + voltages.first_day,
            known_end=stretch.known_end + voltages.first_day,
        )
        return day_episode(self.about, window, registry, moved, said)


def _rows(
    window: MeterMatrix,
    found: tuple[AreaVoltages, str, Drops, _Day],
    stretch: Stretch,
    trigger_t: Limit,
) -> list[Json]:
    """Return a row a local day, some days before and after included."""
    assert window.daily is not None  # noqa: S101 - there are no days without daily rows
    voltages, _, drops, judged = found
    place, row = stretch.row, voltages.channels[drops.chosen[stretch.row]].row
    shown = range(max(stretch.first - MARGIN_DAYS, 0), min(stretch.end + MARGIN_DAYS, drops.mean.shape[1]))
    return [
        {
            "day": str(window.daily.days[day + voltages.first_day]),
            "verdict": "abnormal" if stretch.first <= day < stretch.end else "",
            "drop_percent": number(drops.mean[place, day], 4),
            "usual_scatter": number(drops.scatter[place, day], 4),
            "t": number(judged.t[place, day], 2),
            "limit_t": trigger_t.at(row, day + voltages.first_day),
        }
        for day in shown
    ]


def _by_hour(
    window: MeterMatrix, voltages: AreaVoltages, by_day: NDArray[np.floating], days: slice
) -> list[Json]:
    """Return a curve of some days' hours."""
    slots = voltages.hours.slots[days]
    there = slots >= 0
    starts_at = window.starts_at[slots[there]]
    return curve(starts_at, by_day[days][there], np.arange(len(starts_at)), MOST_POINTS)


def believed(slope: Floats) -> Floats:
    """Return the own slopes, and the middle one of the phase where a customer has hardly shown any."""
    ordered = np.sort(np.where(slope > 0, slope, np.nan), axis=0)
    count = np.isfinite(ordered).sum(axis=0)
    middle = ordered[np.maximum(count - 1, 0) // 2, np.arange(slope.shape[1])]
    believed: Floats = np.where(slope >= FEWEST_SLOPE * middle, slope, middle)
    return believed


# Not a decorator: another detector makes the rule as what it is, with its numbers.
detectors.register("voltage_load_consistency")(VoltageLoadConsistency)
