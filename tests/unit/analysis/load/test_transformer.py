from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from analysis.load.blocks import Blocks, demand_blocks
from analysis.load.levels import TransformerLevels, load_levels
from analysis.load.transformer import Loading, TransformerLoading, transformer_loading
from pipeline.timegrid import slot_grid

AT = datetime(2026, 3, 1, tzinfo=UTC)
LEVELS = load_levels().transformer
NAN = np.nan


def _blocks(kw: list[float]) -> Blocks:
    at = slot_grid(AT, AT + timedelta(minutes=15 * len(kw)), 15)
    return demand_blocks(np.array(kw) / 4.0, at, 15)


def _loading(
    active: Blocks, reactive_kvar: np.ndarray | None, kva: float, levels: TransformerLevels
) -> TransformerLoading | None:
    return transformer_loading(active, reactive_kvar, np.full(len(active.kw), kva), levels)


def test_a_capacity_that_changes_loads_each_block_by_its_own() -> None:
    # 90 kW of 200 kVA are 45 %, 60 kW of the 100 kVA left 60 %; where nothing runs nothing is told.
    running = np.array([200.0, 100.0, NAN])
    found = transformer_loading(_blocks([90.0, 60.0, 50.0]), None, running, LEVELS)
    assert found is not None
    assert (found.highest_percent, found.capacity_kva) == (60.0, 100.0)
    assert found.highest_at == AT + timedelta(minutes=15)
    assert found.coverage == pytest.approx(2 / 3)
    assert transformer_loading(_blocks([90.0]), None, np.array([NAN]), LEVELS) is None


def test_apparent_power_loads_a_transformer() -> None:
    # 60 kW and 80 kvar are 100 kVA: 50 % of 200 kVA; 30 kW and 40 kvar are 25 %.
    found = _loading(_blocks([30.0, 60.0]), np.array([40.0, 80.0]), 200.0, LEVELS)
    assert found is not None
    assert found.basis == "apparent"
    assert found.highest_percent == pytest.approx(50.0)
    assert found.highest_at == AT + timedelta(minutes=15)
    assert found.mean_percent == pytest.approx(37.5)
    assert found.loading is Loading.NORMAL


def test_two_hours_above_80_percent_are_heavy_and_less_is_not() -> None:
    long = _loading(_blocks([50.0] + [85.0] * 8 + [50.0]), None, 100.0, LEVELS)
    short = _loading(_blocks([50.0] + [85.0] * 7 + [50.0] + [85.0] * 7), None, 100.0, LEVELS)
    assert long is not None
    assert short is not None
    assert (long.loading, long.heavy_hours, long.heavy_stretches) == (Loading.HEAVY, 2.0, 1)
    assert (short.loading, short.heavy_hours, short.heavy_stretches) == (Loading.NORMAL, 0.0, 0)
    assert long.basis == "active"


def test_a_gap_ends_a_stretch() -> None:
    found = _loading(_blocks([85.0] * 7 + [NAN] + [85.0] * 7), None, 100.0, LEVELS)
    assert found is not None
    assert found.heavy_stretches == 0
    assert found.coverage == pytest.approx(14 / 15)


def test_above_the_capacity_is_over_however_short() -> None:
    found = _loading(_blocks([50.0, 101.0, 50.0]), None, 100.0, LEVELS)
    assert found is not None
    assert (found.loading, found.over_hours) == (Loading.OVER, 0.25)


def test_who_never_reaches_20_percent_is_light() -> None:
    found = _loading(_blocks([5.0, 19.0]), None, 100.0, LEVELS)
    assert found is not None
    assert (found.loading, found.light_hours) == (Loading.LIGHT, 0.5)


def test_what_is_fed_back_loads_too() -> None:
    found = _loading(_blocks([-90.0, 10.0]), None, 100.0, LEVELS)
    assert found is not None
    assert found.highest_percent == pytest.approx(90.0)


def test_reactive_energy_that_is_nowhere_known_is_not_taken_for_none() -> None:
    found = _loading(_blocks([50.0]), np.array([NAN]), 100.0, LEVELS)
    assert found is not None
    assert found.basis == "active"


def test_nothing_known_says_nothing() -> None:
    assert _loading(_blocks([NAN, NAN]), None, 100.0, LEVELS) is None
