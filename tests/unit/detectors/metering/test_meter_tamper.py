from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from detectors.engine import run
from pipeline.archive_records import WorkOrder
from pipeline.events import EventKind, MeterEvent
from pipeline.model import Episode, Severity
from pipeline.records import EventRecord, Records
from pipeline.registry import Registry
from simulators.physics.window import Window
from tests.fix_planted import METER, POINT, START, Planted, planted

OPENED = Window(starts_at=START + timedelta(days=15, hours=9), ends_at=START + timedelta(days=24))
PARTS = {
    "cover": "episode.meter_cover_opened",
    "terminal_cover": "episode.terminal_cover_opened",
    "magnetic_field": "episode.magnet_at_meter",
}


def _opened(window: Window = OPENED, days: int = 24, **values: float | str) -> Planted:
    return planted("meter_opened", values, window=window, days=days)


def _noted(*events: MeterEvent, registry: Registry | None = None) -> list[Episode]:
    case = planted(None)
    records = Records(events=[EventRecord(meter=METER, event=event) for event in events])
    return run(replace(case.window, records=records), registry or case.registry, only=["meter_tamper"])


def _cover(hours: float, kind: EventKind = EventKind.COVER_OPEN, minutes: float | None = 10) -> MeterEvent:
    starts_at = START + timedelta(hours=hours)
    ends_at = None if minutes is None else starts_at + timedelta(minutes=minutes)
    return MeterEvent(kind=kind, number=1, starts_at=starts_at, ends_at=ends_at)


@pytest.mark.parametrize("part", PARTS)
def test_an_opening_and_the_drop_after_it_are_found_with_their_energy(part: str) -> None:
    case = _opened(part=part)
    (episode,) = case.found("meter_tamper")
    assert episode.message == f"{PARTS[part]}_drop"
    assert (episode.starts_at, episode.ends_at) == (OPENED.starts_at, None)
    assert episode.parameters["drop_percent"] == pytest.approx(40.0, abs=4.0)
    # The day of the opening is no whole day after it: its share of the loss is not in the figure.
    assert case.truth.energy_kwh is not None
    assert episode.energy_kwh == pytest.approx(case.truth.energy_kwh * 8.0 / 8.6, rel=0.1)
    assert (episode.severity, episode.score) == (Severity.CRITICAL, 1.0)


def test_a_drop_ends_on_the_day_of_usual_use() -> None:
    mended = Window(starts_at=OPENED.starts_at, ends_at=START + timedelta(days=24, hours=7))
    (episode,) = _opened(mended, days=28).found("meter_tamper")
    assert episode.ends_at is not None
    assert abs(episode.ends_at - mended.ends_at) <= timedelta(days=1)


def test_an_opening_with_a_work_order_is_innocent() -> None:
    assert _opened(ordered="yes").found("meter_tamper") == []


def test_an_opening_without_a_drop_is_told_as_that() -> None:
    (episode,) = _opened(factor=1.0).found("meter_tamper")
    assert episode.message == PARTS["cover"]
    assert episode.energy_kwh is None
    assert episode.ends_at == OPENED.starts_at + timedelta(minutes=10)


def test_an_honest_meter_and_one_that_hangs_nowhere_are_silent() -> None:
    assert planted(None).found("meter_tamper") == []
    assert _noted(_cover(30), registry=Registry()) == []


def test_a_work_order_is_good_for_four_hours_around_it() -> None:
    case = planted(None)
    order = WorkOrder(
        id="W1",
        service_point=POINT,
        starts_at=START + timedelta(hours=40),
        ends_at=START + timedelta(hours=42),
    )
    registry = replace(case.registry, work_orders=[order])
    assert _noted(_cover(36.1), _cover(41), _cover(45.9), registry=registry) == []
    (before,) = _noted(_cover(35.9), registry=registry)
    assert before.evidence["orders_near"]
    assert len(_noted(_cover(46.1), registry=registry)) == 1
    elsewhere = replace(case.registry, work_orders=[replace(order, service_point="SP-other")])
    assert len(_noted(_cover(41), registry=elsewhere)) == 1


def test_a_meter_that_is_being_fitted_may_be_open() -> None:
    case = planted(None)
    fitted = [replace(i, starts_at=START + timedelta(hours=38)) for i in case.registry.installations]
    registry = replace(case.registry, installations=fitted)
    assert _noted(_cover(39), registry=registry) == []
    assert _noted(_cover(20), registry=registry) == []
    assert len(_noted(_cover(60), registry=registry)) == 1


def test_events_of_one_visit_are_one_episode_named_by_the_gravest() -> None:
    (episode,) = _noted(_cover(30, EventKind.TERMINAL_COVER_OPEN), _cover(30.2, EventKind.MAGNETIC_FIELD))
    assert episode.message == PARTS["magnetic_field"]
    assert episode.parameters["events"] == 2
    assert len(_noted(_cover(30), _cover(40))) == 2


def test_a_cover_that_is_still_off_goes_on() -> None:
    (episode,) = _noted(_cover(30, minutes=None))
    assert episode.ends_at is None


def test_an_event_before_the_window_was_told_before() -> None:
    assert _noted(_cover(-1)) == []


def test_estimated_use_and_gaps_prove_no_drop() -> None:
    case = _opened()
    estimated = replace(case.window, quality=np.full_like(case.window.quality, "E"))
    (episode,) = run(estimated, case.registry, only=["meter_tamper"])
    assert episode.message == PARTS["cover"]
    assert episode.evidence["use"] is None


def test_other_events_are_none_of_its_business() -> None:
    assert _noted(_cover(30, EventKind.OVERLOAD), _cover(31, EventKind.PROGRAMMING)) == []
