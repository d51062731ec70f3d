"""Every power-quality check on months of any kind: it answers, in words, with numbers that JSON has."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.power_quality.catalogue import judge_month
from analysis.power_quality.judgement import Compliance, Judgement
from analysis.power_quality.point_month import PointMonth, QualityPoint
from pipeline.events import EventKind, MeterEvent
from pipeline.quality_texts import reason_text
from pipeline.quantities import Group, Kind, Quantity
from tests.quality_months import BEGIN, END, HIGH, POINT, SINGLE_PHASE, THREE_WIRE, month

SCALARS = [q for q in Quantity if q.group is Group.ELECTRICAL and q.kind is Kind.REAL]
SPECTRA = [q for q in Quantity if q.group is Group.SPECTRUM]
ODD = [np.nan, 0.0, -1.0, 1e-30, 99.99, 100.01, 220.0, 380.0, 1e9]
PERIOD_S = 21_600.0


@st.composite
def months(draw: st.DrawFn) -> PointMonth:
    """Months of a reading each six hours with any registers, values, outages and events."""
    count = draw(st.sampled_from([0, 1, 40, 120]))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values: dict[Quantity, np.ndarray] = {}
    for quantity in draw(st.lists(st.sampled_from(SCALARS), unique=True, max_size=12)):
        values[quantity] = random.uniform(-10.0, 400.0, count)
        odd = random.random(count) < draw(st.sampled_from([0.0, 0.2, 1.0]))
        values[quantity][odd] = random.choice(ODD, count)[odd]
    spectra = {
        q: random.choice([*ODD[:6], 2.0, 3.0], (count, 22))
        for q in draw(st.lists(st.sampled_from(SPECTRA), unique=True, max_size=3))
    }
    point = draw(st.sampled_from([POINT, SINGLE_PHASE, THREE_WIRE, HIGH]))
    outages = [(BEGIN + timedelta(days=3), BEGIN + timedelta(days=4))] if draw(st.booleans()) else []
    kinds = draw(st.lists(st.sampled_from(list(EventKind)), max_size=4))
    begin = BEGIN + timedelta(hours=draw(st.integers(-5, 800)))
    events = [
        MeterEvent(
            kind=kind,
            part=draw(st.sampled_from(["", "a", "b"])),
            number=1,
            starts_at=begin,
            ends_at=draw(st.sampled_from([None, begin, begin + timedelta(seconds=40)])),
            values={"phase A voltage": draw(st.sampled_from(["-", "12.0 V", "x", ""]))},
        )
        for kind in kinds
    ]
    times = np.datetime64("2026-08-31T16:00:00", "us") + np.arange(count) * np.timedelta64(21_600, "s")
    bare = month(point=point, period_s=PERIOD_S, outages=outages, events=events)
    return replace(
        bare, taken_at=times, values=values, spectra=spectra, spectrum_at=times, spectrum_period_s=PERIOD_S
    )


def told(judgement: Judgement) -> None:
    assert judgement.verdict in Compliance
    numbers = {"value": judgement.value, "limit": judgement.limit, "figures": judgement.figures}
    json.dumps(numbers, allow_nan=False)
    for reason in judgement.reasons:
        assert reason_text(reason.key, reason.parameters, "en")
        assert reason_text(reason.key, reason.parameters, "zh")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(months())
@pytest.mark.filterwarnings("error")
def test_any_month_is_judged_in_words_and_finite_numbers(judged: PointMonth) -> None:
    for judgement in judge_month(judged):
        told(judgement)


@pytest.mark.parametrize("point", [POINT, SINGLE_PHASE, THREE_WIRE, HIGH])
def test_a_point_that_nobody_read_complies_with_nothing(point: QualityPoint) -> None:
    judged = judge_month(month(point=point))
    assert all(j.verdict is not Compliance.VIOLATING for j in judged)
    assert all(j.verdict is not Compliance.COMPLIANT for j in judged if j.reference is not None)


def test_a_whole_month_without_supply_is_no_violation() -> None:
    dark: dict[str, Any] = {"outages": [(BEGIN, END)]}
    for judgement in judge_month(month(**dark)):
        told(judgement)
        assert judgement.verdict is not Compliance.VIOLATING
