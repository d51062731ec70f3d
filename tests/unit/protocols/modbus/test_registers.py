import math

import pytest

from protocols.modbus.registers import decode_registers, encode_registers, register_count


@pytest.mark.parametrize(
    ("kind", "order", "registers", "value"),
    [
        # The SDM630 document, section 3.7: 240.5 is 43 70 80 00.
        ("float32", "ABCD", (0x4370, 0x8000), 240.5),
        ("float32", "CDAB", (0x8000, 0x4370), 240.5),
        ("float32", "BADC", (0x7043, 0x0080), 240.5),
        ("float32", "DCBA", (0x0080, 0x7043), 240.5),
        ("uint16", "ABCD", (0xFFFE,), 65534),
        ("int16", "ABCD", (0xFFFE,), -2),
        ("int16", "BADC", (0xFEFF,), -2),
        ("uint32", "ABCD", (0x0001, 0x0002), 65538),
        ("int32", "CDAB", (0xFFFE, 0xFFFF), -2),
        ("uint64", "ABCD", (0, 0, 1, 0), 65536),
        ("int64", "CDAB", (0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF), -1),
    ],
)
def test_registers_are_read_in_their_order(
    kind: str, order: str, registers: tuple[int, ...], value: float
) -> None:
    assert decode_registers(registers, kind, order) == value
    assert encode_registers(value, kind, order) == registers
    assert register_count(kind) == len(registers)


def test_what_a_type_cannot_show_is_held_at_its_end() -> None:
    assert encode_registers(70000, "uint16") == (0xFFFF,)
    assert encode_registers(-5, "uint32") == (0, 0)
    assert math.isinf(decode_registers(encode_registers(1e300, "float32"), "float32"))


def test_nan_stays_nan() -> None:
    assert math.isnan(decode_registers(encode_registers(math.nan, "float32"), "float32"))
