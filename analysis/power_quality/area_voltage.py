"""The voltage quality of an area (台区电压质量) in a month: the qualified rate of each point and each class.

A point's rate is ``(1 - (over + under) / monitored) * 100`` over the minutes of its phases (GB/T 12325-2008
5.3), a class's the mean of its points'. Points whose class A to D the archive does not file are a group of
their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from analysis.power_quality.judgement import WORST_FIRST, Compliance, Judgement, Reference, binds, overall
from pipeline.archive_records import PointClass
from pipeline.model import MeterId

DEVIATION, RATES = "voltage_deviation", "voltage_qualification"
"""The checks of a point's month that this is made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PointVoltage:
    """How the voltages of one point stood in a month."""

    service_point: str
    name: str
    meter: MeterId
    point_class: PointClass | None
    """A to D (监测点类别); None where the archive names none."""
    monitored_minutes: float
    """Of all phases together."""
    over_minutes: float
    under_minutes: float
    coverage: float
    """Monitored of the supplied time, 0 to 1; mean over the phases."""
    least_percent: float | None
    """The rate that regulation asks for; None where none fits the point."""
    verdict: Compliance
    """What its verdicts on deviation and rate by standards that bind come to."""
    lowest_v: float | None
    highest_v: float | None
    low_v: float | None
    """The permitted band."""
    high_v: float | None
    references: Sequence[Reference]
    """The standards and clauses behind the verdict."""

    @property
    def percent(self) -> float | None:
        """The qualified rate (电压合格率); None where nothing was monitored."""
        if self.monitored_minutes <= 0:
            return None
        return 100.0 * (1.0 - (self.over_minutes + self.under_minutes) / self.monitored_minutes)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassVoltage:
    """The points of one class."""

    point_class: PointClass | None
    points: int
    rated: int
    """Those of them that have a rate."""
    violating: int
    percent: float | None
    """The mean of their rates."""
    worst_percent: float | None
    coverage: float | None
    """Mean over the rated points, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaVoltage:
    """All points of an area."""

    points: Sequence[PointVoltage]
    """The worst first."""
    classes: Sequence[ClassVoltage]
    """Those that have points; the points without a class last."""
    whole: ClassVoltage
    """All points as one group."""

    @property
    def verdict(self) -> Compliance:
        """One violation violates, one open question leaves it open."""
        return overall([point.verdict for point in self.points])

    @property
    def references(self) -> list[Reference]:
        """Every standard and clause behind a verdict, once."""
        found = {str(each): each for point in self.points for each in point.references}
        return [found[name] for name in sorted(found)]


def point_voltage(
    service_point: str, name: str, meter: MeterId, judgements: Sequence[Judgement]
) -> PointVoltage | None:
    """Return what the verdicts on a point's month say of its voltage; None where none is about it."""
    rates = [each for each in judgements if each.check == RATES]
    own = [each for each in judgements if each.check in {DEVIATION, RATES}]
    if not own:
        return None
    classes = [each.figures.get("point_class") for each in rates]
    lowest, highest = _numbers(rates, "lowest_v"), _numbers(rates, "highest_v")
    binding = [each for each in own if binds(each)]
    return PointVoltage(
        service_point=service_point,
        name=name,
        meter=meter,
        point_class=next((PointClass(str(each)) for each in classes if each), None),
        monitored_minutes=sum(_numbers(rates, "monitored_minutes")),
        over_minutes=sum(_numbers(rates, "over_minutes")),
        under_minutes=sum(_numbers(rates, "under_minutes")),
        coverage=fmean([each.evidence.coverage for each in rates] or [0.0]),
        least_percent=next((each.low_limit for each in rates if each.low_limit is not None), None),
        verdict=overall([each.verdict for each in binding]),
        lowest_v=min(lowest, default=None),
        highest_v=max(highest, default=None),
        low_v=max(_numbers(rates, "low_v"), default=None),
        high_v=min(_numbers(rates, "high_v"), default=None),
        references=[each.reference for each in binding if each.reference is not None],
    )


def area_voltage(points: Sequence[PointVoltage]) -> AreaVoltage:
    """Return an area's voltage quality out of its points'."""
    ordered = sorted(points, key=_worst_first)
    classes = [each for each in (*PointClass, None) if any(p.point_class is each for p in points)]
    return AreaVoltage(
        points=ordered,
        classes=[_of_class(each, [p for p in points if p.point_class is each]) for each in classes],
        whole=_of_class(None, points),
    )


def _of_class(point_class: PointClass | None, points: Sequence[PointVoltage]) -> ClassVoltage:
    rated = [(point.percent, point.coverage) for point in points if point.percent is not None]
    rates = [percent for percent, _ in rated]
    return ClassVoltage(
        point_class=point_class,
        points=len(points),
        rated=len(rated),
        violating=sum(point.verdict is Compliance.VIOLATING for point in points),
        percent=fmean(rates) if rates else None,
        worst_percent=min(rates, default=None),
        coverage=fmean(coverage for _, coverage in rated) if rated else None,
    )


def _worst_first(point: PointVoltage) -> tuple[int, float, str]:
    percent = 100.0 if point.percent is None else point.percent
    return WORST_FIRST.index(point.verdict), percent, point.service_point


def _numbers(judgements: Sequence[Judgement], figure: str) -> list[float]:
    found = (judgement.figures.get(figure) for judgement in judgements)
    return [float(value) for value in found if isinstance(value, int | float)]
