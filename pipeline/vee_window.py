"""What validation and estimation (VEE) look at: intervals of meters, and what the archive says of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.block import Times
from pipeline.model import MeterId
from pipeline.vee_limits import LIMITS, VeeLimits

IMPORT = "import_kwh"
"""The energy that every rule is made for; of the others each is judged by the rules that fit it."""

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalRows:
    """Intervals as they came, before they were lined up: columns of equal length in any order."""

    meter: NDArray[np.int64]
    """Row of the meter in the window."""
    starts_at: Times
    minutes: NDArray[np.int64]
    kwh: Floats

    def of(self, rows: NDArray[np.int64]) -> IntervalRows:
        """Return the intervals of some meters, as rows of a window that has them alone, in that order."""
        place = np.full(max(self.meter.max(initial=-1), rows.max(initial=-1)) + 1, -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        kept = place[self.meter] >= 0
        return IntervalRows(
            meter=place[self.meter[kept]],
            starts_at=self.starts_at[kept],
            minutes=self.minutes[kept],
            kwh=self.kwh[kept],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VeeWindow:
    """Aligned intervals of many meters; arrays have shape (meters, slots) unless said otherwise.

    What is None is not known: the rules that want it say so instead of passing.
    """

    meters: Sequence[MeterId]
    starts_at: Times
    """Shape (slots,)."""
    minutes: int
    day: NDArray[np.int64]
    """Local day of each slot in the meter's zone."""
    minute_of_day: NDArray[np.int64]
    """Minute of each slot's start on the local wall clock."""
    kwh: Floats
    """Energy on the primary side, NaN where missing."""
    quality: NDArray[np.str_]
    step_kwh: Floats
    """One register step on the primary side, shape (meters,); the coarsest where transformers changed."""
    slot_step_kwh: Floats | None = None
    """One register step in each slot; None where it is ``step_kwh`` throughout."""
    energy: str = IMPORT
    """Which energy ``kwh`` holds; reactive ones are in kvarh, as their name says."""
    siblings: Mapping[str, Floats] = field(default_factory=dict)
    """The meter's other energies by name."""
    most_kwh: Floats | None = None
    """The most a slot can hold by the meter's ratings."""
    installed: Mask | None = None
    partly: Mask | None = None
    """Slots in which it hung for a part only: nothing is estimated there."""
    suspended: Mask | None = None
    """Slots in which the whole capacity rests or the account is closed."""
    outage: Mask | None = None
    """Slots in the whole of which the supply is known to have been off."""
    versions: NDArray[np.int16] | None = None
    """Version of each raw interval, -1 where there is none; None where they do not come from a database."""
    rows: IntervalRows | None = None
    register_kwh: Floats | None = None
    """Last minus first register of the same slots, primary side, shape (meters,); NaN where not known."""
    finals: Floats | None = None
    """What was given out as final before; NaN where nothing was."""
    multiplier: Floats | None = None
    """Ratio by the meter's own registers or the reading's source, shape (meters,); NaN where not told."""
    registered: Floats | None = None
    """Energy of each slot by the meter's registers, NaN where not known."""
    register_edges: Mask | None = None
    """Where a register was read just at the start of a slot, shape (meters, slots + 1)."""
    known_edges: Mask | None = None
    """Where readings tell the register of a gap of known sum, shape (meters, slots + 1): no energy may be
    moved over such an edge."""
    profile: Floats | None = None
    """Factors of the class's load profile; NaN where none is filed."""
    temperature_c: Floats | None = None
    """Mean outdoor temperature of each slot's day; NaN where none is filed."""
    orders: Sequence[Sequence[str]] = ()
    """Orders of estimation that are filed, each the names of its rules."""
    order_of: NDArray[np.int64] | None = None
    """Which of ``orders`` holds in each slot, -1 where none is filed."""
    filed_multiplier: Floats | None = None
    """Ratio by the archive, shape (meters,)."""
    units: Mapping[str, str] | None = None
    """Unit told by the source for each energy."""
    limits: Mapping[int, VeeLimits] = field(default_factory=dict)
    """By row, where the archive lays down other limits than the usual ones."""

    @property
    def slots(self) -> int:
        """The number of slots."""
        return len(self.starts_at)

    def limits_of(self, row: int) -> VeeLimits:
        """Return the limits that hold for a meter."""
        return self.limits.get(row, LIMITS)

    def alike(self) -> Iterator[tuple[VeeLimits, VeeWindow]]:
        """Yield the meters for which the same limits hold as a window of their own; mostly there is one."""
        if not self.limits:
            yield LIMITS, self
            return
        rows_of: dict[VeeLimits, list[int]] = defaultdict(list)
        for row in range(len(self.meters)):
            rows_of[self.limits_of(row)].append(row)
        for limits, rows in rows_of.items():
            yield limits, self.of(np.array(rows, dtype=np.int64))

    def of(self, rows: NDArray[np.int64]) -> VeeWindow:
        """Return some meters as a window of their own; the limits of each stay its own."""
        given = {name: getattr(self, name) for name in BY_METER}
        return replace(
            self,
            meters=[self.meters[row] for row in rows.tolist()],
            rows=None if self.rows is None else self.rows.of(rows),
            siblings={name: energy[rows] for name, energy in self.siblings.items()},
            limits={place: self.limits[row] for place, row in enumerate(rows.tolist()) if row in self.limits},
            **{name: values[rows] for name, values in given.items() if values is not None},
        )


BY_METER = (
    *("kwh", "quality", "step_kwh", "most_kwh", "installed", "partly", "suspended", "outage"),
    *("register_kwh", "finals", "multiplier", "registered", "register_edges", "profile", "temperature_c"),
    *("order_of", "filed_multiplier", "known_edges", "slot_step_kwh", "versions"),
)
"""The fields of a window that have a row for each meter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One place where a rule was not met."""

    rule: str
    meter: MeterId
    starts_at: np.datetime64
    """The first slot concerned."""
    slots: int
    """How many slots in a row."""
    expected: str
    came: str
    energy: str = IMPORT


def runs(mask: Mask) -> list[tuple[int, int, int]]:
    """Return (row, first slot, slots) of every unbroken run of true cells, by row and time."""
    padded = np.zeros((mask.shape[0], mask.shape[1] + 2), dtype=np.int8)
    padded[:, 1:-1] = mask
    change = np.diff(padded, axis=1)
    rows, begin = np.nonzero(change == 1)
    _, end = np.nonzero(change == -1)
    return list(zip(rows.tolist(), begin.tolist(), (end - begin).tolist(), strict=True))
