"""Harmonic currents: scaling and sharing, summation, and the voltage they make (GB/T 14549-1993)."""

from datetime import date

import pytest

from analysis.harmonic_currents import resonance_order, shared_limit, sum_of_two, voltage_content_percent
from analysis.harmonic_limits import InjectionLimits, injection_limits


@pytest.fixture
def limits() -> InjectionLimits:
    found = injection_limits(10.0, date(2026, 10, 1))
    assert found is not None
    return found


@pytest.mark.parametrize(("order", "amperes"), [(5, 12.599210), (3, 11.343125), (2, 26.0)])
def test_a_users_share_at_200_mva_with_5_of_20_mva_agreed(
    limits: InjectionLimits, order: int, amperes: float
) -> None:
    """Case T19."""
    found = shared_limit(limits, order, short_circuit_mva=200.0, agreed_mva=5.0, equipment_mva=20.0)
    assert found.limit_a == pytest.approx(amperes, rel=1e-6)
    assert found.power_factor == 2.0
    assert found.table_a * found.power_factor * found.share == pytest.approx(found.limit_a)


def test_the_formula_shows_every_number(limits: InjectionLimits) -> None:
    found = shared_limit(limits, 5, short_circuit_mva=200.0, agreed_mva=5.0, equipment_mva=20.0)
    assert found.formula == "I_5 = 20 A × 200 MVA / 100 MVA × (5 MVA / 20 MVA)^(1/1.2) = 12.5992 A"


def test_at_the_base_power_a_sole_user_has_the_whole_table(limits: InjectionLimits) -> None:
    for order, amperes in limits.amperes.items():
        found = shared_limit(limits, order, short_circuit_mva=100.0, agreed_mva=20.0, equipment_mva=20.0)
        assert found.limit_a == amperes


@pytest.mark.parametrize(
    ("order", "amperes"),
    [(3, 19.0263), (5, 18.1108), (7, 16.4924), (11, 14.7648), (13, 14.4222), (2, 14.1421), (9, 14.1421)],
)
def test_two_sources_of_10_a_and_unknown_angle(order: int, amperes: float) -> None:
    """Case T20."""
    assert sum_of_two(10.0, 10.0, order) == pytest.approx(amperes, abs=5e-5)


@pytest.mark.parametrize(("angle", "amperes"), [(0.0, 7.0), (90.0, 5.0), (180.0, 1.0), (-90.0, 5.0)])
def test_two_sources_of_known_angle_add_as_phasors(angle: float, amperes: float) -> None:
    assert sum_of_two(3.0, 4.0, 5, angle) == pytest.approx(amperes)
    assert sum_of_two(4.0, 3.0, 5, angle) == pytest.approx(amperes)


def test_equal_and_opposite_sources_cancel() -> None:
    assert sum_of_two(3.3, 3.3, 5, 180.0) == pytest.approx(0.0, abs=1e-6)


def test_20_a_of_order_5_in_100_mva_at_10_kv_make_1_732_percent() -> None:
    found = voltage_content_percent(20.0, 5, nominal_kv=10.0, short_circuit_mva=100.0)
    assert found == pytest.approx(1.7320508, rel=1e-6)


def test_a_capacitor_of_4_mvar_resonates_with_100_mva_at_order_5() -> None:
    assert resonance_order(100.0, 4.0) == 5.0
