"""Where the files of a meter's month are: intervals, registers and electrical values, as CSV or Parquet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from dashboard.words import marked
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from pipeline.timegrid import local_month

FORMATS: Mapping[str, str] = {"csv": "CSV", "parquet": "Parquet"}
_REGISTERS = (
    Quantity.ACTIVE_ENERGY_IMPORT,
    Quantity.ACTIVE_ENERGY_EXPORT,
    Quantity.REACTIVE_ENERGY_IMPORT,
    Quantity.REACTIVE_ENERGY_EXPORT,
)
_VALUES = (Quantity.ACTIVE_POWER, Quantity.REACTIVE_POWER, Quantity.POWER_FACTOR, Quantity.FREQUENCY)
_ELECTRICAL: Mapping[str, Sequence[Quantity]] = {
    Wiring.ONE_PHASE: (Quantity.VOLTAGE_A, Quantity.CURRENT_A, Quantity.CURRENT_N, *_VALUES),
    Wiring.THREE_PHASE_THREE_WIRE: (
        *(Quantity.VOLTAGE_AB, Quantity.VOLTAGE_BC),
        *(Quantity.CURRENT_A, Quantity.CURRENT_C, *_VALUES),
    ),
    Wiring.THREE_PHASE_FOUR_WIRE: (
        *(Quantity.VOLTAGE_A, Quantity.VOLTAGE_B, Quantity.VOLTAGE_C),
        *(Quantity.CURRENT_A, Quantity.CURRENT_B, Quantity.CURRENT_C, Quantity.CURRENT_N, *_VALUES),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthFile:
    """One file of a month in each of its forms."""

    title: str
    """Marked words."""
    addresses: Mapping[str, str]
    """By the name of the form."""


def month_files(
    meter: str, wiring: str, month: date, *, now: datetime, zone: ZoneInfo
) -> Sequence[MonthFile]:
    """Return the files of the month that holds a day, up to now: what the API's exports give."""
    since, until = local_month(month.year, month.month, zone)
    span = {"meter": meter, "since": since.isoformat(), "until": min(until, max(now, since)).isoformat()}
    asked: Sequence[tuple[str, str, Sequence[Quantity]]] = (
        (marked("Intervals"), "intervals", ()),
        (marked("Registers"), "readings", _REGISTERS),
        (marked("Electrical values"), "readings", _ELECTRICAL[wiring]),
    )
    return [
        MonthFile(
            title=title,
            addresses={name: _address(what, span, wanted, form) for form, name in FORMATS.items()},
        )
        for title, what, wanted in asked
    ]


def _address(what: str, span: Mapping[str, str], wanted: Sequence[Quantity], form: str) -> str:
    query = [*span.items(), *(("quantity", each.value) for each in wanted), ("format", form)]
    return f"/api/export/{what}?{urlencode(query)}"
