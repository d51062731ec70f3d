"""Current loss (失流, D08): a current that does not reach its element while others carry theirs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detectors.catalogue import About, Effect, Kind, Needs, detectors, parameter
from detectors.evidence import energy_kwh, slot_curves
from detectors.hysteresis import Delays, Stretch
from detectors.metering.current_loss_correction import lost_current_correction
from detectors.metering.element_powers import known_number
from detectors.ratings import ELEMENTS, THREE_PHASE, Element, Ratings, element_quantities, ratings
from detectors.shapes import Said, slot_episode, slot_mask_stretches
from detectors.stretches import number
from detectors.thresholds import limit
from pipeline.block import MeterMatrix
from pipeline.model import Episode, Severity
from pipeline.registry import Registry, Wiring

LIMITS = ("trigger_percent", "restore_percent", "other_percent", "voltage_percent")
_METER = "meter firmware of DL/T 645-2007, default of the event"

Bools = NDArray[np.bool_]


@detectors.register("current_loss")
@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentLoss:
    """Judges the elements of three-phase meters one by one; a three-wire meter has no current b.

    A phase of which nothing is connected, or that rests while others work, is no loss: it is silent where
    the phase was as empty before, in more than ``usual_percent`` of the slots in which the others carried.
    """

    trigger_percent: float = parameter(0.5, "% of rated", _METER, "S", Effect.TRIGGER)
    restore_percent: float = parameter(
        3.0, "% of rated", "meter firmware of DL/T 645-2007, least permitted recovery", "S", Effect.RESTORE
    )
    other_percent: float = parameter(5.0, "% of rated", _METER, "S", Effect.TRIGGER)
    voltage_percent: float = parameter(70.0, "% of nominal", _METER, "S")
    usual_percent: float = parameter(
        5.0, "% of slots", "more often empty before, a phase is not in use", "own"
    )
    trigger_slots: float = parameter(2, "slots", "two points of a 15-minute curve", "D", Effect.ON_DELAY)
    restore_slots: float = parameter(1, "slots", "first good point", "own", Effect.OFF_DELAY)
    gap_slots: float = parameter(8, "slots", "so many missing slots end a stretch", "own", Effect.GAP)

    about: ClassVar[About] = About(
        name="current_loss",
        number="D08",
        kind=Kind.SLOTS,
        needs=Needs(
            quantities=element_quantities(THREE_PHASE, "voltage", "current", "power", "reactive"),
            interval_energy=True,
            essential=("quantities",),
            archive=("meter", "ratio"),
        ),
        suppressed_by=("outage", "voltage_loss"),
        messages=("episode.current_loss", "episode.current_loss_without_powers"),
        severity=Severity.CRITICAL,
        dated=("trigger_percent", "restore_percent", "other_percent", "voltage_percent", "usual_percent"),
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return an episode for each element and stretch, with the correction of its energy."""
        if not len(window.meters) or not len(window.starts_at):
            return []
        rated = ratings(window, registry)
        found = [e for wiring in THREE_PHASE for e in self._of_wiring(window, registry, rated, wiring)]
        return sorted(found, key=lambda e: (e.starts_at, e.meter, e.id))

    def _of_wiring(
        self, window: MeterMatrix, registry: Registry, rated: Ratings, wiring: Wiring
    ) -> Iterator[Episode]:
        elements = [e for e in ELEMENTS[wiring] if {e.voltage, e.current} <= window.values.keys()]
        own = rated.are_of(wiring)
        if len(elements) < len(ELEMENTS[wiring]) or not own.any():
            return
        numbers = {name: limit(self, name, window, registry).values for name in LIMITS}
        rated_a = rated.rated_a[:, None] / 100.0
        amps = [window.values[e.current] for e in elements]
        empty = [own & (i < numbers["trigger_percent"] * rated_a) for i in amps]
        if not any(mask.any() for mask in empty):
            return
        carries = [i > numbers["other_percent"] * rated_a for i in amps]
        least_v = numbers["voltage_percent"] * rated.nominal_v[:, None] / 100.0
        on, off, gap = (
            limit(self, name, window, registry).values[:, 0]
            for name in ("trigger_slots", "restore_slots", "gap_slots")
        )
        for element, current, lost in zip(elements, amps, empty, strict=True):
            flows = np.logical_or.reduce(carries)
            begins = lost & flows & (window.values[element.voltage] > least_v)
            for stretch in slot_mask_stretches(
                window,
                begins,
                current > numbers["restore_percent"] * rated_a,
                np.isfinite(current) & np.isfinite(window.values[element.voltage]),
                delays=Delays(on=on, off=off, gap=gap),
                phases=element.phase,
            ):
                if not self._is_usual(window, registry, stretch, lost, flows):
                    yield self._episode(window, registry, rated, wiring, stretch, element)

    def _is_usual(
        self, window: MeterMatrix, registry: Registry, stretch: Stretch, lost: Bools, flows: Bools
    ) -> bool:
        """Tell whether the phase was as empty before; without a past, whether the meter has no CT."""
        others = flows[stretch.row, : stretch.first]
        if others.any():
            share = 100.0 * float(lost[stretch.row, : stretch.first][others].mean())
            usual: float = limit(self, "usual_percent", window, registry).at(stretch.row, stretch.first)
            return share > usual
        meter = window.meters[stretch.row]
        return all(ratio.ct <= 1.0 for ratio in registry.ratios if ratio.meter == meter)

    def _episode(  # noqa: PLR0913, PLR0917 - one stretch and all that tells about it
        self,
        window: MeterMatrix,
        registry: Registry,
        rated: Ratings,
        wiring: Wiring,
        stretch: Stretch,
        lost: Element,
    ) -> Episode:
        row, where = stretch.row, slice(stretch.first, stretch.end)
        elements = ELEMENTS[wiring]
        rated_a = float(rated.rated_a[row])
        trigger, restore, other = (
            limit(self, name, window, registry).at(row, stretch.first) * rated_a / 100.0
            for name in LIMITS[:3]
        )
        most = {e.phase: float(np.fmax.reduce(window.values[e.current][row, where])) for e in elements}
        carrying = [e for e in elements if e is not lost and most[e.phase] > other]
        corrected = lost_current_correction(window, rated, wiring, stretch, lost, carrying)
        missing = known_number(corrected["missing_kwh"])
        parameters: dict[str, float | int | str] = {
            "phase": lost.phase,
            "hours": round((stretch.end - stretch.first) * window.minutes / 60.0, 2),
            "others_a": round(max(most[e.phase] for e in carrying), 3),
        }
        if missing is not None:
            parameters["missing_kwh"] = round(missing, 1)
        said = Said(
            key=lost.phase,
            message="episode.current_loss" if missing is not None else "episode.current_loss_without_powers",
            parameters=parameters,
            energy_kwh=missing,
            evidence={
                "rated_a": number(rated_a, 3),
                "most_a": {phase: number(amps) for phase, amps in most.items()},
                "metered_kwh": energy_kwh(window, stretch),
                "correction": corrected,
                "currents": slot_curves(
                    window,
                    stretch,
                    {e.current.value: window.values[e.current] for e in (lost, *carrying)},
                    unit="A",
                    limits={"trigger": trigger, "restore": restore, "others": other},
                ),
                "voltages": slot_curves(
                    window, stretch, {e.voltage.value: window.values[e.voltage] for e in elements}, unit="V"
                ),
            },
        )
        return slot_episode(self.about, window, registry, stretch, said)
