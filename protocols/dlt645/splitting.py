"""Takes a line of bytes apart into the frames that stand in it and what stands between them."""

from __future__ import annotations

from collections.abc import Iterator

from protocols.dlt645.framer import Framer
from protocols.session import NEED_DATA

CHUNK = 1024
"""Bytes handed to the framer at once, well below what it keeps."""


def split_frames(raw: bytes) -> list[bytes]:
    """Return the whole frames, preambles included, and the pieces that belong to none, in their order.

    Empty when no whole frame is among the bytes.
    """
    pieces: list[bytes] = []
    at = 0
    for frame in _frames(raw):
        start = raw.index(frame, at)
        noise = raw[at:start].rstrip(b"\xfe")
        pieces += [noise, raw[at + len(noise) : start] + frame]
        at = start + len(frame)
    return [piece for piece in (*pieces, raw[at:]) if piece] if pieces else []


def _frames(raw: bytes) -> Iterator[bytes]:
    framer = Framer()
    for at in range(0, len(raw), CHUNK):
        framer.receive_data(raw[at : at + CHUNK])
        yield from _found(framer)
    for _ in range(CHUNK):  # what has begun is not going to end: a frame may stand inside it
        framer.abandon()
        yield from _found(framer)


def _found(framer: Framer) -> Iterator[bytes]:
    while (event := framer.next_event()) is not NEED_DATA:
        if isinstance(event, bytes):
            yield event
