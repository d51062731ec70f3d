"""Where an MQTT broker is and how to be let in."""

from __future__ import annotations

import logging
import ssl
from dataclasses import dataclass, fields
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """An MQTT broker; what else a connection needs to know is added by its own kind."""

    host: str
    port: int = 1883
    username: str | None = None
    password: str | None = None
    tls: ssl.SSLContext | None = None

    @property
    def access(self) -> dict[str, Any]:  # Any: each field's own type
        """Its own fields, for options that add theirs."""
        return {field.name: getattr(self, field.name) for field in fields(Broker)}

    def new_client(self, client_id: str, retry_most_s: float, *, manual_ack: bool = False) -> mqtt.Client:
        """Return a client of MQTT 5 that has what the broker asks for; it is not connected.

        Args:
            client_id: Under which the broker knows us.
            retry_most_s: How long it waits at most before it tries to connect again.
            manual_ack: Acknowledge no message by itself.
        """
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5, manual_ack=manual_ack
        )
        client.reconnect_delay_set(min_delay=1, max_delay=max(1, int(retry_most_s)))
        self._admit(client)
        return client

    def lets_in(self, reason: ReasonCode, log: logging.Logger) -> bool:
        """Tell whether the broker's answer to a connection is yes; a no is logged."""
        if reason.is_failure:
            log.error("mqtt.refused", extra={"reason": str(reason), "host": self.host})
        return not reason.is_failure

    def _admit(self, client: mqtt.Client) -> None:
        if self.username is not None:
            client.username_pw_set(self.username, self.password)
        if self.tls is not None:
            client.tls_set_context(self.tls)


def let_go(client: mqtt.Client) -> None:
    """Disconnect a client, end its thread, and forget its callbacks.

    They lead back to their owner: such a circle would keep the client's sockets open until it is collected.
    """
    client.disconnect()
    client.loop_stop()
    client._reset_sockets()  # noqa: SLF001 - paho closes what wakes its thread only when it is collected
    client.on_connect = client.on_connect_fail = client.on_disconnect = client.on_subscribe = None
    client.on_message = client.on_publish = None
