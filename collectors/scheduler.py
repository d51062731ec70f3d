"""Reads many buses side by side, each slot on time, and says which slots could not be read."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias
from zlib import crc32

from collectors.bus import BusOwner, OnResult
from collectors.counters import BusCounters
from collectors.exchange import Clock
from collectors.targets import MeterRead, Target
from pipeline.coverage import Cause
from pipeline.timegrid import slot_start, slots

Sleep: TypeAlias = Callable[[float], Awaitable[None]]
OnTakeOver: TypeAlias = Callable[["BusPlan", datetime], Awaitable[None]]
"""Takes a bus that has become ours, and when: what its last owner left undone is named before we read."""

SPREAD_S = 0.5
"""Buses begin a slot within this time of one another, at most ``SPREAD_SHARE`` of their shortest period."""
SPREAD_SHARE = 0.02
SLEEP_MOST_S = 30.0
"""The wall clock may be stepped while we sleep; look at it at least this often."""
STAND_BY_S = 1.0
"""How often to look whether the owner on another host still is one."""
DIES_WITHIN = timedelta(seconds=60)
"""What an owner read last before it fell silent lies at most so far back when its lease has run out."""
MISSED_MOST = 1000
"""Missed slots of one period that are reported one by one; older ones only show as gaps."""

_log = logging.getLogger("kilowatch.collectors.scheduler")


@dataclass(frozen=True, slots=True, kw_only=True)
class BusPlan:
    """One bus and the meters that are read on it."""

    owner: BusOwner
    targets: Sequence[Target]

    @property
    def periods_s(self) -> tuple[int, ...]:
        """The different periods of its schedules."""
        return tuple(sorted({schedule.every_s for target in self.targets for schedule in target.schedules}))


async def nothing_left(_plan: BusPlan, _now: datetime) -> None:
    """Take a bus over from nobody."""


class Scheduler:
    """Runs the slots of many buses in one event loop."""

    def __init__(
        self,
        plans: Sequence[BusPlan],
        *,
        now: Clock,
        on_result: OnResult,
        on_take_over: OnTakeOver = nothing_left,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Prepare; nothing is locked or opened yet.

        Args:
            plans: Every bus once.
            now: The server's clock.
            on_result: Takes each read as it ends, and each slot that could not be read.
            on_take_over: Called before the first slot of a bus that a process of another host has let go of.
            sleep: Waits; replaced where time is simulated.
        """
        self._plans = tuple(plans)
        self._now = now
        self._on_result = on_result
        self._on_take_over = on_take_over
        self._sleep = sleep

    def counters(self) -> tuple[BusCounters, ...]:
        """Return what each bus has done so far."""
        return tuple(plan.owner.counters for plan in self._plans)

    async def run_slot(self, slot_at: datetime) -> list[MeterRead]:
        """Read once what is due at ``slot_at``, all buses side by side; return when all are done.

        Lines stay open and locks held for the next slot: :meth:`close` gives them up.
        """
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(plan.owner.read_slot(plan.targets, slot_at, self._on_result))
                for plan in self._plans
            ]
        return [read for task in tasks for read in task.result()]

    async def run(self) -> None:
        """Read every slot on time until cancelled; then close the lines and release the locks."""
        try:
            async with asyncio.TaskGroup() as group:
                for plan in self._plans:
                    group.create_task(self._serve(plan))
        finally:
            await self.close()

    async def close(self) -> None:
        """Close every line and release every lock."""
        for plan in self._plans:
            await plan.owner.close()

    async def _serve(self, plan: BusPlan) -> None:
        """Run one bus's slots one after the other."""
        periods_s = plan.periods_s
        if not periods_s:
            return
        spread_s = _spread_s(plan)
        done = {period_s: first_done(self._now(), period_s) for period_s in periods_s}
        stood_by = False
        while True:
            if plan.owner.is_elsewhere:
                stood_by = True
                done = _standing_by(done, self._now())
                await self._sleep(STAND_BY_S)
                continue
            if stood_by:
                stood_by = False
                await self._on_take_over(plan, self._now())
            due = await self._due_slots(plan, done, Cause.NOT_ASKED)
            if not due:
                await self._sleep_until(_next_slot(done) + timedelta(seconds=spread_s))
                continue
            for slot_at, due_periods_s in due.items():
                await plan.owner.read_slot(plan.targets, slot_at, self._on_result, periods_s=due_periods_s)
                done |= dict.fromkeys(due_periods_s, slot_at)
            await self._due_slots(plan, done, Cause.BUS_BUSY)

    async def _sleep_until(self, instant: datetime) -> None:
        while (pause_s := (instant - self._now()).total_seconds()) > 0:
            await self._sleep(min(pause_s, SLEEP_MOST_S))

    async def _due_slots(
        self, plan: BusPlan, done: dict[int, datetime], cause: Cause
    ) -> dict[datetime, list[int]]:
        """Return the slots to read now, oldest first; report those that are over without having been read.

        Only the newest slot of each period is still read: an overloaded bus must not run after its past.
        """
        due: dict[datetime, list[int]] = {}
        now = self._now()
        for period_s, last in done.items():
            newest = slot_start(now, period_s)
            if newest <= last:
                continue
            due.setdefault(newest, []).append(period_s)
            period = timedelta(seconds=period_s)
            oldest = max(last + period, newest - MISSED_MOST * period)
            for slot_at in slots(oldest, newest, period_s):
                await self._report(plan, slot_at, period_s, cause)
            done[period_s] = newest - period
        return dict(sorted(due.items()))

    async def _report(self, plan: BusPlan, slot_at: datetime, period_s: int, cause: Cause) -> None:
        _log.warning("slot missed", extra={"bus": plan.owner.bus.id, "slot_at": slot_at, "cause": cause})
        for target in plan.targets:
            schedules = target.due(slot_at, (period_s,))
            if schedules:
                await self._on_result(plan.owner.unread(target, slot_at, schedules, cause))


def first_done(now: datetime, period_s: int) -> datetime:
    """Return the slot to count as read at the start; the present one is read in its first half."""
    slot_at = slot_start(now, period_s)
    early = now - slot_at < timedelta(seconds=period_s / 2)
    return slot_at - timedelta(seconds=period_s) if early else slot_at


def _standing_by(done: Mapping[int, datetime], now: datetime) -> dict[int, datetime]:
    """Leave slots to the owner on another host, but for those that it may have missed as it died."""
    return {
        period_s: max(last, slot_start(now - DIES_WITHIN, period_s) - timedelta(seconds=period_s))
        for period_s, last in done.items()
    }


def _next_slot(done: Mapping[int, datetime]) -> datetime:
    return min(last + timedelta(seconds=period_s) for period_s, last in done.items())


def _spread_s(plan: BusPlan) -> float:
    """Return a small delay, always the same for one bus, so that not all start in one instant."""
    share = crc32(plan.owner.bus.id.encode()) / 2**32
    return share * min(SPREAD_S, SPREAD_SHARE * plan.periods_s[0])
