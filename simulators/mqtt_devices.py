"""Simulated devices that speak a foreign dialect over MQTT, in a thread of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zlib import crc32

from pipeline.timegrid import slot_start
from protocols.mqtt.dialects import Publication
from simulators.gateway_messages import NO_FAULTS, Disorder, GatewayFaults
from simulators.mqtt_link import WINDOW, Broker, MqttLink
from simulators.mqtt_manner import Manner, Surroundings

POLL_S = 0.5
STOP_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Routine:
    """How often devices speak, and how carelessly."""

    every_s: int = 10
    faults: GatewayFaults = NO_FAULTS
    seed: int = 0


class MqttDevices:
    """All devices of one gateway."""

    def __init__(
        self,
        around: Surroundings,
        manner: Manner,
        broker: Broker,
        routine: Routine,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Prepare; nothing is connected before :meth:`start`."""
        self.id = around.gateway
        self._speaker = manner.open(around)
        self._routine, self._clock = routine, clock
        self._disorder: Disorder[Publication] = Disorder(
            routine.faults, routine.seed ^ crc32(self.id.encode())
        )
        self._stop = threading.Event()
        self._speaking = threading.Lock()
        self.link = MqttLink(
            self.id, broker, will=manner.will(around), topics=manner.hears(around), hear=self._heard
        )
        self._sender = threading.Thread(target=self._speak, name=f"devices-{self.id}", daemon=True)

    def start(self) -> None:
        """Connect in the background and begin to speak."""
        self.link.start()
        self._sender.start()

    def wait_stored(self, timeout_s: float) -> bool:  # noqa: ARG002 - as a gateway that has a memory
        """Return True: these devices tell what they have stored only when they are asked."""
        return True

    def stop(self) -> None:
        """Send what is held back, wait for the broker's confirmation, disconnect."""
        self._stop.set()
        if self._sender.is_alive():
            self._sender.join(STOP_TIMEOUT_S)
        self.link.stop()

    def _speak(self) -> None:
        while not self.link.connected.wait(POLL_S):
            if self._stop.is_set():
                return
        while not self._stop.is_set():
            now = self._clock()
            with self._speaking:
                self._send(self._speaker.live(now))
            self.link.await_window(WINDOW, self._stop)
            next_at = slot_start(now, self._routine.every_s) + timedelta(seconds=self._routine.every_s)
            self._stop.wait(max((next_at - self._clock()).total_seconds(), 0.0))
        for message in self._disorder.rest():
            self.link.publish(message)
        self.link.await_window(0, self._stop)

    def _heard(self, topic: str, payload: bytes) -> None:
        """Answer, on the client's thread; an answer is never held back."""
        with self._speaking:
            for message in self._speaker.answer(topic, payload, self._clock()):
                self.link.publish(message)

    def _send(self, said: Iterable[Publication]) -> None:
        for one in said:
            for message in self._disorder.pass_on(one):
                self.link.publish(message)
