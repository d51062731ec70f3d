"""The benchmarks against real servers, made small: every row has a value, a limit and a verdict."""

from __future__ import annotations

import os

import psycopg
import pytest

from pipeline.errors import ConfigError
from services.benchmarks.rows import BenchRow, benchmarks, growing


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


def test_scale_reads_and_stores_every_meter_of_its_fleets(
    timescale_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", timescale_url)
    monkeypatch.setattr("services.benchmarks.scale.PERIODS_S", (5,))
    monkeypatch.setattr("services.benchmarks.scale_mqtt.PROCESSES", (2,))
    monkeypatch.setattr("services.benchmarks.scale_mqtt.MESSAGES", 20)
    steps: list[str] = []
    rows = growing.get("scale")(steps.append, [3])
    assert steps == ["an empty collector", "3 meters", "MQTT"]
    value = {row.what: row.value for row in rows}
    assert value["3 meters: reads that brought nothing (%)"] == 0
    assert (
        0
        < value["3 meters: lateness in the slot, p50 (s)"]
        <= value["3 meters: slot until all is stored (s)"]
    )
    assert value["MQTT, 2 ingest processes: messages of 20 readings, to committed (1/s)"] > 0
    assert left_behind(timescale_url) == []


def test_archive_tells_what_a_row_takes_and_how_its_questions_are_answered(
    timescale_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", timescale_url)
    monkeypatch.setattr("services.benchmarks.archive.REGISTER_DAYS", 2)
    monkeypatch.setattr("services.benchmarks.archive.LEDGER_DAYS", 2)
    rows = growing.get("archive")(lambda _step: None, [5])
    sizes = [row for row in rows if "bytes of" in row.what]
    assert [row.what.split(",")[1].split(":")[0].strip() for row in sizes[::2]] == [
        "960 rows of register_reading",
        "480 rows of electrical_reading",
        "960 rows of coverage",
    ]
    assert all(20 < row.value < 2000 for row in sizes)
    assert sum("(ms; chunks searched:" in row.what for row in rows) == 7
    assert left_behind(timescale_url) == []


def test_the_page_of_100_000_points_draws_every_one_and_stays_light(
    timescale_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", timescale_url)
    monkeypatch.setattr("services.benchmarks.dashboard.REPEATS", 1)
    rows = {row.what: row for row in run("dashboard")}
    value = {what: row.value for what, row in rows.items()}
    # The goal is on the chart of the many points, whichever of the two stands first.
    voltages = rows["every point: chart of the voltages on the screen (ms)"]
    assert (voltages.limit, voltages.goal) == (1000, 1)
    assert value["every point: first chart on the screen (ms)"] <= voltages.value
    assert voltages.value <= value["every point: last chart on the screen (ms)"]
    assert value["every point: points drawn"] >= 100_000
    assert value["every point: page with all it fetches (bytes)"] < 2_000_000
    # Two points of each of 2 000 buckets for three voltages, and every quarter hour of the load.
    assert 12_000 < value["thinned by the server: points drawn"] < 16_000
    assert value["thinned by the server: page with all it fetches (bytes)"] < 200_000
    assert left_behind(timescale_url) == []


def test_the_api_answers_several_clients_at_once(timescale_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", timescale_url)
    for name, value in (("METERS", 40), ("YEAR_METERS", 2), ("METERS_OF_AREA", 20), ("SECONDS", 4.0)):
        monkeypatch.setattr(f"services.benchmarks.api.{name}", value)
    rows = {row.what: row.value for row in run("api")}
    assert rows["intervals in the database"] == 2 * 365 * 96
    assert rows["electrical readings in the database"] == 40 * 96
    assert sum("p95" in what for what in rows) == 2 * 8  # one client, and several
    assert left_behind(timescale_url) == []


def test_the_api_is_compared_over_more_and_more_years(
    timescale_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", timescale_url)
    for name, value in (("METERS", 40), ("METERS_OF_AREA", 20)):
        monkeypatch.setattr(f"services.benchmarks.api.{name}", value)
    monkeypatch.setattr("services.benchmarks.api_years.SECONDS", 4.0)
    rows = {row.what: row for row in growing.get("api")(lambda _step: None, [3, 1])}
    assert rows["1 meters with a year: rows written"].value == 365 * 96
    assert rows["3 meters with a year: rows written"].value == 2 * 365 * 96
    assert sum("p95" in what for what in rows) == 2 * 8 * 2  # sizes, kinds of address, numbers of clients
    assert rows["a year of one meter alone, most meters against fewest (ms)"].holds is not None
    assert left_behind(timescale_url) == []


def test_the_api_has_no_more_years_than_meters() -> None:
    with pytest.raises(ConfigError, match="ask for at most so many"):
        growing.get("api")(lambda _step: None, [10_001])
