"""The parts of a single-file record (.cff, 2013): configuration, information, header and data."""

from __future__ import annotations

import re
from typing import Final

from pipeline.errors import DataError

_HEAD: Final = re.compile(
    rb"^[ \t]*---[ \t]*file[ \t]+type:[ \t]*(?P<kind>[a-z]+)(?:[ \t]+(?P<form>[a-z0-9]+))?"
    rb"(?:[ \t]*:[ \t]*(?P<bytes>\d+))?[ \t]*---[ \t]*(?:\r\n|\n|\r)",
    re.IGNORECASE | re.MULTILINE,
)


def split_container(raw: bytes, name: str) -> tuple[bytes, bytes]:
    """Return the configuration and the data of a .cff file.

    Raises:
        DataError: If one of them is missing.
    """
    parts: dict[str, bytes] = {}
    at = _HEAD.search(raw)
    while at is not None:
        kind = at["kind"].decode().upper()
        if kind == "DAT" and (at["form"] or b"ASCII").upper() != b"ASCII":
            # Binary data may hold anything, a head too: they are the last part.
            parts[kind] = raw[at.end() :][: int(at["bytes"] or len(raw))]
            break
        following = _HEAD.search(raw, at.end())
        parts[kind] = raw[at.end() : following.start() if following else len(raw)]
        at = following
    for kind in ("CFG", "DAT"):
        if kind not in parts:
            raise DataError(
                f"{name}: there is no part '--- file type: {kind} ---'; is it a COMTRADE 2013 file?"
            )
    return parts["CFG"], parts["DAT"]
