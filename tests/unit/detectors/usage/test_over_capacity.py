from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from detectors.engine import run
from pipeline.archive_records import Threshold
from pipeline.contracts import BasicCharge, Contract
from pipeline.model import Episode, MeterId, Severity
from pipeline.quantities import Quantity
from pipeline.registry import Area, Installation, Meter, Registry, Role, ServicePoint
from tests.day_windows import UTC as UTC_ZONE
from tests.day_windows import by_slots
from tests.fix_planted import FAULT, POINT, planted
from tests.learnt_cases import with_contract

NAME = "over_capacity"
FIRST = datetime(2024, 6, 3, tzinfo=UTC)


def _registry(*contracts: Contract, meters: int = 1, roles: tuple[Role, ...] = (Role.MAIN,)) -> Registry:
    names = [MeterId(f"M{number}") for number in range(meters)]
    return Registry(
        meters=[Meter(id=name) for name in names],
        installations=[
            Installation(meter=name, service_point="P", role=role)
            for name, role in zip(names, roles, strict=True)
        ],
        service_points=[ServicePoint(id="P", area="A")],
        areas=[Area(id="A", zone=UTC_ZONE)],
        contracts=contracts,
    )


CAPACITY = Contract(service_point="P", capacity_kva=100.0, basic_charge=BasicCharge.NONE)
DEMAND = Contract(service_point="P", contract_demand_kw=100.0, basic_charge=BasicCharge.DEMAND)


def _kw(kw: float, days: int = 10, meters: int = 1) -> np.ndarray:
    return np.full((meters, days * 96), kw / 4.0)


def _found(kwh: np.ndarray, registry: Registry, kvar: float | None = None) -> list[Episode]:
    window = by_slots(kwh)
    if kvar is not None:
        window = replace(window, import_kvarh=np.full(kwh.shape, kvar / 4.0))
    return run(window, registry, only=[NAME])


def test_an_overload_is_found_with_its_peak_and_its_days() -> None:
    contract = Contract(service_point=POINT, capacity_kva=62.0)
    case = with_contract(planted("overload"), contract)
    (episode,) = run(case.window, case.registry, only=[NAME])
    assert FAULT.starts_at <= episode.starts_at <= FAULT.starts_at + timedelta(hours=2)
    assert episode.ends_at == FAULT.ends_at
    assert float(episode.parameters["peak_kva"]) > 1.2 * 62
    assert case.truth.max_kw == pytest.approx(float(episode.parameters["peak_kva"]) * 0.9, rel=0.03)
    assert len(np.array(episode.evidence["top"])) == 10
    honest = with_contract(planted(None), contract)
    assert run(honest.window, honest.registry, only=[NAME]) == []


def test_apparent_power_counts_and_the_excess_is_the_penalty_s_basis() -> None:
    # 90 kW and 96 kvar are 131.6 kVA: 31.6 above 100.
    kwh = _kw(90.0)
    window = replace(by_slots(kwh), import_kvarh=np.full(kwh.shape, 1.0))
    kvarh = window.import_kvarh
    assert kvarh is not None
    kvarh[0, 300:308] = 24.0
    (episode,) = run(window, _registry(CAPACITY), only=[NAME])
    assert episode.starts_at == FIRST + timedelta(minutes=15 * 300)
    assert episode.ends_at == FIRST + timedelta(minutes=15 * 308)
    assert episode.parameters["peak_kva"] == 131.6
    assert episode.parameters["hours"] == 2.0
    penalty = episode.evidence["penalty"]
    assert isinstance(penalty, dict)
    assert penalty["excess_kva"] == pytest.approx(np.hypot(90, 96) - 100, abs=0.001)
    assert "50 yuan" in str(penalty["basis"])


def test_one_slot_and_what_is_below_the_trigger_are_innocent() -> None:
    kwh = _kw(90.0)
    kwh[0, 300] = 40.0
    kwh[0, 400:500] = 119.0 / 4.0
    assert _found(kwh, _registry(CAPACITY)) == []


def test_active_power_alone_can_prove_it() -> None:
    kwh = _kw(50.0)
    kwh[0, 300:310] = 130.0 / 4.0
    (episode,) = _found(kwh, _registry(CAPACITY))
    assert episode.evidence["reactive_power_known"] is False


def test_all_meters_of_a_point_count_together_and_those_to_subtract_less() -> None:
    kwh = _kw(80.0, meters=2)
    both = _registry(CAPACITY, meters=2, roles=(Role.MAIN, Role.MAIN))
    less = _registry(CAPACITY, meters=2, roles=(Role.MAIN, Role.SUBTRACT))
    assert len(_found(kwh, both)) == 1
    assert _found(kwh, less) == []


def test_each_contract_judges_its_own_time() -> None:
    kwh = _kw(130.0)
    later = FIRST + timedelta(days=4)
    contracts = (replace(CAPACITY, ends_at=later), replace(CAPACITY, capacity_kva=200.0, starts_at=later))
    (episode,) = _found(kwh, _registry(*contracts))
    assert (episode.starts_at, episode.detected_at) == (FIRST, later)


def test_estimated_slots_and_no_contract_say_nothing() -> None:
    kwh = _kw(150.0)
    window = by_slots(kwh)
    estimated = replace(window, quality=np.full_like(window.quality, "E"), daily=None)
    assert run(estimated, _registry(CAPACITY), only=[NAME]) == []
    assert _found(kwh, _registry()) == []
    assert _found(kwh, _registry(Contract(service_point="P"))) == []


