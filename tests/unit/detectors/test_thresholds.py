from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from detectors.catalogue import Kind
from detectors.engine import run
from detectors.metering.voltage_loss import VoltageLoss
from detectors.thresholds import at_point, limit, limit_of_records, overruled
from detectors.usage.suspended_load import SuspendedLoad
from pipeline.archive_records import Threshold
from pipeline.contracts import Contract
from pipeline.daily_reduction import with_daily_rows
from pipeline.model import MeterId
from pipeline.registry import Installation, Meter, Registry
from pipeline.timegrid import to_numpy
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


def _moved(day: int) -> Registry:
    """Meter ``a`` leaves point A, which has no contract, for B of the industry on a day of the window."""
    change = BEGIN + timedelta(days=day)
    stays = [
        Installation(meter=MeterId("a"), service_point="A", ends_at=change),
        Installation(meter=MeterId("a"), service_point="B", starts_at=change),
    ]
    return replace(
        REGISTRY,
        installations=stays,
        contracts=[Contract(service_point="B", category="industry")],
    )


def test_each_stay_of_a_meter_has_the_number_of_its_point_and_class() -> None:
    entries = [_entry(70.0, service_point="B", source="letter"), _entry(65.0, service_point="A")]
    found = limit(VoltageLoss(), "trigger_percent", WINDOW, replace(_moved(1), thresholds=entries))
    assert (found.at(0, 95), found.at(0, 96)) == (65.0, 70.0)
    assert found.shown(0, 95)["source"] == "threshold of the archive"
    assert found.shown(0, 96)["source"] == "letter"
    by_class = [_entry(60.0, category="industry")]
    found = limit(VoltageLoss(), "trigger_percent", WINDOW, replace(_moved(1), thresholds=by_class))
    assert (found.at(0, 95), found.at(0, 96)) == (78.0, 60.0)


def test_a_meter_fitted_within_the_window_has_the_number_of_its_point() -> None:
    fitted = Installation(meter=MeterId("a"), service_point="A", starts_at=BEGIN + timedelta(hours=30))
    registry = replace(
        REGISTRY, installations=[fitted], thresholds=[_entry(70.0, service_point="A", source="letter")]
    )
    found = limit(VoltageLoss(), "trigger_percent", WINDOW, registry)
    assert found.shown(0, 150) == {"value": 70.0, "source": "letter"}
    days = limit(VoltageLoss(), "trigger_percent", with_daily_rows(WINDOW, registry), registry, Kind.DAYS)
    assert days.at(0, 1) == 70.0  # the day of the fitting


def test_a_contract_that_begins_within_the_window_gives_its_class_from_then_on() -> None:
    begins = BEGIN + timedelta(days=1)
    registry = replace(
        REGISTRY,
        contracts=[Contract(service_point="A", category="industry", starts_at=begins)],
        thresholds=[_entry(60.0, category="industry")],
    )
    found = limit(VoltageLoss(), "trigger_percent", WINDOW, registry)
    assert (found.at(0, 95), found.at(0, 96)) == (78.0, 60.0)


def test_what_is_not_dated_holds_as_it_stands_at_the_window_s_end() -> None:
    change = BEGIN + timedelta(days=1)
    plain = _entry(9.0, parameter="trigger_slots", service_point="A")

    def slots(entry: Threshold) -> list[list[float]]:
        registry = replace(REGISTRY, thresholds=[entry])
        held: list[list[float]] = limit(VoltageLoss(), "trigger_slots", WINDOW, registry).values.tolist()
        return held

    usual = 2.0  # as declared
    assert slots(replace(plain, starts_at=change)) == [[9.0], [usual]]
    assert slots(replace(plain, ends_at=change)) == [[usual], [usual]]


def test_each_record_is_judged_by_the_number_of_its_time() -> None:
    change = BEGIN + timedelta(days=1)
    entries = [_entry(70.0, service_point="A", starts_at=change), _entry(65.0, service_point="B")]
    times = np.array([to_numpy(at) for at in (BEGIN, change, BEGIN)])
    found = limit_of_records(
        VoltageLoss(),
        "trigger_percent",
        replace(REGISTRY, thresholds=entries),
        WINDOW.meters,
        (np.array([0, 0, 1]), times),
    )
    assert found.tolist() == [78.0, 70.0, 65.0]
