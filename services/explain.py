"""Says in words what a frame on the line means, whichever protocol it is of."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pipeline.errors import FrameError
from protocols.dlt645.explain import explain
from protocols.dlt645.explain_orders import explain_in_full
from protocols.dlt645.explain_values import Subject, subject_of
from protocols.modbus.explain import explain_modbus

PREAMBLE = b"\xfe"
START = b"\x68"


def subject_of_frame(raw: bytes) -> Subject | None:
    """Return what a DL/T 645 frame is about, in words; None for other frames and unknown identifiers."""
    if not raw.lstrip(PREAMBLE).startswith(START):
        return None
    try:
        return subject_of(raw)
    except FrameError:
        return None


def explain_frame(raw: bytes) -> Mapping[str, object]:
    """Return the fields of one whole frame, in the forms that programs take.

    Raises:
        FrameError: If it is a frame of no known protocol; the message says what is wrong with it.
    """
    return _explained(raw, explain)


def explain_frame_in_full(raw: bytes) -> Mapping[str, object]:
    """Return the fields of one whole frame, with the function's name and all that an order says.

    Raises:
        FrameError: As for :func:`explain_frame`.
    """
    return _explained(raw, explain_in_full)


def _explained(raw: bytes, explain_dlt645: Callable[[bytes], Mapping[str, object]]) -> Mapping[str, object]:
    if not raw:
        raise FrameError("no bytes given", raw)
    if not raw.lstrip(PREAMBLE).startswith(START):
        return explain_modbus(raw)
    try:
        return explain_dlt645(raw)
    except FrameError as error:
        return _modbus_from_68(raw, error)


def _modbus_from_68(raw: bytes, error: FrameError) -> Mapping[str, object]:
    """A Modbus unit 104 or a transaction 26624 begins with 68H too; else the first error says more."""
    try:
        return explain_modbus(raw)
    except FrameError:
        raise error from None
