"""Connection faults that look like bad supply: a lost phase, a blown fuse, a wrong phase order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.power_quality.judgement import Reason
from analysis.power_quality.point_month import Columns, PointMonth
from pipeline.events import EventKind
from pipeline.quantities import Quantity
from pipeline.registry import Wiring

Bools = NDArray[np.bool_]

DARK_SHARE: Final = 0.1
"""Of nominal: with all voltages below there is no supply."""
LOST_SHARE: Final = 0.6
"""Of nominal: phase break (断相) limit of DL/T 645-2007 meters, as of the detector ``voltage_loss``."""
LIVE_SHARE: Final = 0.85
"""Of nominal: restore limit of the same event; a supply that is low on all phases loses none."""
FLOWS_SHARE: Final = 0.005
"""Of the rated current: the load of a lost phase still flows, so the voltage circuit is at fault."""

EARTHED_SHARE: Final = 1.4
"""Of nominal: with one phase lost, another that is above stands against an earthed one (full: 1.73)."""
UNEARTHED_KV: Final = (3.0, 66.5)
"""Networks in China whose neutral is isolated or compensated: an earth fault moves phases and no lines."""

HALVES: Final = (0.4, 0.6)
"""Of nominal: two lines of a three-wire meter share the third where their common phase B is gone (own)."""
ALIKE_SHARE: Final = 0.1
"""Of nominal: no further apart are such halves, for alike voltage circuits share alike (own)."""

VOLTAGES: Final[Mapping[Wiring, tuple[Quantity, ...]]] = {
    Wiring.ONE_PHASE: (Quantity.VOLTAGE_A,),
    Wiring.THREE_PHASE_FOUR_WIRE: (Quantity.VOLTAGE_A, Quantity.VOLTAGE_B, Quantity.VOLTAGE_C),
    Wiring.THREE_PHASE_THREE_WIRE: (Quantity.VOLTAGE_AB, Quantity.VOLTAGE_BC, Quantity.VOLTAGE_CA),
}
"""What a meter's voltages are, by its wiring; few three-wire meters show ``voltage_ca``."""
_CURRENTS: Final[Mapping[Quantity, Quantity]] = {
    Quantity.VOLTAGE_A: Quantity.CURRENT_A,
    Quantity.VOLTAGE_B: Quantity.CURRENT_B,
    Quantity.VOLTAGE_C: Quantity.CURRENT_C,
    Quantity.VOLTAGE_AB: Quantity.CURRENT_A,
    Quantity.VOLTAGE_BC: Quantity.CURRENT_C,
}
_REVERSED: Final = (EventKind.VOLTAGE_REVERSE_SEQUENCE, EventKind.CURRENT_REVERSE_SEQUENCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """What is wrong with how a meter is connected, reading by reading."""

    dark: Bools
    """Readings that show no supply at all."""
    lost: Mapping[Quantity, Bools]
    """Readings of a voltage that is gone, or says nothing of the supply, while another is there."""
    reasons: Sequence[Reason]
    """What was found, in words."""

    def reasons_of(self, voltage: Quantity) -> tuple[Reason, ...]:
        """Return why readings of one voltage are lost."""
        if voltage not in self.lost:
            return ()
        own = phase_of(voltage)
        return tuple(
            r for r in self.reasons if r.key not in _REVERSED and r.parameters.get("phase", own) == own
        )

    @property
    def any_lost(self) -> Bools:
        """Tell at which readings any voltage is lost."""
        return np.asarray(np.logical_or.reduce([self.dark & False, *self.lost.values()]))


def phase_of(quantity: Quantity) -> str:
    """Return whose a quantity is: ``A``, ``AB``."""
    return quantity.rpartition("_")[2].upper()


@lru_cache(maxsize=1)  # every check asks it of the same month, one after the other
def connection(month: PointMonth) -> Connection:
    """Return the faults of the connection that a month's readings and events show."""
    point = month.point
    given = {q: month.values[q] for q in VOLTAGES[point.wiring] if measures(month, q)}
    if not given:
        none = np.zeros(len(month.taken_at), dtype=np.bool_)
        return Connection(dark=none, lost={}, reasons=_sequence(month))
    highest = np.fmax.reduce(list(given.values()))
    live = highest >= LIVE_SHARE * point.nominal_v
    earthed = _earthed(month, given, highest)
    lost = {q: live & ~earthed & (volts < LOST_SHARE * point.nominal_v) for q, volts in given.items()}
    halved = _halved(month)
    reasons = [reason for q, mask in lost.items() for reason in _told(month, q, mask)]
    reasons += _told_of_b(month, halved)
    reasons += _for_minutes(month, earthed, "earth_fault")
    left_out = {q: mask | earthed | halved for q, mask in lost.items()}
    lost = {q: mask for q, mask in left_out.items() if mask.any()}
    return Connection(
        dark=highest < DARK_SHARE * point.nominal_v, lost=lost, reasons=(*reasons, *_sequence(month))
    )


def measures(month: PointMonth, voltage: Quantity) -> bool:
    """Tell whether a meter measures a voltage: some answer 0 for a line across which they have no element."""
    column = month.values.get(voltage)
    if column is None:
        return False
    own = set(VOLTAGES[month.point.wiring]) - {Quantity.VOLTAGE_CA}
    return voltage in own or bool((column > 0.0).any())


def _earthed(month: PointMonth, given: Mapping[Quantity, Columns], highest: Columns) -> Bools:
    """Tell at which readings one phase of an unearthed network stands on earth (单相接地)."""
    point = month.point
    first, last = UNEARTHED_KV
    if point.wiring is not Wiring.THREE_PHASE_FOUR_WIRE or not first <= point.nominal_kv <= last:
        return np.zeros(len(highest), dtype=np.bool_)
    lowest = np.fmin.reduce(list(given.values()))
    return np.asarray((lowest < LOST_SHARE * point.nominal_v) & (highest > EARTHED_SHARE * point.nominal_v))


def _halved(month: PointMonth) -> Bools:
    """Tell at which readings both lines of a three-wire meter (V/V) show half of the third: B is gone."""
    ab, bc = (month.values.get(q) for q in (Quantity.VOLTAGE_AB, Quantity.VOLTAGE_BC))
    if month.point.wiring is not Wiring.THREE_PHASE_THREE_WIRE or ab is None or bc is None:
        return np.zeros(len(month.taken_at), dtype=np.bool_)
    low, high, apart, dark = (share * month.point.nominal_v for share in (*HALVES, ALIKE_SHARE, DARK_SHARE))
    halves = (np.minimum(ab, bc) >= low) & (np.maximum(ab, bc) <= high) & (np.abs(ab - bc) <= apart)
    # Where the third line is shown too it tells by itself; a meter that does not measure it shows 0.
    third = month.values.get(Quantity.VOLTAGE_CA)
    return np.asarray(halves if third is None else halves & ~(third >= dark))


def _told(month: PointMonth, quantity: Quantity, lost: Bools) -> Sequence[Reason]:
    """Tell a blown fuse, whose phase still carries load, from a phase that may be gone altogether."""
    flows = lost & _flows(month, _CURRENTS.get(quantity))
    phase = phase_of(quantity)
    return [
        *_for_minutes(month, flows, "blown_fuse", phase=phase),
        *_for_minutes(month, lost & ~flows, "lost_phase", phase=phase),
    ]


def _told_of_b(month: PointMonth, halved: Bools) -> Sequence[Reason]:
    """Tell the same of phase B of a three-wire meter, which measures the currents of the other two."""
    flows = halved & (_flows(month, Quantity.CURRENT_A) | _flows(month, Quantity.CURRENT_C))
    return [
        *_for_minutes(month, flows, "blown_fuse_b"),
        *_for_minutes(month, halved & ~flows, "lost_phase_b"),
    ]


def _for_minutes(month: PointMonth, readings: Bools, key: str, **parameters: str) -> Sequence[Reason]:
    """Return a reason and for how long it held; none where it never did."""
    if not readings.any():
        return []
    minutes = round(float(readings.sum()) * month.period_s / 60.0)
    return [Reason(key=key, parameters={**parameters, "minutes": minutes})]


def _flows(month: PointMonth, current: Quantity | None) -> Bools:
    amperes: Columns | None = None if current is None else month.values.get(current)
    rated = month.point.rated_current_a
    if amperes is None or rated is None:
        return np.zeros(len(month.taken_at), dtype=np.bool_)
    return np.asarray(np.abs(amperes) > FLOWS_SHARE * rated)


def _sequence(month: PointMonth) -> Sequence[Reason]:
    """Return the reversed phase orders that the meter recorded."""
    found = {event.kind: event for event in month.events if event.kind in _REVERSED}
    return [
        Reason(key=str(kind), parameters={"at": event.starts_at.isoformat()}) for kind, event in found.items()
    ]
