from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from detectors.suppression import OUTAGE, blinded, in_order
from pipeline.daily_reduction import with_daily_rows
from pipeline.errors import PluginError
from pipeline.events import EventKind, MeterEvent
from pipeline.model import Episode, MeterId, Severity, Verdict
from pipeline.records import EventRecord, Records
from pipeline.registry import Registry
from tests.fix_windows import grid, window

BEGIN = datetime(2026, 1, 1, tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)
WINDOW = with_daily_rows(window(grid(BEGIN, 3), {"a": 1.0, "b": 1.0}), Registry())


def _episode(hours: tuple[float, float | None], *, phase: str = "", meter: str = "b") -> Episode:
    first, end = hours
    return Episode(
        id="e",
        detector="voltage_loss",
        version=1,
        meter=MeterId(meter),
        starts_at=BEGIN + timedelta(hours=first),
        ends_at=None if end is None else BEGIN + timedelta(hours=end),
        detected_at=BEGIN + timedelta(hours=72),
        verdict=Verdict.ABNORMAL,
        severity=Severity.CRITICAL,
        score=1.0,
        message="episode.voltage_loss",
        parameters={"phase": phase} if phase else {},
    )


def test_suppressors_come_first_and_those_that_do_not_exist_are_passed_over() -> None:
    assert in_order(["voltage_deviation"]) == ["voltage_loss", "voltage_deviation"]


def test_a_name_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(PluginError, match="no 'nonsense'"):
        in_order(["nonsense"])


def test_the_slots_and_days_that_a_suppressor_explains_are_marked_at_its_meter_only() -> None:
    seen = blinded(WINDOW, [_episode((1, 2))], ["voltage_loss"])
    mask, daily = seen.mask_of(), seen.daily
    assert mask is not None
    assert np.flatnonzero(mask[1]).tolist() == [4, 5, 6, 7]
    assert not mask[0].any()
    assert daily is not None
    days = daily.mask_of()
    assert days is not None
    assert days.tolist() == [[False] * 3, [True, False, False]]


def test_an_open_episode_explains_all_that_follows() -> None:
    mask = blinded(WINDOW, [_episode((48, None))], ["voltage_loss"]).mask_of()
    assert mask is not None
    assert mask[1].sum() == 96


def test_an_episode_of_one_phase_leaves_the_other_phases_to_be_judged() -> None:
    seen = blinded(WINDOW, [_episode((1, 2), phase="A")], ["voltage_loss"])
    assert seen.mask_of("B") is None
    assert seen.mask_of("A") is not None
    assert seen.mask_of("AB") is not None
    assert seen.mask_of() is not None


def test_other_detectors_normal_verdicts_and_strange_meters_explain_nothing() -> None:
    episodes = [
        replace(_episode((1, 2)), verdict=Verdict.NORMAL),
        replace(_episode((1, 2)), detector="closed_point_use"),
        _episode((1, 2), meter="stranger"),
    ]
    assert blinded(WINDOW, episodes, ["voltage_loss"]).mask_of() is None


def test_an_outage_that_the_meter_tells_of_explains_its_slots() -> None:
    down = MeterEvent(
        kind=EventKind.POWER_DOWN, number=1, starts_at=BEGIN, ends_at=BEGIN + timedelta(minutes=20)
    )
    told = replace(WINDOW, records=Records(events=[EventRecord(meter=MeterId("a"), event=down)]))
    mask = blinded(told, [], [OUTAGE]).mask_of()
    assert mask is not None
    assert np.flatnonzero(mask[0]).tolist() == [0, 1]
    assert blinded(told, [], []).mask_of() is None


def test_what_ended_before_the_window_or_at_its_first_midnight_explains_nothing() -> None:
    for hours in ((-9, -5), (-3, 0)):
        daily = blinded(WINDOW, [_episode(hours)], ["voltage_loss"]).daily
        assert daily is not None
        assert not any(mask.any() for mask in daily.masked.values())
