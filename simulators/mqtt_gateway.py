"""A simulated MQTT gateway: sends what its meters stored, then what they show, in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zlib import crc32
from zoneinfo import ZoneInfo

from pipeline.model import MeterId
from pipeline.registry import DEFAULT_ZONE
from pipeline.timegrid import slot_start
from protocols.mqtt.dialects import Publication
from simulators.gateway_messages import (
    LOAD_RECORD_MINUTES,
    NO_FAULTS,
    Disorder,
    GatewayFaults,
    Model,
    Reading,
    batches,
    live_readings,
    payload,
    stored_readings,
)
from simulators.mqtt_link import WINDOW, Broker, MqttLink

OWN_DIALECT = "kilowatch"
POLL_S = 0.5
STOP_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayOptions:
    """Where a gateway sends to, how often, and how carelessly."""

    host: str
    port: int = 1883
    topic: str | None = None
    """None takes ``kilowatch/v1/<gateway>/readings``."""
    username: str | None = None
    password: str | None = None
    every_s: int = 10
    """Period of the live readings."""
    stored_from: datetime | None = None
    """The meters' memory begins here; None sends live readings only."""
    zone: ZoneInfo = DEFAULT_ZONE
    readings_per_message: int = 20
    faults: GatewayFaults = NO_FAULTS
    seed: int = 0


@dataclass(slots=True)
class GatewayCounters:
    """What a gateway has handed to its broker connection."""

    live_readings: int = 0
    stored_readings: int = 0


class MqttGateway:
    """The meters behind one gateway on their way to a broker."""

    def __init__(
        self,
        gateway: str,
        models: Mapping[MeterId, Model],
        options: GatewayOptions,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Prepare; nothing is connected before :meth:`start`."""
        self.id = gateway
        self.counters = GatewayCounters()
        self._models = models
        self._options = options
        self._clock = clock
        self._topic = options.topic or f"kilowatch/v1/{gateway}/readings"
        self._disorder: Disorder[bytes] = Disorder(options.faults, options.seed ^ crc32(gateway.encode()))
        self._stop = threading.Event()
        self._stored_sent = threading.Event()
        broker = Broker(
            host=options.host, port=options.port, username=options.username, password=options.password
        )
        self.link = MqttLink(gateway, broker)
        self._sender = threading.Thread(target=self._send_all, name=f"gateway-{gateway}", daemon=True)

    def start(self) -> None:
        """Connect in the background and begin to send."""
        self.link.start()
        self._sender.start()

    def wait_stored(self, timeout_s: float) -> bool:
        """Return whether the stored readings have all been confirmed by the broker within ``timeout_s``."""
        return self._stored_sent.wait(timeout_s)

    def stop(self) -> None:
        """Send what is held back, wait for the broker's confirmation, disconnect."""
        self._stop.set()
        if self._sender.is_alive():
            self._sender.join(STOP_TIMEOUT_S)
        self.link.stop()

    # On the sender's thread.

    def _send_all(self) -> None:
        while not self.link.connected.wait(POLL_S):
            if self._stop.is_set():
                return
        started_at = self._clock()
        sent_to = self._options.stored_from or started_at
        memory: Iterator[list[Reading]] | None = self._stored(sent_to, started_at)
        sent_to = max(sent_to, started_at)
        next_live = slot_start(started_at, self._options.every_s) + self._period
        while not self._stop.is_set():
            now = self._clock()
            if now >= next_live:
                self._send_live(slot_start(now, self._options.every_s))
                next_live = slot_start(now, self._options.every_s) + self._period
                sent_to = self._send_new_records(sent_to, now)
            elif memory is not None:
                batch = next(memory, None)
                if batch is None:
                    memory = None
                    self._confirm_stored()
                else:
                    self._send_stored(batch)
            else:
                self._stop.wait((next_live - now).total_seconds())
        for message in self._disorder.rest():
            self._publish(message)
        self.link.await_window(0, self._stop)

    @property
    def _period(self) -> timedelta:
        return timedelta(seconds=self._options.every_s)

    def _stored(self, starts_at: datetime, ends_at: datetime) -> Iterator[list[Reading]]:
        readings = stored_readings(self._models, starts_at, ends_at, self._options.zone)
        return batches(readings, self._options.readings_per_message)

    def _send_live(self, instant: datetime) -> None:
        for batch in batches(live_readings(self._models, instant), self._options.readings_per_message):
            self.counters.live_readings += len(batch)
            self._send(batch)

    def _send_new_records(self, sent_to: datetime, now: datetime) -> datetime:
        """Send the load records and freezes that the meters have written since ``sent_to``."""
        if slot_start(now, LOAD_RECORD_MINUTES * 60) < sent_to:
            return sent_to
        for batch in self._stored(sent_to, now):
            self._send_stored(batch)
        return now

    def _send_stored(self, batch: list[Reading]) -> None:
        self.counters.stored_readings += len(batch)
        self._send(batch)
        self.link.await_window(WINDOW, self._stop)

    def _confirm_stored(self) -> None:
        for message in self._disorder.rest():
            self._publish(message)
        self.link.await_window(0, self._stop)
        if not self._stop.is_set():
            self._stored_sent.set()

    def _send(self, batch: list[Reading]) -> None:
        for message in self._disorder.pass_on(payload(self.id, batch)):
            self._publish(message)

    def _publish(self, message: bytes) -> None:
        self.link.publish(Publication(topic=self._topic, payload=message))
