"""MQTT against a real Mosquitto: confirmed by the broker, or an error that names it."""

from __future__ import annotations

import queue

import orjson
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from alerts.outgoing import Outgoing
from alerts.topics import AlarmBroker, publish
from pipeline.errors import DeliveryError
from tests.fix_mosquitto import Broker

NEWS = Outgoing(id="msg_1", title="", text="", url=None, document={"type": "incident.opened"})


def test_a_message_is_on_its_topic_with_its_id(mosquitto: Broker) -> None:
    heard: queue.Queue[bytes] = queue.Queue()
    ready: queue.Queue[str] = queue.Queue()
    listener = mqtt.Client(CallbackAPIVersion.VERSION2)
    listener.on_message = lambda _client, _data, message: heard.put(bytes(message.payload))
    listener.on_subscribe = lambda *_answer: ready.put("")
    listener.connect(mosquitto.host, mosquitto.port)
    listener.loop_start()
    listener.subscribe("kilowatch/alarms", qos=1)
    ready.get(timeout=10)
    try:
        answer = publish(AlarmBroker(host=mosquitto.host, port=mosquitto.port), "kilowatch/alarms", NEWS)
        assert answer == "confirmed (QoS 1)"
        assert orjson.loads(heard.get(timeout=10)) == {"id": "msg_1", "type": "incident.opened"}
    finally:
        listener.disconnect()
        listener.loop_stop()


def test_a_broker_that_is_away_is_named() -> None:
    with pytest.raises(DeliveryError, match=r"127\.0\.0\.1:9"):
        publish(AlarmBroker(host="127.0.0.1", port=9), "t", NEWS)
