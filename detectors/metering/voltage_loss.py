"""Voltage loss (失压、断相、全失压, D07): a meter's element without its voltage counts too little."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detectors.catalogue import About, Effect, Kind, Needs, detectors, parameter
from detectors.evidence import energy_kwh, slot_curves
from detectors.hysteresis import Delays, Stretch
from detectors.metering.element_powers import known_number
from detectors.metering.voltage_loss_correction import loss_correction
from detectors.ratings import ELEMENTS, THREE_PHASE, Ratings, element_quantities, ratings
from detectors.shapes import Said, slot_episode, slot_mask_stretches
from detectors.stretches import number
from detectors.thresholds import limit
from pipeline.block import MeterMatrix
from pipeline.model import Episode, Severity
from pipeline.quantities import Quantity
from pipeline.registry import Registry, Wiring

ALL = "all"
_METER = "meter firmware of DL/T 645-2007, default of the event"

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]


@detectors.register("voltage_loss")
@dataclass(frozen=True, slots=True, kw_only=True)
class VoltageLoss:
    """Judges the elements of three-phase meters one by one, and all of them together.

    Where all elements are lost the single ones end. Where all are low alike the supply is, and that is for
    another rule. A slot without voltage or current is unknown: a meter without power says nothing.
    """

    trigger_percent: float = parameter(78, "% of nominal", _METER, "S", Effect.TRIGGER)
    restore_percent: float = parameter(85, "% of nominal", _METER, "S", Effect.RESTORE)
    break_percent: float = parameter(60, "% of nominal", _METER, "S", Effect.TRIGGER)
    current_percent: float = parameter(0.5, "% of rated", _METER, "S")
    apart_percent: float = parameter(
        10, "% of nominal", "below the best element, else the supply itself is low", "own"
    )
    trigger_slots: float = parameter(2, "slots", "two points of a 15-minute curve", "D", Effect.ON_DELAY)
    restore_slots: float = parameter(1, "slots", "first good point", "own", Effect.OFF_DELAY)
    gap_slots: float = parameter(8, "slots", "so many missing slots end a stretch", "own", Effect.GAP)

    about: ClassVar[About] = About(
        name="voltage_loss",
        number="D07",
        kind=Kind.SLOTS,
        needs=Needs(
            quantities=element_quantities(THREE_PHASE, "voltage", "current", "power", "reactive"),
            interval_energy=True,
            essential=("quantities",),
            archive=("meter", "ratio"),
        ),
        suppressed_by=("outage",),
        messages=("episode.voltage_loss", "episode.phase_break", "episode.total_voltage_loss"),
        severity=Severity.CRITICAL,
        dated=("trigger_percent", "restore_percent", "break_percent", "current_percent", "apart_percent"),
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return an episode for each element and stretch, with the correction of its energy."""
        if not len(window.meters) or not len(window.starts_at):
            return []
        rated = ratings(window, registry)
        return [e for wiring in THREE_PHASE for e in self._of_wiring(window, registry, rated, wiring)]

    def _of_wiring(
        self, window: MeterMatrix, registry: Registry, rated: Ratings, wiring: Wiring
    ) -> Iterator[Episode]:
        elements = [e for e in ELEMENTS[wiring] if {e.voltage, e.current} <= window.values.keys()]
        own = rated.are_of(wiring)
        if len(elements) < len(ELEMENTS[wiring]) or not own.any():
            return
        volts = [window.values[e.voltage] / (rated.nominal_v[:, None] / 100.0) for e in elements]
        amps = [window.values[e.current] / (rated.rated_a[:, None] / 100.0) for e in elements]
        number_of = {
            name: limit(self, name, window, registry).values
            for name in (
                "trigger_percent",
                "restore_percent",
                "break_percent",
                "current_percent",
                "apart_percent",
            )
        }
        if not any((u < number_of["trigger_percent"]).any() for u in volts):
            return
        best = np.fmax.reduce(volts)
        flows = np.fmax.reduce(amps) > number_of["current_percent"]
        total = own & (best < number_of["break_percent"]) & flows
        known = np.logical_and.reduce(
            [np.isfinite(u) & np.isfinite(i) for u, i in zip(volts, amps, strict=True)]
        )
        on, off, gap = (
            limit(self, name, window, registry).values[:, 0]
            for name in ("trigger_slots", "restore_slots", "gap_slots")
        )
        delays = Delays(on=on, off=off, gap=gap)
        for stretch in slot_mask_stretches(
            window, total, best > number_of["restore_percent"], known, delays=delays
        ):
            yield self._episode(window, registry, rated, wiring, stretch, ALL)
        for element, u, i in zip(elements, volts, amps, strict=True):
            carries = i > number_of["current_percent"]
            lost = np.where(carries, u < number_of["trigger_percent"], u < number_of["break_percent"])
            begins = own & lost & (best - u > number_of["apart_percent"])
            restored = (u > number_of["restore_percent"]) | total
            for stretch in slot_mask_stretches(
                window, begins, restored, known, delays=delays, phases=element.phase
            ):
                yield self._episode(window, registry, rated, wiring, stretch, element.phase)

    def _episode(  # noqa: PLR0913, PLR0917 - one stretch and all that tells about it
        self,
        window: MeterMatrix,
        registry: Registry,
        rated: Ratings,
        wiring: Wiring,
        stretch: Stretch,
        phase: str,
    ) -> Episode:
        elements = ELEMENTS[wiring]
        lost = [e for e in elements if phase in (ALL, e.phase)]
        nominal_v = float(rated.nominal_v[stretch.row])
        volts = np.stack([_slots(window, e.voltage, stretch) for e in lost])
        amps = np.stack([_slots(window, e.current, stretch) for e in lost])
        current_percent, *limits = (
            limit(self, name, window, registry).at(stretch.row, stretch.first)
            for name in ("current_percent", "trigger_percent", "restore_percent")
        )
        floor_a = current_percent / 100.0 * float(rated.rated_a[stretch.row])
        carries = bool((amps > floor_a).any())
        least = 100.0 * float(np.nanmin(volts)) / nominal_v
        message = "phase_break" if not carries else "voltage_loss"
        parameters: dict[str, float | int | str] = {
            "least_percent": round(least, 1),
            "hours": round((stretch.end - stretch.first) * window.minutes / 60.0, 2),
        }
        if phase == ALL:
            message = "total_voltage_loss"
        else:
            parameters["phase"] = phase
        corrected = (
            loss_correction(window, rated, wiring, stretch, [e.phase for e in lost]) if carries else {}
        )
        said = Said(
            key=phase,
            message=f"episode.{message}",
            parameters=parameters,
            energy_kwh=known_number(corrected.get("missing_kwh")),
            evidence={
                "nominal_v": number(nominal_v, 2),
                "least_v": number(float(np.nanmin(volts)), 2),
                "max_current_a": number(float(np.nanmax(amps)), 3),
                "metered_kwh": energy_kwh(window, stretch),
                "correction": corrected,
                "voltages": slot_curves(
                    window,
                    stretch,
                    {e.voltage.value: window.values[e.voltage] for e in (*lost, *elements)},
                    unit="V",
                    limits={
                        name: percent / 100.0 * nominal_v
                        for name, percent in zip(("trigger", "restore"), limits, strict=True)
                    },
                ),
                "currents": slot_curves(
                    window, stretch, {e.current.value: window.values[e.current] for e in elements}, unit="A"
                ),
            },
        )
        return slot_episode(self.about, window, registry, stretch, said)


def _slots(window: MeterMatrix, quantity: Quantity, stretch: Stretch) -> Floats:
    return window.values[quantity][stretch.row, stretch.first : stretch.end]
