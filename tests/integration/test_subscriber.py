"""The subscriber against a real Mosquitto: nothing is acknowledged before it is stored, nothing is lost."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from collectors.deliveries import Message
from collectors.subscriber import Subscriber, SubscriberOptions
from pipeline.errors import StorageError
from protocols.mqtt.dialects import Publication
from tests.fix_mosquitto import Broker, BrokerProcess

TIMEOUT_S = 20.0
_numbers = count()


class Store:
    """A handler that keeps what it is given, and may be told to fail or to wait."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.seen: list[bytes] = []
        self.sizes: list[int] = []
        self.questions: list[Publication] = []
        self.changed = threading.Condition()
        self.open = threading.Event()
        self.open.set()

    def __call__(self, messages: Sequence[Message]) -> Sequence[Publication]:
        self.open.wait(TIMEOUT_S)
        with self.changed:
            self.changed.notify_all()
            if self.failures:
                self.failures -= 1
                raise StorageError("the database is away")
            self.sizes.append(len(messages))
            self.seen += [message.payload for message in messages]
        return self.questions

    def wait_for(self, condition: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, TIMEOUT_S)


def options(broker: Broker, topic: str, **more: object) -> SubscriberOptions:
    defaults: dict[str, object] = {
        "client_id": f"kilowatch-{topic}",
        "batch_messages": 50,
        "batch_wait_s": 0.05,
        "receive_maximum": 100,
        "retry_first_s": 0.01,
    }
    return SubscriberOptions(host=broker.host, port=broker.port, topics=(topic,), **{**defaults, **more})  # type: ignore[arg-type] # keywords by name


@contextmanager
def running(wanted: SubscriberOptions, store: Store) -> Iterator[Subscriber]:
    subscriber = Subscriber(wanted, store)
    subscriber.start()
    try:
        assert subscriber.wait_subscribed(TIMEOUT_S)
        yield subscriber
    finally:
        store.open.set()
        subscriber.stop()


def publish(broker: Broker, topic: str, payloads: Sequence[bytes], qos: int = 1) -> None:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.connect(broker.host, broker.port)
    client.loop_start()
    for info in [client.publish(topic, payload, qos=qos) for payload in payloads]:
        info.wait_for_publish(TIMEOUT_S)
        assert info.is_published()
    client.disconnect()
    client.loop_stop()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


@pytest.fixture
def topic() -> str:
    return f"test/{next(_numbers)}"


def numbered(n: int) -> list[bytes]:
    return [b"%d" % i for i in range(n)]


def test_messages_come_in_batches_and_are_acknowledged(mosquitto: Broker, topic: str) -> None:
    store = Store()
    with running(options(mosquitto, topic), store) as subscriber:
        publish(mosquitto, topic, numbered(500))
        store.wait_for(lambda: len(store.seen) == 500)
        until(lambda: subscriber.counters.acknowledged == 500)
    assert store.seen == numbered(500)
    assert max(store.sizes) <= 50
    assert len(store.sizes) < 500


def test_nothing_is_acknowledged_before_it_is_stored(mosquitto: Broker, topic: str) -> None:
    store = Store()
    store.open.clear()
    with running(options(mosquitto, topic), store) as subscriber:
        publish(mosquitto, topic, numbered(200))
        until(lambda: subscriber.counters.received == 100)  # the receive maximum holds the broker back
        assert subscriber.counters.acknowledged == 0
        store.open.set()
        store.wait_for(lambda: len(store.seen) == 200)
    assert store.seen == numbered(200)


def test_a_batch_that_could_not_be_stored_comes_again(mosquitto: Broker, topic: str) -> None:
    store = Store(failures=2)
    with running(options(mosquitto, topic), store) as subscriber:
        publish(mosquitto, topic, numbered(20))
        store.wait_for(lambda: len(store.seen) == 20)
        until(lambda: subscriber.counters.acknowledged == 20)
        assert subscriber.counters.failed_batches == 2
    assert store.seen == numbered(20)


