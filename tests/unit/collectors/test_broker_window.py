"""How far a real broker goes ahead of acknowledgements."""

from __future__ import annotations

import pytest

from collectors.broker import Broker
from collectors.broker_window import measured_window
from pipeline.errors import TransportError
from tests.fix_mosquitto import Broker as Mosquitto


def test_a_broker_that_lets_batches_be_under_way_is_measured_in_full(mosquitto: Mosquitto) -> None:
    assert measured_window(Broker(host=mosquitto.host, port=mosquitto.port), 1000) == 1000


def test_a_broker_that_holds_back_is_measured_too(mosquitto: Mosquitto) -> None:
    broker = Broker(host=mosquitto.host, port=mosquitto.port)
    # Mosquitto 2.0.11 goes by what an MQTT 5 client allows, so the client holds it back here.
    assert measured_window(broker, 200, receive_maximum=20) == 20


def test_a_broker_that_is_away_is_told() -> None:
    with pytest.raises(TransportError, match="does not answer"):
        measured_window(Broker(host="127.0.0.1", port=1), 10)
