from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from detectors.engine import run
from pipeline.archive_records import Threshold
from pipeline.model import Severity
from pipeline.quantities import Quantity
from simulators.physics.window import Window
from tests.fix_planted import POINT, START, Planted, planted
from tests.planted_registers import with_thresholds

LASTING = Window(starts_at=START + timedelta(days=5, hours=3), ends_at=START + timedelta(days=9, hours=3))


def test_a_rate_that_shows_too_much_is_found_on_the_days_that_end_with_it() -> None:
    (episode,) = planted("tie_out", window=LASTING).found("register_tie_out")
    assert episode.parameters["register"] == "active_energy_import"
    assert episode.parameters["apart_kwh"] == pytest.approx(0.5, abs=0.05)
    assert episode.parameters["days"] == 4
    assert episode.starts_at == START + timedelta(days=5)
    assert episode.ends_at == START + timedelta(days=9)
    assert episode.severity is Severity.MINOR


def test_a_large_difference_is_more_severe() -> None:
    (episode,) = planted("tie_out", {"kwh": 3.0}, window=LASTING).found("register_tie_out")
    assert episode.severity is Severity.MAJOR


def test_the_rounding_of_four_rates_is_innocent() -> None:
    assert planted("tie_out", {"kwh": 0.02}, window=LASTING).found("register_tie_out") == []
    assert planted(None).found("register_tie_out") == []


def test_a_total_that_rolled_over_before_its_rates_is_innocent() -> None:
    assert planted("roll_over").found("register_tie_out") == []


def test_one_day_alone_is_innocent() -> None:
    day = Window(starts_at=START + timedelta(days=5, hours=3), ends_at=START + timedelta(days=6, hours=3))
    assert planted("tie_out", window=day).found("register_tie_out") == []


def _without(case: Planted, quantity: Quantity, days: slice) -> Planted:
    column = case.window.registers[quantity].copy()
    column[:, days] = np.nan
    window = replace(case.window, registers={**case.window.registers, quantity: column})
    return replace(case, window=window)


def test_a_partial_read_is_no_difference() -> None:
    case = _without(planted(None), Quantity.ACTIVE_ENERGY_IMPORT_T2, slice(5 * 96, 9 * 96))
    assert run(case.window, case.registry, only=["register_tie_out"]) == []


def test_every_number_may_be_another_at_its_service_point() -> None:
    def judged(parameter: str, value: float) -> list[Severity]:
        case = planted("tie_out", window=LASTING)
        entry = Threshold(
            detector="register_tie_out", parameter=parameter, value=value, service_point=POINT, source="own"
        )
        return [e.severity for e in case.found("register_tie_out", with_thresholds(case.registry, entry))]

    assert judged("alarm_kwh", 0.4) == [Severity.MAJOR]
    assert judged("trigger_kwh", 0.6) == []
    assert judged("restore_steps", 20.0) == []
    assert judged("trigger_days", 5.0) == []


def test_the_message_names_the_limit_that_held() -> None:
    case = planted("tie_out", window=LASTING)
    entry = Threshold(detector="register_tie_out", parameter="trigger_kwh", value=0.3, service_point=POINT)
    (episode,) = case.found("register_tie_out", with_thresholds(case.registry, entry))
    assert episode.parameters["limit_kwh"] == pytest.approx(0.3)
