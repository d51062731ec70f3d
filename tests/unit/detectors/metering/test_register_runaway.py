from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from detectors.engine import run
from pipeline.archive_records import Threshold
from pipeline.block import MeterMatrix
from pipeline.contracts import Contract
from pipeline.model import MeterId
from pipeline.registry import Installation, Meter, Ratio, Registry, Wiring
from tests.fix_planted import FAULT, POINT, START, planted
from tests.fix_windows import grid, window
from tests.planted_registers import CAPACITY_KVA, with_thresholds

BEGIN = datetime(2026, 1, 1, 16, tzinfo=UTC)
NAME = "register_runaway"
M = MeterId("m")


def _slots(kwh: list[float], kw: list[float]) -> MeterMatrix:
    return window(grid(BEGIN, len(kwh) / 96), {"m": kwh}, power_kw={"m": kw})


def _registry(
    wiring: Wiring = Wiring.ONE_PHASE, rated_v: float = 220.0, capacity: float | None = None
) -> Registry:
    return Registry(
        meters=[
            Meter(id=M, wiring=wiring, rated_voltage_v=rated_v, nominal_voltage_v=rated_v, max_current_a=60.0)
        ],
        installations=[Installation(meter=M, service_point="P")],
        contracts=[Contract(service_point="P", capacity_kva=capacity)],
    )


@pytest.mark.parametrize("wiring", list(Wiring))
def test_a_register_that_counts_twenty_times_its_power_is_found(wiring: Wiring) -> None:
    case = planted("runaway_register", wiring=wiring)
    (episode,) = case.found(NAME)
    assert (episode.starts_at, episode.ends_at) == (FAULT.starts_at, FAULT.ends_at)
    assert case.truth.energy_kwh is not None
    assert episode.energy_kwh == pytest.approx(-case.truth.energy_kwh, rel=0.02)
    assert episode.evidence["ratio"] == pytest.approx(20.0, rel=0.02)


def test_an_honest_meter_and_one_within_its_class_are_innocent() -> None:
    assert planted("runaway_register", {"factor": 1.02}).found(NAME) == []
    assert planted(None).found(NAME) == []
    assert planted(None, wiring=Wiring.ONE_PHASE, shape="home", peak_kw=4.0, ct=1.0).found(NAME) == []


def test_the_numbers_by_hand() -> None:
    # Four slots at 1 kW make 1 kWh; 2.6 kWh a slot are more than ten times 0.25 kWh, 2.5 are not.
    runaway = _slots([0.25] * 8 + [2.6] * 4 + [0.25] * 8, [1.0] * 20)
    (episode,) = run(runaway, _registry(), only=[NAME])
    assert (episode.starts_at, episode.ends_at) == (BEGIN + timedelta(hours=2), BEGIN + timedelta(hours=3))
    assert episode.parameters["counted_kwh"] == pytest.approx(10.4)
    assert episode.parameters["power_kwh"] == pytest.approx(1.0)
    assert episode.energy_kwh == pytest.approx(9.4)
    assert run(_slots([0.25] * 8 + [2.5] * 4 + [0.25] * 8, [1.0] * 20), _registry(), only=[NAME]) == []


def test_one_slot_alone_and_a_kettle_between_two_readings_are_innocent() -> None:
    assert run(_slots([0.25] * 8 + [5.0] + [0.25] * 8, [1.0] * 17), _registry(), only=[NAME]) == []
    kwh, kw = [0.02] * 8 + [0.3, 0.3, 0.3] + [0.02] * 8, [2.5] + [0.02] * 18
    assert run(_slots(kwh, kw), _registry(), only=[NAME]) == []


def test_less_than_a_tenth_of_a_kilowatt_hour_is_ignored() -> None:
    assert run(_slots([0.09] * 20, [0.0] * 20), _registry(), only=[NAME]) == []
    assert len(run(_slots([0.11] * 20, [0.0] * 20), _registry(), only=[NAME])) == 1


