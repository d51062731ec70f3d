from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from simulators.faults.suspended import Idling, with_idling
from simulators.physics.loads import LoadCurve
from simulators.physics.window import Window

START = datetime(2024, 6, 2, 16, tzinfo=UTC)
DAY = Window(starts_at=START, ends_at=START + timedelta(days=1))
BUSY = LoadCurve.of(START, 5, np.linspace(100, 200, 288), np.linspace(50, 100, 288))


def test_an_honest_customer_in_full_suspension_draws_only_its_auxiliaries() -> None:
    idle = with_idling(BUSY, Idling(window=DAY, idle_kw=0.3))
    assert set(idle.active_kw) == {0.3}


def test_an_honest_customer_in_partial_suspension_keeps_its_shape_below_what_is_left() -> None:
    running = with_idling(BUSY, Idling(window=DAY, running_kva=120))
    apparent = np.hypot(running.active_kw, running.reactive_kvar)
    assert apparent.max() == pytest.approx(120)
    np.testing.assert_allclose(running.active_kw / BUSY.active_kw, running.active_kw[0] / BUSY.active_kw[0])
