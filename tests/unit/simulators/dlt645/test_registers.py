import pytest

from pipeline.quantities import Quantity
from simulators.dlt645.registers import DIRECTIONS, QUADRANTS, combined, parts_of
from tests.unit.simulators.dlt645.bench import NOW, Load, Q, core, wire

REACTIVE = dict(zip(QUADRANTS, ((100, 1), (20, 2), (3, 3), (4, 4)), strict=True))
ACTIVE = dict(zip(DIRECTIONS, ((100, 50), (30, 60)), strict=True))


@pytest.mark.parametrize(
    ("rates", "parts", "word", "counts"),
    [
        (ACTIVE, DIRECTIONS, 0x05, (130, 110)),
        (ACTIVE, DIRECTIONS, 0x09, (70, -10)),
        (ACTIVE, DIRECTIONS, 0x01, (100, 50)),
        (ACTIVE, DIRECTIONS, 0x00, (0, 0)),
        (REACTIVE, QUADRANTS, 0x05, (120, 3)),
        (REACTIVE, QUADRANTS, 0x50, (7, 7)),
        (REACTIVE, QUADRANTS, 0x41, (104, 5)),
        (REACTIVE, QUADRANTS, 0x81, (96, -3)),
    ],
)
def test_a_combination_word_adds_and_subtracts_its_parts(
    rates: dict[Quantity, tuple[int, ...]],
    parts: tuple[Quantity, ...],
    word: int,
    counts: tuple[int, ...],
) -> None:
    assert combined(rates, parts_of(parts, word), 2) == counts


def test_combined_registers_follow_their_words() -> None:
    meter = core(Load(kw=2.0))
    one = meter.registers.at(0x03, NOW, is_present=True)
    q1, q4 = (meter.registers.at(code, NOW, is_present=True) for code in (0x05, 0x08))
    assert one == q1
    assert not meter.parameters.write(wire("04000602"), b"\x41")
    both = meter.registers.at(0x03, NOW, is_present=True)
    assert both is not None
    assert q1 is not None
    assert q4 is not None
    assert both[0] == q1[0] + q4[0] == sum(both[1])


def test_a_total_is_the_same_with_and_without_its_rates() -> None:
    meter = core(Load(kw=0.777))
    for code in (0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08):
        register = meter.registers.at(code, NOW, is_present=True)
        assert register is not None
        assert register[0] == sum(register[1]) == meter.registers.total(code, NOW)


def test_what_the_model_does_not_know_is_not_kept() -> None:
    meter = core(Load(active_energy_import_b=7.5))
    assert meter.registers.at(0x29, NOW, is_present=True) == (750, ())
    assert meter.registers.at(0x3D, NOW, is_present=True) is None
    assert meter.registers.at(0x0A, NOW, is_present=True) is None
    assert Q.APPARENT_ENERGY_IMPORT not in Load().read(NOW)
    assert meter.registers.total(0x09, NOW) is None
