"""A run over points comes to one rate of the network, as lines and as JSON."""

from dataclasses import replace
from pathlib import Path

import pytest

from analysis.power_quality.checks.voltage_qualification import judge
from pipeline.archive_records import PointClass
from pipeline.quantities import Quantity
from services.network_voltage import NetworkVoltage, network_of_files
from services.quality import JudgedPoint
from tests.quality_months import POINT, month, slots, wavering

VOLTS = {Quantity[f"VOLTAGE_{phase}"]: wavering(225.0, slots(), seed=n) for n, phase in enumerate("ABC")}


def judged(point_class: PointClass) -> JudgedPoint:
    given = month(VOLTS, point=replace(POINT, point_class=point_class))
    return JudgedPoint(month=given, judgements=judge(given))


def test_lines_name_what_is_judged_and_what_has_no_point() -> None:
    network = NetworkVoltage({PointClass.A: 1, PointClass.D: 3})
    network.add(judged(PointClass.A))
    network.add(judged(PointClass.D))
    rows = network.rows()
    assert [row["class"] for row in rows] == ["A", "B", "C", "D", "network"]
    assert [row["points"] for row in rows] == ["1 of 1", "0 of 0", "0 of 0", "1 of 3", "2 of 4"]
    assert rows[1]["how"] == "the archive has no point of this class"
    assert rows[-1]["rate"] == "100.000 %"
    document = network.document()
    assert document is not None
    assert document["network_voltage_percent"] == pytest.approx(100.0)
    assert (document["month"], document["absent_classes"]) == ("2026-09", ["B", "C"])


def test_an_archive_without_classes_has_no_such_rate(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text('[[supply]]\nservice_point = "P"\nagreed_mva = 1\n', "utf-8")
    network = network_of_files(path)
    assert (network.rate, network.document(), network.rows()) == (None, None, [])
    path.write_text('[[supply]]\nservice_point = "P"\npoint_class = "D"\n', "utf-8")
    (_, _, _, of_d, total) = network_of_files(path).rows()
    assert (of_d["points"], of_d["rate"], total["rate"]) == ("0 of 1", "-", "-")
