"""A collector as its service manager sees it: probes, metrics, and an end in time that loses nothing."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import httpx

from tests.fix_mosquitto import Broker
from tests.integration.collector_process import archive, collector, publish, stored, until

STOPS_WITHIN_S = 15.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).is_success
    except httpx.TransportError:
        return False


def test_it_is_watched_and_stops_in_time_with_all_that_it_took(
    database_url: str, mosquitto: Broker, tmp_path: Path
) -> None:
    topic = "kw/stops"
    archive(database_url, topic)
    address = f"http://127.0.0.1:{(port := free_port())}"
    settings = {"MQTT_CLIENT_ID": "stops", "METRICS_PORT": str(port)}
    with collector(database_url, mosquitto, tmp_path, settings) as process:
        until(lambda: answers(f"{address}/ready"))
        until(lambda: "kilowatch_mqtt_connected 1.0" in httpx.get(f"{address}/metrics").text)
        publish(mosquitto, topic, range(500))
        until(lambda: bool(stored(database_url)))
        metrics = httpx.get(f"{address}/metrics").text
        assert 'kilowatch_mqtt_messages_total{result="received"}' in metrics
        assert 'kilowatch_commit_seconds_bucket{le="+Inf"}' in metrics
        # A client that never finishes its request must not hold up the end.
        with socket.create_connection(("127.0.0.1", port)) as slow:
            slow.sendall(b"GET /metr")
            began = time.monotonic()
            process.terminate()
            assert process.wait(STOPS_WITHIN_S) == 0
        assert time.monotonic() - began < STOPS_WITHIN_S
    assert not answers(f"{address}/health")
    # What was not stored yet the broker still holds, or the spool: the next start brings it.
    with collector(database_url, mosquitto, tmp_path, settings):
        until(lambda: len(stored(database_url)) >= 500)
    assert stored(database_url) == list(range(500))
