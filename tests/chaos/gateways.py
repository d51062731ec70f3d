"""MQTT gateways that number their readings and write down which of them the broker acknowledged."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from tests.chaos.ledger import Published

QOS = 1
NOBODY_SUBSCRIBES = 0x10
MOST_UNCONFIRMED = 200
"""A gateway's memory is small: with so many messages on the way it waits."""
FLUSH_S = 20.0


@dataclass(frozen=True, slots=True)
class _Sent:
    taken_at: datetime
    counts: int


@dataclass(frozen=True, slots=True)
class _Acknowledgement:
    at: datetime
    heard: bool


class Gateway:
    """One gateway with a thread of its own; a reading of each meter goes into every message."""

    def __init__(self, name: str, port: int, meters: Sequence[str], every_s: float) -> None:
        """Prepare; nothing is connected before :meth:`start`."""
        self.name = name
        self.meters = meters
        self._port = port
        self._every_s = every_s
        self._under_way: dict[int, _Sent] = {}
        self._early: dict[int, _Acknowledgement] = {}
        """Acknowledgements that were faster than the sender's own thread."""
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._note: Callable[[Published], None] = lambda _: None
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=f"chaos-{name}", protocol=mqtt.MQTTv5
        )
        self._client.reconnect_delay_set(min_delay=1, max_delay=1)
        self._client.on_publish = self._acknowledged
        self._sender = threading.Thread(target=self._send, name=name, daemon=True)

    @property
    def topic(self) -> str:
        """Where it publishes."""
        return f"chaos/{self.name}/readings"

    def start(self, note: Callable[[Published], None]) -> None:
        """Connect in the background and publish; ``note`` is called on paho's thread."""
        self._note = note
        self._client.connect_async("127.0.0.1", self._port, keepalive=5)
        self._client.loop_start()
        self._sender.start()

    def stop(self) -> int:
        """Publish no more, wait for what is under way, disconnect; return what stayed unacknowledged."""
        self._stop.set()
        self._sender.join(FLUSH_S)
        pause = threading.Event()
        waited_s = 0.0
        while self._under_way and waited_s < FLUSH_S:
            pause.wait(0.05)
            waited_s += 0.05
        self._client.disconnect()
        self._client.loop_stop()
        self._client.on_publish = None
        return len(self._under_way) * len(self.meters)

    def _send(self) -> None:
        number = 0
        while not self._stop.wait(self._every_s):
            if len(self._under_way) >= MOST_UNCONFIRMED:
                continue
            number += 1
            sent = _Sent(datetime.now(UTC), number)
            # Without our lock: paho calls back under one of its own, which publishing wants too.
            message = self._client.publish(self.topic, self._payload(sent), qos=QOS)
            with self._lock:
                early = self._early.pop(message.mid, None)
                if early is None:
                    self._under_way[message.mid] = sent
            if early is not None:
                self._write_down(sent, early)

    def _payload(self, sent: _Sent) -> bytes:
        values = {"active_energy_import": sent.counts / 100}
        taken_at = sent.taken_at.isoformat()
        readings = [{"meter": meter, "taken_at": taken_at, "values": values} for meter in self.meters]
        return orjson.dumps({"gateway": self.name, "readings": readings})

    def _acknowledged(
        self, _client: mqtt.Client, _data: object, mid: int, reason: ReasonCode, _properties: Properties
    ) -> None:
        said = _Acknowledgement(datetime.now(UTC), reason.value != NOBODY_SUBSCRIBES)
        with self._lock:
            sent = self._under_way.pop(mid, None)
            if sent is None:
                self._early[mid] = said
        if sent is not None:
            self._write_down(sent, said)

    def _write_down(self, sent: _Sent, said: _Acknowledgement) -> None:
        for meter in self.meters:
            self._note(
                Published(
                    gateway=self.name,
                    meter=meter,
                    taken_at=sent.taken_at,
                    counts=sent.counts,
                    acknowledged_at=said.at,
                    heard=said.heard,
                )
            )
