from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from analysis.load.basic_charge import basic_charge, basic_charges
from analysis.load.demand import DemandStatistics, demand_statistics
from pipeline.contracts import BasicCharge, Contract
from pipeline.tariff import BasicTerms
from pipeline.timegrid import slot_grid

TERMS = BasicTerms(capacity_price=Decimal(30), demand_price=Decimal(40), full_use_kwh_per_kva=Decimal(260))
CONTRACT = Contract(service_point="P", capacity_kva=1000.0, basic_charge=BasicCharge.CAPACITY)


def _demand(kw: float) -> DemandStatistics:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    return demand_statistics(np.array([kw / 4, 1.0]), slot_grid(at, at + timedelta(minutes=30), 15), 15, None)


def test_a_low_maximum_is_cheaper_by_contract_demand() -> None:
    # Capacity: 1000 x 30 = 30 000. Maximum 630 kW: 25 200; a contract of 630 / 1.05 = 600 kW: 24 000.
    found = basic_charge(CONTRACT, TERMS, _demand(630.0), 100_000.0)
    assert found is not None
    assert found.saving_yuan == Decimal("6000.00")
    assert found.quantities["best_contract_kw"] == pytest.approx(600.0)
    assert found.quantities["by_demand_yuan"] == 25200.0
    assert (found.quantities["now_yuan"], found.quantities["best_yuan"]) == (30000.0, 24000.0)
    assert "by contract demand costs 24000.00 yuan in place of 30000.00 by capacity" in found.en
    assert "合同最大需量" in found.zh


def test_a_contract_demand_is_not_below_forty_percent_of_the_capacity() -> None:
    # 210 kW / 1.05 = 200 kW, but 400 kW at least: 16 000; the actual demand costs 8 400.
    charges = basic_charges(CONTRACT, TERMS, _demand(210.0), 50_000.0)
    assert charges is not None
    assert charges.by_basis == {
        "capacity": Decimal(30000),
        "demand": Decimal(8400),
        "contract_demand": Decimal(16000),
    }


def test_above_105_percent_of_the_contract_counts_double() -> None:
    # 700 kW on a contract of 600: 600 + 2 x (700 - 630) = 740 kW, 29 600. Best: 700 / 1.05 = 666.67 kW.
    contract = replace(CONTRACT, basic_charge=BasicCharge.DEMAND, contract_demand_kw=600.0)
    charges = basic_charges(contract, TERMS, _demand(700.0), 100_000.0)
    assert charges is not None
    assert (charges.now, charges.now_yuan) == ("contract_demand", Decimal(29600))
    found = basic_charge(contract, TERMS, _demand(700.0), 100_000.0)
    assert found is not None
    assert found.saving_yuan == Decimal("2933.33")  # 29 600 - 26 666.67


def test_much_use_of_the_capacity_makes_demand_cheaper() -> None:
    # 260 kWh/kVA: demand at 0.9 of its price, 36 yuan: 800 kW by the actual demand are 28 800.
    charges = basic_charges(CONTRACT, TERMS, _demand(800.0), 260_000.0)
    assert charges is not None
    assert charges.demand_price == Decimal("36.0")
    assert charges.by_basis["demand"] == Decimal(28800)


def test_who_is_on_the_cheapest_basis_is_left_alone() -> None:
    # Capacity: 30 000. 900 kW by the actual demand: 36 000, by a contract of 857.14 kW: 34 285.71.
    assert basic_charge(CONTRACT, TERMS, _demand(900.0), 100_000.0) is None


def test_who_draws_more_than_the_capacity_is_told_to_apply_for_more() -> None:
    # 560 kW on 400 kVA: by capacity 12 000 yuan in place of 22 400, which 400 kVA do not entitle to.
    contract = replace(CONTRACT, capacity_kva=400.0, basic_charge=BasicCharge.DEMAND)
    found = basic_charge(contract, TERMS, _demand(560.0), 100_000.0)
    assert found is not None
    assert (found.kind, found.saving_yuan) == ("over_capacity", None)
    assert found.quantities == {"maximum_kw": 560.0, "capacity_kva": 400.0}
    assert found.en.startswith("A demand of 560 kW is above the capacity of 400 kVA: apply for more")
    assert "增容" in found.zh


@pytest.mark.parametrize(
    "contract",
    [
        replace(CONTRACT, basic_charge=None),
        replace(CONTRACT, basic_charge=BasicCharge.NONE),
        replace(CONTRACT, capacity_kva=None),
    ],
)
def test_without_a_basic_charge_or_a_capacity_nothing_is_said(contract: Contract) -> None:
    assert basic_charge(contract, TERMS, _demand(630.0), 1.0) is None


def test_without_a_price_or_a_maximum_nothing_is_said() -> None:
    assert basic_charge(CONTRACT, BasicTerms(capacity_price=Decimal(30)), _demand(630.0), 1.0) is None
    assert basic_charge(CONTRACT, TERMS, _demand(np.nan), 1.0) is not None  # the other block is known
    nothing = demand_statistics(np.array([np.nan]), np.array(["2026-03-01"], "datetime64[us]"), 15, None)
    assert basic_charge(CONTRACT, TERMS, nothing, 1.0) is None
