"""The archive from files into the database and back, all of it or nothing."""

from pathlib import Path

import pytest

from pipeline.errors import ConfigError, RegistryError, StorageError
from services.archive import Imported, check_file, counts, export_file, import_file
from storage.database import connect
from storage.registry import load_registry
from storage.registry_files import read_registry

SITE = """
[[area]]
id = "TQ-1"
[[service_point]]
id = "P1"
area = "TQ-1"
[[meter]]
id = "M1"
service_point = "P1"
bus = "b1"
address = "000000000101"
profile = "dlt645_2007_three_phase"
[[meter]]
id = "M2"
[[bus]]
id = "b1"
url = "tcp://127.0.0.1:8600"
"""
COUNTS = {"meters": 2, "installations": 1, "service_points": 1, "areas": 1, "buses": 1}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "site.toml"
    path.write_text(SITE, encoding="utf-8")
    return path


@pytest.fixture
def url(plain_database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", plain_database_url)
    return plain_database_url


def test_a_file_is_counted_by_table_without_a_database(site: Path) -> None:
    assert check_file(site) == Imported(counts=COUNTS, removed={})


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        ('[[mqtt_source]]\nid = "s"\ntopic = "t"\ndialect = "x"', "[[mqtt_source]] entry 1, key 'dialect'"),
        ('[[meter]]\nid = "M3"\nservice_point = "P1"\nprofile = "x"', "[[meter]] entry 3, key 'profile'"),
        ('[[installation]]\nmeter = "M2"\nservice_point = "P1"\nprofile = "x"', "entry 1, key 'profile'"),
    ],
)
def test_a_dialect_or_profile_that_nobody_speaks_is_told(site: Path, entry: str, place: str) -> None:
    site.write_text(SITE + entry, encoding="utf-8")
    with pytest.raises(RegistryError) as raised:
        check_file(site)
    assert place in str(raised.value)
    assert "is called 'x'; there are: " in str(raised.value)


@pytest.mark.parametrize(
    ("detector", "parameter", "place", "expected"),
    [
        (
            "over_capacitty",
            "trigger",
            "there is no detector",
            "closed_point_use, communication_blackout",
        ),
        (
            "over_capacity",
            "triger",
            "key 'parameter': over_capacity has no",
            "trigger, restore, trigger_slots",
        ),
        (
            "over_capacity",
            "low_days",
            "key 'parameter': over_capacity has no",
            "trigger, restore, trigger_slots",
        ),
        ("vee", "final_after_days", "'final_after_days' is no limit", "spike_percent, low_percent"),
    ],
)
def test_a_threshold_that_no_rule_heeds_is_refused_with_the_known_names(
    site: Path, detector: str, parameter: str, place: str, expected: str
) -> None:
    entry = f'[[threshold]]\ndetector = "{detector}"\nparameter = "{parameter}"\nvalue = 2\n'
    site.write_text(SITE + entry, encoding="utf-8")
    with pytest.raises(RegistryError) as raised:
        check_file(site)
    assert "[[threshold]] entry 1, key " in str(raised.value)
    assert place in str(raised.value)
    assert expected in str(raised.value)


def test_a_threshold_of_each_kind_of_number_is_taken(site: Path) -> None:
    entries = "".join(
        f'[[threshold]]\ndetector = "{detector}"\nparameter = "{parameter}"\nvalue = 2\n'
        for detector, parameter in (
            ("over_capacity", "trigger"),
            ("loss_rise", "least_t"),
            ("vee", "spike_percent"),
        )
    )
    site.write_text(SITE + entries, encoding="utf-8")
    assert check_file(site) == Imported(counts={**COUNTS, "thresholds": 3}, removed={})


def test_what_is_imported_comes_back(site: Path, url: str, tmp_path: Path) -> None:
    assert import_file(site) == Imported(counts=COUNTS, removed={})
    out = tmp_path / "out.toml"
    assert export_file(out) == COUNTS
    assert read_registry(out) == read_registry(site)
    assert import_file(out) == Imported(counts=COUNTS, removed={})
    with connect(url) as connection:
        assert counts(load_registry(connection)) == COUNTS


def test_one_wrong_entry_keeps_all_out(site: Path, url: str) -> None:
    site.write_text(SITE + '[[meter]]\nid = "M3"\ndigits = "six"\n', encoding="utf-8")
    with pytest.raises(RegistryError):
        import_file(site)
    with connect(url) as connection:
        assert counts(load_registry(connection)) == {}


@pytest.mark.usefixtures("url")
def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot write .*nowhere"):
        export_file(tmp_path / "nowhere" / "out.toml")


def test_a_database_without_a_schema_says_what_to_run(
    site: Path, empty_timescale_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", empty_timescale_url)
    with pytest.raises(StorageError, match="kilowatch db migrate"):
        import_file(site)
