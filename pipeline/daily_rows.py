"""Daily rows (日数据): what is known of meters by local days, without their slots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from pipeline.quantities import Quantity
from pipeline.timegrid import local_day, to_numpy

Floats = NDArray[np.float64]
Name = TypeVar("Name", Quantity, str)
Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyRows:
    """Figures of many meters over local days: each array has shape (meters, days), NaN where missing.

    Only actual values count: what is estimated is in none of the figures, and ``coverage`` says how much of
    a day is left.
    """

    zones: Sequence[ZoneInfo]
    """The zone of each meter's days."""
    days: NDArray[np.datetime64]
    """Local days, ``datetime64[D]``, one after the other."""
    kwh: Floats
    """Import of the day's actual slots, primary side."""
    coverage: Floats
    """Share of the day's slots that are actual, 0 to 1."""
    max_kw: Floats
    min_kw: Floats
    zero_slots: Floats
    """Actual slots without any import."""
    energies: Mapping[str, Floats] = field(default_factory=dict)
    """Other energies by their names in files, of actual slots."""
    voltage_min: Mapping[Quantity, Floats] = field(default_factory=dict)
    voltage_max: Mapping[Quantity, Floats] = field(default_factory=dict)
    registers: Mapping[Quantity, Floats] = field(default_factory=dict)
    """Energy registers at the end of the day, with rates where read; on the meter's own side."""
    masked: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    """Days that another detector's episode explains, wholly or in part; see ``MeterMatrix.masked``."""

    def part(self, rows: slice | NDArray[np.intp]) -> DailyRows:
        """Return the rows of some of the meters; the arrays are views of a slice, copies else."""
        return replace(
            self,
            zones=some_of(self.zones, rows),
            kwh=self.kwh[rows],
            coverage=self.coverage[rows],
            max_kw=self.max_kw[rows],
            min_kw=self.min_kw[rows],
            zero_slots=self.zero_slots[rows],
            energies=_rows(self.energies, rows),
            voltage_min=_rows(self.voltage_min, rows),
            voltage_max=_rows(self.voltage_max, rows),
            registers=_rows(self.registers, rows),
            masked={about: mask[rows] for about, mask in self.masked.items()},
        )

    def mask_of(self, phases: str = "") -> NDArray[np.bool_] | None:
        """Return the days that are explained already; as ``MeterMatrix.mask_of`` does."""
        return mask_of(self.masked, phases)

    def date_of(self, day: int) -> date:
        """Return the local day of a column."""
        return date.fromisoformat(str(self.days[day]))

    def span(self, row: int, first: int, end: int) -> tuple[datetime, datetime]:
        """Return when a meter's local days ``first`` to ``end`` (exclusive) begin and end."""
        zone = self.zones[row]
        return local_day(self.date_of(first), zone)[0], local_day(self.date_of(end - 1), zone)[1]

    def edges(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return when each day of each meter begins and ends, UTC microseconds of shape (meters, days)."""
        kinds = list(dict.fromkeys(self.zones))
        dates = [self.date_of(day) for day in range(len(self.days))]
        spans = np.array(
            [[list(map(_microseconds, local_day(day, zone))) for day in dates] for zone in kinds], np.int64
        ).reshape(len(kinds), len(dates), 2)
        chosen = spans[[kinds.index(zone) for zone in self.zones]]
        return chosen[..., 0], chosen[..., 1]


def _microseconds(instant: datetime) -> int:
    return int(to_numpy(instant).astype(np.int64))


def mask_of(masked: Mapping[str, NDArray[np.bool_]], phases: str) -> NDArray[np.bool_] | None:
    """Return the union of the masks that concern some phases; "" stands for all of them."""
    found = None
    for about, mask in masked.items():
        if not about or not phases or not set(about).isdisjoint(phases):
            found = mask if found is None else found | mask
    return found


def some_of(every: Sequence[Entry], rows: slice | NDArray[np.intp]) -> Sequence[Entry]:
    """Return some of the entries of a list, as an array is indexed."""
    return every[rows] if isinstance(rows, slice) else [every[row] for row in rows.tolist()]


def _rows(columns: Mapping[Name, Floats], rows: slice | NDArray[np.intp]) -> dict[Name, Floats]:
    return {name: column[rows] for name, column in columns.items()}
