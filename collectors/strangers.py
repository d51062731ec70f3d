"""Meters and terminals that speak on our lines and that the archive does not have there: kept bounded."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from pipeline.ports import UNKNOWN_DEVICE, Unmatched

MOST: Final = 1000
"""What is heard beyond it before somebody takes it is not told one by one."""


class Strangers:
    """Who was heard on one line or port since it was asked last."""

    def __init__(self, source: str, filed: Collection[str] = ()) -> None:
        """Listen at ``source``, a bus or a port, whose meters have the addresses ``filed``."""
        self._source = source
        self._filed = {_plain(address) for address in filed}
        self._heard: list[tuple[str, bytes]] = []

    def hear(self, address: str, raw: bytes) -> None:
        """Note what an address said, unless it is one of the archive's, late or asked by another master."""
        if _plain(address) not in self._filed and len(self._heard) < MOST:
            self._heard.append((address, raw))

    def take(self, now: datetime) -> list[Unmatched]:
        """Return what was heard, as of ``now``, and forget it."""
        heard, self._heard = self._heard, []
        return [
            Unmatched(
                received_at=now, source=self._source, reason=UNKNOWN_DEVICE, key=address or "?", payload=raw
            )
            for address, raw in heard
        ]


def _plain(address: str) -> str:
    """Return an address as people may write it: DL/T 645 pads it with zeros."""
    return address.upper().lstrip("0")
