"""The benchmarks against real servers, made small: every row has a value, a limit and a verdict."""

from __future__ import annotations

import os

import psycopg
import pytest

from services.benchmarks.rows import BenchRow, benchmarks


def run(name: str) -> list[BenchRow]:
    steps: list[str] = []
    rows = list(benchmarks.get(name)(steps.append))
    assert len(steps) == 3
    return rows


@pytest.fixture
def server(timescale_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", timescale_url)
    for bench in ("ingest", "mqtt"):
        monkeypatch.setattr(f"services.benchmarks.{bench}.REPEATS", 1)
        monkeypatch.setattr(f"services.benchmarks.{bench}.METERS", 100)
    monkeypatch.setattr("services.benchmarks.ingest.ROWS_OF_BATCH", 500)
    monkeypatch.setattr("services.benchmarks.mqtt.MESSAGES", 50)
    return timescale_url


def left_behind(url: str) -> list[tuple[str]]:
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT datname FROM pg_database WHERE datname = %s", (f"kilowatch_bench_{os.getpid()}",)
        ).fetchall()


def test_ingest_compares_with_psql_and_leaves_no_database_behind(server: str) -> None:
    rows = run("ingest")
    assert len(rows) == 5
    assert all(row.value > 0 and row.limit for row in rows)
    assert sum(row.holds is not None for row in rows) == 4
    assert left_behind(server) == []


def test_mqtt_stores_what_it_counts_and_compares_with_a_bare_client(server: str) -> None:
    (row,) = run("mqtt")
    assert row.ratio is not None
    assert row.holds is not None
    assert left_behind(server) == []
