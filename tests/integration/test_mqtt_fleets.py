"""Fleets that speak foreign dialects to a real broker, heard by our subscriber, are read as they show."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from collectors.deliveries import Message
from collectors.subscriber import Subscriber, SubscriberOptions
from pipeline.model import MeterId, Origin, Snapshot
from pipeline.quantities import Quantity
from pipeline.registry import MqttSource
from protocols.mqtt.dialects import Publication, dialects
from protocols.mqtt.shelly_records import minute_of
from simulators.fleet.archive import archive_of
from simulators.fleet.build import Fleet, SimulatedMeter, build_fleet
from simulators.fleet.file import parse_fleet
from simulators.fleet.wire import gateway_maker
from simulators.mqtt_devices import MqttDevices
from simulators.mqtt_manner import manners
from tests.fix_mosquitto import Broker

TIMEOUT_S = 30.0
DIALECTS = sorted(manners.all())
FLEET = """
[fleet]
history_days = 1
live_every_s = 1
zone = "Europe/Berlin"
[[area]]
id = "A"
[[gateway]]
id = "{dialect}-{run}"
dialect = "{dialect}"
[[meters]]
id = "ONE-{dialect}-{run}"
gateway = "{dialect}-{run}"
wiring = "1P2W"
area = "A"
load = "home"
peak_kw = 4
[[meters]]
id = "THREE-{dialect}-{run}"
gateway = "{dialect}-{run}"
area = "A"
load = "flat"
peak_kw = 9
power_factor = 0.8
"""
MINUTE_TOTALS = ("active_energy_import", "active_energy_export")
COMMON = {Quantity.ACTIVE_ENERGY_IMPORT, Quantity.VOLTAGE_A, Quantity.CURRENT_A, Quantity.FREQUENCY}
STEP = {"V": 0.051, "A": 0.006, "kW": 0.0006, "kvar": 0.0006, "kVA": 0.0006, "Hz": 0.006, "1": 0.0051}


class Listener:
    """Everything that one source says, as its dialect reads it."""

    def __init__(self, source: MqttSource) -> None:
        self.snapshots: list[Snapshot] = []
        self.unmatched: list[tuple[str, str]] = []
        self._receive = dialects.get(source.dialect).open(source, {})
        self._changed = threading.Condition()

    def handle(self, messages: Sequence[Message]) -> Sequence[Publication]:
        questions: list[Publication] = []
        with self._changed:
            for message in messages:
                parsed = self._receive(message.topic, message.payload, message.received_at)
                self.snapshots += parsed.snapshots
                self.unmatched += [(one.reason, one.key) for one in parsed.unmatched]
                questions += parsed.questions
            self._changed.notify_all()
        return questions

    def until(self, enough: Callable[[list[Snapshot]], bool]) -> list[Snapshot]:
        with self._changed:
            assert self._changed.wait_for(lambda: enough(self.snapshots), TIMEOUT_S), self.unmatched
            return list(self.snapshots)


@contextmanager
def listening(broker: Broker, source: MqttSource) -> Iterator[Listener]:
    listener = Listener(source)
    subscriber = Subscriber(
        SubscriberOptions(
            host=broker.host,
            port=broker.port,
            client_id=f"listener-{source.id}",
            topics=(source.topic, *dialects.get(source.dialect).answers(source)),
            batch_wait_s=0.02,
        ),
        listener.handle,
        clock=lambda: datetime.now(UTC),
    )
    subscriber.start()
    assert subscriber.wait_subscribed(TIMEOUT_S)
    try:
        yield listener
    finally:
        subscriber.stop()


@contextmanager
def speaking(broker: Broker, fleet: Fleet) -> Iterator[MqttDevices]:
    (plan,) = fleet.plan.gateways
    gateway = gateway_maker(fleet, (broker.host, broker.port))(plan, fleet.on(plan.id))
    assert isinstance(gateway, MqttDevices)
    gateway.start()
    try:
        yield gateway
    finally:
        gateway.stop()


def until_confirmed(gateway: MqttDevices, messages: int) -> None:
    """Wait until the broker has taken so many messages of a gateway."""
    pause, deadline = threading.Event(), time.monotonic() + TIMEOUT_S
    while gateway.link.confirmed < messages:
        assert time.monotonic() < deadline
        pause.wait(0.05)


def fleet_of(dialect: str) -> tuple[Fleet, MqttSource]:
    text = FLEET.format(dialect=dialect, run=time.monotonic_ns())
    fleet = build_fleet(parse_fleet(text, dialect), datetime.now(UTC))
    (source,) = archive_of(fleet, {}).mqtt_sources
    return fleet, source


def both_said(snapshots: Sequence[Snapshot], times: int) -> bool:
    meters = [s.meter for s in snapshots if s.origin is Origin.PUSH]
    return len(set(meters)) == 2 and min(map(meters.count, set(meters))) >= times


def expected(meter: SimulatedMeter, snapshot: Snapshot, quantity: Quantity, dialect: str) -> float:
    """Return what the model shows; a Shelly's totals are those of the last whole minute."""
    at = snapshot.taken_at
    if dialect == "shelly_gen2" and quantity.startswith(MINUTE_TOTALS):
        at = datetime.fromtimestamp(minute_of(at), UTC)
    return meter.model.read(at)[quantity]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_dialects_fleet_is_read_as_its_meters_show(mosquitto: Broker, dialect: str) -> None:
    fleet, source = fleet_of(dialect)
    assert source.dialect == dialect
    with listening(mosquitto, source) as listener, speaking(mosquitto, fleet):
        snapshots = listener.until(lambda heard: both_said(heard, 2))
    assert listener.unmatched == []
    meters = {meter.id: meter for meter in fleet.meters}
    live = [snapshot for snapshot in snapshots if snapshot.origin is Origin.PUSH]
    for snapshot in live:
        assert abs(snapshot.taken_at - snapshot.received_at) < timedelta(seconds=5)
        for quantity, value in snapshot.values.items():
            shown = expected(meters[snapshot.meter], snapshot, quantity, dialect)
            assert value == pytest.approx(shown, abs=STEP.get(quantity.unit, 0.0021)), quantity
    told = {meter: {q for s in live if s.meter == meter for q in s.values} for meter in meters}
    (three,) = [told[meter] for meter in told if meter.startswith("THREE")]
    assert three >= {*COMMON, Quantity.VOLTAGE_C, Quantity.CURRENT_C, Quantity.ACTIVE_POWER}
    assert all(told[meter] >= COMMON for meter in told)


