"""The collector: polls every bus on its schedule, serves read requests, and takes what MQTT brings."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from zoneinfo import ZoneInfo

from collectors.bus import OnResult
from collectors.lending import LineLender
from collectors.scheduler import BusPlan, Scheduler
from collectors.targets import MeterRead
from pipeline.errors import BusBusyError, StorageError
from pipeline.quantities import Quantity
from pipeline.registry import Registry
from services.answer_inquiry import answer
from services.archive_at_start import ArchiveAtStart
from services.backfill import backfill
from services.backfill_occasions import Occasions
from services.bounded_stop import stop_by
from services.bus_leases import BusLeases, usable_here
from services.bus_reading import BusReading, Station, keep_reads, read_now, reading_of
from services.bus_use import tell_use
from services.clock_jumps import ClockWatch, tell_clock_jumps
from services.clock_sync import CLOCKS_EVERY_S, ClockSync, clock_sync_of
from services.collector_state import collector_counters, keep_collector_state
from services.garbage import seldom_collected
from services.listen import announcer_of, broker_of, listen, subscription_of, with_client_id
from services.meter_events import fetch_events
from services.missed_slots import note_missed
from services.open_files import allow_open_files
from services.read_requests import inquiry_in, present_result, reply_result, result_of, this_process
from services.rounds import Rounds
from services.settings import Settings
from services.status.collector import CollectorStatus
from services.strangers import file_strangers
from services.wiring import bus_plans, landing_of, last_known_of, station_of, utc_now, zone_of
from storage.database import connect
from storage.requests import ReadRequest, release_requests, serve_request, take_requests

LOOK_FOR_REQUESTS_S = 1.0
LOOK_BACK_DAYS = 7.0
"""How far back an automatic backfill looks for what is missing."""

_log = logging.getLogger("kilowatch.collect")


def run_collector(settings: Settings, catch_up_days: float = 1.0) -> None:
    """Collect until SIGINT or SIGTERM; begin with what the meters stored in the last ``catch_up_days``.

    Raises:
        ConfigError: If settings or archive are wrong.
        BusBusyError: If another collector runs.
        StorageError: If the spool's folder cannot be used.
    """
    settings.require_database_url()
    with with_client_id(settings) as own, seldom_collected():
        status = CollectorStatus(own)
        with status.served():
            asyncio.run(_until_stopped(own, catch_up_days, status))


async def _until_stopped(settings: Settings, catch_up_days: float, status: CollectorStatus) -> None:
    loop = asyncio.get_running_loop()
    running = asyncio.create_task(_collect_what_is_filed(settings, catch_up_days, status))

    def stop() -> None:
        running.cancel()
        stop_by()

    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, stop)
    try:
        await running
    except asyncio.CancelledError:
        _log.info("stopped")


async def _collect_what_is_filed(settings: Settings, catch_up_days: float, status: CollectorStatus) -> None:
    """Collect by the database's archive; begin with the one known last while the database is away."""
    archive = ArchiveAtStart(settings.require_database_url(), last_known_of(settings))
    registry = await archive.first()
    while True:
        collecting = asyncio.create_task(collect(settings, registry, catch_up_days, status))
        changed = asyncio.create_task(archive.newer(registry))
        try:
            await asyncio.wait((collecting, changed), return_when=asyncio.FIRST_COMPLETED)
            if collecting.done():
                return await collecting
            registry = await changed
        finally:
            for task in (changed, collecting):
                task.cancel()
            await asyncio.gather(changed, collecting, return_exceptions=True)


