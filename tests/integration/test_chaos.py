"""A short chaos run: every kind of part is struck once, and nothing is lost or stored twice."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.chaos.rounds import KINDS
from tests.chaos.run import chaos

PARTS = len({kind.peer for kind in KINDS})
SEED = 20261125

needs_a_server_to_kill = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("apt-get") is None,
    reason="scripts/timescaledb serves a database that may be killed to root on a Debian-like system only",
)


@needs_a_server_to_kill
@pytest.mark.asyncio
async def test_nothing_is_lost_or_stored_twice_whatever_part_is_struck(tmp_path: Path) -> None:
    summary, holds = await chaos(PARTS, SEED, tmp_path)
    print(summary)  # noqa: T201 - the figures
    assert holds, summary
    assert summary["lost"] == summary["duplicated"] == 0
    assert int(str(summary["readings"])) > 1_000
