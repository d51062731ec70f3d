"""Takes messages from an MQTT broker and acknowledges each one only when it has been stored.

The broker keeps our session (MQTT 5, fixed client id, no clean start), so what was not acknowledged comes
again after a crash on either side; storage changes nothing when the same reading comes twice. The subscriber
carries bytes only: what they mean is the handler's business.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeAlias

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from collectors.broker import Broker, connection_advice, let_go
from collectors.deliveries import Deliveries, Delivery, Message
from pipeline.errors import ConfigError, StorageError
from protocols.mqtt.dialects import Publication

log = logging.getLogger("kilowatch.subscriber")

Handle: TypeAlias = Callable[[Sequence[Message]], Sequence[Publication]]
"""Stores a batch; returns when it is durable, with what is to be asked because of it.

Raises:
    StorageError: If it could not; the same batch comes again.
"""

QOS: Final = 1
BATCH_MESSAGES: Final = 500
"""Stored at once; a broker must send at least twice as many ahead, or batches wait for one another."""
RETAIN_ON_NEW_ONLY: Final = 1
SESSION_TAKEN_OVER: Final = 0x8E
"""MQTT 5.0, section 3.14.2.1."""
LARGEST_RECEIVE_MAXIMUM: Final = 0xFFFF
"""MQTT 5.0, section 3.1.2.11.3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberOptions(Broker):
    """Where the broker is and how much may be under way."""

    client_id: str = "kilowatch"
    """The broker keeps our session under it: fixed, and one process at a time."""
    topics: tuple[str, ...]
    batch_messages: int = BATCH_MESSAGES
    batch_wait_s: float = 0.2
    receive_maximum: int = 1000
    """Messages the broker sends ahead of our acknowledgements. Below a broker's own limit for messages under
    way, and at least the batch, or a batch never fills."""
    session_expiry_s: int = 7 * 86_400
    """How long the broker keeps messages for us while we are away."""
    keepalive_s: int = 30
    reconnect_s: int = 1
    """A broker that starts again may have forgotten shared subscriptions (Mosquitto 2.0.11): until we are
    back it acknowledges messages to their senders and keeps none, so we are back soon."""
    retry_first_s: float = 0.5
    retry_most_s: float = 30.0

    def __post_init__(self) -> None:
        """Refuse what would stall: a batch that the broker never sends."""
        if not 0 < self.batch_messages <= self.receive_maximum <= LARGEST_RECEIVE_MAXIMUM:
            raise ConfigError("MQTT: batch_messages must be at most receive_maximum, which is at most 65535")
        if not self.topics:
            raise ConfigError("MQTT: there is no topic to subscribe to")


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberCounters:
    """What became of the messages so far."""

    received: int = 0
    handled: int = 0
    acknowledged: int = 0
    superseded: int = 0
    """Not acknowledged because their connection was gone: the broker delivers them again."""
    failed_batches: int = 0
    dropped: int = 0
    """Messages without delivery promise (QoS 0) that found the queue full."""
    connections: int = 0
    asked: int = 0
    """Questions published."""
    waiting: int = 0
    """Messages in the queue now."""
    lag_s: float = 0.0
    """How long ago the oldest message came that is not stored yet; 0 where none is left."""
    connected: bool = False
    """The broker has confirmed our subscription."""


