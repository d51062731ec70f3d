"""Whole tables: the files are those of DESIGN section 7, and hold nothing of other people's areas."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import orjson
import pandas as pd
import pytest

from dashboard.access import scope_of_request
from dashboard.app import create_app
from pipeline.model import Scope
from pipeline.quantities import Quantity
from storage.episode_files import read_episodes
from storage.files import read_intervals, read_readings
from tests.fix_dashboard import NOW, PLANT, SILENT, browsing

SPAN = {"since": "2026-11-18T16:00:00Z", "until": "2026-11-20T16:00:00Z"}
VOLTS = {"quantity": ["voltage_a", "voltage_b", "active_power"]}


@pytest.fixture(scope="module")
def client(city_url: str) -> Iterator[httpx.Client]:
    with browsing(create_app(city_url, clock=lambda: NOW)) as client:
        yield client


@pytest.fixture(scope="module")
def stranger(city_url: str) -> Iterator[httpx.Client]:
    app = create_app(city_url, clock=lambda: NOW)
    app.dependency_overrides[scope_of_request] = lambda: Scope(areas=frozenset({"TA-02"}))
    with browsing(app) as client:
        yield client


def frame(answer: httpx.Response) -> pd.DataFrame:
    assert answer.status_code == 200, answer.text
    if answer.headers["Content-Type"] == "application/vnd.apache.parquet":
        return pd.read_parquet(io.BytesIO(answer.content))
    return pd.read_csv(io.BytesIO(answer.content))


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_readings_come_as_a_file_that_our_own_commands_read(
    client: httpx.Client, tmp_path: Path, form: str
) -> None:
    answer = client.get("/api/export/readings", params={**SPAN, **VOLTS, "format": form})
    assert answer.headers["Content-Disposition"] == f'attachment; filename="kilowatch-readings.{form}"'
    path = tmp_path / f"readings.{form}"
    path.write_bytes(answer.content)
    block = read_readings(path)
    series = client.get(
        f"/api/meters/{PLANT}/series", params={**SPAN, "quantity": "voltage_a", "points": 10_000}
    ).json()
    known = [v for v in series["voltage_a"] if v is not None]
    volts = zip(block.meters, block.scalars[Quantity.VOLTAGE_A].tolist(), strict=True)
    own = [value for meter, value in volts if meter == PLANT]
    assert own == pytest.approx(known, rel=1e-6)
    assert len(set(block.meters)) == 30


def test_a_number_shows_only_the_digits_that_were_measured(client: httpx.Client) -> None:
    text = client.get("/api/export/readings", params={**SPAN, **VOLTS, "meter": [PLANT]}).text
    header, first = text.splitlines()[:2]
    assert header == "meter_id,taken_at,origin,voltage_a,voltage_b,active_power"
    meter, taken_at, origin, volts = first.split(",")[:4]
    assert (meter, taken_at, origin) == (PLANT, "2026-11-18T16:00:04+00:00", "present")
    assert len(volts.partition(".")[2]) == 1


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("state", ["raw", "final"])
def test_intervals_come_as_a_file_that_our_own_commands_read(
    client: httpx.Client, tmp_path: Path, state: str, form: str
) -> None:
    answer = client.get("/api/export/intervals", params={**SPAN, "state": state, "format": form})
    path = tmp_path / f"intervals.{form}"
    path.write_bytes(answer.content)
    intervals = read_intervals(path)
    assert len(intervals) == 30 * (24 + 14) * 4 + 30
    assert set(intervals.quality) <= set("AEFSNV")


def test_coverage_names_the_cause_of_what_is_missing(client: httpx.Client) -> None:
    found = frame(client.get("/api/export/coverage", params={**SPAN, "meter": [SILENT]}))
    missing = found[found["status"] == "missing"]
    assert set(missing["cause"]) >= {"no answer"}
    assert len(missing[missing["cause"] == "no answer"]) == 40


def test_episodes_come_as_the_lines_of_an_episode_file(client: httpx.Client, tmp_path: Path) -> None:
    answer = client.get("/api/export/episodes")
    path = tmp_path / "episodes.jsonl"
    path.write_bytes(answer.content)
    total = client.get("/api/episodes").json()["total"]
    assert len(read_episodes(path)) == total > 0
    table = frame(client.get("/api/export/episodes", params={"format": "parquet"}))
    assert list(table["id"]) == [episode.id for episode in read_episodes(path)]
    assert orjson.loads(table["message"].iloc[0])["key"]


def test_bills_of_a_database_without_bills_are_a_header(client: httpx.Client) -> None:
    assert client.get("/api/export/bills").text.splitlines() == [
        "service_point,name,customer,area,month,version,made_at,is_final,energy_kwh,amount,currency,findings"
    ]


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("readings", SPAN | VOLTS),
        ("intervals", SPAN | {"state": "raw"}),
        ("intervals", SPAN | {"state": "final"}),
        ("coverage", SPAN),
        ("episodes", {"format": "csv"}),
    ],
)
def test_nothing_of_other_areas_is_exported(
    client: httpx.Client, stranger: httpx.Client, path: str, asked: dict[str, str]
) -> None:
    every = frame(client.get(f"/api/export/{path}", params=asked))
    seen = frame(stranger.get(f"/api/export/{path}", params=asked))
    assert PLANT in set(every["meter_id"])
    assert set(seen["meter_id"]) == {m for m in set(every["meter_id"]) if m[2] in "34"}
    own = stranger.get(f"/api/export/{path}", params={**asked, "meter": PLANT})
    assert frame(own).empty


@pytest.mark.parametrize(
    "asked",
    [
        {"quantity": ["voltage_a", "active_energy_import"]},
        {"quantity": ["status_words"]},
        {"quantity": ["voltage_harmonic_a"]},
        {"quantity": []},
        {"until": SPAN["since"]},
    ],
)
def test_what_is_no_table_is_refused_with_a_reason(client: httpx.Client, asked: dict[str, str]) -> None:
    answer = client.get("/api/export/readings", params={**SPAN, **VOLTS, **asked})
    assert answer.status_code == 422
    assert answer.json()["detail"] or answer.json()["next_step"]


def test_a_database_that_is_away_is_told_before_the_file_begins() -> None:
    with browsing(create_app("postgresql://nobody@127.0.0.1:9/nothing")) as client:
        answer = client.get("/api/export/intervals", params=SPAN)
    assert (answer.status_code, answer.json()["type"]) == (503, "/api/docs#database-away")
