"""Balance of an area (台区线损, D26): more is supplied than its members meter, or less."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from analysis.area_days import AreaDays, area_days
from analysis.loss_days import LossNumbers, loss_days
from analysis.usual_loss import Usual
from detectors.catalogue import About, Effect, Kind, Needs, Together, detectors, parameter
from detectors.evidence import MARGIN_DAYS
from detectors.hysteresis import Delays, Stretch, stretches_of
from detectors.register_days import NET, register_flows_kwh
from detectors.shapes import Said, day_episode
from detectors.stretches import number
from detectors.thresholds import limit
from pipeline.block import MeterMatrix
from pipeline.model import Episode, Json, Severity, Verdict
from pipeline.registry import Registry

MOST_MISSING = 20
"""Missing members that an episode names."""
_MASTER = "practice of master stations, to be confirmed"

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaBalance:
    """Compares what an area's supply meters and its members count on whole local days.

    A day with missing slots is whole where the registers at both its ends are known; of a day that lacks very
    few, the others tell how much they lost. The loss in percent of the energy in (the supply, and what
    members feed in) is judged against the area's own median of the days before. On a day on which members
    are missing the loss counts only if it stays above the limit with the greatest day that each of them had
    so far; below the needed completeness the day is unknown, and so is a day on which a member came or went,
    and some after it. The episode stands at the area's supply meter.
    """

    trigger_mads: float = parameter(
        3, "MADs (as standard deviations)", "above the area's own median, to be confirmed", "D",
        Effect.TRIGGER,
    )  # fmt: skip
    floor_points: float = parameter(
        0.5, "percentage points", "above the median at least: load moves the loss", "own", Effect.TRIGGER
    )
    high_percent: float = parameter(
        10, "% of the energy in", f"upper end of 'high', {_MASTER}", "D", Effect.TRIGGER
    )
    negative_percent: float = parameter(-1, "% of the energy in", _MASTER, "D", Effect.TRIGGER)
    restore_share: float = parameter(
        0.5, "share of the way back", "of what is between the usual and the limit", "own", Effect.RESTORE
    )
    completeness_percent: float = parameter(95, "% of the members", _MASTER, "D")
    whole_coverage: float = parameter(0.98, "1", "share of a day's slots that makes it whole", "own")
    trigger_days: float = parameter(3, "days", _MASTER, "D", Effect.ON_DELAY)
    restore_days: float = parameter(2, "days", "two days in a row", "own", Effect.OFF_DELAY)
    gap_days: float = parameter(7, "days", "so many unknown days end a stretch", "own", Effect.GAP)
    fewest_days: float = parameter(7, "days", "known before a day can be compared", "own")
    most_days: float = parameter(28, "days", "looked back at", "own")
    settle_days: float = parameter(2, "days", "not judged after a member came or went", "own")

    about: ClassVar[About] = About(
        name="area_balance",
        number="D26",
        kind=Kind.DAYS,
        together=Together.AREA,
        needs=Needs(
            interval_energy=True,
            energies=("export_kwh",),
            day_registers=NET,
            daily=True,
            essential=("interval_energy",),
            archive=("area_member", "installation", "ratio"),
        ),
        messages=(
            "episode.area_loss_rises",
            "episode.area_loss_high",
            "episode.area_loss_negative",
            "episode.area_balance_unknown",
        ),
        severity=Severity.MAJOR,
        dated=(
            "completeness_percent",
            "trigger_mads",
            "floor_points",
            "restore_share",
            "high_percent",
            "negative_percent",
        ),
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return the episodes of each area: loss above its usual, high from the start, or negative."""
        balance = None
        if window.daily is not None and len(window.meters):
            balance = area_days(
                window,
                window.daily,
                registry,
                self.whole_coverage,
                register_flows_kwh(window, window.daily, registry),
            )
        if balance is None:
            return []
        judged = Judged.of(self, balance, window, registry)
        found = [
            _Found(self, balance, judged, kind, stretch).episode(window, registry)
            for kind in ("rises", "high", "negative")
            for stretch in judged.stretches(self, kind)
        ]
        silent = np.flatnonzero(~np.isfinite(judged.sure).any(axis=1))
        return found + [
            e for area in silent.tolist() for e in _undecided(balance, area, self, window, registry)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The loss of each area and day in percent of the energy in, NaN where it is not judged."""

    loss: Floats
    """With missing members on a mean day."""
    sure: Floats
    """With missing members on their greatest day: the loss is no less."""
    usual: Usual
    limits: Mapping[str, Floats]
    restores: Mapping[str, Floats]

    @classmethod
    def of(cls, rule: AreaBalance, days: AreaDays, window: MeterMatrix, registry: Registry) -> Judged:
        """Judge the days of all areas."""
        shape = days.supplied_kwh.shape

        def number_of(name: str) -> Floats:
            values = limit(rule, name, window, registry).values[days.supply_rows]
            return np.broadcast_to(values, shape)

        found = loss_days(
            days,
            LossNumbers(
                completeness_percent=number_of("completeness_percent"),
                mads=number_of("trigger_mads"),
                floor_points=number_of("floor_points"),
                settle_days=int(rule.settle_days),
                learnt_days=(int(rule.fewest_days), int(rule.most_days)),
            ),
        )
        loss, sure, usual = found.loss, found.sure, found.usual
        back = number_of("restore_share")
        high, negative = number_of("high_percent"), number_of("negative_percent")
        return cls(
            loss=loss,
            sure=sure,
            usual=usual,
            limits={"rises": usual.limit, "high": high, "negative": negative},
            restores={
                "rises": usual.limit - back * (usual.limit - usual.median),
                "high": high * (1.0 - 0.2 * back),
                "negative": negative * (1.0 - back),
            },
        )

    def stretches(self, rule: AreaBalance, kind: str) -> list[Stretch]:
        """Return where a kind of loss goes on; what rose above the usual is not called high as well."""
        delays = Delays(on=rule.trigger_days, off=rule.restore_days, gap=rule.gap_days)
        if kind == "negative":
            # A missing member makes the loss seem higher: only without one it is surely negative.
            begins, restored = self.loss < self.limits[kind], self.loss >= self.restores[kind]
            return stretches_of(begins, restored, np.isfinite(self.loss), delays)
        begins, restored = self.sure > self.limits[kind], self.loss <= self.restores[kind]
        known = np.isfinite(self.sure)
        if kind == "rises":
            known &= np.isfinite(self.usual.limit)
        else:
            begins &= ~(self.sure > self.limits["rises"])
        return stretches_of(begins, restored, known, delays)


@dataclass(frozen=True, slots=True)
class _Found:
    """One stretch of one area; writes its episode."""

    rule: AreaBalance
    days: AreaDays
    judged: Judged
    kind: str
    stretch: Stretch

    def episode(self, window: MeterMatrix, registry: Registry) -> Episode:
        stretch, days, judged = self.stretch, self.days, self.judged
        area, where = stretch.row, slice(stretch.first, stretch.end)
        injected, loss = days.injected_kwh[area, where], judged.loss[area, where]
        known = np.isfinite(loss)
        usual = self._usual()
        lost = float(np.sum(loss[known] * injected[known]) / 100.0)
        energy = float(np.sum((loss[known] - usual) * injected[known]) / 100.0)
        limits = judged.limits[self.kind][area, where]
        said = Said(
            key=f"{days.areas[area]} {self.kind}",
            message=f"episode.area_loss_{self.kind}",
            parameters={
                "area": days.areas[area],
                "loss_percent": round(100.0 * lost / float(np.sum(injected[known])), 2),
                "limit_percent": round(float(limits[known][0]), 2),
                "usual_percent": round(usual, 2),
                "energy_kwh": round(abs(energy), 1),
                "days": int(known.sum()),
            },
            energy_kwh=round(abs(energy), 3),
            evidence={
                "area": days.areas[area],
                "days": self._rows(window),
                "members": int(days.members[area, stretch.first]),
                "missing": _named(days.missing(area, stretch.first, stretch.end)),
                "completeness_percent": self.rule.completeness_percent,
                "energy_is": "what is lost beyond the usual share of the energy in",
            },
        )
        return day_episode(
            self.rule.about, window, registry, stretch._replace(row=int(days.supply_rows[area])), said
        )

    def _usual(self) -> float:
        """Return the usual loss before the stretch in percent; 0 where none is known."""
        medians = self.judged.usual.median[self.stretch.row, self.stretch.first : self.stretch.end]
        known = medians[np.isfinite(medians)]
        return float(known[0]) if self.kind == "rises" and len(known) else 0.0

    def _rows(self, window: MeterMatrix) -> list[Json]:
        daily, days, judged, area = window.daily, self.days, self.judged, self.stretch.row
        assert daily is not None  # noqa: S101 - there is no stretch of days without days
        first, end = self.stretch.first, self.stretch.end
        return [
            {
                "day": str(daily.days[day]),
                "verdict": "abnormal" if first <= day < end else "",
                "supplied_kwh": number(days.supplied_kwh[area, day]),
                "metered_kwh": number(days.metered_kwh[area, day]),
                "loss_percent": number(judged.loss[area, day]),
                "usual_percent": number(judged.usual.median[area, day]),
                "limit_percent": number(judged.limits[self.kind][area, day]),
                "members_known": int(days.known[area, day]),
                "members_by_register": int(days.closed[area, day]),
            }
            for day in range(max(first - MARGIN_DAYS, 0), min(end + MARGIN_DAYS, len(daily.days)))
        ]


def _undecided(
    days: AreaDays, area: int, rule: AreaBalance, window: MeterMatrix, registry: Registry
) -> list[Episode]:
    """Say what is wanted where not one of enough days can be judged, though the area has its supply meter."""
    held = np.flatnonzero(days.known[area] + np.isfinite(days.supplied_kwh[area]))
    if len(held) < rule.trigger_days:
        return []
    first, end = int(held[0]), int(held[-1]) + 1
    missing = days.missing(area, first, end)
    said = Said(
        key=f"{days.areas[area]} unknown",
        verdict=Verdict.UNKNOWN,
        severity=Severity.MINOR,
        score=0.0,
        message="episode.area_balance_unknown",
        parameters={
            "area": days.areas[area],
            "known": int(np.max(days.known[area])),
            "members": int(np.max(days.members[area])),
            "supply": int(np.isfinite(days.supplied_kwh[area]).sum()),
            "days": end - first,
        },
        evidence={"missing": _named(missing), "members_missing": len(missing)},
    )
    row = int(days.supply_rows[area])
    stretch = Stretch(row=row, first=first, end=end, is_open=True, known_end=end)
    return [day_episode(rule.about, window, registry, stretch, said)]


def _named(missing: Sequence[str]) -> list[Json]:
    return list(missing[:MOST_MISSING])


# Not a decorator: another detector makes the rule as what it is, with its numbers.
detectors.register("area_balance")(AreaBalance)
