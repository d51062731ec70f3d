"""Values written by people, against the layouts of the standard's annex A."""

import pytest

from protocols.dlt645.catalogue import Item, lookup
from protocols.dlt645.encoding import encode


def item(di: str) -> Item:
    found = lookup(bytes.fromhex(di)[::-1])
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("di", "text", "wire"),
    [
        ("04000103", "15", "15"),
        ("04000101", "2026-03-01 w00", "00 01 03 26"),
        ("04000102", "12:34:56", "56 34 12"),
        ("04000401", "123456789012", "12 90 78 56 34 12"),
        ("04000409", "1600", "00 16 00"),
        ("02010100", "220.5", "05 22"),
        ("02020100", "-1.5", "00 15 80"),
    ],
)
def test_a_value_is_written_as_the_standard_lays_it_out(di: str, text: str, wire: str) -> None:
    assert encode(item(di), text) == bytes.fromhex(wire)


@pytest.mark.parametrize(
    ("di", "text", "said"),
    [
        ("04000103", "15.5", "has 0 decimals"),
        ("04000103", "150", "does not fit the format"),
        ("04000103", "-1", "does not fit the format"),
        ("04000103", "soon", "a number NN is wanted"),
        ("04000103", "NaN", "has 0 decimals"),
        ("02010100", "220.55", "1 decimals"),
        ("04000101", "2026-03-01 w01", "weekday 00 .* not 01"),
        ("04000101", "2026-02-30 w01", "is no day"),
        ("04000101", "tomorrow", "a time such as '2026-03-01 w00' is wanted"),
        ("04000401", "1234", "12 digits are wanted"),
        ("04000501", "5", "hexadecimal digits after 0x"),
        ("0201FF00", "220.0, 221.0, 222.0, 223.0", "1 fields for each entry, commas between them, not 4"),
        ("04010001", "01, 00:00, 02", "2 fields for each entry"),
        ("04040101", "0001", "8 hexadecimal digits"),
        ("04040101", "0001000Z", "8 hexadecimal digits"),
        ("01010000", "1.0", "2 fields"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_would(di: str, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        encode(item(di), text)


def test_a_demand_is_written_with_its_time() -> None:
    assert encode(item("01010000"), "1.5000, 2025-09-25 12:30") == bytes.fromhex("00 50 01 30 12 25 09 25")


def test_a_word_is_written_low_byte_first() -> None:
    assert encode(item("04000501"), "0x1234") == bytes.fromhex("34 12")


def test_a_table_takes_as_many_entries_as_are_given() -> None:
    # hhmmNN, low byte first: the number of the tariff stands in front on the wire.
    assert encode(item("04010001"), "01, 00:00, 02, 08:30") == bytes.fromhex("01 00 00 02 30 08")
    assert encode(item("04030001"), "03, 2026-10-01") == bytes.fromhex("03 01 10 26")


def test_an_identifier_on_a_display_is_written_low_byte_first() -> None:
    assert encode(item("04040101"), "02010100") == bytes.fromhex("00 01 01 02")


def test_letters_travel_last_first() -> None:
    assert encode(item("04000404"), "220.0V") == b"V0.022"
    with pytest.raises(ValueError, match="6 ASCII characters"):
        encode(item("04000404"), "220V")
