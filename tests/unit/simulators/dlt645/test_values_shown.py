import math
from collections.abc import Mapping
from datetime import datetime

import pytest

from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.dlt645.catalogue import Item, lookup
from protocols.dlt645.values import parse_format
from simulators.dlt645.values_shown import counts_to_bcd, spectrum_of
from tests.unit.simulators.dlt645.bench import NOW, Load, Q, core, numbers, wire


def item(di: str) -> Item:
    found = lookup(wire(di))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("wiring", "content"),
    [
        (Wiring.THREE_PHASE_FOUR_WIRE, "002200220022"),
        (Wiring.ONE_PHASE, "0022ffffffff"),
        (Wiring.THREE_PHASE_THREE_WIRE, "011000001010"),
    ],
)
def test_phases_that_are_not_there_are_ff_and_zero_in_three_wires(wiring: Wiring, content: str) -> None:
    meter = core(Load(voltage_ab=100.1, voltage_bc=101.0), wiring=wiring)
    assert meter.values.measured(item("0201FF00"), NOW).hex() == content


def test_outward_power_has_the_sign_bit() -> None:
    assert core(Load(kw=-1.5)).values.measured(item("02030000"), NOW).hex() == "005081"


@pytest.mark.parametrize("thd", [0.0, 2.37, 9.5])
def test_contents_make_the_total_distortion(thd: float) -> None:
    contents = spectrum_of(thd)
    assert len(contents) == 22
    assert math.sqrt(sum(c * c for c in contents[2:])) == pytest.approx(thd)


def test_harmonics_of_a_meter_that_knows_only_its_distortion() -> None:
    values = core().values
    block = numbers(values.harmonics(item("020A01FF"), "voltage", "a", 0xFF, NOW), 2)
    assert len(block) == 21
    assert math.sqrt(sum(n * n for n in block[1:])) / 100 == pytest.approx(3.0, abs=0.02)
    assert numbers(values.harmonics(item("020A0105"), "voltage", "a", 5, NOW), 2) == [block[4]]
    assert values.harmonics(item("020A02FF"), "voltage", "b", 0xFF, NOW) == b""


class Harmonic(Load):
    def spectrum(self, instant: datetime) -> Mapping[Quantity, tuple[float, ...]]:  # noqa: ARG002 - the shape
        return {Q.CURRENT_HARMONIC_C: (0.0, 100.0, 0.0, 12.34)}


def test_a_models_own_spectrum_is_told() -> None:
    block = numbers(core(Harmonic()).values.harmonics(item("020B03FF"), "current", "c", 0xFF, NOW), 2)
    assert block[:4] == [9999, 0, 1234, 0]
    assert set(block[3:]) == {0}


@pytest.mark.parametrize(
    ("counts", "notation", "digits", "raw"),
    [
        (12345678, "XXXXXX.XX", 8, "78563412"),
        (100000001, "XXXXXX.XX", 8, "01000000"),
        (1000001, "XXXXXX.XX", 6, "01000000"),
        (-150, "SXXXXXX.XX", 8, "50010080"),
        (-150, "XXXXXX.XX", 8, "00000000"),
    ],
)
def test_registers_begin_again_after_their_digits(counts: int, notation: str, digits: int, raw: str) -> None:
    assert counts_to_bcd(counts, parse_format(notation), digits).hex() == raw
