"""A simulated gateway, a real broker, our subscriber: every reading arrives, whatever the disorder."""

import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from collectors.deliveries import Message
from collectors.subscriber import Subscriber, SubscriberOptions
from pipeline.model import MeterId, Origin, Snapshot
from pipeline.quantities import Quantity
from protocols.mqtt.dialects import Publication
from protocols.mqtt.kilowatch import parse
from simulators.gateway_messages import GatewayFaults
from simulators.mqtt_gateway import GatewayOptions, MqttGateway
from tests.fix_mosquitto import Broker

TIMEOUT_S = 30.0
START = datetime(2026, 11, 22, 4, 0, 7, tzinfo=UTC)


class Clockwork:
    def read(self, instant: datetime) -> Mapping[Quantity, float]:
        return {Quantity.ACTIVE_ENERGY_IMPORT: instant.timestamp() / 3600 - 490_000}


class Ticking:
    """A clock that goes on by half a second at each look."""

    def __init__(self) -> None:
        self.now = START
        self.lock = threading.Lock()

    def __call__(self) -> datetime:
        with self.lock:
            self.now += timedelta(seconds=0.5)
            return self.now


def test_two_days_of_memory_and_live_readings_arrive(mosquitto: Broker) -> None:
    kept: dict[tuple[MeterId, datetime, Origin], Snapshot] = {}
    changed = threading.Condition()

    def handle(messages: Sequence[Message]) -> Sequence[Publication]:
        with changed:
            for message in messages:
                parsed = parse(message.topic, message.payload, message.received_at)
                assert parsed.unmatched == ()
                kept.update({(s.meter, s.taken_at, s.origin): s for s in parsed.snapshots})
            changed.notify_all()
        return ()

    def of(origin: Origin) -> int:
        return sum(key[2] is origin for key in kept)

    subscriber = Subscriber(
        SubscriberOptions(
            host=mosquitto.host,
            port=mosquitto.port,
            client_id="kilowatch-gateway-test",
            topics=("kilowatch/v1/gw-test/readings",),
            batch_wait_s=0.02,
        ),
        handle,
        clock=lambda: START + timedelta(days=1),
    )
    subscriber.start()
    assert subscriber.wait_subscribed(TIMEOUT_S)
    gateway = MqttGateway(
        "gw-test",
        {MeterId(f"M-{n}"): Clockwork() for n in range(3)},
        GatewayOptions(
            host=mosquitto.host,
            port=mosquitto.port,
            every_s=1,
            stored_from=START - timedelta(days=2),
            faults=GatewayFaults(duplicate=0.1, late=0.1),
        ),
        clock=Ticking(),
    )
    gateway.start()
    assert gateway.wait_stored(TIMEOUT_S)
    with changed:
        assert changed.wait_for(lambda: of(Origin.PRESENT) >= 6 and of(Origin.LOAD_RECORD) >= 576, TIMEOUT_S)
    gateway.stop()
    subscriber.stop()
    assert of(Origin.DAILY_FREEZE) >= 2 * 3
    assert gateway.link.confirmed == gateway.link.sent
    assert gateway.counters.stored_readings >= 2 * 3 * 96 + 6
