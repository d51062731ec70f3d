"""The collector: polls every bus on its schedule, serves read requests, and takes what MQTT brings."""

from __future__ import annotations

import asyncio
import logging
import signal
import ssl
from collections.abc import Sequence

from collectors.scheduler import BusPlan, Scheduler
from collectors.subscriber import Subscriber, SubscriberOptions
from pipeline.errors import KilowatchError, StorageError
from pipeline.registry import Registry
from services.bus_reading import BusReading, keep_reads, read_now
from services.ingest import Ingest, topics_of
from services.push_coverage import PushCoverage
from services.read_requests import result_of, this_process
from services.remote_reading import fetch_gaps
from services.settings import Settings
from services.store import Store
from services.wiring import bus_plans, utc_now
from storage.database import connect
from storage.registry import load_registry
from storage.requests import ReadRequest, serve_request, take_requests

LOOK_FOR_REQUESTS_S = 1.0
SETTLE_PUSHED_S = 5.0

_log = logging.getLogger("kilowatch.collect")


def run_collector(settings: Settings) -> None:
    """Collect until SIGINT or SIGTERM.

    Raises:
        ConfigError: If settings or archive are wrong.
        StorageError: If the database is away at the start; later on it is waited for.
    """
    with connect(settings.require_database_url()) as connection:
        registry = load_registry(connection)
    asyncio.run(_until_stopped(settings, registry))


async def _until_stopped(settings: Settings, registry: Registry) -> None:
    loop = asyncio.get_running_loop()
    running = asyncio.create_task(collect(settings, registry))
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, running.cancel)
    try:
        await running
    except asyncio.CancelledError:
        _log.info("stopped")


async def collect(settings: Settings, registry: Registry) -> None:
    """Run until cancelled; what was read before is stored before this returns."""
    plans = bus_plans(registry, settings, utc_now())
    store = Store(settings.require_database_url(), registry)
    scheduler = Scheduler(plans, now=utc_now, on_result=keep_reads(store.put))
    writing = asyncio.create_task(store.run())
    _log.info("collecting from %d buses and %d MQTT sources", len(plans), len(registry.mqtt_sources))
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(scheduler.run())
            group.create_task(_serve_requests(settings, plans, store))
            if settings.mqtt_host is not None and registry.mqtt_sources:
                group.create_task(_subscribe(settings, registry))
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)


async def _serve_requests(settings: Settings, plans: Sequence[BusPlan], store: Store) -> None:
    """Look for requests on our buses and serve each bus's own ones in order, the buses side by side."""
    url = settings.require_database_url()
    by_bus = {plan.owner.bus.id: plan for plan in plans}
    async with asyncio.TaskGroup() as group:
        while True:
            try:
                requests = await asyncio.to_thread(_take, url, sorted(by_bus))
            except StorageError as error:
                _log.warning("cannot look for read requests: %s", error)
                requests = []
            for request in requests:
                group.create_task(_serve(by_bus[request.bus], request, settings, store))
            await asyncio.sleep(LOOK_FOR_REQUESTS_S)


async def _serve(plan: BusPlan, request: ReadRequest, settings: Settings, store: Store) -> None:
    url = settings.require_database_url()
    try:
        reading = await _answer(plan, request, settings, store)
        await store.drain()
        await asyncio.to_thread(_served, url, request.id, reading, None)
    except KilowatchError as error:
        _log.exception("read request %d on bus %s failed", request.id, request.bus)
        await asyncio.to_thread(_served, url, request.id, None, str(error))


async def _answer(plan: BusPlan, request: ReadRequest, settings: Settings, store: Store) -> BusReading:
    targets = [t for t in plan.targets if request.meter is None or t.meter == request.meter]
    if request.kind == "present" or request.starts_at is None or request.ends_at is None:
        return await read_now(plan.owner, targets, store.put)
    asked = BusPlan(owner=plan.owner, targets=targets)
    return await fetch_gaps(asked, request.starts_at, request.ends_at, settings, store)


async def _subscribe(settings: Settings, registry: Registry) -> None:
    """Take messages in the subscriber's own threads; here only the slots that stayed empty are settled."""
    coverage = PushCoverage(registry.mqtt_sources, registry.schedules, utc_now())
    ingest = Ingest(settings.require_database_url(), registry, coverage, utc_now)
    subscriber = Subscriber(_subscription(settings, registry), ingest.handle)
    subscriber.start()
    try:
        while True:
            await asyncio.sleep(SETTLE_PUSHED_S)
            subscriber.check()
            try:
                await asyncio.to_thread(ingest.settle)
            except StorageError as error:
                _log.warning("cannot write the ledger: %s", error)
    finally:
        await asyncio.to_thread(subscriber.stop)
        ingest.close()


def _subscription(settings: Settings, registry: Registry) -> SubscriberOptions:
    password, ca_file = settings.mqtt_password, settings.mqtt_ca_file
    return SubscriberOptions(
        host=settings.mqtt_host or "",
        port=settings.mqtt_port,
        client_id=settings.mqtt_client_id,
        topics=topics_of(registry.mqtt_sources),
        username=settings.mqtt_username,
        password=None if password is None else password.get_secret_value(),
        tls=None if ca_file is None else ssl.create_default_context(cafile=str(ca_file)),
    )


def _take(url: str, buses: Sequence[str]) -> list[ReadRequest]:
    with connect(url) as connection:
        return take_requests(connection, buses, taken_by=this_process())


def _served(url: str, request_id: int, reading: BusReading | None, error: str | None) -> None:
    with connect(url) as connection:
        result = None if reading is None else result_of(reading)
        serve_request(connection, request_id, result=result, error=error)
