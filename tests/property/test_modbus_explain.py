"""Any bytes are explained or refused by name."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import FrameError
from protocols.modbus.explain import FUNCTIONS, crc16, explain_modbus


def explained(raw: bytes) -> bool:
    try:
        return explain_modbus(raw)["ok"] is True
    except FrameError:
        return False


@given(st.binary(max_size=300))
def test_any_bytes_are_explained_or_refused(raw: bytes) -> None:
    explained(raw)


@given(st.binary(min_size=2, max_size=254))
def test_any_sound_rtu_frame_is_explained_or_refused(body: bytes) -> None:
    explained(body + crc16(body).to_bytes(2, "little"))


@given(st.integers(0, 255), st.sampled_from(sorted(FUNCTIONS)), st.binary(max_size=252))
def test_any_sound_tcp_frame_is_explained(unit: int, function: int, data: bytes) -> None:
    body = bytes((unit, function)) + data
    assert explained(b"\x00\x01\x00\x00" + len(body).to_bytes(2, "big") + body)
