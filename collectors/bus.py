"""The one owner of a bus: asks its meters in turn, survives its line, and spares it the silent ones."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeAlias

from collectors.bus_claim import NO_LEASE, BusClaim, Lease
from collectors.connection import Connection, MakeLine
from collectors.counters import BusCounters, MeterHealth
from collectors.exchange import QUIET_S, Clock, Outcome, Timing, exchange, unasked
from collectors.free_turn import TurnLine
from collectors.poller import MeterState, Plan, Poll, present_snapshot, stored_frames, stored_snapshots
from collectors.probing import FORGET_SLOW, PROBE_SHARE, first_byte_s
from collectors.strangers import Strangers
from collectors.tally import Tally
from collectors.targets import MeterBackfill, MeterRead, Target
from collectors.transports import Line, line_for
from collectors.turns import Priority, Turns
from pipeline.coverage import Cause
from pipeline.errors import BusBusyError, TransportError
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Bus, Schedule
from protocols.session import Query, Session

OnResult: TypeAlias = Callable[[MeterRead], Awaitable[None]]
"""Takes each read as it ends; a bounded queue's ``put`` holds the bus back when nobody stores."""
NOT_PROBED = "silent for long; not probed in this slot"
DEAF_AFTER = 8
"""Questions in a row without a single byte, after which the line is opened again: half of it may be gone."""

_log = logging.getLogger("kilowatch.collectors.bus")


