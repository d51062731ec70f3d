"""Supply voltage outside its band (电压越限): GB/T 12325-2008 against each point's own nominal voltage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from analysis.limits import VoltageBand, voltage_band
from detectors.catalogue import Needs, Parameter, detectors
from detectors.engine import episode_id
from detectors.stretches import curve, iso, number, slot_end, stretches
from pipeline.block import MeterMatrix
from pipeline.model import Episode, Json, MeterId, Severity, Verdict
from pipeline.quantities import Quantity
from pipeline.registry import Installation, Registry, Wiring, in_force, latest
from pipeline.timegrid import from_numpy

PHASES_OF = {
    Wiring.ONE_PHASE: (Quantity.VOLTAGE_A,),
    Wiring.THREE_PHASE_FOUR_WIRE: (Quantity.VOLTAGE_A, Quantity.VOLTAGE_B, Quantity.VOLTAGE_C),
    # A three-wire meter has no phase B: its elements are between lines.
    Wiring.THREE_PHASE_THREE_WIRE: (Quantity.VOLTAGE_AB, Quantity.VOLTAGE_BC, Quantity.VOLTAGE_CA),
}
BLOCK_METERS = 250
"""Meters looked at together: their values stay in the processor's cache."""
MOST_POINTS = 500
MARGIN_POINTS = 4
_SAME = 1e-6

Floats = NDArray[np.float32]


