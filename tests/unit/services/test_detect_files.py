"""Detectors on files: with intervals, or with registers from which intervals are derived."""

import csv
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from detectors.wanted import CannotRun
from pipeline.errors import DataError, RegistryError
from pipeline.model import MeterId
from pipeline.registry import Meter, Registry
from services.detect_files import detect_files, intervals_of
from storage.files import read_readings
from storage.intervals import letters_of

START = datetime(2026, 11, 1, tzinfo=UTC)
SLOT = timedelta(minutes=15)
DAYS = 6
NIGHT = range(3 * 96 + 40, 3 * 96 + 64)
"""Slots in which a suspended factory draws 30 kW."""
WAVE = (-1.0, 1.0)
"""No real curve stands still."""
KW = [
    30.0 + WAVE[slot % 2] if slot in NIGHT else 60.0 + WAVE[slot % 2] if slot < 96 else 0.0
    for slot in range(DAYS * 96)
]
REGISTRY = """
[[meter]]
id = "M1"
service_point = "P1"

[[ratio]]
meter = "M1"
ct = 40

[[contract]]
service_point = "P1"
capacity_kva = 200

[[suspension]]
service_point = "P1"
from = 2026-11-02T00:00:00Z
"""


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    path = tmp_path / "site.toml"
    path.write_text(REGISTRY, encoding="utf-8")
    return path


@pytest.fixture
def registers(tmp_path: Path) -> Path:
    """The meter's own registers: 1/40 of the energy, two decimals."""
    total = np.round(np.cumsum([0.0, *KW]) / 4 / 40, 2)
    rows = [["M1", (START + n * SLOT).isoformat(), "load record", value] for n, value in enumerate(total)]
    return write(tmp_path / "readings.csv", ["meter_id", "taken_at", "origin", "active_energy_import"], rows)


@pytest.fixture
def intervals(tmp_path: Path) -> Path:
    rows = [["M1", (START + n * SLOT).isoformat(), 15, kw / 4] for n, kw in enumerate(KW)]
    return write(tmp_path / "intervals.csv", ["meter_id", "starts_at", "minutes", "import_kwh"], rows)


def test_intervals_show_the_load_in_suspension(tmp_path: Path, registry: Path, intervals: Path) -> None:
    out = tmp_path / "episodes.jsonl"
    (episode,) = detect_files(readings=None, intervals=intervals, registry=registry, out=out)
    assert (episode["detector"], episode["verdict"]) == ("suspended_load", "abnormal")
    assert episode["starts_at"] == (START + NIGHT[0] * SLOT).isoformat()
    assert episode["energy_kwh"] == pytest.approx(180.0)
    assert [json.loads(line)["id"] for line in out.read_text("utf-8").splitlines()] == [episode["id"]]


def test_events_and_parameters_from_files_are_judged_too(
    tmp_path: Path, registry: Path, intervals: Path
) -> None:
    at = (START + timedelta(days=2)).isoformat()
    events = write(tmp_path / "events.csv", ["meter_id", "kind", "starts_at"], [["M1", "cover_open", at]])
    blind = [["M1", "voltage_loss_trigger", at, 0]]
    parameters = write(tmp_path / "parameters.csv", ["meter_id", "name", "taken_at", "value"], blind)
    found = detect_files(
        readings=None,
        intervals=intervals,
        registry=registry,
        out=tmp_path / "episodes.jsonl",
        events=events,
        parameters=parameters,
        only=["meter_tamper", "parameter_change"],
    )
    assert [(e["detector"], e["starts_at"]) for e in found] == [
        ("meter_tamper", at),
        ("parameter_change", at),
    ]


def test_without_them_it_says_who_could_not_run(tmp_path: Path, registry: Path, intervals: Path) -> None:
    idle: list[CannotRun] = []
    detect_files(
        readings=None, intervals=intervals, registry=registry, out=tmp_path / "out.jsonl", tell=idle.append
    )
    missing = {cannot.detector: cannot.missing for cannot in idle}
    assert missing["meter_tamper"] == ["events"]
    assert missing["parameter_change"] == ["parameters"]
    assert missing["communication_blackout"] == ["outcomes of reads"]
    assert missing["clock_error"] == ["clock_offset"]
    assert "suspension_rule" not in missing


