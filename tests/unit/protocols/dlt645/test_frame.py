import json
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from pipeline.errors import FrameError
from protocols.dlt645.frame import Frame, padded_address

DATA = Path(__file__).parents[3] / "data" / "dlt645_vectors.json"
VECTORS = json.loads(DATA.read_text(encoding="utf-8"))
Vector: TypeAlias = dict[str, Any]  # Any: JSON


def test_the_voltage_request_of_the_reference_is_built_byte_for_byte() -> None:
    # Worked example: read A voltage of meter 123456789012.
    wire = bytes.fromhex("68 12 90 78 56 34 12 68 11 04 33 34 34 35 6B 16")
    assert Frame("123456789012", 0x11, bytes.fromhex("00010102")).encode() == wire


def test_the_answer_of_figure_nine_is_read() -> None:
    wire = bytes.fromhex("68 12 90 78 56 34 12 68 91 08 33 33 34 33 AB 89 67 45 CC 16")
    assert Frame.decode(wire) == Frame("123456789012", 0x91, bytes.fromhex("00000100 78563412"))


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda v: v["hex"][:60])
def test_every_known_frame_is_read_and_built_again(vector: Vector) -> None:
    raw = bytes.fromhex(vector["hex"]).lstrip(b"\xfe")
    frame = Frame.decode(raw)
    assert frame.address == vector["decoded"]["address"]
    assert frame.data == bytes.fromhex(vector["decoded"]["data_minus_33"])
    assert frame.encode() == raw


@pytest.mark.parametrize("vector", VECTORS["rejected"], ids=lambda v: v["hex"][:60])
def test_a_misprinted_frame_is_refused_with_its_bytes(vector: Vector) -> None:
    raw = bytes.fromhex(vector["hex"]).lstrip(b"\xfe")
    with pytest.raises(FrameError) as refused:
        Frame.decode(raw)
    assert refused.value.frame == raw


@pytest.mark.parametrize("raw", [b"", b"\x68", bytes(12), b"\x68" * 11 + b"\x16"])
def test_what_is_no_frame_is_refused(raw: bytes) -> None:
    with pytest.raises(FrameError):
        Frame.decode(raw)


@pytest.mark.parametrize("address", ["", "12345678901", "1234567890123", "12345678901G", "12 456789012"])
def test_an_address_that_is_not_twelve_digits_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="12 digits"):
        Frame(address, 0x11).encode()


def test_a_short_address_is_padded_at_the_high_end() -> None:
    assert padded_address("9012") == "000000009012"
