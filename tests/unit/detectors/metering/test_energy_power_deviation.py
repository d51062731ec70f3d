from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from detectors.engine import run
from pipeline.archive_records import Threshold
from pipeline.model import MeterId
from pipeline.registry import Area, Installation, Meter, Registry, ServicePoint, Wiring
from simulators.physics.window import Window
from tests.fix_planted import POINT, START, planted
from tests.fix_windows import grid, window
from tests.planted_registers import with_thresholds

NAME = "energy_power_deviation"
WHOLE = Window(starts_at=START + timedelta(days=8), ends_at=START + timedelta(days=11))
M = MeterId("m")
SHANGHAI_MIDNIGHT = datetime(2026, 1, 1, 16, tzinfo=UTC)


def _one_meter(wiring: Wiring = Wiring.ONE_PHASE, rated_v: float = 220.0) -> Registry:
    meter = Meter(id=M, wiring=wiring, rated_voltage_v=rated_v, nominal_voltage_v=rated_v)
    return Registry(meters=[meter])


@pytest.mark.parametrize("wiring", list(Wiring))
def test_a_register_that_counts_too_little_is_found_with_what_it_lost(wiring: Wiring) -> None:
    case = planted("worn_register", wiring=wiring, window=WHOLE)
    (episode,) = case.found(NAME)
    assert (episode.starts_at, episode.ends_at) == (WHOLE.starts_at, WHOLE.ends_at)
    assert episode.energy_kwh == pytest.approx(case.truth.energy_kwh, rel=0.02)
    assert episode.evidence["ratio"] == pytest.approx(0.7, rel=0.01)
    assert episode.message == "episode.energy_power_less"


def test_a_register_that_counts_too_much_is_found_as_well() -> None:
    (episode,) = planted("worn_register", {"factor": 1.4}, window=WHOLE).found(NAME)
    assert episode.message == "episode.energy_power_more"
    assert episode.parameters["percent"] == pytest.approx(40.0, abs=0.5)


def test_a_meter_within_its_class_and_an_honest_one_are_innocent() -> None:
    assert planted("worn_register", {"factor": 0.98}).found(NAME) == []
    assert planted(None).found(NAME) == []
    assert planted(None, wiring=Wiring.ONE_PHASE, shape="home", peak_kw=4.0, ct=1.0).found(NAME) == []


def test_a_stopped_and_a_running_register_are_told_by_their_own_detectors() -> None:
    assert planted("stopped_register", window=WHOLE).found(NAME) == []
    assert planted("runaway_register", window=WHOLE).found(NAME) == []


def _steady(factor: float, kw: float, registry: Registry, days: int = 3) -> int:
    kws = kw * (1.0 + 0.3 * np.sin(np.arange(days * 96)))
    mean = (kws + np.append(kws[1:], np.nan)) / 2
    case = window(grid(SHANGHAI_MIDNIGHT, days), {"m": factor * mean / 4}, power_kw={"m": kws}, step_kwh=0.01)
    return len(run(case, registry, only=[NAME]))


@pytest.mark.parametrize(
    ("wiring", "rated_v", "basic_kw"),
    [
        (Wiring.ONE_PHASE, 220.0, 1.1),
        (Wiring.THREE_PHASE_FOUR_WIRE, 57.7, 0.8655),
        (Wiring.THREE_PHASE_THREE_WIRE, 100.0, 0.866),
    ],
)
def test_only_days_with_a_tenth_of_the_basic_power_are_judged(
    wiring: Wiring, rated_v: float, basic_kw: float
) -> None:
    registry = _one_meter(wiring, rated_v)
    assert _steady(0.7, 0.12 * basic_kw, registry) == 1
    assert _steady(0.7, 0.08 * basic_kw, registry) == 0


def test_the_limits_by_hand() -> None:
    assert [_steady(factor, 5.0, _one_meter()) for factor in (0.79, 0.81, 1.19, 1.21)] == [1, 0, 0, 1]


def test_a_load_that_the_readings_miss_is_not_sure() -> None:
    # Half of the energy of a day comes in eight bursts of which no reading tells.
    kwh = np.full(288, 0.25)
    kwh[::12] = 3.25
    case = window(grid(SHANGHAI_MIDNIGHT, 3), {"m": kwh}, power_kw={"m": np.full(288, 1.0)})
    assert run(case, _one_meter(), only=[NAME]) == []
    unasked = {NAME: {"sure": 0.0}}
    assert len(run(case, _one_meter(), only=[NAME], settings=unasked)) == 1


def test_a_day_known_to_less_than_half_and_estimated_energy_prove_nothing() -> None:
    case = planted("worn_register", window=WHOLE)
    power = case.window.power_kw.copy()
    power.reshape(-1, 96)[:, :50] = np.nan
    sparse = replace(case.window, power_kw=power, values={})
    assert replace(case, window=sparse).found(NAME) == []
    estimated = replace(case.window, quality=np.full_like(case.window.quality, "E"))
    assert replace(case, window=estimated).found(NAME) == []


def test_gaps_leave_the_deviation_as_it_is() -> None:
    case = planted("worn_register", window=WHOLE)
    power = case.window.power_kw.copy()
    power[np.random.default_rng(5).random(power.shape) < 0.1] = np.nan
    (episode,) = replace(case, window=replace(case.window, power_kw=power)).found(NAME)
    assert episode.evidence["ratio"] == pytest.approx(0.7, rel=0.01)


def test_a_ratio_that_changes_within_the_window_stands_on_both_sides() -> None:
    honest = planted(None)
    times = np.ones(honest.window.import_kwh.shape)
    times[:, 500:] = 10.0
    changed = replace(
        honest.window, import_kwh=honest.window.import_kwh * times, power_kw=honest.window.power_kw * times
    )
    assert replace(honest, window=changed).found(NAME) == []


def test_days_of_25_hours_are_whole_days() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    midnight = datetime(2026, 10, 24, tzinfo=berlin)
    slots = 96 + 100 + 96
    kws = np.full(slots, 5.0)
    kwh = np.full(slots, 1.25)
    kwh[96 : 96 + 100] = 0.8
    case = window(grid(midnight.astimezone(UTC), slots / 96), {"m": kwh}, power_kw={"m": kws})
    registry = replace(
        _one_meter(),
        installations=[Installation(meter=M, service_point="P")],
        service_points=[ServicePoint(id="P", area="A")],
        areas=[Area(id="A", zone=berlin)],
    )
    (episode,) = run(case, registry, only=[NAME])
    assert (episode.ends_at or episode.starts_at) - episode.starts_at == timedelta(hours=25)
    assert episode.energy_kwh == pytest.approx(100 * 0.45)


def test_it_takes_its_numbers_from_the_archive() -> None:
    case = planted("worn_register", window=WHOLE)

    def found(parameter: str, value: float) -> int:
        entry = Threshold(detector=NAME, parameter=parameter, value=value, service_point=POINT)
        return len(case.found(NAME, with_thresholds(case.registry, entry)))

    assert (found("trigger_percent", 29.0), found("trigger_percent", 31.0)) == (1, 0)
    assert (found("trigger_days", 3.0), found("trigger_days", 4.0)) == (1, 0)
    assert found("load_percent", 60.0) == 0