def test_registers_alone_show_the_same(tmp_path: Path, registry: Path, registers: Path) -> None:
    out = tmp_path / "episodes.jsonl"
    (episode,) = detect_files(readings=registers, intervals=None, registry=registry, out=out)
    assert (episode["detector"], episode["verdict"]) == ("suspended_load", "abnormal")
    assert episode["starts_at"] == (START + NIGHT[0] * SLOT).isoformat()
    assert episode["energy_kwh"] == pytest.approx(180.0, abs=0.4)


def test_the_intervals_of_registers_are_primary_and_add_up(registers: Path) -> None:
    registry = Registry(meters=[Meter(id=MeterId("M1"))])
    columns = intervals_of(read_readings(registers), registry, frozenset())
    assert columns is not None
    assert len(columns) == len(KW)
    assert set(columns.quality) == {"A"}
    assert columns.energies["import_kwh"].sum() == pytest.approx(sum(KW) / 4 / 40, abs=1e-9)
    assert list(columns.energies) == ["import_kwh"]


def test_meters_with_other_registers_stand_side_by_side(tmp_path: Path) -> None:
    times = [(START + n * SLOT).isoformat() for n in range(5)]
    file = write(
        tmp_path / "two.csv",
        ["meter_id", "taken_at", "active_energy_import", "active_energy_export"],
        [["A", at, n, ""] for n, at in enumerate(times)]
        + [["B", at, 2 * n, 3 * n] for n, at in enumerate(times)]
        + [["stranger", times[0], 1, 1]],
    )
    registry = Registry(meters=[Meter(id=MeterId(m)) for m in ("B", "A", "silent")])
    columns = intervals_of(read_readings(file), registry, frozenset())
    assert columns is not None
    assert columns.meters == ["B"] * 4 + ["A"] * 4
    assert columns.energies["import_kwh"].tolist() == [2.0] * 4 + [1.0] * 4
    assert columns.energies["export_kwh"][:4].tolist() == [3.0] * 4
    assert np.isnan(columns.energies["export_kwh"][4:]).all()


def test_readings_without_registers_give_no_intervals(tmp_path: Path) -> None:
    file = write(tmp_path / "v.csv", ["meter_id", "taken_at", "voltage_a"], [["M1", START.isoformat(), 220]])
    assert intervals_of(read_readings(file), Registry(meters=[Meter(id=MeterId("M1"))]), frozenset()) is None


def test_an_empty_file_says_that_there_is_nothing(tmp_path: Path, registry: Path) -> None:
    empty = write(tmp_path / "empty.csv", ["meter_id", "taken_at", "active_energy_import"], [])
    with pytest.raises(DataError, match="neither readings nor intervals"):
        detect_files(readings=empty, intervals=None, registry=registry, out=tmp_path / "out.jsonl")


def test_a_wrong_archive_writes_nothing(tmp_path: Path, intervals: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('[[meter]]\nid = "M1"\ncolour = "red"\n', encoding="utf-8")
    out = tmp_path / "out.jsonl"
    with pytest.raises(RegistryError, match="colour"):
        detect_files(readings=None, intervals=intervals, registry=wrong, out=out)
    assert not out.exists()


def test_a_reactive_register_that_is_read_by_the_hour_is_estimated_though_import_is_measured(
    tmp_path: Path,
) -> None:
    rows = ["meter_id,taken_at,origin,active_energy_import,reactive_energy_import,active_energy_export"]
    for n in range(9):
        kvarh = n * 0.5 if n % 4 == 0 else ""
        rows.append(f"M,2026-01-05T{8 + n // 4:02d}:{15 * (n % 4):02d}:00Z,load record,{n},{kvarh},")
        rows.append(f"X,2026-01-05T{8 + n // 4:02d}:{15 * (n % 4):02d}:00Z,load record,,,{n}")
    file = tmp_path / "readings.csv"
    file.write_text("\n".join(rows) + "\n", "utf-8")
    registry = Registry(meters=[Meter(id=MeterId("M")), Meter(id=MeterId("X"))])
    columns = intervals_of(read_readings(file), registry, frozenset())
    assert columns is not None
    assert columns.quality[:8].tolist() == ["A"] * 8
    assert columns.energies["import_kvarh"][:8].tolist() == [0.5] * 8
    assert letters_of(columns, "import_kvarh")[:8].tolist() == ["E"] * 8
    # A meter that feeds in only has intervals too.
    assert columns.meters[8:] == ["X"] * 8
    assert columns.energies["export_kwh"][8:].tolist() == [1.0] * 8
    assert letters_of(columns, "export_kwh")[8:].tolist() == ["A"] * 8
