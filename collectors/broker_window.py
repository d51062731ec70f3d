"""How many messages a broker sends ahead of acknowledgements, measured on a topic of our own."""

from __future__ import annotations

import threading
import uuid
from time import monotonic
from typing import Final

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from collectors.broker import Broker, let_go
from pipeline.errors import TransportError

TOPIC: Final = "kilowatch/doctor"
CONNECT_S: Final = 5.0
QUIET_S: Final = 1.0
"""When nothing came for so long the broker waits for us."""
LONGEST_S: Final = 10.0


def measured_window(broker: Broker, enough: int, *, receive_maximum: int = 65_535) -> int | None:
    """Publish ``enough`` small messages to ourselves, acknowledge none, and return how many came.

    None if nothing came: the account may not publish or subscribe there. The session ends with the
    connection, so the broker keeps nothing of it.

    Raises:
        TransportError: If the broker does not answer or does not let us in.
    """
    probe = _Probe(f"{TOPIC}/{uuid.uuid4().hex[:12]}")
    client = broker.new_client(f"kilowatch-doctor-{uuid.uuid4().hex[:8]}", 1.0, manual_ack=True)
    client.max_inflight_messages_set(enough)
    client.on_connect = probe.on_connect
    client.on_subscribe = probe.on_subscribe
    client.on_message = probe.on_message
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho leaves it bare
    properties.ReceiveMaximum = receive_maximum
    try:
        client.connect(broker.host, broker.port, clean_start=True, properties=properties)
    except OSError as error:
        raise TransportError(f"the broker {broker.host}:{broker.port} does not answer: {error}") from error
    client.loop_start()
    try:
        if not probe.let_in.wait(CONNECT_S):
            raise TransportError(
                f"the broker {broker.host}:{broker.port} does not answer within {CONNECT_S:g} s"
            )
        if probe.refused is not None:
            raise TransportError(f"the broker {broker.host}:{broker.port} lets us not in: {probe.refused}")
        if not probe.subscribed.wait(CONNECT_S):
            return None
        for number in range(enough):
            client.publish(probe.topic, str(number), qos=1)
        return probe.count_until_quiet(enough) or None
    finally:
        let_go(client)


class _Probe:
    """What paho's thread tells."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.let_in = threading.Event()
        self.subscribed = threading.Event()
        self.refused: str | None = None
        self._changed = threading.Condition()
        self._came = 0

    def on_connect(
        self,
        client: mqtt.Client,
        _userdata: object,
        _flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self.refused = str(reason)
        else:
            client.subscribe(self.topic, qos=1)
        self.let_in.set()

    def on_subscribe(
        self,
        _client: mqtt.Client,
        _userdata: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        if not any(reason.is_failure for reason in reasons):
            self.subscribed.set()

    def on_message(self, _client: mqtt.Client, _userdata: object, _message: mqtt.MQTTMessage) -> None:
        with self._changed:
            self._came += 1
            self._changed.notify_all()

    def count_until_quiet(self, enough: int) -> int:
        deadline = monotonic() + LONGEST_S
        with self._changed:
            while self._came < enough and monotonic() < deadline:
                before = self._came
                if not self._changed.wait(QUIET_S) and self._came == before:
                    break
            return self._came
