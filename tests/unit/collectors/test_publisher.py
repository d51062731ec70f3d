"""Publishing without a broker: nothing hangs, and what is lost is counted."""

from collectors.publisher import Publisher, PublisherOptions
from protocols.mqtt.dialects import Publication

FAREWELL = Publication(topic="kilowatch/availability", payload=b"offline", retain=True)


def publisher() -> Publisher:
    return Publisher(
        PublisherOptions(host="127.0.0.1", port=1, client_id="kilowatch-out", farewell=FAREWELL), lambda: ()
    )


def test_what_needs_no_confirmation_is_dropped_and_counted_while_there_is_no_connection() -> None:
    nobody = publisher()
    nobody.publish([Publication(topic="a", payload=b"1", qos=0), Publication(topic="a", payload=b"2", qos=0)])
    assert nobody.dropped == 2


def test_what_is_confirmed_waits_for_a_connection() -> None:
    nobody = publisher()
    nobody.publish([Publication(topic="a", payload=b"1", qos=1)])
    assert nobody.dropped == 0


def test_stopping_without_a_broker_does_not_hang() -> None:
    nobody = publisher()
    nobody.start()
    nobody.stop()