def test_what_was_not_acknowledged_is_delivered_to_the_next_subscriber(mosquitto: Broker, topic: str) -> None:
    failing = Store(failures=1_000_000)
    with running(options(mosquitto, topic), failing) as first:
        publish(mosquitto, topic, numbered(30))
        until(lambda: first.counters.failed_batches > 0)
    assert first.counters.acknowledged == 0
    publish(mosquitto, topic, [b"while away"])
    store = Store()
    with running(options(mosquitto, topic), store) as second:
        store.wait_for(lambda: len(store.seen) == 31)
        until(lambda: second.counters.acknowledged == 31)
    assert sorted(store.seen) == sorted([*numbered(30), b"while away"])


def test_stored_messages_are_not_delivered_again(mosquitto: Broker, topic: str) -> None:
    store = Store()
    with running(options(mosquitto, topic), store):
        publish(mosquitto, topic, numbered(30))
        store.wait_for(lambda: len(store.seen) == 30)
    # The broker reads one packet of each connection in turn, and what it has not read of the old one when the
    # same client comes anew is lost: after so many packets of another one all acknowledgements are read.
    publish(mosquitto, f"elsewhere/{topic}", numbered(60))
    again = Store()
    with running(options(mosquitto, topic), again):
        publish(mosquitto, topic, [b"marker"])
        again.wait_for(lambda: bool(again.seen))
    assert again.seen == [b"marker"]


def test_a_broker_that_restarts_between_receipt_and_acknowledgement_loses_nothing(
    own_mosquitto: BrokerProcess, topic: str
) -> None:
    store = Store()
    store.open.clear()
    broker = own_mosquitto.broker
    with running(options(broker, topic, retry_most_s=1.0), store) as subscriber:
        publish(broker, topic, numbered(80))
        until(lambda: subscriber.counters.received == 80)
        own_mosquitto.stop()
        own_mosquitto.start()
        until(lambda: subscriber.counters.connections == 2)
        publish(broker, topic, [b"afterwards"])
        store.open.set()
        store.wait_for(lambda: b"afterwards" in store.seen and len(set(store.seen)) == 81)
        until(lambda: subscriber.counters.acknowledged == 81)
    # The batch in hand was stored on the old connection; only its second delivery could be acknowledged.
    assert subscriber.counters.superseded == 80
    assert len(store.seen) == 81 + 50


def test_a_broker_that_forgot_us_does_not_cost_what_was_received(
    own_mosquitto: BrokerProcess, topic: str
) -> None:
    store = Store()
    store.open.clear()
    broker = own_mosquitto.broker
    with running(options(broker, topic, retry_most_s=1.0), store) as subscriber:
        publish(broker, topic, numbered(80))
        until(lambda: subscriber.counters.received == 80)
        own_mosquitto.stop()
        own_mosquitto.forget()
        own_mosquitto.start()
        until(lambda: subscriber.counters.connections == 2)
        assert subscriber.wait_subscribed(TIMEOUT_S)
        publish(broker, topic, numbered(3))  # the same packet identifiers as the old ones
        store.open.set()
        store.wait_for(lambda: len(store.seen) == 83)
        until(lambda: subscriber.counters.acknowledged == 3)
    assert store.seen == [*numbered(80), *numbered(3)]


def test_a_fault_in_the_handler_is_told_and_nothing_is_acknowledged(mosquitto: Broker, topic: str) -> None:
    called = threading.Event()

    def broken(_messages: Sequence[Message]) -> Sequence[Publication]:
        called.set()
        raise ZeroDivisionError

    subscriber = Subscriber(options(mosquitto, topic), broken)
    subscriber.start()
    assert subscriber.wait_subscribed(TIMEOUT_S)
    publish(mosquitto, topic, [b"1"])
    assert called.wait(TIMEOUT_S)
    with pytest.raises(ZeroDivisionError):
        subscriber.stop()
    assert subscriber.counters.acknowledged == 0


def test_stopping_while_the_broker_is_away_does_not_hang(topic: str) -> None:
    nobody = Broker("127.0.0.1", 1)
    subscriber = Subscriber(options(nobody, topic), Store())
    subscriber.start()
    assert not subscriber.wait_subscribed(0.2)
    subscriber.stop()
