"""Where a broker is, handed on to the options of a connection."""

from collectors.broker import Broker
from collectors.subscriber import SubscriberOptions


def test_options_of_a_connection_take_over_where_the_broker_is() -> None:
    broker = Broker(host="broker", port=8883, username="kilowatch", password="secret")  # noqa: S106 - no secret
    options = SubscriberOptions(**broker.access, topics=("t",))
    assert (options.host, options.port, options.username) == ("broker", 8883, "kilowatch")
    assert options.client_id == "kilowatch"
