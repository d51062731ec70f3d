"""Power identity (电气量不自洽, D06): active power must be U·I·cos φ of each phase, and their sum."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detectors.catalogue import About, Effect, Kind, Needs, detectors, parameter
from detectors.density import dense
from detectors.evidence import slot_curves
from detectors.hysteresis import Delays, Stretch
from detectors.metering.shown_steps import shown_steps
from detectors.ratings import ELEMENTS, Element, Ratings, element_quantities, ratings
from detectors.shapes import Said, slot_episode, slot_mask_stretches
from detectors.stretches import number
from detectors.thresholds import limit
from pipeline.block import MeterMatrix
from pipeline.model import Episode, Severity
from pipeline.quantities import Quantity
from pipeline.registry import Registry, Wiring

AMONG = 8
"""Points among which so many must be off."""
DISTORTED = np.float32(0.5)
"""Apparent power of P and Q by U·I: 0.71 at 100 % distortion; 0.53 is the least in a home's minutes (UCI)."""
_KILO = np.float32(0.001)
_OWN = "no open system has this rule; to be confirmed"

_SKEW_S = "values read one after the other; to be confirmed"

Singles = NDArray[np.float32]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]


def _power_factor(element: Element) -> Quantity:
    return Quantity(f"power_factor_{element.phase.lower()}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """Both sides of an identity, in kW on the meter's side: shape (meters, slots)."""

    shown_kw: Singles
    due_kw: Singles
    scale_kva: Singles
    """What the difference is a share of."""
    weights: Mapping[Quantity, Singles | None]
    """What one unit of each value makes of the difference, in W; None for powers: their own kW."""

    def rounding_kw(self, window: MeterMatrix, rows: Ints) -> Singles:
        """Return what one step of every value makes of the difference: they may be cut off, not rounded.

        Shape (rows, slots).
        """
        total = np.zeros((len(rows), len(window.starts_at)), dtype=np.float32)
        for quantity, weight in self.weights.items():
            step = shown_steps(window.values[quantity][rows])[:, None].astype(np.float32)
            total += step if weight is None else step * np.abs(weight[rows]) * _KILO
        return total


@detectors.register("power_identity")
@dataclass(frozen=True, slots=True, kw_only=True)
class PowerIdentity:
    """Compares values of one reading: a channel swapped, scaled or misread in a profile breaks it.

    The power factor is the one that the meter shows. Without it the apparent power of P and Q is compared,
    which may be below U·I as far as a distorted current and means over unsteady minutes go. Slots with less
    than so much load are no proof: small values are mostly rounding. What the steps account for in which the
    values are shown (0.2 A at 230 V are 46 VA) is no difference, nor is anything in a slot whose values were
    not read at once.
    """

    trigger_percent: float = parameter(5.0, "% of apparent power", _OWN, "own", Effect.TRIGGER)
    restore_percent: float = parameter(3.0, "% of apparent power", _OWN, "own", Effect.RESTORE)
    load_percent: float = parameter(5.0, "% of rated", "power factor rules of master stations", "D")
    skew_s: float = parameter(5.0, "s between the values of a slot", _SKEW_S, "own")
    trigger_points: float = parameter(4, f"of {AMONG} points", _OWN, "own", Effect.ON_DELAY)
    restore_slots: float = parameter(4, "slots", "four good points", "own", Effect.OFF_DELAY)
    gap_slots: float = parameter(96, "slots", "a day without readings", "own", Effect.GAP)

    about: ClassVar[About] = About(
        name="power_identity",
        number="D06",
        kind=Kind.SLOTS,
        needs=Needs(
            quantities=(
                Quantity.ACTIVE_POWER,
                *element_quantities(Wiring, "voltage", "current", "power", "reactive"),
                *dict.fromkeys(_power_factor(e) for elements in ELEMENTS.values() for e in elements),
            ),
            archive=("meter", "ratio"),
        ),
        suppressed_by=("outage",),
        messages=("episode.power_identity", "episode.power_identity_sum"),
        severity=Severity.MAJOR,
        dated=("trigger_percent", "restore_percent", "load_percent", "skew_s"),
        version=2,
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return an episode for each phase, and for the sum, and stretch."""
        if not len(window.meters) or not len(window.starts_at):
            return []
        rated = ratings(window, registry)
        found = [e for wiring in Wiring for e in self._of_wiring(window, registry, rated, wiring)]
        return sorted(found, key=lambda e: (e.starts_at, e.meter, e.id))

    def _of_wiring(
        self, window: MeterMatrix, registry: Registry, rated: Ratings, wiring: Wiring
    ) -> Iterator[Episode]:
        elements = [e for e in ELEMENTS[wiring] if {e.voltage, e.current, e.power} <= window.values.keys()]
        own = rated.are_of(wiring)
        if not own.any():
            return
        sides = {e: _of_element(window, e) for e in elements}
        for element, side in sides.items():
            if side is not None:
                yield from self._episodes(window, registry, rated, own, side, element)
        if len(elements) == len(ELEMENTS[wiring]) > 1 and Quantity.ACTIVE_POWER in window.values:
            yield from self._episodes(window, registry, rated, own, _of_sum(window, elements), None)

    def _episodes(  # noqa: PLR0913, PLR0917 - one identity and whose it is
        self,
        window: MeterMatrix,
        registry: Registry,
        rated: Ratings,
        own: Bools,
        side: _Side,
        element: Element | None,
    ) -> Iterator[Episode]:
        load, trigger, restore, points, off, gap = (
            limit(self, name, window, registry).values
            for name in ("load_percent", "trigger_percent", "restore_percent", "trigger_points",
                         "restore_slots", "gap_slots")
        )  # fmt: skip
        floor_kva = rated.nominal_v[:, None] * rated.rated_a[:, None] / 1000.0 * load / 100.0
        loaded = own & (side.scale_kva > floor_kva.astype(np.float32))
        apart = side.scale_kva * (trigger / 100.0).astype(np.float32)
        off_by = np.abs(side.shown_kw - side.due_kw)
        if window.apart_s is not None:
            off_by[window.apart_s > limit(self, "skew_s", window, registry).values] = np.nan
        bad = loaded & (off_by > apart)
        begins = dense(bad, points, AMONG)
        suspects = np.flatnonzero(begins.any(axis=1))
        if not len(suspects):
            return
        off_by[suspects] -= side.rounding_kw(window, suspects)
        bad &= off_by > apart
        begins = dense(bad, points, AMONG)
        stretches = slot_mask_stretches(
            window,
            begins,
            loaded & (off_by <= side.scale_kva * (restore / 100.0).astype(np.float32)),
            np.isfinite(off_by),
            delays=Delays(off=off[:, 0], gap=gap[:, 0]),
            phases="" if element is None else element.phase,
        )
        for stretch in stretches:
            yield self._episode(window, registry, stretch, side, bad, element)

    def _episode(  # noqa: PLR0913, PLR0917 - one stretch and all that tells about it
        self,
        window: MeterMatrix,
        registry: Registry,
        stretch: Stretch,
        side: _Side,
        bad: Bools,
        element: Element | None,
    ) -> Episode:
        row, where = stretch.row, slice(stretch.first, stretch.end)
        telling = bad[row, where]
        shown, due = side.shown_kw[row, where][telling], side.due_kw[row, where][telling]
        percent = 100.0 * np.abs(shown - due) / side.scale_kva[row, where][telling]
        due_kw = float(due.sum())
        ratio = float(shown.sum()) / due_kw if due_kw else np.inf
        parameters: dict[str, float | int | str] = {
            "most_percent": round(float(percent.max()), 1),
            "hours": round((stretch.end - stretch.first) * window.minutes / 60.0, 2),
        }
        if element is not None:
            parameters["phase"] = element.phase
        said = Said(
            key="sum" if element is None else element.phase,
            message="episode.power_identity_sum" if element is None else "episode.power_identity",
            parameters=parameters,
            score=round(float(telling.mean()), 3),
            evidence={
                "limit_percent": limit(self, "trigger_percent", window, registry).shown(row, stretch.first),
                "points_off": int(telling.sum()),
                "shown_by_due": number(ratio, 4),
                "powers": slot_curves(
                    window, stretch, {"shown": np.abs(side.shown_kw), "due": side.due_kw}, unit="kW"
                ),
                "values": {} if element is None else {
                    q.value: slot_curves(window, stretch, {q.value: window.values[q]}, unit=unit)
                    for q, unit in ((element.voltage, "V"), (element.current, "A"))
                },
            },
        )  # fmt: skip
        return slot_episode(self.about, window, registry, stretch, said)


def _of_element(window: MeterMatrix, element: Element) -> _Side | None:
    """Return the identity of an element; None where neither power factor nor reactive power was read."""
    power = np.abs(window.values[element.power])
    volts, amps = window.values[element.voltage], window.values[element.current]
    kva = volts * amps * _KILO
    weights = {element.power: None, element.voltage: amps, element.current: volts}
    factor = window.values.get(_power_factor(element))
    if factor is not None:
        return _Side(shown_kw=power, due_kw=kva * np.abs(factor), scale_kva=kva, weights=weights)
    kvar = window.values.get(element.reactive)
    if kvar is None:
        return None
    shown = np.hypot(power, kvar)
    return _Side(
        shown_kw=shown,
        due_kw=np.clip(shown, kva * DISTORTED, kva),
        scale_kva=kva,
        weights={**weights, element.reactive: None},
    )


def _of_sum(window: MeterMatrix, elements: Sequence[Element]) -> _Side:
    powers = [window.values[e.power] for e in elements]
    sizes = [window.values[e.voltage] * window.values[e.current] for e in elements]
    return _Side(
        shown_kw=window.values[Quantity.ACTIVE_POWER],
        due_kw=np.asarray(sum(powers[1:], powers[0])),
        scale_kva=np.asarray(sum(sizes[1:], sizes[0])) * _KILO,
        weights=dict.fromkeys((Quantity.ACTIVE_POWER, *(e.power for e in elements))),
    )
