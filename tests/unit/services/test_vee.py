"""Raw in, final intervals and findings out; a late actual replaces the estimate and names the bill."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import DataError, RegistryError
from services.vee import vee_files
from storage.files import read_intervals
from storage.registry_files import read_registry

START = datetime(2026, 1, 4, 16, tzinfo=UTC)
"""Midnight of Monday, 5 January, in Shanghai."""
SLOT = timedelta(minutes=15)
REGISTRY = """
[[meter]]
id = "M1"
service_point = "P1"

[[suspension]]
service_point = "P1"
from = 2026-01-12
"""


def _write(path: Path, header: str, rows: Sequence[Sequence[object]]) -> Path:
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n", "utf-8")
    return path


def _registers(path: Path, days: int, unread: set[int]) -> Path:
    """Load records of a meter that draws 0.10 kWh a slot at night and 0.30 by day."""
    slots = np.where(np.arange(days * 96) % 96 < 48, 0.10, 0.30)
    register = np.round(100 + np.concatenate([[0.0], np.cumsum(slots)]), 2)
    rows = [
        ["M1", (START + n * SLOT).isoformat(), "load record", value]
        for n, value in enumerate(register)
        if n not in unread
    ]
    return _write(path, "meter_id,taken_at,origin,active_energy_import", rows)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "site.toml"
    path.write_text(REGISTRY, "utf-8")
    return path


def test_a_gap_between_registers_takes_the_shape_of_like_days_and_keeps_its_energy(
    tmp_path: Path, archive: Path
) -> None:
    gap = range(3 * 96 + 40, 3 * 96 + 57)
    readings = _registers(tmp_path / "readings.csv", 5, set(gap))
    result = vee_files(readings=readings, intervals=None, registry=archive, out=tmp_path / "final.csv")
    finals = result.finals["import_kwh"]
    slots = slice(gap[0] - 1, gap[-1] + 1)
    assert set(finals.quality[slots]) == {"E"}
    assert set(finals.method[slots]) == {"mean of like days, scaled"}
    # 9 slots at night and 9 by day between the registers around the gap: exactly what like days show.
    assert finals.amounts[slots] == pytest.approx([0.10] * 9 + [0.30] * 9)
    assert finals.raw_amounts[slots].sum() == pytest.approx(finals.amounts[slots].sum())
    assert {f.rule for f in result.findings} == set()


def test_a_freeze_within_a_gap_keeps_each_months_energy_in_it(tmp_path: Path) -> None:
    # A plant stops at noon of 31 March and makes up for it after midnight; nobody reads it but at midnight.
    days, midnight = 10, 6 * 96
    start = datetime(2026, 3, 25, 16, tzinfo=UTC)
    slots = np.where(np.arange(days * 96) % 96 < 48, 0.10, 0.40)
    slots[midnight - 48 : midnight], slots[midnight : midnight + 48] = 0.02, 0.70
    register = np.round(100 + np.concatenate([[0.0], np.cumsum(slots)]), 2)
    unread = {*range(midnight - 47, midnight + 48)} - {midnight}
    rows = [
        ["M1", (start + n * SLOT).isoformat(), "daily freeze" if n == midnight else "load record", value]
        for n, value in enumerate(register)
        if n not in unread
    ]
    readings = _write(tmp_path / "r.csv", "meter_id,taken_at,origin,active_energy_import", rows)
    archive = tmp_path / "site.toml"
    archive.write_text('[[meter]]\nid = "M1"\nservice_point = "P1"\n', "utf-8")
    result = vee_files(readings=readings, intervals=None, registry=archive, out=tmp_path / "final.csv")
    finals = result.finals["import_kwh"]
    march = np.asarray(finals.amounts)[:midnight]
    assert march.sum() == pytest.approx(register[midnight] - register[0])
    assert march[-96:].sum() == pytest.approx(48 * 0.10 + 48 * 0.02)


def test_the_final_file_is_read_again_as_intervals(tmp_path: Path, archive: Path) -> None:
    readings = _registers(tmp_path / "readings.csv", 2, set())
    out = tmp_path / "final.parquet"
    vee_files(readings=readings, intervals=None, registry=archive, out=out)
    assert len(read_intervals(out)) == 192


def test_a_late_actual_replaces_the_estimate_and_names_the_bill(tmp_path: Path, archive: Path) -> None:
    header = "meter_id,starts_at,minutes,import_kwh"
    rows = [["M1", (START + n * SLOT).isoformat(), 15, 1.0 if n != 7 else ""] for n in range(96)]
    early, late = _write(tmp_path / "early.csv", header, rows), tmp_path / "late.csv"
    rows[7][3] = 4.0
    _write(late, header, rows)
    first = vee_files(readings=None, intervals=early, registry=archive, out=tmp_path / "one.csv")
    assert (first.finals["import_kwh"].amounts[7], first.finals["import_kwh"].quality[7]) == (1.0, "S")
    assert first.finals["import_kwh"].author[7] == "kilowatch"
    again = vee_files(
        readings=None,
        intervals=early,
        registry=archive,
        out=tmp_path / "two.csv",
        before=tmp_path / "one.csv",
    )
    assert again.bills == []
    assert (tmp_path / "two.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()
    second = vee_files(
        readings=None, intervals=late, registry=archive, out=tmp_path / "two.csv", before=tmp_path / "one.csv"
    )
    assert (second.finals["import_kwh"].amounts[7], second.finals["import_kwh"].quality[7]) == (4.0, "A")
    (bill,) = second.bills
    assert (bill.service_point, bill.month, bill.before, bill.after) == ("P1", "2026-01", 1.0, 4.0)
    assert [f.rule for f in second.findings if f.rule == "final_replacement"] == ["final_replacement"]


def test_intervals_are_checked_against_registers_and_suspensions(tmp_path: Path, archive: Path) -> None:
    readings = _registers(tmp_path / "readings.csv", 8, set())
    rows = [["M1", (START + n * SLOT).isoformat(), 15, 0.30] for n in range(8 * 96)]
    raw = _write(tmp_path / "raw.csv", "meter_id,starts_at,minutes,import_kwh", rows)
    found = vee_files(readings=readings, intervals=raw, registry=archive, out=tmp_path / "final.csv").findings
    assert {f.rule for f in found} == {"sum_check", "inactive"}


def test_a_swap_without_registers_is_missing_and_never_counted_twice(tmp_path: Path) -> None:
    site = tmp_path / "swap.toml"
    change = (START + 10.5 * SLOT).isoformat()
    site.write_text(
        "[[meter]]\nid = 'M1'\n[[meter]]\nid = 'M2'\n"
        f"[[installation]]\nmeter = 'M1'\nservice_point = 'P'\nto = {change}\n"
        f"[[installation]]\nmeter = 'M2'\nservice_point = 'P'\nfrom = {change}\n",
        "utf-8",
    )
    rows = [
        [m, (START + n * SLOT).isoformat(), 15, 1.0]
        for n in range(20)
        for m in (["M1"] if n < 11 else ["M2"])
    ]
    rows[10][3] = ""
    raw = _write(tmp_path / "raw.csv", "meter_id,starts_at,minutes,import_kwh", rows)
    (point,) = vee_files(readings=None, intervals=raw, registry=site, out=tmp_path / "final.csv").points
    assert np.flatnonzero(np.isnan(point.kwh)).tolist() == [10]


def test_nothing_to_look_at_is_said(tmp_path: Path, archive: Path) -> None:
    readings = _write(
        tmp_path / "r.csv", "meter_id,taken_at,active_energy_import", [["X", START.isoformat(), 1]]
    )
    with pytest.raises(DataError, match="no intervals, nor registers of known meters"):
        vee_files(readings=readings, intervals=None, registry=archive, out=tmp_path / "final.csv")
    raw = _write(
        tmp_path / "raw.csv", "meter_id,starts_at,minutes,import_kwh", [["X", START.isoformat(), 15, 1]]
    )
    with pytest.raises(DataError, match="knows none of the meters"):
        vee_files(readings=None, intervals=raw, registry=archive, out=tmp_path / "final.csv")


def test_a_class_has_limits_of_its_own(tmp_path: Path) -> None:
    site = tmp_path / "site.toml"
    site.write_text(
        '[[meter]]\nid = "M1"\nservice_point = "P1"\n[[meter]]\nid = "M2"\nservice_point = "P2"\n'
        '[[contract]]\nservice_point = "P1"\ncategory = "welding"\n'
        '[[threshold]]\ndetector = "vee"\nparameter = "spike_percent"\nvalue = 900\ncategory = "welding"\n'
        '[[threshold]]\ndetector = "vee"\nparameter = "interpolated_minutes"\nvalue = 15\n'
        'category = "welding"\n',
        "utf-8",
    )
    # 4 kWh is 300 % over the third highest; slots 10 and 11 are missing: half an hour.
    rows = [
        [meter, (START + n * SLOT).isoformat(), 15, "" if n in (10, 11) else 4.0 if n == 50 else 1.0]
        for meter in ("M1", "M2")
        for n in range(96)
    ]
    raw = _write(tmp_path / "raw.csv", "meter_id,starts_at,minutes,import_kwh", rows)
    result = vee_files(readings=None, intervals=raw, registry=site, out=tmp_path / "final.csv")
    assert [f.meter for f in result.findings if f.rule == "spike"] == ["M2"]
    finals = result.finals["import_kwh"]
    assert finals.method[96 + 10] == "interpolation"
    assert finals.method[10] == ""


@pytest.mark.parametrize("name", ["spikes", "history_days"])
def test_a_limit_that_no_class_may_have_is_told(tmp_path: Path, name: str) -> None:
    site = tmp_path / "site.toml"
    site.write_text(f'[[threshold]]\ndetector = "vee"\nparameter = "{name}"\nvalue = 9\n', "utf-8")
    with pytest.raises(RegistryError, match=f"'{name}' is no limit of vee; expected one of spike_percent"):
        read_registry(site)


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("like_days", "2.7", "a whole number from 1 on"),
        ("like_days", "0", "a whole number from 1 on"),
        ("interpolated_minutes", "0.9", "a whole number from 1 on"),
        ("reach_days", "-1", "a whole number from 0 on"),
        ("spike_percent", "-180.0", "a number from 0 on"),
    ],
)
def test_a_limit_that_cannot_be_such_a_number_is_told(
    tmp_path: Path, name: str, value: str, wanted: str
) -> None:
    site = tmp_path / "site.toml"
    site.write_text(f'[[threshold]]\ndetector = "vee"\nparameter = "{name}"\nvalue = {value}\n', "utf-8")
    with pytest.raises(RegistryError, match=f"{name} is {value}, which is not {wanted}"):
        read_registry(site)


def test_limits_that_are_such_numbers_are_taken(tmp_path: Path) -> None:
    site = tmp_path / "site.toml"
    told = {"like_days": "4.0", "reach_days": "0", "spike_percent": "0.5"}
    site.write_text(
        "".join(
            f'[[threshold]]\ndetector = "vee"\nparameter = "{name}"\nvalue = {value}\n'
            for name, value in told.items()
        ),
        "utf-8",
    )
    assert [threshold.value for threshold in read_registry(site).thresholds] == [4.0, 0.0, 0.5]
