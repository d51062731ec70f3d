"""Unbalance (电压、电流不平衡, D09): how far the phases' voltages or currents are apart, of the largest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detectors.catalogue import About, Effect, Kind, Needs, detectors, parameter
from detectors.evidence import energy_kwh, slot_curves
from detectors.hysteresis import Delays, Stretch
from detectors.ratings import ELEMENTS, THREE_PHASE, Ratings, element_quantities, ratings
from detectors.shapes import Said, slot_episode, slot_stretches
from detectors.stretches import iso, number
from detectors.thresholds import limit
from pipeline.block import MeterMatrix
from pipeline.model import Episode, Severity
from pipeline.quantities import Quantity
from pipeline.registry import Registry, Wiring

VOLTAGE, CURRENT = "voltage", "current"
UNITS = {VOLTAGE: "V", CURRENT: "A"}
MERGED_SLOTS = 96
"""An unbalance that comes every day is one episode."""
_METER = "meter firmware of DL/T 645-2007, default of the event"

Singles = NDArray[np.float32]


@detectors.register("unbalance")
@dataclass(frozen=True, slots=True, kw_only=True)
class Unbalance:
    """Compares the elements of three-phase meters; of a three-wire meter only its two, never a phase b.

    A phase that is missing is a loss and another rule's matter. Small currents are not compared, nor voltages
    without which a phase is gone.
    """

    voltage_percent: float = parameter(30.0, "% of the largest", _METER, "S", Effect.TRIGGER)
    voltage_restore_percent: float = parameter(
        25.0, "% of the largest", "below the trigger", "own", Effect.RESTORE
    )
    current_percent: float = parameter(30.0, "% of the largest", _METER, "S", Effect.TRIGGER)
    current_restore_percent: float = parameter(
        25.0, "% of the largest", "below the trigger", "own", Effect.RESTORE
    )
    severe_percent: float = parameter(90.0, "% of the largest", _METER, "S")
    load_percent: float = parameter(10.0, "% of rated", "master stations: 5 to 10 %, to be confirmed", "D")
    trigger_slots: float = parameter(4, "slots", "an hour, as master stations do", "D", Effect.ON_DELAY)
    restore_slots: float = parameter(4, "slots", "an hour", "own", Effect.OFF_DELAY)
    gap_slots: float = parameter(96, "slots", "a day without readings or load", "own", Effect.GAP)

    about: ClassVar[About] = About(
        name="unbalance",
        number="D09",
        kind=Kind.SLOTS,
        needs=Needs(
            quantities=element_quantities(THREE_PHASE, "voltage", "current"),
            interval_energy=True,
            essential=("quantities",),
            archive=("meter", "ratio"),
        ),
        suppressed_by=("outage", "voltage_loss", "current_loss"),
        messages=("episode.unbalance_voltage", "episode.unbalance_current"),
        severity=Severity.MINOR,
        dated=(
            "voltage_percent",
            "voltage_restore_percent",
            "current_percent",
            "current_restore_percent",
            "severe_percent",
            "load_percent",
        ),
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return an episode for voltages or currents and each stretch."""
        if not len(window.meters) or not len(window.starts_at):
            return []
        rated = ratings(window, registry)
        found = [
            episode
            for wiring in THREE_PHASE
            for what in (VOLTAGE, CURRENT)
            for episode in self._of_wiring(window, registry, rated, wiring, what)
        ]
        return sorted(found, key=lambda e: (e.starts_at, e.meter, e.id))

    def _of_wiring(
        self, window: MeterMatrix, registry: Registry, rated: Ratings, wiring: Wiring, what: str
    ) -> Iterator[Episode]:
        quantities = [e.voltage if what == VOLTAGE else e.current for e in ELEMENTS[wiring]]
        own = rated.are_of(wiring)
        if not own.any() or not set(quantities) <= window.values.keys():
            return
        columns = [window.values[q] for q in quantities]
        most, least = _extremes(columns)
        floor = limit(self, "load_percent", window, registry).values / 100.0
        floor = floor * (rated.nominal_v if what == VOLTAGE else rated.rated_a)[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            percent = (most - least) * np.float32(100.0) / most
        percent[~(own & (most > floor.astype(np.float32)))] = np.nan
        on, off, gap = (
            limit(self, name, window, registry).values[:, 0]
            for name in ("trigger_slots", "restore_slots", "gap_slots")
        )
        stretches = slot_stretches(
            window,
            percent,
            trigger=limit(self, f"{what}_percent", window, registry).values,
            restore=limit(self, f"{what}_restore_percent", window, registry).values,
            delays=Delays(on=on, off=off, gap=gap, merge=MERGED_SLOTS),
        )
        for stretch in stretches:
            yield self._episode(window, registry, stretch, percent, what, quantities)

    def _episode(  # noqa: PLR0913, PLR0917 - one stretch and all that tells about it
        self,
        window: MeterMatrix,
        registry: Registry,
        stretch: Stretch,
        percent: Singles,
        what: str,
        quantities: Sequence[Quantity],
    ) -> Episode:
        row, where = stretch.row, slice(stretch.first, stretch.end)
        own = percent[row, where]
        top = stretch.first + int(np.nanargmax(own))
        most = float(percent[row, top])
        vector = {q.value: float(window.values[q][row, top]) for q in quantities}
        trigger, severe = (
            limit(self, name, window, registry).at(row, stretch.first)
            for name in (f"{what}_percent", "severe_percent")
        )
        said = Said(
            key=what,
            message=f"episode.unbalance_{what}",
            parameters={
                "most_percent": round(most, 1),
                "values": " / ".join(f"{value:.4g}" for value in vector.values()),
                "hours": round(float((own > trigger).sum()) * window.minutes / 60.0, 2),
            },
            severity=Severity.MAJOR if most > severe or what == VOLTAGE else None,
            score=round(min(most / 100.0, 1.0), 3),
            evidence={
                "largest_at": iso(window.starts_at[top]),
                "values_then": {name: number(value) for name, value in vector.items()},
                "mean_percent": number(float(np.nanmean(own)), 1),
                "metered_kwh": energy_kwh(window, stretch),
                "percent": slot_curves(
                    window, stretch, {"unbalance": percent}, unit="%",
                    limits={"trigger": trigger, "severe": severe},
                ),
                f"{what}s": slot_curves(
                    window, stretch, {q.value: window.values[q] for q in quantities}, unit=UNITS[what]
                ),
            },
        )  # fmt: skip
        return slot_episode(self.about, window, registry, stretch, said)


def _extremes(columns: Sequence[Singles]) -> tuple[Singles, Singles]:
    """Return the largest and the smallest of the phases; missing where one of them is."""
    most, least = columns[0], columns[0]
    for column in columns[1:]:
        most, least = np.maximum(most, column), np.minimum(least, column)
    return most, least
