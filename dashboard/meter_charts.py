"""The curves of a meter beside load and voltage: currents, powers, power factors, frequency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from dashboard.charts import Chart, Line, curve_address
from dashboard.formats import Formats
from dashboard.words import part_label, quantity_label
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from storage.dashboard_queries import MeterCard

_Q = Quantity
_COLOURS: Mapping[str, str] = {"a": "phase-a", "b": "phase-b", "c": "phase-c", "n": "estimated"}
_PHASES: Mapping[str, Sequence[str]] = {
    Wiring.ONE_PHASE: ("a",),
    Wiring.THREE_PHASE_THREE_WIRE: ("a", "c"),
    Wiring.THREE_PHASE_FOUR_WIRE: ("a", "b", "c"),
}
"""The phases that a wiring measures; 3P3W has no phase B."""


def electrical_charts(card: MeterCard, f: Formats, *, since: datetime, until: datetime) -> list[Chart]:
    """Return the charts of a span, as the meter shows the values (mostly the secondary side)."""
    phases = _PHASES[card.wiring]
    neutral = (_Q.CURRENT_N,) if card.wiring != Wiring.THREE_PHASE_THREE_WIRE else ()
    three = len(phases) > 1

    def of(base: Quantity) -> list[Quantity]:
        return [base, *(Quantity(f"{base}_{phase}") for phase in phases if three)]

    drawn: Sequence[tuple[str, int, Sequence[Quantity]]] = (
        ("current", 2, [*(Quantity(f"current_{phase}") for phase in phases), *neutral]),
        ("active_power", 3, of(_Q.ACTIVE_POWER)),
        ("reactive_power", 3, of(_Q.REACTIVE_POWER)),
        ("power_factor", 3, of(_Q.POWER_FACTOR)),
        ("frequency", 2, [_Q.FREQUENCY]),
    )
    return [
        Chart(
            id=name,
            title=quantity_label(name, f.catalogue),
            unit="" if quantities[0].unit == "1" else quantities[0].unit,
            digits=digits,
            address=curve_address(card.meter, "series", since, until, quantities),
            since=since,
            until=until,
            lines=[_line(name, quantity, f) for quantity in quantities],
            live=True,
        )
        for name, digits, quantities in drawn
    ]


def _line(name: str, quantity: Quantity, f: Formats) -> Line:
    if quantity.value == name:
        return Line(label=f.catalogue.gettext("total"), colour="actual")
    part = quantity.value.rpartition("_")[2]
    return Line(label=part_label(quantity, f.catalogue), colour=_COLOURS[part], dashed=part == "n")
