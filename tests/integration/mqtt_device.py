"""A foreign device on a real broker: it hears what it is asked, and says what a test tells it to."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from collectors.broker import let_go
from tests.fix_mosquitto import Broker

TIMEOUT_S = 30.0
_numbers = count()


@dataclass(frozen=True, slots=True)
class Heard:
    """A message that a device received."""

    topic: str
    payload: bytes
    retained: bool


class Device:
    """One client; ``answer`` may publish in return to what is heard."""

    def __init__(
        self, broker: Broker, topic: str, answer: Callable[[Device, Heard], None] | None = None
    ) -> None:
        """Connect, and subscribe to ``topic``."""
        self.heard: list[Heard] = []
        self._answer = answer
        self._changed = threading.Condition()
        self._subscribed = threading.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=f"device-{next(_numbers)}", protocol=mqtt.MQTTv5
        )
        self._client.on_message = self._on_message
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()
        self._client.subscribe(topic, qos=1)
        assert self._subscribed.wait(TIMEOUT_S)

    def say(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish without waiting."""
        self._client.publish(topic, payload, qos=1, retain=retain)

    async def hears(self, condition: Callable[[list[Heard]], bool]) -> None:
        """Wait until what was heard fulfils ``condition``."""
        await asyncio.to_thread(self._wait_for, condition)

    def _wait_for(self, condition: Callable[[list[Heard]], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: condition(self.heard), TIMEOUT_S), self.heard

    def stop(self) -> None:
        """Disconnect."""
        let_go(self._client)

    def _on_message(self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        heard = Heard(message.topic, bytes(message.payload), message.retain)
        with self._changed:
            self.heard.append(heard)
            self._changed.notify_all()
        if self._answer is not None:
            self._answer(self, heard)


@contextmanager
def device(
    broker: Broker, topic: str, answer: Callable[[Device, Heard], None] | None = None
) -> Iterator[Device]:
    """Give a device for a while."""
    connected = Device(broker, topic, answer)
    try:
        yield connected
    finally:
        connected.stop()