class BusOwner:
    """Owns one bus; everything that is sent on it goes through here."""

    def __init__(  # noqa: PLR0913 - the bus and what it shares with others
        self,
        bus: Bus,
        *,
        now: Clock,
        lock_dir: Path,
        make_line: MakeLine = line_for,
        lease: Lease = NO_LEASE,
        addresses: Collection[str] = (),
    ) -> None:
        """Prepare the owner; the lock and the line are taken with the first read.

        Args:
            bus: Its name, URL and timing.
            now: The server's clock.
            lock_dir: Where this host's lock files are, the same for every process.
            make_line: Makes the closed line of a URL.
            lease: Tells whether another host's process owns the bus.
            addresses: Of the archive's meters on it; others that answer are strangers.

        Raises:
            ConfigError: If the bus's URL names no line.
        """
        self.bus = bus
        self.strangers = Strangers(bus.id, addresses)
        self._now = now
        self._claim = BusClaim(bus.id, lock_dir, lease)
        self._connection = Connection(bus.url, self._claim, make_line)
        self._turns = Turns()
        self._meters: dict[tuple[MeterId, str], MeterState] = {}
        self._slowest_s = 0.0
        self._deaf = 0
        self._probe_credit_s = 0.0
        self._quiet_since = -math.inf
        self._quiet_s = 0.0
        self._tally = Tally()

    def acquire(self) -> None:
        """Take the bus's lock now rather than with the first read.

        Raises:
            BusBusyError: If another owner has the bus; names its process.
        """
        self._connection.lock()

    def lock_host(self) -> None:
        """Take the lock of this host alone, before the lease is asked for.

        Raises:
            BusBusyError: If another process of this host has the bus.
        """
        self._claim.lock_host()

    @property
    def is_elsewhere(self) -> bool:
        """Tell whether a process of another host reads this bus, and answers for its slots."""
        return self._claim.is_elsewhere

    async def close(self) -> None:
        """Close the line and give the bus up; a later read takes it again."""
        await self._connection.close()

    @property
    def counters(self) -> BusCounters:
        """What the bus has done so far."""
        silent = sum(state.silent for state in self._meters.values())
        opened, owned = self._connection.opened, self._claim.is_ours
        return self._tally.counters(self.bus.id, opened=opened, silent=silent, owned=owned)

    def health(self) -> list[MeterHealth]:
        """Return what is known of each meter that was asked so far."""
        return [
            MeterHealth(
                meter=meter, failures=state.failures, silent=state.silent, refused=state.refused(self._now())
            )
            for (meter, _), state in self._meters.items()
        ]

    async def read_meter(
        self,
        target: Target,
        wanted: Collection[Quantity],
        slot_at: datetime | None,
        *,
        schedules: tuple[Schedule, ...] = (),
    ) -> MeterRead:
        """Read present values of one meter.

        Args:
            target: The meter.
            wanted: Which quantities.
            slot_at: The scheduled instant, or None for a person's read, which waits for the slot's reads.
            schedules: The groups that are due, for the coverage ledger.

        Nothing is raised for what a line, a meter or its driver does; ``cause`` and ``failure`` say it.
        """
        await self._turns.take(Priority.ON_DEMAND if slot_at is None else Priority.LIVE)
        try:
            return await self._read(target, wanted, slot_at, schedules)
        except Exception as error:  # noqa: BLE001  # a faulty driver must not cost the neighbours their data
            failure = self._forget(target, error)
            return self.unread(target, slot_at, schedules, Cause.WRONG_PARAMETERS, failure)
        finally:
            self._turns.give_back()

    def unread(
        self,
        target: Target,
        slot_at: datetime | None,
        schedules: tuple[Schedule, ...],
        cause: Cause,
        failure: str = "",
    ) -> MeterRead:
        """Return the result of a meter that was not asked in a slot, and why."""
        return MeterRead(
            bus=self.bus.id,
            meter=target.meter,
            slot_at=slot_at,
            schedules=schedules,
            snapshot=None,
            cause=cause,
            attempts=0,
            failure=failure,
        )

    async def read_slot(
        self,
        targets: Sequence[Target],
        slot_at: datetime,
        on_result: OnResult,
        *,
        periods_s: Collection[int] | None = None,
    ) -> list[MeterRead]:
        """Read every target that is due, the silent ones last and only as far as they cost little.

        Args:
            targets: The meters of this bus.
            slot_at: The scheduled instant.
            on_result: Takes each read as it ends.
            periods_s: Only schedules of these periods; None for all that are due at ``slot_at``.
        """
        due = [(target, schedules) for target in targets if (schedules := target.due(slot_at, periods_s))]
        speaking = [entry for entry in due if self._silent_since(entry[0]) is None]
        silent = [entry for entry in due if self._silent_since(entry[0]) is not None]
        silent.sort(key=lambda entry: self._silent_since(entry[0]) or 0.0)
        reads: list[MeterRead] = []
        loop = asyncio.get_running_loop()
        with self._turns.cycle():
            started = loop.time()
            for target, schedules in speaking:
                reads.append(await self._read_due(target, slot_at, schedules, on_result))
            # Whole time-outs cost more than one cycle's share; the debt is paid off over the next cycles.
            share_s = PROBE_SHARE * (loop.time() - started) if speaking else math.inf
            self._probe_credit_s = min(self._probe_credit_s, 0.0) + share_s
            for target, schedules in silent:
                if self._probe_credit_s <= 0:
                    reads.append(self.unread(target, slot_at, schedules, Cause.NO_ANSWER, NOT_PROBED))
                    await on_result(reads[-1])
                    continue
                started = loop.time()
                reads.append(await self._read_due(target, slot_at, schedules, on_result))
                spent_s = loop.time() - started
                # A meter that is back pays for the next probe: the others may be back with it.
                self._probe_credit_s += spent_s if reads[-1].snapshot is not None else -spent_s
        return reads

    async def backfill_meter(self, target: Target, starts_at: datetime, ends_at: datetime) -> MeterBackfill:
        """Fetch what the meter itself stored in ``[starts_at, ends_at)``, one exchange a turn.

        A live slot waits for one exchange at most. What line, meter or driver do raises nothing.
        """
        fetched = partial(MeterBackfill, bus=self.bus.id, meter=target.meter)
        try:
            state = self._state(target)
            poll = await self.ask_by_turns(target, partial(target.driver.backfill_plan, starts_at, ends_at))
            snapshots = stored_snapshots(target.meter, poll)
        except Exception as error:  # noqa: BLE001  # a faulty driver must not cost the neighbours their data
            failure = self._forget(target, error)
            return fetched(snapshots=[], cause=Cause.WRONG_PARAMETERS, attempts=0, failure=failure)
        refused = state.refused(self._now())
        return fetched(
            snapshots=snapshots,
            cause=poll.cause,
            attempts=poll.attempts,
            refused=refused,
            failure=poll.failure,
            frames=stored_frames(poll),
        )

    async def ask_by_turns(self, target: Target, plan: Plan, priority: Priority = Priority.BACKFILL) -> Poll:
        """Ask what a plan says, one answer a turn, by default behind all others; its driver may raise."""
        state = self._state(target)
        poll = Poll(state, plan, self._now(), remember=False)
        while (query := poll.next_query()) is not None:
            await self._turns.take(priority)
            try:
                probe = state.silent and not poll.alive
                poll.take(query, await self._ask(target, query, probe=probe))
                while (part := poll.next_query()) is not None and part.part_of:  # a session joins one answer
                    poll.take(part, await self._ask(target, part))
            finally:
                self._turns.give_back()
        poll.finish()
        return poll

    @asynccontextmanager
    async def free_turn(self, target: Target) -> AsyncIterator[TurnLine]:
        """Hold the bus, behind slots and people, for a few exchanges that belong together."""
        await self._turns.take(Priority.BACKFILL)
        try:
            yield TurnLine(partial(self._ask, target))
        finally:
            self._turns.give_back()

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[Line]:
        """Keep the bus for one turn, as for a person, while another program uses its line; may raise."""
        await self._turns.take(Priority.ON_DEMAND)
        try:
            yield await self._connection.line()
        finally:
            self._turns.give_back()

    async def _read(
        self,
        target: Target,
        wanted: Collection[Quantity],
        slot_at: datetime | None,
        schedules: tuple[Schedule, ...],
    ) -> MeterRead:
        state = self._state(target)
        poll = Poll(state, partial(target.driver.plan, wanted), self._now())
        while (query := poll.next_query()) is not None:
            probe = slot_at is not None and state.silent and not poll.alive
            poll.take(query, await self._ask(target, query, probe=probe))
        poll.finish()
        for deviation in state.note_deviations(poll.deviations):
            _log.warning("deviates", extra={"meter": target.meter, "deviation": deviation})
        return MeterRead(
            bus=self.bus.id,
            meter=target.meter,
            slot_at=slot_at,
            schedules=schedules,
            snapshot=present_snapshot(target.meter, poll, wanted, slot_at),
            cause=poll.cause,
            attempts=poll.attempts,
            refused=state.refused(self._now()),
            facts=poll.facts,
            deviations=tuple(poll.deviations),
            failure=poll.failure,
            frames=tuple(poll.frames),
        )

    def _forget(self, target: Target, error: Exception) -> str:
        """Log what a driver raised and begin anew with its meter; return what to tell people."""
        _log.error("read failed", exc_info=error, extra={"bus": self.bus.id, "meter": target.meter})
        self._meters.pop((target.meter, target.address), None)
        return f"address {target.address}: {type(error).__name__}: {error}"

    def _state(self, target: Target) -> MeterState:
        key = (target.meter, target.address)
        state = self._meters.get(key)
        if state is None:
            state = self._meters[key] = MeterState(session=target.driver.session(target.address))
        return state

    async def _read_due(
        self, target: Target, slot_at: datetime, schedules: tuple[Schedule, ...], on_result: OnResult
    ) -> MeterRead:
        read = await self.read_meter(target, target.wanted(schedules), slot_at, schedules=schedules)
        await on_result(read)
        return read

    def _silent_since(self, target: Target) -> float | None:
        """Return when a silent meter was probed last, or None for one that is not silent."""
        state = self._meters.get((target.meter, target.address))
        return state.probed_at if state is not None and state.silent else None

    async def _ask(
        self,
        target: Target,
        query: Query,
        *,
        probe: bool = False,
        order: bool = False,
        session: Session | None = None,
    ) -> Outcome:
        """Ask on a line that works; one that has worked and broke is opened again once, not for an order."""
        state = self._state(target)
        while True:
            try:
                line = await self._connection.line()
            except BusBusyError as error:
                return unasked(Cause.BUS_BUSY, str(error), self._now())
            except TransportError as error:
                return unasked(Cause.LINK, str(error), self._now())
            await self._keep_pause(target)
            timing = self._timing(target, state, line.baudrate, probe=probe)
            timing = replace(timing, retries=0, linger=True) if order else timing
            loop = asyncio.get_running_loop()
            started = loop.time()
            if probe:
                state.probed_at = started
            try:
                outcome = await exchange(line, session or state.session, query, timing, now=self._now)
            finally:
                self._quiet_since, self._quiet_s = loop.time(), target.pauses.between_s
                self._tally.spend(started, self._quiet_since)
            self._tally.count(outcome)
            for address, raw in outcome.foreign:
                self.strangers.hear(address, raw)
            if outcome.cause is not Cause.LINK:
                await self._judge_line(outcome)
                return outcome
            _log.warning("line lost", extra={"bus": self.bus.id, "error": outcome.failure})
            if not await self._connection.drop(outcome.failure) or order:
                return outcome

    async def _keep_pause(self, target: Target) -> None:
        """Keep the silence that the bus, the meter that spoke last and the one that is asked now need."""
        pauses = target.pauses
        free_at = max(
            self._quiet_since + max(self.bus.pause_s, self._quiet_s, pauses.between_s),
            self._connection.opened_at + pauses.after_connect_s,
        )
        pause_s = free_at - asyncio.get_running_loop().time()
        if pause_s > 0:
            await asyncio.sleep(pause_s)

    def _timing(self, target: Target, state: MeterState, baudrate: int | None, *, probe: bool) -> Timing:
        return Timing(
            timeout_s=self.bus.timeout_s,
            retries=0 if probe else self.bus.retries,
            baudrate=baudrate,
            first_byte_s=first_byte_s(self._slowest_s, state.failures, probe=probe),
            linger=target.linger,
            quiet_s=max(QUIET_S, target.pauses.between_s),
        )

    async def _judge_line(self, outcome: Outcome) -> None:
        """Learn how fast the bus answers, and open a line again that has been deaf for long."""
        self._deaf = 0 if outcome.raw else self._deaf + 1
        if outcome.event is not None and outcome.first_byte_s is not None:
            self._connection.prove()
            self._slowest_s = max(outcome.first_byte_s, self._slowest_s * FORGET_SLOW)
        if self._deaf >= DEAF_AFTER:
            self._deaf = 0
            await self._connection.reopen()
