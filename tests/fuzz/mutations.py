"""Ways in which a line, a bad meter or an attacker changes the bytes of a sound frame."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import TypeAlias

from protocols.dlt645.frame import HEADER, OVERHEAD

Mutation: TypeAlias = Callable[[random.Random, bytes, bytes], bytes]
"""Chance, a frame, and another frame; returns bytes."""


def flip_one_bit(chance: random.Random, frame: bytes, _other: bytes) -> bytes:
    """Flip one bit: what a checksum must never let through."""
    at = chance.randrange(len(frame))
    return frame[:at] + bytes((frame[at] ^ 1 << chance.randrange(8),)) + frame[at + 1 :]


def change_bytes(chance: random.Random, frame: bytes, _other: bytes) -> bytes:
    """Set up to eight bytes to anything."""
    changed = bytearray(frame)
    for _ in range(chance.randint(1, 8)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def cut(chance: random.Random, frame: bytes, _other: bytes) -> bytes:
    """Lose the beginning, the end, or a piece in between."""
    first, last = sorted(chance.randrange(len(frame) + 1) for _ in range(2))
    return frame[:first] + frame[last:] if chance.random() < 0.5 else frame[first:last]


def insert_noise(chance: random.Random, frame: bytes, _other: bytes) -> bytes:
    """Put random bytes anywhere, delimiters more often than others."""
    at = chance.randrange(len(frame) + 1)
    noise = bytes(
        chance.choice((chance.randrange(256), 0x68, 0x16, 0xFE)) for _ in range(chance.randint(1, 12))
    )
    return frame[:at] + noise + frame[at:]


def repeat_piece(chance: random.Random, frame: bytes, _other: bytes) -> bytes:
    """Say a piece twice, as a repeater does."""
    first, last = sorted(chance.randrange(len(frame) + 1) for _ in range(2))
    return frame[:last] + frame[first:]


def splice(chance: random.Random, frame: bytes, other: bytes) -> bytes:
    """Join the beginning of one frame to the end of another: two meters at once."""
    return frame[: chance.randrange(len(frame) + 1)] + other[chance.randrange(len(other) + 1) :]


def lie(chance: random.Random, frame: bytes, _other: bytes) -> bytes:
    """Change content, control code or address, with a right checksum: a meter that breaks its standard."""
    if len(frame) < OVERHEAD:
        return frame
    changed = bytearray(frame)
    for _ in range(chance.randint(1, 4)):
        changed[chance.choice((8, *range(1, 7), *range(HEADER, len(changed) - 2)))] = chance.randrange(256)
    return _closed(changed)


def lie_about_length(chance: random.Random, frame: bytes, _other: bytes) -> bytes:
    """Give content another length, length byte and checksum right: fields that end too early or too late."""
    if len(frame) < OVERHEAD:
        return frame
    content = frame[HEADER:-2]
    size = chance.choice((0, 1, 2, 3, 4, 5, 200, 255, chance.randrange(256)))
    filled = (content + chance.randbytes(255))[:size]
    return _closed(bytearray(frame[: HEADER - 1] + bytes((size,)) + filled + b"\0\x16"))


def _closed(frame: bytearray) -> bytes:
    frame[-2] = sum(frame[:-2]) & 0xFF
    return bytes(frame)


MUTATIONS: Mapping[str, Mutation] = {
    "one bit": flip_one_bit,
    "some bytes": change_bytes,
    "cut": cut,
    "noise": insert_noise,
    "said twice": repeat_piece,
    "two at once": splice,
    "wrong content": lie,
    "wrong length": lie_about_length,
}
