from datetime import UTC, datetime

import numpy as np
import pytest

from analysis.load.blocks import Peak, demand_blocks, sliding_demand
from pipeline.errors import DataError
from pipeline.timegrid import slot_grid

NAN = np.nan
AT = datetime(2026, 3, 1, tzinfo=UTC)


def _slots(count: int, minutes: int) -> np.ndarray:
    return slot_grid(AT, datetime(2026, 3, 2, tzinfo=UTC), minutes)[:count]


def test_three_slots_of_five_minutes_make_a_block() -> None:
    # 1 + 2 + 3 = 6 kWh in a quarter of an hour: 24 kW. The next block lacks a slot.
    blocks = demand_blocks(np.array([1.0, 2, 3, 4, NAN, 6]), _slots(6, 5), 5)
    assert blocks.minutes == 15
    assert blocks.kw[0] == 24.0
    assert np.isnan(blocks.kw[1])
    assert blocks.coverage == 0.5
    assert blocks.highest == Peak(kw=24.0, at=AT)


def test_a_sliding_window_finds_the_demand_that_two_blocks_share() -> None:
    # Blocks: 0+0+3 = 3 kWh (12 kW) and 3+3+0 = 6 kWh (24 kW). From 00:10 on: 3+3+3 = 9 kWh, 36 kW.
    kwh = np.array([0.0, 0, 3, 3, 3, 0])
    assert demand_blocks(kwh, _slots(6, 5), 5).highest == Peak(kw=24.0, at=AT.replace(minute=15))
    sliding = sliding_demand(kwh, _slots(6, 5), 5)
    assert sliding is not None
    assert sliding.kw.tolist() == [12.0, 24.0, 36.0, 24.0]
    assert sliding.highest == Peak(kw=36.0, at=AT.replace(minute=10))


def test_a_window_with_a_missing_slot_is_missing() -> None:
    sliding = sliding_demand(np.array([1.0, NAN, 1, 1, 1]), _slots(5, 5), 5)
    assert sliding is not None
    assert np.isnan(sliding.kw).tolist() == [True, True, False]
    assert sliding.coverage == pytest.approx(1 / 3)


def test_slots_of_a_quarter_of_an_hour_do_not_slide() -> None:
    assert sliding_demand(np.ones(8), _slots(8, 15), 15) is None


def test_too_few_slots_make_neither_block_nor_window() -> None:
    assert sliding_demand(np.ones(2), _slots(2, 5), 5) is None
    blocks = demand_blocks(np.ones(2), _slots(2, 5), 5)
    assert (blocks.coverage, blocks.highest, blocks.lowest) == (0.0, None, None)


def test_of_equal_extremes_the_first_counts_and_hours_stay_hours() -> None:
    blocks = demand_blocks(np.array([NAN, 7.0, 3.0, 7.0, 3.0]), _slots(5, 60), 60)
    assert blocks.minutes == 60
    assert blocks.highest == Peak(kw=7.0, at=AT.replace(hour=1))
    assert blocks.lowest == Peak(kw=3.0, at=AT.replace(hour=2))


def test_nothing_known_has_no_extremes() -> None:
    blocks = demand_blocks(np.full(4, NAN), _slots(4, 15), 15)
    assert blocks.highest is None
    assert blocks.lowest is None


def test_slots_of_ten_minutes_are_refused() -> None:
    with pytest.raises(DataError, match="10 min do not fill blocks of 15"):
        demand_blocks(np.ones(6), _slots(6, 10), 10)


def test_a_peak_tells_whether_it_was_measured() -> None:
    kwh = np.array([1.0, 1, 1, 5, 5, 5, 2, 2, 2])
    for letters, quality in (("AAAEEEAAA", "E"), ("AAAAEAAAA", "V"), ("EEEAAAEEE", "A")):
        found = demand_blocks(kwh, _slots(9, 5), 5, np.array(list(letters)))
        assert found.highest == Peak(kw=60.0, at=AT.replace(minute=15), quality=quality)
        slid = sliding_demand(kwh, _slots(9, 5), 5, np.array(list(letters)))
        assert slid is not None
        assert slid.highest == found.highest
