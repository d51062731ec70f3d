"""TLS to database and broker with a private authority: the right one is trusted, and nobody else."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from collectors.deliveries import Message
from collectors.subscriber import Subscriber, SubscriberOptions
from pipeline.errors import ConfigError, StorageError
from protocols.mqtt.dialects import Publication
from services.listen import broker_of
from services.settings import Settings
from storage.database import connect
from tests.fix_mosquitto import BrokerProcess
from tests.integration.modbus_servers import Authority, make_authority

SCRIPT = Path(__file__).parents[2] / "scripts" / "timescaledb"
START_S = 120.0
WAIT_S = 20.0


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The authority of the site, whose servers are called ``localhost``."""
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that signed none of the servers."""
    return make_authority(tmp_path_factory.mktemp("stranger"))


@pytest.fixture(scope="module")
def database(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database server of this module's own, with TLS, by its name ``localhost``; gives user to database."""
    name, port, password = f"tls-{secrets.token_hex(4)}", _free_port(), secrets.token_hex(12)
    log = tmp_path_factory.mktemp("database") / "server.log"
    environment = {**os.environ, "KILOWATCH_DATABASE_PASSWORD": password}
    with log.open("wb") as output:
        server = subprocess.Popen(  # noqa: S603 - our own script
            [SCRIPT, "serve", name, str(port)], env=environment, stdout=output, stderr=output
        )
    where = f"kilowatch:{password}@localhost:{port}/postgres"
    try:
        _switch_tls_on(f"postgresql://{where}", authority, server, log)
        yield where
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(WAIT_S)
        subprocess.run([SCRIPT, "discard", name], check=True)  # noqa: S603 - our own script


def test_a_database_of_our_authority_is_spoken_to_over_tls(database: str, authority: Authority) -> None:
    url = f"postgresql://{database}?sslmode=verify-full&sslrootcert={authority.certificate}"
    with connect(url) as connection:
        row = connection.execute(
            "SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        ).fetchone()
    assert row is not None
    assert row[0] is True
    assert row[1] >= "TLSv1.2"


def test_a_database_of_a_strange_authority_is_refused_with_the_next_step(
    database: str, stranger: Authority
) -> None:
    url = f"postgresql://{database}?sslmode=verify-full&sslrootcert={stranger.certificate}"
    with pytest.raises(
        StorageError, match=r"certificate verify failed.*Next step: check TLS: sslrootcert"
    ) as told:
        connect(url)
    assert database.partition("@")[0].partition(":")[2] not in str(told.value)


def test_a_database_under_another_name_is_refused_with_the_next_step(
    database: str, authority: Authority
) -> None:
    elsewhere = database.replace("@localhost:", "@127.0.0.1:")
    url = f"postgresql://{elsewhere}?sslmode=verify-full&sslrootcert={authority.certificate}"
    with pytest.raises(StorageError, match=r"does not match host name.*Next step: check TLS"):
        connect(url)


@pytest.fixture
def broker(authority: Authority, tmp_path: Path) -> Iterator[BrokerProcess]:
    """A Mosquitto of the authority's, by its name ``localhost``, that wants a certificate of its clients."""
    broker = BrokerProcess(tmp_path)
    certificate, key = authority.sign("mosquitto", "DNS:localhost")
    configuration = tmp_path / "mosquitto.conf"
    lines = configuration.read_text(encoding="utf-8").splitlines()
    tls = [
        f"cafile {authority.certificate}",
        f"certfile {certificate}",
        f"keyfile {key}",
        "require_certificate true",
        "use_identity_as_username true",
    ]
    configuration.write_text("\n".join([lines[0], *tls, *lines[1:]]) + "\n", encoding="utf-8")
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def own(broker: BrokerProcess, authority: Authority) -> Settings:
    """The settings that fit."""
    certificate, key = authority.sign("collector", "DNS:collector")
    return Settings(
        mqtt_host="localhost",
        mqtt_port=broker.broker.port,
        mqtt_ca_file=authority.certificate,
        mqtt_cert_file=certificate,
        mqtt_key_file=key,
    )


def test_a_broker_of_our_authority_is_subscribed_at(own: Settings) -> None:
    subscriber = _subscriber(own)
    subscriber.start()
    try:
        assert subscriber.wait_subscribed(WAIT_S)
    finally:
        subscriber.stop()


# paho leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore:unclosed <ssl.SSLSocket"
)
@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("authority", "KILOWATCH_MQTT_CA_FILE must be the authority that signed it"),
        ("name", "KILOWATCH_MQTT_HOST a name in it"),
        ("no certificate", "KILOWATCH_MQTT_CERT_FILE"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_next_step(
    own: Settings, stranger: Authority, caplog: pytest.LogCaptureFixture, wrong: str, told: str
) -> None:
    changes: dict[str, dict[str, object]] = {
        "authority": {"mqtt_ca_file": stranger.certificate},
        "name": {"mqtt_host": "127.0.0.1"},
        "no certificate": {"mqtt_cert_file": None, "mqtt_key_file": None},
    }
    subscriber = _subscriber(own.model_copy(update=changes[wrong]))
    with caplog.at_level(logging.WARNING, "kilowatch.subscriber"):
        subscriber.start()
        assert not subscriber.wait_subscribed(2.0)
        subscriber.stop()
    assert told in " ".join(str(vars(record)) for record in caplog.records)


def test_certificate_and_key_come_together(own: Settings) -> None:
    with pytest.raises(ConfigError, match="MQTT_KEY_FILE belong together"):
        broker_of(own.model_copy(update={"mqtt_key_file": None}))


def _subscriber(settings: Settings) -> Subscriber:
    def handle(_messages: Sequence[Message]) -> Sequence[Publication]:
        return ()

    broker = broker_of(settings)
    assert broker is not None
    return Subscriber(SubscriberOptions(**broker.access, client_id="tls-test", topics=("tls/#",)), handle)


def _switch_tls_on(url: str, authority: Authority, server: subprocess.Popen[bytes], log: Path) -> None:
    """Give a running server its certificate and key through SQL: its folder is in a root of its own."""
    certificate, key = authority.sign("database", "DNS:localhost")
    with _first_connection(url, server, log) as connection:
        for name, file in (("server.crt", certificate), ("server.key", key)):
            program = sql.Literal(f"umask 077; cat > {name}")
            copy_in = sql.SQL("COPY (SELECT unnest({}::text[])) TO PROGRAM {}")
            lines = file.read_text(encoding="ascii").splitlines()
            connection.execute(copy_in.format(sql.Literal(lines), program))
        connection.execute("ALTER SYSTEM SET ssl = on")
        connection.execute("SELECT pg_reload_conf()")
        deadline = time.monotonic() + WAIT_S
        while connection.execute("SHOW ssl").fetchone() != ("on",) and time.monotonic() < deadline:
            time.sleep(0.05)


def _first_connection(
    url: str, server: subprocess.Popen[bytes], log: Path
) -> psycopg.Connection[tuple[object, ...]]:
    deadline = time.monotonic() + START_S
    while True:
        try:
            return psycopg.connect(url, autocommit=True)
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"the database server did not start:\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
