"""Fills gaps of recent days in the database, with the days before as history, and stores the finals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from pipeline.model import EVERYTHING, MeterId
from pipeline.registry import Registry
from pipeline.timegrid import to_numpy
from pipeline.vee import NO_ENERGY, FinalIntervals, as_measured, finalise, looks_back_days, reasons
from pipeline.vee_gaps import spread
from pipeline.vee_limits import LIMITS, THRESHOLDS
from pipeline.vee_window import IMPORT, Mask, VeeWindow
from services.derive import MARGIN, MINUTES, REGISTERS
from services.vee import final_columns, hung
from services.vee_edges import KnownEdges
from services.vee_windows import vee_windows
from storage.database import Connection
from storage.events import power_downs
from storage.finals import FinalChanges, no_changes, save_finals, stored_slots
from storage.intervals import ENERGIES, QUADRANTS, interval_series
from storage.readings import reading_series

METERS_AT_A_TIME = 50
"""With their history they are three times as much as without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some meters, and the recent days of theirs that are looked at."""

    meters: Sequence[MeterId]
    since: datetime
    until: datetime
    primary: frozenset[str]
    """The profiles that report primary values already."""


class RecentFinals:
    """Stores the finals of a batch: at once of meters that are whole, those with gaps with their history."""

    def __init__(self, connection: Connection, registry: Registry, batch: Batch) -> None:
        """Look up where finals are stored already: there the raw interval may have to stand again."""
        self._connection, self._registry, self._batch = connection, registry, batch
        self._stored = stored_slots(
            connection, starts_at=batch.since, ends_at=batch.until, minutes=MINUTES, meters=batch.meters
        )
        self._with_gaps: dict[str, set[MeterId]] = defaultdict(set)
        self._with_sums: dict[str, set[MeterId]] = defaultdict(set)

    def of_the_whole(self, window: VeeWindow) -> FinalChanges:
        """Store the finals of the meters that have no gap in ``window``, and remember the others."""
        gappy = ((reasons(window) != "") & _derived(window)).any(axis=1)
        summed = spread(window).any(axis=1)
        self._with_gaps[window.energy] |= {window.meters[row] for row in np.flatnonzero(gappy).tolist()}
        self._with_sums[window.energy] |= {window.meters[row] for row in np.flatnonzero(summed).tolist()}
        whole = window.of(np.flatnonzero(~gappy))
        return self._save(whole, as_measured(whole))

    def of_gaps(self) -> Iterator[FinalChanges]:
        """Store the finals of the meters that have gaps, and yield what changed energy by energy."""
        energies = [energy for energy in ENERGIES if self._with_gaps.get(energy)]
        if not energies:
            return
        meters = sorted(set().union(*(self._with_gaps[energy] for energy in energies)))
        for first in range(0, len(meters), METERS_AT_A_TIME):
            yield from self._with_history(meters[first : first + METERS_AT_A_TIME], energies)

    def _with_history(self, meters: Sequence[MeterId], energies: Sequence[str]) -> Iterator[FinalChanges]:
        batch = self._batch
        history = batch.since - timedelta(days=looks_back_days(_reach_days(self._registry)))
        raw = interval_series(
            self._connection,
            scope=EVERYTHING,
            starts_at=history,
            ends_at=batch.until,
            minutes=MINUTES,
            meters=meters,
            energies=list(dict.fromkeys((IMPORT, *energies))),
        )
        downs = power_downs(
            self._connection, scope=EVERYTHING, starts_at=history, ends_at=batch.until, meters=meters
        )
        known = self._known_edges(meters, energies)
        final_before = to_numpy(batch.until) - np.timedelta64(LIMITS.final_after_days, "D")
        windows = vee_windows(
            self._registry, raw, MINUTES, batch.primary, power_downs=downs, energies=energies
        )
        for of_all in windows:
            asked = self._with_gaps[of_all.energy]
            rows = np.array(
                [row for row, meter in enumerate(of_all.meters) if meter in asked], dtype=np.int64
            )
            window = of_all.of(rows)
            window = window if known is None else known.on(window)
            yield self._save(window, finalise(window, since=to_numpy(batch.since), final_before=final_before))

    def _known_edges(self, asked: Sequence[MeterId], energies: Sequence[str]) -> KnownEdges | None:
        """Read the registers of the gaps of known sum; None where there is no such gap."""
        batch = self._batch
        wanted = [energy for energy in energies if self._with_sums[energy].intersection(asked)]
        if not wanted:
            return None
        meters = set().union(*(self._with_sums[energy] for energy in wanted)).intersection(asked)
        names = dict.fromkeys(name for energy in wanted for name in (energy, *QUADRANTS.get(energy, ())))
        series = reading_series(
            self._connection,
            [REGISTERS[name] for name in names],
            scope=EVERYTHING,
            starts_at=batch.since - MARGIN,
            ends_at=batch.until + MARGIN,
            meters=sorted(meters),
        )
        return KnownEdges(self._registry, series, batch.primary)

    def _save(self, window: VeeWindow, final: FinalIntervals) -> FinalChanges:
        """Store the finals of slots that have a raw interval: what nobody derived yet is not final either."""
        said = final.replaced | np.isin(final.reason, sorted(NO_ENERGY))
        said |= _cells(window, self._stored)
        wanted = said & ~final.untouched & _derived(window) & hung(window)
        if window.versions is None or not wanted.any():
            return no_changes(window.energy)
        finals = final_columns(window, final, wanted)
        return save_finals(self._connection, finals, window.versions[wanted], made_at=self._batch.until)


def _reach_days(registry: Registry) -> int:
    """Return how far away a like day may be, for whom it may be farthest."""
    return max(
        LIMITS.reach_days,
        *(
            round(entry.value)
            for entry in registry.thresholds
            if (entry.detector, entry.parameter) == (THRESHOLDS, "reach_days")
        ),
        0,
    )


def _derived(window: VeeWindow) -> Mask:
    """Return the slots that have a raw interval."""
    if window.versions is None:
        return np.zeros(window.kwh.shape, dtype=np.bool_)
    return np.asarray(window.versions >= 0, dtype=np.bool_)


def _cells(window: VeeWindow, stored: Mapping[str, Sequence[tuple[MeterId, int]]]) -> Mask:
    """Return the slots of a window of which a final is stored."""
    cells = np.zeros(window.kwh.shape, dtype=np.bool_)
    row_of = {meter: row for row, meter in enumerate(window.meters)}
    mine = [(row_of[meter], start) for meter, start in stored.get(window.energy, ()) if meter in row_of]
    if mine:
        rows, starts = np.array(mine, dtype=np.int64).T
        slots = np.searchsorted(window.starts_at.astype(np.int64), starts).clip(max=window.slots - 1)
        found = window.starts_at.astype(np.int64)[slots] == starts
        cells[rows[found], slots[found]] = True
    return cells
