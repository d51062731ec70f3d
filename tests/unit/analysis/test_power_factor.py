from dataclasses import replace

import pytest

from analysis.power_factor import adjustment_percent, month_power_factor, standard_named, standard_of
from pipeline.contracts import Contract


@pytest.mark.parametrize(
    ("standard", "power_factor", "percent"),
    [
        # The corners of the table of 1983 as public mirrors print it.
        (0.90, 0.90, 0.0),
        (0.90, 0.91, -0.15),
        (0.90, 0.95, -0.75),
        (0.90, 1.00, -0.75),
        (0.90, 0.89, 0.5),
        (0.90, 0.70, 10.0),
        (0.90, 0.69, 11.0),
        (0.90, 0.65, 15.0),
        (0.90, 0.64, 17.0),
        (0.90, 0.60, 25.0),
        (0.85, 0.86, -0.1),
        (0.85, 0.90, -0.5),
        (0.85, 0.91, -0.65),
        (0.85, 0.94, -1.10),
        (0.85, 0.99, -1.10),
        (0.85, 0.65, 10.0),
        (0.85, 0.60, 15.0),
        (0.85, 0.59, 17.0),
        (0.80, 0.90, -1.0),
        (0.80, 0.91, -1.15),
        (0.80, 0.92, -1.3),
        (0.80, 0.60, 10.0),
        (0.80, 0.55, 15.0),
        (0.80, 0.54, 17.0),
    ],
)
def test_the_adjustment_is_that_of_the_table(standard: float, power_factor: float, percent: float) -> None:
    known = standard_named(standard)
    assert known is not None
    assert adjustment_percent(known, power_factor) == pytest.approx(percent)


def test_a_month_is_rounded_to_a_hundredth() -> None:
    # 300 and 400 are the legs of a 500 triangle.
    assert month_power_factor(300.0, 400.0) == 0.6
    assert month_power_factor(400.0, 300.0) == 0.8
    assert month_power_factor(100.0, 48.0) == 0.9
    assert month_power_factor(0.0, 0.0) == 1.0


@pytest.mark.parametrize(
    ("category", "kva", "standard"),
    [
        ("large industry", 400.0, 0.90),
        ("large industry", 160.0, 0.85),
        ("commercial", 100.0, 0.85),
        ("commercial", 80.0, None),
        ("agriculture", 200.0, 0.80),
        ("residential", 500.0, None),
        (None, 400.0, None),
        ("commercial", None, None),
    ],
)
def test_a_standard_is_for_a_class_and_a_capacity(
    category: str | None, kva: float | None, standard: float | None
) -> None:
    found = standard_of(Contract(service_point="P", category=category, capacity_kva=kva))
    assert (None if found is None else found.value) == standard


@pytest.mark.parametrize(("filed", "value"), [(0.85, 0.85), (0.93, None), (None, 0.9)])
def test_what_is_filed_comes_before_the_class(filed: float | None, value: float | None) -> None:
    contract = Contract(service_point="P", category="large industry", capacity_kva=400.0)
    found = standard_of(replace(contract, power_factor_standard=filed))
    assert (None if found is None else found.value) == value