@detectors.register("voltage_deviation")
@dataclass(frozen=True, slots=True, kw_only=True)
class VoltageDeviation:
    """Finds stretches over or under the band; a voltage near zero is a loss, and another rule's matter."""

    trigger_points: int = 2
    restore_percent: float = 1.0
    loss_percent: float = 60.0
    gap_points: int = 4

    name: ClassVar[str] = "voltage_deviation"
    version: ClassVar[int] = 1
    needs: ClassVar[Needs] = Needs(
        quantities=tuple(q for phases in PHASES_OF.values() for q in phases), archive=("meter", "ratio")
    )
    messages: ClassVar[tuple[str, ...]] = ("episode.overvoltage", "episode.undervoltage")
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter(name="trigger_points", default=2, unit="points", source="two points in a row", tag="D"),
        Parameter(
            name="restore_percent",
            default=1.0,
            unit="% of nominal",
            source="how far inside the band the voltage must be to end a stretch",
            tag="own",
        ),
        Parameter(
            name="loss_percent",
            default=60.0,
            unit="% of nominal",
            source="phase break limit of DL/T 645-2007 meters",
            tag="S",
        ),
        Parameter(
            name="gap_points",
            default=4,
            unit="points",
            source="so many missing points in a row end a stretch",
            tag="own",
        ),
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return one episode a phase and stretch; gaps are neither good nor bad."""
        if len(window.meters) == 0 or len(window.starts_at) == 0:
            return []
        bands = _bands(window, registry)
        found = [
            episode
            for quantity, values in window.values.items()
            for row in self._suspects(quantity, values, bands)
            for episode in self._of_row(window, quantity, row, _band(bands, row))
        ]
        return sorted(_placed(found, registry), key=lambda e: (e.starts_at, e.meter, e.id))

    def _suspects(
        self, quantity: Quantity, values: Floats, bands: Sequence[tuple[VoltageBand, Wiring] | None]
    ) -> Iterator[int]:
        """Yield the rows with any point outside their band: on good days there are few."""
        low, high = _limits(quantity, bands)
        if not np.isfinite(low).any():
            return
        for first in range(0, len(values), BLOCK_METERS):
            block = slice(first, first + BLOCK_METERS)
            part = values[block]
            outside = (part < low[block, None]).any(axis=1) | (part > high[block, None]).any(axis=1)
            yield from (first + np.flatnonzero(outside)).tolist()

    def _of_row(
        self, window: MeterMatrix, quantity: Quantity, row: int, band: VoltageBand
    ) -> Iterator[Episode]:
        volts = window.values[quantity][row].copy()
        volts[volts < self.loss_percent / 100.0 * band.nominal_v] = np.nan
        margin = self.restore_percent / 100.0 * band.nominal_v
        for over in (True, False):
            outside = _outside(volts, band, over=over)
            restored = volts <= band.high_v - margin if over else volts >= band.low_v + margin
            for first, end, goes_on in self._merged(volts, outside, restored):
                stretch = _Stretch(window, quantity, row, band, volts, over, first, end, goes_on)
                yield stretch.episode()

    def _merged(
        self, volts: Floats, outside: NDArray[np.bool_], restored: NDArray[np.bool_]
    ) -> Iterator[tuple[int, int, bool]]:
        """Yield stretches from the trigger to the first restored point, a long gap or the end of the data."""
        triggered = stretches(outside, self.trigger_points).tolist()
        if not triggered:
            return
        gaps = stretches(np.isnan(volts), self.gap_points)
        stops = np.sort(np.concatenate([np.flatnonzero(restored), gaps[:, 0]]))
        last_end = 0
        for first, stop in triggered:
            if first < last_end:
                continue
            later = int(np.searchsorted(stops, stop))
            goes_on = later == len(stops)
            known = np.flatnonzero(~np.isnan(volts[: len(volts) if goes_on else int(stops[later])]))
            last_end = int(known[-1]) + 1
            yield first, last_end, goes_on


@dataclass(frozen=True, slots=True)
class _Stretch:
    """One stretch of one phase; writes its episode."""

    window: MeterMatrix
    quantity: Quantity
    row: int
    band: VoltageBand
    volts: Floats
    over: bool
    first: int
    end: int
    goes_on: bool

    def episode(self) -> Episode:
        window, minutes = self.window, self.window.minutes
        volts = self.volts[self.first : self.end]
        outside = _outside(volts, self.band, over=self.over)
        top = self.first + int(np.nanargmax(volts) if self.over else np.nanargmin(volts))
        direction = "over" if self.over else "under"
        limit_v = self.band.high_v if self.over else self.band.low_v
        meter = window.meters[self.row]
        starts_at = from_numpy(window.starts_at[self.first])
        known = np.flatnonzero(~np.isnan(window.values[self.quantity][self.row]))
        return Episode(
            id=episode_id(VoltageDeviation.name, meter, f"{self.quantity} {direction} {iso(starts_at)}"),
            detector=VoltageDeviation.name,
            version=VoltageDeviation.version,
            meter=meter,
            starts_at=starts_at,
            ends_at=None if self.goes_on else slot_end(window.starts_at, self.end - 1, minutes),
            detected_at=slot_end(window.starts_at, int(known[-1]), minutes),
            verdict=Verdict.ABNORMAL,
            severity=Severity.MINOR,
            score=round(float(outside.sum()) / float(np.isfinite(volts).sum()), 3),
            message=f"episode.{direction}voltage",
            parameters={
                "phase": _phase(self.quantity),
                "extreme_v": round(float(self.volts[top]), 2),
                "limit_v": round(limit_v, 2),
                "minutes": int(outside.sum()) * minutes,
            },
            evidence={
                "quantity": self.quantity.value,
                "nominal_v": number(self.band.nominal_v, 2),
                "low_v": number(self.band.low_v, 2),
                "high_v": number(self.band.high_v, 2),
                "standard": self.band.limit.reference,
                "limit_confirmed": self.band.limit.confirmed,
                "extreme_at": iso(window.starts_at[top]),
                "deviation_percent": number(100.0 * (float(self.volts[top]) / self.band.nominal_v - 1.0), 2),
                "points_outside": int(outside.sum()),
                "points_missing": int(np.isnan(volts).sum()),
                "samples": self._samples(),
                "samples_show": "every point, or of several points the most extreme",
            },
        )

    def _samples(self) -> list[Json]:
        shown = np.arange(max(self.first - MARGIN_POINTS, 0), min(self.end + MARGIN_POINTS, len(self.volts)))
        values = self.window.values[self.quantity][self.row]
        return curve(self.window.starts_at, values, shown, MOST_POINTS, peak=1 if self.over else -1)


def _bands(window: MeterMatrix, registry: Registry) -> list[tuple[VoltageBand, Wiring] | None]:
    """Return what each meter is judged against; None for one that the archive does not hold."""
    pt_of = _voltage_ratios(registry, from_numpy(window.starts_at[0]))
    alike: dict[tuple[Wiring, float, float, float], VoltageBand] = {}
    bands: list[tuple[VoltageBand, Wiring] | None] = []
    for name, step_kwh in zip(window.meters, window.step_kwh.tolist(), strict=True):
        meter = registry.meter_by_id.get(name)
        if meter is None:
            bands.append(None)
            continue
        # A step that no ratio has enlarged: the meter's profile shows primary values, voltages too.
        is_primary = abs(step_kwh / meter.resolution - 1.0) < _SAME
        pt = 1.0 if is_primary else pt_of.get(name, 1.0)
        kind = (meter.wiring, meter.nominal_voltage_v, meter.rated_voltage_v, pt)
        band = alike.get(kind)
        if band is None:
            band = alike[kind] = voltage_band(meter, pt)
        bands.append((band, meter.wiring))
    return bands


def _voltage_ratios(registry: Registry, at: datetime) -> dict[MeterId, float]:
    """Return the ratios in force in one pass: there may be one a meter."""
    in_force_now = [r for r in registry.ratios if in_force(r.starts_at, r.ends_at, at)]
    oldest_first = sorted(in_force_now, key=lambda r: (r.starts_at is not None, r.starts_at or at))
    return {r.meter: r.pt for r in oldest_first}


def _placed(found: Sequence[Episode], registry: Registry) -> Iterator[Episode]:
    """Yield the episodes with the service point where their meter hung when they began."""
    meters = {episode.meter for episode in found}
    installations: dict[MeterId, list[Installation]] = {meter: [] for meter in meters}
    for installation in registry.installations:
        if installation.meter in meters:
            installations[installation.meter].append(installation)
    for episode in found:
        hung = latest(
            i for i in installations[episode.meter] if in_force(i.starts_at, i.ends_at, episode.starts_at)
        )
        yield episode if hung is None else replace(episode, service_point=hung.service_point)


def _outside(volts: Floats, band: VoltageBand, *, over: bool) -> NDArray[np.bool_]:
    """Compare in single precision, as values are kept: a value at the limit itself is inside."""
    return volts > np.float32(band.high_v) if over else volts < np.float32(band.low_v)


def _limits(quantity: Quantity, bands: Sequence[tuple[VoltageBand, Wiring] | None]) -> tuple[Floats, Floats]:
    """Return the band of each row as columns; infinite where the quantity does not apply."""
    low = np.full(len(bands), -np.inf, dtype=np.float32)
    high = np.full(len(bands), np.inf, dtype=np.float32)
    for row, entry in enumerate(bands):
        if entry is not None and quantity in PHASES_OF[entry[1]]:
            low[row], high[row] = entry[0].low_v, entry[0].high_v
    return low, high


def _band(bands: Sequence[tuple[VoltageBand, Wiring] | None], row: int) -> VoltageBand:
    entry = bands[row]
    assert entry is not None  # noqa: S101 - rows without a band have infinite limits
    return entry[0]


def _phase(quantity: Quantity) -> str:
    return quantity.value.removeprefix("voltage_").upper()