async def collect(
    settings: Settings,
    registry: Registry,
    catch_up_days: float = 0.0,
    status: CollectorStatus | None = None,
) -> None:
    """Run until cancelled; what was read before is stored before this returns.

    ``status`` is told what probes and Prometheus may ask.

    Raises:
        ConfigError: If settings or archive are wrong.
        AuditError: If clocks shall be set and the audit is damaged or cannot be written.
        BusBusyError: If another process owns every bus; names it. A single busy bus is waited for.
    """
    started_at, status = utc_now(), status or CollectorStatus(settings)
    clocks = clock_sync_of(settings, registry)
    leases = BusLeases(settings.require_database_url(), settings.bus_lease_s, last_known_of(settings))
    plans = bus_plans(registry, settings, utc_now(), leases, settings.buses) if settings.poll_buses else []
    owners = [plan.owner for plan in plans]
    allow_open_files(len(plans))
    broker = broker_of(settings)
    announcer = announcer_of(broker, settings, registry)
    subscription = subscription_of(broker, settings, registry)
    await leases.begin(usable_here(owners))
    _own(plans)
    landing = landing_of(settings, None if announcer is None else announcer.stored)
    station = station_of(settings, registry, landing)
    ours = [plan for plan in plans if not plan.owner.is_elsewhere]
    works = [BusWork(plan, station, zone_of(plan, registry)) for plan in plans]
    scheduler = Scheduler(
        plans,
        now=utc_now,
        on_result=_noting(works, keep_reads(station.store.put)),
        on_take_over=partial(_note_left, station.database_url),
    )
    counters = collector_counters(
        partial(keep_collector_state, station.database_url, leases.owner, started_at),
        landing,
        station,
        scheduler,
        announcer,
    )
    writing = asyncio.create_task(station.store.run())
    if announcer is not None:
        announcer.start()
    _log.info("collecting from %d buses and %d MQTT sources", len(plans), len(registry.mqtt_sources))
    try:
        async with asyncio.TaskGroup() as group:
            status.began(leases.owner, counters, landing)
            group.create_task(_watch(writing))
            group.create_task(_note_missed(station.database_url, ours, started_at))
            group.create_task(leases.keep(lambda: usable_here(owners)))
            jumps = tell_clock_jumps(ClockWatch(utc_now, monotonic))
            for running in (scheduler.run(), tell_use(scheduler), counters.run(), jumps):
                group.create_task(running)
            group.create_task(file_strangers(plans, station.store.put, utc_now))
            for work in works:
                group.create_task(work.keep_whole(catch_up_days))
                group.create_task(work.keep_rounds("events", registry.events_every_s, work.fetch_events))
                group.create_task(work.keep_clocks(clocks))
            group.create_task(_serve_requests(works, station))
            for owner in owners:
                group.create_task(LineLender(owner, settings.lock_dir).serve())
            if subscription is not None:
                group.create_task(listen(subscription, settings, registry, landing, counters))
    except ExceptionGroup as failed:
        raise _first(failed) from failed
    finally:
        status.ended()
        await scheduler.close()
        await leases.give_up()
        await _ended(writing)
        await asyncio.to_thread(landing.close)
        if announcer is not None:
            await asyncio.to_thread(announcer.stop)


def _noting(works: Sequence[BusWork], keep: OnResult) -> OnResult:
    """Return what a scheduler calls with each read: its bus's backfill is told of it, and it is kept."""
    by_bus = {work.bus: work for work in works}

    async def note_and_keep(read: MeterRead) -> None:
        by_bus[read.bus].occasions.note(read)
        await keep(read)

    return note_and_keep


def _own(plans: Sequence[BusPlan]) -> None:
    """Take the buses before anything is read; a second collector on the same host ends here.

    One on another host stands by: it reads what the first one lets go of.
    """
    busy: list[BusBusyError] = []
    for plan in plans:
        try:
            plan.owner.acquire()
        except BusBusyError as error:
            if plan.owner.is_elsewhere:
                _log.warning("standing by: %s", error)
            else:
                busy.append(error)
    if busy and len(busy) == len(plans):
        raise busy[0]
    for taken in busy:
        _log.warning("not ours yet, its slots count as missing: %s", taken)


async def _note_missed(url: str, plans: Sequence[BusPlan], started_at: datetime) -> None:
    """Name the slots that passed while nobody collected; a database that is away is waited for."""
    while True:
        try:
            missed = await asyncio.to_thread(note_missed, url, plans, started_at)
        except StorageError as away:
            _log.warning("cannot name the slots that were missed yet: %s", away)
            await asyncio.sleep(LOOK_FOR_REQUESTS_S)
        else:
            _log.info("%d slots were missed since the last collector", missed)
            return


async def _note_left(url: str, plan: BusPlan, now: datetime) -> None:
    """Name what the bus's last owner left unread as it died, however long its lease was."""
    on_bus = {"bus": plan.owner.bus.id}
    try:
        left = await asyncio.to_thread(note_missed, url, [plan], now)
    except StorageError as away:
        _log.warning("cannot name what the last owner left: %s", away, extra=on_bus)
    else:
        _log.info("ours now, %d slots were left by the last owner", left, extra=on_bus)


async def _ended(writing: asyncio.Task[None]) -> None:
    """Let the writer write what was handed over, and end it."""
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)


async def _watch(writing: asyncio.Task[None]) -> None:
    """End the collector when its writer ends: nothing that is read then would be kept."""
    await asyncio.shield(writing)


def _first(failed: ExceptionGroup[Exception]) -> Exception:
    """Return the first error that ended the collector, as people know it."""
    error = failed.exceptions[0]
    return _first(error) if isinstance(error, ExceptionGroup) else error


