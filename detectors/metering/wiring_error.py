"""Wiring errors (错误接线、反极性、潮流反向, D10): names the case that fits the powers, or its twins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from detectors.catalogue import About, Effect, Kind, Needs, detectors, parameter
from detectors.evidence import energy_kwh, slot_curves
from detectors.hysteresis import Delays, Stretch
from detectors.metering.element_powers import known_number
from detectors.metering.wiring_correction import wiring_correction
from detectors.metering.wiring_signs import slot_signs
from detectors.metering.wiring_verdict import WiringVerdict, comes_and_goes, verdict
from detectors.ratings import ELEMENTS, Ratings, element_quantities, ratings
from detectors.shapes import Said, slot_episode, slot_mask_stretches
from detectors.stretches import number
from detectors.thresholds import limit
from pipeline.block import MeterMatrix
from pipeline.model import Episode, Severity
from pipeline.registry import Registry, Wiring
from pipeline.timegrid import from_numpy

MOST_TWINS = 8
"""Twins that are named in the evidence; they are counted all the same."""


@detectors.register("wiring_error")
@dataclass(frozen=True, slots=True, kw_only=True)
class WiringError:
    """Fits the wiring cases to the elements' active and reactive powers, slot by slot.

    The load is taken as balanced; an unbalanced one fits no case much better than another and is silent.
    Where all elements are turned alike the load's own angle before decides, at its usual working load only:
    idle plants show any angle. What comes and goes within a day is generation, not a wire.
    """

    reverse_percent: float = parameter(
        0.5,
        "% of base power",
        "reverse power of DL/T 645-2007 meter firmware, default of the event",
        "S",
        Effect.TRIGGER,
    )
    fit_ratio: float = parameter(
        3.0, "times", "how much better than the right wiring a case must fit", "own", Effect.TRIGGER
    )
    least_misfit: float = parameter(
        0.15, "share", "a third of what the slightest case of the 48 leaves unexplained, and more", "own"
    )
    turned_degrees: float = parameter(
        35.0, "degrees", "nearer to the next multiple of 60 than to the usual angle", "own", Effect.TRIGGER
    )
    current_percent: float = parameter(
        5.0, "% of rated", "power factor rules of master stations, to be confirmed", "D"
    )
    restore_percent: float = parameter(
        1.0, "% of rated", "least load whose angle is resolved", "own", Effect.RESTORE
    )
    trigger_slots: float = parameter(
        4,
        "slots",
        "four 15-minute points; the meters' own 15 minutes alarm at each start",
        "own",
        Effect.ON_DELAY,
    )
    restore_slots: float = parameter(4, "slots", "four good points", "own", Effect.OFF_DELAY)
    gap_slots: float = parameter(96, "slots", "a day without readings", "own", Effect.GAP)

    about: ClassVar[About] = About(
        name="wiring_error",
        number="D10",
        kind=Kind.SLOTS,
        needs=Needs(
            quantities=element_quantities(Wiring, "power", "reactive"),
            interval_energy=True,
            essential=("quantities",),
            archive=("meter", "ratio", "contract", "installation"),
        ),
        suppressed_by=("outage", "voltage_loss", "current_loss"),
        messages=("episode.wiring_error", "episode.wiring_error_overcounts", "episode.wiring_error_unvalued"),
        severity=Severity.CRITICAL,
        dated=(
            "reverse_percent",
            "fit_ratio",
            "least_misfit",
            "turned_degrees",
            "current_percent",
            "restore_percent",
        ),
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return an episode a stretch, with the case, its twins and the correction of its energy."""
        if not len(window.meters) or not len(window.starts_at):
            return []
        rated = ratings(window, registry)
        found = [e for wiring in Wiring for e in self._of_wiring(window, registry, rated, wiring)]
        return sorted(found, key=lambda e: (e.starts_at, e.meter, e.id))

    def _of_wiring(
        self, window: MeterMatrix, registry: Registry, rated: Ratings, wiring: Wiring
    ) -> Iterator[Episode]:
        rows = rated.rows_of(wiring)
        rows = rows[[not self._generates(window, registry, int(row)) for row in rows]] if len(rows) else rows
        needed = {q for e in ELEMENTS[wiring] for q in (e.power, e.reactive)}
        if not len(rows) or not needed <= window.values.keys():
            return
        numbers = {
            name: limit(self, name, window, registry).values
            for name in ("reverse_percent", "fit_ratio", "least_misfit", "turned_degrees", "current_percent",
                         "restore_percent")
        }  # fmt: skip
        base_kva = rated.nominal_v * rated.rated_a / 1000.0
        signs = slot_signs(window, wiring, rows, base_kva, numbers)
        if not len(signs.rows):
            return
        on, off, gap = (
            limit(self, name, window, registry).values[:, 0]
            for name in ("trigger_slots", "restore_slots", "gap_slots")
        )
        stretches = slot_mask_stretches(
            window, signs.on(window, signs.begins), signs.on(window, signs.restored),
            signs.on(window, signs.known), delays=Delays(on=on, off=off, gap=gap),
        )  # fmt: skip
        found = [(stretch, verdict(window, wiring, signs, stretch)) for stretch in stretches]
        kept = [(stretch, own) for stretch, own in found if own is not None]
        for stretch, own in kept:
            same = [s for s, _ in kept if s.row == stretch.row]
            if not comes_and_goes(stretch, same, window.minutes):
                yield self._episode(window, registry, rated, stretch, own)

    def _generates(self, window: MeterMatrix, registry: Registry, row: int) -> bool:
        """Tell whether the customer's contract declares generation: his power may flow back."""
        at = from_numpy(window.starts_at[-1])
        point = registry.service_point_of(window.meters[row], at)
        contract = None if point is None else registry.contract_of(point, at)
        return contract is not None and contract.generation

    def _episode(
        self, window: MeterMatrix, registry: Registry, rated: Ratings, stretch: Stretch, own: WiringVerdict
    ) -> Episode:
        corrected = wiring_correction(window, rated, own.state, stretch)
        missing = known_number(corrected["missing_kwh"])
        parameters: dict[str, float | int | str] = {
            "wiring": own.state.cases[0].name,
            "twins": len(own.state.cases) - 1,
            "hours": round((stretch.end - stretch.first) * window.minutes / 60.0, 2),
        }
        message = "episode.wiring_error_unvalued"
        if missing is not None:
            parameters["kwh"] = abs(round(missing, 1))
            message = "episode.wiring_error" if missing >= 0 else "episode.wiring_error_overcounts"
        elements = ELEMENTS[own.state.wiring]
        said = Said(
            message=message,
            parameters=parameters,
            score=own.score,
            energy_kwh=missing,
            evidence={
                "wiring": own.state.cases[0].name,
                "twins": [case.name for case in own.state.cases[1 : 1 + MOST_TWINS]],
                "twins_in_all": len(own.state.cases) - 1,
                "fit": own.fit(),
                "alternatives": own.alternatives(),
                "metered_kwh": energy_kwh(window, stretch),
                "primary_by_shown": number(rated.ratio_at(stretch.row, stretch.first)),
                "correction": corrected,
                "active_powers": slot_curves(
                    window, stretch, {e.power.value: window.values[e.power] for e in elements}, unit="kW"
                ),
                "reactive_powers": slot_curves(
                    window,
                    stretch,
                    {e.reactive.value: window.values[e.reactive] for e in elements},
                    unit="kvar",
                ),
            },
        )
        return slot_episode(self.about, window, registry, stretch, said)
