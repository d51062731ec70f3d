"""Line against neutral (单相表分流, D11): in a single-phase meter both wires must carry the same current."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detectors.catalogue import About, Effect, Kind, Needs, Together, detectors, parameter
from detectors.density import dense
from detectors.evidence import energy_kwh, slot_curves
from detectors.hysteresis import Delays, Stretch
from detectors.metering.element_powers import known_number
from detectors.metering.neutral_current import Neighbours, bypass_correction, days_touched, neighbours_of
from detectors.ratings import Ratings, ratings
from detectors.shapes import Said, slot_episode, slot_mask_stretches
from detectors.stretches import number
from detectors.thresholds import limit
from pipeline.block import MeterMatrix
from pipeline.model import Episode, Severity
from pipeline.quantities import Quantity
from pipeline.registry import Registry, Wiring

LINE, NEUTRAL = Quantity.CURRENT_A, Quantity.CURRENT_N
AMONG = 8
"""Points among which so many must be off."""
RUN = 2
"""Points in a row of the strong difference, as for other rules on 15-minute curves."""
MERGED_SLOTS = 96
"""What comes every day is one episode."""
_METER = "meter firmware of DL/T 645-2007, default of the event"
_STATION = "practice of master stations, to be confirmed"

Bools = NDArray[np.bool_]


@detectors.register("line_neutral_difference")
@dataclass(frozen=True, slots=True, kw_only=True)
class LineNeutralDifference:
    """Compares the two currents of single-phase meters: strongly apart at once, less so on several days.

    Where neighbours share a neutral, one's return current flows through the other's meter: one shows as much
    too much as the other too little. Such a pair, or an area whose differences add up to nothing, is silent.
    """

    strong_percent: float = parameter(50.0, "% of the larger", _METER, "S", Effect.TRIGGER)
    floor_percent: float = parameter(20.0, "% of rated", f"activity floor, {_METER}", "S", Effect.TRIGGER)
    trigger_percent: float = parameter(25.0, "% of the larger", _STATION, "D", Effect.TRIGGER)
    trigger_a: float = parameter(1.0, "A", _STATION, "D", Effect.TRIGGER)
    restore_percent: float = parameter(15.0, "% of the larger", "below the trigger", "own", Effect.RESTORE)
    trigger_points: float = parameter(4, f"of {AMONG} points", _STATION, "D", Effect.ON_DELAY)
    trigger_days: float = parameter(2, "days", _STATION, "D", Effect.ON_DELAY)
    restore_slots: float = parameter(4, "slots", "an hour", "own", Effect.OFF_DELAY)
    gap_slots: float = parameter(96, "slots", "a day without readings", "own", Effect.GAP)
    shared_share: float = parameter(
        0.3, "share", "of the difference that a neighbour's opposite one leaves unexplained", "own"
    )

    about: ClassVar[About] = About(
        name="line_neutral_difference",
        number="D11",
        kind=Kind.SLOTS,
        together=Together.AREA,
        needs=Needs(
            quantities=(LINE, NEUTRAL, Quantity.ACTIVE_POWER_A),
            interval_energy=True,
            essential=("quantities",),
            archive=("meter", "ratio", "installation", "service_point", "area"),
        ),
        suppressed_by=("outage",),
        messages=("episode.line_neutral_bypass", "episode.line_neutral_return"),
        severity=Severity.CRITICAL,
        dated=(
            "strong_percent",
            "floor_percent",
            "trigger_percent",
            "trigger_a",
            "restore_percent",
            "trigger_days",
            "shared_share",
        ),
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return an episode a stretch, with the correction of its energy where the line carries less."""
        if not len(window.meters) or not len(window.starts_at) or not {LINE, NEUTRAL} <= window.values.keys():
            return []
        rated = ratings(window, registry)
        rows = rated.rows_of(Wiring.ONE_PHASE)
        if not len(rows):
            return []
        own = np.zeros((len(window.meters), 1), dtype=np.bool_)
        own[rows] = True
        numbers = {
            name: limit(self, name, window, registry).values.astype(np.float32)
            for name in ("strong_percent", "floor_percent", "trigger_percent", "trigger_a", "restore_percent",
                         "trigger_points", "restore_slots", "gap_slots")
        }  # fmt: skip
        line, neutral = window.values[LINE], window.values[NEUTRAL]
        apart, larger = np.abs(line - neutral), np.maximum(line, neutral)
        rated_a = (rated.rated_a / 100.0).astype(np.float32)[:, None]
        strong = own & (apart * 100.0 > larger * numbers["strong_percent"])
        strong &= larger > rated_a * numbers["floor_percent"]
        weak = own & (apart * 100.0 > larger * numbers["trigger_percent"]) & (apart > numbers["trigger_a"])
        if not strong.any() and not weak.any():
            return []
        often = dense(weak, numbers["trigger_points"], AMONG)
        at_once = dense(strong, RUN, RUN)
        # A load too small to compare neither restores nor triggers.
        restored = (apart * 100.0 <= larger * numbers["restore_percent"]) & (apart < numbers["trigger_a"])
        restored &= larger > np.float32(5.0) * rated_a
        stretches = slot_mask_stretches(
            window,
            often | at_once,
            restored,
            np.isfinite(apart),
            delays=Delays(
                off=numbers["restore_slots"][:, 0], gap=numbers["gap_slots"][:, 0], merge=MERGED_SLOTS
            ),
        )
        neighbours = Neighbours(
            neighbours_of(window, registry, rows) if stretches else {},
            (neutral.astype(np.float64) - line) * rated.ratio,
        )
        shares = limit(self, "shared_share", window, registry)
        found = [
            self._episode(window, registry, rated, stretch, neighbours, often | at_once)
            for stretch in stretches
            if self._lasts(window, registry, stretch, often, at_once)
            and not neighbours.explain(stretch, often | at_once, shares.at(stretch.row, stretch.first))
        ]
        return sorted(found, key=lambda e: (e.starts_at, e.meter, e.id))

    def _lasts(
        self, window: MeterMatrix, registry: Registry, stretch: Stretch, often: Bools, at_once: Bools
    ) -> bool:
        """Tell whether the difference was strong, or came on several local days."""
        where = slice(stretch.first, stretch.end)
        if at_once[stretch.row, where].any():
            return True
        wanted = limit(self, "trigger_days", window, registry).at(stretch.row, stretch.first)
        meter = registry.meter_by_id[window.meters[stretch.row]]
        slots = stretch.first + np.flatnonzero(often[stretch.row, where])
        return days_touched(window, meter.zone, slots) >= wanted

    def _episode(  # noqa: PLR0913, PLR0917 - one stretch and all that tells about it
        self,
        window: MeterMatrix,
        registry: Registry,
        rated: Ratings,
        stretch: Stretch,
        neighbours: Neighbours,
        begins: Bools,
    ) -> Episode:
        row, where = stretch.row, slice(stretch.first, stretch.end)
        telling = begins[row, where]
        line, neutral = (window.values[q][row, where][telling].astype(np.float64) for q in (LINE, NEUTRAL))
        is_bypass = bool(neutral.sum() > line.sum())
        corrected = bypass_correction(window, rated, stretch) if is_bypass else {}
        larger = np.maximum(line, neutral)
        said = Said(
            message="episode.line_neutral_bypass" if is_bypass else "episode.line_neutral_return",
            parameters={
                "line_a": round(float(line.mean()), 2),
                "neutral_a": round(float(neutral.mean()), 2),
                "hours": round(float(telling.sum()) * window.minutes / 60.0, 2),
            },
            score=round(float((np.abs(line - neutral) / larger).mean()), 3),
            energy_kwh=known_number(corrected.get("missing_kwh")),
            evidence={
                "metered_kwh": energy_kwh(window, stretch),
                "correction": corrected,
                "most_apart_a": number(float(np.abs(line - neutral).max())),
                "limits": {
                    name: limit(self, name, window, registry).shown(row, stretch.first)
                    for name in ("strong_percent", "trigger_percent", "trigger_a")
                },
                "neighbours": neighbours.shown(stretch),
                "currents": slot_curves(
                    window, stretch, {q.value: window.values[q] for q in (LINE, NEUTRAL)}, unit="A"
                ),
            },
        )
        return slot_episode(self.about, window, registry, stretch, said)
