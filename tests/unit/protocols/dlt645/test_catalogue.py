import pytest

from pipeline.quantities import Quantity
from protocols.dlt645.catalogue import lookup, measured_items

SIGNED_2007 = {
    # Section 2 of the reference, everything with an S, and nothing else.
    *("0000", "0003", "0004", "0017", "0018", "002B", "002C", "003F", "0040", "0103", "0104"),
    *("0202", "0203", "0204", "0205", "0206", "0280"),
}


def wire(di: str) -> bytes:
    return bytes.fromhex(di)[::-1]


@pytest.mark.parametrize(
    ("di", "quantities"),
    [
        ("00000000", ["active_energy_combined"]),
        ("00010000", ["active_energy_import"]),
        ("00010300", ["active_energy_import_t3"]),
        ("00020000", ["active_energy_export"]),
        ("00050000", ["reactive_energy_q1"]),
        ("00060000", ["reactive_energy_q2"]),
        ("00070000", ["reactive_energy_q3"]),
        ("00080000", ["reactive_energy_q4"]),
        ("00290000", ["active_energy_import_b"]),
        ("01010000", ["max_demand_import", "max_demand_import_at"]),
        ("0201FF00", ["voltage_a", "voltage_b", "voltage_c"]),
        ("0203FF00", ["active_power", "active_power_a", "active_power_b", "active_power_c"]),
        ("02800002", ["frequency"]),
        ("040005FF", ["status_words"]),
        ("020A02FF", ["voltage_harmonic_b"]),
    ],
)
def test_an_identifier_becomes_its_quantities(di: str, quantities: list[str]) -> None:
    item = lookup(wire(di))
    assert item is not None
    assert [str(q) for q in item.quantities] == quantities


@pytest.mark.parametrize("di", ["00030000", "00040000", "0003FF00", "00010A00", "00090100"])
def test_what_the_vocabulary_does_not_hold_becomes_no_quantity(di: str) -> None:
    # Combined reactive, rate ten, apparent energy by rate.
    item = lookup(wire(di))
    assert item is not None
    assert item.quantities == ()


@pytest.mark.parametrize("di", ["DEADBEEF", "00014000", "0001000D", "02010400", "0001FFFF", "05060000"])
def test_an_identifier_that_does_not_exist_is_unknown(di: str) -> None:
    assert lookup(wire(di)) is None


def test_a_block_of_1997_ends_in_f_and_has_no_sign() -> None:
    item = lookup(wire("901F"))
    assert item is not None
    assert item.is_block
    assert not any(field.form.signed for field in item.fields)
    assert item.quantities[:2] == (Quantity.ACTIVE_ENERGY_IMPORT, Quantity.ACTIVE_ENERGY_IMPORT_T1)


def test_only_what_the_standard_names_has_a_sign() -> None:
    for item in measured_items():
        signed = any(field.form.signed for field in item.fields)
        assert signed <= (item.di[:4] in SIGNED_2007), item.di


def test_every_quantity_has_the_unit_of_the_row() -> None:
    for item in measured_items():
        for field in item.fields:
            if field.quantity is not None:
                assert field.unit == field.quantity.unit, (item.di, field.quantity)
