"""Each rule of estimation is reached by a run as the archive has it: by point, by class, by date."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import RegistryError
from services.vee import VeeResult, vee_files

START = datetime(2026, 1, 4, 16, tzinfo=UTC)
"""Midnight of Monday, 5 January, in Shanghai."""
HOUR = timedelta(hours=1)
SITE = """
[[area]]
id = "A"

[[service_point]]
id = "P1"
area = "A"

[[meter]]
id = "M1"
resolution = 0.01
service_point = "P1"

[[contract]]
service_point = "P1"
category = "office"

[[load_profile]]
id = "office hours"
working_day = [1, 3]
day_off = [1, 1]
"""
BY_CLASS = """
[[estimation]]
id = "offices"
category = "office"
rules = ["class profile"]
profile = "office hours"
"""
DAY = [1.0] * 12 + [3.0] * 12
IMPORT = "import_kwh"


def _run(tmp_path: Path, site: str, days: int, missing: Mapping[int, int], kwh: list[float]) -> VeeResult:
    """Run over hourly intervals of ``days`` days; ``missing`` gives slots and how many from there on."""
    archive, raw = tmp_path / "site.toml", tmp_path / "raw.csv"
    archive.write_text(SITE + site, "utf-8")
    gone = {slot + n for slot, size in missing.items() for n in range(size)}
    rows = [
        f"M1,{(START + n * HOUR).isoformat()},60,{'' if n in gone else value}"
        for n, value in enumerate(kwh * (days * 24 // len(kwh)))
    ]
    raw.write_text("\n".join(["meter_id,starts_at,minutes,import_kwh", *rows]) + "\n", "utf-8")
    return vee_files(readings=None, intervals=raw, registry=archive, out=tmp_path / "final.csv")


def test_the_profile_of_a_class_stands_in_scaled_by_what_the_meter_draws(tmp_path: Path) -> None:
    final = _run(tmp_path, BY_CLASS, 2, {26: 20}, [2.0] * 12 + [6.0] * 12).finals[IMPORT]
    assert set(final.method[26:46]) == {"class profile"}
    assert final.amounts[26:46].tolist() == [2.0] * 10 + [6.0] * 10
    assert set(final.quality[26:46].tolist()) == {"S"}


def test_without_an_entry_the_rules_keep_their_own_order(tmp_path: Path) -> None:
    final = _run(tmp_path, "", 2, {26: 1}, DAY).finals[IMPORT]
    assert final.method[26] == "interpolation"


def test_a_point_goes_before_its_class_and_only_from_its_date_on(tmp_path: Path) -> None:
    own = """
