"""The three styles of Telegraf's inputs.modbus, after the plugin's documentation."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from protocols.modbus.importers.foreign import ForeignField
from protocols.modbus.importers.telegraf import parse_telegraf

SAMPLE = (Path("tests") / "data" / "register_lists" / "telegraf.conf").read_text(encoding="utf-8")


def fields(device: str, unit: int | None = None) -> dict[str, ForeignField]:
    return {f.name: f for f in parse_telegraf(SAMPLE, "t.conf", device=device, unit=unit).fields}


def row(field: ForeignField) -> tuple[int | None, int, str, str, float]:
    return field.function, field.address, field.type, field.word_order, field.scale


def test_the_register_style_counts_registers_and_fixed_points_are_whole_numbers() -> None:
    found = fields("Feeder 1")
    assert row(found["voltage_l1"]) == (3, 0, "uint16", "ABCD", 0.1)
    assert row(found["current_l1"]) == (3, 2, "int32", "CDAB", 0.001)
    assert row(found["energy_import_kwh"]) == (3, 6, "float32", "ABCD", 1.0)
    assert row(found["frequency"]) == (4, 8, "uint16", "DCBA", 0.01)
    assert found["odd"].note == "registers [20, 30] are not in a row"
    assert found["relay"].note == "one bit, no register"
    assert found["relay"].place == "coils entry 1"


def test_the_request_style_has_ieee_floats_and_leaves_out_what_is_omitted() -> None:
    found = fields("Feeder 2", 7)
    assert row(found["voltage"]) == (4, 0, "float32", "DCBA", 1.0)
    assert row(found["power_w"]) == (4, 3, "float64", "DCBA", 1.0)
    assert found["label"].note == "type STRING is none of ours"
    assert "spare" not in found


def test_the_metric_style_names_the_register_with_each_field() -> None:
    found = fields("Feeder 3")
    assert row(found["active_power_total"]) == (4, 52, "float32", "ABCD", 0.001)
    assert row(found["cos_phi"]) == (3, 100, "int16", "ABCD", 0.001)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[inputs.modbus", "t.conf: "),
        ("[[inputs.cpu]]", r"no \[\[inputs.modbus\]\] is in it"),
        ("inputs = 1", "t.conf: "),
        ('[[inputs.modbus]]\nconfiguration_type = "bits"', "configuration_type is one of register, request"),
        ("[[inputs.modbus]]", "it names no registers"),
        ("[[inputs.modbus]]\nholding_registers = [{ address = [0] }]", "t.conf: "),
        ("[[inputs.modbus]]\nholding_registers = [1]", "t.conf: "),
        (
            '[[inputs.modbus]]\nholding_registers = [{ name = "x", address = [0], byte_order = "ZZ" }]',
            "holding_registers entry 1: byte_order is one of AB, BA",
        ),
    ],
)
def test_a_wrong_file_is_told_with_its_name_and_place(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_telegraf(text, "t.conf")


def test_a_file_of_several_devices_or_units_wants_one_named() -> None:
    with pytest.raises(ConfigError, match="name one of Feeder 1, Feeder 2, Feeder 3 with --device"):
        parse_telegraf(SAMPLE, "t.conf")
    with pytest.raises(ConfigError, match="units 7, 8; name one with --unit"):
        parse_telegraf(SAMPLE, "t.conf", device="Feeder 2")
    with pytest.raises(ConfigError, match="does not ask unit 9, only 7, 8"):
        parse_telegraf(SAMPLE, "t.conf", device="Feeder 2", unit=9)
