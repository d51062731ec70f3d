from zlib import crc32

import pytest

from protocols.dlt645.frame import Frame
from protocols.dlt645.kept_parameters import KEPT, parameter_of, parameter_queries
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
