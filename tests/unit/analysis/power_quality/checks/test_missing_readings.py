"""Gaps of the month with their causes, as one judgement."""

from dataclasses import replace
from datetime import timedelta

import numpy as np

from analysis.power_quality.checks.missing_readings import judge
from analysis.power_quality.judgement import Compliance
from pipeline.events import EventKind, MeterEvent
from pipeline.quantities import Quantity
from tests.quality_months import BEGIN, month, slots, wavering


def test_a_whole_month_has_no_gaps() -> None:
    (found,) = judge(month({Quantity.VOLTAGE_A: wavering(220.0, slots())}))
    assert (found.verdict, found.value, [r.key for r in found.reasons]) == (
        Compliance.COMPLIANT, 0.0, ["no_gap"],
    )  # fmt: skip
    assert found.evidence.coverage == 1.0


def test_each_cause_has_its_minutes_and_the_longest_gap_its_time() -> None:
    whole = month(
        {Quantity.VOLTAGE_A: wavering(220.0, slots())},
        outages=[(BEGIN + timedelta(hours=10), BEGIN + timedelta(hours=14))],
        events=[MeterEvent(kind=EventKind.COVER_OPEN, number=1, starts_at=BEGIN + timedelta(hours=80))],
    )
    kept = np.r_[0:40, 56:200, 300 : slots()]
    given = replace(whole, taken_at=whole.taken_at[kept], values={})
    (found,) = judge(given)
    assert found.verdict is Compliance.COMPLIANT
    assert found.value == 240 + 1500
    assert [(r.key, r.parameters["minutes"]) for r in found.reasons] == [
        ("gap_outage", 240),
        ("gap_communication", 1500),
    ]
    assert found.evidence.at == BEGIN + 200 * timedelta(minutes=15)
    assert found.figures["gaps"] == [
        [(BEGIN + timedelta(hours=10)).isoformat(), 240.0, "outage", 16],
        [(BEGIN + timedelta(hours=50)).isoformat(), 1500.0, "communication", 100],
    ]


def test_an_open_cause_leaves_it_open() -> None:
    (found,) = judge(month())
    assert (found.verdict, [r.key for r in found.reasons]) == (Compliance.NOT_DECIDABLE, ["gap_unknown"])
