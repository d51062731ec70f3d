"""A service point's month as the checks see it: what stands in the archive, and readings as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from analysis.power_quality.archive_changes import ArchiveChange
from analysis.power_quality.judgement import Judgement
from analysis.power_quality.recorded import NOTHING_RECORDED, Recorded
from pipeline.archive_records import PointClass, Supply
from pipeline.block import Times
from pipeline.event_counts import EventTotal
from pipeline.events import MeterEvent
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from pipeline.timegrid import to_numpy

Columns = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """What the figures were measured with; empty where nobody filed it."""

    model: str = ""
    serial: str = ""
    accuracy_class: str = ""
    """As on its plate: ``0.5S``, ``B``."""
    firmware: str = ""
    verified_until: date | None = None
    """The last day on which its verification holds, as on the certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityPoint:
    """What the archive says about the point; None where it says nothing, and a check then names the entry."""

    service_point: str
    meter: MeterId
    name: str = ""
    customer: str = ""
    wiring: Wiring
    zone: ZoneInfo
    nominal_v: float
    """Of what the meter's elements see, primary: phase voltage, or line voltage of a 3P3W meter."""
    nominal_kv: float
    """The level of the network (电压等级) in the words of the standards: 0.38, 10, 35; 0.22 for one phase."""
    ct: float = 1.0
    pt: float = 1.0
    rated_current_a: float | None = None
    """Primary."""
    max_demand_current_a: float | None = None
    """I_L of IEEE 519: the mean of twelve months' maximum demand currents, primary."""
    supply: Supply | None = None
    capacitors_mvar: Sequence[float] = ()
    """Reactive power of each step of the capacitors (补偿电容器) near the point, where it is known."""
    point_class: PointClass | None = None
    agreed_band_percent: tuple[float, float] | None = None
    """Lowest and highest deviation agreed for the point, signed (GB/T 12325-2008 4.4; bands of class A)."""
    instrument: Instrument = field(default_factory=Instrument)
    """The main meter as it stands in the archive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterStatistics:
    """What the meter itself counted of a phase's voltage in the month (DL/T 645-2007 identifier 0310)."""

    phase: str
    """``A``, ``B``, ``C``; empty for the total."""
    minutes_monitored: float | None = None
    minutes_over: float | None = None
    minutes_under: float | None = None
    highest_v: float | None = None
    highest_at: datetime | None = None
    lowest_v: float | None = None
    lowest_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """Another service point on the same supply: what its meter recorded, and when it was not heard."""

    service_point: str
    events: Sequence[MeterEvent] = ()
    gaps: Sequence[tuple[datetime, datetime]] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PointMonth:
    """All that is known of a month, primary side (V, A, kW); NaN is missing, an absent column is absent.

    ``taken_at`` rises strictly; so does ``spectrum_at``. An estimated or substituted value is missing.
    A month is equal to itself only: what is worked out of one for every check is kept by its identity.
    """

    point: QualityPoint
    month: date
    """Its first local day."""
    starts_at: datetime
    ends_at: datetime
    """Exclusive; for the running month the time up to which readings are due."""
    period_s: float
    """How often the electrical values are read."""
    taken_at: Times
    values: Mapping[Quantity, Columns]
    """Shape ``(len(taken_at),)`` each."""
    spectrum_period_s: float | None = None
    spectrum_at: Times = field(default_factory=lambda: np.empty(0, dtype="datetime64[us]"))
    spectra: Mapping[Quantity, Columns] = field(default_factory=dict)
    """Shape ``(len(spectrum_at), orders + 1)`` each, % of the fundamental, column = order."""
    outages: Sequence[tuple[datetime, datetime]] = ()
    """Stretches without supply, as the meter's own events or its neighbours prove them; no monitored time."""
    events: Sequence[MeterEvent] = ()
    event_counts: Sequence[EventTotal] = ()
    """The meter's own counters of such events, where they were read since the month began."""
    recorded: Recorded = NOTHING_RECORDED
    """What records of waveforms that were taken at the point tell of the month."""
    neighbours: Sequence[Neighbour] = ()
    """Empty where nothing is known of any."""
    statistics: Sequence[MeterStatistics] = ()
    parameters: Mapping[str, float] = field(default_factory=dict)
    """The meter's own settings that bear on these figures, such as its qualification limits."""
    changes: Sequence[ArchiveChange] = ()
    """What the archive changed at the point and beside it in the last year and a month, oldest first."""
    earlier: Mapping[date, Sequence[Judgement]] = field(default_factory=dict)
    """What was judged of earlier months, by their first local day; empty where nobody kept it."""

    def expected(self, period_s: float) -> int:
        """Return how many readings each ``period_s`` the supplied time of the month should have."""
        supplied_s = (self.ends_at - self.starts_at).total_seconds() - sum(
            (min(end, self.ends_at) - max(begin, self.starts_at)).total_seconds()
            for begin, end in self.outages
            if end > self.starts_at and begin < self.ends_at
        )
        return max(round(supplied_s / period_s), 0)

    def with_times(self, at: Times, period_s: float) -> PointMonth:
        """Return the same month as of readings at other times, such as those of records; without values."""
        return replace(self, taken_at=at, period_s=period_s, values={})

    def expected_supplied(self, period_s: float, dark_at: Times) -> int:
        """Return the same less the readings that show no supply; an outage has taken its own off already.

        Args:
            period_s: How often readings are taken.
            dark_at: When those within the month were taken.
        """
        proven = np.zeros(len(dark_at), dtype=np.bool_)
        for begin, end in self.outages:
            proven |= (dark_at >= to_numpy(begin)) & (dark_at < to_numpy(end))
        return max(self.expected(period_s) - int((~proven).sum()), 0)
