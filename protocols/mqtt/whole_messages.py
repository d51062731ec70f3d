"""Messages that are one reading of one meter."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pipeline.model import MeterId, Snapshot
from protocols.mqtt.dialects import Parsed
from protocols.mqtt.findings import Findings
from protocols.mqtt.numbers import UnreadableError

T = TypeVar("T")


def read_whole(
    found: Findings,
    load: Callable[[bytes], T],
    whose: Callable[[str, T], MeterId],
    read: Callable[[T, MeterId, Findings], Snapshot | None],
) -> Parsed:
    """Return what a message says; one that cannot be read, or is nobody's, is kept as unmatched.

    Args:
        found: Made of the message.
        load: Takes the payload apart; it may raise ``UnreadableError``, as may ``whose``.
        whose: Tells the meter by the topic and what came of the payload.
        read: Reads that for the meter; None where there is nothing.
    """
    try:
        message = load(found.payload)
        meter = whose(found.topic, message)
    except UnreadableError as error:
        found.mistake(str(error), error.key)
        return found.parsed()
    snapshot = read(message, meter, found)
    if snapshot is not None:
        found.snapshots.append(snapshot)
    return found.parsed()
