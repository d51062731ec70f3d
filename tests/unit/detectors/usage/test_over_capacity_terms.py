import pytest

from detectors.usage.over_capacity_terms import capacity_penalty, demand_charge
from pipeline.contracts import BasicCharge, Contract


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
