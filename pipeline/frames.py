"""The bytes behind a reading (原始报文), kept for a while so that people can see what a value was made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from pipeline.model import MeterId

FRAME_KEPT_BYTES: Final = 512
"""Of a question, and of what was heard after it; a DL/T 645 frame has at most 217."""
PAYLOAD_KEPT_BYTES: Final = 8192
"""Of an MQTT message."""


class RawFrame(NamedTuple):
    """One exchange; as light as what collectors make of every answer."""

    what: str
    """The question's name, such as an identifier; empty for a message that nobody asked for."""
    sent_at: datetime | None
    answered_at: datetime | None
    """None where no answer was taken: then ``answered`` is what was heard instead."""
    asked: bytes
    answered: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RawMessage:
    """What one read of a meter, or one message, was made of."""

    received_at: datetime
    """As in the readings that were made of it; of a read without one, when it last heard or asked."""
    slot_at: datetime | None = None
    tells: tuple[datetime, datetime] | None = None
    """The first and the last time that it may tell of, where that is not the slot's."""
    source: str
    """The bus, or the topic."""
    meters: Sequence[MeterId]
    frames: Sequence[RawFrame]
