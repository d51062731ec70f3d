"""``kilowatch quality`` as a user meets it: a simulated customer's month from files to a sealed report."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.e2e.command import Ran, kilowatch

FLEET = """
[fleet]
history_days = 14
[[area]]
id = "TQ"
[[bus]]
id = "b"
protocol = "dlt645"
[[meters]]
id = "MILL"
bus = "b"
address = "1"
profile = "dlt645_2007_three_phase"
wiring = "3P3W"
ct = 20
pt = 100
max_current_a = 6
area = "TQ"
customer = "轧钢厂"
supply_voltage_kv = 10
load = "continuous"
peak_kw = 1500
harmonics = "six_pulse"
[[supply]]
service_point = "SP-MILL"
short_circuit_mva = 150
agreed_mva = 3.15
equipment_mva = 20
point_class = "C"
capacitor_steps_kvar = [600]
[[fault]]
deed = "harmonics"
meter = "MILL"
days_ago = 13
days = 25
voltage_factor = 3.0
why = "a filter is out"
"""
VERDICT_KEYS = {"check", "standard", "clause", "verdict", "value", "limit", "n", "coverage", "phase"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the readings and the archive of a simulated customer."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "fleet.toml").write_text(FLEET, "utf-8")
    made = kilowatch(
        "simulate",
        str(folder / "fleet.toml"),
        "--readings-out",
        str(folder / "readings.parquet"),
        "--registry-out",
        str(folder / "site.toml"),
    )
    assert made.status == 0, made.err
    return folder


def judged(site: Path, *arguments: str) -> Ran:
    # Ten days back lie in the history, whatever day of the month it is.
    month = f"{datetime.now(UTC) - timedelta(days=10):%Y-%m}"
    files = ("--readings", str(site / "readings.parquet"), "--registry", str(site / "site.toml"))
    return kilowatch("quality", *files, "--month", month, *arguments)


def test_verdicts_with_their_limits_and_a_sealed_report(site: Path) -> None:
    out = site / "reports"
    ran = judged(site, "--out", str(out), "--no-pdf", "--json")
    assert ran.status == 0, ran.err
    printed, network = ran.lines
    document = json.loads((out / "report.json").read_text("utf-8"))
    assert printed == document
    assert [(c["class"], c["points"], c["judged"]) for c in network["classes"]] == [
        ("A", 0, 0), ("B", 0, 0), ("C", 1, 1), ("D", 0, 0),
    ]  # fmt: skip
    assert (network["network_voltage_percent"], network["absent_classes"]) == (None, ["A", "B", "D"])
    (hint,) = [v for v in document["verdicts"] if v["check"] == "harmonic_resonance"]
    assert hint["value"] == pytest.approx((150.0 / 0.6) ** 0.5)
    assert document["service_point"] == "SP-MILL"
    assert all(set(verdict) >= VERDICT_KEYS for verdict in document["verdicts"])
    binding = [v for v in document["verdicts"] if (v["standard"] or "").startswith("GB/T 14549")]
    h5 = {v["check"]: v for v in binding if v["subject"] == "h5"}
    assert h5["harmonic_voltage"]["verdict"] == h5["harmonic_current"]["verdict"] == "violating"
    assert h5["harmonic_voltage"]["limit"] == 3.2
    assert document["verdict"] == "violating"
    for language, words in (("zh", "超标"), ("en", "violating")):
        page = (out / f"report.{language}.html").read_text("utf-8")
        assert words in page
        assert "轧钢厂" in page
        assert "<script" not in page
    assert kilowatch("quality", "--verify", str(out)).status == 0
    (out / "report.csv").write_text("other figures", "utf-8")
    broken = kilowatch("quality", "--verify", str(out), "--json")
    assert broken.status == 1
    assert broken.lines[0]["files"]["report.csv"] == "changed"


def test_a_table_for_people(site: Path, tmp_path: Path) -> None:
    ran = judged(site, "--out", str(tmp_path), "--no-pdf", "--language", "zh")
    assert ran.status == 0
    assert "SP-MILL" in ran.out
    assert "Voltage qualification by class" in ran.out
    assert "violating" in ran.out
    assert not (tmp_path / "report.en.html").exists()


def test_what_is_missing_is_told_with_the_next_step(site: Path) -> None:
    readings = str(site / "readings.parquet")
    alone = kilowatch("quality", "--readings", readings, "--json")
    assert (alone.status, "--registry together" in alone.err) == (2, True)
    nowhere = judged(site)
    assert (nowhere.status, "--out DIR" in nowhere.err) == (2, True)
    empty = kilowatch(
        "quality",
        "--readings",
        readings,
        "--registry",
        str(site / "site.toml"),
        "--month",
        "2020-01",
        "--json",
    )
    assert (empty.status, "check --month" in empty.err) == (1, True)
    anywhere = judged(site, "--waveform", str(site / "site.toml"), "--json")
    assert (anywhere.status, "name it with --point" in anywhere.err) == (1, True)
    unknown = judged(site, "--point", "SP-NONE", "--json")
    assert (unknown.status, "SP-NONE: not in the archive" in unknown.err) == (1, True)