def test_a_ratio_filed_too_high_is_found_against_the_contracts_capacity() -> None:
    case = planted("wrong_ct")
    (episode,) = case.found(NAME)
    # The day on which the archive changes the ratio is not judged, and on the last one too little is counted.
    assert episode.starts_at == START + timedelta(days=9)
    assert episode.ends_at == START + timedelta(days=11)
    assert episode.message == "episode.register_runaway_capacity"
    assert episode.parameters["limit_kwh"] == pytest.approx(1.2 * 24 * CAPACITY_KVA)
    assert planted("wrong_ct", {"ct": 60.0}).found(NAME) == []


@pytest.mark.parametrize(
    ("wiring", "rated_v", "most_kwh"),
    [
        (Wiring.ONE_PHASE, 220.0, 1.2 * 24 * 0.22 * 60),
        (Wiring.THREE_PHASE_FOUR_WIRE, 220.0, 1.2 * 24 * 3 * 0.22 * 60),
        (Wiring.THREE_PHASE_FOUR_WIRE, 57.7, 1.2 * 24 * 3 * 0.0577 * 60),
        (Wiring.THREE_PHASE_THREE_WIRE, 100.0, 1.2 * 24 * 3**0.5 * 0.1 * 60),
    ],
)
def test_no_meter_counts_more_in_a_day_than_its_rating_allows(
    wiring: Wiring, rated_v: float, most_kwh: float
) -> None:
    def found(share: float) -> int:
        kwh = share * most_kwh / 96
        return len(run(_slots([kwh] * 288, [4 * kwh] * 288), _registry(wiring, rated_v), only=[NAME]))

    assert (found(1.01), found(0.99)) == (1, 0)


def test_a_meter_without_a_filed_rating_is_not_taken_for_one_of_sixty_amperes() -> None:
    # 60 A at 220 V make 0.22 x 60 x 24 x 1.2 = 380.16 kWh a day; this one counts 576.
    busy = _slots([6.0] * 96, [24.0] * 96)
    (filed,) = run(busy, _registry(), only=[NAME])
    assert (filed.message, filed.parameters["limit_kwh"]) == ("episode.register_runaway_rating", 380.2)
    bare = replace(_registry(), meters=[replace(_registry().meters[0], max_current_a=None)])
    assert run(busy, bare, only=[NAME]) == []


def test_a_filed_capacity_alone_bounds_a_meter_without_a_rating() -> None:
    bare = replace(_registry(capacity=30.0), meters=[replace(_registry().meters[0], max_current_a=None)])
    kwh = [10.0] * 96
    (episode,) = run(_slots(kwh, [4 * k for k in kwh]), bare, only=[NAME])
    assert episode.message == "episode.register_runaway_capacity"


def test_the_contracts_capacity_bounds_a_day() -> None:
    kwh = [1.21 * 10 / 4] * 288
    (episode,) = run(_slots(kwh, [4 * k for k in kwh]), _registry(capacity=10.0), only=[NAME])
    assert episode.parameters["days"] == 3
    assert episode.energy_kwh == pytest.approx(3 * 0.01 * 24 * 10)


def test_a_ratio_that_changes_in_the_window_is_innocent_in_itself() -> None:
    at = BEGIN + timedelta(days=1, hours=5)
    registry = replace(_registry(), ratios=[Ratio(meter=M), Ratio(meter=M, ct=20.0, starts_at=at)])
    kwh = [0.25] * 116 + [5.0] * 172
    case = replace(_slots(kwh, [4 * k for k in kwh]), step_kwh=np.array([0.2]))
    assert run(case, registry, only=[NAME]) == []


def test_estimated_energy_and_missing_power_open_nothing() -> None:
    case = planted("runaway_register")
    estimated = replace(case.window, quality=np.full_like(case.window.quality, "E"))
    assert replace(case, window=estimated).found(NAME) == []
    blind = replace(case.window, power_kw=np.full_like(case.window.power_kw, np.nan), values={})
    assert replace(case, window=blind).found(NAME) == []


