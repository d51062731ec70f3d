"""What is handed out of a line loss: rounded figures, sentences in two languages, files."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.line_loss import TransformerPart, WhyUnknown
from analysis.loss_problems import LossProblem, ProblemKind
from pipeline.errors import ConfigError
from services.line_loss import AreaReport, loss_files
from services.line_loss_documents import (
    as_table,
    problem_text,
    report_document,
    suspects_shown,
    suspects_table,
    transformer_text,
    why_text,
    write_reports,
)
from tests.loss_files import LossFiles, write_area


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> LossFiles:
    return write_area(tmp_path_factory.mktemp("area"))


@pytest.fixture(scope="module")
def report(files: LossFiles) -> AreaReport:
    (found,) = loss_files(intervals=files.intervals, registry=files.registry)
    return found


def test_the_document_has_every_part_and_is_json(files: LossFiles, report: AreaReport) -> None:
    document = json.loads(json.dumps(report_document(report)))
    assert document["area"] == "T"
    assert document["name"] == "翠园台区"
    assert document["computable_days"] == len(document["days"]) == 49
    assert document["suspects"][0]["service_point"] == files.thief
    assert any("of the loss" in reason for reason in document["suspects"][0]["reasons"])
    assert document["rise"]["kwh_a_day"] > 0
    assert document["technical"]["transformer"] == "not_filed"
    day = document["days"][0]
    assert day["loss_kwh"] == pytest.approx(day["energy_in_kwh"] - day["energy_out_kwh"], abs=0.002)
    chinese = report_document(report, "zh")
    assert any("损失电量" in reason for reason in chinese["suspects"][0]["reasons"])


def test_nobody_is_shown_where_the_loss_has_not_risen(report: AreaReport) -> None:
    assert report.loss is not None
    calm = replace(report, loss=replace(report.loss, rise=None))
    assert suspects_shown(calm) == ()
    assert report_document(calm)["suspects"] == []
    assert suspects_table([calm]) == []
    assert len(suspects_table([report])) == 3


def test_a_report_without_a_balance_has_its_problems() -> None:
    bare = AreaReport(
        area="T",
        name="",
        minutes=15,
        problems=[LossProblem(kind=ProblemKind.NO_SUPPLY_METER, area="T")],
    )
    document = report_document(bare)
    assert document["days"] == []
    assert 'role = "supply"' in document["problems"][0]["text"]
    assert as_table([bare]) == []
    assert transformer_text(bare) == ""


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_reason_problem_and_part_has_its_words(report: AreaReport, language: str) -> None:
    assert report.loss is not None
    day = replace(report.days[0], missing=tuple(f"P{n}" for n in range(9)), missing_supplies=("P-S",))
    assert "(+4)" in why_text(replace(day, why=WhyUnknown.MEMBERS_MISSING), language)
    assert "P-S" in why_text(replace(day, why=WhyUnknown.SUPPLY_MISSING), language)
    for why in WhyUnknown:
        assert why_text(replace(day, why=why), language)
    for kind in ProblemKind:
        assert "T" in problem_text(LossProblem(kind=kind, area="T", service_point="P"), language)
    for part in TransformerPart:
        assert transformer_text(replace(report, loss=replace(report.loss, transformer_part=part)), language)


def test_the_table_has_those_that_rose_first(report: AreaReport) -> None:
    assert report.loss is not None
    calm = replace(report, area="A", loss=replace(report.loss, rise=None))
    assert [row["area"] for row in as_table([calm, report])] == ["T"] * 3 + ["A"] * 3


def test_a_month_names_the_meters_that_were_missing(report: AreaReport) -> None:
    month = replace(report.months[0], missing=(("P-SUPPLY", 2), ("P-GONE", 1)))
    document = report_document(replace(report, months=[month]))
    assert document["months"][0]["missing"] == [
        {"service_point": "P-SUPPLY", "meters": ["SUPPLY"], "days": 2},
        {"service_point": "P-GONE", "meters": [], "days": 1},
    ]


def test_files_hold_the_same_figures(report: AreaReport, tmp_path: Path) -> None:
    written = write_reports(tmp_path / "out", [report])
    assert [path.name for path in written] == [
        "loss.json",
        "days.csv",
        "months.csv",
        "suspects.csv",
        "problems.csv",
    ]
    with (tmp_path / "out" / "days.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 49
    assert float(rows[0]["loss_kwh"]) == pytest.approx(report.days[0].loss_kwh, abs=0.001)
    assert (tmp_path / "out" / "problems.csv").read_bytes() == b""
    assert json.loads((tmp_path / "out" / "loss.json").read_bytes())[0]["area"] == "T"


def test_a_folder_that_cannot_be_made_is_told(report: AreaReport, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot write into"):
        write_reports(tmp_path / "out", [report])
