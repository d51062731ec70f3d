import asyncio
from pathlib import Path

import pytest

from collectors.counters import BusCounters
from collectors.poller import SILENT_AFTER
from tests.unit.collectors.toy import (
    MemoryLine,
    run_simulated,
)
from tests.unit.collectors.toy_bus import (
    except_for,
    owner_of,
    slot,
    target,
)


def test_use_and_open_breakers_are_counted(tmp_path: Path) -> None:
    async def main() -> tuple[BusCounters, BusCounters]:
        owner = owner_of(MemoryLine(except_for({2})), tmp_path)
        before = owner.counters
        for minute in range(SILENT_AFTER):
            await slot(owner, [target(1), target(2)], minute)
            await asyncio.sleep(2.0)
        await owner.close()
        return before, owner.counters

    before, after = run_simulated(main())
    assert (before.use, before.silent) == (None, 0)
    assert after.silent == 1
    assert after.watched_s == pytest.approx(after.busy_s + (SILENT_AFTER - 1) * 2.0)
    assert after.use == pytest.approx(after.busy_s / after.watched_s)
