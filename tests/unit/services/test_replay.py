"""A log of raw frames becomes readings; what is none is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import ConfigError, DataError
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from services.replay import replay_log
from storage.files import read_readings

ENERGY = "68 12 90 78 56 34 12 68 91 08 33 33 34 33 AB 89 67 45 CC 16"
VOLTAGES = "FE FE 68 12 00 00 00 10 20 68 91 0A 33 32 34 35 89 55 32 32 32 32 21 16"
REFUSAL = "68 12 00 00 00 10 20 68 D1 01 35 19 16"
AT = "2026-11-23T10:00:00+08:00"
ARCHIVE = """
[[meter]]
id = "H-1"
wiring = "1P2W"
address = "201000000012"
profile = "dlt645_2007_single_phase"
bus = "line"

[[bus]]
id = "line"
url = "tcp://127.0.0.1:8600"
"""


def written(folder: Path, *lines: str) -> Path:
    log = folder / "frames.log"
    log.write_text("\n".join(lines), encoding="utf-8")
    return log


@pytest.mark.parametrize("name", ["readings.csv", "readings.parquet"])
def test_the_readings_can_be_read_again(tmp_path: Path, name: str) -> None:
    log = written(tmp_path, f"{AT} {ENERGY}", f"2026-11-23T02:00:00Z,{VOLTAGES}")
    report = replay_log(log, tmp_path / name)
    block = read_readings(tmp_path / name)
    assert (report.frames, report.answers, report.readings, report.bad_count) == (2, 2, 2, 0)
    assert sorted(block.meters) == ["123456789012", "201000000012"]
    assert {str(at) for at in block.taken_at} == {"2026-11-23T02:00:00.000000"}
    row = list(block.meters).index(MeterId("201000000012"))
    assert block.scalars[Quantity.VOLTAGE_A][row] == 225.6


def test_an_archive_names_the_meters_and_their_wiring(tmp_path: Path) -> None:
    archive = tmp_path / "site.toml"
    archive.write_text(ARCHIVE, encoding="utf-8")
    replay_log(written(tmp_path, f"{AT} {VOLTAGES}"), tmp_path / "r.csv", registry=archive)
    block = read_readings(tmp_path / "r.csv")
    assert list(block.meters) == ["H-1"]
    assert set(block.scalars) == {Quantity.VOLTAGE_A}


def test_values_of_one_meter_at_one_time_share_a_row_and_the_first_told_counts(tmp_path: Path) -> None:
    other = bytearray.fromhex(VOLTAGES)
    other[16] = 0x33 + 0x30
    other[-2] = sum(other[2:-2]) & 0xFF
    report = replay_log(
        written(tmp_path, f"{AT} {VOLTAGES}", f"{AT} {other.hex()}"),
        tmp_path / "r.csv",
        wiring=Wiring.ONE_PHASE,
    )
    block = read_readings(tmp_path / "r.csv")
    assert (report.answers, report.readings) == (2, 1)
    assert block.scalars[Quantity.VOLTAGE_A].tolist() == [225.6]


def test_bad_lines_are_told_and_cost_no_neighbour(tmp_path: Path) -> None:
    broken = ENERGY.replace("CC 16", "CD 16")
    log = written(
        tmp_path, "nonsense", f"{AT} {broken}", "", f"2026-11-23T10:00:00 {ENERGY}", f"{AT} {ENERGY}"
    )
    report = replay_log(log, tmp_path / "r.csv")
    assert report.readings == 1
    assert report.bad_count == 3
    assert [line.split(":")[0] for line in report.bad] == ["line 1", "line 4", "line 2"]


def test_a_refusal_is_no_bad_line(tmp_path: Path) -> None:
    report = replay_log(written(tmp_path, f"{AT} {REFUSAL}", f"{AT} {ENERGY}"), tmp_path / "r.csv")
    assert (report.bad_count, dict(report.left)) == (0, {"control code D1 is no whole answer to a read": 1})


def test_a_log_without_answers_is_refused_and_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no answer with values in 1 frames"):
        replay_log(written(tmp_path, f"{AT} {REFUSAL}"), tmp_path / "r.csv")
    assert not (tmp_path / "r.csv").exists()


@pytest.mark.parametrize("out", ["readings.xlsx", "nowhere/readings.csv"])
def test_an_output_that_cannot_be_written_is_refused_first(tmp_path: Path, out: str) -> None:
    with pytest.raises(ConfigError):
        replay_log(tmp_path / "no.log", tmp_path / out)


def test_a_log_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        replay_log(tmp_path / "no.log", tmp_path / "r.csv")
