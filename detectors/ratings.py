"""What meters are rated for, as columns on the side of the values that they show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from analysis.limits import VoltageBand, voltage_band
from pipeline.block import MeterMatrix
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Ratio, Registry, Wiring, in_force
from pipeline.timegrid import from_numpy, to_numpy

_SAME = 1e-6
_SINCE_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One measuring element (元件): its voltage and its current, and the phase it is called by."""

    phase: str
    voltage: Quantity
    current: Quantity
    power: Quantity
    reactive: Quantity


def _element(phase: str, voltage: str) -> Element:
    return Element(
        phase=phase.upper(),
        voltage=Quantity(f"voltage_{voltage}"),
        current=Quantity(f"current_{phase}"),
        power=Quantity(f"active_power_{phase}"),
        reactive=Quantity(f"reactive_power_{phase}"),
    )


ELEMENTS = {
    Wiring.ONE_PHASE: (_element("a", "a"),),
    Wiring.THREE_PHASE_FOUR_WIRE: tuple(_element(phase, phase) for phase in "abc"),
    # Uab with Ia and Ucb with Ic: phase B has no element and is never judged.
    Wiring.THREE_PHASE_THREE_WIRE: (_element("a", "ab"), _element("c", "bc")),
}
"""The elements of a meter by its wiring."""
THREE_PHASE = (Wiring.THREE_PHASE_FOUR_WIRE, Wiring.THREE_PHASE_THREE_WIRE)


def element_quantities(wirings: Iterable[Wiring], *which: str) -> tuple[Quantity, ...]:
    """Return quantities of the elements of some wirings, each once.

    Args:
        wirings: Of the meters that a rule looks at.
        which: Fields of :class:`Element`, such as ``voltage``.
    """
    elements = (element for wiring in wirings for element in ELEMENTS[wiring])
    return tuple(dict.fromkeys(getattr(element, name) for element in elements for name in which))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratings:
    """Columns of shape (meters,), as where each meter hung last in a window.

    NaN for meters that the archive does not hold.
    """

    bands: Sequence[tuple[VoltageBand, Wiring] | None]
    nominal_v: NDArray[np.float64]
    """Of an element: line to line for 3P3W, line to neutral otherwise."""
    rated_a: NDArray[np.float64]
    most_a: NDArray[np.float64]
    """What they may carry, as filed or as is usual."""
    max_a: NDArray[np.float64]
    """What the archive says of it; NaN where it says nothing."""
    ratio: NDArray[np.float64]
    """What makes the powers that a meter shows primary ones, as :func:`shown_ratios` gives it."""

    def rows_of(self, wiring: Wiring) -> NDArray[np.intp]:
        """Return the rows of the meters of one wiring."""
        return np.array(
            [n for n, band in enumerate(self.bands) if band is not None and band[1] is wiring], np.intp
        )

    def ratio_in(self, row: int, where: slice) -> NDArray[np.float64]:
        """Return the ratio of a meter in some slots, shape (slots,), or (1,) where none changes."""
        return self.ratio[row] if self.ratio.shape[1] == 1 else self.ratio[row, where]

    def ratio_at(self, row: int, slot: int) -> float:
        """Return the ratio of a meter in a slot."""
        return float(self.ratio[row, min(slot, self.ratio.shape[1] - 1)])

    def are_of(self, wiring: Wiring) -> NDArray[np.bool_]:
        """Tell which meters are of one wiring, shape (meters, 1)."""
        mask = np.zeros((len(self.bands), 1), dtype=np.bool_)
        mask[self.rows_of(wiring)] = True
        return mask


def ratings(window: MeterMatrix, registry: Registry) -> Ratings:
    """Return the ratings of a window's meters."""
    shown_ratio = shown_ratios(window, registry)
    last_slots = _last_slots(window, registry)
    ratio_of = _ratios(window, registry, last_slots)
    alike: dict[tuple[Wiring, float, float, float, float], VoltageBand] = {}
    bands: list[tuple[VoltageBand, Wiring] | None] = []
    numbers = np.full((4, len(window.meters)), np.nan)
    for row, name in enumerate(window.meters):
        meter = registry.meter_by_id.get(name)
        if meter is None:
            bands.append(None)
            continue
        shown = float(shown_ratio[row, min(last_slots.get(name, 0), shown_ratio.shape[1] - 1)])
        # A step that no ratio has enlarged: the meter's profile shows primary values, voltages too.
        is_primary = abs(shown - 1.0) < _SAME
        ratio = ratio_of.get(name, Ratio(meter=name))
        front, ct = (ratio.pt, ratio.ct) if is_primary else (1.0, 1.0)
        kind = (meter.wiring, meter.nominal_voltage_v, meter.rated_voltage_v, ratio.pt, front)
        band = alike.get(kind)
        if band is None:
            band = alike[kind] = voltage_band(meter, ratio.pt).in_front(front)
        bands.append((band, meter.wiring))
        filed_a = np.nan if meter.max_current_a is None else meter.max_current_a
        amps = (ct * a for a in (meter.rated_current_a, meter.most_current_a, filed_a))
        numbers[:, row] = band.nominal_v, *amps
    nominal_v, rated_a, most_a, max_a = numbers
    return Ratings(
        bands=bands, nominal_v=nominal_v, rated_a=rated_a, most_a=most_a, max_a=max_a, ratio=shown_ratio
    )


def shown_ratios(window: MeterMatrix, registry: Registry) -> NDArray[np.float64]:
    """Return what makes the powers that meters show primary ones; NaN for meters that the archive lacks.

    Shape (meters, slots); (meters, 1) where it changes for no meter of the window.
    """
    known = registry.meter_by_id
    steps = np.array([known[m].resolution if m in known else np.nan for m in window.meters], np.float64)
    ratios: NDArray[np.float64] = (window.step_kwh / steps)[:, None]
    return ratios if window.ratios is None else np.where(np.isnan(ratios), np.nan, window.ratios)


def _last_slots(window: MeterMatrix, registry: Registry) -> dict[MeterId, int]:
    """Return the last slot in which each meter hung somewhere; the window's last for all others."""
    if not len(window.starts_at):
        return {}
    last = len(window.starts_at) - 1
    span = window.span()
    hung = {meter: registry.last_installation(meter, *span) for meter in window.meters}
    return {
        meter: last
        if placed is None or placed.ends_at is None or placed.ends_at >= span[1]
        else int(np.searchsorted(window.starts_at, to_numpy(placed.ends_at))) - 1
        for meter, placed in hung.items()
    }


def _ratios(window: MeterMatrix, registry: Registry, slots: Mapping[MeterId, int]) -> dict[MeterId, Ratio]:
    """Return the ratios in force at meters' slots in one pass: there may be one a meter."""
    instants = {slot: from_numpy(window.starts_at[slot]) for slot in set(slots.values())}
    found: dict[MeterId, Ratio] = {}
    for ratio in sorted(registry.ratios, key=lambda r: r.starts_at or _SINCE_EVER):
        slot = slots.get(ratio.meter)
        if slot is not None and in_force(ratio.starts_at, ratio.ends_at, instants[slot]):
            found[ratio.meter] = ratio
    return found
