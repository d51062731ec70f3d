from collections.abc import Mapping
from datetime import UTC, datetime

from pipeline.model import MeterId
from pipeline.quantities import Quantity
from simulators.mqtt_gateway import GatewayCounters, GatewayOptions, MqttGateway


class Still:
    def read(self, instant: datetime) -> Mapping[Quantity, float]:  # noqa: ARG002 - the shape of every model
        return {Quantity.VOLTAGE_A: 220.0}


def test_a_gateway_without_a_broker_can_be_stopped() -> None:
    gateway = MqttGateway(
        "gw-1",
        {MeterId("M-1"): Still()},
        GatewayOptions(host="127.0.0.1", port=1),
        clock=lambda: datetime(2026, 11, 22, tzinfo=UTC),
    )
    gateway.start()
    gateway.stop()
    assert gateway.counters == GatewayCounters()
