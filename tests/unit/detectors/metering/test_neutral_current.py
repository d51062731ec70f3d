from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from detectors.hysteresis import Stretch
from detectors.metering.neutral_current import Neighbours, bypass_correction, days_touched, neighbours_of
from detectors.ratings import ratings
from pipeline.archive_records import AreaMember
from pipeline.model import MeterId
from pipeline.registry import ServicePoint, Wiring
from tests.fix_planted import FAULT, POINT, planted

STRETCH = Stretch(row=0, first=2, end=8, is_open=False, known_end=10)
BEGINS = np.ones((3, 10), dtype=np.bool_)


def excess(*rows: float) -> np.ndarray:
    return np.array([[value] * 10 for value in rows])


@pytest.mark.parametrize(
    ("rows", "explained"),
    [((2.0, -2.0, 0.0), True), ((2.0, -1.0, -0.9), True), ((2.0, 0.0, 0.1), False), ((2.0, 2.0, 0.0), False)],
)
def test_an_opposite_difference_explains_one(rows: tuple[float, float, float], explained: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert Neighbours({0: [1, 2]}, excess(*rows)).explain(STRETCH, BEGINS, 0.3) is explained


def test_without_neighbours_or_their_readings_nothing_is_explained() -> None:
    assert not Neighbours({0: []}, excess(2.0)).explain(STRETCH, BEGINS, 0.3)
    assert not Neighbours({0: [1]}, excess(2.0, np.nan)).explain(STRETCH, BEGINS, 0.3)
    assert Neighbours({0: [1]}, excess(2.0, np.nan)).shown(STRETCH)["mean_excess_a"] is None


def test_neighbours_are_those_of_the_same_area_filed_or_by_membership() -> None:
    case = planted("bypass", wiring=Wiring.ONE_PHASE)
    window = replace(case.window, meters=[*case.window.meters, *case.window.meters])
    rows = np.arange(2)
    assert neighbours_of(window, case.registry, rows) == {0: [], 1: []}
    filed = replace(case.registry, service_points=[ServicePoint(id=POINT, area="T1")])
    assert neighbours_of(window, filed, rows) == {0: [1], 1: [0]}
    member = replace(case.registry, area_members=[AreaMember(area="T1", service_point=POINT)])
    assert neighbours_of(window, member, rows) == {0: [1], 1: [0]}


def test_a_meter_fitted_within_the_window_has_the_neighbours_of_where_it_hangs() -> None:
    case = planted("bypass", wiring=Wiring.ONE_PHASE)
    window = replace(case.window, meters=[*case.window.meters, MeterId("next")])
    (first,) = case.registry.installations
    filed = replace(
        case.registry,
        service_points=[ServicePoint(id=POINT, area="T1"), ServicePoint(id="Q", area="T1")],
        installations=[
            first,
            replace(
                first,
                meter=MeterId("next"),
                service_point="Q",
                starts_at=FAULT.starts_at,
                ends_at=FAULT.ends_at,
            ),
        ],
    )
    assert neighbours_of(window, filed, np.arange(2)) == {0: [1], 1: [0]}


def test_days_are_local() -> None:
    """The window begins at midnight in Shanghai; there slots 0 to 95 are one day, in London they are two."""
    window = planted(None).window
    slots = np.arange(96)
    assert days_touched(window, ZoneInfo("Asia/Shanghai"), slots) == 1
    assert days_touched(window, ZoneInfo("Europe/London"), slots) == 2


def test_a_line_without_current_is_corrected_by_the_kw_of_an_ampere_before() -> None:
    case = planted("bypass", {"factor": 0.0}, wiring=Wiring.ONE_PHASE)
    stretch = Stretch(row=0, first=804, end=1092, is_open=False, known_end=1344)
    corrected: Any = bypass_correction(case.window, ratings(case.window, case.registry), stretch)
    assert corrected["missing_kwh"] == pytest.approx(case.truth.energy_kwh, rel=0.02)
