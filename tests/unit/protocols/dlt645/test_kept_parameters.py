from zlib import crc32

import pytest

from pipeline.messages import PARAMETER_NAMES
from protocols.dlt645.frame import Frame
from protocols.dlt645.kept_parameters import KEPT, PROGRAMMING_COUNT, parameter_of, parameter_queries
from protocols.session import Answer


def _answer(identifier: str, content: bytes) -> Answer:
    query = next(query for query in parameter_queries() if query.what == identifier)
    frame = Frame(address="1" * 12, control=0x91, data=bytes.fromhex(identifier)[::-1] + content)
    return Answer(query=query, raw=frame.encode())


@pytest.mark.parametrize(
    ("identifier", "wire", "kept"),
    [
        ("04090101", "1617", ("voltage_loss_trigger", 171.6)),
        ("04090101", "0000", ("voltage_loss_trigger", 0.0)),
        ("04090103", "500200", ("voltage_loss_current", 0.025)),
        ("04000E03", "5423", ("voltage_upper_limit", 235.4)),
        ("04000E04", "8019", ("voltage_lower_limit", 198.0)),
        ("04000306", "400000", ("ct_ratio", 40.0)),
        ("04000103", "15", ("demand_period", 15.0)),
        ("04000A02", "1500", ("load_record_interval_1", 15.0)),
        ("04000B01", "0001", ("settlement_day_1", 100.0)),
        ("04000B02", "9999", ("settlement_day_2", 9999.0)),
        ("04000E03", "4202", ("upper_voltage_limit", 24.2)),
        ("04000409", "002100", ("active_constant", 2100.0)),
        # Bits are no digits, and all of them set are not an absent value.
        ("04000601", "05", ("active_combination", 5.0)),
        ("04000801", "7F", ("weekend_word", 127.0)),
        ("04000902", "FF", ("freeze_mode", 255.0)),
        ("04000902", "", None),
        ("04090101", "FFFF", None),
    ],
)
def test_a_number_is_kept_in_its_unit(identifier: str, wire: str, kept: tuple[str, float] | None) -> None:
    """Digits as they stand on the wire, the lowest byte first."""
    assert parameter_of(_answer(identifier, bytes.fromhex(wire))) == kept


def test_of_a_table_a_checksum_is_kept() -> None:
    content = bytes.fromhex("040000" * 14)
    assert parameter_of(_answer("04010001", content)) == ("day_table_1", float(crc32(content)))


def test_each_is_asked_for_once() -> None:
    assert [query.what for query in parameter_queries()] == list(KEPT)


def test_each_has_a_name_for_people() -> None:
    assert PARAMETER_NAMES.keys() == {*KEPT.values(), PROGRAMMING_COUNT}
