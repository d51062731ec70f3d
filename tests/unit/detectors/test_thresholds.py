from dataclasses import replace
from datetime import UTC, datetime, timedelta

from detectors.catalogue import Kind
from detectors.engine import run
from detectors.metering.voltage_loss import VoltageLoss
from detectors.thresholds import at_point, limit, overruled
from detectors.usage.suspended_load import SuspendedLoad
from pipeline.archive_records import Threshold
from pipeline.contracts import Contract
from pipeline.daily_reduction import with_daily_rows
from pipeline.model import MeterId
from pipeline.registry import Installation, Meter, Registry
from tests.fix_windows import grid, window

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
WINDOW = window(grid(BEGIN, 2), {"a": 1.0, "b": 1.0})
REGISTRY = Registry(
    meters=[Meter(id=MeterId(m)) for m in "ab"],
    installations=[Installation(meter=MeterId(m), service_point=m.upper()) for m in "ab"],
    contracts=[Contract(service_point="A", category="industry")],
)


def _entry(value: float, **where: object) -> Threshold:
    plain = Threshold(detector="voltage_loss", parameter="trigger_percent", value=value)
    return replace(plain, **where)  # type: ignore[arg-type]  # fields of the record


def _limit(*entries: Threshold) -> list[list[float]]:
    found = limit(VoltageLoss(), "trigger_percent", WINDOW, replace(REGISTRY, thresholds=entries))
    return [sorted(set(row)) for row in found.values.tolist()]


def test_without_an_entry_the_default_holds_and_names_its_source() -> None:
    found = limit(VoltageLoss(), "trigger_percent", WINDOW, REGISTRY)
    assert found.values.shape == (2, 1)
    assert found.shown(0)["value"] == 78
    assert "DL/T 645" in str(found.shown(0)["source"])


def test_a_point_goes_before_a_class_and_a_class_before_everywhere() -> None:
    assert _limit(_entry(50.0)) == [[50.0], [50.0]]
    assert _limit(_entry(60.0, category="industry"), _entry(50.0)) == [[60.0], [50.0]]
    entries = _entry(70.0, service_point="A"), _entry(60.0, category="industry"), _entry(50.0)
    assert _limit(*entries) == [[70.0], [50.0]]
    assert _limit(*reversed(entries)) == [[70.0], [50.0]]


def test_a_change_within_the_window_holds_from_its_slot_on() -> None:
    change = BEGIN + timedelta(days=1)
    found = limit(
        VoltageLoss(),
        "trigger_percent",
        WINDOW,
        replace(REGISTRY, thresholds=[_entry(70.0, service_point="A", starts_at=change, source="letter")]),
    )
    assert found.values.shape == (2, 192)
    assert (found.at(0, 95), found.at(0, 96), found.at(1, 96)) == (78.0, 70.0, 78.0)
    assert found.shown(0, 96) == {"value": 70.0, "source": "letter"}


def test_a_rule_over_slots_may_ask_by_days() -> None:
    change = BEGIN + timedelta(days=1)
    registry = replace(REGISTRY, thresholds=[_entry(70.0, service_point="A", starts_at=change)])
    days = with_daily_rows(WINDOW, registry)
    found = limit(VoltageLoss(), "trigger_percent", days, registry, Kind.DAYS)
    # BEGIN is eight in the morning of the first of three local days.
    assert found.values.tolist() == [[78.0, 70.0, 70.0], [78.0, 78.0, 78.0]]


def test_entries_of_another_time_detector_or_number_do_not_count() -> None:
    assert _limit(_entry(50.0, ends_at=BEGIN)) == [[78.0], [78.0]]
    assert _limit(_entry(50.0, parameter="break_percent")) == [[78.0], [78.0]]
    assert _limit(_entry(50.0, detector="voltage_deviation")) == [[78.0], [78.0]]


def test_a_rule_by_service_points_takes_its_numbers_at_the_point() -> None:
    entry = Threshold(detector="suspended_load", parameter="floor_kw", value=3.0, service_point="A")
    registry = replace(REGISTRY, thresholds=[entry])
    assert at_point(SuspendedLoad(), registry, "A", BEGIN) == SuspendedLoad(floor_kw=3.0)
    assert at_point(SuspendedLoad(), registry, "B", BEGIN) == SuspendedLoad()


def test_what_is_set_by_hand_overrules_the_archive() -> None:
    registry = replace(REGISTRY, thresholds=[_entry(50.0)])
    assert overruled(registry, {"voltage_loss": {"trigger_percent": 80.0}}).thresholds == []
    assert overruled(registry, {"voltage_loss": {"break_percent": 80.0}}) is registry
    set_by_hand = {"voltage_loss": {"trigger_percent": 80.0}}
    assert run(WINDOW, registry, only=["voltage_loss"], settings=set_by_hand) == []
