"""What each service point of an area took on each local day, and of what its day is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.area_stays import Stay
from analysis.loss_problems import FED_IN_KWH
from analysis.slot_gaps import slot_gaps
from pipeline.block import MeterMatrix
from pipeline.daily_reduction import counts_energy
from pipeline.daily_rows import DailyRows

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]


class PointDays:
    """The days of each service point in each area: arrays of shape (points, days), energies in kWh."""

    def __init__(
        self,
        window: MeterMatrix,
        daily: DailyRows,
        stays: Sequence[Stay],
        whole: float,
        by_register: tuple[Floats, Floats],
    ) -> None:
        """Work the days out; for the arguments see :func:`analysis.area_days.area_days`."""
        own = _StayDays(window, daily, stays, whole, by_register)
        keys = [(stay.area, stay.is_supply, stay.point) for stay in stays]
        firsts = np.array([n for n, key in enumerate(keys) if n == 0 or key != keys[n - 1]], np.intp)

        def summed(column: Floats) -> Floats:
            return np.add.reduceat(column, firsts, axis=0)

        def any_of(column: Bools) -> Bools:
            return np.logical_or.reduceat(column, firsts, axis=0)

        self.heads = [stays[first] for first in firsts]
        self.is_supply = own.is_supply[firsts, 0]
        self.present = any_of(own.counts)
        is_main = own.counts & (own.of_role > 0)
        shares = summed(np.where(is_main, np.clip(own.fitted, 0.0, 1.0), 0.0))
        self.known = self.present & ~any_of(own.counts & ~own.known) & (shares >= whole)
        mains = np.maximum(np.rint(shares), 1.0)
        covered = np.minimum(summed(np.where(is_main, own.coverage, 0.0)) / mains, 1.0)
        self.coverage: Floats = np.where(self.present, covered, 0.0)
        self.changed = any_of(own.moves)
        self.closed = self.known & any_of(own.closed)
        is_blind = self.known & any_of(own.is_blind) & (covered > 0)
        of_day = 1.0 / np.where(is_blind & ~self.is_supply[:, None], covered, 1.0)
        self.kwh = summed(own.signs * (own.imported - own.exported)) * of_day
        self.into_kwh = summed(own.of_role * np.where(own.turned, own.exported, own.imported))
        """What a supply meter counts into the area."""
        self.export_kwh = summed(own.of_role * np.where(own.turned, own.imported, own.exported)) * of_day
        """What a member feeds in."""
        beside = own.gaps.import_kwh - own.gaps.export_kwh
        self.filled_kwh: Floats = summed(own.signs * beside) + self.kwh - self.kwh / of_day
        """Of a member's net import, what stands in for missing slots."""
        self.lacks: Bools = self.known & (any_of(own.lacking & own.in_full) | (is_blind & (covered < 1.0)))
        """Days that are known but for some slots, which no register closes."""
        self.gap_points: Ints = (np.searchsorted(firsts, own.gaps.meters, side="right") - 1).astype(np.intp)
        """Of each missing slot of a member: his place among the points."""
        self.gap_slots = own.gaps.slots
        """Which slot of the window it is."""

    def mean_so_far(self) -> Floats:
        """Return the mean of the known days up to each day; NaN before the first."""
        count = np.cumsum(self.known, axis=1)
        total = np.cumsum(np.where(self.known, self.kwh, 0.0), axis=1)
        mean: Floats = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
        return mean

    def most_so_far(self) -> Floats:
        """Return the greatest known day up to each day; NaN before the first."""
        return np.fmax.accumulate(np.where(self.known, self.kwh, np.nan), axis=1)


class _StayDays:
    """The days of each meter while it counts in an area: arrays of shape (stays, days)."""

    def __init__(
        self,
        window: MeterMatrix,
        daily: DailyRows,
        stays: Sequence[Stay],
        whole: float,
        by_register: tuple[Floats, Floats],
    ) -> None:
        rows = np.array([stay.row for stay in stays], np.intp)
        begins, ends = (edges[rows] for edges in daily.edges())

        def column(name: str) -> NDArray[np.int64]:
            return np.array([[getattr(stay, name)] for stay in stays], np.int64)

        member_from, member_to = column("member_from"), column("member_to")
        fitted_from, fitted_to = column("fitted_from"), column("fitted_to")
        self.signs = np.array([[stay.sign] for stay in stays])
        self.turned = np.array([[stay.is_turned] for stay in stays])
        self.is_supply = np.array([[stay.is_supply] for stay in stays])
        self.of_role = np.where(self.turned, -self.signs, self.signs)
        self.counts = (
            (member_from < ends) & (member_to > begins) & (fitted_from < ends) & (fitted_to > begins)
        )
        self.moves = ((member_from > begins[:, :1]) & (member_from >= begins) & (member_from < ends)) | (
            (member_to < ends[:, -1:]) & (member_to >= begins) & (member_to < ends)
        )
        self.fitted = (np.minimum(fitted_to, ends) - np.maximum(fitted_from, begins)) / (ends - begins)
        """Share of the day on which the meter hangs there."""
        self.coverage = daily.coverage[rows]
        is_member = (member_from <= begins) & (member_to >= ends)
        self.in_full = is_member & (self.fitted >= 1.0)
        # Of a meter that is replaced its own part of the day; the other meter must have the rest.
        in_part = is_member & ~self.in_full & (np.abs(self.coverage - self.fitted) <= 1.0 - whole)
        # Registers close the gaps of a day exactly, so they go before slots of which some are missing.
        register = [flow[rows] for flow in by_register]
        self.closed = self.in_full & (self.coverage < 1.0) & np.isfinite(register[0] + register[1])
        slots = _flows_kwh(window, daily, rows, register[1])
        # A day of which an export slot is missing has no net energy, however whole its import is.
        is_told = np.isfinite(slots[1]) | (self.coverage == 0)
        by_slots = (self.in_full & (self.coverage >= whole) & is_told) | (in_part & is_told)
        self.known = by_slots | self.closed
        used = self.known & self.counts
        self.lacking = used & ~self.closed & (self.coverage < 1.0)
        """Known by slots, of which some may be missing."""
        # Where no slots are held, and of the slot in which a meter is replaced, no slot beside tells.
        self.is_blind = used & (in_part | (self.lacking & (len(window.starts_at) == 0)))
        self.gaps = slot_gaps(window, daily, rows, self.lacking & self.in_full & ~self.is_supply)
        beside = self.gaps.import_kwh, self.gaps.export_kwh
        self.imported, self.exported = (
            np.where(used, np.where(self.closed, flow, np.nan_to_num(slot_sum) + gap), 0.0)
            for flow, slot_sum, gap in zip(register, slots, beside, strict=True)
        )


def _flows_kwh(
    window: MeterMatrix, daily: DailyRows, rows: Ints, register_kwh: Floats
) -> tuple[Floats, Floats]:
    """Return import and export by slots.

    Of a meter whose slots never tell of export its register does; without one it exports nothing, unless the
    register shows on another day that it does.
    """
    feeds = (np.nan_to_num(register_kwh) > FED_IN_KWH).any(axis=1, keepdims=True)
    none = np.where(np.isfinite(register_kwh), register_kwh, np.where(feeds, np.nan, 0.0))
    export = daily.energies.get("export_kwh")
    if export is None:
        return daily.kwh[rows], none
    counts = counts_energy(window, daily, "export_kwh")[rows][:, None]
    return daily.kwh[rows], np.where(counts, export[rows], none)
