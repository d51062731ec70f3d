"""The voltage qualification rate of a network (综合电压合格率) out of its points, by class A to D.

``0.5 A + 0.5 (B + C + D) / 3``: a class's rate is the mean of its points'. A class without a rate is left out
of the mean of the others; without A, or without any of the others, the network has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from analysis.power_quality.bands import limit_tables, reference_of
from analysis.power_quality.judgement import Judgement, Reference
from analysis.power_quality.point_month import QualityPoint
from pipeline.archive_records import PointClass

RATES = "voltage_qualification"
"""The check that counts the minutes."""
ALONE = PointClass.A
"""The class that weighs as much as all others together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PointRate:
    """How one monitoring point kept to its band, over its phases."""

    point_class: PointClass
    percent: float
    coverage: float
    """Of the supplied time, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassRate:
    """The points of one class."""

    point_class: PointClass
    filed: int
    """Points of the archive."""
    judged: int
    """Those of them that have a rate."""
    percent: float | None
    coverage: float | None
    """Mean over the judged points, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkRate:
    """All classes, and what they come to."""

    percent: float | None
    formula: str
    """With the numbers put in; which classes had none."""
    reference: Reference
    classes: Sequence[ClassRate]

    @property
    def absent(self) -> list[PointClass]:
        """The classes without a rate."""
        return [each.point_class for each in self.classes if each.percent is None]


def point_rate(point: QualityPoint, judgements: Sequence[Judgement]) -> PointRate | None:
    """Return a point's rate out of the verdicts on its month; None without a class, or without voltages."""
    own = [j for j in judgements if j.check == RATES]
    minutes = [
        (_number(j, "monitored_minutes"), _number(j, "over_minutes") + _number(j, "under_minutes"))
        for j in own
    ]
    monitored = sum(known for known, _ in minutes)
    if point.point_class is None or monitored <= 0:
        return None
    return PointRate(
        point_class=point.point_class,
        percent=100.0 * (1.0 - sum(outside for _, outside in minutes) / monitored),
        coverage=fmean(j.evidence.coverage for j in own),
    )


def network_rate(rates: Sequence[PointRate], filed: Mapping[PointClass, int]) -> NetworkRate:
    """Return what the points of a network come to.

    Args:
        rates: Those of its points that have one.
        filed: How many points of each class the archive has.
    """
    (table,) = limit_tables("voltage_points.toml")["network_rate"]
    classes = [_class_rate(each, rates, filed.get(each, 0)) for each in PointClass]
    alone = next(c.percent for c in classes if c.point_class is ALONE)
    others = {
        c.point_class: c.percent for c in classes if c.point_class is not ALONE and c.percent is not None
    }
    of_a, of_others = table["weight_a"], table["weight_others"]
    percent = None
    formula = str(table["clause"])
    if alone is not None and others:
        percent = of_a * alone + of_others * fmean(others.values())
        summed = " + ".join(f"{value:.3f}" for value in others.values())
        formula = f"{of_a:g} * {alone:.3f} + {of_others:g} * ({summed}) / {len(others)}"
    return NetworkRate(
        percent=percent, formula=formula, reference=reference_of(table, table["clause"]), classes=classes
    )


def _class_rate(point_class: PointClass, rates: Sequence[PointRate], filed: int) -> ClassRate:
    own = [rate for rate in rates if rate.point_class is point_class]
    return ClassRate(
        point_class=point_class,
        filed=max(filed, len(own)),
        judged=len(own),
        percent=fmean(rate.percent for rate in own) if own else None,
        coverage=fmean(rate.coverage for rate in own) if own else None,
    )


def _number(judgement: Judgement, figure: str) -> float:
    value = judgement.figures.get(figure)
    return float(value) if isinstance(value, int | float) else 0.0
