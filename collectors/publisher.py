"""Publishes messages over a connection of its own, which says when it is there and when it is gone."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import paho.mqtt.client as mqtt
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from collectors.broker import Broker, let_go
from protocols.mqtt.dialects import Publication

log = logging.getLogger("kilowatch.publisher")

Greeting: TypeAlias = Callable[[], Sequence[Publication]]
"""What every new connection begins with: what a broker must hold that may have forgotten it."""

MOST_QUEUED = 10_000
"""Confirmed messages that wait for a connection; what comes beyond is dropped and counted."""
FAREWELL_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherOptions(Broker):
    """Where the broker is and what it says of us when we are gone."""

    client_id: str
    farewell: Publication
    """Our last will, and what we say when we leave by ourselves."""
    keepalive_s: int = 30
    retry_most_s: float = 30.0


class Publisher:
    """One connection to publish on; messages without confirmation are dropped while it is down."""

    def __init__(self, options: PublisherOptions, greeting: Greeting) -> None:
        """Prepare; nothing is connected before :meth:`start`."""
        self._options = options
        self._greeting = greeting
        self._lock = threading.Lock()
        self._dropped = 0
        self._client = self._new_client()

    @property
    def dropped(self) -> int:
        """Messages that were not sent because there was no connection, or no room to wait for one."""
        with self._lock:
            return self._dropped

    def start(self) -> None:
        """Connect in the background, now and whenever the connection is lost."""
        options = self._options
        self._client.connect_async(options.host, options.port, keepalive=options.keepalive_s)
        self._client.loop_start()

    def publish(self, publications: Sequence[Publication]) -> None:
        """Send messages; what is confirmed (QoS 1) waits for a connection, the rest does not."""
        for publication in publications:
            outcome = self._send(publication).rc
            # Without a connection paho keeps what is to be confirmed, and only that.
            if outcome == mqtt.MQTT_ERR_QUEUE_SIZE or (
                publication.qos == 0 and outcome != mqtt.MQTT_ERR_SUCCESS
            ):
                with self._lock:
                    self._dropped += 1

    def stop(self) -> None:
        """Say good-bye and disconnect."""
        if self._client.is_connected():
            said = self._send(self._options.farewell)
            if said.rc == mqtt.MQTT_ERR_SUCCESS:
                said.wait_for_publish(FAREWELL_S)
        let_go(self._client)

    def _send(self, publication: Publication) -> mqtt.MQTTMessageInfo:
        return self._client.publish(
            publication.topic, publication.payload, publication.qos, publication.retain
        )

    def _new_client(self) -> mqtt.Client:
        options = self._options
        client = options.new_client(options.client_id, options.retry_most_s)
        client.max_queued_messages_set(MOST_QUEUED)
        farewell = options.farewell
        client.will_set(farewell.topic, farewell.payload, farewell.qos, farewell.retain)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        return client

    # On paho's thread. An exception here would end it, so these raise none.

    def _on_connect(
        self,
        _client: mqtt.Client,
        _userdata: object,
        _flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if self._options.lets_in(reason, log):
            self.publish(self._greeting())

    def _on_disconnect(
        self,
        _client: mqtt.Client,
        _userdata: object,
        _flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            log.warning("mqtt.disconnected", extra={"reason": str(reason), "host": self._options.host})
