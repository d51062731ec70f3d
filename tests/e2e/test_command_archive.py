"""The command and the database: schema, archive, detection on files."""

import csv
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from storage.database import connect
from storage.registry import load_registry
from storage.registry_files import read_registry
from tests.e2e.command import kilowatch

STEEL = Path(__file__).parent.parent / "data" / "steel_15min_35d.csv"
ARCHIVE = """\
[[area]]
id = "TQ-1"

[[service_point]]
id = "P1"
area = "TQ-1"

[[meter]]
id = "M1"
service_point = "P1"

[[contract]]
service_point = "P1"
capacity_kva = 400
"""
MISTAKES = (
    ARCHIVE
    + """
[[meter]]
id = "M2"
digits = "six"

[[contract]]
service_point = "P9"

[[suspension]]
service_point = "P1"
from = 2026-03-01
to = 2026-02-01
"""
)
PLACES = [
    {"file": "site.toml", "table": "meter", "entry": 2, "line": 16, "key": "digits"},
    {"file": "site.toml", "table": "contract", "entry": 2, "line": 20, "key": "service_point"},
    {"file": "site.toml", "table": "suspension", "entry": 1, "line": 23, "key": "to"},
]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "site.toml"
    path.write_text(ARCHIVE, encoding="utf-8")
    return path


def test_the_schema_is_applied_once_and_its_state_shown(empty_timescale_url: str) -> None:
    settings = {"KILOWATCH_DATABASE_URL": empty_timescale_url}
    (first,) = kilowatch("db", "migrate", "--json", settings=settings).lines
    assert first["applied"][-1].startswith(f"{first['version']:04d}_")
    (again,) = kilowatch("db", "migrate", "--json", settings=settings).lines
    assert (again["applied"], again["version"]) == ([], first["version"])
    (after,) = kilowatch("db", "status", "--json", settings=settings).lines
    assert after == {"level": first["level"], "version": first["version"], "pending": []}
    assert first["level"] in {"apache", "community"}


def test_an_archive_goes_in_and_comes_out_the_same(database_url: str, site: Path, tmp_path: Path) -> None:
    settings = {"KILOWATCH_DATABASE_URL": database_url}
    (imported,) = kilowatch("registry", "import", str(site), "--json", settings=settings).lines
    out = tmp_path / "out.toml"
    (exported,) = kilowatch("registry", "export", str(out), "--json", settings=settings).lines
    assert exported == {"counts": imported["counts"], "errors": []}
    assert imported == {**exported, "removed": {}, "resets": [], "areas_made": []}
    assert exported["counts"]["meters"] == 1
    assert read_registry(out) == read_registry(site)


def test_every_mistake_is_told_with_its_place_and_nothing_is_imported(database_url: str, site: Path) -> None:
    site.write_text(MISTAKES, encoding="utf-8")
    settings = {"KILOWATCH_DATABASE_URL": database_url}
    shown = kilowatch("registry", "import", str(site), settings=settings)
    assert shown.status == 1
    for place in PLACES:
        where = f"{place['file']}:{place['line']}: [[{place['table']}]] entry {place['entry']}"
        assert f"error: {where}, key '{place['key']}': " in shown.err
    assert "3 mistakes; nothing was imported. Mend the file" in shown.err
    told = kilowatch("registry", "import", str(site), "--json", settings=settings)
    assert told.status == 1
    (line,) = told.lines
    assert line["counts"] == {}
    assert [{key: error[key] for key in PLACES[0]} for error in line["errors"]] == PLACES
    assert all(error["message"] for error in line["errors"])
    with connect(database_url) as connection:
        assert load_registry(connection).meters == []


def test_a_real_curve_with_planted_load_gives_its_episode(tmp_path: Path) -> None:
    """A steel plant stops on 20 March, but for four hours of one night it runs at 120 kW."""
    stopped, night = datetime(2018, 3, 20), datetime(2018, 3, 25, 22)  # noqa: DTZ001 - local, as in the file
    rows = []
    with STEEL.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            at = datetime.fromisoformat(row["local_start"])
            planted = 30.0 if night <= at < night + timedelta(hours=4) else 0.0
            rows.append(["M1", f"{at.isoformat()}+08:00", 15, row["kwh"] if at < stopped else planted])
    intervals = tmp_path / "intervals.csv"
    with intervals.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["meter_id", "starts_at", "minutes", "import_kwh"], *rows])
    site = tmp_path / "site.toml"
    site.write_text(ARCHIVE + '\n[[suspension]]\nservice_point = "P1"\nfrom = 2018-03-20\n', encoding="utf-8")
    out = tmp_path / "episodes.jsonl"
    ran = kilowatch(
        *("detect", "--intervals", str(intervals), "--registry", str(site), "--out", str(out), "--json")
    )
    assert ran.status == 0, ran.err
    (episode,) = [line for line in ran.lines if line["detector"] == "suspended_load"]
    assert (episode["meter_id"], episode["verdict"]) == ("M1", "abnormal")
    # The plant's own peaks of 600 kW are too much for 400 kVA.
    assert "over_capacity" in {line["detector"] for line in ran.lines}
    assert episode["starts_at"] == "2018-03-25T14:00:00+00:00"
    assert episode["energy_kwh"] == pytest.approx(16 * 30)
    assert [json.loads(line) for line in out.read_text("utf-8").splitlines()] == ran.lines


def test_explain_tells_the_chain_of_a_slot_or_which_meter_is_not_there(database_url: str, site: Path) -> None:
    settings = {"KILOWATCH_DATABASE_URL": database_url}
    kilowatch("registry", "import", str(site), settings=settings)
    (chain,) = kilowatch("explain", "M1", "2026-03-01T08:15+08:00", "--json", settings=settings).lines
    assert (chain["from"], chain["minutes"], chain["readings"]) == ("2026-03-01T00:15:00+00:00", 15, [])
    told = kilowatch("explain", "M1", "2026-03-01T08:15+08:00", settings=settings)
    assert "1. What was due" in told.out
    refused = kilowatch("explain", "M9", "2026-03-01T08:15+08:00", settings=settings)
    assert (refused.status, "no meter 'M9'" in refused.err) == (1, True)
