"""The measured rates as they are kept in the package."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from detectors.catalogue import detectors
from detectors.measured import FalseAlarms, false_alarms

KEPT: dict[str, dict[str, float]] = json.loads(
    (Path(__file__).parents[3] / "detectors" / "data" / "false_alarms.json").read_text(encoding="utf-8")
)
EXPECTED_AT_MOST = {0: 2.9957, 1: 4.7439, 2: 6.2958, 3: 7.7537, 4: 9.1535, 5: 10.5130}
"""Events that so many seen ones do not rule out with 95 % (tables of the Poisson distribution)."""


def test_what_was_not_measured_has_no_rate() -> None:
    assert false_alarms("voltage_loss") is None
    assert false_alarms("no_such_detector") is None


@pytest.mark.parametrize("name", sorted(KEPT))
def test_a_rate_is_that_of_the_file_and_of_a_detector_that_there_is(name: str) -> None:
    assert name in detectors.all()
    found = false_alarms(name)
    assert isinstance(found, FalseAlarms)
    assert isinstance(found.alarms, int)
    assert (found.alarms, found.meter_years, found.upper95) == (
        KEPT[name]["alarms"],
        KEPT[name]["meter_years"],
        KEPT[name]["upper95"],
    )
    assert found.upper95 > found.alarms / found.meter_years


@pytest.mark.parametrize(
    "name", [name for name, row in sorted(KEPT.items()) if row["alarms"] in EXPECTED_AT_MOST]
)
def test_few_alarms_give_the_bound_of_the_tables(name: str) -> None:
    found = false_alarms(name)
    assert found is not None
    expected = EXPECTED_AT_MOST[found.alarms] / found.meter_years
    assert found.upper95 == pytest.approx(expected, rel=2e-3)
