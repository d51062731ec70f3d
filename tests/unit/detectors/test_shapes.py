"""The ready shapes of rules: where stretches begin and end, and how they become episodes, by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from detectors.catalogue import About, Kind, Needs
from detectors.hysteresis import Delays, Stretch
from detectors.shapes import (
    Said,
    day_episode,
    day_stretches,
    record_episode,
    slot_episode,
    slot_mask_stretches,
    slot_stretches,
)
from pipeline.block import MeterMatrix
from pipeline.daily_reduction import with_daily_rows
from pipeline.model import MeterId, Severity, Verdict
from pipeline.registry import Installation, Registry
from tests.day_windows import by_days
from tests.fix_windows import grid, window

BEGIN = datetime(2026, 1, 1, 16, tzinfo=UTC)
"""Midnight in Shanghai."""
NO = np.nan
ABOUT = About(
    name="by_hand",
    kind=Kind.SLOTS,
    needs=Needs(),
    messages=("episode.by_hand",),
    severity=Severity.MINOR,
    version=3,
)
REGISTRY = Registry(installations=[Installation(meter=MeterId("m"), service_point="P")])
SAID = Said(message="episode.by_hand", parameters={"n": 1}, key="A", energy_kwh=2.5)


def slots(n: int = 8) -> MeterMatrix:
    return window(grid(BEGIN, n / 96), {"m": [1.0] * n})


def spans(stretches: list[Stretch]) -> list[tuple[int, int, int, bool]]:
    return [(s.row, s.first, s.end, s.is_open) for s in stretches]


def test_a_statistic_opens_above_its_trigger_and_closes_at_its_restore() -> None:
    statistic = np.array([[1.0, 6.0, 6.0, 4.0, 4.0, 2.0, 2.0, 9.0]])
    delays = Delays(on=2, off=2)
    # Two above 5 open it, 4 prolongs it, two at 3 or less end it where the first stands; the 9 is one alone.
    found = slot_stretches(slots(), statistic, trigger=5.0, restore=3.0, delays=delays)
    assert spans(found) == [(0, 1, 5, False)]
    assert found[0].known_end == 8
    falling = slot_stretches(slots(), -statistic, trigger=-5.0, restore=-3.0, delays=delays, falling=True)
    assert spans(falling) == [(0, 1, 5, False)]


def test_a_value_at_the_trigger_opens_nothing_and_one_at_the_restore_closes() -> None:
    statistic = np.array([[5.0, 5.1, 3.0, 5.0]])
    assert spans(slot_stretches(slots(4), statistic, trigger=5.0, restore=3.0, delays=Delays())) == [
        (0, 1, 2, False)
    ]


def test_missing_and_explained_slots_neither_trigger_nor_restore() -> None:
    statistic = np.array([[1.0, 6.0, NO, 6.0, 1.0, 6.0, 6.0, 1.0]])
    delays = Delays(on=2)
    assert spans(slot_stretches(slots(), statistic, trigger=5.0, restore=3.0, delays=delays)) == [
        (0, 5, 7, False)
    ]
    explained = np.zeros((1, 8), dtype=np.bool_)
    explained[0, 5] = True
    blind = replace(slots(), masked={"B": explained})
    assert slot_stretches(blind, statistic, trigger=5.0, restore=3.0, delays=delays, phases="B") == []
    assert len(slot_stretches(blind, statistic, trigger=5.0, restore=3.0, delays=delays, phases="A")) == 1


def test_masks_are_read_as_a_statistic_is() -> None:
    begins = np.array([[False, True, True, False, False]])
    restored = np.array([[False, False, False, False, True]])
    known = np.ones((1, 5), dtype=np.bool_)
    assert spans(slot_mask_stretches(slots(5), begins, restored, known, delays=Delays())) == [
        (0, 1, 4, False)
    ]


def test_a_stretch_that_reaches_the_last_value_is_open() -> None:
    statistic = np.array([[1.0, 1.0, 6.0, 6.0, NO, NO]])
    (found,) = slot_stretches(slots(6), statistic, trigger=5.0, restore=3.0, delays=Delays(gap=3))
    assert (found.first, found.end, found.is_open, found.known_end) == (2, 4, True, 4)


def test_days_are_read_like_slots_by_each_meters_own_limit() -> None:
    kwh = np.array([[1.0, 6.0, 6.0, 1.0], [1.0, 6.0, 6.0, 1.0]])
    trigger = np.array([[5.0], [7.0]])
    assert spans(day_stretches(by_days(kwh), kwh, trigger=trigger, restore=3.0, delays=Delays())) == [
        (0, 1, 3, False)
    ]


def test_an_episode_of_slots_has_the_times_of_its_slots() -> None:
    stretch = Stretch(row=0, first=1, end=5, is_open=False, known_end=8)
    episode = slot_episode(ABOUT, slots(), REGISTRY, stretch, SAID)
    assert episode.starts_at == BEGIN + timedelta(minutes=15)
    assert episode.ends_at == BEGIN + timedelta(minutes=75)
    assert episode.detected_at == BEGIN + timedelta(minutes=120)
    assert (episode.detector, episode.version, episode.meter, episode.service_point) == (
        "by_hand",
        3,
        "m",
        "P",
    )
    assert (episode.severity, episode.verdict, episode.score) == (Severity.MINOR, Verdict.ABNORMAL, 1.0)
    assert (episode.message, episode.parameters, episode.energy_kwh) == ("episode.by_hand", {"n": 1}, 2.5)


def test_an_open_episode_has_no_end_and_a_rule_may_say_how_bad_it_is() -> None:
    stretch = Stretch(row=0, first=6, end=8, is_open=True, known_end=8)
    said = replace(SAID, severity=Severity.CRITICAL, verdict=Verdict.UNKNOWN, score=0.25)
    episode = slot_episode(ABOUT, slots(), REGISTRY, stretch, said)
    assert episode.ends_at is None
    assert (episode.severity, episode.verdict, episode.score) == (Severity.CRITICAL, Verdict.UNKNOWN, 0.25)


def test_an_id_follows_from_meter_start_and_key_alone() -> None:
    short, long, later = (
        slot_episode(
            ABOUT, slots(), REGISTRY, Stretch(row=0, first=first, end=end, is_open=False, known_end=8), SAID
        )
        for first, end in ((1, 3), (1, 6), (2, 6))
    )
    assert short.id == long.id != later.id
    other = slot_episode(
        ABOUT,
        slots(),
        REGISTRY,
        Stretch(row=0, first=1, end=3, is_open=False, known_end=8),
        replace(SAID, key="B"),
    )
    assert other.id != short.id


def test_an_episode_of_days_has_the_edges_of_local_days() -> None:
    days = with_daily_rows(slots(4 * 96), REGISTRY)
    stretch = Stretch(row=0, first=1, end=3, is_open=False, known_end=4)
    episode = day_episode(ABOUT, days, REGISTRY, stretch, SAID)
    assert episode.starts_at == BEGIN + timedelta(days=1)
    assert episode.ends_at == BEGIN + timedelta(days=3)
    assert episode.detected_at == BEGIN + timedelta(days=4)
    assert day_episode(ABOUT, days, REGISTRY, stretch._replace(is_open=True), SAID).ends_at is None


def test_an_episode_of_records_has_the_times_that_it_is_given() -> None:
    at = [BEGIN + timedelta(hours=n) for n in range(3)]
    episode = record_episode(
        ABOUT, REGISTRY, MeterId("m"), SAID, starts_at=at[0], ends_at=at[1], detected_at=at[2]
    )
    assert [episode.starts_at, episode.ends_at, episode.detected_at] == at
    assert episode.service_point == "P"
