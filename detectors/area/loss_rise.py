"""Rise of a loss (线损突增, D36): an area goes on losing more than its load and its days before explain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from analysis.area_curves import AreaCurves
from analysis.area_days import AreaDays, area_days
from analysis.area_slots import area_slots
from analysis.loss_rise import Rise, RiseNumbers, loss_rise
from detectors.area.area_balance import AreaBalance, Judged
from detectors.catalogue import About, Effect, Kind, Needs, Together, detectors, parameter
from detectors.evidence import MARGIN_DAYS
from detectors.hysteresis import Stretch
from detectors.register_days import NET, register_flows_kwh
from detectors.shapes import Said, day_episode
from detectors.stretches import number
from pipeline.block import MeterMatrix
from pipeline.model import Episode, Json, Severity
from pipeline.registry import Registry

Floats = NDArray[np.float64]
_MEASURED = "at 240 Swiss homes in areas of 30"


@detectors.register("loss_rise")
@dataclass(frozen=True, slots=True, kw_only=True)
class LossRise:
    """Holds the days since against the days before, both without what the load explains.

    The slots of the days before give a curve, a fixed part and one with the square of the load; every day is
    tried as the first of a higher loss, and the surest wins. So a rise far below the limit of a single day
    (``area_balance``) is seen once it goes on. Which days count is judged as for the balance. The episode
    stands at the area's supply meter and goes on to the last known day.
    """

    least_t: float = parameter(
        6, "standard errors", f"the days since above those before; {_MEASURED}", "M", Effect.TRIGGER
    )
    least_points: float = parameter(
        0.15, "percentage points of the energy in", f"at least; {_MEASURED}", "M", Effect.TRIGGER
    )
    least_spread_points: float = parameter(
        0.05, "percentage points", "a steadier area is judged as if its days were so far apart", "own"
    )
    days_before: float = parameter(10, "days", "known before, which tell what is usual", "own")
    days_since: float = parameter(3, "days", "known since; a shorter rise waits", "own", Effect.ON_DELAY)

    about: ClassVar[About] = About(
        name="loss_rise",
        number="D36",
        kind=Kind.SLOTS,
        together=Together.AREA,
        needs=Needs(
            interval_energy=True,
            energies=("export_kwh",),
            day_registers=NET,
            daily=True,
            essential=("interval_energy",),
            archive=("area_member", "installation", "ratio"),
        ),
        messages=("episode.loss_goes_on_higher",),
        severity=Severity.MAJOR,
        learns_days=10,
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return an episode for each area whose loss goes on higher than before."""
        daily, balance = window.daily, AreaBalance()
        if daily is None or not len(window.meters):
            return []
        flows = register_flows_kwh(window, daily, registry)
        days = area_days(window, daily, registry, balance.whole_coverage, flows)
        if days is None:
            return []
        judged = Judged.of(balance, days, window, registry)
        lost_kwh = np.where(np.isfinite(judged.loss), days.lost_kwh, np.nan)
        found = []
        for area, name in enumerate(days.areas):
            slots = area_slots(window, registry, name)
            curves = AreaCurves.of(slots, window, daily, int(days.supply_rows[area]))
            rise = loss_rise(lost_kwh[area], days.injected_kwh[area], curves, self._numbers())
            if rise is not None:
                found.append(self._episode(window, registry, days, area, (rise, lost_kwh[area])))
        return found

    def _numbers(self) -> RiseNumbers:
        return RiseNumbers(
            least_t=self.least_t,
            least_points=self.least_points,
            days_before=int(self.days_before),
            days_since=int(self.days_since),
            least_spread_points=self.least_spread_points,
        )

    def _episode(
        self,
        window: MeterMatrix,
        registry: Registry,
        days: AreaDays,
        area: int,
        risen: tuple[Rise, Floats],
    ) -> Episode:
        rise, lost_kwh = risen
        known = np.isfinite(lost_kwh)
        end = int(np.flatnonzero(known)[-1]) + 1
        count = int(known[rise.first : end].sum())
        name, energy = days.areas[area], rise.kwh_a_day * count
        said = Said(
            key=name,
            message="episode.loss_goes_on_higher",
            parameters={
                "area": name,
                "points": round(rise.points, 2),
                "energy_kwh": round(energy, 1),
                "days": count,
                "standard_errors": round(rise.t, 1),
            },
            score=round(min(rise.t / (2.0 * self.least_t), 1.0), 3),
            energy_kwh=round(energy, 3),
            evidence={
                "area": name,
                "days": _rows(window, days, area, lost_kwh, (rise.first, end)),
                "members": int(days.members[area, rise.first]),
                "loss_a_day_kwh": number(rise.kwh_a_day),
                "limits": {"standard_errors": self.least_t, "points": self.least_points},
                "energy_is": "what is lost beyond what the load and the days before explain",
            },
        )
        stretch = Stretch(
            row=int(days.supply_rows[area]), first=rise.first, end=end, is_open=True, known_end=end
        )
        return day_episode(self.about, window, registry, stretch, said)


def _rows(
    window: MeterMatrix, days: AreaDays, area: int, lost_kwh: Floats, stretch: tuple[int, int]
) -> list[Json]:
    daily, (first, end) = window.daily, stretch
    assert daily is not None  # noqa: S101 - there is no rise of days without days
    return [
        {
            "day": str(daily.days[day]),
            "verdict": "abnormal" if day >= first else "",
            "supplied_kwh": number(days.supplied_kwh[area, day]),
            "metered_kwh": number(days.metered_kwh[area, day]),
            "lost_kwh": number(lost_kwh[day]),
            "members_known": int(days.known[area, day]),
        }
        for day in range(max(first - MARGIN_DAYS, 0), end)
    ]
