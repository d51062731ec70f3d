"""Powers and power factor of one reading against each other."""

import numpy as np
import pytest

from analysis.power_quality.power_sums import power_blocks
from pipeline.quantities import Quantity
from tests.quality_months import month

Q = Quantity

NAMES = (Q.ACTIVE_POWER_A, Q.REACTIVE_POWER_A, Q.APPARENT_POWER_A, Q.POWER_FACTOR_A)


def blocked(active: float, reactive: float, apparent: float, factor: float) -> list[Q]:
    """The reading is the second: the first sets the month's size at S = 5 kVA."""
    rows = np.array([[4.0, 3.0, 5.0, 0.8], [active, reactive, apparent, factor]]).T
    found = list(power_blocks(month(dict(zip(NAMES, rows, strict=True)))))
    assert all(block.mask.tolist() == [False, True] for block in found)
    return [block.quantity for block in found]


@pytest.mark.parametrize(
    "reading",
    [
        (4.0, 3.0, 5.0, 0.8),
        (-4.0, 3.0, 5.0, -0.8),
        (4.0, 3.0, 5.2, 0.77),  # distorted: D = 1.4
        (0.01, 0.0, 0.1, 1.0),  # next to no load
        (np.nan, 3.0, 5.0, 0.8),
    ],
)
def test_powers_that_agree_are_sound(reading: tuple[float, float, float, float]) -> None:
    assert blocked(*reading) == []


@pytest.mark.parametrize(
    "reading",
    [
        (4.0, 3.0, 4.0, 1.0),  # S < sqrt(P^2 + Q^2)
        (1.0, 0.0, 4.0, 0.25),  # four times as much
        (4.0, 3.0, 5.0, 0.5),  # PF is not P / S
    ],
)
def test_powers_that_disagree_are_blocked_together(reading: tuple[float, float, float, float]) -> None:
    assert blocked(*reading) == list(NAMES)


def test_a_meter_without_apparent_power_is_not_judged() -> None:
    assert list(power_blocks(month({Q.ACTIVE_POWER: np.array([1.0])}))) == []
