"""After two days without a link everything that the meters store is there again, and the rest is named."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from collectors.targets import coverage_entries
from collectors.transports import TcpLine
from pipeline.coverage import Cause, CoverageEntry
from pipeline.errors import TransportError
from pipeline.registry import Registry, Schedule
from pipeline.timegrid import slot_start, slots
from services.settings import Settings
from services.wiring import bus_plans, utc_now
from simulators.line import LineFaults
from storage.coverage import CoverageLedger
from storage.database import connect
from tests.fix_mosquitto import Broker
from tests.integration.collecting import Site, collecting, lab_site

LOST = timedelta(hours=48)
QUARTER_S = 900
STORED = """
SELECT m.id, c.status::text, count(*) FROM coverage AS c JOIN meter AS m USING (meter_id)
WHERE c.quantity_group = 'register' AND c.slot_at >= %s AND c.slot_at < %s
AND extract(epoch FROM c.slot_at)::bigint %% 900 = 0 GROUP BY 1, 2 ORDER BY 1, 2
"""
"""Quarters only: the collector also names its own slots, of seconds, that passed before it began."""
STILL_MISSING = "SELECT count(*) FROM coverage WHERE status = 'missing' AND slot_at >= %s AND slot_at < %s"
UNMEASURED = """
SELECT count(*) FROM coverage AS c WHERE c.status = 'backfilled' AND c.quantity_group = 'register'
AND c.slot_at >= %s AND c.slot_at < %s AND NOT EXISTS (SELECT 1 FROM register_reading AS r
    WHERE r.meter_id = c.meter_id AND r.taken_at = c.slot_at AND r.origin = 3
    AND r.active_energy_import IS NOT NULL)
"""
LIVE_LOST = "SELECT count(*) FROM coverage WHERE cause = 'link' AND slot_at > now() - interval '1 minute'"
FAULTS = LineFaults(drop=0.03, corrupt=0.03, truncate=0.02, noise=0.02)
"""A tenth of the answers is damaged, also while the meters' memories are read."""
KEEPING = {"LAB-H1", "LAB-H2", "LAB-F1"}
"""The lab's DL/T 645 meters; the Modbus meter keeps nothing, those behind MQTT have no bus."""


def missed(
    registry: Registry, settings: Settings, since: datetime, until: datetime
) -> Iterator[CoverageEntry]:
    """Yield what the scheduler writes while no line opens."""
    schedules = [Schedule(group=group, every_s=QUARTER_S) for group in ("register", "electrical")]
    for plan in bus_plans(replace(registry, schedules=schedules), settings, utc_now()):
        for slot_at in slots(since, until, QUARTER_S):
            for target in plan.targets:
                unread = plan.owner.unread(target, slot_at, target.due(slot_at), Cause.LINK)
                yield from coverage_entries(unread)


class Link:
    """The way to every line; away at first."""

    def __init__(self) -> None:
        self.is_away = True

    def opening(self, open_line: Callable[[TcpLine], Coroutine[None, None, None]]) -> object:
        async def open_if_there(line: TcpLine) -> None:
            if self.is_away:
                raise TransportError("no route")
            await open_line(line)

        return open_if_there


async def lose_the_link(site: Site) -> tuple[datetime, datetime]:
    until = slot_start(utc_now() - timedelta(hours=1), QUARTER_S)
    with connect(site.database_url) as connection:
        entries = list(missed(site.registry, site.settings, until - LOST, until))
        CoverageLedger(connection).record(entries)
    return until - LOST, until


def test_coverage_is_whole_again_after_a_link_loss_of_two_days(
    database_url: str, mosquitto: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = Link()
    monkeypatch.setattr("collectors.transports.TcpLine.open", link.opening(TcpLine.open))

    async def scenario() -> None:
        async with lab_site(database_url, mosquitto, tmp_path, FAULTS, every_s=5) as site:
            lost = await lose_the_link(site)
            assert site.rows(STILL_MISSING, *lost)[0][0] > 1000
            async with collecting(site):
                await site.until(LIVE_LOST, lambda rows: rows[0][0] > 0)
                link.is_away = False
                await site.until(STILL_MISSING, lambda rows: rows == [(0,)], *lost, within_s=120.0)
            whole = LOST // timedelta(seconds=QUARTER_S)
            found = {(meter, status): count for meter, status, count in site.rows(STORED, *lost)}
            for meter in KEEPING:
                print(f"{meter}: {found[meter, 'backfilled'] / whole:.2%} of {whole} slots measured")  # noqa: T201 - the figure
                assert found[meter, "backfilled"] == whole
            assert found["LAB-M1", "not stored"] == whole
            assert site.rows(UNMEASURED, *lost) == [(0,)]
            assert site.rows(
                "SELECT count(*) FROM coverage WHERE status < 'backfilled' AND cause IS NULL"
            ) == [(0,)]

    asyncio.run(scenario())
