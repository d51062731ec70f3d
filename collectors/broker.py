"""Where an MQTT broker is and how to be let in."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, fields
from typing import Any

import paho.mqtt.client as mqtt


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

    def admit(self, client: mqtt.Client) -> None:
        """Give a client what the broker asks for before it lets it in."""
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
    client.on_connect = client.on_disconnect = client.on_subscribe = None
    client.on_message = client.on_publish = None
