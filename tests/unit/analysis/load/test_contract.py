from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from analysis.load.contract import ContractMargin, ContractStretch, tightest_margin
from analysis.load.demand import RegisterReadings
from analysis.load.levels import load_levels
from pipeline.block import Times
from pipeline.contracts import BasicCharge, Contract
from pipeline.timegrid import slot_grid, to_numpy

AT = datetime(2026, 3, 1, tzinfo=UTC)
HALF, END = AT + timedelta(minutes=30), AT + timedelta(hours=1)
LEVELS = load_levels().contract_demand
KWH = np.array([10.0, 20.0, 30.0, 25.0])
BY_DEMAND = Contract(service_point="P", basic_charge=BasicCharge.DEMAND)


def _at() -> Times:
    return slot_grid(AT, END, 15)


def _stretch(
    kw: float | None, starts_at: datetime = AT, ends_at: datetime = END, contract: Contract = BY_DEMAND
) -> ContractStretch:
    contract = replace(contract, contract_demand_kw=kw)
    return ContractStretch(starts_at=starts_at, ends_at=ends_at, contract=contract)


def _margin(
    *stretches: ContractStretch, kwh: np.ndarray = KWH, register: RegisterReadings | None = None
) -> ContractMargin | None:
    return tightest_margin(
        kwh, _at(), 15, quality=np.full(4, "E"), register=register, stretches=stretches, levels=LEVELS
    )


def test_what_is_left_of_a_contract_demand() -> None:
    # 120 kW of 150 kW: 30 kW are left. Of 100 kW: 20 kW too much, of which 15 kW lie above 105 %.
    wide, tight = _margin(_stretch(150.0)), _margin(_stretch(100.0))
    assert wide is not None
    assert tight is not None
    assert (wide.margin_kw, wide.used_percent, wide.double_kw) == (30.0, 80.0, 0.0)
    assert (tight.margin_kw, tight.used_percent) == (-20.0, 120.0)
    assert tight.double_kw == pytest.approx(15.0)
    assert (tight.basis, tight.maximum_quality) == ("block", "E")
    assert tight.coverage == 1.0


def test_a_register_read_too_early_hides_no_excess() -> None:
    register = RegisterReadings(
        kw=np.array([80.0]),
        at=np.array([to_numpy(AT + timedelta(minutes=15))]),
        taken_at=np.array([to_numpy(HALF)]),
    )
    found = _margin(_stretch(100.0), register=register)
    assert found is not None
    assert (found.basis, found.used_percent) == ("block", 120.0)
    assert found.double_kw == pytest.approx(15.0)


@pytest.mark.parametrize(
    ("basis", "double_kw"), [(BasicCharge.CAPACITY, 0.0), (BasicCharge.NONE, 0.0), (None, None)]
)
def test_only_who_pays_by_demand_pays_double(basis: BasicCharge | None, double_kw: float | None) -> None:
    found = _margin(_stretch(100.0, contract=replace(BY_DEMAND, basic_charge=basis)))
    assert found is not None
    assert (found.used_percent, found.double_kw) == (120.0, double_kw)


def test_a_peak_is_judged_by_the_contract_of_its_time() -> None:
    # 80 kW in the first half hour on 60 kW: 133 %; then 120 kW on 200 kW: 60 %.
    found = _margin(_stretch(60.0, ends_at=HALF), _stretch(200.0, starts_at=HALF))
    assert found is not None
    assert (found.contract_demand_kw, found.maximum_kw) == (60.0, 80.0)
    assert found.used_percent == pytest.approx(133.3, abs=0.1)
    assert (found.starts_at, found.ends_at) == (AT, HALF)
    # 80 - 1.05 x 60 kW.
    assert found.double_kw == pytest.approx(17.0)


def test_before_a_contract_begins_nothing_counts() -> None:
    found = _margin(_stretch(100.0, starts_at=AT + timedelta(minutes=45)))
    assert found is not None
    assert found.maximum_kw == 100.0


def test_an_unknown_maximum_or_demand_leaves_the_margin_unknown() -> None:
    assert _margin(_stretch(100.0), kwh=KWH * np.nan) is None
    assert _margin(_stretch(None)) is None
    assert _margin() is None
