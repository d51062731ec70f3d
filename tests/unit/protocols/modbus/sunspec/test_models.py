"""Values out of a model's registers; known answers from the order of points in the published definitions."""

from __future__ import annotations

import math

import pytest

from pipeline.quantities import Quantity
from protocols.modbus.sunspec.models import catalogue, read_meter, text
from tests.unit.protocols.modbus.sunspec.device import block, words

WYE = {
    "AphA": 50, "AphB": 51, "AphC": 52, "A_SF": -1,
    "PhVphA": 2301, "PhVphB": 2302, "PhVphC": 2303, "PPVphAB": 3985, "V_SF": -1,
    "Hz": 5002, "Hz_SF": -2,
    "W": -345, "WphA": -115, "W_SF": 1, "VA": 360, "VA_SF": 1, "VAR": 100, "VAR_SF": 1,
    "PF": 958, "PFphA": 999, "PF_SF": -1,
    "TotWhExp": 0, "TotWhImp": 123456, "TotWhImpphA": 41000, "TotWh_SF": 1,
    "TotVArhImpQ1": 77, "TotVArhImpQ2": 12, "TotVArhExpQ3": 9, "TotVArhExpQ4": 5, "TotVArh_SF": 2,
}  # fmt: skip


@pytest.mark.parametrize("number", [201, 202, 203, 204, 211, 212, 213, 214])
def test_lengths_are_those_of_the_standard(number: int) -> None:
    model = catalogue().meters[number]
    assert model.length == (105 if number < 210 else 124)
    assert len(block(number, {})) == model.length + 2
    assert model.registers <= model.length + 2 <= 126
    assert model.registers <= 125


def test_a_wye_meter_is_read_with_its_scale_factors() -> None:
    values = read_meter(catalogue().meters[203], block(203, WYE)).values
    assert values == {
        Quantity.CURRENT_A: 5.0,
        Quantity.CURRENT_B: 5.1,
        Quantity.CURRENT_C: 5.2,
        Quantity.VOLTAGE_A: 230.1,
        Quantity.VOLTAGE_B: 230.2,
        Quantity.VOLTAGE_C: 230.3,
        Quantity.VOLTAGE_AB: 398.5,
        Quantity.FREQUENCY: 50.02,
        Quantity.ACTIVE_POWER: -3.45,
        Quantity.ACTIVE_POWER_A: -1.15,
        Quantity.APPARENT_POWER: 3.6,
        Quantity.REACTIVE_POWER: 1.0,
        # 95.8 % and 99.9 %, with the sign of the power
        Quantity.POWER_FACTOR: -0.958,
        Quantity.POWER_FACTOR_A: -0.999,
        Quantity.ACTIVE_ENERGY_EXPORT: 0.0,
        Quantity.ACTIVE_ENERGY_IMPORT: 1234.56,
        Quantity.ACTIVE_ENERGY_IMPORT_A: 410.0,
        Quantity.REACTIVE_ENERGY_IMPORT: 8.9,  # Q1 + Q2
        Quantity.REACTIVE_ENERGY_EXPORT: 1.4,  # Q3 + Q4
        Quantity.REACTIVE_ENERGY_Q1: 7.7,
        Quantity.REACTIVE_ENERGY_Q2: 1.2,
        Quantity.REACTIVE_ENERGY_Q3: 0.9,
        Quantity.REACTIVE_ENERGY_Q4: 0.5,
    }


def test_a_meter_of_floats_needs_no_scale_factors() -> None:
    shown = {"PhVphA": 230.5, "W": -1500.0, "PF": 0.5, "TotWhImp": 2000.0, "TotVArhExpQ4": 250.0, "Hz": 50.0}
    values = read_meter(catalogue().meters[213], block(213, shown)).values
    assert values == {
        Quantity.VOLTAGE_A: 230.5,
        Quantity.ACTIVE_POWER: -1.5,
        Quantity.POWER_FACTOR: -0.5,
        Quantity.ACTIVE_ENERGY_IMPORT: 2.0,
        Quantity.REACTIVE_ENERGY_Q4: 0.25,
        Quantity.FREQUENCY: 50.0,
    }


@pytest.mark.parametrize(
    ("number", "phases"),
    [
        (201, {"voltage_a", "voltage_ab"}),
        (202, {"voltage_a", "voltage_b", "voltage_ab"}),
        (203, {"voltage_a", "voltage_b", "voltage_c", "voltage_ab", "voltage_bc", "voltage_ca"}),
        (204, {"voltage_ab", "voltage_bc", "voltage_ca"}),
    ],
)
def test_a_model_gives_the_voltages_of_its_connection(number: int, phases: set[str]) -> None:
    shown = dict.fromkeys(("PhVphA", "PhVphB", "PhVphC", "PPVphAB", "PPVphBC", "PPVphCA"), 230)
    for model, sf in ((number, {"V_SF": 0}), (number + 10, {})):
        values = read_meter(catalogue().meters[model], block(model, shown | sf)).values
        assert {q.value for q in values if q.value.startswith("voltage")} == phases


def test_what_is_not_available_is_missing_and_not_zero() -> None:
    model = catalogue().meters[203]
    nothing = read_meter(model, block(203, {"TotWh_SF": 0})).values
    # The two total energies are mandatory: nothing has been counted yet.
    assert nothing == {Quantity.ACTIVE_ENERGY_EXPORT: 0.0, Quantity.ACTIVE_ENERGY_IMPORT: 0.0}
    without_scale = read_meter(model, block(203, {"PhVphA": 2300})).values
    assert Quantity.VOLTAGE_A not in without_scale
    assert read_meter(catalogue().meters[213], block(213, {"W": math.inf})).values == {}


def test_an_impossible_scale_factor_is_told_once_and_costs_only_its_own_values() -> None:
    told = read_meter(catalogue().meters[203], block(203, WYE | {"V_SF": 77}))
    assert told.deviations == ("scale factor at offset 15 of model 203 is 77",)
    assert Quantity.VOLTAGE_A not in told.values
    assert told.values[Quantity.CURRENT_A] == 5.0


def test_a_meter_that_counts_export_as_positive_is_turned_round() -> None:
    values = read_meter(catalogue().meters[203], block(203, WYE), reversed_power=True).values
    assert values[Quantity.ACTIVE_POWER] == 3.45
    assert values[Quantity.REACTIVE_POWER] == -1.0
    assert values[Quantity.POWER_FACTOR] == 0.958
    assert values[Quantity.ACTIVE_ENERGY_IMPORT] == 1234.56


@pytest.mark.parametrize(
    ("given", "shown"), [("ACME", "ACME"), (" M 3 ", "M 3"), ("", ""), ("a\tb\x07", "ab"), ("电", "电")]
)
def test_text_ends_at_the_first_nul_and_can_be_printed(given: str, shown: str) -> None:
    assert text(words(given, 8)) == shown
