"""Line loss out of files: the thief by name, days and months asked for, what is refused with a next step."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.line_loss import LossVerdict
from analysis.loss_problems import ProblemKind
from pipeline.errors import ConfigError, DataError
from services.line_loss import AreaReport, LossQuestion, loss_files
from tests.loss_files import LossFiles, write_area


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> LossFiles:
    return write_area(tmp_path_factory.mktemp("area"))


@pytest.fixture(scope="module")
def report(files: LossFiles) -> AreaReport:
    (found,) = loss_files(intervals=files.intervals, registry=files.registry)
    return found


def _loss(files: LossFiles, first: date | None = None, end: date | None = None) -> AreaReport:
    question = LossQuestion(first=first, end=end)
    (found,) = loss_files(intervals=files.intervals, registry=files.registry, asked=question)
    return found


def test_the_rise_is_dated_and_the_thief_leads_the_suspects(files: LossFiles, report: AreaReport) -> None:
    loss = report.loss
    assert loss is not None
    assert loss.risen_on is not None
    assert abs((np.datetime64(loss.risen_on) - files.first_day).astype(int)) <= 1
    assert loss.suspects[0].service_point == files.thief
    assert report.problems == []
    assert [month.month for month in report.months] == [date(2017, n, 1) for n in (10, 11, 12)]
    assert report.months[-1].change_points is not None


def test_days_asked_for_are_shown_and_judged_by_nothing_later(files: LossFiles, report: AreaReport) -> None:
    early = _loss(files, first=date(2017, 11, 6), end=date(2017, 11, 20))
    assert [early.days[0].day, early.days[-1].day] == [date(2017, 11, 6), date(2017, 11, 19)]
    assert early.loss is not None
    assert early.loss.rise is None
    same = {day.day: day for day in report.days}
    assert all(day.loss_kwh == same[day.day].loss_kwh for day in early.days)


def test_a_month_is_compared_with_the_month_before_though_only_it_is_shown(
    files: LossFiles, report: AreaReport
) -> None:
    december = _loss(files, first=date(2017, 12, 1), end=date(2018, 1, 1))
    (month,) = december.months
    assert month.change_points == pytest.approx(report.months[-1].change_points)


def test_negative_intervals_are_gaps_and_are_named(files: LossFiles, tmp_path: Path) -> None:
    table = pd.read_parquet(files.intervals)
    member = table["meter_id"] == files.thief.removeprefix("P-")
    early = member & (table["starts_at"] < "2017-10-31T23:00Z")
    table.loc[early, "import_kwh"] = -1.0
    table.to_parquet(tmp_path / "negative.parquet", index=False)
    (found,) = loss_files(intervals=tmp_path / "negative.parquet", registry=files.registry)
    (problem,) = found.problems
    assert (problem.kind, problem.service_point) == (ProblemKind.IMPOSSIBLE_ENERGY, files.thief)
    assert problem.count == int(early.sum())
    assert found.days[0].missing == (files.thief,)
    assert found.days[3].loss_kwh is not None


def test_a_member_without_any_interval_is_named_and_the_days_say_who_is_missing(
    files: LossFiles, tmp_path: Path
) -> None:
    table = pd.read_parquet(files.intervals)
    gone = table[table["meter_id"] != files.thief.removeprefix("P-")]
    gone.to_parquet(tmp_path / "gone.parquet", index=False)
    (found,) = loss_files(intervals=tmp_path / "gone.parquet", registry=files.registry)
    assert [(p.kind, p.service_point) for p in found.problems] == [(ProblemKind.NO_ENERGY, files.thief)]
    assert {day.verdict for day in found.days} == {LossVerdict.UNKNOWN}
    assert {day.missing for day in found.days} == {(files.thief,)}
    assert found.months[-1].verdict is LossVerdict.UNKNOWN


def test_an_area_without_a_supply_meter_is_told_beside_no_balance(files: LossFiles, tmp_path: Path) -> None:
    text = files.registry.read_text(encoding="utf-8").replace('role = "supply"', 'role = "member"')
    (tmp_path / "area.toml").write_text(text, encoding="utf-8")
    (found,) = loss_files(intervals=files.intervals, registry=tmp_path / "area.toml")
    assert found.loss is None
    assert [problem.kind for problem in found.problems] == [ProblemKind.NO_SUPPLY_METER]


def test_unknown_areas_and_archives_without_members_are_refused(files: LossFiles, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no area X in the archive; it has T"):
        loss_files(intervals=files.intervals, registry=files.registry, asked=LossQuestion(areas=("X",)))
    (tmp_path / "bare.toml").write_text('[[meter]]\nid = "SUPPLY"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="area_member"):
        loss_files(intervals=files.intervals, registry=tmp_path / "bare.toml")


def test_a_file_of_other_meters_is_refused(files: LossFiles, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text(
        "meter_id,starts_at,minutes,import_kwh\nM1,2026-01-01T00:00Z,15,1\n", encoding="utf-8"
    )
    with pytest.raises(DataError, match="know M1"):
        loss_files(intervals=tmp_path / "other.csv", registry=files.registry)
