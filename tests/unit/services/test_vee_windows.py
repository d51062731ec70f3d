"""Windows for validation: of a meter that was fitted within them too."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from pipeline.model import MeterId
from pipeline.registry import Installation, Meter, Ratio, Registry, ServicePoint
from pipeline.timegrid import from_numpy
from services.vee_windows import vee_windows
from storage.intervals import IntervalColumns
from tests.vee_windows import START

M1 = MeterId("M1")
SLOTS = START + np.arange(8) * np.timedelta64(15, "m")


def test_the_step_of_a_meter_that_shows_primary_values_is_its_own_from_the_first_slot_on() -> None:
    """Before it hangs there the archive knows no profile that says so, and its ratio would count."""
    fitted = from_numpy(START) + timedelta(hours=1)
    registry = Registry(
        service_points=[ServicePoint(id="P")],
        meters=[Meter(id=M1, resolution=0.01)],
        installations=[Installation(meter=M1, service_point="P", profile="primary", starts_at=fitted)],
        ratios=[Ratio(meter=M1, ct=40.0, pt=100.0)],
    )
    intervals = IntervalColumns(
        meters=[M1] * len(SLOTS),
        starts_at=SLOTS,
        minutes=np.full(len(SLOTS), 15, dtype=np.int16),
        quality=np.full(len(SLOTS), "A"),
        energies={"import_kwh": np.ones(len(SLOTS))},
    )
    (window,) = vee_windows(registry, intervals, 15, frozenset({"primary"}))
    assert window.step_kwh.tolist() == [0.01]
    assert window.slot_step_kwh is None
