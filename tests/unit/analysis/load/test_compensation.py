from dataclasses import replace
from decimal import Decimal
from math import acos, tan

import numpy as np
import pytest

from analysis.load.advice import Advice
from analysis.load.compensation import Adjusted, compensation
from analysis.load.levels import load_levels
from analysis.load.reactive import span_power_factor
from pipeline.contracts import Contract
from pipeline.load_wants import Want

WANT = Want(key="tariff_at_start", parameters={"tariff": "T"})
LEVELS = load_levels().advice
CONTRACT = Contract(service_point="P", category="large industry", capacity_kva=400.0)


def _advice(
    lagging: float, leading: float, contract: Contract | None = CONTRACT, yuan: int | None = 8000
) -> Advice | None:
    found = span_power_factor(np.array([3000.0]), np.array([lagging]), np.array([leading]), contract)
    assert found is not None
    return compensation(
        found,
        hours=100.0,
        highest_kw=60.0,
        adjusted=Adjusted(yuan=None if yuan is None else Decimal(yuan), wants=WANT if yuan is None else None),
        levels=LEVELS,
    )


def test_the_exact_formula_and_what_the_table_gives() -> None:
    # 3000 kWh and 2250 kvarh: cos phi 0.80, tan phi 0.75; 0.90 has tan phi 0.484322. 30 kW on average:
    # 30 x (0.75 - 0.484322) = 7.9703 kvar; 60 kW: 15.9407 kvar. Table 0.90: +5 % at 0.80, 0 at 0.90:
    # 5 % of 8000 yuan are 400 yuan.
    found = _advice(2250.0, 0.0)
    assert found is not None
    assert found.quantities["mean_kvar"] == pytest.approx(7.97034, abs=1e-4)
    assert found.quantities["highest_kvar"] == pytest.approx(15.94068, abs=1e-4)
    assert found.quantities["target_tan_phi"] == tan(acos(0.9))
    assert (found.quantities["adjustment_percent"], found.quantities["target_adjustment_percent"]) == (
        5.0,
        0.0,
    )
    assert found.saving_yuan == Decimal("400.00")
    assert found.en.startswith("8 kvar of compensation at the mean load (16 kvar at the highest)")
    assert found.en.endswith("it is 0.80: 400.00 yuan less")


def test_without_prices_the_kvar_stand_alone_and_say_what_they_want() -> None:
    found = _advice(2250.0, 0.0, yuan=None)
    assert found is not None
    assert (found.saving_yuan, found.wants) == (None, WANT)
    assert "yuan" not in found.en
    free = _advice(2250.0, 0.0, contract=None)
    assert free is not None
    assert (free.saving_yuan, free.quantities["target"]) == (None, 0.9)


def test_too_much_compensation_is_not_cured_by_more() -> None:
    # 1000 kvarh lagging alone are cos phi 0.95 (-0.75 %); with 2000 leading in 100 h it is 0.71 (+9.5 %).
    found = _advice(1000.0, 2000.0)
    assert found is not None
    assert found.kind == "overcompensation"
    assert (found.quantities["target"], found.quantities["mean_kvar"]) == (0.95, 20.0)
    assert found.saving_yuan == Decimal("820.00")  # 10.25 % of 8000 yuan


def test_what_lags_is_compensated_and_what_leads_goes() -> None:
    # 2400 kvarh lagging and 600 leading with 3000 kWh: cos phi 0.71 (+9.5 %). A bank for the lagging energy
    # leaves 3000 x 0.484322 = 1452.97 kvarh: with 600 leading cos phi is 3000 / sqrt(3000^2 + 2052.97^2) =
    # 0.825, so the 6 kvar that lead go too. The bank: 30 x (0.8 - 0.484322) = 9.4703 kvar, 60 kW: 18.9407.
    found = _advice(2400.0, 600.0)
    assert found is not None
    assert (found.kind, found.quantities["target"]) == ("switched_compensation", 0.9)
    assert found.quantities["mean_kvar"] == pytest.approx(9.47034, abs=1e-4)
    assert found.quantities["highest_kvar"] == pytest.approx(18.94068, abs=1e-4)
    assert found.quantities["leading_kvar"] == 6.0
    assert found.saving_yuan == Decimal("760.00")  # 9.5 % of 8000 yuan
    assert "only if what leads (6 kvar on average) goes too" in found.en


def test_a_trace_that_leads_changes_nothing() -> None:
    # 1452.97 + 10 kvarh: 3000 / sqrt(3000^2 + 1462.97^2) = 0.8988, rounded 0.90.
    found = _advice(2250.0, 10.0)
    assert found is not None
    assert found.kind == "compensation"


def test_a_standard_that_rounding_meets_needs_no_bank() -> None:
    # tan phi 0.486 is above 0.4843, yet 3000 / sqrt(3000^2 + 1458^2) = 0.8994 is rounded to 0.90 by a bill:
    # what leads goes, and no kvar is wanted.
    found = _advice(1458.0, 1000.0)
    assert found is not None
    assert (found.kind, found.quantities["target"]) == ("overcompensation", 0.9)
    assert found.quantities["mean_kvar"] == 10.0


def test_the_standard_filed_with_the_contract_comes_first() -> None:
    # Its class has 0.90; 0.85 is filed: 1900 kvarh are cos phi 0.84 (+0.5 %).
    contract = replace(CONTRACT, power_factor_standard=0.85)
    found = _advice(1900.0, 0.0, contract)
    assert found is not None
    assert found.quantities["target"] == 0.85
    assert found.saving_yuan == Decimal("40.00")


def test_a_power_factor_that_is_met_needs_no_advice() -> None:
    assert _advice(1000.0, 100.0) is None


def test_who_draws_nothing_is_advised_nothing() -> None:
    found = span_power_factor(np.array([0.0]), np.array([10.0]), None, CONTRACT)
    assert found is not None
    adjusted = Adjusted(yuan=None, wants=None)
    assert compensation(found, hours=1.0, highest_kw=0.0, adjusted=adjusted, levels=LEVELS) is None
