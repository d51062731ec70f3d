"""Publishes a message on an MQTT topic and waits until the broker has it (QoS 1)."""

from __future__ import annotations

import ssl
import threading
from dataclasses import dataclass, field

import orjson
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from alerts.outgoing import Outgoing
from pipeline.errors import DeliveryError

TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmBroker:
    """The broker that alarms are published at."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None


def publish(broker: AlarmBroker, topic: str, outgoing: Outgoing) -> str:
    """Publish the document with the message's id added, and return what the broker answered.

    Raises:
        DeliveryError: If the broker is away, refuses us, or does not confirm in time.
    """
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    if broker.username is not None:
        client.username_pw_set(broker.username, broker.password)
    if broker.tls is not None:
        client.tls_set_context(broker.tls)
    greeted = threading.Event()
    refusals: list[str] = []

    def on_connect(*answer: object) -> None:
        reason = answer[3]
        if getattr(reason, "is_failure", True):
            refusals.append(str(reason))
        greeted.set()

    client.on_connect = on_connect
    where = f"the broker {broker.host}:{broker.port}"
    try:
        client.connect(broker.host, broker.port, keepalive=30)
        client.loop_start()
        if not greeted.wait(TIMEOUT_S) or refusals:
            raise DeliveryError(f"{where} did not let us in: {', '.join(refusals) or 'no answer'}")
        told = client.publish(topic, orjson.dumps({"id": outgoing.id, **outgoing.document}), qos=1)
        told.wait_for_publish(TIMEOUT_S)
        if not told.is_published():
            raise DeliveryError(f"{where} did not confirm the message within {TIMEOUT_S:g} s")
    except (OSError, RuntimeError, ValueError) as error:
        raise DeliveryError(f"{where}: {error}") from error
    finally:
        client.disconnect()
        client.loop_stop()
        client.on_connect = None
        client._reset_sockets()  # noqa: SLF001 - paho closes what wakes its thread only when it is collected
    return "confirmed (QoS 1)"
