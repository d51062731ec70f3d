"""Listens to the MQTT sources of the archive, and tells Home Assistant where that is wanted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta

import orjson

from collectors.broker import Broker
from collectors.client_identity import client_identity
from collectors.subscriber import Subscriber, SubscriberOptions
from pipeline.errors import StorageError
from pipeline.model import EVERYTHING
from pipeline.quantities import Quantity
from pipeline.registry import Registry
from pipeline.shown_ratings import as_shown
from protocols.mqtt.dialects import Latest, dialects
from services.counters import Counters
from services.home_assistant import Announcer
from services.ingest import Ingest, topics_of
from services.landing import Landing
from services.mqtt_tls import tls_of
from services.push_coverage import PushCoverage
from services.settings import Settings
from services.wiring import primary_profiles, utc_now
from storage.database import connect, describe_url
from storage.readings import latest_values

SETTLE_PUSHED_S = 5.0
CLIENT_ID = "kilowatch"
"""Where nobody asked :func:`with_client_id` for one of its own."""
LOOK_BACK = timedelta(days=30)
"""A meter whose newest register reading is older counts as never read: its dialect says how far it asks."""

_log = logging.getLogger("kilowatch.listen")


async def listen(
    options: SubscriberOptions,
    settings: Settings,
    registry: Registry,
    landing: Landing,
    counters: Counters,
) -> None:
    """Take messages in the subscriber's own threads; here only the slots that stayed empty are settled."""
    url = settings.require_database_url()
    coverage = PushCoverage(registry.mqtt_sources, registry.reading_schedules, utc_now())
    try:
        latest = await asyncio.to_thread(latest_registers, url, registry)
    except StorageError as away:
        _log.warning("devices are asked as far back as their dialect says: %s", away)
        latest = {}
    ingest = Ingest(
        landing, registry, coverage, utc_now, latest=latest, keeps_payloads=settings.keep_raw_payloads
    )
    subscriber = Subscriber(options, ingest.handle)
    counters.add("mqtt", lambda: subscriber.counters)
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
        try:
            await asyncio.to_thread(subscriber.stop)
        finally:
            _log.info("mqtt.counters %s", orjson.dumps(asdict(subscriber.counters)).decode())


@contextmanager
def with_client_id(settings: Settings) -> Iterator[Settings]:
    """Give the settings with a client id of this process's own, if they want MQTT and name none.

    Raises:
        StorageError: If none can be kept beside the spool.
    """
    if settings.mqtt_host is None or settings.mqtt_client_id is not None:
        yield settings
        return
    with client_identity(settings.spool_dir, describe_url(settings.require_database_url())) as identity:
        _log.info("MQTT client id %s", identity)
        yield settings.model_copy(update={"mqtt_client_id": identity})


def broker_of(settings: Settings) -> Broker | None:
    """Return the broker of the settings; None if they name none.

    Raises:
        ConfigError: If a file for TLS cannot be read.
    """
    if settings.mqtt_host is None:
        return None
    password = settings.mqtt_password
    return Broker(
        host=settings.mqtt_host,
        port=settings.mqtt_port,
        username=settings.mqtt_username,
        password=None if password is None else password.get_secret_value(),
        tls=tls_of(settings),
    )


def subscription_of(
    broker: Broker | None, settings: Settings, registry: Registry
) -> SubscriberOptions | None:
    """Return what to subscribe to; None without a broker or a source.

    Raises:
        PluginError: If a source names a dialect that does not exist.
    """
    if not registry.mqtt_sources:
        return None
    if broker is None:
        _log.warning(
            "the archive has %d MQTT sources and nobody listens to them: set KILOWATCH_MQTT_HOST",
            len(registry.mqtt_sources),
        )
        return None
    topics = topics_of(registry.mqtt_sources, settings.mqtt_share)
    return SubscriberOptions(**broker.access, client_id=settings.mqtt_client_id or CLIENT_ID, topics=topics)


def announcer_of(broker: Broker | None, settings: Settings, registry: Registry) -> Announcer | None:
    """Return what tells Home Assistant; None without a broker, or where it is not wanted."""
    prefix = settings.mqtt_discovery_prefix
    if broker is None or prefix is None:
        return None
    shown = as_shown(registry, primary_profiles(settings))
    return Announcer(broker, prefix, settings.mqtt_client_id or CLIENT_ID, shown, utc_now)


def latest_registers(url: str, registry: Registry) -> Latest:
    """Return when each meter's newest stored register reading was taken, if a source can ask for the rest.

    Raises:
        StorageError: If the database is away.
    """
    if not any(dialects.get(source.dialect).answers(source) for source in registry.mqtt_sources):
        return {}
    now = utc_now()
    with connect(url) as connection:
        newest = latest_values(
            connection, [Quantity.ACTIVE_ENERGY_IMPORT], scope=EVERYTHING, since=now - LOOK_BACK
        )
    return {value.meter: value.taken_at for value in newest if value.taken_at <= now}
