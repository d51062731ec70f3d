"""Reads one meter's clock behind slots and people, and keeps how far off it is as a reading."""

from __future__ import annotations

import logging
from functools import partial
from typing import Final

from collectors.bus import BusOwner
from collectors.poller import present_snapshot
from collectors.targets import Target
from pipeline.quantities import Quantity
from services.bus_reading import Put
from services.entry import Entry

WANTED: Final = frozenset({Quantity.CLOCK_OFFSET})

_log = logging.getLogger("kilowatch.clocks")


async def read_clock(owner: BusOwner, target: Target, put: Put) -> float | None:
    """Return meter minus server in seconds; None when the meter does not tell its time."""
    try:
        poll = await owner.ask_by_turns(target, partial(target.driver.plan, WANTED))
        snapshot = present_snapshot(target.meter, poll, WANTED, None)
    except Exception:  # noqa: BLE001  # a faulty driver must not cost the neighbours their clocks
        _log.exception("meter %s: clock not read", target.meter)
        return None
    offset_s = snapshot.values.get(Quantity.CLOCK_OFFSET) if snapshot is not None else None
    if snapshot is None or not isinstance(offset_s, float):
        return None
    await put(Entry(snapshots=(snapshot,)))
    return offset_s
