"""Register maps of the mbmap library."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from protocols.modbus.importers.mbmap import parse_mbmap

SAMPLE = (Path("tests") / "data" / "register_lists" / "meter.mbmap.json").read_text(encoding="utf-8")


def test_the_head_says_whose_map_it_is_and_how_it_counts() -> None:
    found = parse_mbmap(SAMPLE, "m.json")
    assert (found.vendor, found.models, found.address_base, found.max_registers) == (
        "Acme", ("M3", "M3-CT"), 1, 60,
    )  # fmt: skip
    assert found.source == "mbmap m.json, revision 4, after Acme M3 register list 2.1"


def test_registers_keep_area_type_scale_unit_and_order() -> None:
    found = {field.name: field for field in parse_mbmap(SAMPLE, "m.json").fields}
    voltage, power = found["Voltage L1-N"], found["activePowerL2"]
    assert (voltage.function, voltage.address, voltage.type, voltage.scale) == (3, 1, "uint16", 0.1)
    assert (power.function, power.type, power.word_order, power.unit) == (4, "int32", "CDAB", "W")
    assert found["Voltage L1-L2"].address == 3


def test_what_a_profile_cannot_say_is_noted_with_its_reason() -> None:
    notes = {field.name: field.note for field in parse_mbmap(SAMPLE, "m.json").fields if field.note}
    assert notes == {
        "Mode": "it has enum, which a profile does not know",
        "Frequency": "it has offset, which a profile does not know",
        "Reset": "it can only be written",
        "Name": "type string is none of ours",
    }


@pytest.mark.parametrize(
    ("byte", "word", "order"),
    [
        ("big", "big", "ABCD"),
        ("big", "little", "CDAB"),
        ("little", "big", "BADC"),
        ("little", "little", "DCBA"),
    ],
)
def test_byte_and_word_order_become_our_letters(byte: str, word: str, order: str) -> None:
    table = {
        "byte_order": byte,
        "word_order": word,
        "registers": [{"name": "x", "address": 0, "type": "uint32"}],
    }
    (field,) = parse_mbmap(json.dumps(table), "m.json").fields
    assert field.word_order == order


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "m.json: "),
        ("[]", 'an object with "registers"'),
        ('{"registers": {}}', 'an object with "registers"'),
        ('{"registers": [], "address_base": 2}', "address_base is 0 or 1, not 2"),
        ('{"registers": [1]}', "register 1: a register is an object"),
        ('{"registers": [{"name": "x"}]}', r"register 1 \(x\): address is a number, not None"),
        ('{"registers": [{"name": "x", "address": "y"}]}', "m.json: "),
        (
            '{"registers": [{"name": "x", "address": 1}], "byte_order": "mixed"}',
            "byte_order is big or little",
        ),
        ("[" * 100_000, "m.json: "),
    ],
)
def test_a_wrong_file_is_told_with_its_name_and_place(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_mbmap(text, "m.json")
