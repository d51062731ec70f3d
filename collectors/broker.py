"""Where an MQTT broker is and how to be let in."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

_AUTHORITY: Final = (
    "KILOWATCH_MQTT_CA_FILE must be the authority that signed it, and KILOWATCH_MQTT_HOST a name in it; "
    "a running service has read that file at its start"
)
_CERTIFICATE: Final[Mapping[int, str]] = {
    9: "look at the clocks of both machines",
    10: "renew it at the broker, and look at the clocks of both machines",
    92: "make the authority's own with keyUsage keyCertSign, which Python 3.13 and newer insist on",
}
"""By OpenSSL's number of what was found (openssl/x509_vfy.h): not yet valid, expired, no key usage."""


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

    def next_try(self, *, was_let_in: bool) -> str:
        """Return the next step after a connection that the broker ended."""
        if was_let_in or self.tls is None:
            return "connecting again"
        return (
            "the broker hung up before it let us in: where it wants one, set KILOWATCH_MQTT_CERT_FILE "
            "and KILOWATCH_MQTT_KEY_FILE to a certificate that it trusts; trying again"
        )

    def _admit(self, client: mqtt.Client) -> None:
        if self.username is not None:
            client.username_pw_set(self.username, self.password)
        if self.tls is not None:
            client.tls_set_context(self.tls)


def connection_advice(error: BaseException | None) -> str:
    """Return the next step after a connection that did not come about."""
    advice = tls_advice(error)
    return "trying again until it answers" if advice is None else f"{advice}; trying again"


def tls_advice(error: BaseException | None) -> str | None:
    """Return what is to be mended where TLS came not about; None where something else is at fault."""
    if isinstance(error, ssl.SSLCertVerificationError):
        step = _CERTIFICATE.get(error.verify_code, _AUTHORITY)
        return f"the broker's certificate is refused ({error.verify_message}): {step}"
    if isinstance(error, ssl.SSLError):
        return (
            f"TLS failed ({error.reason}): check that KILOWATCH_MQTT_PORT is the broker's port for TLS and, "
            "where it wants a certificate, KILOWATCH_MQTT_CERT_FILE and KILOWATCH_MQTT_KEY_FILE"
        )
    return None


def let_go(client: mqtt.Client) -> None:
    """Disconnect a client, end its thread, and forget its callbacks.

    They lead back to their owner: such a circle would keep the client's sockets open until it is collected.
    """
    client.disconnect()
    client.loop_stop()
    client._reset_sockets()  # noqa: SLF001 - paho closes what wakes its thread only when it is collected
    client.on_connect = client.on_connect_fail = client.on_disconnect = client.on_subscribe = None
    client.on_message = client.on_publish = None