class Subscriber:
    """One subscription: paho's thread receives, a second one hands over batches and acknowledges."""

    def __init__(
        self,
        options: SubscriberOptions,
        handle: Handle,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Prepare; nothing is connected before :meth:`start`."""
        self._options = options
        self._handle = handle
        self._clock = clock
        self._deliveries = Deliveries(capacity=2 * options.receive_maximum)
        self._tally: Counter[str] = Counter()
        # Guards the tally and the number of the connection; held while acknowledgements are queued, so that
        # none slips onto the next connection.
        self._lock = threading.Lock()
        self._connection: int | None = None
        self._in_hand_since: datetime | None = None
        """When the oldest message of the batch that is being stored was received."""
        self._stopping = threading.Event()
        self._subscribed = threading.Event()
        self._failure: Exception | None = None
        self._told_away: str | None = None
        self._client = self._new_client()
        self._consumer = threading.Thread(
            target=self._consume, name=f"mqtt-consumer-{options.client_id}", daemon=True
        )

    @property
    def counters(self) -> SubscriberCounters:
        """What became of the messages so far."""
        with self._lock:
            return SubscriberCounters(
                **self._tally,
                waiting=len(self._deliveries),
                lag_s=self._lag_s(),
                connected=self._subscribed.is_set(),
            )

    def start(self) -> None:
        """Connect in the background, now and whenever the connection is lost."""
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho leaves it bare
        properties.SessionExpiryInterval = self._options.session_expiry_s
        properties.ReceiveMaximum = self._options.receive_maximum
        self._client.connect_async(
            self._options.host,
            self._options.port,
            keepalive=self._options.keepalive_s,
            clean_start=False,
            properties=properties,
        )
        self._consumer.start()
        self._client.loop_start()

    def wait_subscribed(self, timeout_s: float) -> bool:
        """Return whether the broker has confirmed the subscription within ``timeout_s``."""
        return self._subscribed.wait(timeout_s)

    def check(self) -> None:
        """Raise what ended the consumer, if anything did."""
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Finish the batch in hand, leave the rest to the broker, disconnect.

        Raises:
            Exception: What ended the consumer, if it was not this call.
        """
        self._stopping.set()
        self._deliveries.close()
        if self._consumer.is_alive():
            self._consumer.join()
        let_go(self._client)
        self.check()

    def _lag_s(self) -> float:
        oldest = self._in_hand_since or self._deliveries.oldest_at
        return 0.0 if oldest is None else max(0.0, (self._clock() - oldest).total_seconds())

    def _new_client(self) -> mqtt.Client:
        options = self._options
        client = options.new_client(options.client_id, options.reconnect_s, manual_ack=True)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    # On paho's thread. An exception here would end it, so these raise none.

    def _on_connect(
        self,
        client: mqtt.Client,
        _userdata: object,
        flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if not self._options.lets_in(reason, log):
            return
        if flags.session_present:
            self._count("superseded", self._deliveries.forget_acknowledgeable())
        with self._lock:
            self._tally["connections"] += 1
            number = self._connection = self._tally["connections"]
        self._told_away = None
        log.info("mqtt.connected", extra={"connection": number, "session_kept": flags.session_present})
        wanted = SubscribeOptions(qos=QOS, retainHandling=RETAIN_ON_NEW_ONLY)
        client.subscribe([(topic, wanted) for topic in self._options.topics])

    def _on_connect_fail(self, _client: mqtt.Client, _userdata: object) -> None:
        """Tell it once an outage, and again when there is another reason: paho tries again and again."""
        # paho calls this while it handles the error, and tells it in no other way.
        advice = connection_advice(sys.exc_info()[1])
        if advice != self._told_away:
            self._told_away = advice
            where = {"host": self._options.host, "port": self._options.port}
            log.warning("mqtt.unreachable", extra={**where, "next": advice})

    def _on_disconnect(
        self,
        _client: mqtt.Client,
        _userdata: object,
        _flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        with self._lock:
            was_let_in = self._connection is not None
            self._connection = None
        self._subscribed.clear()
        if reason.value == SESSION_TAKEN_OVER:
            log.error(
                "mqtt.taken_over: another process uses the client id %r; give each process its own "
                "KILOWATCH_MQTT_CLIENT_ID, or leave it unset",
                self._options.client_id,
            )
        elif not self._stopping.is_set():
            what = {"reason": str(reason), "host": self._options.host}
            log.warning(
                "mqtt.disconnected", extra={**what, "next": self._options.next_try(was_let_in=was_let_in)}
            )

    def _on_subscribe(
        self,
        _client: mqtt.Client,
        _userdata: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        refused = [str(reason) for reason in reasons if reason.is_failure]
        if refused:
            log.error("mqtt.subscription_refused", extra={"reasons": refused, "topics": self._options.topics})
        else:
            self._subscribed.set()

    def _on_message(self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""  # no dialect matches it: the handler keeps it as unmatched
        number = self._connection
        self._count("received")
        taken = self._deliveries.put(
            Delivery(
                message=Message(
                    topic=topic,
                    payload=bytes(message.payload),
                    received_at=self._clock(),
                    retained=message.retain,
                ),
                mid=message.mid,
                qos=message.qos,
                connection=-1 if number is None else number,
            )
        )
        if not taken and message.qos == 0:
            self._count("dropped")

    # On the consumer's thread.

    def _consume(self) -> None:
        try:
            while batch := self._deliveries.take(self._options.batch_messages, self._options.batch_wait_s):
                questions = self._stored(batch)
                if questions is None:
                    return
                self._acknowledge(batch)
                self._publish(questions)
        except Exception as error:
            # A fault in the handler, not in the data: nothing is acknowledged, and stop() or check() tell it.
            self._failure = error
            self._deliveries.close()
            log.exception("mqtt.consumer_failed")

    def _stored(self, batch: Sequence[Delivery]) -> Sequence[Publication] | None:
        """Hand a batch over until it is stored; None when told to stop first."""
        messages = [delivery.message for delivery in batch]
        self._in_hand_since = messages[0].received_at
        pause_s = self._options.retry_first_s
        while True:
            try:
                questions = self._handle(messages)
            except StorageError as error:
                self._count("failed_batches")
                log.warning("mqtt.batch_not_stored", extra={"messages": len(batch), "error": str(error)})
                if self._stopping.wait(pause_s):
                    return None
                pause_s = min(2 * pause_s, self._options.retry_most_s)
            else:
                self._count("handled", len(batch))
                self._in_hand_since = None
                return questions

    def _acknowledge(self, batch: Sequence[Delivery]) -> None:
        with self._lock:
            for delivery in batch:
                if delivery.qos == 0:
                    continue
                if delivery.connection == self._connection:
                    self._client.ack(delivery.mid, delivery.qos)
                    self._tally["acknowledged"] += 1
                else:
                    self._tally["superseded"] += 1

    def _publish(self, questions: Sequence[Publication]) -> None:
        for question in questions:
            self._client.publish(question.topic, question.payload, question.qos, question.retain)
            self._count("asked")

    def _count(self, what: str, more: int = 1) -> None:
        with self._lock:
            self._tally[what] += more
