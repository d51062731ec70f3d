"""Which of several filed numbers holds at a point."""

from datetime import UTC, datetime, timedelta

from pipeline.archive_records import Threshold
from pipeline.contracts import Contract
from pipeline.registry import Registry
from pipeline.thresholds import numbers_at

AT = datetime(2026, 5, 1, tzinfo=UTC)
EVERYWHERE = Threshold(detector="vee", parameter="spike_percent", value=1)
CLASS = Threshold(detector="vee", parameter="spike_percent", value=2, category="industry")
POINT = Threshold(detector="vee", parameter="spike_percent", value=3, service_point="P")
CONTRACTS = [
    Contract(service_point="P", category="industry"),
    Contract(service_point="Q", category="industry"),
]


def number(*thresholds: Threshold, point: str | None = "P", at: datetime = AT) -> float | None:
    """What holds at a point."""
    archive = Registry(thresholds=thresholds, contracts=CONTRACTS)
    return numbers_at(archive, "vee", point, at).get("spike_percent")


def test_a_point_goes_before_its_class_and_that_before_everywhere() -> None:
    assert number(POINT, CLASS, EVERYWHERE) == number(EVERYWHERE, CLASS, POINT) == 3
    assert number(POINT, CLASS, EVERYWHERE, point="Q") == 2
    assert number(POINT, CLASS, EVERYWHERE, point="elsewhere") == 1


def test_a_meter_that_hangs_nowhere_has_what_holds_everywhere() -> None:
    assert number(POINT, CLASS, EVERYWHERE, point=None) == 1


def test_the_later_start_holds_from_its_day_on() -> None:
    later = Threshold(detector="vee", parameter="spike_percent", value=9, category="industry", starts_at=AT)
    assert number(later, CLASS) == 9
    assert number(later, CLASS, at=AT - timedelta(seconds=1)) == 2


def test_another_detector_s_number_is_not_ours() -> None:
    assert number(Threshold(detector="validation", parameter="spike_percent", value=4)) is None