[[estimation]]
id = "P1 from Tuesday"
service_point = "P1"
rules = ["interpolation"]
from = 2026-01-06
"""
    final = _run(tmp_path, BY_CLASS + own, 2, {2: 1, 26: 1}, DAY).finals[IMPORT]
    assert (final.method[2], final.method[26]) == ("class profile", "interpolation")


def test_an_entry_for_everybody_reaches_those_that_have_no_other(tmp_path: Path) -> None:
    everybody = '[[estimation]]\nid = "all"\nrules = ["mean of like days"]\n'
    final = _run(tmp_path, everybody, 4, {75: 1}, DAY).finals[IMPORT]
    assert (final.method[75], final.amounts[75]) == ("mean of like days", 1.0)


def test_the_proxy_day_is_the_like_day_of_the_nearest_temperature(tmp_path: Path) -> None:
    warm = "".join(
        f'[[temperature]]\narea = "A"\nday = 2026-01-0{5 + n}\nmean_c = {mean_c}\n'
        for n, mean_c in enumerate([-10.0, 4.5, 5.0])
    )
    rule = '[[estimation]]\nid = "cold"\nrules = ["proxy day"]\n'
    kwh = [9.0] * 24 + [4.0] * 24 + [5.0] * 24
    final = _run(tmp_path, warm + rule, 3, {50: 6}, kwh).finals[IMPORT]
    assert set(final.method[50:56]) == {"proxy day"}
    assert final.amounts[50:56].tolist() == [4.0] * 6


def test_estimates_between_two_registers_are_fitted_to_what_they_grew(tmp_path: Path) -> None:
    archive, raw, readings = (tmp_path / name for name in ("site.toml", "raw.csv", "readings.csv"))
    archive.write_text(SITE, "utf-8")
    rows = [f"M1,{(START + n * HOUR).isoformat()},60,{'' if n == 5 else 1.0}" for n in range(12)]
    raw.write_text("\n".join(["meter_id,starts_at,minutes,import_kwh", *rows]) + "\n", "utf-8")
    registers = [(0, 100.0), (3, 103.0), (8, 110.0), (12, 114.0)]
    reads = [f"M1,{(START + n * HOUR).isoformat()},{value}" for n, value in registers]
    readings.write_text("\n".join(["meter_id,taken_at,active_energy_import", *reads]) + "\n", "utf-8")
    final = vee_files(readings=readings, intervals=raw, registry=archive, out=tmp_path / "final.csv").finals[
        IMPORT
    ]
    # 7 kWh between the reads at 3 and 8; four slots measured 1 each, the line between neighbours said 1 too.
    assert final.amounts[5] == 3.0
    assert (final.method[5], final.quality[5]) == ("interpolation, fitted", "E")
    assert final.amounts[3:8].sum() == 7.0


def test_a_totalising_group_adds_and_subtracts_its_members_by_date(tmp_path: Path) -> None:
    archive, raw = tmp_path / "site.toml", tmp_path / "raw.csv"
    archive.write_text(
        "".join(f'[[meter]]\nid = "{m}"\n' for m in ("M1", "M2", "M3"))
        + '[[total]]\nid = "T"\nname = "plant"\n'
        '[[total_member]]\ntotal = "T"\nmeter = "M1"\n'
        '[[total_member]]\ntotal = "T"\nmeter = "M2"\nsense = "subtract"\n'
        '[[total_member]]\ntotal = "T"\nmeter = "M3"\nfrom = 2026-01-05T02:00:00+08:00\n',
        "utf-8",
    )
    rows = [
        f"{meter},{(START + n * HOUR).isoformat()},60,{value}"
        for meter, value in (("M1", 5), ("M2", 2), ("M3", 10))
        for n in range(4)
    ]
    raw.write_text("\n".join(["meter_id,starts_at,minutes,import_kwh", *rows]) + "\n", "utf-8")
    result = vee_files(readings=None, intervals=raw, registry=archive, out=tmp_path / "final.csv")
    (total,) = result.points
    assert (total.kind, total.name) == ("total", "T")
    assert total.kwh.tolist() == [3.0, 3.0, 13.0, 13.0]
    assert np.unique(total.quality).tolist() == ["A"]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('[[estimation]]\nid = "x"\nrules = ["guess"]\n', "'guess' is no rule of estimation"),
        ('[[estimation]]\nid = "x"\nprofile = "none"\n', "there is no"),
        ('[[load_profile]]\nid = "x"\nworking_day = [1, 2, 3, 4, 5, 6, 7]\nday_off = [1]\n', "equal part"),
        ('[[load_profile]]\nid = "x"\nworking_day = [-1]\nday_off = [1]\n', "zero or more"),
        ('[[temperature]]\narea = "A"\nday = "today"\nmean_c = 1\n', "ISO 8601"),
        ('[[contract]]\nservice_point = "P1"\nfrom = 2026-02-01\nsettlement_day = 31\n', "1 to 28"),
        ('[[total]]\nid = "T"\n[[total_member]]\ntotal = "T"\nmeter = "M1"\nsense = "-"\n', "add, subtract"),
    ],
)
def test_what_is_filed_wrongly_is_told_with_its_place(tmp_path: Path, written: str, told: str) -> None:
    with pytest.raises(RegistryError, match=told):
        _run(tmp_path, written, 1, {}, DAY)
