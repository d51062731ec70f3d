"""Says in words what frames on the line mean, whichever protocol they are of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pipeline.errors import FrameError
from protocols.dlt645.explain import explain
from protocols.dlt645.explain_orders import explain_in_full
from protocols.dlt645.explain_values import Subject, subject_of
from protocols.dlt645.frame import is_whole
from protocols.dlt645.redaction import BLANK, redacted
from protocols.dlt645.splitting import split_frames
from protocols.dlt645.values import HIDDEN
from protocols.modbus.explain import explain_modbus, split_modbus

PREAMBLE = b"\xfe"
START = b"\x68"
STARRED = ("data_minus_33", "payload")
"""What shows a frame's bytes as they are."""


def subject_of_frame(raw: bytes) -> Subject | None:
    """Return what a DL/T 645 frame is about, in words; None for other frames and unknown identifiers."""
    return subject_of(raw) if _is_dlt645(raw) else None


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


def explain_without_passwords(raw: bytes) -> Mapping[str, object]:
    """Return what :func:`explain_frame_in_full` does, for a screen: passwords are stars.

    Raises:
        FrameError: As for :func:`explain_frame`.
    """
    fields = explain_frame_in_full(raw)
    if not _is_dlt645(raw) or (clean := redacted(raw)) == raw:
        return fields
    fields = explain_in_full(clean)
    shown = {name: HIDDEN if name.endswith("password") else value for name, value in fields.items()}
    starred = {name: str(shown[name]).replace(f"{BLANK:02X}", "**") for name in STARRED if name in shown}
    return {**shown, **starred}


def frames_in(raw: bytes) -> Sequence[bytes]:
    """Return what stands in a line of bytes, in order: whole frames, and pieces that belong to none.

    One whole frame comes back as it is, and so do bytes in which there is none.
    """
    try:
        explain_frame(raw)
    except FrameError:
        return split_frames(raw) or split_modbus(raw) or [raw]
    return [raw]


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


def _is_dlt645(raw: bytes) -> bool:
    return is_whole(raw.lstrip(PREAMBLE))