def test_the_highest_demand_of_each_month_counts() -> None:
    kwh = _kw(90.0, days=40)
    kwh[0, 500:504] = 112.0 / 4.0
    kwh[0, 29 * 96 : 29 * 96 + 2] = 106.0 / 4.0
    june, july = _found(kwh, _registry(DEMAND))
    assert (june.message, june.parameters["month"]) == ("episode.over_demand", "2024-06")
    assert june.parameters["hours"] == 1.0
    charge = june.evidence["charge"]
    assert isinstance(charge, dict)
    assert charge["charged_double_kw"] == pytest.approx(7.0)
    assert july.parameters["month"] == "2024-07"
    assert july.starts_at == FIRST + timedelta(days=29)


def _peaks(days: int, every: int, kw: float = 120.0) -> np.ndarray:
    """Eighty kW, and a peak on each ``every``-th day."""
    kwh = _kw(80.0, days=days)
    for day in range(0, days - 2, every):
        kwh[0, day * 96 + 40 : day * 96 + 44] = kw / 4.0
    return kwh


def test_a_month_that_heads_for_more_is_forecast_and_its_innocent_twin_is_left_in_peace() -> None:
    # Peaks of 120 kW come every third day since June; early August has not seen one yet.
    kwh = _peaks(60, 3)
    found = _found(kwh, _registry(DEMAND))
    (projection,) = [e for e in found if e.message == "episode.demand_projection"]
    assert projection.severity is Severity.INFO
    assert (projection.parameters["month"], projection.parameters["so_far_kw"]) == ("2024-08", 80.0)
    assert projection.parameters["demand_kw"] == pytest.approx(120.0, rel=0.1)
    assert projection.starts_at == datetime(2024, 8, 1, tzinfo=UTC)
    # August has 31 days and one of them is over.
    assert projection.evidence["days_left"] == 30.0
    # The same plant keeps below 105 kW: at most that is charged once.
    twin = _peaks(60, 3, kw=104.0)
    assert _found(twin, _registry(replace(DEMAND, contract_demand_kw=115.0))) == []


def test_a_new_contract_is_judged_by_what_the_customer_drew_under_the_old_one() -> None:
    begins = datetime(2024, 8, 1, tzinfo=UTC)
    old = replace(DEMAND, contract_demand_kw=200.0, ends_at=begins)
    new = replace(DEMAND, starts_at=begins)
    found = _found(_peaks(60, 3), _registry(old, new))
    assert [e.message for e in found] == ["episode.demand_projection"]
    assert found[0].parameters["contract_kw"] == 100.0


def test_a_month_that_is_over_is_not_forecast() -> None:
    # The window ends with July.
    kwh = _peaks(59, 3)
    kwh[0, 28 * 96 :] = 80.0 / 4.0
    assert {e.parameters["month"] for e in _found(kwh, _registry(DEMAND))} == {"2024-06"}


def test_a_forecast_needs_four_weeks_of_measured_days() -> None:
    kwh = _peaks(33, 3)
    kwh[0, 27 * 96 :] = 80.0 / 4.0
    messages = [e.message for e in _found(kwh, _registry(DEMAND))]
    assert messages == ["episode.over_demand", "episode.demand_projection"]
    window = by_slots(kwh)
    quality = window.quality.copy()
    quality[0, 11 * 96 : 29 * 96] = "E"
    messages = [
        e.message for e in run(replace(window, quality=quality, daily=None), _registry(DEMAND), only=[NAME])
    ]
    assert messages == ["episode.over_demand"]


def test_a_number_holds_from_its_date_to_its_date() -> None:
    kwh = _kw(40.0)
    kwh[0, 2 * 96 + 32 : 2 * 96 + 48] = kwh[0, 7 * 96 + 32 : 7 * 96 + 48] = 130.0 / 4.0
    lax = Threshold(detector=NAME, parameter="trigger", value=1.5, service_point="P")
    change = FIRST + timedelta(days=5)

    def days(*entries: Threshold) -> list[int]:
        found = _found(kwh, replace(_registry(CAPACITY), thresholds=entries))
        return [(episode.starts_at - FIRST).days for episode in found]

    assert days() == [2, 7]
    assert days(replace(lax, starts_at=change)) == [2]
    assert days(replace(lax, ends_at=change)) == [7]
    assert days(lax) == []


def test_the_share_of_the_demand_holds_from_its_date_on() -> None:
    kwh = _kw(40.0)
    kwh[0, 2 * 96 + 32 : 2 * 96 + 48] = kwh[0, 7 * 96 + 32 : 7 * 96 + 48] = 130.0 / 4.0
    change = FIRST + timedelta(days=5)
    lax = Threshold(detector=NAME, parameter="demand", value=1.4, starts_at=change)
    (episode,) = _found(kwh, replace(_registry(DEMAND), thresholds=[lax]))
    assert episode.message == "episode.over_demand"
    assert (episode.ends_at, episode.parameters["hours"]) == (FIRST + timedelta(days=2, hours=12), 4.0)


def test_reactive_power_is_multiplied_by_the_ratio_of_its_own_slot() -> None:
    """100 kW and 30 kvar are 104.4 kVA all the time, whatever transformers stand before the meter."""
    kwh = _kw(100.0)
    ratio = np.where(np.arange(kwh.shape[1]) < 480, 40.0, 400.0)[None]
    values = {Quantity.REACTIVE_POWER: (30.0 / ratio).astype(np.float32)}
    window = replace(by_slots(kwh), values=values, step_kwh=np.array([4.0]), ratios=ratio)
    assert run(window, _registry(replace(CAPACITY, capacity_kva=160.0)), only=[NAME]) == []
    (episode,) = run(window, _registry(replace(CAPACITY, capacity_kva=80.0)), only=[NAME])
    assert episode.parameters["peak_kva"] == 104.4
