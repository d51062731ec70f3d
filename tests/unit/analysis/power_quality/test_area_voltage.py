"""An area's rates: a point's minutes together, a class's mean of points, the points without a class apart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest

from analysis.power_quality.area_voltage import PointVoltage, area_voltage, point_voltage
from analysis.power_quality.judgement import Compliance, Evidence, Judgement, Reference
from pipeline.archive_records import PointClass
from pipeline.model import MeterId

RULE = Reference(
    standard="供电监管办法",
    edition="2009",
    clause="art. 8",
    effective_from=date(2010, 1, 1),
    source="a test",
    confirmed=False,
)


def rate(  # noqa: PLR0913, PLR0917 - what a verdict on a phase tells
    phase: str,
    monitored: float,
    over: float,
    under: float,
    verdict: Compliance = Compliance.COMPLIANT,
    point_class: str | None = "D",
) -> Judgement:
    return Judgement(
        check="voltage_qualification",
        subject=phase,
        verdict=verdict,
        reference=RULE,
        value=100.0 * (1 - (over + under) / monitored),
        unit="%",
        low_limit=95.0,
        evidence=Evidence(n=100, coverage=0.9, phase=phase),
        figures={
            "monitored_minutes": monitored,
            "over_minutes": over,
            "under_minutes": under,
            "lowest_v": 190.0 if under else 215.0,
            "highest_v": 240.0 if over else 230.0,
            "low_v": 198.0,
            "high_v": 235.4,
            "point_class": point_class,
        },
    )


def point(name: str, judgements: Sequence[Judgement]) -> PointVoltage:
    found = point_voltage(name, "", MeterId(f"M-{name}"), judgements)
    assert found is not None
    return found


def test_a_point_is_the_minutes_of_its_phases_together() -> None:
    found = point("P1", [rate("A", 1000, 30, 70), rate("B", 1000, 0, 0), rate("C", 2000, 0, 100)])
    assert (found.monitored_minutes, found.over_minutes, found.under_minutes) == (4000, 30, 170)
    assert found.percent == pytest.approx(95.0)
    assert (found.lowest_v, found.highest_v, found.low_v, found.high_v) == (190.0, 240.0, 198.0, 235.4)
    assert (found.point_class, found.least_percent, found.verdict) == (
        PointClass.D,
        95.0,
        Compliance.COMPLIANT,
    )


def test_a_class_is_the_mean_of_its_points_and_those_without_one_stand_apart() -> None:
    area = area_voltage(
        [
            point("P1", [rate("A", 1000, 0, 100, Compliance.VIOLATING)]),
            point("P2", [rate("A", 4000, 0, 0)]),
            point("P3", [rate("A", 1000, 50, 0, point_class=None)]),
        ]
    )
    assert [(c.point_class, c.points, c.violating) for c in area.classes] == [
        (PointClass.D, 2, 1),
        (None, 1, 0),
    ]
    assert [c.percent for c in area.classes] == pytest.approx([95.0, 95.0])
    assert [c.worst_percent for c in area.classes] == pytest.approx([90.0, 95.0])
    assert area.whole.points == 3
    assert area.whole.percent == pytest.approx(95.0)
    assert area.verdict is Compliance.VIOLATING
    assert [p.service_point for p in area.points] == ["P1", "P3", "P2"]
    assert [str(each) for each in area.references] == ["供电监管办法-2009 art. 8"]


def test_a_point_whose_voltages_were_not_read_has_no_rate_and_leaves_the_area_open() -> None:
    absent = Judgement(check="voltage_qualification", verdict=Compliance.NOT_DECIDABLE, reference=RULE)
    area = area_voltage([point("P1", [absent]), point("P2", [rate("A", 1000, 0, 0)])])
    assert area.points[0].percent is None
    assert (area.whole.points, area.whole.rated, area.whole.percent) == (2, 1, 100.0)
    assert area.verdict is Compliance.NOT_DECIDABLE


def test_what_is_not_about_voltage_makes_no_point() -> None:
    other = Judgement(check="harmonic_voltage", verdict=Compliance.VIOLATING, reference=RULE)
    assert point_voltage("P1", "", MeterId("M"), [other]) is None
    empty = area_voltage([])
    assert (empty.classes, empty.whole.percent, empty.verdict) == ([], None, Compliance.NOT_APPLICABLE)
