"""A P1 telegram taken apart: its checksum, its lines by OBIS code, and its time stamps.

Layout, CRC16 and time stamps: DSMR 5.0.2, P1 companion standard of Netbeheer Nederland. The CRC covers all
from ``/`` to ``!``; a stamp is ``YYMMDDhhmmssX`` with X = S in summer and W in winter. Telegrams before
DSMR 4 have no CRC and no time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from protocols.mqtt.findings import MAX_PAYLOAD_BYTES, TOO_LARGE
from protocols.mqtt.numbers import UnreadableError

TELEGRAM = re.compile(rb"(/[^!]*!)([0-9A-Fa-f]{4})?", re.DOTALL)
LINE = re.compile(r"(\d{1,3}-\d{1,3}:\d{1,3}\.\d{1,3}\.\d{1,3})(?:\*\d{1,3})?((?:\([^()]*\))+)\s*")
STAMP = re.compile(r"(\d{12})([SW])")
SUMMER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class P1Telegram:
    """What stands behind each code, value by value."""

    lines: Mapping[str, tuple[str, ...]]


def read_telegram(payload: bytes) -> P1Telegram:
    """Take a telegram apart.

    Raises:
        UnreadableError: If it is too large, no telegram, or its checksum is wrong.
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise UnreadableError(TOO_LARGE)
    match = TELEGRAM.search(payload)
    if match is None:
        raise UnreadableError("not a P1 telegram")
    body, checksum = match[1], match[2]
    if checksum is not None and not _is_whole(body, int(checksum, 16)):
        raise UnreadableError("checksum of the P1 telegram is wrong")
    lines: dict[str, tuple[str, ...]] = {}
    for line in body.decode("ascii", "replace").splitlines():
        found = LINE.fullmatch(line)
        if found is not None:
            lines[found[1]] = tuple(found[2][1:-1].split(")("))
    return P1Telegram(lines)


def read_stamp(text: str, zone: ZoneInfo) -> datetime | None:
    """Return a time stamp in UTC; None if it is none, or tells summer time where the zone has none."""
    match = STAMP.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(match[1][at : at + 2]) for at in range(0, 12, 2))
    try:
        local = datetime(2000 + year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    seasons = [local.replace(month=month, day=1, tzinfo=zone) for month in (1, 7)]
    offsets = [season.utcoffset() or timedelta(0) for season in seasons]
    winter, summer = min(offsets), max(offsets)
    if match[2] == "W":
        return local - winter
    return local - summer if summer - winter == SUMMER else None


def crc16(data: bytes) -> int:
    """Return CRC-16/ARC: polynomial x16 + x15 + x2 + 1, least bit first, from 0, not inverted."""
    crc = 0
    for byte in data:
        crc = (crc >> 8) ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc


def _is_whole(body: bytes, checksum: int) -> bool:
    """Tell whether the checksum fits, if need be with the line ends that some readers take away."""
    return checksum == crc16(body) or checksum == crc16(body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))


def _row(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ (0xA001 if byte & 1 else 0)
    return byte


_TABLE = tuple(map(_row, range(256)))
