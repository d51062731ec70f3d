"""Supply voltage outside its band (电压越限): GB/T 12325-2008 against each point's own nominal voltage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from analysis.limits import VoltageBand
from detectors.catalogue import About, Effect, Kind, Needs, detectors, parameter
from detectors.hysteresis import Delays, Stretch
from detectors.ratings import Ratings, ratings
from detectors.shapes import Said, slot_episode, slot_mask_stretches
from detectors.stretches import curve, iso, number
from detectors.thresholds import limit
from pipeline.block import MeterMatrix
from pipeline.model import Episode, Json, Severity
from pipeline.quantities import Quantity
from pipeline.registry import Registry, Wiring

PHASES_OF = {
    Wiring.ONE_PHASE: (Quantity.VOLTAGE_A,),
    Wiring.THREE_PHASE_FOUR_WIRE: (Quantity.VOLTAGE_A, Quantity.VOLTAGE_B, Quantity.VOLTAGE_C),
    # A three-wire meter has no phase B: its elements are between lines.
    Wiring.THREE_PHASE_THREE_WIRE: (Quantity.VOLTAGE_AB, Quantity.VOLTAGE_BC, Quantity.VOLTAGE_CA),
}
MOST_POINTS = 500
MARGIN_POINTS = 4

Floats = NDArray[np.float32]


@detectors.register("voltage_deviation")
@dataclass(frozen=True, slots=True, kw_only=True)
class VoltageDeviation:
    """Finds stretches over or under the band; a voltage near zero is a loss, and another rule's matter."""

    trigger_points: float = parameter(2, "points", "two points in a row", "D", Effect.ON_DELAY)
    restore_percent: float = parameter(
        1.0,
        "% of nominal",
        "how far inside the band the voltage must be to end a stretch",
        "own",
        Effect.RESTORE,
    )
    loss_percent: float = parameter(60.0, "% of nominal", "phase break limit of DL/T 645-2007 meters", "S")
    gap_points: float = parameter(
        4, "points", "so many missing points in a row end a stretch", "own", Effect.GAP
    )

    about: ClassVar[About] = About(
        name="voltage_deviation",
        kind=Kind.SLOTS,
        needs=Needs(
            quantities=tuple(q for phases in PHASES_OF.values() for q in phases), archive=("meter", "ratio")
        ),
        suppressed_by=("voltage_loss",),
        messages=("episode.overvoltage", "episode.undervoltage"),
        severity=Severity.MINOR,
        dated=("restore_percent", "loss_percent"),
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return one episode a phase and stretch; gaps are neither good nor bad."""
        if len(window.meters) == 0 or len(window.starts_at) == 0:
            return []
        rated = ratings(window, registry)
        found = [
            _Found(window, quantity, _band(rated, stretch.row), over, stretch).episode(registry)
            for quantity in window.values
            for over in (True, False)
            for stretch in self._stretches(window, registry, rated, quantity, over=over)
        ]
        return sorted(found, key=lambda e: (e.starts_at, e.meter, e.id))

    def _stretches(
        self, window: MeterMatrix, registry: Registry, rated: Ratings, quantity: Quantity, *, over: bool
    ) -> Sequence[Stretch]:
        low, high = _limits(quantity, rated)
        if not np.isfinite(low).any():
            return []
        volts = window.values[quantity]
        loss, margin = (
            (limit(self, name, window, registry).values / 100.0 * rated.nominal_v[:, None])
            for name in ("loss_percent", "restore_percent")
        )
        known = volts >= loss.astype(np.float32)
        begins = known & (volts > high if over else volts < low)
        if not begins.any():
            return []
        restored = volts <= _single(high - margin) if over else volts >= _single(low + margin)
        delays = Delays(
            on=limit(self, "trigger_points", window, registry).values[:, 0],
            gap=limit(self, "gap_points", window, registry).values[:, 0],
        )
        return slot_mask_stretches(window, begins, restored, known, delays=delays, phases=_phase(quantity))


@dataclass(frozen=True, slots=True)
class _Found:
    """One stretch of one phase; writes its episode."""

    window: MeterMatrix
    quantity: Quantity
    band: VoltageBand
    over: bool
    stretch: Stretch

    def episode(self, registry: Registry) -> Episode:
        window, minutes, stretch = self.window, self.window.minutes, self.stretch
        own = window.values[self.quantity][stretch.row]
        volts = own[stretch.first : stretch.end]
        outside = volts > _single(self.band.high_v) if self.over else volts < _single(self.band.low_v)
        top = stretch.first + int(np.nanargmax(volts) if self.over else np.nanargmin(volts))
        direction = "over" if self.over else "under"
        limit_v = self.band.high_v if self.over else self.band.low_v
        said = Said(
            key=f"{self.quantity} {direction}",
            score=round(float(outside.sum()) / float(np.isfinite(volts).sum()), 3),
            message=f"episode.{direction}voltage",
            parameters={
                "phase": _phase(self.quantity),
                "extreme_v": round(float(own[top]), 2),
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
                "deviation_percent": number(100.0 * (float(own[top]) / self.band.nominal_v - 1.0), 2),
                "points_outside": int(outside.sum()),
                "points_missing": int(np.isnan(volts).sum()),
                "samples": self._samples(own),
                "samples_show": "every point, or of several points the most extreme",
            },
        )
        return slot_episode(VoltageDeviation.about, window, registry, stretch, said)

    def _samples(self, own: Floats) -> list[Json]:
        first, end = self.stretch.first - MARGIN_POINTS, self.stretch.end + MARGIN_POINTS
        shown = np.arange(max(first, 0), min(end, len(own)))
        return curve(self.window.starts_at, own, shown, MOST_POINTS, peak=1 if self.over else -1)


def _limits(quantity: Quantity, rated: Ratings) -> tuple[Floats, Floats]:
    """Return the band of each row as columns; infinite where the quantity does not apply.

    In single precision, as values are kept: a value at the limit itself is inside.
    """
    low = np.full((len(rated.bands), 1), -np.inf, dtype=np.float32)
    high = np.full((len(rated.bands), 1), np.inf, dtype=np.float32)
    for row, entry in enumerate(rated.bands):
        if entry is not None and quantity in PHASES_OF[entry[1]]:
            low[row], high[row] = entry[0].low_v, entry[0].high_v
    return low, high


def _single(limits: float | NDArray[np.floating]) -> Floats:
    return np.asarray(limits, dtype=np.float32)


def _band(rated: Ratings, row: int) -> VoltageBand:
    entry = rated.bands[row]
    assert entry is not None  # noqa: S101 - rows without a band have infinite limits
    return entry[0]


def _phase(quantity: Quantity) -> str:
    return quantity.value.removeprefix("voltage_").upper()
