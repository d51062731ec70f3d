from datetime import timedelta
from typing import Any

import pytest

from detectors.hysteresis import Stretch
from detectors.metering.current_loss_correction import BY_BALANCE, BY_BEFORE, lost_current_correction
from detectors.ratings import ELEMENTS, ratings
from pipeline.registry import Wiring
from simulators.physics.window import Window
from tests.fix_planted import START, planted

THREE = Wiring.THREE_PHASE_THREE_WIRE
QUARTER = timedelta(minutes=15)
SLOTS = 192


@pytest.mark.parametrize(("first", "how"), [(0, BY_BALANCE), (96, BY_BEFORE)])
def test_a_three_wire_meter_counts_the_rest_of_its_load_by_the_angle(first: int, how: str) -> None:
    """One element lost at phi: true over shown is sqrt(3) cos(phi) / cos(phi + 30), worked out by hand.

    The load's power factor is 0.9, phi = 25.84 degrees: K = 1.7321 * 0.9 / cos(55.84) = 2.776.
    """
    lasting = Window(starts_at=START + first * QUARTER, ends_at=START + SLOTS * QUARTER)
    case = planted("current_loss", {"phase": "c"}, wiring=THREE, window=lasting, days=2, shape="flat")
    stretch = Stretch(row=0, first=first, end=SLOTS, is_open=True, known_end=SLOTS)
    a, c = ELEMENTS[THREE]
    rated = ratings(case.window, case.registry)
    correction: Any = lost_current_correction(case.window, rated, THREE, stretch, c, [a])
    assert correction["how"] == how
    assert correction["factor"] == pytest.approx(2.776, rel=0.02)
    assert correction["missing_kwh"] == pytest.approx(case.truth.energy_kwh, rel=0.02)
