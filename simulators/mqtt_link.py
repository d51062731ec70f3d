"""A simulated device's connection to a broker: connects in the background, sends, waits for confirmations."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from protocols.mqtt.dialects import Publication

QOS = 1
WINDOW = 100
"""Messages under way at once: a gateway's memory is small, and live readings must not wait behind."""
CONFIRM_TIMEOUT_S = 5.0
POLL_S = 0.01

Hear = Callable[[str, bytes], None]
"""Takes topic and payload of what the device listens to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where a device sends to, and as whom."""

    host: str
    port: int = 1883
    username: str | None = None
    password: str | None = None


class MqttLink:
    """One client."""

    def __init__(
        self,
        name: str,
        broker: Broker,
        *,
        will: Publication | None = None,
        topics: Sequence[str] = (),
        hear: Hear | None = None,
    ) -> None:
        """Prepare; nothing is connected before :meth:`start`.

        Args:
            name: The client's name behind ``simulated-``.
            broker: Where to.
            will: What the broker says when the device is gone.
            topics: What it listens to.
            hear: Takes that, on the client's own thread.
        """
        self.sent = 0
        """Messages handed to the client."""
        self.confirmed = 0
        """Messages that the broker has acknowledged."""
        self.connected = threading.Event()
        self._broker, self._topics, self._hear = broker, topics, hear
        self._client = self._new_client(name, will)

    def start(self) -> None:
        """Connect in the background."""
        self._client.connect_async(self._broker.host, self._broker.port)
        self._client.loop_start()

    def stop(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()
        # They lead back to this link: a circle that would keep the client's sockets open.
        self._client.on_connect = self._client.on_publish = self._client.on_message = None

    def publish(self, message: Publication) -> None:
        """Send without waiting."""
        self.sent += 1
        self._client.publish(message.topic, message.payload, qos=message.qos, retain=message.retain)

    def await_window(self, most: int, stop: threading.Event) -> None:
        """Wait until at most so many messages are unconfirmed: back-pressure, and a clean stop."""
        pause = threading.Event()
        waited_s = 0.0
        while self.sent - self.confirmed > most:
            if stop.is_set() and waited_s >= CONFIRM_TIMEOUT_S:
                return  # the broker is away; what it has not confirmed is lost with this process
            pause.wait(POLL_S)
            waited_s += POLL_S

    def _new_client(self, name: str, will: Publication | None) -> mqtt.Client:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"simulated-{name}", protocol=mqtt.MQTTv5)
        client.max_inflight_messages_set(WINDOW)
        if self._broker.username is not None:
            client.username_pw_set(self._broker.username, self._broker.password)
        if will is not None:
            client.will_set(will.topic, will.payload, qos=will.qos, retain=will.retain)

        def connected(to: mqtt.Client, _data: object, _flags: object, reason: object, _: object) -> None:
            if not getattr(reason, "is_failure", True):
                for topic in self._topics:
                    to.subscribe(topic, qos=QOS)
                self.connected.set()

        def confirmed(_client: mqtt.Client, _data: object, _mid: int, _reason: object, _: object) -> None:
            self.confirmed += 1

        def heard(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
            if self._hear is not None:
                self._hear(message.topic, bytes(message.payload))

        client.on_connect, client.on_publish, client.on_message = connected, confirmed, heard
        return client
