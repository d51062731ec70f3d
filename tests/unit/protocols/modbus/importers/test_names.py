"""Usual names of measured values, and names that stay open."""

from __future__ import annotations

import pytest

from pipeline.quantities import Quantity
from pipeline.scaling import parse_scaled
from protocols.modbus.importers.names import Meaning, has_other_phases, meaning_of, usual_names, words_of


@pytest.mark.parametrize(
    ("name", "unit", "quantity", "factor"),
    [
        ("voltage_l1", "", "voltage_a", 1.0),
        ("Voltage L2-N", "V", "voltage_b", 1.0),
        ("Voltage L1-L2", "mV", "voltage_ab", 0.001),
        ("U_ab", "", "voltage_ab", 1.0),
        ("Phase 3 current", "mA", "current_c", 0.001),
        ("neutral current", "A", "current_n", 1.0),
        ("current_n", "A", "current_n", 1.0),
        ("activePowerL2", "W", "active_power_b", 0.001),
        ("Total active power", "kW", "active_power", 1.0),
        ("power_w", "", "active_power", 0.001),
        ("reactive_power_kvar", "", "reactive_power", 1.0),
        ("Apparent power [VA]", "", "apparent_power", 0.001),
        ("Cos phi", "", "power_factor", 1.0),
        ("power factor", "%", "power_factor", 0.01),
        ("freq", "Hz", "frequency", 1.0),
        ("Import_kWh", "", "active_energy_import", 1.0),
        ("energy_import_wh", "", "active_energy_import", 0.001),
        ("Exported energy L3", "MWh", "active_energy_export_c", 1000.0),
        ("正向有功电能", "kWh", "active_energy_import", 1.0),
        ("Line 2 voltage", "V", "voltage_b", 1.0),
        ("THD voltage L1", "%", "voltage_thd_a", 1.0),
    ],
)
def test_a_usual_name_is_understood(name: str, unit: str, quantity: str, factor: float) -> None:
    assert meaning_of(name, unit, one_phase=False) == Meaning(Quantity(quantity), factor)


@pytest.mark.parametrize(
    ("name", "unit", "why"),
    [
        ("average voltage", "V", "no quantity is called so"),
        ("line_to_line_voltage", "V", "no quantity is called so"),
        ("voltage", "V", "no quantity is called so"),
        ("energy", "kWh", "no quantity is called so"),
        ("status", "", "no quantity is called so"),
        ("", "", "no quantity is called so"),
        ("power", "", "active_power, but its unit is not said: W or kW or MW"),
        ("power_mw", "", "no quantity is called so"),
        ("power", "kWh", "unit kWh is none of active_power"),
        ("frequency", "rpm", "unit rpm is none of frequency"),
    ],
)
def test_what_is_not_sure_stays_open_with_the_reason(name: str, unit: str, why: str) -> None:
    assert meaning_of(name, unit, one_phase=False) == why


def test_without_other_phases_a_voltage_is_that_of_phase_a() -> None:
    assert meaning_of("voltage", "", one_phase=True) == Meaning(Quantity.VOLTAGE_A, 1.0)
    assert has_other_phases(["voltage_l1", "current_l2"])
    assert not has_other_phases(["voltage", "current", "power"])


def test_a_person_may_say_the_unit_of_a_list_without_units() -> None:
    assert meaning_of("power", "", one_phase=False, assumed={"kW": "W"}) == Meaning(
        Quantity.ACTIVE_POWER, 0.001
    )


def test_the_same_words_are_found_however_they_are_written() -> None:
    assert words_of("activePower_L1") == words_of("Active power L1") == ("active", "power", "l1")


def test_every_name_of_the_table_leads_to_a_quantity_or_its_phases() -> None:
    ours = {quantity.value: quantity.unit for quantity in Quantity}
    for stem in usual_names().stems.values():
        units = {ours.get(stem), ours.get(f"{stem}_a")} - {None}
        assert units
        assert units <= set(usual_names().units)
    assert parse_scaled("active_power * 0.001").factor == usual_names().units["kW"]["W"]
