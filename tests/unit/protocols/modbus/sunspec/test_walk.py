"""From the letters SunS along the chain of models to the meter, or to a sentence that says why not."""

from __future__ import annotations

import pytest

from protocols.modbus.sunspec.models import catalogue
from protocols.modbus.sunspec.walk import Walk
from tests.unit.protocols.modbus.sunspec.device import END, MARKER, Device, block, common


def walked(device: Device, wanted: int = 1) -> Walk:
    walk = Walk(catalogue(), wanted=wanted)
    while (span := walk.span) is not None:
        walk.take(device.read(span.address, span.count))
    return walk


def inverter(number: int, length: int) -> list[int]:
    return [number, length, *([0] * length)]


@pytest.mark.parametrize("base", [40000, 0, 50000])
def test_the_meter_is_found_wherever_the_device_begins(base: int) -> None:
    device = Device([*MARKER, *common(), *inverter(103, 50), *block(203, {}), *END], base)
    found = walked(device).found
    assert found is not None
    assert (found.model.number, found.address) == (203, base + 2 + 68 + 52)
    assert found.identity == {"vendor": "ACME", "model": "M3", "version": "1.2", "serial": "00017"}
    assert len(device.asked) <= 3 + 4


def test_a_device_with_several_meters_gives_the_wanted_one_and_its_own_name() -> None:
    chain = [*MARKER, *common("Inverter"), *inverter(103, 50)]
    chain += [*common("Grid meter"), *block(203, {}), *common("PV meter"), *block(211, {}), *END]
    first, second = walked(Device(chain)).found, walked(Device(chain), wanted=2).found
    assert first is not None
    assert second is not None
    assert (first.model.number, first.identity["vendor"]) == (203, "Grid meter")
    assert (second.model.number, second.identity["vendor"]) == (211, "PV meter")
    assert "meter 3 of models 201" in walked(Device(chain), wanted=3).problem


def test_a_common_model_of_65_registers_is_read_too() -> None:
    short = common()
    short[1] = 65
    found = walked(Device([*MARKER, *short[:-1], *block(201, {}), *END])).found
    assert found is not None
    assert found.identity["serial"] == "00017"


@pytest.mark.parametrize(
    ("registers", "said"),
    [
        ([], "the letters SunS are not at register 40000, 0, 50000"),
        ([0] * 200, "the letters SunS are not at register 40000, 0, 50000"),
        ([*MARKER, *common(), *END], "the chain ends; its models: 1"),
        ([*MARKER, *common(), *inverter(103, 50), *END], "the chain ends; its models: 1, 103"),
        ([*MARKER, *common()], "the chain breaks off; its models: 1"),
        ([*MARKER, 0, 0], "the chain ends; its models: none"),
        ([*MARKER, 103, 0xFFFF], "leads nowhere behind model 103"),
        ([*MARKER, *([103, 0] * 100), *END], "leads nowhere behind model 103"),
        ([*MARKER, 203, 40, *([0] * 60)], "SunSpec model 203 has 40 registers where 105 are due"),
    ],
)
def test_a_device_without_a_meter_is_told_in_words(registers: list[int], said: str) -> None:
    walk = walked(Device(registers))
    assert walk.found is None
    assert said in walk.problem


def test_nothing_changes_once_it_is_over() -> None:
    walk = walked(Device([]))
    problem = walk.problem
    walk.take([1, 2])
    assert (walk.span, walk.problem) == (None, problem)