def test_shellies_give_the_minutes_that_were_missed(mosquitto: Broker) -> None:
    """A day is asked for at the first message; registers are worked out backwards from the total."""
    fleet, source = fleet_of("shelly_gen2")
    with listening(mosquitto, source) as listener, speaking(mosquitto, fleet):

        def stored(heard: list[Snapshot]) -> set[MeterId]:
            return {s.meter for s in heard if s.origin is Origin.LOAD_RECORD}

        snapshots = listener.until(lambda heard: len(stored(heard)) == 2)
    assert listener.unmatched == []
    for meter in fleet.meters:
        records = [s for s in snapshots if s.meter == meter.id and s.origin is Origin.LOAD_RECORD]
        assert len(records) >= 24 * 60
        for record in records[:: len(records) // 20]:
            shown = meter.model.read(record.taken_at)[Quantity.ACTIVE_ENERGY_IMPORT]
            assert record.values[Quantity.ACTIVE_ENERGY_IMPORT] == pytest.approx(shown, abs=0.01)


def test_an_edge_node_that_is_asked_is_born_again(mosquitto: Broker) -> None:
    """Whoever comes late knows no alias; our subscriber asks, and understands from then on."""
    fleet, source = fleet_of("sparkplug_b")
    with speaking(mosquitto, fleet) as gateway:
        until_confirmed(gateway, 1 + len(fleet.meters))  # the births were said before anybody listened
        with listening(mosquitto, source) as listener:
            listener.until(lambda heard: both_said(heard, 2))
    assert {reason for reason, _ in listener.unmatched} == {"alias without birth"}