class BusWork:
    """What is asked of one owned bus beside its schedule; backfills run one after the other."""

    def __init__(self, plan: BusPlan, station: Station, zone: ZoneInfo) -> None:
        """Take a bus that this process owns, or will own when another one lets go of it."""
        self.bus = plan.owner.bus.id
        self._log = logging.LoggerAdapter(_log, {"bus": self.bus})
        self.plan = plan
        self._station = station
        self._backfilling = asyncio.Lock()
        self._fetching_events = asyncio.Lock()
        self.occasions = Occasions(self.bus, zone, utc_now)

    def is_ours(self) -> bool:
        """Tell whether we own the bus, taking it if it is free; requests on others are not ours to serve."""
        try:
            self.plan.owner.acquire()
        except BusBusyError:
            return False
        return True

    async def keep_whole(self, first_days: float) -> None:
        """Fetch what is missing at the start, on each occasion, and when the bus becomes ours; never ends."""
        days = first_days
        while True:
            if days and self.is_ours():
                await self.catch_up(days)
                await self.fetch_events()
            occasion = await self.occasions.next(self.is_ours)
            self._log.info("backfill, %s", occasion)
            days = LOOK_BACK_DAYS

    async def keep_rounds(self, what: str, every_s: int, go_round: Callable[[], Awaitable[None]]) -> None:
        """Do something beside the reads at the bus's own instants; never ends."""
        rounds = Rounds(what=what, bus=self.bus, every_s=every_s, is_ours=self.is_ours, now=utc_now)
        await rounds.keep(go_round)

    async def keep_clocks(self, clocks: ClockSync | None) -> None:
        """Look after the meters' clocks at the bus's own instants, where that is allowed."""
        if clocks is not None:
            await self.keep_rounds(
                "clocks", CLOCKS_EVERY_S, partial(clocks.go_round, self.plan, self._station)
            )

    async def fetch_events(self) -> None:
        """Fetch the meters' events; what fails is fetched on the next occasion."""
        async with self._fetching_events:
            try:
                changed = await fetch_events(self.plan, self._station.database_url)
                self._log.info("%d events", changed)
            except Exception:  # noqa: BLE001  # a faulty driver or database must not end the collector
                self._log.exception("events not fetched")

    async def catch_up(self, days: float) -> None:
        """Fetch what was missed while nobody collected; a database that is away is waited for."""
        since = utc_now() - timedelta(days=days)
        while True:
            try:
                reading = await self._backfill(self.plan, since, utc_now())
            except StorageError as away:
                self._log.warning("cannot catch up yet: %s", away)
                await asyncio.sleep(LOOK_FOR_REQUESTS_S)
            else:
                self._log.info("caught up with %d records", reading.records)
                return

    async def serve(self, request: ReadRequest) -> None:
        """Serve one request; whatever goes wrong with it is told to who filed it and costs nobody else."""
        try:
            result, error = await self._answer(request), None
            await self._station.store.drain()
        except Exception as failure:  # noqa: BLE001  # one bad request must not end the collector
            self._log.exception("read request %d failed", request.id)
            result, error = None, str(failure) or type(failure).__name__
        while True:
            try:
                await asyncio.to_thread(_served, self._station.database_url, request.id, result, error)
            except StorageError as away:
                self._log.warning("cannot answer read request %d yet: %s", request.id, away)
                await asyncio.sleep(LOOK_FOR_REQUESTS_S)
            else:
                return

    async def _answer(self, request: ReadRequest) -> dict[str, object]:
        targets = [t for t in self.plan.targets if request.meter is None or t.meter == request.meter]
        inquiry = inquiry_in(request)
        if inquiry is not None:
            return reply_result([await answer(self.plan.owner, target, inquiry) for target in targets])
        if request.starts_at is None or request.ends_at is None:
            wanted = [Quantity(name) for name in request.quantities]
            reads = await read_now(self.plan.owner, targets, self._station.store.put, wanted)
            return present_result(reading_of(self.bus, reads), reads)
        asked = BusPlan(owner=self.plan.owner, targets=targets)
        return result_of(await self._backfill(asked, request.starts_at, request.ends_at))

    async def _backfill(self, plan: BusPlan, since: datetime, until: datetime) -> BusReading:
        async with self._backfilling:
            return await backfill(plan, since, until, self._station)


async def _serve_requests(works: Sequence[BusWork], station: Station) -> None:
    """Look for requests on our buses and serve each of them; a bus orders its own turns."""
    by_bus = {work.bus: work for work in works}
    released: set[str] = set()
    async with asyncio.TaskGroup() as group:
        while True:
            ours = {bus for bus, work in by_bus.items() if work.is_ours()}
            try:
                # Its last owner may have died over some.
                await asyncio.to_thread(_release, station.database_url, sorted(ours - released))
                released = ours
                requests = await asyncio.to_thread(_take, station.database_url, sorted(ours))
            except StorageError as error:
                _log.warning("cannot look for read requests: %s", error)
                requests = []
            for request in requests:
                group.create_task(by_bus[request.bus].serve(request))
            await asyncio.sleep(LOOK_FOR_REQUESTS_S)


def _release(url: str, buses: Sequence[str]) -> None:
    with connect(url) as connection:
        release_requests(connection, buses)


def _take(url: str, buses: Sequence[str]) -> list[ReadRequest]:
    with connect(url) as connection:
        return take_requests(connection, buses, taken_by=this_process())


def _served(url: str, request_id: int, result: dict[str, object] | None, error: str | None) -> None:
    with connect(url) as connection:
        serve_request(connection, request_id, result=result, error=error)
