from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from detectors.engine import run
from pipeline.archive_records import Threshold
from pipeline.events import EventKind, MeterEvent
from pipeline.model import Episode, Severity
from pipeline.quantities import Quantity
from pipeline.records import EventRecord, Records, TimedValues
from simulators.physics.window import Window
from tests.fix_planted import FAULT, METER, POINT, START, Planted, planted

LONG = Window(starts_at=START + timedelta(days=3), ends_at=START + timedelta(days=13))
HOUR = np.timedelta64(1, "h")


def _told(offsets: list[float], every: np.timedelta64 = HOUR, **settings: float) -> list[Episode]:
    """Offsets read one after the other from the window's start on."""
    case = planted(None)
    times = case.window.starts_at[0] + np.arange(len(offsets)) * every
    told = TimedValues(meters=[METER] * len(offsets), taken_at=times, values=np.array(offsets))
    window = replace(case.window, records=Records(readings={Quantity.CLOCK_OFFSET: told}))
    return run(window, case.registry, only=["clock_error"], settings={"clock_error": settings})


def test_seven_minutes_are_found_from_jump_to_setting() -> None:
    (episode,) = planted("clock_jump").found("clock_error")
    assert episode.message == "episode.clock_error"
    assert timedelta() <= episode.starts_at - FAULT.starts_at < timedelta(hours=1)
    assert episode.ends_at is not None
    assert timedelta() <= episode.ends_at - FAULT.ends_at < timedelta(hours=1)
    assert episode.parameters["offset_s"] == 420.0
    assert episode.severity is Severity.MAJOR
    assert episode.evidence["level"] == "alarm"


@pytest.mark.parametrize("seconds", [40.0, -40.0, 0.0])
def test_less_than_a_minute_is_innocent(seconds: float) -> None:
    assert planted("clock_jump", {"seconds": seconds}).found("clock_error") == []


def test_a_slow_clock_is_found_too_and_two_minutes_are_minor() -> None:
    (episode,) = planted("clock_jump", {"seconds": -120.0}).found("clock_error")
    assert episode.severity is Severity.MINOR
    assert episode.evidence["level"] == "warning"


def test_a_summer_time_that_is_not_kept_is_named() -> None:
    (episode,) = planted("summer_time").found("clock_error")
    assert episode.message == "episode.clock_hours"
    assert episode.parameters["hours"] == 1
    assert episode.evidence["level"] == "terminal"


def test_two_seconds_a_day_are_found_as_a_drift() -> None:
    (episode,) = planted("clock_drift", window=LONG).found("clock_error")
    assert episode.message == "episode.clock_drift"
    assert episode.parameters["s_per_day"] == pytest.approx(2.0, abs=0.2)
    assert abs(episode.starts_at - LONG.starts_at) <= timedelta(days=2)
    assert episode.ends_at is not None
    assert abs(episode.ends_at - LONG.ends_at) <= timedelta(days=2)


def test_a_second_in_ten_days_and_an_honest_clock_are_innocent() -> None:
    assert planted("clock_drift", {"seconds_per_day": 0.1}, window=LONG).found("clock_error") == []
    assert planted(None).found("clock_error") == []


def test_half_the_round_trip_is_allowed_for_by_hand() -> None:
    """A round trip of 2 s leaves 61 s at 60; one of 20 s leaves 65 s at 55."""
    assert _told([61.0] * 4) == []
    assert len(_told([61.5] * 4)) == 1
    assert _told([65.0] * 4, round_trip_s=20.0) == []


def test_one_read_alone_is_no_error_and_a_read_between_the_limits_ends_none() -> None:
    assert _told([0, 0, 400, 0, 0]) == []
    (episode,) = _told([0, 400, 400, 45, 400, 20, 0])
    assert episode.starts_at == START + timedelta(hours=1)
    assert episode.ends_at == START + timedelta(hours=5)
    assert episode.evidence["reads"] == 4


def test_the_drift_of_a_clock_that_is_set_now_and_then_is_the_one_between_settings() -> None:
    """Fast by 2 s a day, set right by 12 s on every sixth day."""
    offsets = [(hour % 144) / 12.0 for hour in range(12 * 24)]
    found = _told(offsets)
    assert found
    assert {e.message for e in found} == {"episode.clock_drift"}
    assert all(e.parameters["s_per_day"] == pytest.approx(2.0, abs=0.1) for e in found)


def test_a_small_setting_is_no_drift() -> None:
    """Six seconds at once, halfway."""
    assert _told([6.0] * 120 + [0.0] * 120) == []


def test_noise_of_a_whole_second_is_no_drift() -> None:
    random = np.random.default_rng(14)
    assert _told(random.choice([-1.0, 0.0, 1.0], 14 * 24).tolist()) == []


def test_missing_values_and_reads_that_are_far_apart_are_no_error() -> None:
    assert _told([np.nan] * 100) == []
    assert _told([0, 400], every=np.timedelta64(8, "D")) == []
    assert _told([400, 400], every=np.timedelta64(8, "D")) == []
    assert len(_told([400, 400], every=np.timedelta64(6, "D"))) == 1


def test_a_setting_that_the_meter_noted_is_shown() -> None:
    case = planted("clock_jump")
    noted = EventRecord(
        meter=METER, event=MeterEvent(kind=EventKind.CLOCK_SET, number=1, starts_at=FAULT.ends_at)
    )
    records = replace(case.window.records, events=[noted])
    shown: Planted = replace(case, window=replace(case.window, records=records))
    (episode,) = shown.found("clock_error")
    assert (
        episode.evidence["clock_set_at"] == [FAULT.ends_at.isoformat()]
        or len(
            list(episode.evidence["clock_set_at"])  # type: ignore[arg-type]  # a list
        )
        == 1
    )


def test_the_archive_s_numbers_count_for_its_point_and_class() -> None:
    case = planted("clock_jump", {"seconds": 120.0})
    strict = [
        Threshold(detector="clock_error", parameter="alarm_s", value=90.0, service_point=POINT),
        Threshold(detector="clock_error", parameter="trigger_s", value=100.0, service_point=POINT),
    ]
    (episode,) = case.found("clock_error", replace(case.registry, thresholds=strict))
    assert (episode.severity, episode.parameters["limit_s"]) == (Severity.MAJOR, 100.0)
    lax = [replace(strict[1], value=130.0)]
    assert case.found("clock_error", replace(case.registry, thresholds=lax)) == []


def test_a_limit_holds_for_the_reads_of_its_time() -> None:
    case = planted("clock_jump", {"seconds": 90.0})
    lax = Threshold(detector="clock_error", parameter="trigger_s", value=180.0, service_point=POINT)

    def found(entry: Threshold) -> list[Episode]:
        return case.found("clock_error", replace(case.registry, thresholds=[entry]))

    before = FAULT.starts_at - timedelta(hours=2)
    assert found(replace(lax, starts_at=before)) == []
    (episode,) = found(replace(lax, ends_at=before))
    assert episode.parameters["limit_s"] == 60.0
