from dataclasses import replace
from datetime import datetime

import numpy as np

from detectors.metering.vee_checks import (
    day_window,
    installed,
    long_runs,
    of_rows,
    slot_window,
    spikes,
    unbalanced_days,
    unlike_days,
    whole_days,
    without_echo,
)
from pipeline.daily_reduction import daily_rows
from pipeline.model import MeterId
from pipeline.registry import Installation, Registry
from pipeline.timegrid import from_numpy
from pipeline.vee_limits import LIMITS
from tests.fix_windows import SHANGHAI, grid, window

BEGIN = datetime(2026, 1, 1, tzinfo=SHANGHAI)
BOTH = window(grid(BEGIN, 10), {"a": 1.0, "b": 2.0})
DAILY = daily_rows(BOTH, [SHANGHAI, SHANGHAI])
ALL = np.arange(2)


def test_a_row_that_holds_a_long_run_is_never_missed() -> None:
    random = np.random.default_rng(3)
    mask = random.random((200, 300)) < 0.05
    for row in range(0, 200, 2):
        first = int(random.integers(0, 250))
        mask[row, first : first + 50] = True
    assert set(range(0, 200, 2)) <= set(long_runs(mask, 50.0).tolist())
    assert long_runs(mask[:, :10], 50.0).tolist() == []


def test_a_spike_is_judged_in_each_part_and_told_once() -> None:
    kwh = BOTH.import_kwh.copy()
    kwh[0, 500] = 9.0
    seen = slot_window(BOTH, DAILY, kwh, ALL)
    found = list(spikes(seen, LIMITS, 5 * 96))
    assert [(f.meter, f.starts_at, third) for f, third in found] == [("a", BOTH.starts_at[500], 1.0)]
    assert len(list(spikes(seen, LIMITS, 7 * 96))) == 1
    assert list(spikes(seen, LIMITS, 11 * 96)) == []


def test_days_are_judged_by_the_rules_for_days() -> None:
    kwh = whole_days(DAILY)
    assert kwh.tolist() == [[96.0] * 10, [192.0] * 10]
    kwh[1, 8] = 10.0
    seen = day_window(BOTH, DAILY, kwh)
    assert np.argwhere(unlike_days(seen, LIMITS)).tolist() == [[1, 8]]
    register = np.full((2, 10), 96.0)
    register[0, 3] = 100.0
    only = of_rows(seen, np.array([0]))
    assert np.argwhere(unbalanced_days(only, register[:1], LIMITS)).tolist() == [[0, 3]]


def test_a_day_is_no_echo_of_what_came_long_before_or_after_it() -> None:
    low = np.zeros((1, 12), dtype=np.bool_)
    low[0, [2, 8, 11]] = True
    high = np.zeros((1, 12), dtype=np.bool_)
    high[0, [3, 9]] = True
    assert np.flatnonzero(without_echo(low, high, 5)[0]).tolist() == [2]
    assert np.flatnonzero(without_echo(low, high, 4)[0]).tolist() == [2, 8]
    assert np.flatnonzero(without_echo(high, low, 20)[0]).tolist() == []


def test_a_day_that_is_not_wholly_actual_is_unknown() -> None:
    letters = BOTH.quality.copy()
    letters[0, 0] = "E"
    daily = daily_rows(replace(BOTH, quality=letters), [SHANGHAI, SHANGHAI])
    assert np.isnan(whole_days(daily)).tolist() == [[True] + [False] * 9, [False] * 10]


def test_a_meter_is_away_before_and_after_its_stay() -> None:
    edges = [from_numpy(BOTH.starts_at[slot]) for slot in (96, 192)]
    stay = Installation(meter=MeterId("a"), service_point="P", starts_at=edges[0], ends_at=edges[1])
    found = installed(BOTH, Registry(installations=[stay]), ALL)
    assert np.flatnonzero(found[0]).tolist() == list(range(96, 192))
    assert found[1].all()
