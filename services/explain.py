"""Says in words what a frame on the line means, whichever protocol it is of."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.errors import FrameError
from protocols.dlt645.explain import explain as explain_dlt645
from protocols.modbus.explain import explain_modbus

PREAMBLE = b"\xfe"
START = b"\x68"


def explain_frame(raw: bytes) -> Mapping[str, object]:
    """Return the fields of one whole frame.

    Raises:
        FrameError: If it is a frame of no known protocol; the message says what is wrong with it.
    """
    if not raw:
        raise FrameError("no bytes given", raw)
    if raw.lstrip(PREAMBLE).startswith(START):
        return explain_dlt645(raw)
    return explain_modbus(raw)
