"""What the settings and the archive make of MQTT: a broker, a subscription, somebody to tell."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from pipeline.errors import ConfigError, PluginError
from pipeline.model import MeterId, Snapshot
from pipeline.quantities import Quantity
from pipeline.registry import Meter, MqttSource, Registry
from services.listen import announcer_of, broker_of, latest_registers, subscription_of, with_client_id
from services.settings import Settings
from services.store import Entry, commit
from services.wiring import utc_now
from storage.database import connect
from storage.registry import save_registry

SHELLY = MqttSource(id="s", topic="+/events/rpc", dialect="shelly_gen2")
TASMOTA = MqttSource(id="t", topic="tele/+/SENSOR", dialect="tasmota")
WITH_BROKER = Settings(mqtt_host="broker", mqtt_username="me", mqtt_password=SecretStr("x"))


def test_without_a_host_there_is_no_broker_and_nothing_to_do() -> None:
    assert broker_of(Settings()) is None
    assert subscription_of(None, Settings(), Registry(mqtt_sources=[TASMOTA])) is None
    assert announcer_of(None, Settings(mqtt_discovery_prefix="homeassistant"), Registry()) is None


def test_sources_that_nobody_listens_to_are_told(caplog: pytest.LogCaptureFixture) -> None:
    assert subscription_of(None, Settings(), Registry(mqtt_sources=[TASMOTA])) is None
    assert "set KILOWATCH_MQTT_HOST" in caplog.text


def test_without_sources_nothing_is_subscribed() -> None:
    assert subscription_of(broker_of(WITH_BROKER), WITH_BROKER, Registry()) is None


def test_the_subscription_covers_readings_and_answers() -> None:
    registry = Registry(mqtt_sources=[SHELLY, TASMOTA])
    options = subscription_of(broker_of(WITH_BROKER), WITH_BROKER, registry)
    assert options is not None
    assert options.topics == ("+/events/rpc", "kilowatch-s/rpc", "tele/+/SENSOR")
    assert (options.host, options.username, options.password) == ("broker", "me", "x")


def test_processes_of_a_group_share_messages_but_not_those_of_a_dialect_that_remembers() -> None:
    registry = Registry(mqtt_sources=[SHELLY, TASMOTA])
    settings = WITH_BROKER.model_copy(update={"mqtt_share": "kilowatch"})
    options = subscription_of(broker_of(settings), settings, registry)
    assert options is not None
    assert options.topics == ("$share/kilowatch/tele/+/SENSOR", "+/events/rpc", "kilowatch-s/rpc")


def test_a_dialect_that_does_not_exist_is_named() -> None:
    registry = Registry(mqtt_sources=[MqttSource(id="x", topic="t", dialect="klingon")])
    with pytest.raises(PluginError, match="klingon"):
        subscription_of(broker_of(WITH_BROKER), WITH_BROKER, registry)


def test_a_certificate_authority_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="KILOWATCH_MQTT_CA_FILE"):
        broker_of(Settings(mqtt_host="broker", mqtt_ca_file=tmp_path / "nothing.pem"))


def test_home_assistant_is_told_only_where_it_is_wanted() -> None:
    broker = broker_of(WITH_BROKER)
    assert announcer_of(broker, WITH_BROKER, Registry()) is None
    wanted = Settings(mqtt_host="broker", mqtt_discovery_prefix="homeassistant")
    assert announcer_of(broker, wanted, Registry()) is not None


def test_asking_begins_at_the_newest_register_that_is_stored(plain_database_url: str) -> None:
    meter = MeterId("M-1")
    registry = Registry(meters=[Meter(id=meter)], mqtt_sources=[SHELLY])
    taken = [utc_now() - timedelta(hours=hours) for hours in (3, 2)]
    with connect(plain_database_url) as connection:
        save_registry(connection, registry)
        values = {Quantity.ACTIVE_ENERGY_IMPORT: 1.0}
        snapshots = [Snapshot(meter=meter, taken_at=at, received_at=at, values=values) for at in taken]
        commit(connection, registry, [Entry(snapshots=snapshots)])
    assert latest_registers(plain_database_url, registry) == {meter: taken[1]}


def test_the_database_is_not_asked_where_no_source_asks() -> None:
    assert latest_registers("postgresql://127.0.0.1:1/none", Registry(mqtt_sources=[TASMOTA])) == {}


def test_a_process_without_a_client_id_gets_one_of_its_own(tmp_path: Path) -> None:
    wanted = WITH_BROKER.model_copy(
        update={"spool_dir": tmp_path, "database_url": SecretStr("postgresql://host/db")}
    )
    with with_client_id(wanted) as first, with_client_id(wanted) as second:
        assert first.mqtt_client_id
        assert second.mqtt_client_id
        assert first.mqtt_client_id != second.mqtt_client_id
    named = wanted.model_copy(update={"mqtt_client_id": "mine"})
    with with_client_id(named) as own:
        assert own.mqtt_client_id == "mine"
    with with_client_id(Settings()) as without_broker:
        assert without_broker.mqtt_client_id is None