def test_it_takes_its_numbers_from_the_archive() -> None:
    case = planted("runaway_register")

    def found(parameter: str, value: float) -> int:
        entry = Threshold(detector=NAME, parameter=parameter, value=value, service_point=POINT)
        return len(case.found(NAME, with_thresholds(case.registry, entry)))

    assert (found("trigger_ratio", 15.0), found("trigger_ratio", 21.0)) == (1, 0)
    assert found("trigger_slots", 300.0) == 0
    wrong = planted("wrong_ct")
    looser = Threshold(detector=NAME, parameter="day_factor", value=4.0, service_point=POINT)
    assert wrong.found(NAME, with_thresholds(wrong.registry, looser)) == []


@pytest.mark.parametrize(("later_kva", "found"), [(400.0, 0), (None, 0), (100.0, 1)])
def test_a_day_is_held_against_the_capacity_that_was_agreed_on_it(
    later_kva: float | None, found: int
) -> None:
    """200 kW make 4 800 kWh a day; 1.2 times 100 kVA are 2 880 kWh, 1.2 times 400 kVA are 11 520 kWh."""
    kwh, at = np.full(8 * 96, 200.0 / 4.0), BEGIN + timedelta(days=4)
    kwh[: 4 * 96] = 50.0 / 4.0
    registry = replace(
        _registry(),
        meters=[Meter(id=M)],
        contracts=[
            Contract(service_point="P", capacity_kva=100.0, ends_at=at),
            Contract(service_point="P", capacity_kva=later_kva, starts_at=at),
        ],
    )
    assert len(run(_slots(list(kwh), [np.nan] * len(kwh)), registry, only=[NAME])) == found


def test_a_meter_that_was_moved_is_held_against_the_capacity_of_each_place() -> None:
    kwh, at = np.full(8 * 96, 200.0 / 4.0), BEGIN + timedelta(days=4, hours=3)
    kwh[: 4 * 96] = 50.0 / 4.0
    placed = [
        Installation(meter=M, service_point="P", ends_at=at),
        Installation(meter=M, service_point="Q", starts_at=at + timedelta(hours=2)),
    ]
    small, large = (
        Contract(service_point="P", capacity_kva=100.0),
        Contract(service_point="Q", capacity_kva=400.0),
    )
    registry = replace(_registry(), meters=[Meter(id=M)], installations=placed, contracts=[small, large])
    case = _slots(list(kwh), [np.nan] * len(kwh))
    assert run(case, registry, only=[NAME]) == []
    swapped = replace(
        registry, contracts=[replace(small, capacity_kva=400.0), replace(large, capacity_kva=100.0)]
    )
    (episode,) = run(case, swapped, only=[NAME])
    assert episode.starts_at == BEGIN + timedelta(days=5)
    assert episode.parameters["limit_kwh"] == 2880.0


def test_a_meter_that_shows_primary_values_is_held_against_what_it_can_measure_there() -> None:
    """4 000 kW at sqrt(3) x 10 kV x 240 A = 4 157 kVA pass it: 96 000 kWh a day, whenever it was fitted."""
    fitted = BEGIN + timedelta(hours=10)
    registry = Registry(
        meters=[
            Meter(
                id=M,
                wiring=Wiring.THREE_PHASE_THREE_WIRE,
                rated_voltage_v=100.0,
                nominal_voltage_v=100.0,
                max_current_a=6.0,
            )
        ],
        installations=[Installation(meter=M, service_point="P", starts_at=fitted)],
        ratios=[Ratio(meter=M, ct=40.0, pt=100.0, starts_at=fitted)],
    )
    assert run(_slots([1_000.0] * 480, [np.nan] * 480), registry, only=[NAME]) == []
