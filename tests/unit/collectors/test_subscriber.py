import ssl

import pytest
from paho.mqtt.client import DisconnectFlags
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from collectors.subscriber import Subscriber, SubscriberCounters, SubscriberOptions
from pipeline.errors import ConfigError


def test_a_batch_larger_than_the_broker_sends_ahead_is_refused() -> None:
    with pytest.raises(ConfigError, match="batch_messages"):
        SubscriberOptions(host="broker", topics=("t",), batch_messages=501, receive_maximum=500)


def test_a_receive_maximum_beyond_16_bits_is_refused() -> None:
    with pytest.raises(ConfigError, match="65535"):
        SubscriberOptions(host="broker", topics=("t",), receive_maximum=65_536)


def test_a_subscription_to_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="topic"):
        SubscriberOptions(host="broker", topics=())


def test_a_subscriber_that_never_started_can_be_stopped() -> None:
    subscriber = Subscriber(SubscriberOptions(host="broker", topics=("t",)), lambda _: ())
    subscriber.stop()
    assert subscriber.counters == SubscriberCounters()


def test_a_broker_that_is_away_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """paho tries again and again; a log is not to be filled with it."""
    options = SubscriberOptions(host="127.0.0.1", port=1, topics=("t",))
    subscriber = Subscriber(options, lambda _: ())
    client = subscriber._client
    for _attempt in range(3):
        assert client.on_connect_fail is not None
        client.on_connect_fail(client, None)
    subscriber.stop()
    (record,) = caplog.records
    assert record.getMessage() == "mqtt.unreachable"
    assert (vars(record)["host"], vars(record)["port"]) == ("127.0.0.1", 1)


def test_another_reason_of_an_outage_is_told_too(caplog: pytest.LogCaptureFixture) -> None:
    options = SubscriberOptions(host="127.0.0.1", port=1, topics=("t",))
    subscriber = Subscriber(options, lambda _: ())
    away: tuple[Exception, ...] = (ConnectionRefusedError(), expired(), expired(), ConnectionRefusedError())
    for reason in away:
        try:
            raise reason
        except OSError:
            subscriber._on_connect_fail(subscriber._client, None)
    subscriber.stop()
    steps = [vars(record)["next"] for record in caplog.records]
    assert len(steps) == 3
    assert "renew it at the broker" in steps[1]


def expired() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = 10, "certificate has expired"
    return error


def test_a_session_that_another_process_took_over_is_told_with_what_to_do(
    caplog: pytest.LogCaptureFixture,
) -> None:
    subscriber = Subscriber(SubscriberOptions(host="broker", topics=("t",), client_id="twin"), lambda _: ())
    taken_over = ReasonCode(PacketTypes.DISCONNECT, identifier=0x8E)
    flags = DisconnectFlags(is_disconnect_packet_from_server=True)
    subscriber._on_disconnect(subscriber._client, None, flags, taken_over, None)
    subscriber.stop()
    (record,) = caplog.records
    assert "another process uses the client id 'twin'" in record.getMessage()
    assert "KILOWATCH_MQTT_CLIENT_ID" in record.getMessage()
