import csv
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analysis.load.levels import load_levels
from analysis.load.summary import Facts, LoadSummary, Subject, SubjectKind, summarise
from pipeline.errors import ConfigError
from pipeline.timegrid import slot_grid
from services.load_output import fitting_columns, row_of, span_text, write_load

SPAN = datetime(2026, 3, 1, 16, tzinfo=UTC), datetime(2026, 3, 2, 16, tzinfo=UTC)


def _summary() -> LoadSummary:
    kwh = np.full(96, 2.5)
    kwh[63], kwh[0] = 10.0, np.nan
    subject = Subject(
        kind=SubjectKind.SERVICE_POINT,
        name="P",
        zone=ZoneInfo("Asia/Shanghai"),
        starts_at=slot_grid(*SPAN, 15),
        minutes=15,
        import_kwh=kwh,
        quality=np.full(96, "A"),
    )
    return summarise(subject, Facts(), SPAN, load_levels())


def test_a_line_for_people_has_local_times_and_nothing_for_what_is_not_known() -> None:
    row = row_of(_summary())
    assert row["kind"] == "service point"
    assert (row["maximum kW"], row["at"], row["minimum kW"]) == (40.0, "2026-03-02 15:45", 10.0)
    assert (row["import kWh"], row["net kWh"], row["coverage"]) == (245.0, 245.0, "99.0%")
    assert [row[name] for name in ("sliding kW", "register kW", "coincidence", "cos phi", "transformer")] == (
        [None] * 5
    )
    assert span_text(_summary()) == "2026-03-02 00:00 to 2026-03-03 00:00 (Asia/Shanghai)"


def test_a_narrow_terminal_has_what_is_most_wanted_and_nothing_empty() -> None:
    row = row_of(_summary())
    # P 7, 245.0 and import 6, maximum 7, 16, coverage 8, factor 6, each with 3 between: and 1 at the end.
    kept = ["subject", "import kWh", "maximum kW", "at", "coverage"]
    assert fitting_columns([row], 69) == [*kept[:4], "load factor", "coverage"]
    assert fitting_columns([row], 68) == kept
    assert "export kWh" not in fitting_columns([row], 500)
    assert fitting_columns([row_of(replace(_summary(), export_kwh=7.0))], 500)[2] == "export kWh"
    assert fitting_columns([], 80) == []


def test_a_maximum_that_was_not_measured_shows_its_letter() -> None:
    row = row_of(_summary())
    assert "quality" not in fitting_columns([row], 500)
    assert "quality" in fitting_columns([row, {**row, "quality": "E"}], 500)


def test_files_hold_objects_a_table_and_the_curves(tmp_path: Path) -> None:
    objects, table, curves = write_load(tmp_path / "new", [_summary()])
    assert json.loads(objects.read_text())["name"] == "P"
    with table.open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert row["maximum kW"] == "40.0"
    with curves.open(encoding="utf-8") as file:
        points = list(csv.DictReader(file))
    assert len(points) == 96
    assert (points[0]["mean_kw"], points[0]["blocks"]) == ("", "0")
    assert (points[63]["minute_of_day"], points[63]["mean_kw"]) == ("945", "40.0")


def test_a_folder_that_is_a_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(ConfigError, match="cannot write"):
        write_load(tmp_path / "out", [_summary()])
