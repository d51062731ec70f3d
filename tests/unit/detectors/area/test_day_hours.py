from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from detectors.area.day_hours import DayHours
from pipeline.timegrid import slot_grid

SHANGHAI, ZURICH, KOLKATA = (ZoneInfo(name) for name in ("Asia/Shanghai", "Europe/Zurich", "Asia/Kolkata"))


def test_the_first_slot_of_every_hour_is_taken() -> None:
    grid = slot_grid(datetime(2026, 3, 31, 16, tzinfo=UTC), datetime(2026, 4, 2, 16, tzinfo=UTC), 15)
    hours = DayHours.of(grid, 15, SHANGHAI)
    assert hours.slots.tolist() == [list(range(0, 96, 4)), list(range(96, 192, 4))]
    rows = np.arange(3 * 192, dtype=np.float32).reshape(3, 192)
    by_day = hours.by_day(hours.taken(rows, np.array([0, 2])).astype(np.float32))
    assert by_day.shape == (2, 24, 2)
    assert by_day[1, 3].tolist() == [96 + 12, 2 * 192 + 96 + 12]


def test_a_day_of_25_hours_makes_places_that_others_do_not_have() -> None:
    grid = slot_grid(datetime(2026, 10, 23, 22, tzinfo=UTC), datetime(2026, 10, 26, 23, tzinfo=UTC), 15)
    hours = DayHours.of(grid, 15, ZURICH)
    assert hours.known.tolist() == [24, 25, 24]
    taken = hours.taken(np.ones((1, len(grid)), np.float32), np.array([0]))
    by_day = hours.by_day(taken.astype(np.float32))
    assert np.isnan(by_day[:, 24, 0]).tolist() == [True, False, True]


def test_hours_begin_with_the_local_day_where_that_is_no_whole_hour_away() -> None:
    grid = slot_grid(datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 4, 3, tzinfo=UTC), 15)
    hours = DayHours.of(grid, 15, KOLKATA)
    assert hours.slots[1, :3].tolist() == [74, 78, 82]
    assert hours.known.tolist() == [19, 24, 6]


def test_slots_have_what_their_hour_has() -> None:
    grid = slot_grid(datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 4, 3, tzinfo=UTC), 15)
    hours = DayHours.of(grid, 15, KOLKATA)
    by_hour = np.where(hours.slots >= 0, hours.slots, -1.0)[None]
    of_slots = hours.of_slots(by_hour)[0]
    assert of_slots[:5].tolist() == [0, 0, 0, 0, 4]
    assert of_slots[72:79].tolist() == [72, 72, 74, 74, 74, 74, 78]


def test_slots_of_an_hour_and_more_are_all_taken() -> None:
    grid = slot_grid(datetime(2026, 3, 31, 16, tzinfo=UTC), datetime(2026, 4, 1, 16, tzinfo=UTC), 60)
    assert DayHours.of(grid, 60, SHANGHAI).slots.tolist() == [list(range(24))]
