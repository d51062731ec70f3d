from decimal import Decimal

import pytest

from detectors.usage.over_capacity_terms import capacity_penalty, demand_charge
from pipeline.contracts import BasicCharge, Contract
from pipeline.tariff import BasicTerms, Tariff


@pytest.mark.parametrize(
    ("charge", "words"),
    [
        (BasicCharge.NONE, "50 yuan per kW"),
        (BasicCharge.CAPACITY, "plus three times that charge"),
        (BasicCharge.DEMAND, "plus three times that charge"),
        (None, "unknown"),
    ],
)
def test_the_basis_follows_the_kind_of_tariff(charge: BasicCharge | None, words: str) -> None:
    basis = capacity_penalty(
        Contract(service_point="P1", capacity_kva=100.0, basic_charge=charge), 30.0, days=3
    )
    assert words in str(basis["basis"])
    assert (basis["excess_kva"], basis["days"]) == (30.0, 3)
    assert bool(basis["wanted_entries"]) == (charge is None)


def test_what_is_above_105_per_cent_is_charged_twice() -> None:
    # 100 kW agreed, 120 kW drawn: 15 kW above 105 kW count once more.
    charge = demand_charge(100.0, 105.0, 120.0)
    assert (charge["charged_double_kw"], charge["charged_kw"]) == (15.0, 135.0)
    assert demand_charge(100.0, 105.0, 80.0)["charged_kw"] == 100.0


def test_the_charge_is_told_in_yuan_where_the_tariff_gives_a_price_of_demand() -> None:
    tariff = Tariff(id="T", basic=BasicTerms(demand_price=Decimal(40), capacity_price=Decimal(25)))
    # 135 kW are charged at 40 yuan, of which 15 kW a second time.
    charge = demand_charge(100.0, 105.0, 120.0, tariff)
    assert (charge["yuan"], charge["double_yuan"], charge["yuan_how"]) == (5400.0, 600.0, "135 × 40")
    assert (charge["tariff"], charge["tariff_confirmed"], charge["basic_price"]) == ("T", False, 40.0)


@pytest.mark.parametrize(
    ("kind", "yuan", "how"),
    [
        # 30 kVA for 3 of 30 days at 25 or 40 yuan: made up, and three times that.
        (BasicCharge.CAPACITY, 300.0, "30.0 × 25 × 3 / 30 × 4"),
        (BasicCharge.DEMAND, 480.0, "30.0 × 40 × 3 / 30 × 4"),
        (BasicCharge.NONE, 1500.0, "30.0 × 50"),
    ],
)
def test_a_penalty_for_capacity_is_told_in_yuan(kind: BasicCharge, yuan: float, how: str) -> None:
    tariff = Tariff(id="T", basic=BasicTerms(demand_price=Decimal(40), capacity_price=Decimal(25)))
    contract = Contract(service_point="P1", capacity_kva=100.0, basic_charge=kind)
    penalty = capacity_penalty(contract, 30.0, 3, tariff)
    assert (penalty["yuan"], penalty["yuan_how"]) == (yuan, how)
    if kind is not BasicCharge.NONE:
        assert "yuan" not in capacity_penalty(contract, 30.0, 3)
